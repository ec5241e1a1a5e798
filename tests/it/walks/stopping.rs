use std::{
    collections::BTreeSet,
    sync::{Arc, OnceLock},
    time::Duration,
};

use rand::{Rng as _, SeedableRng as _};
use serde_json::json;
use suifang::{
    sim::{Carrier, Comparison, compare},
    store::{Database, Principal},
};

use crate::support::{Page, Stage, answers, moment, said, sha256, until};

/// The red button during a run: no INVITE leaves later than two seconds after it, and none
/// after a restart, until another person resumes.
#[tokio::test(flavor = "multi_thread")]
async fn after_stop_all_no_invite_leaves_until_another_person_resumes() {
    let mut stage = Stage::new("stop", "lines = 30\ncalls_per_s = 15.0");
    let patients: Vec<_> = (0..150).map(answers).collect();
    let _carrier = stage.carrier(patients.clone()).await;
    stage.start();
    let file = stage.discharges(&patients);
    stage.run(&["import", file.to_str().unwrap(), "--run", "quick"]);
    assert!(until(Duration::from_secs(60), || stage.on_the_wire("invite").len() >= 20));
    let stopped = stage.run(&["stop-all", "--reason", "test", "--by", "zhang"]);
    assert!(stopped.status.success(), "{}", said(&stopped));
    let at = suifang::engine::Clock::wall(&suifang::engine::SystemClock);
    tokio::time::sleep(Duration::from_secs(4)).await;
    let late = |stage: &Stage| {
        let invites = stage.on_the_wire("invite");
        let limit = at + chrono::Duration::seconds(2);
        invites.iter().filter(|(_, when)| moment(when) > limit).count()
    };
    assert_eq!(late(&stage), 0);
    assert_eq!(stage.terminate(), Some(0));
    stage.start();
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(late(&stage), 0, "dialled after a restart");
    let same = stage.run(&["resume-all", "--by", "zhang"]);
    assert!(!same.status.success(), "the same person resumed");
    let other = stage.run(&["resume-all", "--by", "li"]);
    assert!(other.status.success(), "{}", said(&other));
    assert!(until(Duration::from_secs(60), || late(&stage) > 0), "nothing dialled after resuming");
}

/// kill -9 in the middle of a run, several times: nobody is called twice, no committed
/// answer is lost, every recording opens, and what is uncertain says so.
#[tokio::test(flavor = "multi_thread")]
async fn case_43_a_crash_calls_nobody_twice_and_loses_no_answer() {
    let kills = std::env::var("SUIFANG_KILLS").ok().and_then(|n| n.parse().ok()).unwrap_or(3);
    let patients: Vec<_> = (0..40 + 20 * kills).map(answers).collect();
    let mut stage = Stage::new("crash", &format!("lines = {LINES}\ncalls_per_s = 4.0"));
    let carrier = stage.carrier(patients.clone()).await;
    stage.start();
    let file = stage.discharges(&patients);
    stage.run(&["import", file.to_str().unwrap(), "--run", "quick"]);
    let database = stage.database().await;
    let mut on_the_wire_at_kills = 0;
    for kill in 0..kills {
        tokio::time::sleep(Duration::from_millis(3000 + 700 * (kill as u64 % 7))).await;
        let before = answers_stored(&database).await;
        stage.kill();
        // Patients of calls that earlier kills cut off stay in the carrier's books; never
        // more than our lines are our calls.
        let open = stage.on_the_wire("invite").len() - stage.on_the_wire("ended").len();
        on_the_wire_at_kills += open.min(LINES);
        stage.start();
        let after = answers_stored(&database).await;
        assert!(after >= before, "{before} answers were stored, {after} are left");
    }
    let all_dialled = |dials: usize| dials >= patients.len();
    let done = until(Duration::from_secs(240 + 40 * kills as u64), || {
        all_dialled(carrier.dials().len()) && stage.run(&["status"]).stdout.starts_with(b"0 calls")
    });
    assert!(done, "{} of {} dialled\n{}", carrier.dials().len(), patients.len(), stage.log());
    for (number, dials) in carrier.dials() {
        assert_eq!(dials, 1, "{number} was dialled {dials} times");
    }
    let mut scope = database.scope(&Principal::System("test")).await.unwrap();
    let uncertain = suifang::store::attempt::uncertain(&mut scope, 1000).await.unwrap().len();
    assert!(
        uncertain <= on_the_wire_at_kills,
        "{uncertain} uncertain, {on_the_wire_at_kills} live"
    );
    let recordings = suifang::store::recording::all(&mut scope).await.unwrap();
    for row in recordings.iter().filter(|row| ["finished", "repaired"].contains(&&*row.state)) {
        let path = stage.folder.join("recordings").join(&row.path);
        hound::WavReader::open(&path).unwrap_or_else(|error| panic!("{}: {error}", row.path));
        assert_eq!(row.sha256, Some(sha256(&path)), "{} is {}", row.path, row.state);
    }
    assert!(recordings.iter().all(|row| row.state != "recording"), "a row still says recording");
    let result = compare(&database, carrier.truth()).await.unwrap();
    assert_eq!(result.differences, Vec::<String>::new());
    assert_eq!(result.compared + uncertain, patients.len());
    drop(scope);
    resolved_by_a_person(&stage, &carrier, &database, uncertain).await;
    // Who was left on a dead line has hung up.
    let on_the_line = || stage.on_the_wire("invite").len() - stage.on_the_wire("ended").len();
    assert!(until(Duration::from_secs(60), || on_the_line() == 0), "{} hang on", on_the_line());
}

/// Each dial whose end nobody knows has an owner and a way out. A nurse lets them be dialled
/// again: once each, and the record is then as the truth says for at least 95 of 100.
async fn resolved_by_a_person(
    stage: &Stage,
    carrier: &Carrier,
    database: &Database,
    uncertain: usize,
) {
    let page = Page::sign_in(stage, "nurse", "sys_admin");
    let mut again = BTreeSet::new();
    for _ in 0..=uncertain {
        let list = page.get("/api/attempts/uncertain?limit=200");
        let Some(attempt) = list.as_array().unwrap().first() else { break };
        assert!(attempt["owner"].as_str().is_some_and(|owner| !owner.is_empty()), "{attempt}");
        let path = format!("/api/attempts/{}/resolve", attempt["attempt_id"].as_str().unwrap());
        assert_eq!(page.post(&path, &json!({ "resolution": "redial" })).0, 200);
        again.insert(attempt["task_id"].as_str().unwrap().to_owned());
    }
    assert_eq!(again.len(), uncertain);
    let total = carrier.truth().patients.len();
    let done = until(Duration::from_secs(180 + 4 * uncertain as u64), || {
        carrier.dials().values().sum::<usize>() >= total + uncertain
            && stage.run(&["status"]).stdout.starts_with(b"0 calls")
    });
    assert!(done, "not all were dialled again\n{}", stage.log());
    let twice = carrier.dials().values().filter(|dials| **dials > 1).count();
    assert_eq!(twice, again.len(), "dialled again without leave");
    assert!(carrier.dials().values().all(|dials| *dials <= 2), "dialled three times");
    let mut truth = carrier.truth().clone();
    for expected in truth.patients.iter_mut().filter_map(|patient| patient.truth.as_mut()) {
        expected.dials = None;
    }
    let result = compare(database, &truth).await.unwrap();
    let off = differing(&result);
    println!(
        "{uncertain} of {total} were uncertain; after a person let them be dialled again \
        {} differ from the truth: {:?}",
        off.len(),
        result.differences
    );
    assert_eq!(result.compared, total);
    assert!(off.len() * 20 <= total, "{:?}", result.differences);
}

/// The same at two hundred random moments of a run of 500, while a nurse lets those be
/// dialled again whose end nobody knows (SUIFANG_KILLS: fewer).
#[tokio::test(flavor = "multi_thread")]
#[ignore = "an hour: make torture"]
async fn two_hundred_crashes_call_nobody_without_leave() {
    let count = |name: &str, usual: usize| {
        std::env::var(name).ok().and_then(|n| n.parse().ok()).unwrap_or(usual)
    };
    let (kills, people) = (count("SUIFANG_KILLS", 200), count("SUIFANG_PATIENTS", 500));
    let seed = rand::random::<u64>();
    println!("seed {seed}");
    let mut rng = rand::rngs::StdRng::seed_from_u64(seed);
    let patients: Vec<_> = (0..people).map(answers).collect();
    let mut stage = Stage::new("crashes", &format!("lines = {LINES}\ncalls_per_s = 4.0"));
    let record = Arc::new(OnceLock::new());
    let carrier = stage.carrier_hearing(patients.clone(), Arc::clone(&record)).await;
    stage.start();
    let page = Page::sign_in(&stage, "nurse", "sys_admin");
    let file = stage.discharges(&patients);
    stage.run(&["import", file.to_str().unwrap(), "--run", "quick"]);
    let database = stage.database().await;
    record.set(database.clone()).unwrap();
    let mut leaves = 0;
    for _ in 0..kills {
        tokio::time::sleep(Duration::from_millis(rng.random_range(500..9000))).await;
        let before = answers_stored(&database).await;
        stage.kill();
        stage.start();
        assert!(answers_stored(&database).await >= before, "an answer is lost");
        leaves += let_them_be_dialled(&page);
    }
    let done = until(Duration::from_secs(3600), || {
        leaves += let_them_be_dialled(&page);
        let run = page.get("/api/runs")["items"][0].clone();
        run["state"] == "finished" && page.get("/api/overview")["live"] == 0
    });
    assert!(done, "not all came to an end\n{}", stage.log());
    let dials: usize = carrier.dials().values().sum();
    println!("{kills} kills, {leaves} leaves, {dials} dials for {} patients", patients.len());
    assert!(dials <= patients.len() + leaves, "dialled without leave");
    let mut truth = carrier.truth().clone();
    for expected in truth.patients.iter_mut().filter_map(|patient| patient.truth.as_mut()) {
        expected.dials = None;
    }
    let result = compare(&database, &truth).await.unwrap();
    let off = differing(&result);
    println!("{} end otherwise than the truth: {:?}", off.len(), result.differences);
    assert_eq!(result.compared, patients.len());
    assert!(off.len() * 20 <= patients.len());
}

/// The numbers of which anything is otherwise than the truth.
fn differing(result: &Comparison) -> BTreeSet<&str> {
    result.differences.iter().filter_map(|what| what.split(':').next()).collect()
}

fn let_them_be_dialled(page: &Page) -> usize {
    let list = page.get("/api/attempts/uncertain?limit=200");
    for attempt in list.as_array().unwrap() {
        let path = format!("/api/attempts/{}/resolve", attempt["attempt_id"].as_str().unwrap());
        assert_eq!(page.post(&path, &json!({ "resolution": "redial" })).0, 200);
    }
    list.as_array().unwrap().len()
}

async fn answers_stored(database: &Database) -> i64 {
    let mut scope = database.scope(&Principal::System("test")).await.unwrap();
    suifang::store::answer::count(&mut scope).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_database_may_be_killed_in_mid_run() {
    let kills = std::env::var("SUIFANG_KILLS").ok().and_then(|n| n.parse().ok()).unwrap_or(1);
    let patients: Vec<_> = (0..40).map(answers).collect();
    let mut stage = Stage::new("pgkill", "lines = 6\ncalls_per_s = 3.0");
    let carrier = stage.carrier(patients.clone()).await;
    stage.start();
    let file = stage.discharges(&patients);
    stage.run(&["import", file.to_str().unwrap(), "--run", "quick"]);
    for _ in 0..kills {
        tokio::time::sleep(Duration::from_secs(4)).await;
        let pid = std::fs::read_to_string(stage.folder.join("data/postgres/postmaster.pid"));
        let pid = pid.unwrap().lines().next().unwrap().to_owned();
        std::process::Command::new("kill").args(["-9", &pid]).status().unwrap();
    }
    let done = until(Duration::from_secs(300), || {
        carrier.dials().len() == patients.len()
            && stage.run(&["status"]).stdout.starts_with(b"0 calls")
    });
    assert!(done, "{} of {} dialled\n{}", carrier.dials().len(), patients.len(), stage.log());
    let database = stage.database().await;
    let result = compare(&database, carrier.truth()).await.unwrap();
    let off = result.differences.len() + result.not_dialled;
    assert!(off * 20 <= patients.len() * 2, "{:?}\n{}", result, stage.log());
    for (number, dials) in carrier.dials() {
        assert_eq!(dials, 1, "{number} was dialled {dials} times");
    }
}

const LINES: usize = 8;
