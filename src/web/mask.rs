//! Numbers, id cards and names as they are shown to whoever has not asked for them in clear:
//! enough to recognise, too little to dial or to find a person by.

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

/// `110105********002X`: the district and the end, as on a ward's list.
pub(super) fn id_card(text: &str) -> String {
    let all: Vec<char> = text.chars().collect();
    let Some(hidden) = all.len().checked_sub(ID_HEAD + ID_TAIL).filter(|hidden| *hidden > 0) else {
        return "*".repeat(all.len());
    };
    let head: String = all.iter().take(ID_HEAD).collect();
    let tail: String = all.iter().skip(ID_HEAD + hidden).collect();
    format!("{head}{}{tail}", "*".repeat(hidden))
}

/// `王*`; a Latin name keeps its first letter.
pub(super) fn name(text: &str) -> String {
    text.trim().chars().next().map(|first| format!("{first}*")).unwrap_or_default()
}

/// A street tells the quarter, a house number the person.
pub(super) fn address(text: &str) -> String {
    let head: String = text.trim().chars().take(ADDRESS_HEAD).collect();
    if head.is_empty() { head } else { format!("{head}****") }
}

const ID_HEAD: usize = 6;
const ID_TAIL: usize = 4;
const ADDRESS_HEAD: usize = 3;

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

    #[test]
    fn a_card_a_name_and_an_address_find_nobody() {
        for (text, expected) in [
            ("11010519491231002X", "110105********002X"),
            ("1101054912310", "110105***2310"),
            ("1234567890", "**********"),
            ("", ""),
        ] {
            assert_eq!(id_card(text), expected, "{text}");
        }
        for (text, expected) in [("王秀英", "王*"), ("John Smith", "J*"), (" ", "")] {
            assert_eq!(name(text), expected, "{text}");
        }
        assert_eq!(address("湖滨南路,1号"), "湖滨南****");
        assert_eq!(address(""), "");
    }
}
