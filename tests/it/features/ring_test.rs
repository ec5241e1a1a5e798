use std::time::Duration;

use serde_json::{Value, json};
use suifang::sim::{Behaviour, Dial, Patient};

use crate::support::{dial, hospital::Hospital, until};

const TRUNK: &str = "lines = 5\ncalls_per_s = 10.0";

fn patient(number: &str, behaviour: Behaviour, keys: &[&str]) -> Patient {
    let keys = keys.iter().map(|key| (*key).to_owned()).collect();
    let dials = vec![Dial { keys, ..dial(behaviour) }];
    Patient { number: number.to_owned(), dials, truth: None }
}

/// The first number of the patient: its id, its state.
fn number(hospital: &Hospital, person: &str) -> (Value, Value) {
    let shown = hospital.get(&format!("/api/patients/{person}")).ok();
    let number = &shown["contacts"][0]["numbers"][0];
    (number["number_id"].clone(), number["state"].clone())
}

async fn outcome(hospital: &Hospital, person: &str) -> Value {
    for _ in 0..900 {
        let rings = hospital.get(&format!("/api/patients/{person}/ring-tests")).ok();
        if !rings[0]["outcome"].is_null() {
            return rings[0]["outcome"].clone();
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("the ring has no end");
}

fn discharge(no: &str, phone: &str) -> String {
    format!("张{no},男,1960-02-03,{no},心内科,一病区,2024-12-20,2025-01-01,1,{phone},J18,肺炎")
}

/// F027: a ward dials through the server, in town and out of town; a role without the right
/// to long distance is refused and told why, and what it may do changes at once.
#[tokio::test(flavor = "multi_thread")]
async fn f027_a_ward_rings_out_of_town_when_its_role_may_and_is_told_why_not() {
    let hospital = Hospital::open_with("f027", "2025-01-06T12:30", "", TRUNK).await;
    let carrier = hospital
        .carrier(vec![
            patient("+8613800000001", Behaviour::Answer, &["~1"]),
            patient("+865925551234", Behaviour::Answer, &["~1"]),
            patient("+865315551234", Behaviour::Answer, &["~1"]),
        ])
        .await;
    let rows = [
        discharge("M1", "13800000001"),
        discharge("L1", "5551234"),
        discharge("F1", "0531-5551234"),
    ];
    hospital.discharges(&rows.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let role = |toll: &str| {
        let role = json!({ "name": "病区护士", "modules": ["patients"], "toll": toll });
        hospital.put("/api/roles/ring_nurse", &role)
    };
    assert_eq!(role("cheap").status, 422);
    role("local").ok();
    hospital.add_user("nurse", "ring_nurse").await;
    let cookie = hospital.sign_in("nurse");
    let ring = |no: &str| {
        let person = hospital.person(no);
        let (number, _) = number(&hospital, &person);
        let path = format!("/api/patients/{person}/ring-tests");
        hospital.post_as(&cookie, &path, &json!({ "number_id": number }))
    };
    for no in ["M1", "F1"] {
        let refused = ring(no);
        assert_eq!(refused.status, 403, "{refused:?}");
        let why = refused.body["detail"].as_str().unwrap();
        assert!(why.contains("长途电话") && why.contains("本地电话"), "{why}");
    }
    assert_eq!(ring("L1").status, 202, "in town");
    assert_eq!(outcome(&hospital, &hospital.person("L1")).await, "completed");
    role("long_distance").ok();
    for no in ["M1", "F1"] {
        assert_eq!(ring(no).status, 202, "{no}, without a new sign-in");
        assert_eq!(outcome(&hospital, &hospital.person(no)).await, "completed");
    }
    let dials = carrier.dials();
    for number in ["+8613800000001", "+865925551234", "+865315551234"] {
        assert_eq!(dials.get(number), Some(&1), "{number}: once, and not when refused");
    }
    let roles = hospital.get("/api/roles").ok();
    let kept = roles.as_array().unwrap().iter().find(|role| role["code"] == "ring_nurse");
    assert_eq!(kept.unwrap()["toll"], "long_distance");
}

/// F020, F021 at the bedside: what a ring shows is evidence of the number, it is a dial, and
/// it is not recorded.
#[tokio::test(flavor = "multi_thread")]
async fn f021_a_number_is_rung_at_the_bedside_and_what_it_shows_is_evidence() {
    let hospital = Hospital::open_with("bedside", "2025-01-06T12:30", "", TRUNK).await;
    let carrier = hospital
        .carrier(vec![
            patient("+8613800000001", Behaviour::Answer, &["~1"]),
            patient("+8613800000002", Behaviour::Vacant, &[]),
            patient("+8613800000003", Behaviour::Answer, &[]),
            patient("+8613800000004", Behaviour::NoAnswer, &[]),
        ])
        .await;
    let rows: Vec<_> =
        (1..=4).map(|n| discharge(&format!("Z{n}"), &format!("1380000000{n}"))).collect();
    hospital.discharges(&rows.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let ring = |no: &str| {
        let person = hospital.person(no);
        let (number, _) = number(&hospital, &person);
        let path = format!("/api/patients/{person}/ring-tests");
        hospital.post(&path, &json!({ "number_id": number }))
    };
    for (no, expected, state) in [
        ("Z1", "completed", "valid"),
        ("Z2", "not_in_service", "suspect"),
        ("Z3", "answered_no_keys", "unverified"),
    ] {
        assert_eq!(ring(no).status, 202, "{no}");
        let person = hospital.person(no);
        assert_eq!(outcome(&hospital, &person).await, expected, "{no}");
        assert_eq!(number(&hospital, &person).1, state, "{no}");
    }
    assert_eq!(hospital.sql("select count(*) from recording"), "0", "nobody was asked");
    // It rings still: the telephone is not rung twice at once.
    assert_eq!(ring("Z4").status, 202);
    let again = ring("Z4");
    assert_eq!(again.status, 409, "{again:?}");
    let dials = || carrier.dials().get("+8613800000004").copied();
    assert!(until(Duration::from_secs(30), || dials().is_some()), "it does not ring");
    assert_eq!(dials(), Some(1));
    // A number of somebody else cannot be named, nor is it rung at night or after a death.
    let (of_z2, _) = number(&hospital, &hospital.person("Z2"));
    let path = format!("/api/patients/{}/ring-tests", hospital.person("Z1"));
    assert_eq!(hospital.post(&path, &json!({ "number_id": of_z2 })).status, 404);
    hospital.on("2025-01-06T21:00").await;
    assert!(ring("Z1").body["detail"].as_str().unwrap().contains("休息"));
    hospital.on("2025-01-07T10:00").await;
    let died = json!({ "reason": "died", "died_on": "2025-01-07", "why": "家属来电" });
    hospital.post(&format!("/api/patients/{}/end", hospital.person("Z1")), &died).ok();
    assert_eq!(ring("Z1").status, 409);
    assert_eq!(carrier.dials()["+8613800000001"], 1);
    let audited = hospital.sql("select count(*) from audit where subject = 'ring_test'");
    assert_eq!(audited, "7", "begun and ended, four rings; the last was cut by the night");
}

/// The gaps and caps of a person hold between a ring at the bedside and the machine.
#[tokio::test(flavor = "multi_thread")]
async fn f048_a_ring_at_the_bedside_is_a_dial_to_the_person() {
    let hospital = Hospital::open_with("ringgap", "2025-01-06T09:30", "", TRUNK).await;
    let carrier =
        hospital.carrier(vec![patient("+8613800000001", Behaviour::Answer, &["~1"])]).await;
    let header = "姓名,性别,出生日期,住院号,出院科室,出院日期,联系电话";
    let row = "王秀英,女,1952-08-15,Z1,心内科,2025-01-01,13800000001";
    let import = hospital.import("in.csv", format!("{header}\n{row}\n").as_bytes()).await;
    let person = hospital.person("Z1");
    let (id, _) = number(&hospital, &person);
    let path = format!("/api/patients/{person}/ring-tests");
    hospital.post(&path, &json!({ "number_id": id })).ok();
    assert_eq!(outcome(&hospital, &person).await, "completed");
    let ask = json!({ "name": "试", "dialplan": "quick", "import_id": import["import_id"] });
    let run = hospital.post("/api/runs", &ask).ok()["run_id"].as_str().unwrap().to_owned();
    hospital.post(&format!("/api/runs/{run}/start"), &json!({})).ok();
    let decisions = || {
        let path = format!("/api/patients/{person}/decisions?day=2025-01-06");
        hospital.get(&path).ok().as_array().unwrap().clone()
    };
    let put_off = || decisions().into_iter().find(|one| one["what"] == "put_off");
    for _ in 0..300 {
        if put_off().is_some() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(put_off().expect("a decision")["why"], "gap", "{:?}", decisions());
    assert_eq!(carrier.dials()["+8613800000001"], 1, "not again within four hours");
}

/// The carrier counts every call of its line: a ring at the bedside takes the place of one of
/// the machine's.
#[tokio::test(flavor = "multi_thread")]
async fn f048_a_ring_at_the_bedside_counts_for_the_carriers_watch_list() {
    let trunk = "lines = 5\ncalls_per_s = 10.0\n[trunk.governor]\ncalls_per_h_max = 2";
    let hospital = Hospital::open_with("ringgov", "2025-01-06T09:30", "", trunk).await;
    let keys = ["~1", "~42#", "~1"];
    let numbers = ["+8613800000001", "+8613800000002", "+8613800000003"];
    let people = numbers.map(|number| patient(number, Behaviour::Answer, &keys));
    let carrier = hospital.carrier(people.to_vec()).await;
    let header = "姓名,性别,出生日期,住院号,出院科室,出院日期,联系电话";
    let rows = "王一,女,1952-08-15,Z1,心内科,2025-01-01,13800000001\n\
                王二,女,1952-08-15,Z2,心内科,2025-01-01,13800000002\n\
                王三,女,1952-08-15,Z3,心内科,2025-01-01,13800000003";
    let import = hospital.import("in.csv", format!("{header}\n{rows}\n").as_bytes()).await;
    let person = hospital.person("Z1");
    let (id, _) = number(&hospital, &person);
    let path = format!("/api/patients/{person}/ring-tests");
    hospital.post(&path, &json!({ "number_id": id })).ok();
    assert_eq!(outcome(&hospital, &person).await, "completed");
    let ask = json!({ "name": "试", "dialplan": "quick", "import_id": import["import_id"] });
    let run = hospital.post("/api/runs", &ask).ok()["run_id"].as_str().unwrap().to_owned();
    hospital.post(&format!("/api/runs/{run}/start"), &json!({})).ok();
    let idle = || hospital.get(&format!("/api/runs/{run}")).ok()["why_idle"].clone();
    for _ in 0..300 {
        if idle().as_str().is_some_and(|why| why.starts_with("governor_calls_per_h")) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let why = idle();
    assert!(why.as_str().unwrap_or_default().starts_with("governor_calls_per_h"), "{why}");
    assert_eq!(carrier.dials().values().sum::<usize>(), 2, "one by a ward, one by the machine");
}
