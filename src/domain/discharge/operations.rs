//! 手术及操作 of a stay, and how it began.

use chrono::NaiveDate;

use super::{Faults, filled, read_yes};

#[derive(Clone, Debug, Default)]
pub struct RawOperation {
    pub code: String,
    pub name: String,
    pub performed_on: String,
    pub surgeon: String,
}

/// By ICD-9-CM-3; code or name is there.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Operation {
    pub code: Option<String>,
    pub name: Option<String>,
    pub performed_on: Option<NaiveDate>,
    pub surgeon: Option<String>,
    pub new_technique: bool,
}

/// `new_technique` is the first one's.
pub(super) fn read(
    raw: &[RawOperation],
    new_technique: &str,
    discharged: Option<NaiveDate>,
    faults: &mut Faults,
) -> Vec<Operation> {
    let mut operations = Vec::new();
    for (n, raw) in raw.iter().enumerate() {
        let (code, name) = (filled(&raw.code), filled(&raw.name));
        let on = filled(&raw.performed_on).and_then(|text| faults.date("手术日期", &text));
        if on.zip(discharged).is_some_and(|(on, out)| on > out) {
            faults.add("手术日期", "在出院日期之后 / is after the discharge");
        }
        if code.is_none() && name.is_none() {
            if on.is_some() || filled(&raw.surgeon).is_some() {
                faults.add("手术名称", "有日期或术者,没有编码和名称 / neither code nor name");
            }
            continue;
        }
        operations.push(Operation {
            code,
            name,
            performed_on: on,
            surgeon: filled(&raw.surgeon),
            new_technique: n == 0 && read_yes(new_technique),
        });
    }
    operations
}

/// 入院途径 of the 病案首页: 1 急诊, 2 门诊, 3 其他医疗机构转入, 9 其他.
pub(super) fn read_route(text: &str) -> Result<Option<bool>, String> {
    match text.trim().to_lowercase().as_str() {
        "" | "-" => Ok(None),
        "1" | "急诊" | "emergency" => Ok(Some(true)),
        "2"
        | "3"
        | "9"
        | "门诊"
        | "转入"
        | "其他医疗机构转入"
        | "其他"
        | "outpatient"
        | "transfer"
        | "other" => Ok(Some(false)),
        _ => Err("应为 1 急诊 2 门诊 3 转入 9 其他 / one of 1 2 3 9".to_owned()),
    }
}

pub(super) fn read_ed_visits(text: &str) -> Result<Option<i16>, String> {
    let Some(text) = filled(text) else { return Ok(None) };
    let number = text.parse().ok().filter(|visits| (0..=99).contains(visits));
    number.map(Some).ok_or_else(|| "应为 0 到 99 的次数 / a count from 0 to 99".to_owned())
}
