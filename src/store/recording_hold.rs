//! 封存 and 销毁: which recordings must stay, and which may go.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{Result, Scope};
use crate::domain::KeptSince;

/// For a hold or an erasure: neither passes the other. `None`: there is no such recording.
pub async fn lock(scope: &mut Scope, recording: Uuid) -> Result<Option<Standing>> {
    Ok(sqlx::query_as!(
        Standing,
        "select state, path, department_id from recording where recording_id = $1 for update",
        recording
    )
    .fetch_optional(scope.connection())
    .await?)
}

pub struct Standing {
    pub state: String,
    pub path: String,
    pub department_id: Option<Uuid>,
}

pub async fn insert(
    scope: &mut Scope,
    (id, recording): (Uuid, Uuid),
    reason: &str,
    by: &str,
    at: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "insert into recording_hold (hold_id, recording_id, reason, held_by, held_at)
         values ($1, $2, $3, $4, $5)",
        id,
        recording,
        reason,
        by,
        at
    )
    .execute(scope.connection())
    .await?;
    Ok(())
}

/// Answers whether it was held.
pub async fn release(
    scope: &mut Scope,
    recording: Uuid,
    reason: &str,
    by: &str,
    at: DateTime<Utc>,
) -> Result<bool> {
    let done = sqlx::query!(
        "update recording_hold set released_at = $4, released_by = $3, release_reason = $2
         where recording_id = $1 and released_at is null",
        recording,
        reason,
        by,
        at
    )
    .execute(scope.connection())
    .await?;
    Ok(done.rows_affected() == 1)
}

pub async fn is_held(scope: &mut Scope, recording: Uuid) -> Result<bool> {
    Ok(sqlx::query_scalar!(
        r#"select exists (select from recording_hold
               where recording_id = $1 and released_at is null) as "held!""#,
        recording
    )
    .fetch_one(scope.connection())
    .await?)
}

pub struct Hold {
    pub hold_id: Uuid,
    pub recording_id: Uuid,
    pub call_id: Uuid,
    pub reason: String,
    pub held_by: String,
    pub held_at: DateTime<Utc>,
    pub released_by: Option<String>,
    pub released_at: Option<DateTime<Utc>>,
    pub release_reason: Option<String>,
}

/// The newest first; `all`: those too that were let go.
pub async fn list(scope: &mut Scope, all: bool, limit: i64, offset: i64) -> Result<Vec<Hold>> {
    Ok(sqlx::query_as!(
        Hold,
        "select h.hold_id, h.recording_id, r.call_id, h.reason, h.held_by, h.held_at,
             h.released_by, h.released_at, h.release_reason
         from recording_hold h join recording r using (recording_id)
         where $1 or h.released_at is null
         order by h.held_at desc, h.hold_id limit $2 offset $3",
        all,
        limit,
        offset
    )
    .fetch_all(scope.connection())
    .await?)
}

/// Recordings past their time, by class, that nobody holds; the oldest first.
pub async fn past_their_time(scope: &mut Scope, kept: &KeptSince, limit: i64) -> Result<Vec<Uuid>> {
    Ok(sqlx::query_scalar!(
        "select r.recording_id from recording r join call c using (call_id)
         where r.state in ('finished', 'repaired') and r.started_at < greatest($1::timestamptz, $2::timestamptz, $3::timestamptz)
           and r.started_at < case
               when c.person_id is null then $3
               when exists (select from admission a where a.person_id = c.person_id) then $1
               else $2 end
           and not exists (select from recording_hold h
               where h.recording_id = r.recording_id and h.released_at is null)
         order by r.started_at, r.recording_id limit $4",
        kept.inpatient,
        kept.outpatient,
        kept.other,
        limit
    )
    .fetch_all(scope.connection())
    .await?)
}

pub async fn set_erased(
    scope: &mut Scope,
    recording: Uuid,
    why: &str,
    at: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "update recording set state = 'destroyed', erased_at = $3, erased_why = $2
         where recording_id = $1",
        recording,
        why,
        at
    )
    .execute(scope.connection())
    .await?;
    Ok(())
}
