//! Plans: chosen by rule when a discharge comes in, changed for one patient, ended by
//! death, loss or refusal; their steps become tasks exactly once, whatever crashes.

mod choosing;
mod steps;

use chrono::{DateTime, NaiveDate, Utc};
use serde_json::json;
use uuid::Uuid;

use choosing::{Chosen, Of, insert};
pub(super) use choosing::{Noting, Rulebook, plan_admissions};
pub(super) use steps::to_json;
use steps::{body_of, generate, regenerate};

use super::{App, AppError, Change, Result, note};
use crate::{
    base::{AdmissionId, PersonId, PlanId, RunId},
    domain::{Calendar, CycleChange, Division, DivisionRule, FirstContact},
    store::{
        self, Principal, Scope,
        plan::{Plan, Which},
    },
};

const SYSTEM: Principal = Principal::System("planner");

/// Why somebody is no longer followed up (features.md F075).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum EndReason {
    Died,
    Lost,
    Refused,
    Readmitted,
    DischargeCancelled,
    Replaced,
    Stopped,
    Finished,
    /// The person's right: until it is lifted.
    Restricted,
    Erased,
}

impl EndReason {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Died => "died",
            Self::Lost => "lost",
            Self::Refused => "refused",
            Self::Readmitted => "readmitted",
            Self::DischargeCancelled => "discharge_cancelled",
            Self::Replaced => "replaced",
            Self::Stopped => "stopped",
            Self::Finished => "finished",
            Self::Restricted => "restricted",
            Self::Erased => "erased",
        }
    }
}

/// Who changes a plan, why, and by what calendar.
pub struct PlanEdit<'a> {
    pub by: &'a Principal,
    pub reason: &'a str,
    pub calendar: Calendar,
    pub at: DateTime<Utc>,
}

/// What one pass over the plans did.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Planned {
    pub plans: u64,
    pub tasks: u64,
}

/// What one turn of the plans' clock did.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Turned {
    pub plans: u64,
    pub tasks: u64,
    pub due: u64,
    pub reminders: u64,
}

impl App {
    /// Plans, tasks, the due list and its reminders as they should be at this moment. Done
    /// twice, it changes nothing the second time.
    ///
    /// # Errors
    /// When the database cannot be written; what was committed before stays.
    pub async fn turn_plans(&self, calendar: &Calendar, at: DateTime<Utc>) -> Result<Turned> {
        let _alone = self.turning.lock().await;
        let Planned { plans, tasks } = self.plan_tasks(calendar, at).await?;
        let today = calendar.local_date(at);
        let mut due = 0;
        loop {
            let mut scope = self.scope(&SYSTEM).await?;
            let promoted = store::due::promote(&mut scope, today, PAGE, at).await?;
            self.commit(scope).await?;
            due += promoted;
            if promoted < PAGE_LEN as u64 {
                break;
            }
        }
        let mut scope = self.scope(&SYSTEM).await?;
        for run in store::run::standing(&mut scope).await? {
            due += store::due::join(&mut scope, RunId::from_uuid(run), at).await?;
        }
        divide(&mut scope, at).await?;
        let warn_day = i32::from(FirstContact::default().warn_day);
        let reminders = store::due::remind(&mut scope, today, warn_day, at).await?;
        self.commit(scope).await?;
        due += self.turn_notices(calendar, at).await?;
        Ok(Turned { plans, tasks, due, reminders })
    }

    /// Makes plans and tasks for discharges that have none yet, and the tasks that fall
    /// due soon. Idempotent: cut off in the middle, it goes on the next time.
    ///
    /// # Errors
    /// When the database cannot be written; what was committed before stays.
    pub async fn plan_tasks(&self, calendar: &Calendar, at: DateTime<Utc>) -> Result<Planned> {
        let mut planned = Planned::default();
        let today = calendar.local_date(at);
        let since = today - chrono::Duration::days(LOOK_BACK_DAYS);
        loop {
            let mut scope = self.scope(&SYSTEM).await?;
            let rules = store::assessment::rules_version(&mut scope).await?;
            let open = store::assessment::unassessed(&mut scope, rules, since, PAGE).await?;
            let ids: Vec<_> = open.iter().copied().map(AdmissionId::from_uuid).collect();
            let book = Rulebook::read(&mut scope).await?;
            let each = Noting::EachPlan;
            let book = book.as_ref();
            planned.plans += plan_admissions(&mut scope, book, &ids, each, calendar, at).await?;
            self.commit(scope).await?;
            if open.len() < PAGE_LEN {
                break;
            }
        }
        let mut after = Uuid::nil();
        loop {
            let mut scope = self.scope(&SYSTEM).await?;
            let plans = store::plan::active_after(&mut scope, after, PAGE).await?;
            for plan in &plans {
                planned.tasks += generate(&mut scope, plan, calendar, at).await?;
            }
            self.commit(scope).await?;
            match plans.last() {
                Some(last) if plans.len() == PAGE_LEN => after = last.plan_id,
                _ => return Ok(planned),
            }
        }
    }

    /// The same rhythm for everybody, another one for this patient: only what is still to
    /// come moves (F059).
    ///
    /// # Errors
    /// Without a reason, or when the plan has ended.
    pub async fn change_cycle(
        &self,
        edit: &PlanEdit<'_>,
        plan: PlanId,
        change: CycleChange,
    ) -> Result<u64> {
        let mut scope = self.scope(edit.by).await?;
        let moved = change_rhythm(&mut scope, edit, plan, change).await?;
        self.commit(scope).await?;
        Ok(moved)
    }

    /// A person chooses another template than the rules did.
    ///
    /// # Errors
    /// Without a reason, or when the plan has ended or there is no such template.
    pub async fn choose_template(
        &self,
        edit: &PlanEdit<'_>,
        plan: PlanId,
        template: &str,
    ) -> Result<PlanId> {
        let PlanEdit { by, reason, calendar, at } = edit;
        let at = *at;
        needs_reason(reason)?;
        let mut scope = self.scope(by).await?;
        let row = active(&mut scope, plan).await?;
        let found = store::plan::lock_template(&mut scope, template).await?;
        let found = found.ok_or(AppError::NotFound("plan template"))?;
        end_plans(&mut scope, by, &Which::Plan(plan), EndReason::Replaced, at).await?;
        let chosen = Chosen { template: &found, reason, by: by.name(), anchor_on: row.anchor_on };
        let of = Of::plan(&row);
        let fresh = insert(&mut scope, of, chosen, calendar, at).await?;
        let fresh = fresh.ok_or_else(|| {
            AppError::Conflict("这个计划已经在执行 / this plan is active already".to_owned())
        })?;
        self.commit(scope).await?;
        Ok(fresh)
    }

    /// Ends one plan with its open tasks.
    ///
    /// # Errors
    /// Without a reason, or when it has ended.
    pub async fn stop_plan(&self, edit: &PlanEdit<'_>, plan: PlanId) -> Result<u64> {
        needs_reason(edit.reason)?;
        let mut scope = self.scope(edit.by).await?;
        let row = active(&mut scope, plan).await?;
        let which = Which::Plan(plan);
        let ended = end_plans(&mut scope, edit.by, &which, EndReason::Stopped, edit.at).await?;
        note_plan(&mut scope, edit.by, "stopped", noted(&row), Some(edit.reason), edit.at).await?;
        self.commit(scope).await?;
        Ok(ended)
    }

    /// 死亡(日期), 失访(原因) or 拒访, as a person records it: everything of this person
    /// stops, on every channel (F075).
    ///
    /// # Errors
    /// Without a date for a death, or a reason for a loss.
    pub async fn record_end(
        &self,
        by: &Principal,
        person: PersonId,
        reason: EndReason,
        died_on: Option<NaiveDate>,
        why: &str,
        at: DateTime<Utc>,
    ) -> Result<u64> {
        let mut scope = self.scope(by).await?;
        match (reason, died_on) {
            (EndReason::Died, Some(day)) => {
                store::person::record_death(&mut scope, person, day).await?;
            }
            (EndReason::Died, None) => {
                let what = "请填写死亡日期 / a death needs its date";
                return Err(AppError::Invalid(what.to_owned()));
            }
            _ => needs_reason(why)?,
        }
        if reason == EndReason::Refused {
            let consent = store::person::Consent {
                person,
                scope: "call",
                decision: "refused",
                wording_version: "staff",
                channel: "staff",
                call: None,
                by_whom: by.name(),
            };
            store::person::add_consent(&mut scope, *PlanId::new(at).as_uuid(), &consent, at)
                .await?;
        }
        let ended = stop_person(&mut scope, by, person, reason, at).await?;
        self.commit(scope).await?;
        Ok(ended)
    }
}

/// This patient's own rhythm from a day on, within the caller's transaction.
pub(super) async fn change_rhythm(
    scope: &mut Scope,
    edit: &PlanEdit<'_>,
    plan: PlanId,
    change: CycleChange,
) -> Result<u64> {
    needs_reason(edit.reason)?;
    let (by, at) = (edit.by, edit.at);
    let mut row = active(scope, plan).await?;
    let mut body = body_of(&row)?;
    let before = row.body.clone();
    // What is due already stays where it is; the new rhythm counts from it.
    let known = store::plan::steps(scope, plan).await?;
    let begun = known.iter().filter(|step| step.state != "pending");
    let last = begun.filter_map(|step| step.scheduled_on?.succ_opt()).max();
    let from = last.map_or(change.from, |last| change.from.max(last));
    body.changes.push(CycleChange { from, ..change });
    row.body = to_json(&body)?;
    store::plan::set_body(scope, plan, &row.body, at).await?;
    let new = store::plan::NewChange {
        plan,
        by_whom: by.name(),
        reason: edit.reason,
        before: &before,
        after: &row.body,
    };
    store::plan::add_change(scope, &new, at).await?;
    let moved = regenerate(scope, &row, &edit.calendar, at).await?;
    note_plan(scope, by, "changed", noted(&row), Some(edit.reason), at).await?;
    Ok(moved)
}

/// Every plan and every open task of a person ends.
pub(super) async fn stop_person(
    scope: &mut Scope,
    by: &Principal,
    person: PersonId,
    reason: EndReason,
    at: DateTime<Utc>,
) -> Result<u64> {
    let ended = end_plans(scope, by, &Which::Person(person), reason, at).await?;
    let (id, why) = (*person.as_uuid(), reason.as_str());
    store::due::cancel_for_person(scope, id, true, why, at).await?;
    Ok(ended)
}

pub(super) async fn end_plans(
    scope: &mut Scope,
    by: &Principal,
    which: &Which,
    reason: EndReason,
    at: DateTime<Utc>,
) -> Result<u64> {
    let person = store::plan::whose(scope, which).await?;
    let ended = store::plan::end(scope, which, reason.as_str(), at).await?;
    let (subject, id) = match which {
        Which::Plan(id) => ("plan", id.to_string()),
        Which::Admission(id) => ("admission", id.to_string()),
        Which::Person(id) => ("person", id.to_string()),
    };
    let change = Change {
        did: "follow_up_ended",
        subject,
        subject_id: id.clone(),
        reason: Some(reason.as_str()),
        department: None,
        // Whose ringing call has become forbidden: see engine::planner.
        body: json!({ subject: id, "person": person, "reason": reason.as_str(), "plans": ended }),
    };
    note(scope, by, &change, at).await?;
    Ok(ended)
}

async fn active(scope: &mut Scope, plan: PlanId) -> Result<Plan> {
    let row = store::plan::lock(scope, plan).await?.ok_or(AppError::NotFound("plan"))?;
    if row.state == "active" {
        return Ok(row);
    }
    Err(AppError::Conflict("计划已结束,不能再改 / the plan has ended".to_owned()))
}

impl App {
    /// New rules hold at once, for what is open too.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn put_division(
        &self,
        by: &Principal,
        division: &Division,
        at: DateTime<Utc>,
    ) -> Result<()> {
        self.put_policy(by, DIVISION_POLICY, &to_json(division)?, at).await?;
        let mut scope = self.scope(&SYSTEM).await?;
        store::due::undivide(&mut scope, at).await?;
        divide(&mut scope, at).await?;
        self.commit(scope).await
    }
}

/// The row of `policy` that says who does which follow-ups.
pub const DIVISION_POLICY: &str = "division";

async fn divide(scope: &mut Scope, at: DateTime<Utc>) -> Result<()> {
    let stored = store::policy::find(scope, DIVISION_POLICY).await?;
    let stored = stored.and_then(|body| serde_json::from_value(body).ok());
    let Division { rules } = stored.unwrap_or_default();
    if rules.is_empty() {
        return Ok(());
    }
    let words = |word: fn(&DivisionRule) -> Option<&String>| {
        rules.iter().map(|rule| word(rule).cloned().unwrap_or_default()).collect::<Vec<_>>()
    };
    let by = store::due::Division {
        types: &words(|rule| rule.r#type.as_ref()),
        departments: &words(|rule| rule.department.as_ref()),
        wards: &words(|rule| rule.ward.as_ref()),
        groups: &words(|rule| Some(&rule.group)),
    };
    store::due::divide(scope, &by, at).await?;
    Ok(())
}

pub(super) fn needs_reason(reason: &str) -> Result<()> {
    if reason.trim().is_empty() {
        return Err(AppError::Invalid("请写明原因 / a reason is required".to_owned()));
    }
    Ok(())
}

/// Its id, its person and its department.
type Noted = (Uuid, Uuid, Option<Uuid>);

const fn noted(plan: &Plan) -> Noted {
    (plan.plan_id, plan.person_id, plan.department_id)
}

async fn note_plan(
    scope: &mut Scope,
    by: &Principal,
    did: &str,
    (plan, person, department): Noted,
    reason: Option<&str>,
    at: DateTime<Utc>,
) -> Result<()> {
    let change = Change {
        did,
        subject: "plan",
        subject_id: plan.to_string(),
        reason,
        department,
        body: json!({ "plan_id": plan, "person_id": person }),
    };
    note(scope, by, &change, at).await
}

/// A discharge that is older has lost its first contact; history is not planned anew.
const LOOK_BACK_DAYS: i64 = 60;

const PAGE: i64 = 500;
const PAGE_LEN: usize = 500;
