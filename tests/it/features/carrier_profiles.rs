//! What a carrier's profile changes on the wire and in the record.

use std::{net::UdpSocket, time::Duration};

use serde_json::{Value, json};

use crate::support::{free_port, hospital::Hospital, odd_trunk::OddTrunk};

/// The SBC gets every request with a Route; our number stands in both identity headers; no
/// telephone-event is offered where keys come by INFO; and 480 means here what it says there.
#[tokio::test(flavor = "multi_thread")]
async fn f028_a_profile_is_on_the_wire_and_its_statuses_in_the_record() {
    let proxy = free_port();
    let trunk = format!(
        "outbound_proxy = \"127.0.0.1:{proxy}\"\ncalls_per_s = 10.0\n\
         profile = {{ base = \"ims-cn\", asserted_identity = true, dtmf = \"info\", \
         status_outcomes = {{ 480 = \"no_answer\" }} }}"
    );
    let hospital = Hospital::open_with("profile", "2025-01-06T09:30", "", &trunk).await;
    let sbc = OddTrunk::open(proxy);
    sbc.says(vec![(50, "480 Temporarily Unavailable")]);
    let file = "姓名,性别,出生日期,住院号,出院科室,出院日期,联系电话\n\
                王秀英,女,1952-08-15,Z1,心内科,2025-01-01,13800000001\n";
    let import = hospital.import("in.csv", file.as_bytes()).await;
    let ask = json!({ "name": "试", "dialplan": "quick", "import_id": import["import_id"] });
    let run = hospital.post("/api/runs", &ask).ok()["run_id"].as_str().unwrap().to_owned();
    hospital.post(&format!("/api/runs/{run}/start"), &json!({})).ok();
    let tasks = || hospital.get(&format!("/api/runs/{run}/tasks")).ok()["items"][0].clone();
    for _ in 0..600 {
        if tasks()["last_outcome"] != Value::Null {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(tasks()["last_outcome"], "no_answer");
    let invite = sbc.request("INVITE").unwrap();
    let ours = format!("<sip:05925027064@127.0.0.1:{}>", hospital.carrier_port);
    for wanted in [
        format!("Route: <sip:127.0.0.1:{proxy};lr>"),
        format!("P-Asserted-Identity: {ours}"),
        format!("P-Preferred-Identity: {ours}"),
        "RTP/AVP 8\r\n".to_owned(),
    ] {
        assert!(invite.contains(&wanted), "no {wanted} in\n{invite}");
    }
    assert!(!invite.contains("telephone-event"), "{invite}");

    // Four digits are delivered. A number of somebody else leaves nothing behind.
    assert_eq!(call_in(&hospital, "7065"), "SIP/2.0 404 Not Found");
    assert_eq!(hospital.sql("select count(*) from call where direction = 'inbound'"), "0");
    assert_eq!(call_in(&hospital, "7064"), "SIP/2.0 200 OK");
    assert_eq!(hospital.sql("select count(*) from call where direction = 'inbound'"), "1");
}

/// The status line of the final answer to a call from the carrier.
fn call_in(hospital: &Hospital, called: &str) -> String {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let (own, to) = (socket.local_addr().unwrap(), hospital.sip());
    let sdp = "v=0\r\no=c 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n\
               m=audio 9 RTP/AVP 8\r\n";
    let invite = format!(
        "INVITE sip:{called}@{to} SIP/2.0\r\nVia: SIP/2.0/UDP {own};branch=z9hG4bK{called}\r\n\
         From: <sip:13900000001@{own}>;tag=1\r\nTo: <sip:{called}@{to}>\r\nCall-ID: {called}\r\n\
         CSeq: 1 INVITE\r\nContact: <sip:{own}>\r\nMax-Forwards: 70\r\n\
         Content-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{sdp}",
        sdp.len()
    );
    socket.send_to(invite.as_bytes(), to).unwrap();
    let mut buffer = [0; 4096];
    loop {
        let length = socket.recv(&mut buffer).unwrap();
        let text = String::from_utf8_lossy(&buffer[..length]).into_owned();
        let line = text.lines().next().unwrap_or_default().to_owned();
        if !line.starts_with("SIP/2.0 1") {
            return line;
        }
    }
}
