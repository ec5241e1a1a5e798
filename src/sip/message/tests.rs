use bytes::Bytes;

use super::*;

#[test]
fn the_tortuous_invite_is_read_as_the_rfc_lists_it() {
    let text = "INVITE sip:v@chair.example.com;unknownparam SIP/2.0\r\nTO :\r\n \
        sip:v@chair.example.com ;   tag    = 1918181833n\r\n\
        from   : \"J Rosenberg \\\\\\\"\"       <sip:jdrosen@example.com>\r\n  ;\r\n  tag = 98asjd8\r\n\
        MaX-fOrWaRdS: 0068\r\nCall-ID: wsinv.1@192.0.2.1\r\ncseq: 0009\r\n  INVITE\r\n\
        Via  : SIP  /   2.0\r\n /UDP\r\n    192.0.2.2;branch=390skdjuw\r\ns :\r\n\
        v:  SIP  / 2.0  / TCP     spindle.example.com   ;\r\n  branch  =   z9hG4bK9ikj8  ,\r\n \
        SIP  /    2.0   / UDP  192.168.255.111   ; branch=\r\n z9hG4bK30239\r\n\
        m:\"Quoted string \\\"\\\"\" <sip:jdrosen@example.com> ; newparam =\r\n      newvalue ;\r\n  \
        secondparam ; q = 0.33\r\n\r\n";
    let Ok(Some(Message::Request(request))) = datagram(&Bytes::from(text)) else { panic!() };
    let headers = &request.headers;
    assert_eq!(headers.to().unwrap().tag().unwrap(), "1918181833n");
    assert_eq!(headers.from().unwrap().display(), "J Rosenberg \\\"");
    assert_eq!(headers.cseq().unwrap().number, 9);
    assert_eq!(headers.text("Subject").unwrap(), "");
    assert_eq!(headers.list(name::VIA).count(), 3);
    assert_eq!(headers.top_via().unwrap().to_string(), "SIP/2.0/UDP 192.0.2.2;branch=390skdjuw");
    let contact = headers.contact().unwrap();
    assert_eq!(contact.params.get("newparam").unwrap(), "newvalue");
    assert_eq!(contact.params.get("q").unwrap(), "0.33");
    assert_eq!(contact.display(), "Quoted string \"\"");
}

#[test]
fn uris_come_out_as_they_went_in() {
    for text in [
        "sip:example.com",
        "sips:a:secret@example.com:5061;transport=tcp;lr",
        "sip:sips%3Auser%40example.com@example.net",
        "sip:null-%00-null@example.com",
        "sip:[2001:db8::10]:5070",
        "sip:a@example.com?Route=%3Csip:b%3E",
        "tel:+8613800138000;phone-context=cn",
        "soap.beep://192.0.2.103:3002",
    ] {
        assert_eq!(text.parse::<Uri>().unwrap().to_string(), text);
    }
    let escaped: Uri = "sip:sips%3Auser%40example.com@example.net".parse().unwrap();
    assert_eq!(escaped.user().unwrap(), "sips:user@example.com");
}

#[test]
fn what_is_no_uri_is_refused() {
    for text in [
        "",
        "sip",
        "sip:",
        "sip:@b",
        "sip:a@",
        "sip:a b@c",
        "sip:a@b:0",
        "sip:a@b:99999",
        "sip:2001:db8::10",
        "sip:a@[2001:db8:::1]",
        "sip:a@b;;x",
        "sip:a\r\n@b",
        "<sip:a@b>",
        "tel:",
        "sip:%4@b",
        "1sip:a@b",
    ] {
        assert!(text.parse::<Uri>().is_err(), "{text:?}");
    }
}

#[test]
fn nothing_that_is_put_in_can_end_its_line() {
    let mut request = Request::new(Method::Info, "sip:a@b".parse().unwrap());
    assert!(request.headers.try_add("X-Note", "a\r\nEvil: yes").is_err());
    assert!(request.headers.try_add("X: y\r\nZ", "a").is_err());
    assert!(request.headers.try_add("X-Note", "nul\0").is_err());
    request.headers.add("X-Careless", "a\r\nEvil: yes");
    let text = String::from_utf8(request.to_bytes().to_vec()).unwrap();
    assert!(!text.contains("\nEvil"), "{text}");
}

#[test]
fn debug_output_shows_neither_numbers_nor_digits() {
    let text = "INFO sip:13800138000@10.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bKx\r\n\
        From: \"13800138000\" <sip:13800138000@b>;tag=1\r\nTo: <tel:13800138000>;tag=2\r\n\
        Call-ID: x\r\nCSeq: 1 INFO\r\nAuthorization: Digest response=\"13800138000\"\r\n\
        Content-Type: application/dtmf\r\nContent-Length: 11\r\n\r\n13800138000";
    let Ok(Some(Message::Request(request))) = datagram(&Bytes::from(text)) else { panic!() };
    let shown = format!(
        "{request:?} {:?} {:?} {:?} {:?}",
        request.headers,
        request.headers.from(),
        request.headers.to(),
        Response::to_request(&request.headers, 200, "")
    );
    assert!(!shown.contains("138"), "{shown}");
}

#[test]
fn a_stream_may_be_cut_anywhere() {
    let one = "OPTIONS sip:a@b SIP/2.0\r\nVia: SIP/2.0/TCP h;branch=z9hG4bKx\r\nFrom: <sip:a@b>;tag=1\r\n\
        To: <sip:a@b>\r\nCall-ID: x\r\nCSeq: 1 OPTIONS\r\nl: 4\r\n\r\nbody";
    let stream = format!("\r\n{one}\r\n\r\n{one}");
    for step in 1..stream.len() {
        let mut buffer = StreamBuffer::default();
        let (mut messages, mut pings) = (0, 0);
        for piece in stream.as_bytes().chunks(step) {
            buffer.push(piece);
            while let Some(framed) = buffer.next_message() {
                match framed {
                    Framed::Message(Message::Request(request)) => {
                        assert_eq!(request.body, "body");
                        messages += 1;
                    }
                    Framed::Ping => pings += 1,
                    other => panic!("{other:?}"),
                }
            }
        }
        assert_eq!(messages, 2, "in pieces of {step}");
        assert!(pings <= 1 && !buffer.is_partial());
    }
}

#[test]
fn the_description_is_found_in_a_multipart_body() {
    let body = Bytes::from(
        "--b1\r\nContent-Type: application/isup\r\n\r\n\u{1}\u{2}\r\n--b1\r\n\
         Content-Type: application/sdp\r\n\r\nv=0\r\n\r\n--b1--\r\n",
    );
    let mut headers = Headers::default();
    headers.add(name::CONTENT_TYPE, "multipart/mixed;boundary=b1");
    assert_eq!(body_of(&headers, &body, "application/sdp").unwrap(), "v=0\r\n");
    assert_eq!(body_of(&headers, &body, "text/plain"), None);
}

#[test]
fn limits_hold() {
    let many =
        format!("OPTIONS sip:a SIP/2.0\r\nVia: SIP/2.0/UDP h\r\n{}\r\n", "X: y\r\n".repeat(300));
    assert_eq!(datagram(&Bytes::from(many)).unwrap_err().error, ParseError::TooManyHeaders(200));
    let mut buffer = StreamBuffer::default();
    buffer.push(format!("OPTIONS sip:a SIP/2.0\r\nX: {}", "y".repeat(70_000)).as_bytes());
    assert!(matches!(buffer.next_message(), Some(Framed::Broken { closes: true, .. })));
}
