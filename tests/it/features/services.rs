use serde_json::{Value, json};
use suifang::{
    engine::{Clock, SystemClock},
    sim::{Behaviour, Dial, Patient},
};

use crate::support::{
    dial,
    hospital::{Hospital, PASSWORD},
};

const TRUNK: &str = "lines = 5\ncalls_per_s = 10.0";

fn department(hospital: &Hospital, name: &str) -> Value {
    let all = hospital.get("/api/departments").ok();
    let mut all = all.as_array().unwrap().iter();
    all.find(|row| row["name"] == name).unwrap()["department_id"].clone()
}

/// Somebody of these departments; answers the cookie of a session.
fn somebody(hospital: &Hospital, login: &str, role: &str, departments: &[&Value]) -> String {
    let profile = json!({ "departments": departments });
    let new = json!({ "login": login, "display_name": login, "password": PASSWORD, "role": role,
        "whole_hospital": departments.is_empty(), "profile": profile });
    assert_eq!(hospital.post("/api/users", &new).status, 201, "{login}");
    hospital.sign_in(login)
}

async fn two_departments(name: &str) -> (Hospital, Value, Value) {
    let hospital = Hospital::open_with(name, "2025-01-06T10:00", "", TRUNK).await;
    let rows = [
        "王一,女,1952-08-15,Z1,心内科,一病区,2024-12-20,2025-01-02,1,13800000001,I10,高血压",
        "王二,女,1952-08-15,Z2,骨科,二病区,2024-12-20,2025-01-02,1,13800000002,S72,骨折",
    ];
    hospital.discharges(&rows).await;
    let (heart, bones) = (department(&hospital, "心内科"), department(&hospital, "骨科"));
    (hospital, heart, bones)
}

fn items(found: &Value) -> Vec<Value> {
    found["items"].as_array().unwrap().clone()
}

fn urlencoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

/// From its registration to its next step.
fn limit_h(complaint: &Value) -> i64 {
    let at = |key: &str| {
        complaint[key].as_str().unwrap().parse::<chrono::DateTime<chrono::Utc>>().unwrap()
    };
    (at("due_at") - at("registered_at")).num_hours()
}

/// F116: registered with its call and recording, assigned, answered by whom it is assigned to,
/// called back, closed; each step in its turn, within its limit, and the late ones are listed.
#[tokio::test(flavor = "multi_thread")]
async fn f116_a_complaint_goes_from_its_registration_to_its_end_within_its_limits() {
    let (hospital, heart, bones) = two_departments("f116").await;
    let person = hospital.person("Z1");
    hospital.sql(&format!(
        "insert into call (call_id, person_id, department_id, direction, state, remote, dialplan,
             dialplan_sha256, owner_node, owner_epoch, started_at)
         values ('00000000-0000-7000-8000-000000000001', '{person}', {heart}, 'inbound', 'ended',
             '+8613800000001', 'inbound', '', 'n', 1, '2025-01-06T01:00Z');
         insert into recording (recording_id, call_id, department_id, kind, path, state, started_at)
         values ('00000000-0000-7000-8000-000000000002', '00000000-0000-7000-8000-000000000001',
             {heart}, 'call', 'a.wav', 'finished', '2025-01-06T01:00Z')",
        heart = heart.to_string().replace('"', "'")
    ));
    let nurse = somebody(&hospital, "n1", "nurse", &[&heart]);
    let other = somebody(&hospital, "n2", "nurse", &[&bones]);
    let told = json!({ "kind": "complaint", "category": "等候", "what": "出院手续等了三个小时",
        "complainant": "王一", "phone": "13800000001", "person_id": person, "department_id": heart,
        "call_id": "00000000-0000-7000-8000-000000000001",
        "recording_id": "00000000-0000-7000-8000-000000000002" });
    let made = hospital.post_as(&nurse, "/api/complaints", &told).ok();
    let path = format!("/api/complaints/{}", made["complaint_id"].as_str().unwrap());
    // Whose call it was not cannot name it.
    assert_eq!(hospital.post_as(&other, "/api/complaints", &told).status, 404);
    for wrong in [json!({ "kind": "wish" }), json!({ "what": " " }), json!({ "phone": "无" })] {
        let mut ask = told.clone();
        ask.as_object_mut().unwrap().extend(wrong.as_object().unwrap().clone());
        assert_eq!(hospital.post("/api/complaints", &ask).status, 422, "{wrong}");
    }
    let complaint = || hospital.get(&path).ok()["complaint"].clone();
    let first = complaint();
    assert_eq!(limit_h(&first), 24, "a day to assign it: {first}");
    assert_eq!((&first["phone"], &first["state"]), (&json!("138 **** 0001"), &json!("registered")));
    let step = |cookie: &str, what: &str, body: Value| {
        hospital.post_as(cookie, &format!("{path}/{what}"), &body).status
    };
    let admin = hospital.sign_in("admin");
    assert_eq!(step(&admin, "answer", json!({ "answer": "已核实" })), 409, "not its turn");
    assert_eq!(step(&admin, "assign", json!({ "to": "nobody" })), 409, "there is none");
    assert_eq!(step(&admin, "assign", json!({ "to": "n2" })), 204);
    // Assigned to somebody of another department, who sees it for that.
    assert_eq!(items(&hospital.get_as(&other, "/api/complaints").ok()).len(), 1);
    assert_eq!(step(&admin, "answer", json!({ "answer": "已核实" })), 403, "not hers");
    hospital.on("2025-01-12T10:00").await;
    let late = items(&hospital.get("/api/complaints?overdue=true").ok());
    assert_eq!((late.len(), &late[0]["overdue"]), (1, &json!(true)), "five days to answer");
    let (admin, other) = (hospital.sign_in("admin"), hospital.sign_in("n2"));
    assert_eq!(step(&other, "answer", json!({ "answer": " " })), 422);
    assert_eq!(step(&other, "answer", json!({ "answer": "已核实并致歉" })), 204);
    assert!(items(&hospital.get("/api/complaints?overdue=true").ok()).is_empty());
    let back = |satisfied: bool| json!({ "result": "已电话告知", "satisfied": satisfied });
    assert_eq!(step(&admin, "close", json!({ "outcome": "解释" })), 409, "not called back");
    assert_eq!(step(&admin, "call-back", back(false)), 204);
    assert_eq!(complaint()["state"], "assigned", "who is not content gets another answer");
    assert_eq!(step(&other, "answer", json!({ "answer": "已改流程" })), 204);
    assert_eq!(step(&admin, "call-back", back(true)), 204);
    assert_eq!(step(&admin, "close", json!({ "outcome": " " })), 422);
    assert_eq!(step(&admin, "close", json!({ "outcome": "已解决" })), 204);
    let whole = hospital.get(&path).ok();
    let did: Vec<_> =
        whole["steps"].as_array().unwrap().iter().map(|s| s["did"].as_str().unwrap()).collect();
    assert_eq!(
        did,
        ["registered", "assigned", "answered", "called_back", "answered", "called_back", "closed"]
    );
    assert_eq!(whole["complaint"]["outcome"], "已解决");
    assert!(whole["complaint"]["due_at"].is_null());
    assert!(items(&hospital.get("/api/complaints?state=open").ok()).is_empty());
    let audit = "select count(*) from audit where subject = 'complaint' and did <> 'viewed'";
    assert_eq!(hospital.sql(audit), "7");
    assert_eq!(hospital.sql("select count(*) from event where kind like 'complaint.%'"), "7");
    // Its limits are the hospital's.
    let limits = |assign: u32, answer: u32| {
        let policy = json!({ "assign_h": assign, "answer_h": answer, "close_h": 300 });
        hospital.put("/api/policies/complaint", &policy).status
    };
    assert_eq!((limits(48, 24), limits(2, 24)), (422, 204));
    let again = hospital.post(
        "/api/complaints",
        &json!({ "kind": "complaint", "category": "等候",
        "what": "又等了很久" }),
    );
    let again = again.ok()["complaint_id"].as_str().unwrap().to_owned();
    let again = hospital.get(&format!("/api/complaints/{again}")).ok();
    assert_eq!(limit_h(&again["complaint"]), 2);
}

/// F116: a complaint about conduct is hidden from the department concerned, by the database;
/// praise has no limit and is closed at once; a role without the module is refused.
#[tokio::test(flavor = "multi_thread")]
async fn f116_the_ward_concerned_does_not_see_a_complaint_about_its_conduct() {
    let (hospital, heart, bones) = two_departments("conduct").await;
    let nurse = somebody(&hospital, "n1", "nurse", &[&heart]);
    let other = somebody(&hospital, "n2", "nurse", &[&bones]);
    let chief = somebody(&hospital, "chief", "supervisor", &[]);
    let ask = |kind: &str, is_conduct: bool| {
        json!({ "kind": kind, "category": "态度", "is_conduct": is_conduct, "what": "护士态度",
            "department_id": heart })
    };
    let made = |cookie: &str, body: &Value| {
        let made = hospital.post_as(cookie, "/api/complaints", body).ok();
        made["complaint_id"].as_str().unwrap().to_owned()
    };
    // A patient says it at the ward's own desk: it is kept, and gone from there.
    let conduct = made(&nurse, &ask("complaint", true));
    let plain = made(&nurse, &ask("complaint", false));
    let seen = |cookie: &str| {
        let found = hospital.get_as(cookie, "/api/complaints").ok();
        let ids =
            items(&found).into_iter().map(|row| row["complaint_id"].as_str().unwrap().to_owned());
        ids.collect::<Vec<_>>()
    };
    assert_eq!(seen(&nurse), [plain.as_str()]);
    assert!(seen(&other).is_empty());
    assert_eq!(seen(&chief).len(), 2);
    let path = format!("/api/complaints/{conduct}");
    assert_eq!(hospital.get_as(&nurse, &path).status, 404);
    assert_eq!(hospital.get_as(&chief, &path).status, 200);
    // Also when it is assigned to somebody of that department by mistake.
    let assign = json!({ "to": "n1" });
    assert_eq!(hospital.post_as(&chief, &format!("{path}/assign"), &assign).status, 204);
    assert_eq!(seen(&nurse), [plain.as_str()]);
    let answer = json!({ "answer": "没有的事" });
    assert_eq!(hospital.post_as(&nurse, &format!("{path}/answer"), &answer).status, 404);
    let praise = made(&other, &ask("praise", false));
    let found = hospital.get_as(&chief, "/api/complaints?kind=praise").ok();
    assert!(items(&found)[0]["due_at"].is_null(), "no time limit");
    let close = json!({ "outcome": "已转告" });
    let closed = hospital.post_as(&chief, &format!("/api/complaints/{praise}/close"), &close);
    assert_eq!(closed.status, 204);
    let role = json!({ "name": "座席", "modules": ["due"] });
    hospital.put("/api/roles/plain", &role).ok();
    let plain = somebody(&hospital, "p", "plain", &[]);
    for path in ["complaints", "enquiries", "articles", "blocklist", "quality/reviews"] {
        assert_eq!(hospital.get_as(&plain, &format!("/api/{path}")).status, 403, "{path}");
    }
}

/// F117: an enquiry with its category, its answer, and the version of the article it came from.
#[tokio::test(flavor = "multi_thread")]
async fn f117_an_enquiry_keeps_its_answer_and_the_article_it_came_from() {
    let (hospital, heart, bones) = two_departments("f117").await;
    let nurse = somebody(&hospital, "n1", "nurse", &[&heart]);
    let other = somebody(&hospital, "n2", "nurse", &[&bones]);
    let text = json!({ "category": "用药", "title": "阿司匹林", "body": "饭后服。" });
    let article = hospital.post("/api/articles", &text).ok()["article_id"].clone();
    let ask = json!({ "category": "用药", "question": "阿司匹林饭前吃还是饭后吃?",
        "caller": "王一之女", "phone": "13800000001", "person_id": hospital.person("Z1"),
        "department_id": heart });
    let take = |cookie: &str, ask: &Value| hospital.post_as(cookie, "/api/enquiries", ask);
    let open = take(&nurse, &ask).ok()["enquiry_id"].as_str().unwrap().to_owned();
    assert_eq!(take(&other, &ask).status, 404, "not her patient");
    let mut at_once = ask;
    at_once["answered"] = json!({ "answer": "饭后", "article_id": article });
    take(&nurse, &at_once).ok();
    // Of nobody's department: whoever took it sees it.
    take(&other, &json!({ "category": "门诊", "question": "周六上班吗?" })).ok();
    let seen = |cookie: &str, terms: &str| {
        items(&hospital.get_as(cookie, &format!("/api/enquiries?{terms}")).ok()).len()
    };
    assert_eq!((seen(&nurse, ""), seen(&nurse, "open=true"), seen(&other, "")), (2, 1, 1));
    let mut next = text;
    next["body"] = json!("肠溶片饭前服。");
    next["base"] = json!(1);
    let id = article.as_str().unwrap();
    hospital.put(&format!("/api/articles/{id}"), &next).ok();
    let answer = json!({ "answer": "肠溶片饭前半小时", "article_id": article });
    let path = format!("/api/enquiries/{open}");
    let answered =
        |cookie: &str| hospital.post_as(cookie, &format!("{path}/answer"), &answer).status;
    assert_eq!((answered(&other), answered(&nurse), answered(&nurse)), (404, 204, 409));
    let found = hospital.get_as(&nurse, &path).ok();
    assert_eq!((&found["article_version"], &found["answered_by"]), (&json!(2), &json!("n1")));
    assert_eq!(found["article_title"], "阿司匹林");
    let used = |version: u32| {
        hospital.get(&format!("/api/articles/{id}?version={version}")).ok()["used"].clone()
    };
    assert_eq!((used(1), used(2)), (json!(1), json!(1)));
    let audit =
        "select string_agg(did, ' ' order by audit_id) from audit where subject = 'enquiry'";
    assert_eq!(hospital.sql(audit), "taken taken answered taken answered viewed");
}

/// F118: versions, whose they are, and the text for a call's notes; ten thousand articles are
/// searched by one, two and four characters within 300 ms.
#[tokio::test(flavor = "multi_thread")]
async fn f118_ten_thousand_articles_are_searched_within_300_ms_and_keep_their_versions() {
    let (hospital, heart, bones) = two_departments("f118").await;
    let nurse = somebody(&hospital, "n1", "nurse", &[&heart]);
    let text = json!({ "category": "护理", "department_id": heart, "title": "PICC 置管护理",
        "body": "每周换药一次,避免提重物。", "note": "新建" });
    let put = |cookie: &str, body: &Value| hospital.post_as(cookie, "/api/articles", body);
    let made = put(&nurse, &text).ok();
    let path = format!("/api/articles/{}", made["article_id"].as_str().unwrap());
    let mut foreign = text.clone();
    foreign["department_id"] = bones;
    assert_eq!(put(&nurse, &foreign).status, 403, "another department's");
    let mut next = text.clone();
    next["body"] = json!("每七天换药一次,沾水后随时更换。");
    next["base"] = json!(1);
    let write = |body: &Value| hospital.put_as(&nurse, &path, body);
    assert_eq!(write(&next).ok()["version"], 2);
    assert_eq!(write(&next).status, 409, "somebody has written meanwhile");
    let old = hospital.get(&format!("{path}?version=1")).ok();
    assert_eq!((&old["body"], &old["is_current"]), (&text["body"], &json!(false)));
    let versions = hospital.get(&format!("{path}/versions")).ok();
    assert_eq!(versions.as_array().unwrap().len(), 2);
    let notes = hospital.get(&format!("{path}/text")).ok();
    assert_eq!(notes, "PICC 置管护理\n每七天换药一次,沾水后随时更换。\n(知识库第 2 版)\n");
    // Articles of some three hundred characters, out of three thousand.
    hospital.sql(
        "drop index article_grams;
         insert into article (article_id, category, version, title, searched, grams, created_at,
             updated_at)
         select id, '科普', 1, title, title || ' ' || body, array(
                 select distinct g from unnest(string_to_array(title || ' ' || body, null))
                         with ordinality as l (one, i)
                     cross join lateral (values (one), (substr(title || ' ' || body, i::int, 2))) v (g)
                 where strpos(g, ' ') = 0),
             '2025-01-01', '2025-01-01'
         from (select ('00000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid as id,
                   '第' || n || '条' as title,
                   (select string_agg(chr((19968 + (n::bigint * 7919 + k::bigint * k * 104729 + n::bigint * k)
                       % 3000)::int), '')
                    from generate_series(1, 300) k) as body
               from generate_series(1, 10000) n offset 0) s;
         insert into article_version (article_id, version, title, body, written_by, at)
         select article_id, 1, title, substr(searched, position(' ' in searched) + 1), 't', '2025-01-01'
         from article where category = '科普';
         create index article_grams on article using gin (grams) with (fastupdate = off);
         analyze article; analyze article_version",
    );
    let body = hospital.sql("select searched from article where title = '第777条'");
    let words: Vec<char> = body.chars().skip_while(|c| *c != ' ').skip(1).collect();
    let part = |from: usize, count: usize| words[from..from + count].iter().collect::<String>();
    for asked in [part(10, 1), part(20, 2), part(30, 4), "换药".to_owned(), "picc".to_owned()] {
        let path = format!("/api/articles?limit=200&search={}", urlencoded(&asked));
        hospital.get(&path).ok();
        let began = SystemClock.instant();
        let found = hospital.get(&path).ok();
        let took = SystemClock.instant() - began;
        let expected = hospital.sql(&format!(
            "select least(200, count(*)) from article where strpos(searched, '{asked}') > 0"
        ));
        assert_eq!(items(&found).len().to_string(), expected, "{asked}");
        assert!(expected != "0", "{asked}");
        println!("{} characters: {} found in {took:?}", asked.chars().count(), expected);
    }
    let titled = hospital.get(&format!("/api/articles?search={}", urlencoded("置管"))).ok();
    assert_eq!(items(&titled)[0]["title"], "PICC 置管护理");
    assert!(items(&titled)[0]["excerpt"].as_str().unwrap().contains("换药"));
    assert!(items(&hospital.get("/api/articles?search=%3F%21").ok()).is_empty());
    let retire = |why: &str| {
        hospital.post_as(&nurse, &format!("{path}/retire"), &json!({ "reason": why })).status
    };
    assert_eq!((retire(" "), retire("规范已改"), retire("再次")), (422, 204, 409));
    let gone = hospital.get(&format!("/api/articles?search={}", urlencoded("置管"))).ok();
    assert!(items(&gone).is_empty());
    assert_eq!(hospital.get(&path).ok()["retired_why"], "规范已改", "it can still be read");
}

fn presses(keys: &[&str]) -> Dial {
    Dial { keys: keys.iter().map(|key| (*key).to_owned()).collect(), ..dial(Behaviour::Answer) }
}

/// F043: who is on the list is refused with 603 and noted, until its day has passed or it is
/// taken off; the list goes out as a file and comes in again.
#[tokio::test(flavor = "multi_thread")]
async fn f043_a_blocked_caller_is_refused_and_noted_until_the_day_has_passed() {
    let (hospital, ..) = two_departments("f043").await;
    let carrier = hospital.carrier(Vec::new()).await;
    let call = async |number: &str| {
        let menu = Dial { hangs_up_after: Some(1), ..presses(&["~2"]) };
        carrier.call_in(number, hospital.sip(), "05925027064", menu).await
    };
    let block = |number: &str, reason: &str, until: Value| {
        let ask = json!({ "number": number, "reason": reason, "until_on": until });
        hospital.post("/api/blocklist", &ask).status
    };
    assert_eq!(block("无", "骚扰", Value::Null), 422);
    assert_eq!(block("13800000009", " ", Value::Null), 422);
    assert_eq!(block("13800000009", "骚扰", json!("2025-01-05")), 422, "yesterday");
    assert_eq!(block("138 0000 0009", "骚扰", json!("2025-01-07")), 204);
    // In whatever form the trunk writes it; others get through.
    for number in ["13800000009", "013800000009", "+8613800000009"] {
        assert_eq!(call(number).await, Some("refused"), "{number}");
    }
    assert_eq!(call("13800000008").await, Some("ended"));
    assert_eq!(hospital.sql("select count(*) from call where remote like '%0009'"), "0");
    let noted = hospital.get("/api/blocklist/refused").ok();
    assert_eq!(items(&noted).len(), 3);
    assert_eq!(items(&noted)[0]["number"], "138 **** 0009");
    assert_eq!(items(&hospital.get("/api/blocklist").ok())[0]["refused"], 3);
    let audit =
        "select string_agg(did, ' ' order by audit_id) from audit where subject = 'blocklist'";
    assert_eq!(hospital.sql(audit), "added refused refused refused");
    // Out as a file, taken off, in again.
    let file = hospital.bytes("/api/blocklist/export");
    let off = json!({ "number": "13800000009", "reason": "误加" });
    let revoke = || hospital.post("/api/blocklist/revoke", &off).status;
    assert_eq!((revoke(), revoke()), (204, 404));
    assert_eq!(call("13800000009").await, Some("ended"));
    let more = "\n0592-5551234,骚扰,\n无,骚扰,\n13800000007,,\n13800000006,骚扰,明天\n";
    let bytes = [file.as_slice(), more.as_bytes()].concat();
    let done = hospital.upload("/api/blocklist/import", "list.csv", &bytes).ok();
    assert_eq!(done["stored"], 2, "{done}");
    assert_eq!(done["bad"].as_array().unwrap().len(), 3, "{done}");
    assert_eq!(call("13800000009").await, Some("refused"));
    assert_eq!(call("05925551234").await, Some("refused"));
    hospital.on("2025-01-08T10:00").await;
    assert_eq!(call("13800000009").await, Some("ended"), "its day has passed");
    assert_eq!(items(&hospital.get("/api/blocklist").ok()).len(), 1);
    assert_eq!(items(&hospital.get("/api/blocklist?all=true").ok()).len(), 2);
    // The two lists are two: we may still call whoever may not call us.
    assert_eq!(hospital.sql("select count(*) from do_not_call"), "0");
}

/// F044: calls by time, agent, number and result; the totals are those of the call table, on
/// the screen and on paper.
#[tokio::test(flavor = "multi_thread")]
async fn f044_the_call_history_is_filtered_printed_and_equals_the_calls() {
    let (hospital, ..) = two_departments("f044").await;
    let of = |number: &str, does| Patient {
        number: format!("+86{number}"),
        dials: vec![Dial { keys: presses(&["~1", "~42#", "~1"]).keys, ..dial(does) }],
        truth: None,
    };
    let people = vec![of("13800000001", Behaviour::Answer), of("13800000002", Behaviour::Busy)];
    let carrier = hospital.carrier(people).await;
    let import = hospital
        .import(
            "in.csv",
            "姓名,性别,出生日期,住院号,出院科室,出院日期,联系电话\n\
             王一,女,1952-08-15,Z1,心内科,2025-01-02,13800000001\n\
             王二,女,1952-08-15,Z2,骨科,2025-01-02,13800000002\n"
                .as_bytes(),
        )
        .await;
    let ask = json!({ "name": "试", "dialplan": "quick", "import_id": import["import_id"] });
    let run = hospital.post("/api/runs", &ask).ok()["run_id"].as_str().unwrap().to_owned();
    hospital.post(&format!("/api/runs/{run}/start"), &json!({})).ok();
    let menu = Dial { hangs_up_after: Some(1), ..presses(&["~2"]) };
    carrier.call_in("13900000009", hospital.sip(), "05925027064", menu).await;
    let ended = "select count(*) from call where state = 'ended'";
    for _ in 0..600 {
        if hospital.sql(ended) == "3" {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    let history = |terms: &str| hospital.get(&format!("/api/calls/history?{terms}")).ok();
    let facts = |which: &str| {
        let text = format!(
            "select count(*) || ' ' || count(answered_at) || ' ' ||
                 coalesce(sum(extract(epoch from ended_at - answered_at)), 0)::bigint
             from call where {which}"
        );
        hospital.sql(&text)
    };
    for (terms, which, count) in [
        ("", "true", 3),
        ("from=2025-01-06&to=2025-01-06", "true", 3),
        ("from=2025-01-07", "false", 0),
        ("direction=inbound", "direction = 'inbound'", 1),
        ("agent=ivr&result=completed", "remote like '%13800000001'", 1),
        ("result=busy", "remote like '%13800000002'", 1),
        ("number=0139-0000", "remote like '%1390000%'", 1),
        ("agent=nobody", "false", 0),
    ] {
        let found = history(terms);
        let talked: i64 =
            found["totals"].as_array().unwrap().iter().map(|t| t["talk_s"].as_i64().unwrap()).sum();
        assert_eq!(found["talk_s"], talked);
        let calls: Vec<i64> =
            facts(which).split(' ').map(|figure| figure.parse().unwrap()).collect();
        assert_eq!((calls[0], found["calls"].as_i64().unwrap()), (count, count), "{terms}");
        assert_eq!(found["answered"], calls[1], "{terms}");
        assert!((talked - calls[2]).abs() <= 1, "{terms}: {talked} {}", calls[2]);
        assert_eq!(items(&found).len() as i64, count);
    }
    let busy = &items(&history("result=busy"))[0];
    assert_eq!((&busy["number"], &busy["name"]), (&json!("138 **** 0002"), &json!("王二")));
    assert_eq!(hospital.get("/api/calls/history?from=2025-01-07&to=2025-01-06").status, 422);
    let paper = hospital.bytes("/api/calls/history/print?direction=outbound");
    let paper = String::from_utf8(paper).unwrap();
    assert_eq!(paper.matches("<tr><td>").count(), 2);
    assert!(paper.contains("共 2 次") && !paper.contains("13800000001"), "{paper}");
    let audit = "select count(*) from audit where subject = 'call_history' and did = 'printed'";
    assert_eq!(hospital.sql(audit), "1");
}
