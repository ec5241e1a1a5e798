//! The lexical rules shared by headers: quotes, angle brackets, lists, parameters
//! (RFC 3261 §25.1).

use std::fmt;

/// Splits at `separator`, but not inside quotes or angle brackets. `None` when one
/// of these is not closed.
pub(super) fn split(text: &[u8], separator: u8) -> Option<Vec<&[u8]>> {
    let (mut parts, mut start, mut i) = (Vec::new(), 0, 0);
    let (mut quoted, mut angle) = (false, false);
    while i < text.len() {
        match text[i] {
            b'\\' if quoted => i += 1,
            b'"' if !angle => quoted = !quoted,
            b'<' if !quoted => angle = true,
            b'>' if !quoted => angle = false,
            c if c == separator && !quoted && !angle => {
                parts.push(trim(&text[start..i]));
                start = i + 1;
            }
            _ => {}
        }
        i += 1;
    }
    parts.push(trim(&text[start..]));
    (!quoted && !angle).then_some(parts)
}

/// The elements of a comma list; empty ones are dropped. An unbalanced value is one
/// element, for its own parser to refuse.
pub fn split_list(value: &[u8]) -> Vec<&[u8]> {
    let parts = split(value, b',').unwrap_or_else(|| vec![trim(value)]);
    parts.into_iter().filter(|part| !part.is_empty()).collect()
}

pub(super) fn trim(text: &[u8]) -> &[u8] {
    text.trim_ascii()
}

pub(super) fn is_token(text: &[u8]) -> bool {
    !text.is_empty() && text.iter().all(|c| is_token_char(*c))
}

pub(super) fn is_token_char(c: u8) -> bool {
    c.is_ascii_alphanumeric() || b"-.!%*_+`'~".contains(&c)
}

/// Digits only: `str::parse` would take a `+` too.
pub(super) fn number(text: &[u8]) -> Option<u64> {
    let digits = text.iter().all(u8::is_ascii_digit) && !text.is_empty();
    // A number beyond u64 is still a number: it saturates, and a range check follows.
    digits.then(|| {
        text.iter().fold(0u64, |n, c| n.saturating_mul(10).saturating_add(u64::from(c - b'0')))
    })
}

/// The text inside quotes, escapes undone; text without quotes as it is.
pub(super) fn unquote(text: &str) -> String {
    let Some(inner) = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) else {
        return text.to_owned();
    };
    let mut out = String::with_capacity(inner.len());
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => out.extend(chars.next()),
            c => out.push(c),
        }
    }
    out
}

/// `;name=value;flag`, in order, values as written.
#[derive(Clone, Default, Eq, PartialEq)]
pub struct Params(Vec<(String, Option<String>)>);

impl Params {
    /// Reads what stands behind the first `;`. `None` for an empty or odd parameter.
    pub(super) fn parse(text: &[u8]) -> Option<Self> {
        let mut params = Vec::new();
        for part in split(text, b';')? {
            let (name, value) = match part.iter().position(|c| *c == b'=') {
                Some(at) => (trim(&part[..at]), Some(trim(&part[at + 1..]))),
                None => (part, None),
            };
            if !name.iter().all(|c| is_param_char(*c)) || name.is_empty() {
                return None;
            }
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            if value.is_some_and(|value| !is_param_value(value)) {
                return None;
            }
            params.push((text(name), value.map(text)));
        }
        (params.len() <= PARAMS_MAX).then_some(Self(params))
    }

    pub fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(n, _)| n.eq_ignore_ascii_case(name))
    }

    /// The value, without quotes; `Some("")` for a bare flag.
    pub fn get(&self, name: &str) -> Option<String> {
        let (_, value) = self.0.iter().find(|(n, _)| n.eq_ignore_ascii_case(name))?;
        Some(value.as_deref().map(unquote).unwrap_or_default())
    }

    pub fn set(&mut self, name: &str, value: Option<&str>) {
        let value = value.map(|value| value.replace(['\r', '\n', '\0'], ""));
        match self.0.iter_mut().find(|(n, _)| n.eq_ignore_ascii_case(name)) {
            Some((_, old)) => *old = value,
            None => self.0.push((name.to_owned(), value)),
        }
    }

    pub fn remove(&mut self, name: &str) {
        self.0.retain(|(n, _)| !n.eq_ignore_ascii_case(name));
    }

    pub(super) fn repeats(&self, name: &str) -> bool {
        self.0.iter().filter(|(n, _)| n.eq_ignore_ascii_case(name)).count() > 1
    }
}

/// Names only: a value may be a tag, and a parameter of a number is the number's.
impl fmt::Debug for Params {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|(name, _)| name)).finish()
    }
}

impl fmt::Display for Params {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|(name, value)| match value {
            Some(value) => write!(f, ";{name}={value}"),
            None => write!(f, ";{name}"),
        })
    }
}

/// URI parameters may hold `%`, `[`, `/` and more; one rule for both kinds.
fn is_param_char(c: u8) -> bool {
    is_token_char(c) || b"[]/:&+$()".contains(&c)
}

fn is_param_value(value: &[u8]) -> bool {
    match value {
        [] => true,
        [b'"', .., b'"'] => value.len() > 1,
        [b'"', ..] => false,
        _ => !value.iter().any(|c| c.is_ascii_whitespace() || b"\"<>".contains(c)),
    }
}

/// No honest header has more; each one costs memory for as long as a dialog lives.
const PARAMS_MAX: usize = 64;
