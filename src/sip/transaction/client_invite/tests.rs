use super::super::timeline::{Act, check_invite_client};

#[test]
fn an_invite_doubles_its_interval_and_fails_after_64_t1() {
    check_invite_client(
        false,
        &[],
        "
        0.0 send INVITE
        0.5 send INVITE
        1.5 send INVITE
        3.5 send INVITE
        7.5 send INVITE
        15.5 send INVITE
        31.5 send INVITE
        32.0 fail TimedOut
        ",
    );
}

/// The line may be dead for a moment only: said again, it would ring a phone for nobody.
#[test]
fn an_invite_that_nobody_waits_for_is_not_said_again_and_a_late_answer_is_told() {
    check_invite_client(
        false,
        &[(3.0, Act::Abandon), (20.0, Act::Status(200))],
        "
        0.0 send INVITE
        0.5 send INVITE
        1.5 send INVITE
        20.0 deliver 200
        52.0 end
        ",
    );
    check_invite_client(
        false,
        &[(3.0, Act::Abandon)],
        "
        0.0 send INVITE
        0.5 send INVITE
        1.5 send INVITE
        32.0 fail TimedOut
        ",
    );
}

#[test]
fn a_busy_answer_is_acked_each_time_it_comes() {
    check_invite_client(
        false,
        &[(0.1, Act::Status(100)), (2.0, Act::Status(486)), (2.5, Act::Status(486))],
        "
        0.0 send INVITE
        0.1 deliver 100
        2.0 send ACK
        2.0 deliver 486
        2.5 send ACK
        34.0 end
        ",
    );
}

#[test]
fn every_2xx_goes_up_and_none_is_acked_here() {
    check_invite_client(
        true,
        &[(0.1, Act::Status(200)), (0.6, Act::Status(200)), (1.0, Act::Status(486))],
        "
        0.0 send INVITE
        0.1 deliver 200
        0.6 deliver 200
        32.1 end
        ",
    );
}

#[test]
fn a_phone_that_rings_for_ever_is_given_up() {
    check_invite_client(
        true,
        &[(1.0, Act::Status(180))],
        "0.0 send INVITE\n1.0 deliver 180\n301.0 fail TimedOut",
    );
}

#[test]
fn after_cancel_the_peer_has_64_t1_to_say_487() {
    check_invite_client(
        true,
        &[(1.0, Act::Status(180)), (5.0, Act::Cancel)],
        "0.0 send INVITE\n1.0 deliver 180\n37.0 fail TimedOut",
    );
}
