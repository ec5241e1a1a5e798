//! A discharge as the hospital sends it: raw cells in, a checked value or every fault out.

mod cells;
mod operations;

use chrono::NaiveDate;

pub use cells::{read_date, read_id_card};
use cells::{read_disclosure, read_disposition, read_relation, read_sequence, read_sex, read_yes};
pub use operations::{Operation, RawOperation};

use super::{CellFault, DialledNumber, read_cell, word::words};

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Sex {
    Male,
    Female,
    Unknown,
}

words! { Sex, "a sex", Male = "male", Female = "female", Unknown = "unknown", }

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Disclosure {
    PatientKnows,
    FamilyOnly,
    Unknown,
}

words! { Disclosure, "a disclosure",
    PatientKnows = "patient_knows",
    FamilyOnly = "family_only",
    Unknown = "unknown",
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Relation {
    Own,
    Spouse,
    Child,
    Parent,
    Sibling,
    Relative,
    Neighbour,
    Guardian,
    Other,
}

words! { Relation, "a relation",
    Own = "self",
    Spouse = "spouse",
    Child = "child",
    Parent = "parent",
    Sibling = "sibling",
    Relative = "relative",
    Neighbour = "neighbour",
    Guardian = "guardian",
    Other = "other",
}

/// 离院方式 of the 病案首页.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Disposition(i16);

impl Relation {
    /// As wards write it, in Chinese or English.
    ///
    /// # Errors
    /// When it is not a relation that we know.
    pub fn read(text: &str) -> Result<Self, String> {
        read_relation(text)
    }
}

impl Disposition {
    /// 离院方式 as a code or a word.
    ///
    /// # Errors
    /// When it is neither.
    pub fn read(text: &str) -> Result<Self, String> {
        read_disposition(text)
    }

    pub const HOME: Self = Self(1);
    pub const TRANSFERRED: Self = Self(2);
    pub const DIED: Self = Self(5);
    pub const OTHER: Self = Self(9);

    pub const fn code(self) -> i16 {
        self.0
    }

    /// As the record holds it; the database knows no other codes.
    pub const fn from_code(code: i16) -> Self {
        Self(code)
    }
}

/// One fault of one row: which column, and what is wrong. Never the cell's text.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RowFault {
    pub column: &'static str,
    pub what: String,
}

/// The cells of one row by what they mean, as text. Absent and empty are the same.
#[derive(Clone, Debug, Default)]
pub struct RawDischarge {
    pub name: String,
    pub sex: String,
    pub birth_date: String,
    pub id_card: String,
    pub record_no: String,
    pub admission_no: String,
    pub sequence: String,
    pub department: String,
    pub ward: String,
    pub admitted_on: String,
    pub discharged_on: String,
    pub disposition: String,
    pub phone: String,
    pub contact_name: String,
    pub contact_relation: String,
    pub contact_phone: String,
    pub diagnosis_icd: String,
    pub diagnosis_name: String,
    pub operation: String,
    pub disclosure: String,
    pub language: String,
    pub address: String,
    pub attending: String,
    pub responsible_nurse: String,
    /// 其他诊断 in their order: code and name, either may be empty.
    pub other_diagnoses: Vec<(String, String)>,
    pub operations: Vec<RawOperation>,
    /// Of the first operation.
    pub new_technique: String,
    pub admission_route: String,
    pub ed_visits: String,
}

/// Code and name; one of them is there.
pub type DiagnosisCell = (Option<String>, Option<String>);

#[derive(Clone)]
pub struct Discharge {
    pub name: String,
    pub sex: Sex,
    pub birth_date: NaiveDate,
    pub id_card: Option<String>,
    pub record_no: Option<String>,
    pub admission_no: String,
    pub sequence: i32,
    pub department: String,
    pub ward: Option<String>,
    pub admitted_on: Option<NaiveDate>,
    pub discharged_on: NaiveDate,
    pub disposition: Disposition,
    pub numbers: Vec<DialledNumber>,
    pub raw_phone: String,
    pub contact: Option<NextOfKin>,
    pub diagnosis: Option<DiagnosisCell>,
    pub other_diagnoses: Vec<DiagnosisCell>,
    pub had_operation: bool,
    pub operations: Vec<Operation>,
    /// Came by the emergency department; `None`: nobody has told.
    pub acute: Option<bool>,
    /// Visits to it in the half year before.
    pub ed_visits: Option<i16>,
    pub disclosure: Disclosure,
    pub language: String,
    pub address: Option<String>,
    pub attending: Option<String>,
    pub responsible_nurse: Option<String>,
}

#[derive(Clone)]
pub struct NextOfKin {
    pub name: Option<String>,
    pub relation: Relation,
    pub numbers: Vec<DialledNumber>,
    pub raw_phone: String,
}

impl RawDischarge {
    /// # Errors
    /// Every fault of the row, so that it is mended in one go.
    pub fn check(&self, today: NaiveDate, area_code: &str) -> Result<Discharge, Vec<RowFault>> {
        let mut faults = Faults(Vec::new());
        let name = faults.needs("姓名", &self.name);
        let admission_no = faults.needs("住院号", &self.admission_no);
        let department = faults.needs("出院科室", &self.department);
        let birth_date = faults.date("出生日期", &self.birth_date);
        let discharged_on = faults.date("出院日期", &self.discharged_on);
        let admitted_on = self.optional_date(&mut faults);
        let sex = faults.read("性别", read_sex(&self.sex));
        let disposition = faults.read("离院方式", read_disposition(&self.disposition));
        let disclosure = faults.read("病情告知", read_disclosure(&self.disclosure));
        let sequence = faults.read("住院次数", read_sequence(&self.sequence));
        let id_card = faults.read("身份证号", read_id_card(&self.id_card));
        let numbers = faults.read("联系电话", self.own_numbers(area_code));
        let contact = self.next_of_kin(&mut faults, area_code);
        let (raw, new) = (&self.operations, &self.new_technique);
        let operations = operations::read(raw, new, discharged_on, &mut faults);
        let acute = faults.read("入院途径", operations::read_route(&self.admission_route));
        let ed_visits = faults.read("近半年急诊次数", operations::read_ed_visits(&self.ed_visits));
        faults.order(birth_date, admitted_on, discharged_on, today);
        faults.reachable(numbers.as_deref(), contact.as_ref());
        if !faults.0.is_empty() {
            return Err(faults.0);
        }
        Ok(Discharge {
            name,
            sex: sex.unwrap_or(Sex::Unknown),
            birth_date: birth_date.unwrap_or_default(),
            id_card: id_card.flatten(),
            record_no: filled(&self.record_no),
            admission_no,
            sequence: sequence.unwrap_or(1),
            department,
            ward: filled(&self.ward),
            admitted_on,
            discharged_on: discharged_on.unwrap_or_default(),
            disposition: disposition.unwrap_or(Disposition::HOME),
            numbers: numbers.unwrap_or_default(),
            raw_phone: self.phone.trim().to_owned(),
            contact,
            diagnosis: diagnosis(&self.diagnosis_icd, &self.diagnosis_name),
            other_diagnoses: self
                .other_diagnoses
                .iter()
                .filter_map(|(icd, name)| diagnosis(icd, name))
                .collect(),
            had_operation: read_yes(&self.operation) || !operations.is_empty(),
            operations,
            acute: acute.flatten(),
            ed_visits: ed_visits.flatten(),
            disclosure: disclosure.unwrap_or(Disclosure::Unknown),
            language: filled(&self.language).unwrap_or_else(|| "zh-CN".to_owned()),
            address: filled(&self.address),
            attending: filled(&self.attending),
            responsible_nurse: filled(&self.responsible_nurse),
        })
    }

    fn optional_date(&self, faults: &mut Faults) -> Option<NaiveDate> {
        filled(&self.admitted_on).and_then(|text| faults.date("入院日期", &text))
    }

    fn own_numbers(&self, area_code: &str) -> Result<Vec<DialledNumber>, String> {
        match read_cell(&self.phone, area_code) {
            // Whether anybody can be reached at all is judged with the next of kin.
            Err(CellFault::Empty) => Ok(Vec::new()),
            found => found.map_err(|fault| fault.to_string()),
        }
    }

    fn next_of_kin(&self, faults: &mut Faults, area_code: &str) -> Option<NextOfKin> {
        filled(&self.contact_phone)?;
        let cell = read_cell(&self.contact_phone, area_code).map_err(|fault| fault.to_string());
        let numbers = faults.read("联系人电话", cell)?;
        let relation = faults.read("与患者关系", read_relation(&self.contact_relation))?;
        let raw_phone = self.contact_phone.trim().to_owned();
        Some(NextOfKin { name: filled(&self.contact_name), relation, numbers, raw_phone })
    }
}

struct Faults(Vec<RowFault>);

impl Faults {
    fn add(&mut self, column: &'static str, what: impl Into<String>) {
        self.0.push(RowFault { column, what: what.into() });
    }

    fn needs(&mut self, column: &'static str, text: &str) -> String {
        match filled(text) {
            Some(text) if text.chars().count() <= TEXT_MAX => return text,
            Some(_) => {
                self.add(column, format!("超过 {TEXT_MAX} 个字 / over {TEXT_MAX} characters"))
            }
            None => self.add(column, "不能为空 / must not be empty"),
        }
        String::new()
    }

    fn date(&mut self, column: &'static str, text: &str) -> Option<NaiveDate> {
        let found = read_date(text);
        if found.is_none() {
            self.add(column, "不是日期(例 2026-11-23)/ not a date, e.g. 2026-11-23");
        }
        found
    }

    fn read<T>(&mut self, column: &'static str, found: Result<T, String>) -> Option<T> {
        found.map_err(|what| self.add(column, what)).ok()
    }

    fn order(
        &mut self,
        birth: Option<NaiveDate>,
        admitted: Option<NaiveDate>,
        discharged: Option<NaiveDate>,
        today: NaiveDate,
    ) {
        if discharged.is_some_and(|day| day > today) {
            self.add("出院日期", "在今天之后 / lies in the future");
        }
        if admitted.zip(discharged).is_some_and(|(from, to)| from > to) {
            self.add("入院日期", "在出院日期之后 / is after the discharge");
        }
        if birth.zip(discharged).is_some_and(|(birth, to)| birth > to) {
            self.add("出生日期", "在出院日期之后 / is after the discharge");
        }
    }

    fn reachable(&mut self, numbers: Option<&[DialledNumber]>, contact: Option<&NextOfKin>) {
        let none = numbers.is_some_and(<[_]>::is_empty) && contact.is_none();
        if none && !self.0.iter().any(|fault| fault.column.contains("电话")) {
            self.add(
                "联系电话",
                "本人和联系人都没有电话 / neither patient nor contact has a number",
            );
        }
    }
}

fn diagnosis(icd: &str, name: &str) -> Option<DiagnosisCell> {
    let (icd, name) = (filled(icd), filled(name));
    (icd.is_some() || name.is_some()).then_some((icd, name))
}

fn filled(text: &str) -> Option<String> {
    let text = text.trim();
    (!text.is_empty() && text != "-").then(|| text.to_owned())
}

/// A longer name or number is a column that slipped.
const TEXT_MAX: usize = 60;

#[cfg(test)]
mod tests {
    use super::*;

    fn good() -> RawDischarge {
        let text = str::to_owned;
        RawDischarge {
            name: text("王秀英"),
            sex: text("女"),
            birth_date: text("1952-08-15"),
            admission_no: text("Z0001"),
            department: text("心内科"),
            discharged_on: text("2026-11-20"),
            phone: text("13800138000"),
            ..RawDischarge::default()
        }
    }

    #[test]
    fn each_fault_is_told_by_column() {
        let today = "2026-11-23".parse().unwrap();
        let text = str::to_owned;
        for (raw, expected) in [
            (good(), vec![]),
            (RawDischarge { name: text(" "), ..good() }, vec!["姓名"]),
            (RawDischarge { birth_date: text("1952-13-01"), ..good() }, vec!["出生日期"]),
            (RawDischarge { discharged_on: text("2026-11-24"), ..good() }, vec!["出院日期"]),
            (RawDischarge { admitted_on: text("2026-11-21"), ..good() }, vec!["入院日期"]),
            (
                RawDischarge { phone: text("无"), sex: text("?"), ..good() },
                vec!["性别", "联系电话"],
            ),
            (RawDischarge { phone: text(""), ..good() }, vec!["联系电话"]),
            (RawDischarge { id_card: text("35020319520815123"), ..good() }, vec!["身份证号"]),
            (RawDischarge { disposition: text("7"), ..good() }, vec!["离院方式"]),
            (RawDischarge { phone: text(""), contact_phone: text("5027064"), ..good() }, vec![]),
        ] {
            let faults = raw.check(today, "0592").map(drop).err().unwrap_or_default();
            let columns: Vec<_> = faults.iter().map(|fault| fault.column).collect();
            assert_eq!(columns, expected, "{faults:?}");
        }
    }

    #[test]
    fn dates_are_read_as_hospitals_write_them() {
        for text in
            ["2025-01-02", "2025/1/2", "20250102", "20250102131500", "45659", "2025-01-02 13:15"]
        {
            assert_eq!(read_date(text), "2025-01-02".parse().ok(), "{text}");
        }
        for text in ["", "2025-02-30", "0000-00-00", "昨天", "999"] {
            assert_eq!(read_date(text), None, "{text}");
        }
    }

    #[test]
    fn an_identity_card_is_checked_by_its_last_character() {
        assert!(read_id_card("11010519491231002X").is_ok());
        assert!(read_id_card("110105194912310021").is_err());
    }
}
