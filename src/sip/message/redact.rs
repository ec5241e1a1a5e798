//! A message as a trace may show it: no credentials, no keys, no whole phone number.

use crate::base::{Breakage, broken};

/// The text of a message with what identifies people taken out: credentials and keys
/// whole, of long runs of digits the middle. The layout stays, for the eye of somebody
/// who looks for a fault. Session descriptions are shown as they are.
pub fn redacted(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    let mut out = String::with_capacity(text.len());
    let (mut hides, mut is_sdp) = (false, false);
    for line in head.split("\r\n") {
        let name = line.split(':').next().unwrap_or_default().trim().to_ascii_lowercase();
        // A folded line belongs to the one before it.
        if !line.starts_with([' ', '\t']) {
            hides = SECRET.contains(&name.as_str()) && !broken(Breakage::CredentialsShown);
        }
        if matches!(name.as_str(), "content-type" | "c") {
            is_sdp = line.to_ascii_lowercase().contains("application/sdp");
        }
        match () {
            () if hides && line.starts_with([' ', '\t']) => out.push_str(" …"),
            () if hides => {
                out.push_str(&format!("{}: …", line.split(':').next().unwrap_or_default()))
            }
            () if PLAIN.contains(&name.as_str()) => out.push_str(line),
            () => out.push_str(&mask_numbers(line)),
        }
        out.push_str("\r\n");
    }
    out.push_str("\r\n");
    match () {
        () if body.is_empty() => {}
        () if is_sdp => out.push_str(body),
        () => out.push_str(&format!("({} bytes)", body.len())),
    }
    out
}

/// `13800138000` → `138…00`.
fn mask_numbers(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    let mut digits = String::new();
    for c in line.chars().chain(['\n']) {
        if c.is_ascii_digit() {
            digits.push(c);
            continue;
        }
        if digits.len() >= NUMBER_DIGITS_MIN && !broken(Breakage::NumbersShown) {
            out.push_str(&format!("{}…{}", &digits[..3], &digits[digits.len() - 2..]));
        } else {
            out.push_str(&digits);
        }
        digits.clear();
        out.push(c);
    }
    out.pop();
    out
}

const SECRET: &[&str] = &[
    "authorization",
    "proxy-authorization",
    "www-authenticate",
    "proxy-authenticate",
    "authentication-info",
];

/// Numbers of the protocol, by which messages are matched.
const PLAIN: &[&str] =
    &["via", "v", "cseq", "call-id", "i", "rack", "rseq", "content-length", "l", "max-forwards"];

/// The shortest number that finds a person from outside.
const NUMBER_DIGITS_MIN: usize = 7;
