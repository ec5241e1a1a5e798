use serde_json::{Value, json};

use crate::support::hospital::Hospital;

fn rows(count: usize, department: &str) -> Vec<String> {
    let row = |n: usize| {
        format!(
            "张{n},男,1960-02-03,Z{department}{n:05},{department},一病区,2024-12-20,2025-01-01,1,138{:08},J18,肺炎",
            n + department.len() * 10_000
        )
    };
    (0..count).map(row).collect()
}

async fn admit(hospital: &Hospital, rows: &[String]) {
    hospital.discharges(&rows.iter().map(String::as_str).collect::<Vec<_>>()).await;
}

/// F067, F069: a hundred tasks over capacities 4:3:2:1; absence redistributes; nobody holds
/// what another holds.
#[tokio::test(flavor = "multi_thread")]
async fn f067_tasks_are_dealt_by_capacity_and_handed_on_when_somebody_is_away() {
    let hospital = Hospital::open("f067", "2025-01-02T10:00").await;
    admit(&hospital, &rows(100, "心内科")).await;
    hospital.on("2025-01-08T10:00").await;
    let work = |login: &str, body: Value| hospital.put(&format!("/api/users/{login}/work"), &body);
    for (login, capacity) in [("a", 4), ("b", 3), ("c", 2), ("d", 1)] {
        hospital.add_user(login, "nurse").await;
        assert_eq!(work(login, json!({ "capacity": capacity })).status, 204);
    }
    let dealt = hospital.post("/api/allocation", &json!({})).ok();
    assert_eq!((&dealt["given"], &dealt["unallocated"]), (&json!(100), &json!(0)));
    let open = || {
        let loads = hospital.get("/api/allocation").ok();
        loads.as_array().unwrap().iter().map(|l| l["open"].as_i64().unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(open(), [40, 30, 20, 10]);
    let again = hospital.post("/api/allocation", &json!({})).ok();
    assert_eq!((&again["given"], &again["kept"]), (&json!(0), &json!(100)));
    let away = json!({ "capacity": 4, "absent_from": "2025-01-08", "absent_to": "2025-01-10" });
    assert_eq!(work("a", away).status, 204);
    assert_eq!(hospital.post("/api/allocation", &json!({})).ok()["given"], 40);
    let after = open();
    assert_eq!((after[0], after.iter().sum::<i64>()), (0, 100));
    let mine = hospital.get("/api/due?assigned_to=b&limit=200").ok();
    assert_eq!(mine["items"].as_array().unwrap().len() as i64, after[1]);
    assert_eq!(work("zhao", json!({ "capacity": 1 })).status, 404);
    assert_eq!(work("b", json!({ "capacity": -1 })).status, 422);
    let backwards =
        json!({ "capacity": 1, "absent_from": "2025-01-10", "absent_to": "2025-01-08" });
    assert_eq!(work("b", backwards).status, 422);
}

/// F071, F072: a seeded sample of a department's follow-ups is asked again; item by item.
#[tokio::test(flavor = "multi_thread")]
async fn f071_f072_a_seeded_sample_is_asked_again_and_compared_item_by_item() {
    let hospital = Hospital::open("f071", "2025-01-02T10:00").await;
    admit(&hospital, &rows(20, "心内科")).await;
    hospital.on("2025-01-08T10:00").await;
    let due = hospital.get("/api/due?limit=200").ok();
    let close = |task: &str, code: &str| {
        let body = json!({ "done_on": "2025-01-08", "channel": "manual_phone", "respondent": "self",
            "questionnaire": "discharge_general",
            "answers": [{ "link_id": "sym.headache", "value": code }] });
        hospital.post(&format!("/api/tasks/{task}/close"), &body).ok();
    };
    for task in due["items"].as_array().unwrap() {
        close(task["task_id"].as_str().unwrap(), "none");
    }
    let department = hospital.get("/api/departments").ok()[0]["department_id"].clone();
    let ask = json!({ "level": 2, "department_id": department, "questionnaire": "discharge_general",
        "share_percent": 25, "seed": 7, "from": "2025-01-01", "to": "2025-01-31" });
    let drawn = hospital.post("/api/samples", &ask).ok();
    assert_eq!(drawn["items"], 5);
    let items = |id: &Value| hospital.get(&format!("/api/samples/{}", id.as_str().unwrap())).ok();
    let first = items(&drawn["sample_id"]);
    let again = hospital.post("/api/samples", &ask).ok();
    let same: Vec<_> = items(&again["sample_id"])
        .as_array()
        .unwrap()
        .iter()
        .map(|i| i["task_id"].clone())
        .collect();
    let was: Vec<_> = first.as_array().unwrap().iter().map(|i| i["task_id"].clone()).collect();
    assert_eq!(was, same, "the seed draws the same");
    for (n, item) in first.as_array().unwrap().iter().enumerate() {
        close(item["check_task"].as_str().unwrap(), if n == 0 { "severe" } else { "none" });
    }
    let path = "/api/statistics/agreement?level=2&from=2025-01-01&to=2025-01-31";
    let found = hospital.get(path).ok();
    assert_eq!(found["items"][0]["item"], "sym.headache");
    assert_eq!(found["items"][0]["same"]["percent"], "80.00 %");
    assert_eq!(found["departments"][0]["differs"]["percent"], "20.00 %");
    // What was checked is no follow-up of its own: the rate stays.
    let rate = hospital.get("/api/statistics/follow-up?from=2025-01-01&to=2025-01-31").ok();
    assert_eq!(rate["whole"]["strict"]["part"], 20);
    let nothing = json!({ "level": 3, "questionnaire": "conduct_l2", "share_percent": 10, "seed": 1,
        "from": "2024-01-01", "to": "2024-01-31" });
    assert_eq!(hospital.post("/api/samples", &nothing).status, 409);
}

/// F073: a department that is switched off has no tasks and no calls.
#[tokio::test(flavor = "multi_thread")]
async fn f073_a_department_that_is_off_has_no_tasks_until_it_is_switched_on() {
    let hospital = Hospital::open("f073", "2025-01-02T10:00").await;
    admit(&hospital, &rows(1, "骨科")).await;
    let department = hospital.get("/api/departments").ok()[0]["department_id"].clone();
    let switch = |on: bool| {
        let body = json!({ "follows_up": on, "target_percent": 90, "responsible": "李主任" });
        let path = format!("/api/departments/{}", department.as_str().unwrap());
        assert_eq!(hospital.put(&path, &body).status, 204);
    };
    switch(false);
    admit(&hospital, &rows(2, "骨科")).await;
    hospital.on("2025-01-08T10:00").await;
    let due = || hospital.get("/api/due").ok()["items"].as_array().unwrap().clone();
    assert!(due().iter().all(|task| task["state"] == "pending"), "{:?}", due());
    switch(true);
    hospital.on("2025-01-08T10:01").await;
    assert_eq!(due().iter().filter(|task| task["state"] == "due").count(), 2);
    let view = hospital.get("/api/departments").ok();
    assert_eq!(view[0]["responsible"], "李主任");
}

/// Case 45: before a run starts it says who will be skipped, and why.
#[tokio::test(flavor = "multi_thread")]
async fn case_45_before_a_run_starts_it_says_who_will_be_skipped_and_why() {
    let hospital = Hospital::open("case45", "2025-01-08T10:00").await;
    admit(&hospital, &rows(5, "心内科")).await;
    let id = |n: usize| {
        let found = hospital.get(&format!("/api/patients?search=Z心内科{n:05}")).ok();
        found["items"][0]["person_id"].as_str().unwrap().to_owned()
    };
    let deaf = json!({ "communication_mark": "hard_of_hearing" });
    assert_eq!(hospital.put(&format!("/api/patients/{}", id(0)), &deaf).status, 204);
    let shown = hospital.get(&format!("/api/patients/{}", id(1))).ok();
    let number = shown["contacts"][0]["numbers"][0]["number_id"].as_str().unwrap().to_owned();
    let block = json!({ "reason": "wrong_number" });
    assert_eq!(hospital.post(&format!("/api/numbers/{number}/block"), &block).status, 204);
    let run = json!({ "name": "试", "dialplan": "followup" });
    let made = hospital.post("/api/runs", &run).ok();
    let path = format!("/api/runs/{}/preview", made["run_id"].as_str().unwrap());
    let preview = hospital.get(&path).ok();
    assert_eq!(preview["dial"], 3, "{preview}");
    assert_eq!(preview["skipped"], json!({ "hard_of_hearing": 1, "no_number": 1 }));
    hospital.on("2025-01-08T21:00").await;
    let night = hospital.get(&path).ok();
    assert_eq!((&night["dial"], &night["skipped"]["outside_window"]), (&json!(0), &json!(3)));
}

/// F069: rules by type and ward say whose a follow-up is; each group sees its own, and what
/// one has done is gone for all.
#[tokio::test(flavor = "multi_thread")]
async fn f069_work_is_divided_by_type_and_ward_and_what_one_does_disappears_for_the_others() {
    let hospital = Hospital::open("f069", "2025-01-02T10:00").await;
    let row = |n: usize, ward: &str, disease: &str| {
        format!(
            "张{n},男,1960-02-03,Z{n:05},心内科,{ward},2024-12-20,2025-01-01,1,138{n:08},{disease}"
        )
    };
    admit(
        &hospital,
        &[
            row(1, "一病区", "J18,肺炎"),
            row(2, "二病区", "J18,肺炎"),
            row(3, "二病区", "E11.9,2 型糖尿病"),
        ],
    )
    .await;
    let rules = json!([
        { "type": "disease", "group": "ward_doctor" },
        { "ward": "二病区", "group": "ward_nurse" },
        { "group": "centre_nurse" },
    ]);
    assert_eq!(hospital.put("/api/policies/division", &json!([{ "group": "porter" }])).status, 422);
    assert_eq!(hospital.put("/api/policies/division", &rules).status, 204);
    for (login, group) in
        [("c", "centre_nurse"), ("n", "ward_nurse"), ("d", "ward_doctor"), ("x", "")]
    {
        hospital.add_user(login, "nurse").await;
        if !group.is_empty() {
            let profile = json!({ "owner_group": group });
            assert_eq!(hospital.put(&format!("/api/users/{login}/profile"), &profile).status, 204);
        }
    }
    let wrong = json!({ "owner_group": "porter" });
    assert_eq!(hospital.put("/api/users/c/profile", &wrong).status, 422);
    hospital.on("2025-02-02T10:00").await;
    let cookies = ["c", "n", "d", "x"].map(|login| (login, hospital.sign_in(login)));
    let cookie = |login: &str| cookies.iter().find(|(known, _)| *known == login).unwrap().1.clone();
    let seen = |login: &str| {
        let due = hospital.get_as(&cookie(login), "/api/due?limit=200").ok();
        let rows = due["items"].as_array().unwrap().clone();
        rows.into_iter()
            .map(|row| {
                (row["ward"].as_str().unwrap().to_owned(), row["type"].as_str().unwrap().to_owned())
            })
            .collect::<Vec<_>>()
    };
    let all = |found: &[(String, String)], ward: &str, of: &str| {
        !found.is_empty() && found.iter().all(|(w, t)| (ward.is_empty() || w == ward) && t == of)
    };
    assert!(all(&seen("c"), "一病区", "routine"), "{:?}", seen("c"));
    assert!(all(&seen("n"), "二病区", "routine"), "{:?}", seen("n"));
    assert!(all(&seen("d"), "二病区", "disease"), "{:?}", seen("d"));
    let (before, of_nurse) = (seen("x").len(), seen("n").len());
    assert_eq!(before, seen("c").len() + of_nurse + seen("d").len(), "without a group: all");
    let nurse = cookie("n");
    let task = hospital.get_as(&nurse, "/api/due").ok()["items"][0]["task_id"].clone();
    let body = json!({ "done_on": "2025-02-02", "channel": "manual_phone", "respondent": "self" });
    let path = format!("/api/tasks/{}/close", task.as_str().unwrap());
    assert_eq!(hospital.post_as(&nurse, &path, &body).status, 200);
    assert_eq!((seen("n").len(), seen("x").len()), (of_nurse - 1, before - 1));
    let doctor = cookie("d");
    let everybody = hospital.get_as(&doctor, "/api/due?all_groups=true&limit=200").ok();
    let rows = everybody["items"].as_array().unwrap();
    assert!(rows.iter().all(|row| row["task_id"] != task), "gone for the others");
    assert_eq!(hospital.post_as(&doctor, &path, &body).status, 409, "done once");
}

/// F070: a doctor sees own patients alone, wherever they stand, and does their first-level
/// follow-up; another's are not there.
#[tokio::test(flavor = "multi_thread")]
async fn f070_a_doctor_sees_own_patients_alone_and_follows_them_up() {
    let hospital = Hospital::open("f070", "2025-01-02T10:00").await;
    let header =
        "姓名,性别,出生日期,住院号,出院科室,病区,出院日期,联系电话,诊断编码,诊断,主管医生,责任护士";
    let rows = [
        "甲,男,1960-02-03,Z1,心内科,一病区,2025-01-01,13800000001,J18,肺炎,王医生,李护士",
        "乙,男,1960-02-03,Z2,心内科,一病区,2025-01-01,13800000002,J18,肺炎,赵医生,李护士",
        "丙,男,1960-02-03,Z3,骨科,二病区,2025-01-01,13800000003,J18,肺炎,赵医生,钱护士",
    ];
    let import =
        hospital.import("in.csv", format!("{header}\n{}\n", rows.join("\n")).as_bytes()).await;
    assert_eq!(import["rows_stored"], 3, "{import}");
    hospital.on("2025-01-08T10:00").await;
    for (login, name, role) in
        [("w", "王医生", "doctor"), ("l", "李护士", "nurse"), ("z", "赵医生", "doctor")]
    {
        let user = json!({ "login": login, "display_name": name, "password": "a long enough one",
            "role": role, "whole_hospital": true, "profile": { "own_patients_only": login != "z" } });
        assert_eq!(hospital.post("/api/users", &user).status, 201);
    }
    let [w, l, z] = ["w", "l", "z"].map(|login| hospital.sign_in(login));
    let names = |cookie: &str, path: &str| {
        let found = hospital.get_as(cookie, path).ok();
        let rows = found["items"].as_array().unwrap_or_else(|| found.as_array().unwrap()).clone();
        let mut names: Vec<_> =
            rows.iter().map(|row| row["name"].as_str().unwrap().to_owned()).collect();
        names.sort();
        names.dedup();
        names
    };
    for path in ["/api/due", "/api/patients", "/api/tasks?state=pending&to=2025-01-31"] {
        assert_eq!(names(&w, path), ["甲"], "{path}");
        assert_eq!(names(&l, path), ["乙", "甲"], "{path}");
        assert_eq!(names(&z, path).len(), 3, "{path}: no such limit");
    }
    let all = hospital.post_as(&w, "/api/cohort", &json!({ "filter": { "sex": "male" } })).ok();
    assert_eq!(all["count"], 1);
    let everybody = hospital.get("/api/patients").ok();
    let id = |name: &str| {
        let rows = everybody["items"].as_array().unwrap().iter();
        rows.clone().find(|row| row["name"] == name).unwrap()["person_id"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    assert_eq!(hospital.get_as(&w, &format!("/api/patients/{}", id("乙"))).status, 404);
    assert_eq!(hospital.get_as(&w, &format!("/api/patients/{}", id("甲"))).status, 200);
    let due = hospital.get("/api/due").ok();
    let task = |name: &str| {
        let rows = due["items"].as_array().unwrap().iter();
        rows.clone().find(|row| row["name"] == name).unwrap()["task_id"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let body = json!({ "done_on": "2025-01-08", "channel": "manual_phone", "respondent": "self" });
    let close = |cookie: &str, name: &str| {
        hospital.post_as(cookie, &format!("/api/tasks/{}/close", task(name)), &body).status
    };
    assert_ne!(close(&w, "丙"), 200, "another's");
    assert_eq!(close(&w, "甲"), 200);
    let done = hospital.sql("select done_by || ' ' || level from task where state = 'completed'");
    assert_eq!(done, "w 1");
}
