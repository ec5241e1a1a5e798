use serde_json::{Value, json};

use crate::support::hospital::Hospital;

const ROWS: [&str; 1] = [
    "王秀英,女,1952-08-15,Z1,心内科,一病区,2025-01-01,2025-01-10,1,13800138000/0592-5027064转12,I10,高血压",
];

/// F135: the page has numbers and id cards masked; in clear they are told to whoever has the
/// module, for a reason, one patient at a time, and it is written down first.
#[tokio::test(flavor = "multi_thread")]
async fn f135_a_value_in_clear_needs_the_module_and_a_reason_and_is_written_down_first() {
    let hospital = Hospital::open("clear", "2025-02-02T10:00").await;
    hospital.discharges(&ROWS).await;
    let id = hospital.person("Z1");
    hospital.sql("update person set id_card = '11010519491231002X'");
    let shown = hospital.get(&format!("/api/patients/{id}")).ok();
    assert_eq!(shown["id_card"], "110105********002X");
    assert_eq!(shown["contacts"][0]["numbers"][0]["number"], "138 **** 8000");
    assert!(!shown.to_string().contains("13800138000"), "{shown}");
    hospital.add_user("nurse", "nurse").await;
    hospital.add_user("agent", "agent").await;
    let (nurse, agent) = (hospital.sign_in("nurse"), hospital.sign_in("agent"));
    let path = format!("/api/patients/{id}/clear");
    let ask = |cookie: &str, body: Value| hospital.post_as(cookie, &path, &body);
    assert_eq!(ask(&agent, json!({ "reason": "call_by_hand" })).status, 403);
    for wrong in [
        json!({}),
        json!({ "reason": "" }),
        json!({ "reason": "curious" }),
        json!({ "reason": "other" }),
        json!({ "reason": "other", "words": " " }),
        json!({ "reason": "other", "words": "长".repeat(101) }),
    ] {
        assert_eq!(ask(&nurse, wrong.clone()).status, 422, "{wrong}");
    }
    let lines = || {
        hospital.sql(
            "select coalesce(string_agg(who || ' ' || subject || ' ' || reason, '|'
                 order by audit_id), '') from audit where did = 'unmasked'",
        )
    };
    assert_eq!(lines(), "", "whoever is refused has read nothing");
    let told = ask(&nurse, json!({ "reason": "other", "words": "家属来电核对" })).ok();
    assert_eq!(told["id_card"], "11010519491231002X");
    assert_eq!(told["numbers"][0]["number"], "+8613800138000");
    assert_eq!(told["shown_s"], 60);
    assert_eq!(lines(), "nurse person other: 家属来电核对");
    // Another department's patient is not there, and nobody's reading is noted.
    hospital.sql("update account set whole_hospital = false where login = 'nurse'");
    assert_eq!(ask(&nurse, json!({ "reason": "call_by_hand" })).status, 404);
    assert!(!lines().contains("call_by_hand"), "{}", lines());
    // A module that is taken away is gone with the next request.
    hospital.sql("update account set whole_hospital = true where login = 'nurse'");
    hospital.sql("delete from role_module where role = 'nurse' and module = 'clear'");
    assert_eq!(ask(&nurse, json!({ "reason": "call_by_hand" })).status, 403);
}

/// F135: what cannot be written down is not told.
#[tokio::test(flavor = "multi_thread")]
async fn f135_nothing_is_told_in_clear_while_the_audit_cannot_be_written() {
    let hospital = Hospital::open("clear-audit", "2025-02-02T10:00").await;
    hospital.discharges(&ROWS).await;
    let id = hospital.person("Z1");
    hospital.sql("revoke insert on audit from suifang_app");
    let ask = json!({ "reason": "emergency" });
    let told = hospital.post(&format!("/api/patients/{id}/clear"), &ask);
    assert!(told.status >= 500 && !told.body.to_string().contains("138"), "{told:?}");
}

/// F015, F135: a file holds names, numbers, cards and addresses in clear for those alone who
/// may see them; a masked file is not taken for data.
#[tokio::test(flavor = "multi_thread")]
async fn f015_f135_an_export_is_masked_for_who_may_not_see_clear_and_no_import_takes_it() {
    let hospital = Hospital::open("clear-export", "2025-02-02T10:00").await;
    hospital.discharges(&ROWS).await;
    hospital.sql("update person set id_card = '11010519491231002X', home_address = '湖滨南路1号'");
    hospital.on("2025-02-10T10:00").await;
    let file = |path: &str| String::from_utf8(hospital.bytes(path)).unwrap();
    let values = ["王秀英", "13800138000", "5027064", "11010519491231002X", "湖滨南路1号"];
    let whole = file("/api/patients/export");
    assert!(values.iter().all(|value| whole.contains(value)), "{whole}");
    assert!(file("/api/due/export").contains("王秀英"));
    hospital.sql("delete from role_module where role = 'sys_admin' and module = 'clear'");
    let masked = file("/api/patients/export");
    assert!(values.iter().all(|value| !masked.contains(value)), "{masked}");
    for shown in ["王*", "138 **** 8000", "0592 **** 7064", "110105********002X", "湖滨南****"]
    {
        assert!(masked.contains(shown), "{shown} in {masked}");
    }
    let due = file("/api/due/export");
    assert!(due.contains("王*") && !due.contains("王秀英"), "{due}");
    let again = hospital.import("masked.csv", masked.as_bytes()).await;
    assert_eq!((&again["rows_stored"], &again["rows_bad"]), (&json!(0), &json!(1)), "{again}");
}
