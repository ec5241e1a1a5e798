use std::time::Duration;

use serde_json::{Value, json};
use suifang::sim::{Behaviour, Dial, Patient};

use crate::support::{dial, hospital::Hospital};

const HEADER: &str =
    "姓名,性别,出生日期,住院号,出院科室,出院日期,联系电话,联系人,与患者关系,联系人电话";

fn patient(number: &str, dials: Vec<Dial>) -> Patient {
    Patient { number: format!("+86{number}"), dials, truth: None }
}

fn answers() -> Dial {
    let keys = ["~1", "~42#", "~1"].map(str::to_owned).to_vec();
    Dial { keys, ..dial(Behaviour::Answer) }
}

/// Starts a run over an import and answers its id.
async fn run(hospital: &Hospital, rows: &str) -> String {
    let import = hospital.import("in.csv", format!("{HEADER}\n{rows}\n").as_bytes()).await;
    let ask = json!({ "name": "试", "dialplan": "quick", "import_id": import["import_id"] });
    let made = hospital.post("/api/runs", &ask).ok();
    let id = made["run_id"].as_str().unwrap().to_owned();
    hospital.post(&format!("/api/runs/{id}/start"), &json!({})).ok();
    id
}

/// `state`: of the follow-up, again and again until it is that.
async fn until(what: &str, state: impl Fn() -> Value, expected: &str) {
    for _ in 0..300 {
        if state() == expected {
            return;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    panic!("{what} did not come: {}", state());
}

/// F022, F025, F026, F048: the patient's number is dead, so the relative's is dialled in the
/// same task, after the gap; the record says why each time, and the numbers keep their proofs.
#[tokio::test(flavor = "multi_thread")]
async fn f022_f025_f048_a_dead_number_gives_way_to_the_next_contact_in_the_same_task() {
    let trunk = "lines = 5\ncalls_per_s = 10.0";
    let hospital = Hospital::open_with("f025", "2025-01-06T09:30", "", trunk).await;
    let carrier = hospital
        .carrier(vec![
            patient("13800000001", vec![dial(Behaviour::Vacant)]),
            patient("13900000001", vec![answers()]),
        ])
        .await;
    let row = "王秀英,女,1952-08-15,Z1,心内科,2025-01-01,13800000001,李强,配偶,13900000001";
    let run = run(&hospital, row).await;
    let tasks = || hospital.get(&format!("/api/runs/{run}/tasks")).ok()["items"][0].clone();
    until("the first dial", || tasks()["last_outcome"].clone(), "not_in_service").await;
    assert_eq!(tasks()["state"], "waiting_retry");
    assert_eq!(carrier.dials().get("+8613900000001"), None, "not before the gap");
    hospital.on("2025-01-06T14:31").await;
    until("the relative's answers", || tasks()["state"].clone(), "completed").await;
    let dials = carrier.dials();
    assert_eq!((dials["+8613800000001"], dials["+8613900000001"]), (1, 1));
    let found = hospital.get("/api/patients?search=Z1").ok();
    let person = found["items"][0]["person_id"].as_str().unwrap();
    let shown = hospital.get(&format!("/api/patients/{person}")).ok();
    let state = |contact: usize| shown["contacts"][contact]["numbers"][0]["state"].clone();
    assert_eq!((state(0), state(1)), (json!("suspect"), json!("valid")));
    let decisions = hospital.get(&format!("/api/patients/{person}/decisions?day=2025-01-06")).ok();
    let said: Vec<_> = decisions.as_array().unwrap().iter().map(|d| d["what"].clone()).collect();
    assert!(said.iter().filter(|what| **what == "dialled").count() == 2, "{decisions}");
    assert!(said.contains(&Value::from("put_off")), "{decisions}");
}

/// The carrier's watch list: at the limit of an hour no call starts, and the page says
/// until when; an hour later the rest is dialled.
#[tokio::test(flavor = "multi_thread")]
async fn f048_a_trunk_rests_before_its_carrier_takes_us_for_a_nuisance() {
    let trunk = "lines = 5\ncalls_per_s = 10.0\n[trunk.governor]\ncalls_per_h_max = 2";
    let hospital = Hospital::open_with("governor", "2025-01-06T09:30", "", trunk).await;
    let numbers = ["13800000001", "13800000002", "13800000003"];
    let carrier =
        hospital.carrier(numbers.iter().map(|number| patient(number, vec![answers()])).collect());
    let carrier = carrier.await;
    let rows = numbers.iter().enumerate();
    let rows = rows
        .map(|(n, number)| format!("王秀英{n},女,1952-08-15,Z{n},心内科,2025-01-01,{number},,,"));
    let run = run(&hospital, &rows.collect::<Vec<_>>().join("\n")).await;
    let idle = || hospital.get(&format!("/api/runs/{run}")).ok()["why_idle"].clone();
    for _ in 0..600 {
        if idle().as_str().is_some_and(|why| why.starts_with("governor_calls_per_h 01-06 10:3")) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert!(idle().as_str().unwrap_or_default().starts_with("governor_"), "{}", idle());
    assert_eq!(carrier.dials().values().sum::<usize>(), 2);
    hospital.on("2025-01-06T10:35").await;
    let done = || {
        let tasks = hospital.get(&format!("/api/runs/{run}/tasks")).ok();
        let rows = tasks["items"].as_array().unwrap().clone();
        json!(rows.iter().filter(|task| task["state"] == "completed").count().to_string())
    };
    until("the third call", done, "3").await;
}

/// F024: a number that is dead on two days makes one repair task; the number that the ward
/// finds is dialled, and the follow-up goes on.
#[tokio::test(flavor = "multi_thread")]
async fn f024_a_dead_number_is_repaired_by_the_ward_and_the_follow_up_goes_on() {
    let trunk = "lines = 5\ncalls_per_s = 10.0";
    let hospital = Hospital::open_with("f024", "2025-01-06T09:30", "", trunk).await;
    let carrier = hospital
        .carrier(vec![
            patient("13800000002", vec![dial(Behaviour::Vacant)]),
            patient("13700000002", vec![answers()]),
        ])
        .await;
    let run = run(&hospital, "王秀英,女,1952-08-15,Z1,心内科,2025-01-01,13800000002,,,").await;
    let tasks = || hospital.get(&format!("/api/runs/{run}/tasks")).ok();
    let state = || {
        let tasks = tasks();
        let rows = tasks["items"].as_array().unwrap().clone();
        rows.into_iter().find(|t| t["kind"] == "follow_up").unwrap()["state"].clone()
    };
    until("the first dial", state, "waiting_retry").await;
    hospital.on("2025-01-07T09:30").await;
    until("the second proof", state, "waiting_repair").await;
    let repairs: Vec<_> = tasks()["items"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|task| task["kind"] == "repair_task")
        .cloned()
        .collect();
    assert_eq!(repairs.len(), 1);
    let found = hospital.get("/api/patients?search=Z1").ok();
    let person = found["items"][0]["person_id"].as_str().unwrap();
    let told = json!({ "phone": "13700000002", "source": "补录" });
    hospital.on("2025-01-07T14:40").await;
    let reopened = hospital.post(&format!("/api/patients/{person}/numbers"), &told).ok();
    assert_eq!(reopened["reopened"], 1);
    until("the repaired number", state, "completed").await;
    assert_eq!(carrier.dials()["+8613700000002"], 1);
}
