//! URIs (RFC 3261 §19.1, RFC 3966). What is not sip or sips is kept whole.

use std::{
    fmt,
    net::{IpAddr, Ipv6Addr},
    str::FromStr,
};

use super::{
    ParseError,
    lex::{Params, number},
};

#[derive(Clone, Eq, PartialEq)]
pub enum Uri {
    Sip(SipUri),
    /// Everything behind `tel:`.
    Tel(String),
    /// Another scheme: the whole text.
    Other(String),
}

#[derive(Clone, Eq, PartialEq)]
pub struct SipUri {
    pub secure: bool,
    /// As written, `%` escapes and password included.
    pub user: Option<String>,
    pub host: Host,
    pub port: Option<u16>,
    pub params: Params,
    /// Behind `?`, as written.
    pub headers: Option<String>,
}

#[derive(Clone, Eq, Hash, PartialEq)]
pub enum Host {
    Name(String),
    Ip(IpAddr),
}

impl Uri {
    pub fn as_sip(&self) -> Option<&SipUri> {
        match self {
            Self::Sip(uri) => Some(uri),
            _ => None,
        }
    }

    /// The user part or the telephone number, escapes undone once.
    pub fn user(&self) -> Option<String> {
        match self {
            Self::Sip(uri) => {
                let user = uri.user.as_deref()?;
                Some(unescape(user.split(':').next().unwrap_or(user)))
            }
            Self::Tel(rest) => rest.split(';').next().map(str::to_owned),
            Self::Other(_) => None,
        }
    }

    pub fn host(&self) -> Option<&Host> {
        self.as_sip().map(|uri| &uri.host)
    }

    /// Equal as an address of record: scheme, user, host and port; parameters aside.
    pub fn same_account(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Sip(a), Self::Sip(b)) => {
                self.user() == other.user() && a.host == b.host && a.port == b.port
            }
            _ => self == other,
        }
    }
}

impl FromStr for Uri {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let bad = ParseError::Malformed("URI");
        // A space or a control character ends a URI wherever it is written.
        if text.bytes().any(|c| c <= b' ' || c == 0x7f || b"<>\"".contains(&c)) {
            return Err(bad);
        }
        let (scheme, rest) = text.split_once(':').ok_or(bad)?;
        let is_scheme = |c: char| c.is_ascii_alphanumeric() || "+-.".contains(c);
        if !scheme.starts_with(|c: char| c.is_ascii_alphabetic()) || !scheme.chars().all(is_scheme)
        {
            return Err(bad);
        }
        match scheme.to_ascii_lowercase().as_str() {
            "sip" => SipUri::parse(rest, false).map(Self::Sip).ok_or(bad),
            "sips" => SipUri::parse(rest, true).map(Self::Sip).ok_or(bad),
            "tel" if rest.is_empty() => Err(bad),
            "tel" => Ok(Self::Tel(rest.to_owned())),
            _ => Ok(Self::Other(text.to_owned())),
        }
    }
}

impl SipUri {
    fn parse(rest: &str, secure: bool) -> Option<Self> {
        let (user, rest) = match rest.split_once('@') {
            Some((user, rest)) => (Some(user), rest),
            None => (None, rest),
        };
        if user.is_some_and(|user| user.is_empty() || !escapes_are_whole(user)) {
            return None;
        }
        let (rest, headers) = match rest.split_once('?') {
            Some((rest, headers)) => (rest, Some(headers.to_owned())),
            None => (rest, None),
        };
        let (host, params) = match rest.split_once(';') {
            Some((host, params)) => (host, Params::parse(params.as_bytes())?),
            None => (rest, Params::default()),
        };
        let (host, port) = host_port(host)?;
        Some(Self { secure, user: user.map(str::to_owned), host, port, params, headers })
    }

    pub fn is_loose_router(&self) -> bool {
        self.params.has("lr")
    }
}

/// `host`, `host:port`, `[v6]:port`.
pub(super) fn host_port(text: &str) -> Option<(Host, Option<u16>)> {
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => {
            let (inner, port) = rest.split_once(']')?;
            let ip: Ipv6Addr = inner.parse().ok()?;
            (Host::Ip(ip.into()), port.trim_start())
        }
        None => {
            let end = text.find(':').unwrap_or(text.len());
            (Host::parse_name(text[..end].trim_end())?, &text[end..])
        }
    };
    let port = match port.strip_prefix(':') {
        None if port.is_empty() => None,
        None => return None,
        Some(digits) => {
            let port = u16::try_from(number(digits.trim().as_bytes())?).ok()?;
            Some(port).filter(|port| *port != 0)?.into()
        }
    };
    Some((host, port))
}

impl Host {
    fn parse_name(text: &str) -> Option<Self> {
        if let Ok(ip) = text.parse::<IpAddr>() {
            return Some(Self::Ip(ip));
        }
        // `_` is not allowed in a host name and is found in every intranet.
        let is_name = |c: char| c.is_ascii_alphanumeric() || "-._".contains(c);
        let name = !text.is_empty() && text.len() <= HOST_BYTES_MAX && text.chars().all(is_name);
        name.then(|| Self::Name(text.to_ascii_lowercase()))
    }

    pub fn ip(&self) -> Option<IpAddr> {
        match self {
            Self::Ip(ip) => Some(*ip),
            Self::Name(_) => None,
        }
    }
}

impl From<IpAddr> for Host {
    fn from(ip: IpAddr) -> Self {
        Self::Ip(ip)
    }
}

impl FromStr for Host {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        match host_port(text) {
            Some((host, None)) => Ok(host),
            _ => text.parse().map(Self::Ip).map_err(|_| ParseError::Malformed("host")),
        }
    }
}

fn escapes_are_whole(text: &str) -> bool {
    text.split('%')
        .skip(1)
        .all(|rest| rest.len() >= 2 && rest.as_bytes()[..2].iter().all(u8::is_ascii_hexdigit))
}

/// `%41` → `A`, once. What does not decode to UTF-8 is left escaped.
fn unescape(text: &str) -> String {
    let bytes = text.as_bytes();
    let (mut out, mut i) = (Vec::with_capacity(bytes.len()), 0);
    while i < bytes.len() {
        let hex = bytes.get(i + 1..i + 3).and_then(|hex| std::str::from_utf8(hex).ok());
        match hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()).filter(|_| bytes[i] == b'%') {
            Some(byte) => {
                out.push(byte);
                i += 3;
            }
            None => {
                out.push(bytes[i]);
                i += 1;
            }
        }
    }
    String::from_utf8(out).unwrap_or_else(|_| text.to_owned())
}

impl fmt::Display for Uri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sip(uri) => uri.fmt(f),
            Self::Tel(rest) => write!(f, "tel:{rest}"),
            Self::Other(text) => f.write_str(text),
        }
    }
}

impl fmt::Display for SipUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.secure { "sips:" } else { "sip:" })?;
        if let Some(user) = &self.user {
            write!(f, "{user}@")?;
        }
        write!(f, "{}", self.host)?;
        if let Some(port) = self.port {
            write!(f, ":{port}")?;
        }
        write!(f, "{}", self.params)?;
        self.headers.iter().try_for_each(|headers| write!(f, "?{headers}"))
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name),
            Self::Ip(IpAddr::V4(ip)) => ip.fmt(f),
            Self::Ip(IpAddr::V6(ip)) => write!(f, "[{ip}]"),
        }
    }
}

/// The user part is a phone number: logs show the host only.
impl fmt::Debug for Uri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sip(uri) => uri.fmt_redacted(f),
            Self::Tel(_) => f.write_str("tel:…"),
            Self::Other(text) => write!(f, "{}:…", text.split(':').next().unwrap_or_default()),
        }
    }
}

impl SipUri {
    fn fmt_redacted(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.secure { "sips:" } else { "sip:" };
        let user = if self.user.is_some() { "…@" } else { "" };
        write!(f, "{scheme}{user}{}", self.host)
    }
}

impl fmt::Debug for SipUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.fmt_redacted(f)
    }
}

impl fmt::Debug for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// RFC 1035: a name has at most 255 octets.
const HOST_BYTES_MAX: usize = 255;
