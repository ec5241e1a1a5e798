//! What rsip 0.4 does on the wire, measured. Each test says what is wrong there and
//! shows that it is right here; should a later rsip fail one of these, the fence can
//! become thinner.

use super::{Message, NameAddr, Uri, datagram, name};

const PLAIN: &str = "OPTIONS sip:us@10.0.0.1 SIP/2.0\r\n\
Via: SIP/2.0/UDP 10.0.0.9;branch=z9hG4bKx\r\n\
From: <sip:a@b>;tag=1\r\n\
To: <sip:us@10.0.0.1>\r\n\
Call-ID: x\r\n\
CSeq: 1 OPTIONS\r\n\
Content-Length: 0\r\n\
\r\n";

fn changed(find: &str, put: &str) -> Vec<u8> {
    assert!(PLAIN.contains(find), "{find}");
    PLAIN.replacen(find, put, 1).into_bytes()
}

fn theirs(bytes: &[u8]) -> Result<rsip::Request, rsip::Error> {
    rsip::Request::try_from(bytes)
}

#[track_caller]
fn ours(bytes: &[u8]) -> super::Request {
    match datagram(&bytes.to_vec().into()) {
        Ok(Some(Message::Request(request))) => request,
        other => panic!("{other:?}"),
    }
}

#[test]
fn compact_header_names_are_missing_there() {
    use rsip::prelude::HeadersExt;
    let bytes = changed("Call-ID", "i");
    assert!(theirs(&bytes).unwrap().call_id_header().is_err());
    assert_eq!(ours(&bytes).headers.call_id().unwrap(), "x");
}

#[test]
fn folded_lines_and_spaces_before_the_colon_reject_the_message_there() {
    for (find, put) in [("Call-ID: x", "Call-ID:\r\n x"), ("Call-ID: x", "Call-ID : x")] {
        let bytes = changed(find, put);
        let lost = theirs(&bytes).map(|request| {
            use rsip::{headers::UntypedHeader, prelude::HeadersExt};
            request.call_id_header().map(|id| id.value() == "x").unwrap_or(false)
        });
        assert!(!lost.unwrap_or(false), "{put:?}");
        assert_eq!(ours(&bytes).headers.call_id().unwrap(), "x");
    }
}

#[test]
fn two_vias_on_a_line_are_one_there() {
    let two = "SIP/2.0/UDP 10.0.0.9;branch=z9hG4bKx, SIP/2.0/UDP 10.0.0.8;branch=z9hG4bKy";
    let bytes = changed("SIP/2.0/UDP 10.0.0.9;branch=z9hG4bKx", two);
    let request = theirs(&bytes).unwrap();
    let vias = request.headers.iter().filter(|header| matches!(header, rsip::Header::Via(_)));
    assert_eq!(vias.count(), 1);
    assert_eq!(ours(&bytes).headers.list(name::VIA).count(), 2);
}

#[test]
fn content_length_is_ignored_there() {
    let mut bytes = PLAIN.as_bytes().to_vec();
    bytes.extend_from_slice(b"another message");
    assert_eq!(theirs(&bytes).unwrap().body, b"another message");
    assert!(ours(&bytes).body.is_empty());
}

#[test]
fn uris_of_ipv6_hosts_and_telephones_are_not_understood_there() {
    for uri in ["sip:a@[2001:db8::1]:5060", "tel:+8613800138000"] {
        let kept = rsip::Uri::try_from(uri).map(|theirs| theirs.to_string() == uri);
        assert!(!kept.unwrap_or(false), "{uri}");
        assert_eq!(uri.parse::<Uri>().unwrap().to_string(), uri);
    }
}

#[test]
fn unknown_methods_reject_the_message_there() {
    let text = PLAIN.replace("OPTIONS", "NEWMETHOD");
    assert!(theirs(text.as_bytes()).is_err());
    assert_eq!(ours(text.as_bytes()).method.as_str(), "NEWMETHOD");
}

#[test]
fn a_byte_of_gbk_rejects_the_message_there() {
    let mut bytes = changed("From: <", "From: ?? <");
    let at = bytes.windows(2).position(|w| w == b"??").unwrap();
    bytes[at..at + 2].copy_from_slice(&[0xd5, 0xc5]);
    assert!(theirs(&bytes).is_err());
    let from = ours(&bytes).headers.from().unwrap();
    assert!(from.to_bytes().starts_with(&[0xd5, 0xc5]), "kept byte for byte");
}

#[test]
fn reason_phrases_are_one_word_there() {
    assert_eq!(rsip::StatusCode::from(486).to_string(), "486 BusyHere");
    for (status, phrase) in [
        (100, "Trying"),
        (183, "Session Progress"),
        (200, "OK"),
        (404, "Not Found"),
        (486, "Busy Here"),
        (481, "Call/Transaction Does Not Exist"),
        (599, "Server Failure"),
    ] {
        assert_eq!(super::reason_phrase(status), phrase);
    }
}

#[test]
fn line_breaks_pass_through_display_names_there() {
    let evil = "a\r\nEvil: yes";
    let uri = rsip::Uri::try_from("sip:a@b").unwrap();
    let theirs = rsip::typed::From { display_name: Some(evil.into()), uri, params: Vec::new() };
    assert!(theirs.to_string().contains("\r\nEvil: yes"));
    assert!(NameAddr::with_display("sip:a@b".parse().unwrap(), evil).is_err());
}
