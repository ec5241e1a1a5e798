use serde_json::{Value, json};
use sqlx::{Connection as _, PgConnection, postgres::PgConnectOptions};

use crate::support::hospital::{HEADER, Hospital};

/// F123, F076, F129: 10,000 discharges, 7,447 followed up in time, and the list of the others.
#[tokio::test(flavor = "multi_thread")]
async fn f123_f129_ten_thousand_discharges_of_which_7447_were_followed_up_are_74_47_percent() {
    let hospital = Hospital::open("f123", "2025-02-02T10:00").await;
    let mut csv = format!("{HEADER}\n");
    for n in 0..10_000 {
        let department = ["心内科", "骨科", "肿瘤科"][n % 3];
        csv += &format!(
            "张{n},男,1960-02-03,Z{n:05},{department},一病区,2024-12-20,2025-01-{:02},1,138{n:08},J18,肺炎\n",
            1 + n % 15
        );
    }
    let import = hospital.import("all.csv", csv.as_bytes()).await;
    assert_eq!(import["rows_stored"], 10_000, "{import}");
    // What operators typed: 7,447 done on the tenth day by the patient, 53 by a stranger's word.
    hospital.sql(
        "with first as (select t.task_id, a.discharged_on,
                 row_number() over (order by a.admission_no) as n
             from task t join admission a using (admission_id) where t.sequence = 0)
         update task t set state = 'completed', done_on = f.discharged_on + 10,
             done_channel = 'manual_phone', done_by = 'li', evidence = 'typed',
             respondent = case when f.n <= 7447 then 'self' else 'stranger' end
         from first f where f.task_id = t.task_id and f.n <= 7500",
    );
    let period = "from=2025-01-01&to=2025-01-31";
    let report = hospital.get(&format!("/api/statistics/follow-up?{period}")).ok();
    let strict = &report["whole"]["strict"];
    assert_eq!(strict["percent"], "74.47 %");
    assert_eq!((&strict["part"], &strict["whole"]), (&json!(7447), &json!(10_000)));
    assert!(report["definitions"][0]["whole"].as_str().unwrap().contains("出院存活"));
    assert_eq!(report["whole"]["waterfall"][0]["count"], 10_000);
    let split =
        hospital.get(&format!("/api/statistics/follow-up?{period}&by=department&and=month")).ok();
    let cells = split["cells"].as_array().unwrap();
    assert_eq!(cells.len(), 3, "{split}");
    let sum: u64 = cells.iter().map(|cell| cell["strict"]["part"].as_u64().unwrap()).sum();
    assert_eq!(sum, 7447);
    let mut behind = 0;
    loop {
        let path =
            format!("/api/statistics/cases?{period}&which=not_done&limit=200&offset={behind}");
        let page = hospital.get(&path).ok();
        behind += page["items"].as_array().unwrap().len();
        if page["has_more"] == false {
            break;
        }
    }
    assert_eq!(behind, 2553);
    let causes = hospital.get(&format!("/api/statistics/causes?{period}")).ok();
    let all: u64 = causes.as_array().unwrap().iter().map(|c| c["count"].as_u64().unwrap()).sum();
    assert_eq!(all, 2553);
    let work = hospital.get("/api/statistics/workload?from=2025-01-01&to=2025-01-31").ok();
    assert_eq!(work["hospital"]["completed"], 7500);
    let half = hospital.get(
        "/api/statistics/compare?from=2025-01-08&to=2025-01-15\
         &before_from=2025-01-01&before_to=2025-01-07",
    );
    assert!(half.ok()["difference"].is_f64());
    rolled_up_days_say_the_same(&hospital, period).await;
    assert_eq!(hospital.get("/api/statistics/follow-up?from=2025-02-01&to=2025-01-01").status, 422);
    assert_eq!(hospital.get(&format!("/api/statistics/follow-up?{period}&by=shoe")).status, 422);
}

/// A report over roll-ups is the report over the cases, for each dimension; and what changes
/// after a day was rolled is in the next report at once.
async fn rolled_up_days_say_the_same(hospital: &Hospital, period: &str) {
    let splits =
        ["", "department", "ward", "attending", "disease", "month", "evidence", "operator"];
    let reports = || {
        let asked = splits.iter().flat_map(|by| splits[..3].iter().map(move |and| (by, and)));
        let one = |(by, and): (&&str, &&str)| {
            let path = format!("/api/statistics/follow-up?{period}&by={by}&and={and}");
            let report = hospital.get(&path).ok();
            (format!("{by} {and}"), report["whole"].clone(), report["cells"].clone())
        };
        let causes = hospital.get(&format!("/api/statistics/causes?{period}")).ok();
        (asked.map(one).collect::<Vec<_>>(), causes)
    };
    let counted = reports();
    hospital.roll_up("rollup_dirty").await;
    assert_eq!(reports(), counted);
    // A whole month is read as one; the rest of one, day by day.
    let months = hospital.sql("select distinct month from follow_up_rollup_month");
    assert_eq!(months, "2025-01-01");
    let part = "from=2025-01-02&to=2025-01-31";
    let of_days = hospital.get(&format!("/api/statistics/follow-up?{part}")).ok();
    assert!(of_days["whole"]["waterfall"][0]["count"].as_u64().unwrap() < 10_000, "{of_days}");
    let anew = |hospital: &Hospital| {
        let report = hospital.get(&format!("/api/statistics/follow-up?{period}")).ok();
        assert!(report["rolled_at"].is_string(), "{report}");
        (report["cases_counted_anew"].clone(), report["whole"]["strict"]["part"].clone())
    };
    let held = nothing_is_rolled(hospital).await;
    assert_eq!(anew(hospital), (json!(0), json!(7447)));
    let one = "task_id = (select task_id from task where respondent = 'self' limit 1)";
    hospital.sql(&format!("update task set respondent = 'stranger' where {one}"));
    assert_eq!(anew(hospital), (json!(1), json!(7446)));
    hospital.sql(
        "update person set died_on = '2025-01-02' where person_id = (select person_id from task
             where respondent = 'self' limit 1)",
    );
    assert_eq!(anew(hospital).1, json!(7445));
    let changed = reports();
    held.close().await.unwrap();
    hospital.roll_up("rollup_dirty").await;
    assert_eq!(anew(hospital), (json!(0), json!(7445)));
    assert_eq!(reports(), changed, "the difference for good is the difference of before");
    a_stay_that_leaves_its_day_is_counted_there_no_more(hospital).await;
}

/// As long as this is open, as if another node were at it: the server rolls each minute, and
/// what is counted anew would be gone before it is asked for.
async fn nothing_is_rolled(hospital: &Hospital) -> PgConnection {
    let (socket, user, database) = hospital.database();
    let options = PgConnectOptions::new_without_pgpass().socket(socket).username(user);
    let mut open = PgConnection::connect_with(&options.database(database)).await.unwrap();
    let lock = sqlx::raw_sql("select pg_advisory_lock(7307, 0)");
    lock.execute(&mut open).await.unwrap();
    open
}

/// A discharge that is moved, or taken back, leaves the day on which it was rolled.
async fn a_stay_that_leaves_its_day_is_counted_there_no_more(hospital: &Hospital) {
    let discharged = |day: &str| {
        let path = format!("/api/statistics/follow-up?from=2025-01-{day}&to=2025-01-{day}");
        hospital.get(&path).ok()["whole"]["waterfall"][0]["count"].as_u64().unwrap()
    };
    hospital.roll_up("rollup_dirty").await;
    let (third, fourth) = (discharged("03"), discharged("04"));
    let one = "admission_id = (select admission_id from admission
         where discharged_on = '2025-01-03' and person_id in (select person_id from person
             where died_on is null) limit 1)";
    hospital.sql(&format!("update admission set discharged_on = '2025-01-04' where {one}"));
    assert_eq!((discharged("03"), discharged("04")), (third - 1, fourth + 1));
    hospital.roll_up("rollup_dirty").await;
    assert_eq!((discharged("03"), discharged("04")), (third - 1, fourth + 1));
    hospital.sql(&format!("update admission set discharged_on = null where {one}"));
    assert_eq!(discharged("03"), third - 2);
    hospital.roll_up("rollup_dirty").await;
    assert_eq!(discharged("03"), third - 2);
}

/// F023: a thousand patients, a hundred of them with bad numbers.
#[tokio::test(flavor = "multi_thread")]
async fn f023_the_invalid_number_rate_splits_by_reason_source_and_ward() {
    let hospital = Hospital::open("f023", "2025-01-02T10:00").await;
    let rows: Vec<_> = (0..1000)
        .map(|n| {
            let ward = if n % 2 == 0 { "一病区" } else { "二病区" };
            format!("张{n},男,1960-02-03,Z{n:05},心内科,{ward},2024-12-20,2025-01-01,1,138{n:08},J18,肺炎")
        })
        .collect();
    hospital.discharges(&rows.iter().map(String::as_str).collect::<Vec<_>>()).await;
    hospital.sql(
        "update number set state = case when right(e164, 1) < '5' then 'invalid' else 'blocked' end
         where right(e164, 3)::int < 100",
    );
    let report = hospital.get("/api/statistics/bad-numbers?from=2025-01-01&to=2025-01-31").ok();
    assert_eq!(report["invalid"]["percent"], "10.00 %");
    let count = |key: &str, word: &str| -> i64 {
        let cells = report["cells"].as_array().unwrap().iter();
        cells.filter(|cell| cell[key] == word).map(|cell| cell["count"].as_i64().unwrap()).sum()
    };
    assert_eq!((count("reason", "wrong_number"), count("reason", "not_in_service")), (50, 50));
    assert_eq!((count("ward", "一病区"), count("ward", "二病区")), (50, 50));
    assert_eq!(count("source", "import"), 100);
}

/// F125, F127, F134: marks without "did not apply", symptoms by disease, the research file.
#[tokio::test(flavor = "multi_thread")]
async fn f125_f127_f134_marks_symptoms_and_the_research_file_equal_the_fixture() {
    let hospital = Hospital::open("f125", "2025-01-02T10:00").await;
    let rows: Vec<_> = (0..6)
        .map(|n| {
            let name = if n == 5 { "=cmd()".to_owned() } else { format!("张{n}") };
            format!("{name},男,1960-02-03,Z{n:05},心内科,一病区,2024-12-20,2025-01-01,1,138{n:08},I21.9,心梗")
        })
        .collect();
    hospital.discharges(&rows.iter().map(String::as_str).collect::<Vec<_>>()).await;
    hospital.on("2025-01-08T10:00").await;
    let due = hospital.get("/api/due").ok();
    let mut tasks: Vec<_> = due["items"].as_array().unwrap().clone();
    tasks.retain(|task| task["type"] == "routine");
    assert_eq!(tasks.len(), 6);
    let close = |n: usize, form: &str, answers: Value| {
        let task = tasks[n]["task_id"].as_str().unwrap();
        let body = json!({ "done_on": "2025-01-08", "channel": "manual_phone", "respondent": "self",
            "questionnaire": form, "answers": answers });
        hospital.post(&format!("/api/tasks/{task}/close"), &body).ok();
    };
    for (n, code) in ["none", "mild", "mild", "severe"].iter().enumerate() {
        close(
            n,
            "discharge_general",
            json!([{ "link_id": "sym.headache", "value": code },
            { "link_id": "sym.vomit", "status": "declined" }]),
        );
    }
    let symptoms = hospital.get("/api/statistics/symptoms?from=2025-01-01&to=2025-01-31").ok();
    let of = |code: &str| {
        let rows = symptoms.as_array().unwrap().iter();
        let mut rows = rows.filter(|row| row["link_id"] == "sym.headache" && row["code"] == code);
        rows.next().map(|row| row["frequency"]["percent"].clone()).unwrap()
    };
    assert_eq!(
        (of("none"), of("mild"), of("severe")),
        (json!("25.00 %"), json!("50.00 %"), json!("25.00 %"))
    );
    assert_eq!(symptoms[0]["disease"], "I21");
    close(4, "discharge_general", json!([{ "link_id": "sym.headache", "value": "none" }]));
    close(5, "discharge_general", json!([{ "link_id": "sym.headache", "value": "none" }]));
    let path =
        "/api/statistics/export?from=2025-01-01&to=2025-01-31&questionnaire=discharge_general";
    let file = hospital.get(path).ok();
    let text = file.as_str().unwrap();
    assert!(text.starts_with('\u{feff}'), "Excel needs the mark");
    assert_eq!(text.lines().count(), 7, "a line each and the header");
    assert!(text.contains("'=cmd()"), "no formula: {text}");
    assert!(text.contains(",severe,"), "{text}");
    assert!(text.contains(",declined,"), "a blank says which: {text}");
    let hidden = hospital.get(&format!("{path}&deidentified=true")).ok();
    let hidden = hidden.as_str().unwrap();
    assert!(!hidden.contains("张0") && !hidden.contains("Z00000") && hidden.contains("1960"));
    // Five of one person within a minute are looked into, not judged.
    let suspicious = hospital.get("/api/statistics/implausible?from=2025-01-01&to=2025-01-31").ok();
    assert_eq!(suspicious[0]["kind"], "many_within_minutes", "{suspicious}");
    assert_eq!(suspicious[0]["operator"], "admin");
}

/// The records office's figure beside ours.
#[tokio::test(flavor = "multi_thread")]
async fn f123_discharges_are_reconciled_with_the_records_office() {
    let hospital = Hospital::open("reconcile", "2025-02-02T10:00").await;
    hospital
        .discharges(&[
            "张三,男,1960-02-03,Z00001,心内科,一病区,2024-12-20,2025-01-05,1,13800000001,J18,肺炎",
        ])
        .await;
    let department = hospital.get("/api/departments").ok()[0]["department_id"].clone();
    let figure = json!({ "department_id": department, "month": "2025-01-31", "discharges": 3 });
    assert_eq!(hospital.put("/api/statistics/reconciliation", &figure).status, 204);
    let rows = hospital.get("/api/statistics/reconciliation?from=2025-01-01&to=2025-01-31").ok();
    assert_eq!((&rows[0]["ours"], &rows[0]["missing"]), (&json!(1), &json!(2)), "{rows}");
}
