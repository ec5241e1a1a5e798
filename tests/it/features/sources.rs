use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use suifang::app::Lease;

use crate::support::{
    Stage,
    hospital::{HEADER, Hospital, local},
    said, until,
};

/// Where a hospital of this name will have its folder.
fn folder(name: &str) -> PathBuf {
    std::env::temp_dir().join(format!("suifang-h-{name}-{}", std::process::id()))
}

fn source(hospital: &Hospital, name: &str) -> Value {
    let all = hospital.get("/api/sources").ok();
    let found = all.as_array().unwrap().iter().find(|source| source["name"] == name);
    found.unwrap_or_else(|| panic!("{name}: {all}")).clone()
}

/// Looks into the source now; answers it when that is done.
async fn run(hospital: &Hospital, name: &str) -> Value {
    idle(hospital, name, &Value::Null).await;
    let before = source(hospital, name)["last_started_at"].clone();
    assert_eq!(hospital.post(&format!("/api/sources/{name}/run"), &json!({})).status, 202);
    idle(hospital, name, &before).await
}

async fn idle(hospital: &Hospital, name: &str, before: &Value) -> Value {
    for _ in 0..600 {
        let found = source(hospital, name);
        let started = !found["last_started_at"].is_null() && found["last_started_at"] != *before;
        if started && found["running"] == false {
            return found;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{name} did not end: {}", source(hospital, name));
}

fn row(n: u32) -> String {
    format!(
        "张{n},男,1960-02-03,Z{n},心内科,一病区,2024-12-20,2025-01-02,1,1380013{n:04},I10,高血压"
    )
}

fn names(folder: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut names: Vec<_> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// F013: files that another system drops come in once; a broken row is reported and stops
/// nothing; a file that cannot be read is put aside.
#[tokio::test(flavor = "multi_thread")]
async fn f013_dropped_files_come_in_once_and_a_broken_row_stops_nothing() {
    let head = "[[source]]\nname = \"drop\"\nkind = \"folder\"\npath = \"drop\"\nsettle_s = 0\n\
                every_s = 86400\n";
    let hospital = Hospital::open_with("f013-drop", "2025-02-02T10:00", head, "").await;
    let drop = hospital.folder.join("drop");
    let lost = idle(&hospital, "drop", &Value::Null).await;
    assert_eq!(lost["runs"][0]["state"], "failed", "there is no folder yet: {lost}");
    fs::create_dir(&drop).unwrap();
    let broken = "李坏,男,1960-13-03,Z9,心内科,一病区,2024-12-20,2025-01-02,1,无,I10,高血压";
    let text = format!("{HEADER}\n{}\n{broken}\n{}\n", row(1), row(2));
    fs::write(drop.join("a.csv"), &text).unwrap();
    fs::write(drop.join("b.csv.part"), "half").unwrap();
    let found = run(&hospital, "drop").await;
    let first = &found["runs"][0];
    assert_eq!((&first["what"], &first["state"]), (&json!("a.csv"), &json!("finished")));
    assert_eq!((&first["rows_stored"], &first["rows_bad"]), (&json!(2), &json!(1)), "{first}");
    assert!(!found["last_arrived_at"].is_null());
    let id = first["import_id"].as_str().unwrap();
    let faults = hospital.get(&format!("/api/imports/{id}")).ok()["faults"].clone();
    assert_eq!((&faults[0]["row"], &faults[0]["column"]), (&json!(3), &json!("出生日期")));
    assert_eq!(
        (names(&drop.join("done")), names(&drop)),
        (vec!["a.csv".to_owned()], vec!["b.csv.part".to_owned(), "done".to_owned()])
    );
    // The same bytes by another name, and a file of the same name with one row more.
    fs::write(drop.join("again.csv"), &text).unwrap();
    let found = run(&hospital, "drop").await;
    assert_eq!(found["runs"][0]["why"], "known_file", "{found}");
    fs::write(drop.join("a.csv"), format!("{HEADER}\n{}\n{}\n", row(2), row(3))).unwrap();
    fs::write(drop.join("b.jsonl"), jsonl(4)).unwrap();
    fs::write(drop.join("c.csv"), "姓名,电话\n王,1\n").unwrap();
    let found = run(&hospital, "drop").await;
    let run = |what: &str| {
        let runs = found["runs"].as_array().unwrap();
        runs.iter().find(|run| run["what"] == what).unwrap().clone()
    };
    assert_eq!((&run("a.csv")["rows_stored"], &run("a.csv")["rows_known"]), (&json!(1), &json!(1)));
    assert_eq!(
        (&run("b.jsonl")["rows_stored"], &run("b.jsonl")["rows_bad"]),
        (&json!(1), &json!(1))
    );
    assert_eq!(run("c.csv")["state"], "failed");
    assert!(run("c.csv")["why"].as_str().unwrap().contains("出生日期"), "{found}");
    assert_eq!(names(&drop.join("failed")), ["c.csv"]);
    assert_eq!(names(&drop.join("done")), ["a.2.csv", "a.csv", "again.csv", "b.jsonl"]);
    assert_eq!(hospital.sql("select count(*) from admission"), "4");
}

fn jsonl(n: u32) -> String {
    format!(
        "{{\"姓名\":\"张{n}\",\"出生日期\":\"1960-02-03\",\"住院号\":\"Z{n}\",\"出院科室\":\"心内科\",\
         \"出院日期\":\"2025-01-02\",\"联系电话\":1380013{n:04}}}\n{{\"姓名\":\"张\n"
    )
}

/// F013: a command's rows come in each once; what hangs is killed with its children, what
/// fails says why without a patient's data, and too much is nothing at all.
#[tokio::test(flavor = "multi_thread")]
async fn f013_a_command_brings_rows_and_its_failures_are_told() {
    let folder = folder("f013-command");
    let (table, pid) = (folder.join("his.csv"), folder.join("pid"));
    let shell = |name: &str, script: &str, more: &str| {
        format!(
            "[[source]]\nname = \"{name}\"\nkind = \"command\"\nevery_s = 86400\n\
             command = [\"sh\", \"-c\", '''{script}''']\n{more}\n"
        )
    };
    let head = [
        shell("his", &format!("cat {}", table.display()), "rows_max = 3"),
        shell("hang", &format!("sleep 600 & echo $! > {}; wait", pid.display()), "timeout_s = 5"),
        shell("fails", "echo \"ORA-01017: '王秀英' 13800138000\" >&2; exit 3", ""),
        shell(
            "endless",
            "while :; do echo 0123456789012345678901234567; done",
            "bytes_max_mib = 1",
        ),
        shell("silent", "echo cannot connect >&2", ""),
        shell("warns", "echo 姓名,出生日期,住院号,出院科室,出院日期; echo old driver >&2", ""),
        shell(
            "none",
            "echo \"$SECRET\" >&2; env | grep -c SUIFANG >&2; exit 1",
            "[source.env]\nSECRET = \"x\"",
        ),
    ]
    .concat();
    let hospital = Hospital::open_with("f013-command", "2025-02-02T10:00", &head, "").await;
    let why = |found: &Value| found["runs"][0]["why"].as_str().unwrap_or_default().to_owned();
    fs::write(&table, format!("{HEADER}\n{}\n{}\n", row(1), row(2))).unwrap();
    let first = run(&hospital, "his").await["runs"][0].clone();
    assert_eq!(
        (&first["state"], &first["rows_stored"]),
        (&json!("finished"), &json!(2)),
        "{first}"
    );
    let again = run(&hospital, "his").await["runs"][0].clone();
    assert_eq!((&again["rows_stored"], &again["rows_known"]), (&json!(0), &json!(2)));
    fs::write(&table, format!("{HEADER}\n{}\n{}\n{}\n{}\n", row(1), row(2), row(3), row(4)))
        .unwrap();
    let many = run(&hospital, "his").await;
    assert_eq!(why(&many), "4 rows, over rows_max 3; none is stored");
    assert_eq!(hospital.sql("select count(*) from admission"), "2");
    fs::write(&table, "").unwrap();
    assert_eq!(run(&hospital, "his").await["runs"][0]["state"], "finished", "no row is no fault");
    assert!(why(&idle(&hospital, "hang", &Value::Null).await).contains("timeout_s 5"));
    let child = fs::read_to_string(&pid).unwrap();
    let is_dead = || {
        let stat = fs::read_to_string(format!("/proc/{}/stat", child.trim())).unwrap_or_default();
        stat.is_empty() || stat.contains(") Z ")
    };
    assert!(until(Duration::from_secs(30), is_dead), "what it has started goes on");
    let fails = idle(&hospital, "fails", &Value::Null).await;
    assert_eq!(why(&fails), "exit status: 3: ORA-01017: … …");
    assert!(why(&idle(&hospital, "endless", &Value::Null).await).contains("bytes_max_mib 1"));
    assert_eq!(why(&idle(&hospital, "silent", &Value::Null).await), "cannot connect");
    let warns = idle(&hospital, "warns", &Value::Null).await;
    assert_eq!(
        (&warns["runs"][0]["state"], why(&warns)),
        (&json!("finished"), "old driver".to_owned())
    );
    assert_eq!(why(&idle(&hospital, "none", &Value::Null).await), "exit status: 1: x / 0");
    assert_eq!(hospital.post("/api/sources/nobody/run", &json!({})).status, 404);
}

/// F013: "nothing arrived since …" is an alarm on the page, in the API and in the metrics;
/// it does not take the server out of work.
#[tokio::test(flavor = "multi_thread")]
async fn f013_a_source_that_brings_nothing_new_is_an_alarm() {
    let head = "[[source]]\nname = \"drop\"\nkind = \"folder\"\npath = \"dialplans\"\nsettle_s = 0\n\
                every_s = 60\nsilent_after_h = 36\n";
    let hospital = Hospital::open_with("f013-silent", "2025-02-02T10:00", head, "").await;
    let silent = || {
        let overview = hospital.get("/api/overview").ok()["sources_silent"].clone();
        let metrics = hospital.get("/metrics").ok();
        let metric =
            metrics.as_str().unwrap().lines().find(|line| line.starts_with("source_silent{"));
        (source(&hospital, "drop")["silent_since"].clone(), overview, metric.unwrap().to_owned())
    };
    idle(&hospital, "drop", &Value::Null).await;
    let well = (Value::Null, json!([]), "source_silent{source=\"drop\"} 0".to_owned());
    assert_eq!(silent(), well);
    hospital.on("2025-02-03T23:00").await;
    let (since, overview, metric) = silent();
    assert!(since.as_str().unwrap().starts_with("2025-02-02T02:00"), "{since}");
    assert_eq!(overview, json!([{ "name": "drop", "since": since }]));
    assert_eq!(metric, "source_silent{source=\"drop\"} 1");
    let ready = hospital.get("/readyz").body["checks"].to_string();
    assert!(!ready.contains("source"), "{ready}");
    fs::write(hospital.folder.join("dialplans/a.csv"), format!("{HEADER}\n{}\n", row(1))).unwrap();
    run(&hospital, "drop").await;
    assert_eq!(silent(), well);
}

/// F013: two nodes never look into one source at once; who died holding it holds it no
/// longer than its lease. The last 20 runs are kept.
#[tokio::test(flavor = "multi_thread")]
async fn f013_one_node_at_a_time_looks_into_a_source() {
    let hospital = Hospital::open("f013-lease", "2025-02-02T10:00").await;
    let app = &hospital.server.core.app;
    let at = local("2025-02-02T11:00");
    let hours = |n: i64| at + chrono::Duration::hours(n);
    app.know_sources(&["x"], "one", at).await.unwrap();
    let take = async |node: &str, now: DateTime<Utc>, until: DateTime<Utc>| {
        let lease = Lease { node, until, next_at: now };
        app.take_source("x", &lease, now).await.unwrap()
    };
    assert!(take("one", at, hours(1)).await);
    assert!(!take("two", at, hours(1)).await);
    app.begin_interface_run("x", "", at).await.unwrap();
    assert!(take("two", hours(1), hours(2)).await, "the lease of a dead node is over");
    assert_eq!(hospital.sql("select state || ' ' || why from interface_run"), "failed crash");
    assert!(!app.keep_source("x", "one", hours(3)).await.unwrap(), "it came back too late");
    app.release_source("x", "one").await.unwrap();
    assert!(!take("one", hours(1), hours(3)).await, "another's lease cannot be given back");
    app.know_sources(&["x"], "two", hours(1)).await.unwrap();
    assert!(take("one", hours(1), hours(3)).await, "a node that starts anew holds nothing");
    // What a crash cut off is said at the next start, but not what another does now.
    for interface in ["x", "door/y"] {
        app.begin_interface_run(interface, "", hours(1)).await.unwrap();
    }
    app.fail_cut_off_imports(hours(1)).await.unwrap();
    let running = hospital.sql("select interface from interface_run where state = 'running'");
    assert_eq!(running, "x");
    for n in 0..25 {
        let run = app.begin_interface_run("x", "", hours(n)).await.unwrap();
        app.fail_interface_run(run, "no", hours(n)).await.unwrap();
    }
    assert_eq!(hospital.sql("select count(*) from interface_run where interface = 'x'"), "20");
}

/// F013: `suifang doctor` tries each source, says why one brings nothing, and stores nothing.
#[test]
fn f013_doctor_tries_each_source() {
    let sources = "[[source]]\nname = \"his\"\nkind = \"command\"\ncommand = [\"printf\", \"a\\nb\\n\"]\n\
                   [[source]]\nname = \"none\"\nkind = \"command\"\ncommand = [\"false\"]\n\
                   [[source]]\nname = \"lost\"\nkind = \"folder\"\npath = \"nowhere\"\n";
    let stage = Stage::new("f013-doctor", sources);
    let told = said(&stage.run(&["doctor"]));
    for line in ["✓ 来源 his: 2 lines", "✗ 来源 none: exit status: 1: ", "✗ 来源 lost: "]
    {
        assert!(told.contains(line), "{line} in {told}");
    }
    assert!(told.contains("nowhere 读不了"), "{told}");
}

/// F013: unixODBC's own isql with Debian's PostgreSQL driver, reading as a role that may
/// only read.
#[tokio::test(flavor = "multi_thread")]
async fn f013_odbc_is_read_by_isql() {
    let driver = Path::new("/usr/lib/x86_64-linux-gnu/odbc/psqlodbcw.so");
    let has_isql = Command::new("isql").arg("--version").output().is_ok();
    if !has_isql || !driver.exists() {
        println!("NOT RUN (1): isql or odbc-postgresql is not installed");
        return;
    }
    let folder = folder("f013-odbc");
    let head = format!(
        "[[source]]\nname = \"his\"\nkind = \"command\"\nevery_s = 86400\n\
         command = [\"isql\", \"-b\", \"-c\", \"-q\", \"-d,\", \"his\"]\nstdin_file = \"his.sql\"\n\
         [source.env]\nODBCINI = \"{0}/odbc.ini\"\nODBCSYSINI = \"{0}\"\n",
        folder.display()
    );
    let hospital = Hospital::open_with("f013-odbc", "2025-02-02T10:00", &head, "").await;
    let (socket, _, database) = hospital.database();
    let ini = format!(
        "[his]\nDriver = {}\nServername = {}\nDatabase = {database}\nUsername = his_reader\n\
         ReadOnly = 1\nConnSettings = set client_encoding to 'UTF8'\n",
        driver.display(),
        socket.display()
    );
    fs::write(folder.join("odbc.ini"), ini).unwrap();
    fs::write(folder.join("odbcinst.ini"), "").unwrap();
    hospital.sql(
        "create schema his; create table his.discharge (name text, born date, no text, dept text,
             left_on date, phone text);
         insert into his.discharge values ('王秀英', '1952-08-15', 'Z1', '心内科', '2025-01-02',
             '13800138000'), ('李,强', '1960-02-03', 'Z2', '骨科', '2025-01-02', '13800138001');
         create role his_reader login; grant usage on schema his to his_reader;
         grant select on his.discharge to his_reader;
         alter role his_reader set default_transaction_read_only = on",
    );
    let select = "select name as \"姓名\", born as \"出生日期\", no as \"住院号\", dept as \"出院科室\", \
                  left_on as \"出院日期\", phone as \"联系电话\" from his.discharge\n";
    fs::write(folder.join("his.sql"), select).unwrap();
    let found = run(&hospital, "his").await["runs"][0].clone();
    assert_eq!(
        (&found["state"], &found["rows_stored"]),
        (&json!("finished"), &json!(2)),
        "{found}"
    );
    assert_eq!(
        hospital.sql("select string_agg(name, '|' order by name) from person"),
        "李,强|王秀英"
    );
    // It can only read: by the driver, by the role's transactions, and by its grants.
    fs::write(folder.join("his.sql"), "delete from his.discharge\n").unwrap();
    let refused = run(&hospital, "his").await["runs"][0].clone();
    assert_eq!(refused["state"], "failed", "{refused}");
    assert_eq!(hospital.sql("select count(*) from his.discharge"), "2");
}
