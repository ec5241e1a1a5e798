use std::time::Duration;

use suifang::{
    sim::{Behaviour, Patient, compare},
    store::{Principal, recording},
};

use crate::support::{self, Stage, answers, dial, does, said, until};

/// Every way a patient can answer, dialled once; what the record says is what was true.
#[tokio::test(flavor = "multi_thread")]
async fn f029_f031_f037_a_run_ends_with_every_outcome_and_answer_equal_to_the_truth() {
    let mut stage = Stage::new("run", "lines = 20\ncalls_per_s = 10.0");
    let patients = every_kind();
    let carrier = stage.carrier(patients.clone()).await;
    stage.start();
    let file = stage.discharges(&patients);
    let imported = stage.run(&["import", file.to_str().unwrap(), "--run", "quick"]);
    assert!(imported.status.success(), "{}", said(&imported));
    let database = stage.database().await;
    let mut result = compare(&database, carrier.truth()).await.unwrap();
    for _ in 0..120 {
        if result.not_dialled == 0 {
            break;
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
        result = compare(&database, carrier.truth()).await.unwrap();
    }
    assert_eq!(result.differences, Vec::<String>::new(), "{}", stage.log());
    assert_eq!((result.compared, result.not_dialled), (patients.len(), 0), "{}", stage.log());
    // The carrier's own log: nobody was called twice.
    for (number, dials) in carrier.dials() {
        assert_eq!(dials, 1, "{number} was dialled {dials} times");
    }
    recordings_agree(&stage, &database).await;
    let mut scope = database.scope(&Principal::System("test")).await.unwrap();
    for (call, sip) in suifang::store::call::sip_call_ids(&mut scope).await.unwrap() {
        assert!(!sip.is_empty() && sip != call.to_string(), "{sip:?} is not SIP's own Call-ID");
    }
    nothing_of_a_patient_is_logged(&stage, &patients);
}

fn every_kind() -> Vec<Patient> {
    let mut patients: Vec<_> = (0..6).map(answers).collect();
    patients.push(does(10, Behaviour::Busy, "busy"));
    patients.push(does(11, Behaviour::Decline, "declined"));
    patients.push(does(12, Behaviour::Vacant, "not_in_service"));
    patients.push(does(13, Behaviour::PoweredOff, "unreachable"));
    let mut hangs_up = answers(14);
    hangs_up.dials[0].hangs_up_after = Some(1);
    hangs_up.truth.as_mut().unwrap().outcome = "break_off".to_owned();
    hangs_up.truth.as_mut().unwrap().answers.retain(|item, _| item == "q.one");
    patients.push(hangs_up);
    let mut enough = answers(15);
    enough.dials[0].hangs_up_after = Some(2);
    enough.truth.as_mut().unwrap().outcome = "partial".to_owned();
    enough.truth.as_mut().unwrap().answers.remove("q.three");
    patients.push(enough);
    let mut refuses = does(16, Behaviour::Answer, "refused");
    refuses.dials[0] =
        suifang::sim::Dial { keys: vec!["~9".to_owned()], ..dial(Behaviour::Answer) };
    patients.push(refuses);
    let mut wrong_key = answers(17);
    wrong_key.dials[0].keys.insert(0, "~7".to_owned());
    patients.push(wrong_key);
    let mut gateway = answers(18);
    gateway.dials[0].does = Behaviour::GatewayAnswer;
    gateway.dials[0].ring_s = 2.0;
    patients.push(gateway);
    patients
}

/// Each row has its file and each file its row, of the length that was talked.
async fn recordings_agree(stage: &Stage, database: &suifang::store::Database) {
    let mut scope = database.scope(&Principal::System("test")).await.unwrap();
    let rows = recording::all(&mut scope).await.unwrap();
    assert!(rows.len() >= 10, "{} recordings", rows.len());
    let folder = stage.folder.join("recordings");
    let mut on_disk = wav_files(&folder);
    for row in &rows {
        let path = folder.join(&row.path);
        if row.state == "missing" || row.state == "destroyed" {
            assert!(!path.exists(), "{} is {}", row.path, row.state);
            continue;
        }
        assert_eq!(row.state, "finished", "{}", row.path);
        let reader = hound::WavReader::open(&path).unwrap();
        assert_eq!((reader.spec().channels, reader.spec().sample_rate), (2, 8000));
        let seconds = f64::from(reader.duration()) / 8000.0;
        let stored = row.duration_ms.unwrap() as f64 / 1000.0;
        assert!((seconds - stored).abs() < 0.05, "{}: {seconds} s, row {stored} s", row.path);
        assert_eq!(row.sha256, Some(support::sha256(&path)), "{}", row.path);
        on_disk.retain(|known| *known != path);
    }
    assert_eq!(on_disk, Vec::<std::path::PathBuf>::new(), "files without a row");
}

fn wav_files(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|extension| extension == "wav") {
                found.push(path);
            }
        }
    }
    found
}

fn nothing_of_a_patient_is_logged(stage: &Stage, patients: &[Patient]) {
    let log = stage.log();
    for patient in patients {
        let digits = patient.number.trim_start_matches("+86");
        assert!(!log.contains(digits), "a number is in the log");
    }
    assert!(!log.contains("张1"), "a name is in the log");
}

/// Twenty rows that cannot be stored, told by row and column; none of them is stored.
#[tokio::test(flavor = "multi_thread")]
async fn an_import_stores_the_good_rows_and_tells_the_bad_ones_by_row_and_column() {
    let mut stage = Stage::new("import", "");
    let mut csv = "姓名,性别,出生日期,住院号,出院科室,出院日期,联系电话\n".to_owned();
    for n in 0..200 {
        let phone = if n % 10 == 3 { "无".to_owned() } else { format!("138{n:08}") };
        csv += &format!("李{n},男,1960-01-02,R{n:05},骨科,2026-01-05,{phone}\n");
    }
    let path = stage.folder.join("in.csv");
    std::fs::write(&path, &csv).unwrap();
    let first = stage.run(&["import", path.to_str().unwrap()]);
    assert!(
        said(&first).contains("200 rows read: 180 stored, 0 known already, 20 bad"),
        "{}",
        said(&first)
    );
    assert!(said(&first).contains("第 5 行 联系电话:"), "{}", said(&first));
    stage.start();
    let again = stage.run(&["import", path.to_str().unwrap()]);
    assert!(said(&again).contains("0 stored, 180 known already, 20 bad"), "{}", said(&again));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pilot_dials_nobody_who_is_not_on_its_list() {
    let mut stage =
        Stage::new("pilot", "calls_per_s = 20.0\n[pilot]\nallow_numbers = [\"+8613800000001\"]");
    let patients: Vec<_> = (0..4).map(answers).collect();
    let carrier = stage.carrier(patients.clone()).await;
    stage.start();
    let file = stage.discharges(&patients);
    stage.run(&["import", file.to_str().unwrap(), "--run", "quick"]);
    assert!(until(Duration::from_secs(120), || stage.on_the_wire("ended").len() == 1));
    let refused = stage.run(&["call", "13800000002"]);
    assert!(said(&refused).contains("allow_numbers"), "{}", said(&refused));
    assert_eq!(carrier.dials().into_keys().collect::<Vec<_>>(), [support::number(1)]);
}
