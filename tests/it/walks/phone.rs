//! A phone of the house, as little of it as registers and refuses a call.

use std::time::Duration;

use serde_json::json;

use crate::support::{Page, RawPhone, Stage, said, until};

#[test]
fn the_studio_calls_a_phone_where_it_has_registered() {
    let mut stage = Stage::new("phone", "");
    stage.start();
    let args = ["user", "phone", "8001"];
    let made = stage.run_with_config(&stage.config(), &args, "secret-of-8001\n");
    assert!(made.status.success(), "{}", said(&made));
    let page = Page::sign_in(&stage, "wang", "nurse");
    let server = ([127, 0, 0, 1], stage.sip_port).into();
    let phone = RawPhone::at("127.0.0.1:0", server, "8001");
    // The server learns of a new phone within some seconds.
    assert!(
        until(Duration::from_secs(60), || phone.sign_in("secret-of-8001") == 200),
        "{}",
        stage.log()
    );
    assert_eq!(page.get("/api/prompts/studio/phones"), json!(["8001"]));
    let (status, begun) = page.post("/api/prompts/studio", &json!({ "to": "8001" }));
    assert_eq!(status, 202, "{begun}");
    let invite = phone.receive();
    let port = phone.socket.local_addr().unwrap().port();
    let wanted = format!("INVITE sip:8001@127.0.0.1:{port};line=7 SIP/2.0");
    assert_eq!(invite.lines().next(), Some(wanted.as_str()));
    phone.socket.send(answer(&invite, "486 Busy Here").as_bytes()).unwrap();
    let ended = || page.get("/api/prompts/studio")[0]["doing"] == "ended";
    assert!(until(Duration::from_secs(30), ended), "the page still shows it");
    assert_eq!(page.get("/api/prompts/studio")[0]["to"], "8001");
}

/// A phone by TCP is there for as long as its connection is, whatever it was granted.
#[test]
fn f028_a_phone_whose_connection_closes_is_gone_from_the_board_at_once() {
    let mut stage = Stage::new("phone-tcp", "");
    stage.start();
    let args = ["user", "phone", "8002"];
    let made = stage.run_with_config(&stage.config(), &args, "secret-of-8002\n");
    assert!(made.status.success(), "{}", said(&made));
    let page = Page::sign_in(&stage, "wang", "nurse");
    let server = ([127, 0, 0, 1], stage.sip_port).into();
    let phones = || page.get("/api/prompts/studio/phones");
    let mut phone = None;
    let signs_in = || {
        let next = RawPhone::by_tcp(server, "8002");
        let is_in = next.sign_in("secret-of-8002") == 200;
        phone = Some(next);
        is_in
    };
    assert!(until(Duration::from_secs(60), signs_in), "{}", stage.log());
    assert_eq!(phones(), json!(["8002"]));
    drop(phone);
    assert!(until(Duration::from_secs(30), || phones() == json!([])), "it is still there");
}

/// With the request's own headers.
fn answer(request: &str, status: &str) -> String {
    let mut response = format!("SIP/2.0 {status}\r\n");
    for line in request.lines() {
        let kept = ["Via:", "From:", "Call-ID:", "CSeq:"].iter().any(|name| line.starts_with(name));
        if kept {
            response += &format!("{line}\r\n");
        } else if line.starts_with("To:") {
            response += &format!("{line};tag=phone\r\n");
        }
    }
    response + "Content-Length: 0\r\n\r\n"
}
