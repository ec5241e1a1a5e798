use std::net::SocketAddr;

use bytes::Bytes;

use super::*;
use crate::{
    base::epoch,
    sip::message::{Host, Message, Method, NameAddr, Response, Transport, datagram, name},
};

fn flow(interface: u8, remote: &str) -> Flow {
    let remote = remote.parse().unwrap();
    Flow { transport: Transport::Udp, interface: InterfaceId(interface), remote }
}

/// Two networks: the phones' and the carrier's.
fn endpoint() -> Endpoint {
    let interface = |id, bind: &str, advertise: &str| {
        let bind: SocketAddr = bind.parse().unwrap();
        let advertise_host: Host = advertise.parse().unwrap();
        let (transport, advertise_port) = (Transport::Udp, bind.port());
        Interface { id: InterfaceId(id), transport, bind, advertise_host, advertise_port }
    };
    let interfaces = vec![
        interface(0, "192.168.1.10:5060", "192.168.1.10"),
        interface(1, "10.8.0.2:5060", "203.0.113.7"),
    ];
    Endpoint::new(Config { interfaces, product: "test".to_owned() }, 1)
}

fn request(method: Method) -> Request {
    let mut request = Request::new(method.clone(), "sip:b@carrier".parse().unwrap());
    for (name, value) in [
        (name::FROM, "<sip:1001@us>;tag=1".to_owned()),
        (name::TO, "<sip:b@carrier>".to_owned()),
        (name::CALL_ID, "x".to_owned()),
        (name::CSEQ, format!("1 {method}")),
    ] {
        request.headers.add(name, value);
    }
    request
}

fn send(endpoint: &mut Endpoint, method: Method, flow: Flow, now: Instant) -> Request {
    let (owner, id, request) = (Owner(1), RequestId(1), Box::new(request(method)));
    endpoint.handle_input(Input::Request { owner, id, request, flow }, now);
    sent(endpoint).remove(0).1
}

fn sent(endpoint: &mut Endpoint) -> Vec<(Flow, Request)> {
    let outputs = std::iter::from_fn(|| endpoint.poll_output());
    outputs
        .filter_map(|output| match output {
            Output::Transmit { flow, bytes } => match datagram(&bytes) {
                Ok(Some(Message::Request(request))) => Some((flow, request)),
                _ => None,
            },
            _ => None,
        })
        .collect()
}

fn replies(endpoint: &mut Endpoint) -> Vec<(SocketAddr, Response)> {
    let outputs = std::iter::from_fn(|| endpoint.poll_output());
    outputs
        .filter_map(|output| match output {
            Output::Transmit { flow, bytes } => match datagram(&bytes) {
                Ok(Some(Message::Response(response))) => Some((flow.remote, response)),
                _ => None,
            },
            _ => None,
        })
        .collect()
}

fn hear(endpoint: &mut Endpoint, flow: Flow, text: &str, now: Instant) {
    let bytes = Bytes::from(text.to_owned());
    endpoint.handle_input(Input::Datagram { flow, bytes }, now);
}

fn incoming(method: &str, via: &str, to_tag: &str, more: &str) -> String {
    format!(
        "{method} sip:us@h SIP/2.0\r\nVia: SIP/2.0/UDP {via}\r\nFrom: <sip:a@b>;tag=9\r\n\
         To: <sip:us@h>{to_tag}\r\nCall-ID: y\r\nCSeq: 1 {method}\r\n{more}\r\n"
    )
}

#[test]
fn each_network_hears_of_its_own_address_only() {
    let now = epoch();
    for (interface, host) in [(0, "192.168.1.10"), (1, "203.0.113.7")] {
        let mut endpoint = endpoint();
        let invite = send(&mut endpoint, Method::Invite, flow(interface, "10.9.9.9:5060"), now);
        assert_eq!(invite.headers.top_via().unwrap().host.to_string(), host);
        let contact = invite.headers.contact().unwrap().uri;
        assert_eq!(contact.to_string(), format!("sip:1001@{host}:5060"));
    }
}

#[test]
fn responses_go_where_via_and_rport_say() {
    let now = epoch();
    for (via, expected) in [
        ("10.0.0.9;branch=z9hG4bKx", "10.0.0.9:5060"),
        ("10.0.0.9:5070;branch=z9hG4bKx", "10.0.0.9:5070"),
        ("phone.local:5070;branch=z9hG4bKx", "10.0.0.9:5070"),
        ("192.168.0.5:5070;branch=z9hG4bKx;rport", "10.0.0.9:7777"),
    ] {
        let mut endpoint = endpoint();
        let text = incoming("OPTIONS", via, "", "");
        hear(&mut endpoint, flow(0, "10.0.0.9:7777"), &text, now);
        let (to, response) = replies(&mut endpoint).remove(0);
        assert_eq!((to.to_string().as_str(), response.status), (expected, 200), "{via}");
        let via = response.headers.top_via().unwrap();
        if via.params.has("rport") {
            assert_eq!(via.params.get("rport").unwrap(), "7777");
            assert_eq!(via.params.get("received").unwrap(), "10.0.0.9");
        }
    }
}

#[test]
fn what_it_answers_by_itself() {
    for (draining, method, to_tag, more, expected) in [
        (false, "OPTIONS", "", "", 200),
        (true, "OPTIONS", "", "", 503),
        (true, "INVITE", "", "", 503),
        (false, "BYE", ";tag=x", "", 481),
        (false, "INVITE", ";tag=x", "", 481),
        (false, "CANCEL", "", "", 481),
        (false, "INVITE", "", "Require: gruu\r\n", 420),
    ] {
        let (mut endpoint, now) = (endpoint(), epoch());
        endpoint.handle_input(Input::Draining(draining), now);
        let text = incoming(method, "10.0.0.9;branch=z9hG4bKx", to_tag, more);
        for _ in 0..2 {
            // Again, the same answer to the letter.
            hear(&mut endpoint, flow(0, "10.0.0.9:5060"), &text, now);
        }
        let all = replies(&mut endpoint);
        assert_eq!(all.len(), 2);
        assert_eq!(all[0], all[1]);
        assert_eq!(all[0].1.status, expected, "{method}");
        assert!(endpoint.is_idle(), "it kept something of {method}");
    }
}

#[test]
fn the_same_request_by_two_ways_is_merged() {
    let (mut endpoint, now) = (endpoint(), epoch());
    for branch in ["a", "b"] {
        let text = incoming("INVITE", &format!("10.0.0.9;branch=z9hG4bK{branch}"), "", "");
        hear(&mut endpoint, flow(0, "10.0.0.9:5060"), &text, now);
    }
    assert_eq!(replies(&mut endpoint).remove(0).1.status, 482);
}

#[test]
fn a_full_mailbox_is_answered_503() {
    let (mut endpoint, now) = (endpoint(), epoch());
    let text = incoming("INVITE", "10.0.0.9;branch=z9hG4bKx", "", "");
    hear(&mut endpoint, flow(0, "10.0.0.9:5060"), &text, now);
    let Some(Output::Incoming { transaction, .. }) = endpoint.poll_output() else { panic!() };
    endpoint.handle_input(Input::Refuse { transaction }, now);
    let (_, response) = replies(&mut endpoint).remove(0);
    assert_eq!(response.status, 503);
    assert!(response.headers.has(name::RETRY_AFTER));
}

#[test]
fn what_an_owner_leaves_behind_is_ended_in_its_place() {
    let (mut endpoint, now) = (endpoint(), epoch());
    let to = flow(1, "10.9.9.9:5060");
    let invite = send(&mut endpoint, Method::Invite, to, now);
    endpoint.handle_input(Input::Forget { owner: Owner(1) }, now);
    assert!(sent(&mut endpoint).is_empty(), "nothing came yet that could be cancelled");
    let answer = |endpoint: &mut Endpoint, status| {
        let mut response = Response::to_request(&invite.headers, status, "t");
        let contact = NameAddr::new("sip:gw@10.9.9.9".parse().unwrap());
        response.headers.add(name::CONTACT, contact.to_bytes());
        endpoint.handle_input(Input::Datagram { flow: to, bytes: response.to_bytes() }, now);
        let methods = sent(endpoint).into_iter().map(|(_, request)| request.method.to_string());
        methods.collect::<Vec<_>>().join(" ")
    };
    assert_eq!(answer(&mut endpoint, 180), "CANCEL");
    assert_eq!(answer(&mut endpoint, 200), "ACK BYE");
    assert_eq!(answer(&mut endpoint, 200), "ACK");
    assert_eq!(endpoint.counters().late_answers, 1);
    while let Some(at) = endpoint.poll_timeout() {
        endpoint.handle_timeout(at);
    }
    assert!(endpoint.is_idle());
}

/// Its BYE crossed ours, and whose call it was has gone before answering it: there is no such
/// dialog any more (RFC 3261 §12.2.2), which is no telephone that is switched off.
#[test]
fn a_request_of_a_dialog_whose_owner_has_gone_is_answered_481() {
    let (mut endpoint, now) = (endpoint(), epoch());
    let mut bye = request(Method::Bye);
    bye.headers.set(name::TO, "<sip:b@carrier>;tag=ours");
    bye.headers.add(name::VIA, "SIP/2.0/UDP 10.9.9.9:5060;branch=z9hG4bK1");
    bye.headers.add(name::MAX_FORWARDS, "70");
    let dialog = DialogKey::of_incoming(&bye.headers).unwrap();
    endpoint.handle_input(Input::Bind { dialog, owner: Owner(1) }, now);
    let from = flow(1, "10.9.9.9:5060");
    endpoint.handle_input(Input::Datagram { flow: from, bytes: bye.to_bytes() }, now);
    endpoint.handle_input(Input::Forget { owner: Owner(1) }, now);
    let statuses: Vec<_> = std::iter::from_fn(|| endpoint.poll_output())
        .filter_map(|output| match output {
            Output::Transmit { bytes, .. } => match datagram(&bytes) {
                Ok(Some(Message::Response(response))) => Some(response.status),
                _ => None,
            },
            _ => None,
        })
        .collect();
    assert_eq!(statuses, [481]);
}

#[test]
fn a_lost_connection_fails_what_waited_on_it() {
    let (mut endpoint, now) = (endpoint(), epoch());
    let to = flow(1, "10.9.9.9:5060");
    send(&mut endpoint, Method::Options, to, now);
    endpoint.handle_input(Input::StreamClosed { flow: to }, now);
    let failed = std::iter::from_fn(|| endpoint.poll_output()).any(|output| {
        matches!(
            output,
            Output::Deliver { event: Event::Failed { why: Failure::Transport, .. }, .. }
        )
    });
    assert!(failed && endpoint.is_idle());
}

/// RFC 3261 §26.2.2: `sips:` by a way that is not TLS is a promise that somebody has broken.
#[test]
fn a_sips_request_is_taken_over_tls_alone_and_answered_with_a_sips_contact() {
    for (transport, scheme, expected) in [
        (Transport::Udp, "sips", None),
        (Transport::Tcp, "sips", None),
        (Transport::Tls, "sips", Some("<sips:b@10.0.0.1:5061>")),
        (Transport::Tls, "sip", Some("<sip:b@10.0.0.1:5061;transport=tls>")),
        (Transport::Tcp, "sip", Some("<sip:b@10.0.0.1:5061;transport=tcp>")),
        (Transport::Udp, "sip", Some("<sip:b@10.0.0.1:5061>")),
    ] {
        let now = epoch();
        let interface =
            Interface::plain(InterfaceId(0), transport, "10.0.0.1:5061".parse().unwrap());
        let config = Config { interfaces: vec![interface], product: "test".to_owned() };
        let mut endpoint = Endpoint::new(config, 1);
        let flow = Flow {
            transport,
            interface: InterfaceId(0),
            remote: "10.0.0.9:40000".parse().unwrap(),
        };
        let text = format!(
            "INVITE {scheme}:b@10.0.0.1 SIP/2.0\r\n\
             Via: SIP/2.0/{} 10.0.0.9:5061;branch=z9hG4bKx;rport\r\n\
             From: <{scheme}:a@b>;tag=1\r\nTo: <{scheme}:b@10.0.0.1>\r\nCall-ID: x\r\n\
             CSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n",
            transport.as_str()
        );
        let bytes = Bytes::from(text);
        endpoint.handle_input(
            match transport {
                Transport::Udp => Input::Datagram { flow, bytes },
                Transport::Tcp | Transport::Tls => Input::Stream { flow, bytes },
            },
            now,
        );
        let outputs = std::iter::from_fn(|| endpoint.poll_output());
        let is_told = |output: &Output| !matches!(output, Output::Heard { .. });
        let outputs: Vec<_> = outputs.filter(is_told).collect();
        let taken = outputs.iter().find_map(|output| match output {
            Output::Incoming { transaction, request, .. } => Some((*transaction, request)),
            _ => None,
        });
        let Some((transaction, request)) = taken else {
            let Output::Transmit { bytes, .. } = &outputs[0] else { panic!("no answer") };
            assert!(bytes.starts_with(b"SIP/2.0 416"), "{transport:?} {scheme}");
            assert_eq!(expected, None, "{transport:?} {scheme}");
            continue;
        };
        let response = Box::new(Response::to_request(&request.headers, 180, "t"));
        endpoint.handle_input(Input::Respond { transaction, response }, now);
        let Some(Output::Transmit { bytes, flow: back }) = endpoint.poll_output() else {
            panic!("no answer")
        };
        assert_eq!(back, flow, "on the connection that it came by");
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        let contact = text.lines().find_map(|line| line.strip_prefix("Contact: "));
        assert_eq!(contact, expected, "{transport:?} {scheme}");
    }
}
