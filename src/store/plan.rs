//! Plans: templates with their versions, the rules that choose one, and each patient's own.

use std::collections::HashSet;

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

/// Answers which are new: one active plan of a template for each admission.
pub async fn insert_all(
    scope: &mut Scope,
    new: &[NewPlan<'_>],
    at: DateTime<Utc>,
) -> Result<HashSet<Uuid>> {
    // A file's plans are of a few templates: each body goes to the database once.
    let mut bodies: Vec<&Value> = Vec::new();
    let mut places = Vec::with_capacity(new.len());
    for plan in new {
        let known = bodies.iter().position(|body| std::ptr::eq(*body, plan.body));
        let at = known.unwrap_or_else(|| {
            bodies.push(plan.body);
            bodies.len() - 1
        });
        places.push(i32::try_from(at + 1).unwrap_or(i32::MAX));
    }
    let made = sqlx::query_scalar!(
        "insert into plan (plan_id, person_id, admission_id, department_id, template,
             template_version, kind, body, anchor_on, reason, chosen_by, state, created_at, updated_at)
         select n.id, n.person, n.stay, n.department, n.template, n.version, n.kind,
             ($8::jsonb[])[n.body], n.anchor, n.reason, n.chosen_by, 'active', $13, $13
         from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::text[], $6::int[],
                 $7::text[], $9::int[], $10::date[], $11::text[], $12::text[])
             as n (id, person, stay, department, template, version, kind, body, anchor, reason,
                 chosen_by)
         on conflict (admission_id, template) where state = 'active' do nothing
         returning plan_id",
        &new.iter().map(|n| *n.id.as_uuid()).collect::<Vec<_>>(),
        &new.iter().map(|n| *n.person.as_uuid()).collect::<Vec<_>>(),
        &new.iter().map(|n| n.admission.map(|id| *id.as_uuid())).collect::<Vec<_>>() as _,
        &new.iter().map(|n| n.department).collect::<Vec<_>>() as _,
        &new.iter().map(|n| n.template.to_owned()).collect::<Vec<_>>(),
        &new.iter().map(|n| n.template_version).collect::<Vec<_>>(),
        &new.iter().map(|n| n.kind.to_owned()).collect::<Vec<_>>(),
        &bodies.iter().map(|body| (*body).clone()).collect::<Vec<_>>(),
        &places,
        &new.iter().map(|n| n.anchor_on).collect::<Vec<_>>(),
        &new.iter().map(|n| n.reason.to_owned()).collect::<Vec<_>>(),
        &new.iter().map(|n| n.chosen_by.to_owned()).collect::<Vec<_>>(),
        at
    )
    .fetch_all(scope.connection())
    .await?;
    Ok(made.into_iter().collect())
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

/// Whose plans they are; none where there is no such plan or stay.
pub async fn whose(scope: &mut Scope, which: &Which) -> Result<Option<PersonId>> {
    let (plan, admission) = match which {
        Which::Plan(id) => (Some(*id.as_uuid()), None),
        Which::Admission(id) => (None, Some(*id.as_uuid())),
        Which::Person(id) => return Ok(Some(*id)),
    };
    let found = sqlx::query_scalar!(
        r#"select p.person_id as "id!" from plan p where p.plan_id = $1
         union all select a.person_id from admission a where a.admission_id = $2"#,
        plan,
        admission
    )
    .fetch_optional(scope.connection())
    .await?;
    Ok(found.map(PersonId::from_uuid))
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

/// Answers how many are new: a night's work that was cut off begins again.
pub async fn insert_steps(
    scope: &mut Scope,
    steps: &[NewStep<'_>],
    at: DateTime<Utc>,
) -> Result<u64> {
    if steps.is_empty() {
        return Ok(0);
    }
    let done = sqlx::query!(
        "insert into task (task_id, plan_id, sequence, person_id, admission_id, department_id, kind,
             state, due_at, not_before, scheduled_on, deadline_on, type, channel, dialplan,
             created_at, updated_at)
         select n.id, p.plan_id, n.sequence, p.person_id, p.admission_id, p.department_id,
             'follow_up', 'pending', n.due, n.due, n.scheduled, n.deadline, n.kind, n.channel,
             n.dialplan, $10, $10
         from unnest($1::uuid[], $2::uuid[], $3::int[], $4::timestamptz[], $5::date[], $6::date[],
                 $7::text[], $8::text[], $9::text[])
             as n (id, plan, sequence, due, scheduled, deadline, kind, channel, dialplan)
             join plan p on p.plan_id = n.plan
         on conflict (plan_id, sequence) where plan_id is not null do nothing",
        &steps.iter().map(|s| *s.id.as_uuid()).collect::<Vec<_>>(),
        &steps.iter().map(|s| *s.plan.as_uuid()).collect::<Vec<_>>(),
        &steps.iter().map(|s| s.sequence).collect::<Vec<_>>(),
        &steps.iter().map(|s| s.due_at).collect::<Vec<_>>(),
        &steps.iter().map(|s| s.scheduled_on).collect::<Vec<_>>(),
        &steps.iter().map(|s| s.deadline_on).collect::<Vec<_>>(),
        &steps.iter().map(|s| s.kind.to_owned()).collect::<Vec<_>>(),
        &steps.iter().map(|s| s.channel.to_owned()).collect::<Vec<_>>(),
        &steps.iter().map(|s| s.dialplan.to_owned()).collect::<Vec<_>>(),
        at
    )
    .execute(scope.connection())
    .await?;
    Ok(done.rows_affected())
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
