//! Answers: written once, whatever is replayed.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{Result, Scope};
use crate::base::{AnswerId, CallId, PersonId, TaskId};

pub struct NewAnswer<'a> {
    pub id: AnswerId,
    pub call: Option<CallId>,
    pub task: Option<TaskId>,
    pub person: Option<PersonId>,
    pub department: Option<Uuid>,
    pub questionnaire: &'a str,
    pub questionnaire_sha256: &'a str,
    pub link_id: &'a str,
    pub item_text: &'a str,
    pub status: &'a str,
    pub option_code: Option<&'a str>,
    pub option_text: Option<&'a str>,
    pub value_number: Option<&'a str>,
    pub value_text: Option<&'a str>,
    pub unit: Option<&'a str>,
    pub score: Option<&'a str>,
    pub advice: Option<&'a str>,
    pub ordinal: i32,
    pub recorded_by: &'a str,
    /// How a person asked; absent: by our call.
    pub channel: Option<&'a str>,
}

/// Answers whether it is new: a journal that is replayed after a crash changes nothing.
pub async fn insert(scope: &mut Scope, new: &NewAnswer<'_>, at: DateTime<Utc>) -> Result<bool> {
    let done = sqlx::query!(
        "insert into answer (answer_id, call_id, task_id, person_id, department_id, questionnaire,
             questionnaire_sha256, link_id, item_text, status, option_code, option_text,
             value_number, value_text, unit, score, ordinal, at, recorded_by, channel, advice)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13::text::numeric, $14, $15,
             $16::text::numeric, $17, $18, $19, $20, $21)
         on conflict do nothing",
        new.id.as_uuid(),
        new.call.as_ref().map(CallId::as_uuid),
        new.task.as_ref().map(TaskId::as_uuid),
        new.person.as_ref().map(PersonId::as_uuid),
        new.department,
        new.questionnaire,
        new.questionnaire_sha256,
        new.link_id,
        new.item_text,
        new.status,
        new.option_code,
        new.option_text,
        new.value_number,
        new.value_text,
        new.unit,
        new.score,
        new.ordinal,
        at,
        new.recorded_by,
        new.channel,
        new.advice
    )
    .execute(scope.connection())
    .await?;
    Ok(done.rows_affected() == 1)
}

#[derive(Clone, Debug)]
pub struct Answer {
    /// Absent: a person asked, without a call of ours.
    pub call_id: Option<Uuid>,
    pub questionnaire: String,
    pub link_id: String,
    pub item_text: String,
    pub status: String,
    pub option_code: Option<String>,
    pub option_text: Option<String>,
    pub value_number: Option<String>,
    pub value_text: Option<String>,
    pub unit: Option<String>,
    pub score: Option<String>,
    pub ordinal: i32,
    pub at: DateTime<Utc>,
    pub recorded_by: String,
}

pub async fn id_in_call(
    scope: &mut Scope,
    call: CallId,
    questionnaire: &str,
    link_id: &str,
) -> Result<Option<Uuid>> {
    Ok(sqlx::query_scalar!(
        "select answer_id from answer
         where call_id = $1 and questionnaire = $2 and link_id = $3",
        call.as_uuid(),
        questionnaire,
        link_id
    )
    .fetch_optional(scope.connection())
    .await?)
}

pub async fn of_call(scope: &mut Scope, call: CallId) -> Result<Vec<Answer>> {
    Ok(sqlx::query_as!(
        Answer,
        "select call_id, questionnaire, link_id, item_text, status, option_code, option_text,
             value_number::text, value_text, unit, score::text, ordinal, at, recorded_by
         from answer where call_id = $1 order by ordinal",
        call.as_uuid()
    )
    .fetch_all(scope.connection())
    .await?)
}

/// The answers to the questions of a task so far, over all its calls: where an interrupted
/// questionnaire is taken up again. The opening is asked anew in each call.
pub async fn of_task(scope: &mut Scope, task: TaskId) -> Result<Vec<Answer>> {
    Ok(sqlx::query_as!(
        Answer,
        "select distinct on (questionnaire, link_id) call_id, questionnaire, link_id, item_text,
             status, option_code, option_text, value_number::text, value_text, unit, score::text,
             ordinal, at, recorded_by
         from answer where task_id = $1 order by questionnaire, link_id, at desc",
        task.as_uuid()
    )
    .fetch_all(scope.connection())
    .await?)
}

/// One item over the follow-ups of a person, the oldest first; each follow-up once.
pub struct Point {
    pub link_id: String,
    pub item_text: String,
    pub sequence: Option<i32>,
    pub at: DateTime<Utc>,
    pub option_code: Option<String>,
    pub option_text: Option<String>,
    pub value_number: Option<f64>,
    pub unit: Option<String>,
    pub score: Option<f64>,
}

pub async fn trend(
    scope: &mut Scope,
    person: PersonId,
    item: Option<&str>,
    limit: i64,
) -> Result<Vec<Point>> {
    Ok(sqlx::query_as!(
        Point,
        r#"select link_id as "link_id!", item_text as "item_text!", sequence, at as "at!",
             option_code, option_text, value_number::float8, unit, score::float8
         from (select distinct on (w.task_id, w.link_id) w.link_id, w.item_text, t.sequence, w.at,
                   w.option_code, w.option_text, w.value_number, w.unit, w.score
               from answer w join task t using (task_id)
               where w.person_id = $1 and w.status = 'answered'
                 and (w.value_number is not null or w.option_code is not null)
                 and ($2::text is null or w.link_id = $2)
               order by w.task_id, w.link_id, w.at desc) s
         order by link_id, at limit $3"#,
        person.as_uuid(),
        item,
        limit
    )
    .fetch_all(scope.connection())
    .await?)
}

pub async fn count(scope: &mut Scope) -> Result<i64> {
    let count = sqlx::query_scalar!(r#"select count(*) as "count!" from answer"#)
        .fetch_one(scope.connection())
        .await?;
    Ok(count)
}
