//! 床旁试拨: rings of a number while its owner is here.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{Result, Scope};
use crate::base::{CallId, NumberId, PersonId};

pub struct New<'a> {
    pub id: Uuid,
    pub person: PersonId,
    pub number: NumberId,
    pub e164: &'a str,
    pub asked_by: &'a str,
    pub trunk: &'a str,
    pub node: &'a str,
    pub epoch: i64,
}

pub async fn insert(scope: &mut Scope, new: &New<'_>, at: DateTime<Utc>) -> Result<()> {
    sqlx::query!(
        "insert into ring_test (ring_test_id, person_id, number_id, e164, asked_by, trunk,
             owner_node, owner_epoch, begun_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        new.id,
        new.person.as_uuid(),
        new.number.as_uuid(),
        new.e164,
        new.asked_by,
        new.trunk,
        new.node,
        new.epoch,
        at
    )
    .execute(scope.connection())
    .await?;
    Ok(())
}

pub async fn set_call(scope: &mut Scope, id: Uuid, call: CallId) -> Result<()> {
    sqlx::query!("update ring_test set call_id = $2 where ring_test_id = $1", id, call.as_uuid())
        .execute(scope.connection())
        .await?;
    Ok(())
}

/// Answers whether it was still open.
pub async fn end(scope: &mut Scope, id: Uuid, outcome: &str, at: DateTime<Utc>) -> Result<bool> {
    let done = sqlx::query!(
        "update ring_test set ended_at = $3, outcome = $2
         where ring_test_id = $1 and ended_at is null",
        id,
        outcome,
        at
    )
    .execute(scope.connection())
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Those of an earlier life of this node; answers how many.
pub async fn interrupt(
    scope: &mut Scope,
    node: &str,
    epoch: i64,
    at: DateTime<Utc>,
) -> Result<u64> {
    let done = sqlx::query!(
        "update ring_test set ended_at = $3, outcome = 'uncertain'
         where ended_at is null and owner_node = $1 and owner_epoch < $2",
        node,
        epoch,
        at
    )
    .execute(scope.connection())
    .await?;
    Ok(done.rows_affected())
}

pub struct RingTest {
    pub ring_test_id: Uuid,
    pub number_id: Uuid,
    pub e164: String,
    pub asked_by: String,
    pub begun_at: DateTime<Utc>,
    pub ended_at: Option<DateTime<Utc>>,
    pub outcome: Option<String>,
}

/// The latest first.
pub async fn of_person(scope: &mut Scope, person: PersonId, limit: i64) -> Result<Vec<RingTest>> {
    Ok(sqlx::query_as!(
        RingTest,
        "select ring_test_id, number_id, e164, asked_by, begun_at, ended_at, outcome
         from ring_test where person_id = $1 order by begun_at desc limit $2",
        person.as_uuid(),
        limit
    )
    .fetch_all(scope.connection())
    .await?)
}

/// How often this number has been rung so since then; those that the line failed do not count.
pub async fn rung_since(scope: &mut Scope, e164: &str, since: DateTime<Utc>) -> Result<i64> {
    Ok(sqlx::query_scalar!(
        r#"select count(*) as "n!" from ring_test where e164 = $1 and begun_at >= $2
           and outcome is distinct from 'trunk_fault' and outcome is distinct from 'system_fault'"#,
        e164,
        since
    )
    .fetch_one(scope.connection())
    .await?)
}

pub struct Rung {
    pub contact_id: Uuid,
    pub e164: String,
    pub state: String,
    pub do_not_call: bool,
    /// Of the latest stay.
    pub department_id: Option<Uuid>,
}

/// A number of this person.
pub async fn number(scope: &mut Scope, person: PersonId, number: NumberId) -> Result<Option<Rung>> {
    Ok(sqlx::query_as!(
        Rung,
        r#"select c.contact_id, n.e164, n.state,
             exists (select from do_not_call d where d.e164 = n.e164 and d.revoked_at is null)
                 as "do_not_call!",
             (select a.department_id from admission a where a.person_id = c.person_id
              order by coalesce(a.discharged_on, a.admitted_on) desc nulls last limit 1)
                 as "department_id?"
         from number n join contact c using (contact_id)
         where n.number_id = $2 and c.person_id = $1"#,
        person.as_uuid(),
        number.as_uuid()
    )
    .fetch_optional(scope.connection())
    .await?)
}
