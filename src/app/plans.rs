//! Plans: chosen by rule when a discharge comes in, changed for one patient, ended by
//! death, loss or refusal; their steps become tasks exactly once, whatever crashes.

use chrono::{DateTime, Datelike, NaiveDate, TimeZone, Utc};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{App, AppError, Change, Result, note};
use crate::{
    base::{AdmissionId, PersonId, PlanId, RunId, TaskId},
    domain::{
        Calendar, Case, CodedDiagnosis, CycleChange, Disposition, Done, FirstContact, PlanBody,
        PlanChoice, PlanKind, PlanRule, Standing, choose_plan,
    },
    store::{
        self, Principal, Scope,
        plan::{Assessed, NewPlan, NewStep, Plan, Template, Which},
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
        let warn_day = i32::from(FirstContact::default().warn_day);
        let reminders = store::due::remind(&mut scope, today, warn_day, at).await?;
        self.commit(scope).await?;
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
            let rules = store::plan::rules_version(&mut scope).await?;
            let open = store::plan::unassessed(&mut scope, rules, since, PAGE).await?;
            for admission in &open {
                let admission = AdmissionId::from_uuid(*admission);
                planned.plans += plan_admission(&mut scope, admission, calendar, at).await?;
            }
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
        needs_reason(edit.reason)?;
        let (by, at) = (edit.by, edit.at);
        let mut scope = self.scope(by).await?;
        let mut row = active(&mut scope, plan).await?;
        let mut body = body_of(&row)?;
        let before = row.body.clone();
        // What is due already stays where it is; the new rhythm counts from it.
        let known = store::plan::steps(&mut scope, plan).await?;
        let begun = known.iter().filter(|step| step.state != "pending");
        let last = begun.filter_map(|step| step.scheduled_on?.succ_opt()).max();
        let from = last.map_or(change.from, |last| change.from.max(last));
        body.changes.push(CycleChange { from, ..change });
        row.body = to_json(&body)?;
        store::plan::set_body(&mut scope, plan, &row.body, at).await?;
        let new = store::plan::NewChange {
            plan,
            by_whom: by.name(),
            reason: edit.reason,
            before: &before,
            after: &row.body,
        };
        store::plan::add_change(&mut scope, &new, at).await?;
        let moved = regenerate(&mut scope, &row, &edit.calendar, at).await?;
        note_plan(&mut scope, by, "changed", &row, Some(edit.reason), at).await?;
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
        let fresh = insert(&mut scope, of, &chosen, calendar, at).await?;
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
        note_plan(&mut scope, edit.by, "stopped", &row, Some(edit.reason), edit.at).await?;
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

/// Every plan and every open task of a person ends.
pub(super) async fn stop_person(
    scope: &mut Scope,
    by: &Principal,
    person: PersonId,
    reason: EndReason,
    at: DateTime<Utc>,
) -> Result<u64> {
    let ended = end_plans(scope, by, &Which::Person(person), reason, at).await?;
    store::task::cancel_for_person(scope, *person.as_uuid(), reason.as_str(), at).await?;
    Ok(ended)
}

pub(super) async fn end_plans(
    scope: &mut Scope,
    by: &Principal,
    which: &Which,
    reason: EndReason,
    at: DateTime<Utc>,
) -> Result<u64> {
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
        body: json!({ subject: id, "reason": reason.as_str(), "plans": ended }),
    };
    note(scope, by, &change, at).await?;
    Ok(ended)
}

/// Plans for one discharge, by the rules: one of each kind at most. Answers how many.
pub(super) async fn plan_admission(
    scope: &mut Scope,
    admission: AdmissionId,
    calendar: &Calendar,
    at: DateTime<Utc>,
) -> Result<u64> {
    let Some(assessed) = store::plan::assessed(scope, admission).await? else { return Ok(0) };
    let Some(anchor_on) = assessed.discharged_on else { return Ok(0) };
    // Looked at again on the day the department is switched on.
    if !assessed.follows_up {
        return Ok(0);
    }
    let Some(rules) = store::plan::rules(scope).await? else { return Ok(0) };
    let version = rules.version;
    store::plan::set_assessed(scope, admission, version).await?;
    let rules: Vec<PlanRule> = serde_json::from_value(rules.body).map_err(stored_wrong)?;
    let templates = store::plan::templates(scope).await?;
    let mut made = 0;
    for kind in PlanKind::ALL {
        let of_kind = |rule: &&PlanRule| {
            templates.iter().any(|t| t.code == rule.template && t.kind == kind.as_str())
        };
        let rules: Vec<PlanRule> = rules.iter().filter(of_kind).cloned().collect();
        let Some((template, reason)) = choose(&rules, &assessed, calendar.local_date(at)) else {
            continue;
        };
        let Some(template) = templates.iter().find(|known| known.code == template) else {
            continue;
        };
        let by = format!("rules {version}");
        let chosen = Chosen { template, reason: &reason, by: &by, anchor_on };
        let of = Of::discharge(&assessed);
        made += u64::from(insert(scope, of, &chosen, calendar, at).await?.is_some());
    }
    Ok(made)
}

fn choose(rules: &[PlanRule], assessed: &Assessed, today: NaiveDate) -> Option<(String, String)> {
    let diagnoses: Vec<_> = assessed
        .icds
        .iter()
        .enumerate()
        .map(|(n, icd)| CodedDiagnosis { icd, main: n == 0 })
        .collect();
    let age = assessed.birth_date.and_then(|born| today.years_since(born));
    let case = Case {
        diagnoses: &diagnoses,
        department: &assessed.department,
        ward: assessed.ward.as_deref(),
        age_years: age.and_then(|age| u16::try_from(age).ok()),
        had_operation: assessed.had_operation,
        operations: &[],
        disposition: Disposition::from_code(assessed.disposition),
        risk: None,
        standing: Standing {
            death_recorded: assessed.died,
            refused: assessed.refused,
            readmitted: false,
            discharge_cancelled: assessed.cancelled,
            department_switched_off: !assessed.follows_up,
        },
    };
    match choose_plan(rules, &case) {
        PlanChoice::Plan { rule, reason } => Some((rule.template.clone(), reason)),
        PlanChoice::Excluded { .. } | PlanChoice::NoRule { .. } => None,
    }
}

struct Chosen<'a> {
    template: &'a Template,
    reason: &'a str,
    by: &'a str,
    anchor_on: NaiveDate,
}

/// Whose plan it is.
struct Of {
    person: PersonId,
    admission: Option<AdmissionId>,
    department: Option<Uuid>,
}

impl Of {
    fn plan(row: &Plan) -> Self {
        Self {
            person: PersonId::from_uuid(row.person_id),
            admission: row.admission_id.map(AdmissionId::from_uuid),
            department: row.department_id,
        }
    }

    fn discharge(row: &Assessed) -> Self {
        Self {
            person: PersonId::from_uuid(row.person_id),
            admission: Some(AdmissionId::from_uuid(row.admission_id)),
            department: Some(row.department_id),
        }
    }
}

async fn insert(
    scope: &mut Scope,
    of: Of,
    chosen: &Chosen<'_>,
    calendar: &Calendar,
    at: DateTime<Utc>,
) -> Result<Option<PlanId>> {
    let id = PlanId::new(at);
    let template = chosen.template;
    let new = NewPlan {
        id,
        person: of.person,
        admission: of.admission,
        department: of.department,
        template: &template.code,
        template_version: template.version,
        kind: &template.kind,
        body: &template.body,
        anchor_on: chosen.anchor_on,
        reason: chosen.reason,
        chosen_by: chosen.by,
    };
    if !store::plan::insert(scope, &new, at).await? {
        return Ok(None);
    }
    let row = store::plan::lock(scope, id).await?.ok_or(AppError::NotFound("plan"))?;
    generate(scope, &row, calendar, at).await?;
    note_plan(scope, &SYSTEM, "chosen", &row, Some(chosen.reason), at).await?;
    Ok(Some(id))
}

/// The tasks that the plan should have by now; answers how many are new.
async fn generate(
    scope: &mut Scope,
    plan: &Plan,
    calendar: &Calendar,
    at: DateTime<Utc>,
) -> Result<u64> {
    let id = PlanId::from_uuid(plan.plan_id);
    let body = body_of(plan)?;
    let known = store::plan::steps(scope, id).await?;
    let today = calendar.local_date(at);
    let mut new = 0;
    for step in body.steps(plan.anchor_on, &done(&known), today, AHEAD_DAYS) {
        let sequence = i32::from(step.sequence);
        if known.iter().any(|known| known.sequence == sequence) {
            continue;
        }
        let row = NewStep {
            id: TaskId::new(at),
            plan: id,
            sequence,
            scheduled_on: step.on,
            deadline_on: step.deadline,
            due_at: morning(calendar, step.on, at),
            channel: body.channel.as_str(),
            dialplan: &body.dialplan,
            kind: &plan.kind,
        };
        new += u64::from(store::plan::insert_step(scope, &row, at).await?);
    }
    Ok(new)
}

/// After a change: pending steps move, those that are no longer asked for go, new ones come.
async fn regenerate(
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

fn body_of(plan: &Plan) -> Result<PlanBody> {
    serde_json::from_value(plan.body.clone()).map_err(stored_wrong)
}

fn stored_wrong(error: serde_json::Error) -> AppError {
    AppError::Invalid(format!("a stored plan cannot be read: {error}"))
}

pub(super) fn to_json<T: serde::Serialize>(value: &T) -> Result<Value> {
    serde_json::to_value(value).map_err(|error| AppError::Invalid(error.to_string()))
}

async fn active(scope: &mut Scope, plan: PlanId) -> Result<Plan> {
    let row = store::plan::lock(scope, plan).await?.ok_or(AppError::NotFound("plan"))?;
    if row.state == "active" {
        return Ok(row);
    }
    Err(AppError::Conflict("计划已结束,不能再改 / the plan has ended".to_owned()))
}

pub(super) fn needs_reason(reason: &str) -> Result<()> {
    if reason.trim().is_empty() {
        return Err(AppError::Invalid("请写明原因 / a reason is required".to_owned()));
    }
    Ok(())
}

async fn note_plan(
    scope: &mut Scope,
    by: &Principal,
    did: &str,
    plan: &Plan,
    reason: Option<&str>,
    at: DateTime<Utc>,
) -> Result<()> {
    let change = Change {
        did,
        subject: "plan",
        subject_id: plan.plan_id.to_string(),
        reason,
        department: plan.department_id,
        body: json!({ "plan_id": plan.plan_id, "person_id": plan.person_id }),
    };
    note(scope, by, &change, at).await
}

/// When a day begins where the hospital stands.
pub(super) fn morning(calendar: &Calendar, day: NaiveDate, at: DateTime<Utc>) -> DateTime<Utc> {
    let local = calendar.zone.with_ymd_and_hms(day.year(), day.month(), day.day(), 0, 0, 0);
    // Where clocks go forward at midnight, the day has no such moment.
    local.earliest().map_or(at, |local| local.with_timezone(&Utc))
}

/// Enough for the printed list of the coming month; a ten-year plan does not fill the table.
const AHEAD_DAYS: u32 = 35;

/// A discharge that is older has lost its first contact; history is not planned anew.
const LOOK_BACK_DAYS: i64 = 60;

const PAGE: i64 = 500;
const PAGE_LEN: usize = 500;
