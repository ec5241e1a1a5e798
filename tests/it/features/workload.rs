use crate::support::hospital::Hospital;

/// The facts of a report, counted from the tables: calls, seconds (whole ones of each
/// department), done and half done.
fn facts(hospital: &Hospital, from: &str, to: &str) -> String {
    hospital.sql(&format!(
        "select (select coalesce(sum(n), 0) || ' ' || coalesce(sum(talk_s), 0)
                 from (select count(*) as n,
                           coalesce(sum(extract(epoch from ended_at - answered_at)), 0)::bigint as talk_s
                       from call where direction = 'outbound' and task_id is not null
                         and started_at >= '{from}T00:00+08:00' and started_at <
                             ('{to}'::date + 1)::text::timestamp at time zone 'Asia/Shanghai'
                       group by department_id) d)
             || ' ' || (select count(*) filter (where state = 'completed') || ' ' ||
                     count(*) filter (where state = 'partial')
                 from task where kind = 'follow_up' and type <> 'notice'
                   and done_on between '{from}' and '{to}')"
    ))
}

fn reported(hospital: &Hospital, from: &str, to: &str) -> String {
    let report = hospital.get(&format!("/api/statistics/workload?from={from}&to={to}")).ok();
    let whole = &report["hospital"];
    let figures = ["calls", "talk_s", "completed", "partial"];
    // The parts of each level make the whole.
    for level in ["departments", "operators"] {
        for figure in figures {
            let parts = report[level].as_array().unwrap().iter();
            let sum: u64 = parts.map(|row| row[figure].as_u64().unwrap()).sum();
            assert_eq!(whole[figure], sum, "{level} {figure}: {report}");
        }
    }
    figures.map(|figure| whole[figure].to_string()).join(" ")
}

/// F124: the kept workload is that of the calls and the tasks after each change, rolled or
/// not; also where a day of the hospital begins within an hour of the clock it is kept by.
#[tokio::test(flavor = "multi_thread")]
async fn f124_the_kept_workload_equals_the_calls_and_tasks_after_every_change() {
    let hospital = Hospital::open("workload", "2025-01-10T10:00").await;
    let rows: Vec<_> = (1..=40)
        .map(|n| {
            let department = if n % 3 == 0 { "骨科" } else { "心内科" };
            format!("王{n},女,1952-08-15,Z{n},{department},一病区,2024-12-20,2024-12-30,1,138{n:08},I10,高血压")
        })
        .collect();
    hospital.discharges(&rows.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let call =
        "insert into call (call_id, task_id, person_id, department_id, direction, state, remote,
             dialplan, dialplan_sha256, owner_node, owner_epoch, started_at)
         select gen_random_uuid(), t.task_id, t.person_id, t.department_id, 'outbound', 'dialling',
             '+8613800000000', 'followup', '', 'n', 1,
             timestamptz '2025-01-05T15:50:00Z' + (k || ' minutes')::interval
         from task t, generate_series(0, 60, 7) k where t.sequence = 0";
    let changes = [
        ("calls begin, around a midnight", call),
        (
            "they are answered and end",
            "update call set answered_at = started_at + interval '5 s',
                 ended_at = started_at + interval '65.4 s', state = 'ended' where remote like '+%'",
        ),
        (
            "follow-ups are done",
            "update task set state = case when admission_id is not null and random() < 0.3
                     then 'partial' else 'completed' end,
                 done_on = date '2025-01-05' + (attempts + (random() * 2)::int),
                 done_by = case when random() < 0.5 then 'n1' end
             where sequence = 0 and kind = 'follow_up'",
        ),
        (
            "half of what was half done is done",
            "update task set state = 'completed', done_by = 'n2' where state = 'partial'
                 and random() < 0.5",
        ),
        (
            "a stay belongs to another department",
            "update call set department_id = (select department_id from department where name = '骨科')
             where random() < 0.2;
             update task set department_id = (select department_id from department where name = '骨科')
             where state = 'completed' and random() < 0.2",
        ),
        ("one is open again", "update task set state = 'due', done_on = null where done_by = 'n2'"),
        ("some are another's", "update call set task_id = null where random() < 0.1"),
        ("some were wrong", "delete from call where random() < 0.1"),
    ];
    let spans = [
        ("2025-01-05", "2025-01-05"),
        ("2025-01-06", "2025-01-06"),
        ("2025-01-05", "2025-01-07"),
        ("2024-01-01", "2025-12-31"),
    ];
    for (n, (what, change)) in changes.iter().enumerate() {
        hospital.sql(change);
        for (from, to) in spans {
            let expected = facts(&hospital, from, to);
            assert_eq!(reported(&hospital, from, to), expected, "{what}: {from} to {to}");
        }
        if n % 2 == 0 {
            hospital.roll_up("call_change").await;
        }
    }
    assert_ne!(
        facts(&hospital, "2025-01-05", "2025-01-05"),
        facts(&hospital, "2025-01-06", "2025-01-06")
    );
    // Counting all of it anew changes nothing.
    let before = reported(&hospital, "2024-01-01", "2025-12-31");
    hospital.sql("set suifang.departments = '*'; select recount_workload()");
    assert_eq!(reported(&hospital, "2024-01-01", "2025-12-31"), before);
}

/// A zone whose midnight is within an hour of the clock that the counts are kept by: what its
/// days cut off of an hour is counted from the calls.
#[tokio::test(flavor = "multi_thread")]
async fn f124_a_day_that_begins_at_half_past_an_hour_has_its_own_calls() {
    let hospital = Hospital::open("halfhour", "2025-01-10T10:00").await;
    hospital
        .discharges(&[
            "王一,女,1952-08-15,Z1,心内科,一病区,2024-12-20,2024-12-30,1,13800000001,I10,高血压",
        ])
        .await;
    hospital.sql(
        "insert into call (call_id, task_id, person_id, department_id, direction, state, remote,
             dialplan, dialplan_sha256, owner_node, owner_epoch, started_at, answered_at, ended_at)
         select gen_random_uuid(), t.task_id, t.person_id, t.department_id, 'outbound', 'ended',
             '+8613800000000', 'followup', '', 'n', 1, at, at, at + interval '60 s'
         from task t, generate_series(timestamptz '2025-01-05T15:00Z', '2025-01-07T15:00Z',
             '10 minutes') at where t.sequence = 0",
    );
    let mut scope = {
        let database = hospital.server.core.app.database();
        database.scope(&suifang::store::Principal::System("test")).await.unwrap()
    };
    let day = |text: &str| text.parse::<chrono::NaiveDate>().unwrap();
    let moment = |text: &str| text.parse::<chrono::DateTime<chrono::Utc>>().unwrap();
    for (from, to) in [
        ("2025-01-05T18:30:00Z", "2025-01-06T18:30:00Z"),
        ("2025-01-05T18:15:00Z", "2025-01-05T18:45:00Z"),
        ("2025-01-05T18:00:00Z", "2025-01-05T19:00:00Z"),
        ("2025-01-05T18:59:59Z", "2025-01-05T20:00:01Z"),
    ] {
        let period =
            suifang::store::statistics::Period { from: day("2025-01-01"), to: day("2025-01-01") };
        let found =
            suifang::store::statistics::workload(&mut scope, period, moment(from), moment(to));
        let found: i64 = found.await.unwrap().iter().map(|row| row.calls).sum();
        let expected = hospital.sql(&format!(
            "select count(*) from call where started_at >= '{from}' and started_at < '{to}'"
        ));
        assert_eq!(found.to_string(), expected, "{from} to {to}");
        assert_ne!(expected, "0");
    }
}
