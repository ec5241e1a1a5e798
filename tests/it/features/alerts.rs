use std::time::Duration;

use serde_json::{Value, json};
use suifang::{
    engine::stop_all,
    sim::{Behaviour, Dial, Patient},
    store::Principal,
};

use crate::support::{dial, hospital::Hospital, number};

const PERIOD: &str = "from=2025-01-07&to=2025-01-08";

fn duty(shift: &str, rank: i32, staff_no: &str, n: usize) -> Value {
    json!({ "day": "2025-01-07", "shift": shift, "rank": rank, "staff_no": staff_no,
        "phone": number(n) })
}

/// A patient who presses the red flag's key.
fn unwell(n: usize) -> Patient {
    let keys = vec!["~5".to_owned()];
    Patient {
        number: number(n),
        dials: vec![Dial { keys, ..dial(Behaviour::Answer) }],
        truth: None,
    }
}

fn phone(n: usize, does: Behaviour, keys: &[&str]) -> Patient {
    let keys = keys.iter().map(|key| (*key).to_owned()).collect();
    Patient { number: number(n), dials: vec![Dial { keys, ..dial(does) }], truth: None }
}

async fn call_patient(hospital: &Hospital, n: usize) {
    let row = format!(
        "王一,女,1960-02-03,Z{n:05},心内科,一病区,2024-12-20,2025-01-06,1,138{n:08},I20,心绞痛"
    );
    let import = hospital.discharges(&[&row]).await;
    let run = json!({ "name": "run", "dialplan": "red_flag", "import_id": import["import_id"] });
    let made = hospital.post("/api/runs", &run).ok();
    let id = made["run_id"].as_str().unwrap();
    hospital.post(&format!("/api/runs/{id}/start"), &json!({})).ok();
}

async fn until(limit_s: u64, mut holds: impl FnMut() -> bool) -> bool {
    for _ in 0..limit_s * 10 {
        if holds() {
            return true;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    false
}

fn alerts(hospital: &Hospital, terms: &str) -> Vec<Value> {
    hospital.get(&format!("/api/alerts?{terms}")).ok().as_array().unwrap().clone()
}

fn of(hospital: &Hospital, alert: &Value) -> Value {
    hospital.get(&format!("/api/alerts/{}", alert["alert_id"].as_str().unwrap())).ok()
}

/// F110: owner, due time, action, outcome; every step with who and when; overdue ones
/// escalate along the roster; nothing closes without outcome.
#[tokio::test(flavor = "multi_thread")]
async fn f110_an_alert_has_owner_and_due_time_escalates_and_closes_only_with_an_outcome() {
    let hospital = Hospital::open("f110", "2025-01-07T10:00").await;
    let roster = json!({ "items": [duty("day", 1, "0101", 1), duty("day", 2, "0102", 2)] });
    hospital.put(&format!("/api/roster?{PERIOD}"), &roster).ok();
    let row =
        "王一,女,1960-02-03,Z00009,肿瘤科,一病区,2024-12-20,2024-12-31,1,13800000009,J18,肺炎";
    hospital.discharges(&[row]).await;
    hospital.on("2025-01-07T10:00").await;
    let due = hospital.get("/api/due").ok();
    let task = due["items"][0]["task_id"].as_str().unwrap_or_else(|| panic!("{due}")).to_owned();
    let done = json!({ "done_on": "2025-01-07", "channel": "manual_phone", "respondent": "self",
        "questionnaire": "discharge_general",
        "answers": [{ "link_id": "pain.nrs", "value": "8" }] });
    hospital.post(&format!("/api/tasks/{task}/close"), &done).ok();
    let open = alerts(&hospital, "");
    assert_eq!(open.len(), 1, "{open:?}");
    let alert = &open[0];
    assert_eq!((&alert["level"], &alert["state"]), (&json!("urgent"), &json!("raised")));
    assert_eq!((&alert["owner_staff_no"], &alert["overdue"]), (&json!("0101"), &json!(false)));
    assert_eq!((&alert["ward"], &alert["answer"]), (&json!("一病区"), &json!("8")));
    let id = alert["alert_id"].as_str().unwrap().to_owned();
    let act = |what: &str, body: Value| hospital.post(&format!("/api/alerts/{id}/{what}"), &body);
    // Half an hour later nobody has looked: the head nurse has it.
    hospital.on("2025-01-07T10:31").await;
    let escalated = until(60, || of(&hospital, alert)["alert"]["state"] == "escalated").await;
    assert!(escalated, "{}", of(&hospital, alert));
    let now = of(&hospital, alert)["alert"].clone();
    assert_eq!((&now["owner_staff_no"], &now["escalations"]), (&json!("0102"), &json!(1)));
    assert_eq!(now["overdue"], true);
    assert_eq!(alerts(&hospital, "overdue=true").len(), 1);
    assert_eq!(act("acknowledge", json!({})).status, 204);
    assert_eq!(act("acknowledge", json!({})).status, 409, "twice");
    assert_eq!(act("in-hand", json!({ "action": " " })).status, 422);
    assert_eq!(act("in-hand", json!({ "action": "已电话联系" })).status, 204);
    for refused in [json!({}), json!({ "outcome": "  " })] {
        assert_eq!(act("close", refused).status, 422);
    }
    assert_eq!(act("close", json!({ "outcome": "已到急诊" })).status, 204);
    assert_eq!(act("close", json!({ "outcome": "再次" })).status, 409);
    let end = of(&hospital, alert);
    let steps: Vec<_> =
        end["steps"].as_array().unwrap().iter().map(|s| s["did"].as_str().unwrap()).collect();
    assert_eq!(steps, ["raised", "escalated", "acknowledged", "in_hand", "closed"]);
    assert_eq!(end["alert"]["outcome"], "已到急诊");
    assert!(alerts(&hospital, "").is_empty());
    assert_eq!(alerts(&hospital, "all=true").len(), 1);
    let stats = hospital.get(&format!("/api/alerts/stats?{PERIOD}")).ok();
    assert_eq!((&stats[0]["raised"], &stats[0]["closure_rate"]), (&json!(1), &json!(100.0)));
}

/// The roster is replaced as a whole, or not at all.
#[tokio::test(flavor = "multi_thread")]
async fn f109_a_roster_is_typed_or_uploaded_and_a_wrong_line_changes_nothing() {
    let hospital = Hospital::open("roster", "2025-01-07T10:00").await;
    let path = format!("/api/roster?{PERIOD}");
    let put = |items: Value| hospital.put(&path, &json!({ "items": items }));
    assert_eq!(
        put(json!([duty("day", 1, "0101", 1), duty("night", 1, "0102", 2)])).ok()["lines"],
        2
    );
    for (name, line) in [
        ("letters", duty("day", 1, "A101", 1)),
        ("shift", duty("noon", 1, "0101", 1)),
        ("rank", duty("day", 12, "0101", 1)),
        (
            "ward",
            json!({ "day": "2025-01-07", "shift": "day", "ward": "九病区", "staff_no": "1", "phone": "8001" }),
        ),
        ("day", json!({ "day": "2025-02-07", "shift": "day", "staff_no": "1", "phone": "8001" })),
    ] {
        assert_eq!(put(json!([line])).status, 422, "{name}");
    }
    assert_eq!(put(json!([duty("day", 1, "1", 1), duty("day", 1, "2", 1)])).status, 422);
    let items = hospital.get(&path).ok()["items"].as_array().unwrap().clone();
    assert_eq!(items.len(), 2);
    assert_eq!(items[1]["phone"], number(2));
    let staff = |login: &str, no: &str| {
        hospital.put(&format!("/api/users/{login}/staff"), &json!({ "staff_no": no }))
    };
    hospital.add_user("nurse", "nurse").await;
    assert_eq!(staff("admin", "0101").status, 204);
    assert_eq!(staff("nurse", "0101").status, 409);
    assert_eq!(staff("nurse", "x").status, 422);
    assert_eq!(staff("nobody", "7").status, 404);
    assert_eq!(hospital.get(&path).ok()["items"][0]["name"], "admin");
    let nurse = hospital.sign_in("nurse");
    assert_eq!(hospital.get_as(&nurse, &path).status, 403);
}

/// F109: the alert is at the page within 5 s of the key; unacknowledged, the duty phone
/// rings and takes it by staff number.
#[tokio::test(flavor = "multi_thread")]
async fn f109_an_emergency_rings_the_duty_phone_which_takes_it_by_staff_number() {
    let hospital = Hospital::open("f109", "2025-01-07T10:00").await;
    soon(&hospital);
    let roster = json!({ "items": [duty("day", 1, "0101", 50)] });
    hospital.put(&format!("/api/roster?{PERIOD}"), &roster).ok();
    let patients = vec![unwell(1), phone(50, Behaviour::Answer, &["~0101#", "~1"])];
    let carrier = hospital.carrier(patients).await;
    call_patient(&hospital, 1).await;
    assert!(until(60, || !alerts(&hospital, "").is_empty()).await, "no alert");
    let alert = alerts(&hospital, "")[0].clone();
    let late = hospital
        .sql("select l.raised_at - a.at from alert l join answer a using (call_id, link_id)");
    assert!(late.as_str() < "00:00:05", "{late}");
    assert_eq!(alert["advice"], "请马上联系急诊。");
    let taken = until(90, || of(&hospital, &alert)["alert"]["state"] == "acknowledged").await;
    let end = of(&hospital, &alert);
    assert!(taken, "{end}");
    assert_eq!(end["alert"]["acknowledged_by"], "0101");
    assert!(
        until(60, || of(&hospital, &alert)["duty_calls"][0]["outcome"] == "acknowledged").await
    );
    let end = of(&hospital, &alert);
    assert_eq!(end["duty_calls"].as_array().unwrap().len(), 1, "{end}");
    let heard = hospital.sql("select count(*) from audit where did = 'told_by_phone'");
    assert_eq!(heard, "1");
    let recorded = hospital.sql(
        "select count(*) from recording r join call c using (call_id) where c.dialplan = 'duty_call'",
    );
    assert_eq!(recorded, "0", "staff are not recorded");
    drop(carrier);
}

/// F109: who does not answer, or does not know a number, is passed over for the next rank;
/// stop all calls does not silence duty phones.
#[tokio::test(flavor = "multi_thread")]
async fn f109_the_next_rank_is_rung_when_the_first_does_not_answer_or_keys_wrong_numbers() {
    let hospital = Hospital::open("f109-next", "2025-01-07T10:00").await;
    soon(&hospital);
    let ranks =
        [duty("day", 1, "0101", 50), duty("day", 2, "0102", 51), duty("day", 3, "0103", 52)];
    hospital.put(&format!("/api/roster?{PERIOD}"), &json!({ "items": ranks })).ok();
    let patients = vec![
        unwell(1),
        phone(50, Behaviour::Busy, &[]),
        phone(51, Behaviour::Answer, &["~1#", "~2#", "~3#"]),
        phone(52, Behaviour::Answer, &["~0103#", "~1"]),
    ];
    let _carrier = hospital.carrier(patients).await;
    call_patient(&hospital, 1).await;
    assert!(until(60, || !alerts(&hospital, "").is_empty()).await, "no alert");
    let alert = alerts(&hospital, "")[0].clone();
    let core = &hospital.server.core;
    let by = Principal::System("test");
    stop_all(core, &by, "", "试验", suifang::app::LiveCalls::Finish).await.unwrap();
    let taken = until(120, || of(&hospital, &alert)["alert"]["state"] == "acknowledged").await;
    let end = of(&hospital, &alert);
    assert!(taken, "{end}");
    assert_eq!(end["alert"]["acknowledged_by"], "0103");
    let calls: Vec<_> = end["duty_calls"].as_array().unwrap().iter().collect();
    let ended: Vec<_> = calls.iter().map(|c| (c["rank"].as_i64(), c["outcome"].as_str())).collect();
    assert_eq!(ended[0], (Some(1), Some("no_answer")), "{end}");
    assert_eq!(ended[1], (Some(2), Some("wrong_staff_no")), "{end}");
    assert_eq!(ended[2].0, Some(3), "{end}");
}

/// A minute's wait, in two seconds.
fn soon(hospital: &Hospital) {
    let policy = json!({ "ring_after_s": 2, "ring_next_s": 60, "ring_again_s": 10,
        "escalate_every_min": 30, "in_hand_min": 60 });
    hospital.put("/api/policies/alerts", &policy).ok();
}

/// F109: whoever heard a version that was wrong is listed, and called again once.
#[tokio::test(flavor = "multi_thread")]
async fn f109_who_heard_a_version_is_listed_and_gets_one_task_to_be_called_again() {
    let hospital = Hospital::open("recall", "2025-01-07T10:00").await;
    let _carrier = hospital.carrier(vec![unwell(1)]).await;
    call_patient(&hospital, 1).await;
    assert!(until(60, || !alerts(&hospital, "").is_empty()).await, "no alert");
    let forms = hospital.get("/api/questionnaires").ok();
    let form = forms.as_array().unwrap().iter().find(|form| form["id"] == "red_flag").unwrap();
    let sha256 = form["sha256"].as_str().unwrap();
    let heard = |since: &str, sha256: &str| {
        let path = format!("/api/questionnaires/red_flag/heard?since={since}&sha256={sha256}");
        hospital.get(&path).ok()["items"].as_array().unwrap().clone()
    };
    let before = "2025-01-07T00:00:00Z";
    assert_eq!(heard(before, sha256).len(), 1);
    assert_eq!(heard(before, sha256)[0]["number"], "138 **** 0001");
    assert!(heard("2025-01-08T00:00:00Z", sha256).is_empty());
    assert!(heard(before, "another").is_empty());
    let recall = |reason: &str| {
        let body = json!({ "since": before, "sha256": sha256, "reason": reason });
        hospital.post("/api/questionnaires/red_flag/recall", &body)
    };
    assert_eq!(recall("").status, 422);
    assert_eq!(recall("建议有误").ok()["tasks"], 1);
    assert_eq!(recall("建议有误").ok()["tasks"], 0, "once a person");
    assert_eq!(heard(before, sha256)[0]["recalled"], true);
    let made = "select count(*) from task where kind = 'person_call' and why = '建议有误'";
    assert_eq!(hospital.sql(made), "1");
    assert_eq!(hospital.sql("select count(*) from audit where did = 'recalled'"), "2");
}
