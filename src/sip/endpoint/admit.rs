//! Requests that are refused whoever they are for (RFC 3261 §8.2). The order of the
//! questions is the RFC's.

use super::{ALLOW, SUPPORTED};
use crate::sip::{
    message::{Method, Request, Transport, Uri, body_of, name},
    sdp::APPLICATION_SDP,
};

/// A status and the headers that explain it.
#[derive(Debug, Eq, PartialEq)]
pub(super) struct Refusal {
    pub(super) status: u16,
    pub(super) headers: Vec<(&'static str, String)>,
}

pub(super) fn admit(request: &Request, transport: Transport) -> Result<(), Refusal> {
    method(request)?;
    // `sips:` promises TLS on every hop (§26.2.2): by this one it cannot be kept.
    let is_bare = transport != Transport::Tls;
    let is_broken_promise = is_bare && request.uri.as_sip().is_some_and(|uri| uri.secure);
    if matches!(request.uri, Uri::Other(_)) || is_broken_promise {
        return refuse(416, &[]);
    }
    extensions(request)?;
    content(request)
}

fn method(request: &Request) -> Result<(), Refusal> {
    match &request.method {
        Method::Other(_) => refuse(501, &[(name::ALLOW, ALLOW)]),
        Method::Message | Method::Publish | Method::Subscribe => {
            refuse(405, &[(name::ALLOW, ALLOW)])
        }
        _ => Ok(()),
    }
}

fn extensions(request: &Request) -> Result<(), Refusal> {
    // Neither ACK nor CANCEL may be refused for these (§8.2.2.3).
    if matches!(request.method, Method::Ack | Method::Cancel) {
        return Ok(());
    }
    let is_supported = |token: &&[u8]| {
        SUPPORTED.split(", ").any(|ours| ours.as_bytes().eq_ignore_ascii_case(token))
    };
    let unknown = request.headers.list(name::REQUIRE).filter(|token| !is_supported(token));
    let unknown: Vec<_> = unknown.map(|token| String::from_utf8_lossy(token)).collect();
    if unknown.is_empty() {
        Ok(())
    } else {
        refuse(420, &[(name::UNSUPPORTED, &unknown.join(", "))])
    }
}

fn content(request: &Request) -> Result<(), Refusal> {
    let headers = &request.headers;
    let encoded =
        headers.list(name::CONTENT_ENCODING).any(|e| !e.eq_ignore_ascii_case(b"identity"));
    if encoded && !request.body.is_empty() {
        return refuse(415, &[(name::ACCEPT_ENCODING, "identity")]);
    }
    let describes = matches!(request.method, Method::Invite | Method::Update | Method::Prack);
    let is_described = body_of(headers, &request.body, APPLICATION_SDP).is_some();
    if describes && !request.body.is_empty() && !is_described {
        return refuse(415, &[(name::ACCEPT, APPLICATION_SDP)]);
    }
    if request.method == Method::Invite && headers.has(name::ACCEPT) && !accepts_sdp(request) {
        return refuse(406, &[(name::ACCEPT, APPLICATION_SDP)]);
    }
    Ok(())
}

fn accepts_sdp(request: &Request) -> bool {
    request.headers.list(name::ACCEPT).any(|range| {
        let kind = range.split(|c| *c == b';').next().unwrap_or_default().trim_ascii();
        [&b"application/sdp"[..], b"application/*", b"*/*", b"multipart/mixed"]
            .iter()
            .any(|ours| ours.eq_ignore_ascii_case(kind))
    })
}

fn refuse(status: u16, headers: &[(&'static str, &str)]) -> Result<(), Refusal> {
    let headers = headers.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
    Err(Refusal { status, headers })
}
