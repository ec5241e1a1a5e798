//! Peers that say anything at any time.

use rand::{Rng, SeedableRng, rngs::StdRng};

use super::{
    TIMER,
    scripted::{SDP, Scripted},
};
use crate::{
    base::{Key, Machine},
    sip::{
        endpoint::{Input as EndpointInput, Owner},
        invite::{Command, Leg, Reliable},
        message::{Message, Method, Request},
    },
};

const SEEDS: u64 = 1_000;

#[test]
fn whatever_a_peer_says_a_call_ends_and_nothing_is_left() {
    for seed in 0..SEEDS {
        let mut rng = StdRng::seed_from_u64(seed);
        let mut call = begin(&mut rng);
        let mut heard = Vec::new();
        for _ in 0..rng.random_range(1..30) {
            heard.extend(call.take_sent());
            match rng.random_range(0..4) {
                0 => call.command(command(&mut rng)),
                1 => call.after(rng.random_range(0.0..20.0)),
                2 => reply(&mut call, &heard, &mut rng),
                _ => ask(&mut call, &heard, &mut rng),
            }
        }
        call.command(Command::Bye { cause: None });
        call.after(700.0);
        let is_over = call.leg.as_ref().is_none_or(Leg::is_over);
        assert!(is_over, "seed {seed}: the call goes on\n{}", call.story());
        let ends = call.story().matches("ended").count();
        assert!(ends == usize::from(call.leg.is_some()), "seed {seed}\n{}", call.story());
        call.endpoint.handle_input(EndpointInput::Forget { owner: Owner(1) }, call.now);
        call.after(700.0);
        assert!(call.endpoint.is_idle(), "seed {seed}: something is left\n{}", call.story());
    }
}

fn begin(rng: &mut StdRng) -> Scripted {
    if rng.random() {
        return Scripted::call(|call| {
            call.session_timer = Some(TIMER);
            call.reliable = Reliable::Supported;
        });
    }
    let mut call = Scripted::new();
    call.timer = Some(TIMER);
    let ids = ("<sip:us@10.0.0.1>", "<sip:1@carrier.example>;tag=x", "call-1");
    let require = if rng.random() { "100rel" } else { "timer" };
    let sdp = if rng.random() { SDP } else { "" };
    call.request("INVITE", 1, ids, &[("Require", require)], ("application/sdp", sdp));
    call
}

fn command(rng: &mut StdRng) -> Command {
    match rng.random_range(0..9) {
        0 => Command::Ring,
        1 => Command::Progress,
        2 | 3 => Command::Answer,
        4 => Command::Reject { status: rng.random_range(0..800), cause: Some(17) },
        5 => Command::Cancel,
        6 => Command::Hold(rng.random()),
        7 => Command::SendKey(Key::from_event(rng.random_range(0..16)).unwrap()),
        _ => Command::ReInvite(super::media("10.0.0.1:40002")),
    }
}

/// Any status to any request of ours, with any tag.
fn reply(call: &mut Scripted, heard: &[Message], rng: &mut StdRng) {
    let requests: Vec<&Request> = heard
        .iter()
        .filter_map(|message| match message {
            Message::Request(request) if request.method != Method::Ack => Some(request),
            _ => None,
        })
        .collect();
    let Some(request) = requests.get(rng.random_range(0..requests.len().max(1))) else { return };
    let statuses = [100, 180, 183, 200, 200, 200, 302, 401, 407, 408, 422, 481, 486, 491, 503];
    let status = statuses[rng.random_range(0..statuses.len())];
    let tag = ["a", "b", ""][rng.random_range(0..3)];
    let rseq = rng.random_range(0..4).to_string();
    let headers = [
        ("Require", if rng.random() { "100rel" } else { "timer" }),
        ("RSeq", rseq.as_str()),
        ("Session-Expires", if rng.random() { "90;refresher=uac" } else { "100;refresher=uas" }),
        ("Min-SE", "2000"),
        ("Allow", if rng.random() { "UPDATE" } else { "BYE" }),
        ("WWW-Authenticate", "Digest realm=\"r\", nonce=\"1\""),
    ];
    let sdp = ["", SDP, "v=0\r\nnonsense\r\n"][rng.random_range(0..3)];
    call.reply(request, status, tag, &headers, sdp);
}

/// Any request within the dialog, or beside it.
fn ask(call: &mut Scripted, heard: &[Message], rng: &mut StdRng) {
    let dialog = heard.iter().rev().find_map(|message| {
        let (headers, ours) = match message {
            Message::Request(request) => (&request.headers, true),
            Message::Response(response) => (&response.headers, false),
        };
        let (from, to) = (headers.text("From")?, headers.text("To")?);
        let (local, remote) = if ours { (from, to) } else { (to, from) };
        let remote = if remote.contains("tag=") { remote } else { format!("{remote};tag=a") };
        Some((local, remote, headers.text("Call-ID")?))
    });
    let Some((local, remote, call_id)) = dialog else { return };
    let methods = ["BYE", "INVITE", "ACK", "UPDATE", "PRACK", "INFO", "CANCEL", "OPTIONS"];
    let method = methods[rng.random_range(0..methods.len())];
    let sdp = ["", SDP, SDP, "v=0\r\nm=audio 1 RTP/AVP 18\r\n"][rng.random_range(0..4)];
    let rack = format!("{} 1 INVITE", rng.random_range(0..20));
    let headers = [("RAck", rack.as_str()), ("Session-Expires", "90"), ("Supported", "timer")];
    let number = rng.random_range(1..12);
    let ids = (local.as_str(), remote.as_str(), call_id.as_str());
    call.request(method, number, ids, &headers, ("application/sdp", sdp));
}
