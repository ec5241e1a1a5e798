//! Every address of the API × every role: F004, F005, F135.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::support::hospital::Hospital;

const ROLES: [&str; 8] = [
    "agent",
    "nurse",
    "doctor",
    "supervisor",
    "sys_admin",
    "system_admin",
    "security_admin",
    "audit_admin",
];

/// Method, address with its places filled, and the address as it is written.
fn operations() -> Vec<(String, String, String)> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/web/openapi.json");
    let document: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let mut found = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in ["get", "post", "put", "delete"] {
            if item.get(method).is_some() && path.starts_with("/api/") {
                let filled = path
                    .replace("{id}", "00000000-0000-7000-8000-000000000001")
                    .replace("{login}", "nobody")
                    .replace("{version}", "1")
                    .replace("{text_sha256}", &"0".repeat(64));
                let filled = ["action", "cause", "clip_id", "code", "measure", "name"].iter().fold(
                    filled,
                    |text, place| {
                        let id = "00000000-0000-7000-8000-000000000002";
                        let with =
                            if ["cause", "measure", "clip_id"].contains(place) { id } else { "x" };
                        text.replace(&format!("{{{place}}}"), with)
                    },
                );
                found.push((method.to_owned(), filled, path.clone()));
            }
        }
    }
    found
}

/// Which module an address belongs to. Nothing may be added here without saying why in review;
/// an address that fits none is for everybody who is signed in, and stands in `EVERYBODYS`.
const MODULES: &[(&str, &str)] = &[
    ("/api/patients/export", "exports"),
    ("/api/due/export", "exports"),
    ("/api/desk", "desk"),
    ("/api/board", "board"),
    ("/api/queues", "queues"),
    ("/api/agents", "queues"),
    ("/api/runs", "runs"),
    ("/api/imports", "imports"),
    ("/api/past-follow-ups", "imports"),
    ("/api/column-mappings", "imports"),
    ("/api/hospital-messages", "interfaces"),
    ("/api/sources", "interfaces"),
    ("/api/doors", "interfaces"),
    ("/api/tokens", "interfaces"),
    ("/api/calls", "calls"),
    ("/api/recordings", "recordings"),
    ("/api/alerts", "alerts"),
    ("/api/attempts", "repairs"),
    ("/api/patients", "patients"),
    ("/api/numbers", "patients"),
    ("/api/person-rights", "person_rights"),
    ("/api/appointments", "due"),
    ("/api/cohort", "patients"),
    ("/api/topics", "patients"),
    ("/api/due", "due"),
    ("/api/tasks", "due"),
    ("/api/reminders", "due"),
    ("/api/plan-templates", "plans"),
    ("/api/plan-rules", "plans"),
    ("/api/plan-board", "plans"),
    ("/api/plans", "plans"),
    ("/api/questionnaires", "questionnaires"),
    ("/api/series", "questionnaires"),
    ("/api/prompts", "prompts"),
    ("/api/opinions", "opinions"),
    ("/api/answers", "due"),
    ("/api/allocation", "allocation"),
    ("/api/samples", "samples"),
    ("/api/pdca", "statistics"),
    ("/api/statistics", "statistics"),
    ("/api/roster", "roster"),
    ("/api/complaints", "complaints"),
    ("/api/enquiries", "enquiries"),
    ("/api/articles", "articles"),
    ("/api/blocklist", "blocklist"),
    ("/api/voicemail", "voicemail"),
    ("/api/quality", "quality"),
    ("/api/audit", "audit"),
    ("/api/users", "users"),
    ("/api/roles", "roles"),
];

fn module_of(path: &str) -> Option<&'static str> {
    let fits = |prefix: &str| {
        path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    if path.starts_with("/api/calls/{id}/trace") {
        return Some("signalling");
    }
    MODULES.iter().find(|(prefix, _)| fits(prefix)).map(|(_, module)| *module)
}

fn is_for_systems(path: &str) -> bool {
    // What the FHIR door can do is told to anybody (FHIR R4, capabilities).
    path.starts_with("/api/fhir") || path.starts_with("/api/door/")
}

fn asked(hospital: &Hospital, cookie: &str, method: &str, path: &str) -> u16 {
    match method {
        // It never ends: who may open it is seen from the others.
        "get" if path == "/api/events" => 200,
        "get" => hospital.status_as(cookie, path),
        "post" => hospital.post_as(cookie, path, &json!({})).status,
        "put" => hospital.put_as(cookie, path, &json!({})).status,
        _ => hospital.delete_as(cookie, path).status,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn f135_each_address_is_refused_to_each_role_without_its_module_and_breaks_for_none() {
    let hospital = Hospital::open("roles", "2025-01-06T10:00").await;
    let roles = hospital.get("/api/roles").ok();
    let modules: BTreeMap<String, Vec<String>> = roles
        .as_array()
        .unwrap()
        .iter()
        .map(|role| {
            let code = role["code"].as_str().unwrap().to_owned();
            (code, serde_json::from_value(role["modules"].clone()).unwrap())
        })
        .collect();
    let operations = operations();
    assert!(operations.len() > 200, "{}", operations.len());
    let mut wrong = Vec::new();
    for role in ROLES {
        let login = format!("one-{role}");
        hospital.add_user(&login, role).await;
        for (method, path, written) in &operations {
            // Signing out, or stopping everything, ends the test for the rest; other systems have
            // tokens and no session.
            let ends = ["/api/session", "/api/session/lock", "/api/stop-all", "/api/resume-all"];
            if ends.contains(&written.as_str()) || is_for_systems(written) {
                continue;
            }
            let cookie = hospital.cookie_of(&login);
            let status = asked(&hospital, &cookie, method, path);
            let needs = module_of(written);
            let has = needs.is_none_or(|module| modules[role].iter().any(|own| own == module));
            if status >= 500 || (!has && status != 403) || status == 401 {
                wrong.push(format!("{role} {method} {written}: {status}, module {needs:?}"));
            }
        }
    }
    for (method, path, written) in &operations {
        let is_open =
            ["/api/session", "/api/events", "/api/fhir/metadata"].contains(&written.as_str());
        let status = asked(&hospital, "suifang_session=none", method, path);
        if !is_open && status != 401 {
            wrong.push(format!("nobody {method} {written}: {status}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Row-level security is forced on every table but these.
#[tokio::test(flavor = "multi_thread")]
async fn f135_every_table_without_row_level_security_says_why() {
    let hospital = Hospital::open("rls", "2025-01-06T10:00").await;
    let found = hospital.sql(
        "select string_agg(relname, ' ' order by relname) from pg_class
         where relnamespace = 'public'::regnamespace and relkind = 'r'
           and relname <> '_sqlx_migrations' and not (relrowsecurity and relforcerowsecurity)",
    );
    let known: Vec<_> = WITHOUT.iter().map(|(table, _)| *table).collect();
    assert_eq!(found.split(' ').collect::<Vec<_>>(), known);
}

/// Each with the reason why a row of it is nobody's in particular, or who alone reads it.
const WITHOUT: &[(&str, &str)] = &[
    ("account", "staff"),
    ("agent", "staff"),
    ("agent_spell", "staff"),
    ("announcement", "carriers' recordings, as fingerprints"),
    ("announcement_recording", "ids alone; module trunks"),
    ("answer_dirty", "days alone; read by the server"),
    ("article", "knowledge"),
    ("article_version", "knowledge"),
    ("audit", "no row holds a value; read by the server alone"),
    ("blocked_call", "numbers of callers who are no patients; module blocklist"),
    ("blocklist", "numbers of callers who are no patients; module blocklist"),
    ("campus", "the house"),
    ("column_mapping", "names of columns"),
    ("content", "questionnaires"),
    ("department", "the house"),
    ("department_ward", "the house"),
    ("discharge_figure", "counts of the records office"),
    ("disease", "a dictionary"),
    ("do_not_call", "a number is refused in every department; no name stands beside it"),
    ("event", "ids alone; told by department"),
    ("holiday", "the calendar"),
    ("hospital_message", "whole messages of the HIS: read through module interfaces alone"),
    ("import", "counts"),
    ("import_admission", "ids alone"),
    ("import_fault", "cells of a file: read by whoever may import for the whole hospital"),
    ("interface_run", "counts"),
    ("node_epoch", "the server"),
    ("number_proof", "ids alone; reached through its number"),
    ("phone", "secrets of phones: read by the server alone"),
    ("plan_rules", "rules"),
    ("plan_template", "rules"),
    ("policy", "rules"),
    ("prompt_clip", "sentences"),
    ("quality_template", "rules"),
    ("queue", "rules"),
    ("queue_agent", "staff"),
    ("recovery_code", "digests of secrets: read by the server alone"),
    ("role", "staff"),
    ("role_module", "staff"),
    ("rollup_dirty", "ids alone; read by the server"),
    ("rollup_turn", "the server"),
    ("roster", "staff"),
    ("run", "names of runs"),
    ("second_factor", "sealed secrets: read by the server alone"),
    ("stop_all", "who pressed the button"),
    ("ward", "the house"),
    ("web_session", "digests of secrets: read by the server alone"),
];
