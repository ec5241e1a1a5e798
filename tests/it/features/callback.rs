use std::time::Duration;

use serde_json::{Value, json};
use suifang::sim::{Behaviour, Carrier, Dial, Patient};

use crate::support::{dial, hospital::Hospital};

const HEADER: &str = "姓名,性别,出生日期,住院号,出院科室,出院日期,联系电话";
const TRUNK: &str = "lines = 5\ncalls_per_s = 10.0";

fn presses(keys: &[&str]) -> Dial {
    Dial { keys: keys.iter().map(|key| (*key).to_owned()).collect(), ..dial(Behaviour::Answer) }
}

async fn run(hospital: &Hospital, dialplan: &str, rows: &str) -> String {
    let import = hospital.import("in.csv", format!("{HEADER}\n{rows}\n").as_bytes()).await;
    let ask = json!({ "name": "试", "dialplan": dialplan, "import_id": import["import_id"] });
    let made = hospital.post("/api/runs", &ask).ok();
    let id = made["run_id"].as_str().unwrap().to_owned();
    hospital.post(&format!("/api/runs/{id}/start"), &json!({})).ok();
    id
}

fn tasks(hospital: &Hospital, run: &str) -> Vec<Value> {
    hospital.get(&format!("/api/runs/{run}/tasks")).ok()["items"].as_array().unwrap().clone()
}

async fn until(what: &str, hospital: &Hospital, run: &str, holds: impl Fn(&[Value]) -> bool) {
    for _ in 0..400 {
        if holds(&tasks(hospital, run)) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    panic!("{what} did not come: {:?}", tasks(hospital, run));
}

fn person_id(hospital: &Hospital, admission: &str) -> String {
    let found = hospital.get(&format!("/api/patients?search={admission}")).ok();
    found["items"][0]["person_id"].as_str().unwrap().to_owned()
}

/// The first dial of a follow-up that is broken off after its first question.
async fn broken_off(name: &str) -> (Hospital, Carrier, String) {
    let hospital = Hospital::open_with(name, "2025-01-06T09:30", "", TRUNK).await;
    let first = Dial { hangs_up_after: Some(1), ..presses(&["~1", "~42#"]) };
    let patient = Patient { number: "+8613800000001".into(), dials: vec![first], truth: None };
    let carrier = hospital.carrier(vec![patient]).await;
    let row = "王秀英,女,1952-08-15,Z1,心内科,2025-01-01,13800000001";
    let run = run(&hospital, "quick", row).await;
    until("the first call", &hospital, &run, |tasks| tasks[0]["last_outcome"] == "break_off").await;
    (hospital, carrier, run)
}

/// F036: the patient calls back, chooses to go on, and is asked the first question that was
/// not answered; nobody dials for it any more.
#[tokio::test(flavor = "multi_thread")]
async fn f036_who_calls_back_goes_on_at_the_first_unanswered_question() {
    let (hospital, carrier, run) = broken_off("f036").await;
    // The menu, and then from the second question on.
    let keys = ["~1", "~42#", "~1"];
    let number = "13800000001";
    let how = carrier.call_in(number, hospital.sip(), "05925027064", presses(&keys)).await;
    assert_eq!(how, Some("ended"));
    until("the end", &hospital, &run, |tasks| tasks[0]["state"] == "completed").await;
    let task = &tasks(&hospital, &run)[0];
    let id = task["task_id"].as_str().unwrap();
    let person = person_id(&hospital, "Z1");
    let given = hospital.sql(&format!(
        "select count(*) || ' ' || count(distinct link_id) || ' ' || count(distinct call_id)
             from answer where task_id = '{id}' and questionnaire <> 'opening'"
    ));
    let [all, distinct, calls] = given.split(' ').collect::<Vec<_>>()[..] else {
        panic!("{given}")
    };
    assert_eq!((all, calls), (distinct, "2"), "an item was asked twice, or in one call only");
    // One dial, and a conversation that was none.
    let ways = "select string_agg(way || ' ' || outcome, ', ' order by claimed_at) from attempt";
    assert_eq!(hospital.sql(ways), "dial break_off, callback completed");
    assert_eq!(
        hospital.sql("select dials || ' ' || attempts from task where last_outcome is not null"),
        "1 1"
    );
    let decisions = hospital.get(&format!("/api/patients/{person}/decisions?day=2025-01-06")).ok();
    let asked = decisions
        .as_array()
        .unwrap()
        .iter()
        .any(|d| d["what"] == "asked" && d["why"] == "callback");
    assert!(asked, "{decisions}");
    hospital.on("2025-01-06T15:00").await;
    // The dialler has looked at the run once more, and found nobody left.
    let state = || hospital.get(&format!("/api/runs/{run}")).ok()["run"]["state"].clone();
    for _ in 0..600 {
        if state() == "finished" {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(state(), "finished");
    assert_eq!(carrier.dials()["+8613800000001"], 1, "dialled though all was answered");
}

/// Who calls and wants something else has changed nothing: the follow-up waits as before.
#[tokio::test(flavor = "multi_thread")]
async fn f036_who_calls_for_something_else_leaves_the_follow_up_as_it_was() {
    let (hospital, carrier, run) = broken_off("f036-other").await;
    let before = tasks(&hospital, &run)[0].clone();
    // Known number in another form: with the 0 that some trunks put before it.
    let other = Dial { hangs_up_after: Some(1), ..presses(&["~2"]) };
    carrier.call_in("013800000001", hospital.sip(), "05925027064", other).await;
    until("the release", &hospital, &run, |tasks| tasks[0]["state"] == "waiting_retry").await;
    let after = tasks(&hospital, &run)[0].clone();
    assert_eq!(after["not_before"], before["not_before"]);
    assert_eq!(hospital.sql("select count(*)::text from attempt"), "1");
}

/// rules.md §2: one telephone serves a family; both are asked in one call, each for oneself.
#[tokio::test(flavor = "multi_thread")]
async fn f036_two_patients_of_one_number_are_asked_in_one_call() {
    let hospital = Hospital::open_with("family", "2025-01-06T09:30", "", TRUNK).await;
    let keys = ["~1", "~42#", "~1", "~2", "~7#", "~1"];
    let patient =
        Patient { number: "+8613800000001".into(), dials: vec![presses(&keys)], truth: None };
    let carrier = hospital.carrier(vec![patient]).await;
    let rows = "王秀英,女,1952-08-15,Z1,心内科,2025-01-01,13800000001\n\
                李国强,男,1950-03-02,Z2,骨科,2025-01-02,13800000001";
    let run = run(&hospital, "quick", rows).await;
    until("both", &hospital, &run, |tasks| tasks.iter().all(|t| t["state"] == "completed")).await;
    assert_eq!(carrier.dials()["+8613800000001"], 1, "the family was rung twice");
    let given = "select string_agg(p.name || ' ' || coalesce(w.option_code, w.value_number::text),
         ', ' order by w.at) from answer w join person p using (person_id)";
    let given = hospital.sql(given);
    let (first, second) = given.split_at(given.len() / 2);
    let of = |name: &str| first.contains(name) ^ second.contains(name);
    assert!(of("王秀英") && of("李国强"), "{given}");
    assert!(given.contains("one") && given.contains("two") && given.contains("42"), "{given}");
    let ways = "select string_agg(way, ', ' order by claimed_at) from attempt";
    assert_eq!(hospital.sql(ways), "dial, companion");
}
