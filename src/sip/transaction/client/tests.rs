use super::super::timeline::{Act, check_client};

#[test]
fn unanswered_requests_back_off_and_fail_after_64_t1() {
    check_client(
        false,
        &[],
        "
        0.0 send
        0.5 send
        1.5 send
        3.5 send
        7.5 send
        11.5 send
        15.5 send
        19.5 send
        23.5 send
        27.5 send
        31.5 send
        32.0 fail TimedOut
        ",
    );
}

#[test]
fn over_tcp_a_request_is_sent_once() {
    check_client(true, &[], "0.0 send\n32.0 fail TimedOut");
}

#[test]
fn a_final_response_stops_resending_and_its_repeats_are_absorbed() {
    check_client(
        false,
        &[(0.7, Act::Status(200)), (0.9, Act::Status(200))],
        "
        0.0 send
        0.5 send
        0.7 deliver 200
        5.7 end
        ",
    );
}

#[test]
fn a_provisional_response_slows_resending_to_t2() {
    check_client(
        false,
        &[(0.2, Act::Status(100)), (6.0, Act::Status(404))],
        "
        0.0 send
        0.2 deliver 100
        4.2 send
        6.0 deliver 404
        11.0 end
        ",
    );
}
