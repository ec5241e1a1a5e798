//! A cell of a hospital's table that should hold telephone numbers, and how a number is
//! dialled on a trunk. A phone library rejects what wards really write: two numbers in
//! one cell, extensions, full-width digits, numbers without their area code.

use super::toll::{HomeArea, is_free};
use crate::base::E164;

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum NumberKind {
    Mobile,
    Landline,
    /// 400…, 95…, 12…: answers, but nobody lives there.
    Service,
}

super::word::words! { NumberKind, "a kind of number",
    Mobile = "mobile",
    Landline = "landline",
    Service = "service",
}

#[derive(Clone, Eq, PartialEq)]
pub struct DialledNumber {
    pub e164: E164,
    pub kind: NumberKind,
    pub extension: Option<String>,
}

impl std::fmt::Debug for DialledNumber {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?} ({})", self.e164, self.kind)
    }
}

/// Why a cell holds no number. It does not repeat the cell: that is a patient's.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum CellFault {
    #[error("不是电话号码 / not a telephone number")]
    NotANumber,
    #[error("号码位数不对({0} 位)/ a number of {0} digits does not exist")]
    Length(usize),
    #[error("短号不能外拨随访 / a short service number is nobody's own")]
    ShortService,
    #[error("空 / empty")]
    Empty,
}

/// Every number of a cell, in order, each once. `area_code` (with its 0) completes
/// numbers that are written without one.
///
/// # Errors
/// The first fault, when any part of the cell is not a number: half a cell understood is
/// a wrong call in waiting.
pub fn read_cell(cell: &str, area_code: &str) -> Result<Vec<DialledNumber>, CellFault> {
    let plain: String = cell.chars().map(half_width).collect();
    let plain = plain.trim();
    if plain.is_empty() {
        return Err(CellFault::Empty);
    }
    let mut numbers: Vec<DialledNumber> = Vec::new();
    for part in plain.split(['/', ',', ';', '、', '|', '\n']).filter(|part| !part.trim().is_empty())
    {
        let number = read_one(part.trim(), area_code)?;
        if !numbers.iter().any(|known| known.e164 == number.e164) {
            numbers.push(number);
        }
    }
    if numbers.is_empty() { Err(CellFault::NotANumber) } else { Ok(numbers) }
}

fn read_one(part: &str, area_code: &str) -> Result<DialledNumber, CellFault> {
    let without_note = strip_note(part);
    let (main, extension) = split_extension(without_note);
    let foreign = main.starts_with('+') && !main.starts_with("+86");
    let mut digits = String::new();
    for (at, c) in main.char_indices() {
        match c {
            '0'..='9' => digits.push(c),
            '+' if at == 0 => {}
            ' ' | '-' | '(' | ')' | '.' | '—' | '–' | '－' => {}
            _ => return Err(CellFault::NotANumber),
        }
    }
    if digits.is_empty() {
        return Err(CellFault::NotANumber);
    }
    if foreign {
        let e164 = format!("+{digits}").parse().map_err(|_| CellFault::Length(digits.len()))?;
        return Ok(DialledNumber { e164, kind: NumberKind::Landline, extension });
    }
    let national = national_part(&digits);
    let (kind, number) = classify(national, area_code)?;
    let e164 = format!("+86{number}").parse().map_err(|_| CellFault::Length(number.len()))?;
    Ok(DialledNumber { e164, kind, extension })
}

/// `13800138000(儿子)`: a note in brackets says whose it is, not what it is.
fn strip_note(part: &str) -> &str {
    match part.find('(') {
        Some(at) if at > 0 && part[at..].chars().any(|c| c.is_alphabetic()) => part[..at].trim(),
        _ => part,
    }
}

fn split_extension(part: &str) -> (&str, Option<String>) {
    for mark in ["转", "分机", "ext.", "ext", "x", "#"] {
        let Some((main, rest)) = part.split_once(mark) else { continue };
        let extension: String = rest.chars().filter(char::is_ascii_digit).collect();
        let only_digits =
            rest.trim_matches([' ', '-', ':', '机']).chars().all(|c| c.is_ascii_digit());
        if !extension.is_empty() && only_digits {
            return (main.trim(), Some(extension));
        }
    }
    (part, None)
}

/// Without the country code, however it was written.
fn national_part(digits: &str) -> &str {
    if let Some(rest) = digits.strip_prefix("0086") {
        return rest;
    }
    match digits.strip_prefix("86") {
        Some(rest) if rest.len() >= 10 => rest,
        _ => digits,
    }
}

fn classify(national: &str, area_code: &str) -> Result<(NumberKind, String), CellFault> {
    let trimmed = national.strip_prefix('0').filter(|rest| is_mobile(rest)).unwrap_or(national);
    if is_mobile(trimmed) {
        return Ok((NumberKind::Mobile, trimmed.to_owned()));
    }
    let length = national.len();
    if ["400", "800"].iter().any(|prefix| national.starts_with(prefix)) && length == 10 {
        return Ok((NumberKind::Service, national.to_owned()));
    }
    let is_short = ["95", "96", "10", "11", "12"].iter().any(|prefix| national.starts_with(prefix));
    if length <= 6 && is_short {
        return Err(CellFault::ShortService);
    }
    if let Some(rest) = national.strip_prefix('0') {
        return match rest.len() {
            // Two digits of area (10, 2x) and eight, or three and seven or eight.
            9..=11 => Ok((NumberKind::Landline, rest.to_owned())),
            _ => Err(CellFault::Length(length)),
        };
    }
    match length {
        7 | 8 if !national.starts_with('1') => {
            let area = area_code.trim_start_matches('0');
            Ok((NumberKind::Landline, format!("{area}{national}")))
        }
        // An area code whose 0 a spreadsheet has eaten.
        10 | 11 if !national.starts_with('1') => Ok((NumberKind::Landline, national.to_owned())),
        10 if national.starts_with("10") => Ok((NumberKind::Landline, national.to_owned())),
        _ => Err(CellFault::Length(length)),
    }
}

pub(super) fn is_mobile(digits: &str) -> bool {
    digits.len() == 11
        && digits.starts_with('1')
        && matches!(digits.as_bytes().get(1), Some(b'3'..=b'9'))
}

fn half_width(c: char) -> char {
    match c {
        '\u{3000}' => ' ',
        '（' => '(',
        '）' => ')',
        '，' | '；' => ',',
        '\u{FF01}'..='\u{FF5E}' => {
            char::from_u32(u32::from(c) - 0xFEE0).unwrap_or(c).to_ascii_lowercase()
        }
        _ => c.to_ascii_lowercase(),
    }
}

/// How a trunk wants its digits.
#[derive(Clone, Copy, Debug)]
pub struct DialForm<'a> {
    pub home: HomeArea<'a>,
    pub outside_prefix: &'a str,
    pub zero_before_far_mobile: bool,
    pub strip_own_area: bool,
    pub e164: bool,
}

/// The digits that a trunk wants for a number.
pub fn dial_digits(number: &E164, form: &DialForm<'_>) -> String {
    if form.e164 {
        return number.as_str().to_owned();
    }
    let (home, outside) = (&form.home, form.outside_prefix);
    let Some(national) = number.as_str().strip_prefix("+86") else {
        return format!("{outside}00{}", &number.as_str()[1..]);
    };
    if is_mobile(national) {
        let zero = form.zero_before_far_mobile && !home.is_near_mobile(national);
        return format!("{outside}{}{national}", if zero { "0" } else { "" });
    }
    if is_free(national) {
        return format!("{outside}{national}");
    }
    match home.local_part(national) {
        Some(local) if form.strip_own_area => format!("{outside}{local}"),
        _ => format!("{outside}0{national}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// F020: what wards really write.
    #[test]
    fn each_cell_is_its_numbers_or_says_why_not() {
        use CellFault::*;
        for (cell, expected) in [
            ("13800138000", Ok("+8613800138000 mobile")),
            ("138 0013 8000", Ok("+8613800138000 mobile")),
            ("138-0013-8000", Ok("+8613800138000 mobile")),
            ("+8613800138000", Ok("+8613800138000 mobile")),
            ("+86 138 0013 8000", Ok("+8613800138000 mobile")),
            ("008613800138000", Ok("+8613800138000 mobile")),
            ("8613800138000", Ok("+8613800138000 mobile")),
            ("013800138000", Ok("+8613800138000 mobile")),
            ("１３８００１３８０００", Ok("+8613800138000 mobile")),
            ("19912345678", Ok("+8619912345678 mobile")),
            ("17012345678", Ok("+8617012345678 mobile")),
            ("16612345678", Ok("+8616612345678 mobile")),
            ("0592-5027064", Ok("+865925027064 landline")),
            ("(0592)5027064", Ok("+865925027064 landline")),
            ("（0592）5027064", Ok("+865925027064 landline")),
            ("5927064", Ok("+865925927064 landline")),
            ("5027064", Ok("+865925027064 landline")),
            ("010-85445426转801", Ok("+861085445426 landline x801")),
            ("010-85445426 分机 801", Ok("+861085445426 landline x801")),
            ("13800138000/13900139000", Ok("+8613800138000 mobile, +8613900139000 mobile")),
            ("13800138000、13800138000", Ok("+8613800138000 mobile")),
            ("13800138000(儿子)", Ok("+8613800138000 mobile")),
            ("400-820-8820", Ok("+864008208820 service")),
            ("+85223456789", Ok("+85223456789 landline")),
            ("95598", Err(ShortService)),
            ("12345", Err(ShortService)),
            ("无", Err(NotANumber)),
            ("", Err(Empty)),
            ("1380013800", Err(Length(10))),
            ("138001380001", Err(Length(12))),
            ("13800138000/无", Err(NotANumber)),
        ] {
            let found = read_cell(cell, "0592").map(|numbers| {
                let said = numbers.iter().map(|number| {
                    let extension = number.extension.as_ref().map(|x| format!(" x{x}"));
                    format!(
                        "{} {}{}",
                        number.e164.as_str(),
                        number.kind,
                        extension.unwrap_or_default()
                    )
                });
                said.collect::<Vec<_>>().join(", ")
            });
            assert_eq!(found.as_deref(), expected.as_ref().map(|text| &**text), "{cell:?}");
        }
    }

    /// F027: local, long distance, 0 + mobile out of town, the outside line.
    #[test]
    fn f027_a_trunk_gets_the_digits_it_wants() {
        let mobile: E164 = "+8613800138000".parse().unwrap();
        let near: E164 = "+8613959271234".parse().unwrap();
        let own: E164 = "+865925027064".parse().unwrap();
        let far: E164 = "+861085445426".parse().unwrap();
        let abroad: E164 = "+85223456789".parse().unwrap();
        let free: E164 = "+864008208820".parse().unwrap();
        let near_mobiles = ["1395927".to_owned()];
        let home = HomeArea { area_code: "0592", near_mobiles: &near_mobiles };
        for (number, outside, zero, strip, e164, expected) in [
            (&mobile, "", false, false, false, "13800138000"),
            (&mobile, "9", true, false, false, "9013800138000"),
            (&near, "9", true, false, false, "913959271234"),
            (&mobile, "", false, false, true, "+8613800138000"),
            (&own, "", false, false, false, "05925027064"),
            (&own, "9", false, true, false, "95027064"),
            (&far, "", false, true, false, "01085445426"),
            (&far, "0", false, true, false, "001085445426"),
            (&free, "9", true, true, false, "94008208820"),
            (&abroad, "", false, false, false, "0085223456789"),
        ] {
            let form = DialForm {
                home,
                outside_prefix: outside,
                zero_before_far_mobile: zero,
                strip_own_area: strip,
                e164,
            };
            assert_eq!(dial_digits(number, &form), expected);
        }
    }
}
