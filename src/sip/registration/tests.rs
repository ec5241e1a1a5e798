use super::*;
use crate::{
    base::epoch,
    sip::{endpoint::InterfaceId, message::Transport, transaction::Failure},
};

#[test]
fn it_refreshes_at_four_fifths_of_what_was_granted() {
    check(
        &[Reply::Ok(100), Reply::Ok(3600)],
        "
        0 ask 1800
        0 registered 100
        80 ask 1800
        80 registered 3600
        ",
    );
}

#[test]
fn a_carrier_that_wants_longer_gets_longer() {
    check(&[Reply::TooBrief(3000), Reply::Ok(3000)], "0 ask 1800\n0 ask 3000\n0 registered 3000");
}

#[test]
fn it_never_gives_up_and_waits_longer_each_time() {
    let replies = vec![Reply::Silence; 40];
    let log = run(&replies);
    let waits: Vec<f64> = log
        .iter()
        .filter_map(|line| line.split_once("failed None, again in ")?.1.parse().ok())
        .collect();
    assert_eq!(waits.len(), 40);
    assert!((1.5..2.5).contains(&waits[0]), "{waits:?}");
    assert!(waits.iter().skip(9).all(|wait| (225.0..=375.0).contains(wait)), "{waits:?}");
}

#[test]
fn a_refusal_is_tried_again_and_retry_after_is_honoured() {
    let log = run(&[Reply::Refused(503, 60), Reply::Ok(600)]);
    assert!(log[1].starts_with("0 failed Some(503)"), "{log:?}");
    let second: f64 = log[2].split_once(' ').unwrap().0.parse().unwrap();
    assert!((60.0..=75.0).contains(&second), "{log:?}");
}

#[derive(Clone, Copy)]
enum Reply {
    Ok(u32),
    TooBrief(u32),
    Refused(u16, u32),
    Silence,
}

#[track_caller]
fn check(replies: &[Reply], expected: &str) {
    let expected: Vec<_> = expected.lines().map(str::trim).filter(|l| !l.is_empty()).collect();
    assert_eq!(run(replies), expected);
}

fn run(replies: &[Reply]) -> Vec<String> {
    let epoch = epoch();
    let remote = "10.0.0.9:5060".parse().unwrap();
    let config = RegistrationConfig {
        owner: Owner(1),
        flow: Flow { transport: Transport::Udp, interface: InterfaceId(0), remote },
        registrar: "sip:ims.example".parse().unwrap(),
        aor: NameAddr::new("sip:1001@ims.example".parse().unwrap()),
        routes: Vec::new(),
        credentials: None,
        expires_s: 1800,
    };
    let mut machine = Registration::start(config, 1);
    let (mut now, mut log, mut replies) = (epoch, Vec::new(), replies.iter());
    loop {
        while let Some(output) = machine.poll_output() {
            let at = (now - epoch).as_secs();
            match output {
                Output::Notify(RegistrationEvent::Registered { granted_s }) => {
                    log.push(format!("{at} registered {granted_s}"));
                }
                Output::Notify(RegistrationEvent::Failed { status, retry_in }) => {
                    let wait = retry_in.as_secs_f64();
                    log.push(format!("{at} failed {status:?}, again in {wait}"));
                }
                Output::Notify(RegistrationEvent::Lost) => log.push(format!("{at} lost")),
                Output::ToEndpoint(EndpointInput::Request { id, request, .. }) => {
                    let Some(reply) = replies.next() else { return log };
                    let expires = request.headers.text(name::EXPIRES).unwrap();
                    log.push(format!("{at} ask {expires}"));
                    let event = reply.event(id, &request);
                    machine.handle_input(Input::Event(event), now);
                }
                Output::ToEndpoint(other) => panic!("{other:?}"),
            }
        }
        now = machine.poll_timeout().unwrap();
        machine.handle_timeout(now);
    }
}

impl Reply {
    fn event(self, id: RequestId, request: &Request) -> Event {
        let (status, headers) = match self {
            Self::Ok(granted) => {
                (200, vec![("Contact", format!("<sip:1001@x>;expires={granted}"))])
            }
            Self::TooBrief(min) => (423, vec![("Min-Expires", min.to_string())]),
            Self::Refused(status, wait) => (status, vec![("Retry-After", wait.to_string())]),
            Self::Silence => return Event::Failed { id, why: Failure::TimedOut },
        };
        let mut response = Response::to_request(&request.headers, status, "t");
        headers.into_iter().for_each(|(name, value)| response.headers.add(name, value));
        Event::Response { id, response: Box::new(response) }
    }
}
