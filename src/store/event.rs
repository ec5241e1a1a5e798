//! The outbox: what happened, in the transaction in which it happened.

use chrono::{DateTime, Utc};
use serde_json::Value;
use uuid::Uuid;

use super::{Result, Scope};

#[derive(Clone, Debug)]
pub struct Event {
    pub event_id: i64,
    pub at: DateTime<Utc>,
    pub kind: String,
    pub department_id: Option<Uuid>,
    pub body: Value,
}

pub async fn insert(
    scope: &mut Scope,
    kind: &str,
    department: Option<Uuid>,
    body: &Value,
    at: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "insert into event (at, kind, department_id, body) values ($1, $2, $3, $4)",
        at,
        kind,
        department,
        body
    )
    .execute(scope.connection())
    .await?;
    Ok(())
}

/// Events after `position` which no open transaction can still precede: neither a crash
/// nor a late commit loses one.
pub async fn after(scope: &mut Scope, position: i64, limit: i64) -> Result<Vec<Event>> {
    Ok(sqlx::query_as!(
        Event,
        "select event_id, at, kind, department_id, body from event
         where event_id > $1 and xid < pg_snapshot_xmin(pg_current_snapshot())
         order by event_id limit $2",
        position,
        limit
    )
    .fetch_all(scope.connection())
    .await?)
}

pub async fn last_position(scope: &mut Scope) -> Result<i64> {
    let last = sqlx::query_scalar!(r#"select coalesce(max(event_id), 0) as "last!" from event"#)
        .fetch_one(scope.connection())
        .await?;
    Ok(last)
}
