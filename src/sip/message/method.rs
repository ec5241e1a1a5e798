use std::{fmt, str::FromStr};

use super::{ParseError, lex};

/// A request method. Method names are case-sensitive (RFC 3261 §7.1), unknown ones
/// are kept as they came.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub enum Method {
    Ack,
    Bye,
    Cancel,
    Info,
    Invite,
    Message,
    Notify,
    Options,
    Prack,
    Publish,
    Refer,
    Register,
    Subscribe,
    Update,
    Other(String),
}

impl Method {
    /// One of the methods of RFC 3261 and its extensions, whether we serve it or not.
    pub fn is_known(&self) -> bool {
        !matches!(self, Self::Other(_))
    }

    pub fn as_str(&self) -> &str {
        match self {
            Self::Ack => "ACK",
            Self::Bye => "BYE",
            Self::Cancel => "CANCEL",
            Self::Info => "INFO",
            Self::Invite => "INVITE",
            Self::Message => "MESSAGE",
            Self::Notify => "NOTIFY",
            Self::Options => "OPTIONS",
            Self::Prack => "PRACK",
            Self::Publish => "PUBLISH",
            Self::Refer => "REFER",
            Self::Register => "REGISTER",
            Self::Subscribe => "SUBSCRIBE",
            Self::Update => "UPDATE",
            Self::Other(name) => name,
        }
    }
}

impl FromStr for Method {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        if !lex::is_token(text.as_bytes()) {
            return Err(ParseError::StartLine);
        }
        // rsip ignores case, which the RFC does not.
        let known = rsip::Method::from_str(text).ok().map(Self::from);
        let exact = known.filter(|method| method.as_str() == text);
        Ok(exact.unwrap_or_else(|| Self::Other(text.to_owned())))
    }
}

impl From<rsip::Method> for Method {
    fn from(method: rsip::Method) -> Self {
        match method {
            rsip::Method::Ack => Self::Ack,
            rsip::Method::Bye => Self::Bye,
            rsip::Method::Cancel => Self::Cancel,
            rsip::Method::Info => Self::Info,
            rsip::Method::Invite => Self::Invite,
            rsip::Method::Message => Self::Message,
            rsip::Method::Notify => Self::Notify,
            rsip::Method::Options => Self::Options,
            rsip::Method::PRack => Self::Prack,
            rsip::Method::Publish => Self::Publish,
            rsip::Method::Refer => Self::Refer,
            rsip::Method::Register => Self::Register,
            rsip::Method::Subscribe => Self::Subscribe,
            rsip::Method::Update => Self::Update,
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The sequence number and method of a request (RFC 3261 §20.16).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CSeq {
    pub number: u32,
    pub method: Method,
}

impl CSeq {
    pub(super) fn parse(value: &[u8]) -> Result<Self, ParseError> {
        let malformed = ParseError::Malformed("CSeq");
        let at = value.iter().position(u8::is_ascii_whitespace).ok_or(malformed)?;
        let number = lex::number(&value[..at]).ok_or(malformed)?;
        let method = std::str::from_utf8(lex::trim(&value[at..])).map_err(|_| malformed)?;
        let method = method.parse().map_err(|_| malformed)?;
        let number = u32::try_from(number).ok().filter(|n| *n < CSEQ_END);
        Ok(Self { number: number.ok_or(ParseError::Range("CSeq"))?, method })
    }
}

impl fmt::Display for CSeq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.number, self.method)
    }
}

/// RFC 3261 §8.1.1.5: less than 2^31.
const CSEQ_END: u32 = 1 << 31;
