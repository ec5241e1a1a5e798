//! Which column is which: Chinese headers as wards write them, English ones, and the
//! P-numbers of the 病案首页 (HQMS).

#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Column {
    Name,
    Sex,
    BirthDate,
    IdCard,
    RecordNo,
    AdmissionNo,
    Sequence,
    Department,
    Ward,
    AdmittedOn,
    DischargedOn,
    Disposition,
    Phone,
    ContactName,
    ContactRelation,
    ContactPhone,
    DiagnosisIcd,
    DiagnosisName,
    Operation,
    Disclosure,
    Language,
}

/// The column a header means; `None`: a column that we do not read.
pub fn column_of(header: &str) -> Option<Column> {
    let plain: String = header
        .trim()
        .trim_start_matches('\u{feff}')
        .to_lowercase()
        .chars()
        .filter(|c| !matches!(c, ' ' | '_' | '-' | '*' | ':' | '\u{ff1a}'))
        .collect();
    HEADERS.iter().find(|(_, names)| names.contains(&plain.as_str())).map(|(column, _)| *column)
}

const HEADERS: &[(Column, &[&str])] = &[
    (Column::Name, &["姓名", "患者姓名", "病人姓名", "name", "patientname", "p4"]),
    (Column::Sex, &["性别", "sex", "gender", "p5"]),
    (Column::BirthDate, &["出生日期", "生日", "出生年月", "birthdate", "dateofbirth", "dob", "p6"]),
    (Column::IdCard, &["身份证号", "身份证", "身份证号码", "idcard", "idno", "p13"]),
    (Column::RecordNo, &["病案号", "recordno", "mrn", "p3"]),
    (Column::AdmissionNo, &["住院号", "admissionno", "visitno"]),
    (Column::Sequence, &["住院次数", "第几次住院", "sequence", "admissioncount", "p2"]),
    (
        Column::Department,
        &["出院科室", "出院科别", "科室", "department", "dischargedepartment", "p26"],
    ),
    (Column::Ward, &["病区", "出院病区", "ward"]),
    (Column::AdmittedOn, &["入院日期", "入院时间", "admittedon", "admissiondate", "p22"]),
    (Column::DischargedOn, &["出院日期", "出院时间", "dischargedon", "dischargedate", "p25"]),
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
            ("Discharge Date", Some(Column::DischargedOn)),
            ("discharge_date", Some(Column::DischargedOn)),
            ("P802", Some(Column::Phone)),
            ("备注", None),
        ] {
            assert_eq!(column_of(header), expected, "{header:?}");
        }
    }
}
