use serde_json::{Value, json};

use crate::support::hospital::Hospital;

async fn hospital(name: &str, count: usize) -> (Hospital, Vec<String>) {
    let hospital = Hospital::open(name, "2025-01-02T10:00").await;
    let rows: Vec<_> = (0..count)
        .map(|n| {
            format!("张{n},男,1960-02-03,Z{n:05},肿瘤科,一病区,2024-12-20,2025-01-01,1,138{n:08},J18,肺炎")
        })
        .collect();
    hospital.discharges(&rows.iter().map(String::as_str).collect::<Vec<_>>()).await;
    hospital.on("2025-01-08T10:00").await;
    let due = hospital.get("/api/due?limit=200").ok();
    let tasks = due["items"].as_array().unwrap().iter();
    let tasks = tasks.map(|task| task["task_id"].as_str().unwrap().to_owned()).collect();
    (hospital, tasks)
}

fn closing(form: &str, answers: Value) -> Value {
    json!({ "done_on": "2025-01-08", "channel": "manual_phone", "respondent": "self",
        "questionnaire": form, "answers": answers })
}

fn close(hospital: &Hospital, task: &str, form: &str, answers: Value) -> u16 {
    hospital.post(&format!("/api/tasks/{task}/close"), &closing(form, answers)).status
}

fn form(hospital: &Hospital, task: &str) -> Value {
    hospital.get(&format!("/api/tasks/{task}/form")).ok()[0].clone()
}

fn item<'a>(content: &'a Value, id: &str) -> &'a Value {
    let items = content["item"].as_array().unwrap().iter();
    items.clone().find(|item| item["linkId"] == id).unwrap_or_else(|| panic!("no {id}"))
}

/// F080, F081, F082: eleven levels with the three sentences verbatim, five of them spoken; six
/// signs at once, by code; opinions that a ward changes for itself.
#[tokio::test(flavor = "multi_thread")]
async fn f080_f081_f082_status_signs_and_opinions_are_there_and_a_ward_changes_its_own() {
    let (hospital, tasks) = hospital("f080", 3).await;
    let general = hospital.get("/api/questionnaires/discharge_general").ok();
    let levels = item(&general, "gen.status")["answerOption"].as_array().unwrap();
    let mut scores: Vec<_> = levels.iter().map(|level| level["score"].as_i64().unwrap()).collect();
    scores.sort_unstable();
    assert_eq!(scores, [0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100]);
    assert_eq!(levels.iter().filter(|level| level["key"].is_string()).count(), 5);
    for (score, sentence) in [
        (100, "正常,无任何症状"),
        (90, "可以进行正常活动,有轻微症状或体征"),
        (20, "病重,需要住院及积极支持治疗"),
    ] {
        let level = levels.iter().find(|level| level["score"] == score).unwrap();
        assert_eq!(level["zh"], sentence);
    }
    let status = json!([{ "link_id": "gen.status", "value": "k90" }]);
    assert_eq!(close(&hospital, &tasks[0], "discharge_general", status), 200);
    let answers = hospital.get(&format!("/api/tasks/{}/answers", tasks[0])).ok();
    assert_eq!((&answers[0]["code"], &answers[0]["score"]), (&json!("k90"), &json!("90")));
    let signs = hospital.get("/api/questionnaires/clinical_signs").ok();
    let list = item(&signs, "sym.list");
    assert_eq!(list["repeats"], true);
    for sign in ["头痛", "呕吐", "鼻涕带血", "血痰", "呼吸困难", "吞咽困难"] {
        let options = list["answerOption"].as_array().unwrap();
        assert!(options.iter().any(|option| option["zh"] == sign), "{sign}");
    }
    let several = json!([{ "link_id": "sym.list", "value": "headache,dysphagia" }]);
    assert_eq!(close(&hospital, &tasks[1], "clinical_signs", several), 200);
    let shown = form(&hospital, &tasks[1]);
    let chosen: Vec<_> = shown["items"][0]["options"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|option| option["chosen"] == true)
        .map(|option| option["zh"].clone())
        .collect();
    assert_eq!(chosen, ["头痛", "吞咽困难"]);
    assert_eq!(shown["items"][0]["answer"]["code"], "headache,dysphagia");
    let unknown = json!([{ "link_id": "sym.list", "value": "headache,toothache" }]);
    assert_eq!(close(&hospital, &tasks[2], "clinical_signs", unknown), 422);
    // The ward's own words.
    let wards = hospital.get("/api/wards").ok();
    let (ward, department) = (&wards[0]["ward_id"], &wards[0]["departments"][0]);
    let clone = json!({ "code": "ward_opinion", "name": "一病区医生意见", "owner": "ward",
        "department_id": department, "ward_id": ward, "from": { "questionnaire": "doctor_opinion" },
        "reason": "本病区用语" });
    let mut content = hospital.post("/api/series", &clone).ok()["content"].clone();
    let words: Vec<_> = item(&content, "opinion")["answerOption"]
        .as_array()
        .unwrap()
        .iter()
        .map(|option| option["zh"].as_str().unwrap().to_owned())
        .collect();
    for word in ["正常", "好转", "复发"] {
        assert!(words.iter().any(|known| known == word), "{word}");
    }
    content["item"][0]["answerOption"]
        .as_array_mut()
        .unwrap()
        .push(json!({ "code": "observe", "zh": "继续观察", "en": "observe" }));
    hospital
        .put("/api/series/ward_opinion/draft", &json!({ "content": content, "reason": "加一项" }))
        .ok();
    hospital
        .post("/api/series/ward_opinion/publish", &json!({ "version": 1, "reason": "用" }))
        .ok();
    let own = json!([{ "link_id": "opinion", "value": "observe" }]);
    assert_eq!(
        close(&hospital, &tasks[2], "doctor_opinion", own.clone()),
        422,
        "not in the hospital's"
    );
    assert_eq!(close(&hospital, &tasks[2], "series:ward_opinion", own), 200);
    assert_eq!(form(&hospital, &tasks[2])["items"][0]["answer"]["label"], "继续观察");
}

/// F093, F094: PHQ and GAD are scored by the server, a missing item leaves no total; living
/// alone, who cares, distance, cost, sleep, smoking, drinking, exercise, diet, services.
#[tokio::test(flavor = "multi_thread")]
async fn f093_f094_scales_are_scored_by_the_server_and_life_is_asked_about() {
    let (hospital, tasks) = hospital("f093", 4).await;
    let gad = |scores: &[u8]| -> Value {
        (1..).zip(scores).map(|(n, score): (usize, _)|
            json!({ "link_id": format!("gad.{n}"), "value": score.to_string() })).collect()
    };
    assert_eq!(close(&hospital, &tasks[0], "gad", gad(&[2, 2, 2, 1, 1, 1, 2])), 200);
    let shown = form(&hospital, &tasks[0])["scores"][0].clone();
    assert_eq!((&shown["total"], &shown["severity"]), (&json!(11.0), &json!("moderate")));
    assert_eq!(close(&hospital, &tasks[1], "gad", gad(&[2, 2, 2])), 200);
    let shown = form(&hospital, &tasks[1])["scores"][0].clone();
    assert_eq!((&shown["total"], &shown["severity"]), (&Value::Null, &Value::Null), "never 0");
    let phq: Value = (1..=9)
        .map(|n| json!({ "link_id": format!("phq.{n}"), "value": "2" }))
        .filter(|answer| answer["link_id"] != "phq.9")
        .chain([json!({ "link_id": "phq.9", "value": "0" })])
        .collect();
    assert_eq!(close(&hospital, &tasks[2], "phq", phq), 200);
    let scores = form(&hospital, &tasks[2])["scores"].clone();
    let of =
        |name: &str| scores.as_array().unwrap().iter().find(|s| s["name"] == name).unwrap().clone();
    assert_eq!((&of("phq2")["total"], &of("phq9")["total"]), (&json!(4.0), &json!(16.0)));
    assert_eq!(of("phq9")["severity"], "moderately_severe");
    assert_eq!(close(&hospital, &tasks[3], "gad", gad(&[4])), 422, "no such answer");
    let life = hospital.get("/api/questionnaires/lifestyle_social").ok();
    for id in [
        "soc.alone",
        "soc.carer",
        "soc.distance",
        "soc.cost",
        "life.sleep",
        "life.smoke",
        "life.drink",
        "life.exercise",
        "life.diet",
        "life.services",
    ] {
        item(&life, id);
    }
    let answers = json!([{ "link_id": "soc.alone", "value": "true" },
        { "link_id": "soc.cost", "value": "great" }, { "link_id": "life.smoke", "value": "20" },
        { "link_id": "life.diet", "value": "less" }, { "link_id": "life.services", "value": "社区换药两次" }]);
    assert_eq!(close(&hospital, &tasks[3], "lifestyle_social", answers), 200);
    let shown = form(&hospital, &tasks[3]);
    let of = |id: &str| {
        shown["items"].as_array().unwrap().iter()
        .find(|item| item["link_id"] == id).unwrap()["answer"].clone()
    };
    assert_eq!(
        (&of("life.smoke")["number"], &of("life.smoke")["unit"]),
        (&json!("20"), &json!("支/天"))
    );
    assert_eq!(of("life.services")["text"], "社区换药两次");
    assert_eq!(of("soc.carer"), Value::Null, "not asked");
}

/// F095, F090: 规律 间断 不服药 by code, the list of drugs in words, the report; and which
/// advice was given.
#[tokio::test(flavor = "multi_thread")]
async fn f095_f090_adherence_has_its_codes_and_report_and_advice_is_on_record() {
    let (hospital, tasks) = hospital("f095", 4).await;
    let medication = hospital.get("/api/questionnaires/medication").ok();
    let options = item(&medication, "med.adherence")["answerOption"].as_array().unwrap();
    for (code, zh) in [("regular", "规律"), ("intermittent", "间断"), ("none", "不服药")] {
        assert!(options.iter().any(|o| o["code"] == code && o["zh"] == zh), "{zh}");
    }
    for (task, code) in tasks.iter().zip(["regular", "regular", "intermittent", "none"]) {
        let answers = json!([{ "link_id": "med.adherence", "value": code },
            { "link_id": "med.list", "value": "二甲双胍 0.5g 一日三次" }]);
        assert_eq!(close(&hospital, task, "medication", answers), 200);
    }
    let report = hospital
        .get("/api/statistics/pivot?from=2025-01-01&to=2025-01-31&indicator=adherence&by=ward")
        .ok();
    assert_eq!((&report["whole"]["part"], &report["whole"]["whole"]), (&json!(2), &json!(4)));
    let shown = |n: usize| form(&hospital, &tasks[n])["items"][0]["answer"].clone();
    assert_eq!(shown(0)["advice"], Value::Null);
    assert_eq!(shown(2)["advice"], "请按时吃药,不要自己停药。");
    let listed = form(&hospital, &tasks[0]);
    let drugs =
        listed["items"].as_array().unwrap().iter().find(|i| i["link_id"] == "med.list").unwrap();
    assert_eq!(drugs["answer"]["text"], "二甲双胍 0.5g 一日三次");
}

/// F091: what is typed outside the plausible range is refused with the range; a pressure as
/// 138*88; numbers with their units.
#[tokio::test(flavor = "multi_thread")]
async fn f091_a_typed_value_outside_its_range_is_refused_with_the_range() {
    let (hospital, tasks) = hospital("f091", 1).await;
    let vitals = hospital.get("/api/questionnaires/vitals").ok();
    for (id, unit) in [
        ("vit.temp", "℃"),
        ("vit.sys", "mmHg"),
        ("vit.spo2", "%"),
        ("vit.hr", "次/分"),
        ("vit.rr", "次/分"),
        ("vit.weight", "kg"),
        ("vit.height", "cm"),
        ("vit.acr", "mg/g"),
    ] {
        assert_eq!(item(&vitals, id)["unit"], unit, "{id}");
    }
    for (id, value, range) in [
        ("vit.temp", "45", "34 到 43"),
        ("vit.sys", "300*88", "60 到 260"),
        ("vit.sys", "138*9", "30 到 160"),
        ("vit.sys", "88*138", "应小于"),
        ("vit.spo2", "101", "50 到 100"),
        ("vit.hr", "12", "30 到 220"),
        ("vit.rr", "70", "5 到 60"),
        ("vit.weight", "1", "2 到 300"),
        ("vit.height", "20", "30 到 250"),
        ("vit.acr", "-1", "0 到 5000"),
    ] {
        let body = closing("vitals", json!([{ "link_id": id, "value": value }]));
        let refused = hospital.post(&format!("/api/tasks/{}/close", tasks[0]), &body);
        assert_eq!(refused.status, 422, "{id} {value}");
        assert!(refused.body["detail"].as_str().unwrap().contains(range), "{refused:?}");
    }
    let answers = json!([{ "link_id": "vit.sys", "value": "138*88" }, { "link_id": "vit.temp", "value": "36.5" }]);
    assert_eq!(close(&hospital, &tasks[0], "vitals", answers), 200);
    let stored = hospital.sql(
        "select string_agg(link_id || '=' || value_number || unit, ' ' order by link_id) from answer");
    assert_eq!(stored, "vit.dia=88mmHg vit.sys=138mmHg vit.temp=36.5℃");
}

/// F083: a question that stands in no form is kept with this follow-up alone, or promoted to
/// a draft of a series.
#[tokio::test(flavor = "multi_thread")]
async fn f083_an_extra_question_stays_with_its_follow_up_or_becomes_a_draft() {
    let (hospital, tasks) = hospital("f083", 2).await;
    let mut body =
        closing("discharge_general", json!([{ "link_id": "gen.status", "value": "k100" }]));
    body["extra"] = json!([
        { "text": "家里有没有吸氧机", "type": "choice", "options": ["有", "没有"], "value": "2" },
        { "text": "吸氧几小时", "type": "integer", "range": [0, 24], "unit": "小时", "value": "30" },
    ]);
    let path = format!("/api/tasks/{}/close", tasks[0]);
    let refused = hospital.post(&path, &body);
    assert!(refused.body["detail"].as_str().unwrap().contains("0 到 24"), "{refused:?}");
    body["extra"][1]["value"] = json!("3");
    hospital.post(&path, &body).ok();
    let forms = hospital.get(&format!("/api/tasks/{}/form", tasks[0])).ok();
    let extra = forms.as_array().unwrap().iter().find(|f| f["questionnaire"] == "extra").unwrap();
    assert_eq!(extra["items"][0]["text"], "家里有没有吸氧机");
    assert_eq!(extra["items"][0]["answer"]["label"], "没有");
    assert_eq!(
        (&extra["items"][1]["answer"]["number"], &extra["items"][1]["unit"]),
        (&json!("3"), &json!("小时"))
    );
    // With this follow-up alone.
    assert_eq!(
        close(
            &hospital,
            &tasks[1],
            "discharge_general",
            json!([{ "link_id": "gen.status", "value": "k90" }])
        ),
        200
    );
    let other = hospital.get(&format!("/api/tasks/{}/form", tasks[1])).ok();
    assert_eq!(other.as_array().unwrap().len(), 1);
    let general = hospital.get("/api/questionnaires/discharge_general").ok();
    assert!(!general.to_string().contains("吸氧机"));
    // Promoted: the last item of a draft, whose English is left to its editor.
    let clone = json!({ "code": "lung", "name": "呼吸随访", "owner": "hospital",
        "from": { "questionnaire": "copd_phone" }, "reason": "复制" });
    hospital.post("/api/series", &clone).ok();
    hospital.post("/api/series/lung/publish", &json!({ "version": 1, "reason": "用" })).ok();
    let ask = json!({ "link_id": "extra.1", "series": "lung", "reason": "多次问到" });
    let promoted = hospital.post(&format!("/api/tasks/{}/extra/promote", tasks[0]), &ask).ok();
    assert_eq!((&promoted["version"], &promoted["link_id"]), (&json!(2), &json!("added.1")));
    let draft = hospital.get("/api/series/lung/versions/2").ok();
    assert_eq!(draft["version"]["state"], "draft");
    let added = item(&draft["content"], "added.1");
    assert_eq!(added["say"]["zh"], "家里有没有吸氧机?有,请按1。没有,请按2。");
    let faults = draft["faults"].as_array().unwrap();
    assert!(
        faults.iter().all(|f| f["what"].as_str().unwrap().contains("nothing is said in \"en\"")),
        "{draft}"
    );
    assert!(!faults.is_empty());
    let missing = json!({ "link_id": "extra.9", "series": "lung", "reason": "x" });
    assert_eq!(
        hospital.post(&format!("/api/tasks/{}/extra/promote", tasks[0]), &missing).status,
        404
    );
}

/// F106, F094: one follow-up and the whole history on paper equal the screen, as they were
/// asked, and are audited; each item has its course over the follow-ups.
#[tokio::test(flavor = "multi_thread")]
async fn f106_f094_follow_ups_print_as_on_the_screen_and_items_have_their_course() {
    let (hospital, tasks) = hospital("f106", 1).await;
    let first = json!([{ "link_id": "pain.nrs", "value": "6" }, { "link_id": "diet", "value": "less" },
        { "link_id": "sym.any", "status": "declined" }]);
    assert_eq!(close(&hospital, &tasks[0], "discharge_general", first), 200);
    hospital.on("2025-02-02T10:00").await;
    let due = hospital.get("/api/due").ok()["items"][0].clone();
    let (second, person) = (due["task_id"].as_str().unwrap(), due["person_id"].as_str().unwrap());
    let mut body = closing(
        "discharge_general",
        json!([{ "link_id": "pain.nrs", "value": "2" },
        { "link_id": "diet", "value": "normal" }]),
    );
    body["done_on"] = json!("2025-02-02");
    hospital.post(&format!("/api/tasks/{second}/close"), &body).ok();
    let page = hospital.get(&format!("/api/tasks/{}/print", tasks[0])).ok();
    let page = page.as_str().unwrap();
    let shown = form(&hospital, &tasks[0]);
    for item in shown["items"].as_array().unwrap().iter().filter(|item| item["type"] != "display") {
        let line = format!("<td>{}</td>", item["text"].as_str().unwrap());
        assert!(page.contains(&line), "{line}");
        if let Some(label) = item["answer"]["label"].as_str() {
            assert!(page.contains(&format!("{line}<td>{label}")), "{label}");
        }
    }
    assert!(page.contains("<td>疼痛评分(NRS 0–10)</td><td>6(建议:"), "{page}");
    assert!(page.contains("<td>近期有无不适</td><td>拒答</td>") && page.contains("第1次"));
    let all = hospital.get(&format!("/api/patients/{person}/print")).ok();
    let all = all.as_str().unwrap();
    assert_eq!(all.matches("<section>").count(), 2);
    assert!(all.contains("第1次") && all.contains("第2次"), "{all}");
    let printed = hospital
        .sql("select string_agg(subject, ',' order by audit_id) from audit where did = 'printed'");
    assert_eq!(printed, "task,person");
    let course = hospital.get(&format!("/api/patients/{person}/trend?item=pain.nrs")).ok();
    let numbers: Vec<_> = course[0]["points"]
        .as_array()
        .unwrap()
        .iter()
        .map(|point| (point["follow_up_no"].clone(), point["number"].clone()))
        .collect();
    assert_eq!(numbers, [(json!(0), json!(6.0)), (json!(1), json!(2.0))]);
    let diet = hospital.get(&format!("/api/patients/{person}/trend?item=diet")).ok();
    let codes: Vec<_> =
        diet[0]["points"].as_array().unwrap().iter().map(|p| p["code"].clone()).collect();
    assert_eq!(codes, ["less", "normal"]);
    let nobody = "/api/patients/00000000-0000-0000-0000-000000000000/print";
    assert_eq!(hospital.get(nobody).status, 404);
}
