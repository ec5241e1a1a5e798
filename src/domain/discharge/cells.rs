//! What stands in the cells of a ward's table, each with its own fault.

use chrono::{NaiveDate, NaiveDateTime};

use super::{Disclosure, Disposition, Relation, Sex, filled};

/// 2025-01-02, 2025/1/2, 20250102, 20250102131500, 2025年1月2日 and Excel's serials.
pub fn read_date(text: &str) -> Option<NaiveDate> {
    let text = text.trim();
    let day = text.split([' ', 'T']).next().unwrap_or_default();
    let formats = ["%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y年%m月%d日"];
    let found = formats.iter().find_map(|format| NaiveDate::parse_from_str(day, format).ok());
    let all_digits = !day.is_empty() && day.bytes().all(|byte| byte.is_ascii_digit());
    let compact = || match day.len() {
        _ if !all_digits => None,
        8 => NaiveDate::parse_from_str(day, "%Y%m%d").ok(),
        14 => NaiveDateTime::parse_from_str(day, "%Y%m%d%H%M%S").ok().map(|at| at.date()),
        5 => {
            let serial = day.parse().ok()?;
            EXCEL_EPOCH.checked_add_days(chrono::Days::new(serial))
        }
        _ => None,
    };
    found.or_else(compact).filter(|day| *day >= OLDEST && *day <= LATEST)
}

pub(super) fn read_sex(text: &str) -> Result<Sex, String> {
    match text.trim().to_lowercase().as_str() {
        "男" | "男性" | "m" | "male" | "1" => Ok(Sex::Male),
        "女" | "女性" | "f" | "female" | "2" => Ok(Sex::Female),
        "" | "未知" | "不详" | "u" | "unknown" | "0" | "9" => Ok(Sex::Unknown),
        _ => Err("应为 男 或 女 / must be male or female".to_owned()),
    }
}

pub(super) fn read_disposition(text: &str) -> Result<Disposition, String> {
    let code = match text.trim() {
        "" | "1" | "医嘱离院" | "home" => 1,
        "2" | "转院" | "医嘱转院" | "transferred" => 2,
        "3" | "转社区" | "医嘱转社区" | "community" => 3,
        "4" | "非医嘱离院" | "against_advice" => 4,
        "5" | "死亡" | "died" => 5,
        "9" | "其他" | "other" => 9,
        _ => return Err("应为 1 2 3 4 5 9 / must be one of 1 2 3 4 5 9".to_owned()),
    };
    Ok(Disposition(code))
}

pub(super) fn read_disclosure(text: &str) -> Result<Disclosure, String> {
    match text.trim() {
        "本人知情" | "patient_knows" => Ok(Disclosure::PatientKnows),
        "仅家属知情" | "family_only" => Ok(Disclosure::FamilyOnly),
        "" | "未登记" | "unknown" => Ok(Disclosure::Unknown),
        _ => Err("应为 本人知情、仅家属知情 或空 / patient_knows, family_only or empty".to_owned()),
    }
}

pub(super) fn read_relation(text: &str) -> Result<Relation, String> {
    Ok(match text.trim() {
        "本人" | "self" => Relation::Own,
        "配偶" | "夫妻" | "丈夫" | "妻子" | "spouse" => Relation::Spouse,
        "子女" | "儿子" | "女儿" | "子" | "女" | "child" => Relation::Child,
        "父母" | "父亲" | "母亲" | "parent" => Relation::Parent,
        "兄弟姐妹" | "sibling" => Relation::Sibling,
        "其他亲属" | "亲属" | "relative" => Relation::Relative,
        "邻居" | "neighbour" => Relation::Neighbour,
        "监护人" | "guardian" => Relation::Guardian,
        "" | "其他" | "other" => Relation::Other,
        _ => return Err("不是已知的关系 / not a known relation".to_owned()),
    })
}

pub(super) fn read_sequence(text: &str) -> Result<i32, String> {
    match text.trim() {
        "" => Ok(1),
        text => text
            .parse()
            .ok()
            .filter(|n| (1..=999).contains(n))
            .ok_or_else(|| "应为 1 到 999 / must be 1 to 999".to_owned()),
    }
}

/// GB 11643: the last of 18 characters is a check digit.
///
/// # Errors
/// When it has another length, or its check digit is wrong. Empty: none.
pub fn read_id_card(text: &str) -> Result<Option<String>, String> {
    let Some(text) = filled(text) else { return Ok(None) };
    let card = text.to_ascii_uppercase();
    let (body, check) = card.split_at_checked(17).unwrap_or((&card, ""));
    if body.len() != 17 || check.len() != 1 || !body.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err("应为 18 位 / must have 18 characters".to_owned());
    }
    let weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let sum: u32 = body.bytes().zip(weights).map(|(digit, w)| u32::from(digit - b'0') * w).sum();
    if b"10X98765432"[(sum % 11) as usize] == check.as_bytes()[0] {
        Ok(Some(card))
    } else {
        Err("校验位不对 / the check digit is wrong".to_owned())
    }
}

pub(super) fn read_yes(text: &str) -> bool {
    matches!(text.trim(), "是" | "有" | "1" | "yes" | "true" | "Y" | "y")
}

const EXCEL_EPOCH: NaiveDate = match NaiveDate::from_ymd_opt(1899, 12, 30) {
    Some(day) => day,
    None => NaiveDate::MIN,
};
const OLDEST: NaiveDate = match NaiveDate::from_ymd_opt(1900, 1, 1) {
    Some(day) => day,
    None => NaiveDate::MIN,
};
const LATEST: NaiveDate = match NaiveDate::from_ymd_opt(2100, 1, 1) {
    Some(day) => day,
    None => NaiveDate::MAX,
};
