/// What is wrong with a message, in words that fit behind `400 Bad Request -`. They
/// name the header and never quote its value, which may hold a phone number.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum ParseError {
    #[error("not a SIP start line")]
    StartLine,
    #[error("{0} is missing")]
    Missing(&'static str),
    #[error("{0} is malformed")]
    Malformed(&'static str),
    #[error("{0} is out of range")]
    Range(&'static str),
    #[error("{0} occurs more than once")]
    Repeated(&'static str),
    #[error("CSeq names another method than the request line")]
    MethodMismatch,
    #[error("the body is shorter than Content-Length")]
    Truncated,
    #[error("a header line has no colon")]
    NoColon,
    #[error("more than {0} header lines")]
    TooManyHeaders(usize),
    #[error("larger than {0} bytes")]
    TooLarge(usize),
    #[error("the header section does not end")]
    Unfinished,
}
