use super::{
    TIMER,
    duo::{Duo, Faults},
};
use crate::{
    base::Key,
    sip::{invite::Command, message::Transport, session_timer::SessionTimerConfig},
};

const BYE: Command = Command::Bye { cause: None };

#[test]
fn a_call_is_answered_and_ended() {
    for transport in [Transport::Udp, Transport::Tcp] {
        let mut duo = Duo::new(transport, 1);
        duo.on_call = vec![(1.0, Command::Ring), (3.0, Command::Answer)];
        duo.plan(10.0, 0, Command::Bye { cause: Some(16) });
        duo.call();
        duo.run_until(60.0);
        duo.check(
            "
            0.2 alice trying
            1.0 alice ringing 180
            3.0 bob answered 10.0.0.1:40000 Pcma both
            3.0 alice answered 10.0.0.2:50000 Pcma both
            3.1 bob confirmed
            10.0 alice ended by Us 200 answered
            10.0 bob ended by Them 200 q850=16 answered
            ",
        );
        duo.assert_nothing_leaks();
    }
}

#[test]
fn early_media_is_heard_before_the_answer() {
    let mut duo = Duo::new(Transport::Udp, 1);
    duo.on_call = vec![(0.1, Command::Progress), (1.0, Command::Ring), (2.0, Command::Answer)];
    duo.plan(5.0, 1, BYE);
    duo.call();
    duo.run_until(60.0);
    duo.check(
        "
        0.1 bob early 183 10.0.0.1:40000 Pcma both
        0.1 alice ringing 183
        0.1 alice early 183 10.0.0.2:50000 Pcma both
        1.0 alice ringing 180
        2.0 bob answered 10.0.0.1:40000 Pcma both
        2.0 alice answered 10.0.0.2:50000 Pcma both
        2.1 bob confirmed
        5.0 bob ended by Us 200 answered
        5.0 alice ended by Them 200 answered
        ",
    );
    duo.assert_nothing_leaks();
}

#[test]
fn a_caller_that_insists_on_prack_gets_each_provisional_in_turn() {
    let mut duo = Duo::new(Transport::Udp, 1);
    duo.on_call = vec![(0.1, Command::Progress), (0.11, Command::Ring), (0.12, Command::Answer)];
    duo.plan(5.0, 1, BYE);
    duo.call_with(|call| call.reliable = crate::sip::invite::Reliable::Required);
    duo.run_until(60.0);
    duo.check(
        "
        0.1 bob early 183 10.0.0.1:40000 Pcma both
        0.1 alice ringing 183
        0.1 alice early 183 10.0.0.2:50000 Pcma both
        0.2 bob answered 10.0.0.1:40000 Pcma both
        0.2 alice answered 10.0.0.2:50000 Pcma both
        0.2 bob confirmed
        5.0 bob ended by Us 200 answered
        5.0 alice ended by Them 200 answered
        ",
    );
    duo.assert_nothing_leaks();
}

#[test]
fn a_busy_phone_is_reported_with_its_cause() {
    let mut duo = Duo::new(Transport::Udp, 1);
    duo.on_call = vec![(0.1, Command::Reject { status: 486, cause: Some(17) })];
    duo.call();
    duo.run_until(60.0);
    duo.check("0.1 bob ended by Us 486\n0.1 alice ended by Them 486 q850=17");
    duo.assert_nothing_leaks();
}

#[test]
fn a_cancelled_call_ends_with_487_on_both_sides() {
    let mut duo = Duo::new(Transport::Udp, 1);
    duo.on_call = vec![(0.1, Command::Ring)];
    duo.plan(5.0, 0, Command::Cancel);
    duo.call();
    duo.run_until(60.0);
    duo.check(
        "
        0.1 alice ringing 180
        5.0 bob ended by Them 487
        5.0 alice ended by Us 487 cancelled
        ",
    );
    duo.assert_nothing_leaks();
}

#[test]
fn a_cancel_before_any_response_waits_for_one() {
    let mut duo = Duo::new(Transport::Udp, 1);
    duo.plan(0.01, 0, Command::Cancel);
    duo.call();
    duo.run_until(60.0);
    duo.check(
        "
        0.2 alice trying
        0.3 bob ended by Them 487
        0.3 alice ended by Us 487 cancelled
        ",
    );
    duo.assert_nothing_leaks();
}

#[test]
fn a_cancel_that_crosses_the_answer_is_followed_by_bye() {
    let mut duo = Duo::new(Transport::Udp, 1);
    duo.on_call = vec![(0.1, Command::Ring), (4.99, Command::Answer)];
    duo.plan(5.0, 0, Command::Cancel);
    duo.call();
    duo.run_until(60.0);
    duo.check(
        "
        0.1 alice ringing 180
        5.0 bob answered 10.0.0.1:40000 Pcma both
        5.0 alice ended by Us 200 cancelled late
        5.0 bob confirmed
        5.0 bob ended by Them 200 answered
        ",
    );
    duo.assert_nothing_leaks();
}

#[test]
fn nobody_there_is_a_timeout() {
    let mut duo = Duo::new(Transport::Udp, 1);
    duo.cut = [true, true];
    duo.call();
    duo.run_until(60.0);
    duo.check("32.0 alice ended by Timeout");
    duo.assert_nothing_leaks();
}

#[test]
fn hold_and_unhold_bring_the_sound_back() {
    let mut duo = Duo::new(Transport::Udp, 1);
    duo.on_call = vec![(0.1, Command::Answer)];
    duo.plan(2.0, 0, Command::Hold(true));
    duo.plan(4.0, 1, Command::Hold(true));
    duo.plan(6.0, 0, Command::Hold(false));
    duo.plan(8.0, 1, Command::Hold(false));
    duo.plan(10.0, 1, BYE);
    duo.call();
    duo.run_until(60.0);
    duo.check(
        "
        0.1 bob answered 10.0.0.1:40000 Pcma both
        0.1 alice answered 10.0.0.2:50000 Pcma both
        0.2 bob confirmed
        2.0 bob media 10.0.0.1:40000 Pcma receive
        2.0 alice media 10.0.0.2:50000 Pcma send
        2.1 bob confirmed
        4.0 alice media 10.0.0.2:50000 Pcma none
        4.0 bob media 10.0.0.1:40000 Pcma none
        4.1 alice confirmed
        6.0 bob media 10.0.0.1:40000 Pcma send
        6.0 alice media 10.0.0.2:50000 Pcma receive
        6.1 bob confirmed
        8.0 alice media 10.0.0.2:50000 Pcma both
        8.0 bob media 10.0.0.1:40000 Pcma both
        8.1 alice confirmed
        10.0 bob ended by Us 200 answered
        10.0 alice ended by Them 200 answered
        ",
    );
    duo.assert_nothing_leaks();
}

#[test]
fn when_both_offer_at_once_both_get_their_turn() {
    let mut duo = Duo::new(Transport::Udp, 1);
    duo.on_call = vec![(0.1, Command::Answer)];
    duo.plan(2.0, 0, Command::Hold(true));
    duo.plan(2.0, 1, Command::Hold(true));
    duo.plan(20.0, 1, BYE);
    duo.call();
    duo.run_until(60.0);
    let last = |name: &str| {
        let mut of_side = duo.log.iter().filter(|line| line.contains(&format!("{name} media")));
        of_side.next_back().cloned().unwrap_or_default()
    };
    assert!(last("alice").ends_with("none"), "{:#?}", duo.log);
    assert!(last("bob").ends_with("none"), "{:#?}", duo.log);
    duo.assert_nothing_leaks();
}

#[test]
fn a_lost_ack_ends_the_call_after_32_seconds() {
    let mut duo = Duo::new(Transport::Udp, 1);
    duo.on_call = vec![(0.1, Command::Answer)];
    duo.call();
    duo.run_until(0.13);
    // From now on Bob hears nothing: neither ACK nor anything else.
    duo.cut[1] = true;
    duo.run_until(120.0);
    duo.check(
        "
        0.1 bob answered 10.0.0.1:40000 Pcma both
        0.1 alice answered 10.0.0.2:50000 Pcma both
        32.1 bob ended by Timeout 200 answered
        32.1 alice ended by Them 200 answered
        ",
    );
    duo.assert_nothing_leaks();
}

#[test]
fn a_key_in_an_info_arrives_once() {
    let mut duo = Duo::new(Transport::Udp, 1);
    duo.on_call = vec![(0.1, Command::Answer)];
    duo.faults.duplicate = 1.0;
    duo.plan(1.0, 0, Command::SendKey(Key::try_from('5').unwrap()));
    duo.plan(2.0, 0, BYE);
    duo.call();
    duo.run_until(60.0);
    assert_eq!(duo.log.iter().filter(|line| line.ends_with("bob key 5")).count(), 1);
    duo.assert_nothing_leaks();
}

#[test]
fn a_session_is_refreshed_and_its_silent_end_is_noticed() {
    let mut duo = Duo::new(Transport::Udp, 1);
    duo.timer = Some(SessionTimerConfig { expires_s: 100, ..TIMER });
    duo.on_call = vec![(0.1, Command::Answer)];
    duo.call();
    duo.run_until(500.0);
    assert_eq!(duo.log.len(), 3, "{:#?}", duo.log);
    duo.cut = [true, true];
    duo.run_until(700.0);
    let ends: Vec<_> = duo.log.iter().filter(|line| line.contains("Timeout")).collect();
    assert_eq!(ends.len(), 2, "{:#?}", duo.log);
    duo.assert_nothing_leaks();
}

#[test]
fn a_bad_network_neither_breaks_nor_leaks_a_call() {
    for seed in 0..200 {
        let mut duo = Duo::new(Transport::Udp, seed);
        duo.faults = Faults { loss: 0.2, duplicate: 0.2, reorder: 0.2 };
        duo.on_call = vec![(0.3, Command::Ring), (3.0, Command::Answer)];
        duo.plan(6.0, 0, Command::Hold(true));
        duo.plan(9.0, 1, Command::Hold(true));
        duo.plan(30.0, 0, BYE);
        duo.call();
        duo.run_until(200.0);
        let ends = duo.log.iter().filter(|line| line.contains("ended")).count();
        assert_eq!(ends, 2, "seed {seed}: {:#?}", duo.log);
        duo.assert_nothing_leaks();
    }
}
