//! Messages of the hospital's systems: taken once, or kept for repair.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{Result, Scope};

pub struct New<'a> {
    pub id: Uuid,
    pub sender: &'a str,
    pub control_id: &'a str,
    pub kind: &'a str,
    pub bytes: &'a [u8],
}

/// Takes the message's number for this transaction. Answers false when the message was
/// taken before; one that was rejected may come again.
pub async fn begin(scope: &mut Scope, new: &New<'_>, at: DateTime<Utc>) -> Result<bool> {
    let done = sqlx::query!(
        "insert into hospital_message (message_id, sender, control_id, kind, received_at, state, bytes)
         values ($1, $2, $3, $4, $5, 'accepted', $6)
         on conflict on constraint hospital_message_once do update
             set state = 'accepted', kind = $4, received_at = $5, bytes = $6, fault = null
             where hospital_message.state = 'rejected'",
        new.id,
        new.sender,
        new.control_id,
        new.kind,
        at,
        new.bytes
    )
    .execute(scope.connection())
    .await?;
    Ok(done.rows_affected() == 1)
}

/// What was left out of a message that was taken.
pub async fn remark(scope: &mut Scope, new: &New<'_>, remark: &str) -> Result<()> {
    sqlx::query!(
        "update hospital_message set fault = $3 where sender = $1 and control_id = $2",
        new.sender,
        new.control_id,
        remark
    )
    .execute(scope.connection())
    .await?;
    Ok(())
}

/// One that was taken before under the same number stays taken.
pub async fn reject(
    scope: &mut Scope,
    new: &New<'_>,
    fault: &str,
    at: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "insert into hospital_message (message_id, sender, control_id, kind, received_at, state,
             fault, bytes)
         values ($1, $2, $3, $4, $5, 'rejected', $6, $7)
         on conflict on constraint hospital_message_once do update
             set kind = $4, received_at = $5, fault = $6, bytes = $7
             where hospital_message.state = 'rejected'",
        new.id,
        new.sender,
        new.control_id,
        new.kind,
        at,
        fault,
        new.bytes
    )
    .execute(scope.connection())
    .await?;
    Ok(())
}

pub struct Message {
    pub message_id: Uuid,
    pub sender: String,
    pub control_id: String,
    pub kind: String,
    pub received_at: DateTime<Utc>,
    pub state: String,
    pub fault: Option<String>,
    pub repaired_by: Option<String>,
    pub repaired_at: Option<DateTime<Utc>>,
}

/// Rejected ones first, then the latest; `search` is a number, a sender or an event.
pub async fn list(
    scope: &mut Scope,
    search: &str,
    state: Option<&str>,
    limit: i64,
    offset: i64,
) -> Result<Vec<Message>> {
    Ok(sqlx::query_as!(
        Message,
        "select message_id, sender, control_id, kind, received_at, state, fault, repaired_by,
             repaired_at
         from hospital_message
         where ($1 = '' or strpos(control_id, $1) > 0 or strpos(sender, $1) > 0
                 or strpos(kind, upper($1)) > 0)
           and ($2::text is null or state = $2)
         order by state = 'rejected' desc, received_at desc, message_id desc limit $3 offset $4",
        search,
        state,
        limit,
        offset
    )
    .fetch_all(scope.connection())
    .await?)
}

pub struct Kept {
    pub state: String,
    pub bytes: Vec<u8>,
}

/// Locked, so that two people do not repair it at once.
pub async fn lock(scope: &mut Scope, id: Uuid) -> Result<Option<Kept>> {
    Ok(sqlx::query_as!(
        Kept,
        "select state, bytes from hospital_message where message_id = $1 for update",
        id
    )
    .fetch_optional(scope.connection())
    .await?)
}

pub async fn repaired(
    scope: &mut Scope,
    id: Uuid,
    bytes: &[u8],
    by: &str,
    at: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "update hospital_message set state = 'repaired', bytes = $2, repaired_by = $3,
             repaired_at = $4 where message_id = $1",
        id,
        bytes,
        by,
        at
    )
    .execute(scope.connection())
    .await?;
    Ok(())
}

/// When the last one came in from anybody, taken or not.
pub async fn last_received(scope: &mut Scope) -> Result<Option<DateTime<Utc>>> {
    Ok(sqlx::query_scalar!("select max(received_at) from hospital_message")
        .fetch_one(scope.connection())
        .await?)
}
