use serde_json::Value;

use crate::support::hospital::Hospital;

/// Each answer of the items that begin so, counted one by one from the tables.
fn counted(hospital: &Hospital, prefix: &str, from: &str, to: &str) -> String {
    counted_of(hospital, "true", prefix, from, to)
}

/// Of the answers `w` of which this holds.
fn counted_of(hospital: &Hospital, whose: &str, prefix: &str, from: &str, to: &str) -> String {
    hospital.sql(&format!(
        "with s as (
             select (select left(g.icd, 3) from diagnosis g where g.admission_id = t.admission_id
                     order by g.position limit 1) as disease, t.sequence, w.link_id,
                 coalesce(w.option_code, w.status) as code
             from answer w join task t using (task_id)
             where {whose} and starts_with(w.link_id, '{prefix}') and w.at >= '{from}T00:00+08:00'
               and w.at < ('{to}'::date + 1)::text::timestamp at time zone 'Asia/Shanghai'),
         n as (
             select disease, sequence, link_id, code, count(*) as n,
                 sum(count(*)) over (partition by disease, sequence, link_id) as asked
             from s group by 1, 2, 3, 4)
         select string_agg(concat_ws(' ', coalesce(disease, '-'), coalesce(sequence::text, '-'),
             link_id, code, n, asked), E'\\n'
             order by disease nulls last, sequence nulls first, link_id collate \"C\", code collate \"C\")
         from n"
    ))
}

fn reported(hospital: &Hospital, prefix: &str, from: &str, to: &str) -> String {
    let path = format!("/api/statistics/symptoms?from={from}&to={to}&prefix={prefix}");
    lines(&hospital.get(&path).ok())
}

fn lines(report: &Value) -> String {
    let mut rows = report.as_array().unwrap().clone();
    let key = |row: &Value| {
        let disease = row["disease"].as_str().unwrap_or("~").to_owned();
        let text = |name: &str| row[name].as_str().unwrap().to_owned();
        (disease, row["sequence"].as_i64(), text("link_id"), text("code"))
    };
    rows.sort_by_key(key);
    let line = |row: &Value| {
        let (link, code) = (row["link_id"].as_str().unwrap(), row["code"].as_str().unwrap());
        let sequence = row["sequence"].as_i64().map_or("-".to_owned(), |n| n.to_string());
        let (part, whole) = (&row["frequency"]["part"], &row["frequency"]["whole"]);
        let disease = row["disease"].as_str().unwrap_or("-");
        format!("{disease} {sequence} {link} {code} {part} {whole}")
    };
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}

const SPANS: [(&str, &str); 6] = [
    ("2024-11-05", "2024-11-05"),
    ("2024-11-30", "2024-12-01"),
    ("2024-12-01", "2024-12-31"),
    ("2024-11-15", "2025-01-03"),
    ("2024-10-31", "2025-01-31"),
    ("2023-01-01", "2025-12-31"),
];

/// F127: the kept counts of answers are those of the answers after each change, rolled or
/// not, for days, whole months and what lies between.
#[tokio::test(flavor = "multi_thread")]
async fn f127_the_kept_symptoms_equal_the_answers_after_every_change() {
    let hospital = Hospital::open("symptoms", "2025-01-31T10:00").await;
    let rows: Vec<_> = (1..=24)
        .map(|n| {
            let department = if n % 3 == 0 { "骨科" } else { "心内科" };
            let icd = ["I21.9", "J18.9", "S72.0"][n % 3];
            format!("王{n},女,1952-08-15,Z{n},{department},一病区,2024-10-20,2024-10-30,1,138{n:08},{icd},病")
        })
        .collect();
    hospital.discharges(&rows.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let changes = [
        (
            "answers of seventy days, around midnights and ends of months",
            "insert into answer (answer_id, task_id, person_id, department_id, questionnaire,
                 questionnaire_sha256, link_id, item_text, status, option_code, option_text,
                 ordinal, at, recorded_by)
             select gen_random_uuid(), t.task_id, t.person_id, t.department_id, 'f' || k, '', l.link,
                 l.link, case when k % 5 = 0 then 'declined' else 'answered' end,
                 case when k % 5 <> 0 then 'c' || k % 3 end, 'word', 0,
                 timestamptz '2024-11-01T15:30:00Z' + k * interval '7 hours 13 minutes'
                     + t.sequence * interval '11 hours', 'test'
             from task t, generate_series(0, 230) k,
                 (values ('sym.headache'), ('sym.vomit'), ('symbol'), ('rate.overall')) l (link)
             where t.kind = 'follow_up' and (k + t.sequence + length(l.link)) % 4 = 0",
        ),
        (
            "some are amended",
            "update answer set option_code = 'c9' where extract(day from at) in (3, 30)",
        ),
        ("some were given on another day", "update answer set at = at + interval '9 days' where option_code = 'c9'"),
        (
            "a diagnosis was another",
            "update diagnosis set icd = 'K80.2' where admission_id in (select admission_id
                 from admission where admission_no in ('Z1', 'Z2'));
             delete from diagnosis where admission_id in (select admission_id
                 from admission where admission_no = 'Z5')",
        ),
        (
            "a main diagnosis comes before the other",
            "insert into diagnosis (admission_id, position, icd, name)
             select admission_id, -1, 'C34.9', '癌' from admission where admission_no = 'Z7'",
        ),
        ("a follow-up has another number", "update task set sequence = sequence + 100 where sequence = 1"),
        ("some answers were wrong", "delete from answer where extract(hour from at) = 4"),
    ];
    for (n, (what, change)) in changes.iter().enumerate() {
        hospital.sql(change);
        for (from, to) in SPANS {
            for prefix in ["sym.", ""] {
                let expected = counted(&hospital, prefix, from, to);
                assert!(
                    to == "2024-11-05" || !expected.is_empty(),
                    "{what}: nothing to be compared"
                );
                let said = reported(&hospital, prefix, from, to);
                assert_eq!(said, expected, "{what}: {prefix} {from} to {to}");
            }
        }
        if n % 2 == 0 {
            hospital.roll_up("answer_dirty").await;
        }
    }
    hospital.roll_up("answer_dirty").await;
    let before = reported(&hospital, "sym.", "2023-01-01", "2025-12-31");
    assert_eq!(before, counted(&hospital, "sym.", "2023-01-01", "2025-12-31"));
    // Whose own patients are two of them sees the answers of those.
    hospital.add_user("chen", "supervisor").await;
    hospital.sql(
        "update account set own_patients_only = true where login = 'chen';
         update admission set attending = 'chen' where admission_no in ('Z3', 'Z4')",
    );
    let (chen, from, to) = (hospital.sign_in("chen"), "2024-11-10", "2025-01-03");
    let path = format!("/api/statistics/symptoms?from={from}&to={to}");
    let own = "w.person_id in (select person_id from admission where attending = 'chen')";
    let expected = counted_of(&hospital, own, "sym.", from, to);
    assert!(!expected.is_empty() && expected != counted(&hospital, "sym.", from, to));
    assert_eq!(lines(&hospital.get_as(&chen, &path).ok()), expected);
    hospital.sql("set suifang.departments = '*'; select recount_answers()");
    assert_eq!(reported(&hospital, "sym.", "2023-01-01", "2025-12-31"), before);
}
