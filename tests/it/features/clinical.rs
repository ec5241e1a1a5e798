use serde_json::{Value, json};

use crate::support::hospital::Hospital;

/// F089: rules propose with their reason, a doctor confirms; normal ones as a batch.
/// Amendments keep the old value and are judged again.
#[tokio::test(flavor = "multi_thread")]
async fn f089_an_opinion_is_proposed_by_rule_confirmed_by_a_doctor_and_follows_an_amendment() {
    let hospital = Hospital::open("f089", "2025-01-02T10:00").await;
    let rows: Vec<_> = (0..3)
        .map(|n| {
            format!("张{n},男,1960-02-03,Z{n:05},肿瘤科,一病区,2024-12-20,2025-01-01,1,138{n:08},J18,肺炎")
        })
        .collect();
    hospital.discharges(&rows.iter().map(String::as_str).collect::<Vec<_>>()).await;
    hospital.on("2025-01-08T10:00").await;
    let due = hospital.get("/api/due").ok();
    let task = |n: usize| due["items"][n]["task_id"].as_str().unwrap().to_owned();
    let close = |n: usize, answers: Value| {
        let body = json!({ "done_on": "2025-01-08", "channel": "manual_phone", "respondent": "self",
            "questionnaire": "discharge_general", "answers": answers });
        hospital.post(&format!("/api/tasks/{}/close", task(n)), &body).ok();
    };
    close(
        0,
        json!([{ "link_id": "sym.bloody_sputum", "value": "present" },
        { "link_id": "sym.dysphagia", "value": "solids" }]),
    );
    close(1, json!([{ "link_id": "gen.status", "value": "k100" }]));
    close(
        2,
        json!([{ "link_id": "gen.status", "value": "k90" },
        { "link_id": "pain.nrs", "status": "not_measured" }]),
    );
    let opinions =
        || hospital.get("/api/opinions?open=true").ok()["items"].as_array().unwrap().clone();
    let of = |n: usize| opinions().into_iter().find(|o| o["task_id"] == task(n).as_str()).unwrap();
    assert_eq!(of(0)["proposed"], "复发可疑");
    assert_eq!(of(0)["because"], "因: 血痰+吞咽困难 → 复发可疑");
    assert_eq!(of(1)["proposed"], "正常");
    // Only a doctor signs; normal ones together, another word alone.
    hospital.add_user("nurse", "nurse").await;
    hospital.add_user("doctor", "doctor").await;
    let doctor = hospital.sign_in("doctor");
    let ids = |list: &[Value]| list.iter().map(|o| o["opinion_id"].clone()).collect::<Vec<_>>();
    let normal = ids(&[of(1), of(2)]);
    let nurse = hospital.sign_in("nurse");
    let refused =
        hospital.post_as(&nurse, "/api/opinions/confirm", &json!({ "opinion_ids": normal }));
    assert_eq!(refused.status, 403);
    let other = json!({ "opinion_ids": normal, "opinion": "好转" });
    assert_eq!(hospital.post_as(&doctor, "/api/opinions/confirm", &other).status, 422);
    // The second said something else, after all: judged again, before anybody signs.
    let second = hospital.get(&format!("/api/tasks/{}/answers", task(1))).ok();
    let answer = second[0]["answer_id"].as_str().unwrap();
    let amend = |body: Value| hospital.post(&format!("/api/answers/{answer}/amend"), &body);
    assert_eq!(amend(json!({ "value": "k20", "reason": "" })).status, 422);
    assert_eq!(amend(json!({ "value": "k20", "reason": "录音里说的是病重" })).status, 204);
    let second = hospital.get(&format!("/api/tasks/{}/answers", task(1))).ok();
    assert_eq!(second[0]["code"], "k20");
    assert_eq!(second[0]["amendments"][0]["old"]["code"], "k100");
    assert_eq!(second[0]["amendments"][0]["by"], "admin");
    assert_eq!(of(1)["proposed"], "恶化");
    let alerts = hospital.get("/api/alerts").ok();
    assert!(alerts.as_array().unwrap().iter().any(|a| a["level"] == "emergency"), "{alerts}");
    // Six blanks stay six.
    let third = hospital.get(&format!("/api/tasks/{}/answers", task(2))).ok();
    let blank = third.as_array().unwrap().iter().find(|a| a["link_id"] == "pain.nrs").unwrap();
    assert_eq!(blank["status"], "not_measured");
    let all = ids(&opinions());
    let done = hospital.post_as(&doctor, "/api/opinions/confirm", &json!({ "opinion_ids": all }));
    assert_eq!(done.ok()["confirmed"], 3);
    assert!(opinions().is_empty());
    let again = hospital.post_as(&doctor, "/api/opinions/confirm", &json!({ "opinion_ids": all }));
    assert_eq!(again.status, 409);
    let kept = hospital.get("/api/opinions").ok();
    assert_eq!(kept["items"][0]["confirmed_by"], "doctor");
}
