//! Requests and responses as values, and how they are written (RFC 3261 §7.1, §7.2).

use std::fmt;

use bytes::{BufMut, Bytes, BytesMut};

use super::{Headers, Method, Uri, headers::name, status::reason_phrase};

#[derive(Clone, Eq, PartialEq)]
pub struct Request {
    pub method: Method,
    pub uri: Uri,
    pub headers: Headers,
    pub body: Bytes,
}

#[derive(Clone, Eq, PartialEq)]
pub struct Response {
    pub status: u16,
    pub reason: String,
    pub headers: Headers,
    pub body: Bytes,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum BuildError {
    #[error("{0} holds a control character")]
    Control(&'static str),
    #[error("a header name is not a token")]
    Name,
}

impl Request {
    pub fn new(method: Method, uri: Uri) -> Self {
        Self { method, uri, headers: Headers::default(), body: Bytes::new() }
    }

    pub fn set_body(&mut self, content_type: &str, body: impl Into<Bytes>) {
        self.headers.set(name::CONTENT_TYPE, content_type.to_owned());
        self.body = body.into();
    }

    /// Content-Length is always written, and always right.
    pub fn to_bytes(&self) -> Bytes {
        write(&format!("{} {} SIP/2.0", self.method, self.uri), &self.headers, &self.body)
    }
}

impl Response {
    /// What every response copies from its request (RFC 3261 §8.2.6.2). `to_tag` is
    /// added when the request had none.
    pub fn to_request(request: &Headers, status: u16, to_tag: &str) -> Self {
        let mut headers = Headers::default();
        for name in [name::VIA, name::FROM] {
            headers.copy(request, name);
        }
        match request.to() {
            Ok(mut to) if to.tag().is_none() && status > 100 && !to_tag.is_empty() => {
                to.set_tag(to_tag);
                headers.add(name::TO, to.to_bytes());
            }
            _ => headers.copy(request, name::TO),
        }
        for name in [name::CALL_ID, name::CSEQ] {
            headers.copy(request, name);
        }
        Self { status, reason: reason_phrase(status), headers, body: Bytes::new() }
    }

    pub fn set_body(&mut self, content_type: &str, body: impl Into<Bytes>) {
        self.headers.set(name::CONTENT_TYPE, content_type.to_owned());
        self.body = body.into();
    }

    pub fn to_bytes(&self) -> Bytes {
        write(&format!("SIP/2.0 {} {}", self.status, self.reason), &self.headers, &self.body)
    }
}

fn write(start: &str, headers: &Headers, body: &[u8]) -> Bytes {
    let mut out = BytesMut::with_capacity(512 + body.len());
    put_line(&mut out, start.as_bytes());
    let written = headers.lines().filter(|(n, _)| !n.eq_ignore_ascii_case(name::CONTENT_LENGTH));
    for (name, value) in written {
        out.put_slice(name.as_bytes());
        out.put_slice(b": ");
        put_line(&mut out, value);
    }
    put_line(&mut out, format!("Content-Length: {}", body.len()).as_bytes());
    out.put_slice(b"\r\n");
    out.put_slice(body);
    out.freeze()
}

/// The last gate against injection: nothing written here can end its line early.
fn put_line(out: &mut BytesMut, line: &[u8]) {
    out.extend(line.iter().map(|c| if matches!(c, b'\r' | b'\n') { b' ' } else { *c }));
    out.put_slice(b"\r\n");
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:?} ({} bytes of body)", self.method, self.uri, self.body.len())
    }
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let to = self.headers.cseq().map(|cseq| cseq.to_string()).unwrap_or_default();
        write!(f, "{} to {to} ({} bytes of body)", self.status, self.body.len())
    }
}
