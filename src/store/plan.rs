//! Plans: templates with their versions, the rules that choose one, and each patient's own.

use chrono::{DateTime, NaiveDate, Utc};
use serde_json::Value;
use uuid::Uuid;

use super::{Result, Scope};
use crate::base::{AdmissionId, PersonId, PlanId, TaskId};

pub struct Template {
    pub code: String,
    pub version: i32,
    pub name: String,
    pub department_id: Option<Uuid>,
    pub kind: String,
    pub body: Value,
    pub created_at: DateTime<Utc>,
    pub created_by: String,
}

pub async fn templates(scope: &mut Scope) -> Result<Vec<Template>> {
    Ok(sqlx::query_as!(
        Template,
        "select code, version, name, department_id, kind, body, created_at, created_by
         from plan_template where is_current order by kind, code"
    )
    .fetch_all(scope.connection())
    .await?)
}

/// Locked, so that two editors make two versions.
pub async fn lock_template(scope: &mut Scope, code: &str) -> Result<Option<Template>> {
    Ok(sqlx::query_as!(
        Template,
        "select code, version, name, department_id, kind, body, created_at, created_by
         from plan_template where code = $1 and is_current for update",
        code
    )
    .fetch_optional(scope.connection())
    .await?)
}

pub async fn template_versions(scope: &mut Scope, code: &str) -> Result<Vec<Template>> {
    Ok(sqlx::query_as!(
        Template,
        "select code, version, name, department_id, kind, body, created_at, created_by
         from plan_template where code = $1 order by version desc",
        code
    )
    .fetch_all(scope.connection())
    .await?)
}

pub async fn put_template(scope: &mut Scope, new: &Template) -> Result<()> {
    sqlx::query!(
        "update plan_template set is_current = false where code = $1 and is_current",
        new.code
    )
    .execute(scope.connection())
    .await?;
    sqlx::query!(
        "insert into plan_template (code, version, name, department_id, kind, body, is_current,
             created_at, created_by) values ($1, $2, $3, $4, $5, $6, true, $7, $8)",
        new.code,
        new.version,
        new.name,
        new.department_id,
        new.kind,
        new.body,
        new.created_at,
        new.created_by
    )
    .execute(scope.connection())
    .await?;
    Ok(())
}

pub struct Rules {
    pub version: i32,
    pub body: Value,
    pub created_at: DateTime<Utc>,
    pub created_by: String,
}

/// The newest.
pub async fn rules(scope: &mut Scope) -> Result<Option<Rules>> {
    Ok(sqlx::query_as!(
        Rules,
        "select version, body, created_at, created_by from plan_rules order by version desc limit 1"
    )
    .fetch_optional(scope.connection())
    .await?)
}

pub async fn put_rules(scope: &mut Scope, new: &Rules) -> Result<()> {
    sqlx::query!(
        "insert into plan_rules (version, body, created_at, created_by) values ($1, $2, $3, $4)",
        new.version,
        new.body,
        new.created_at,
        new.created_by
    )
    .execute(scope.connection())
    .await?;
    Ok(())
}

pub struct NewPlan<'a> {
    pub id: PlanId,
    pub person: PersonId,
    pub admission: Option<AdmissionId>,
    pub department: Option<Uuid>,
    pub template: &'a str,
    pub template_version: i32,
    pub kind: &'a str,
    pub body: &'a Value,
    pub anchor_on: NaiveDate,
    pub reason: &'a str,
    pub chosen_by: &'a str,
}

/// Answers whether it is new: one active plan of a template for each admission.
pub async fn insert(scope: &mut Scope, plan: &NewPlan<'_>, at: DateTime<Utc>) -> Result<bool> {
    let done = sqlx::query!(
        "insert into plan (plan_id, person_id, admission_id, department_id, template,
             template_version, kind, body, anchor_on, reason, chosen_by, state, created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 'active', $12, $12)
         on conflict (admission_id, template) where state = 'active' do nothing",
        plan.id.as_uuid(),
        plan.person.as_uuid(),
        plan.admission.as_ref().map(AdmissionId::as_uuid),
        plan.department,
        plan.template,
        plan.template_version,
        plan.kind,
        plan.body,
        plan.anchor_on,
        plan.reason,
        plan.chosen_by,
        at
    )
    .execute(scope.connection())
    .await?;
    Ok(done.rows_affected() == 1)
}

#[derive(Clone, Debug)]
pub struct Plan {
    pub plan_id: Uuid,
    pub person_id: Uuid,
    pub admission_id: Option<Uuid>,
    pub department_id: Option<Uuid>,
    pub template: String,
    pub template_version: i32,
    pub template_name: String,
    pub kind: String,
    pub body: Value,
    pub anchor_on: NaiveDate,
    pub reason: String,
    pub chosen_by: String,
    pub state: String,
    pub end_reason: Option<String>,
    pub ended_at: Option<DateTime<Utc>>,
}

pub async fn lock(scope: &mut Scope, plan: PlanId) -> Result<Option<Plan>> {
    Ok(sqlx::query_as!(
        Plan,
        "select p.plan_id, p.person_id, p.admission_id, p.department_id, p.template,
             p.template_version, t.name as template_name, p.kind, p.body, p.anchor_on, p.reason,
             p.chosen_by, p.state, p.end_reason, p.ended_at
         from plan p join plan_template t on t.code = p.template and t.version = p.template_version
         where p.plan_id = $1 for update of p",
        plan.as_uuid()
    )
    .fetch_optional(scope.connection())
    .await?)
}

pub async fn of_person(scope: &mut Scope, person: PersonId) -> Result<Vec<Plan>> {
    Ok(sqlx::query_as!(
        Plan,
        "select p.plan_id, p.person_id, p.admission_id, p.department_id, p.template,
             p.template_version, t.name as template_name, p.kind, p.body, p.anchor_on, p.reason,
             p.chosen_by, p.state, p.end_reason, p.ended_at
         from plan p join plan_template t on t.code = p.template and t.version = p.template_version
         where p.person_id = $1 order by p.created_at, p.plan_id",
        person.as_uuid()
    )
    .fetch_all(scope.connection())
    .await?)
}

/// Active plans of departments that follow up, `after` this one, in the order of their ids:
/// a page at a time, so that a night's work never holds more than a page.
pub async fn active_after(scope: &mut Scope, after: Uuid, limit: i64) -> Result<Vec<Plan>> {
    Ok(sqlx::query_as!(
        Plan,
        "select p.plan_id, p.person_id, p.admission_id, p.department_id, p.template,
             p.template_version, t.name as template_name, p.kind, p.body, p.anchor_on, p.reason,
             p.chosen_by, p.state, p.end_reason, p.ended_at
         from plan p join plan_template t on t.code = p.template and t.version = p.template_version
             left join department d on d.department_id = p.department_id
         where p.state = 'active' and p.plan_id > $1 and coalesce(d.follows_up, true)
         order by p.plan_id limit $2",
        after,
        limit
    )
    .fetch_all(scope.connection())
    .await?)
}

pub async fn set_body(
    scope: &mut Scope,
    plan: PlanId,
    body: &Value,
    at: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "update plan set body = $2, updated_at = $3 where plan_id = $1",
        plan.as_uuid(),
        body,
        at
    )
    .execute(scope.connection())
    .await?;
    Ok(())
}

pub struct NewChange<'a> {
    pub plan: PlanId,
    pub by_whom: &'a str,
    pub reason: &'a str,
    pub before: &'a Value,
    pub after: &'a Value,
}

pub async fn add_change(scope: &mut Scope, new: &NewChange<'_>, at: DateTime<Utc>) -> Result<()> {
    sqlx::query!(
        "insert into plan_change (plan_id, at, by_whom, reason, before, after)
         values ($1, $2, $3, $4, $5, $6)",
        new.plan.as_uuid(),
        at,
        new.by_whom,
        new.reason,
        new.before,
        new.after
    )
    .execute(scope.connection())
    .await?;
    Ok(())
}

pub struct PlanChange {
    pub at: DateTime<Utc>,
    pub by_whom: String,
    pub reason: String,
    pub before: Value,
    pub after: Value,
}

pub async fn changes(scope: &mut Scope, plan: PlanId) -> Result<Vec<PlanChange>> {
    Ok(sqlx::query_as!(
        PlanChange,
        "select at, by_whom, reason, before, after from plan_change where plan_id = $1 order by at",
        plan.as_uuid()
    )
    .fetch_all(scope.connection())
    .await?)
}

/// Ends one plan, or those of an admission, or all of a person.
pub enum Which {
    Plan(PlanId),
    Admission(AdmissionId),
    Person(PersonId),
}

/// Ends the plans with their open tasks; answers how many plans.
pub async fn end(scope: &mut Scope, which: &Which, reason: &str, at: DateTime<Utc>) -> Result<u64> {
    let (plan, admission, person) = match which {
        Which::Plan(id) => (Some(*id.as_uuid()), None, None),
        Which::Admission(id) => (None, Some(*id.as_uuid()), None),
        Which::Person(id) => (None, None, Some(*id.as_uuid())),
    };
    let done = sqlx::query!(
        "update plan set state = 'ended', end_reason = $4, ended_at = $5, updated_at = $5
         where state = 'active' and (plan_id = $1 or admission_id = $2 or person_id = $3)",
        plan,
        admission,
        person,
        reason,
        at
    )
    .execute(scope.connection())
    .await?;
    // An attempt in progress ends by itself; what it learns is kept.
    sqlx::query!(
        "update task set state = 'cancelled', why = $4, updated_at = $5
         where plan_id in (select p.plan_id from plan p
                 where p.plan_id = $1 or p.admission_id = $2 or p.person_id = $3)
           and state in ('pending', 'due', 'assigned', 'waiting_retry', 'waiting_repair',
               'needs_person')",
        plan,
        admission,
        person,
        reason,
        at
    )
    .execute(scope.connection())
    .await?;
    Ok(done.rows_affected())
}

/// What a plan's tasks are so far.
pub struct StepRow {
    pub task_id: Uuid,
    pub sequence: i32,
    pub scheduled_on: Option<NaiveDate>,
    pub deadline_on: Option<NaiveDate>,
    pub state: String,
    pub why: Option<String>,
    pub done_on: Option<NaiveDate>,
    pub done_channel: Option<String>,
}

pub async fn steps(scope: &mut Scope, plan: PlanId) -> Result<Vec<StepRow>> {
    Ok(sqlx::query_as!(
        StepRow,
        r#"select task_id, sequence as "sequence!", scheduled_on, deadline_on, state, why, done_on,
             done_channel
         from task where plan_id = $1 and sequence is not null order by sequence"#,
        plan.as_uuid()
    )
    .fetch_all(scope.connection())
    .await?)
}

pub struct NewStep<'a> {
    pub id: TaskId,
    pub plan: PlanId,
    pub sequence: i32,
    pub scheduled_on: NaiveDate,
    pub deadline_on: NaiveDate,
    pub due_at: DateTime<Utc>,
    pub channel: &'a str,
    pub dialplan: &'a str,
    pub kind: &'a str,
}

/// Answers whether it is new: a night's work that was cut off begins again.
pub async fn insert_step(scope: &mut Scope, step: &NewStep<'_>, at: DateTime<Utc>) -> Result<bool> {
    let done = sqlx::query!(
        "insert into task (task_id, plan_id, sequence, person_id, admission_id, department_id, kind,
             state, due_at, not_before, scheduled_on, deadline_on, type, channel, dialplan,
             created_at, updated_at)
         select $1, p.plan_id, $3, p.person_id, p.admission_id, p.department_id, 'follow_up',
             'pending', $4, $4, $5, $6, $7, $8, $9, $10, $10 from plan p where p.plan_id = $2
         on conflict (plan_id, sequence) where plan_id is not null do nothing",
        step.id.as_uuid(),
        step.plan.as_uuid(),
        step.sequence,
        step.due_at,
        step.scheduled_on,
        step.deadline_on,
        step.kind,
        step.channel,
        step.dialplan,
        at
    )
    .execute(scope.connection())
    .await?;
    Ok(done.rows_affected() == 1)
}

/// A step that nobody has touched yet moves to its new day.
pub async fn move_step(
    scope: &mut Scope,
    task: Uuid,
    scheduled_on: NaiveDate,
    deadline_on: NaiveDate,
    due_at: DateTime<Utc>,
    at: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "update task set scheduled_on = $2, deadline_on = $3, due_at = $4, not_before = $4,
             updated_at = $5 where task_id = $1 and state = 'pending'",
        task,
        scheduled_on,
        deadline_on,
        due_at,
        at
    )
    .execute(scope.connection())
    .await?;
    Ok(())
}

/// A step that the changed plan no longer asks for.
pub async fn drop_step(scope: &mut Scope, task: Uuid) -> Result<()> {
    sqlx::query!("delete from reminder where task_id = $1", task)
        .execute(scope.connection())
        .await?;
    sqlx::query!("delete from task where task_id = $1 and state = 'pending'", task)
        .execute(scope.connection())
        .await?;
    Ok(())
}

/// What the choice of a plan looks at.
pub struct Assessed {
    pub admission_id: Uuid,
    pub person_id: Uuid,
    pub department_id: Uuid,
    pub department: String,
    pub follows_up: bool,
    pub ward: Option<String>,
    pub admitted_on: Option<NaiveDate>,
    pub discharged_on: Option<NaiveDate>,
    pub cancelled: bool,
    pub disposition: i16,
    pub had_operation: bool,
    pub birth_date: Option<NaiveDate>,
    pub died: bool,
    pub refused: bool,
    pub icds: Vec<String>,
}

pub async fn assessed(scope: &mut Scope, admission: AdmissionId) -> Result<Option<Assessed>> {
    Ok(sqlx::query_as!(
        Assessed,
        r#"select a.admission_id, a.person_id, a.department_id, d.name as department, d.follows_up,
             a.ward, a.admitted_on, a.discharged_on, a.cancelled_at is not null as "cancelled!",
             a.disposition, a.had_operation, p.birth_date, p.died_on is not null as "died!",
             coalesce((select c.decision <> 'given' from consent c
                 where c.person_id = p.person_id and c.scope = 'call'
                 order by c.at desc limit 1), false) as "refused!",
             array(select g.icd from diagnosis g where g.admission_id = a.admission_id
                 and g.icd is not null order by g.position) as "icds!"
         from admission a join person p using (person_id) join department d using (department_id)
         where a.admission_id = $1"#,
        admission.as_uuid()
    )
    .fetch_optional(scope.connection())
    .await?)
}

/// Discharges that the rules of this version have not looked at, of departments that
/// follow up: fresh ones, and what a rule's change or a department's switch left behind.
pub async fn unassessed(
    scope: &mut Scope,
    rules: i32,
    since: NaiveDate,
    limit: i64,
) -> Result<Vec<Uuid>> {
    Ok(sqlx::query_scalar!(
        "select a.admission_id from admission a join department d using (department_id)
         where a.assessed_rules < $1 and a.discharged_on >= $2 and a.cancelled_at is null
           and d.follows_up
         order by a.discharged_on, a.admission_id limit $3 for update of a skip locked",
        rules,
        since,
        limit
    )
    .fetch_all(scope.connection())
    .await?)
}

pub async fn set_assessed(scope: &mut Scope, admission: AdmissionId, rules: i32) -> Result<()> {
    sqlx::query!(
        "update admission set assessed_rules = $2 where admission_id = $1",
        admission.as_uuid(),
        rules
    )
    .execute(scope.connection())
    .await?;
    Ok(())
}

pub async fn rules_version(scope: &mut Scope) -> Result<i32> {
    Ok(sqlx::query_scalar!(r#"select coalesce(max(version), 0) as "version!" from plan_rules"#)
        .fetch_one(scope.connection())
        .await?)
}
