use std::{path::Path, time::Duration};

use serde_json::{Value, json};
use suifang::{
    sim::{Behaviour, Dial, Patient},
    store::{Principal, recording},
};

use crate::support::{Page, Stage, answers, dial, number, said, until};

/// A nurse who sings instead of reading: what is kept is what she sang, and the next
/// patient hears it.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_nurse_reads_by_telephone_is_what_the_next_patient_hears() {
    let mut stage = Stage::new("studio", "lines = 5\ncalls_per_s = 5.0");
    // "请按1。" once, "请按1或2。" a second time.
    let nurse = nurse(1, &["~tone 500 1.2", "1", "~tone 500 1.5", "2", "~tone 700 1.5", "1"]);
    let patient = answers(2);
    let _carrier = stage.carrier(vec![nurse, patient.clone()]).await;
    stage.start();
    let page = Page::sign_in(&stage, "wang", "nurse");
    let texts: Vec<Value> = prompts(&page, "zh-CN")
        .into_iter()
        .filter(|one| ["请按1。", "请按1或2。"].contains(&text(one, "text")))
        .map(|one| one["text_sha256"].clone())
        .collect();
    assert_eq!(texts.len(), 2);
    let ask = json!({ "to": "13800000001", "language": "zh-CN", "texts": texts });
    let (status, begun) = page.post("/api/prompts/studio", &ask);
    assert_eq!((status, &begun["sentences"]), (202, &json!(2)), "{begun}");
    let session = ended_session(&page, &stage);
    assert_eq!((&session["kept"], &session["skipped"]), (&json!(2), &json!(0)), "{session}");
    assert_eq!(session["to"], "138 **** 0001");
    for (sentence, hertz) in [("请按1。", 500.0), ("请按1或2。", 700.0)] {
        let found = prompt(&page, sentence);
        assert_eq!((text(&found, "state"), text(&found, "recorded_by")), ("recorded", "wang"));
        let path = format!("/api/prompts/audio?text_sha256={}", text(&found, "text_sha256"));
        let (heard, _) = pitch(&samples(&page.bytes(&path), 1, 0));
        assert!((heard - hertz).abs() <= 5.0, "{sentence}: {heard} Hz");
    }
    let files = std::fs::read_dir(stage.folder.join("data/clips/zh-CN")).unwrap().count();
    assert_eq!(files, 2, "one file a version that was kept");
    // The next call plays them.
    let file = stage.discharges(&[patient]);
    stage.run(&["import", file.to_str().unwrap(), "--run", "quick"]);
    assert!(until(Duration::from_secs(120), || stage.on_the_wire("ended").len() == 2));
    let ours = our_side_of_the_last_call(&stage).await;
    for hertz in [700.0, 500.0] {
        assert!(holds_tone(&ours, hertz), "no {hertz} Hz in what the patient heard");
    }
    assert!(!holds_tone(&ours, 900.0));
    versions_come_and_go(&page);
    a_changed_sentence_is_outdated(&mut stage, page);
}

/// Retired: the machine reads it again. Restored: the nurse does.
fn versions_come_and_go(page: &Page) {
    let sha = text(&prompt(page, "请按1。"), "text_sha256").to_owned();
    let versions = page.get(&format!("/api/prompts/{sha}/versions"));
    let clip = text(&versions[0], "clip_id").to_owned();
    assert_eq!((text(&versions[0], "state"), versions.as_array().unwrap().len()), ("kept", 1));
    for (action, state) in [("retire", "synthetic"), ("restore", "recorded")] {
        let path = format!("/api/prompts/versions/{clip}/{action}");
        assert_eq!(page.post(&path, &json!({})).0, 204);
        assert_eq!(text(&prompt(page, "请按1。"), "state"), state);
        assert_eq!(page.post(&path, &json!({})).0, 409, "{action} twice");
    }
}

/// The wording changes: the clip is not played, and page, run and `check` say so.
fn a_changed_sentence_is_outdated(stage: &mut Stage, page: Page) {
    let path = stage.folder.join("dialplans/questionnaires/quick.toml");
    let form = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, form.replace("请按1或2。", "请您按1或者2。")).unwrap();
    assert_eq!(stage.terminate(), Some(0));
    stage.start();
    assert_eq!(text(&prompt(&page, "请您按1或者2。"), "state"), "outdated");
    let left = prompt(&page, "请按1或2。");
    assert_eq!((text(&left, "state"), &left["is_spoken"]), ("outdated", &json!(false)));
    let of_run = page.get("/api/dialplans/quick/prompts");
    assert_eq!((&of_run["recorded"], &of_run["outdated"]), (&json!(1), &json!(1)));
    assert_eq!(text(&of_run["to_record"][0], "text"), "请您按1或者2。");
    let checked = stage.run(&["check"]);
    assert!(said(&checked).contains("1 recorded, 1 outdated"), "{}", said(&checked));
    let nan = prompts(&page, "nan");
    assert!(nan.iter().all(|one| one["state"] == "missing"), "no voice speaks Minnan");
}

/// The line breaks: what was kept stays, the rest waits for another day.
#[tokio::test(flavor = "multi_thread")]
async fn a_hang_up_keeps_what_was_kept_and_only_those_may_call_who_may_run() {
    let mut stage = Stage::new("booth", "lines = 5\ncalls_per_s = 5.0");
    let mut nurse = nurse(1, &["~tone 500 1.8", "1", "~tone 500 1.2", "~tone 600 1.0"]);
    nurse.dials[0].hangs_up_after = Some(3);
    let _carrier = stage.carrier(vec![nurse]).await;
    stage.start();
    let page = Page::sign_in(&stage, "wang", "nurse");
    let doctor = Page::sign_in(&stage, "li", "doctor");
    let ask = json!({ "to": "13800000001", "only": "all" });
    assert_eq!(doctor.post("/api/prompts/studio", &ask).0, 403);
    let (status, nobody) = page.post("/api/prompts/studio", &json!({ "to": "8765" }));
    assert_eq!(status, 409, "{nobody}");
    // Two that take between one and two seconds to read.
    let texts: Vec<Value> = prompts(&page, "zh-CN")
        .into_iter()
        .filter(|one| one["text"].as_str().is_some_and(|text| text.chars().count() == 8))
        .map(|one| one["text_sha256"].clone())
        .take(2)
        .collect();
    let ask = json!({ "to": "13800000001", "texts": texts });
    assert_eq!(page.post("/api/prompts/studio", &ask).0, 202);
    let session = ended_session(&page, &stage);
    assert_eq!(session["kept"], 1, "{session}");
    let recorded = prompts(&page, "zh-CN");
    assert_eq!(recorded.iter().filter(|one| one["state"] == "recorded").count(), 1);
    assert!(!stage.log().contains("13800000001"), "a number is in the log");
    let is_clean = until(Duration::from_secs(30), || {
        let mut clips = std::fs::read_dir(stage.folder.join("data/clips")).unwrap().flatten();
        clips.all(|entry| entry.path().is_dir())
    });
    assert!(is_clean, "a take that was not kept is still there");
}

fn nurse(n: usize, keys: &[&str]) -> Patient {
    let keys = keys.iter().map(|key| (*key).to_owned()).collect();
    let answer = Dial { keys, ..dial(Behaviour::Answer) };
    Patient { number: number(n), dials: vec![answer], truth: None }
}

fn prompts(page: &Page, language: &str) -> Vec<Value> {
    page.get(&format!("/api/prompts?language={language}")).as_array().unwrap().clone()
}

fn prompt(page: &Page, sentence: &str) -> Value {
    let found = prompts(page, "zh-CN").into_iter().find(|one| text(one, "text") == sentence);
    found.unwrap_or_else(|| panic!("{sentence} is not listed"))
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}

fn ended_session(page: &Page, stage: &Stage) -> Value {
    let mut last = Value::Null;
    let ended = until(Duration::from_secs(90), || {
        last = page.get("/api/prompts/studio")[0].clone();
        last["doing"] == "ended"
    });
    assert!(ended, "{last}\n{}", stage.log());
    last
}

/// Channel `at` of `channels`, 16 bits.
fn samples(wav: &[u8], channels: usize, at: usize) -> Vec<i16> {
    let mut reader = hound::WavReader::new(std::io::Cursor::new(wav)).unwrap();
    assert_eq!(usize::from(reader.spec().channels), channels);
    reader.samples::<i16>().map(Result::unwrap).skip(at).step_by(channels).collect()
}

async fn our_side_of_the_last_call(stage: &Stage) -> Vec<i16> {
    let database = stage.database().await;
    let mut scope = database.scope(&Principal::System("test")).await.unwrap();
    let rows = recording::all(&mut scope).await.unwrap();
    let row = rows.iter().find(|row| row.kind == "call").unwrap();
    let path = stage.folder.join("recordings").join(&row.path);
    let written = until(Duration::from_secs(30), || Path::new(&path).is_file());
    assert!(written);
    samples(&std::fs::read(path).unwrap(), 2, 1)
}

/// By its zero crossings, in the middle where nothing fades; and how loud.
fn pitch(samples: &[i16]) -> (f64, i16) {
    let middle = &samples[samples.len() / 3..samples.len() * 2 / 3];
    let crossings = middle.windows(2).filter(|two| (two[0] < 0) != (two[1] < 0)).count();
    let peak = middle.iter().map(|sample| sample.saturating_abs()).max().unwrap_or(0);
    (crossings as f64 / 2.0 * 8000.0 / middle.len() as f64, peak)
}

/// A fifth of a second of nothing but this.
fn holds_tone(samples: &[i16], hertz: f64) -> bool {
    samples.chunks_exact(1600).any(|part| {
        let (heard, peak) = pitch(part);
        peak > 1000 && (heard - hertz).abs() <= 10.0 && is_pure(part, hertz)
    })
}

/// Its own energy is nearly all of it (Goertzel).
fn is_pure(part: &[i16], hertz: f64) -> bool {
    let turn = 2.0 * (std::f64::consts::TAU * hertz / 8000.0).cos();
    let (mut last, mut before, mut all) = (0.0, 0.0, 0.0);
    for sample in part {
        let sample = f64::from(*sample);
        (last, before) = (turn * last - before + sample, last);
        all += sample * sample;
    }
    let energy = last * last + before * before - turn * last * before;
    energy * 2.0 / part.len() as f64 > 0.8 * all
}
