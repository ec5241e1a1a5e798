//! What must hold of the record as a whole, for who has let it live through a month.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{Result, Scope};

#[derive(Clone, Debug)]
pub struct Dial {
    pub attempt_id: Uuid,
    pub task_id: Uuid,
    pub person_id: Uuid,
    pub e164: String,
    /// `companion` and `callback` took no dial of their own.
    pub way: String,
    pub state: String,
    pub outcome: Option<String>,
    pub claimed_at: DateTime<Utc>,
    pub ended_at: Option<DateTime<Utc>>,
}

/// Every attempt, the first first.
pub async fn dials(scope: &mut Scope, limit: i64) -> Result<Vec<Dial>> {
    Ok(sqlx::query_as!(
        Dial,
        "select attempt_id, task_id, person_id, e164, way, state, outcome, claimed_at, ended_at
         from attempt order by claimed_at, attempt_id limit $1",
        limit
    )
    .fetch_all(scope.connection())
    .await?)
}

/// Questions of a follow-up with more than one answer; the opening is asked in each call.
pub async fn doubled_answers(scope: &mut Scope) -> Result<i64> {
    Ok(sqlx::query_scalar!(
        r#"select count(*) as "count!" from (select from answer
             where task_id is not null and status = 'answered' and questionnaire not like 'opening%'
             group by task_id, questionnaire, link_id having count(*) > 1) twice"#
    )
    .fetch_one(scope.connection())
    .await?)
}

pub struct Open {
    pub tasks: i64,
    pub attempts: i64,
    pub calls: i64,
    pub recordings: i64,
}

/// What is still going on, as far as the record knows.
pub async fn open(scope: &mut Scope) -> Result<Open> {
    Ok(sqlx::query_as!(
        Open,
        r#"select (select count(*) from task where state = 'in_progress') as "tasks!",
             (select count(*) from attempt where state <> 'ended') as "attempts!",
             (select count(*) from call where state <> 'ended') as "calls!",
             (select count(*) from recording where state = 'recording') as "recordings!""#
    )
    .fetch_one(scope.connection())
    .await?)
}

pub struct Tape {
    pub call_id: Uuid,
    pub answered_at: DateTime<Utc>,
    pub ended_at: DateTime<Utc>,
    pub duration_ms: i64,
    pub frames_dropped: i64,
}

/// Answered calls with the recording that was kept of each.
pub async fn tapes(scope: &mut Scope, limit: i64) -> Result<Vec<Tape>> {
    Ok(sqlx::query_as!(
        Tape,
        r#"select c.call_id, c.answered_at as "answered_at!", c.ended_at as "ended_at!",
             r.duration_ms as "duration_ms!", r.frames_dropped
         from call c join recording r using (call_id)
         where r.kind = 'call' and r.state = 'finished' and c.answered_at is not null
           and c.ended_at is not null and r.duration_ms is not null
         order by c.answered_at, c.call_id limit $1"#,
        limit
    )
    .fetch_all(scope.connection())
    .await?)
}

/// Answered calls of which nothing was kept although nobody wanted it destroyed.
pub async fn untaped(scope: &mut Scope) -> Result<i64> {
    Ok(sqlx::query_scalar!(
        r#"select count(*) as "count!" from call c where c.answered_at is not null
             and not exists (select from recording r where r.call_id = c.call_id
                 and r.kind = 'call' and r.state in ('finished', 'destroyed'))"#
    )
    .fetch_one(scope.connection())
    .await?)
}
