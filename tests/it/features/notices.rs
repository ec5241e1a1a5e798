use std::time::Duration;

use serde_json::{Value, json};
use suifang::sim::{Behaviour, Dial, Patient};

use crate::support::{dial, hospital::Hospital};

fn row(n: usize, department: &str, ward: &str) -> String {
    format!(
        "张{n},男,1960-02-03,Z{n:05},{department},{ward},2024-12-20,2025-01-01,1,138{n:08},J18,肺炎"
    )
}

fn person(hospital: &Hospital, no: &str) -> String {
    let found = hospital.get(&format!("/api/patients?search={no}")).ok();
    found["items"][0]["person_id"].as_str().unwrap().to_owned()
}

async fn until(what: &str, state: impl Fn() -> Value, expected: &str) {
    for _ in 0..300 {
        if state() == expected {
            return;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    panic!("{what} did not come: {}", state());
}

/// F065: the day before, a call tells of an appointment in words that anybody may hear; it is
/// logged, stands outside the follow-up rate, and does not go out when it was called off.
#[tokio::test(flavor = "multi_thread")]
async fn f065_a_notice_goes_out_the_day_before_and_stops_when_called_off() {
    let trunk = "lines = 5\ncalls_per_s = 10.0";
    let hospital = Hospital::open_with("f065", "2025-01-06T09:30", "", trunk).await;
    let keys = ["~1", "~1"].map(str::to_owned).to_vec();
    let dial = Dial { keys, ..dial(Behaviour::Answer) };
    let patient = |n: usize| Patient {
        number: format!("+86138{n:08}"),
        dials: vec![dial.clone()],
        truth: None,
    };
    let carrier = hospital.carrier((1..=3).map(patient).collect()).await;
    let rows: Vec<_> = (1..=3).map(|n| row(n, "心内科", "一病区")).collect();
    hospital.discharges(&rows.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let run = json!({ "name": "提醒", "dialplan": "notice", "standing": true });
    let run = hospital.post("/api/runs", &run).ok()["run_id"].as_str().unwrap().to_owned();
    hospital.post(&format!("/api/runs/{run}/start"), &json!({})).ok();
    let make = |no: &str, kind: &str, day: &str| {
        let ask = json!({ "person_id": person(&hospital, no), "kind": kind, "planned_on": day });
        let made = hospital.post("/api/appointments", &ask).ok();
        made["appointment_id"].as_str().unwrap().to_owned()
    };
    let kept = make("Z00001", "examination", "2025-01-08");
    let called_off = make("Z00002", "admission", "2025-01-08");
    let moved = make("Z00003", "return_visit", "2025-01-08");
    let notice = |id: &str| {
        let all = hospital.get("/api/appointments").ok();
        let mut all = all["items"].as_array().unwrap().clone().into_iter();
        all.find(|row| row["appointment_id"] == id).unwrap()["notice"].clone()
    };
    hospital.on("2025-01-06T18:00").await;
    assert_eq!(notice(&kept), Value::Null, "not two days before");
    let end = |id: &str, body: Value| hospital.post(&format!("/api/appointments/{id}"), &body);
    let off = json!({ "did": "cancelled", "reason": "患者改期" });
    assert_eq!(end(&called_off, off).status, 204);
    let later = json!({ "did": "moved", "planned_on": "2025-01-20", "reason": "改期" });
    assert_eq!(end(&moved, later).status, 204);
    hospital.on("2025-01-07T09:30").await;
    until("the notice", || notice(&kept), "completed").await;
    assert_eq!((notice(&called_off), notice(&moved)), (Value::Null, Value::Null));
    let dials = carrier.dials();
    assert_eq!(dials.get("+8613800000001"), Some(&1));
    assert_eq!((dials.get("+8613800000002"), dials.get("+8613800000003")), (None, None));
    // Logged: the call, the decision, the answers; and in no follow-up rate.
    let calls = hospital
        .sql("select count(*) from call c join task t using (task_id) where t.type = 'notice'");
    assert_eq!(calls, "1");
    let decided = hospital.sql("select count(*) from decision d join task t using (task_id) where t.type = 'notice' and d.what = 'dialled'");
    assert_eq!(decided, "1");
    let report = hospital.get("/api/statistics/follow-up?from=2025-01-01&to=2025-01-31").ok();
    assert_eq!(report["whole"]["strict"]["part"], 0, "{}", report["whole"]);
    let opinions = hospital.get("/api/opinions").ok();
    assert_eq!(opinions["items"], json!([]), "nothing medical was asked");
    // Called off after the notice was made, before it could be dialled: it ends.
    hospital.post(&format!("/api/runs/{run}/pause"), &json!({})).ok();
    hospital.on("2025-01-19T09:30").await;
    assert_eq!(notice(&moved), "due");
    assert_eq!(end(&moved, json!({ "did": "cancelled", "reason": "不来了" })).status, 204);
    assert_eq!(notice(&moved), "cancelled");
    hospital.post(&format!("/api/runs/{run}/start"), &json!({})).ok();
    let again =
        hospital.post("/api/runs", &json!({ "name": "x", "dialplan": "notice", "standing": true }));
    assert_eq!(again.status, 409, "one standing run of a dialplan");
    let policy = json!({ "return_visit": 0, "admission": 1, "examination": 1, "follow_up": null });
    assert_eq!(hospital.put("/api/policies/notices", &policy).status, 422);
}

/// F065: so many days before a planned follow-up, where the hospital wants it.
#[tokio::test(flavor = "multi_thread")]
async fn f065_a_planned_follow_up_is_announced_where_the_policy_says_so() {
    let hospital = Hospital::open("f065_plan", "2025-01-02T10:00").await;
    let policy = json!({ "return_visit": 1, "admission": 1, "examination": 1, "follow_up": 3 });
    assert_eq!(hospital.put("/api/policies/notices", &policy).status, 204);
    hospital.discharges(&[&row(1, "心内科", "一病区")]).await;
    hospital.on("2025-01-02T11:00").await;
    let open = || {
        hospital.sql("select coalesce(string_agg(scheduled_on || ' ' || deadline_on || ' ' || state, ','), '') from task where type = 'notice'")
    };
    assert_eq!(open(), "2025-01-01 2025-01-04 due");
    hospital.on("2025-01-02T12:00").await;
    assert_eq!(open(), "2025-01-01 2025-01-04 due", "once");
    let ended = json!({ "reason": "refused", "why": "电话里说不要再打" });
    hospital.post(&format!("/api/patients/{}/end", person(&hospital, "Z00001")), &ended).ok();
    assert_eq!(open(), "2025-01-01 2025-01-04 cancelled");
}

/// F098: a doctor changes treatment, rhythm and return visit after a result; the next task and
/// the notice follow, and the change is on record.
#[tokio::test(flavor = "multi_thread")]
async fn f098_a_doctor_changes_the_plan_after_a_result_and_the_next_task_follows() {
    let hospital = Hospital::open("f098", "2025-01-02T10:00").await;
    hospital.discharges(&[&row(1, "心内科", "一病区")]).await;
    hospital.on("2025-01-08T08:00").await;
    hospital.add_user("doctor", "doctor").await;
    hospital.add_user("agent", "agent").await;
    let (doctor, agent) = (hospital.sign_in("doctor"), hospital.sign_in("agent"));
    let id = person(&hospital, "Z00001");
    let task = hospital.get("/api/due").ok()["items"][0]["task_id"].as_str().unwrap().to_owned();
    let closed = json!({ "done_on": "2025-01-08", "channel": "manual_phone", "respondent": "self",
        "questionnaire": "discharge_general", "answers": [{ "link_id": "gen.status", "value": "k50" }] });
    hospital.post(&format!("/api/tasks/{task}/close"), &closed).ok();
    let plan = || hospital.get(&format!("/api/patients/{id}/plans")).ok()[0].clone();
    let before = plan();
    let path = format!("/api/tasks/{task}/adjustment");
    let ask = json!({ "treatment": "加用利尿剂", "every_days": 10, "recheck_on": "2025-01-20",
        "reason": "活动后气促" });
    assert_eq!(hospital.post_as(&agent, &path, &ask).status, 403, "no doctor");
    let blank = json!({ "treatment": " ", "reason": "x" });
    assert_eq!(hospital.post_as(&doctor, &path, &blank).status, 422);
    assert_eq!(hospital.post_as(&doctor, &path, &ask).status, 204);
    let next = |plan: &Value| plan["steps"][1]["scheduled_on"].clone();
    assert_ne!(next(&before), next(&plan()), "the next task follows");
    assert_eq!(next(&plan()), "2025-01-14", "ten days after the first: {}", plan());
    let listed = hospital.get(&format!("/api/patients/{id}/adjustments")).ok();
    assert_eq!(
        (&listed[0]["treatment"], &listed[0]["by"]),
        (&json!("加用利尿剂"), &json!("doctor"))
    );
    // Changed once more: the visit moves, and its notice with it.
    let visits = || hospital.get("/api/appointments").ok()["items"].clone();
    assert_eq!(
        (&visits()[0]["planned_on"], &visits()[0]["kind"]),
        (&json!("2025-01-20"), &json!("return_visit"))
    );
    hospital.on("2025-01-19T09:00").await;
    assert_eq!(visits()[0]["notice"], "due");
    let later = json!({ "treatment": "停利尿剂", "recheck_on": "2025-01-27", "reason": "好转" });
    let doctor = hospital.sign_in("doctor");
    assert_eq!(hospital.post_as(&doctor, &path, &later).status, 204);
    assert_eq!(
        (visits().as_array().unwrap().len(), &visits()[0]["planned_on"]),
        (1, &json!("2025-01-27"))
    );
    assert_eq!(visits()[0]["notice"], "cancelled");
    hospital.on("2025-01-26T09:00").await;
    assert_eq!(visits()[0]["notice"], "due", "for its new day");
}

/// F126: visits within their window of all that were advised.
#[tokio::test(flavor = "multi_thread")]
async fn f126_the_return_visit_rate_is_visits_within_the_window_of_those_advised() {
    let hospital = Hospital::open("f126", "2025-01-02T10:00").await;
    let rows: Vec<_> =
        (0..10).map(|n| row(n, ["心内科", "骨科"][n % 2], ["一病区", "二病区"][n % 2])).collect();
    hospital.discharges(&rows.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let ids: Vec<_> = (0..10)
        .map(|n| {
            let ask = json!({ "person_id": person(&hospital, &format!("Z{n:05}")),
                "kind": "return_visit", "planned_on": "2025-01-20", "window_days": 3 });
            hospital.post("/api/appointments", &ask).ok()["appointment_id"]
                .as_str()
                .unwrap()
                .to_owned()
        })
        .collect();
    hospital.on("2025-02-10T10:00").await;
    let end =
        |n: usize, body: Value| hospital.post(&format!("/api/appointments/{}", ids[n]), &body);
    for (n, day) in [
        (0, "2025-01-17"),
        (1, "2025-01-23"),
        (2, "2025-01-20"),
        (3, "2025-01-24"),
        (4, "2025-01-16"),
    ] {
        assert_eq!(end(n, json!({ "did": "attended", "attended_on": day })).status, 204);
    }
    assert_eq!(end(5, json!({ "did": "missed" })).status, 204);
    assert_eq!(end(6, json!({ "did": "cancelled", "reason": "转院" })).status, 204);
    assert_eq!(end(6, json!({ "did": "missed" })).status, 409, "it is over");
    assert_eq!(end(7, json!({ "did": "attended", "attended_on": "2025-03-01" })).status, 422);
    let report = hospital.get("/api/statistics/return-visits?from=2025-01-01&to=2025-01-31").ok();
    let whole = &report["whole"];
    assert_eq!((&whole["part"], &whole["whole"]), (&json!(3), &json!(9)), "{report}");
    assert_eq!(whole["percent"], "33.33 %");
    let cells = report["cells"].as_array().unwrap();
    let of = |ward: &str| cells.iter().find(|cell| cell["ward"] == ward).unwrap()["within"].clone();
    assert_eq!((&of("一病区")["part"], &of("一病区")["whole"]), (&json!(2), &json!(4)));
    assert_eq!((&of("二病区")["part"], &of("二病区")["whole"]), (&json!(1), &json!(5)));
}
