//! What the hospital's own system reads back: answers by 住院号.

use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

use super::{Result, Scope};

pub struct Person {
    pub person_id: Uuid,
    pub name: String,
    pub sex: String,
    pub birth_date: Option<NaiveDate>,
    pub died_on: Option<NaiveDate>,
    pub record_no: Option<String>,
    pub admission_nos: Vec<String>,
}

/// By 住院号, record number, or our own id.
pub async fn people(
    scope: &mut Scope,
    no: Option<&str>,
    person: Option<Uuid>,
    limit: i64,
) -> Result<Vec<Person>> {
    Ok(sqlx::query_as!(
        Person,
        r#"select p.person_id, p.name, p.sex, p.birth_date, p.died_on, p.record_no,
             array(select distinct a.admission_no from admission a
                 where a.person_id = p.person_id and a.cancelled_at is null
                 order by a.admission_no) as "admission_nos!"
         from person p
         where p.merged_into is null and (p.person_id = $2 or $1 <> '' and p.person_id in (
             select a.person_id from admission a where a.admission_no = $1
             union select q.person_id from person q where q.record_no = $1))
         order by p.person_id limit $3"#,
        no,
        person,
        limit
    )
    .fetch_all(scope.connection())
    .await?)
}

pub struct Answer {
    pub answer_id: Uuid,
    pub call_id: Option<Uuid>,
    pub task_id: Option<Uuid>,
    pub person_id: Uuid,
    pub patient_name: String,
    pub admission_no: Option<String>,
    pub task_state: Option<String>,
    pub questionnaire: String,
    pub questionnaire_sha256: String,
    pub link_id: String,
    pub item_text: String,
    pub status: String,
    pub option_code: Option<String>,
    pub option_text: Option<String>,
    pub value_number: Option<String>,
    pub value_text: Option<String>,
    pub score: Option<String>,
    pub at: DateTime<Utc>,
    pub recorded_by: String,
    pub is_amended: bool,
}

/// Answers of a stay (by 住院号), or of all stays of a person; those of one conversation and
/// form stand together, in the order in which they were asked.
pub async fn answers(
    scope: &mut Scope,
    no: Option<&str>,
    person: Option<Uuid>,
    limit: i64,
) -> Result<Vec<Answer>> {
    Ok(sqlx::query_as!(
        Answer,
        r#"select w.answer_id, w.call_id, w.task_id, p.person_id, p.name as patient_name,
             a.admission_no as "admission_no?", t.state as "task_state?", w.questionnaire,
             w.questionnaire_sha256, w.link_id, w.item_text, w.status, w.option_code,
             w.option_text, w.value_number::text, w.value_text, w.score::text, w.at,
             w.recorded_by,
             exists (select from amendment m where m.answer_id = w.answer_id) as "is_amended!"
         from answer w join person p using (person_id) left join task t using (task_id)
             left join admission a on a.admission_id = t.admission_id
         where ($1::text is null or a.admission_no = $1) and ($2::uuid is null or p.person_id = $2)
           and ($1::text is not null or $2::uuid is not null)
         order by coalesce(w.call_id, w.task_id), w.questionnaire, w.questionnaire_sha256,
             w.ordinal, w.answer_id limit $3"#,
        no,
        person,
        limit
    )
    .fetch_all(scope.connection())
    .await?)
}
