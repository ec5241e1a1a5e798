use super::*;

mod srtp;

const HEAD: &str = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n";

fn local() -> LocalMedia {
    LocalMedia {
        rtp: "10.0.0.1:40000".parse().unwrap(),
        rtcp: None,
        codecs: vec![Codec::Pcma, Codec::Pcmu],
        telephone_event: Some(101),
        ptime_ms: 20,
        srtp: None,
    }
}

/// What we make of an offer: where we send, with which numbers, which way; or the error.
fn outcome(offer: &str) -> String {
    let mut session = SdpSession::new(1, local());
    match Description::parse(offer.as_bytes()).and_then(|offer| session.answer(&offer)) {
        Err(error) => error.to_string(),
        Ok((_, media)) => {
            let way = media.direction.attribute();
            let event = media.telephone_event.map(|n| format!(" te={n}")).unwrap_or_default();
            format!("{} {:?}={}{event} {way}", media.remote_rtp, media.codec, media.payload_type)
        }
    }
}

#[test]
fn offers_are_understood_as_peers_write_them() {
    for (media, expected) in [
        ("m=audio 6000 RTP/AVP 8 0\r\n", "192.0.2.1:6000 Pcma=8 sendrecv"),
        ("m=audio 6000 RTP/AVP 0 8\r\n", "192.0.2.1:6000 Pcma=8 sendrecv"),
        ("m=audio 6000 RTP/AVP 0\r\n", "192.0.2.1:6000 Pcmu=0 sendrecv"),
        (
            "m=audio 6000 RTP/AVP 96 8\r\na=rtpmap:96 pcma/8000/1\r\n",
            "192.0.2.1:6000 Pcma=96 sendrecv",
        ),
        (
            "m=audio 6000 RTP/AVP 8 97 96\r\na=rtpmap:97 telephone-event/16000\r\n\
             a=rtpmap:96 telephone-event/8000\r\n",
            "192.0.2.1:6000 Pcma=8 te=96 sendrecv",
        ),
        ("m=audio 6000 RTP/AVP 8\r\na=sendonly\r\n", "192.0.2.1:6000 Pcma=8 recvonly"),
        ("m=audio 6000 RTP/AVP 8\r\na=recvonly\r\n", "192.0.2.1:6000 Pcma=8 sendonly"),
        ("m=audio 6000 RTP/AVP 8\r\na=inactive\r\n", "192.0.2.1:6000 Pcma=8 inactive"),
        ("m=audio 6000 RTP/AVP 8\r\nc=IN IP4 0.0.0.0\r\n", "0.0.0.0:6000 Pcma=8 recvonly"),
        ("m=audio 6000 RTP/AVP 8\r\nc=IN IP4 192.0.2.9\r\n", "192.0.2.9:6000 Pcma=8 sendrecv"),
        (
            "m=audio 6000 RTP/AVP 8\r\nc=IN IP6 2001:db8::1\r\n",
            "[2001:db8::1]:6000 Pcma=8 sendrecv",
        ),
        ("a=sendonly\r\nm=audio 6000 RTP/AVP 8\r\n", "192.0.2.1:6000 Pcma=8 recvonly"),
        ("m=audio 6000 RTP/AVP 18\r\n", "no codec in common"),
        ("m=audio 6000 RTP/AVP 8\r\na=rtpmap:8 G729/8000\r\n", "no codec in common"),
        ("m=audio 6000 RTP/SAVP 8\r\n", "no audio stream over RTP/AVP"),
        ("m=audio 0 RTP/AVP 8\r\n", "no audio stream over RTP/AVP"),
        ("m=video 6000 RTP/AVP 31\r\n", "no audio stream over RTP/AVP"),
        (
            "m=audio 6000 RTP/AVP 8\r\nc=IN IP4 host.example.com\r\n",
            "the audio stream has no usable address",
        ),
        ("m =audio 6000 RTP/AVP 8\r\n", "the session description cannot be read"),
        ("m=audio x RTP/AVP 8\r\n", "the session description cannot be read"),
        ("", "no audio stream over RTP/AVP"),
    ] {
        assert_eq!(outcome(&format!("{HEAD}{media}")), expected, "{media}");
    }
}

#[test]
fn what_we_do_not_use_may_be_wrong() {
    for text in [
        "v=0\nc=IN IP4 192.0.2.1\nm=audio 6000 RTP/AVP 8\n",
        "v=0\r\ns=\r\nt=now\r\nm=audio 6000 RTP/AVP 8\r\na=x\r\nc=IN IP4 192.0.2.1\r\n",
        "v=0\r\no=\u{fffd}\r\nz=1\r\nb=odd\r\nk=\r\nc=IN IP4 192.0.2.1\r\nm=audio 6000 RTP/AVP 8\r\n",
    ] {
        assert_eq!(outcome(text), "192.0.2.1:6000 Pcma=8 sendrecv", "{text}");
    }
    assert_eq!(outcome("hello"), "the session description cannot be read");
}

#[test]
fn every_media_line_is_answered_in_its_place() {
    let offer = format!(
        "{HEAD}m=video 6002 RTP/AVP 31 32\r\nm=audio 6000 RTP/AVP 0 8 96\r\n\
         a=rtpmap:96 telephone-event/8000\r\na=sendonly\r\nm=audio 6004 RTP/AVP 8\r\n"
    );
    let mut session = SdpSession::new(5, local());
    let (answer, _) = session.answer(&Description::parse(offer.as_bytes()).unwrap()).unwrap();
    let answer = String::from_utf8_lossy(&answer).into_owned();
    assert_eq!(
        answer,
        "v=0\r\no=- 5 1 IN IP4 10.0.0.1\r\ns=-\r\nc=IN IP4 10.0.0.1\r\nt=0 0\r\n\
         m=video 0 RTP/AVP 31\r\nm=audio 40000 RTP/AVP 8 0 96\r\na=rtpmap:8 PCMA/8000\r\n\
         a=rtpmap:0 PCMU/8000\r\na=rtpmap:96 telephone-event/8000\r\na=fmtp:96 0-15\r\n\
         a=ptime:20\r\na=recvonly\r\nm=audio 0 RTP/AVP 8\r\n"
    );
    // An offer of ours later keeps the lines and the peer's numbers.
    let offer = String::from_utf8_lossy(&session.offer()).into_owned();
    assert!(offer.contains("o=- 5 2 "), "{offer}");
    assert!(offer.contains("m=video 0 ") && offer.contains("RTP/AVP 8 0 96"), "{offer}");
    assert_eq!(session.offer(), offer, "the version rises only when something is new");
}

#[test]
fn each_side_sends_under_the_numbers_of_the_other() {
    let mut session = SdpSession::new(1, local());
    session.offer();
    let answer = format!(
        "{HEAD}m=audio 6000 RTP/AVP 0 96\r\na=rtpmap:96 telephone-event/8000\r\na=ptime:30\r\n\
         a=rtcp:7001 IN IP4 192.0.2.7\r\n"
    );
    let media = session.accept(&Description::parse(answer.as_bytes()).unwrap()).unwrap();
    assert_eq!((media.codec, media.payload_type), (Codec::Pcmu, 0));
    assert_eq!((media.telephone_event, media.telephone_event_received), (Some(96), Some(101)));
    assert_eq!(media.receives, [(8, Codec::Pcma), (0, Codec::Pcmu)]);
    assert_eq!((media.ptime_ms, media.remote_rtcp), (30, "192.0.2.7:7001".parse().unwrap()));
}

#[test]
fn ipv6_is_written_as_such() {
    let rtp = "[2001:db8::1]:40000".parse().unwrap();
    let mut session = SdpSession::new(1, LocalMedia { rtp, ..local() });
    let offer = String::from_utf8_lossy(&session.offer()).into_owned();
    assert!(offer.contains("c=IN IP6 2001:db8::1\r\n"), "{offer}");
}
