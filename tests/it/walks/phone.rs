//! A phone of the house, as little of it as registers and refuses a call.

use std::{net::UdpSocket, time::Duration};

use md5::{Digest, Md5};
use serde_json::json;

use crate::support::{Page, Stage, said, until};

#[test]
fn the_studio_calls_a_phone_where_it_has_registered() {
    let mut stage = Stage::new("phone", "");
    stage.start();
    let args = ["user", "phone", "8001"];
    let made = stage.run_with_config(&stage.config(), &args, "secret-of-8001\n");
    assert!(made.status.success(), "{}", said(&made));
    let page = Page::sign_in(&stage, "wang", "nurse");
    let phone = UdpSocket::bind("127.0.0.1:0").unwrap();
    phone.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    phone.connect(("127.0.0.1", stage.sip_port)).unwrap();
    // The server learns of a new phone within some seconds.
    assert!(until(Duration::from_secs(20), || registers(&phone)), "{}", stage.log());
    assert_eq!(page.get("/api/prompts/studio/phones"), json!(["8001"]));
    let (status, begun) = page.post("/api/prompts/studio", &json!({ "to": "8001" }));
    assert_eq!(status, 202, "{begun}");
    let invite = receive(&phone);
    let port = phone.local_addr().unwrap().port();
    let wanted = format!("INVITE sip:8001@127.0.0.1:{port};line=7 SIP/2.0");
    assert_eq!(invite.lines().next(), Some(wanted.as_str()));
    phone.send(answer(&invite, "486 Busy Here").as_bytes()).unwrap();
    let ended = || page.get("/api/prompts/studio")[0]["doing"] == "ended";
    assert!(until(Duration::from_secs(10), ended), "the page still shows it");
    assert_eq!(page.get("/api/prompts/studio")[0]["to"], "8001");
}

fn registers(phone: &UdpSocket) -> bool {
    phone.send(register(phone, 1, "").as_bytes()).unwrap();
    let challenge = receive(phone);
    let value = |name: &str| {
        let after = challenge.split_once(&format!("{name}=\"")).map(|(_, after)| after);
        after.and_then(|after| after.split('"').next()).unwrap_or_default().to_owned()
    };
    let (realm, nonce) = (value("realm"), value("nonce"));
    let hash = |text: String| format!("{:x}", Md5::digest(text));
    let secret = hash(format!("8001:{realm}:secret-of-8001"));
    let asked = hash("REGISTER:sip:suifang".to_owned());
    let response = hash(format!("{secret}:{nonce}:00000001:abc:auth:{asked}"));
    let credentials = format!(
        "Authorization: Digest username=\"8001\", realm=\"{realm}\", nonce=\"{nonce}\", \
         uri=\"sip:suifang\", response=\"{response}\", algorithm=MD5, qop=auth, nc=00000001, \
         cnonce=\"abc\"\r\n"
    );
    phone.send(register(phone, 2, &credentials).as_bytes()).unwrap();
    receive(phone).starts_with("SIP/2.0 200")
}

fn register(phone: &UdpSocket, seq: u32, more: &str) -> String {
    let port = phone.local_addr().unwrap().port();
    let unique = format!("{seq}{:x}", rand::random::<u64>());
    format!(
        "REGISTER sip:suifang SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:{port};branch=z9hG4bK{unique}\r\n\
         Max-Forwards: 70\r\nFrom: <sip:8001@suifang>;tag={unique}\r\nTo: <sip:8001@suifang>\r\n\
         Call-ID: {unique}@phone\r\nCSeq: {seq} REGISTER\r\n\
         Contact: <sip:8001@127.0.0.1:{port};line=7>;expires=300\r\n{more}Content-Length: 0\r\n\r\n"
    )
}

fn receive(phone: &UdpSocket) -> String {
    let mut buffer = [0; 8192];
    let length = phone.recv(&mut buffer).unwrap();
    String::from_utf8_lossy(&buffer[..length]).into_owned()
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
