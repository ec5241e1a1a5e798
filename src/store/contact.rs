//! The people around a patient and their numbers, many at a time.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{
    Result, Scope,
    person::{NewContact, NewNumber},
};
use crate::base::PersonId;

pub struct Contact {
    pub contact_id: Uuid,
    pub person_id: Uuid,
    pub position: i16,
    pub relation: String,
    pub name: Option<String>,
}

pub async fn of_people(scope: &mut Scope, people: &[Uuid]) -> Result<Vec<Contact>> {
    Ok(sqlx::query_as!(
        Contact,
        "select contact_id, person_id, position, relation, name from contact
         where person_id = any ($1) order by person_id, position",
        people
    )
    .fetch_all(scope.connection())
    .await?)
}

pub struct Number {
    pub contact_id: Uuid,
    pub position: i16,
    pub e164: String,
}

pub async fn numbers_of(scope: &mut Scope, contacts: &[Uuid]) -> Result<Vec<Number>> {
    Ok(sqlx::query_as!(
        Number,
        "select contact_id, position, e164 from number
         where contact_id = any ($1) order by contact_id, position",
        contacts
    )
    .fetch_all(scope.connection())
    .await?)
}

/// New contacts, each at its position.
pub async fn insert_all(
    scope: &mut Scope,
    new: &[(NewContact<'_>, i16)],
    at: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "insert into contact (contact_id, person_id, position, relation, name, informed, created_at)
         select n.*, $7 from unnest($1::uuid[], $2::uuid[], $3::smallint[], $4::text[], $5::text[],
             $6::bool[]) as n",
        &new.iter().map(|(n, _)| *n.id.as_uuid()).collect::<Vec<_>>(),
        &new.iter().map(|(n, _)| *n.person.as_uuid()).collect::<Vec<_>>(),
        &new.iter().map(|(_, position)| *position).collect::<Vec<_>>(),
        &new.iter().map(|(n, _)| n.relation.to_owned()).collect::<Vec<_>>(),
        &new.iter().map(|(n, _)| n.name.map(str::to_owned)).collect::<Vec<_>>() as _,
        &new.iter().map(|(n, _)| n.informed).collect::<Vec<_>>(),
        at
    )
    .execute(scope.connection())
    .await?;
    Ok(())
}

/// New numbers, each at its position. Known ones stay with all that was learnt of them.
pub async fn insert_numbers(
    scope: &mut Scope,
    new: &[(NewNumber<'_>, i16)],
    at: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "insert into number (number_id, contact_id, position, e164, extension, kind, raw, source,
             created_at, state_at)
         select n.*, $9, $9 from unnest($1::uuid[], $2::uuid[], $3::smallint[], $4::text[],
             $5::text[], $6::text[], $7::text[], $8::text[]) as n
         on conflict (contact_id, e164) do nothing",
        &new.iter().map(|(n, _)| *n.id.as_uuid()).collect::<Vec<_>>(),
        &new.iter().map(|(n, _)| *n.contact.as_uuid()).collect::<Vec<_>>(),
        &new.iter().map(|(_, position)| *position).collect::<Vec<_>>(),
        &new.iter().map(|(n, _)| n.e164.as_str().to_owned()).collect::<Vec<_>>(),
        &new.iter().map(|(n, _)| n.extension.map(str::to_owned)).collect::<Vec<_>>() as _,
        &new.iter().map(|(n, _)| n.kind.to_owned()).collect::<Vec<_>>(),
        &new.iter().map(|(n, _)| n.raw.to_owned()).collect::<Vec<_>>(),
        &new.iter().map(|(n, _)| n.source.to_owned()).collect::<Vec<_>>(),
        at
    )
    .execute(scope.connection())
    .await?;
    Ok(())
}

/// The numbers of one person's contact with this relation, the first to be dialled first.
pub async fn own_numbers(scope: &mut Scope, person: PersonId) -> Result<Vec<String>> {
    Ok(sqlx::query_scalar!(
        "select n.e164 from contact c join number n using (contact_id)
         where c.person_id = $1 and c.relation = 'self' order by c.position, n.position",
        person.as_uuid()
    )
    .fetch_all(scope.connection())
    .await?)
}
