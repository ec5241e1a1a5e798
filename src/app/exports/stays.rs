//! Stays as rows that our own import reads again as they were.

use std::{collections::HashMap, sync::LazyLock};

use chrono::NaiveDate;
use uuid::Uuid;

use crate::{
    his::{OPERATIONS, OTHER_DIAGNOSES},
    store::export::{Stay, StayDiagnosis, StayOperation},
};

/// The headers that the import knows (`his::Column`).
pub fn stay_header() -> Vec<&'static str> {
    HEADER.iter().map(String::as_str).collect()
}

static HEADER: LazyLock<Vec<String>> = LazyLock::new(|| {
    let plain = PLAIN.iter().map(|&name| name.to_owned());
    let diagnoses = (1..=OTHER_DIAGNOSES)
        .flat_map(|n| ["其他诊断编码", "其他诊断"].map(|name| format!("{name}{n}")));
    let operations = (1..=OPERATIONS).flat_map(|n| {
        ["手术编码", "手术名称", "手术日期", "手术者"].map(|name| format!("{name}{n}"))
    });
    plain.chain(diagnoses).chain(operations).collect()
});

const PLAIN: [&str; 27] = [
    "姓名",
    "性别",
    "出生日期",
    "身份证号",
    "病案号",
    "住院号",
    "住院次数",
    "出院科室",
    "病区",
    "入院日期",
    "出院日期",
    "离院方式",
    "联系电话",
    "联系人",
    "与患者关系",
    "联系人电话",
    "诊断编码",
    "诊断",
    "手术",
    "病情告知",
    "语言",
    "住址",
    "主治医师",
    "责任护士",
    "入院途径",
    "近半年急诊次数",
    "新技术",
];

/// What hangs on the stays, by stay.
pub struct StayParts {
    pub diagnoses: Vec<StayDiagnosis>,
    pub operations: Vec<StayOperation>,
}

pub fn stay_rows(stays: Vec<Stay>, parts: StayParts) -> Vec<Vec<String>> {
    let mut told: HashMap<Uuid, Vec<StayDiagnosis>> = HashMap::new();
    for diagnosis in parts.diagnoses {
        told.entry(diagnosis.admission_id).or_default().push(diagnosis);
    }
    let mut done: HashMap<Uuid, Vec<StayOperation>> = HashMap::new();
    for operation in parts.operations {
        done.entry(operation.admission_id).or_default().push(operation);
    }
    let row = |stay: Stay| {
        let told = told.remove(&stay.admission_id).unwrap_or_default();
        let done = done.remove(&stay.admission_id).unwrap_or_default();
        stay_row(stay, &told, done)
    };
    stays.into_iter().map(row).collect()
}

fn stay_row(stay: Stay, told: &[StayDiagnosis], done: Vec<StayOperation>) -> Vec<String> {
    let text = Option::unwrap_or_default;
    let day = |day: Option<NaiveDate>| day.map(|day| day.to_string()).unwrap_or_default();
    let at = |position: usize| {
        let found = told.iter().find(|one| usize::try_from(one.position) == Ok(position));
        let cells = found.map(|one| [one.icd.clone(), one.name.clone()]);
        cells.unwrap_or_default().map(Option::unwrap_or_default)
    };
    let [icd, diagnosis] = at(0);
    let mut row = vec![
        stay.name,
        sex(&stay.sex).to_owned(),
        day(stay.birth_date),
        text(stay.id_card),
        text(stay.record_no),
        stay.admission_no,
        stay.sequence.to_string(),
        stay.department,
        text(stay.ward),
        day(stay.admitted_on),
        day(stay.discharged_on),
        stay.disposition.to_string(),
        phones(&stay.phones),
        text(stay.kin_name),
        stay.kin_relation.as_deref().map(relation).unwrap_or_default().to_owned(),
        phones(&stay.kin_phones),
        icd,
        diagnosis,
        (if stay.had_operation { "是" } else { "否" }).to_owned(),
        disclosure(&stay.disclosure).to_owned(),
        stay.language,
        text(stay.address),
        text(stay.attending),
        text(stay.responsible_nurse),
        stay.acute
            .map(|acute| (if acute { "急诊" } else { "其他" }).to_owned())
            .unwrap_or_default(),
        stay.ed_visits.map(|visits| visits.to_string()).unwrap_or_default(),
        (if done.iter().any(|done| done.new_technique) { "是" } else { "" }).to_owned(),
    ];
    row.extend((1..=OTHER_DIAGNOSES).flat_map(|n| at(usize::from(n))));
    let mut done: Vec<_> = done.into_iter().flat_map(operation).collect();
    done.resize(usize::from(OPERATIONS) * 4, String::new());
    row.extend(done);
    row
}

fn operation(done: StayOperation) -> [String; 4] {
    let on = done.performed_on.map(|day| day.to_string());
    [done.code, done.name, on, done.operator].map(Option::unwrap_or_default)
}

fn phones(numbers: &[String]) -> String {
    numbers.iter().map(|number| written(number)).collect::<Vec<_>>().join("、")
}

/// As wards write it: a mobile number without +86, a landline with its 0.
fn written(number: &str) -> String {
    let (e164, extension) = number.split_once('x').unwrap_or((number, ""));
    let extension = if extension.is_empty() { String::new() } else { format!("转{extension}") };
    match e164.strip_prefix("+86") {
        Some(mobile) if mobile.starts_with('1') && mobile.len() == 11 => {
            format!("{mobile}{extension}")
        }
        Some(service) if ["400", "800"].iter().any(|head| service.starts_with(head)) => {
            format!("{e164}{extension}")
        }
        Some(landline) => format!("0{landline}{extension}"),
        None => format!("{e164}{extension}"),
    }
}

fn sex(code: &str) -> &'static str {
    match code {
        "male" => "男",
        "female" => "女",
        _ => "未知",
    }
}

fn disclosure(code: &str) -> &'static str {
    match code {
        "patient_knows" => "本人知情",
        "family_only" => "仅家属知情",
        _ => "未登记",
    }
}

fn relation(code: &str) -> &'static str {
    match code {
        "spouse" => "配偶",
        "child" => "子女",
        "parent" => "父母",
        "sibling" => "兄弟姐妹",
        "relative" => "其他亲属",
        "neighbour" => "邻居",
        "guardian" => "监护人",
        _ => "其他",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::read_cell;

    #[test]
    fn a_number_is_written_so_that_it_is_read_as_the_same() {
        for (number, expected) in [
            ("+8613800138000", "13800138000"),
            ("+865925027064", "05925027064"),
            ("+861065432100", "01065432100"),
            ("+865925027064x12", "05925027064转12"),
            ("+864008001234", "+864008001234"),
            ("+4915112345678", "+4915112345678"),
        ] {
            let shown = written(number);
            assert_eq!(shown, expected);
            let read = read_cell(&shown, "0592").unwrap().remove(0);
            let (e164, extension) = number.split_once('x').unwrap_or((number, ""));
            assert_eq!(read.e164.as_str(), e164, "{number}");
            assert_eq!(read.extension.as_deref().unwrap_or_default(), extension, "{number}");
        }
    }
}
