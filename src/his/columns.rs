//! Which column is which: Chinese headers as wards write them, English ones, and the
//! P-numbers of the 病案首页 (HQMS, 住院病案首页数据采集质量与接口标准; rules.md §6). What a hospital has
//! taught us about its own headers stands above all of them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Column {
    Name,
    Sex,
    BirthDate,
    Age,
    IdCard,
    RecordNo,
    AdmissionNo,
    Sequence,
    AdmissionDepartment,
    Department,
    Ward,
    AdmittedOn,
    DischargedOn,
    StayDays,
    Disposition,
    Address,
    Phone,
    ContactName,
    ContactRelation,
    ContactPhone,
    DiagnosisIcd,
    DiagnosisName,
    /// 其他诊断, 1 to 10.
    OtherDiagnosisIcd(u8),
    OtherDiagnosisName(u8),
    /// Whether there was any.
    Operation,
    /// 手术及操作, 1 to 5.
    OperationCode(u8),
    OperationName(u8),
    OperationDate(u8),
    OperationSurgeon(u8),
    /// 新技术: of the first operation.
    NewTechnique,
    /// 入院途径: by the emergency department, or not.
    AdmissionRoute,
    /// Visits to it in the half year before.
    EdVisits,
    HeadOfDepartment,
    ChiefPhysician,
    Attending,
    Resident,
    ResponsibleNurse,
    Disclosure,
    Language,
}

impl Column {
    /// Nobody is called wrongly when it comes from the wrong one of two columns.
    pub(super) const fn is_secondary(self) -> bool {
        use Column::*;
        matches!(
            self,
            Age | StayDays
                | AdmissionDepartment
                | Address
                | HeadOfDepartment
                | ChiefPhysician
                | Attending
                | Resident
                | ResponsibleNurse
        )
    }
}

/// What a hospital's headers mean, as somebody has confirmed it once: it is used again
/// for the next file. `None`: known, and not to be read.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(transparent)]
pub struct ColumnMapping {
    learnt: BTreeMap<String, Option<Column>>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum HeaderMeaning {
    Learnt(Option<Column>),
    BuiltIn(Column),
    Unknown,
}

impl HeaderMeaning {
    pub const fn column(self) -> Option<Column> {
        match self {
            Self::Learnt(column) => column,
            Self::BuiltIn(column) => Some(column),
            Self::Unknown => None,
        }
    }
}

impl ColumnMapping {
    /// # Errors
    /// When a mapping grows beyond what any file has.
    pub fn learn(&mut self, header: &str, column: Option<Column>) -> Result<(), TooManyHeaders> {
        let header = plain(header);
        if self.learnt.len() >= HEADERS_MAX && !self.learnt.contains_key(&header) {
            return Err(TooManyHeaders);
        }
        self.learnt.insert(header, column);
        Ok(())
    }

    pub fn meaning(&self, header: &str) -> HeaderMeaning {
        match (self.learnt.get(&plain(header)), column_of(header)) {
            (Some(learnt), _) => HeaderMeaning::Learnt(*learnt),
            (None, Some(column)) => HeaderMeaning::BuiltIn(column),
            (None, None) => HeaderMeaning::Unknown,
        }
    }
}

#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("a mapping holds at most {HEADERS_MAX} headers")]
pub struct TooManyHeaders;

/// The column a header means; `None`: a column that we do not read.
pub fn column_of(header: &str) -> Option<Column> {
    let plain = plain(header);
    let named = HEADERS.iter().find(|(_, names)| names.contains(&plain.as_str()));
    let numbered = || other_diagnosis(&plain).or_else(|| operation(&plain));
    named.map(|(column, _)| *column).or_else(numbered)
}

fn plain(header: &str) -> String {
    header
        .trim()
        .trim_start_matches('\u{feff}')
        .to_lowercase()
        .chars()
        .filter(|c| !c.is_whitespace())
        .filter(|c| !matches!(c, '_' | '-' | '*' | ':' | '\u{ff1a}'))
        .collect()
}

/// `其他诊断编码3`, `其他诊断3`, and HQMS's own crooked numbers.
fn other_diagnosis(plain: &str) -> Option<Column> {
    let place = |numbers: &[&str]| {
        let at = numbers.iter().position(|number| *number == plain)?;
        u8::try_from(at + 1).ok()
    };
    if let Some(n) = place(&HQMS_OTHER_ICD) {
        return Some(Column::OtherDiagnosisIcd(n));
    }
    if let Some(n) = place(&HQMS_OTHER_NAME) {
        return Some(Column::OtherDiagnosisName(n));
    }
    let number = |rest: &str| rest.parse().ok().filter(|n| (1..=OTHER_DIAGNOSES).contains(n));
    let rest = plain.strip_prefix("其他诊断")?;
    if let Some(n) = rest.strip_prefix("编码").and_then(number) {
        return Some(Column::OtherDiagnosisIcd(n));
    }
    let name = rest.strip_prefix("名称").unwrap_or(rest);
    number(name).map(Column::OtherDiagnosisName)
}

/// `手术编码2`, `手术操作日期1`, `术者`; without a number it is the first one's.
fn operation(plain: &str) -> Option<Column> {
    type Make = fn(u8) -> Column;
    const NAMED: [(&str, Make); 8] = [
        ("手术操作编码", Column::OperationCode),
        ("手术编码", Column::OperationCode),
        ("手术操作名称", Column::OperationName),
        ("手术名称", Column::OperationName),
        ("手术操作日期", Column::OperationDate),
        ("手术日期", Column::OperationDate),
        ("手术者", Column::OperationSurgeon),
        ("术者", Column::OperationSurgeon),
    ];
    NAMED.iter().find_map(|(name, make)| match plain.strip_prefix(name)? {
        "" => Some(make(1)),
        number => number.parse().ok().filter(|n| (1..=OPERATIONS).contains(n)).map(make),
    })
}

/// Of a stay; a follow-up asks about the first ones.
pub const OPERATIONS: u8 = 5;

/// As many as the 病案首页 has.
pub const OTHER_DIAGNOSES: u8 = 10;

/// A wide export of a HIS has three hundred.
const HEADERS_MAX: usize = 2000;

const HQMS_OTHER_ICD: [&str; 10] =
    ["p324", "p327", "p3291", "p3294", "p3297", "p3281", "p3284", "p3287", "p3271", "p3274"];
const HQMS_OTHER_NAME: [&str; 10] =
    ["p325", "p328", "p3292", "p3295", "p3298", "p3282", "p3285", "p3288", "p3272", "p3275"];

const HEADERS: &[(Column, &[&str])] = &[
    (Column::Name, &["姓名", "患者姓名", "病人姓名", "name", "patientname", "p4"]),
    (Column::Sex, &["性别", "sex", "gender", "p5"]),
    (Column::BirthDate, &["出生日期", "生日", "出生年月", "birthdate", "dateofbirth", "dob", "p6"]),
    (Column::Age, &["年龄", "age", "p7"]),
    (Column::IdCard, &["身份证号", "身份证", "身份证号码", "idcard", "idno", "p13"]),
    (Column::RecordNo, &["病案号", "recordno", "mrn", "p3"]),
    (Column::AdmissionNo, &["住院号", "admissionno", "visitno"]),
    (Column::Sequence, &["住院次数", "第几次住院", "sequence", "admissioncount", "p2"]),
    (
        Column::Department,
        &["出院科室", "出院科别", "科室", "department", "dischargedepartment", "p26"],
    ),
    (Column::AdmissionDepartment, &["入院科室", "入院科别", "admissiondepartment", "p23"]),
    (Column::Ward, &["病区", "出院病区", "ward"]),
    (Column::AdmittedOn, &["入院日期", "入院时间", "admittedon", "admissiondate", "p22"]),
    (Column::DischargedOn, &["出院日期", "出院时间", "dischargedon", "dischargedate", "p25"]),
    (Column::StayDays, &["住院天数", "实际住院天数", "staydays", "p27"]),
    (Column::Address, &["现住址", "住址", "地址", "家庭住址", "address", "p801"]),
    (Column::Disposition, &["离院方式", "disposition", "p741"]),
    (
        Column::Phone,
        &["联系电话", "电话", "手机", "手机号", "患者电话", "本人电话", "phone", "mobile", "p802"],
    ),
    (Column::ContactName, &["联系人", "联系人姓名", "contactname", "p18"]),
    (
        Column::ContactRelation,
        &["与患者关系", "关系", "联系人关系", "contactrelation", "relation", "p19"],
    ),
    (Column::ContactPhone, &["联系人电话", "家属电话", "contactphone", "p21"]),
    (
        Column::DiagnosisIcd,
        &["icd", "icd10", "icd码", "诊断编码", "主要诊断编码", "diagnosiscode", "p321"],
    ),
    (Column::DiagnosisName, &["诊断", "主要诊断", "主要诊断名称", "出院诊断", "diagnosis", "p322"]),
    (Column::Operation, &["手术", "是否手术", "operation", "hadoperation"]),
    (Column::OperationCode(1), &["icd9", "icd9cm3", "operationcode", "p490"]),
    (Column::OperationDate(1), &["operationdate", "p491"]),
    (Column::OperationName(1), &["operationname", "p492"]),
    (Column::OperationSurgeon(1), &["surgeon", "p495"]),
    (Column::NewTechnique, &["新技术", "新技术项目", "newtechnique"]),
    (Column::AdmissionRoute, &["入院途径", "admissionroute"]),
    (Column::EdVisits, &["近半年急诊次数", "急诊次数", "edvisits"]),
    (Column::HeadOfDepartment, &["科主任", "p431"]),
    (Column::ChiefPhysician, &["主任医师", "主任副主任医师", "主任(副主任)医师", "p432"]),
    (Column::Attending, &["主治医师", "主管医生", "attending", "p433"]),
    (Column::Resident, &["住院医师", "p434"]),
    (Column::ResponsibleNurse, &["责任护士", "responsiblenurse", "p819"]),
    (Column::Disclosure, &["病情告知", "disclosure"]),
    (Column::Language, &["语言", "language"]),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_known_however_they_are_written() {
        for (header, expected) in [
            ("姓名", Some(Column::Name)),
            ("\u{feff}患者姓名 ", Some(Column::Name)),
            ("联系\n电话", Some(Column::Phone)),
            ("Discharge Date", Some(Column::DischargedOn)),
            ("discharge_date", Some(Column::DischargedOn)),
            ("其他诊断编码10", Some(Column::OtherDiagnosisIcd(10))),
            ("其他诊断2", Some(Column::OtherDiagnosisName(2))),
            ("其他诊断名称2", Some(Column::OtherDiagnosisName(2))),
            ("其他诊断11", None),
            ("手术编码", Some(Column::OperationCode(1))),
            ("手术操作编码 2", Some(Column::OperationCode(2))),
            ("手术名称5", Some(Column::OperationName(5))),
            ("手术名称6", None),
            ("术者", Some(Column::OperationSurgeon(1))),
            ("P491", Some(Column::OperationDate(1))),
            ("手术", Some(Column::Operation)),
            ("入院途径", Some(Column::AdmissionRoute)),
            ("备注", None),
            ("", None),
        ] {
            assert_eq!(column_of(header), expected, "{header:?}");
        }
    }

    /// rules.md §6.
    #[test]
    fn the_columns_of_the_front_page_are_known_by_their_numbers() {
        for (header, expected) in [
            ("P2", Column::Sequence),
            ("P3", Column::RecordNo),
            ("P4", Column::Name),
            ("P5", Column::Sex),
            ("P6", Column::BirthDate),
            ("P7", Column::Age),
            ("P13", Column::IdCard),
            ("P801", Column::Address),
            ("P802", Column::Phone),
            ("P18", Column::ContactName),
            ("P19", Column::ContactRelation),
            ("P21", Column::ContactPhone),
            ("P22", Column::AdmittedOn),
            ("P23", Column::AdmissionDepartment),
            ("P25", Column::DischargedOn),
            ("P26", Column::Department),
            ("P27", Column::StayDays),
            ("P321", Column::DiagnosisIcd),
            ("P322", Column::DiagnosisName),
            ("P324", Column::OtherDiagnosisIcd(1)),
            ("P325", Column::OtherDiagnosisName(1)),
            ("P3291", Column::OtherDiagnosisIcd(3)),
            ("P3275", Column::OtherDiagnosisName(10)),
            ("P431", Column::HeadOfDepartment),
            ("P432", Column::ChiefPhysician),
            ("P433", Column::Attending),
            ("P434", Column::Resident),
            ("P819", Column::ResponsibleNurse),
            ("P741", Column::Disposition),
        ] {
            assert_eq!(column_of(header), Some(expected), "{header:?}");
        }
    }

    #[test]
    fn what_was_learnt_stands_above_what_is_built_in() {
        let mut mapping = ColumnMapping::default();
        mapping.learn("病人 标识", Some(Column::AdmissionNo)).unwrap();
        mapping.learn("电话", None).unwrap();
        mapping.learn("P802", Some(Column::ContactPhone)).unwrap();
        let saved = serde_json::to_string(&mapping).unwrap();
        let mut mapping: ColumnMapping = serde_json::from_str(&saved).unwrap();
        for (header, expected) in [
            ("病人标识", HeaderMeaning::Learnt(Some(Column::AdmissionNo))),
            ("电话", HeaderMeaning::Learnt(None)),
            ("p802", HeaderMeaning::Learnt(Some(Column::ContactPhone))),
            ("姓名", HeaderMeaning::BuiltIn(Column::Name)),
            ("备注", HeaderMeaning::Unknown),
        ] {
            assert_eq!(mapping.meaning(header), expected, "{header}");
        }
        for at in 0..HEADERS_MAX {
            let _ = mapping.learn(&format!("x{at}"), None);
        }
        assert_eq!(mapping.learn("one more", None), Err(TooManyHeaders));
    }
}
