use super::super::timeline::{Act, check_invite_server};

#[test]
fn a_silent_user_is_covered_by_100() {
    check_invite_server(
        false,
        &[(0.3, Act::Repeat), (1.0, Act::Status(180)), (2.0, Act::Repeat), (3.0, Act::Status(200))],
        "
        0.2 send 100
        0.3 send 100
        1.0 send 180
        2.0 send 180
        3.0 send 200
        35.0 end
        ",
    );
}

#[test]
fn a_refusal_is_repeated_until_its_ack() {
    check_invite_server(
        false,
        &[(0.1, Act::Status(486)), (2.0, Act::Ack), (2.1, Act::Ack)],
        "
        0.1 send 486
        0.6 send 486
        1.6 send 486
        7.0 end
        ",
    );
}

#[test]
fn a_refusal_nobody_acks_ends_after_64_t1() {
    check_invite_server(true, &[(0.1, Act::Status(486))], "0.1 send 486\n32.1 fail TimedOut");
}

#[test]
fn the_user_may_repeat_2xx_and_a_repeated_invite_is_absorbed() {
    check_invite_server(
        false,
        &[(0.1, Act::Status(200)), (0.5, Act::Repeat), (0.6, Act::Status(200))],
        "0.1 send 200\n0.6 send 200\n32.1 end",
    );
}
