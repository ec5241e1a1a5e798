use serde_json::{Value, json};

use crate::support::hospital::{Hospital, PASSWORD};

/// F108: onset, treatment, each follow-up's opinion and the outcome stand in one list by date;
/// another department's nurse sees nothing of it.
#[tokio::test(flavor = "multi_thread")]
async fn f108_the_course_of_a_disease_is_one_list_from_onset_to_outcome() {
    let hospital = Hospital::open("f108", "2025-01-02T10:00").await;
    let header = "姓名,性别,出生日期,住院号,出院科室,病区,入院日期,出院日期,离院方式,联系电话,\
        诊断编码,诊断,手术编码,手术名称,手术日期,手术者";
    let row = "张一,男,1960-02-03,Z00001,肿瘤科,一病区,2024-12-20,2025-01-01,1,13800000001,C34,\
        肺癌,32.4100,肺叶切除术,2024-12-24,陈主任";
    hospital.import("in.csv", format!("{header}\n{row}\n").as_bytes()).await;
    let person = hospital.person("Z00001");
    hospital.on("2025-01-08T10:00").await;
    let due = hospital.get("/api/due").ok();
    let task = due["items"][0]["task_id"].as_str().unwrap().to_owned();
    let body = json!({ "done_on": "2025-01-08", "channel": "manual_phone", "respondent": "self",
        "questionnaire": "discharge_general",
        "answers": [{ "link_id": "sym.bloody_sputum", "value": "present" },
            { "link_id": "sym.dysphagia", "value": "solids" }] });
    hospital.post(&format!("/api/tasks/{task}/close"), &body).ok();
    let died = json!({ "reason": "died", "died_on": "2025-03-01", "why": "家属来电" });
    hospital.on("2025-03-02T10:00").await;
    hospital.post(&format!("/api/patients/{person}/end"), &died).ok();
    let course = hospital.get(&format!("/api/patients/{person}/course")).ok();
    let course = course.as_array().unwrap();
    let line = |event: &Value| {
        let text = |key: &str| event[key].as_str().unwrap_or("–").to_owned();
        format!("{} {} {} {}", text("on"), text("kind"), text("what"), text("note"))
    };
    let told: Vec<_> = course.iter().map(line).collect();
    for (n, expected) in [
        (0, "2024-12-20 onset 肺癌 C34"),
        (1, "2024-12-20 admitted 肺癌 Z00001"),
        (2, "2024-12-24 operation 肺叶切除术 32.4100"),
        (3, "2025-01-01 discharged 肺癌 1"),
        (4, "2025-01-08 follow_up completed manual_phone"),
        (5, "2025-01-08 opinion 复发可疑 proposed"),
    ] {
        assert_eq!(told[n], expected, "{told:#?}");
    }
    // The death was on the first, and ended the plans when it was told, on the second.
    let died = told.iter().position(|line| line == "2025-03-01 died – –");
    assert!(died.is_some_and(|n| told[n + 1].contains("plan_ended")), "{told:#?}");
    assert_eq!(course[4]["task_id"], task.as_str(), "opens that follow-up");
    // A nurse of another department.
    let row = row.replace("Z00001", "Z2").replace("肿瘤科", "心内科");
    hospital.import("heart.csv", format!("{header}\n{row}\n").as_bytes()).await;
    let other = hospital.sql("select department_id from department where name = '心内科'");
    let nurse = json!({ "login": "nurse", "display_name": "护士", "password": PASSWORD,
        "role": "nurse", "profile": { "departments": [other] } });
    hospital.post("/api/users", &nurse).ok();
    let path = format!("/api/patients/{person}/course");
    assert_eq!(hospital.get_as(&hospital.sign_in("nurse"), &path).status, 404);
}
