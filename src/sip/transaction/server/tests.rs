use super::super::timeline::{Act, check_server};

#[test]
fn a_repeated_request_gets_the_same_answer() {
    check_server(
        false,
        &[(0.1, Act::Repeat), (0.2, Act::Status(200)), (0.5, Act::Repeat), (0.6, Act::Status(500))],
        "
        0.2 send 200
        0.5 send 200
        32.2 end
        ",
    );
}

#[test]
fn over_tcp_nothing_is_kept_after_the_answer() {
    check_server(true, &[(0.2, Act::Status(200))], "0.2 send 200\n0.2 end");
}

#[test]
fn a_forgotten_request_does_not_stay_in_memory() {
    check_server(false, &[], "64.0 end");
}
