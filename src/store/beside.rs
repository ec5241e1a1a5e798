//! Follow-ups that are asked without a dial of their own: a patient calls us, or a number
//! is several persons' and one call serves them all.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{Result, Scope};
use crate::base::{AttemptId, CallId, TaskId};

pub struct Row {
    pub task_id: Uuid,
    pub person_id: Uuid,
    pub run_id: Option<Uuid>,
    pub department_id: Option<Uuid>,
    pub state: String,
    pub dialplan: String,
    pub patient_only: bool,
    pub had_operation: bool,
    pub disclosure: String,
}

/// Whose follow-up is looked for.
pub struct Wanted<'a> {
    pub e164: &'a str,
    pub states: &'a [String],
    /// Those that are due by then, or wait only for this telephone; `None`: any.
    pub due_by: Option<DateTime<Utc>>,
    /// Asked already in this call.
    pub not_persons: &'a [Uuid],
}

/// Open follow-ups of those who have this number, the most urgent first, locked; rows that
/// a dialler holds are passed over.
pub async fn open(scope: &mut Scope, wanted: &Wanted<'_>) -> Result<Vec<Row>> {
    Ok(sqlx::query_as!(
        Row,
        r#"select t.task_id, t.person_id, t.run_id, t.department_id, t.state,
             coalesce(t.dialplan, r.dialplan) as "dialplan!",
             coalesce(a.patient_only, false) as "patient_only!",
             coalesce(a.had_operation, false) as "had_operation!",
             coalesce(a.disclosure, 'unknown') as "disclosure!"
         from task t left join admission a using (admission_id)
             left join run r on r.run_id = t.run_id
             left join department d on d.department_id = t.department_id
         where t.kind = 'follow_up' and t.channel = 'ivr' and t.state = any($2)
           and coalesce(t.dialplan, r.dialplan) is not null and coalesce(d.follows_up, true)
           and ($3::timestamptz is null or t.not_before <= $3 or t.why = 'in_live_call')
           and t.person_id <> all($4)
           and t.person_id in (select c.person_id from contact c join number n using (contact_id)
               where n.e164 = $1 and n.state <> 'blocked')
         order by t.deadline_on nulls last, t.due_at, t.task_id limit $5
         for update of t skip locked"#,
        wanted.e164,
        wanted.states,
        wanted.due_by,
        wanted.not_persons,
        LOOKED_AT
    )
    .fetch_all(scope.connection())
    .await?)
}

/// No dialler takes it while its call goes on.
pub async fn hold(
    scope: &mut Scope,
    task: TaskId,
    node: &str,
    epoch: i64,
    at: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "update task set held_from = state, state = 'in_progress', claimed_by = $2,
             claimed_epoch = $3, updated_at = $4 where task_id = $1",
        task.as_uuid(),
        node,
        epoch,
        at
    )
    .execute(scope.connection())
    .await?;
    Ok(())
}

/// It is again what it was: nothing was asked.
pub async fn release(scope: &mut Scope, task: TaskId, at: DateTime<Utc>) -> Result<bool> {
    let done = sqlx::query!(
        "update task set state = held_from, held_from = null, claimed_by = null,
             claimed_epoch = null, updated_at = $2
         where task_id = $1 and held_from is not null and state = 'in_progress'",
        task.as_uuid(),
        at
    )
    .execute(scope.connection())
    .await?;
    Ok(done.rows_affected() == 1)
}

/// The same after a crash, for all that an earlier life of this node held and had not
/// begun to ask.
pub async fn release_orphans(
    scope: &mut Scope,
    node: &str,
    epoch: i64,
    at: DateTime<Utc>,
) -> Result<u64> {
    let done = sqlx::query!(
        "update task t set state = held_from, held_from = null, claimed_by = null,
             claimed_epoch = null, updated_at = $3
         where t.held_from is not null and t.state = 'in_progress' and t.claimed_by = $1
           and t.claimed_epoch < $2
           and not exists (select from attempt a
               where a.task_id = t.task_id and a.state <> 'ended')",
        node,
        epoch,
        at
    )
    .execute(scope.connection())
    .await?;
    Ok(done.rows_affected())
}

/// The first question is asked: from now on it is an attempt, and answered.
pub async fn begin(
    scope: &mut Scope,
    attempt: AttemptId,
    call: CallId,
    way: &str,
    at: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "update attempt set way = $2, state = 'live', answered = true, answered_at = $3
         where attempt_id = $1",
        attempt.as_uuid(),
        way,
        at
    )
    .execute(scope.connection())
    .await?;
    sqlx::query!(
        "update call c set attempt_id = a.attempt_id, task_id = a.task_id,
             person_id = a.person_id, department_id = a.department_id
         from attempt a where a.attempt_id = $1 and c.call_id = $2 and c.attempt_id is null",
        attempt.as_uuid(),
        call.as_uuid()
    )
    .execute(scope.connection())
    .await?;
    Ok(())
}

/// A family has a few; more are somebody else's business.
const LOOKED_AT: i64 = 5;

/// The state of a task. Absent: no such task, or this principal does not see it.
pub async fn state(scope: &mut Scope, task: TaskId) -> Result<Option<String>> {
    Ok(sqlx::query_scalar!("select state from task where task_id = $1", task.as_uuid())
        .fetch_optional(scope.connection())
        .await?)
}
