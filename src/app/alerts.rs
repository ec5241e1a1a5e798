//! 危急提醒 to its end: raised with owner and due time in the transaction of its answer,
//! acknowledged, taken in hand, closed with an outcome; escalated when nobody did.

use chrono::{DateTime, Duration, Utc};
use serde_json::json;
use uuid::Uuid;

use super::{App, AppError, Change, FoundAlert, Result, note};
use crate::{
    base::{AnswerId, CallId, PersonId, TaskId},
    domain::{AlertPolicy, AlertState, AlertStep, DutyEntry, next_on_duty},
    store::{
        self, Principal, Scope,
        alert::{Locked, Owner},
    },
};

/// Where an alert comes from.
pub(super) struct Source {
    pub(super) call: Option<CallId>,
    pub(super) task: Option<TaskId>,
    pub(super) person: Option<PersonId>,
    pub(super) department: Option<Uuid>,
}

/// Who acknowledges: at the page, or by a staff number on a telephone.
#[derive(Clone, Debug)]
pub struct Taker {
    pub name: String,
    pub staff_no: Option<String>,
}

impl App {
    /// The one door for alerts: of our calls, of typed answers, of amendments.
    pub(super) async fn raise_alert(
        &self,
        scope: &mut Scope,
        by: &Principal,
        source: &Source,
        found: &FoundAlert,
        at: DateTime<Utc>,
    ) -> Result<()> {
        let policy = self.alert_policy(scope).await?;
        let ladder = self.ladder_for(scope, source.task, source.department, at).await?;
        let first = ladder.first();
        let name = staff_name(scope, first).await?;
        let is_emergency = found.level == "emergency";
        let id = *AnswerId::new(at).as_uuid();
        let row = store::alert::New {
            id,
            call: source.call,
            task: source.task,
            person: source.person,
            department: source.department,
            questionnaire: &found.questionnaire,
            link_id: &found.link_id,
            item_text: &found.item_text,
            level: found.level,
            advice: found.advice.as_deref(),
            due_at: at + Duration::minutes(found.due_minutes),
            ring_at: is_emergency.then(|| at + seconds(policy.ring_after_s)),
            owner: owner(first, name.as_deref()),
        };
        if !store::alert::raise(scope, &row, at).await? {
            return Ok(());
        }
        store::alert::add_step(scope, id, by.name(), "raised", None, at).await?;
        changed(scope, by, "raised", (id, source.department), found.level, None, at).await
    }

    /// # Errors
    /// When it is not there, or somebody has acknowledged it before.
    pub async fn acknowledge_alert(
        &self,
        by: &Principal,
        alert: Uuid,
        taker: &Taker,
        at: DateTime<Utc>,
    ) -> Result<()> {
        let mut scope = self.scope(by).await?;
        let locked = step(&mut scope, alert, AlertStep::Acknowledge).await?;
        acknowledge(&mut scope, by, alert, &locked, taker, at).await?;
        self.commit(scope).await
    }

    /// # Errors
    /// Without an action; when it is not there, or closed.
    pub async fn take_alert_in_hand(
        &self,
        by: &Principal,
        alert: Uuid,
        action: &str,
        at: DateTime<Utc>,
    ) -> Result<()> {
        let action = needed(action, "请写明处理措施 / say what is being done")?;
        let mut scope = self.scope(by).await?;
        let locked = step(&mut scope, alert, AlertStep::TakeInHand).await?;
        let policy = self.alert_policy(&mut scope).await?;
        let until = locked.due_at.max(at) + Duration::minutes(policy.in_hand_min.into());
        store::alert::take_in_hand(&mut scope, alert, by.name(), action, until, at).await?;
        store::alert::add_step(&mut scope, alert, by.name(), "in_hand", Some(action), at).await?;
        let place = (alert, locked.department_id);
        changed(&mut scope, by, "in_hand", place, &locked.level, Some(action), at).await?;
        self.commit(scope).await
    }

    /// # Errors
    /// Without an outcome; when it is not there, or closed before.
    pub async fn close_alert(
        &self,
        by: &Principal,
        alert: Uuid,
        outcome: &str,
        action: Option<&str>,
        at: DateTime<Utc>,
    ) -> Result<()> {
        let outcome =
            needed(outcome, "请写明处理结果,才能闭环 / it cannot be closed without an outcome")?;
        let mut scope = self.scope(by).await?;
        let locked = step(&mut scope, alert, AlertStep::Close).await?;
        store::alert::close(&mut scope, alert, by.name(), outcome, action, at).await?;
        store::alert::add_step(&mut scope, alert, by.name(), "closed", Some(outcome), at).await?;
        let place = (alert, locked.department_id);
        changed(&mut scope, by, "closed", place, &locked.level, Some(outcome), at).await?;
        self.commit(scope).await
    }

    /// Whatever is overdue goes to the next rank; answers how many. `limit` bounds one look,
    /// the next follows a second later.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn escalate_alerts(&self, limit: i64, at: DateTime<Utc>) -> Result<usize> {
        let mut scope = self.scope(&SYSTEM).await?;
        let due = store::alert::overdue(&mut scope, at, limit).await?;
        if due.is_empty() {
            return Ok(0);
        }
        let policy = self.alert_policy(&mut scope).await?;
        for alert in &due {
            self.escalate(&mut scope, &policy, *alert, at).await?;
        }
        self.commit(scope).await?;
        Ok(due.len())
    }

    async fn escalate(
        &self,
        scope: &mut Scope,
        policy: &AlertPolicy,
        alert: Uuid,
        at: DateTime<Utc>,
    ) -> Result<()> {
        let Some(locked) = store::alert::lock(scope, alert).await? else { return Ok(()) };
        let task = locked.task_id.map(TaskId::from_uuid);
        let ladder = self.ladder_for(scope, task, locked.department_id, at).await?;
        let next = next_on_duty(&ladder, locked.owner_rank.unwrap_or(0));
        let name = staff_name(scope, next).await?;
        let again = at + Duration::minutes(policy.escalate_every_min.into());
        let ring = (locked.level == "emergency").then_some(at);
        store::alert::escalate(scope, alert, owner(next, name.as_deref()), again, ring).await?;
        let to = next.map(|entry| entry.staff_no.as_str());
        store::alert::add_step(scope, alert, SYSTEM.name(), "escalated", to, at).await?;
        let place = (alert, locked.department_id);
        changed(scope, &SYSTEM, "escalated", place, &locked.level, None, at).await
    }

    pub(super) async fn alert_policy(&self, scope: &mut Scope) -> Result<AlertPolicy> {
        let stored = store::policy::find(scope, ALERT_POLICY).await?;
        Ok(stored.and_then(|body| serde_json::from_value(body).ok()).unwrap_or_default())
    }
}

/// The alert, locked, and free to take this step.
async fn step(scope: &mut Scope, alert: Uuid, step: AlertStep) -> Result<Locked> {
    let locked = store::alert::lock(scope, alert).await?.ok_or(AppError::NotFound("alert"))?;
    let state = locked.state.parse::<AlertState>().map_err(AppError::Invalid)?;
    if step.from(state).is_none() {
        let by = locked.acknowledged_by.as_deref().unwrap_or_default();
        let what = match state {
            AlertState::Closed => "这条提醒已闭环 / the alert is closed".to_owned(),
            _ => format!("{by} 已接收这条提醒 / {by} has acknowledged the alert"),
        };
        return Err(AppError::Conflict(what));
    }
    Ok(locked)
}

pub(super) async fn acknowledge(
    scope: &mut Scope,
    by: &Principal,
    alert: Uuid,
    locked: &Locked,
    taker: &Taker,
    at: DateTime<Utc>,
) -> Result<()> {
    let staff_no = taker.staff_no.as_deref();
    store::alert::acknowledge(scope, alert, &taker.name, staff_no, at).await?;
    store::alert::add_step(scope, alert, &taker.name, "acknowledged", staff_no, at).await?;
    let place = (alert, locked.department_id);
    changed(scope, by, "acknowledged", place, &locked.level, staff_no, at).await
}

pub(super) async fn changed(
    scope: &mut Scope,
    by: &Principal,
    did: &str,
    (alert, department): (Uuid, Option<Uuid>),
    level: &str,
    reason: Option<&str>,
    at: DateTime<Utc>,
) -> Result<()> {
    let change = Change {
        did,
        subject: "alert",
        subject_id: alert.to_string(),
        reason,
        department,
        body: json!({ "alert_id": alert, "level": level }),
    };
    note(scope, by, &change, at).await
}

async fn staff_name(scope: &mut Scope, entry: Option<&DutyEntry>) -> Result<Option<String>> {
    let Some(entry) = entry else { return Ok(None) };
    Ok(store::roster::staff(scope, &entry.staff_no).await?.map(|staff| staff.name))
}

fn owner<'a>(entry: Option<&'a DutyEntry>, name: Option<&'a str>) -> Option<Owner<'a>> {
    entry.map(|entry| Owner { staff_no: &entry.staff_no, name, rank: entry.rank })
}

fn needed<'a>(text: &'a str, what: &str) -> Result<&'a str> {
    let text = text.trim();
    if text.is_empty() { Err(AppError::Invalid(what.to_owned())) } else { Ok(text) }
}

pub(super) fn seconds(count: u32) -> Duration {
    Duration::seconds(count.into())
}

pub const ALERT_POLICY: &str = "alerts";

const SYSTEM: Principal = Principal::System("alerts");
