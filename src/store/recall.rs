//! Who heard a version of a questionnaire, and who is called again because of it.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{Result, Scope};

/// A version, since when.
#[derive(Clone, Copy)]
pub struct Version<'a> {
    pub questionnaire: &'a str,
    pub sha256: &'a str,
    pub since: DateTime<Utc>,
}

pub struct Heard {
    pub person_id: Uuid,
    pub name: String,
    pub department: Option<String>,
    pub last_at: DateTime<Utc>,
    pub last_task: Option<Uuid>,
    /// The best number of the best contact; a machine does not dial it by this list.
    pub e164: Option<String>,
    pub recalled: bool,
}

/// Everybody with an answer or a blank to this version, the last one first.
pub async fn heard(scope: &mut Scope, version: Version<'_>, limit: i64) -> Result<Vec<Heard>> {
    Ok(sqlx::query_as!(
        Heard,
        r#"select p.person_id, p.name, d.name as "department?", h.at as "last_at!",
             h.task_id as last_task,
             (select n.e164 from number n join contact c using (contact_id)
                where c.person_id = p.person_id and n.state not in ('invalid', 'blocked')
                order by c.relation = 'self' desc, n.state = 'valid' desc, c.position, n.position
                limit 1) as e164,
             exists (select from recall r where r.questionnaire = $1
                and r.questionnaire_sha256 = $2 and r.person_id = p.person_id) as "recalled!"
         from (select distinct on (a.person_id) a.person_id, a.at, a.task_id, a.department_id
               from answer a where a.questionnaire = $1 and a.questionnaire_sha256 = $2
                 and a.at >= $3 and a.person_id is not null
               order by a.person_id, a.at desc) h
             join person p using (person_id) left join department d using (department_id)
         order by h.at desc, p.person_id limit $4"#,
        version.questionnaire,
        version.sha256,
        version.since,
        limit
    )
    .fetch_all(scope.connection())
    .await?)
}

/// A task for a person, and the row that keeps it from being made twice. Answers whether
/// it is new.
pub async fn recall(
    scope: &mut Scope,
    version: Version<'_>,
    heard: &Heard,
    task: Uuid,
    (reason, by): (&str, &str),
    at: DateTime<Utc>,
) -> Result<bool> {
    // Two who press at once: the second waits here and then finds the row.
    sqlx::query!(
        "select pg_advisory_xact_lock(hashtextextended($1 || $2, 0)) as done",
        version.questionnaire,
        version.sha256
    )
    .fetch_one(scope.connection())
    .await?;
    let done = sqlx::query!(
        "with fresh as (
             insert into task (task_id, person_id, admission_id, department_id, kind, state, why,
                 due_at, not_before, created_at, updated_at)
             select $1, $2, t.admission_id, t.department_id, 'person_call', 'needs_person', $3,
                 $4, $4, $4, $4
             from (select 1) one left join task t on t.task_id = $5
             where not exists (select from recall r where r.questionnaire = $6
                 and r.questionnaire_sha256 = $7 and r.person_id = $2)
             returning task_id)
         insert into recall (questionnaire, questionnaire_sha256, person_id, task_id, reason,
             by_whom, at)
         select $6, $7, $2, fresh.task_id, $3, $8, $4 from fresh",
        task,
        heard.person_id,
        reason,
        at,
        heard.last_task,
        version.questionnaire,
        version.sha256,
        by
    )
    .execute(scope.connection())
    .await?;
    Ok(done.rows_affected() == 1)
}
