//! The dialler's cases of the telephony list, and who answered.

use std::time::Duration;

use serde_json::{Value, json};
use suifang::sim::{Behaviour, Dial, Patient};

use crate::support::{dial, hospital::Hospital};

const HEADER: &str = "姓名,性别,出生日期,住院号,出院科室,出院日期,联系电话";
const TRUNK: &str = "lines = 8\ncalls_per_s = 20.0";

fn patient(number: &str, dials: Vec<Dial>) -> Patient {
    Patient { number: format!("+86{number}"), dials, truth: None }
}

fn keys(keys: &[&str]) -> Dial {
    Dial { keys: keys.iter().map(|key| (*key).to_owned()).collect(), ..dial(Behaviour::Answer) }
}

fn row(n: usize, number: &str) -> String {
    format!("张{n},男,1960-02-03,Z{n},心内科,2025-01-01,{number}")
}

async fn import(hospital: &Hospital, rows: &[String]) -> Value {
    let text = format!("{HEADER}\n{}\n", rows.join("\n"));
    hospital.import("in.csv", text.as_bytes()).await["import_id"].clone()
}

fn make(hospital: &Hospital, dialplan: &str, import: &Value) -> String {
    let ask = json!({ "name": dialplan, "dialplan": dialplan, "import_id": import });
    hospital.post("/api/runs", &ask).ok()["run_id"].as_str().unwrap().to_owned()
}

fn start(hospital: &Hospital, dialplan: &str, import: &Value) -> String {
    let run = make(hospital, dialplan, import);
    hospital.post(&format!("/api/runs/{run}/start"), &json!({})).ok();
    run
}

fn tasks(hospital: &Hospital, run: &str) -> Vec<Value> {
    let tasks = hospital.get(&format!("/api/runs/{run}/tasks?limit=200")).ok();
    tasks["items"].as_array().unwrap().clone()
}

async fn until(what: &str, holds: impl Fn() -> bool) {
    for _ in 0..600 {
        if holds() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    panic!("{what} did not come");
}

fn decisions(hospital: &Hospital, no: &str, day: &str) -> Vec<Value> {
    let path = format!("/api/patients/{}/decisions?day={day}", hospital.person(no));
    hospital.get(&path).ok().as_array().unwrap().clone()
}

/// F026: the machine records whether the patient, an informed relative or neither answered,
/// so does who types it in; neither is no follow-up.
#[tokio::test(flavor = "multi_thread")]
async fn f026_who_answered_is_recorded_and_neither_does_not_count_as_followed_up() {
    let hospital = Hospital::open_with("f026", "2025-01-06T09:30", "", TRUNK).await;
    let numbers = ["13800000001", "13800000002", "13800000003"];
    let _carrier = hospital
        .carrier(vec![
            patient(numbers[0], vec![keys(&["~1", "~1"])]),
            patient(numbers[1], vec![keys(&["~2", "~1", "~1"])]),
            patient(numbers[2], vec![keys(&["~2", "~2"])]),
        ])
        .await;
    let rows: Vec<_> = numbers.iter().enumerate().map(|(n, number)| row(n, number)).collect();
    let import = import(&hospital, &rows).await;
    let run = start(&hospital, "who", &import);
    let outcomes = || {
        let mut all: Vec<_> = tasks(&hospital, &run)
            .iter()
            .filter_map(|task| task["last_outcome"].as_str().map(str::to_owned))
            .collect();
        all.sort();
        all
    };
    until("all three calls", || outcomes() == ["completed", "completed", "wrong_person"]).await;
    let told = hospital.sql(
        "select string_agg(coalesce(respondent, '–'), ',' order by admission_no)
         from task join admission using (admission_id) where kind = 'follow_up'
           and run_id is not null",
    );
    assert_eq!(told, "self,informed_relative,–");
    let open = tasks(&hospital, &run);
    let open = open.iter().find(|task| task["last_outcome"] == "wrong_person").unwrap();
    assert_eq!(open["state"], "waiting_retry", "it goes on");
    // Typed in by staff: the same rule.
    let path = format!("/api/tasks/{}/close", open["task_id"].as_str().unwrap());
    let done = |respondent: &str| {
        let body = json!({ "done_on": "2025-01-06", "channel": "manual_phone",
            "respondent": respondent, "questionnaire": "discharge_general", "answers": [] });
        hospital.post(&path, &body)
    };
    assert_eq!(done("uninformed_relative").status, 409);
    done("informed_relative").ok();
    let report = "/api/statistics/follow-up?from=2025-01-01&to=2025-01-31";
    let counted = || hospital.get(report).ok()["whole"]["waterfall"][6]["count"].clone();
    assert_eq!(counted(), 3, "{}", hospital.get(report).ok());
}

/// Case 41: the switch's own cause stands beside the SIP status, for each dial, for ever.
#[tokio::test(flavor = "multi_thread")]
async fn case_41_the_carriers_cause_is_kept() {
    let hospital = Hospital::open_with("case41", "2025-01-06T09:30", "", TRUNK).await;
    let kinds = [
        (Behaviour::PoweredOff, "unreachable", 480, Some(20)),
        (Behaviour::Vacant, "not_in_service", 404, Some(1)),
        (Behaviour::TrunkFault, "trunk_fault", 503, Some(34)),
        (Behaviour::Busy, "busy", 486, Some(17)),
    ];
    let number = |n: usize| format!("1380000000{n}");
    let patients = kinds.iter().enumerate();
    let patients = patients.map(|(n, (does, ..))| patient(&number(n), vec![dial(*does)]));
    let _carrier = hospital.carrier(patients.collect()).await;
    let rows: Vec<_> = (0..kinds.len()).map(|n| row(n, &number(n))).collect();
    let import = import(&hospital, &rows).await;
    let run = start(&hospital, "quick", &import);
    let calls = || {
        let calls = hospital.get(&format!("/api/calls?run={run}&limit=50")).ok();
        let calls = calls["items"].as_array().unwrap().clone();
        // The leg is written with the call's end, a moment after the outcome.
        let is_over = |call: &Value| !call["outcome"].is_null() && call["state"] == "ended";
        calls.into_iter().filter(is_over).collect::<Vec<_>>()
    };
    until("four ends", || calls().len() >= kinds.len()).await;
    for (_, outcome, status, cause) in kinds {
        let call = calls().into_iter().find(|call| call["outcome"] == outcome);
        let call = call.unwrap_or_else(|| panic!("no {outcome}: {:#?}", calls()));
        assert_eq!((&call["sip_status"], &call["q850"]), (&json!(status), &json!(cause)));
        let shown = hospital.get(&format!("/api/calls/{}", call["call_id"].as_str().unwrap())).ok();
        assert_eq!(shown["legs"][0]["q850"], json!(cause), "{outcome}, on the leg");
    }
}

/// Case 42: each task of a run that was not dialled says why, by the decision that is kept.
#[tokio::test(flavor = "multi_thread")]
async fn case_42_every_task_that_was_not_dialled_can_say_why() {
    let hospital = Hospital::open_with("case42", "2025-01-06T09:30", "", TRUNK).await;
    let number = |n: usize| format!("1380000000{n}");
    let carrier =
        hospital.carrier((0..7).map(|n| patient(&number(n), vec![keys(&["~1"])])).collect()).await;
    let rows: Vec<_> = (0..7).map(|n| row(n, &number(n))).collect();
    let import = import(&hospital, &rows).await;
    let path = |no: &str| format!("/api/patients/{}", hospital.person(no));
    // 0: answers. 1: deaf. 2: its only number is somebody else's. 3: on the do-not-call
    // list. 4: in hospital again. 5: rung at the bedside a moment ago. 6: dialled seven times
    // by machine and nurses.
    let deaf = json!({ "communication_mark": "hard_of_hearing" });
    assert_eq!(hospital.put(&path("Z1"), &deaf).status, 204);
    let shown = hospital.get(&path("Z2")).ok();
    let id = shown["contacts"][0]["numbers"][0]["number_id"].as_str().unwrap().to_owned();
    let block = json!({ "reason": "wrong_number" });
    hospital.post(&format!("/api/numbers/{id}/block"), &block).ok();
    let listed = json!({ "number": number(3), "reason": "投诉" });
    let listed = hospital.post("/api/do-not-call", &listed);
    assert!(listed.status < 300, "{listed:?}");
    hospital.sql(
        "insert into admission (admission_id, person_id, department_id, admission_no, sequence,
             admitted_on, disposition, had_operation, disclosure, created_at)
         select gen_random_uuid(), person_id, department_id, 'R4', 2, '2025-01-05', 9, false,
             'unknown', '2025-01-05' from admission where admission_no = 'Z4'",
    );
    let shown = hospital.get(&path("Z5")).ok();
    let id = shown["contacts"][0]["numbers"][0]["number_id"].clone();
    let ring = hospital.post(&format!("{}/ring-tests", path("Z5")), &json!({ "number_id": id }));
    assert_eq!(ring.status, 202, "{ring:?}");
    let run = make(&hospital, "quick", &import);
    hospital.sql(
        "update task set dials = 7 where admission_id = (select admission_id from admission
             where admission_no = 'Z6')",
    );
    hospital.post(&format!("/api/runs/{run}/start"), &json!({})).ok();
    let why = |no: &str| {
        let all = decisions(&hospital, no, "2025-01-06");
        let last = all.iter().rev().find(|one| one["what"] != "generated").cloned();
        last.map(|one| (one["what"].clone(), one["why"].clone())).unwrap_or_default()
    };
    let said = || ["Z1", "Z2", "Z3", "Z4", "Z6", "Z5"].map(|no| why(no).1);
    until("a reason for each", || said().iter().all(|why| !why.is_null())).await;
    let expected = ["hard_of_hearing", "no_number", "no_number", "readmitted", "too_many_dials"];
    assert_eq!(said()[..5], expected.map(Value::from));
    assert!(["in_live_call", "gap"].contains(&said()[5].as_str().unwrap()), "{:?}", said());
    let dials = carrier.dials();
    for n in [1, 2, 3, 4, 6] {
        assert_eq!(dials.get(&format!("+86{}", number(n))), None, "Z{n}");
    }
    assert_eq!(dials.get(&format!("+86{}", number(5))), Some(&1), "only at the bedside");
    until("the one who answers", || carrier.dials().contains_key(&format!("+86{}", number(0))))
        .await;
    let silent = || {
        let undialled = tasks(&hospital, &run).into_iter().filter(|task| task["dials"] == 0);
        let of_run = undialled.filter(|task| task["kind"] == "follow_up");
        of_run.filter(|task| task["why"].is_null() && task["state"] != "in_progress").count()
    };
    assert_eq!(silent(), 0, "{:#?}", tasks(&hospital, &run));
}

/// Case 44: the gap between two calls to a person is not the cap of a day; who must wait
/// stays in the queue.
#[tokio::test(flavor = "multi_thread")]
async fn case_44_a_gap_puts_off_and_a_cap_puts_off_longer_and_nothing_is_dropped() {
    let hospital = Hospital::open_with("case44", "2025-01-06T09:30", "", TRUNK).await;
    let number = "13800000001";
    let nobody = || Dial { ring_s: 1.0, ..dial(Behaviour::Decline) };
    let carrier = hospital.carrier(vec![patient(number, vec![nobody()])]).await;
    // Two stays of one person: two follow-ups.
    let second = row(1, number).replace("Z1", "Z2").replace("2025-01-01", "2025-01-03");
    let card = |text: String| format!("{text},11010519600203001X");
    let text = format!("{HEADER},身份证号\n{}\n{}\n", card(row(1, number)), card(second));
    let import = hospital.import("in.csv", text.as_bytes()).await["import_id"].clone();
    let run = start(&hospital, "quick", &import);
    let dials = || carrier.dials().get("+8613800000001").copied().unwrap_or_default();
    let put_off = || {
        let all = decisions(&hospital, "Z1", "2025-01-06");
        all.into_iter().filter(|one| one["what"] == "put_off").collect::<Vec<_>>()
    };
    let until_of = |why: &str| {
        let all = put_off();
        let one = all.iter().find(|one| one["why"] == why);
        one.map(|one| one["until"].as_str().unwrap_or_default().to_owned())
    };
    until("the first end", || tasks(&hospital, &run).iter().any(|t| t["attempts"] == 1)).await;
    // The other one has waited for that call to end; now it is the gap.
    hospital.on("2025-01-06T10:30").await;
    until("the other task waits for the gap", || until_of("gap").is_some()).await;
    assert_eq!(dials(), 1);
    assert!(until_of("gap").unwrap().starts_with("2025-01-06"), "the same day");
    hospital.on("2025-01-06T15:00").await;
    until("the second dial", || dials() == 2).await;
    until("its end", || tasks(&hospital, &run).iter().all(|t| t["attempts"] == 1)).await;
    // In the evening the first one's next part of the day has come, and the day is full.
    hospital.on("2025-01-06T19:30").await;
    until("the cap", || put_off().iter().any(|one| one["why"] == "daily_cap")).await;
    assert!(&*until_of("daily_cap").unwrap() > "2025-01-06T16", "another day, in UTC");
    assert_eq!(dials(), 2, "never a third");
    let all = tasks(&hospital, &run);
    let open = all.iter().filter(|task| task["state"] == "waiting_retry" || task["state"] == "due");
    assert_eq!(open.count(), 2, "{all:#?}");
}

/// Case 46: a voice that talks on is taken for a person and asked, not for a machine.
#[tokio::test(flavor = "multi_thread")]
async fn case_46_a_voice_without_keys_is_asked_who_it_is() {
    let hospital = Hospital::open_with("case46", "2025-01-06T09:30", "", TRUNK).await;
    let talks = Dial { speaks_s: 4.0, ..dial(Behaviour::Answer) };
    let carrier = hospital.carrier(vec![patient("13800000001", vec![talks])]).await;
    let import = import(&hospital, &[row(1, "13800000001")]).await;
    let run = start(&hospital, "who", &import);
    let asked = || {
        let live = hospital.get("/api/live").ok();
        live.as_array().unwrap().iter().any(|call| call["question"] == "接听人身份")
    };
    until("the question who is speaking", asked).await;
    let outcome = || tasks(&hospital, &run)[0]["last_outcome"].clone();
    until("its end", || !outcome().is_null()).await;
    assert_eq!(outcome(), "answered_no_keys", "a person, who pressed nothing");
    let verdicts = hospital.sql("select count(*) from attempt where outcome = 'carrier_voicemail'");
    assert_eq!((verdicts.as_str(), carrier.dials()["+8613800000001"]), ("0", 1));
}
