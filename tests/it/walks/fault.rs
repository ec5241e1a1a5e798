use std::time::Duration;

use sqlx::{Connection, PgConnection, postgres::PgConnectOptions};
use suifang::store::{Principal, attempt, recording};

use crate::support::{Stage, answers, number, until};

/// The database takes no answer: the patient hears an apology, the call ends as our fault,
/// and what was keyed is written as soon as that is possible.
#[tokio::test(flavor = "multi_thread")]
async fn answers_that_cannot_be_stored_end_the_call_politely_and_are_not_lost() {
    let mut stage = Stage::new("fault", "lines = 5\ncalls_per_s = 5.0");
    let patients = vec![answers(1)];
    let _carrier = stage.carrier(patients.clone()).await;
    stage.start();
    let mut blocked = owner(&stage).await;
    let mut lock = blocked.begin().await.unwrap();
    // Others may read it, and nobody may write.
    sqlx::raw_sql("lock table answer in exclusive mode").execute(&mut *lock).await.unwrap();
    let file = stage.discharges(&patients);
    stage.run(&["import", file.to_str().unwrap(), "--run", "quick"]);
    let ended = until(Duration::from_secs(120), || stage.on_the_wire("ended").len() == 1);
    assert!(ended, "the call did not end while the database stood\n{}", stage.log());
    let database = stage.database().await;
    let system = Principal::System("test");
    let mut scope = database.scope(&system).await.unwrap();
    let waiting = attempt::answers_of_number(&mut scope, &number(1)).await.unwrap();
    assert_eq!(waiting, [], "nothing could be stored");
    drop(scope);
    lock.rollback().await.unwrap();
    let mut outcome = None;
    for _ in 0..240 {
        let mut scope = database.scope(&system).await.unwrap();
        let dials = attempt::of_number(&mut scope, &number(1)).await.unwrap();
        outcome = dials.first().and_then(|dial| dial.outcome.clone());
        if outcome.is_some() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    assert_eq!(outcome.as_deref(), Some("system_fault"), "{}", stage.log());
    let mut scope = database.scope(&system).await.unwrap();
    let stored = attempt::answers_of_number(&mut scope, &number(1)).await.unwrap();
    assert_eq!(stored, [("q.one".to_owned(), "one".to_owned())], "the answer came late, not never");
    apology_was_heard(&stage, &recording::all(&mut scope).await.unwrap());
    assert!(stage.log().contains("an answer could not be stored in time"));
}

/// After the silence in which the answer waited, our side speaks once more.
fn apology_was_heard(stage: &Stage, rows: &[recording::Recording]) {
    let row = rows.iter().find(|row| row.kind == "call").unwrap();
    let path = stage.folder.join("recordings").join(&row.path);
    let mut reader = hound::WavReader::open(path).unwrap();
    let ours: Vec<i16> = reader.samples::<i16>().map(Result::unwrap).skip(1).step_by(2).collect();
    let is_loud = |second: &[i16]| second.iter().any(|sample| sample.unsigned_abs() > 1000);
    let loud: Vec<bool> = ours.chunks(8000).map(is_loud).collect();
    let quiet = loud.windows(8).position(|seconds| seconds.iter().all(|loud| !loud));
    let quiet = quiet.unwrap_or_else(|| panic!("nobody waited: {loud:?}"));
    assert!(loud[quiet..].iter().any(|loud| *loud), "no apology: {loud:?}");
}

/// Beside the server, as who owns the tables.
async fn owner(stage: &Stage) -> PgConnection {
    let pid = std::fs::read_to_string(stage.folder.join("data/postgres/postmaster.pid")).unwrap();
    let socket = pid.lines().nth(4).unwrap();
    let options = PgConnectOptions::new_without_pgpass().socket(socket).username("suifang_owner");
    PgConnection::connect_with(&options.database("suifang")).await.unwrap()
}
