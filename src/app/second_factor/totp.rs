//! RFC 6238 over RFC 4226: SHA-1, 30 s, 6 digits, as every authenticator app reckons by default.

use ring::hmac;

/// The number that belongs to a step (RFC 4226 §5.3).
pub(super) fn code(secret: &[u8], step: i64) -> u32 {
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret);
    let tag = hmac::sign(&key, &step.to_be_bytes());
    let digest = tag.as_ref();
    let at = digest.last().map_or(0, |last| usize::from(last & 0x0f));
    let taken = digest.get(at..at + 4).and_then(|four| four.try_into().ok()).unwrap_or_default();
    (u32::from_be_bytes(taken) & 0x7fff_ffff) % 10_u32.pow(DIGITS)
}

/// The step of a good code that is later than `last_step`: a clock may be one step off, and a
/// code that was taken once is taken no more (RFC 6238 §5.2).
pub(super) fn good_step(secret: &[u8], given: &str, unix_s: i64, last_step: i64) -> Option<i64> {
    let digits = given.len() == DIGITS as usize && given.bytes().all(|b| b.is_ascii_digit());
    let given: u32 = given.parse().ok().filter(|_| digits)?;
    let now = unix_s.div_euclid(STEP_S);
    (now - 1..=now + 1).find(|step| *step > last_step && code(secret, *step) == given)
}

/// What the QR code holds (the Key URI format of authenticator apps).
pub(super) fn key_uri(issuer: &str, login: &str, secret: &[u8]) -> String {
    let (issuer, login) = (escaped(issuer), escaped(login));
    let secret = base32(secret);
    format!(
        "otpauth://totp/{issuer}:{login}?secret={secret}&issuer={issuer}&algorithm=SHA1&digits={DIGITS}&period={STEP_S}"
    )
}

fn escaped(text: &str) -> String {
    let byte = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
            char::from(byte).to_string()
        }
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(byte).collect()
}

/// RFC 4648 §6 without padding, as it is typed in where no camera is.
pub(super) fn base32(bytes: &[u8]) -> String {
    let group = |five: &[u8]| {
        let bits = five.iter().fold(0_u64, |all, byte| all << 8 | u64::from(*byte));
        let bits = bits << (8 * (5 - five.len()));
        let letters = (five.len() * 8).div_ceil(5);
        let letter = move |n: usize| {
            let at = usize::try_from(bits >> (35 - 5 * n) & 31).unwrap_or_default();
            char::from(ALPHABET[at])
        };
        (0..letters).map(letter).collect::<String>()
    };
    bytes.chunks(5).map(group).collect()
}

const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const DIGITS: u32 = 6;
const STEP_S: i64 = 30;

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &[u8] = b"12345678901234567890";

    /// RFC 6238, appendix B, the last six digits; RFC 4226, appendix D.
    #[test]
    fn the_vectors_of_the_rfcs_come_out() {
        for (unix_s, expected) in [
            (59, 287_082),
            (1_111_111_109, 81_804),
            (1_111_111_111, 50_471),
            (1_234_567_890, 5_924),
            (2_000_000_000, 279_037),
            (20_000_000_000, 353_130),
        ] {
            assert_eq!(code(SECRET, unix_s / STEP_S), expected, "{unix_s}");
        }
        for (step, expected) in [(0, 755_224), (1, 287_082), (9, 520_489)] {
            assert_eq!(code(SECRET, step), expected, "{step}");
        }
    }

    #[test]
    fn a_code_is_good_for_one_step_around_and_once() {
        let given = "287082";
        for (unix_s, last_step, expected) in [
            (59, 0, Some(1)),
            (29, 0, Some(1)),
            (89, 0, Some(1)),
            (90, 0, None),
            (59, 1, None),
            (59, 2, None),
        ] {
            assert_eq!(good_step(SECRET, given, unix_s, last_step), expected, "{unix_s}");
        }
        for wrong in ["", "28708", "2870820", "+87082", "28 082", "二八七零八二"] {
            assert_eq!(good_step(SECRET, wrong, 59, 0), None, "{wrong}");
        }
    }

    #[test]
    fn base32_and_the_uri_are_as_apps_read_them() {
        for (bytes, expected) in
            [("", ""), ("f", "MY"), ("fo", "MZXQ"), ("foobar", "MZXW6YTBOI"), ("fooba", "MZXW6YTB")]
        {
            assert_eq!(base32(bytes.as_bytes()), expected, "{bytes}");
        }
        assert_eq!(
            key_uri("市三 A", "li", b"foobar"),
            "otpauth://totp/%E5%B8%82%E4%B8%89%20A:li?secret=MZXW6YTBOI&issuer=%E5%B8%82%E4%B8%89%20A&algorithm=SHA1&digits=6&period=30"
        );
    }
}
