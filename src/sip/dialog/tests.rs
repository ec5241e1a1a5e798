use super::*;

fn invite() -> Request {
    let mut invite = Request::new(Method::Invite, "sip:b@carrier".parse().unwrap());
    for (name, value) in [
        ("From", "<sip:a@us>;tag=1"),
        ("To", "<sip:b@carrier>"),
        ("Call-ID", "x"),
        ("CSeq", "5 INVITE"),
    ] {
        invite.headers.add(name, value);
    }
    invite
}

#[test]
fn requests_go_through_the_recorded_proxies() {
    for (record_route, uri, routes) in [
        (None, "sip:gw@10.2.2.2", vec![]),
        (Some("<sip:p1;lr>, <sip:p2;lr>"), "sip:gw@10.2.2.2", vec!["<sip:p2;lr>", "<sip:p1;lr>"]),
        // A strict router takes the place of the target (RFC 3261 §12.2.1.1).
        (Some("<sip:p1>, <sip:p2>"), "sip:p2", vec!["<sip:p1>", "<sip:gw@10.2.2.2>"]),
    ] {
        let mut response = Response::to_request(&invite().headers, 200, "2");
        response.headers.add(name::CONTACT, "<sip:gw@10.2.2.2>");
        record_route.into_iter().for_each(|value| response.headers.add(name::RECORD_ROUTE, value));
        let mut dialog = Dialog::at_caller(&invite(), &response).unwrap();
        let bye = dialog.request(Method::Bye);
        assert_eq!(bye.uri.to_string(), uri);
        let found: Vec<_> = bye.headers.all(name::ROUTE).map(String::from_utf8_lossy).collect();
        assert_eq!(found, routes);
        assert_eq!(bye.headers.text(name::CSEQ).unwrap(), "6 BYE");
        assert_eq!(dialog.ack(5).headers.text(name::CSEQ).unwrap(), "5 ACK");
    }
}

#[test]
fn requests_of_the_peer_must_come_in_order() {
    let mut dialog = Dialog::at_callee(&invite(), "2", 1).unwrap();
    for (number, accepted) in [(5, false), (6, true), (6, false), (9, true), (7, false)] {
        let mut request = Request::new(Method::Info, "sip:us".parse().unwrap());
        request.headers.add(name::CSEQ, format!("{number} INFO"));
        assert_eq!(dialog.accepts(&request), accepted, "{number}");
    }
}
