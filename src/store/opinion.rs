//! What a rule proposed and a doctor confirmed; and what was put right in an answer.

use chrono::{DateTime, Utc};
use serde_json::Value;
use uuid::Uuid;

use super::{Result, Scope};
use crate::base::{AnswerId, TaskId};

/// An opinion that a doctor has confirmed is not proposed over.
pub async fn propose(
    scope: &mut Scope,
    id: Uuid,
    task: TaskId,
    proposed: &str,
    because: &str,
    rules_version: &str,
    at: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "insert into opinion (opinion_id, task_id, person_id, department_id, proposed, because,
             rules_version, proposed_at)
         select $1, t.task_id, t.person_id, t.department_id, $3, $4, $5, $6
         from task t where t.task_id = $2
         on conflict on constraint opinion_one_per_task do update
             set proposed = $3, because = $4, rules_version = $5, proposed_at = $6
             where opinion.confirmed_at is null",
        id,
        task.as_uuid(),
        proposed,
        because,
        rules_version,
        at
    )
    .execute(scope.connection())
    .await?;
    Ok(())
}

/// Answers the task, when it was open.
pub async fn confirm(
    scope: &mut Scope,
    opinion: Uuid,
    confirmed: Option<&str>,
    note: Option<&str>,
    by: &str,
    at: DateTime<Utc>,
) -> Result<bool> {
    let done = sqlx::query!(
        "update opinion set confirmed = coalesce($2, proposed), note = $3, confirmed_by = $4,
             confirmed_at = $5 where opinion_id = $1 and confirmed_at is null",
        opinion,
        confirmed,
        note,
        by,
        at
    )
    .execute(scope.connection())
    .await?;
    Ok(done.rows_affected() == 1)
}

pub struct Opinion {
    pub opinion_id: Uuid,
    pub task_id: Uuid,
    pub person_id: Uuid,
    pub name: String,
    pub department: Option<String>,
    pub proposed: String,
    pub because: String,
    pub proposed_at: DateTime<Utc>,
    pub confirmed: Option<String>,
    pub confirmed_by: Option<String>,
    pub confirmed_at: Option<DateTime<Utc>>,
}

/// Those that wait for a doctor first; with `open`, only they.
pub async fn list(scope: &mut Scope, open: bool, limit: i64, offset: i64) -> Result<Vec<Opinion>> {
    Ok(sqlx::query_as!(
        Opinion,
        r#"select o.opinion_id, o.task_id, o.person_id, p.name, d.name as "department?", o.proposed,
             o.because, o.proposed_at, o.confirmed, o.confirmed_by, o.confirmed_at
         from opinion o join person p using (person_id)
             left join department d on d.department_id = o.department_id
         where not $1 or o.confirmed_at is null
         order by o.confirmed_at is not null, o.proposed_at, o.opinion_id limit $2 offset $3"#,
        open,
        limit,
        offset
    )
    .fetch_all(scope.connection())
    .await?)
}

pub struct Row {
    pub answer_id: Uuid,
    pub task_id: Option<Uuid>,
    pub person_id: Option<Uuid>,
    pub department_id: Option<Uuid>,
    pub questionnaire: String,
    pub questionnaire_sha256: String,
    pub link_id: String,
    pub item_text: String,
    pub status: String,
    pub option_code: Option<String>,
    pub option_text: Option<String>,
    pub value_number: Option<String>,
    pub value_text: Option<String>,
    pub unit: Option<String>,
    pub score: Option<String>,
    pub advice: Option<String>,
    pub at: DateTime<Utc>,
    pub recorded_by: String,
}

/// An answer, locked.
pub async fn lock_answer(scope: &mut Scope, answer: AnswerId) -> Result<Option<Row>> {
    Ok(sqlx::query_as!(
        Row,
        "select answer_id, task_id, person_id, department_id, questionnaire, questionnaire_sha256,
             link_id, item_text, status, option_code, option_text, value_number::text, value_text,
             unit, score::text, advice, at, recorded_by from answer where answer_id = $1 for update",
        answer.as_uuid()
    )
    .fetch_optional(scope.connection())
    .await?)
}

/// The answers of a task as they stand, each item once, in the order in which they were given.
pub async fn answers(scope: &mut Scope, task: TaskId) -> Result<Vec<Row>> {
    Ok(sqlx::query_as!(
        Row,
        r#"select answer_id as "answer_id!", task_id, person_id, department_id,
             questionnaire as "questionnaire!", questionnaire_sha256 as "questionnaire_sha256!",
             link_id as "link_id!", item_text as "item_text!", status as "status!", option_code,
             option_text, value_number::text, value_text, unit, score::text, advice, at as "at!",
             recorded_by as "recorded_by!"
         from (select distinct on (questionnaire, link_id) * from answer where task_id = $1
               order by questionnaire, link_id, at desc) w order by at, ordinal"#,
        task.as_uuid()
    )
    .fetch_all(scope.connection())
    .await?)
}

pub struct NewValue<'a> {
    pub status: &'a str,
    pub option_code: Option<&'a str>,
    pub option_text: Option<&'a str>,
    pub value_number: Option<&'a str>,
    pub value_text: Option<&'a str>,
    pub score: Option<&'a str>,
}

pub async fn amend(scope: &mut Scope, answer: AnswerId, new: &NewValue<'_>) -> Result<()> {
    sqlx::query!(
        "update answer set status = $2, option_code = $3, option_text = $4,
             value_number = $5::text::numeric, value_text = $6, score = $7::text::numeric
         where answer_id = $1",
        answer.as_uuid(),
        new.status,
        new.option_code,
        new.option_text,
        new.value_number,
        new.value_text,
        new.score
    )
    .execute(scope.connection())
    .await?;
    Ok(())
}

pub struct NewAmendment<'a> {
    pub id: Uuid,
    pub answer: AnswerId,
    pub department: Option<Uuid>,
    pub old: &'a Value,
    pub new: &'a Value,
    pub reason: &'a str,
    pub by: &'a str,
}

pub async fn add_amendment(
    scope: &mut Scope,
    new: &NewAmendment<'_>,
    at: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "insert into amendment (amendment_id, answer_id, department_id, old_value, new_value,
             reason, by_whom, at) values ($1, $2, $3, $4, $5, $6, $7, $8)",
        new.id,
        new.answer.as_uuid(),
        new.department,
        new.old,
        new.new,
        new.reason,
        new.by,
        at
    )
    .execute(scope.connection())
    .await?;
    Ok(())
}

pub struct Amendment {
    pub answer_id: Uuid,
    pub old_value: Value,
    pub new_value: Value,
    pub reason: String,
    pub by_whom: String,
    pub at: DateTime<Utc>,
}

pub async fn amendments(scope: &mut Scope, task: TaskId) -> Result<Vec<Amendment>> {
    Ok(sqlx::query_as!(
        Amendment,
        "select m.answer_id, m.old_value, m.new_value, m.reason, m.by_whom, m.at
         from amendment m join answer w using (answer_id) where w.task_id = $1 order by m.at",
        task.as_uuid()
    )
    .fetch_all(scope.connection())
    .await?)
}
