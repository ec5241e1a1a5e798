use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::support::{
    hospital::{HEADER, Hospital},
    manifest,
};

fn gb18030(text: &str) -> Vec<u8> {
    suifang::his::hl7::Charset::Gb18030.encode(text)
}

/// F014: ten thousand rows in every encoding, in less than a minute.
#[tokio::test(flavor = "multi_thread")]
async fn f014_ten_thousand_rows_come_in_within_a_minute_in_every_encoding() {
    let hospital = Hospital::open("f014", "2025-02-02T10:00").await;
    let file = |from: usize, rows: usize| {
        let mut csv = format!("{HEADER},其他诊断编码1,其他诊断1,主治医师,现住址\n");
        for n in from..from + rows {
            let _ = writeln!(
                csv,
                "张{n},男,1960-02-03,Z{n:05},心内科,一病区,2024-12-20,2025-01-{:02},1,138{n:08},\
                 I10,高血压,E11.9,糖尿病,李医生,湖滨南路",
                1 + n % 28
            );
        }
        csv
    };
    let count = |import: &Value| import["rows_stored"].as_i64().unwrap();
    let begun = suifang::engine::Clock::instant(&suifang::engine::SystemClock);
    let utf8 = hospital.import("a.csv", file(0, 10_000).as_bytes()).await;
    let took = suifang::engine::Clock::instant(&suifang::engine::SystemClock) - begun;
    assert_eq!(count(&utf8), 10_000, "{utf8}");
    assert!(took.as_secs() < 60, "{took:?}");
    let bom = format!("\u{feff}{}", file(10_000, 100));
    assert_eq!(count(&hospital.import("b.csv", bom.as_bytes()).await), 100);
    let gb = hospital.import("c.csv", &gb18030(&file(10_100, 100))).await;
    assert_eq!(count(&gb), 100);
    let again = hospital.import("a.csv", file(0, 10_000).as_bytes()).await;
    assert_eq!((&again["rows_stored"], &again["rows_known"]), (&json!(0), &json!(10_000)));
    let found = hospital.get("/api/patients?search=Z10150").ok();
    let id = found["items"][0]["person_id"].as_str().unwrap();
    let zhang = hospital.patient_in_clear(id);
    assert_eq!(zhang["home_address"], "湖滨南路");
    let stay = &zhang["admissions"][0];
    assert_eq!((&stay["ward"], &stay["attending"]), (&json!("一病区"), &json!("李医生")));
    assert_eq!(stay["diagnoses"][1]["icd"], "E11.9");
    assert_eq!(stay["diagnoses"][1]["main"], false);
    assert_eq!(hospital.sql("select count(*) from plan where template = 'hypertension'"), "10200");
}

/// F014: plans are made while further rows are stored; a death in a later row still ends the
/// plans of its person's earlier one.
#[tokio::test(flavor = "multi_thread")]
async fn f014_a_death_in_a_later_row_ends_the_plans_of_an_earlier_one() {
    let hospital = Hospital::open("f014-death", "2025-02-02T10:00").await;
    let mut csv = format!("{HEADER},病案号\n");
    let mut row = |n: usize, record: usize, disposition: u8| {
        let _ = writeln!(
            csv,
            "张{record},男,1960-02-03,Z{n:05},心内科,一病区,2024-12-20,2025-01-02,{disposition},138{n:08},\
             I10,高血压,B{record}"
        );
    };
    for n in 0..1100 {
        row(n, n, 1);
    }
    row(2000, 7, 5);
    row(2001, 700, 5);
    let import = hospital.import("a.csv", csv.as_bytes()).await;
    assert_eq!(import["rows_stored"], 1102, "{import}");
    let plans = |record: &str, state: &str| {
        hospital.sql(&format!(
            "select count(*) from plan join person using (person_id)
             where record_no = '{record}' and state {state} 'active'"
        ))
    };
    for dead in ["B7", "B700"] {
        assert_eq!(plans(dead, "="), "0", "{dead}");
        assert_ne!(plans(dead, "<>"), "0", "{dead} had plans");
    }
    assert_ne!(plans("B8", "="), "0");
    assert_eq!(hospital.sql("select count(distinct admission_id) from plan"), "1100");
}

/// F014, F016, F002: a file is looked at before it is stored, its headers are explained
/// once, and the next file with them needs nobody. An unknown code is flagged, not dropped.
#[tokio::test(flavor = "multi_thread")]
async fn f014_f016_f002_a_header_is_explained_once_and_unknown_codes_are_flagged() {
    let hospital = Hospital::open("f016", "2025-02-02T10:00").await;
    let csv = "大名,性别,生辰,住院流水,出院科室,出院日期,联系电话,诊断编码,备注\n\
               王秀英,女,1952-08-15,Z1,心内科,2025-01-01,13800138000,I10.x00,好\n\
               李强,男,1960-02-03,Z2,骨科,2025-01-02,无,Q99.9,\n\
               陈冠,男,1961-02-03,Z3,骨科,2025-01-02,13800138001,ZZZ.1,\n";
    let look = || hospital.upload("/api/imports/preview", "新.csv", csv.as_bytes());
    let seen = look().ok();
    assert!(seen["problem"].as_str().unwrap().contains("姓名"), "{seen}");
    assert_eq!(seen["unknown_headers"], json!(["大名", "生辰", "住院流水", "备注"]));
    assert_eq!(seen["headers"][1], json!({ "header": "性别", "column": "sex" }));
    assert_eq!(seen["rows"][0]["cells"][0], "王秀英");
    let refused = hospital.import("新.csv", csv.as_bytes()).await;
    assert_eq!(refused["status"], 422, "{refused}");
    let learnt = json!({ "columns": { "大名": "name", "生辰": "birth_date",
        "住院流水": "admission_no", "备注": null } });
    assert_eq!(hospital.put("/api/column-mappings/import", &learnt).status, 204);
    let wrong = hospital.put("/api/column-mappings/x", &json!({ "columns": { "a": "shoe" } }));
    assert_eq!(wrong.status, 422, "{wrong:?}");
    let seen = look().ok();
    assert_eq!((&seen["problem"], &seen["unknown_headers"]), (&Value::Null, &json!([])));
    assert_eq!((&seen["rows_total"], &seen["rows_bad"]), (&json!(3), &json!(1)));
    assert_eq!(seen["rows"][1]["faults"][0]["column"], "联系电话");
    assert_eq!(hospital.sql("select count(*) from admission"), "0", "nothing is stored");
    let import = hospital.import("新.csv", csv.as_bytes()).await;
    assert_eq!((&import["rows_stored"], &import["rows_bad"]), (&json!(2), &json!(1)));
    let id = import["import_id"].as_str().unwrap();
    let report = hospital.get(&format!("/api/imports/{id}")).ok();
    assert_eq!(report["unknown_icds"], json!([{ "icd": "ZZZ.1", "discharges": 1 }]));
    let faults = hospital.get(&format!("/api/imports/{id}/faults.csv")).ok();
    assert!(faults.as_str().unwrap().contains("3,联系电话,"), "{faults}");
    let stay = |no: &str| {
        let found = hospital.get(&format!("/api/patients?search={no}")).ok();
        let id = found["items"][0]["person_id"].as_str().unwrap().to_owned();
        hospital.get(&format!("/api/patients/{id}")).ok()["admissions"][0].clone()
    };
    assert_eq!(stay("Z1")["diagnoses"][0]["unknown"], false, "I10.x00 is I10");
    assert_eq!(stay("Z3")["diagnoses"][0]["unknown"], true);
    assert_eq!(stay("Z3")["diagnoses"][0]["icd"], "ZZZ.1");
}

/// F014, F016: the HQMS columns of a 病案首页 with its other diagnoses, and a workbook.
#[tokio::test(flavor = "multi_thread")]
async fn f014_f016_a_front_page_and_a_workbook_are_read() {
    let hospital = Hospital::open("f016-hqms", "2026-12-02T10:00").await;
    let csv = "P2,P3,P4,P5,P6,P13,P801,P802,P18,P19,P21,P22,P25,P26,P321,P322,P324,P325,P327,P328,P433,P741\n\
               1,B1,王秀英,2,1952-08-15,,湖滨南路,13800138000,李强,配偶,13900139000,2026-11-01,2026-11-20,\
               心内科,I10,高血压,E11.9,糖尿病,I25.1,冠心病,李医生,1\n";
    let import = hospital.import("首页.csv", &gb18030(csv)).await;
    assert_eq!(import["rows_stored"], 1, "{import}");
    let found = hospital.get("/api/patients?search=B1").ok();
    let id = found["items"][0]["person_id"].as_str().unwrap();
    let wang = hospital.patient_in_clear(id);
    let stay = &wang["admissions"][0];
    let codes: Vec<_> =
        stay["diagnoses"].as_array().unwrap().iter().map(|d| d["icd"].as_str().unwrap()).collect();
    assert_eq!(codes, ["I10", "E11.9", "I25.1"]);
    assert_eq!((&stay["attending"], &wang["home_address"]), (&json!("李医生"), &json!("湖滨南路")));
    assert_eq!(wang["contacts"][1]["relation"], "spouse");
    let book = std::fs::read(manifest().join("tests/data/discharges.xlsx")).unwrap();
    let seen = hospital.upload("/api/imports/preview", "a.xlsx", &book).ok();
    let good = seen["rows_total"].as_i64().unwrap() - seen["rows_bad"].as_i64().unwrap();
    assert!(good > 0 && seen["problem"].is_null(), "{seen}");
    assert_eq!(hospital.import("a.xlsx", &book).await["rows_stored"], good);
    let broken = hospital.upload("/api/imports/preview", "a.xlsx", &book[..book.len() / 2]);
    assert_eq!(broken.status, 422);
}
