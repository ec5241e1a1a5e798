//! Header lines in order, names canonical, values as they came.

use std::fmt;

use bytes::Bytes;

use super::{BuildError, lex};

/// The names of headers that something here reads or writes.
pub mod name {
    pub const ACCEPT: &str = "Accept";
    pub const ACCEPT_ENCODING: &str = "Accept-Encoding";
    pub const ALLOW: &str = "Allow";
    pub const AUTHORIZATION: &str = "Authorization";
    pub const CALL_ID: &str = "Call-ID";
    pub const CONTACT: &str = "Contact";
    pub const CONTENT_ENCODING: &str = "Content-Encoding";
    pub const CONTENT_LENGTH: &str = "Content-Length";
    pub const CONTENT_TYPE: &str = "Content-Type";
    pub const CSEQ: &str = "CSeq";
    pub const EXPIRES: &str = "Expires";
    pub const FROM: &str = "From";
    pub const MAX_FORWARDS: &str = "Max-Forwards";
    pub const MIN_EXPIRES: &str = "Min-Expires";
    pub const MIN_SE: &str = "Min-SE";
    pub const PROXY_AUTHENTICATE: &str = "Proxy-Authenticate";
    pub const PROXY_AUTHORIZATION: &str = "Proxy-Authorization";
    pub const RACK: &str = "RAck";
    pub const REASON: &str = "Reason";
    pub const RECORD_ROUTE: &str = "Record-Route";
    pub const REQUIRE: &str = "Require";
    pub const RETRY_AFTER: &str = "Retry-After";
    pub const ROUTE: &str = "Route";
    pub const RSEQ: &str = "RSeq";
    pub const SERVER: &str = "Server";
    pub const SESSION_EXPIRES: &str = "Session-Expires";
    pub const SUPPORTED: &str = "Supported";
    pub const TO: &str = "To";
    pub const UNSUPPORTED: &str = "Unsupported";
    pub const USER_AGENT: &str = "User-Agent";
    pub const VIA: &str = "Via";
    pub const WARNING: &str = "Warning";
    pub const WWW_AUTHENTICATE: &str = "WWW-Authenticate";
}

#[derive(Clone, Default, Eq, PartialEq)]
pub struct Headers(Vec<(String, Bytes)>);

impl Headers {
    pub fn get(&self, name: &str) -> Option<&[u8]> {
        let found = self.0.iter().find(|(n, _)| n.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_ref())
    }

    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        self.0.iter().filter(move |(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.as_ref())
    }

    /// The value as text; bytes that are not UTF-8 show as U+FFFD.
    pub fn text(&self, name: &str) -> Option<String> {
        self.get(name).map(|value| String::from_utf8_lossy(value).into_owned())
    }

    /// Elements of all lines of a comma-list header.
    pub fn list<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        self.all(name).flat_map(lex::split_list)
    }

    /// Whether a list header (Supported, Require, Allow) holds this token.
    pub fn lists(&self, name: &str, token: &str) -> bool {
        self.list(name).any(|element| element.eq_ignore_ascii_case(token.as_bytes()))
    }

    pub fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// A header of our own making. What comes from outside goes through [`Self::try_add`];
    /// a line break that slips in here is written as a space.
    pub fn add(&mut self, name: &str, value: impl Into<Bytes>) {
        self.0.push((canonical(name), value.into()));
    }

    /// A header whose value was typed by somebody: refused when it could break the line.
    pub fn try_add(&mut self, name: &str, value: &str) -> Result<(), BuildError> {
        if !lex::is_token(name.as_bytes()) {
            return Err(BuildError::Name);
        }
        if value.bytes().any(|c| c < b' ' && c != b'\t' || c == 0x7f) {
            return Err(BuildError::Control("a header value"));
        }
        self.add(name, value.to_owned());
        Ok(())
    }

    pub fn set(&mut self, name: &str, value: impl Into<Bytes>) {
        let at = self.0.iter().position(|(n, _)| n.eq_ignore_ascii_case(name));
        self.remove(name);
        let at = at.unwrap_or(self.0.len()).min(self.0.len());
        self.0.insert(at, (canonical(name), value.into()));
    }

    pub fn prepend(&mut self, name: &str, value: impl Into<Bytes>) {
        self.0.insert(0, (canonical(name), value.into()));
    }

    pub fn remove(&mut self, name: &str) {
        self.0.retain(|(n, _)| !n.eq_ignore_ascii_case(name));
    }

    pub fn copy(&mut self, from: &Self, name: &str) {
        let values: Vec<_> = from.0.iter().filter(|(n, _)| n.eq_ignore_ascii_case(name)).collect();
        self.0.extend(values.into_iter().cloned());
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn lines(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_ref()))
    }
}

/// Names only: values hold numbers, digits of identity cards and credentials.
impl fmt::Debug for Headers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|(name, _)| name)).finish()
    }
}

/// `v` and `vIA` are both `Via`; unknown names stay as they are.
pub(super) fn canonical(name: &str) -> String {
    let long = COMPACT.iter().find(|(short, _)| short.eq_ignore_ascii_case(name));
    let known = || KNOWN.iter().find(|known| known.eq_ignore_ascii_case(name)).copied();
    long.map(|(_, long)| *long).or_else(known).unwrap_or(name).to_owned()
}

/// RFC 3261 §7.3.3 and the extensions' own.
const COMPACT: &[(&str, &str)] = &[
    ("a", "Accept-Contact"),
    ("b", "Referred-By"),
    ("c", name::CONTENT_TYPE),
    ("d", "Request-Disposition"),
    ("e", name::CONTENT_ENCODING),
    ("f", name::FROM),
    ("i", name::CALL_ID),
    ("j", "Reject-Contact"),
    ("k", name::SUPPORTED),
    ("l", name::CONTENT_LENGTH),
    ("m", name::CONTACT),
    ("o", "Event"),
    ("r", "Refer-To"),
    ("s", "Subject"),
    ("t", name::TO),
    ("u", "Allow-Events"),
    ("v", name::VIA),
    ("x", name::SESSION_EXPIRES),
    ("y", "Identity"),
];

const KNOWN: &[&str] = &[
    name::CALL_ID,
    name::CONTACT,
    name::CONTENT_LENGTH,
    name::CONTENT_TYPE,
    name::CSEQ,
    name::FROM,
    name::MAX_FORWARDS,
    name::RECORD_ROUTE,
    name::ROUTE,
    name::TO,
    name::VIA,
];
