use serde_json::{Value, json};
use suifang::sim::{Behaviour, Carrier, Dial, Patient};

use super::agents::{AT_ONCE, TRUNK, centre, discharge, ended, hums, open, pass, talking, tasks};
use crate::support::{
    desk::{House, channel, seconds_of},
    dial,
    hospital::Hospital,
};

/// Rings in from outside and presses this, each after what is said.
async fn rings_in(
    hospital: &Hospital,
    carrier: &Carrier,
    from: &str,
    keys: &[&str],
) -> &'static str {
    let keys = keys.iter().map(|&key| key.to_owned()).collect();
    let dial = Dial { keys, ..dial(Behaviour::Answer) };
    carrier.call_in(from, hospital.sip(), "05925027064", dial).await.unwrap_or("lost")
}

fn queue(hospital: &Hospital, code: &str) -> Value {
    let board = hospital.get("/api/board").ok();
    let found = board["queues"].as_array().unwrap().iter().find(|queue| queue["code"] == code);
    found.unwrap().clone()
}

async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    for _ in 0..600 {
        if holds() {
            return;
        }
        pass(0.1).await;
    }
    panic!("never: {what}");
}

/// F115: the agent has put down and is free to write; the caller stays and gives a mark, which
/// is the call's and no answer of a follow-up. A queue that does not want it ends the call.
#[tokio::test(flavor = "multi_thread")]
async fn f115_a_caller_says_how_it_was_when_the_agent_has_put_down() {
    let hospital = open("f115").await;
    let carrier = hospital.carrier(vec![]).await;
    let house = House::new();
    let agent = house.agent(&hospital, "li", 700.0, AT_ONCE).await;
    for (asks, marks) in [(true, 1), (false, 0)] {
        centre(&hospital, &json!({ "asks_rating": asks }));
        let caller = async { rings_in(&hospital, &carrier, "13800000001", &["~0", "~4"]).await };
        let served = async {
            let desk = agent.wait(&hospital, "talking", |d| d["state"] == "talking").await;
            let call = desk["call"]["call_id"].as_str().unwrap().to_owned();
            pass(1.5).await;
            agent.act(&hospital, &call, &json!({ "act": "hang_up" })).ok();
            agent.is(&hospital, "wrap_up").await;
            if asks {
                let desk = agent.desk(&hospital);
                assert_eq!(desk["call"], Value::Null, "the agent is out of it: {desk:#}");
                let state = hospital.get(&format!("/api/calls/{call}")).ok();
                assert_eq!(state["call"]["state"], "answered", "the caller is still there");
            }
            call
        };
        let (how, call) = tokio::join!(caller, served);
        assert_eq!(how, "ended");
        let shown = ended(&hospital, &call).await;
        let answers = shown["answers"].as_array().unwrap();
        assert_eq!(answers.len(), marks, "{shown:#}");
        if let Some(mark) = answers.first() {
            assert_eq!(mark["questionnaire"], "call_rating");
            assert_eq!((&mark["option_code"], &mark["score"]), (&json!("s4"), &json!("4")));
            let of_tasks = hospital.sql("select count(*) from answer where task_id is not null");
            assert_eq!(of_tasks.trim(), "0");
        }
        agent.is(&hospital, "idle").await;
    }
    assert_eq!(queue(&hospital, "centre")["rated"], 1);
    assert_eq!(queue(&hospital, "centre")["rating_mean"], 4.0);
}

/// F115, F030: whom we called is asked when they were asked something; what the agent says of the
/// follow-up stays what it is, though nobody gives a mark.
#[tokio::test(flavor = "multi_thread")]
async fn f115_the_agents_word_of_a_follow_up_stands_beside_the_mark() {
    let hospital = open("f115b").await;
    let _carrier = hospital.carrier(vec![hums("+8613800000001", 1000.0)]).await;
    centre(&hospital, &json!({ "asks_rating": true }));
    let house = House::new();
    let agent = house.agent(&hospital, "li", 700.0, AT_ONCE).await;
    let task = tasks(&hospital, 1).await.remove(0);
    let call = talking(&hospital, &agent, &task).await;
    let answer = json!({ "questionnaire": "quick", "link_id": "q.one", "value": "one" });
    agent.post(&hospital, &format!("/api/desk/calls/{call}/answers"), &answer).ok();
    agent.act(&hospital, &call, &json!({ "act": "hang_up" })).ok();
    let desk = agent
        .wait(&hospital, "to write up", |d| d["to_write_up"][0]["call_id"] == call.as_str())
        .await;
    assert_eq!(desk["state"], "wrap_up");
    let said = json!({ "outcome": "completed", "respondent": "self" });
    let path = format!("/api/desk/calls/{call}/disposition");
    assert_eq!(agent.post(&hospital, &path, &said).status, 204);
    until("the outcome", || {
        hospital.get(&format!("/api/calls/{call}")).ok()["call"]["outcome"] == "completed"
    })
    .await;
    let shown = ended(&hospital, &call).await;
    let given = shown["answers"].as_array().unwrap();
    assert_eq!(given[0]["questionnaire"], "quick", "{shown:#}");
}

/// F034, F047: out of hours nobody's phone rings, though somebody sits there; hours are by table,
/// and 调休 and holidays count.
#[tokio::test(flavor = "multi_thread")]
async fn f034_a_queue_is_served_in_its_hours_and_a_holiday_is_night() {
    let hospital = open("f034q").await;
    let carrier = hospital.carrier(vec![]).await;
    let house = House::new();
    let agent = house.agent(&hospital, "li", 700.0, AT_ONCE).await;
    centre(&hospital, &json!({ "asks_rating": false, "open_in": ["day"] }));
    let hours = |from: &str| {
        let span = json!({ "from": from, "to": "17:30:00" });
        let day = json!({ "day": span, "evening": null });
        json!({ "workday": day, "weekend": day, "holiday": { "day": null, "evening": null } })
    };
    let path = "/api/policies/service-hours";
    let turned = hospital.put(path, &hours("18:00:00"));
    assert_eq!(turned.status, 422, "{turned:?}");
    hospital.put(path, &hours("10:30:00")).ok();
    let early = async { rings_in(&hospital, &carrier, "13800000001", &["~0"]).await };
    let told = async { until("told", || queue(&hospital, "centre")["nobody"] == 1).await };
    tokio::join!(early, told);
    assert_eq!(agent.desk(&hospital)["calls_taken"], 0);
    let why = hospital.sql("select why from queue_visit where result = 'nobody'");
    assert_eq!(why.trim(), "closed");
    hospital.put(path, &hours("08:00:00")).ok();
    let later = async { rings_in(&hospital, &carrier, "13800000001", &["~0"]).await };
    let served = async {
        let desk = agent.wait(&hospital, "talking", |d| d["state"] == "talking").await;
        let call = desk["call"]["call_id"].as_str().unwrap().to_owned();
        agent.act(&hospital, &call, &json!({ "act": "hang_up" })).ok();
    };
    tokio::join!(later, served);
}

/// F034, F041: where nobody sits at night, the duty phone of the caller's last ward rings; who
/// picks up is told what it is and connects with 1.
#[tokio::test(flavor = "multi_thread")]
async fn f034_at_night_the_duty_phone_of_the_callers_last_ward_is_rung_and_takes_the_call() {
    let hospital = open("f034d").await;
    let ward = |keys: &[&str]| Dial {
        keys: keys.iter().map(|&key| key.to_owned()).collect(),
        hangs_up_after: None,
        ..dial(Behaviour::Answer)
    };
    let nurse = Patient {
        number: "+8613900000001".to_owned(),
        dials: vec![ward(&["~1"]), ward(&[])],
        truth: None,
    };
    let carrier = hospital.carrier(vec![nurse]).await;
    hospital.discharges(&[discharge("N1", "13800000001").as_str()]).await;
    let line = json!({ "day": "2025-01-06", "shift": "day", "ward": "一病区", "rank": 1,
        "staff_no": "3001", "phone": "13900000001" });
    let roster = "/api/roster?from=2025-01-06&to=2025-01-06";
    hospital.put(roster, &json!({ "items": [line] })).ok();
    centre(&hospital, &json!({ "asks_rating": false, "rings": "duty_phone" }));
    let caller = async {
        let dial = Dial { keys: vec!["~0".to_owned()], ..dial(Behaviour::Answer) };
        carrier.call_in("13800000001", hospital.sip(), "05925027064", dial).await
    };
    let connected = async {
        until("the nurse is in", || {
            let board = hospital.get("/api/board").ok();
            let party = &board["calls"][0]["parties"][0];
            party["state"] == "talking" && party["name"] == "一病区"
        })
        .await;
        let board = hospital.get("/api/board").ok();
        board["calls"][0]["call_id"].as_str().unwrap().to_owned()
    };
    let call = tokio::select! {
        how = caller => panic!("{how:?} before the nurse was there"),
        call = connected => call,
    };
    assert_eq!(carrier.dials().get("+8613900000001"), Some(&1));
    let shown = hospital.get(&format!("/api/calls/{call}")).ok();
    assert_eq!(shown["call"]["state"], "answered");
}

/// F034, F036: who has no open follow-up is kept their word too: "call me tomorrow" stands in the
/// list with the number, and "no more calls" holds for the person, or for the number where it
/// cannot be known whose it is.
#[tokio::test(flavor = "multi_thread")]
async fn f034_what_a_caller_without_a_follow_up_wants_is_kept() {
    let head = "[sip]\ninbound_dialplan = \"inbound\"";
    let hospital = Hospital::open_with("f034w", "2025-01-06T10:00", head, "").await;
    let carrier = hospital.carrier(vec![]).await;
    let rows: Vec<_> = [("W1", "13800000001"), ("W2", "13800000002"), ("W3", "13800000002")]
        .map(|(no, phone)| discharge(no, phone))
        .to_vec();
    hospital.discharges(&rows.iter().map(String::as_str).collect::<Vec<_>>()).await;
    for from in ["13800000001", "13800000002", "13900000009"] {
        assert_eq!(rings_in(&hospital, &carrier, from, &["~9", "~1"]).await, "ended");
    }
    let refused = "select p.name from consent c join person p using (person_id) \
                   where c.scope = 'call' and c.decision = 'refused'";
    until("the refusal", || !hospital.sql(refused).trim().is_empty()).await;
    assert_eq!(hospital.sql(refused).trim(), "张W1");
    let numbers = "select e164 from do_not_call where revoked_at is null order by e164";
    until("the numbers", || hospital.sql(numbers).lines().count() == 2).await;
    assert_eq!(hospital.sql(numbers).trim(), "+8613800000002\n+8613900000009");

    hospital.on("2025-01-06T23:00").await;
    assert_eq!(rings_in(&hospital, &carrier, "13900000008", &["~2", "~2"]).await, "ended");
    until("the wish", || hospital.get("/api/voicemail?open=true").ok()["items"][0].is_object())
        .await;
    let wish = hospital.get("/api/voicemail?open=true").ok()["items"][0].clone();
    assert_eq!(wish["wants"], "次日首个时段回电");
    assert_eq!(wish["number"], "139 **** 0008");
    let id = wish["voicemail_id"].as_str().unwrap();
    let done = json!({ "outcome": "已回电" });
    hospital.post(&format!("/api/voicemail/{id}/close"), &done).ok();
}

/// F042: a message is kept, linked by its number, given to somebody, heard, closed.
#[tokio::test(flavor = "multi_thread")]
async fn f042_a_message_is_kept_linked_assigned_heard_and_closed() {
    let head = "[sip]\ninbound_dialplan = \"message\"";
    let hospital = Hospital::open_with("f042", "2025-01-06T22:00", head, TRUNK).await;
    let carrier = hospital.carrier(vec![]).await;
    let row = discharge("V1", "13800000001");
    hospital.discharges(&[row.as_str()]).await;
    let speaks = |from: &'static str| {
        let dial = Dial { keys: vec!["~tone 700 3".to_owned()], ..dial(Behaviour::Answer) };
        carrier.call_in(from, hospital.sip(), "05925027064", dial)
    };
    assert_eq!(speaks("13800000001").await, Some("ended"));
    assert_eq!(speaks("13900000009").await, Some("ended"));
    let mut listed = Value::Null;
    for _ in 0..600 {
        listed = hospital.get("/api/voicemail?open=true").ok();
        let items = listed["items"].as_array().unwrap();
        if items.len() == 2 && items.iter().all(|one| !one["recording_id"].is_null()) {
            break;
        }
        pass(0.1).await;
    }
    let items = listed["items"].as_array().unwrap();
    let of = |number: &str| items.iter().find(|one| one["number"] == number).unwrap();
    let known = of("138 **** 0001");
    assert_eq!((&known["name"], &known["department"]), (&json!("张V1"), &json!("心内科")));
    assert!(of("139 **** 0009")["person_id"].is_null(), "whose number nobody has");
    let span = known["to_ms"].as_i64().unwrap() - known["from_ms"].as_i64().unwrap();
    assert!((5000..7000).contains(&span), "{span} ms");
    let recording = known["recording_id"].as_str().unwrap();
    let bytes = hospital.bytes(&format!("/api/recordings/{recording}/audio"));
    let file = hospital.folder.join("message.wav");
    std::fs::write(&file, bytes).unwrap();
    assert!(seconds_of(&channel(&file, 0), 700.0) > 1.5);
    let id = known["voicemail_id"].as_str().unwrap();
    let path = |act: &str| format!("/api/voicemail/{id}/{act}");
    assert_eq!(hospital.post(&path("assign"), &json!({ "to": "nobody" })).status, 404);
    hospital.add_user("wang", "nurse").await;
    hospital.post(&path("assign"), &json!({ "to": "wang" })).ok();
    let mine = hospital.get("/api/voicemail?open=true&assigned_to=wang").ok();
    assert_eq!(mine["items"].as_array().unwrap().len(), 1);
    assert_eq!(hospital.post(&path("close"), &json!({ "outcome": " " })).status, 422);
    hospital.post(&path("close"), &json!({ "outcome": "已回电，约明日复查" })).ok();
    assert_eq!(hospital.post(&path("close"), &json!({ "outcome": "x" })).status, 409);
    let open = hospital.get("/api/voicemail?open=true").ok();
    assert_eq!(open["items"].as_array().unwrap().len(), 1);
}
