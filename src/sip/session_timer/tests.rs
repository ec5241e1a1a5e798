use super::*;
use crate::{base::epoch, sip::message::Method};

const OURS: SessionTimerConfig = SessionTimerConfig { expires_s: 1800, min_se_s: 120 };

fn request(headers: &[(&str, &str)]) -> Request {
    let mut request = Request::new(Method::Invite, "sip:a@b".parse().unwrap());
    headers.iter().for_each(|(name, value)| request.headers.add(name, (*value).to_owned()));
    request
}

/// RFC 4028 §9, table 2, and what follows for the timer: who refreshes, and when.
#[test]
fn the_callee_chooses_the_refresher_by_what_the_caller_knows() {
    for (headers, answer, refresh_s) in [
        (&[("Supported", "timer"), ("Session-Expires", "600")][..], "600;refresher=uac", None),
        (
            &[("Supported", "timer"), ("Session-Expires", "600;refresher=uas")],
            "600;refresher=uas",
            Some(300),
        ),
        (&[("k", "timer"), ("x", "600;refresher=uac")], "600;refresher=uac", None),
        (&[("Supported", "timer")], "1800;refresher=uac", None),
        (&[("Session-Expires", "600")], "600;refresher=uas", Some(300)),
        (&[], "1800;refresher=uas", Some(900)),
        (&[("Min-SE", "3600")], "3600;refresher=uas", Some(1800)),
    ] {
        let (now, request) = (epoch(), request(headers));
        let mut timer = SessionTimer::new(Some(OURS));
        assert_eq!(timer.check(&request), Ok(()));
        let mut response = Response::to_request(&request.headers, 200, "t");
        timer.answer(&request, &mut response, now);
        assert_eq!(response.headers.text(name::SESSION_EXPIRES).unwrap(), answer, "{headers:?}");
        let requires = response.headers.lists(name::REQUIRE, "timer");
        assert_eq!(requires, refresh_s.is_none(), "{headers:?}");
        if let Some(refresh_s) = refresh_s {
            let at = now + Duration::from_secs(refresh_s);
            assert_eq!(timer.poll_timeout(), Some(at), "{headers:?}");
            assert_eq!(timer.due(at), Some(Due::Refresh));
            assert_eq!(timer.due(at), None, "once a round");
        }
    }
}

#[test]
fn too_short_a_timer_is_refused_to_those_who_understand() {
    let timer = SessionTimer::new(Some(OURS));
    let knows = request(&[("Supported", "timer"), ("Session-Expires", "100")]);
    assert_eq!(timer.check(&knows), Err(TooSmall { min_se_s: 120 }));
    assert_eq!(timer.check(&request(&[("Session-Expires", "100")])), Ok(()));
}

#[test]
fn a_call_ends_a_little_before_its_session_does() {
    for (answer, end_s) in [("1800;refresher=uas", 1768), ("90;refresher=uas", 60)] {
        let now = epoch();
        let mut timer = SessionTimer::new(Some(OURS));
        timer.accepted(&request(&[("Session-Expires", answer)]).headers, now);
        let at = timer.poll_timeout().unwrap();
        assert_eq!(at, now + Duration::from_secs(end_s));
        assert_eq!(timer.due(at), Some(Due::Expired));
        assert_eq!(timer.poll_timeout(), None);
    }
}

#[test]
fn a_peer_that_answers_without_a_timer_has_none() {
    let mut timer = SessionTimer::new(Some(OURS));
    timer.accepted(&request(&[]).headers, epoch());
    assert_eq!(timer.poll_timeout(), None);
}
