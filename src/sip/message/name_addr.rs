//! `"name" <uri>;params` of From, To, Contact, Route and their like (RFC 3261 §20.10).

use std::fmt;

use super::{
    BuildError, ParseError, Uri,
    lex::{Params, is_token_char, trim},
};

#[derive(Clone, Eq, PartialEq)]
pub struct NameAddr {
    /// As written, quotes included; any bytes, for gateways that send GBK.
    display: Vec<u8>,
    pub uri: Uri,
    pub params: Params,
}

impl NameAddr {
    pub fn new(uri: Uri) -> Self {
        Self { display: Vec::new(), uri, params: Params::default() }
    }

    /// With a display name, which is quoted and escaped here.
    pub fn with_display(uri: Uri, name: &str) -> Result<Self, BuildError> {
        if name.bytes().any(|c| c < b' ' || c == 0x7f) {
            return Err(BuildError::Control("a display name"));
        }
        let escaped = name.replace('\\', "\\\\").replace('"', "\\\"");
        let display = if name.is_empty() { String::new() } else { format!("\"{escaped}\"") };
        Ok(Self { display: display.into_bytes(), uri, params: Params::default() })
    }

    pub fn parse(value: &[u8], header: &'static str) -> Result<Self, ParseError> {
        Self::read(trim(value)).ok_or(ParseError::Malformed(header))
    }

    fn read(value: &[u8]) -> Option<Self> {
        let open = find_outside_quotes(value, b'<')?;
        let (display, uri, rest) = match open {
            Some(open) => {
                let close = open + value[open..].iter().position(|c| *c == b'>')?;
                (trim(&value[..open]), &value[open + 1..close], trim(&value[close + 1..]))
            }
            // Without brackets, all parameters are the header's (RFC 3261 §20.10), and
            // a `?` or `,` would be ambiguous.
            None => {
                let end = value.iter().position(|c| *c == b';').unwrap_or(value.len());
                let uri = trim(&value[..end]);
                if uri.iter().any(|c| b"?,".contains(c)) {
                    return None;
                }
                (&value[..0], uri, &value[end..])
            }
        };
        let uri = std::str::from_utf8(trim(uri)).ok()?.parse().ok()?;
        let params = match rest.split_first() {
            None => Params::default(),
            Some((b';', params)) => Params::parse(params)?,
            Some(_) => return None,
        };
        let one_tag = !params.repeats("tag") && params.get("tag").is_none_or(|t| !t.is_empty());
        (is_display(display) && one_tag).then(|| Self { display: display.to_vec(), uri, params })
    }

    pub fn tag(&self) -> Option<String> {
        self.params.get("tag")
    }

    pub fn set_tag(&mut self, tag: &str) {
        self.params.set("tag", Some(tag));
    }

    /// The name as text, quotes and escapes undone.
    pub fn display(&self) -> String {
        super::lex::unquote(&String::from_utf8_lossy(&self.display))
    }

    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = self.display.clone();
        if !out.is_empty() {
            out.push(b' ');
        }
        out.extend_from_slice(format!("<{}>{}", self.uri, self.params).as_bytes());
        out
    }
}

impl fmt::Debug for NameAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{:?}>", self.uri)
    }
}

/// `None` when a quote stays open.
fn find_outside_quotes(text: &[u8], wanted: u8) -> Option<Option<usize>> {
    let (mut quoted, mut i) = (false, 0);
    while i < text.len() {
        match text[i] {
            b'\\' if quoted => i += 1,
            b'"' => quoted = !quoted,
            c if c == wanted && !quoted => return Some(Some(i)),
            _ => {}
        }
        i += 1;
    }
    (!quoted).then_some(None)
}

/// One quoted string, or words. Bytes above ASCII are let through in words too: many
/// PBXs write names in GBK or UTF-8 without quotes.
fn is_display(display: &[u8]) -> bool {
    match display {
        [] => true,
        [b'"', inner @ .., b'"'] => {
            let mut escaped = false;
            let closed_early = inner.iter().any(|c| {
                let bare_quote = *c == b'"' && !escaped;
                escaped = *c == b'\\' && !escaped;
                bare_quote
            });
            !closed_early && !escaped
        }
        words => words.iter().all(|c| is_token_char(*c) || *c == b' ' || *c == b'\t' || *c > 0x7f),
    }
}
