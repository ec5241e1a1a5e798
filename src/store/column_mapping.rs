//! What a hospital has taught us about the headers of its files.

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::{Result, Scope};

pub async fn find(scope: &mut Scope, name: &str) -> Result<Option<Value>> {
    Ok(sqlx::query_scalar!("select body from column_mapping where name = $1", name)
        .fetch_optional(scope.connection())
        .await?)
}

pub struct Mapping {
    pub name: String,
    pub body: Value,
    pub updated_at: DateTime<Utc>,
    pub updated_by: String,
}

pub async fn list(scope: &mut Scope) -> Result<Vec<Mapping>> {
    Ok(sqlx::query_as!(
        Mapping,
        "select name, body, updated_at, updated_by from column_mapping order by name limit 200"
    )
    .fetch_all(scope.connection())
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
        "insert into column_mapping (name, body, updated_at, updated_by) values ($1, $2, $3, $4)
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
