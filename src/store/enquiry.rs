//! 咨询: the question, the answer, and the article it came from.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{Result, Scope};

pub struct New<'a> {
    pub id: Uuid,
    pub category: &'a str,
    pub question: &'a str,
    pub caller: Option<&'a str>,
    pub e164: Option<&'a str>,
    pub person: Option<Uuid>,
    pub department: Option<Uuid>,
    pub call: Option<Uuid>,
    pub by: &'a str,
}

pub async fn insert(scope: &mut Scope, new: &New<'_>, at: DateTime<Utc>) -> Result<()> {
    sqlx::query!(
        "insert into enquiry (enquiry_id, category, question, caller, e164, person_id,
             department_id, call_id, taken_by, taken_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        new.id,
        new.category,
        new.question,
        new.caller,
        new.e164,
        new.person,
        new.department,
        new.call,
        new.by,
        at
    )
    .execute(scope.connection())
    .await?;
    Ok(())
}

pub struct Answered<'a> {
    pub answer: &'a str,
    /// With the version that was read.
    pub article: Option<(Uuid, i32)>,
    pub by: &'a str,
}

/// `None`: there is no such enquiry; `false`: it has an answer already.
pub async fn answer(
    scope: &mut Scope,
    id: Uuid,
    answered: &Answered<'_>,
    at: DateTime<Utc>,
) -> Result<Option<bool>> {
    let open = sqlx::query_scalar!(
        r#"select answer is null as "open!" from enquiry where enquiry_id = $1 for update"#,
        id
    )
    .fetch_optional(scope.connection())
    .await?;
    if open != Some(true) {
        return Ok(open);
    }
    sqlx::query!(
        "update enquiry set answer = $2, article_id = $3, article_version = $4, answered_by = $5,
             answered_at = $6 where enquiry_id = $1",
        id,
        answered.answer,
        answered.article.map(|(id, _)| id),
        answered.article.map(|(_, version)| version),
        answered.by,
        at
    )
    .execute(scope.connection())
    .await?;
    Ok(Some(true))
}

pub struct Enquiry {
    pub enquiry_id: Uuid,
    pub category: String,
    pub question: String,
    pub caller: Option<String>,
    pub e164: Option<String>,
    pub person_id: Option<Uuid>,
    pub department_id: Option<Uuid>,
    pub department: Option<String>,
    pub call_id: Option<Uuid>,
    pub taken_by: String,
    pub taken_at: DateTime<Utc>,
    pub answer: Option<String>,
    pub article_id: Option<Uuid>,
    pub article_version: Option<i32>,
    pub article_title: Option<String>,
    pub answered_by: Option<String>,
    pub answered_at: Option<DateTime<Utc>>,
}

#[derive(Clone, Debug, Default)]
pub struct Terms {
    pub id: Option<Uuid>,
    pub category: String,
    /// Those without an answer.
    pub open: bool,
    pub person: Option<Uuid>,
    pub call: Option<Uuid>,
    pub from: Option<DateTime<Utc>>,
    pub to: Option<DateTime<Utc>>,
    pub limit: i64,
    pub offset: i64,
}

/// The newest first.
pub async fn list(scope: &mut Scope, terms: &Terms) -> Result<Vec<Enquiry>> {
    Ok(sqlx::query_as!(
        Enquiry,
        r#"select e.enquiry_id, e.category, e.question, e.caller, e.e164, e.person_id,
             e.department_id, d.name as "department?", e.call_id, e.taken_by, e.taken_at, e.answer,
             e.article_id, e.article_version, v.title as "article_title?", e.answered_by,
             e.answered_at
         from enquiry e left join department d using (department_id)
             left join article_version v on v.article_id = e.article_id
                 and v.version = e.article_version
         where ($1::uuid is null or e.enquiry_id = $1) and ($2 = '' or e.category = $2)
           and (not $3 or e.answer is null) and ($4::uuid is null or e.person_id = $4)
           and ($5::uuid is null or e.call_id = $5)
           and ($6::timestamptz is null or e.taken_at >= $6)
           and ($7::timestamptz is null or e.taken_at < $7)
         order by e.taken_at desc, e.enquiry_id limit $8 offset $9"#,
        terms.id,
        terms.category,
        terms.open,
        terms.person,
        terms.call,
        terms.from,
        terms.to,
        terms.limit,
        terms.offset
    )
    .fetch_all(scope.connection())
    .await?)
}
