//! Two rows of one person become one (ADT A40): whatever hangs on the first hangs on the
//! second. Lines that are never rewritten (audit, decisions, history) stay where they are
//! and are read through `merged_into`.

use chrono::{DateTime, Utc};

use super::{Result, Scope};
use crate::base::PersonId;

pub async fn merge(
    scope: &mut Scope,
    from: PersonId,
    into: PersonId,
    at: DateTime<Utc>,
) -> Result<()> {
    move_contacts(scope, from, into).await?;
    move_follow_up(scope, from, into).await?;
    sqlx::query!(
        "update person i set died_on = coalesce(i.died_on, f.died_on),
             patient_only = i.patient_only or f.patient_only,
             communication_mark = coalesce(i.communication_mark, f.communication_mark),
             home_address = coalesce(i.home_address, f.home_address),
             work_address = coalesce(i.work_address, f.work_address),
             birth_date = coalesce(i.birth_date, f.birth_date),
             automatic_contact_stopped_at =
                 coalesce(i.automatic_contact_stopped_at, f.automatic_contact_stopped_at),
             automatic_contact_stopped_why =
                 coalesce(i.automatic_contact_stopped_why, f.automatic_contact_stopped_why),
             updated_at = $3
         from person f where i.person_id = $2 and f.person_id = $1",
        from.as_uuid(),
        into.as_uuid(),
        at
    )
    .execute(scope.connection())
    .await?;
    sqlx::query!(
        "update person set merged_into = $2, updated_at = $3
         where person_id = $1 or merged_into = $1",
        from.as_uuid(),
        into.as_uuid(),
        at
    )
    .execute(scope.connection())
    .await?;
    Ok(())
}

/// A contact that both have becomes one with the numbers of both; a number that both have
/// stays with the first, and its dials with it.
async fn move_contacts(scope: &mut Scope, from: PersonId, into: PersonId) -> Result<()> {
    sqlx::query!(
        "update number n set contact_id = t.contact_id, position = n.position + 1 +
             coalesce((select max(o.position) from number o where o.contact_id = t.contact_id), 0)
         from contact f join contact t on t.person_id = $2 and t.relation = f.relation
             and t.name is not distinct from f.name
         where f.person_id = $1 and n.contact_id = f.contact_id
           and not exists (select from number o
               where o.contact_id = t.contact_id and o.e164 = n.e164)",
        from.as_uuid(),
        into.as_uuid()
    )
    .execute(scope.connection())
    .await?;
    sqlx::query!(
        "update contact f set person_id = $2, position = f.position + 1 +
             coalesce((select max(o.position) from contact o where o.person_id = $2), 0)
         where f.person_id = $1 and not exists (select from contact t where t.person_id = $2
             and t.relation = f.relation and t.name is not distinct from f.name)",
        from.as_uuid(),
        into.as_uuid()
    )
    .execute(scope.connection())
    .await?;
    Ok(())
}

async fn move_follow_up(scope: &mut Scope, from: PersonId, into: PersonId) -> Result<()> {
    // The rows of a table are seen through the person's stays: those go last.
    let (from, into) = (from.as_uuid(), into.as_uuid());
    sqlx::query!("update consent set person_id = $2 where person_id = $1", from, into)
        .execute(scope.connection())
        .await?;
    sqlx::query!("update plan set person_id = $2 where person_id = $1", from, into)
        .execute(scope.connection())
        .await?;
    sqlx::query!("update task set person_id = $2 where person_id = $1", from, into)
        .execute(scope.connection())
        .await?;
    sqlx::query!("update attempt set person_id = $2 where person_id = $1", from, into)
        .execute(scope.connection())
        .await?;
    sqlx::query!("update ring_test set person_id = $2 where person_id = $1", from, into)
        .execute(scope.connection())
        .await?;
    sqlx::query!("update call set person_id = $2 where person_id = $1", from, into)
        .execute(scope.connection())
        .await?;
    sqlx::query!("update answer set person_id = $2 where person_id = $1", from, into)
        .execute(scope.connection())
        .await?;
    sqlx::query!("update alert set person_id = $2 where person_id = $1", from, into)
        .execute(scope.connection())
        .await?;
    sqlx::query!("update opinion set person_id = $2 where person_id = $1", from, into)
        .execute(scope.connection())
        .await?;
    sqlx::query!("update past_follow_up set person_id = $2 where person_id = $1", from, into)
        .execute(scope.connection())
        .await?;
    sqlx::query!("delete from person_sound where person_id = $1", from)
        .execute(scope.connection())
        .await?;
    sqlx::query!("update admission set person_id = $2 where person_id = $1", from, into)
        .execute(scope.connection())
        .await?;
    Ok(())
}

/// Whoever this person was merged into; else the person.
pub async fn survivor(scope: &mut Scope, person: PersonId) -> Result<PersonId> {
    let into = sqlx::query_scalar!(
        r#"select merged_into as "into!" from person
         where person_id = $1 and merged_into is not null"#,
        person.as_uuid()
    )
    .fetch_optional(scope.connection())
    .await?;
    Ok(into.map_or(person, PersonId::from_uuid))
}
