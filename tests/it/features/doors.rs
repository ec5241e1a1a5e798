use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{
    hospital::{HEADER, Hospital},
    until,
};

fn token(hospital: &Hospital, ask: &Value) -> String {
    hospital.post("/api/tokens", ask).ok()["token"].as_str().unwrap().to_owned()
}

fn discharge(n: u32, birth: &str) -> Value {
    json!({ "姓名": format!("张{n}"), "性别": "男", "出生日期": birth, "住院号": format!("Z{n}"),
        "出院科室": "心内科", "出院日期": "2025-01-02", "联系电话": format!("1380013{n:04}") })
}

/// F013: the hospital's systems bring JSON, JSON lines, CSV and SOAP; each wrong row is
/// answered, the others are stored, and nothing is there twice.
#[tokio::test(flavor = "multi_thread")]
async fn f013_a_door_takes_json_csv_and_soap_and_answers_row_by_row() {
    let hospital = Hospital::open("f013-door", "2025-02-02T10:00").await;
    assert_eq!(hospital.put("/api/doors/his", &json!({ "silent_after_h": 36 })).status, 204);
    let key = token(&hospital, &json!({ "name": "HIS", "scope": "door", "door": "his" }));
    let knock = |body: &str| hospital.knock("/api/door/his", &key, body.as_bytes());
    let list =
        json!([discharge(1, "1960-02-03"), discharge(2, "1960-13-03"), discharge(3, "1960-02-03")]);
    let first = knock(&list.to_string()).ok();
    assert_eq!((&first["rows_stored"], &first["rows_bad"]), (&json!(2), &json!(1)), "{first}");
    assert_eq!(
        (&first["faults"][0]["row"], &first["faults"][0]["column"]),
        (&json!(2), &json!("出生日期"))
    );
    let again = knock(&list.to_string()).ok();
    assert_eq!((&again["rows_stored"], &again["rows_known"]), (&json!(0), &json!(2)), "{again}");
    assert_eq!(knock(&discharge(4, "1960-02-03").to_string()).ok()["rows_stored"], 1);
    let lines =
        format!("{}\n{{\"姓名\n{}\n", discharge(5, "1960-02-03"), discharge(6, "1960-02-03"));
    let lines = knock(&lines).ok();
    assert_eq!(
        (&lines["rows_stored"], &lines["faults"][0]["row"]),
        (&json!(2), &json!(2)),
        "{lines}"
    );
    let csv = format!(
        "{HEADER}\n张7,男,1960-02-03,Z7,心内科,一病区,,2025-01-02,1,13800137007,I10,高血压\n"
    );
    assert_eq!(knock(&csv).ok()["rows_stored"], 1);
    for (body, what) in
        [("{\"姓名\": 张", "not JSON"), ("[]", "no row"), ("[{\"a\":1}]", "出生日期")]
    {
        let refused = knock(body);
        assert_eq!(refused.status, 422, "{refused:?}");
        assert!(refused.body["detail"].as_str().unwrap().contains(what), "{refused:?}");
    }
    let large = vec![b' '; 17 * 1024 * 1024];
    assert_eq!(hospital.knock("/api/door/his", &key, &large).status, 413);
    // The paths of a vendor's envelope are explained once.
    let learnt = json!({ "columns": { "Name": "name", "Birth": "birth_date", "Visit/@no": "admission_no",
        "Visit/Dept": "department", "Visit/Out": "discharged_on", "Tel": "phone",
        "Dx": "diagnosis_icd", "Dx/2": { "other_diagnosis_icd": 1 } } });
    assert_eq!(hospital.put("/api/column-mappings/soap", &learnt).status, 204);
    let door = json!({ "mapping": "soap", "record": "Envelope/Body/Push/Patient" });
    assert_eq!(hospital.put("/api/doors/esb", &door).status, 204);
    let esb = token(&hospital, &json!({ "name": "ESB", "scope": "door", "door": "esb" }));
    let soap = "<?xml version=\"1.0\"?><soap:Envelope xmlns:soap=\"http://schemas.xmlsoap.org/soap/envelope/\">\
        <soap:Body><h:Push xmlns:h=\"urn:his\"><h:Patient><h:Name>王秀英</h:Name><h:Birth>19520815</h:Birth>\
        <h:Visit no=\"Z8\"><h:Dept>心内科</h:Dept><h:Out>20250102</h:Out></h:Visit><h:Tel>13800138000</h:Tel>\
        <h:Dx>I10</h:Dx><h:Dx>E11.9</h:Dx></h:Patient></h:Push></soap:Body></soap:Envelope>";
    let gbk = suifang::his::hl7::Charset::Gb18030.encode(soap);
    assert_eq!(hospital.knock("/api/door/esb", &esb, &gbk).ok()["rows_stored"], 1);
    assert_eq!(
        hospital.sql(
            "select string_agg(icd, ' ' order by position) from diagnosis join admission
        using (admission_id) where admission_no = 'Z8'"
        ),
        "I10 E11.9"
    );
    let laughs = hospital.knock("/api/door/esb", &esb, b"<!DOCTYPE x [<!ENTITY a 'b'>]><x>&a;</x>");
    assert_eq!(laughs.status, 422, "{laughs:?}");
    assert_eq!(hospital.sql("select count(*) from admission"), "7");
    let doors = hospital.get("/api/doors").ok();
    assert_eq!(doors[0]["runs"][0]["what"], "ESB", "whose token it was");
    let his = doors.as_array().unwrap().iter().find(|door| door["name"] == "his").unwrap();
    assert!(his["silent_since"].is_null() && his["runs"].as_array().unwrap().len() >= 5, "{his}");
    hospital.on("2025-02-04T10:00").await;
    let silent = hospital.get("/api/overview").ok()["sources_silent"][0]["name"].clone();
    assert_eq!(silent, "door/his");
}

/// F013: what a system sent whole is stored whole, though it does not wait for the answer.
#[tokio::test(flavor = "multi_thread")]
async fn f013_a_door_stores_all_though_the_sender_hangs_up() {
    let hospital = Hospital::open("f013-hang-up", "2025-02-02T10:00").await;
    assert_eq!(hospital.put("/api/doors/his", &json!({})).status, 204);
    let key = token(&hospital, &json!({ "name": "HIS", "scope": "door", "door": "his" }));
    let list: Vec<_> = (0..3000).map(|n| discharge(n, "1960-02-03")).collect();
    let body = json!(list).to_string();
    let state = || hospital.get("/api/doors").ok()[0]["runs"][0]["state"].clone();
    let stream = hospital.knock_and_wait("/api/door/his", &key, body.as_bytes());
    assert!(until(Duration::from_secs(60), || !state().is_null()));
    drop(stream);
    assert!(until(Duration::from_secs(60), || state() == "finished"), "{}", state());
    assert_eq!(hospital.sql("select count(*) from admission"), "3000");
}

/// F013: a token is shown once, kept as a hash, opens one door, and is gone when it is
/// taken back. A wrong one learns nothing.
#[tokio::test(flavor = "multi_thread")]
async fn f013_a_wrong_token_learns_nothing_and_a_revoked_one_is_gone() {
    let hospital = Hospital::open("f013-token", "2025-02-02T10:00").await;
    for door in ["his", "esb"] {
        assert_eq!(hospital.put(&format!("/api/doors/{door}"), &json!({})).status, 204);
    }
    let made = hospital
        .post("/api/tokens", &json!({ "name": "HIS", "scope": "door", "door": "his" }))
        .ok();
    let (key, id) = (made["token"].as_str().unwrap(), made["token_id"].as_str().unwrap());
    let esb = token(&hospital, &json!({ "name": "ESB", "scope": "door", "door": "esb" }));
    let reader = token(&hospital, &json!({ "name": "R", "scope": "read" }));
    assert_eq!(
        hospital
            .knock("/api/door/his", key, discharge(1, "1960-02-03").to_string().as_bytes())
            .status,
        200
    );
    let body = discharge(2, "1960-02-03").to_string();
    for wrong in ["", "x", &esb, &reader] {
        let refused = hospital.knock("/api/door/his", wrong, body.as_bytes());
        assert_eq!(
            (refused.status, &refused.body["detail"]),
            (401, &json!("令牌无效 / the token is not good here"))
        );
        assert_eq!(hospital.knock("/api/door/nowhere", wrong, b"").body, refused.body);
    }
    assert_eq!(
        hospital.knock("/api/imports", key, b"{}").status,
        403,
        "a token is for its door only"
    );
    assert_eq!(hospital.get_with_token("/api/patients", &reader).status, 401);
    assert!(!hospital.sql("select api_token::text from api_token").contains(key));
    assert!(!hospital.get("/api/tokens").ok().to_string().contains(key));
    assert_eq!(hospital.delete(&format!("/api/tokens/{id}")).status, 204);
    assert_eq!(hospital.knock("/api/door/his", key, body.as_bytes()).status, 401);
    assert_eq!(hospital.delete(&format!("/api/tokens/{id}")).status, 404);
    let told = hospital.sql(&format!(
        "select string_agg(did, ' ' order by audit_id) from audit
        where subject = 'api_token' and subject_id = '{id}'"
    ));
    assert_eq!(told, "made revoked");
    let refused =
        hospital.post("/api/tokens", &json!({ "name": "x", "scope": "door", "door": "none" }));
    assert_eq!(refused.status, 404);
    assert_eq!(hospital.sql("select count(*) from admission"), "1");
    let often = (0..130).map(|_| hospital.knock("/api/door/esb", &esb, b"[]").status);
    assert_eq!(often.filter(|status| *status == 429).count(), 10);
}
