//! The record is what it was: verified, backed up under load, restored elsewhere.

use std::{fs, path::Path, process::Command, time::Duration};

use serde_json::Value;

use crate::support::{Page, Stage, answers, copy_folder, said, sha256, until};

/// What the owner of the database can do and the server cannot: lines and recordings that
/// were changed behind its back are found, the first of them by its id.
#[tokio::test(flavor = "multi_thread")]
async fn f135_verify_names_the_first_line_or_recording_that_was_altered() {
    let mut stage = Stage::new("verify", "lines = 5\ncalls_per_s = 5.0");
    let patients: Vec<_> = (0..3).map(answers).collect();
    let _carrier = stage.carrier(patients.clone()).await;
    stage.start();
    called(&stage, patients.len(), &stage.discharges(&patients));
    let clean = stage.run(&["verify"]);
    assert!(clean.status.success(), "{}", said(&clean));
    assert!(
        said(&clean).contains("clean: ") && said(&clean).contains(" 3 recordings"),
        "{}",
        said(&clean)
    );

    // A line of the middle, its text.
    let line = sql(&stage, "select audit_id from audit order by seal_no offset 3 limit 1");
    let of_line = format!("from audit where audit_id = {line}");
    let who = sql(&stage, &format!("select who {of_line}"));
    sql(&stage, &format!("update audit set who = who || 'x' where audit_id = {line}"));
    finds(&stage, &format!("audit line {line} was altered"));
    sql(&stage, &format!("update audit set who = '{who}' where audit_id = {line}"));
    assert!(stage.run(&["verify"]).status.success());

    // A line that is gone: from the middle, and from the end.
    let place = sql(&stage, &format!("select seal_no {of_line}"));
    sql(&stage, &format!("create table away as select * {of_line}; delete {of_line}"));
    finds(&stage, &format!("at place {place} of the chain is missing"));
    sql(&stage, "insert into audit overriding system value select * from away; drop table away");
    assert!(stage.run(&["verify"]).status.success());
    let last = sql(&stage, "select max(seal_no) from audit");
    sql(
        &stage,
        &format!(
            "create table away as select * from audit where seal_no = {last}; delete from audit where seal_no = {last}"
        ),
    );
    finds(&stage, &format!("place {last} was sealed: lines are missing"));
    sql(&stage, "insert into audit overriding system value select * from away; drop table away");

    // The sealer goes on with what is left, and what was kept of the longer chain still tells.
    sql(
        &stage,
        &format!(
            "create table away as select * from audit where seal_no = {last}; delete from audit where seal_no = {last}"
        ),
    );
    let page = Page::sign_in(&stage, "wang", "nurse");
    drop(page);
    let sealed = || sql(&stage, "select count(*) from audit where sealed_hash is null") == "0";
    assert!(until(Duration::from_secs(60), sealed));
    finds(&stage, "was altered");
    sql(&stage, &format!("delete from audit where seal_no >= {last}"));
    sql(&stage, "insert into audit overriding system value select * from away; drop table away");
    assert!(stage.run(&["verify"]).status.success());

    // A recording: one byte, its digest as well, the file.
    let first = sql(&stage, "select recording_id || ' ' || path from recording order by 1 limit 1");
    let (id, path) = first.split_once(' ').unwrap();
    let file = stage.folder.join("recordings").join(path);
    let whole = fs::read(&file).unwrap();
    let mut altered = whole.clone();
    altered[whole.len() / 2] ^= 1;
    fs::write(&file, &altered).unwrap();
    finds(&stage, &format!("recording {id}: its file was altered"));
    sql(
        &stage,
        &format!("update recording set sha256 = '{}' where recording_id = '{id}'", sha256(&file)),
    );
    finds(&stage, &format!("recording {id}: its digest in the record is not the one in the audit"));
    fs::write(&file, &whole).unwrap();
    sql(
        &stage,
        &format!("update recording set sha256 = '{}' where recording_id = '{id}'", sha256(&file)),
    );
    assert!(stage.run(&["verify"]).status.success());
    fs::remove_file(&file).unwrap();
    finds(&stage, &format!("recording {id}: its file is missing"));
}

/// While patients are called; then the record stands again in an empty folder, row by row.
#[tokio::test(flavor = "multi_thread")]
async fn f136_a_backup_under_load_is_restored_equal_and_a_changed_one_is_refused() {
    let mut stage =
        Stage::new("backup", "lines = 10\ncalls_per_s = 3.0\npassword = \"secret-of-the-trunk\"");
    // So many that the run goes on, however long the backup takes.
    let patients: Vec<_> = (0..100).map(answers).collect();
    let _carrier = stage.carrier(patients.clone()).await;
    stage.start();
    let file = stage.discharges(&patients);
    stage.run(&["import", file.to_str().unwrap(), "--run", "quick"]);
    assert!(until(Duration::from_secs(120), || stage.on_the_wire("ended").len() >= 3));
    let folder = stage.folder.join("kept");
    let made = stage.run(&["backup", folder.to_str().unwrap()]);
    assert!(made.status.success(), "{}", said(&made));
    let manifest: Value =
        serde_json::from_slice(&fs::read(folder.join("manifest.json")).unwrap()).unwrap();
    assert!(manifest["recordings_open"].as_u64().unwrap() > 0, "no call was live: {manifest}");
    assert!(stage.on_the_wire("invite").len() < patients.len(), "the run was over");
    for file in ["manifest.json", "files.sha256"] {
        assert!(!fs::read_to_string(folder.join(file)).unwrap().contains("secret-of-the-trunk"));
    }
    let again = stage.run(&["backup", folder.to_str().unwrap()]);
    assert!(said(&again).contains("is not empty"), "{}", said(&again));
    assert!(stage.run(&["verify"]).status.success());
    assert_eq!(stage.terminate(), Some(0));

    refuses_what_was_changed(&folder, &stage.folder);
    let mut other = empty_stage("restored", "lines = 10\npassword = \"secret-of-the-trunk\"");
    let lacking = other.run(&["restore", folder.to_str().unwrap()]);
    assert!(said(&lacking).contains("second-factor.key"), "{}", said(&lacking));
    assert!(!folder.join("second-factor.key").exists(), "the key is in the backup");
    let key = "data/second-factor.key";
    fs::create_dir_all(other.folder.join("data")).unwrap();
    fs::copy(stage.folder.join(key), other.folder.join(key)).unwrap();
    let restored = other.run(&["restore", folder.to_str().unwrap()]);
    assert!(restored.status.success(), "{}", said(&restored));
    assert!(said(&restored).contains("clean: "), "{}", said(&restored));
    let occupied = other.run(&["restore", folder.to_str().unwrap()]);
    assert!(said(&occupied).contains("only fills empty folders"), "{}", said(&occupied));
    counts_are_the_manifests(&other, &manifest).await;
    other.start();
    plays(&other, &folder);
    let verified = other.run(&["verify"]);
    assert!(verified.status.success(), "{}", said(&verified));
    assert_eq!(other.terminate(), Some(0));
}

/// By the name of the file, and before a byte is written; so are lacking secrets.
fn refuses_what_was_changed(folder: &Path, scratch: &Path) {
    let stage = empty_stage("refused", "lines = 10");
    let lacking = stage.run(&["restore", folder.to_str().unwrap()]);
    assert!(said(&lacking).contains("password of trunk \"sim\""), "{}", said(&lacking));
    let list = fs::read_to_string(folder.join("files.sha256")).unwrap();
    let recording = list
        .lines()
        .find_map(|line| line.split("  ").nth(1).filter(|path| path.starts_with("recordings/")));
    for name in [recording.unwrap(), "record.dump", "files.sha256"] {
        let copy = scratch.join("changed");
        let _ = fs::remove_dir_all(&copy);
        copy_folder(folder, &copy);
        let path = copy.join(name);
        let mut bytes = fs::read(&path).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        fs::write(&path, bytes).unwrap();
        let refused = stage.run(&["restore", "--without-secrets", copy.to_str().unwrap()]);
        assert!(
            said(&refused).contains(&format!("{name} was altered")),
            "{name}: {}",
            said(&refused)
        );
        fs::remove_file(&path).unwrap();
        let refused = stage.run(&["restore", "--without-secrets", copy.to_str().unwrap()]);
        assert!(
            said(&refused).contains(&format!("{name} is missing")),
            "{name}: {}",
            said(&refused)
        );
    }
    fs::remove_file(scratch.join("changed/manifest.json")).unwrap();
    let refused = stage.run(&["restore", scratch.join("changed").to_str().unwrap()]);
    assert!(said(&refused).contains("no manifest.json"), "{}", said(&refused));
    assert!(!stage.folder.join("data").exists() && !stage.folder.join("recordings").exists());
}

/// Every table but those to which the restore itself has added its own line.
async fn counts_are_the_manifests(stage: &Stage, manifest: &Value) {
    let _postgres = stage.database().await;
    let tables = manifest["tables"].as_object().unwrap();
    assert!(tables.len() > 60, "{} tables", tables.len());
    for (table, rows) in tables {
        let added = i64::from(matches!(table.as_str(), "audit" | "event"));
        let added = if table == "node_epoch" { 0 } else { added };
        let found: i64 = sql(stage, &format!("select count(*) from \"{table}\"")).parse().unwrap();
        assert_eq!(found, rows.as_i64().unwrap() + added, "{table}");
    }
    assert_eq!(sql(stage, "select count(*) from recording where state = 'recording'"), "0");
}

fn plays(stage: &Stage, folder: &Path) {
    let page = Page::sign_in(stage, "wang", "sys_admin");
    let list = fs::read_to_string(folder.join("files.sha256")).unwrap();
    let mut played = 0;
    for line in list.lines() {
        let (sum, path) = line.split_once("  ").unwrap();
        let Some(path) = path.strip_prefix("recordings/") else { continue };
        let id = sql(stage, &format!("select recording_id from recording where path = '{path}'"));
        let audio = page.bytes(&format!("/api/recordings/{id}/audio"));
        use sha2::Digest;
        assert_eq!(format!("{:x}", sha2::Sha256::digest(&audio)), sum, "{path}");
        played += 1;
    }
    assert!(played >= 3, "{played} recordings");
}

/// A configuration and nothing else.
fn empty_stage(name: &str, trunk: &str) -> Stage {
    let stage = Stage::new(name, trunk);
    fs::remove_dir_all(stage.folder.join("dialplans")).unwrap();
    stage
}

/// The run is over, its recordings are closed and its audit is sealed.
pub(super) fn called(stage: &Stage, patients: usize, file: &Path) {
    let imported = stage.run(&["import", file.to_str().unwrap(), "--run", "quick"]);
    assert!(imported.status.success(), "{}", said(&imported));
    let over = until(Duration::from_secs(120), || {
        stage.on_the_wire("ended").len() >= patients
            && stage.run(&["status"]).stdout.starts_with(b"0 calls")
    });
    assert!(over, "{}", stage.log());
    assert!(until(Duration::from_secs(60), || said(&stage.run(&["verify"]))
        .contains("(0 not sealed yet)")));
}

fn finds(stage: &Stage, expected: &str) {
    let output = stage.run(&["verify"]);
    assert!(!output.status.success(), "{expected}: {}", said(&output));
    assert!(said(&output).contains(expected), "{expected}: {}", said(&output));
}

/// As who owns everything, and is held by no rule of the rows.
pub(super) fn sql(stage: &Stage, statement: &str) -> String {
    let pid = fs::read_to_string(stage.folder.join("data/postgres/postmaster.pid")).unwrap();
    let socket = pid.lines().nth(4).unwrap();
    let output = Command::new("psql")
        .args(["-X", "-q", "-t", "-A", "-v", "ON_ERROR_STOP=1", "-U", "postgres", "-h", socket])
        .args(["-d", "suifang", "-c", "set session_replication_role = replica", "-c", statement])
        .output()
        .unwrap();
    assert!(output.status.success(), "{statement}: {}", said(&output));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}
