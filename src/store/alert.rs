//! 危急提醒 from the answer that raised it to its outcome.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{Result, Scope};
use crate::base::{CallId, PersonId, TaskId};

pub struct New<'a> {
    pub id: Uuid,
    pub call: Option<CallId>,
    pub task: Option<TaskId>,
    pub person: Option<PersonId>,
    pub department: Option<Uuid>,
    pub questionnaire: &'a str,
    pub link_id: &'a str,
    pub item_text: &'a str,
    pub level: &'a str,
    pub advice: Option<&'a str>,
    pub due_at: DateTime<Utc>,
    pub ring_at: Option<DateTime<Utc>>,
    pub owner: Option<Owner<'a>>,
}

#[derive(Clone, Copy)]
pub struct Owner<'a> {
    pub staff_no: &'a str,
    pub name: Option<&'a str>,
    pub rank: i16,
}

/// Answers whether it is new. Of an answer that no call of ours brought, a second one is
/// raised only after the first is closed.
pub async fn raise(scope: &mut Scope, new: &New<'_>, at: DateTime<Utc>) -> Result<bool> {
    let done = sqlx::query!(
        "insert into alert (alert_id, call_id, task_id, person_id, department_id, link_id, level,
             state, raised_at, due_at, next_escalation_at, next_ring_at, questionnaire, item_text,
             advice, owner_staff_no, owner_name, owner_rank)
         select $1, $2, $3, $4, $5, $6, $7, 'raised', $8, $9, $9, $10, $11, $12, $13, $14, $15, $16
         where $2::uuid is not null or not exists (select from alert a
             where a.task_id = $3 and a.link_id = $6 and a.call_id is null and a.state <> 'closed')
         on conflict on constraint alert_once_per_item do nothing",
        new.id,
        new.call.as_ref().map(CallId::as_uuid),
        new.task.as_ref().map(TaskId::as_uuid),
        new.person.as_ref().map(PersonId::as_uuid),
        new.department,
        new.link_id,
        new.level,
        at,
        new.due_at,
        new.ring_at,
        new.questionnaire,
        new.item_text,
        new.advice,
        new.owner.map(|owner| owner.staff_no),
        new.owner.and_then(|owner| owner.name),
        new.owner.map(|owner| owner.rank)
    )
    .execute(scope.connection())
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Where the patient of a task lay.
pub async fn ward_of(scope: &mut Scope, task: TaskId) -> Result<Option<Uuid>> {
    let found = sqlx::query_scalar!(
        "select a.ward_id from task t join admission a using (admission_id) where t.task_id = $1",
        task.as_uuid()
    )
    .fetch_optional(scope.connection())
    .await?;
    Ok(found.flatten())
}

pub async fn add_step(
    scope: &mut Scope,
    alert: Uuid,
    by: &str,
    did: &str,
    note: Option<&str>,
    at: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "insert into alert_step (alert_id, at, by_whom, did, note) values ($1, $2, $3, $4, $5)",
        alert,
        at,
        by,
        did,
        note
    )
    .execute(scope.connection())
    .await?;
    Ok(())
}

pub struct Locked {
    pub state: String,
    pub level: String,
    pub department_id: Option<Uuid>,
    pub task_id: Option<Uuid>,
    pub due_at: DateTime<Utc>,
    pub owner_rank: Option<i16>,
    pub ring_rank: i16,
    pub escalations: i32,
    pub acknowledged_by: Option<String>,
}

pub async fn lock(scope: &mut Scope, alert: Uuid) -> Result<Option<Locked>> {
    Ok(sqlx::query_as!(
        Locked,
        "select state, level, department_id, task_id, due_at, owner_rank, ring_rank, escalations,
             acknowledged_by from alert where alert_id = $1 for update",
        alert
    )
    .fetch_optional(scope.connection())
    .await?)
}

/// Nothing rings any more; who has acknowledged answers for it.
pub async fn acknowledge(
    scope: &mut Scope,
    alert: Uuid,
    by: &str,
    staff_no: Option<&str>,
    at: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "update alert set state = 'acknowledged', acknowledged_at = $3, acknowledged_by = $2,
             owner_staff_no = coalesce($4, owner_staff_no),
             owner_name = case when $4::text is null then owner_name else $2 end,
             next_ring_at = null, alarm = null
         where alert_id = $1",
        alert,
        by,
        at,
        staff_no
    )
    .execute(scope.connection())
    .await?;
    Ok(())
}

pub async fn take_in_hand(
    scope: &mut Scope,
    alert: Uuid,
    by: &str,
    action: &str,
    until: DateTime<Utc>,
    at: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "update alert set state = 'in_hand', action = $3, next_escalation_at = $4,
             acknowledged_at = coalesce(acknowledged_at, $5),
             acknowledged_by = coalesce(acknowledged_by, $2), next_ring_at = null, alarm = null
         where alert_id = $1",
        alert,
        by,
        action,
        until,
        at
    )
    .execute(scope.connection())
    .await?;
    Ok(())
}

pub async fn close(
    scope: &mut Scope,
    alert: Uuid,
    by: &str,
    outcome: &str,
    action: Option<&str>,
    at: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "update alert set state = 'closed', outcome = $3, action = coalesce($4, action),
             closed_at = $5, closed_by = $2, acknowledged_at = coalesce(acknowledged_at, $5),
             acknowledged_by = coalesce(acknowledged_by, $2), next_escalation_at = null,
             next_ring_at = null, alarm = null
         where alert_id = $1",
        alert,
        by,
        outcome,
        action,
        at
    )
    .execute(scope.connection())
    .await?;
    Ok(())
}

/// Those whose time is up, locked; what another node holds is passed over.
pub async fn overdue(scope: &mut Scope, at: DateTime<Utc>, limit: i64) -> Result<Vec<Uuid>> {
    Ok(sqlx::query_scalar!(
        "select alert_id from alert where state <> 'closed' and next_escalation_at <= $1
         order by next_escalation_at limit $2 for update skip locked",
        at,
        limit
    )
    .fetch_all(scope.connection())
    .await?)
}

/// `ring`: the duty phone of the new owner is to ring now.
pub async fn escalate(
    scope: &mut Scope,
    alert: Uuid,
    owner: Option<Owner<'_>>,
    next: DateTime<Utc>,
    ring: Option<DateTime<Utc>>,
) -> Result<()> {
    sqlx::query!(
        "update alert set state = 'escalated', escalations = escalations + 1,
             next_escalation_at = $2, owner_staff_no = coalesce($3, owner_staff_no),
             owner_name = case when $3::text is null then owner_name else $4 end,
             owner_rank = coalesce($5, owner_rank),
             next_ring_at = coalesce(next_ring_at, $6)
         where alert_id = $1",
        alert,
        next,
        owner.map(|owner| owner.staff_no),
        owner.and_then(|owner| owner.name),
        owner.map(|owner| owner.rank),
        ring
    )
    .execute(scope.connection())
    .await?;
    Ok(())
}

pub struct Alert {
    pub alert_id: Uuid,
    pub call_id: Option<Uuid>,
    pub task_id: Option<Uuid>,
    pub person_id: Option<Uuid>,
    pub link_id: String,
    pub item_text: Option<String>,
    pub answer: Option<String>,
    pub advice: Option<String>,
    pub level: String,
    pub state: String,
    pub raised_at: DateTime<Utc>,
    pub due_at: DateTime<Utc>,
    pub overdue: bool,
    pub name: Option<String>,
    pub department: Option<String>,
    pub ward: Option<String>,
    pub owner_staff_no: Option<String>,
    pub owner_name: Option<String>,
    pub acknowledged_at: Option<DateTime<Utc>>,
    pub acknowledged_by: Option<String>,
    pub escalations: i32,
    pub alarm: Option<String>,
    pub action: Option<String>,
    pub outcome: Option<String>,
    pub closed_at: Option<DateTime<Utc>>,
    pub closed_by: Option<String>,
}

#[derive(Clone, Copy, Default)]
pub struct Filter<'a> {
    pub alert: Option<Uuid>,
    pub call: Option<CallId>,
    pub open: Option<bool>,
    pub overdue: Option<bool>,
    pub level: Option<&'a str>,
    pub state: Option<&'a str>,
    pub owner: Option<&'a str>,
}

/// Open ones first, the first due first.
pub async fn list(
    scope: &mut Scope,
    filter: &Filter<'_>,
    at: DateTime<Utc>,
    (limit, offset): (i64, i64),
) -> Result<Vec<Alert>> {
    Ok(sqlx::query_as!(
        Alert,
        r#"select l.alert_id, l.call_id, l.task_id, l.person_id, l.link_id, l.item_text,
             (select coalesce(w.option_text, trim(concat(w.value_number, ' ', w.unit)), w.value_text)
                from answer w where w.link_id = l.link_id and w.task_id = l.task_id
                  and w.call_id is not distinct from l.call_id
                order by w.at desc limit 1) as answer,
             l.advice, l.level, l.state, l.raised_at, l.due_at,
             l.state <> 'closed' and l.due_at < $8 as "overdue!",
             p.name as "name?", d.name as "department?", m.ward as "ward?", l.owner_staff_no,
             l.owner_name, l.acknowledged_at, l.acknowledged_by, l.escalations, l.alarm, l.action,
             l.outcome, l.closed_at, l.closed_by
         from alert l left join person p using (person_id)
             left join department d on d.department_id = l.department_id
             left join task t using (task_id) left join admission m using (admission_id)
         where ($1::uuid is null or l.alert_id = $1) and ($2::uuid is null or l.call_id = $2)
           and ($3::boolean is null or (l.state <> 'closed') = $3)
           and ($4::boolean is null or (l.state <> 'closed' and l.due_at < $8) = $4)
           and ($5::text is null or l.level = $5) and ($6::text is null or l.state = $6)
           and ($7::text is null or l.owner_staff_no = $7)
         order by (l.state = 'closed'), l.due_at, l.alert_id limit $9 offset $10"#,
        filter.alert,
        filter.call.as_ref().map(CallId::as_uuid),
        filter.open,
        filter.overdue,
        filter.level,
        filter.state,
        filter.owner,
        at,
        limit,
        offset
    )
    .fetch_all(scope.connection())
    .await?)
}

pub struct Step {
    pub at: DateTime<Utc>,
    pub by_whom: String,
    pub did: String,
    pub note: Option<String>,
}

pub async fn steps(scope: &mut Scope, alert: Uuid) -> Result<Vec<Step>> {
    Ok(sqlx::query_as!(
        Step,
        "select at, by_whom, did, note from alert_step where alert_id = $1 order by step_id
         limit 500",
        alert
    )
    .fetch_all(scope.connection())
    .await?)
}

pub async fn open_count(scope: &mut Scope) -> Result<i64> {
    Ok(sqlx::query_scalar!(r#"select count(*) as "open!" from alert where state <> 'closed'"#)
        .fetch_one(scope.connection())
        .await?)
}

/// Counts of one level; the rate is `stats`'s.
pub struct Count {
    pub level: String,
    pub raised: i64,
    pub closed: i64,
    pub acknowledged_in_time: i64,
    pub closed_in_time: i64,
    pub overdue: i64,
    pub escalated: i64,
}

/// Of those that were raised from `from` until before `to`.
pub async fn counts(
    scope: &mut Scope,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
    at: DateTime<Utc>,
) -> Result<Vec<Count>> {
    Ok(sqlx::query_as!(
        Count,
        r#"select level, count(*) as "raised!", count(*) filter (where state = 'closed') as "closed!",
             count(*) filter (where acknowledged_at <= due_at) as "acknowledged_in_time!",
             count(*) filter (where closed_at <= due_at) as "closed_in_time!",
             count(*) filter (where state <> 'closed' and due_at < $3) as "overdue!",
             count(*) filter (where escalations > 0) as "escalated!"
         from alert where raised_at >= $1 and raised_at < $2 group by level order by level"#,
        from,
        to,
        at
    )
    .fetch_all(scope.connection())
    .await?)
}

/// Every alert of a call, closed ones too.
pub async fn of_call(scope: &mut Scope, call: CallId, at: DateTime<Utc>) -> Result<Vec<Alert>> {
    let filter = Filter { call: Some(call), ..Filter::default() };
    list(scope, &filter, at, (OF_A_CALL, 0)).await
}

/// More items than any questionnaire has.
const OF_A_CALL: i64 = 500;
