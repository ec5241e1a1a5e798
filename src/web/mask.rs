//! Telephone numbers as lists show them: enough to recognise, too little to dial.

/// `138 **** 8000`; a short extension of ours is shown whole.
pub(super) fn number(text: &str) -> String {
    let digits: Vec<char> = text.chars().filter(char::is_ascii_digit).collect();
    let Some(tail_at) = digits.len().checked_sub(4).filter(|_| digits.len() >= SHORTEST) else {
        return text.to_owned();
    };
    let tail: String = digits[tail_at..].iter().collect();
    let all: String = digits.iter().collect();
    let national = match (text.trim_start().starts_with('+'), all.strip_prefix("86")) {
        (true, Some(rest)) if rest.starts_with('1') && rest.len() == 11 => rest.to_owned(),
        (true, Some(rest)) => format!("0{rest}"),
        _ => all,
    };
    format!("{} **** {tail}", head(&national))
}

/// The first three digits of a mobile number, the area code of a landline.
fn head(national: &str) -> &str {
    let len = match national.as_bytes() {
        [b'0', b'1' | b'2', ..] => 3,
        [b'0', ..] => 4,
        _ => 3,
    };
    national.get(..len).unwrap_or(national)
}

/// Shorter ones are extensions and service numbers.
const SHORTEST: usize = 7;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_recognised_but_cannot_be_dialled() {
        for (text, expected) in [
            ("+8613800138000", "138 **** 8000"),
            ("13800138000", "138 **** 8000"),
            ("+865925027064", "0592 **** 7064"),
            ("05925027064", "0592 **** 7064"),
            ("+861065432100", "010 **** 2100"),
            ("02165432100", "021 **** 2100"),
            ("+4915112345678", "491 **** 5678"),
            ("8001", "8001"),
            ("12345", "12345"),
            ("anonymous", "anonymous"),
            ("", ""),
        ] {
            assert_eq!(number(text), expected, "{text}");
        }
    }
}
