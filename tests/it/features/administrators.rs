//! The three administrators (三员分立).

use serde_json::{Value, json};

use crate::support::hospital::{Hospital, PASSWORD};

async fn three(hospital: &Hospital) -> [String; 3] {
    for (login, role) in
        [("system", "system_admin"), ("security", "security_admin"), ("auditor", "audit_admin")]
    {
        hospital.add_user(login, role).await;
    }
    ["system", "security", "auditor"].map(|login| hospital.sign_in(login))
}

fn detail(answer: &Value) -> &str {
    answer["detail"].as_str().unwrap()
}

/// F135: no role holds the modules of two administrators, in the API and in the record.
#[tokio::test(flavor = "multi_thread")]
async fn f135_no_role_has_the_modules_of_two_administrators() {
    let hospital = Hospital::open("admins", "2025-02-02T10:00").await;
    let put = |code: &str, modules: Value| {
        let ask = json!({ "name": "试", "modules": modules });
        hospital.put(&format!("/api/roles/{code}"), &ask)
    };
    for modules in [
        json!(["users", "trunks"]),
        json!(["roles", "interfaces"]),
        json!(["users", "audit"]),
        json!(["audit", "trunks"]),
    ] {
        let refused = put("both", modules.clone());
        assert_eq!(refused.status, 409, "{modules}");
        assert!(detail(&refused.body).contains('三'), "{refused:?}");
    }
    let reader = put("reader", json!(["audit", "patients"]));
    assert_eq!(reader.status, 409);
    assert!(detail(&reader.body).contains("审计管理员只看审计"), "{reader:?}");
    assert_eq!(put("one", json!(["users", "roles", "patients"])).status, 204);
    // Straight into the record it is refused too, and no role becomes whole again.
    let code = "do $$ begin insert into role_module values ('one', 'audit'); exception
        when check_violation then raise notice 'refused'; return; end $$;
        select count(*) from role_module where role = 'one' and module = 'audit'";
    assert_eq!(hospital.sql(code), "0");
    let whole = "do $$ begin update role set is_whole = true where code = 'one'; exception
        when check_violation then return; end $$; select is_whole from role where code = 'one'";
    assert_eq!(hospital.sql(whole), "f");
}

/// F135: an upgrade locks nobody out: the old administrator goes on until the duties are
/// separated, which needs an account of each of the three and cannot be undone.
#[tokio::test(flavor = "multi_thread")]
async fn f135_duties_are_separated_only_when_somebody_has_each_of_them() {
    let hospital = Hospital::open("separate", "2025-02-02T10:00").await;
    let me = hospital.get("/api/me").ok();
    assert!(["users", "trunks", "audit"].iter().all(|one| me.to_string().contains(one)), "{me}");
    let early = hospital.post("/api/roles/separate", &json!({}));
    assert_eq!(early.status, 409);
    assert!(detail(&early.body).contains("系统管理员、安全管理员、审计管理员"), "{early:?}");
    let [system, security, auditor] = three(&hospital).await;
    assert_eq!(hospital.post_as(&system, "/api/roles/separate", &json!({})).status, 403);
    assert_eq!(hospital.post("/api/roles/separate", &json!({})).status, 204);
    let modules = hospital.get("/api/me").ok()["modules"].to_string();
    assert!(modules.contains("\"trunks\"") && modules.contains("\"patients\""), "{modules}");
    for gone in ["users", "roles", "audit"] {
        assert!(!modules.contains(&format!("\"{gone}\"")), "{modules}");
        assert_eq!(hospital.get(&format!("/api/{gone}")).status, 403, "{gone}");
    }
    for (cookie, path, status) in [
        (&security, "/api/users", 200),
        (&security, "/api/audit", 403),
        (&security, "/api/sources", 403),
        (&system, "/api/sources", 200),
        (&system, "/api/users", 403),
        (&auditor, "/api/audit", 200),
        (&auditor, "/api/users", 403),
        (&auditor, "/api/patients", 403),
    ] {
        assert_eq!(hospital.get_as(cookie, path).status, status, "{path}");
    }
    assert_eq!(hospital.sql("select count(*) from role where is_whole"), "0");
}

/// F135: the administrator of security gives roles and locks accounts: at once, with a reason,
/// never his own, never the last who could undo it.
#[tokio::test(flavor = "multi_thread")]
async fn f135_security_gives_roles_and_locks_accounts_but_never_its_own() {
    let hospital = Hospital::open("locking", "2025-02-02T10:00").await;
    let [_, security, _] = three(&hospital).await;
    hospital.add_user("li", "nurse").await;
    let li = hospital.sign_in("li");
    let put = |login: &str, role: &str| {
        hospital.put_as(&security, &format!("/api/users/{login}/role"), &json!({ "role": role }))
    };
    assert_eq!(hospital.get_as(&li, "/api/complaints").status, 200);
    assert_eq!(put("li", "nobody").status, 409);
    assert_eq!(put("nobody", "nurse").status, 404);
    assert_eq!(put("security", "audit_admin").status, 409, "not one's own");
    assert_eq!(put("li", "audit_admin").status, 204);
    assert_eq!(hospital.get_as(&li, "/api/complaints").status, 403, "with the next request");
    let lock = |login: &str, word: &str, reason: &str| {
        let path = format!("/api/users/{login}/{word}");
        hospital.post_as(&security, &path, &json!({ "reason": reason }))
    };
    assert_eq!(lock("li", "lock", " ").status, 422);
    assert_eq!(lock("security", "lock", "试").status, 409);
    assert_eq!(lock("li", "lock", "离职").status, 204);
    assert_eq!(hospital.get_as(&li, "/api/me").status, 401, "its sessions end");
    let ask = json!({ "login": "li", "password": PASSWORD });
    assert_eq!(hospital.post_as("", "/api/session", &ask).status, 401);
    let users = hospital.get_as(&security, "/api/users").ok();
    let of_li = users.as_array().unwrap().iter().find(|one| one["login"] == "li").unwrap();
    assert!(of_li["locked_at"].is_string(), "{of_li}");
    assert_eq!(lock("li", "unlock", "返岗").status, 204);
    assert_eq!(hospital.post_as("", "/api/session", &ask).status, 200);
    let told = hospital.sql(
        "select string_agg(did || ' ' || reason, '|' order by audit_id) from audit
         where subject = 'account' and subject_id = 'li' and reason is not null",
    );
    assert_eq!(told, "role_given role audit_admin|locked 离职|unlocked 返岗");
    // The old administrator may be locked; the last one who manages accounts may not.
    assert_eq!(lock("admin", "lock", "三员分立").status, 204);
    hospital.add_user("second", "security_admin").await;
    let second = hospital.sign_in("second");
    assert_eq!(lock("second", "lock", "试").status, 204);
    assert_eq!(hospital.get_as(&second, "/api/me").status, 401);
}

/// F135: the audit is searched, filtered and exported by whoever has its module; such a person
/// changes nothing, by any address.
#[tokio::test(flavor = "multi_thread")]
async fn f135_the_audit_is_read_by_one_who_changes_nothing() {
    let hospital = Hospital::open("auditor", "2025-02-02T10:00").await;
    let [_, security, auditor] = three(&hospital).await;
    hospital.add_user("li", "nurse").await;
    let lock = json!({ "reason": "丢失工牌" });
    assert_eq!(hospital.post_as(&security, "/api/users/li/lock", &lock).status, 204);
    let list = |terms: &str| {
        let found = hospital.get_as(&auditor, &format!("/api/audit?{terms}")).ok();
        found["items"].as_array().unwrap().clone()
    };
    let found = list("search=%E4%B8%A2%E5%A4%B1");
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(
        [&found[0]["who"], &found[0]["did"], &found[0]["subject_id"]],
        ["security", "locked", "li"]
    );
    assert!(list("who=security&did=signed_in&subject=account").is_empty(), "the server notes it");
    assert_eq!(list("did=locked&from=2025-02-02&to=2025-02-02").len(), 1);
    assert!(list("from=2025-02-03").is_empty());
    let backwards = "/api/audit?from=2025-02-03&to=2025-02-01";
    assert_eq!(hospital.get_as(&auditor, backwards).status, 422);
    let file = hospital.get_as(&auditor, "/api/audit/export?did=locked").ok();
    let file = file.as_str().unwrap();
    assert!(file.contains("丢失工牌") && file.lines().count() == 2, "{file}");
    let exported = list("did=exported&subject=list");
    assert_eq!([&exported[0]["who"], &exported[0]["subject_id"]], ["auditor", "audit"]);
    for path in ["/api/stop-all", "/api/users/li/unlock", "/api/do-not-call"] {
        let refused = hospital.post_as(&auditor, path, &json!({ "reason": "x" }));
        assert_eq!(refused.status, 403, "{path}");
    }
    assert_eq!(hospital.put_as(&auditor, "/api/policies/calling", &json!({})).status, 403);
    assert_eq!(hospital.delete_as(&auditor, "/api/session").status, 204, "signs out");
}
