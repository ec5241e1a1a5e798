//! Via (RFC 3261 §20.42, RFC 3581).

use std::{fmt, net::SocketAddr, str::FromStr};

use super::{
    Host, ParseError,
    lex::{Params, is_token, trim},
    uri::host_port,
};

/// How a message travels here. Other transports may stand in lower Vias as words.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Transport {
    Udp,
    Tcp,
    /// TLS over TCP (RFC 3261 §26.2.1).
    Tls,
}

impl Transport {
    pub fn is_reliable(self) -> bool {
        self != Self::Udp
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Udp => "UDP",
            Self::Tcp => "TCP",
            Self::Tls => "TLS",
        }
    }
}

impl TryFrom<rsip::Transport> for Transport {
    type Error = ParseError;

    fn try_from(transport: rsip::Transport) -> Result<Self, ParseError> {
        match transport {
            rsip::Transport::Udp => Ok(Self::Udp),
            rsip::Transport::Tcp => Ok(Self::Tcp),
            rsip::Transport::Tls => Ok(Self::Tls),
            _ => Err(ParseError::Malformed("transport")),
        }
    }
}

impl FromStr for Transport {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let known = rsip::Transport::from_str(text).map_err(|_| ParseError::Malformed("transport"));
        known?.try_into()
    }
}

#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Via {
    pub transport: String,
    pub host: Host,
    pub port: Option<u16>,
    pub params: Params,
}

impl Via {
    pub fn new(transport: Transport, host: Host, port: u16, branch: &str) -> Self {
        let mut params = Params::default();
        params.set("branch", Some(branch));
        params.set("rport", None);
        Self { transport: transport.as_str().to_owned(), host, port: Some(port), params }
    }

    pub(super) fn parse(value: &[u8]) -> Result<Self, ParseError> {
        Self::read(value).ok_or(ParseError::Malformed("Via"))
    }

    fn read(value: &[u8]) -> Option<Self> {
        let mut protocol = value.splitn(3, |c| *c == b'/');
        let (name, version) = (trim(protocol.next()?), trim(protocol.next()?));
        if !name.eq_ignore_ascii_case(b"SIP") || !is_token(version) {
            return None;
        }
        let rest = trim(protocol.next()?);
        let space = rest.iter().position(u8::is_ascii_whitespace)?;
        let (transport, rest) = (&rest[..space], trim(&rest[space..]));
        let end = rest.iter().position(|c| *c == b';').unwrap_or(rest.len());
        let (host, port) = host_port(std::str::from_utf8(trim(&rest[..end])).ok()?)?;
        let params = match rest.get(end + 1..) {
            Some(params) => Params::parse(params)?,
            None => Params::default(),
        };
        let transport = is_token(transport).then(|| String::from_utf8_lossy(transport))?;
        (!params.repeats("branch")).then(|| Self {
            transport: transport.into_owned(),
            host,
            port,
            params,
        })
    }

    /// A branch that names its transaction (RFC 3261 §8.1.1.7); without one, or with
    /// nothing behind the cookie, matching is as in RFC 2543.
    pub fn branch(&self) -> Option<String> {
        let branch = self.params.get("branch")?;
        let unique = branch.len() > BRANCH_COOKIE.len()
            && branch[..]
                .get(..BRANCH_COOKIE.len())
                .is_some_and(|cookie| cookie.eq_ignore_ascii_case(BRANCH_COOKIE));
        unique.then_some(branch)
    }

    /// Notes where the request really came from (RFC 3261 §18.2.1, RFC 3581 §4).
    pub fn note_source(&mut self, source: SocketAddr) {
        let rport = self.params.has("rport");
        if rport {
            self.params.set("rport", Some(&source.port().to_string()));
        }
        if rport || self.host != Host::Ip(source.ip()) {
            self.params.set("received", Some(&source.ip().to_string()));
        }
    }

    /// Where a response goes over UDP (RFC 3261 §18.2.2, RFC 3581 §4).
    pub fn reply_to(&self, source: SocketAddr) -> SocketAddr {
        match self.params.has("rport") {
            true => source,
            false => SocketAddr::new(source.ip(), self.port.unwrap_or(DEFAULT_PORT)),
        }
    }

    pub fn sent_by(&self) -> String {
        format!("{}:{}", self.host, self.port.unwrap_or(DEFAULT_PORT))
    }
}

impl fmt::Display for Via {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SIP/2.0/{} {}", self.transport, self.host)?;
        self.port.iter().try_for_each(|port| write!(f, ":{port}"))?;
        write!(f, "{}", self.params)
    }
}

pub(crate) const BRANCH_COOKIE: &str = "z9hG4bK";
const DEFAULT_PORT: u16 = 5060;
