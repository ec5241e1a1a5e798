//! Recordings: the row is there before the file, and says what became of it.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{Result, Scope};
use crate::base::{CallId, RecordingId};

pub async fn begin(
    scope: &mut Scope,
    id: RecordingId,
    call: CallId,
    kind: &str,
    path: &str,
    at: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "insert into recording (recording_id, call_id, department_id, kind, path, state, started_at)
         select $1, call_id, department_id, $3, $4, 'recording', $5 from call where call_id = $2",
        id.as_uuid(),
        call.as_uuid(),
        kind,
        path,
        at
    )
    .execute(scope.connection())
    .await?;
    Ok(())
}

pub struct Finished<'a> {
    pub state: &'a str,
    pub duration_ms: i64,
    pub bytes: i64,
    pub sha256: Option<&'a str>,
    pub frames_dropped: i64,
}

pub async fn finish(scope: &mut Scope, id: RecordingId, done: &Finished<'_>) -> Result<()> {
    sqlx::query!(
        "update recording set state = $2, duration_ms = $3, bytes = $4, sha256 = $5,
             frames_dropped = $6 where recording_id = $1 and state <> 'destroyed'",
        id.as_uuid(),
        done.state,
        done.duration_ms,
        done.bytes,
        done.sha256,
        done.frames_dropped
    )
    .execute(scope.connection())
    .await?;
    Ok(())
}

#[derive(Clone, Debug)]
pub struct Recording {
    pub recording_id: Uuid,
    pub call_id: Uuid,
    pub kind: String,
    pub path: String,
    pub state: String,
    pub started_at: DateTime<Utc>,
    pub duration_ms: Option<i64>,
    pub bytes: Option<i64>,
    /// Of the file, once it is whole.
    pub sha256: Option<String>,
}

/// Those that nobody writes any more, although the row says so: a crash came between.
pub async fn unfinished(scope: &mut Scope, node: &str, epoch: i64) -> Result<Vec<Recording>> {
    Ok(sqlx::query_as!(
        Recording,
        "select r.recording_id, r.call_id, r.kind, r.path, r.state, r.started_at, r.duration_ms,
             r.bytes, r.sha256
         from recording r join call c using (call_id)
         where r.state = 'recording' and c.owner_node = $1 and c.owner_epoch < $2",
        node,
        epoch
    )
    .fetch_all(scope.connection())
    .await?)
}

pub async fn find(scope: &mut Scope, id: RecordingId) -> Result<Option<Recording>> {
    Ok(sqlx::query_as!(
        Recording,
        "select recording_id, call_id, kind, path, state, started_at, duration_ms, bytes,
             sha256
         from recording where recording_id = $1",
        id.as_uuid()
    )
    .fetch_optional(scope.connection())
    .await?)
}

pub async fn of_call(scope: &mut Scope, call: CallId) -> Result<Vec<Recording>> {
    Ok(sqlx::query_as!(
        Recording,
        "select recording_id, call_id, kind, path, state, started_at, duration_ms, bytes,
             sha256
         from recording where call_id = $1 order by kind",
        call.as_uuid()
    )
    .fetch_all(scope.connection())
    .await?)
}

/// Every recording there ever was, the latest first.
pub async fn all(scope: &mut Scope) -> Result<Vec<Recording>> {
    Ok(sqlx::query_as!(
        Recording,
        "select recording_id, call_id, kind, path, state, started_at, duration_ms, bytes,
             sha256
         from recording order by started_at desc limit 10000"
    )
    .fetch_all(scope.connection())
    .await?)
}

/// One that has ended, to be compared with its file.
pub struct Kept {
    pub recording_id: Uuid,
    pub path: String,
    pub state: String,
    pub sha256: Option<String>,
    /// What the audit says of it since it ended.
    pub sealed_sha256: Option<String>,
}

/// By id, after this one.
pub async fn kept(scope: &mut Scope, after: Uuid, limit: i64) -> Result<Vec<Kept>> {
    Ok(sqlx::query_as!(
        Kept,
        r#"select r.recording_id, r.path, r.state, r.sha256,
             (select substr(a.reason, 8) from audit a
              where a.subject = 'recording' and a.subject_id = r.recording_id::text
                and a.did in ('finished', 'repaired') and a.reason like 'sha256:%'
              order by a.audit_id limit 1) as sealed_sha256
         from recording r where r.recording_id > $1 order by r.recording_id limit $2"#,
        after,
        limit
    )
    .fetch_all(scope.connection())
    .await?)
}
