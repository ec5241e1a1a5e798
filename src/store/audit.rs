//! Who did what to which row, and the chain that shows when a line was changed later.

use chrono::{DateTime, Utc};

use super::{Result, Scope};

pub struct Entry<'a> {
    pub who: &'a str,
    pub did: &'a str,
    pub subject: &'a str,
    pub subject_id: &'a str,
    pub reason: Option<&'a str>,
}

pub async fn insert(scope: &mut Scope, entry: &Entry<'_>, at: DateTime<Utc>) -> Result<()> {
    sqlx::query!(
        "insert into audit (at, who, did, subject, subject_id, reason)
         values ($1, $2, $3, $4, $5, $6)",
        at,
        entry.who,
        entry.did,
        entry.subject,
        entry.subject_id,
        entry.reason
    )
    .execute(scope.connection())
    .await?;
    Ok(())
}

pub struct Line {
    pub audit_id: i64,
    /// The line as it is hashed.
    pub text: String,
}

/// The hash of the last sealed line, and the lines after it that no open transaction can
/// still precede.
pub async fn unsealed(scope: &mut Scope, limit: i64) -> Result<(Option<String>, Vec<Line>)> {
    sqlx::query!("select pg_advisory_xact_lock(7305) as locked")
        .fetch_one(scope.connection())
        .await?;
    let last = sqlx::query_scalar!(
        "select sealed_hash from audit where sealed_hash is not null order by audit_id desc limit 1"
    )
    .fetch_optional(scope.connection())
    .await?
    .flatten();
    let lines = sqlx::query_as!(
        Line,
        r#"select audit_id, concat_ws('|', audit_id, to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US'),
               who, did, subject, subject_id, coalesce(reason, '')) as "text!"
         from audit where sealed_hash is null order by audit_id limit $1"#,
        limit
    )
    .fetch_all(scope.connection())
    .await?;
    Ok((last, lines))
}

pub async fn seal(scope: &mut Scope, audit_id: i64, hash: &str) -> Result<()> {
    sqlx::query!("update audit set sealed_hash = $2 where audit_id = $1", audit_id, hash)
        .execute(scope.connection())
        .await?;
    Ok(())
}
