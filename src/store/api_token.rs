//! What other systems show to be let in; only a token's hash is kept.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{Result, Scope};

pub struct New<'a> {
    pub id: Uuid,
    pub name: &'a str,
    /// `door` or `read`.
    pub scope: &'a str,
    pub door: Option<&'a str>,
    pub token_sha256: &'a str,
}

pub async fn insert(scope: &mut Scope, new: &New<'_>, by: &str, at: DateTime<Utc>) -> Result<()> {
    sqlx::query!(
        "insert into api_token (token_id, name, scope, door, token_sha256, created_at, created_by)
         values ($1, $2, $3, $4, $5, $6, $7)",
        new.id,
        new.name,
        new.scope,
        new.door,
        new.token_sha256,
        at,
        by
    )
    .execute(scope.connection())
    .await?;
    Ok(())
}

pub struct Token {
    pub token_id: Uuid,
    pub name: String,
    pub scope: String,
    pub door: Option<String>,
    pub created_at: DateTime<Utc>,
    pub created_by: String,
    pub last_used_at: Option<DateTime<Utc>>,
    pub revoked_at: Option<DateTime<Utc>>,
    pub revoked_by: Option<String>,
}

pub async fn list(scope: &mut Scope) -> Result<Vec<Token>> {
    Ok(sqlx::query_as!(
        Token,
        "select token_id, name, scope, door, created_at, created_by, last_used_at, revoked_at,
             revoked_by
         from api_token order by revoked_at is not null, created_at desc limit 200"
    )
    .fetch_all(scope.connection())
    .await?)
}

/// Answers whether it was good until now.
pub async fn revoke(scope: &mut Scope, id: Uuid, by: &str, at: DateTime<Utc>) -> Result<bool> {
    let done = sqlx::query!(
        "update api_token set revoked_at = $3, revoked_by = $2
         where token_id = $1 and revoked_at is null",
        id,
        by,
        at
    )
    .execute(scope.connection())
    .await?;
    Ok(done.rows_affected() == 1)
}

pub struct Known {
    pub token_id: Uuid,
    pub name: String,
    pub scope: String,
    pub door: Option<String>,
}

/// The token that has this hash, if it is good; its use is noted.
pub async fn used(scope: &mut Scope, sha256: &str, at: DateTime<Utc>) -> Result<Option<Known>> {
    Ok(sqlx::query_as!(
        Known,
        "update api_token set last_used_at = $2 where token_sha256 = $1 and revoked_at is null
         returning token_id, name, scope, door",
        sha256,
        at
    )
    .fetch_optional(scope.connection())
    .await?)
}
