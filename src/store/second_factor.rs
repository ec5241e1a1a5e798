//! Second factors of the sign-in, and the codes for when one is lost.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{Result, Scope};

pub struct SecondFactor {
    pub secret_sealed: Vec<u8>,
    pub confirmed_at: Option<DateTime<Utc>>,
    pub last_step: i64,
}

/// Held until the transaction ends: two browsers cannot use one code.
pub async fn find(scope: &mut Scope, user: Uuid) -> Result<Option<SecondFactor>> {
    Ok(sqlx::query_as!(
        SecondFactor,
        "select secret_sealed, confirmed_at, last_step from second_factor where user_id = $1
         for update",
        user
    )
    .fetch_optional(scope.connection())
    .await?)
}

/// Takes the place of one that was never confirmed.
pub async fn begin(
    scope: &mut Scope,
    user: Uuid,
    secret_sealed: &[u8],
    at: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "insert into second_factor (user_id, secret_sealed, created_at) values ($1, $2, $3)
         on conflict (user_id) do update set secret_sealed = $2, created_at = $3, last_step = 0
         where second_factor.confirmed_at is null",
        user,
        secret_sealed,
        at
    )
    .execute(scope.connection())
    .await?;
    Ok(())
}

pub async fn confirm(
    scope: &mut Scope,
    user: Uuid,
    step: i64,
    codes_sha256: &[String],
    at: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "update second_factor set confirmed_at = $2, last_step = $3 where user_id = $1",
        user,
        at,
        step
    )
    .execute(scope.connection())
    .await?;
    sqlx::query!(
        "insert into recovery_code (user_id, code_sha256) select $1, unnest($2::text[])",
        user,
        codes_sha256
    )
    .execute(scope.connection())
    .await?;
    Ok(())
}

pub async fn use_step(scope: &mut Scope, user: Uuid, step: i64) -> Result<()> {
    sqlx::query!("update second_factor set last_step = $2 where user_id = $1", user, step)
        .execute(scope.connection())
        .await?;
    Ok(())
}

/// Answers whether it was there and unused.
pub async fn use_recovery_code(
    scope: &mut Scope,
    user: Uuid,
    code_sha256: &str,
    at: DateTime<Utc>,
) -> Result<bool> {
    let done = sqlx::query!(
        "update recovery_code set used_at = $3
         where user_id = $1 and code_sha256 = $2 and used_at is null",
        user,
        code_sha256,
        at
    )
    .execute(scope.connection())
    .await?;
    Ok(done.rows_affected() == 1)
}

pub async fn recovery_codes_left(scope: &mut Scope, user: Uuid) -> Result<i64> {
    Ok(sqlx::query_scalar!(
        r#"select count(*) as "n!" from recovery_code where user_id = $1 and used_at is null"#,
        user
    )
    .fetch_one(scope.connection())
    .await?)
}

/// Answers whether there was one.
pub async fn remove(scope: &mut Scope, login: &str) -> Result<bool> {
    let done = sqlx::query!(
        "delete from second_factor where user_id = (select user_id from account where login = $1)",
        login
    )
    .execute(scope.connection())
    .await?;
    Ok(done.rows_affected() == 1)
}
