//! Which stay a message is about, and what it changes of it. Before its A01, any message
//! makes a stub.

use std::iter;

use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

use super::{
    departments,
    hl7::{Applied, Telling, disposition, in_order, stay_no},
    person_of_message::Ids,
};
use crate::{
    base::{AdmissionId, PersonId},
    domain::Disposition,
    his::hl7::{Fault, FaultCode, Moment, Record, Told, Visit},
    store::{
        self, Scope,
        admission::{NewAdmission, NewDiagnosis},
        told::StayEdit,
    },
};

pub(super) struct Stay {
    pub(super) id: AdmissionId,
    pub(super) is_new: bool,
    pub(super) is_cancelled: bool,
    pub(super) admitted_on: Option<NaiveDate>,
    pub(super) discharged_on: Option<NaiveDate>,
    pub(super) moved_at: Option<DateTime<Utc>>,
}

pub(super) async fn tell(
    scope: &mut Scope,
    telling: &Telling<'_>,
    person: PersonId,
    record: &Record,
    visit: &Visit,
    told: &Told,
) -> Applied<Stay> {
    let ids = Ids::read(&record.patient.ids);
    let record_no = ids.as_ref().map_or("", |ids| ids.record_no.as_str());
    let no = stay_no(record, visit, record_no);
    let department = department(scope, telling, visit).await?;
    let admitted_on = visit.admitted.map(Moment::date);
    let known = store::told::stays(scope, no).await?;
    let own: Vec<_> = known.iter().filter(|stay| stay.person_id == *person.as_uuid()).collect();
    let same_day = own.iter().find(|stay| stay.admitted_on == admitted_on);
    // A visit number is of one visit only; another number may be of several.
    let is_visit_no = no != record_no;
    let found = same_day.or_else(|| {
        own.iter().find(|stay| is_visit_no || admitted_on.is_none() || stay.admitted_on.is_none())
    });
    let Some(found) = found else {
        let taken = known.iter().any(|stay| stay.admitted_on == admitted_on);
        if taken {
            let what = "这个住院号属于另一位患者 / this visit belongs to another patient";
            return Err(Fault::error("PV1", 19, FaultCode::UnknownValue, what).into());
        }
        let discharged_on = match told {
            Told::Updated(_) => visit.discharged.map(Moment::date),
            _ => None,
        };
        let new = New { person, no, department, admitted_on, discharged_on };
        return insert(scope, telling, &new, record, visit).await;
    };
    let id = AdmissionId::from_uuid(found.admission_id);
    if telling.is_news(found.told_at) {
        in_order(admitted_on, found.discharged_on)?;
        let edit = StayEdit {
            department,
            ward: filled(&visit.ward),
            bed: filled(&visit.bed),
            attending: filled(&visit.attending.name),
            admitted_on,
        };
        store::told::edit_stay(scope, id, &edit, telling.sent, telling.at).await?;
        if !record.diagnoses.is_empty() {
            store::told::replace_diagnoses(scope, id, &diagnoses(id, record)).await?;
        }
    } else if found.admitted_on.is_none() && admitted_on.is_some() {
        // Older, but nothing else has told it.
        in_order(admitted_on, found.discharged_on)?;
        let edit = StayEdit { admitted_on, ..StayEdit::default() };
        let told_at = found.told_at.unwrap_or(telling.sent);
        store::told::edit_stay(scope, id, &edit, told_at, telling.at).await?;
    }
    Ok(Stay {
        id,
        is_new: false,
        is_cancelled: found.is_cancelled,
        admitted_on: found.admitted_on,
        discharged_on: found.discharged_on,
        moved_at: found.moved_at,
    })
}

struct New<'a> {
    person: PersonId,
    no: &'a str,
    department: Option<Uuid>,
    admitted_on: Option<NaiveDate>,
    discharged_on: Option<NaiveDate>,
}

async fn insert(
    scope: &mut Scope,
    telling: &Telling<'_>,
    new: &New<'_>,
    record: &Record,
    visit: &Visit,
) -> Applied<Stay> {
    let missing = || {
        let what = "没有科室,也没有病区 / neither department nor ward";
        Fault::error("PV1", 10, FaultCode::RequiredFieldMissing, what)
    };
    let department = new.department.ok_or_else(missing)?;
    in_order(new.admitted_on, new.discharged_on)?;
    let id = AdmissionId::new(telling.at);
    let row = NewAdmission {
        id,
        person: new.person,
        department,
        admission_no: new.no,
        sequence: 1,
        ward: filled(&visit.ward),
        admitted_on: new.admitted_on,
        discharged_on: new.discharged_on,
        disposition: disposition(visit).unwrap_or(Disposition::HOME).code(),
        had_operation: false,
        acute: None,
        ed_visits: None,
        disclosure: "unknown",
        attending: filled(&visit.attending.name),
        responsible_nurse: None,
        bed: filled(&visit.bed),
    };
    store::admission::insert_all(scope, &[row], telling.at).await?;
    store::admission::add_diagnoses(scope, &diagnoses(id, record)).await?;
    let nothing = StayEdit::default();
    store::told::edit_stay(scope, id, &nothing, telling.sent, telling.at).await?;
    Ok(Stay {
        id,
        is_new: true,
        is_cancelled: false,
        admitted_on: new.admitted_on,
        discharged_on: new.discharged_on,
        moved_at: None,
    })
}

/// PV1-10, else the ward.
async fn department(
    scope: &mut Scope,
    telling: &Telling<'_>,
    visit: &Visit,
) -> Applied<Option<Uuid>> {
    let named = filled(&visit.service).or_else(|| filled(&visit.ward));
    let Some(name) = named else { return Ok(None) };
    let all = departments(scope, iter::once(name), telling.at).await?;
    Ok(all.get(name).copied())
}

/// The main one first. What was thought at the admission gives way to what was found.
fn diagnoses(admission: AdmissionId, record: &Record) -> Vec<NewDiagnosis<'_>> {
    let is_later = |kind: &str| !kind.is_empty() && kind != "A";
    let has_later = record.diagnoses.iter().any(|diagnosis| is_later(&diagnosis.kind));
    let wanted = record.diagnoses.iter().filter(|d| !has_later || is_later(&d.kind));
    let mut wanted: Vec<_> = wanted.collect();
    wanted.sort_by_key(|diagnosis| !diagnosis.main);
    (0..)
        .zip(wanted)
        .map(|(position, diagnosis)| NewDiagnosis {
            admission,
            position,
            icd: filled(&diagnosis.code),
            name: filled(&diagnosis.name),
        })
        .collect()
}

fn filled(text: &str) -> Option<&str> {
    Some(text).filter(|text| !text.is_empty())
}
