//! Why a task was or was not dialled, each time that was decided.

use chrono::{DateTime, Utc};
use serde_json::Value;
use uuid::Uuid;

use super::{Result, Scope};
use crate::base::PersonId;

pub struct New<'a> {
    pub task: Uuid,
    pub person: Uuid,
    /// A word of `decision_what_known`.
    pub what: &'a str,
    pub why: &'a str,
    pub until: Option<DateTime<Utc>>,
    pub facts: &'a Value,
}

pub async fn insert(scope: &mut Scope, new: &New<'_>, at: DateTime<Utc>) -> Result<()> {
    sqlx::query!(
        "insert into decision (at, task_id, person_id, what, why, until, facts)
         values ($1, $2, $3, $4, $5, $6, $7)",
        at,
        new.task,
        new.person,
        new.what,
        new.why,
        new.until,
        new.facts
    )
    .execute(scope.connection())
    .await?;
    Ok(())
}

pub struct Decision {
    pub at: DateTime<Utc>,
    pub task_id: Uuid,
    pub what: String,
    pub why: String,
    pub until: Option<DateTime<Utc>>,
    pub facts: Value,
}

/// What was decided of a person between two moments, the latest first.
pub async fn of_person(
    scope: &mut Scope,
    person: PersonId,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
    limit: i64,
) -> Result<Vec<Decision>> {
    Ok(sqlx::query_as!(
        Decision,
        "select at, task_id, what, why, until, facts from decision
         where (person_id = $1
                 or person_id in (select p.person_id from person p where p.merged_into = $1))
           and at >= $2 and at < $3 order by at desc, decision_id desc limit $4",
        person.as_uuid(),
        from,
        to,
        limit
    )
    .fetch_all(scope.connection())
    .await?)
}
