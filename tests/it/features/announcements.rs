//! What a carrier says before the answer is learnt from three dials and known in the fourth.

use std::{process::Command, sync::Arc};

use serde_json::{Value, json};
use suifang::{
    engine::SystemClock,
    sim::{Behaviour, Carrier, Patient, Truth},
};

use crate::support::{dial, hospital::Hospital};

/// The carrier says 480 with cause 20 after what it plays: by itself that is `unreachable`.
#[tokio::test(flavor = "multi_thread")]
async fn early_media_is_recorded_learnt_and_known_in_the_next_dial() {
    let hospital = Hospital::open_with("announced", "2025-01-06T09:30", "", TRUNK).await;
    let does = |n: usize| if n == 5 { Behaviour::Vacant } else { Behaviour::PoweredOff };
    let patients = (1..=5).map(|n| Patient {
        number: format!("+86{}", number(n)),
        dials: vec![dial(does(n))],
        truth: None,
    });
    let truth = Truth {
        seed: 1,
        listen: ([127, 0, 0, 1], hospital.carrier_port).into(),
        log: None,
        username: None,
        password: None,
        patients: patients.collect(),
    };
    let _carrier = Carrier::start(truth, Arc::new(SystemClock)).await.unwrap();
    for n in 1..=3 {
        let done = dialled(&hospital, n).await;
        assert_eq!(done["outcome"], "unreachable");
        assert_eq!((&done["early_media"], &done["heard_source"]), (&Value::Null, &Value::Null));
    }

    let early = "select path from recording where kind = 'early' and state = 'finished'";
    let recorded = hospital.sql(early);
    let folder = hospital.server.core.recordings();
    let files: Vec<String> =
        recorded.lines().map(|path| folder.join(path).display().to_string()).collect();
    assert_eq!(files.len(), 3);
    let unknown = command(&hospital, &["unknown"]);
    assert!(files.iter().all(|file| unknown.contains(file.as_str())), "{unknown}");
    // Another word than the carrier's cause, so that it is seen which of them decides.
    let files: Vec<&str> = files.iter().map(String::as_str).collect();
    let said =
        command(&hospital, &[&["learn", "vacant_number", "--by", "li"], &files[..]].concat());
    assert!(said.contains(" vacant_number: ") && said.contains("learnt from 3"), "{said}");
    assert!(command(&hospital, &["list"]).contains("from 3 recordings, by li"));
    let said = command(&hospital, &["test", files[0]]);
    assert!(said.contains(": vacant_number, "), "{said}");
    let said = command(&hospital, &["learn", "vacant_number", files[0]]);
    assert!(said.contains("at least 3 recordings, not 1"), "{said}");
    let said = command(&hospital, &["learn", "out_of_beer", files[0]]);
    assert!(said.contains("\"out_of_beer\" is not an announcement"), "{said}");
    let core = &hospital.server.core;
    assert_eq!(core.load_announcements().await.unwrap(), 1);
    let noted = "select count(*) from audit where subject = 'announcement'";
    assert_eq!(hospital.sql(noted).trim(), "1");

    let done = dialled(&hospital, 4).await;
    assert_eq!(done["outcome"], "not_in_service");
    assert_eq!(done["early_media"], "vacant_number");
    assert_eq!(done["heard_source"], "announcement");
    assert!(done["heard_confidence_percent"].as_i64().unwrap() > 50, "{done}");
    assert!(done["heard_at_ms"].as_i64().unwrap() < 3500, "{done}");
    // What was not learnt is unknown.
    let done = dialled(&hospital, 5).await;
    assert_eq!(done["heard_source"], Value::Null);
    labelled_on_the_page(&hospital);
}

/// The same by the API, as the page does it: heard, labelled, forgotten.
fn labelled_on_the_page(hospital: &Hospital) {
    let listed = || hospital.get("/api/announcements").ok();
    let (known, unknown) = (listed()["known"][0].clone(), listed()["unknown"].clone());
    assert_eq!((&known["class"], &known["recordings"]), (&json!("vacant_number"), &json!(3)));
    let ids: Vec<Value> =
        unknown.as_array().unwrap().iter().map(|one| one["recording_id"].clone()).collect();
    assert_eq!(ids.len(), 4, "three of the first kind, and the latest, of another: {unknown}");
    let path = |id: &Value, what: &str| {
        format!("/api/announcements/heard/{}/{what}", id.as_str().unwrap())
    };
    let listened = "select count(*) from audit where did = 'listened'";
    let before: i64 = hospital.sql(listened).parse().unwrap();
    assert!(hospital.bytes(&path(&ids[0], "audio")).starts_with(b"RIFF"));
    assert_eq!(hospital.sql(listened), (before + 1).to_string());
    let verdict = |id: &Value| hospital.get(&path(id, "verdict")).ok()["class"].clone();
    assert_eq!((verdict(&ids[0]), verdict(&ids[1])), (Value::Null, json!("vacant_number")));

    let id = known["announcement_id"].as_str().unwrap();
    let forget = || hospital.post(&format!("/api/announcements/{id}/forget"), &json!({})).status;
    assert_eq!((forget(), forget()), (204, 404));
    assert_eq!(verdict(&ids[1]), Value::Null);
    let learn = |class: &str, ids: &[Value]| {
        let ask = json!({ "class": class, "recording_ids": ids });
        hospital.post("/api/announcements", &ask)
    };
    for (class, ids, wrong) in [
        ("powered_off", &ids[1..3], "不是 2 段 / "),
        ("powered_off", &ids[..3], "不是同一条提示音 / "),
        ("out_of_beer", &ids[1..], "out_of_beer"),
    ] {
        let refused = learn(class, ids);
        assert_eq!(refused.status, 422);
        assert!(refused.body["detail"].as_str().unwrap().contains(wrong), "{refused:?}");
    }
    assert_eq!(learn("powered_off", &ids[1..]).status, 201);
    assert_eq!(listed()["known"][0]["class"], "powered_off");
    assert_eq!(listed()["unknown"].as_array().unwrap().len(), 1, "the others have their label");
    assert_eq!(verdict(&ids[1]), "powered_off");
}

/// What `suifang announcements …` prints, here or as an error.
fn command(hospital: &Hospital, words: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_suifang"))
        .arg("--config")
        .arg(hospital.folder.join("suifang.toml"))
        .arg("announcements")
        .args(words)
        .current_dir(&hospital.folder)
        .output()
        .unwrap();
    String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()
}

fn number(n: usize) -> String {
    format!("1380000000{n}")
}

/// Dials one more patient; answers what stands in the record.
async fn dialled(hospital: &Hospital, n: usize) -> Value {
    let row = format!("王秀英{n},女,1952-08-15,Z{n},心内科,2025-01-01,{}", number(n));
    let header = "姓名,性别,出生日期,住院号,出院科室,出院日期,联系电话";
    let import =
        hospital.import(&format!("{n}.csv"), format!("{header}\n{row}\n").as_bytes()).await;
    let id = import["import_id"].clone();
    let ask = json!({ "name": "试", "dialplan": "quick", "import_id": id, "trunk": "sim" });
    let made = hospital.post("/api/runs", &ask).ok();
    let run = made["run_id"].as_str().unwrap();
    hospital.post(&format!("/api/runs/{run}/start"), &json!({})).ok();
    let ask = format!(
        "select json_build_object('outcome', outcome, 'early_media', early_media,
             'heard_source', heard_source, 'heard_at_ms', heard_at_ms,
             'heard_confidence_percent', heard_confidence_percent)
         from attempt where e164 = '+86{}' and state = 'ended'",
        number(n)
    );
    for _ in 0..600 {
        if let Some(line) = hospital.sql(&ask).lines().next() {
            return serde_json::from_str(line).unwrap();
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    panic!("{}", hospital.sql("select state, outcome, why from attempt"));
}

const TRUNK: &str = "lines = 5\ncalls_per_s = 10.0\nprofile = { options_interval_s = 0 }\n\
    dial = { e164 = true }";
