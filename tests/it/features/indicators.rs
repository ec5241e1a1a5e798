use serde_json::{Value, json};

use crate::support::hospital::Hospital;

const PERIOD: &str = "from=2025-01-01&to=2025-01-31";

async fn hospital(name: &str, count: usize) -> Hospital {
    let hospital = Hospital::open(name, "2025-01-02T10:00").await;
    let rows: Vec<_> = (0..count)
        .map(|n| {
            format!(
                "张{n},男,1960-02-03,Z{n:05},{},{},2024-12-20,2025-01-01,1,138{n:08},J18,肺炎",
                ["心内科", "骨科"][n % 2],
                ["一病区", "二病区"][n % 2]
            )
        })
        .collect();
    hospital.discharges(&rows.iter().map(String::as_str).collect::<Vec<_>>()).await;
    hospital.on("2025-01-08T10:00").await;
    hospital
}

fn due(hospital: &Hospital) -> Vec<Value> {
    hospital.get("/api/due?limit=200").ok()["items"].as_array().unwrap().clone()
}

fn close(hospital: &Hospital, task: &Value, answers: &Value) {
    let id = task["task_id"].as_str().unwrap();
    let body = json!({ "done_on": "2025-01-08", "channel": "manual_phone", "respondent": "self",
        "questionnaire": "discharge_general", "answers": answers });
    hospital.post(&format!("/api/tasks/{id}/close"), &body).ok();
}

/// F099, F129: 知晓率 by ward equals the fixture; the same by any two dimensions, as a table
/// and as a file.
#[tokio::test(flavor = "multi_thread")]
async fn f099_f129_awareness_by_ward_equals_the_fixture_and_pivots_by_any_two_dimensions() {
    let hospital = hospital("f099", 20).await;
    // Of ten in ward one six know; of ten in ward two three, one of whom was not asked at all.
    let mut seen = [0, 0];
    for task in due(&hospital) {
        let ward = usize::from(task["ward"] == "二病区");
        let n = seen[ward];
        seen[ward] += 1;
        let answer = match (ward, n) {
            (0, 0..6) | (1, 0..3) => json!({ "link_id": "aware.med", "value": "know" }),
            (1, 9) => json!({ "link_id": "aware.med", "status": "not_asked" }),
            _ => json!({ "link_id": "aware.med", "value": "unknown" }),
        };
        let mark = if n < 5 { "s5" } else { "s3" };
        close(&hospital, &task, &json!([answer, { "link_id": "satisfaction", "value": mark }]));
    }
    assert_eq!(seen, [10, 10]);
    let rows = hospital.get(&format!("/api/statistics/awareness?{PERIOD}")).ok();
    let of = |ward: &str| {
        let rows = rows.as_array().unwrap().iter();
        rows.clone().find(|row| row["ward"] == ward).unwrap()["knows"].clone()
    };
    assert_eq!((&of("一病区")["percent"], &of("一病区")["whole"]), (&json!("60.00 %"), &json!(10)));
    assert_eq!((&of("二病区")["part"], &of("二病区")["whole"]), (&json!(3), &json!(9)));
    let pivot = |terms: &str| hospital.get(&format!("/api/statistics/pivot?{PERIOD}&{terms}"));
    let table = pivot("indicator=awareness&by=department&and=ward").ok();
    assert_eq!(table["whole"]["part"], 9);
    assert_eq!(table["rows"].as_array().unwrap().len(), 2, "{table}");
    let marks = pivot("indicator=satisfaction&by=ward&and=operator").ok();
    assert_eq!(marks["columns"], json!(["admin"]));
    assert_eq!(marks["rows"][0]["cells"][0]["mean"], 4.0);
    assert_eq!(marks["whole"]["percent"], "50.00 %");
    let rate = pivot("indicator=follow_up&by=month&and=department").ok();
    let direct = hospital.get(&format!("/api/statistics/follow-up?{PERIOD}")).ok();
    assert_eq!(rate["whole"], direct["whole"]["strict"]);
    let file = pivot("indicator=awareness&by=department&and=ward&format=csv").ok();
    let text = file.as_str().unwrap().trim_start_matches('\u{feff}').to_owned();
    let mut lines = text.lines();
    assert_eq!(lines.next().unwrap(), "awareness,一病区,二病区,合计");
    assert!(text.contains("心内科,60.00 % (6/10),"), "{text}");
    for wrong in ["indicator=shoe&by=ward", "indicator=awareness&by=shoe"] {
        assert_eq!(pivot(wrong).status, 422, "{wrong}");
    }
}

/// F076, F066, F124: targets beside what was reached; the board and the workload reconcile
/// with the task table.
#[tokio::test(flavor = "multi_thread")]
async fn f076_f066_f124_targets_board_and_workload_equal_the_tables() {
    let hospital = hospital("f076", 20).await;
    let departments = hospital.get("/api/departments").ok();
    for row in departments.as_array().unwrap() {
        let (target, who) =
            if row["name"] == "骨科" { (80.0, "王主任") } else { (40.0, "李主任") };
        let id = row["department_id"].as_str().unwrap();
        let policy = json!({ "follows_up": true, "responsible": who, "target_percent": target });
        assert_eq!(hospital.put(&format!("/api/departments/{id}"), &policy).status, 204);
    }
    let tasks = due(&hospital);
    for task in tasks.iter().filter(|task| task["ward"] == "一病区").take(5) {
        close(&hospital, task, &json!([]));
    }
    for task in tasks.iter().filter(|task| task["ward"] == "二病区").take(6) {
        close(&hospital, task, &json!([]));
    }
    let targets = hospital.get(&format!("/api/statistics/targets?{PERIOD}")).ok();
    let of = |name: &str| {
        let rows = targets.as_array().unwrap().iter();
        rows.clone().find(|row| row["department"] == name).unwrap().clone()
    };
    let (heart, bones) = (of("心内科"), of("骨科"));
    assert_eq!((&heart["actual"]["percent"], &heart["reached"]), (&json!("50.00 %"), &json!(true)));
    assert_eq!(
        (&bones["actual"]["percent"], &bones["reached"]),
        (&json!("60.00 %"), &json!(false))
    );
    assert_eq!(bones["responsible"], "王主任");
    // One is lost, one has refused.
    let open: Vec<_> = due(&hospital).into_iter().filter(|task| task["ward"] == "一病区").collect();
    let end = |n: usize, reason: &str| {
        let id = open[n]["person_id"].as_str().unwrap();
        let body = json!({ "reason": reason, "why": "电话、联系人、信函都失败" });
        hospital.post(&format!("/api/patients/{id}/end"), &body).ok();
    };
    end(0, "lost");
    end(1, "refused");
    hospital.on("2025-02-10T10:00").await;
    let board = hospital.get("/api/plan-board").ok();
    let sum = |key: &str| -> i64 {
        board.as_array().unwrap().iter().map(|row| row[key].as_i64().unwrap()).sum()
    };
    let sql = |which: &str| -> i64 {
        let text = format!("select count(*) from task t join plan p using (plan_id) where {which}");
        hospital.sql(&text).parse().unwrap()
    };
    let closed = "t.state in ('completed', 'partial', 'cancelled', 'expired')";
    for (key, which) in [
        ("planned", "true".to_owned()),
        ("done", "t.state in ('completed', 'partial')".to_owned()),
        ("overdue", format!("not {closed} and t.deadline_on < '2025-02-10'")),
        ("lost", "t.state in ('cancelled', 'expired') and p.end_reason = 'lost'".to_owned()),
    ] {
        assert_eq!(sum(key), sql(&which), "{key}: {board}");
    }
    assert!(sum("lost") > 0 && sum("overdue") > 0, "{board}");
    let parts = ["done", "open", "overdue", "lost", "ended"].map(sum);
    assert_eq!(parts.iter().sum::<i64>(), sum("planned"));
    let wards: Vec<_> = board.as_array().unwrap().iter().map(|row| row["ward"].clone()).collect();
    assert!(wards.contains(&json!("一病区")) && wards.contains(&json!("二病区")));
    // F124: calls, minutes and tasks of each operator.
    hospital.sql(
        "insert into call (call_id, task_id, person_id, department_id, direction, state, remote,
             dialplan, dialplan_sha256, owner_node, owner_epoch, started_at, answered_at, ended_at)
         select gen_random_uuid(), t.task_id, t.person_id, t.department_id, 'outbound', 'ended',
             '+8613800000000', 'followup', '', 'n', 1, '2025-01-08T02:00Z', '2025-01-08T02:00:10Z',
             '2025-01-08T02:02:10Z' from task t where t.sequence = 0",
    );
    let work = hospital.get("/api/statistics/workload?from=2025-01-08&to=2025-01-08").ok();
    let calls: u64 = hospital.sql("select count(*) from call").parse().unwrap();
    assert_eq!(work["hospital"]["calls"], calls);
    assert_eq!(work["hospital"]["talk_s"], calls * 120);
    let done: u64 = hospital
        .sql("select count(*) from task where state = 'completed' and done_by = 'admin'")
        .parse()
        .unwrap();
    let operators = work["operators"].as_array().unwrap();
    let admin = operators.iter().find(|row| row["name"] == "admin").unwrap();
    assert_eq!((&admin["completed"], done), (&json!(done), 11));
    let by_department = work["departments"].as_array().unwrap().iter();
    let total: u64 = by_department.map(|row| row["completed"].as_u64().unwrap()).sum();
    assert_eq!(total, 11);
    let before = hospital.get("/api/statistics/workload?from=2025-01-09&to=2025-01-31").ok();
    assert_eq!(before["hospital"]["completed"], 0, "the day after is another day");
}

/// F133: causes as a tree with their roots, measures with owner, day and effect, and the two
/// periods with their interval against the target.
#[tokio::test(flavor = "multi_thread")]
async fn f133_a_pdca_has_its_fishbone_measures_and_what_came_of_them() {
    let hospital = Hospital::open("f133", "2025-03-02T10:00").await;
    let rows: Vec<_> = (0..80)
        .map(|n| {
            let day = if n < 40 { "2025-01-10" } else { "2025-02-10" };
            format!(
                "张{n},男,1960-02-03,Z{n:05},心内科,一病区,2024-12-20,{day},1,138{n:08},J18,肺炎"
            )
        })
        .collect();
    hospital.discharges(&rows.iter().map(String::as_str).collect::<Vec<_>>()).await;
    // 20 of 40 before, 36 of 40 after.
    hospital.sql(
        "with first as (select t.task_id, a.discharged_on,
                 row_number() over (partition by a.discharged_on order by a.admission_no) as n
             from task t join admission a using (admission_id) where t.sequence = 0)
         update task t set state = 'completed', done_on = f.discharged_on + 5,
             done_channel = 'manual_phone', done_by = 'li', evidence = 'typed', respondent = 'self'
         from first f where f.task_id = t.task_id
           and f.n <= case when f.discharged_on < '2025-02-01' then 20 else 36 end",
    );
    let ask = json!({ "title": "提高出院随访率", "target_percent": 85.0,
        "before_from": "2025-01-01", "before_to": "2025-01-31",
        "after_from": "2025-02-01", "after_to": "2025-02-28" });
    let mut turned = ask.clone();
    turned["after_from"] = json!("2025-01-15");
    assert_eq!(hospital.post("/api/pdca", &turned).status, 409, "periods in order");
    let made = hospital.post("/api/pdca", &ask).ok();
    let path = format!("/api/pdca/{}", made["pdca_id"].as_str().unwrap());
    let cause = |parent: Option<&Value>, what: &str| {
        let ask = json!({ "parent": parent, "what": what });
        hospital.post(&format!("{path}/causes"), &ask).ok()["id"].clone()
    };
    let people = cause(None, "人员");
    let number = cause(Some(&people), "入院时未核对电话号码");
    let root = format!("{path}/causes/{}", number.as_str().unwrap());
    assert_eq!(hospital.put(&root, &json!({ "is_root": true })).status, 204);
    let nowhere = json!({ "parent": uuid_of_nothing(), "what": "x" });
    assert_eq!(hospital.post(&format!("{path}/causes"), &nowhere).status, 404);
    let measure = json!({ "cause_id": number, "what": "床旁核对号码", "owner": "护士长",
        "due_on": "2025-02-01" });
    let measure = hospital.post(&format!("{path}/measures"), &measure).ok()["id"].clone();
    let open = hospital.get(&path).ok();
    assert_eq!(
        (&open["measures"][0]["overdue"], &open["causes"][1]["is_root"]),
        (&json!(true), &json!(true))
    );
    assert_eq!(open["causes"][1]["parent"], people);
    let effect = json!({ "done_on": "2025-02-01", "effect": "无效号码由 10% 降到 2%" });
    let done = hospital.put(&format!("{path}/measures/{}", measure.as_str().unwrap()), &effect);
    assert_eq!(done.status, 204);
    let page = hospital.get(&path).ok();
    assert_eq!(page["measures"][0]["effect"], "无效号码由 10% 降到 2%");
    let result = &page["result"];
    assert_eq!(
        (&result["before"]["percent"], &result["after"]["percent"]),
        (&json!("50.00 %"), &json!("90.00 %"))
    );
    assert_eq!((&result["significant"], &page["reached"]), (&json!(true), &json!(true)));
    let (low, by, high) = (&result["low"], &result["difference"], &result["high"]);
    assert!(low.as_f64() < by.as_f64() && by.as_f64() < high.as_f64(), "{result}");
}

fn uuid_of_nothing() -> &'static str {
    "00000000-0000-0000-0000-000000000000"
}

/// F128: Kaplan–Meier and log-rank on the NCCTG lung fixture through the API, to 4 digits.
#[tokio::test(flavor = "multi_thread")]
async fn f128_the_lung_fixture_has_r_survivals_median_and_chi_square() {
    let hospital = Hospital::open("f128", "2025-01-02T10:00").await;
    let lung = include_str!("../../data/lung.csv");
    let mut values = Vec::new();
    let mut lines = lung.lines();
    let header: Vec<_> = lines.next().unwrap().split(',').collect();
    let column = |name: &str| header.iter().position(|it| it.trim_matches('"') == name).unwrap();
    let (time, status, sex) = (column("time"), column("status"), column("sex"));
    for line in lines.filter(|line| !line.is_empty()) {
        let cells: Vec<_> = line.split(',').collect();
        values.push(format!("({},{},{})", cells[time], cells[status], cells[sex]));
    }
    assert_eq!(values.len(), 228);
    hospital.sql(&format!(
        "insert into department values (gen_random_uuid(), '肿瘤科', '2020-01-01');
         create temporary table lung as select row_number() over () as n, gen_random_uuid() as person,
             gen_random_uuid() as admission, v.* from (values {}) v (days, status, sex);
         insert into person (person_id, name, sex, died_on, created_at, updated_at)
         select person, '病人' || n, case sex when 1 then 'male' else 'female' end,
             case status when 1 then date '2020-01-01' + days end, '2020-01-01', '2020-01-01' from lung;
         insert into admission (admission_id, person_id, department_id, admission_no, discharged_on,
             created_at)
         select admission, person, (select department_id from department), 'L' || n, '2020-01-01',
             '2020-01-01' from lung;
         insert into task (task_id, person_id, admission_id, department_id, kind, state, due_at,
             not_before, created_at, updated_at, done_on)
         select gen_random_uuid(), person, admission, (select department_id from department),
             'follow_up', 'completed', '2020-01-01', '2020-01-01', '2020-01-01', '2020-01-01',
             date '2020-01-01' + days from lung",
        values.join(",")
    ));
    let path = "/api/statistics/survival?from=2020-01-01&to=2020-01-01";
    let whole = hospital.get(path).ok();
    let curve = &whole["curves"][0];
    assert_eq!(
        (&curve["n"], &curve["events"], &curve["median"]),
        (&json!(228), &json!(165), &json!(310.0))
    );
    let split = hospital.get(&format!("{path}&by=sex")).ok();
    let chi = split["log_rank"]["chi_square"].as_f64().unwrap();
    assert!((chi - 10.3267).abs() < 5e-5, "{chi}");
    let p = split["log_rank"]["p"].as_f64().unwrap();
    assert!((p - 0.001_311).abs() < 1e-6, "{p}");
}

/// F074: the printed list equals the screen; ward and date on each page, masked by role,
/// audited.
#[tokio::test(flavor = "multi_thread")]
async fn f074_the_printed_list_equals_the_screen_and_is_masked_by_role() {
    let hospital = hospital("f074", 12).await;
    hospital.add_user("nurse", "nurse").await;
    let nurse = hospital.sign_in("nurse");
    let page = hospital.get_as(&nurse, "/api/due/print").ok();
    let page = page.as_str().unwrap();
    let rows = due(&hospital);
    assert_eq!(page.matches("<tr><td>").count(), rows.len());
    for row in &rows {
        assert!(page.contains(&format!("<td>{}</td>", row["name"].as_str().unwrap())));
        assert!(page.contains(row["number"].as_str().unwrap()), "masked as on the screen");
    }
    for wanted in [
        "A4 landscape",
        "counter(pages)",
        "一病区 · 2025-01-08",
        "二病区 · 2025-01-08",
        "打印 nurse 2025-01-08",
        "<th>结果</th><th>签名</th>",
        "table-header-group",
    ] {
        assert!(page.contains(wanted), "{wanted}");
    }
    assert!(!page.contains("13800000001"), "masked");
    let full = hospital.get("/api/due/print").ok();
    assert!(full.as_str().unwrap().contains("13800000001"), "who may take data out of the house");
    let printed = hospital
        .sql("select string_agg(who, ',' order by audit_id) from audit where did = 'printed'");
    assert_eq!(printed, "nurse,admin");
}
