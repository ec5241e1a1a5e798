use serde_json::{Value, json};

use crate::support::hospital::Hospital;

/// Whatever is counted, over the API.
fn figures(hospital: &Hospital) -> Vec<Value> {
    let period = "from=2024-01-01&to=2025-12-31";
    [
        format!("/api/statistics/follow-up?{period}"),
        format!("/api/statistics/causes?{period}"),
        format!("/api/statistics/aapor?{period}"),
        format!("/api/statistics/workload?{period}"),
        format!("/api/statistics/implausible?{period}"),
        format!("/api/statistics/bad-numbers?{period}"),
        format!("/api/statistics/reconciliation?month=2025-01-01&{period}"),
        "/api/due?until=2026-12-31&limit=200".to_owned(),
        "/api/overview".to_owned(),
    ]
    .iter()
    .map(|path| {
        let mut found = hospital.get(path).ok();
        // When it was asked is no figure.
        found.as_object_mut().map(|found| found.remove("as_of"));
        found
    })
    .collect()
}

/// F015: follow-ups of the time before us are history with their source. They are shown, and
/// change no rate, no attempt, no due follow-up and no evidence.
#[tokio::test(flavor = "multi_thread")]
async fn f015_past_follow_ups_are_history_and_are_counted_nowhere() {
    let hospital = Hospital::open("past", "2025-01-02T10:00").await;
    let rows: Vec<_> = (0..3)
        .map(|n| format!("张{n},男,1960-02-03,Z{n},心内科,一病区,2024-12-20,2025-01-01,1,138{n:08},I10,高血压"))
        .collect();
    hospital.discharges(&rows.iter().map(String::as_str).collect::<Vec<_>>()).await;
    hospital.on("2025-01-05T10:00").await;
    let before = figures(&hospital);
    let counts = || {
        hospital.sql(
            "select (select count(*) from attempt) || ' ' || (select count(*) from answer) || ' ' ||
                 (select string_agg(state || coalesce(evidence, ''), ' ' order by task_id) from task)",
        )
    };
    let counted = counts();
    let csv = "住院号,随访日期,方式,结果,随访人,备注\n\
               Z0,2025-01-02,电话,恢复良好,王护士,'=复查\n\
               Z0,2025/1/3,门诊,好转,李医生,\n\
               Z7,2025-01-02,电话,好,王护士,\n\
               Z1,2025-01-32,电话,好,王护士,\n\
               Z1,2025-02-01,电话,好,王护士,\n";
    let upload = || {
        hospital
            .upload(
                "/api/past-follow-ups?source=%E6%97%A7%E7%B3%BB%E7%BB%9F",
                "past.csv",
                csv.as_bytes(),
            )
            .ok()
    };
    let done = upload();
    assert_eq!((&done["rows_stored"], &done["rows_bad"]), (&json!(2), &json!(3)), "{done}");
    let faults: Vec<_> = done["faults"]
        .as_array()
        .unwrap()
        .iter()
        .map(|fault| format!("{} {}", fault["row"], fault["column"].as_str().unwrap()))
        .collect();
    assert_eq!(faults, ["4 住院号", "5 随访日期", "6 随访日期"]);
    let again = upload();
    assert_eq!((&again["rows_stored"], &again["rows_known"]), (&json!(0), &json!(2)));
    let found = hospital.get("/api/patients?search=Z0").ok();
    let id = found["items"][0]["person_id"].as_str().unwrap();
    let past = hospital.get(&format!("/api/patients/{id}")).ok()["past_follow_ups"].clone();
    assert_eq!(past.as_array().unwrap().len(), 2);
    let last = &past[1];
    assert_eq!(
        [
            &last["done_on"],
            &last["channel"],
            &last["result"],
            &last["by"],
            &last["note"],
            &last["source"]
        ],
        ["2025-01-02", "电话", "恢复良好", "王护士", "=复查", "旧系统"]
    );
    assert_eq!(counts(), counted);
    assert_eq!(figures(&hospital), before);
    hospital.add_user("doctor", "doctor").await;
    let doctor = hospital.sign_in("doctor");
    assert_eq!(hospital.post_as(&doctor, "/api/past-follow-ups", &json!({})).status, 403);
    let wrong = hospital.upload("/api/past-follow-ups", "x.csv", "住院号,结果\n".as_bytes());
    assert_eq!(wrong.status, 422, "{wrong:?}");
}
