//! A hospital stands in two networks: what is said in one never names the other.

use std::{net::UdpSocket, time::Duration};

use crate::support::Stage;

#[test]
fn neither_network_hears_of_the_other() {
    let mut stage = Stage::new("networks", "");
    let carrier = UdpSocket::bind("127.0.0.3:0").unwrap();
    carrier.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    let peer = carrier.local_addr().unwrap();
    let config = std::fs::read_to_string(stage.config()).unwrap();
    let (head, tail) = config.split_once("[[trunk]]").unwrap();
    let second = format!(
        "[[interface]]\nname = \"line\"\nbind = \"127.0.0.2\"\nport = {}\n\
         advertise = \"203.0.113.9\"\nrtp_ports = [31000, 32000]\n\
         [[trunk]]\nname = \"ims\"\ninterface = \"line\"\npeer = \"{peer}\"\n\
         caller_number = \"05925027064\"\nprofile = {{ options_interval_s = 0 }}\n[[trunk]]",
        stage.sip_port
    );
    std::fs::write(stage.config(), format!("{head}{second}{tail}")).unwrap();
    stage.start();
    let caller = std::thread::scope(|scope| {
        let call = scope.spawn(|| stage.run(&["call", "13800138000", "--trunk", "ims"]));
        let mut buffer = [0; 8192];
        let (length, from) = carrier.recv_from(&mut buffer).unwrap();
        let invite = String::from_utf8_lossy(&buffer[..length]).into_owned();
        assert!(invite.starts_with("INVITE "), "{invite}");
        assert_eq!(from.ip().to_string(), "127.0.0.2");
        assert!(!invite.contains("127.0.0.1"), "the other network is named:\n{invite}");
        // Via, Contact and SDP name what this network knows us by.
        for line in ["Via:", "Contact:", "c=IN IP4"] {
            let found = invite.lines().find(|text| text.starts_with(line)).unwrap_or_default();
            assert!(found.contains("203.0.113.9"), "{line} in\n{invite}");
        }
        let media = invite.lines().find(|text| text.starts_with("m=audio")).unwrap_or_default();
        let port: u16 = media.split(' ').nth(1).and_then(|port| port.parse().ok()).unwrap_or(0);
        assert!((31000..=32000).contains(&port), "{media}");
        let refusal = refuse(&invite);
        carrier.send_to(refusal.as_bytes(), from).unwrap();
        call.join().unwrap()
    });
    assert!(
        crate::support::said(&caller).contains("SIP status 486"),
        "{}",
        crate::support::said(&caller)
    );
}

/// 486 to an INVITE, with its own headers.
fn refuse(invite: &str) -> String {
    let mut response = "SIP/2.0 486 Busy Here\r\n".to_owned();
    for line in invite.lines() {
        let kept = ["Via:", "From:", "Call-ID:", "CSeq:"].iter().any(|name| line.starts_with(name));
        if kept {
            response += &format!("{line}\r\n");
        } else if line.starts_with("To:") {
            response += &format!("{line};tag=busy\r\n");
        }
    }
    response + "Content-Length: 0\r\n\r\n"
}
