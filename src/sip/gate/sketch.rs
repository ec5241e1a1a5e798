//! As much of a message as can be had without parsing it.

use bytes::{BufMut, Bytes, BytesMut};

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Kind {
    /// Within a dialog, or about something that was sent before.
    GoesOn,
    SignIn,
    Call,
    Question,
}

pub(super) struct Sketch<'a> {
    start: &'a [u8],
    head: &'a [u8],
}

impl<'a> Sketch<'a> {
    /// `None`: this is no start line of SIP.
    pub(super) fn of(message: &'a [u8]) -> Option<Self> {
        let head = message.get(..message.len().min(HEAD_MAX)).unwrap_or(message);
        let end = head.windows(2).position(|two| two == b"\r\n")?;
        let (start, head) = head.split_at(end + 2);
        let start = start.trim_ascii_end();
        (start.starts_with(b"SIP/2.0 ") || start.ends_with(b" SIP/2.0"))
            .then_some(Self { start, head })
    }

    pub(super) fn kind(&self) -> Kind {
        match self.method() {
            b"SIP/2.0" | b"ACK" | b"CANCEL" | b"BYE" | b"PRACK" => Kind::GoesOn,
            _ if self.has_to_tag() => Kind::GoesOn,
            b"REGISTER" => Kind::SignIn,
            b"INVITE" => Kind::Call,
            _ => Kind::Question,
        }
    }

    /// Neither a response nor an ACK has an answer.
    pub(super) fn may_be_answered(&self) -> bool {
        !matches!(self.method(), b"SIP/2.0" | b"ACK")
    }

    fn method(&self) -> &'a [u8] {
        self.start.split(|byte| *byte == b' ').next().unwrap_or_default()
    }

    fn has_to_tag(&self) -> bool {
        let mut fields = self.fields();
        fields.any(|(name, line)| is(name, b"to", b"t") && contains(line, b";tag="))
    }

    /// Name and line; a folded line is a field of its own, with the name of the one before.
    fn fields(&self) -> impl Iterator<Item = (&'a [u8], &'a [u8])> {
        let mut last: &[u8] = b"";
        let lines = self.head.split(|byte| *byte == b'\n');
        let lines = lines.map(|line| line.strip_suffix(b"\r").unwrap_or(line));
        lines.take_while(|line| !line.is_empty()).map(move |line| {
            if !line.first().is_some_and(u8::is_ascii_whitespace) {
                last = line.split(|byte| *byte == b':').next().unwrap_or_default().trim_ascii();
            }
            (last, line)
        })
    }

    /// 503, made of the request's own lines (RFC 3261 §8.2.6, §21.5.4). `None`: there is not
    /// enough of them.
    pub(super) fn refusal(&self) -> Option<Bytes> {
        let mut out = BytesMut::with_capacity(512);
        out.put_slice(b"SIP/2.0 503 Service Unavailable\r\n");
        let mut seen = [false; FIELDS.len()];
        for (name, line) in self.fields() {
            let place = FIELDS.iter().position(|(long, short)| is(name, long, short));
            let Some((place, seen)) = place.and_then(|n| Some((n, seen.get_mut(n)?))) else {
                continue;
            };
            let is_folded = line.first().is_some_and(u8::is_ascii_whitespace);
            // Only Via may come more than once; a tag has no place in a To of two lines.
            if *seen && place > 0 && (!is_folded || place == TO) {
                return None;
            }
            *seen = true;
            out.put_slice(line);
            // A tag makes the refusal one that RFC 3261 §8.2.6.2 allows; whose it is says
            // nothing, as nothing is kept.
            if place == TO && !contains(line, b";tag=") {
                out.put_slice(b";tag=busy");
            }
            out.put_slice(b"\r\n");
        }
        let is_whole = seen.iter().all(|seen| *seen);
        out.put_slice(b"Retry-After: 30\r\nContent-Length: 0\r\n\r\n");
        is_whole.then(|| out.freeze())
    }
}

fn is(name: &[u8], long: &[u8], short: &[u8]) -> bool {
    name.eq_ignore_ascii_case(long) || name.eq_ignore_ascii_case(short)
}

fn contains(line: &[u8], what: &[u8]) -> bool {
    line.windows(what.len()).any(|part| part.eq_ignore_ascii_case(what))
}

/// Long and compact names of what a response takes over.
const FIELDS: [(&[u8], &[u8]); 5] =
    [(b"via", b"v"), (b"from", b"f"), (b"to", b"t"), (b"call-id", b"i"), (b"cseq", b"cseq")];
const TO: usize = 2;

/// The five fields come first in what peers send; a head that hides them is not looked for.
const HEAD_MAX: usize = 4_096;
