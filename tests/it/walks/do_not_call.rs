use std::time::Duration;

use serde_json::json;
use suifang::sim::Behaviour;

use crate::support::{Page, Stage, answers, does, number, said, until};

/// Put on the list by a nurse: not dialled by a run that begins later, and a telephone that
/// is ringing stops.
#[tokio::test(flavor = "multi_thread")]
async fn a_number_on_the_do_not_call_list_is_never_dialled() {
    let mut stage = Stage::new("dnc", "lines = 5\ncalls_per_s = 10.0");
    let mut patients: Vec<_> = (0..3).map(answers).collect();
    patients.push(does(7, Behaviour::NoAnswer, "no_answer"));
    let carrier = stage.carrier(patients.clone()).await;
    stage.start();
    let nurse = Page::sign_in(&stage, "wang", "nurse");
    let chief = Page::sign_in(&stage, "zhao", "supervisor");
    for (body, expected) in [
        (json!({ "number": "138 0000 0001", "reason": " " }), 422),
        (json!({ "number": "not a number", "reason": "said so" }), 422),
        (json!({ "number": "138 0000 0001", "reason": "said so at the desk" }), 204),
    ] {
        let (status, said) = nurse.post("/api/do-not-call", &body);
        assert_eq!(status, expected, "{said}");
    }
    let file = stage.discharges(&patients);
    stage.run(&["import", file.to_str().unwrap(), "--run", "quick"]);
    assert!(until(Duration::from_secs(60), || stage.on_the_wire("invite").len() == 3));
    // The fourth rings, and is to ring no more.
    let body = json!({ "number": "13800000007", "reason": "his daughter rang us" });
    assert_eq!(nurse.post("/api/do-not-call", &body).0, 204);
    // By itself it would ring for 50 s.
    assert!(until(Duration::from_secs(20), || {
        stage.on_the_wire("ended").iter().any(|(who, _)| *who == number(7))
    }));
    assert!(until(Duration::from_secs(60), || stage.on_the_wire("ended").len() == 3));
    assert_eq!(carrier.dials().get(&number(1)), None, "it was dialled");
    // Not for a test, nor to read prompts either.
    let tested = stage.run(&["call", "13800000001"]);
    assert!(said(&tested).contains("do-not-call list"), "{}", said(&tested));
    let studio = json!({ "to": "13800000001" });
    assert_eq!(nurse.post("/api/prompts/studio", &studio).0, 409);
    assert_eq!(carrier.dials().get(&number(1)), None, "it was dialled");
    let listed = nurse.get("/api/do-not-call");
    assert_eq!(listed["items"][1]["number"], "138 **** 0001");
    assert_eq!(listed["items"][1]["by"], "wang");
    let revoke = json!({ "number": "13800000001", "reason": "he asked to be called" });
    assert_eq!(nurse.post("/api/do-not-call/revoke", &revoke).0, 403);
    assert_eq!(chief.post("/api/do-not-call/revoke", &revoke).0, 204);
    assert_eq!(chief.post("/api/do-not-call/revoke", &revoke).0, 404);
    assert_eq!(nurse.get("/api/do-not-call")["items"][1]["revoked_by"], "zhao");
}
