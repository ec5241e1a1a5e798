//! RFC 4475, RFC 5118 and messages of the same kinds, through the endpoint.

use std::{fs, path::PathBuf};

use bytes::Bytes;

use super::{endpoint, flow};
use crate::{
    base::{Machine, epoch},
    sip::{
        endpoint::{Endpoint, Input, Output},
        message::{Message, Transport, datagram},
    },
};

/// The file, and what may come back over UDP; `ok` is an answer that is no 400 or 505,
/// or a request handed up; `-` is silence.
const VERDICTS: &[(&str, &str)] = &[
    ("rfc4475/wsinv.dat", "ok"),
    ("rfc4475/intmeth.dat", "501"),
    ("rfc4475/esc01.dat", "ok"),
    ("rfc4475/escnull.dat", "ok"),
    ("rfc4475/lwsdisp.dat", "ok"),
    ("rfc4475/longreq.dat", "ok"),
    ("rfc4475/dblreq.dat", "ok"),
    ("rfc4475/transports.dat", "ok"),
    ("rfc4475/mpart01.dat", "405"),
    ("rfc4475/noreason.dat", "-"),
    ("rfc4475/badinv01.dat", "400"),
    ("rfc4475/clerr.dat", "400"),
    ("rfc4475/ncl.dat", "400"),
    ("rfc4475/scalar02.dat", "400"),
    ("rfc4475/quotbal.dat", "400"),
    ("rfc4475/lwsstart.dat", "400"),
    ("rfc4475/trws.dat", "400"),
    ("rfc4475/escruri.dat", "400"),
    ("rfc4475/baddate.dat", "ok"),
    ("rfc4475/regbadct.dat", "400"),
    ("rfc4475/badvers.dat", "505"),
    ("rfc4475/mismatch01.dat", "400"),
    ("rfc4475/mismatch02.dat", "400"),
    ("rfc4475/bigcode.dat", "-"),
    ("rfc4475/badbranch.dat", "ok"),
    ("rfc4475/insuf.dat", "400"),
    ("rfc4475/unkscm.dat", "416"),
    ("rfc4475/novelsc.dat", "416"),
    ("rfc4475/unksm2.dat", "ok"),
    ("rfc4475/mcl01.dat", "400"),
    ("rfc4475/cparam01.dat", "ok"),
    ("rfc4475/regescrt.dat", "ok"),
    ("rfc4475/sdp01.dat", "406"),
    ("rfc4475/inv2543.dat", "ok"),
    ("rfc5118/ipv6-good", "ok"),
    ("rfc5118/ipv6-in-sdp", "ok"),
    ("rfc5118/mult-ip-in-header", "ok"),
    ("rfc5118/mult-ip-in-sdp", "ok"),
    ("rfc5118/ipv4-mapped-ipv6", "ok"),
    ("rfc5118/ipv6-correct-abnf-2-colons", "ok"),
    ("rfc5118/port-unambiguous", "ok"),
    ("rfc5118/via-received-param-no-delim", "ok"),
    ("rfc5118/via-received-param-with-delim", "ok"),
    ("rfc5118/ipv6-bad", "400"),
    ("rfc5118/port-ambiguous", "ok"),
    ("rfc5118/ipv6-bug-abnf-3-colons", "400"),
];

fn shared(file: &str) -> Option<Vec<u8>> {
    let manifest = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let roots = [
        std::env::var_os("SUIFANG_SHARED").map(PathBuf::from),
        Some(manifest.join("../shared/data")),
    ];
    roots.into_iter().flatten().find_map(|root| {
        fs::read(root.join(file)).or_else(|_| fs::read(root.join("data").join(file))).ok()
    })
}

/// What the endpoint said, and whether it still answers OPTIONS after it.
fn ask(transport: Transport, bytes: &[u8]) -> Vec<String> {
    let now = epoch();
    let mut endpoint = endpoint("10.0.0.1:5060", transport, 1);
    let flow = flow(transport, "10.0.0.9:5060");
    let input = |bytes: Bytes| match transport {
        Transport::Udp => Input::Datagram { flow, bytes },
        Transport::Tcp | Transport::Tls => Input::Stream { flow, bytes },
    };
    endpoint.handle_input(input(Bytes::copy_from_slice(bytes)), now);
    let mut heard = drain(&mut endpoint);
    // A message that is not complete gets ten seconds.
    if transport == Transport::Tcp {
        endpoint.handle_timeout(now + std::time::Duration::from_secs(10));
        heard.extend(drain(&mut endpoint).into_iter().filter(|word| word == "close"));
    }
    if !heard.contains(&"close".to_owned()) {
        endpoint.handle_input(input(Bytes::from_static(OPTIONS)), now);
        let start = String::from_utf8_lossy(&bytes[..bytes.len().min(300)]).into_owned();
        assert_eq!(drain(&mut endpoint), ["200"], "no answer to OPTIONS after {start}");
    }
    heard
}

fn drain(endpoint: &mut Endpoint) -> Vec<String> {
    std::iter::from_fn(|| endpoint.poll_output())
        .filter(|output| !matches!(output, Output::Heard { .. }))
        .map(|output| match output {
            Output::Transmit { bytes, .. } => match datagram(&bytes) {
                Ok(Some(Message::Response(response))) => response.status.to_string(),
                // A reply to something whose Call-ID or Via could not be read.
                _ => String::from_utf8_lossy(&bytes[8..11]).into_owned(),
            },
            Output::Incoming { request, .. } => request.method.to_string(),
            Output::Close { .. } | Output::Heard { .. } => "close".to_owned(),
            Output::Deliver { .. } => "deliver".to_owned(),
        })
        .collect()
}

fn is_as_allowed(heard: &[String], allowed: &str) -> bool {
    match (allowed, heard) {
        ("-", []) => true,
        ("ok", [one, ..]) => one != "400" && one != "505",
        (status, [one]) => one == status,
        _ => false,
    }
}

#[test]
fn torture_messages_get_the_answers_that_the_rfcs_allow() {
    let mut not_run = 0;
    let mut wrong = Vec::new();
    for (file, allowed) in VERDICTS {
        let Some(bytes) = shared(file) else {
            not_run += 1;
            continue;
        };
        let heard = ask(Transport::Udp, &bytes);
        if !is_as_allowed(&heard, allowed) {
            wrong.push(format!("{file}: {heard:?}, not {allowed}"));
        }
    }
    if not_run > 0 {
        println!("NOT RUN ({not_run})");
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn over_tcp_what_breaks_framing_closes_and_the_rest_does_not() {
    let special = [
        ("rfc4475/dblreq.dat", &["REGISTER", "INVITE"][..]),
        ("rfc4475/clerr.dat", &["close"]),
        ("rfc4475/ncl.dat", &["400", "close"]),
        ("rfc4475/mcl01.dat", &["400", "close"]),
        ("rfc4475/inv2543.dat", &["INVITE"]),
        ("rfc4475/mismatch01.dat", &["400"]),
        ("rfc4475/badvers.dat", &["505"]),
        ("rfc4475/trws.dat", &["400"]),
    ];
    let mut not_run = 0;
    for (file, expected) in special {
        match shared(file) {
            Some(bytes) => assert_eq!(ask(Transport::Tcp, &bytes), expected, "{file}"),
            None => not_run += 1,
        }
    }
    let plain = VERDICTS.iter().filter(|(file, _)| special.iter().all(|(s, _)| s != file));
    for (file, allowed) in plain {
        let Some(bytes) = shared(file) else {
            not_run += 1;
            continue;
        };
        let heard = ask(Transport::Tcp, &bytes);
        let heard: Vec<_> = heard.into_iter().filter(|word| word != "close").collect();
        assert!(is_as_allowed(&heard, allowed) || heard.is_empty(), "{file}: {heard:?}");
    }
    if not_run > 0 {
        println!("NOT RUN ({not_run})");
    }
}

/// Of the same kinds, in case there is more of them: one line is changed at a time.
#[test]
fn each_kind_of_damage_has_its_answer() {
    for (find, put, expected) in DAMAGE {
        let text = String::from_utf8_lossy(OPTIONS).replacen(find, put, 1);
        assert!(find.is_empty() || text.as_bytes() != OPTIONS, "{find}");
        assert_eq!(ask(Transport::Udp, text.as_bytes()), [*expected], "{put:?} for {find:?}");
    }
}

#[test]
fn methods_and_bodies_that_nobody_here_knows_are_refused_by_name() {
    for (method, extra, expected) in [
        ("NEWMETHOD", "", "501"),
        ("invite", "", "501"),
        ("MESSAGE", "", "405"),
        ("SUBSCRIBE", "", "405"),
        ("PUBLISH", "", "405"),
        ("BYE", "", "481"),
        ("CANCEL", "", "481"),
        ("INFO", "", "481"),
        ("UPDATE", "", "481"),
        ("PRACK", "", "481"),
        ("INVITE", "", "INVITE"),
        ("INVITE", "Content-Type: application/unknown\r\n", "415"),
        ("INVITE", "Content-Type: application/sdp\r\n", "INVITE"),
        ("INVITE", "Content-Type: application/sdp\r\nContent-Encoding: gzip\r\n", "415"),
        ("INVITE", "c: application/sdp\r\nAccept: text/plain\r\n", "406"),
        ("INVITE", "c: application/sdp\r\nAccept: text/plain, application/*;q=0.1\r\n", "INVITE"),
        ("INVITE", "Require: 100rel, timer\r\nc: application/sdp\r\n", "INVITE"),
        ("INVITE", "Require: precondition\r\nc: application/sdp\r\n", "420"),
    ] {
        let body = if extra.to_lowercase().contains("application/") { "v=0\r\n" } else { "" };
        let text = format!(
            "{method} sip:us@10.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.9;branch=z9hG4bKx\r\n\
             From: <sip:a@b>;tag=1\r\nTo: <sip:us@10.0.0.1>\r\nCall-ID: x\r\nCSeq: 1 {method}\r\n\
             {extra}Content-Length: {}\r\n\r\n{body}",
            body.len()
        );
        assert_eq!(ask(Transport::Udp, text.as_bytes()), [expected], "{method} {extra}");
    }
}

#[test]
fn no_bytes_whatever_make_the_endpoint_panic() {
    use rand::{Rng, SeedableRng, rngs::StdRng};
    let mut rng = StdRng::seed_from_u64(4475);
    let mut samples: Vec<_> = VERDICTS.iter().filter_map(|(file, _)| shared(file)).collect();
    samples.push(OPTIONS.to_vec());
    for _ in 0..20_000 {
        let mut bytes = samples[rng.random_range(0..samples.len())].clone();
        for _ in 0..rng.random_range(1..6) {
            let at = rng.random_range(0..bytes.len());
            match rng.random_range(0..4) {
                0 => bytes[at] = rng.random(),
                1 => bytes.truncate(at + 1),
                2 => drop(bytes.remove(at)),
                _ => bytes.insert(at, b"\r\n,;<>\":@ %[]"[rng.random_range(0..13)]),
            }
            if bytes.is_empty() {
                break;
            }
        }
        let now = epoch();
        for transport in [Transport::Udp, Transport::Tcp] {
            let mut endpoint = endpoint("10.0.0.1:5060", transport, 1);
            let (flow, bytes) = (flow(transport, "10.0.0.9:5060"), Bytes::from(bytes.clone()));
            endpoint.handle_input(
                match transport {
                    Transport::Udp => Input::Datagram { flow, bytes },
                    Transport::Tcp | Transport::Tls => Input::Stream { flow, bytes },
                },
                now,
            );
            while endpoint.poll_output().is_some() {}
        }
    }
}

const OPTIONS: &[u8] = b"OPTIONS sip:us@10.0.0.1 SIP/2.0\r\n\
Via: SIP/2.0/UDP 10.0.0.9:5060;branch=z9hG4bKx\r\n\
From: <sip:a@b>;tag=1\r\n\
To: <sip:us@10.0.0.1>\r\n\
Call-ID: x@y\r\n\
CSeq: 1 OPTIONS\r\n\
Max-Forwards: 70\r\n\
\r\n";

/// What is replaced by what in a good OPTIONS, and the answer.
const DAMAGE: &[(&str, &str, &str)] = &[
    ("", "", "200"),
    ("OPTIONS sip:us@10.0.0.1 SIP/2.0", "OPTIONS sip:us@10.0.0.1 SIP/3.0", "505"),
    ("OPTIONS sip:us@10.0.0.1 SIP/2.0", "OPTIONS  sip:us@10.0.0.1 SIP/2.0", "400"),
    ("OPTIONS sip:us@10.0.0.1 SIP/2.0", "OPTIONS <sip:us@10.0.0.1> SIP/2.0", "400"),
    ("OPTIONS sip:us@10.0.0.1 SIP/2.0", "OPTIONS sip:us @10.0.0.1 SIP/2.0", "400"),
    ("OPTIONS sip:us@10.0.0.1 SIP/2.0", "OPTIONS sip:us@10.0.0.1", "400"),
    ("OPTIONS sip:us@10.0.0.1 SIP/2.0", "OPTIONS sip:us@10.0.0.1 HTTP/1.1", "400"),
    ("sip:us@10.0.0.1 SIP", "mailto:us@10.0.0.1 SIP", "416"),
    ("sip:us@10.0.0.1 SIP", "http://10.0.0.1 SIP", "416"),
    ("sip:us@10.0.0.1 SIP", "tel:+862112345678 SIP", "200"),
    ("sip:us@10.0.0.1 SIP", "sip:us@[2001:db8::1]:70000 SIP", "400"),
    ("sip:us@10.0.0.1 SIP", "sip:us@ SIP", "400"),
    ("sip:us@10.0.0.1 SIP", "sip:%zz@10.0.0.1 SIP", "400"),
    ("OPTIONS sip", "options sip", "400"),
    ("CSeq: 1 OPTIONS", "CSeq: 1 INVITE", "400"),
    ("CSeq: 1 OPTIONS", "CSeq: 4294967296 OPTIONS", "400"),
    ("CSeq: 1 OPTIONS", "CSeq: -1 OPTIONS", "400"),
    ("CSeq: 1 OPTIONS", "CSeq: one OPTIONS", "400"),
    ("CSeq: 1 OPTIONS", "CSeq: 1", "400"),
    ("CSeq: 1 OPTIONS", "CSeq: 1 OPTIONS\r\nCSeq: 2 OPTIONS", "400"),
    ("CSeq: 1 OPTIONS\r\n", "", "400"),
    ("Call-ID: x@y\r\n", "", "400"),
    ("Call-ID: x@y", "Call-ID:", "400"),
    ("Call-ID: x@y", "i: x@y", "200"),
    ("From: <sip:a@b>;tag=1\r\n", "", "400"),
    ("From: <sip:a@b>;tag=1", "From: <sip:a@b;tag=1", "400"),
    ("From: <sip:a@b>;tag=1", "From: \"a <sip:a@b>;tag=1", "400"),
    ("From: <sip:a@b>;tag=1", "From: \"\u{5f20}\\\"\" <sip:a@b>;tag=1", "200"),
    ("From: <sip:a@b>;tag=1", "From: <sip:a@b>;tag=1;tag=2", "400"),
    ("From: <sip:a@b>;tag=1", "From: <sip:a@b>;tag", "400"),
    ("From: <sip:a@b>;tag=1", "From: a b c <sip:a@b>;tag=1", "200"),
    ("From: <sip:a@b>;tag=1", "From: a@b;tag=1", "400"),
    ("From: <sip:a@b>;tag=1", "f:\r\n <sip:a@b>\r\n\t;tag = 1", "200"),
    ("To: <sip:us@10.0.0.1>", "To: <sip:us@10.0.0.1>, <sip:c@d>", "400"),
    ("To: <sip:us@10.0.0.1>", "To: <sip:us@10.0.0.1>;;x", "400"),
    ("To: <sip:us@10.0.0.1>", "To: isbn:2983792873", "200"),
    ("To: <sip:us@10.0.0.1>", "To: \"Watson, T\" < sip:us@10.0.0.1 >", "200"),
    ("From: <sip:a@b>;tag=1", "From: Bell, A <sip:a@b>;tag=1", "400"),
    ("sip:us@10.0.0.1 SIP", "sip:us;par=u%40example.net@10.0.0.1 SIP", "200"),
    ("sip:us@10.0.0.1 SIP", "sip:us@10.0.0.1; lr SIP", "400"),
    ("sip:us@10.0.0.1 SIP", "sip:us@10.0.0.1;lr?Subject=x SIP", "400"),
    ("sip:us@10.0.0.1 SIP", "us@10.0.0.1 SIP", "400"),
    ("Max-Forwards: 70", "Authorization: NoOneKnowsThisScheme opaque=x", "200"),
    ("Max-Forwards: 70", "Expires: 100000000000000000000000000", "200"),
    ("Max-Forwards: 70", "Max-Forwards: 70\r\nMax-Forwards: 69", "400"),
    ("Call-ID: x@y", "Call-ID: x y", "400"),
    ("10.0.0.9:5060;branch", "10.0.0.9:99999;branch", "400"),
    ("Via: SIP/2.0/UDP", "Via: SIP/2.0 UDP", "400"),
    ("From: <sip:a@b>;tag=1", "From: <sip:a@b>;tag=1, <sip:c@d>;tag=2", "400"),
    ("From: <sip:a@b>;tag=1", "From: <sip:a@[2001:db8::1>;tag=1", "400"),
    ("Max-Forwards: 70", "Max-Forwards: 256", "400"),
    ("Max-Forwards: 70", "Max-Forwards: many", "400"),
    ("Max-Forwards: 70", "Max-Forwards: 0", "200"),
    ("Max-Forwards: 70\r\n", "", "200"),
    ("Max-Forwards: 70", "Max-Forwards: 70\r\nno colon here", "400"),
    ("Max-Forwards: 70", "Max-Forwards: 70\r\nbad name: x", "400"),
    ("Max-Forwards: 70", "Max-Forwards: 70\r\nContent-Length: 1", "400"),
    ("Max-Forwards: 70", "Max-Forwards: 70\r\nl: 0\r\nContent-Length: 0", "400"),
    ("Max-Forwards: 70", "Max-Forwards: 70\r\nContent-Length: 1e1", "400"),
    ("Max-Forwards: 70", "Max-Forwards: 70\r\nContact: <sip:a@b>;;;", "400"),
    ("Max-Forwards: 70", "Max-Forwards: 70\r\nContact: *", "400"),
    ("Max-Forwards: 70", "Max-Forwards: 70\r\nRequire: nothingSupportsThis", "420"),
    ("Max-Forwards: 70", "Max-Forwards: 70\r\nProxy-Require: nothingSupportsThis", "200"),
    ("Max-Forwards: 70", "Max-Forwards: 70\r\nDate: yesterday", "200"),
    ("Max-Forwards: 70", "Max-Forwards: 70\r\nVia: SIP/2.0/UDP b;;", "400"),
    ("Max-Forwards: 70", "Max-Forwards: 70\r\nVia: SIP/2.0/UDP b,,SIP/2.0/UDP c", "400"),
    (";branch=z9hG4bKx", "", "200"),
    (";branch=z9hG4bKx", ";branch=z9hG4bKx;received=1.2.3.4;rport=9", "200"),
    ("To: <sip:us@10.0.0.1>", "To: <sip:us@10.0.0.1>;tag=gone", "481"),
    ("OPTIONS sip:us@10.0.0.1 SIP/2.0\r\nV", "OPTIONS sip:us@10.0.0.1 SIP/2.0\nV", "200"),
];
