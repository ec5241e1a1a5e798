//! What a list of messages says of each, read without parsing it all: a message that is kept
//! for whoever looks for a fault may be the one that is wrong.

/// Of a request or a response, in clear from the wire.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Sketch {
    pub start: Start,
    pub call_id: String,
    /// Of CSeq, and its method.
    pub cseq: i64,
    pub method: String,
}

#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Start {
    Request,
    /// The status.
    Response(u16),
}

impl Sketch {
    /// `None`: no start line of SIP, no Call-ID or no CSeq.
    pub fn of(message: &[u8]) -> Option<Self> {
        let blank = message.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        let message = message.get(blank..)?;
        let head = message.get(..message.len().min(HEAD_MAX)).unwrap_or(message);
        let mut lines = head.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii_end);
        let start = start(lines.next()?)?;
        let (mut call_id, mut cseq) = (None, None);
        for line in lines.take_while(|line| !line.is_empty()) {
            let Some(at) = line.iter().position(|byte| *byte == b':') else { continue };
            let (name, value) = (line.get(..at)?.trim_ascii(), line.get(at + 1..)?.trim_ascii());
            let is = |word: &[u8]| name.eq_ignore_ascii_case(word);
            if call_id.is_none() && (is(b"call-id") || is(b"i")) {
                call_id = Some(String::from_utf8_lossy(value).into_owned());
            } else if cseq.is_none() && is(b"cseq") {
                cseq = Some(String::from_utf8_lossy(value).into_owned());
            }
            if call_id.is_some() && cseq.is_some() {
                break;
            }
        }
        let cseq = cseq?;
        let (number, method) = cseq.split_once([' ', '\t'])?;
        let call_id = call_id.filter(|id| (1..=CALL_ID_MAX).contains(&id.len()))?;
        let method: String = method.trim().chars().take(METHOD_MAX).collect();
        Some(Self { start, call_id, cseq: number.trim().parse().ok()?, method })
    }

    /// Questions about the line and sign-ins are of no call.
    pub fn is_of_a_call(&self) -> bool {
        !["OPTIONS", "REGISTER", "PUBLISH", "SUBSCRIBE", "MESSAGE"].contains(&self.method.as_str())
    }
}

fn start(line: &[u8]) -> Option<Start> {
    if let Some(rest) = line.strip_prefix(b"SIP/2.0 ") {
        let digits = rest.get(..3)?;
        return std::str::from_utf8(digits).ok()?.parse().ok().map(Start::Response);
    }
    line.ends_with(b" SIP/2.0").then_some(Start::Request)
}

/// Call-ID and CSeq come early in what peers send; a head that hides them is not looked for.
const HEAD_MAX: usize = 8_192;

/// Real ones have less than 100 bytes; longer ones are not matched to a call.
const CALL_ID_MAX: usize = 255;
const METHOD_MAX: usize = 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sketch_has_what_a_list_of_messages_says() {
        let of = |text: &str| Sketch::of(text.as_bytes());
        let found =
            of("SIP/2.0 180 Ringing\r\nVia: x\r\ni : a@b\r\ncSeq: 7  INVITE\r\n\r\nCall-ID: no")
                .unwrap();
        assert_eq!(found.start, Start::Response(180));
        assert_eq!(
            (found.call_id.as_str(), found.cseq, found.method.as_str()),
            ("a@b", 7, "INVITE")
        );
        assert!(found.is_of_a_call());
        let options = of("OPTIONS sip:a SIP/2.0\r\nCall-ID: a\r\nCSeq: 1 OPTIONS\r\n\r\n").unwrap();
        assert!(!options.is_of_a_call());
        for broken in [
            "",
            "\r\n\r\n",
            "GET / HTTP/1.1\r\nCall-ID: a\r\nCSeq: 1 INVITE\r\n\r\n",
            "INVITE sip:a SIP/2.0\r\nCSeq: 1 INVITE\r\n\r\nCall-ID: a",
            "INVITE sip:a SIP/2.0\r\nCall-ID: a\r\n\r\n",
            "INVITE sip:a SIP/2.0\r\nCall-ID: a\r\nCSeq: x INVITE\r\n\r\n",
            "SIP/2.0 1",
        ] {
            assert_eq!(of(broken), None, "{broken}");
        }
    }
}
