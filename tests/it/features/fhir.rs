use serde_json::{Value, json};
use suifang::ivr::Questionnaire;

use crate::support::hospital::Hospital;

fn reader(hospital: &Hospital) -> String {
    let made = hospital.post("/api/tokens", &json!({ "name": "HIS", "scope": "read" })).ok();
    made["token"].as_str().unwrap().to_owned()
}

/// F017: the HIS reads a follow-up's result by 住院号, with a token and never without; who
/// read is in the audit.
#[tokio::test(flavor = "multi_thread")]
async fn f017_the_hospitals_system_reads_answers_by_admission_number_with_a_token() {
    let hospital = Hospital::open("f017", "2025-01-02T10:00").await;
    let rows: Vec<_> = (0..2)
        .map(|n| {
            format!(
                "张{n},男,1960-02-03,Z{n},心内科,一病区,2024-12-20,2025-01-01,1,138{n:08},J18,肺炎"
            )
        })
        .collect();
    hospital.discharges(&rows.iter().map(String::as_str).collect::<Vec<_>>()).await;
    hospital.on("2025-01-08T10:00").await;
    let due = hospital.get("/api/due").ok();
    let items = due["items"].as_array().unwrap();
    let task =
        items.iter().find(|item| item["name"] == "张0").unwrap()["task_id"].as_str().unwrap();
    let body = json!({ "done_on": "2025-01-08", "channel": "manual_phone", "respondent": "self",
        "questionnaire": "discharge_general", "answers": [
            { "link_id": "gen.status", "value": "k90" },
            { "link_id": "temp.taken", "value": "true" },
            { "link_id": "temp.value", "value": "36.5" },
            { "link_id": "pain.nrs", "status": "declined" }] });
    hospital.post(&format!("/api/tasks/{task}/close"), &body).ok();
    let token = reader(&hospital);
    let get = |path: &str| hospital.get_with_token(path, &token);
    let found = get("/api/fhir/Patient?identifier=urn:x%7CZ0").ok();
    assert_eq!((&found["resourceType"], &found["total"]), (&json!("Bundle"), &json!(1)), "{found}");
    let patient = &found["entry"][0]["resource"];
    assert_eq!((&patient["name"][0]["text"], &patient["gender"]), (&json!("张0"), &json!("male")));
    assert_eq!(patient["identifier"][0]["value"], "Z0");
    assert!(!found.to_string().contains("138000"), "no telephone number leaves");
    let id = patient["id"].as_str().unwrap();
    assert_eq!(&get(&format!("/api/fhir/Patient/{id}")).ok(), patient);
    assert_eq!(get("/api/fhir/Patient/00000000-0000-7000-8000-000000000000").status, 404);
    let by_no = get("/api/fhir/QuestionnaireResponse?identifier=Z0").ok();
    let by_subject = get(&format!("/api/fhir/QuestionnaireResponse?subject=Patient/{id}")).ok();
    assert_eq!(by_no, by_subject);
    let response = &by_no["entry"][0]["resource"];
    assert_eq!(response["status"], "completed", "{response}");
    assert_eq!(response["questionnaire"], "urn:suifang:questionnaire:discharge_general|1");
    assert_eq!(response["encounter"]["identifier"]["value"], "Z0");
    let item = |link: &str| {
        let items = response["item"].as_array().unwrap();
        items.iter().find(|item| item["linkId"] == link).unwrap().clone()
    };
    assert_eq!(item("gen.status")["answer"][0]["valueCoding"]["code"], "k90");
    assert_eq!(item("temp.taken")["answer"][0]["valueBoolean"], true);
    assert_eq!(item("temp.value")["answer"][0]["valueDecimal"], 36.5);
    let blank = item("pain.nrs");
    assert!(blank.get("answer").is_none());
    assert_eq!(blank["extension"][0]["valueCode"], "asked-declined");
    assert_eq!(get("/api/fhir/QuestionnaireResponse?identifier=Z1").ok()["total"], 0);
    // Nobody reads without the right token, or everybody at once.
    for path in ["/api/fhir/Patient?identifier=Z0", "/api/fhir/QuestionnaireResponse?identifier=Z0"]
    {
        assert_eq!(hospital.get_with_token(path, "wrong").status, 401);
        assert_eq!(hospital.get(path).status, 401, "a person's session is no token");
    }
    assert_eq!(get("/api/fhir/Patient").status, 400);
    assert_eq!(get("/api/fhir/QuestionnaireResponse?identifier=").status, 400);
    let told = hospital.sql("select count(*) from audit where who = 'token:HIS' and did = 'read'");
    assert_eq!(told, "5");
    let metadata = hospital.get_with_token("/api/fhir/metadata", "").ok();
    assert_eq!(metadata["fhirVersion"], "4.0.1");
}

/// F017: every shipped form goes out as FHIR R4 by its rules and comes back as it was.
#[tokio::test(flavor = "multi_thread")]
async fn f017_every_shipped_questionnaire_goes_out_as_fhir_and_comes_back_as_it_was() {
    let hospital = Hospital::open("f017-forms", "2025-01-02T10:00").await;
    let token = reader(&hospital);
    let all = hospital.get_with_token("/api/fhir/Questionnaire", &token).ok();
    let library = hospital.server.core.library();
    assert_eq!(all["total"], library.questionnaires().count());
    for kept in library.questionnaires() {
        let id = &kept.value.id;
        let path = format!("/api/fhir/Questionnaire/{}", id.replace('_', "-"));
        let out = hospital.get_with_token(&path, &token).ok();
        holds_r4(&out);
        let back = hospital.post("/api/questionnaires/fhir/check", &out).ok();
        let form: Questionnaire = serde_json::from_value(back["form"].clone()).unwrap();
        let (again, first) = (format!("{form:?}"), format!("{:?}", kept.value));
        let at = again.bytes().zip(first.bytes()).position(|(a, b)| a != b);
        let near = at.map(|at| &first.as_bytes()[at.saturating_sub(200)..first.len().min(at + 80)]);
        assert!(again == first, "{id}: {:?}", near.map(String::from_utf8_lossy));
        // Without our extensions it is still a questionnaire that another system can ask.
        let mut bare = out.clone();
        strip(&mut bare);
        holds_r4(&bare);
        let read = hospital.post("/api/questionnaires/fhir/check", &bare);
        assert_eq!(read.status, 200, "{id}: {read:?}");
    }
    let mut broken =
        hospital.get_with_token("/api/fhir/Questionnaire/discharge-general", &token).ok();
    broken["item"][0]["linkId"] = broken["item"][1]["linkId"].clone();
    let refused = hospital.post("/api/questionnaires/fhir/check", &broken);
    assert_eq!((refused.status, &refused.body["resourceType"]), (422, &json!("OperationOutcome")));
    let path = &refused.body["issue"][0]["expression"][0];
    assert_eq!(path, "Questionnaire.item[1].linkId", "{refused:?}");
    assert_eq!(hospital.get_with_token("/api/fhir/Questionnaire/none", &token).status, 404);
}

/// F017: a questionnaire of another system is checked, kept as a series, asked, and read back
/// in its own words and types.
#[tokio::test(flavor = "multi_thread")]
async fn f017_a_questionnaire_of_another_system_is_kept_asked_and_read_back() {
    let hospital = Hospital::open("f017-series", "2025-01-02T10:00").await;
    let token = reader(&hospital);
    let sent = json!({ "resourceType": "Questionnaire", "id": "asthma", "status": "active",
        "title": "哮喘控制", "version": "7", "item": [
            { "linkId": "night", "type": "boolean", "text": "夜间憋醒", "required": true },
            { "linkId": "often", "type": "choice", "text": "几次", "enableWhen": [
                { "question": "night", "operator": "=", "answerBoolean": true }],
              "answerOption": [{ "valueCoding": { "code": "a", "display": "一次" } },
                  { "valueCoding": { "code": "b", "display": "多次" } }] },
            { "linkId": "words", "type": "string", "text": "备注" }] });
    let checked = hospital.post("/api/questionnaires/fhir/check", &sent).ok();
    let series = json!({ "code": "asthma", "name": "哮喘控制", "owner": "hospital",
        "content": checked["form"], "reason": "呼吸科" });
    hospital.post("/api/series", &series).ok();
    let publish = json!({ "version": 1, "reason": "呼吸科" });
    hospital.post("/api/series/asthma/publish", &publish).ok();
    let out = hospital.get_with_token("/api/fhir/Questionnaire/series-asthma", &token).ok();
    holds_r4(&out);
    let names = |form: &Value| -> Vec<(Value, Value)> {
        let items = form["item"].as_array().unwrap().iter();
        items.map(|item| (item["linkId"].clone(), item["text"].clone())).collect()
    };
    assert_eq!((&out["title"], names(&out)), (&sent["title"], names(&sent)), "{out}");
    let row = "张0,男,1960-02-03,Z0,心内科,一病区,2024-12-20,2025-01-01,1,13800138000,J18,肺炎";
    hospital.discharges(&[row]).await;
    hospital.on("2025-01-08T10:00").await;
    let due = hospital.get("/api/due").ok();
    let task = due["items"][0]["task_id"].as_str().unwrap();
    let body = json!({ "done_on": "2025-01-08", "channel": "manual_phone", "respondent": "self",
        "questionnaire": out["identifier"][0]["value"], "answers": [
            { "link_id": "night", "value": "true" }, { "link_id": "often", "value": "b" },
            { "link_id": "words", "value": "好转" }] });
    hospital.post(&format!("/api/tasks/{task}/close"), &body).ok();
    let found = hospital.get_with_token("/api/fhir/QuestionnaireResponse?identifier=Z0", &token);
    let response = found.ok()["entry"][0]["resource"].clone();
    assert_eq!(response["questionnaire"], format!("{}|1", out["url"].as_str().unwrap()));
    let answers: Vec<_> =
        response["item"].as_array().unwrap().iter().map(|item| &item["answer"][0]).collect();
    assert_eq!(answers[0]["valueBoolean"], true, "{response}");
    assert_eq!(answers[1]["valueCoding"]["display"], "多次");
    assert_eq!(answers[2]["valueString"], "好转");
}

/// The rules of R4 that a receiver stumbles over.
fn holds_r4(form: &Value) {
    let id = form["id"].as_str().unwrap();
    assert!(
        id.len() <= 64 && id.chars().all(|c| c.is_ascii_alphanumeric() || "-.".contains(c)),
        "{id}"
    );
    assert!(["draft", "active"].contains(&form["status"].as_str().unwrap()));
    assert!(form["version"].is_string());
    let items = form["item"].as_array().unwrap();
    let mut ids: Vec<_> = items.iter().map(|item| item["linkId"].as_str().unwrap()).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), items.len(), "{id}: que-2");
    for item in items {
        let kind = item["type"].as_str().unwrap();
        let link = &item["linkId"];
        assert!(
            ["display", "choice", "boolean", "integer", "decimal", "attachment", "text"]
                .contains(&kind)
        );
        assert!(
            kind != "display" || item.get("required").is_none() && item.get("repeats").is_none(),
            "{link}: que-6"
        );
        assert!(
            kind == "choice" || item.get("answerOption").is_none(),
            "{link}: options of a {kind}"
        );
        let whens = item["enableWhen"].as_array().cloned().unwrap_or_default();
        assert!(whens.len() < 2 || item["enableBehavior"].is_string(), "{link}: que-12");
        for when in &whens {
            let asked = items.iter().find(|asked| asked["linkId"] == when["question"]).unwrap();
            let answer = match asked["type"].as_str().unwrap() {
                _ if when["operator"] == "exists" => "answerBoolean",
                "choice" => "answerCoding",
                "boolean" => "answerBoolean",
                "integer" => "answerInteger",
                _ => "answerDecimal",
            };
            assert!(!when[answer].is_null(), "{link}: {when}");
        }
    }
    assert!(!form.to_string().contains(":null"), "{id}: null is no JSON of FHIR");
}

fn strip(value: &mut Value) {
    match value {
        Value::Object(members) => {
            if let Some(Value::Array(list)) = members.get_mut("extension") {
                list.retain(|one| {
                    !one["url"].as_str().unwrap_or_default().starts_with("urn:suifang")
                });
                if list.is_empty() {
                    members.remove("extension");
                }
            }
            members.values_mut().for_each(strip);
        }
        Value::Array(items) => items.iter_mut().for_each(strip),
        _ => {}
    }
}
