//! What a message of the hospital's system changes of a person and of a stay.

use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

use super::{Result, Scope, admission::NewDiagnosis};
use crate::base::{AdmissionId, PersonId};

pub struct Person {
    pub name: String,
    pub sex: String,
    pub birth_date: Option<NaiveDate>,
    pub home_address: Option<String>,
    pub record_no: Option<String>,
    pub died: bool,
    pub told_at: Option<DateTime<Utc>>,
    pub told_phone: Option<String>,
}

/// Locked: two messages about one person wait for each other.
pub async fn lock_person(scope: &mut Scope, person: PersonId) -> Result<Person> {
    Ok(sqlx::query_as!(
        Person,
        r#"select name, sex, birth_date, home_address, record_no, died_on is not null as "died!",
             told_at, told_phone
         from person where person_id = $1 for update"#,
        person.as_uuid()
    )
    .fetch_one(scope.connection())
    .await?)
}

/// Absent: it stays.
#[derive(Default)]
pub struct PersonEdit<'a> {
    pub name: Option<&'a str>,
    pub sex: Option<&'a str>,
    pub birth_date: Option<NaiveDate>,
    pub home_address: Option<&'a str>,
    pub record_no: Option<&'a str>,
    pub id_card: Option<&'a str>,
    pub told_phone: Option<&'a str>,
}

pub async fn edit_person(
    scope: &mut Scope,
    person: PersonId,
    edit: &PersonEdit<'_>,
    told_at: DateTime<Utc>,
    at: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "update person set name = coalesce($2, name), sex = coalesce($3, sex),
             birth_date = coalesce($4, birth_date), home_address = coalesce($5, home_address),
             record_no = coalesce(record_no, $6), id_card = coalesce(id_card, $7),
             told_phone = coalesce($8, told_phone), told_at = $9, updated_at = $10
         where person_id = $1",
        person.as_uuid(),
        edit.name,
        edit.sex,
        edit.birth_date,
        edit.home_address,
        edit.record_no,
        edit.id_card,
        edit.told_phone,
        told_at,
        at
    )
    .execute(scope.connection())
    .await?;
    Ok(())
}

pub struct Stay {
    pub admission_id: Uuid,
    pub person_id: Uuid,
    /// Nobody has told yet whose record it is.
    pub is_unowned: bool,
    pub admitted_on: Option<NaiveDate>,
    pub discharged_on: Option<NaiveDate>,
    pub is_cancelled: bool,
    pub told_at: Option<DateTime<Utc>>,
    pub moved_at: Option<DateTime<Utc>>,
}

/// All with this number, the latest first.
pub async fn stays(scope: &mut Scope, admission_no: &str) -> Result<Vec<Stay>> {
    Ok(sqlx::query_as!(
        Stay,
        r#"select a.admission_id, a.person_id, p.record_no is null as "is_unowned!", a.admitted_on,
             a.discharged_on, a.cancelled_at is not null as "is_cancelled!", a.told_at, a.moved_at
         from admission a join person p using (person_id)
         where a.admission_no = $1
         order by a.admitted_on desc nulls last, a.sequence desc for update of a"#,
        admission_no
    )
    .fetch_all(scope.connection())
    .await?)
}

/// Absent: it stays.
#[derive(Default)]
pub struct StayEdit<'a> {
    pub department: Option<Uuid>,
    pub ward: Option<&'a str>,
    pub bed: Option<&'a str>,
    pub attending: Option<&'a str>,
    pub admitted_on: Option<NaiveDate>,
}

pub async fn edit_stay(
    scope: &mut Scope,
    stay: AdmissionId,
    edit: &StayEdit<'_>,
    told_at: DateTime<Utc>,
    at: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "update admission set department_id = coalesce($2, department_id),
             ward = coalesce($3, ward),
             ward_id = coalesce((select w.ward_id from ward w where w.name = $3), ward_id),
             bed = coalesce($4, bed), attending = coalesce($5, attending),
             admitted_on = coalesce($6, admitted_on), told_at = $7, updated_at = $8
         where admission_id = $1",
        stay.as_uuid(),
        edit.department,
        edit.ward,
        edit.bed,
        edit.attending,
        edit.admitted_on,
        told_at,
        at
    )
    .execute(scope.connection())
    .await?;
    Ok(())
}

/// Discharged on this day, or not any more: then the rules look at it anew.
pub async fn set_discharge(
    scope: &mut Scope,
    stay: AdmissionId,
    on: Option<NaiveDate>,
    disposition: Option<i16>,
    moved_at: DateTime<Utc>,
    at: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "with looked_at_again as (delete from assessment where admission_id = $1 and $2::date is null)
         update admission set discharged_on = $2, disposition = coalesce($3, disposition),
             moved_at = $4, updated_at = $5
         where admission_id = $1",
        stay.as_uuid(),
        on,
        disposition,
        moved_at,
        at
    )
    .execute(scope.connection())
    .await?;
    Ok(())
}

pub async fn set_cancelled(
    scope: &mut Scope,
    stay: AdmissionId,
    cancelled_at: Option<DateTime<Utc>>,
    moved_at: DateTime<Utc>,
    at: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "update admission set cancelled_at = $2, moved_at = $3, updated_at = $4
         where admission_id = $1",
        stay.as_uuid(),
        cancelled_at,
        moved_at,
        at
    )
    .execute(scope.connection())
    .await?;
    Ok(())
}

/// The message's own list replaces what was there.
pub async fn replace_diagnoses(
    scope: &mut Scope,
    stay: AdmissionId,
    diagnoses: &[NewDiagnosis<'_>],
) -> Result<()> {
    sqlx::query!("delete from diagnosis where admission_id = $1", stay.as_uuid())
        .execute(scope.connection())
        .await?;
    super::admission::add_diagnoses(scope, diagnoses).await
}

/// Stays of this person that ended before `on` and are still followed up.
pub async fn earlier_followed(
    scope: &mut Scope,
    person: PersonId,
    stay: AdmissionId,
    on: NaiveDate,
) -> Result<Vec<Uuid>> {
    Ok(sqlx::query_scalar!(
        "select a.admission_id from admission a
         where a.person_id = $1 and a.admission_id <> $2 and a.discharged_on <= $3
           and (exists (select from plan p
                   where p.admission_id = a.admission_id and p.state = 'active')
               or exists (select from task t where t.admission_id = a.admission_id
                   and t.state not in ('completed', 'partial', 'cancelled', 'expired')))
         order by a.admission_id",
        person.as_uuid(),
        stay.as_uuid(),
        on
    )
    .fetch_all(scope.connection())
    .await?)
}

/// Calls that a machine or a nurse would still make because of this stay.
pub async fn cancel_tasks(
    scope: &mut Scope,
    stay: AdmissionId,
    why: &str,
    at: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "update task set state = 'cancelled', why = $2, updated_at = $3
         where admission_id = $1 and kind in ('follow_up', 'callback')
           and state in ('pending', 'due', 'assigned', 'waiting_retry', 'waiting_repair',
               'needs_person')",
        stay.as_uuid(),
        why,
        at
    )
    .execute(scope.connection())
    .await?;
    Ok(())
}
