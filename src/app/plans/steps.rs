//! The steps of a plan as tasks: made once each, moved when the plan changes.

use chrono::{DateTime, Datelike, NaiveDate, TimeZone, Utc};
use serde_json::Value;

use crate::{
    app::{AppError, Result},
    base::{PlanId, TaskId},
    domain::{Calendar, Done, PlanBody, Step},
    store::{
        self, Scope,
        plan::{NewStep, Plan},
    },
};

/// The tasks that the plan should have by now; answers how many are new.
pub(super) async fn generate(
    scope: &mut Scope,
    plan: &Plan,
    calendar: &Calendar,
    at: DateTime<Utc>,
) -> Result<u64> {
    let id = PlanId::from_uuid(plan.plan_id);
    let body = body_of(plan)?;
    let known = store::plan::steps(scope, id).await?;
    let today = calendar.local_date(at);
    let asked = body.steps(plan.anchor_on, &done(&known), today, AHEAD_DAYS);
    let is_new = |step: &&Step| !known.iter().any(|k| k.sequence == i32::from(step.sequence));
    let new: Vec<_> = asked
        .iter()
        .filter(is_new)
        .map(|step| NewStep {
            id: TaskId::new(at),
            plan: id,
            sequence: i32::from(step.sequence),
            scheduled_on: step.on,
            deadline_on: step.deadline,
            due_at: morning(calendar, step.on, at),
            channel: body.channel.as_str(),
            dialplan: &body.dialplan,
            kind: &plan.kind,
        })
        .collect();
    Ok(store::plan::insert_steps(scope, &new, at).await?)
}

pub(super) struct StepDay {
    pub(super) sequence: i32,
    pub(super) on: NaiveDate,
    pub(super) deadline: NaiveDate,
    pub(super) due_at: DateTime<Utc>,
}

/// Of a plan that has no task yet.
pub(super) fn fresh_steps(
    body: &PlanBody,
    anchor_on: NaiveDate,
    calendar: &Calendar,
    at: DateTime<Utc>,
) -> Vec<StepDay> {
    let steps = body.steps(anchor_on, &[], calendar.local_date(at), AHEAD_DAYS);
    let day = |step: Step| StepDay {
        sequence: i32::from(step.sequence),
        on: step.on,
        deadline: step.deadline,
        due_at: morning(calendar, step.on, at),
    };
    steps.into_iter().map(day).collect()
}

/// After a change: pending steps move, those that are no longer asked for go, new ones come.
pub(super) async fn regenerate(
    scope: &mut Scope,
    plan: &Plan,
    calendar: &Calendar,
    at: DateTime<Utc>,
) -> Result<u64> {
    let id = PlanId::from_uuid(plan.plan_id);
    let body = body_of(plan)?;
    let known = store::plan::steps(scope, id).await?;
    let today = calendar.local_date(at);
    let steps = body.steps(plan.anchor_on, &done(&known), today, AHEAD_DAYS);
    let mut moved = 0;
    for row in known.iter().filter(|row| row.state == "pending") {
        let asked = steps.iter().find(|step| i32::from(step.sequence) == row.sequence);
        match asked {
            Some(step) if Some(step.on) == row.scheduled_on => continue,
            Some(step) => {
                let due_at = morning(calendar, step.on, at);
                let (on, deadline) = (step.on, step.deadline);
                store::plan::move_step(scope, row.task_id, on, deadline, due_at, at).await?;
            }
            None => store::plan::drop_step(scope, row.task_id).await?,
        }
        moved += 1;
    }
    Ok(moved + generate(scope, plan, calendar, at).await?)
}

fn done(known: &[store::plan::StepRow]) -> Vec<Done> {
    let done = |row: &store::plan::StepRow| {
        let over = ["completed", "partial", "cancelled", "expired"].contains(&&*row.state);
        let on = row.done_on.or(row.scheduled_on.filter(|_| over))?;
        Some(Done { sequence: u16::try_from(row.sequence).ok()?, on })
    };
    known.iter().filter_map(done).collect()
}

pub(super) fn body_of(plan: &Plan) -> Result<PlanBody> {
    to_body(&plan.body)
}

pub(super) fn to_body(stored: &Value) -> Result<PlanBody> {
    serde_json::from_value(stored.clone()).map_err(stored_wrong)
}

pub(super) fn stored_wrong(error: serde_json::Error) -> AppError {
    AppError::Invalid(format!("a stored plan cannot be read: {error}"))
}

pub(in crate::app) fn to_json<T: serde::Serialize>(value: &T) -> Result<Value> {
    serde_json::to_value(value).map_err(|error| AppError::Invalid(error.to_string()))
}

/// When a day begins where the hospital stands.
fn morning(calendar: &Calendar, day: NaiveDate, at: DateTime<Utc>) -> DateTime<Utc> {
    let local = calendar.zone.with_ymd_and_hms(day.year(), day.month(), day.day(), 0, 0, 0);
    // Where clocks go forward at midnight, the day has no such moment.
    local.earliest().map_or(at, |local| local.with_timezone(&Utc))
}

/// Enough for the printed list of the coming month; a ten-year plan does not fill the table.
const AHEAD_DAYS: u32 = 35;
