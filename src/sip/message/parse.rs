//! From bytes to a message (RFC 3261 §7). Folded lines, compact names, odd spaces and
//! bare line feeds are understood; what is wrong is told with all that could be read,
//! so that a request can be answered 400.

use bytes::Bytes;

use super::{
    Headers, Method, ParseError, Request, Response, Uri,
    check::{check_request, check_response},
    headers::name,
    lex::{is_token, number, trim},
};

#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Message {
    Request(Request),
    Response(Response),
}

/// A message that cannot be used.
#[derive(Debug)]
pub struct Broken {
    pub error: ParseError,
    /// 400, 413 or 505, for a request that somebody waits for; nobody does for an
    /// ACK, a response or noise.
    pub status: Option<u16>,
    /// What could be read, for the response to copy.
    pub headers: Headers,
}

/// One datagram is one message; bytes beyond Content-Length are ignored (RFC 3261
/// §18.3). `Ok(None)` is a keep-alive.
pub fn datagram(bytes: &Bytes) -> Result<Option<Message>, Broken> {
    let start = bytes.iter().position(|c| !b"\r\n\0".contains(c));
    let Some(start) = start else { return Ok(None) };
    if bytes.len() > MESSAGE_BYTES_MAX {
        return Err(Broken::noise(ParseError::TooLarge(MESSAGE_BYTES_MAX)));
    }
    let bytes = bytes.slice(start..);
    let Some((end, body)) = find_head_end(&bytes) else {
        return Err(Head::parse(&bytes).broken(ParseError::Unfinished));
    };
    let head = Head::parse(&bytes[..end]);
    let body = bytes.slice(body..);
    match head.content_length() {
        Err(error) => Err(head.broken(error)),
        Ok(Some(length)) if length > body.len() => Err(head.broken(ParseError::Truncated)),
        Ok(length) => head.finish(body.slice(..length.unwrap_or(body.len()))).map(Some),
    }
}

/// Where the header section ends and where the body begins.
pub(super) fn find_head_end(bytes: &[u8]) -> Option<(usize, usize)> {
    let mut line_start = 0;
    while let Some(length) = bytes[line_start..].iter().position(|c| *c == b'\n') {
        let line = &bytes[line_start..line_start + length];
        if line_start > 0 && matches!(line, b"" | b"\r") {
            return Some((line_start, line_start + length + 1));
        }
        line_start += length + 1;
    }
    None
}

/// A start line and headers, not yet judged.
pub(super) struct Head {
    start: Vec<u8>,
    headers: Headers,
    error: Option<ParseError>,
}

impl Head {
    pub(super) fn parse(bytes: &[u8]) -> Self {
        let mut lines = bytes.split(|c| *c == b'\n').map(|l| l.strip_suffix(b"\r").unwrap_or(l));
        let start = lines.next().unwrap_or_default().to_vec();
        let mut unfolded: Vec<Vec<u8>> = Vec::new();
        let mut error = None;
        for line in lines.filter(|line| !line.is_empty()) {
            let lines = unfolded.len();
            match (line.first(), unfolded.last_mut()) {
                (Some(b' ' | b'\t'), Some(last)) => {
                    last.push(b' ');
                    last.extend_from_slice(trim(line));
                }
                _ if lines == HEADERS_MAX => {
                    error = Some(ParseError::TooManyHeaders(HEADERS_MAX));
                    break;
                }
                _ => unfolded.push(line.to_vec()),
            }
        }
        let mut headers = Headers::default();
        for line in unfolded {
            match header(&line) {
                Some((name, value)) => headers.add(name, Bytes::copy_from_slice(value)),
                None => error = error.or(Some(ParseError::NoColon)),
            }
        }
        Self { start, headers, error }
    }

    pub(super) fn content_length(&self) -> Result<Option<usize>, ParseError> {
        let mut values = self.headers.all(name::CONTENT_LENGTH);
        let Some(value) = values.next() else { return Ok(None) };
        if values.next().is_some() {
            return Err(ParseError::Repeated(name::CONTENT_LENGTH));
        }
        let n = number(value).ok_or(ParseError::Malformed(name::CONTENT_LENGTH))?;
        Ok(Some(usize::try_from(n).unwrap_or(usize::MAX)))
    }

    pub(super) fn finish(mut self, body: Bytes) -> Result<Message, Broken> {
        let error = self.error.take();
        match status_line(&self.start) {
            Some(Ok((status, reason))) => {
                let response = Response { status, reason, headers: self.headers, body };
                match error.map_or_else(|| check_response(&response), Err) {
                    Ok(()) => Ok(Message::Response(response)),
                    Err(error) => Err(Broken::noise(error)),
                }
            }
            Some(Err(error)) => Err(Broken::noise(error)),
            None => {
                let (method, uri) = match request_line(&self.start) {
                    Ok(line) => line,
                    Err(error) => return Err(self.broken(error)),
                };
                if let Some(error) = error {
                    return Err(self.broken(error));
                }
                let request = Request { method, uri, headers: self.headers, body };
                match check_request(&request) {
                    Ok(()) => Ok(Message::Request(request)),
                    Err(error) => {
                        let head =
                            Self { start: self.start, headers: request.headers, error: None };
                        Err(head.broken(error))
                    }
                }
            }
        }
    }

    pub(super) fn broken(self, error: ParseError) -> Broken {
        let method = self.start.split(|c| *c == b' ').next().unwrap_or_default();
        let answerable = is_token(method) && method != b"ACK" && self.headers.has(name::VIA);
        let status = match error {
            _ if !answerable => None,
            _ if is_other_version(&self.start) => Some(505),
            ParseError::TooLarge(_) => Some(413),
            _ => Some(400),
        };
        Broken { error, status, headers: self.headers }
    }
}

impl Broken {
    fn noise(error: ParseError) -> Self {
        Self { error, status: None, headers: Headers::default() }
    }
}

fn header(line: &[u8]) -> Option<(&str, &[u8])> {
    let colon = line.iter().position(|c| *c == b':')?;
    let name = line[..colon].trim_ascii_end();
    let name = std::str::from_utf8(name).ok().filter(|name| is_token(name.as_bytes()))?;
    Some((name, trim(&line[colon + 1..])))
}

/// `None` when the line is not a status line at all.
fn status_line(line: &[u8]) -> Option<Result<(u16, String), ParseError>> {
    let is_status = line.get(..4).is_some_and(|start| start.eq_ignore_ascii_case(b"SIP/"));
    is_status.then(|| {
        let mut words = line.splitn(3, |c| *c == b' ');
        let version = words.next().unwrap_or_default();
        let code = words.next().and_then(number).filter(|code| (100..700).contains(code));
        let code = code.and_then(|code| u16::try_from(code).ok());
        let reason = String::from_utf8_lossy(words.next().unwrap_or_default()).into_owned();
        match code.filter(|_| version.eq_ignore_ascii_case(b"SIP/2.0")) {
            Some(code) => Ok((code, reason)),
            None => Err(ParseError::StartLine),
        }
    })
}

/// Exactly one space between the words and none behind (RFC 3261 §7.1): more is not
/// guessed at.
fn request_line(line: &[u8]) -> Result<(Method, Uri), ParseError> {
    let line = std::str::from_utf8(line).map_err(|_| ParseError::StartLine)?;
    let words: Vec<_> = line.split(' ').collect();
    let &[method, uri, version] = words.as_slice() else { return Err(ParseError::StartLine) };
    let method = method.parse()?;
    if !version.eq_ignore_ascii_case("SIP/2.0") {
        return Err(ParseError::StartLine);
    }
    let uri = uri.parse().map_err(|_| ParseError::Malformed("Request-URI"))?;
    Ok((method, uri))
}

/// `… SIP/7.0` is answered 505; `… HTTP/1.1` is not SIP at all.
fn is_other_version(line: &[u8]) -> bool {
    let version = line.rsplit(|c| *c == b' ').next().unwrap_or_default();
    let digits = version.get(4..).unwrap_or_default();
    let is_sip = version.get(..4).is_some_and(|start| start.eq_ignore_ascii_case(b"SIP/"));
    let is_version =
        digits.contains(&b'.') && digits.iter().all(|c| c.is_ascii_digit() || *c == b'.');
    is_sip && is_version && digits != b"2.0"
}

/// The largest UDP datagram; over TCP nobody has a reason to send more.
pub(super) const MESSAGE_BYTES_MAX: usize = 65_535;

/// Fifty hops of Via and Record-Route each, and room for the rest.
const HEADERS_MAX: usize = 200;
