//! A message as it may be kept, and as it may be shown. What is kept holds no credential and no
//! key; what is shown to whoever has no right to more holds no whole number, no name and no key
//! that somebody has pressed.

use crate::base::{Breakage, broken};

/// The text of a message without what would let anybody in: credentials, nonces and keys of
/// sound. Layout and all else stay, for the eye of somebody who looks for a fault. A byte that
/// is no text becomes U+FFFD, as does NUL.
pub fn without_secrets(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes).replace('\0', "\u{fffd}");
    let mut out = String::with_capacity(text.len());
    let (mut hides, mut part) = (false, Part::Before);
    for line in text.split_inclusive('\n') {
        let (line, end) = ended(line);
        part = part.after(line);
        let is_folded = part == Part::Head && line.starts_with([' ', '\t']);
        // A folded line belongs to the one before it. A fragment of SIP may be a body, too.
        hides = if is_folded { hides } else { is_secret(line) };
        match () {
            // Of a secret's further lines nothing is left.
            () if hides && is_folded => continue,
            () if hides => out.push_str(&without_credentials(line)),
            () if part == Part::Body => out.push_str(&without_keys(line)),
            () => out.push_str(&without_password(line)),
        }
        out.push_str(end);
    }
    out
}

/// What is left may be shown to whoever looks for a fault: of each long number the last four
/// digits, of each name nothing, of a body only a session description.
pub fn masked(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let (mut is_sdp, mut is_plain, mut part, mut hidden) = (false, false, Part::Before, 0);
    for whole in text.split_inclusive('\n') {
        let (line, end) = ended(whole);
        let before = part;
        part = before.after(line);
        if part == Part::Body && before == Part::Body {
            match is_sdp {
                true => out.push_str(&mask_sdp(line)),
                false => hidden += whole.len(),
            }
        } else {
            let name = line.split(':').next().unwrap_or_default().trim().to_ascii_lowercase();
            let is_start = before == Part::Before;
            if !line.starts_with([' ', '\t']) {
                is_plain = !is_start && PLAIN.contains(&name.as_str());
            }
            if matches!(name.as_str(), "content-type" | "c") {
                is_sdp = line.to_ascii_lowercase().contains("application/sdp");
            }
            match is_plain {
                true => out.push_str(line),
                false => out.push_str(&mask_numbers(&without_names(line))),
            }
        }
        if hidden == 0 {
            out.push_str(end);
        }
    }
    if hidden > 0 {
        out.push_str(&format!("({hidden} bytes)"));
    }
    out
}

/// Of a message, line by line.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Part {
    /// Empty lines that keep a path open.
    Before,
    Head,
    Body,
}

impl Part {
    const fn after(self, line: &str) -> Self {
        match self {
            Self::Before if line.is_empty() => Self::Before,
            Self::Head if line.is_empty() => Self::Body,
            Self::Before | Self::Head => Self::Head,
            Self::Body => Self::Body,
        }
    }
}

fn ended(line: &str) -> (&str, &str) {
    let bare = line.trim_end_matches(['\r', '\n']);
    line.split_at(bare.len())
}

fn is_secret(line: &str) -> bool {
    let name = line.split(':').next().unwrap_or_default().trim().to_ascii_lowercase();
    SECRET.contains(&name.as_str()) && !broken(Breakage::CredentialsShown)
}

/// A challenge keeps what tells why it was answered wrongly; credentials keep nothing. What is
/// left can still be read as what it was, by programs that draw captures, too.
fn without_credentials(line: &str) -> String {
    let Some((name, value)) = line.split_once(':') else { return GONE.to_owned() };
    if !name.trim().to_ascii_lowercase().ends_with("-authenticate") {
        return format!("{name}: Digest response=\"{GONE}\"");
    }
    let value = value.trim();
    let (scheme, params) = value.split_once(' ').unwrap_or((value, ""));
    let kept = params.split(',').map(str::trim).filter(|param| {
        let name = param.split('=').next().unwrap_or_default().trim().to_ascii_lowercase();
        HARMLESS.contains(&name.as_str())
    });
    // A scheme of its own making could be a secret with no name before it.
    let is_digest = scheme.eq_ignore_ascii_case("digest");
    let kept = kept.filter(|_| is_digest).map(str::to_owned);
    let kept: Vec<_> = kept.chain([format!("nonce=\"{GONE}\"")]).collect();
    format!("{name}: Digest {}", kept.join(", "))
}

/// `sip:user:password@host` (RFC 3261 §19.1.1).
fn without_password(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(at) = rest.find("sip:").or_else(|| rest.find("sips:")) {
        let Some((scheme, tail)) = rest.get(at..).and_then(|uri| uri.split_once(':')) else {
            break;
        };
        let before = rest.get(..at).unwrap_or_default();
        out.push_str(before);
        out.push_str(scheme);
        out.push(':');
        let end = tail.find(['@', '>', '<', '"', ' ', '\t']).unwrap_or(tail.len());
        let (user, after) = tail.split_at(end);
        match user.split_once(':') {
            Some((user, _)) if after.starts_with('@') => {
                out.push_str(user);
                out.push_str(&format!(":{GONE}"));
            }
            _ => out.push_str(user),
        }
        rest = after;
    }
    out.push_str(rest);
    out
}

/// Keys of sound (RFC 4568) and what opens a path for it (RFC 8839), letter by letter: the body
/// stays as long as its Content-Length says. Number and suite of a key stay, too.
fn without_keys(line: &str) -> String {
    let lower = line.to_ascii_lowercase();
    let begins = |name: &&&str| lower.trim_start().starts_with(**name);
    let Some(name) = KEYS.iter().find(begins) else { return line.to_owned() };
    let after = |what: &str| lower.find(what).map(|at| at + what.len());
    let from = after("inline:").or_else(|| after(name)).unwrap_or_default();
    let kept = line.get(..from).unwrap_or_default();
    kept.chars().chain((from..line.len()).map(|_| 'x')).collect()
}

/// `"Zhang San" <sip:…>` → `"…" <sip:…>`.
fn without_names(line: &str) -> String {
    let Some(at) = line.find('<') else { return line.to_owned() };
    let (before, rest) = line.split_at(at);
    let Some((name, shown)) = before.split_once(':') else { return line.to_owned() };
    match shown.trim() {
        "" => line.to_owned(),
        _ => format!("{name}: \"…\" {rest}"),
    }
}

/// An origin's user may be a number, and a session's name a person's.
fn mask_sdp(line: &str) -> String {
    match line.get(..2) {
        Some(kind @ ("s=" | "i=" | "u=" | "e=" | "p=")) => format!("{kind}…"),
        _ => mask_numbers(line),
    }
}

/// `13800138000` → `*******8000`, also where it is written with hyphens.
fn mask_numbers(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    let mut run = String::new();
    for c in line.chars().chain(['\n']) {
        if c.is_ascii_digit() || (c == '-' && run.ends_with(|last: char| last.is_ascii_digit())) {
            run.push(c);
            continue;
        }
        out.push_str(&mask_run(&run));
        run.clear();
        out.push(c);
    }
    out.pop();
    out
}

fn mask_run(run: &str) -> String {
    let digits = run.chars().filter(char::is_ascii_digit).count();
    if digits < NUMBER_DIGITS_MIN || broken(Breakage::NumbersShown) {
        return run.to_owned();
    }
    let mut left = digits;
    let shown = run.chars().map(|c| {
        if !c.is_ascii_digit() {
            return c;
        }
        left -= 1;
        if left < DIGITS_SHOWN { c } else { '*' }
    });
    shown.collect()
}

const SECRET: &[&str] = &[
    "authorization",
    "proxy-authorization",
    "www-authenticate",
    "proxy-authenticate",
    "authentication-info",
    "proxy-authentication-info",
];

/// ASCII, so that it stands where a token or a quoted string did.
const GONE: &str = "redacted";

const KEYS: &[&str] = &["a=crypto:", "k=", "a=key-mgmt:", "a=ice-pwd:"];

/// Parameters of a challenge that are told to anybody (RFC 7616 §3.3).
const HARMLESS: &[&str] = &["realm", "algorithm", "qop", "stale", "domain"];

/// Numbers of the protocol, by which messages are matched.
const PLAIN: &[&str] = &["cseq", "rack", "rseq", "content-length", "l", "max-forwards"];

/// The shortest number that finds a person from outside.
const NUMBER_DIGITS_MIN: usize = 7;

/// Enough to tell one call from another, too little to dial.
const DIGITS_SHOWN: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_lets_nobody_in() {
        for (line, expected) in [
            (
                "Authorization: Digest username=\"u\", response=\"0123abcd\"",
                "Authorization: Digest response=\"redacted\"",
            ),
            (
                "proxy-authorization : Basic dTpw",
                "proxy-authorization : Digest response=\"redacted\"",
            ),
            (
                "WWW-Authenticate: Digest realm=\"r\", nonce=\"n0nce\", algorithm=MD5, opaque=\"o\"",
                "WWW-Authenticate: Digest realm=\"r\", algorithm=MD5, nonce=\"redacted\"",
            ),
            ("Proxy-Authenticate: Bearer abc123", "Proxy-Authenticate: Digest nonce=\"redacted\""),
            (
                "Authentication-Info: nextnonce=\"n0nce\"",
                "Authentication-Info: Digest response=\"redacted\"",
            ),
            ("Contact: <sip:8001:pa55@10.0.0.1>", "Contact: <sip:8001:redacted@10.0.0.1>"),
            ("Route: <sip:10.0.0.1:5060;lr>", "Route: <sip:10.0.0.1:5060;lr>"),
            ("CSeq: 1 INVITE", "CSeq: 1 INVITE"),
        ] {
            let text = format!("BYE sip:a SIP/2.0\r\n{line}\r\n\r\n");
            let kept = format!("BYE sip:a SIP/2.0\r\n{expected}\r\n\r\n");
            assert_eq!(without_secrets(text.as_bytes()), kept);
        }
    }

    #[test]
    fn lines_of_lf_and_lines_before_the_first_hide_nothing_from_us() {
        let text = "\r\n\r\nINFO sip:a SIP/2.0\nProxy-Authorization: Digest abc\nContent-Type: application/dtmf\n\n5\n";
        let kept = without_secrets(text.as_bytes());
        assert!(!kept.contains("abc"), "{kept}");
        assert!(masked(&kept).ends_with("Content-Type: application/dtmf\n\n(2 bytes)"), "{kept}");
        let part =
            "NOTIFY sip:a SIP/2.0\r\n\r\nINVITE sip:b SIP/2.0\r\nAuthorization: Digest abc\r\n";
        assert!(!without_secrets(part.as_bytes()).contains("abc"));
    }

    #[test]
    fn a_folded_secret_and_a_key_of_sound_are_not_kept() {
        let text = "INVITE sip:a SIP/2.0\nAuthorization: Digest username=\"u\",\n response=\"abcdef\"\n\tcnonce=\"ghi\"\n\
            Content-Type: application/sdp\n\nv=0\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:S3cret\n\
            A=CRYPTO:2 x inline:S3cret\nk=clear:S3cret\na=ice-pwd:S3cret\na=rtpmap:8 PCMA/8000\n\0";
        let kept = without_secrets(text.as_bytes());
        for secret in ["abcdef", "ghi", "S3cret", "\0"] {
            assert!(!kept.contains(secret), "{kept}");
        }
        for stays in [
            "Authorization: Digest response=\"redacted\"\nContent-Type",
            "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:xxxxxx\n",
            "a=rtpmap:8 PCMA/8000",
        ] {
            assert!(kept.contains(stays), "{kept}");
        }
    }

    #[test]
    fn what_is_shown_has_no_number_no_name_and_no_key() {
        let text = "INFO sip:13800138000@10.0.0.1:5060 SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\n\
            From: \"王秀英\" <tel:+86-138-0013-8000>;tag=1\r\nTo: Wang <sip:8001@h>\r\n\
            P-Asserted-Identity: <sip:+8613800138000@h>\r\nCSeq: 12345678 INFO\r\n\
            Content-Type: application/dtmf-relay\r\n\r\nSignal=5\r\n";
        let shown = masked(text);
        for hidden in ["13800138000", "138-0013", "王", "Wang", "Signal"] {
            assert!(!shown.contains(hidden), "{shown}");
        }
        for stays in [
            "INFO sip:*******8000@10.0.0.1:5060 SIP/2.0",
            "From: \"…\" <tel:+**-***-****-8000>;tag=1",
            "To: \"…\" <sip:8001@h>",
            "CSeq: 12345678 INFO",
            "(10 bytes)",
        ] {
            assert!(shown.contains(stays), "{shown}");
        }
        let sdp = "SIP/2.0 200 OK\r\nc: application/sdp\r\n\r\nv=0\r\no=13800138000 1 1 IN IP4 10.0.0.1\r\ns=Wang\r\nm=audio 20000 RTP/AVP 8\r\n";
        let shown = masked(sdp);
        assert!(shown.ends_with(
            "v=0\r\no=*******8000 1 1 IN IP4 10.0.0.1\r\ns=…\r\nm=audio 20000 RTP/AVP 8\r\n"
        ));
    }
}
