//! Follow-ups that are due.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{Result, Scope};
use crate::base::{RunId, TaskId};

pub struct Due {
    pub task_id: Uuid,
    pub person_id: Uuid,
    pub admission_id: Option<Uuid>,
    pub department_id: Option<Uuid>,
    pub attempts: i32,
    pub dials: i32,
    pub interruptions: i32,
    pub declined_days: i32,
    pub patient_only: bool,
    pub had_operation: bool,
    pub disclosure: String,
    pub discharged_on: Option<chrono::NaiveDate>,
    /// A plan's step that nobody has asked to be dialled at once, and that has not waited
    /// for a better hour yet.
    pub may_wait: bool,
}

/// The next due tasks of a run, locked; rows that another dialler holds are passed over.
pub async fn next_due(
    scope: &mut Scope,
    run: RunId,
    at: DateTime<Utc>,
    limit: i64,
) -> Result<Vec<Due>> {
    Ok(sqlx::query_as!(
        Due,
        r#"select t.task_id, t.person_id, t.admission_id, t.department_id, t.attempts, t.dials,
             t.interruptions, t.declined_days, coalesce(a.patient_only, false) as "patient_only!",
             coalesce(a.had_operation, false) as "had_operation!",
             coalesce(a.disclosure, 'unknown') as "disclosure!",
             a.discharged_on as "discharged_on?",
             t.plan_id is not null and t.dials = 0
                 and exists (select from run r where r.run_id = t.run_id and r.is_standing)
                 and not exists (select from decision w where w.task_id = t.task_id
                     and w.what = 'put_off' and w.why = 'better_hour') as "may_wait!"
         from task t left join admission a using (admission_id)
             left join department d on d.department_id = t.department_id
         where t.run_id = $1 and t.kind = 'follow_up' and t.state in ('due', 'waiting_retry')
           and t.not_before <= $2 and coalesce(d.follows_up, true)
           -- A notice of what was called off is not given, whoever was quicker.
           and (t.about_appointment is null or exists (select from appointment o
               where o.appointment_id = t.about_appointment and o.state = 'planned'
                 and o.planned_on = t.deadline_on))
           and (t.about_task is null or exists (select from task f
               where f.task_id = t.about_task and f.state = 'pending'))
         order by t.promised_part is null, t.priority desc, t.deadline_on nulls last,
             t.not_before, t.task_id limit $3
         for update of t skip locked"#,
        run.as_uuid(),
        at,
        limit
    )
    .fetch_all(scope.connection())
    .await?)
}

/// One task that a person wants to dial for, locked. `None`: it has ended, or somebody is at
/// it.
pub async fn for_agent(scope: &mut Scope, task: TaskId) -> Result<Option<Due>> {
    Ok(sqlx::query_as!(
        Due,
        r#"select t.task_id, t.person_id, t.admission_id, t.department_id, t.attempts, t.dials,
             t.interruptions, t.declined_days, coalesce(a.patient_only, false) as "patient_only!",
             coalesce(a.had_operation, false) as "had_operation!",
             coalesce(a.disclosure, 'unknown') as "disclosure!",
             a.discharged_on as "discharged_on?", false as "may_wait!"
         from task t left join admission a using (admission_id)
         where t.task_id = $1
           and t.state in ('due', 'assigned', 'waiting_retry', 'needs_person', 'partial')
         for update of t"#,
        task.as_uuid()
    )
    .fetch_optional(scope.connection())
    .await?)
}

/// When the next task of the run may be looked at again; `None`: none is left.
pub async fn next_time(scope: &mut Scope, run: RunId) -> Result<Option<DateTime<Utc>>> {
    Ok(sqlx::query_scalar!(
        "select min(not_before) from task
         where run_id = $1 and kind = 'follow_up' and state in ('due', 'waiting_retry')",
        run.as_uuid()
    )
    .fetch_one(scope.connection())
    .await?)
}

pub async fn open_count(scope: &mut Scope, run: RunId) -> Result<i64> {
    let open = sqlx::query_scalar!(
        r#"select count(*) as "open!" from task where run_id = $1 and kind = 'follow_up'
           and state in ('due', 'waiting_retry', 'in_progress')"#,
        run.as_uuid()
    )
    .fetch_one(scope.connection())
    .await?;
    Ok(open)
}

pub async fn put_off(
    scope: &mut Scope,
    task: TaskId,
    why: &str,
    until: DateTime<Utc>,
    at: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "update task set not_before = $3, why = $2, updated_at = $4 where task_id = $1",
        task.as_uuid(),
        why,
        until,
        at
    )
    .execute(scope.connection())
    .await?;
    Ok(())
}

pub async fn claim(
    scope: &mut Scope,
    task: TaskId,
    node: &str,
    epoch: i64,
    at: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "update task set state = 'in_progress', why = null, claimed_by = $2, claimed_epoch = $3,
             dials = dials + 1, updated_at = $4 where task_id = $1",
        task.as_uuid(),
        node,
        epoch,
        at
    )
    .execute(scope.connection())
    .await?;
    Ok(())
}

/// What a dial made of its task.
pub struct Settled<'a> {
    pub state: &'a str,
    pub why: Option<&'a str>,
    pub not_before: Option<DateTime<Utc>>,
    pub outcome: &'a str,
    pub is_attempt: bool,
    pub is_dial: bool,
    pub interrupted: bool,
    pub declined_days: i32,
    pub promised_part: Option<&'a str>,
}

pub async fn settle(
    scope: &mut Scope,
    task: TaskId,
    settled: &Settled<'_>,
    at: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "update task set state = $2, why = $3, not_before = coalesce($4, not_before),
             last_outcome = $5, attempts = attempts + $6::int, dials = dials - $7::int,
             interruptions = interruptions + $8::int, declined_days = $9, promised_part = $10,
             claimed_by = null, claimed_epoch = null, held_from = null, updated_at = $11
         where task_id = $1",
        task.as_uuid(),
        settled.state,
        settled.why,
        settled.not_before,
        settled.outcome,
        i32::from(settled.is_attempt),
        i32::from(!settled.is_dial),
        i32::from(settled.interrupted),
        settled.declined_days,
        settled.promised_part,
        at
    )
    .execute(scope.connection())
    .await?;
    Ok(())
}

pub struct Row {
    pub task_id: Uuid,
    pub run_id: Option<Uuid>,
    pub person_id: Uuid,
    pub admission_id: Option<Uuid>,
    pub department_id: Option<Uuid>,
    pub state: String,
    pub attempts: i32,
    pub interruptions: i32,
    pub declined_days: i32,
    pub patient_only: bool,
}

/// The task, locked.
pub async fn lock(scope: &mut Scope, task: TaskId) -> Result<Row> {
    Ok(sqlx::query_as!(
        Row,
        r#"select t.task_id, t.run_id, t.person_id, t.admission_id, t.department_id, t.state,
             t.attempts, t.interruptions, t.declined_days,
             coalesce((select a.patient_only from admission a
                 where a.admission_id = t.admission_id), false) as "patient_only!"
         from task t where t.task_id = $1 for update"#,
        task.as_uuid()
    )
    .fetch_one(scope.connection())
    .await?)
}

/// 随访次数 of a task, 0 for the first: that of its plan, else how many of this admission came
/// before. Absent: no such task.
pub async fn numbered(scope: &mut Scope, task: TaskId) -> Result<Option<i32>> {
    Ok(sqlx::query_scalar!(
        r#"select coalesce(t.sequence, (select count(*) from task b
                 where b.admission_id = t.admission_id and b.kind = 'follow_up'
                   and b.type <> 'notice' and b.plan_id is null and b.due_at < t.due_at)::int)
               as "number!"
         from task t where t.task_id = $1"#,
        task.as_uuid()
    )
    .fetch_optional(scope.connection())
    .await?)
}

/// A follow-up that took place, for paper.
pub struct Record {
    pub task_id: Uuid,
    pub person_id: Uuid,
    pub name: String,
    pub admission_no: Option<String>,
    pub department: Option<String>,
    pub ward: Option<String>,
    pub sequence: Option<i32>,
    pub scheduled_on: Option<chrono::NaiveDate>,
    pub done_on: Option<chrono::NaiveDate>,
    pub channel: Option<String>,
    pub respondent: Option<String>,
    pub done_by: Option<String>,
    pub opinion: Option<String>,
}

/// One follow-up, or all that a person had; the oldest first.
pub async fn records(
    scope: &mut Scope,
    task: Option<TaskId>,
    person: Option<Uuid>,
    limit: i64,
) -> Result<Vec<Record>> {
    Ok(sqlx::query_as!(
        Record,
        r#"select t.task_id, t.person_id, p.name, a.admission_no as "admission_no?",
             d.name as "department?", a.ward as "ward?", t.sequence, t.scheduled_on, t.done_on,
             t.done_channel as channel, t.respondent, t.done_by, o.confirmed as "opinion?"
         from task t join person p using (person_id) left join admission a using (admission_id)
             left join department d on d.department_id = t.department_id
             left join opinion o on o.task_id = t.task_id
         where ($1::uuid is null or t.task_id = $1) and ($2::uuid is null or t.person_id = $2)
           and ($1::uuid is not null or t.kind = 'follow_up' and t.type <> 'notice'
               and t.state in ('completed', 'partial'))
         order by t.done_on nulls last, t.task_id limit $3"#,
        task.as_ref().map(TaskId::as_uuid),
        person,
        limit
    )
    .fetch_all(scope.connection())
    .await?)
}

pub async fn is_notice(scope: &mut Scope, task: TaskId) -> Result<bool> {
    let found = sqlx::query_scalar!(
        r#"select type = 'notice' as "notice!" from task where task_id = $1"#,
        task.as_uuid()
    );
    Ok(found.fetch_optional(scope.connection()).await?.unwrap_or(false))
}

/// A person goes on with it.
pub async fn hand_over(
    scope: &mut Scope,
    task: TaskId,
    why: &str,
    at: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "update task set state = 'needs_person', why = $2, updated_at = $3 where task_id = $1",
        task.as_uuid(),
        why,
        at
    )
    .execute(scope.connection())
    .await?;
    Ok(())
}

pub async fn cancel(scope: &mut Scope, task: TaskId, why: &str, at: DateTime<Utc>) -> Result<()> {
    sqlx::query!(
        "update task set state = 'cancelled', why = $2, updated_at = $3 where task_id = $1",
        task.as_uuid(),
        why,
        at
    )
    .execute(scope.connection())
    .await?;
    Ok(())
}

/// A task for a person that grew out of this one; once for each kind.
pub async fn open_follow_on(
    scope: &mut Scope,
    id: TaskId,
    parent: TaskId,
    kind: &str,
    why: &str,
    at: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "insert into task (task_id, run_id, person_id, admission_id, department_id, kind, state, why,
             due_at, not_before, parent_task, created_at, updated_at)
         select $1, run_id, person_id, admission_id, department_id, $3, 'needs_person', $4, $5, $5,
             task_id, $5, $5 from task where task_id = $2
         on conflict (parent_task, kind) where parent_task is not null do nothing",
        id.as_uuid(),
        parent.as_uuid(),
        kind,
        why,
        at
    )
    .execute(scope.connection())
    .await?;
    Ok(())
}

pub struct Listed {
    pub task_id: Uuid,
    pub person_id: Uuid,
    pub name: String,
    pub department: Option<String>,
    pub kind: String,
    pub state: String,
    pub why: Option<String>,
    pub attempts: i32,
    pub dials: i32,
    pub last_outcome: Option<String>,
    pub not_before: DateTime<Utc>,
}

pub async fn list(
    scope: &mut Scope,
    run: Option<RunId>,
    state: &str,
    search: &str,
    limit: i64,
    offset: i64,
) -> Result<Vec<Listed>> {
    Ok(sqlx::query_as!(
        Listed,
        r#"select t.task_id, t.person_id, p.name, d.name as "department?", t.kind, t.state, t.why,
             t.attempts, t.dials, t.last_outcome, t.not_before
         from task t join person p using (person_id) left join department d using (department_id)
         where ($1::uuid is null or t.run_id = $1) and ($2 = '' or t.state = $2)
           and ($3 = '' or strpos(p.name, $3) > 0)
         order by t.updated_at desc, t.task_id limit $4 offset $5"#,
        run.as_ref().map(RunId::as_uuid),
        state,
        search,
        limit,
        offset
    )
    .fetch_all(scope.connection())
    .await?)
}

/// Letters, calls and other ways, pending and done.
#[derive(Clone, Debug, Default)]
pub struct Ways {
    pub channel: Option<String>,
    /// `pending` or `done`; empty: both.
    pub state: String,
    pub operator: Option<String>,
    pub from: Option<chrono::NaiveDate>,
    pub to: Option<chrono::NaiveDate>,
    pub limit: i64,
    pub offset: i64,
}

pub struct Way {
    pub task_id: Uuid,
    pub person_id: Uuid,
    pub name: String,
    pub department: Option<String>,
    pub ward: Option<String>,
    pub channel: String,
    pub state: String,
    pub operator: Option<String>,
    /// When it was done, or is to be.
    pub day: chrono::NaiveDate,
}

/// By operator and day (F107); notices are no follow-ups.
pub async fn by_way(scope: &mut Scope, ways: &Ways) -> Result<Vec<Way>> {
    Ok(sqlx::query_as!(
        Way,
        r#"select t.task_id, t.person_id, p.name, d.name as "department?", a.ward as "ward?",
             coalesce(t.done_channel, t.channel) as "channel!", t.state,
             coalesce(t.done_by, t.assigned_to) as operator,
             coalesce(t.done_on, t.scheduled_on, t.due_at::date) as "day!"
         from task t join person p using (person_id) left join department d using (department_id)
             left join admission a using (admission_id)
         where t.kind = 'follow_up' and t.type <> 'notice' and t.state not in ('cancelled', 'expired')
           and ($1::text is null or coalesce(t.done_channel, t.channel) = $1)
           and ($2 = '' or ($2 = 'done') = (t.state in ('completed', 'partial')))
           and ($3::text is null or coalesce(t.done_by, t.assigned_to) = $3)
           and ($4::date is null or coalesce(t.done_on, t.scheduled_on, t.due_at::date) >= $4)
           and ($5::date is null or coalesce(t.done_on, t.scheduled_on, t.due_at::date) <= $5)
         order by 9, t.task_id limit $6 offset $7"#,
        ways.channel,
        ways.state,
        ways.operator,
        ways.from,
        ways.to,
        ways.limit,
        ways.offset
    )
    .fetch_all(scope.connection())
    .await?)
}

/// Follow-ups that wait for a machine or a person.
pub struct Workload {
    pub due: i64,
    pub overdue: i64,
    pub waiting_retry: i64,
    pub needs_person: i64,
    pub waiting_repair: i64,
}

/// Overdue: due before `midnight` and nobody has been reached yet.
pub async fn workload(scope: &mut Scope, midnight: DateTime<Utc>) -> Result<Workload> {
    Ok(sqlx::query_as!(
        Workload,
        r#"select count(*) filter (where state = 'due') as "due!",
             count(*) filter (where due_at < $1 and state in ('due', 'waiting_retry', 'needs_person',
                 'waiting_repair')) as "overdue!",
             count(*) filter (where state = 'waiting_retry') as "waiting_retry!",
             count(*) filter (where state = 'needs_person' and not exists (select from task f
                 where f.parent_task = t.task_id and f.state = 'needs_person')) as "needs_person!",
             count(*) filter (where state = 'waiting_repair') as "waiting_repair!"
         from task t"#,
        midnight
    )
    .fetch_one(scope.connection())
    .await?)
}

/// What waits for a person, the longest due first. A task that another one grew out of is
/// done with that one.
pub struct ForPerson {
    pub task_id: Uuid,
    pub name: String,
    pub department: Option<String>,
    pub ward: Option<String>,
    pub birth_date: Option<chrono::NaiveDate>,
    pub kind: String,
    pub state: String,
    pub why: Option<String>,
    pub last_outcome: Option<String>,
    pub due_at: DateTime<Utc>,
    pub call_id: Option<Uuid>,
}

pub async fn for_person(scope: &mut Scope, search: &str, limit: i64) -> Result<Vec<ForPerson>> {
    Ok(sqlx::query_as!(
        ForPerson,
        r#"select t.task_id, p.name, d.name as "department?", m.ward as "ward?",
             p.birth_date as "birth_date?", t.kind, t.state, t.why, t.due_at,
             coalesce(t.last_outcome, (select b.last_outcome from task b
                where b.task_id = t.parent_task)) as last_outcome,
             (select c.call_id from call c where c.task_id in (t.task_id, t.parent_task)
                order by c.started_at desc limit 1) as "call_id?"
         from task t join person p using (person_id) left join department d using (department_id)
             left join admission m using (admission_id)
         where t.state in ('needs_person', 'waiting_repair')
           and not exists (select from task f
                where f.parent_task = t.task_id and f.state = 'needs_person')
           and ($1 = '' or strpos(p.name, $1) > 0)
         order by t.due_at, t.task_id limit $2"#,
        search,
        limit
    )
    .fetch_all(scope.connection())
    .await?)
}
