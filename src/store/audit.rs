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

/// The last sealed line: its place in the chain, and the hash over it and all before it.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Head {
    pub seal_no: i64,
    pub hash: String,
}

pub struct Line {
    pub audit_id: i64,
    /// The line as it is hashed.
    pub text: String,
}

/// `None`: nothing is sealed yet.
pub async fn head(scope: &mut Scope) -> Result<Option<Head>> {
    Ok(sqlx::query_as!(
        Head,
        r#"select seal_no as "seal_no!", sealed_hash as "hash!" from audit
         where seal_no is not null order by seal_no desc limit 1"#
    )
    .fetch_optional(scope.connection())
    .await?)
}

/// The end of the chain, and lines that are committed and have no place in it. One sealer at
/// a time: the others wait for its commit.
pub async fn unsealed(scope: &mut Scope, limit: i64) -> Result<(Head, Vec<Line>)> {
    sqlx::query!("select pg_advisory_xact_lock(7305) as locked")
        .fetch_one(scope.connection())
        .await?;
    let head = head(scope).await?.unwrap_or_default();
    let lines = sqlx::query_as!(
        Line,
        r#"select audit_id, json_build_array(audit_id, to_char(at at time zone 'UTC',
               'YYYY-MM-DD"T"HH24:MI:SS.US'), who, did, subject, subject_id, reason)::text as "text!"
         from audit where sealed_hash is null order by audit_id limit $1"#,
        limit
    )
    .fetch_all(scope.connection())
    .await?;
    Ok((head, lines))
}

/// Gives lines their places, all at once.
pub async fn seal(
    scope: &mut Scope,
    lines: &[i64],
    seal_nos: &[i64],
    hashes: &[String],
) -> Result<()> {
    sqlx::query!(
        "update audit set seal_no = s.seal_no, sealed_hash = s.hash
         from unnest($1::bigint[], $2::bigint[], $3::text[]) as s (audit_id, seal_no, hash)
         where audit.audit_id = s.audit_id",
        lines,
        seal_nos,
        hashes
    )
    .execute(scope.connection())
    .await?;
    Ok(())
}

/// A sealed line, to be hashed again.
pub struct Sealed {
    pub audit_id: i64,
    pub seal_no: i64,
    pub text: String,
    pub hash: String,
}

/// In the order of the chain, after this place.
pub async fn sealed(scope: &mut Scope, after: i64, limit: i64) -> Result<Vec<Sealed>> {
    Ok(sqlx::query_as!(
        Sealed,
        r#"select audit_id, seal_no as "seal_no!", json_build_array(audit_id, to_char(at at time zone 'UTC',
               'YYYY-MM-DD"T"HH24:MI:SS.US'), who, did, subject, subject_id, reason)::text as "text!",
             coalesce(sealed_hash, '') as "hash!"
         from audit where seal_no > $1 order by seal_no limit $2"#,
        after,
        limit
    )
    .fetch_all(scope.connection())
    .await?)
}

/// Lines that the sealer has not reached.
pub async fn unsealed_count(scope: &mut Scope) -> Result<i64> {
    Ok(sqlx::query_scalar!(r#"select count(*) as "count!" from audit where sealed_hash is null"#)
        .fetch_one(scope.connection())
        .await?)
}

/// A sealed line, by its parts.
pub struct Told {
    pub seal_no: i64,
    pub audit_id: i64,
    pub at: DateTime<Utc>,
    pub who: String,
    pub did: String,
    pub subject: String,
    pub subject_id: String,
    pub hash: String,
}

/// In the order of the chain, after this place; the reason is free text and not among them.
pub async fn told(scope: &mut Scope, after: i64, limit: i64) -> Result<Vec<Told>> {
    Ok(sqlx::query_as!(
        Told,
        r#"select seal_no as "seal_no!", audit_id, at, who, did, subject, subject_id,
             coalesce(sealed_hash, '') as "hash!"
         from audit where seal_no > $1 order by seal_no limit $2"#,
        after,
        limit
    )
    .fetch_all(scope.connection())
    .await?)
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

/// A line, as an auditor reads it.
pub struct Shown {
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
) -> Result<Vec<Shown>> {
    sqlx::query!("select set_config('statement_timeout', $1, true) as done", STATEMENT_MS)
        .fetch_one(scope.connection())
        .await?;
    sqlx::query_as!(
        Shown,
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
