//! A patient whose name, number and identity card are nobody else's goes through all of it, at
//! the most talkative log there is: what is theirs is in no log, no figure and no error.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::TcpStream,
    time::Duration,
};

use serde_json::json;
use suifang::{
    his::hl7::{Charset, frame},
    sim::Patient,
};

use super::keeping::sql;
use crate::support::{Page, Stage, answers, free_port, said, until};

const NAME: &str = "甄金丝雀";
const PHONE: &str = "13977700042";
const CARD: &str = "350203195708237779";
const ADDRESS: &str = "金丝雀巷七号";

#[tokio::test(flavor = "multi_thread")]
async fn f135_what_is_a_patients_is_in_no_log_no_figure_and_no_error() {
    let port = free_port();
    let rest = format!(
        "lines = 5\ncalls_per_s = 5.0\n[log]\nfilter = \"trace\"\n[hl7]\nbind = \"127.0.0.1:{port}\""
    );
    let mut stage = Stage::new("canaries", &rest);
    let patient = Patient { number: format!("+86{PHONE}"), ..answers(1) };
    let _carrier = stage.carrier(vec![patient]).await;
    stage.start();
    is_silent("the acknowledgements", &hl7(port));
    let file = stage.folder.join("in.csv");
    let head = "姓名,性别,出生日期,身份证号,住院号,出院科室,出院日期,联系电话,现住址\n";
    let good = format!("{NAME},女,1957-08-23,{CARD},D00001,心内科,2026-01-05,{PHONE},{ADDRESS}\n");
    let bad = format!("{NAME},{PHONE},{CARD},{NAME},D00002,心内科,{PHONE},{CARD},{ADDRESS}\n");
    fs::write(&file, format!("{head}{good}{bad}")).unwrap();
    let imported = stage.run(&["import", file.to_str().unwrap(), "--run", "quick"]);
    assert!(said(&imported).contains(" 1 stored"), "{}", said(&imported));
    let over = until(Duration::from_secs(120), || {
        !stage.on_the_wire("ended").is_empty()
            && stage.run(&["status"]).stdout.starts_with(b"0 calls")
    });
    assert!(over, "{}", stage.log());
    assert_eq!(sql(&stage, "select count(*) from answer"), "3", "the call was not answered");

    let page = Page::sign_in(&stage, "wang", "sys_admin");
    let person = sql(&stage, &format!("select person_id from person where id_card = '{CARD}'"));
    // The one answer that is for who may read it.
    let (status, read) = page.answered(&format!("/api/patients/{person}"), None);
    assert!(status == 200 && read.contains(NAME), "{read}");
    let errors = wrong_inputs(&page, &person);
    assert!(errors > 40, "only {errors} errors");
    is_silent("/metrics", &page.answered("/metrics", None).1);
    assert_eq!(stage.terminate(), Some(0));
    assert!(stage.log().contains("TRACE"), "the log was not the most talkative one");
    is_silent("the log", &stage.log());
    let postgres = fs::read_to_string(stage.folder.join("data/postgres/suifang-postgres.log"));
    is_silent("the log of the database", &postgres.unwrap_or_default());
}

/// A message that is taken, one that names a wrong field, and bytes that are none.
fn hl7(port: u16) -> String {
    let message = |no: u32, event: &str, sent: &str, birth: &str| {
        format!(
            "MSH|^~\\&|HIS|H1|SF|H1|{sent}||ADT^{event}|{no}|P|2.5||||||UNICODE UTF-8\rEVN|{event}|{sent}\r\
             PID|||C00001^^^H1^MR~{CARD}^^^H1^SS||{NAME}||{birth}|F|||{ADDRESS}^^厦门||{PHONE}\r\
             PV1||I|心内一病区^3^12|||||||心内科|||||||||C00001||||||||||||||||||||||||||20260101090000|20260105100000\r"
        )
    };
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let mut answers = String::new();
    let wrong = message(3, NAME, PHONE, CARD).replace("C00001", NAME);
    for text in [
        message(1, "A03", "20260105100000", "19570823"),
        message(2, "A08", "20260105110000", NAME),
        wrong,
        format!("{NAME}|{PHONE}|{CARD}"),
    ] {
        stream.write_all(&frame(&Charset::Utf8.encode(&text))).unwrap();
        let mut bytes = Vec::new();
        let mut byte = [0];
        while !bytes.ends_with(&[0x1C, 0x0D]) && matches!(stream.read(&mut byte), Ok(1)) {
            bytes.push(byte[0]);
        }
        answers += &String::from_utf8_lossy(&bytes);
    }
    answers
}

/// Every way to say it in the wrong place that we could think of; answers how many were errors.
fn wrong_inputs(page: &Page, person: &str) -> usize {
    let mut errors = 0;
    let mut look = |path: &str, body: Option<&str>| {
        let (status, answer) = page.answered(path, body);
        if status >= 400 {
            errors += 1;
            is_silent(&format!("{status} of {path}"), &answer);
        }
    };
    let posts = [
        "/api/session",
        "/api/patients",
        "/api/do-not-call",
        "/api/do-not-call/revoke",
        "/api/blocklist",
        "/api/runs",
        "/api/complaints",
        "/api/enquiries",
        "/api/users",
        "/api/appointments",
        "/api/stop-all",
    ];
    let of_person = ["tell-number", "end", "ring-tests", "numbers"]
        .map(|what| format!("/api/patients/{person}/{what}"));
    let rights =
        ["restrict", "lift", "erase"].map(|what| format!("/api/person-rights/{person}/{what}"));
    let posts = posts.iter().map(|path| (*path).to_owned()).chain(of_person).chain(rights);
    for path in posts {
        for canary in [NAME, PHONE, CARD] {
            for body in [
                json!(canary),
                json!({ canary: canary }),
                json!({ "reason": [canary], "number": { "of": canary } }),
                json!({ "name": canary, "number": canary, "login": canary, "password": canary, "sex": canary,
                    "phone": canary, "birth_date": canary, "id_card": canary }),
            ] {
                look(&path, Some(&body.to_string()));
            }
            look(&path, Some(&format!("{{\"name\": \"{canary}\", ")));
        }
    }
    for canary in ["%E7%94%84%E9%87%91%E4%B8%9D%E9%9B%80", PHONE, CARD] {
        for path in [
            "/api/patients/",
            "/api/recordings/",
            "/api/calls/",
            "/api/person-rights/",
            "/",
            "/api/",
        ] {
            look(&format!("{path}{canary}"), None);
        }
        for path in [
            "/api/patients?limit=",
            "/api/due?from=",
            "/api/calls?offset=",
            "/api/statistics?from=",
            "/api/due?state=",
        ] {
            look(&format!("{path}{canary}"), None);
        }
    }
    errors
}

#[track_caller]
fn is_silent(place: &str, text: &str) {
    for canary in [NAME, PHONE, CARD, ADDRESS] {
        if let Some(at) = text.find(canary) {
            let from = text[..at].char_indices().rev().nth(300).map_or(0, |(at, _)| at);
            let to = text[at..].char_indices().nth(100).map_or(text.len(), |(to, _)| at + to);
            panic!("{canary} is in {place}: {}", &text[from..to]);
        }
    }
}
