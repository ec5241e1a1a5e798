use super::*;
use crate::{base::epoch, sip::message::Method};

#[test]
fn reliable_responses_are_taken_once_and_in_order() {
    let mut receiver = ReliableReceiver::default();
    for (rseq, expected) in [
        ("", Order::Unreliable),
        ("7", Order::Next(7)),
        ("7", Order::Skip),
        ("9", Order::Skip),
        ("8", Order::Next(8)),
        ("many", Order::Unreliable),
    ] {
        let mut response = Response::to_request(&Headers::default(), 183, "t");
        if !rseq.is_empty() {
            response.headers.add(name::REQUIRE, "100rel");
            response.headers.add(name::RSEQ, rseq.to_owned());
        }
        assert_eq!(receiver.judge(&response), expected, "{rseq}");
    }
}

#[test]
fn a_reliable_response_is_repeated_until_its_prack() {
    let epoch = epoch();
    let mut sender = ReliableSender::new(1);
    let mut response = Response::to_request(&Headers::default(), 183, "t");
    sender.send(&mut response, epoch);
    let mut times = Vec::new();
    while let Some(at) = sender.poll_timeout() {
        match sender.handle_timeout(at) {
            Some(Resend::Again(_)) => times.push((at - epoch).as_secs_f64()),
            Some(Resend::GiveUp) => assert_eq!((at - epoch).as_secs(), 32),
            None => panic!("woken for nothing"),
        }
    }
    assert_eq!(times, [0.5, 1.5, 3.5, 7.5, 15.5, 31.5]);
}

#[test]
fn only_the_prack_of_the_waiting_response_counts() {
    let mut sender = ReliableSender::new(16);
    let mut invite = Headers::default();
    invite.add(name::CSEQ, "1 INVITE");
    let mut response = Response::to_request(&invite, 183, "t");
    sender.send(&mut response, epoch());
    assert_eq!(response.headers.text(name::RSEQ).unwrap(), "17");
    for (rack, expected) in [
        ("16 1 INVITE", false),
        ("17 1 UPDATE", false),
        ("17 2 INVITE", false),
        ("17", false),
        ("17 1 INVITE", true),
        ("17 1 INVITE", false),
    ] {
        let mut prack = Request::new(Method::Prack, "sip:a@b".parse().unwrap());
        prack.headers.add(name::RACK, rack);
        assert_eq!(sender.confirm(&prack), expected, "{rack}");
    }
}
