use std::time::Duration;

use serde_json::{Value, json};
use suifang::sim::{Behaviour, Dial, Patient};

use crate::support::{dial, hospital::Hospital};

fn question(n: usize, keys: &[(&str, &str)]) -> Value {
    let options: Vec<_> = (1..)
        .zip(keys)
        .map(|(key, (code, zh))| json!({ "key": key.to_string(), "code": code, "zh": zh, "en": code }))
        .collect();
    let said: String = (1..).zip(keys).map(|(key, (_, zh))| format!("{zh},请按{key}。")).collect();
    let english: String =
        (1..).zip(keys).map(|(key, (code, _))| format!("{code} {key}. ")).collect();
    json!({ "linkId": format!("q{n}"), "type": "choice", "text": format!("第{n}题"), "required": true,
        "neutral": true, "enough": n == 6, "answerOption": options,
        "say": { "zh": said, "en": english.trim() } })
}

/// Six questions, each with answers of its own.
fn six() -> Value {
    let items = [
        question(1, &[("good", "好"), ("bad", "不好")]),
        question(2, &[("often", "常有"), ("seldom", "少有"), ("never", "没有")]),
        question(3, &[("yes", "是"), ("no", "否")]),
        question(4, &[("one", "一次"), ("two", "两次"), ("three", "三次"), ("four", "四次")]),
        question(5, &[("warm", "暖和"), ("cold", "冷")]),
        question(6, &[("day", "白天"), ("night", "夜里")]),
    ];
    let mut form = json!({ "title": { "zh": "六题", "en": "Six" }, "identity": 0, "item": items,
        "advice": { "adv.x": { "zh": "请多喝水。", "en": "Drink water." } } });
    form["item"][1]["answerOption"][2]["advice"] = json!("adv.x");
    form
}

fn series(code: &str, owner: &Value, content: Value) -> Value {
    json!({ "code": code, "name": "六题", "owner": "department", "department_id": owner,
        "content": content, "reason": "新建" })
}

fn department(hospital: &Hospital, name: &str) -> Value {
    let all = hospital.get("/api/departments").ok();
    let mut all = all.as_array().unwrap().iter();
    all.find(|row| row["name"] == name).unwrap()["department_id"].clone()
}

fn publish(hospital: &Hospital, code: &str, version: i64) {
    let ask = json!({ "version": version, "reason": "审核通过" });
    hospital.post(&format!("/api/series/{code}/publish"), &ask).ok();
}

fn row(n: usize, department: &str) -> String {
    format!(
        "张{n},男,1960-02-03,Z{n:05},{department},一病区,2024-12-20,2025-01-01,1,138{n:08},J18,肺炎"
    )
}

async fn until(what: &str, state: impl Fn() -> Value, expected: &str) {
    for _ in 0..300 {
        if state() == expected {
            return;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    panic!("{what} did not come: {}", state());
}

async fn played(hospital: &Hospital, dialplan: &str, import: &Value) -> String {
    let ask = json!({ "name": dialplan, "dialplan": dialplan, "import_id": import["import_id"] });
    let run = hospital.post("/api/runs", &ask).ok()["run_id"].as_str().unwrap().to_owned();
    hospital.post(&format!("/api/runs/{run}/start"), &json!({})).ok();
    run
}

fn keys(pressed: &[&str]) -> Dial {
    let keys = pressed.iter().map(|key| format!("~{key}")).collect();
    Dial { keys, ..dial(Behaviour::Answer) }
}

/// F079, F006, F084, F086, F090: six questions with their own answers are made through the API and
/// played to a patient; the seven attributes of each result; the version that was asked is
/// shown exactly, though an item has gone and wording and answers have changed.
#[tokio::test(flavor = "multi_thread")]
async fn f079_f006_f084_f086_f090_a_series_is_played_and_shown_as_it_was_asked() {
    let trunk = "lines = 5\ncalls_per_s = 10.0";
    let hospital = Hospital::open_with("f079", "2025-01-06T09:30", "", trunk).await;
    let answers = keys(&["2", "3", "1", "4", "2", "1"]);
    let number = |n: usize| format!("+86138{n:08}");
    let patient =
        |n: usize| Patient { number: number(n), dials: vec![answers.clone()], truth: None };
    let _carrier = hospital.carrier((0..11).map(patient).collect()).await;
    let first = hospital.discharges(&[&row(0, "肿瘤科")]).await;
    let owner = department(&hospital, "肿瘤科");
    hospital.post("/api/series", &series("six", &owner, six())).ok();
    let early = json!({ "name": "x", "dialplan": "series:six", "import_id": first["import_id"] });
    assert_eq!(hospital.post("/api/runs", &early).status, 422, "a draft is not asked");
    publish(&hospital, "six", 1);
    let run = played(&hospital, "series:six", &first).await;
    let task = || hospital.get(&format!("/api/runs/{run}/tasks")).ok()["items"][0].clone();
    until("the series", || task()["state"].clone(), "completed").await;
    let id = task()["task_id"].as_str().unwrap().to_owned();
    let results = hospital.get(&format!("/api/tasks/{id}/results")).ok();
    let row_of = |n: usize| {
        let all = results.as_array().unwrap();
        let row = all.iter().find(|row| row["question_code"] == format!("q{n}")).unwrap();
        assert!(row["recorded_at"].as_str().unwrap().starts_with("2025-01-06"), "{row}");
        let of = |key: &str| row[key].as_str().unwrap().to_owned();
        assert_eq!((of("recorded_by").as_str(), &row["follow_up_no"]), ("ivr", &json!(0)));
        (of("question"), of("answer_code"), of("answer"))
    };
    let told = |question: &str, code: &str, answer: &str| {
        (question.to_owned(), code.to_owned(), answer.to_owned())
    };
    assert_eq!(results.as_array().unwrap().len(), 6, "{results}");
    assert_eq!(row_of(1), told("第1题", "bad", "不好"));
    assert_eq!(row_of(4), told("第4题", "four", "四次"));
    let asked = hospital.get(&format!("/api/tasks/{id}/form")).ok();
    // Ten calls later one item has gone, and the first one has other words and answers.
    let more: Vec<_> = (1..11).map(|n| row(n, "肿瘤科")).collect();
    let more = hospital.discharges(&more.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let old_run = played(&hospital, "series:six", &more).await;
    let done = || {
        hospital.get(&format!("/api/runs/{old_run}")).ok()["run"]["waterfall"]["completed"].clone()
    };
    for _ in 0..600 {
        if done() == 10 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    assert_eq!(done(), 10, "ten more calls");
    let mut content = six();
    content["item"][0] = question(1, &[("fine", "挺好"), ("poor", "较差"), ("worst", "很差")]);
    content["item"][0]["text"] = json!("改过的第一题");
    content["item"].as_array_mut().unwrap().remove(4);
    content["item"].as_array_mut().unwrap().swap(1, 2);
    let draft = json!({ "content": content, "reason": "改措辞" });
    let put = hospital.put("/api/series/six/draft", &draft).ok();
    assert_eq!((&put["version"]["version"], &put["faults"]), (&json!(2), &json!([])));
    publish(&hospital, "six", 2);
    assert_eq!(hospital.get(&format!("/api/tasks/{id}/form")).ok(), asked, "as it was asked");
    let form = &asked[0];
    assert_eq!((&form["questionnaire"], &form["exact"]), (&json!("series:six"), &json!(true)));
    let items = form["items"].as_array().unwrap();
    let texts: Vec<_> = items.iter().map(|item| item["text"].as_str().unwrap()).collect();
    assert_eq!(texts, ["第1题", "第2题", "第3题", "第4题", "第5题", "第6题"]);
    let options: Vec<_> = items[3]["options"].as_array().unwrap().iter().collect();
    assert_eq!(options.len(), 4);
    assert_eq!((&options[3]["zh"], &options[3]["chosen"]), (&json!("四次"), &json!(true)));
    assert_eq!(items[1]["answer"]["advice"], "请多喝水。", "F090: as it was said");
    assert_eq!(items[4]["answer"]["code"], "cold", "F084: the item that has gone is readable");
    let first = hospital.get("/api/series/six/versions/1").ok();
    let sha = first["version"]["sha256"].clone();
    assert_eq!(sha, form["sha256"]);
    assert_ne!(sha, put["version"]["sha256"]);
}

/// F078: editing one department's form leaves the other byte for byte, and nobody of the
/// other department may write it; nor without the module.
#[tokio::test(flavor = "multi_thread")]
async fn f078_a_department_edits_its_own_form_and_no_other() {
    let hospital = Hospital::open("f078", "2025-01-06T09:30").await;
    hospital.discharges(&[&row(1, "肿瘤科"), &row(2, "心内科")]).await;
    let (tumour, heart) = (department(&hospital, "肿瘤科"), department(&hospital, "心内科"));
    for (login, role, of) in
        [("t", "nurse", &tumour), ("h", "nurse", &heart), ("a", "agent", &heart)]
    {
        let user = json!({ "login": login, "display_name": login, "password": "a long enough one",
            "role": role, "profile": { "departments": [of] } });
        assert_eq!(hospital.post("/api/users", &user).status, 201);
    }
    let [t, h, a] = ["t", "h", "a"].map(|login| hospital.sign_in(login));
    let made = hospital.post_as(&t, "/api/series", &series("onc", &tumour, six()));
    assert_eq!(made.status, 201, "{made:?}");
    assert_eq!(hospital.post_as(&t, "/api/series", &series("x", &heart, six())).status, 404);
    let whole = json!({ "code": "all", "name": "全院", "owner": "hospital", "content": six(),
        "reason": "新建" });
    assert_eq!(hospital.post_as(&t, "/api/series", &whole).status, 404);
    hospital.post("/api/series", &whole).ok();
    hospital.post_as(&h, "/api/series", &series("card", &heart, six())).ok();
    let all = |code: &str| {
        let sql = format!(
            "select string_agg(version || state || sha256 || encode(sha256(body::bytea), 'hex'), ',' \
             order by version) from series_version where code = '{code}'"
        );
        hospital.sql(&sql)
    };
    let before = all("card");
    let ask = |version: i64| json!({ "version": version, "reason": "审核" });
    hospital.post_as(&t, "/api/series/onc/publish", &ask(1)).ok();
    let mut changed = six();
    changed["item"][0]["text"] = json!("改过");
    let draft = json!({ "content": changed, "reason": "改" });
    hospital.put_as(&t, "/api/series/onc/draft", &draft).ok();
    hospital.post_as(&t, "/api/series/onc/publish", &ask(2)).ok();
    assert_eq!(all("card"), before, "byte for byte");
    // Another department neither sees nor changes it; the hospital's own is read by all.
    let mine = all("onc");
    assert_eq!(hospital.get_as(&h, "/api/series/onc").status, 404);
    assert_eq!(hospital.get_as(&h, "/api/questionnaires/series:onc").status, 404);
    assert_eq!(hospital.get_as(&t, "/api/questionnaires/series:onc").status, 200);
    let run = json!({ "name": "x", "dialplan": "series:onc" });
    assert_eq!(hospital.post_as(&h, "/api/runs", &run).status, 422);
    let plans = |cookie: &str| hospital.get_as(cookie, "/api/dialplans").ok().to_string();
    assert!(plans(&t).contains("series:onc") && !plans(&h).contains("series:onc"));
    assert_eq!(hospital.put_as(&h, "/api/series/onc/draft", &draft).status, 404);
    assert_eq!(hospital.post_as(&h, "/api/series/onc/withdraw", &ask(2)).status, 404);
    assert_eq!(hospital.post_as(&h, "/api/series/onc/publish", &ask(2)).status, 404);
    assert_eq!(all("onc"), mine);
    let of_all = hospital.get_as(&h, "/api/series/all/versions/1").ok();
    assert_eq!(of_all["version"]["state"], "draft");
    assert_eq!(hospital.put_as(&h, "/api/series/all/draft", &draft).status, 404);
    assert_eq!(hospital.get_as(&a, "/api/series").status, 403, "no module");
    let listed = hospital.get_as(&h, "/api/series?owner=department").ok();
    assert_eq!(listed["items"].as_array().unwrap().len(), 1, "{listed}");
}

/// F085, F003: ten templates and more to clone from, edited by a checker that names the
/// place, published, withdrawn; an operator's own series opens.
#[tokio::test(flavor = "multi_thread")]
async fn f085_f003_templates_are_cloned_checked_by_path_and_opened_by_their_operator() {
    let hospital = Hospital::open("f085", "2025-01-06T09:30").await;
    hospital.discharges(&[&row(1, "肿瘤科")]).await;
    let owner = department(&hospital, "肿瘤科");
    let shipped = hospital.get("/api/questionnaires").ok();
    let of = |kind: &str| {
        let all = shipped.as_array().unwrap().iter();
        let of_kind = all.filter(|form| form["template"] == kind);
        of_kind.map(|form| form["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert!(of("basic").len() >= 5 && of("disease").len() >= 5, "{shipped}");
    for id in [of("basic"), of("disease")].concat() {
        let clone = json!({ "code": format!("my_{id}"), "name": "复制", "owner": "department",
            "department_id": owner, "from": { "questionnaire": id }, "reason": "复制模板" });
        let made = hospital.post("/api/series", &clone).ok();
        assert_eq!(made["faults"], json!([]), "{id}");
        assert_eq!(made["version"]["based_on"], format!("questionnaire:{id}"));
    }
    let path = "/api/series/my_gad";
    let mut content = hospital.get(&format!("{path}/versions/1")).ok()["content"].clone();
    content["item"][2]["answerOption"][0]["key"] = json!("0");
    let put = |content: &Value| {
        hospital.put(&format!("{path}/draft"), &json!({ "content": content, "reason": "改" }))
    };
    let faults = put(&content).ok()["faults"].clone();
    assert_eq!(faults[0]["path"], "/item/2");
    assert!(faults[0]["what"].as_str().unwrap().contains("0 is always a person"), "{faults}");
    let refused =
        hospital.post(&format!("{path}/publish"), &json!({ "version": 1, "reason": "x" }));
    assert_eq!(refused.status, 422);
    assert!(refused.body["detail"].as_str().unwrap().contains("/item/2"), "{refused:?}");
    content["item"][2]["answerOption"][0] = json!({ "shoe": 1 });
    let unread = put(&content);
    assert!(
        unread.body["detail"].as_str().unwrap().contains("/item/2/answerOption/0"),
        "{unread:?}"
    );
    content["item"].as_array_mut().unwrap().remove(2);
    content["scores"] = json!({});
    assert_eq!(put(&content).ok()["faults"], json!([]));
    publish(&hospital, "my_gad", 1);
    // Published, it never changes; withdrawn, nobody is asked it.
    let other = hospital.post(
        "/api/series",
        &json!({ "code": "again", "name": "再复制",
        "owner": "hospital", "from": { "series": "my_gad" }, "reason": "复制" }),
    );
    assert_eq!(other.ok()["version"]["based_on"], "series:my_gad/1");
    let operator = json!({ "login": "li", "display_name": "李", "password": "a long enough one",
        "role": "agent", "profile": { "staff_no": "1023", "departments": [owner],
            "default_series": "my_gad" } });
    assert_eq!(hospital.post("/api/users", &operator).status, 201);
    let li = hospital.sign_in("li");
    let me = hospital.get_as(&li, "/api/me").ok();
    assert_eq!((&me["login"], &me["default_series"]), (&json!("li"), &json!("my_gad")));
    let opened = hospital.get_as(&li, "/api/me/series").ok();
    assert_eq!(opened["content"]["item"][0]["linkId"], "gad.1");
    assert_eq!(hospital.get("/api/users/li/profile").ok()["staff_no"], "1023");
    let twice = json!({ "login": "wu", "display_name": "吴", "password": "a long enough one",
        "role": "agent", "profile": { "staff_no": "1023" } });
    assert_eq!(hospital.post("/api/users", &twice).status, 409, "the number is another's");
    let gone =
        hospital.post(&format!("{path}/withdraw"), &json!({ "version": 1, "reason": "过时" }));
    assert_eq!(gone.status, 204);
    assert_eq!(hospital.get_as(&li, "/api/me/series").status, 404);
    let run = json!({ "name": "x", "dialplan": "series:my_gad" });
    assert_eq!(hospital.post("/api/runs", &run).status, 422);
}

/// A run asks the version that it was made with; withdrawn, it dials nobody.
#[tokio::test(flavor = "multi_thread")]
async fn f079_a_run_keeps_its_version_and_stops_when_that_is_withdrawn() {
    let trunk = "lines = 1\ncalls_per_s = 10.0";
    let hospital = Hospital::open_with("f079_pin", "2025-01-06T09:30", "", trunk).await;
    let patient = Patient {
        number: "+8613800000001".to_owned(),
        dials: vec![keys(&["2", "3", "1", "4", "2", "1"])],
        truth: None,
    };
    let _carrier = hospital.carrier(vec![patient]).await;
    let first = hospital.discharges(&[&row(1, "肿瘤科")]).await;
    let second = hospital.discharges(&[&row(2, "肿瘤科")]).await;
    let owner = department(&hospital, "肿瘤科");
    hospital.post("/api/series", &series("six", &owner, six())).ok();
    publish(&hospital, "six", 1);
    let make = |import: &Value| {
        let ask =
            json!({ "name": "试", "dialplan": "series:six", "import_id": import["import_id"] });
        hospital.post("/api/runs", &ask).ok()["run_id"].as_str().unwrap().to_owned()
    };
    let (kept, stopped) = (make(&first), make(&second));
    let mut shorter = six();
    shorter["item"].as_array_mut().unwrap().truncate(1);
    let put = hospital.put("/api/series/six/draft", &json!({ "content": shorter, "reason": "短" }));
    put.ok();
    publish(&hospital, "six", 2);
    hospital.post(&format!("/api/runs/{kept}/start"), &json!({})).ok();
    let task = || hospital.get(&format!("/api/runs/{kept}/tasks")).ok()["items"][0].clone();
    until("version 1", || task()["state"].clone(), "completed").await;
    let id = task()["task_id"].as_str().unwrap().to_owned();
    let results = hospital.get(&format!("/api/tasks/{id}/results")).ok();
    assert_eq!(results.as_array().unwrap().len(), 6, "six, not one: {results}");
    let withdraw = json!({ "version": 1, "reason": "内容有误" });
    assert_eq!(hospital.post("/api/series/six/withdraw", &withdraw).status, 204);
    hospital.post(&format!("/api/runs/{stopped}/start"), &json!({})).ok();
    let why = || hospital.get(&format!("/api/runs/{stopped}")).ok()["why_idle"].clone();
    until("a run of a withdrawn version", why, "questionnaire_withdrawn").await;
    assert_eq!(hospital.get(&format!("/api/runs/{stopped}")).ok()["dials"], 0);
}
