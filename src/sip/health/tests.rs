use super::*;
use crate::{
    base::epoch,
    sip::{
        endpoint::InterfaceId,
        message::{Response, Transport},
        transaction::Failure,
    },
};

#[test]
fn a_trunk_dies_after_three_silences_and_lives_after_two_answers() {
    check("..x.xx.xxx", "dead at 10");
    check("xxx.x..", "dead at 3, alive at 7");
    check("xxxx.....xx", "dead at 3, alive at 6");
}

#[test]
fn a_refusal_is_a_sign_of_life_and_503_is_not() {
    check("444444", "");
    check("555", "dead at 3");
}

/// `.` is 200, `4` is 405, `5` is 503, `x` is silence.
#[track_caller]
fn check(answers: &str, expected: &str) {
    let mut now = epoch();
    let remote = "10.0.0.9:5060".parse().unwrap();
    let config = HealthConfig {
        owner: Owner(1),
        flow: Flow { transport: Transport::Udp, interface: InterfaceId(0), remote },
        target: "sip:10.0.0.9".parse().unwrap(),
        from: NameAddr::new("sip:suifang@10.0.0.1".parse().unwrap()),
        routes: Vec::new(),
        interval: Duration::from_secs(30),
        dead_after: 3,
        alive_after: 2,
    };
    let mut health = Health::start(config, 1, now);
    let mut log = Vec::new();
    for (number, answer) in (1..).zip(answers.chars()) {
        now = health.poll_timeout().unwrap();
        health.handle_timeout(now);
        let Some(Output::ToEndpoint(EndpointInput::Request { id, request, .. })) =
            health.poll_output()
        else {
            panic!("it did not ask");
        };
        let response = |status| Event::Response {
            id,
            response: Box::new(Response::to_request(&request.headers, status, "t")),
        };
        let event = match answer {
            '.' => response(200),
            '4' => response(405),
            '5' => response(503),
            _ => Event::Failed { id, why: Failure::TimedOut },
        };
        health.handle_input(event, now);
        log.extend(std::iter::from_fn(|| health.poll_output()).map(|output| match output {
            Output::Alive => format!("alive at {number}"),
            _ => format!("dead at {number}"),
        }));
    }
    assert_eq!(log.join(", "), expected, "{answers}");
}
