//! 呼入黑名单: who may not call us, and who tried.

use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

use super::{Result, Scope};

pub struct New<'a> {
    pub e164: &'a str,
    pub reason: &'a str,
    pub by: &'a str,
    pub until_on: Option<NaiveDate>,
}

/// Whoever is on it already has the new reason and day.
pub async fn put(scope: &mut Scope, new: &New<'_>, at: DateTime<Utc>) -> Result<()> {
    sqlx::query!(
        "insert into blocklist (e164, reason, by_whom, at, until_on) values ($1, $2, $3, $4, $5)
         on conflict (e164) do update set reason = $2, by_whom = $3, at = $4, until_on = $5,
             revoked_at = null, revoked_by = null",
        new.e164,
        new.reason,
        new.by,
        at,
        new.until_on
    )
    .execute(scope.connection())
    .await?;
    Ok(())
}

/// Answers whether it was on it.
pub async fn revoke(scope: &mut Scope, e164: &str, by: &str, at: DateTime<Utc>) -> Result<bool> {
    let done = sqlx::query!(
        "update blocklist set revoked_at = $3, revoked_by = $2
         where e164 = $1 and revoked_at is null",
        e164,
        by,
        at
    )
    .execute(scope.connection())
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Why it is refused on this day.
pub async fn holds(scope: &mut Scope, e164: &str, today: NaiveDate) -> Result<Option<String>> {
    Ok(sqlx::query_scalar!(
        "select reason from blocklist
         where e164 = $1 and revoked_at is null and (until_on is null or until_on >= $2)",
        e164,
        today
    )
    .fetch_optional(scope.connection())
    .await?)
}

pub struct Blocked {
    pub e164: String,
    pub reason: String,
    pub by_whom: String,
    pub at: DateTime<Utc>,
    pub until_on: Option<NaiveDate>,
    pub revoked_at: Option<DateTime<Utc>>,
    pub revoked_by: Option<String>,
    pub refused: i64,
    pub last_refused_at: Option<DateTime<Utc>>,
}

/// The newest first. `today`: those only that hold on it.
pub async fn list(
    scope: &mut Scope,
    today: Option<NaiveDate>,
    limit: i64,
    offset: i64,
) -> Result<Vec<Blocked>> {
    Ok(sqlx::query_as!(
        Blocked,
        r#"select b.e164, b.reason, b.by_whom, b.at, b.until_on, b.revoked_at, b.revoked_by,
             (select count(*) from blocked_call c where c.e164 = b.e164) as "refused!",
             (select max(c.at) from blocked_call c where c.e164 = b.e164) as last_refused_at
         from blocklist b
         where $1::date is null
            or (b.revoked_at is null and (b.until_on is null or b.until_on >= $1))
         order by b.at desc, b.e164 limit $2 offset $3"#,
        today,
        limit,
        offset
    )
    .fetch_all(scope.connection())
    .await?)
}

pub async fn log(
    scope: &mut Scope,
    (id, e164): (Uuid, &str),
    trunk: Option<&str>,
    reason: &str,
    at: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "insert into blocked_call (blocked_call_id, e164, trunk, at, reason)
         values ($1, $2, $3, $4, $5)",
        id,
        e164,
        trunk,
        at,
        reason
    )
    .execute(scope.connection())
    .await?;
    Ok(())
}

pub struct Refused {
    pub e164: String,
    pub trunk: Option<String>,
    pub at: DateTime<Utc>,
    pub reason: String,
}

pub async fn refused(scope: &mut Scope, limit: i64, offset: i64) -> Result<Vec<Refused>> {
    Ok(sqlx::query_as!(
        Refused,
        "select e164, trunk, at, reason from blocked_call order by at desc, blocked_call_id
         limit $1 offset $2",
        limit,
        offset
    )
    .fetch_all(scope.connection())
    .await?)
}
