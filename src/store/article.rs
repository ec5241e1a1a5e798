//! 知识库: articles, their versions, and where a word stands in them.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{Result, Scope};
use crate::domain::ArticleQuery;

/// A version as it is written; the first makes the article.
pub struct Written<'a> {
    pub id: Uuid,
    pub version: i32,
    pub category: &'a str,
    pub department: Option<Uuid>,
    pub title: &'a str,
    pub body: &'a str,
    pub searched: &'a str,
    pub grams: &'a [String],
    pub note: Option<&'a str>,
    pub by: &'a str,
}

pub async fn insert(scope: &mut Scope, new: &Written<'_>, at: DateTime<Utc>) -> Result<()> {
    sqlx::query!(
        "insert into article (article_id, category, department_id, version, title, searched, grams,
             created_at, updated_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $8)",
        new.id,
        new.category,
        new.department,
        new.version,
        new.title,
        new.searched,
        new.grams,
        at
    )
    .execute(scope.connection())
    .await?;
    add_version(scope, new, at).await
}

pub async fn write(scope: &mut Scope, new: &Written<'_>, at: DateTime<Utc>) -> Result<()> {
    sqlx::query!(
        "update article set category = $2, version = $3, title = $4, searched = $5, grams = $6,
             updated_at = $7 where article_id = $1",
        new.id,
        new.category,
        new.version,
        new.title,
        new.searched,
        new.grams,
        at
    )
    .execute(scope.connection())
    .await?;
    add_version(scope, new, at).await
}

async fn add_version(scope: &mut Scope, new: &Written<'_>, at: DateTime<Utc>) -> Result<()> {
    sqlx::query!(
        "insert into article_version (article_id, version, title, body, note, written_by, at)
         values ($1, $2, $3, $4, $5, $6, $7)",
        new.id,
        new.version,
        new.title,
        new.body,
        new.note,
        new.by,
        at
    )
    .execute(scope.connection())
    .await?;
    Ok(())
}

pub struct Standing {
    pub version: i32,
    pub department_id: Option<Uuid>,
    pub retired: bool,
}

pub async fn lock(scope: &mut Scope, id: Uuid) -> Result<Option<Standing>> {
    Ok(sqlx::query_as!(
        Standing,
        r#"select version, department_id, retired_at is not null as "retired!"
         from article where article_id = $1 for update"#,
        id
    )
    .fetch_optional(scope.connection())
    .await?)
}

pub async fn retire(scope: &mut Scope, id: Uuid, why: &str, at: DateTime<Utc>) -> Result<()> {
    sqlx::query!(
        "update article set retired_at = $3, retired_why = $2 where article_id = $1",
        id,
        why,
        at
    )
    .execute(scope.connection())
    .await?;
    Ok(())
}

pub struct Found {
    pub article_id: Uuid,
    pub version: i32,
    pub category: String,
    pub department: Option<String>,
    pub title: String,
    pub updated_at: DateTime<Utc>,
    /// Around the first place where the first word stands.
    pub excerpt: String,
}

/// Those that hold every word; whose title does stand first, then the newest.
pub async fn search(
    scope: &mut Scope,
    query: &ArticleQuery,
    category: &str,
    limit: i64,
    offset: i64,
) -> Result<Vec<Found>> {
    let first = query.words.first().map(String::as_str).unwrap_or_default();
    Ok(sqlx::query_as!(
        Found,
        r#"select f.article_id, f.version, f.category, d.name as "department?", f.title,
             f.updated_at, substr(v.body, greatest(1, strpos(lower(v.body), $5) - 20), 120)
                 as "excerpt!"
         from (select a.article_id, a.version, a.category, a.department_id, a.title, a.updated_at,
                   (select count(*) from unnest($2::text[]) w where strpos(lower(a.title), w) > 0)
                       as titled
               from article a
               where a.grams @> $1 and a.retired_at is null and ($4 = '' or a.category = $4)
                 and not exists (select from unnest($3::text[]) w where strpos(a.searched, w) = 0)
               order by titled desc, a.updated_at desc, a.article_id limit $6 offset $7) f
             join article_version v using (article_id, version)
             left join department d using (department_id)
         order by f.titled desc, f.updated_at desc, f.article_id"#,
        &query.grams,
        &query.words,
        &query.long_words(),
        category,
        first,
        limit,
        offset
    )
    .fetch_all(scope.connection())
    .await?)
}

pub struct Version {
    pub article_id: Uuid,
    pub version: i32,
    pub category: String,
    pub department_id: Option<Uuid>,
    pub title: String,
    pub body: String,
    pub note: Option<String>,
    pub written_by: String,
    pub at: DateTime<Utc>,
    pub is_current: bool,
    pub retired_at: Option<DateTime<Utc>>,
    pub retired_why: Option<String>,
    /// Enquiries that were answered out of this version.
    pub used: i64,
}

/// One version, or all of them, the newest first.
pub async fn versions(
    scope: &mut Scope,
    id: Uuid,
    version: Option<i32>,
    limit: i64,
) -> Result<Vec<Version>> {
    Ok(sqlx::query_as!(
        Version,
        r#"select a.article_id, v.version, a.category, a.department_id, v.title, v.body, v.note,
             v.written_by, v.at, v.version = a.version as "is_current!", a.retired_at,
             a.retired_why, (select count(*) from enquiry e where e.article_id = v.article_id
                 and e.article_version = v.version) as "used!"
         from article a join article_version v using (article_id)
         where a.article_id = $1 and ($2::int is null or v.version = $2)
         order by v.version desc limit $3"#,
        id,
        version,
        limit
    )
    .fetch_all(scope.connection())
    .await?)
}
