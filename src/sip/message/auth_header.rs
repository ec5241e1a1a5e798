//! The grammar of challenges and credentials (RFC 3261 §20.7, §20.27, RFC 8760).

use std::fmt;

use super::lex::{is_token, split, trim, unquote};

/// `Digest realm="…", nonce="…"`.
#[derive(Clone, Eq, PartialEq)]
pub struct AuthParams {
    pub scheme: String,
    params: Vec<(String, String)>,
}

impl AuthParams {
    pub fn get(&self, name: &str) -> Option<&str> {
        self.params.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.as_str())
    }
}

/// Values may be nonces and answers to them.
impl fmt::Debug for AuthParams {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({} parameters)", self.scheme, self.params.len())
    }
}

/// One header line may hold several challenges, though the RFC asks for one.
pub fn split_challenges(value: &[u8]) -> Vec<AuthParams> {
    let mut found: Vec<AuthParams> = Vec::new();
    for part in split(value, b',').unwrap_or_default().into_iter().take(PARTS_MAX) {
        let (scheme, param) = scheme_and_rest(part);
        if let Some(scheme) = scheme {
            found.push(AuthParams { scheme, params: Vec::new() });
        }
        let Some(eq) = param.iter().position(|c| *c == b'=') else { continue };
        let text = |bytes: &[u8]| String::from_utf8_lossy(trim(bytes)).into_owned();
        if let Some(last) = found.last_mut() {
            last.params.push((text(&param[..eq]), unquote(&text(&param[eq + 1..]))));
        }
    }
    found
}

/// `Digest realm="x"` starts a new challenge, `realm="x"` goes on with the last one.
fn scheme_and_rest(part: &[u8]) -> (Option<String>, &[u8]) {
    let Some(space) = part.iter().position(u8::is_ascii_whitespace) else { return (None, part) };
    let (word, rest) = (&part[..space], trim(&part[space..]));
    match is_token(word) && !rest.starts_with(b"=") {
        true => (Some(String::from_utf8_lossy(word).into_owned()), rest),
        false => (None, part),
    }
}

/// Eleven parameters exist; a line holds a few challenges at most.
const PARTS_MAX: usize = 64;
