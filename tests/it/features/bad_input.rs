use serde_json::json;

use crate::support::hospital::Hospital;

const NOWHERE: &str = "e3e70682-c209-1cac-a29f-6fbed82c07cd";

/// A character that no column can hold, a reference to nothing, an age beyond all calendars: each
/// is told to who sent it, and none looks like a fault of ours.
#[tokio::test(flavor = "multi_thread")]
async fn what_the_record_cannot_hold_is_the_senders_to_put_right() {
    let hospital = Hospital::open("unheld", "2025-01-06T10:00").await;
    let post = |path: &str, body: serde_json::Value| hospital.post(path, &body).status;
    let enquiry = json!({ "category": "用药", "question": "a\u{0}b" });
    assert_eq!(post("/api/enquiries", enquiry), 422);
    let figure = json!({ "department_id": NOWHERE, "discharges": 0, "month": "2000-01-01" });
    assert_eq!(hospital.put("/api/statistics/reconciliation", &figure).status, 409);
    for terms in ["age_to=10980", "age_to=4294967295&age_from=4294967295", "search=%00"] {
        let found = hospital.get(&format!("/api/patients?{terms}"));
        assert!([200, 422].contains(&found.status), "{terms}: {found:?}");
    }
}

/// U+0000 is padding of the sender's: the row is stored without it, and so are the others.
#[tokio::test(flavor = "multi_thread")]
async fn f014_a_file_padded_with_zero_characters_is_stored_without_them() {
    let hospital = Hospital::open("nul", "2025-01-06T10:00").await;
    let head = "姓名,性别,出生日期,住院号,出院科室,出院日期,联系电话,主要诊断编码";
    let row = |name: &str, no: &str| {
        format!("{name},女,1952-08-15,{no},心内科,2025-01-01,13700000001,I10")
    };
    let csv = format!("{head}\n{}\n{}\n", row("张\0三\0\0", "A1"), row("李四", "A2"));
    let import = hospital.import("padded.csv", csv.as_bytes()).await;
    assert_eq!((&import["rows_stored"], &import["rows_bad"]), (&json!(2), &json!(0)), "{import}");
    let found = hospital.get("/api/patients?search=A1").ok();
    assert_eq!(found["items"][0]["name"], "张三", "{found}");
}
