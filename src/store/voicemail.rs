//! Messages that callers have left with us.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{Result, Scope};
use crate::base::CallId;

pub struct New<'a> {
    pub id: Uuid,
    pub call: CallId,
    pub person: Option<Uuid>,
    pub remote: &'a str,
    pub from_ms: i64,
    pub to_ms: i64,
    pub wants: Option<&'a str>,
}

/// Its department is that of the person's last discharge.
pub async fn insert(scope: &mut Scope, new: &New<'_>, at: DateTime<Utc>) -> Result<()> {
    sqlx::query!(
        "insert into voicemail (voicemail_id, call_id, person_id, department_id, remote, from_ms,
             to_ms, left_at, wants)
         values ($1, $2, $3, (select a.department_id from admission a where a.person_id = $3
             order by a.discharged_on desc limit 1), $4, $5, $6, $7, $8)
         on conflict (voicemail_id) do nothing",
        new.id,
        new.call.as_uuid(),
        new.person,
        new.remote,
        new.from_ms,
        new.to_ms,
        at,
        new.wants
    )
    .execute(scope.connection())
    .await?;
    Ok(())
}

pub struct Voicemail {
    pub voicemail_id: Uuid,
    pub call_id: Uuid,
    pub recording_id: Option<Uuid>,
    pub person_id: Option<Uuid>,
    pub name: Option<String>,
    pub department: Option<String>,
    pub remote: String,
    pub from_ms: i64,
    pub to_ms: i64,
    pub wants: Option<String>,
    pub left_at: DateTime<Utc>,
    pub assigned_to: Option<String>,
    pub done_at: Option<DateTime<Utc>>,
    pub done_by: Option<String>,
    pub outcome: Option<String>,
}

/// The latest first; the open ones alone, where that is wanted.
pub async fn list(
    scope: &mut Scope,
    is_open: bool,
    assigned_to: &str,
    limit: i64,
    offset: i64,
) -> Result<Vec<Voicemail>> {
    Ok(sqlx::query_as!(
        Voicemail,
        r#"select v.voicemail_id, v.call_id, r.recording_id as "recording_id?", v.person_id,
             p.name as "name?", d.name as "department?", v.remote, v.from_ms, v.to_ms,
             v.wants, v.left_at,
             v.assigned_to, v.done_at, v.done_by, v.outcome
         from voicemail v left join person p using (person_id)
             left join department d on d.department_id = v.department_id
             left join recording r on r.call_id = v.call_id and r.kind = 'call'
                 and r.state in ('finished', 'repaired')
         where (not $1 or v.done_at is null) and ($2 = '' or v.assigned_to = $2)
         order by v.left_at desc, v.voicemail_id limit $3 offset $4"#,
        is_open,
        assigned_to,
        limit,
        offset
    )
    .fetch_all(scope.connection())
    .await?)
}

/// Answers whether it was open.
pub async fn assign(scope: &mut Scope, id: Uuid, to: &str, at: DateTime<Utc>) -> Result<bool> {
    let done = sqlx::query!(
        "update voicemail set assigned_to = $2, assigned_at = $3
         where voicemail_id = $1 and done_at is null",
        id,
        to,
        at
    )
    .execute(scope.connection())
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Answers whether it was open.
pub async fn close(
    scope: &mut Scope,
    id: Uuid,
    outcome: &str,
    by: &str,
    at: DateTime<Utc>,
) -> Result<bool> {
    let done = sqlx::query!(
        "update voicemail set done_at = $4, done_by = $3, outcome = $2
         where voicemail_id = $1 and done_at is null",
        id,
        outcome,
        by,
        at
    )
    .execute(scope.connection())
    .await?;
    Ok(done.rows_affected() == 1)
}
