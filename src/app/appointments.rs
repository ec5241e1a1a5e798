//! What is agreed with patients: return visits, admissions, examinations; the notices that
//! tell of it; and what a doctor changes after a result.

use chrono::{DateTime, NaiveDate, Utc};
use serde_json::json;
use uuid::Uuid;

use super::{
    App, AppError, Change, PlanEdit, Result, note,
    plans::{change_rhythm, needs_reason},
};
use crate::{
    base::{AnswerId, PersonId, PlanId, TaskId},
    domain::{Calendar, CycleChange, Interval, NoticePolicy},
    store::{
        self, Principal, Scope,
        appointment::{self, Lead, NewAdjustment, NewAppointment},
    },
};

const SYSTEM: Principal = Principal::System("notices");

pub struct AppointmentAsk<'a> {
    pub person: PersonId,
    pub admission: Option<Uuid>,
    pub kind: &'a str,
    pub planned_on: NaiveDate,
    pub window_days: Option<i16>,
}

/// What becomes of one.
pub enum AppointmentEnd<'a> {
    Moved { to: NaiveDate, why: &'a str },
    Attended { on: NaiveDate },
    Missed,
    Cancelled { why: &'a str },
}

pub struct AdjustmentAsk<'a> {
    pub treatment: &'a str,
    /// The plan goes on every so many days.
    pub every_days: Option<u16>,
    pub recheck_on: Option<NaiveDate>,
}

impl App {
    /// # Errors
    /// When the day has passed, or the patient is not one's own.
    pub async fn make_appointment(
        &self,
        by: &Principal,
        ask: &AppointmentAsk<'_>,
        today: NaiveDate,
        at: DateTime<Utc>,
    ) -> Result<Uuid> {
        not_past(ask.planned_on, today)?;
        let mut scope = self.scope(by).await?;
        let id = insert(&mut scope, by, ask, at).await?;
        self.commit(scope).await?;
        Ok(id)
    }

    /// # Errors
    /// When it is not planned any more, or the day is none.
    pub async fn end_appointment(
        &self,
        by: &Principal,
        appointment: Uuid,
        end: &AppointmentEnd<'_>,
        today: NaiveDate,
        at: DateTime<Utc>,
    ) -> Result<()> {
        let mut scope = self.scope(by).await?;
        change(&mut scope, by, appointment, end, today, at).await?;
        // At once: nobody is called about what has gone.
        appointment::stop_notices(&mut scope, today, at).await?;
        self.commit(scope).await
    }

    /// Today's notices are made, and those of what has gone end.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn turn_notices(&self, calendar: &Calendar, at: DateTime<Utc>) -> Result<u64> {
        let today = calendar.local_date(at);
        let mut scope = self.scope(&SYSTEM).await?;
        let stored = store::policy::find(&mut scope, NOTICE_POLICY).await?;
        let policy: NoticePolicy =
            stored.and_then(|body| serde_json::from_value(body).ok()).unwrap_or_default();
        appointment::stop_notices(&mut scope, today, at).await?;
        let days = |days: Option<u8>| days.map(i32::from);
        let lead = Lead {
            return_visit: days(policy.return_visit),
            admission: days(policy.admission),
            examination: days(policy.examination),
            follow_up: days(policy.follow_up),
        };
        let made = appointment::make_notices(&mut scope, today, lead, at).await?;
        appointment::join_notices(&mut scope, at).await?;
        self.commit(scope).await?;
        Ok(made)
    }

    /// A doctor changes treatment, rhythm and return visit after a result; the next tasks
    /// and the notice follow (F098).
    ///
    /// # Errors
    /// Without treatment or reason, or when the day has passed.
    pub async fn adjust(
        &self,
        edit: &PlanEdit<'_>,
        task: TaskId,
        ask: &AdjustmentAsk<'_>,
    ) -> Result<()> {
        let PlanEdit { by, reason, calendar, at } = edit;
        let (at, today) = (*at, calendar.local_date(*at));
        needs_reason(reason)?;
        if ask.treatment.trim().is_empty() {
            return Err(AppError::Invalid("请写明治疗调整 / what is changed?".to_owned()));
        }
        let mut scope = self.scope(by).await?;
        let row = store::task::lock(&mut scope, task).await?;
        let person = PersonId::from_uuid(row.person_id);
        let new = NewAdjustment {
            id: *AnswerId::new(at).as_uuid(),
            task,
            treatment: ask.treatment.trim(),
            every_days: ask.every_days.map(i32::from),
            recheck_on: ask.recheck_on,
            reason,
            by: by.name(),
        };
        appointment::add_adjustment(&mut scope, &new, at).await?;
        if let Some(days) = ask.every_days {
            let plan = appointment::plan_of(&mut scope, task).await?;
            let plan = plan.ok_or(AppError::NotFound("plan"))?;
            let change = CycleChange { from: today, every: Interval::Days(days) };
            change_rhythm(&mut scope, edit, PlanId::from_uuid(plan), change).await?;
        }
        if let Some(day) = ask.recheck_on {
            recheck(&mut scope, by, person, row.admission_id, day, reason, today, at).await?;
        }
        let told = Change {
            did: "adjusted",
            subject: "task",
            subject_id: task.to_string(),
            reason: Some(reason),
            department: row.department_id,
            body: json!({ "task_id": task, "recheck_on": ask.recheck_on }),
        };
        note(&mut scope, by, &told, at).await?;
        self.commit(scope).await
    }
}

/// The planned return visit moves; where there is none, one is made.
#[expect(clippy::too_many_arguments, reason = "the parts of one change")]
async fn recheck(
    scope: &mut Scope,
    by: &Principal,
    person: PersonId,
    admission: Option<Uuid>,
    day: NaiveDate,
    why: &str,
    today: NaiveDate,
    at: DateTime<Utc>,
) -> Result<()> {
    not_past(day, today)?;
    if let Some(planned) = appointment::planned_visit(scope, person).await? {
        let end = AppointmentEnd::Moved { to: day, why };
        change(scope, by, planned, &end, today, at).await?;
        appointment::stop_notices(scope, today, at).await?;
        return Ok(());
    }
    let ask = AppointmentAsk {
        person,
        admission,
        kind: "return_visit",
        planned_on: day,
        window_days: None,
    };
    insert(scope, by, &ask, at).await.map(drop)
}

async fn insert(
    scope: &mut Scope,
    by: &Principal,
    ask: &AppointmentAsk<'_>,
    at: DateTime<Utc>,
) -> Result<Uuid> {
    let id = *AnswerId::new(at).as_uuid();
    let new = NewAppointment {
        id,
        person: ask.person,
        admission: ask.admission,
        kind: ask.kind,
        planned_on: ask.planned_on,
        window_days: ask.window_days.unwrap_or(WINDOW_DAYS),
        by: by.name(),
    };
    let department = appointment::insert(scope, &new, at).await?;
    let department = department.ok_or(AppError::NotFound("patient"))?;
    let told = Change {
        did: "made",
        subject: "appointment",
        subject_id: id.to_string(),
        reason: Some(ask.kind),
        department,
        body: json!({ "appointment_id": id }),
    };
    note(scope, by, &told, at).await?;
    Ok(id)
}

async fn change(
    scope: &mut Scope,
    by: &Principal,
    id: Uuid,
    end: &AppointmentEnd<'_>,
    today: NaiveDate,
    at: DateTime<Utc>,
) -> Result<()> {
    let by_name = by.name();
    let plain = appointment::Change {
        state: "planned",
        planned_on: None,
        attended_on: None,
        why: None,
        by: by_name,
    };
    let (did, change) = match *end {
        AppointmentEnd::Moved { to, why } => {
            not_past(to, today)?;
            needs_reason(why)?;
            ("moved", appointment::Change { planned_on: Some(to), why: Some(why), ..plain })
        }
        AppointmentEnd::Attended { on } if on > today => {
            let what = "就诊日期在今天之后 / the day lies in the future";
            return Err(AppError::Invalid(what.to_owned()));
        }
        AppointmentEnd::Attended { on } => {
            ("attended", appointment::Change { state: "attended", attended_on: Some(on), ..plain })
        }
        AppointmentEnd::Missed => ("missed", appointment::Change { state: "missed", ..plain }),
        AppointmentEnd::Cancelled { why } => {
            needs_reason(why)?;
            ("cancelled", appointment::Change { state: "cancelled", why: Some(why), ..plain })
        }
    };
    let found = appointment::change(scope, id, &change, at).await?;
    let Some((person, department)) = found else {
        let what = "预约不存在或已结束 / the appointment is not there, or is over";
        return Err(AppError::Conflict(what.to_owned()));
    };
    let told = Change {
        // Whose notice rings just now: see engine::planner.
        did: if did == "cancelled" { "follow_up_ended" } else { did },
        subject: "appointment",
        subject_id: id.to_string(),
        reason: change.why.or(Some(did)),
        department,
        body: json!({ "appointment_id": id, "person": person, "did": did }),
    };
    note(scope, by, &told, at).await
}

fn not_past(day: NaiveDate, today: NaiveDate) -> Result<()> {
    if day >= today {
        return Ok(());
    }
    Err(AppError::Invalid("日期已经过去 / the day has passed".to_owned()))
}

/// The row of `policy` that says how many days before a notice goes out.
pub const NOTICE_POLICY: &str = "notices";

/// A week before or after is still the visit that was advised.
const WINDOW_DAYS: i16 = 7;
