//! Rules that a hospital changes, and its calendar.

use chrono::{DateTime, NaiveDate, Utc};
use serde_json::Value;

use super::{Result, Scope};

pub async fn find(scope: &mut Scope, name: &str) -> Result<Option<Value>> {
    Ok(sqlx::query_scalar!("select body from policy where name = $1", name)
        .fetch_optional(scope.connection())
        .await?)
}

pub async fn put(
    scope: &mut Scope,
    name: &str,
    body: &Value,
    by: &str,
    at: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "insert into policy (name, body, updated_at, updated_by) values ($1, $2, $3, $4)
         on conflict (name) do update set body = $2, updated_at = $3, updated_by = $4",
        name,
        body,
        at,
        by
    )
    .execute(scope.connection())
    .await?;
    Ok(())
}

pub struct Day {
    pub day: NaiveDate,
    pub kind: String,
}

pub async fn holidays(scope: &mut Scope) -> Result<Vec<Day>> {
    Ok(sqlx::query_as!(Day, "select day, kind from holiday order by day")
        .fetch_all(scope.connection())
        .await?)
}
