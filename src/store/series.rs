//! 随访系列: forms of the departments, version by version.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{Result, Scope};
use crate::base::RunId;

pub struct NewSeries<'a> {
    pub code: &'a str,
    pub name: &'a str,
    pub owner: &'a str,
    pub department: Option<Uuid>,
    pub ward: Option<Uuid>,
    pub by: &'a str,
}

pub async fn insert(scope: &mut Scope, new: &NewSeries<'_>, at: DateTime<Utc>) -> Result<()> {
    sqlx::query!(
        "insert into series (code, name, owner, department_id, ward_id, created_at, created_by)
         values ($1, $2, $3, $4, $5, $6, $7)",
        new.code,
        new.name,
        new.owner,
        new.department,
        new.ward,
        at,
        new.by
    )
    .execute(scope.connection())
    .await?;
    Ok(())
}

#[derive(Clone, Debug)]
pub struct Series {
    pub code: String,
    pub name: String,
    pub owner: String,
    pub department_id: Option<Uuid>,
    pub department: Option<String>,
    pub ward_id: Option<Uuid>,
    pub ward: Option<String>,
    /// The highest published version; absent: none, or all withdrawn.
    pub current: Option<i32>,
    pub draft: Option<i32>,
}

#[derive(Clone, Debug, Default)]
pub struct Terms {
    pub code: Option<String>,
    pub owner: Option<String>,
    pub department: Option<Uuid>,
    pub ward: Option<Uuid>,
}

pub async fn list(
    scope: &mut Scope,
    terms: &Terms,
    limit: i64,
    offset: i64,
) -> Result<Vec<Series>> {
    Ok(sqlx::query_as!(
        Series,
        r#"select s.code, s.name, s.owner, s.department_id, d.name as "department?", s.ward_id,
             w.name as "ward?",
             (select max(v.version) from series_version v
                 where v.code = s.code and v.state = 'published') as current,
             (select v.version from series_version v
                 where v.code = s.code and v.state = 'draft') as "draft?"
         from series s left join department d using (department_id) left join ward w using (ward_id)
         where ($1::text is null or s.code = $1) and ($2::text is null or s.owner = $2)
           and ($3::uuid is null or s.department_id = $3) and ($4::uuid is null or s.ward_id = $4)
         order by s.name, s.code limit $5 offset $6"#,
        terms.code,
        terms.owner,
        terms.department,
        terms.ward,
        limit,
        offset
    )
    .fetch_all(scope.connection())
    .await?)
}

pub struct Locked {
    pub department_id: Option<Uuid>,
    pub last: i32,
    pub draft: Option<i32>,
}

/// The series, locked; absent: it is not there, or another department's.
pub async fn lock(scope: &mut Scope, code: &str) -> Result<Option<Locked>> {
    Ok(sqlx::query_as!(
        Locked,
        r#"select department_id,
             coalesce((select max(v.version) from series_version v where v.code = s.code), 0)
                 as "last!",
             (select v.version from series_version v
                 where v.code = s.code and v.state = 'draft') as "draft?"
         from series s where s.code = $1 for update"#,
        code
    )
    .fetch_optional(scope.connection())
    .await?)
}

#[derive(Clone, Debug)]
pub struct Version {
    pub version: i32,
    pub state: String,
    pub body: String,
    pub sha256: String,
    pub based_on: Option<String>,
    pub author: String,
    pub reason: String,
    pub at: DateTime<Utc>,
    pub published_by: Option<String>,
    pub published_at: Option<DateTime<Utc>>,
    pub withdrawn_by: Option<String>,
    pub withdrawn_at: Option<DateTime<Utc>>,
    pub withdrawn_why: Option<String>,
}

/// The newest first.
pub async fn versions(
    scope: &mut Scope,
    code: &str,
    version: Option<i32>,
    limit: i64,
) -> Result<Vec<Version>> {
    Ok(sqlx::query_as!(
        Version,
        "select version, state, body, sha256, based_on, author, reason, at, published_by,
             published_at, withdrawn_by, withdrawn_at, withdrawn_why
         from series_version where code = $1 and ($2::int is null or version = $2)
         order by version desc limit $3",
        code,
        version,
        limit
    )
    .fetch_all(scope.connection())
    .await?)
}

pub struct NewVersion<'a> {
    pub code: &'a str,
    pub version: i32,
    pub body: &'a str,
    pub sha256: &'a str,
    pub based_on: Option<&'a str>,
    pub author: &'a str,
    pub reason: &'a str,
}

/// A draft is written over until it is published.
pub async fn put_draft(scope: &mut Scope, new: &NewVersion<'_>, at: DateTime<Utc>) -> Result<()> {
    sqlx::query!(
        "insert into series_version (code, version, state, body, sha256, based_on, author, reason, at)
         values ($1, $2, 'draft', $3, $4, $5, $6, $7, $8)
         on conflict (code, version) do update set body = $3, sha256 = $4, author = $6, reason = $7,
             at = $8",
        new.code,
        new.version,
        new.body,
        new.sha256,
        new.based_on,
        new.author,
        new.reason,
        at
    )
    .execute(scope.connection())
    .await?;
    Ok(())
}

/// Answers whether it was a draft.
pub async fn publish(
    scope: &mut Scope,
    code: &str,
    version: i32,
    by: &str,
    at: DateTime<Utc>,
) -> Result<bool> {
    let done = sqlx::query!(
        "update series_version set state = 'published', published_by = $3, published_at = $4
         where code = $1 and version = $2 and state = 'draft'",
        code,
        version,
        by,
        at
    )
    .execute(scope.connection())
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Answers whether it was published.
pub async fn withdraw(
    scope: &mut Scope,
    code: &str,
    version: i32,
    why: &str,
    by: &str,
    at: DateTime<Utc>,
) -> Result<bool> {
    let done = sqlx::query!(
        "update series_version set state = 'withdrawn', withdrawn_by = $4, withdrawn_at = $5,
             withdrawn_why = $3
         where code = $1 and version = $2 and state = 'published'",
        code,
        version,
        why,
        by,
        at
    )
    .execute(scope.connection())
    .await?;
    Ok(done.rows_affected() == 1)
}

/// A version by the name that answers and dialplans use.
pub struct Playable {
    pub name: String,
    pub body: String,
    pub sha256: String,
}

/// The highest published version of each series.
pub async fn current(scope: &mut Scope) -> Result<Vec<Playable>> {
    Ok(sqlx::query_as!(
        Playable,
        r#"select distinct on (code) 'series:' || code as "name!", body, sha256
         from series_version where state = 'published' order by code, version desc"#
    )
    .fetch_all(scope.connection())
    .await?)
}

pub struct Pin {
    pub name: String,
    pub body: String,
    pub sha256: String,
    pub withdrawn: bool,
}

/// The series that a run was made with.
pub async fn pins(scope: &mut Scope, run: RunId) -> Result<Vec<Pin>> {
    Ok(sqlx::query_as!(
        Pin,
        r#"select c.name, c.body, c.sha256,
             exists (select from series_version v where 'series:' || v.code = c.name
                 and v.sha256 = c.sha256 and v.state = 'withdrawn') as "withdrawn!"
         from run_content r join content c using (kind, name, sha256)
         where r.run_id = $1 and r.kind = 'questionnaire' and r.name like 'series:%'"#,
        run.as_uuid()
    )
    .fetch_all(scope.connection())
    .await?)
}

/// The run asks these, whatever is published later.
pub async fn pin(
    scope: &mut Scope,
    run: RunId,
    kind: &str,
    name: &str,
    sha256: &str,
) -> Result<()> {
    sqlx::query!(
        "insert into run_content (run_id, kind, name, sha256) values ($1, $2, $3, $4)
         on conflict do nothing",
        run.as_uuid(),
        kind,
        name,
        sha256
    )
    .execute(scope.connection())
    .await?;
    Ok(())
}

/// What was asked, byte by byte; absent: it was asked before content was kept.
pub async fn content(scope: &mut Scope, name: &str, sha256: &str) -> Result<Option<String>> {
    Ok(sqlx::query_scalar!(
        "select body from content where kind = 'questionnaire' and name = $1 and sha256 = $2",
        name,
        sha256
    )
    .fetch_optional(scope.connection())
    .await?)
}
