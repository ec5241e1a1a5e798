use super::{
    TIMER,
    scripted::{PEER, SDP, Scripted},
};
use crate::sip::{
    auth::Credentials,
    invite::{Command, Reliable},
    message::{Method, Request, name},
    session_timer::SessionTimerConfig,
};

/// From, To and Call-ID of the peer's requests within a dialog that we began.
fn ids(invite: &Request, tag: &str) -> (String, String, String) {
    let text = |name: &str| invite.headers.text(name).unwrap();
    (text(name::FROM), format!("{};tag={tag}", text(name::TO)), text(name::CALL_ID))
}

macro_rules! within {
    ($ids:expr) => {
        ($ids.0.as_str(), $ids.1.as_str(), $ids.2.as_str())
    };
}

#[test]
fn a_180_with_100rel_after_a_183_is_pracked() {
    let mut carrier = Scripted::call(|_| {});
    let invite = carrier.expect(Method::Invite);
    let rel = |rseq| [("Require", "100rel"), ("RSeq", rseq)];
    carrier.reply(&invite, 183, "a", &rel("7"), SDP);
    let prack = carrier.expect(Method::Prack);
    assert_eq!(prack.headers.text(name::RACK).unwrap(), "7 1 INVITE");
    carrier.reply(&prack, 200, "a", &[], "");
    // Repeated, because the PRACK was slow: neither told nor PRACKed again.
    carrier.reply(&invite, 183, "a", &rel("7"), SDP);
    carrier.expect_silence();
    carrier.reply(&invite, 180, "a", &rel("8"), "");
    let prack = carrier.expect(Method::Prack);
    assert_eq!(prack.headers.text(name::RACK).unwrap(), "8 1 INVITE");
    carrier.check(
        "
        0.0 ringing 183
        0.0 early 183 10.0.0.9:6000 Pcma both
        0.0 ringing 180
        ",
    );
}

#[test]
fn a_180_with_sdp_is_early_media_and_a_200_without_keeps_it() {
    let mut carrier = Scripted::call(|call| call.reliable = Reliable::No);
    let invite = carrier.expect(Method::Invite);
    carrier.reply(&invite, 180, "a", &[], SDP);
    carrier.reply(&invite, 183, "a", &[], "");
    carrier.reply(&invite, 200, "a", &[], "");
    carrier.expect(Method::Ack);
    carrier.check(
        "
        0.0 ringing 180
        0.0 early 180 10.0.0.9:6000 Pcma both
        0.0 ringing 183
        0.0 answered 10.0.0.9:6000 Pcma both
        ",
    );
}

#[test]
fn an_update_in_an_early_dialog_is_answered() {
    let mut carrier = Scripted::call(|_| {});
    let invite = carrier.expect(Method::Invite);
    carrier.reply(&invite, 183, "a", &[("Require", "100rel"), ("RSeq", "1")], SDP);
    carrier.expect(Method::Prack);
    let ids = ids(&invite, "a");
    let moved = SDP.replace("6000", "7000");
    carrier.request("UPDATE", 1, within!(ids), &[], ("application/sdp", &moved));
    let answer = carrier.expect_status(200);
    assert!(String::from_utf8_lossy(&answer.body).contains("m=audio 40000 RTP/AVP 8 97"));
    carrier.check(
        "
        0.0 ringing 183
        0.0 early 183 10.0.0.9:6000 Pcma both
        0.0 media 10.0.0.9:7000 Pcma both
        ",
    );
}

#[test]
fn of_a_fork_one_call_stays_and_the_others_get_bye() {
    let mut carrier = Scripted::call(|_| {});
    let invite = carrier.expect(Method::Invite);
    for tag in ["a", "b"] {
        carrier.reply(&invite, 180, tag, &[], "");
    }
    carrier.reply(&invite, 200, "b", &[], SDP);
    assert_eq!(carrier.expect(Method::Ack).headers.to().unwrap().tag().unwrap(), "b");
    carrier.reply(&invite, 200, "a", &[], SDP);
    assert_eq!(carrier.expect(Method::Ack).headers.to().unwrap().tag().unwrap(), "a");
    let bye = carrier.expect(Method::Bye);
    assert_eq!(bye.headers.to().unwrap().tag().unwrap(), "a");
    carrier.reply(&bye, 200, "a", &[], "");
    // Both answers again: both are acknowledged again, and nothing else happens.
    for tag in ["a", "b"] {
        carrier.reply(&invite, 200, tag, &[], SDP);
        assert_eq!(carrier.expect(Method::Ack).headers.to().unwrap().tag().unwrap(), tag);
        carrier.expect_silence();
    }
    assert!(carrier.leg.as_ref().unwrap().is_up());
}

#[test]
fn a_200_after_our_ring_timeout_is_acknowledged_and_ended() {
    let mut carrier = Scripted::call(|_| {});
    let invite = carrier.expect(Method::Invite);
    carrier.reply(&invite, 180, "a", &[], "");
    carrier.after(30.0);
    carrier.command(Command::Cancel);
    let cancel = carrier.expect(Method::Cancel);
    assert_eq!(cancel.headers.top_via().unwrap(), invite.headers.top_via().unwrap());
    carrier.reply(&cancel, 200, "a", &[], "");
    carrier.reply(&invite, 200, "a", &[], SDP);
    carrier.expect(Method::Ack);
    let bye = carrier.expect(Method::Bye);
    assert_eq!(bye.uri.to_string(), format!("sip:a@{PEER}"));
    carrier.check("0.0 ringing 180\n30.0 ended by Us 200 cancelled late");
}

#[test]
fn a_carrier_that_ignores_cancel_is_given_up() {
    let mut carrier = Scripted::call(|_| {});
    let invite = carrier.expect(Method::Invite);
    carrier.reply(&invite, 180, "a", &[], "");
    carrier.command(Command::Cancel);
    carrier.after(40.0);
    carrier.check("0.0 ringing 180\n32.0 ended by Us cancelled");
}

#[test]
fn a_407_is_answered_once_and_a_stale_nonce_once_more() {
    let credentials = Credentials {
        username: "1001".to_owned(),
        password: "secret".to_owned(),
        realm: Some("ims.example".to_owned()),
    };
    let mut carrier = Scripted::call(|call| call.credentials = Some(credentials));
    let challenge = |nonce: &str, more: &str| {
        format!("Digest realm=\"ims.example\", nonce=\"{nonce}\", qop=\"auth\"{more}")
    };
    let invite = carrier.expect(Method::Invite);
    carrier.reply(&invite, 407, "a", &[("Proxy-Authenticate", &challenge("1", ""))], "");
    carrier.expect(Method::Ack);
    let second = carrier.expect(Method::Invite);
    assert_eq!(second.headers.cseq().unwrap().number, 2);
    assert_ne!(second.headers.top_via().unwrap(), invite.headers.top_via().unwrap());
    let stale = challenge("2", ", stale=true");
    carrier.reply(&second, 407, "a", &[("Proxy-Authenticate", &stale)], "");
    carrier.expect(Method::Ack);
    let third = carrier.expect(Method::Invite);
    carrier.reply(&third, 407, "a", &[("Proxy-Authenticate", &challenge("3", ""))], "");
    carrier.expect(Method::Ack);
    carrier.expect_silence();
    carrier.check("0.0 ended by Them 407");
}

#[test]
fn a_challenge_of_another_realm_gets_no_credentials() {
    let credentials = Credentials {
        username: "1001".to_owned(),
        password: "secret".to_owned(),
        realm: Some("ims.example".to_owned()),
    };
    let mut carrier = Scripted::call(|call| call.credentials = Some(credentials));
    let invite = carrier.expect(Method::Invite);
    let challenge = [("WWW-Authenticate", "Digest realm=\"evil.example\", nonce=\"1\"")];
    carrier.reply(&invite, 401, "a", &challenge, "");
    carrier.expect(Method::Ack);
    carrier.expect_silence();
    carrier.check("0.0 ended by Them 401");
}

#[test]
fn a_422_raises_the_session_timer() {
    let timer = SessionTimerConfig { expires_s: 600, ..TIMER };
    let mut carrier = Scripted::call(|call| call.session_timer = Some(timer));
    let invite = carrier.expect(Method::Invite);
    assert_eq!(invite.headers.text(name::SESSION_EXPIRES).unwrap(), "600");
    carrier.reply(&invite, 422, "a", &[("Min-SE", "1800")], "");
    carrier.expect(Method::Ack);
    let second = carrier.expect(Method::Invite);
    assert_eq!(second.headers.text(name::SESSION_EXPIRES).unwrap(), "1800");
}

#[test]
fn a_refresh_that_gets_no_reply_ends_the_call() {
    let timer = SessionTimerConfig { expires_s: 200, ..TIMER };
    let mut carrier = Scripted::call(|call| call.session_timer = Some(timer));
    let invite = carrier.expect(Method::Invite);
    let headers = [("Session-Expires", "200;refresher=uac"), ("Allow", "INVITE, UPDATE, BYE")];
    carrier.reply(&invite, 200, "a", &headers, SDP);
    carrier.expect(Method::Ack);
    carrier.after(100.0);
    let update = carrier.expect(Method::Update);
    assert!(update.body.is_empty());
    carrier.reply(&update, 200, "a", &headers, "");
    carrier.after(100.0);
    carrier.expect(Method::Update);
    carrier.after(32.0);
    carrier.check("0.0 answered 10.0.0.9:6000 Pcma both\n232.0 ended by Timeout 200 answered");
}

#[test]
fn a_peer_without_update_is_refreshed_by_reinvite() {
    let timer = SessionTimerConfig { expires_s: 200, ..TIMER };
    let mut carrier = Scripted::call(|call| call.session_timer = Some(timer));
    let invite = carrier.expect(Method::Invite);
    carrier.reply(&invite, 200, "a", &[("Session-Expires", "200;refresher=uac")], SDP);
    carrier.expect(Method::Ack);
    carrier.after(100.0);
    let again = carrier.expect(Method::Invite);
    // Nothing is new: the same description under the same version.
    assert_eq!(again.body, invite.body);
}

#[test]
fn a_session_that_the_peer_does_not_refresh_ends() {
    let mut carrier = Scripted::call(|call| call.session_timer = Some(TIMER));
    let invite = carrier.expect(Method::Invite);
    carrier.reply(&invite, 200, "a", &[("Session-Expires", "90;refresher=uas")], SDP);
    carrier.expect(Method::Ack);
    carrier.after(61.0);
    carrier.expect(Method::Bye);
    carrier.check("0.0 answered 10.0.0.9:6000 Pcma both\n60.0 ended by Timeout 200 answered");
}

#[test]
fn glare_is_waited_out_and_the_offer_is_made_again() {
    let mut carrier = Scripted::call(|_| {});
    let invite = carrier.expect(Method::Invite);
    carrier.reply(&invite, 200, "a", &[], SDP);
    carrier.expect(Method::Ack);
    carrier.command(Command::Hold(true));
    let ours = carrier.expect(Method::Invite);
    let ids = ids(&invite, "a");
    carrier.request("INVITE", 1, within!(ids), &[], ("application/sdp", SDP));
    carrier.expect_status(491);
    carrier.request("ACK", 1, within!(ids), &[], ("", ""));
    carrier.reply(&ours, 491, "a", &[], "");
    carrier.expect(Method::Ack);
    carrier.after(2.0);
    carrier.expect_silence();
    carrier.after(2.1);
    let again = carrier.expect(Method::Invite);
    assert!(String::from_utf8_lossy(&again.body).contains("a=sendonly"));
}

#[test]
fn hold_by_address_codec_change_and_return() {
    let mut carrier = Scripted::call(|_| {});
    let invite = carrier.expect(Method::Invite);
    carrier.reply(&invite, 200, "a", &[], SDP);
    carrier.expect(Method::Ack);
    let ids = ids(&invite, "a");
    let hold = SDP.replace("c=IN IP4 10.0.0.9", "c=IN IP4 0.0.0.0");
    let changed = SDP.replace("RTP/AVP 8 97", "RTP/AVP 0 97");
    for (number, sdp) in [(1, hold.as_str()), (2, changed.as_str())] {
        carrier.request("INVITE", number, within!(ids), &[], ("application/sdp", sdp));
        carrier.expect_status(200);
        carrier.request("ACK", number, within!(ids), &[], ("", ""));
    }
    carrier.check(
        "
        0.0 answered 10.0.0.9:6000 Pcma both
        0.0 media 0.0.0.0:6000 Pcma receive
        0.0 confirmed
        0.0 media 10.0.0.9:6000 Pcmu both
        0.0 confirmed
        ",
    );
}

#[test]
fn an_invite_without_offer_gets_ours_and_the_ack_brings_the_answer() {
    let mut carrier = Scripted::new();
    let ids = ("<sip:us@10.0.0.1>", "<sip:13800138000@carrier.example>;tag=x", "call-1");
    carrier.request("INVITE", 1, ids, &[], ("", ""));
    carrier.command(Command::Answer);
    let ok = carrier.expect_status(200);
    assert!(String::from_utf8_lossy(&ok.body).contains("m=audio 40000 RTP/AVP 8 0 101"));
    let local = ok.headers.text(name::TO).unwrap();
    carrier.request("ACK", 1, (&local, ids.1, ids.2), &[], ("application/sdp", SDP));
    carrier.check("0.0 confirmed\n0.0 answered 10.0.0.9:6000 Pcma both");
}

#[test]
fn a_prack_that_carries_an_offer_is_answered_with_ours() {
    let mut carrier = Scripted::new();
    let ids = ("<sip:us@10.0.0.1>", "<sip:1@carrier.example>;tag=x", "call-1");
    carrier.request("INVITE", 1, ids, &[("Require", "100rel")], ("application/sdp", SDP));
    carrier.command(Command::Progress);
    let progress = carrier.expect_status(183);
    let local = progress.headers.text(name::TO).unwrap();
    let rack = format!("{} 1 INVITE", progress.headers.text(name::RSEQ).unwrap());
    let moved = SDP.replace("6000", "7000");
    let rack = [("RAck", rack.as_str())];
    carrier.request("PRACK", 2, (&local, ids.1, ids.2), &rack, ("application/sdp", &moved));
    assert!(!carrier.expect_status(200).body.is_empty());
    carrier.check("0.0 early 183 10.0.0.9:6000 Pcma both\n0.0 media 10.0.0.9:7000 Pcma both");
}

#[test]
fn a_retransmitted_invite_and_bye_are_answered_from_memory() {
    let mut carrier = Scripted::new();
    let ids = ("<sip:us@10.0.0.1>", "<sip:1@carrier.example>;tag=x", "call-1");
    for _ in 0..3 {
        carrier.request("INVITE", 1, ids, &[], ("application/sdp", SDP));
    }
    carrier.command(Command::Answer);
    carrier.expect_status(100);
    carrier.expect_status(100);
    let ok = carrier.expect_status(200);
    let local = ok.headers.text(name::TO).unwrap();
    carrier.request("ACK", 1, (&local, ids.1, ids.2), &[], ("", ""));
    for _ in 0..2 {
        let reason = [("Reason", "Q.850;cause=16;text=\"Normal\"")];
        carrier.request("BYE", 2, (&local, ids.1, ids.2), &reason, ("", ""));
        carrier.expect_status(200);
    }
    carrier.check(
        "
        0.0 answered 10.0.0.9:6000 Pcma both
        0.0 confirmed
        0.0 ended by Them 200 q850=16 answered
        ",
    );
    // What comes later belongs to nobody.
    carrier.request("BYE", 3, (&local, ids.1, ids.2), &[], ("", ""));
    carrier.expect_status(481);
}

#[test]
fn an_offer_with_no_codec_of_ours_is_refused_488() {
    let mut carrier = Scripted::new();
    let ids = ("<sip:us@10.0.0.1>", "<sip:1@carrier.example>;tag=x", "call-1");
    let g729 = SDP.replace("RTP/AVP 8 97", "RTP/AVP 18");
    carrier.request("INVITE", 1, ids, &[], ("application/sdp", &g729));
    carrier.expect_status(488);
    carrier.check("0.0 ended by Fault 488");
}

#[test]
fn keys_come_by_info_in_both_spellings() {
    let mut carrier = Scripted::call(|_| {});
    let invite = carrier.expect(Method::Invite);
    carrier.reply(&invite, 200, "a", &[], SDP);
    let ids = ids(&invite, "a");
    carrier.expect(Method::Ack);
    for (number, kind, body, status) in [
        (1, "application/dtmf-relay", "Signal=5\r\nDuration=160\r\n", 200),
        (2, "application/dtmf-relay", "Signal= *\r\nDuration= 100\r\n", 200),
        (3, "application/dtmf", "#", 200),
        (4, "application/dtmf-relay", "Signal=11\r\n", 200),
        (5, "text/plain", "hello", 415),
    ] {
        carrier.request("INFO", number, within!(ids), &[], (kind, body));
        carrier.expect_status(status);
    }
    carrier.check(
        "
        0.0 answered 10.0.0.9:6000 Pcma both
        0.0 key 5
        0.0 key *
        0.0 key #
        0.0 key #
        ",
    );
}

#[test]
fn requests_follow_record_route_and_contact() {
    let mut carrier = Scripted::call(|_| {});
    let invite = carrier.expect(Method::Invite);
    let headers = [
        ("Record-Route", "<sip:10.0.0.9;lr>, <sip:10.1.1.1;lr>"),
        ("Contact", "<sip:gw@10.2.2.2:5070>"),
    ];
    carrier.reply(&invite, 200, "a", &headers, SDP);
    let ack = carrier.expect(Method::Ack);
    assert_eq!(ack.uri.to_string(), "sip:gw@10.2.2.2:5070");
    let routes: Vec<_> = ack.headers.all(name::ROUTE).map(String::from_utf8_lossy).collect();
    assert_eq!(routes, ["<sip:10.1.1.1;lr>", "<sip:10.0.0.9;lr>"]);
}

#[test]
fn a_phone_behind_nat_gets_our_bye_where_its_invite_came_from() {
    let mut phone = Scripted::new();
    let ids = ("<sip:us@10.0.0.1>", "<sip:8001@hospital.example>;tag=x", "call-1");
    // Of its own network, which we cannot reach.
    let contact = [("Contact", "<sip:8001@192.168.1.7:5062>")];
    phone.request("INVITE", 1, ids, &contact, ("application/sdp", SDP));
    phone.command(Command::Answer);
    let ok = phone.expect_status(200);
    let local = ok.headers.text(name::TO).unwrap();
    phone.request("ACK", 1, (&local, ids.1, ids.2), &contact, ("", ""));
    phone.command(Command::Bye { cause: None });
    let bye = phone.expect(Method::Bye);
    assert_eq!(bye.uri.to_string(), "sip:8001@192.168.1.7:5062", "its name stays its name");
    assert_eq!(phone.sent_to.unwrap().to_string(), PEER, "the way is that of its packets");
}
