use std::time::{Duration, Instant};

use serde_json::{Value, json};
use suifang::{
    engine::{Clock, SystemClock},
    sim::{Behaviour, Carrier, Dial, Patient, PicksUp},
};

use crate::support::{
    desk::{Agent, House, channel, seconds_of},
    dial,
    hospital::Hospital,
};

pub(super) const TRUNK: &str = "lines = 10\ncalls_per_s = 10.0";
pub(super) const AT_ONCE: PicksUp = PicksUp::After(Duration::from_millis(200));

pub(super) fn hums(number: &str, hertz: f64) -> Patient {
    let dials = vec![Dial { hums_hz: Some(hertz), ..dial(Behaviour::Answer) }];
    Patient { number: number.to_owned(), dials, truth: None }
}

pub(super) fn discharge(no: &str, phone: &str) -> String {
    format!("张{no},男,1960-02-03,{no},心内科,一病区,2024-12-20,2025-01-01,1,{phone},J18,肺炎")
}

pub(super) async fn open(name: &str) -> Hospital {
    let head = "[sip]\ninbound_dialplan = \"short_menu\"";
    let hospital = Hospital::open_with(name, "2025-01-06T10:00", head, TRUNK).await;
    centre(&hospital, &json!({ "asks_rating": false }));
    hospital
}

/// The queue of the centre, but for this.
pub(super) fn centre(hospital: &Hospital, but: &Value) {
    queue(hospital, "centre", but);
}

fn queue(hospital: &Hospital, code: &str, but: &Value) {
    let mut rule = json!({ "name": code, "strategy": "longest_idle", "priority": 0,
        "ring_s": 20, "wait_max_s": 60, "announce_s": 30, "waiting_max": 20, "own_first": true });
    for (key, value) in but.as_object().unwrap() {
        rule[key] = value.clone();
    }
    hospital.put(&format!("/api/queues/{code}"), &rule).ok();
}

/// Discharged patients Z1, Z2 … with a follow-up each that is for a person.
pub(super) async fn tasks(hospital: &Hospital, count: usize) -> Vec<String> {
    let rows: Vec<_> =
        (1..=count).map(|n| discharge(&format!("Z{n}"), &format!("1380000000{n}"))).collect();
    hospital.discharges(&rows.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let run = hospital.post("/api/runs", &json!({ "name": "r", "dialplan": "quick" })).ok();
    let run = run["run_id"].as_str().unwrap().to_owned();
    let mut found = Vec::new();
    for n in 1..=count {
        let listed = hospital.get(&format!("/api/runs/{run}/tasks?limit=50")).ok();
        let name = format!("张Z{n}");
        let task = listed["items"].as_array().unwrap().iter().find(|t| t["name"] == name).unwrap();
        found.push(task["task_id"].as_str().unwrap().to_owned());
    }
    found
}

pub(super) async fn talking(hospital: &Hospital, agent: &Agent, task: &str) -> String {
    agent.post(hospital, "/api/desk/dial", &json!({ "task_id": task })).ok();
    let desk = agent.wait(hospital, "answered", |desk| desk["call"]["state"] == "answered").await;
    desk["call"]["call_id"].as_str().unwrap().to_owned()
}

pub(super) async fn ended(hospital: &Hospital, call: &str) -> Value {
    over(hospital, call, |_| true).await
}

/// The call when it has ended, its recordings are whole, and this holds of it.
async fn over(hospital: &Hospital, call: &str, holds: impl Fn(&Value) -> bool) -> Value {
    let is_whole = |recording: &Value| recording["state"] == "finished";
    for _ in 0..1200 {
        let shown = hospital.get(&format!("/api/calls/{call}")).ok();
        let all = shown["recordings"].as_array().unwrap();
        if shown["call"]["state"] == "ended" && all.iter().all(is_whole) && holds(&shown) {
            return shown;
        }
        pass(0.05).await;
    }
    panic!("the call has no end: {}", hospital.get(&format!("/api/calls/{call}")).ok());
}

/// Both channels of the call's recording.
async fn recording(hospital: &Hospital, call: &str) -> (Vec<i16>, Vec<i16>) {
    let shown = ended(hospital, call).await;
    let of_call = shown["recordings"].as_array().unwrap().iter().find(|r| r["kind"] == "call");
    let id = of_call.unwrap()["recording_id"].as_str().unwrap();
    let bytes = hospital.bytes(&format!("/api/recordings/{id}/audio"));
    let file = hospital.folder.join("fetched.wav");
    std::fs::write(&file, bytes).unwrap();
    (channel(&file, 0), channel(&file, 1))
}

pub(super) async fn pass(seconds: f32) {
    tokio::time::sleep(Duration::from_secs_f32(seconds)).await;
}

fn since(began: Instant) -> f32 {
    (SystemClock.instant() - began).as_secs_f32()
}

/// F029, F030, F037, F088: the own phone rings, then the patient's; both talk; answers are stored
/// as they are typed; the agent's word ends the follow-up.
#[tokio::test(flavor = "multi_thread")]
async fn f030_a_click_rings_the_agent_then_the_patient_and_both_are_heard() {
    let hospital = open("f030").await;
    let carrier = hospital.carrier(vec![hums("+8613800000001", 1000.0)]).await;
    let house = House::new();
    let agent = house.agent(&hospital, "li", 700.0, AT_ONCE).await;
    let task = tasks(&hospital, 1).await.remove(0);
    let refused =
        agent.post(&hospital, "/api/desk/dial", &json!({ "task_id": task, "number": "1" }));
    assert_eq!(refused.status, 422, "no number is typed: {refused:?}");
    let call = talking(&hospital, &agent, &task).await;
    assert_eq!(agent.desk(&hospital)["state"], "talking");
    assert_eq!(agent.desk(&hospital)["call"]["name"], "张Z1");
    assert_eq!(agent.desk(&hospital)["call"]["task_id"], task.as_str());
    let again = agent.post(&hospital, "/api/desk/dial", &json!({ "task_id": task }));
    assert_eq!(again.status, 409, "somebody is at it: {again:?}");
    pass(2.0).await;
    let path = format!("/api/desk/calls/{call}/answers");
    for value in ["one", "two"] {
        let answer = json!({ "questionnaire": "quick", "link_id": "q.one", "value": value });
        agent.post(&hospital, &path, &answer).ok();
    }
    let hung = agent.act(&hospital, &call, &json!({ "act": "hang_up" }));
    hung.ok();
    agent.is(&hospital, "wrap_up").await;
    agent
        .wait(&hospital, "to write up", |desk| desk["to_write_up"][0]["call_id"] == call.as_str())
        .await;
    let disposition = json!({ "outcome": "completed", "respondent": "self", "note": "恢复良好" });
    let path = format!("/api/desk/calls/{call}/disposition");
    assert_eq!(agent.post(&hospital, &path, &disposition).status, 204);
    let shown = over(&hospital, &call, |shown| !shown["call"]["outcome"].is_null()).await;
    assert_eq!(shown["call"]["outcome"], "completed");
    assert_eq!(shown["answers"].as_array().unwrap().len(), 1, "{shown:#}");
    assert_eq!(shown["answers"][0]["recorded_by"], "li");
    assert_eq!(shown["answers"][0]["option_code"], "two", "what was put right counts");
    agent.is(&hospital, "idle").await;
    assert_eq!(carrier.dials().get("+8613800000001"), Some(&1));
    let (patient, ours) = recording(&hospital, &call).await;
    assert!(seconds_of(&patient, 1000.0) > 1.5, "{}", seconds_of(&patient, 1000.0));
    assert!(seconds_of(&ours, 700.0) > 1.5, "{}", seconds_of(&ours, 700.0));
    assert!(seconds_of(&agent.heard(1), 1000.0) > 1.5);
    let log = std::fs::read_to_string(hospital.folder.join("carrier.jsonl")).unwrap();
    assert_eq!(log.lines().filter(|line| line.contains("\"invite\"")).count(), 1);
    // The agent's telephone rang before there was a call: its messages are this call's all the same.
    let trace = hospital.get(&format!("/api/calls/{call}/trace")).ok();
    let messages = trace["messages"].as_array().unwrap().iter();
    let invites = messages.filter(|one| one["title"] == "INVITE" && one["is_repeat"] == false);
    let roles: Vec<_> = invites.map(|one| one["role"].as_str().unwrap()).collect();
    assert_eq!(roles, ["agent", "patient"], "{trace:#}");
    assert_eq!(trace["rtp"].as_array().unwrap().len(), 2);
}

/// F030: nobody is dialled for an agent who does not pick up, and the task is what it was.
#[tokio::test(flavor = "multi_thread")]
async fn f030_no_patient_is_dialled_for_a_phone_that_is_not_picked_up() {
    let hospital = open("f030b").await;
    let carrier = hospital.carrier(vec![hums("+8613800000001", 1000.0)]).await;
    let house = House::new();
    let agent = house.agent(&hospital, "li", 700.0, PicksUp::Declines).await;
    let task = tasks(&hospital, 1).await.remove(0);
    agent.post(&hospital, "/api/desk/dial", &json!({ "task_id": task })).ok();
    agent
        .wait(&hospital, "idle without a call", |d| d["state"] == "idle" && d["call"].is_null())
        .await;
    pass(0.5).await;
    assert!(carrier.dials().is_empty(), "{:?}", carrier.dials());
    let state = hospital.get("/api/due?limit=50").ok();
    assert!(!state["items"].as_array().unwrap().is_empty(), "{state:#}");
}

/// Rings in from outside, by this dialplan's menu, and asks for a person with 0.
async fn asks_for_a_person(hospital: &Hospital, carrier: &Carrier, from: &str) -> &'static str {
    let dial = Dial { hums_hz: None, keys: vec!["~0".to_owned()], ..dial(Behaviour::Answer) };
    carrier.call_in(from, hospital.sip(), "05925027064", dial).await.unwrap_or("lost")
}

/// F033, F035, F047: 0 in the menu reaches the agent who has been idle longest; who is calling is
/// on the screen before the phone is answered.
#[tokio::test(flavor = "multi_thread")]
async fn f033_a_caller_who_presses_0_reaches_a_person_and_the_screen_pops() {
    let hospital = open("f033").await;
    let carrier = hospital.carrier(vec![]).await;
    let house = House::new();
    let slow = PicksUp::After(Duration::from_secs(3));
    let first = house.agent(&hospital, "li", 700.0, slow).await;
    let second = house.agent(&hospital, "wang", 900.0, slow).await;
    tasks(&hospital, 1).await;
    let asked = async { asks_for_a_person(&hospital, &carrier, "13800000001").await };
    let served = async {
        let desk = first.wait(&hospital, "rung", |desk| desk["state"] == "ringing").await;
        assert_eq!(desk["call"]["phone"], "ringing");
        let call = desk["call"]["call_id"].as_str().unwrap().to_owned();
        let path = format!("/api/desk/calls/{call}/candidates");
        let shown = hospital.get_as(&first.cookie, &path).ok();
        assert_eq!(shown["items"][0]["name"], "张Z1", "{shown:#}");
        assert_eq!(hospital.get_as(&second.cookie, &path).status, 404, "not their call");
        first.is(&hospital, "talking").await;
        let other = second.post(&hospital, "/api/desk/enter", &json!({})).ok();
        assert_eq!(other["state"], "idle");
        pass(1.0).await;
        first.act(&hospital, &call, &json!({ "act": "hang_up" })).ok();
        first.is(&hospital, "wrap_up").await;
        call
    };
    let (how, call) = tokio::join!(asked, served);
    assert_eq!(how, "ended");
    first.is(&hospital, "idle").await;
    let (_, ours) = recording(&hospital, &call).await;
    assert!(seconds_of(&ours, 700.0) > 0.5, "{}", seconds_of(&ours, 700.0));
    let board = hospital.get("/api/board").ok();
    let centre =
        board["queues"].as_array().unwrap().iter().find(|q| q["code"] == "centre").unwrap();
    assert_eq!(centre["answered"], 1, "{centre}");
}

/// F033, case 26: nobody free in time; and a caller who hangs up while a phone rings.
#[tokio::test(flavor = "multi_thread")]
async fn f033_nobody_there_is_told_and_a_caller_who_hangs_up_leaves_nobody_ringing() {
    let hospital = open("f033b").await;
    let carrier = hospital.carrier(vec![]).await;
    let house = House::new();
    let agent = house.agent(&hospital, "li", 700.0, PicksUp::Never).await;
    let impatient = Dial {
        // `#` says nothing to who waits: by then the phone rings.
        keys: vec!["~0".to_owned(), "#".to_owned()],
        thinks_s: 4.0,
        hangs_up_after: Some(2),
        ..dial(Behaviour::Answer)
    };
    let left = carrier.call_in("13800000001", hospital.sip(), "05925027064", impatient);
    let rang = agent.wait(&hospital, "rung", |desk| desk["state"] == "ringing");
    let (how, _) = tokio::join!(left, rang);
    assert!(how.is_some());
    agent.is(&hospital, "idle").await;
    agent.wait(&hospital, "without a call", |desk| desk["call"].is_null()).await;
    let board = hospital.get("/api/board").ok();
    let centre =
        board["queues"].as_array().unwrap().iter().find(|q| q["code"] == "centre").unwrap();
    assert_eq!(centre["gave_up"], 1, "{centre}");
    agent.post(&hospital, "/api/desk/leave", &json!({})).ok();
    let quiet = Dial { keys: vec!["~0".to_owned()], ..dial(Behaviour::Answer) };
    let call = carrier.call_in("13800000001", hospital.sip(), "05925027064", quiet);
    let told = async {
        for _ in 0..600 {
            let board = hospital.get("/api/board").ok();
            let queues = board["queues"].as_array().unwrap().clone();
            let centre = queues.into_iter().find(|queue| queue["code"] == "centre").unwrap();
            if centre["nobody"] == 1 {
                return;
            }
            pass(0.1).await;
        }
        panic!("nobody was told that nobody is there");
    };
    tokio::select! {
        how = call => panic!("{how:?} before anybody was told"),
        () = told => {}
    }
}

/// F040, F041: hold, consult, attended transfer, conference: who hears whom is measured.
#[tokio::test(flavor = "multi_thread")]
async fn f041_a_patient_is_held_a_colleague_asked_and_then_given_the_call() {
    let hospital = open("f041").await;
    let _carrier = hospital.carrier(vec![hums("+8613800000001", 1000.0)]).await;
    let house = House::new();
    let agent = house.agent(&hospital, "li", 700.0, AT_ONCE).await;
    let doctor = house.staff(&hospital, "chen", "doctor", 1300.0, AT_ONCE, &[]).await;
    let task = tasks(&hospital, 1).await.remove(0);
    let began = SystemClock.instant();
    let call = talking(&hospital, &agent, &task).await;
    agent.act(&hospital, &call, &json!({ "act": "hold" })).ok();
    let before_s = since(began);
    agent.is(&hospital, "holding").await;
    pass(1.5).await;
    let consult = json!({ "act": "consult", "agent": doctor.user });
    agent.act(&hospital, &call, &consult).ok();
    doctor.is(&hospital, "talking").await;
    pass(2.0).await;
    let began = SystemClock.instant();
    agent.act(&hospital, &call, &json!({ "act": "confer" })).ok();
    pass(2.0).await;
    agent.act(&hospital, &call, &json!({ "act": "complete" })).ok();
    let conference_s = since(began);
    agent.is(&hospital, "wrap_up").await;
    let desk = doctor.wait(&hospital, "the owner", |desk| desk["call"]["part"] == "agent").await;
    assert_eq!(desk["call"]["call_id"], call.as_str());
    assert_eq!(desk["call"]["task_id"], task.as_str(), "the patient's page follows the call");
    pass(1.5).await;
    doctor.act(&hospital, &call, &json!({ "act": "hang_up" })).ok();
    let doctors_s = since(began);
    let path = format!("/api/desk/calls/{call}/disposition");
    let said = json!({ "outcome": "completed", "respondent": "self" });
    assert_eq!(agent.post(&hospital, &path, &said).status, 403, "it is the doctor's now");
    doctor.wait(&hospital, "to write up", |desk| desk["to_write_up"][0].is_object()).await;
    assert_eq!(doctor.post(&hospital, &path, &said).status, 204);
    let (_, ours) = recording(&hospital, &call).await;
    let (agent_s, doctor_s) = (seconds_of(&ours, 700.0), seconds_of(&ours, 1300.0));
    let most_s = before_s + conference_s + 1.0;
    assert!(agent_s > 1.0 && agent_s < most_s, "not while held: {agent_s} of {most_s}");
    let most_s = doctors_s + 1.0;
    assert!(doctor_s > 2.5 && doctor_s < most_s, "from the conference on: {doctor_s} of {most_s}");
    let heard = doctor.heard(1);
    assert!(seconds_of(&heard, 1000.0) > 2.5 && seconds_of(&heard, 700.0) > 2.5);
    let shown = hospital.get(&format!("/api/calls/{call}")).ok();
    let roles: Vec<_> = shown["legs"].as_array().unwrap().iter().map(|leg| &leg["role"]).collect();
    assert_eq!(roles.len(), 3, "{roles:?}");
}

/// F041: a blind transfer to a phone that nobody picks up brings the patient back to the queue.
#[tokio::test(flavor = "multi_thread")]
async fn f041_a_blind_transfer_that_nobody_takes_does_not_lose_the_patient() {
    let hospital = open("f041b").await;
    let _carrier = hospital.carrier(vec![hums("+8613800000001", 1000.0)]).await;
    let house = House::new();
    let agent = house.agent(&hospital, "li", 700.0, AT_ONCE).await;
    let ward = house.staff(&hospital, "ward", "nurse", 500.0, PicksUp::Declines, &[]).await;
    let task = tasks(&hospital, 1).await.remove(0);
    let call = talking(&hospital, &agent, &task).await;
    agent.act(&hospital, &call, &json!({ "act": "transfer", "agent": ward.user })).ok();
    let back = agent
        .wait(&hospital, "back", |desk| {
            desk["state"] == "talking"
                && desk["call"]["part"] == "agent"
                && desk["calls_taken"] == 2
        })
        .await;
    assert_eq!(back["call"]["call_id"], call.as_str(), "the same call, to its own agent first");
    agent.act(&hospital, &call, &json!({ "act": "hang_up" })).ok();
}

/// F041: a call given to a queue reaches those who serve it, and nobody else.
#[tokio::test(flavor = "multi_thread")]
async fn f041_a_call_that_is_given_to_a_queue_reaches_who_serves_it() {
    let hospital = open("f041c").await;
    let _carrier = hospital.carrier(vec![hums("+8613800000001", 1000.0)]).await;
    let house = House::new();
    let agent = house.agent(&hospital, "li", 700.0, AT_ONCE).await;
    let centre = house.agent(&hospital, "wang", 900.0, AT_ONCE).await;
    let nurse = house.staff(&hospital, "zhou", "nurse", 500.0, AT_ONCE, &["complaint"]).await;
    let task = tasks(&hospital, 1).await.remove(0);
    let call = talking(&hospital, &agent, &task).await;
    queue(&hospital, "complaint", &json!({ "asks_rating": false }));
    let to = |queue: &str| json!({ "act": "to_queue", "queue": queue });
    assert_eq!(agent.act(&hospital, &call, &to("moon")).status, 409, "there is no such queue");
    agent.act(&hospital, &call, &to("complaint")).ok();
    let desk = nurse.wait(&hospital, "talking", |desk| desk["state"] == "talking").await;
    assert_eq!(desk["call"]["call_id"], call.as_str(), "the same call");
    assert_eq!(centre.desk(&hospital)["calls_taken"], 0, "the centre does not serve complaints");
    nurse.act(&hospital, &call, &json!({ "act": "hang_up" })).ok();
    ended(&hospital, &call).await;
}

/// F038: who listens is heard by nobody, who whispers by the agent alone; both are written down
/// first.
#[tokio::test(flavor = "multi_thread")]
async fn f038_a_supervisor_listens_whispers_barges_and_takes_over() {
    let hospital = open("f038").await;
    let _carrier = hospital.carrier(vec![hums("+8613800000001", 1000.0)]).await;
    let house = House::new();
    let agent = house.agent(&hospital, "li", 700.0, AT_ONCE).await;
    let chief = house.staff(&hospital, "zhao", "supervisor", 1300.0, AT_ONCE, &[]).await;
    let task = tasks(&hospital, 1).await.remove(0);
    let call = talking(&hospital, &agent, &task).await;
    let path = format!("/api/board/calls/{call}/supervise");
    assert_eq!(agent.post(&hospital, &path, &json!({ "as": "listen" })).status, 403);
    chief.post(&hospital, &path, &json!({ "as": "listen" })).ok();
    chief.wait(&hospital, "in", |desk| desk["call"]["phone"] == "talking").await;
    pass(2.0).await;
    chief.post(&hospital, &path, &json!({ "as": "whisper" })).ok();
    pass(2.0).await;
    let began = SystemClock.instant();
    chief.post(&hospital, &path, &json!({ "as": "barge" })).ok();
    pass(1.5).await;
    let barged_s = since(began);
    chief.post(&hospital, &path, &json!({ "as": "take_over" })).ok();
    agent.is(&hospital, "wrap_up").await;
    pass(1.0).await;
    chief.act(&hospital, &call, &json!({ "act": "hang_up" })).ok();
    let open_s = since(began);
    let (_, ours) = recording(&hospital, &call).await;
    let patient_heard_chief = seconds_of(&ours, 1300.0);
    assert!(patient_heard_chief > 1.5, "{patient_heard_chief}");
    assert!(patient_heard_chief < open_s + 1.0, "whispering was heard: {patient_heard_chief}");
    let agent_heard_chief = seconds_of(&agent.heard(1), 1300.0);
    assert!(agent_heard_chief > barged_s + 1.0, "{agent_heard_chief} of {barged_s} and 2");
    let chief_heard = chief.heard(1);
    assert!(seconds_of(&chief_heard, 1000.0) > 4.0 && seconds_of(&chief_heard, 700.0) > 3.0);
}

/// Cases 18 and 29: the browser is lost, then the agent's phone: the patient is not cut off, and
/// nobody stays locked.
#[tokio::test(flavor = "multi_thread")]
async fn a_phone_that_dies_in_a_call_brings_the_patient_to_the_next_agent() {
    let hospital = open("case29").await;
    let _carrier = hospital.carrier(vec![hums("+8613800000001", 1000.0)]).await;
    let house = House::new();
    let agent = house.agent(&hospital, "li", 700.0, AT_ONCE).await;
    let task = tasks(&hospital, 1).await.remove(0);
    let call = talking(&hospital, &agent, &task).await;
    let other = house.agent(&hospital, "wang", 900.0, AT_ONCE).await;
    pass(1.0).await;
    agent.phone.die();
    let desk = other.wait(&hospital, "with the patient", |desk| desk["state"] == "talking").await;
    assert_eq!(desk["call"]["call_id"], call.as_str());
    agent.wait(&hospital, "free", |desk| desk["call"].is_null()).await;
    other.act(&hospital, &call, &json!({ "act": "hang_up" })).ok();
    ended(&hospital, &call).await;
}

/// Cases 25 and 27: all are rung, two pick up in the same moment, one does not exist: one has the
/// caller, the other is free again.
#[tokio::test(flavor = "multi_thread")]
async fn f047_two_who_pick_up_in_the_same_moment_do_not_both_get_the_caller() {
    let hospital = open("case25").await;
    let carrier = hospital.carrier(vec![]).await;
    centre(&hospital, &json!({ "strategy": "ring_all", "asks_rating": false }));
    let house = House::new();
    let first = house.agent(&hospital, "li", 700.0, AT_ONCE).await;
    let second = house.agent(&hospital, "wang", 900.0, AT_ONCE).await;
    let gone = house.agent(&hospital, "zhou", 500.0, PicksUp::Never).await;
    gone.phone.die();
    let asked = async { asks_for_a_person(&hospital, &carrier, "13800000001").await };
    let served = async {
        // Both are on the way in for a while; then it is so, and stays so.
        let look = |agent: &Agent| {
            let desk = agent.post(&hospital, "/api/desk/enter", &json!({})).ok();
            (desk["state"].as_str().unwrap().to_owned(), agent.phone.live())
        };
        let (has, free) = (("talking".to_owned(), 1), ("idle".to_owned(), 0));
        let (mut seen, mut looks) = ([look(&first), look(&second)], 0);
        for _ in 0..120 {
            let is_settled = seen.contains(&has) && seen.contains(&free);
            looks = if is_settled { looks + 1 } else { 0 };
            if looks == 4 {
                break;
            }
            pass(0.5).await;
            seen = [look(&first), look(&second)];
        }
        assert!(looks == 4, "{seen:?}");
        let one = if seen[0] == has { &first } else { &second };
        let call = one.desk(&hospital)["call"]["call_id"].as_str().unwrap().to_owned();
        one.act(&hospital, &call, &json!({ "act": "hang_up" })).ok();
    };
    let (how, ()) = tokio::join!(asked, served);
    assert_eq!(how, "ended");
    gone.is(&hospital, "idle").await;
}
