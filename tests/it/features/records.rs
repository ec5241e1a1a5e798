use serde_json::{Value, json};

use crate::support::hospital::Hospital;

fn typed() -> Value {
    json!({
        "name": "王秀英", "sex": "女", "birth_date": "1952-08-15", "admission_no": "Z0001",
        "record_no": "B0001", "department": "心内科", "ward": "心内一病区",
        "admitted_on": "2024-12-20", "discharged_on": "2025-01-01", "phone": "13800138000",
        "contact_name": "李强", "contact_relation": "配偶", "contact_phone": "0592-5027064",
        "diagnosis_icd": "I10", "diagnosis_name": "原发性高血压",
    })
}

fn with(mut body: Value, key: &str, value: &str) -> Value {
    body[key] = json!(value);
    body
}

/// F001, F010, F018: typed by hand and checked as imported; a second stay is never refused,
/// a true duplicate is.
#[tokio::test(flavor = "multi_thread")]
async fn f001_f010_f018_a_patient_is_typed_in_shown_unchanged_and_never_doubled() {
    let hospital = Hospital::open("f001", "2025-01-02T10:00").await;
    let made = hospital.post("/api/patients", &typed()).ok();
    let id = made["person_id"].as_str().unwrap();
    let shown = hospital.patient_in_clear(id);
    for (key, expected) in [
        ("name", "王秀英"),
        ("sex", "female"),
        ("birth_date", "1952-08-15"),
        ("record_no", "B0001"),
    ] {
        assert_eq!(shown[key], expected, "{key}");
    }
    let stay = &shown["admissions"][0];
    for (key, expected) in [
        ("admission_no", "Z0001"),
        ("department", "心内科"),
        ("ward", "心内一病区"),
        ("discharged_on", "2025-01-01"),
    ] {
        assert_eq!(stay[key], expected, "{key}");
    }
    assert_eq!(stay["age"], 72, "computed at the admission");
    assert_eq!(stay["diagnoses"][0]["icd"], "I10");
    let twice = hospital.post("/api/patients", &typed());
    assert_eq!(twice.status, 409, "{twice:?}");
    assert!(twice.body["detail"].as_str().unwrap().contains("已经登记"), "{twice:?}");
    let second = with(with(typed(), "admitted_on", "2025-01-01"), "sequence", "2");
    let again = hospital.post("/api/patients", &second).ok();
    assert_eq!(again["person_id"], id, "one person");
    let shown = hospital.patient_in_clear(id);
    assert_eq!(shown["admissions"].as_array().unwrap().len(), 2);
    let plans = hospital.get(&format!("/api/patients/{id}/plans")).ok();
    let routine: Vec<_> =
        plans.as_array().unwrap().iter().filter(|plan| plan["kind"] == "routine").collect();
    assert_eq!(routine.len(), 2, "two independent plans: {plans}");
    for (key, value, column) in [
        ("discharged_on", "2025-02-01", "出院日期"),
        ("phone", "无", "联系电话"),
        ("admitted_on", "2025-01-02", "入院日期"),
    ] {
        let refused =
            hospital.post("/api/patients", &with(with(typed(), "admission_no", "Z9"), key, value));
        assert_eq!(refused.status, 422);
        assert!(refused.body["detail"].as_str().unwrap().contains(column), "{refused:?}");
    }
}

/// F008, F012, F019, F021, F024: contacts in their order; a number that was told is dialled
/// first, the old one stays with source and time; a changed field keeps its old value.
#[tokio::test(flavor = "multi_thread")]
async fn f008_f012_f019_f021_a_told_number_comes_first_and_the_old_one_stays() {
    let hospital = Hospital::open("f019", "2025-01-02T10:00").await;
    let made = hospital.post("/api/patients", &typed()).ok();
    let id = made["person_id"].as_str().unwrap();
    let show = || hospital.patient_in_clear(id);
    let tell = |body: Value| hospital.post(&format!("/api/patients/{id}/numbers"), &body);
    tell(json!({ "phone": "13900139000", "source": "入院评估单" })).ok();
    tell(json!({ "phone": "13700137000/13600136000", "relation": "子女", "name": "王子",
        "informed": true, "source": "家属", "valid_until": "2025-03-01" }))
    .ok();
    let shown = show();
    let contacts = shown["contacts"].as_array().unwrap();
    let all: Vec<_> = contacts
        .iter()
        .flat_map(|contact| {
            contact["numbers"].as_array().unwrap().iter().map(move |n| (contact, n))
        })
        .map(|(c, n)| {
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            format!("{} {} {}", text(&c["relation"]), text(&n["number"]), text(&n["source"]))
        })
        .collect();
    assert_eq!(
        all,
        [
            "self +8613900139000 入院评估单",
            "self +8613800138000 import",
            "spouse +865925027064 import",
            "child +8613700137000 家属",
            "child +8613600136000 家属",
        ]
    );
    assert_eq!(contacts[2]["numbers"][0]["valid_until"], "2025-03-01");
    assert_eq!(tell(json!({ "phone": "无", "source": "患者" })).status, 422);
    assert_eq!(tell(json!({ "phone": "13900139000", "source": "" })).status, 422);
    let edit = json!({ "work_address": "厦门市湖滨南路", "reason": "患者自述" });
    assert_eq!(hospital.put(&format!("/api/patients/{id}"), &edit).status, 204);
    let edit = json!({ "work_address": "厦门市湖滨北路" });
    hospital.put(&format!("/api/patients/{id}"), &edit);
    let shown = show();
    assert_eq!(shown["work_address"], "厦门市湖滨北路");
    let last = &shown["history"][0];
    assert_eq!(last["old"], "厦门市湖滨南路");
    assert_eq!(last["by"], "admin");
}

/// F004, F005: a module taken from a role is gone from the menu and from the API, at once.
#[tokio::test(flavor = "multi_thread")]
async fn f004_f005_a_module_taken_away_is_gone_from_menu_and_api_at_once() {
    let hospital = Hospital::open("f004", "2025-01-02T10:00").await;
    for (login, role) in [("zhang", "nurse"), ("li", "doctor"), ("chen", "agent")] {
        hospital.add_user(login, role).await;
    }
    let roles = hospital.get("/api/roles").ok();
    for (login, role) in [("zhang", "nurse"), ("li", "doctor"), ("chen", "agent")] {
        let cookie = hospital.sign_in(login);
        let me = hospital.get_as(&cookie, "/api/me").ok();
        let own = roles.as_array().unwrap().iter().find(|r| r["code"] == role).unwrap();
        assert_eq!(me["modules"], own["modules"], "{role}: the menu is the modules");
    }
    let cookie = hospital.sign_in("zhang");
    assert_eq!(hospital.get_as(&cookie, "/api/plan-board").status, 200);
    let left = json!({ "name": "护士", "modules": ["home", "due", "patients"] });
    assert_eq!(hospital.put("/api/roles/nurse", &left).status, 204);
    let refused = hospital.get_as(&cookie, "/api/plan-board");
    assert_eq!(refused.status, 403, "{refused:?}");
    let me = hospital.get_as(&cookie, "/api/me").ok();
    assert_eq!(me["modules"], json!(["due", "home", "patients"]));
    assert_eq!(hospital.post_as(&cookie, "/api/roles/nurse", &left).status, 405);
    let refused =
        hospital.put("/api/roles/nurse", &json!({ "name": "护士", "modules": ["magic"] }));
    assert_eq!(refused.status, 422, "no such module");
}

/// F020: how a number may be written when it is entered, and what is stored or refused.
#[tokio::test(flavor = "multi_thread")]
async fn f020_a_number_is_normalised_or_refused_when_it_is_entered() {
    let hospital = Hospital::open("f020", "2025-01-02T10:00").await;
    let made = |cells: &[(&str, &str)], n: usize| {
        let mut body = with(typed(), "admission_no", &format!("N{n:04}"));
        body["record_no"] = json!("");
        body["contact_name"] = json!("");
        body["contact_relation"] = json!("");
        body["contact_phone"] = json!("");
        body["phone"] = json!(cells[n].0);
        body["name"] = json!(format!("号码{n}"));
        hospital.post("/api/patients", &body)
    };
    let mobile = "+8613800138000 mobile";
    let cells = [
        ("13800138000", mobile),
        ("138 0013 8000", mobile),
        ("138-0013-8000", mobile),
        ("+8613800138000", mobile),
        ("+86 138 0013 8000", mobile),
        ("008613800138000", mobile),
        ("8613800138000", mobile),
        ("013800138000", mobile),
        ("１３８００１３８０００", mobile),
        ("19912345678", "+8619912345678 mobile"),
        ("0592-5027064", "+865925027064 landline"),
        ("(0592)5027064", "+865925027064 landline"),
        ("（0592）5027064", "+865925027064 landline"),
        ("5027064", "+865925027064 landline"),
        ("010-85445426转801", "+861085445426 landline x801"),
        ("010-85445426 分机 801", "+861085445426 landline x801"),
        ("13800138000/13900139000", "+8613800138000 mobile, +8613900139000 mobile"),
        ("13800138000、13800138000", mobile),
        ("13800138000(儿子)", mobile),
        ("400-820-8820", "+864008208820 service"),
        ("95598", ""),
        ("无", ""),
        ("1380013800", ""),
        ("138001380001", ""),
        ("13800138000/无", ""),
    ];
    assert_eq!(cells.len(), 25);
    for (n, (cell, expected)) in cells.iter().enumerate() {
        let answer = made(&cells, n);
        if expected.is_empty() {
            assert_eq!(answer.status, 422, "{cell}: {answer:?}");
            assert!(answer.body["detail"].as_str().unwrap().contains("联系电话"), "{answer:?}");
            continue;
        }
        let id = answer.ok()["person_id"].as_str().unwrap().to_owned();
        let stored = hospital.sql(&format!(
            "select string_agg(n.e164 || ' ' || n.kind || coalesce(' x' || n.extension, ''), ', '
                 order by c.position, n.position)
             from number n join contact c using (contact_id) where c.person_id = '{id}'"
        ));
        assert_eq!(stored, *expected, "{cell}");
    }
}
