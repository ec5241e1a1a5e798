//! Second factor, idle lock and the next person at the same browser.

use ring::hmac;
use serde_json::{Value, json};

use crate::support::hospital::{Hospital, PASSWORD, local};

/// What an authenticator app shows (RFC 6238).
fn code_at(secret: &str, unix_s: i64) -> String {
    let mut bits = String::new();
    for letter in secret.bytes() {
        let value = if letter.is_ascii_uppercase() { letter - b'A' } else { letter - b'2' + 26 };
        bits += &format!("{value:05b}");
    }
    let bytes: Vec<u8> = (0..bits.len() / 8)
        .map(|n| u8::from_str_radix(&bits[8 * n..8 * n + 8], 2).unwrap())
        .collect();
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &bytes);
    let tag = hmac::sign(&key, &(unix_s / 30).to_be_bytes());
    let tag = tag.as_ref();
    let at = usize::from(tag[19] & 15);
    let four = u32::from_be_bytes(tag[at..at + 4].try_into().unwrap()) & 0x7fff_ffff;
    format!("{:06}", four % 1_000_000)
}

fn now(hospital: &Hospital) -> i64 {
    use suifang::engine::Clock as _;
    hospital.clock.wall().timestamp()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

fn words(value: &Value) -> Vec<String> {
    value.as_array().unwrap().iter().map(text).collect()
}

/// Sets a second factor up; answers its secret and the recovery codes.
fn enrol(hospital: &Hospital, cookie: &str) -> (String, Vec<String>) {
    let begun = hospital.post_as(cookie, "/api/me/second-factor", &json!({})).ok();
    let (uri, secret) = (text(&begun["key_uri"]), text(&begun["secret"]));
    assert!(uri.starts_with("otpauth://totp/") && uri.contains(&secret), "{uri}");
    assert!(uri.ends_with("algorithm=SHA1&digits=6&period=30"), "{uri}");
    let path = "/api/me/second-factor/confirm";
    let wrong = code_at(&secret, now(hospital) + 3600);
    assert_eq!(hospital.post_as(cookie, path, &json!({ "code": wrong })).status, 422);
    let right = code_at(&secret, now(hospital));
    let done = hospital.post_as(cookie, path, &json!({ "code": right })).ok();
    (secret, words(&done["recovery_codes"]))
}

/// F135: a one-time code is asked for after the password; each is good once, within a step;
/// the secret is sealed and in no log; recovery codes are good once; wrong ones end the session.
#[tokio::test(flavor = "multi_thread")]
async fn f135_a_second_factor_is_asked_for_and_each_code_is_good_once() {
    let hospital = Hospital::open("totp", "2025-02-02T10:00").await;
    hospital.add_user("li", "nurse").await;
    let cookie = hospital.sign_in("li");
    let (secret, recovery) = enrol(&hospital, &cookie);
    assert_eq!(recovery.len(), 10);
    let again = hospital.post_as(&cookie, "/api/me/second-factor", &json!({}));
    assert_eq!(again.status, 409, "it is set up already");
    let give = |cookie: &str, code: &str| {
        hospital.post_as(cookie, "/api/session/code", &json!({ "code": code }))
    };
    hospital.clock.set(local("2025-02-02T10:05"));
    let second = hospital.sign_in("li");
    let me = hospital.get_as(&second, "/api/me").ok();
    assert_eq!((&me["needs"], &me["modules"]), (&json!("code"), &json!([])));
    let early = hospital.get_as(&second, "/api/patients");
    assert_eq!((early.status, &early.body["type"]), (401, &json!("second_factor")));
    assert_eq!(hospital.get_as(&second, "/api/me/drafts").status, 401);
    let begin = hospital.post_as(&second, "/api/me/second-factor", &json!({}));
    assert_eq!(begin.status, 401, "a password alone sets up no new one");
    let code = code_at(&secret, now(&hospital) - 30);
    let me = give(&second, &code).ok();
    assert_eq!(me["needs"], Value::Null);
    assert_eq!(hospital.get_as(&second, "/api/patients").status, 200);
    let third = hospital.sign_in("li");
    assert_eq!(give(&third, &code).status, 401, "each code is good once");
    assert_eq!(give(&third, &code_at(&secret, now(&hospital) - 90)).status, 401, "too old");
    // A recovery code, however it is typed, is good once.
    let typed = recovery[0].to_lowercase().replace('-', " ");
    assert_eq!(give(&third, &typed).status, 200);
    let fourth = hospital.sign_in("li");
    assert_eq!(give(&fourth, &recovery[0]).status, 401);
    let left = hospital.get_as(&third, "/api/me/second-factor").ok();
    assert_eq!((&left["is_set"], &left["recovery_codes_left"]), (&json!(true), &json!(9)));
    for _ in 0..4 {
        assert_eq!(give(&fourth, "000000").status, 401);
    }
    assert_eq!(hospital.get_as(&fourth, "/api/me").status, 401, "the session has ended");
    let kept = hospital.sql(
        "select encode(secret_sealed, 'escape') || (select string_agg(code_sha256, '') from
             recovery_code) from second_factor",
    );
    assert!(!kept.contains(&secret) && !kept.contains(&recovery[1]), "sealed and hashed");
}

/// F135: a role that asks for a second factor lets nobody in without one; the administrator of
/// security takes it away, with a reason, from others only.
#[tokio::test(flavor = "multi_thread")]
async fn f135_a_role_asks_for_a_second_factor_and_security_resets_it() {
    let hospital = Hospital::open("totp-role", "2025-02-02T10:00").await;
    hospital.add_user("li", "nurse").await;
    hospital.add_user("security", "security_admin").await;
    let roles = hospital.get("/api/roles").ok();
    let nurse = roles.as_array().unwrap().iter().find(|one| one["code"] == "nurse").unwrap();
    let ask = json!({
        "name": "护士", "modules": nurse["modules"], "needs_second_factor": true
    });
    assert_eq!(hospital.put("/api/roles/nurse", &ask).status, 204);
    let li = hospital.sign_in("li");
    assert_eq!(hospital.get_as(&li, "/api/me").ok()["needs"], "enrol");
    assert_eq!(hospital.get_as(&li, "/api/patients").status, 401);
    enrol(&hospital, &li);
    assert_eq!(hospital.get_as(&li, "/api/patients").status, 200, "signed in by setting it up");
    let security = hospital.sign_in("security");
    let reset = |who: &str, login: &str, reason: &str| {
        let path = format!("/api/users/{login}/second-factor/reset");
        hospital.post_as(who, &path, &json!({ "reason": reason })).status
    };
    assert_eq!(reset(&li, "li", "手机丢失"), 403);
    assert_eq!(reset(&security, "li", " "), 422);
    assert_eq!(reset(&security, "security", "手机丢失"), 409);
    assert_eq!(reset(&security, "li", "手机丢失"), 204);
    assert_eq!(reset(&security, "li", "手机丢失"), 404);
    assert_eq!(hospital.get_as(&li, "/api/me").status, 401, "its sessions end");
    let li = hospital.sign_in("li");
    assert_eq!(hospital.get_as(&li, "/api/me").ok()["needs"], "enrol");
    let told = hospital.sql(
        "select who || ' ' || did || ' ' || coalesce(reason, '') from audit
         where did like 'second_factor%' order by audit_id desc limit 1",
    );
    assert_eq!(told, "security second_factor_reset 手机丢失");
}

/// F135: a page that nobody touches locks, in the server too; the same person unlocks it by
/// the password and finds what was typed.
#[tokio::test(flavor = "multi_thread")]
async fn f135_an_idle_page_locks_and_its_own_person_unlocks_it() {
    let hospital = Hospital::open("idle", "2025-02-02T10:00").await;
    hospital.add_user("li", "nurse").await;
    let put = |minutes: i32| {
        hospital.put("/api/policies/sign-in", &json!({ "idle_minutes": minutes })).status
    };
    assert_eq!((put(-1), put(241)), (422, 422));
    assert_eq!(put(10), 204);
    let li = hospital.sign_in("li");
    assert_eq!(hospital.get_as(&li, "/api/me").ok()["idle_minutes"], 10);
    let by_nurse = json!({ "idle_minutes": 0 });
    assert_eq!(hospital.put_as(&li, "/api/policies/sign-in", &by_nurse).status, 403);
    // Looks of the page are no touch; a key or the mouse is.
    hospital.clock.set(local("2025-02-02T10:09"));
    assert_eq!(hospital.get_as(&li, "/api/overview").status, 200);
    assert_eq!(hospital.post_as(&li, "/api/session/active", &json!({})).status, 204);
    hospital.clock.set(local("2025-02-02T10:18"));
    assert_eq!(hospital.get_as(&li, "/api/patients").status, 200);
    hospital.clock.set(local("2025-02-02T10:20"));
    let locked = hospital.get_as(&li, "/api/patients");
    assert_eq!((locked.status, &locked.body["type"]), (423, &json!("locked")));
    assert_eq!(hospital.post_as(&li, "/api/session/active", &json!({})).status, 423);
    let me = hospital.get_as(&li, "/api/me").ok();
    assert_eq!((&me["locked"], &me["modules"]), (&json!(true), &json!([])));
    // What was typed last still reaches its own draft.
    let draft = json!({ "answers": { "pain": "3" } });
    assert_eq!(hospital.put_as(&li, "/api/me/drafts/li.task", &draft).status, 204);
    assert_eq!(hospital.get_as(&li, "/api/me/drafts").status, 423);
    let unlock = |password: &str| {
        hospital.post_as(&li, "/api/session/unlock", &json!({ "password": password }))
    };
    assert_eq!(unlock("a wrong one").status, 401);
    let me = unlock(PASSWORD).ok();
    assert_eq!(me["locked"], false);
    assert!(me["modules"].to_string().contains("patients"), "{me}");
    let drafts = hospital.get_as(&li, "/api/me/drafts").ok();
    assert_eq!(drafts[0]["body"], draft);
    // By hand, and five wrong passwords end it.
    assert_eq!(hospital.post_as(&li, "/api/session/lock", &json!({})).status, 204);
    assert_eq!(hospital.get_as(&li, "/api/patients").status, 423);
    for _ in 0..5 {
        assert_eq!(unlock("a wrong one").status, 401);
    }
    assert_eq!(hospital.get_as(&li, "/api/me").status, 401);
    let told = hospital.sql(
        "select string_agg(distinct did, ' ' order by did) from audit where did like 'screen%'",
    );
    assert_eq!(told, "screen_locked screen_unlocked");
    // Whoever sets it has been away, too.
    assert_eq!(put(0), 423);
    let admin = hospital.sign_in("admin");
    let never = json!({ "idle_minutes": 0 });
    assert_eq!(hospital.put_as(&admin, "/api/policies/sign-in", &never).status, 204);
    let li = hospital.sign_in("li");
    hospital.clock.set(local("2025-02-02T18:19"));
    assert_eq!(hospital.get_as(&li, "/api/patients").status, 200, "0: never");
}

/// F135: another person changes over by login and password; the first one's session ends, and
/// the form is a draft for the first person alone.
#[tokio::test(flavor = "multi_thread")]
async fn f135_the_next_person_changes_over_and_the_form_waits_for_the_first() {
    let hospital = Hospital::open("change", "2025-02-02T10:00").await;
    hospital.add_user("li", "nurse").await;
    hospital.add_user("wang", "nurse").await;
    let li = hospital.sign_in("li");
    let draft = json!({ "notes": "血压偏高" });
    assert_eq!(hospital.put_as(&li, "/api/me/drafts/li.one", &draft).status, 204);
    assert_eq!(hospital.post_as(&li, "/api/session/lock", &json!({})).status, 204);
    let change = |password: &str| {
        let ask = json!({ "login": "wang", "password": password });
        hospital.post_as(&li, "/api/session/change", &ask)
    };
    assert_eq!(change("a wrong one").status, 401);
    assert_eq!(hospital.get_as(&li, "/api/me").status, 200, "still there, still locked");
    assert_eq!(change(PASSWORD).ok()["login"], "wang");
    assert_eq!(hospital.get_as(&li, "/api/me").status, 401, "the first session has ended");
    let wang = hospital.sign_in("wang");
    assert_eq!(hospital.get_as(&wang, "/api/me/drafts").ok(), json!([]));
    let li = hospital.sign_in("li");
    assert_eq!(hospital.get_as(&li, "/api/me/drafts").ok()[0]["body"], draft);
    assert_eq!(hospital.delete_as(&li, "/api/me/drafts/li.one").status, 204);
    assert_eq!(hospital.get_as(&li, "/api/me/drafts").ok(), json!([]));
    // No more than fifty are kept; the oldest goes.
    for n in 0..52 {
        let name = format!("/api/me/drafts/form.{n}");
        assert_eq!(hospital.put_as(&li, &name, &json!({ "n": n })).status, 204);
    }
    assert_eq!(hospital.get_as(&li, "/api/me/drafts").ok().as_array().unwrap().len(), 50);
    let large = json!({ "notes": "长".repeat(400_000) });
    assert_eq!(hospital.put_as(&li, "/api/me/drafts/large", &large).status, 413);
}
