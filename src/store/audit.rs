//! Who did what to which row, and the chain that shows when a line was changed later.

use chrono::{DateTime, Utc};

use super::{Result, Scope, slow};

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

/// What an auditor asks for; an empty word asks for nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Terms<'a> {
    pub from: Option<DateTime<Utc>>,
    /// Not included.
    pub to: Option<DateTime<Utc>>,
    pub who: &'a str,
    pub did: &'a str,
    pub subject: &'a str,
    /// Some of who, what, whose or why.
    pub search: &'a str,
}

pub struct Told {
    pub audit_id: i64,
    pub at: DateTime<Utc>,
    pub who: String,
    pub did: String,
    pub subject: String,
    pub subject_id: String,
    pub reason: Option<String>,
    pub sealed: bool,
}

pub async fn list(
    scope: &mut Scope,
    terms: &Terms<'_>,
    limit: i64,
    offset: i64,
) -> Result<Vec<Told>> {
    sqlx::query!("select set_config('statement_timeout', $1, true) as done", STATEMENT_MS)
        .fetch_one(scope.connection())
        .await?;
    sqlx::query_as!(
        Told,
        r#"select audit_id, at, who, did, subject, subject_id, reason,
             sealed_hash is not null as "sealed!"
         from audit
         where ($1::timestamptz is null or at >= $1) and ($2::timestamptz is null or at < $2)
           and ($3 = '' or who = $3) and ($4 = '' or did = $4) and ($5 = '' or subject = $5)
           and ($6 = '' or strpos(lower(concat_ws(' ', who, did, subject, subject_id, reason)),
                lower($6)) > 0)
         order by at desc, audit_id desc limit $7 offset $8"#,
        terms.from,
        terms.to,
        terms.who,
        terms.did,
        terms.subject,
        terms.search,
        limit,
        offset
    )
    .fetch_all(scope.connection())
    .await
    .map_err(slow)
}

/// A word that stands in no line is looked for in all of them.
const STATEMENT_MS: &str = "10000";
