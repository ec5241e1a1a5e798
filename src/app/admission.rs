//! One path for every discharge, whether it comes from a file, from a form or from the
//! hospital's own messages: people, stays, contacts, numbers, and the plans of the rules.

mod hl7;
mod kin;
mod merge;
mod message;
mod person_of_message;
mod stay_of_message;

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

pub use message::{Taken, message_text};

use super::{
    EndReason, Result,
    plans::{Noting, Rulebook, plan_admissions, stop_person},
};
use crate::{
    base::{AdmissionId, ImportId, PersonId},
    domain::{Calendar, Discharge, Disposition, pinyin_keys},
    store::{self, Principal, Scope, admission::StayKey},
};

pub(super) struct Admitted {
    pub(super) person: PersonId,
    pub(super) admission: AdmissionId,
    pub(super) is_new: bool,
}

/// Who writes, by what rules and when.
pub(super) struct Admitting<'a> {
    pub(super) by: &'a Principal,
    pub(super) book: Option<&'a Rulebook>,
    pub(super) noting: Noting,
    pub(super) calendar: &'a Calendar,
    /// 号码来源 of what is told.
    pub(super) source: &'a str,
    pub(super) at: DateTime<Utc>,
}

/// Discharges into the record, in one go. Told twice, each is there once.
pub(super) async fn admit_all(
    scope: &mut Scope,
    how: &Admitting<'_>,
    discharges: &[Discharge],
) -> Result<Vec<Admitted>> {
    if discharges.is_empty() {
        return Ok(Vec::new());
    }
    let stays = known_stays(scope, discharges).await?;
    let people = people(scope, discharges, &stays, how.at).await?;
    let pairs: Vec<_> = people.iter().copied().zip(discharges).collect();
    kin::add(scope, &pairs, how.source, how.at).await?;
    for (person, discharge) in &pairs {
        if discharge.disposition == Disposition::DIED {
            store::person::record_death(scope, *person, discharge.discharged_on).await?;
            stop_person(scope, how.by, *person, EndReason::Died, how.at).await?;
        }
    }
    let admitted = new_stays(scope, &pairs, &stays, how.at).await?;
    let new: Vec<_> = admitted.iter().filter(|a| a.is_new).map(|a| a.admission).collect();
    plan_admissions(scope, how.book, &new, how.noting, how.calendar, how.at).await?;
    Ok(admitted)
}

type Key<'a> = (&'a str, Option<NaiveDate>, i32);

fn key(discharge: &Discharge) -> Key<'_> {
    (&discharge.admission_no, discharge.admitted_on, discharge.sequence)
}

async fn known_stays<'a>(
    scope: &mut Scope,
    discharges: &'a [Discharge],
) -> Result<HashMap<Key<'a>, (AdmissionId, PersonId)>> {
    let keys = discharges.iter().map(key).map(|(admission_no, admitted_on, sequence)| StayKey {
        admission_no,
        admitted_on,
        sequence,
    });
    let found = store::admission::find_all(scope, &keys.collect::<Vec<_>>()).await?;
    let known = found.into_iter().filter_map(|row| {
        let at = usize::try_from(row.n).ok()?.checked_sub(1)?;
        let ids = (AdmissionId::from_uuid(row.admission_id), PersonId::from_uuid(row.person_id));
        Some((key(discharges.get(at)?), ids))
    });
    Ok(known.collect())
}

/// The person of each discharge: whoever has the stay already, the record number or the
/// identity card; else somebody new.
async fn people(
    scope: &mut Scope,
    discharges: &[Discharge],
    stays: &HashMap<Key<'_>, (AdmissionId, PersonId)>,
    at: DateTime<Utc>,
) -> Result<Vec<PersonId>> {
    let records: Vec<_> = discharges.iter().map(|d| d.record_no.as_deref()).collect();
    let cards: Vec<_> = discharges.iter().map(|d| d.id_card.as_deref()).collect();
    let found = store::person::find_all(scope, &records, &cards).await?;
    let found: HashMap<usize, PersonId> = found.into_iter().collect();
    let mut here: HashMap<&str, PersonId> = HashMap::new();
    let mut stays_here: HashMap<Key<'_>, PersonId> = HashMap::new();
    let mut people = Vec::with_capacity(discharges.len());
    let mut new = Vec::new();
    for (n, discharge) in (1..).zip(discharges) {
        let ids = [discharge.record_no.as_deref(), discharge.id_card.as_deref()];
        let known = stays
            .get(&key(discharge))
            .map(|(_, person)| *person)
            .or_else(|| stays_here.get(&key(discharge)).copied())
            .or_else(|| found.get(&n).copied())
            .or_else(|| ids.iter().flatten().find_map(|id| here.get(id).copied()));
        let person = known.unwrap_or_else(|| PersonId::new(at));
        if known.is_none() {
            new.push(new_person(person, discharge));
        }
        here.extend(ids.into_iter().flatten().map(|id| (id, person)));
        stays_here.insert(key(discharge), person);
        people.push(person);
    }
    store::person::insert_all(scope, &new, at).await?;
    let sounds: Vec<_> = new
        .iter()
        .flat_map(|person| pinyin_keys(person.name).into_iter().map(|sound| (person.id, sound)))
        .collect();
    store::person::add_sounds(scope, &sounds).await?;
    Ok(people)
}

fn new_person(id: PersonId, discharge: &Discharge) -> store::person::NewPerson<'_> {
    store::person::NewPerson {
        id,
        record_no: discharge.record_no.as_deref(),
        id_card: discharge.id_card.as_deref(),
        name: &discharge.name,
        sex: discharge.sex.as_str(),
        birth_date: Some(discharge.birth_date),
        home_address: discharge.address.as_deref(),
        language: &discharge.language,
    }
}

async fn new_stays(
    scope: &mut Scope,
    pairs: &[(PersonId, &Discharge)],
    stays: &HashMap<Key<'_>, (AdmissionId, PersonId)>,
    at: DateTime<Utc>,
) -> Result<Vec<Admitted>> {
    let names = pairs.iter().map(|(_, d)| d.department.as_str());
    let departments = departments(scope, names, at).await?;
    let mut here: HashMap<Key<'_>, AdmissionId> =
        stays.iter().map(|(key, (admission, _))| (*key, *admission)).collect();
    let mut admitted = Vec::with_capacity(pairs.len());
    let (mut new, mut diagnoses, mut operations) = (Vec::new(), Vec::new(), Vec::new());
    for (person, discharge) in pairs {
        let person = *person;
        if let Some(admission) = here.get(&key(discharge)).copied() {
            admitted.push(Admitted { person, admission, is_new: false });
            continue;
        }
        let admission = AdmissionId::new(at);
        here.insert(key(discharge), admission);
        admitted.push(Admitted { person, admission, is_new: true });
        let department = departments.get(&discharge.department).copied().unwrap_or_default();
        new.push(new_stay(admission, person, department, discharge));
        diagnoses.extend(diagnoses_of(admission, discharge));
        operations.extend((0..).zip(&discharge.operations).map(|(n, it)| (admission, n, it)));
    }
    store::admission::insert_all(scope, &new, at).await?;
    store::admission::add_diagnoses(scope, &diagnoses).await?;
    store::admission::add_operations(scope, &operations).await?;
    Ok(admitted)
}

async fn departments<'a>(
    scope: &mut Scope,
    names: impl Iterator<Item = &'a str>,
    at: DateTime<Utc>,
) -> Result<HashMap<String, Uuid>> {
    let mut names: Vec<&str> = names.collect();
    names.sort_unstable();
    names.dedup();
    let fresh: Vec<Uuid> = names.iter().map(|_| *ImportId::new(at).as_uuid()).collect();
    Ok(store::admission::departments_named(scope, &fresh, &names, at).await?)
}

fn new_stay(
    id: AdmissionId,
    person: PersonId,
    department: Uuid,
    discharge: &Discharge,
) -> store::admission::NewAdmission<'_> {
    store::admission::NewAdmission {
        id,
        person,
        department,
        admission_no: &discharge.admission_no,
        sequence: discharge.sequence,
        ward: discharge.ward.as_deref(),
        admitted_on: discharge.admitted_on,
        discharged_on: Some(discharge.discharged_on),
        disposition: discharge.disposition.code(),
        had_operation: discharge.had_operation,
        acute: discharge.acute,
        ed_visits: discharge.ed_visits,
        disclosure: discharge.disclosure.as_str(),
        attending: discharge.attending.as_deref(),
        responsible_nurse: discharge.responsible_nurse.as_deref(),
        bed: None,
    }
}

/// The main one is at 0; others keep their place in the 病案首页.
fn diagnoses_of(
    admission: AdmissionId,
    discharge: &Discharge,
) -> impl Iterator<Item = store::admission::NewDiagnosis<'_>> {
    let main = discharge.diagnosis.iter().map(|told| (0, told));
    let all = main.chain((1..).zip(&discharge.other_diagnoses));
    all.map(move |(position, (icd, name))| store::admission::NewDiagnosis {
        admission,
        position,
        icd: icd.as_deref(),
        name: name.as_deref(),
    })
}
