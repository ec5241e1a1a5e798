//! Dials, with their raw facts.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{Result, Scope};
use crate::base::{AttemptId, NumberId, PersonId, TaskId};

pub struct NewAttempt<'a> {
    pub id: AttemptId,
    pub task: TaskId,
    pub person: PersonId,
    pub department: Option<Uuid>,
    pub number: NumberId,
    pub e164: &'a str,
    pub trunk: &'a str,
    pub node: &'a str,
    pub epoch: i64,
}

pub async fn insert(scope: &mut Scope, new: &NewAttempt<'_>, at: DateTime<Utc>) -> Result<()> {
    sqlx::query!(
        "insert into attempt (attempt_id, task_id, person_id, department_id, number_id, e164, trunk,
             state, owner_node, owner_epoch, claimed_at)
         values ($1, $2, $3, $4, $5, $6, $7, 'claimed', $8, $9, $10)",
        new.id.as_uuid(),
        new.task.as_uuid(),
        new.person.as_uuid(),
        new.department,
        new.number.as_uuid(),
        new.e164,
        new.trunk,
        new.node,
        new.epoch,
        at
    )
    .execute(scope.connection())
    .await?;
    Ok(())
}

/// One dialler at a time judges a number: two tasks may share it.
pub async fn lock_number(scope: &mut Scope, e164: &str) -> Result<()> {
    sqlx::query!("select pg_advisory_xact_lock(7306, hashtext($1)) is null as done", e164)
        .fetch_one(scope.connection())
        .await?;
    Ok(())
}

pub struct History {
    pub dials_today: i64,
    pub completed_today: i64,
    pub last_dial: Option<DateTime<Utc>>,
    pub last_was_busy: Option<bool>,
    pub live: i64,
}

/// Dials to this person or this number, those that count for gaps and caps. Rings at the
/// bedside are dials.
pub async fn history(
    scope: &mut Scope,
    person: PersonId,
    e164: &str,
    midnight: DateTime<Utc>,
) -> Result<History> {
    Ok(sqlx::query_as!(
        History,
        r#"select
             count(*) filter (where at >= $3 and counts and is_dial) as "dials_today!",
             count(*) filter (where at >= $3 and is_talk and outcome = 'completed')
                 as "completed_today!",
             max(coalesce(ended_at, at)) filter (where counts) as last_dial,
             (array_agg(outcome = 'busy' order by at desc) filter (where counts))[1]
                 as last_was_busy,
             count(*) filter (where is_open) as "live!"
         from (select claimed_at as at, ended_at, outcome, way = 'dial' as is_dial,
                   true as is_talk, state <> 'ended' as is_open,
                   coalesce(outcome not in ('trunk_fault', 'system_fault'), true) as counts
               from attempt where person_id = $1 or e164 = $2
               union all
               select begun_at, ended_at, outcome, true, false, ended_at is null,
                   coalesce(outcome not in ('trunk_fault', 'system_fault'), true)
               from ring_test where person_id = $1 or e164 = $2) a"#,
        person.as_uuid(),
        e164,
        midnight
    )
    .fetch_one(scope.connection())
    .await?)
}

/// A dial to a person that said something about them.
pub struct Past {
    pub task_id: Uuid,
    pub number_id: Uuid,
    pub at: DateTime<Utc>,
    pub outcome: String,
    pub answered: bool,
}

/// The last dials to a person that have ended, the latest first.
pub async fn past(scope: &mut Scope, person: PersonId, limit: i64) -> Result<Vec<Past>> {
    Ok(sqlx::query_as!(
        Past,
        r#"select task_id, number_id, claimed_at as at, outcome as "outcome!", answered
         from attempt where person_id = $1 and state = 'ended'
           and outcome not in ('trunk_fault', 'system_fault')
         order by claimed_at desc limit $2"#,
        person.as_uuid(),
        limit
    )
    .fetch_all(scope.connection())
    .await?)
}

/// The dials of a trunk since then, rings at the bedside among them; `short`: answered, and
/// over within so many seconds.
pub async fn since(
    scope: &mut Scope,
    trunk: &str,
    since: DateTime<Utc>,
    short_s: f64,
) -> Result<Since> {
    Ok(sqlx::query_as!(
        Since,
        r#"select count(*) as "dials!", count(*) filter (where is_over) as "ended!",
             count(*) filter (where is_over and answered) as "answered!",
             count(*) filter (where is_over and answered and talk < make_interval(secs => $3))
                 as "short!",
             min(at) as first_at
         from (select claimed_at as at, state = 'ended' as is_over, answered,
                   ended_at - answered_at as talk
               from attempt where trunk = $1 and claimed_at > $2 and way = 'dial'
                 and outcome is distinct from 'trunk_fault'
                 and outcome is distinct from 'system_fault'
               union all
               select r.begun_at, r.ended_at is not null, c.answered_at is not null,
                   c.ended_at - c.answered_at
               from ring_test r left join call c using (call_id)
               where r.trunk = $1 and r.begun_at > $2
                 and r.outcome is distinct from 'trunk_fault'
                 and r.outcome is distinct from 'system_fault') d"#,
        trunk,
        since,
        short_s
    )
    .fetch_one(scope.connection())
    .await?)
}

pub struct Since {
    pub dials: i64,
    pub ended: i64,
    pub answered: i64,
    pub short: i64,
    pub first_at: Option<DateTime<Utc>>,
}

pub struct TaskHistory {
    pub busy_today: i64,
    pub declined_days: i64,
    pub faults_in_a_row: i64,
}

pub async fn task_history(
    scope: &mut Scope,
    task: TaskId,
    midnight: DateTime<Utc>,
    zone: &str,
) -> Result<TaskHistory> {
    Ok(sqlx::query_as!(
        TaskHistory,
        r#"select
             count(*) filter (where outcome = 'busy' and claimed_at >= $2) as "busy_today!",
             count(distinct (claimed_at at time zone $3)::date)
                 filter (where outcome = 'declined') as "declined_days!",
             count(*) filter (where outcome in ('trunk_fault', 'system_fault')
                 and claimed_at > coalesce((select max(claimed_at) from attempt b
                     where b.task_id = $1
                       and b.outcome not in ('trunk_fault', 'system_fault')), '-infinity'))
                 as "faults_in_a_row!"
         from attempt where task_id = $1"#,
        task.as_uuid(),
        midnight,
        zone
    )
    .fetch_one(scope.connection())
    .await?)
}

#[derive(Clone, Copy, Debug)]
pub enum Step {
    Invited,
    Rang,
    Answered,
}

/// Moves forward, never back; answers whether the attempt is still ours to move.
pub async fn step(
    scope: &mut Scope,
    attempt: AttemptId,
    step: Step,
    at: DateTime<Utc>,
) -> Result<bool> {
    let id = attempt.as_uuid();
    let done = match step {
        Step::Invited => sqlx::query!(
            "update attempt set state = 'invited', invited_at = $2
             where attempt_id = $1 and state = 'claimed'",
            id,
            at
        ),
        Step::Rang => sqlx::query!(
            "update attempt set rang = true, rang_at = coalesce(rang_at, $2)
             where attempt_id = $1 and state in ('invited', 'live')",
            id,
            at
        ),
        Step::Answered => sqlx::query!(
            "update attempt set state = 'live', answered = true, answered_at = $2
             where attempt_id = $1 and state = 'invited'",
            id,
            at
        ),
    }
    .execute(scope.connection())
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Another trunk carries it; answers whether it is still ours, and nobody's phone has rung.
pub async fn next_trunk(
    scope: &mut Scope,
    attempt: AttemptId,
    trunk: &str,
    tried: &serde_json::Value,
) -> Result<bool> {
    let done = sqlx::query!(
        "update attempt set trunk = $2, trunks_tried = trunks_tried || $3
         where attempt_id = $1 and state = 'invited' and not rang",
        attempt.as_uuid(),
        trunk,
        tried
    )
    .execute(scope.connection())
    .await?;
    Ok(done.rows_affected() == 1)
}

pub struct Facts<'a> {
    pub sip_status: Option<i16>,
    pub q850: Option<i16>,
    pub early_media: Option<&'a str>,
    pub tone: Option<&'a str>,
    pub rang: bool,
    pub we_cancelled: bool,
    pub answered: bool,
    pub voice_heard: bool,
    pub keys_given: bool,
    pub conversation: Option<&'a str>,
    pub outcome: &'a str,
    pub outcome_version: i16,
    pub why: Option<&'a str>,
    pub resolved_by: Option<&'a str>,
    pub heard: Option<Heard>,
}

/// What the ear says it knows `early_media` or `tone` by.
#[derive(Clone, Copy, Debug)]
pub struct Heard {
    /// `announcement` or `tone`.
    pub source: &'static str,
    pub confidence_percent: i16,
    /// Since it began to listen.
    pub at_ms: i32,
}

/// Ends an attempt, once; answers whether it was open.
pub async fn finish(
    scope: &mut Scope,
    attempt: AttemptId,
    facts: &Facts<'_>,
    at: DateTime<Utc>,
) -> Result<bool> {
    let done = sqlx::query!(
        "update attempt set state = 'ended', ended_at = $2, sip_status = $3, q850 = $4,
             early_media = $5, tone = $6, rang = rang or $7, we_cancelled = $8, answered = $9,
             voice_heard = $10, keys_given = $11, conversation = $12, outcome = $13,
             outcome_version = $14, why = $15, resolved_by = $16, heard_source = $17,
             heard_confidence_percent = $18, heard_at_ms = $19
         where attempt_id = $1 and state <> 'ended'",
        attempt.as_uuid(),
        at,
        facts.sip_status,
        facts.q850,
        facts.early_media,
        facts.tone,
        facts.rang,
        facts.we_cancelled,
        facts.answered,
        facts.voice_heard,
        facts.keys_given,
        facts.conversation,
        facts.outcome,
        facts.outcome_version,
        facts.why,
        facts.resolved_by,
        facts.heard.map(|it| it.source),
        facts.heard.map(|it| it.confidence_percent),
        facts.heard.map(|it| it.at_ms)
    )
    .execute(scope.connection())
    .await?;
    Ok(done.rows_affected() == 1)
}

pub struct Open {
    pub attempt_id: Uuid,
    pub task_id: Uuid,
    pub person_id: Uuid,
    pub number_id: Uuid,
    pub state: String,
    pub rang: bool,
    pub answered: bool,
    pub e164: String,
    pub way: String,
    pub so_far: Option<String>,
    pub so_far_promised: Option<String>,
    pub so_far_wants_person: bool,
}

/// The attempt, locked.
pub async fn lock(scope: &mut Scope, attempt: AttemptId) -> Result<Option<Open>> {
    Ok(sqlx::query_as!(
        Open,
        "select attempt_id, task_id, person_id, number_id, state, rang, answered, e164, way, so_far,
             so_far_promised, so_far_wants_person
         from attempt where attempt_id = $1 for update",
        attempt.as_uuid()
    )
    .fetch_optional(scope.connection())
    .await?)
}

/// Attempts of earlier lives of this node that were never ended.
pub async fn orphans(scope: &mut Scope, node: &str, epoch: i64) -> Result<Vec<Open>> {
    Ok(sqlx::query_as!(
        Open,
        "select attempt_id, task_id, person_id, number_id, state, rang, answered, e164, way, so_far,
             so_far_promised, so_far_wants_person
         from attempt where owner_node = $1 and owner_epoch < $2
           and state in ('claimed', 'invited', 'live') for update",
        node,
        epoch
    )
    .fetch_all(scope.connection())
    .await?)
}

/// What a call would come to if it ended now.
pub async fn note_so_far(
    scope: &mut Scope,
    attempt: AttemptId,
    conversation: &str,
    promised: Option<&str>,
    wants_person: bool,
) -> Result<()> {
    sqlx::query!(
        "update attempt set so_far = $2, so_far_promised = $3, so_far_wants_person = $4
         where attempt_id = $1 and state <> 'ended'",
        attempt.as_uuid(),
        conversation,
        promised,
        wants_person
    )
    .execute(scope.connection())
    .await?;
    Ok(())
}

/// Those that nobody has resolved since `before`, locked.
pub async fn uncertain_since(
    scope: &mut Scope,
    before: DateTime<Utc>,
    limit: i64,
) -> Result<Vec<Open>> {
    Ok(sqlx::query_as!(
        Open,
        "select attempt_id, task_id, person_id, number_id, state, rang, answered, e164, way, so_far,
             so_far_promised, so_far_wants_person
         from attempt where state = 'uncertain' and coalesce(ended_at, claimed_at) < $1
         order by claimed_at limit $2 for update skip locked",
        before,
        limit
    )
    .fetch_all(scope.connection())
    .await?)
}

pub async fn mark_uncertain(
    scope: &mut Scope,
    attempt: AttemptId,
    at: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "update attempt set state = 'uncertain', outcome = 'uncertain', ended_at = $2,
             why = 'crash' where attempt_id = $1",
        attempt.as_uuid(),
        at
    )
    .execute(scope.connection())
    .await?;
    sqlx::query!(
        "update task set state = 'uncertain', why = 'crash', last_outcome = 'uncertain',
             updated_at = $2
         where task_id = (select task_id from attempt where attempt_id = $1)",
        attempt.as_uuid(),
        at
    )
    .execute(scope.connection())
    .await?;
    Ok(())
}

pub struct Uncertain {
    pub attempt_id: Uuid,
    pub task_id: Uuid,
    pub name: String,
    pub e164: String,
    pub invited_at: Option<DateTime<Utc>>,
    pub rang: bool,
    pub answered: bool,
    pub answers: i64,
    pub so_far: Option<String>,
    /// Who is to resolve it: who holds the task, who answers for the department, or who
    /// started the run.
    pub owner: Option<String>,
    pub since: Option<DateTime<Utc>>,
}

pub async fn uncertain(scope: &mut Scope, limit: i64) -> Result<Vec<Uncertain>> {
    Ok(sqlx::query_as!(
        Uncertain,
        r#"select a.attempt_id, a.task_id, p.name, a.e164, a.invited_at, a.rang, a.answered,
             (select count(*) from answer w join call c using (call_id)
              where c.attempt_id = a.attempt_id) as "answers!",
             a.so_far, coalesce(t.assigned_to, d.responsible, r.created_by) as owner,
             a.ended_at as since
         from attempt a join person p using (person_id) join task t using (task_id)
             left join department d on d.department_id = a.department_id
             left join run r on r.run_id = t.run_id
         where a.state = 'uncertain' order by a.claimed_at limit $1"#,
        limit
    )
    .fetch_all(scope.connection())
    .await?)
}

pub struct Dialled {
    pub attempt_id: Uuid,
    pub state: String,
    pub outcome: Option<String>,
}

/// All dials of a number, the first first.
pub async fn of_number(scope: &mut Scope, e164: &str) -> Result<Vec<Dialled>> {
    Ok(sqlx::query_as!(
        Dialled,
        "select attempt_id, state, outcome from attempt where e164 = $1 order by claimed_at",
        e164
    )
    .fetch_all(scope.connection())
    .await?)
}

/// What was answered in calls to a number: `(linkId, code or number)`.
pub async fn answers_of_number(scope: &mut Scope, e164: &str) -> Result<Vec<(String, String)>> {
    let rows = sqlx::query!(
        r#"select w.link_id, coalesce(w.option_code, w.value_number::text, w.status) as "given!"
         from answer w join call c using (call_id) join attempt a using (attempt_id)
         where a.e164 = $1 order by w.at"#,
        e164
    )
    .fetch_all(scope.connection())
    .await?;
    Ok(rows.into_iter().map(|row| (row.link_id, row.given)).collect())
}

pub async fn uncertain_count(scope: &mut Scope) -> Result<i64> {
    Ok(sqlx::query_scalar!(r#"select count(*) as "count!" from attempt where state = 'uncertain'"#)
        .fetch_one(scope.connection())
        .await?)
}
