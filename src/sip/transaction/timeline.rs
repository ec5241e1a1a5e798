//! The whole test vocabulary of the four transactions: what happens when, and what
//! came out when.

use std::time::{Duration, Instant};

use bytes::Bytes;

use super::*;
use crate::{
    base::{Machine, epoch},
    sip::message::{Headers, Message, Method, Request, datagram},
};

#[derive(Clone, Copy)]
pub(super) enum Act {
    /// A response arrives, or the user gives one.
    Status(u16),
    Repeat,
    Ack,
    Cancel,
    Abandon,
}

#[track_caller]
pub(super) fn check_client(is_reliable: bool, acts: &[(f64, Act)], expected: &str) {
    let bytes = Bytes::from_static(b"OPTIONS");
    let start = |now| ClientTransaction::start(bytes, is_reliable, now);
    run(start, acts, expected, |act| match act {
        Act::Status(status) => response(status),
        _ => unreachable!("not of a client"),
    });
}

#[track_caller]
pub(super) fn check_invite_client(is_reliable: bool, acts: &[(f64, Act)], expected: &str) {
    let mut request = Request::new(Method::Invite, "sip:a@b".parse().unwrap());
    for (name, value) in [
        ("Via", "SIP/2.0/UDP h;branch=z9hG4bK1"),
        ("From", "<sip:a@b>;tag=1"),
        ("To", "<sip:c@d>"),
        ("Call-ID", "x"),
        ("CSeq", "1 INVITE"),
    ] {
        request.headers.add(name, value);
    }
    let start = |now| InviteClientTransaction::start(request, is_reliable, now);
    run(start, acts, expected, |act| match act {
        Act::Status(status) => ClientInput::Response(response(status)),
        Act::Cancel => ClientInput::Cancelled,
        Act::Abandon => ClientInput::Abandoned,
        _ => unreachable!("not of a client"),
    });
}

#[track_caller]
pub(super) fn check_server(is_reliable: bool, acts: &[(f64, Act)], expected: &str) {
    let start = |now| ServerTransaction::start(is_reliable, now);
    run(start, acts, expected, |act| match act {
        Act::Status(status) => ServerInput::Respond { status, bytes: response(status).to_bytes() },
        Act::Repeat => ServerInput::Repeat,
        _ => unreachable!("not of this server"),
    });
}

#[track_caller]
pub(super) fn check_invite_server(is_reliable: bool, acts: &[(f64, Act)], expected: &str) {
    let trying = response(100).to_bytes();
    let start = |now| InviteServerTransaction::start(trying, is_reliable, now);
    run(start, acts, expected, |act| match act {
        Act::Status(status) => {
            InviteServerInput::Respond { status, bytes: response(status).to_bytes() }
        }
        Act::Repeat => InviteServerInput::Repeat,
        Act::Ack => InviteServerInput::Ack,
        Act::Cancel | Act::Abandon => unreachable!("not of a server"),
    });
}

fn response(status: u16) -> Response {
    Response { status, reason: String::new(), headers: Headers::default(), body: Bytes::new() }
}

#[track_caller]
fn run<M: Machine<Output = Output>>(
    start: impl FnOnce(Instant) -> M,
    acts: &[(f64, Act)],
    expected: &str,
    input: impl Fn(Act) -> M::Input,
) {
    let epoch = epoch();
    let mut machine = start(epoch);
    let mut acts =
        acts.iter().map(|&(at, act)| (epoch + Duration::from_secs_f64(at), act)).peekable();
    let (mut now, mut log, mut failed) = (epoch, Vec::new(), false);
    loop {
        let at = (now - epoch).as_secs_f64();
        while let Some(output) = machine.poll_output() {
            failed |= matches!(output, Output::Fail(_));
            log.push(format!("{at:.1} {}", describe(&output)));
        }
        let timeout = machine.poll_timeout();
        match acts.next_if(|&(at, _)| timeout.is_none_or(|timeout| at <= timeout)) {
            Some((at, act)) => {
                now = at;
                machine.handle_input(input(act), now);
            }
            None if timeout.is_none() => {
                // A transaction that failed said so; the others end in silence.
                let waits = expected.contains("end");
                if waits && !failed {
                    log.push(format!("{at:.1} end"));
                }
                break;
            }
            None => {
                now = timeout.unwrap();
                machine.handle_timeout(now);
            }
        }
    }
    let expected: Vec<_> = expected.lines().map(str::trim).filter(|l| !l.is_empty()).collect();
    assert_eq!(log, expected);
}

fn describe(output: &Output) -> String {
    match output {
        Output::Send(bytes) if bytes.starts_with(b"SIP/2.0") => {
            format!("send {}", String::from_utf8_lossy(&bytes[8..11]))
        }
        Output::Send(bytes) => match datagram(bytes) {
            Ok(Some(Message::Request(request))) => format!("send {}", request.method),
            _ => "send".to_owned(),
        },
        Output::Deliver(response) => format!("deliver {}", response.status),
        Output::Fail(failure) => format!("fail {failure:?}"),
    }
}
