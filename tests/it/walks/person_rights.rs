//! What a person may ask of us: a copy of all of it, no further use of it, its erasure.

use std::{fs, time::Duration};

use serde_json::{Value, json};

use super::keeping::{called, sql};
use crate::support::{Page, Stage, answers, said, until};

/// Export, restriction and its end, erasure by two people: through the page's side of the API.
#[tokio::test(flavor = "multi_thread")]
async fn f135_a_person_is_exported_restricted_and_erased_by_two_people() {
    let mut stage = Stage::new("rights", "lines = 5\ncalls_per_s = 5.0");
    let patients: Vec<_> = (0..3).map(answers).collect();
    let _carrier = stage.carrier(patients.clone()).await;
    stage.start();
    called(&stage, patients.len(), &stage.discharges(&patients));
    let person = sql(&stage, "select person_id from admission where admission_no = 'T00001'");
    let li = Page::sign_in(&stage, "li", "supervisor");
    let zhao = Page::sign_in(&stage, "zhao", "supervisor");
    let nurse = Page::sign_in(&stage, "wang", "nurse");
    let at = |what: &str| format!("/api/person-rights/{person}{what}");
    for what in ["", "/export"] {
        assert_eq!(nurse.answered(&at(what), None).0, 403);
    }
    export(&stage, &li, &person);

    // Restricted twice is restricted once; what was to come does not come.
    let tasks = |terms: &str| {
        sql(&stage, &format!("select count(*) from task where person_id = '{person}' and {terms}"))
    };
    let planned = tasks("state = 'pending'");
    assert_ne!(planned, "0");
    let why = json!({ "reason": "本人来信" });
    assert_eq!(li.post(&at("/restrict"), &json!({ "reason": " " })).0, 422);
    for _ in 0..2 {
        assert_eq!(li.post(&at("/restrict"), &why).0, 204);
    }
    let lines =
        format!("select count(*) from audit where did = 'restricted' and subject_id = '{person}'");
    assert_eq!(sql(&stage, &lines), "1");
    assert_eq!(tasks("state = 'pending'"), "0");
    assert_eq!(tasks("state = 'cancelled' and why = 'restricted'"), planned);
    assert_eq!(li.get(&at(""))["restricted_why"], "本人来信");
    // A run that is made now does not call them.
    let chief = Page::sign_in(&stage, "chief", "sys_admin");
    let import = sql(&stage, "select import_id from import");
    let again = json!({ "name": "again", "dialplan": "quick", "import_id": import });
    let (status, run) = chief.post("/api/runs", &again);
    assert!(status < 300, "{run}");
    let run = run["run_id"].as_str().unwrap();
    assert!(chief.post(&format!("/api/runs/{run}/start"), &json!({})).0 < 300);
    let ended = format!("run_id = '{run}' and state = 'cancelled' and why = 'restricted'");
    assert!(until(Duration::from_secs(60), || tasks(&ended) == "1"), "{}", stage.log());
    assert!(chief.post(&format!("/api/runs/{run}/stop"), &json!({ "reason": "test" })).0 < 300);
    assert_eq!(li.post(&at("/lift"), &why).0, 204);
    assert_eq!(tasks("state = 'pending' and run_id is null"), planned);
    assert_eq!(li.get(&at(""))["restricted_at"], Value::Null);

    consents(&stage, &li, &person);
    erase(&stage, (&li, &zhao), &person);
    let counts =
        |of: &str| sql(&stage, &format!("select count(*) from {of} where person_id = '{person}'"));
    for of in ["admission", "attempt", "call", "answer"] {
        assert_ne!(counts(of), "0", "{of}: what is counted is gone");
    }
    assert!(until(Duration::from_secs(60), || said(&stage.run(&["verify"]))
        .contains("(0 not sealed yet)")));
    let verified = stage.run(&["verify"]);
    assert!(
        said(&verified).contains("clean: ") && said(&verified).contains(" 2 recordings"),
        "{}",
        said(&verified)
    );
    nothing_is_left(&stage, "张1", "13800000001");
    assert_eq!(li.post(&at("/lift"), &why).0, 409);
}

/// In a letter: calls end with the reason, and may be made again when it is given again.
fn consents(stage: &Stage, page: &Page, person: &str) {
    let at = format!("/api/person-rights/{person}/consents");
    let said = |decision: &str, source: &str| json!({ "scope": "call", "decision": decision, "source": source, "wording": "2026-05" });
    assert_eq!(page.post(&at, &said("withdrawn", "rumour")).0, 422);
    assert_eq!(page.post(&at, &said("withdrawn", "letter")).0, 204);
    let left =
        format!("select count(*) from task where person_id = '{person}' and state = 'pending'");
    assert_eq!(sql(stage, &left), "0");
    assert_eq!(page.post(&at, &said("given", "in_person")).0, 204);
    let all = page.get(&format!("/api/person-rights/{person}"))["consents"].clone();
    let told = |n: usize| {
        (
            all[n]["decision"].as_str().unwrap(),
            all[n]["source"].as_str().unwrap(),
            all[n]["by"].as_str().unwrap(),
        )
    };
    assert_eq!((told(0), told(1)), (("given", "in_person", "li"), ("withdrawn", "letter", "li")));
}

fn export(stage: &Stage, page: &Page, person: &str) {
    let all = page.get(&format!("/api/person-rights/{person}/export"));
    assert_eq!(all["person"][0]["name"], "张1");
    assert_eq!(all["contacts"][0]["numbers"][0]["e164"], "+8613800000001");
    assert_eq!(all["recordings"].as_array().unwrap().len(), 1);
    assert_eq!(all["answers"].as_array().unwrap().len(), 3);
    assert!(!all.to_string().contains("张2"), "somebody else is in it");
    let by_command = stage.run(&["person", "export", person, "--by", "li"]);
    let same: Value = serde_json::from_slice(&by_command.stdout).unwrap();
    assert_eq!((&same["answers"], &same["calls"]), (&all["answers"], &all["calls"]));
    assert_eq!(same["seen_by"].as_array().unwrap().last().unwrap()["did"], "exported");
    let unknown = stage.run(&["person", "export", "nobody", "--by", "li"]);
    assert!(!unknown.status.success() && unknown.stdout.is_empty(), "{}", said(&unknown));
}

fn erase(stage: &Stage, (li, zhao): (&Page, &Page), person: &str) {
    let at = |what: &str| format!("/api/person-rights/{person}{what}");
    let why = json!({ "reason": "本人来信" });
    let recording = sql(
        stage,
        &format!(
            "select r.recording_id || ' ' || path from recording r join call c using (call_id) where c.person_id = '{person}'"
        ),
    );
    let (recording, path) = recording.split_once(' ').unwrap();
    let file = stage.folder.join("recordings").join(path);
    let none = json!({});
    assert_eq!(zhao.post(&at("/erase/confirm"), &none).0, 409, "nobody has asked");
    let hold = |what: &str| format!("/api/recordings/{recording}/{what}");
    assert_eq!(li.post(&hold("hold"), &json!({ "reason": "纠纷" })).0, 204);
    let (status, refused) = li.post(&at("/erase"), &why);
    assert_eq!(status, 409);
    assert!(refused["detail"].as_str().unwrap().contains("纠纷"), "{refused}");
    assert_eq!(li.post(&hold("release"), &json!({ "reason": "已结案" })).0, 204);
    assert_eq!(li.post(&at("/erase"), &why).0, 204);
    assert_eq!(li.post(&at("/erase/withdraw"), &none).0, 204);
    let asked = stage.run(&["person", "erase", person, "--by", "li", "--reason", "letter"]);
    assert!(said(&asked).contains("another person confirms"), "{}", said(&asked));
    assert_eq!(li.post(&at("/erase/confirm"), &none).0, 409, "by whoever asked");
    assert!(file.is_file());
    // Nor behind the server's back.
    let alone = std::panic::catch_unwind(|| {
        sql(
            stage,
            "set role suifang_app; select erase_person((select erasure_id from erasure where confirmed_at is null and withdrawn_at is null))",
        )
    });
    assert!(alone.is_err());
    for _ in 0..2 {
        assert_eq!(zhao.post(&at("/erase/confirm"), &none).0, 204);
    }
    assert!(!file.exists());
    assert_ne!(zhao.get(&at(""))["erased_at"], Value::Null);
}

/// In any row of any table but the lists of numbers nobody is to dial.
fn nothing_is_left(stage: &Stage, name: &str, number: &str) {
    let tables = sql(
        stage,
        "select relname from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace",
    );
    assert!(tables.lines().count() > 60);
    for table in tables.lines() {
        let found = sql(
            stage,
            &format!(
                "select count(*) from \"{table}\" t where t::text like '%{name}%' or t::text like '%{number}%'"
            ),
        );
        assert_eq!(found, "0", "{table} still tells who it was");
    }
    let log = fs::read_to_string(stage.folder.join("server.log")).unwrap();
    assert!(!log.contains(name) && !log.contains(number));
}
