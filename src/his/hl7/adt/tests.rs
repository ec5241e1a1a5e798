use super::*;

const A03: &str = "MSH|^~\\&|HIS|H1|SF|SF|20251125101500+0800||ADT^A03^ADT_A03|MSG7|P|2.5||||||UNICODE UTF-8
EVN|A03|20251125101500
PID|1||B0012345^^^HIS^MR~350203195208151234^^^MOPS^NI||王秀英^||19520815|F|||思明区湖滨南路1号^^厦门市^福建省^361000||13800138000^PRN^CP~^^^^^0592^5027064|5551234||||ACC1|||||||||||20251120|N
NK1|1|李强^|SPO^配偶||13900139000||N
NK1|2|张^三|CHD||^PRN^PH^^^^^^^^^13700137000
PV1|1|I|心内一病区^12^03^东院区||||D001^陈^明|||心内科||||||||YB|Z20251234|||||||||||||||||1||||||||20251101|202511251000
DG1|1||I50.900^心力衰竭^ICD10||20251125|F|||||||||1
DG1|2||E11.900|2型糖尿病|20251125|F|||||||||2
OBX|1|NM|8480-6^收缩压^LN||138|mmHg|||||F|||20251125080000
ZPI|1|医保|自定义
";

fn notice(text: &str) -> Result<Notice, Fault> {
    read_notice(&Message::read(text.replace('\n', "\r").as_bytes()).unwrap())
}

fn a03() -> Record {
    let Told::Discharged(record) = notice(&A03.replace("|20251120|N", "||N")).unwrap().told else {
        panic!()
    };
    *record
}

#[test]
fn a_discharge_is_read_whole() {
    let record = a03();
    let patient = &record.patient;
    let ids: Vec<_> = patient.ids.iter().map(|id| (id.id.as_str(), id.kind.as_str())).collect();
    assert_eq!(ids, [("B0012345", "MR"), ("350203195208151234", "NI")]);
    assert_eq!((patient.name.as_str(), patient.sex.as_str()), ("王秀英", "F"));
    assert_eq!(patient.born.unwrap().date().to_string(), "1952-08-15");
    assert_eq!(patient.address, "福建省厦门市思明区湖滨南路1号");
    let numbers: Vec<_> = patient.numbers.iter().map(|n| (n.text.as_str(), n.at_work)).collect();
    assert_eq!(numbers, [("13800138000", false), ("05925027064", false), ("5551234", true)]);
    assert_eq!((patient.account.as_str(), patient.died), ("ACC1", false));

    let visit = record.visit.unwrap();
    let place = [visit.ward, visit.room, visit.bed, visit.facility, visit.service];
    assert_eq!(place, ["心内一病区", "12", "03", "东院区", "心内科"]);
    assert_eq!(visit.attending, Doctor { id: "D001".to_owned(), name: "陈明".to_owned() });
    let codes = [visit.class, visit.patient_type, visit.visit_no, visit.disposition];
    assert_eq!(codes, ["I", "YB", "Z20251234", "1"]);
    assert_eq!(visit.admitted.unwrap().local.to_string(), "2025-11-01 00:00:00");
    assert_eq!(visit.discharged.unwrap().local.to_string(), "2025-11-25 10:00:00");

    let kin: Vec<_> = record
        .next_of_kin
        .iter()
        .map(|kin| (kin.name.as_str(), kin.relation.as_str(), kin.numbers[0].text.as_str()))
        .collect();
    assert_eq!(kin, [("李强", "配偶", "13900139000"), ("张三", "CHD", "13700137000")]);
    let diagnoses: Vec<_> =
        record.diagnoses.iter().map(|d| (d.code.as_str(), d.name.as_str(), d.main)).collect();
    assert_eq!(diagnoses, [("I50.900", "心力衰竭", true), ("E11.900", "2型糖尿病", false)]);
    let [pressure] = &record.observations[..] else { panic!() };
    assert_eq!(
        (pressure.code.as_str(), pressure.value.as_str(), pressure.unit.as_str()),
        ("8480-6", "138", "mmHg")
    );
    assert_eq!(record.other_segments, ["ZPI|1|医保|自定义"]);
}

#[test]
fn the_envelope_tells_repetitions_apart() {
    let notice = notice(A03).unwrap();
    assert_eq!((notice.control_id.as_str(), notice.sender.as_str()), ("MSG7", "HIS"));
    assert_eq!(notice.sent.unwrap().offset.unwrap().local_minus_utc(), 8 * 3600);
}

#[test]
fn each_event_is_told_by_its_name() {
    for (event, expected) in [
        ("A01", "Admitted"),
        ("A03", "Discharged"),
        ("A04", "Registered"),
        ("A08", "Updated"),
        ("A11", "AdmissionCancelled"),
        ("A13", "DischargeCancelled"),
        ("A28", "Person"),
        ("A31", "Person"),
        ("A40", "Merged"),
        ("A02", "MSH-9"),
    ] {
        let text =
            A03.replace("ADT^A03^ADT_A03", &format!("ADT^{event}")) + "MRG|B0099999^^^HIS^MR\n";
        let found = match notice(&text) {
            Ok(notice) => format!("{:?}", notice.told),
            Err(fault) => fault.to_string(),
        };
        assert!(found.starts_with(expected), "{event}: {found:.60}");
    }
    let old = A03.replace("ADT^A03^ADT_A03", "ADT");
    assert!(matches!(notice(&old).unwrap().told, Told::Discharged(_)));
}

#[test]
fn a_merge_names_the_ids_that_go() {
    let text = A03.replace("ADT^A03^ADT_A03", "ADT^A40") + "MRG|B0099999^^^HIS^MR~X1\n";
    let Told::Merged { into, from } = notice(&text).unwrap().told else { panic!() };
    assert_eq!(into.patient.ids[0].id, "B0012345");
    assert_eq!(from.iter().map(|id| id.id.as_str()).collect::<Vec<_>>(), ["B0099999", "X1"]);
}

#[test]
fn death_is_told_by_the_mark_or_by_its_date() {
    for (field, died) in [("||N", false), ("||Y", true), ("|20251120|N", true), ("||", false)] {
        let text = A03.replace("|20251120|N", field);
        assert_eq!(notice(&text).unwrap().told.record().patient.died, died, "{field}");
    }
}

#[test]
fn an_update_of_a_number_needs_no_visit() {
    let text =
        "MSH|^~\\&|HIS|||||| ADT^A08|8\nPID|||1||||||||||13711112222\n".replace("| ADT", "|ADT");
    let Told::Updated(record) = notice(&text).unwrap().told else { panic!() };
    assert_eq!(record.patient.numbers[0].text, "13711112222");
    assert!(record.visit.is_none());
}

#[test]
fn the_first_fault_is_named_by_segment_and_field() {
    let drop_line = |name: &str| -> String {
        A03.lines().filter(|line| !line.starts_with(name)).map(|line| format!("{line}\n")).collect()
    };
    for (text, expected) in [
        (A03.replace("|MSG7|", "||"), "MSH-10 AR 101"),
        (A03.replace("|P|2.5|", "|P|3.0|"), "MSH-12 AR 203"),
        (A03.replace("ADT^A03^ADT_A03", "ORU^R01"), "MSH-9 AR 200"),
        (A03.replace("ADT^A03^ADT_A03", "ADT^A60"), "MSH-9 AR 201"),
        (A03.replace("|20251125101500+0800|", "|yesterday|"), "MSH-7 AE 102"),
        (drop_line("PID"), "PID-0 AE 100"),
        (drop_line("PV1"), "PV1-0 AE 100"),
        (A03.replace("|19520815|", "|1952-08-15|"), "PID-7 AE 102"),
        (A03.replace("王秀英^", ""), "PID-5 AE 101"),
        (A03.replace("B0012345^^^HIS^MR~350203195208151234^^^MOPS^NI", "^^^HIS"), "PID-3 AE 101"),
        (
            A03.replace("|202511251000\n", "|\n").replace("EVN|A03|20251125101500\n", ""),
            "PV1-45 AE 101",
        ),
        (A03.replace("|202511251000\n", "|20251399\n"), "PV1-45 AE 102"),
        (A03.replace("ADT^A03^ADT_A03", "ADT^A40"), "MRG-1 AE 101"),
    ] {
        let fault = notice(&text).unwrap_err();
        let found = format!(
            "{}-{} {} {}",
            fault.segment,
            fault.field,
            fault.ack.as_str(),
            fault.code.number()
        );
        assert_eq!(found, expected);
    }
    let by_event = A03.replace("|202511251000\n", "|\n");
    let told = notice(&by_event).unwrap().told;
    let discharged = told.record().visit.as_ref().unwrap().discharged.unwrap();
    assert_eq!(discharged.local.to_string(), "2025-11-25 10:15:00");
}
