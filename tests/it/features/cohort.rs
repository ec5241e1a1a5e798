use serde_json::{Value, json};
use suifang::engine::{Clock as _, SystemClock};

use crate::support::hospital::Hospital;

/// Two hundred discharges of all kinds; every third has a second diagnosis.
async fn hospital(name: &str) -> Hospital {
    let hospital = Hospital::open(name, "2025-01-20T10:00").await;
    let rows: Vec<_> = (0..200)
        .map(|n| {
            let (sex, department) = (["男", "女"][n % 2], ["心内科", "肿瘤科", "骨科"][n % 3]);
            let (icd, disease) = [("I25.1", "冠心病"), ("C11.9", "鼻咽恶性肿瘤")][n % 2];
            format!(
                "张{n},{sex},{}-06-15,Z{n:05},{department},{}病区,2024-12-20,2025-01-{:02},1,138{n:08},{icd},{disease}",
                1930 + n % 60,
                ["一", "二"][n % 2],
                1 + n % 15
            )
        })
        .collect();
    hospital.discharges(&rows.iter().map(String::as_str).collect::<Vec<_>>()).await;
    hospital.sql(
        "insert into diagnosis (admission_id, position, icd, name)
         select admission_id, 9, 'E11.9', '2 型糖尿病' from admission
         where right(admission_no, 5)::int % 3 = 0",
    );
    hospital
}

fn count(hospital: &Hospital, filter: &Value) -> Value {
    hospital.post("/api/cohort", &json!({ "filter": filter })).ok()["count"].clone()
}

/// F101: a disease's name finds main and other diagnoses, and they are followed up.
#[tokio::test(flavor = "multi_thread")]
async fn f101_a_disease_finds_secondary_diagnoses_too_and_starts_their_follow_up() {
    let hospital = hospital("f101").await;
    let by_name = json!({ "disease": { "name": "糖尿病" } });
    assert_eq!(count(&hospital, &by_name), 67, "every third, as a second diagnosis");
    assert_eq!(count(&hospital, &json!({ "disease": { "icd": "e11" } })), 67);
    let main = json!({ "disease": { "icd": "E11", "main_only": true } });
    assert_eq!(count(&hospital, &main), 0);
    assert_eq!(count(&hospital, &json!({ "disease": { "name": "冠心病" } })), 100);
    let ask = json!({ "filter": by_name, "name": "糖尿病随访", "dialplan": "quick" });
    let run = hospital.post("/api/cohort/follow-up", &ask).ok();
    assert_eq!(run["tasks"], 67);
    let run = run["run_id"].as_str().unwrap();
    let tasks = hospital.sql(&format!(
        "select count(distinct t.admission_id) from task t join diagnosis g using (admission_id)
         where t.run_id = '{run}' and g.icd = 'E11.9'"
    ));
    assert_eq!(tasks, "67");
}

/// F102, F103: a cohort by day of discharge, age and sex counts as SQL does; any filter
/// becomes a topic, fixed or live, and gets its tasks.
#[tokio::test(flavor = "multi_thread")]
async fn f102_f103_a_cohort_equals_sql_and_becomes_a_fixed_or_a_live_topic() {
    let hospital = hospital("f102").await;
    let filter = json!({ "all": [
        { "discharged": { "from": "2025-01-03", "to": "2025-01-10" } },
        { "age": { "from": 60, "to": 80 } },
        { "sex": "female" },
    ] });
    let sql = "select count(*) from admission a join person p using (person_id)
        where a.discharged_on between '2025-01-03' and '2025-01-10' and p.sex = 'female'
          and extract(year from age(a.discharged_on, p.birth_date)) between 60 and 80";
    let expected: i64 = hospital.sql(sql).parse().unwrap();
    assert!(expected > 5, "{expected}");
    assert_eq!(count(&hospital, &filter), expected);
    let keep = |kind: &str| {
        let ask = json!({ "name": format!("老年女性 {kind}"), "kind": kind, "filter": filter });
        let kept = hospital.post("/api/topics", &ask).ok();
        assert_eq!(kept["count"], expected);
        kept["topic_id"].as_str().unwrap().to_owned()
    };
    let (fixed, live) = (keep("fixed"), keep("live"));
    hospital.discharges(&["新来,女,1950-02-03,Z90000,心内科,一病区,2024-12-20,2025-01-05,1,13900000009,I10,高血压"]).await;
    let members =
        |id: &str| hospital.get(&format!("/api/topics/{id}")).ok()["cohort"]["count"].clone();
    assert_eq!((members(&fixed), members(&live)), (json!(expected), json!(expected + 1)));
    let ask = json!({ "name": "专题", "dialplan": "quick" });
    let run = hospital.post(&format!("/api/topics/{fixed}/follow-up"), &ask).ok();
    assert_eq!(run["tasks"], expected);
    assert_eq!(hospital.get("/api/topics").ok().as_array().unwrap().len(), 2);
    let wrong = json!({ "name": "x", "kind": "maybe", "filter": filter });
    assert_eq!(hospital.post("/api/topics", &wrong).status, 422);
}

/// F105, F104: eight conditions with and, or and not, an answer among them; the same rows in
/// the file; each row leads to its follow-up.
#[tokio::test(flavor = "multi_thread")]
async fn f105_f104_eight_conditions_with_answers_are_combined_and_exported() {
    let hospital = hospital("f105").await;
    let due = hospital.get("/api/due?limit=200").ok();
    let tasks: Vec<_> =
        due["items"].as_array().unwrap().iter().filter(|t| t["type"] == "routine").collect();
    assert!(tasks.len() > 30);
    for task in tasks.iter().take(12) {
        let id = task["task_id"].as_str().unwrap();
        let body = json!({ "done_on": "2025-01-20", "channel": "manual_phone", "respondent": "self",
            "questionnaire": "doctor_opinion", "answers": [{ "link_id": "opinion", "value": "relapse" }] });
        hospital.post(&format!("/api/tasks/{id}/close"), &body).ok();
    }
    let relapsed = json!({ "answer": { "item": "opinion", "words": ["复发"] } });
    assert_eq!(count(&hospital, &relapsed), 12);
    let filter = json!({ "all": [
        { "answer": { "item": "opinion", "codes": ["relapse"] } },
        { "discharged": { "from": "2025-01-01", "to": "2025-01-15" } },
        { "any": [{ "sex": "female" }, { "age": { "from": 75 } }] },
        { "not": { "ward": "三病区" } },
        { "follow_up": "done" },
        { "any": [{ "disease": { "name": "冠心病" } }, { "age": { "from": 40 } }] },
    ] });
    let sql =
        "select count(distinct a.admission_id) from admission a join person p using (person_id)
            join task t using (admission_id)
            join answer w on w.task_id = t.task_id
        where w.link_id = 'opinion' and w.option_code = 'relapse'
          and a.discharged_on between '2025-01-01' and '2025-01-15'
          and (p.sex = 'female' or extract(year from age(a.discharged_on, p.birth_date)) >= 75)
          and a.ward <> '三病区'
          and t.state = 'completed'
          and (exists (select from diagnosis g where g.admission_id = a.admission_id
                  and g.name like '%冠心病%')
              or extract(year from age(a.discharged_on, p.birth_date)) >= 40)";
    let expected: usize = hospital.sql(sql).parse().unwrap();
    assert!((1..12).contains(&expected), "{expected}");
    let found = hospital.post("/api/cohort?limit=200", &json!({ "filter": filter })).ok();
    assert_eq!(found["count"], expected);
    let first = &found["items"][0];
    let form = hospital.get(&format!("/api/tasks/{}/form", first["task_id"].as_str().unwrap()));
    assert_eq!(form.ok()[0]["items"][0]["answer"]["label"], "复发", "F104");
    let file = hospital.post("/api/cohort/export", &json!({ "filter": filter })).ok();
    let text = file.as_str().unwrap();
    assert!(text.starts_with('\u{feff}'), "Excel needs the mark");
    assert_eq!(text.lines().count(), expected + 1);
    assert!(text.contains(first["admission_no"].as_str().unwrap()));
    let audited =
        hospital.sql("select count(*) from audit where did = 'exported' and subject = 'cohort'");
    assert_eq!(audited, "1");
    hospital.add_user("nurse", "nurse").await;
    let nurse = hospital.sign_in("nurse");
    let refused = hospital.post_as(&nurse, "/api/cohort/export", &json!({ "filter": filter }));
    assert_eq!(refused.status, 403);
    for wrong in [
        json!({ "shoe": 1 }),
        json!({ "all": [] }),
        json!({ "sex": "" }),
        json!({ "all": vec![json!({ "died": true }); 21] }),
        json!({ "age": { "above": 3 } }),
        json!("x' or true --"),
    ] {
        let refused = hospital.post("/api/cohort", &json!({ "filter": wrong }));
        assert_eq!(refused.status, 422, "{wrong}");
    }
    let quoted = json!({ "name": "x' or true --" });
    assert_eq!(count(&hospital, &quoted), 0, "a value is a value");
}

/// F107: letters and calls, pending and done, by operator and day.
#[tokio::test(flavor = "multi_thread")]
async fn f107_letters_and_calls_are_listed_by_operator_and_day() {
    let hospital = hospital("f107").await;
    let due = hospital.get("/api/due?limit=200").ok();
    let tasks: Vec<_> = due["items"].as_array().unwrap().iter().take(5).collect();
    for (n, task) in tasks.iter().enumerate() {
        let channel = if n < 3 { "letter" } else { "manual_phone" };
        let id = task["task_id"].as_str().unwrap();
        let body = json!({ "done_on": "2025-01-19", "channel": channel, "respondent": "self" });
        hospital.post(&format!("/api/tasks/{id}/close"), &body).ok();
    }
    let listed = |terms: &str| {
        let found = hospital.get(&format!("/api/tasks?limit=200&{terms}")).ok();
        found["items"].as_array().unwrap().len()
    };
    assert_eq!(listed("channel=letter&state=done&operator=admin"), 3);
    assert_eq!(listed("channel=letter&state=done&operator=li"), 0);
    assert_eq!(listed("channel=manual_phone&state=done&from=2025-01-19&to=2025-01-19"), 2);
    assert_eq!(listed("channel=manual_phone&state=done&from=2025-01-20"), 0);
    let pending: usize = hospital
        .sql(
            "select least(200, count(*)) from task where kind = 'follow_up' and channel = 'ivr'
              and state not in ('completed', 'partial', 'cancelled', 'expired')",
        )
        .parse()
        .unwrap();
    assert_eq!(listed("channel=ivr&state=pending"), pending);
    assert_eq!(hospital.get("/api/tasks?state=maybe").status, 422);
}

/// F100: a hundred thousand patients; name, pinyin and admission number in under 300 ms.
#[tokio::test(flavor = "multi_thread")]
async fn f100_a_patient_is_found_among_a_hundred_thousand_within_300_ms() {
    let hospital = Hospital::open("f100", "2025-01-20T10:00").await;
    hospital
        .discharges(&["王秀英,女,1952-08-15,ZX77,心内科,一病区,2024-12-20,2025-01-05,1,13900000009,I10,高血压"])
        .await;
    hospital.sql(
        "insert into person (person_id, name, sex, created_at, updated_at)
         select gen_random_uuid(), '李' || n, 'male', '2025-01-01', '2025-01-01'
         from generate_series(1, 100000) n;
         insert into person_sound (person_id, sound)
         select person_id, 'li' || substr(name, 2) from person where name like '李%';
         insert into admission (admission_id, person_id, department_id, admission_no, discharged_on,
             created_at)
         select gen_random_uuid(), p.person_id, d.department_id, 'B' || substr(p.name, 2),
             '2024-06-01', '2024-06-01'
         from person p, department d where p.name like '李%';
         analyze person; analyze person_sound; analyze admission",
    );
    for (asked, name) in [
        ("王秀英", "王秀英"),
        ("wxy", "王秀英"),
        ("wangxiuying", "王秀英"),
        ("ZX77", "王秀英"),
        ("B54321", "李54321"),
    ] {
        let path = format!("/api/patients?search={}", urlencoded(asked));
        hospital.get(&path).ok();
        let began = SystemClock.instant();
        let found = hospital.get(&path).ok();
        let took = SystemClock.instant() - began;
        assert_eq!(found["items"][0]["name"], name, "{asked}: {found}");
        println!("{asked} among 100,000: {took:?}");
    }
    let filter = json!({ "all": [{ "sex": "male" }, { "discharged": { "from": "2024-01-01" } },
        { "not": { "disease": { "name": "糖尿病" } } }] });
    assert_eq!(count(&hospital, &filter), 100_000, "and a query counts them all");
}

/// F105: while a slow filter runs, its asker is told how many of its conditions are answered.
#[tokio::test(flavor = "multi_thread")]
async fn f105_a_slow_filter_tells_how_far_it_has_come() {
    let hospital = Hospital::open("progress", "2025-01-20T10:00").await;
    let row =
        "王秀英,女,1952-08-15,Z1,心内科,一病区,2024-12-20,2025-01-05,1,13900000009,I10,高血压";
    hospital.discharges(&[row]).await;
    let watch = "00000000-0000-7000-8000-000000000007";
    let path = format!("/api/cohort/progress/{watch}");
    let come = || hospital.get(&path);
    assert_eq!(come().status, 404);
    let (sex, ill) = (json!({ "sex": "female" }), json!({ "disease": { "icd": "I10" } }));
    let ask = json!({ "watch": watch, "filter": { "all": [sex, ill, { "age": { "from": 60 } }] } });
    let half = json!({ "answered": 1, "of": 3, "ended": false });
    let seen = std::thread::scope(|scope| {
        // Who holds the diagnoses makes the second condition slow, until that was seen.
        let holder = scope.spawn(|| {
            hospital.sql(
                "begin; lock table diagnosis; do $$ begin for n in 1..300 loop
                     exit when exists (select from pg_class where relname = 'seen');
                     perform pg_sleep(0.1); end loop; end $$; commit",
            );
        });
        let locked = "select count(*) from pg_locks l join pg_class c on c.oid = l.relation
             where c.relname = 'diagnosis' and l.mode = 'AccessExclusiveLock' and l.granted";
        while hospital.sql(locked) == "0" && !holder.is_finished() {}
        let answer = scope.spawn(|| hospital.post("/api/cohort", &ask).ok());
        let mut seen = Vec::new();
        while !answer.is_finished() {
            let now = come();
            if now.status == 200 && seen.last() != Some(&now.body) {
                if now.body == half {
                    hospital.sql("create table seen ()");
                }
                seen.push(now.body);
            }
        }
        assert_eq!(answer.join().unwrap()["count"], 1);
        seen
    });
    assert!(seen.contains(&half), "{seen:?}");
    assert_eq!(come().ok(), json!({ "answered": 3, "of": 3, "ended": true }));
    hospital.add_user("other", "nurse").await;
    assert_eq!(hospital.get_as(&hospital.sign_in("other"), &path).status, 404, "not theirs");
}

fn urlencoded(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => char::from(byte).to_string(),
            byte => format!("%{byte:02X}"),
        })
        .collect()
}
