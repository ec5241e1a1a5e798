use super::*;
use crate::{
    base::epoch,
    sip::message::{Message, datagram},
};

const TRUNK: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 1));
const SCANNER: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 66, 1));

fn message(method: &str, to_tag: &str) -> Vec<u8> {
    format!(
        "{method} sip:1000@10.0.0.2 SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.66.1:5061;branch=z9hG4bK1\r\n\
         Max-Forwards: 70\r\nFrom: <sip:9@10.0.66.1>;tag=1\r\nTo: <sip:1000@10.0.0.2>{to_tag}\r\n\
         Call-ID: c1\r\nCSeq: 1 {method}\r\nContent-Length: 0\r\n\r\n"
    )
    .into_bytes()
}

/// Of so many in a second, evenly spread: passed, refused and dropped.
fn second(
    gate: &mut Gate,
    message: &[u8],
    from: IpAddr,
    known: bool,
    count: u32,
    at: Instant,
) -> [u32; 3] {
    let mut seen = [0; 3];
    for n in 0..count {
        let now = at + Duration::from_secs(1) * n / count;
        let place = match gate.admit(message, from, known, now) {
            Admission::Pass => 0,
            Admission::Refuse(_) => 1,
            Admission::Drop => 2,
        };
        seen[place] += 1;
    }
    seen
}

#[test]
fn a_scanner_gets_a_few_answers_then_refusals_then_silence() {
    for method in ["INVITE", "OPTIONS", "SUBSCRIBE"] {
        let (mut gate, now) = (Gate::new(GateConfig::default(), epoch()), epoch());
        let flood = message(method, "");
        let [passed, refused, dropped] = second(&mut gate, &flood, SCANNER, false, 5_000, now);
        assert!((345..=355).contains(&passed), "{method}: {passed} in the first second");
        assert!((580..=605).contains(&refused), "{method}: {refused}");
        assert_eq!(passed + refused + dropped, 5_000);
        let later = now + Duration::from_secs(1);
        let [passed, refused, _] = second(&mut gate, &flood, SCANNER, false, 5_000, later);
        assert!(
            (48..=52).contains(&passed) && (195..=205).contains(&refused),
            "{passed} {refused}"
        );
    }
}

#[test]
fn a_flood_of_one_source_costs_others_nothing() {
    let (mut gate, now) = (Gate::new(GateConfig::default(), epoch()), epoch());
    let flood = message("INVITE", "");
    for n in 0..50_000 {
        let at = now + Duration::from_secs(10) * n / 50_000;
        gate.admit(&flood, SCANNER, false, at);
        if n % 5_000 == 0 {
            for (kind, tag) in
                [("INVITE", ""), ("BYE", ";tag=2"), ("REGISTER", ""), ("ACK", ";tag=2")]
            {
                let asked = gate.admit(&message(kind, tag), TRUNK, true, at);
                assert_eq!(asked, Admission::Pass, "{kind}");
            }
            let phone = "10.0.9.1".parse().unwrap();
            assert_eq!(gate.admit(&message("REGISTER", ""), phone, false, at), Admission::Pass);
        }
    }
}

#[test]
fn forged_sources_share_one_limit_and_no_memory_without_end() {
    let (mut gate, now) = (Gate::new(GateConfig::default(), epoch()), epoch());
    let flood = message("INVITE", "");
    let mut passed = 0;
    for n in 0..100_000_u32 {
        let from = IpAddr::V4(std::net::Ipv4Addr::from(0x0b00_0000 + n));
        let at = now + Duration::from_secs(10) * n / 100_000;
        passed += u32::from(gate.admit(&flood, from, false, at) == Admission::Pass);
        assert!(gate.sources.len() <= SOURCES_MAX);
    }
    assert!((4_700..=4_900).contains(&passed), "{passed} of ten seconds");
    // A trunk that nobody has heard of before is let in all the same.
    let asked = gate.admit(&flood, TRUNK, true, now + Duration::from_secs(10));
    assert_eq!(asked, Admission::Pass);
    // And when it is over, there is room for others.
    let quiet = now + Duration::from_secs(120);
    assert_eq!(gate.admit(&flood, SCANNER, false, quiet), Admission::Pass);
    assert!(gate.sources.contains_key(&SCANNER));
}

#[test]
fn what_goes_on_has_room_when_new_calls_have_none() {
    let (mut gate, now) = (Gate::new(GateConfig::default(), epoch()), epoch());
    while gate.admit(&message("INVITE", ""), SCANNER, false, now) == Admission::Pass {}
    for (kind, tag) in [
        ("ACK", ";tag=2"),
        ("BYE", ";tag=2"),
        ("CANCEL", ""),
        ("INVITE", ";tag=2"),
        ("INFO", ";TAG=2"),
        ("REGISTER", ""),
    ] {
        let asked = gate.admit(&message(kind, tag), SCANNER, false, now);
        assert_eq!(asked, Admission::Pass, "{kind}");
    }
    let response = b"SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 10.0.0.2\r\n\r\n";
    assert_eq!(gate.admit(response, SCANNER, false, now), Admission::Pass);
}

#[test]
fn a_refusal_is_a_response_to_the_request_and_nothing_else_is_refused_aloud() {
    let refusal = |message: &[u8]| Sketch::of(message).and_then(|sketch| sketch.refusal());
    let text = String::from_utf8(message("INVITE", "")).unwrap();
    let compact = text
        .replace("Via:", "v :")
        .replace("From:", "F:")
        .replace("To:", "t:")
        .replace("Call-ID:", "i:");
    let two_vias = text.replacen("Via:", "Via: SIP/2.0/TCP 10.0.0.7;branch=z9hG4bK0\r\nVia:", 1);
    for request in [text.clone(), compact, two_vias] {
        let bytes = refusal(request.as_bytes()).unwrap_or_else(|| panic!("{request}"));
        let Ok(Some(Message::Response(response))) = datagram(&bytes) else { panic!("{bytes:?}") };
        assert_eq!(response.status, 503);
        assert_eq!(response.headers.text("Retry-After").as_deref(), Some("30"));
        assert!(response.headers.to().unwrap().tag().is_some());
        assert_eq!(response.headers.call_id().unwrap(), "c1");
    }
    for broken in [
        text.replace("Call-ID: c1\r\n", ""),
        text.replace("CSeq: 1 INVITE\r\n", "CSeq: 1 INVITE\r\nCSeq: 2 INVITE\r\n"),
        text.replace("To: <sip:1000@10.0.0.2>", "To:\r\n <sip:1000@10.0.0.2>"),
        "INVITE\r\n\r\n".to_owned(),
        String::new(),
    ] {
        assert_eq!(refusal(broken.as_bytes()), None, "{broken}");
    }
}

#[test]
fn the_ends_of_calls_that_were_let_in_are_taken_too() {
    let (mut gate, now) = (Gate::new(GateConfig::default(), epoch()), epoch());
    for method in ["INVITE", "ACK", "BYE"] {
        let tag = if method == "INVITE" { "" } else { ";tag=2" };
        let [passed, ..] = second(&mut gate, &message(method, tag), TRUNK, true, 4_000, now);
        assert_eq!(passed, 4_000, "{method}");
    }
}

#[test]
fn a_phone_that_signs_in_is_known_from_then_on() {
    let (mut gate, now) = (Gate::new(GateConfig::default(), epoch()), epoch());
    while gate.admit(&message("INVITE", ""), SCANNER, false, now) == Admission::Pass {}
    assert_eq!(gate.admit(&message("INVITE", ""), SCANNER, true, now), Admission::Pass);
}
