//! Announcements of carriers, as learnt: their fingerprints and classes.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{Result, Scope};

pub struct New<'a> {
    pub id: Uuid,
    pub class: &'a str,
    pub print: &'a [u8],
    pub recordings: i16,
    /// Those of them that are ours.
    pub labelled: &'a [Uuid],
    pub by: &'a str,
}

pub async fn insert(scope: &mut Scope, new: &New<'_>, at: DateTime<Utc>) -> Result<()> {
    sqlx::query!(
        "insert into announcement (announcement_id, class, print, recordings, learnt_by, learnt_at)
         values ($1, $2, $3, $4, $5, $6)",
        new.id,
        new.class,
        new.print,
        new.recordings,
        new.by,
        at
    )
    .execute(scope.connection())
    .await?;
    sqlx::query!(
        "insert into announcement_recording (announcement_id, recording_id)
         select $1, unnest($2::uuid[])",
        new.id,
        new.labelled
    )
    .execute(scope.connection())
    .await?;
    Ok(())
}

/// Answers whether it was known until now.
pub async fn forget(scope: &mut Scope, id: Uuid, by: &str, at: DateTime<Utc>) -> Result<bool> {
    let done = sqlx::query!(
        "update announcement set forgotten_by = $2, forgotten_at = $3
         where announcement_id = $1 and forgotten_at is null",
        id,
        by,
        at
    )
    .execute(scope.connection())
    .await?;
    Ok(done.rows_affected() == 1)
}

#[derive(Debug)]
pub struct Row {
    pub announcement_id: Uuid,
    pub class: String,
    pub print: Vec<u8>,
    pub recordings: i16,
    pub learnt_by: String,
    pub learnt_at: DateTime<Utc>,
}

/// Those that are not forgotten, the oldest first.
pub async fn known(scope: &mut Scope) -> Result<Vec<Row>> {
    Ok(sqlx::query_as!(
        Row,
        "select announcement_id, class, print, recordings, learnt_by, learnt_at from announcement
         where forgotten_at is null order by learnt_at, announcement_id limit 1000"
    )
    .fetch_all(scope.connection())
    .await?)
}

#[derive(Debug)]
pub struct Unknown {
    pub recording_id: Uuid,
    pub path: String,
    pub started_at: DateTime<Utc>,
    pub duration_ms: Option<i64>,
    pub sip_status: Option<i16>,
    pub outcome: Option<String>,
}

/// Recordings from before an answer that never came, of which nothing was recognised: the
/// latest first. Shorter than an announcement is none.
pub async fn unknown(scope: &mut Scope, limit: i64) -> Result<Vec<Unknown>> {
    Ok(sqlx::query_as!(
        Unknown,
        "select r.recording_id, r.path, r.started_at, r.duration_ms, a.sip_status, a.outcome
         from recording r join call c using (call_id) join attempt a on a.attempt_id = c.attempt_id
         where r.kind = 'early' and r.state in ('finished', 'repaired') and r.duration_ms >= 1500
             and a.state = 'ended' and not a.answered and a.heard_source is null
             and not exists (select from announcement_recording l join announcement n using (announcement_id)
                 where l.recording_id = r.recording_id and n.forgotten_at is null)
         order by r.started_at desc limit $1",
        limit
    )
    .fetch_all(scope.connection())
    .await?)
}
