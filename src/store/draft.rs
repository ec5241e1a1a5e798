//! What somebody has typed and not yet sent.

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::{Result, Scope};

pub struct Draft {
    pub draft_key: String,
    pub body: Value,
    pub saved_at: DateTime<Utc>,
}

pub async fn list(scope: &mut Scope, login: &str) -> Result<Vec<Draft>> {
    Ok(sqlx::query_as!(
        Draft,
        "select draft_key, body, saved_at from form_draft where login = $1 order by saved_at desc",
        login
    )
    .fetch_all(scope.connection())
    .await?)
}

/// Of more than `kept` the oldest go.
pub async fn put(
    scope: &mut Scope,
    login: &str,
    key: &str,
    body: &Value,
    at: DateTime<Utc>,
    kept: i64,
) -> Result<()> {
    sqlx::query!(
        "insert into form_draft (login, draft_key, body, saved_at) values ($1, $2, $3, $4)
         on conflict (login, draft_key) do update set body = $3, saved_at = $4",
        login,
        key,
        body,
        at
    )
    .execute(scope.connection())
    .await?;
    sqlx::query!(
        "delete from form_draft where login = $1 and draft_key in (
             select draft_key from form_draft where login = $1 order by saved_at desc, draft_key
             offset $2)",
        login,
        kept
    )
    .execute(scope.connection())
    .await?;
    Ok(())
}

pub async fn remove(scope: &mut Scope, login: &str, key: &str) -> Result<()> {
    sqlx::query!("delete from form_draft where login = $1 and draft_key = $2", login, key)
        .execute(scope.connection())
        .await?;
    Ok(())
}
