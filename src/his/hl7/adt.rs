//! What an ADT message tells (HL7 v2.5.1, chapter 3), in plain words and dates. What it
//! means for a plan is for the layers above to say.

use super::{Fault, FaultCode, Message, Moment, Segment};

/// One message, understood.
#[derive(Clone, Debug)]
pub struct Notice {
    /// MSH-10: with the sender, the key by which a repetition is known.
    pub control_id: String,
    pub sender: String,
    pub sent: Option<Moment>,
    pub told: Told,
}

#[derive(Clone, Debug)]
pub enum Told {
    /// A01
    Admitted(Box<Record>),
    /// A03
    Discharged(Box<Record>),
    /// A04: an outpatient.
    Registered(Box<Record>),
    /// A08. When nothing is known of the admission yet, it stands in for the A01.
    Updated(Box<Record>),
    /// A11
    AdmissionCancelled(Box<Record>),
    /// A13: the patient is still on the ward.
    DischargeCancelled(Box<Record>),
    /// A28, A31
    Person(Box<Record>),
    /// A40: what is kept under these ids belongs to this person.
    Merged { into: Box<Record>, from: Vec<PatientId> },
}

impl Told {
    pub fn record(&self) -> &Record {
        match self {
            Self::Admitted(record)
            | Self::Discharged(record)
            | Self::Registered(record)
            | Self::Updated(record)
            | Self::AdmissionCancelled(record)
            | Self::DischargeCancelled(record)
            | Self::Person(record)
            | Self::Merged { into: record, .. } => record,
        }
    }
}

/// All that the message says; empty strings are what it leaves out.
#[derive(Clone, Debug, Default)]
pub struct Record {
    pub patient: Patient,
    pub visit: Option<Visit>,
    pub next_of_kin: Vec<Kin>,
    pub diagnoses: Vec<Diagnosis>,
    pub observations: Vec<Observation>,
    /// Segments that nobody here reads, as they were sent.
    pub other_segments: Vec<String>,
}

#[derive(Clone, Debug, Default)]
pub struct Patient {
    pub ids: Vec<PatientId>,
    pub name: String,
    pub born: Option<Moment>,
    /// M, F, O, U …
    pub sex: String,
    pub address: String,
    /// PID-13, then PID-14.
    pub numbers: Vec<Telephone>,
    pub account: String,
    pub died: bool,
    pub died_at: Option<Moment>,
}

#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct PatientId {
    pub id: String,
    pub authority: String,
    /// MR, PI, NI … (table 0203).
    pub kind: String,
}

#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Telephone {
    pub text: String,
    pub at_work: bool,
}

#[derive(Clone, Debug, Default)]
pub struct Visit {
    /// I inpatient, O outpatient, E emergency …
    pub class: String,
    pub ward: String,
    pub room: String,
    pub bed: String,
    pub facility: String,
    pub attending: Doctor,
    /// PV1-10, the department.
    pub service: String,
    pub patient_type: String,
    pub visit_no: String,
    /// PV1-36, as the hospital codes it.
    pub disposition: String,
    pub admitted: Option<Moment>,
    pub discharged: Option<Moment>,
}

#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Doctor {
    pub id: String,
    pub name: String,
}

#[derive(Clone, Debug, Default)]
pub struct Kin {
    pub name: String,
    pub relation: String,
    pub role: String,
    pub numbers: Vec<Telephone>,
}

#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Diagnosis {
    pub code: String,
    pub name: String,
    /// DG1-6: A admitting, W working, F final.
    pub kind: String,
    /// DG1-15 = 1, or the first of a message that ranks none.
    pub main: bool,
}

#[derive(Clone, Debug, Default)]
pub struct Observation {
    pub code: String,
    pub name: String,
    pub value: String,
    pub unit: String,
    pub at: Option<Moment>,
}

/// # Errors
/// The segment and field at fault, for the ERR of the answer.
pub fn read_notice(message: &Message) -> Result<Notice, Fault> {
    let control_id = message.value("MSH", 10, 1);
    if control_id.is_empty() {
        return Err(Fault::reject(
            "MSH",
            10,
            FaultCode::RequiredFieldMissing,
            "消息编号为空 / no control id",
        ));
    }
    let version = message.value("MSH", 12, 1);
    if !version.is_empty() && !version.starts_with("2.") && version != "2" {
        return Err(Fault::reject(
            "MSH",
            12,
            FaultCode::UnsupportedVersion,
            "只支持 HL7 v2 / only HL7 v2 is read",
        ));
    }
    let event = event(message)?;
    Ok(Notice {
        control_id,
        sender: message.value("MSH", 3, 1),
        sent: optional_time(message, "MSH", 7)?,
        told: told(message, &event)?,
    })
}

fn event(message: &Message) -> Result<String, Fault> {
    let (kind, event) = (message.value("MSH", 9, 1), message.value("MSH", 9, 2));
    if kind != "ADT" {
        let what = "只接收 ADT 消息 / only ADT messages are taken";
        return Err(Fault::reject("MSH", 9, FaultCode::UnsupportedMessage, what));
    }
    // Old senders leave the event to the EVN segment.
    Ok(if event.is_empty() { message.value("EVN", 1, 1) } else { event })
}

fn told(message: &Message, event: &str) -> Result<Told, Fault> {
    let known = ["A01", "A03", "A04", "A08", "A11", "A13", "A28", "A31", "A40"];
    if !known.contains(&event) {
        let what = "不支持的事件 / this event is not taken";
        return Err(Fault::reject("MSH", 9, FaultCode::UnsupportedEvent, what));
    }
    let mut record = Box::new(read_record(message)?);
    let needs_name = ["A01", "A03", "A04", "A28"].contains(&event);
    if needs_name && record.patient.name.is_empty() {
        return Err(missing("PID", 5, "患者姓名为空 / the patient has no name"));
    }
    let needs_visit = ["A01", "A03", "A11", "A13"].contains(&event);
    if needs_visit && record.visit.is_none() {
        let what = "缺少 PV1 / there is no PV1";
        return Err(Fault::error("PV1", 0, FaultCode::SegmentMissing, what));
    }
    Ok(match event {
        "A01" => Told::Admitted(record),
        "A03" => {
            let visit = record.visit.get_or_insert_default();
            // EVN-6: when it happened; EVN-2: when it was entered.
            visit.discharged = match visit.discharged {
                None => optional_time(message, "EVN", 6)?.or(optional_time(message, "EVN", 2)?),
                told => told,
            };
            if visit.discharged.is_none() {
                return Err(missing("PV1", 45, "没有出院时间 / there is no time of discharge"));
            }
            Told::Discharged(record)
        }
        "A04" => Told::Registered(record),
        "A08" => Told::Updated(record),
        "A11" => Told::AdmissionCancelled(record),
        "A13" => Told::DischargeCancelled(record),
        "A40" => {
            let from = message.segment("MRG").map(|merged| read_ids(merged, 1)).unwrap_or_default();
            if from.is_empty() {
                return Err(missing("MRG", 1, "没有被合并的病历号 / nothing to merge from"));
            }
            Told::Merged { into: record, from }
        }
        _ => Told::Person(record),
    })
}

fn read_record(message: &Message) -> Result<Record, Fault> {
    let Some(pid) = message.segment("PID") else {
        return Err(Fault::error(
            "PID",
            0,
            FaultCode::SegmentMissing,
            "缺少 PID / there is no PID",
        ));
    };
    let patient = read_patient(message, pid)?;
    if patient.ids.is_empty() {
        return Err(missing("PID", 3, "患者编号为空 / the patient has no id"));
    }
    let visit = match message.segment("PV1") {
        Some(pv1) => Some(read_visit(message, pv1)?),
        None => None,
    };
    let kin = message.segments("NK1").map(read_kin);
    let other = message.all().filter(|segment| !READ.contains(&segment.name.as_str()));
    Ok(Record {
        patient,
        visit,
        next_of_kin: kin.filter(|kin| !kin.name.is_empty() || !kin.numbers.is_empty()).collect(),
        diagnoses: read_diagnoses(message),
        observations: message.segments("OBX").map(read_observation).collect(),
        other_segments: other.map(Segment::written).collect(),
    })
}

fn read_patient(message: &Message, pid: &Segment) -> Result<Patient, Fault> {
    let mut numbers = telephones(pid, 13, false);
    numbers.extend(telephones(pid, 14, true));
    let died_at = optional_time(message, "PID", 29)?;
    let born = optional_time(message, "PID", 7)?;
    let part = |component| pid.value(11, component);
    Ok(Patient {
        ids: read_ids(pid, 3),
        name: person_name(pid, 5, 1),
        born,
        sex: pid.value(8, 1),
        // As it is written here: province, city, street, the rest.
        address: [part(4), part(3), part(1), part(2)].concat(),
        numbers,
        account: pid.value(18, 1),
        died: pid.value(30, 1).eq_ignore_ascii_case("Y") || died_at.is_some(),
        died_at,
    })
}

fn read_visit(message: &Message, pv1: &Segment) -> Result<Visit, Fault> {
    Ok(Visit {
        class: pv1.value(2, 1),
        ward: pv1.value(3, 1),
        room: pv1.value(3, 2),
        bed: pv1.value(3, 3),
        facility: pv1.value(3, 4),
        attending: Doctor { id: pv1.value(7, 1), name: person_name(pv1, 7, 2) },
        service: pv1.value(10, 1),
        patient_type: pv1.value(18, 1),
        visit_no: pv1.value(19, 1),
        disposition: pv1.value(36, 1),
        admitted: optional_time(message, "PV1", 44)?,
        discharged: optional_time(message, "PV1", 45)?,
    })
}

fn read_kin(nk1: &Segment) -> Kin {
    // The text of the relation where there is one, else its code.
    let (code, text) = (nk1.value(3, 1), nk1.value(3, 2));
    Kin {
        name: person_name(nk1, 2, 1),
        relation: if text.is_empty() { code } else { text },
        role: nk1.value(7, 1),
        numbers: telephones(nk1, 5, false),
    }
}

fn read_diagnoses(message: &Message) -> Vec<Diagnosis> {
    let ranked = message.segments("DG1").any(|dg1| dg1.value(15, 1) == "1");
    let read = |(at, dg1): (usize, &Segment)| {
        let (text, description) = (dg1.value(3, 2), dg1.value(4, 1));
        Diagnosis {
            code: dg1.value(3, 1),
            name: if text.is_empty() { description } else { text },
            kind: dg1.value(6, 1),
            main: if ranked { dg1.value(15, 1) == "1" } else { at == 0 },
        }
    };
    let told = |diagnosis: &Diagnosis| !diagnosis.code.is_empty() || !diagnosis.name.is_empty();
    message.segments("DG1").enumerate().map(read).filter(told).collect()
}

/// A time that cannot be read is left out: the value itself may still be wanted.
fn read_observation(obx: &Segment) -> Observation {
    Observation {
        code: obx.value(3, 1),
        name: obx.value(3, 2),
        value: obx.value(5, 1),
        unit: obx.value(6, 1),
        at: Moment::read(&obx.value(14, 1)),
    }
}

fn read_ids(segment: &Segment, field: usize) -> Vec<PatientId> {
    let ids = segment.repetitions(field).map(|id| PatientId {
        id: id.component(1),
        authority: id.component(4),
        kind: id.component(5),
    });
    ids.filter(|id| !id.id.is_empty()).collect()
}

/// Family and given name; Chinese senders write the whole into the first.
fn person_name(segment: &Segment, field: usize, family: usize) -> String {
    let (family, given) = (segment.value(field, family), segment.value(field, family + 1));
    let latin = family.is_ascii() && given.is_ascii() && !family.is_empty() && !given.is_empty();
    if latin { format!("{given} {family}") } else { family + &given }
}

/// XTN: the first component, the unformatted twelfth, or area and local number.
fn telephones(segment: &Segment, field: usize, at_work: bool) -> Vec<Telephone> {
    let text = |number: super::Repetition<'_>| {
        let (first, twelfth) = (number.component(1), number.component(12));
        let local = number.component(6) + &number.component(7);
        [first, twelfth, local].into_iter().find(|text| !text.is_empty())
    };
    let found = segment.repetitions(field).filter_map(text);
    found.map(|text| Telephone { text, at_work }).collect()
}

fn optional_time(
    message: &Message,
    segment: &'static str,
    field: usize,
) -> Result<Option<Moment>, Fault> {
    let text = message.value(segment, field, 1);
    if text.is_empty() {
        return Ok(None);
    }
    let what = "不是日期或时间(例 20251123 或 20251123140500)/ not a date or time";
    let fault = || Fault::error(segment, field, FaultCode::DataType, what);
    Moment::read(&text).map(Some).ok_or_else(fault)
}

fn missing(segment: &'static str, field: usize, what: &'static str) -> Fault {
    Fault::error(segment, field, FaultCode::RequiredFieldMissing, what)
}

const READ: [&str; 8] = ["MSH", "EVN", "PID", "PV1", "NK1", "DG1", "OBX", "MRG"];

#[cfg(test)]
mod tests;
