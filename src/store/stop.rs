//! Stop all calls: while a row is open, nothing is dialled, also after a restart.

use chrono::{DateTime, Utc};

use super::{Result, Scope};

#[derive(Clone, Debug)]
pub struct Stop {
    pub stop_id: i64,
    pub at: DateTime<Utc>,
    pub by_whom: String,
    pub reason: String,
    pub live_calls: String,
}

pub async fn current(scope: &mut Scope) -> Result<Option<Stop>> {
    Ok(sqlx::query_as!(
        Stop,
        "select stop_id, at, by_whom, reason, live_calls from stop_all where resumed_at is null"
    )
    .fetch_optional(scope.connection())
    .await?)
}

pub async fn insert(
    scope: &mut Scope,
    by: &str,
    reason: &str,
    live_calls: &str,
    at: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "insert into stop_all (at, by_whom, reason, live_calls) values ($1, $2, $3, $4)
         on conflict do nothing",
        at,
        by,
        reason,
        live_calls
    )
    .execute(scope.connection())
    .await?;
    Ok(())
}

/// Answers whether there was a stop to end. The rule `stop_all_resumed_by_another` is the
/// database's.
pub async fn resume(scope: &mut Scope, by: &str, at: DateTime<Utc>) -> Result<bool> {
    let done = sqlx::query!(
        "update stop_all set resumed_at = $2, resumed_by = $1 where resumed_at is null",
        by,
        at
    )
    .execute(scope.connection())
    .await?;
    Ok(done.rows_affected() == 1)
}
