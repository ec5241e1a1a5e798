use serde_json::{Value, json};

use crate::support::hospital::Hospital;

const WANG: &str =
    "王秀英,女,1952-08-15,Z0001,心内科,心内一病区,2024-12-20,2025-01-01,1,13800138000,J18,肺炎";

async fn person(hospital: &Hospital, search: &str) -> String {
    let found = hospital.get(&format!("/api/patients?search={search}")).ok();
    found["items"][0]["person_id"].as_str().unwrap_or_else(|| panic!("{found}")).to_owned()
}

fn dates(list: &Value) -> Vec<String> {
    let text =
        |row: &Value| row["on"].as_str().or(row["scheduled_on"].as_str()).unwrap().to_owned();
    list.as_array().unwrap().iter().map(text).collect()
}

/// F055, F056: table B1, a day and ten years, the limits of the hospital.
#[tokio::test(flavor = "multi_thread")]
async fn f055_f056_the_interval_table_gives_exactly_its_dates_before_anybody_saves_it() {
    let hospital = Hospital::open("f055", "2025-01-01T10:00").await;
    let every = |days: &[u32], horizon: Value| {
        let phase = |days: &u32| json!({ "every": { "days": days }, "lasts": { "times": 1 } });
        json!({ "schedule": { "phases": days.iter().map(phase).collect::<Vec<_>>(),
            "horizon": horizon }, "dialplan": "followup", "channel": "ivr" })
    };
    let preview = |body: Value| {
        hospital.post("/api/plan-templates/preview", &json!({ "body": body, "from": "2025-01-01" }))
    };
    let b1 = preview(every(&[30, 150, 150], json!({ "count": 5 }))).ok();
    let expected = ["2025-01-31", "2025-06-30", "2025-11-27", "2026-04-26", "2026-09-23"];
    assert_eq!(dates(&b1["dates"]), expected);
    assert_eq!(dates(&preview(every(&[1], json!({ "days": 3 }))).ok()["dates"]).len(), 3);
    let long = preview(every(&[3650], json!({ "count": 2 }))).ok();
    assert_eq!(dates(&long["dates"])[0], "2034-12-30");
    let refused = preview(every(&[0], json!({ "count": 2 })));
    assert_eq!(refused.status, 422, "{refused:?}");
    let put = hospital.put(
        "/api/plan-templates/series_1",
        &json!({ "name": "系列 1", "kind": "specialty", "body": every(&[3651], json!({ "count": 2 })) }),
    );
    assert_eq!(put.status, 422, "{put:?}");
    let put = hospital.put(
        "/api/plan-templates/series_1",
        &json!({ "name": "系列 1", "kind": "specialty", "body": every(&[20, 40], json!({ "count": 9 })) }),
    );
    assert_eq!(put.ok()["version"], 2);
    let versions = hospital.get("/api/plan-templates/series_1").ok();
    assert_eq!(versions.as_array().unwrap().len(), 2, "the old version stays");
}

/// F054, F058, F061, F068: rules choose with their reason; chronic cycles beside the
/// routine; a second pass adds nothing.
#[tokio::test(flavor = "multi_thread")]
async fn f054_f058_f061_f068_a_discharge_gets_its_plans_by_rule_once() {
    let hospital = Hospital::open("f054", "2025-01-02T10:00").await;
    let rows = [
        WANG,
        "李强,男,1960-02-03,Z0002,内分泌科,内分泌病区,2024-12-20,2025-01-01,1,13800138001,E11.9,2 型糖尿病",
        "陈冠,男,1950-02-03,Z0003,心内科,心内一病区,2024-12-20,2025-01-01,1,13800138002,I25.1,冠心病",
        "何小,女,2018-02-03,Z0004,儿科,儿科病区,2024-12-20,2025-01-01,1,13800138003,J20,支气管炎",
        "周亡,男,1940-02-03,Z0005,心内科,心内一病区,2024-12-20,2025-01-01,5,13800138004,I21,心梗",
    ];
    let import = hospital.discharges(&rows).await;
    assert_eq!(import["rows_stored"], 5, "{import}");
    let plans = |id: String| hospital.get(&format!("/api/patients/{id}/plans")).ok();
    let templates = |plans: &Value| {
        let mut all: Vec<_> = plans
            .as_array()
            .unwrap()
            .iter()
            .map(|p| p["template"].as_str().unwrap().to_owned())
            .collect();
        all.sort();
        all
    };
    let wang = plans(person(&hospital, "Z0001").await);
    assert_eq!(templates(&wang), ["discharge"]);
    assert!(wang[0]["reason"].as_str().unwrap().starts_with("因:"), "{wang}");
    let li = plans(person(&hospital, "Z0002").await);
    assert_eq!(templates(&li), ["diabetes", "discharge"]);
    let monthly = li.as_array().unwrap().iter().find(|p| p["template"] == "diabetes").unwrap();
    assert_eq!(dates(&monthly["steps"]), ["2025-02-01"]);
    assert_eq!(dates(&monthly["dates"])[..2], ["2025-03-01", "2025-04-01"]);
    assert!(monthly["reason"].as_str().unwrap().contains("E11.9"), "{monthly}");
    let chen = plans(person(&hospital, "Z0003").await);
    assert_eq!(templates(&chen), ["coronary", "discharge"]);
    let half = chen.as_array().unwrap().iter().find(|p| p["template"] == "coronary").unwrap();
    assert_eq!(dates(&half["dates"])[0], "2025-07-01");
    assert_eq!(templates(&plans(person(&hospital, "Z0004").await)), ["discharge_child"]);
    assert_eq!(templates(&plans(person(&hospital, "Z0005").await)), Vec::<String>::new());
    // Once, however often the clock turns, and on whichever day.
    let before = hospital.get("/api/plan-board").ok();
    hospital.on("2025-01-02T23:00").await;
    assert_eq!(hospital.get("/api/plan-board").ok(), before);
    let again = hospital.discharges(&rows).await;
    assert_eq!((&again["rows_stored"], &again["rows_known"]), (&json!(0), &json!(5)));
    assert_eq!(hospital.get("/api/plan-board").ok(), before);
    // A person chooses another one, and says why.
    let plan = wang[0]["plan_id"].as_str().unwrap();
    let ask = json!({ "template": "series_1", "reason": "医生要求" });
    let made = hospital.post(&format!("/api/plans/{plan}/template"), &ask).ok();
    let now = plans(person(&hospital, "Z0001").await);
    let series = now.as_array().unwrap().iter().find(|p| p["plan_id"] == made["plan_id"]).unwrap();
    assert_eq!((&series["reason"], &series["chosen_by"]), (&json!("医生要求"), &json!("admin")));
    assert_eq!(dates(&series["steps"]), ["2025-01-31"]);
}

/// F057, F062, F063, F064: the due list, the warning on day 12, overdue on day 15.
#[tokio::test(flavor = "multi_thread")]
async fn f057_f062_f063_f064_the_due_list_warns_on_day_12_and_is_overdue_on_day_15() {
    let hospital = Hospital::open("f057", "2025-01-02T10:00").await;
    hospital.discharges(&[WANG]).await;
    let due = || hospital.get("/api/due").ok()["items"].as_array().unwrap().clone();
    let reminders = || hospital.get("/api/reminders").ok().as_array().unwrap().clone();
    assert!(due().is_empty(), "not due before its day: {:?}", due());
    hospital.on("2025-01-04T08:00").await;
    let row = due()[0].clone();
    for (key, expected) in [
        ("name", json!("王秀英")),
        ("state", json!("due")),
        ("scheduled_on", json!("2025-01-04")),
        ("deadline_on", json!("2025-01-15")),
        ("overdue", json!(false)),
        ("type", json!("routine")),
        ("channel", json!("ivr")),
        ("sequence", json!(0)),
        ("ward", json!("心内一病区")),
    ] {
        assert_eq!(row[key], expected, "{key}");
    }
    assert!(!row["questionnaire"].as_str().unwrap().is_empty());
    assert!(row["number"].as_str().unwrap().contains("****"), "{row}");
    hospital.on("2025-01-12T23:00").await;
    assert!(reminders().is_empty(), "day 11");
    hospital.on("2025-01-13T08:00").await;
    assert_eq!(reminders()[0]["kind"], "day_12");
    let id = reminders()[0]["reminder_id"].as_str().unwrap().to_owned();
    let dismissed = hospital.post(&format!("/api/reminders/{id}/dismiss"), &json!({}));
    assert_eq!(dismissed.status, 204);
    assert!(reminders().is_empty());
    hospital.on("2025-01-15T23:00").await;
    assert_eq!(due()[0]["overdue"], false, "day 14 is in time");
    hospital.on("2025-01-16T08:00").await;
    assert_eq!(due()[0]["overdue"], true, "day 15");
    assert_eq!(reminders()[0]["kind"], "overdue");
}

/// F059: one patient's cycle moves, with reason and author; nobody else's does.
#[tokio::test(flavor = "multi_thread")]
async fn f059_a_changed_cycle_moves_this_patient_alone_and_only_what_is_to_come() {
    let hospital = Hospital::open("f059", "2025-01-02T10:00").await;
    let other =
        "李强,男,1960-02-03,Z0002,心内科,心内一病区,2024-12-20,2025-01-01,1,13800138001,J18,肺炎";
    hospital.discharges(&[WANG, other]).await;
    hospital.on("2025-01-08T08:00").await;
    let plans = |id: &str| hospital.get(&format!("/api/patients/{id}/plans")).ok()[0].clone();
    let (wang, li) = (person(&hospital, "Z0001").await, person(&hospital, "Z0002").await);
    let untouched = plans(&li);
    let plan = plans(&wang)["plan_id"].as_str().unwrap().to_owned();
    let path = format!("/api/plans/{plan}/cycle");
    let no_reason = hospital.post(&path, &json!({ "days": 14, "reason": " " }));
    assert_eq!(no_reason.status, 422);
    hospital.post(&path, &json!({ "days": 14, "reason": "血压不稳" })).ok();
    let changed = plans(&wang);
    let steps = changed["steps"].as_array().unwrap();
    assert_eq!(steps[0]["scheduled_on"], "2025-01-04", "what is due stays");
    assert_eq!(steps[1]["scheduled_on"], "2025-01-18");
    assert_eq!(changed["changes"][0]["reason"], "血压不稳");
    assert_eq!(changed["changes"][0]["by"], "admin");
    assert_eq!(plans(&li), untouched);
}

/// F075, F045 and in-person follow-ups: what stops a plan, and what closes its task.
#[tokio::test(flavor = "multi_thread")]
async fn f075_f045_death_and_refusal_stop_everything_and_a_visit_closes_the_task() {
    let hospital = Hospital::open("f075", "2025-01-02T10:00").await;
    let row = |n: u32| {
        format!(
            "张{n},男,1960-02-03,Z{n:04},心内科,心内一病区,2024-12-20,2025-01-01,1,1380013{n:04},J18,肺炎"
        )
    };
    let rows: Vec<_> = (1..=4).map(row).collect();
    hospital.discharges(&rows.iter().map(String::as_str).collect::<Vec<_>>()).await;
    hospital.on("2025-01-08T08:00").await;
    let plan = |id: &str| hospital.get(&format!("/api/patients/{id}/plans")).ok()[0].clone();
    let died = person(&hospital, "Z0001").await;
    let end = |id: &str, body: Value| hospital.post(&format!("/api/patients/{id}/end"), &body);
    assert_eq!(end(&died, json!({ "reason": "died" })).status, 422, "a death has a date");
    end(&died, json!({ "reason": "died", "died_on": "2025-01-05" })).ok();
    assert_eq!(plan(&died)["end_reason"], "died");
    let refused = person(&hospital, "Z0002").await;
    end(&refused, json!({ "reason": "refused", "why": "电话里说不要再打" })).ok();
    assert_eq!(plan(&refused)["end_reason"], "refused");
    let lost = person(&hospital, "Z0003").await;
    assert_eq!(end(&lost, json!({ "reason": "lost" })).status, 422, "a loss has a reason");
    end(&lost, json!({ "reason": "lost", "why": "电话、联系人、信函都失败" })).ok();
    assert_eq!(plan(&lost)["end_reason"], "lost");
    let due = hospital.get("/api/due").ok();
    assert_eq!(due["items"].as_array().unwrap().len(), 1, "one is left: {due}");
    // The fourth came to the clinic.
    let task = due["items"][0]["task_id"].as_str().unwrap();
    let close = |respondent: &str, value: &str| {
        let body = json!({ "done_on": "2025-01-07", "channel": "clinic", "respondent": respondent,
            "questionnaire": "discharge_general",
            "answers": [{ "link_id": "gen.status", "value": value }] });
        hospital.post(&format!("/api/tasks/{task}/close"), &body)
    };
    assert_eq!(close("stranger", "k100").status, 409, "that is no follow-up");
    assert_eq!(close("self", "k101").status, 422, "no such option");
    let closed = close("self", "k20").ok();
    assert_eq!((&closed["state"], &closed["face_to_face"]), (&json!("completed"), &json!(true)));
    assert_eq!(close("self", "k100").status, 409, "once");
    let fourth = person(&hospital, "Z0004").await;
    assert_eq!(plan(&fourth)["steps"][0]["done_channel"], "clinic");
    // 病重 is a red flag, whoever typed it.
    let alerts = hospital.get("/api/alerts").ok();
    assert_eq!(alerts[0]["level"], "emergency", "{alerts}");
}

/// F058: what the simulated year plans by is what a fresh installation has.
#[tokio::test(flavor = "multi_thread")]
async fn f058_a_fresh_installation_has_the_plans_that_the_simulation_uses() {
    let hospital = Hospital::open("f058", "2025-01-02T10:00").await;
    let shipped = suifang::domain::PlanSet::shipped();
    let rows = hospital.get("/api/plan-templates").ok();
    let rows = rows.as_array().unwrap();
    assert_eq!(rows.len(), shipped.templates.len());
    for template in &shipped.templates {
        let row = rows.iter().find(|row| row["code"] == template.code.as_str()).unwrap();
        assert_eq!(row["name"], template.name.as_str());
        assert_eq!(row["kind"], template.kind.as_str());
        let body: suifang::domain::PlanBody = serde_json::from_value(row["body"].clone()).unwrap();
        assert_eq!(body, template.body, "{}", template.code);
    }
    let rules = hospital.get("/api/plan-rules").ok();
    let rules: Vec<suifang::domain::PlanRule> =
        serde_json::from_value(rules["rules"].clone()).unwrap();
    assert_eq!(rules, shipped.rules);
}

/// F060: a plan of phases, weekly in the first month and monthly later; groups of patients
/// have their own.
#[tokio::test(flavor = "multi_thread")]
async fn f060_a_plan_has_phases_and_each_group_its_own_plan() {
    let hospital = Hospital::open("f060", "2025-01-02T10:00").await;
    let body = json!({ "schedule": { "phases": [
            { "every": { "days": 7 }, "lasts": { "within": { "months": 1 } } },
            { "every": { "months": 1 }, "lasts": { "times": 1 } },
        ], "horizon": { "days": 130 } }, "dialplan": "followup", "channel": "ivr" });
    let ask = json!({ "body": body, "from": "2025-01-01" });
    let preview = hospital.post("/api/plan-templates/preview", &ask).ok();
    assert_eq!(
        dates(&preview["dates"]),
        [
            "2025-01-08",
            "2025-01-15",
            "2025-01-22",
            "2025-01-29",
            "2025-03-01",
            "2025-04-01",
            "2025-05-01"
        ]
    );
    let named = json!({ "name": "先密后疏", "kind": "routine", "body": body });
    assert_eq!(hospital.put("/api/plan-templates/dense", &named).ok()["version"], 1);
    let rows = [
        WANG,
        "钱老,男,1940-02-03,Z0011,心内科,心内一病区,2024-12-20,2025-01-01,1,13800138011,J18,肺炎",
        "何小,女,2018-02-03,Z0012,儿科,儿科病区,2024-12-20,2025-01-01,1,13800138012,J20,支气管炎",
    ];
    hospital.discharges(&rows).await;
    let mut own = Vec::new();
    for no in ["Z0001", "Z0011", "Z0012"] {
        let id = person(&hospital, no).await;
        let plans = hospital.get(&format!("/api/patients/{id}/plans")).ok();
        own.push((plans[0]["template"].clone(), plans[0]["plan_id"].clone(), id));
    }
    let templates: Vec<_> = own.iter().map(|(template, ..)| template.as_str().unwrap()).collect();
    assert_eq!(templates, ["discharge", "discharge_elderly", "discharge_child"]);
    // Another one, for this patient alone; its first phase is what is due.
    let ask = json!({ "template": "dense", "reason": "病情需要" });
    hospital.post(&format!("/api/plans/{}/template", own[0].1.as_str().unwrap()), &ask).ok();
    let plans = hospital.get(&format!("/api/patients/{}/plans", own[0].2)).ok();
    let dense = plans.as_array().unwrap().iter().find(|plan| plan["template"] == "dense").unwrap();
    assert_eq!(dates(&dense["steps"])[0], "2025-01-08");
}

/// F054 and F111: operations by ICD-9-CM-3 and the LACE score choose plans too, and the score
/// is shown with its parts; the second emergency stay counts the first one.
#[tokio::test(flavor = "multi_thread")]
async fn f054_f111_operations_and_the_risk_of_coming_back_choose_a_plan() {
    let hospital = Hospital::open("f111", "2025-01-20T10:00").await;
    let rules = hospital.get("/api/plan-rules").ok();
    let mut all = rules["rules"].as_array().unwrap().clone();
    let template = all[0]["template"].clone();
    for (name, when) in
        [("手术后", json!({ "operation": ["36.0"] })), ("高危", json!({ "risk": { "from": 10 } }))]
    {
        let rule = json!({ "name": name, "priority": -10, "template": template, "when": when });
        all.push(rule);
    }
    assert_eq!(hospital.put("/api/plan-rules", &json!({ "rules": all })).status, 200);
    let header = "姓名,性别,出生日期,身份证号,住院号,住院次数,出院科室,入院日期,出院日期,联系电话,诊断编码,诊断,\
        其他诊断编码1,其他诊断1,其他诊断编码2,其他诊断2,入院途径,近半年急诊次数,手术编码,手术名称,手术日期,新技术";
    let rows = [
        "甲,男,1950-02-03,,A1,1,心内科,2025-01-05,2025-01-10,13800000001,I50.0,心衰,J44.1,慢阻肺,I63.9,脑梗死,急诊,2,,,,",
        "乙,男,1950-02-03,,B1,1,心内科,2025-01-08,2025-01-10,13800000002,I10,高血压,,,,,门诊,0,,,,",
        "丙,男,1950-02-03,,C1,1,心内科,2025-01-05,2025-01-10,13800000003,I25,冠心病,,,,,,,36.0601,支架置入,2025-01-06,是",
        "丁,女,1950-02-03,110105195002030023,D1,1,心内科,2024-12-01,2024-12-05,13800000004,I10,高血压,,,,,1,,,,,",
        "丁,女,1950-02-03,110105195002030023,D1,2,心内科,2025-01-09,2025-01-11,13800000004,I10,高血压,,,,,1,,,,,",
        "戊,男,1950-02-03,,E1,1,心内科,2025-01-05,2025-01-10,13800000005,I10,高血压,,,,,走来,101,,,2025-01-12,",
    ];
    let text = format!("{header}\n{}\n", rows.join("\n"));
    let import = hospital.import("in.csv", text.as_bytes()).await;
    assert_eq!((&import["rows_stored"], &import["rows_bad"]), (&json!(5), &json!(1)), "{import}");
    let stay = |no: &str, n: usize| {
        let found = hospital.get(&format!("/api/patients?search={no}")).ok();
        let person = found["items"][0]["person_id"].as_str().unwrap().to_owned();
        let shown = hospital.get(&format!("/api/patients/{person}")).ok();
        let plans = hospital.get(&format!("/api/patients/{person}/plans")).ok();
        (shown["admissions"][n].clone(), plans)
    };
    let reason = |plans: &Value| {
        let all = plans.as_array().unwrap().iter();
        all.map(|plan| plan["reason"].as_str().unwrap().to_owned()).collect::<String>()
    };
    let (high, plans) = stay("A1", 0);
    assert_eq!(
        (&high["lace"]["score"], &high["lace"]["high"]),
        (&json!(14), &json!(true)),
        "{high}"
    );
    assert_eq!(
        high["lace"]["explained"],
        "LACE 14 = 住院天数 4 + 急诊入院 3 + 合并症 5 + 急诊就诊 2"
    );
    assert_eq!(high["lace"]["conditions"], json!(["脑血管病", "心力衰竭", "慢性肺病"]));
    assert!(reason(&plans).contains("风险评分 14"), "{plans}");
    let (low, plans) = stay("B1", 0);
    assert_eq!((&low["lace"]["score"], &low["lace"]["high"]), (&json!(2), &json!(false)));
    assert!(!reason(&plans).contains("风险评分"), "{plans}");
    let (operated, plans) = stay("C1", 0);
    assert_eq!(operated["lace"], Value::Null, "nobody has told how the stay began");
    assert_eq!(operated["had_operation"], true);
    let done = &operated["operations"][0];
    assert_eq!((&done["code"], &done["new_technique"]), (&json!("36.0601"), &json!(true)));
    assert!(reason(&plans).contains("36.0601"), "{plans}");
    assert_eq!(stay("D1", 0).0["lace"]["emergency"], 1, "{}", stay("D1", 0).0);
    assert_eq!(stay("D1", 1).0["lace"]["emergency"], 0);
}
