//! What an ADT message means for the record (rules.md §7). Messages come in any order: data
//! that an older one tells never writes over newer ones, and a stay has one time of its
//! last move (discharge, discharge or admission cancelled).

use chrono::{DateTime, NaiveDate, Offset, TimeZone, Utc};

use super::{merge, person_of_message as people, stay_of_message as stays};
use crate::{
    app::{
        AppError, EndReason,
        plans::{Noting, Rulebook, end_plans, plan_admissions, stop_person},
    },
    base::{AdmissionId, PersonId},
    domain::{Calendar, Disposition},
    his::hl7::{Fault, FaultCode, Moment, Notice, Record, Told, Visit},
    store::{self, Principal, Scope, StoreError, plan::Which},
};

/// Why a message was not taken: by its own fault, which the sender hears, or by ours.
#[derive(Debug)]
pub(super) enum Failure {
    Fault(Fault),
    Ours(AppError),
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl From<AppError> for Failure {
    fn from(error: AppError) -> Self {
        Self::Ours(error)
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Ours(error.into())
    }
}

pub(super) type Applied<T> = Result<T, Failure>;

/// Who tells, when it was said, and by what rules it is read.
pub(super) struct Telling<'a> {
    pub(super) by: &'a Principal,
    pub(super) calendar: &'a Calendar,
    pub(super) area_code: &'a str,
    pub(super) at: DateTime<Utc>,
    /// MSH-7. A sender's clock that runs ahead must not make the next messages old.
    pub(super) sent: DateTime<Utc>,
    /// What could not be used although the message was taken.
    pub(super) remarks: Vec<&'static str>,
}

impl<'a> Telling<'a> {
    pub(super) fn new(
        by: &'a Principal,
        calendar: &'a Calendar,
        area_code: &'a str,
        notice: &Notice,
        at: DateTime<Utc>,
    ) -> Self {
        let offset = calendar.zone.offset_from_utc_datetime(&at.naive_utc()).fix();
        let sent = notice.sent.map_or(at, |sent: Moment| sent.utc(offset).min(at));
        Self { by, calendar, area_code, at, sent, remarks: Vec::new() }
    }

    /// Not older than what was told last.
    pub(super) fn is_news(&self, told_at: Option<DateTime<Utc>>) -> bool {
        told_at.is_none_or(|told_at| self.sent >= told_at)
    }

    fn today(&self) -> NaiveDate {
        self.calendar.local_date(self.at)
    }
}

pub(super) async fn apply(
    scope: &mut Scope,
    telling: &mut Telling<'_>,
    notice: &Notice,
) -> Applied<()> {
    let record = notice.told.record();
    let person = people::tell(scope, telling, record).await?;
    if let Told::Merged { from, .. } = &notice.told {
        merge::into(scope, telling, person.id, &record.patient.name, from).await?;
    }
    let visit = record.visit.as_ref().filter(|visit| is_inpatient(visit));
    match (&notice.told, visit) {
        (Told::Registered(_) | Told::Person(_) | Told::Merged { .. }, _) | (_, None) => {}
        (told, Some(visit)) => {
            let stay = stays::tell(scope, telling, person.id, record, visit, told).await?;
            moved(scope, telling, person.id, &stay, visit, told).await?;
        }
    }
    let is_dead = record.patient.died || visit.is_some_and(|visit| left_dead(visit, &notice.told));
    if is_dead && !person.died {
        let told = record.patient.died_at.or(visit.and_then(|visit| visit.discharged));
        let on = told.map_or_else(|| telling.today(), Moment::date);
        store::person::record_death(scope, person.id, on).await?;
        stop_person(scope, telling.by, person.id, EndReason::Died, telling.at).await?;
    }
    Ok(())
}

/// The stay has begun, ended, or the hospital takes one of these back.
async fn moved(
    scope: &mut Scope,
    telling: &Telling<'_>,
    person: PersonId,
    stay: &stays::Stay,
    visit: &Visit,
    told: &Told,
) -> Applied<()> {
    let is_last_move = telling.is_news(stay.moved_at);
    let (at, sent) = (telling.at, telling.sent);
    match told {
        Told::Admitted(_) => {
            if stay.is_cancelled && is_last_move {
                store::told::set_cancelled(scope, stay.id, None, sent, at).await?;
            }
            let since = visit.admitted.map_or_else(|| telling.today(), Moment::date);
            readmitted(scope, telling, person, stay.id, since).await
        }
        Told::Discharged(_) if is_last_move => {
            let on = visit.discharged.map(Moment::date);
            in_order(visit.admitted.map(Moment::date).or(stay.admitted_on), on)?;
            let left = disposition(visit).map(Disposition::code);
            store::told::set_discharge(scope, stay.id, on, left, sent, at).await?;
            if stay.is_cancelled {
                store::told::set_cancelled(scope, stay.id, None, sent, at).await?;
            }
            // Told again with another number, it must not bring back a plan that has ended.
            if stay.discharged_on.is_none() { plan(scope, telling, stay.id).await } else { Ok(()) }
        }
        // Its A03 has not come, or never will.
        Told::Updated(_) if stay.is_new && visit.discharged.is_some() => {
            plan(scope, telling, stay.id).await
        }
        Told::DischargeCancelled(_) if is_last_move => {
            let home = Some(Disposition::HOME.code());
            store::told::set_discharge(scope, stay.id, None, home, sent, at).await?;
            taken_back(scope, telling, stay.id).await
        }
        Told::AdmissionCancelled(_) if is_last_move => {
            store::told::set_cancelled(scope, stay.id, Some(at), sent, at).await?;
            taken_back(scope, telling, stay.id).await
        }
        _ => Ok(()),
    }
}

/// In hospital again: what is left of earlier stays has no reason any more.
async fn readmitted(
    scope: &mut Scope,
    telling: &Telling<'_>,
    person: PersonId,
    stay: AdmissionId,
    since: NaiveDate,
) -> Applied<()> {
    for earlier in store::told::earlier_followed(scope, person, stay, since).await? {
        end_stay(scope, telling, AdmissionId::from_uuid(earlier), EndReason::Readmitted).await?;
    }
    Ok(())
}

async fn taken_back(scope: &mut Scope, telling: &Telling<'_>, stay: AdmissionId) -> Applied<()> {
    end_stay(scope, telling, stay, EndReason::DischargeCancelled).await
}

async fn end_stay(
    scope: &mut Scope,
    telling: &Telling<'_>,
    stay: AdmissionId,
    reason: EndReason,
) -> Applied<()> {
    store::told::cancel_tasks(scope, stay, reason.as_str(), telling.at).await?;
    end_plans(scope, telling.by, &Which::Admission(stay), reason, telling.at).await?;
    Ok(())
}

async fn plan(scope: &mut Scope, telling: &Telling<'_>, stay: AdmissionId) -> Applied<()> {
    let book = Rulebook::read(scope).await?;
    let (each, calendar) = (Noting::EachPlan, telling.calendar);
    plan_admissions(scope, book.as_ref(), &[stay], each, calendar, telling.at).await?;
    Ok(())
}

pub(super) fn in_order(admitted: Option<NaiveDate>, discharged: Option<NaiveDate>) -> Applied<()> {
    if admitted.zip(discharged).is_some_and(|(from, to)| from > to) {
        let what = "出院早于入院 / discharged before the admission";
        return Err(Fault::error("PV1", 45, FaultCode::DataType, what).into());
    }
    Ok(())
}

/// An outpatient's or an emergency's visit ends without a discharge that is followed up.
fn is_inpatient(visit: &Visit) -> bool {
    !["O", "E", "P"].contains(&visit.class.to_ascii_uppercase().as_str())
}

fn left_dead(visit: &Visit, told: &Told) -> bool {
    matches!(told, Told::Discharged(_) | Told::Updated(_))
        && disposition(visit) == Some(Disposition::DIED)
}

/// PV1-36: one digit is the 离院方式 of the 病案首页, two digits are of HL7's table 0112.
pub(super) fn disposition(visit: &Visit) -> Option<Disposition> {
    let text = visit.disposition.trim();
    if text.is_empty() {
        return None;
    }
    Some(match text {
        "01" | "06" | "08" => Disposition::HOME,
        "02" | "03" | "04" | "05" | "66" => Disposition::TRANSFERRED,
        "20" | "40" | "41" | "42" => Disposition::DIED,
        _ => Disposition::read(text).unwrap_or(Disposition::OTHER),
    })
}

/// The number by which the record knows the stay: PV1-19, else PID-18, else the patient's.
pub(super) fn stay_no<'a>(record: &'a Record, visit: &'a Visit, record_no: &'a str) -> &'a str {
    let given = [visit.visit_no.as_str(), record.patient.account.as_str()];
    given.into_iter().find(|no| !no.is_empty()).unwrap_or(record_no)
}
