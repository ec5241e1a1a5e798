//! A patient as the page shows one: the person, the stays, the people around, the numbers.

use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

use super::{Result, Scope};
use crate::base::{ContactId, NumberId, PersonId};

pub struct Found {
    pub person_id: Uuid,
    pub name: String,
    pub sex: String,
    pub birth_date: Option<NaiveDate>,
    pub record_no: Option<String>,
    pub admission_no: Option<String>,
    pub department: Option<String>,
    pub discharged_on: Option<NaiveDate>,
    pub died_on: Option<NaiveDate>,
}

/// What a search can name; all that are given must hold.
#[derive(Clone, Debug, Default)]
pub struct Terms {
    /// A name, its pinyin or initials, an admission or record number, a telephone number.
    pub search: String,
    /// The same as it sounds: lower case, letters and digits; absent: no letter in it.
    pub sound: Option<String>,
    /// The same as E.164, where it can be one.
    pub e164: Option<String>,
    /// The beginning of an ICD code, or a part of the diagnosis's name; others count too.
    pub diagnosis: Option<String>,
    pub sex: Option<String>,
    pub born_from: Option<NaiveDate>,
    pub born_to: Option<NaiveDate>,
    pub discharged_from: Option<NaiveDate>,
    pub discharged_to: Option<NaiveDate>,
    pub department: Option<Uuid>,
    pub limit: i64,
    pub offset: i64,
}

impl Terms {
    /// Nothing but the search itself.
    fn is_plain(&self) -> bool {
        self.diagnosis.is_none()
            && self.sex.is_none()
            && self.born_from.is_none()
            && self.born_to.is_none()
            && self.discharged_from.is_none()
            && self.discharged_to.is_none()
            && self.department.is_none()
    }
}

/// By name. Where many sound alike, the first thousand of them are looked at; other terms
/// narrow it down, and then all are.
pub async fn search(scope: &mut Scope, terms: &Terms) -> Result<Vec<Found>> {
    if terms.is_plain() && !terms.search.is_empty() {
        return first_found(scope, terms).await;
    }
    let (until, sound_until) = (past(&terms.search), terms.sound.as_deref().map(past));
    Ok(sqlx::query_as!(
        Found,
        r#"select p.person_id, p.name, p.sex, p.birth_date, p.record_no, a.admission_no as "admission_no?",
             d.name as "department?", a.discharged_on, p.died_on
         from person p
             left join lateral (select a.admission_no, a.department_id, a.discharged_on
                 from admission a where a.person_id = p.person_id
                 order by a.discharged_on desc nulls first limit 1) a on true
             left join department d using (department_id)
         where p.merged_into is null
           and ($1 = '' or p.person_id in (
               select q.person_id from person q where q.name collate "C" >= $1
                   and q.name collate "C" < $13
               union select s.person_id from person_sound s where s.sound collate "C" >= $12
                   and s.sound collate "C" < $14
               union select q.person_id from person q where q.record_no = $1
               union select b.person_id from admission b where b.admission_no = $1
               union select c.person_id from number n join contact c using (contact_id)
                   where n.e164 = $2))
           and ($3::text is null or exists (select from diagnosis g join admission b using (admission_id)
               where b.person_id = p.person_id
                 and (g.icd like $3 || '%' or strpos(g.name, $3) > 0)))
           and ($4::text is null or p.sex = $4)
           and ($5::date is null or p.birth_date >= $5) and ($6::date is null or p.birth_date <= $6)
           and ($7::date is null and $8::date is null and $9::uuid is null
               or exists (select from admission b where b.person_id = p.person_id
                   and ($7::date is null or b.discharged_on >= $7)
                   and ($8::date is null or b.discharged_on <= $8)
                   and ($9::uuid is null or b.department_id = $9)))
         order by p.name, p.person_id limit $10 offset $11"#,
        terms.search,
        terms.e164,
        terms.diagnosis,
        terms.sex,
        terms.born_from,
        terms.born_to,
        terms.discharged_from,
        terms.discharged_to,
        terms.department,
        terms.limit,
        terms.offset,
        terms.sound,
        until,
        sound_until
    )
    .fetch_all(scope.connection())
    .await?)
}

/// What comes after everything that begins so.
fn past(prefix: &str) -> String {
    format!("{prefix}{}", char::MAX)
}

async fn first_found(scope: &mut Scope, terms: &Terms) -> Result<Vec<Found>> {
    let (until, sound_until) = (past(&terms.search), terms.sound.as_deref().map(past));
    Ok(sqlx::query_as!(
        Found,
        r#"with found as materialized (
               (select q.person_id from person q where q.merged_into is null
                   and q.name collate "C" >= $1 and q.name collate "C" < $6
                   order by q.name collate "C", q.person_id limit $4::bigint + $5::bigint)
               union (select s.person_id from person_sound s where s.sound collate "C" >= $3
                   and s.sound collate "C" < $7 order by s.sound collate "C" limit $8)
               union select q.person_id from person q where q.record_no = $1
               union select b.person_id from admission b where b.admission_no = $1
               union select c.person_id from number n join contact c using (contact_id)
                   where n.e164 = $2)
           select p.person_id, p.name, p.sex, p.birth_date, p.record_no,
             a.admission_no as "admission_no?", d.name as "department?",
             a.discharged_on as "discharged_on?", p.died_on
         from (select p.* from found join person p using (person_id)
                 where p.merged_into is null
                 order by p.name collate "C", p.person_id limit $4 offset $5) p
             left join lateral (select a.admission_no, a.department_id, a.discharged_on
                 from admission a where a.person_id = p.person_id
                 order by a.discharged_on desc nulls first limit 1) a on true
             left join department d using (department_id)
         order by p.name collate "C", p.person_id"#,
        terms.search,
        terms.e164,
        terms.sound,
        terms.limit,
        terms.offset,
        until,
        sound_until,
        LOOKED_AT
    )
    .fetch_all(scope.connection())
    .await?)
}

/// Beyond so many who sound alike nobody reads on, but types one more letter.
const LOOKED_AT: i64 = 1000;

pub struct Person {
    pub person_id: Uuid,
    pub record_no: Option<String>,
    pub id_card: Option<String>,
    pub name: String,
    pub name_reading: Option<String>,
    pub sex: String,
    pub birth_date: Option<NaiveDate>,
    pub language: String,
    pub work_address: Option<String>,
    pub home_address: Option<String>,
    pub communication_mark: Option<String>,
    pub patient_only: bool,
    pub died_on: Option<NaiveDate>,
    pub automatic_contact_stopped_why: Option<String>,
}

/// The person, locked when it is to be changed in this transaction.
pub async fn find(scope: &mut Scope, person: PersonId) -> Result<Option<Person>> {
    Ok(sqlx::query_as!(
        Person,
        "select person_id, record_no, id_card, name, name_reading, sex, birth_date, language,
             work_address, home_address, communication_mark, patient_only, died_on,
             automatic_contact_stopped_why
         from person where person_id = $1",
        person.as_uuid()
    )
    .fetch_optional(scope.connection())
    .await?)
}

pub struct Admission {
    pub admission_id: Uuid,
    pub admission_no: String,
    pub follow_up_no: Option<String>,
    pub sequence: i32,
    pub department: String,
    pub ward: Option<String>,
    pub admitted_on: Option<NaiveDate>,
    pub discharged_on: Option<NaiveDate>,
    pub disposition: i16,
    pub had_operation: bool,
    pub disclosure: String,
    pub attending: Option<String>,
    pub cancelled_at: Option<DateTime<Utc>>,
}

pub async fn admissions(scope: &mut Scope, person: PersonId) -> Result<Vec<Admission>> {
    Ok(sqlx::query_as!(
        Admission,
        "select a.admission_id, a.admission_no, a.follow_up_no, a.sequence, d.name as department,
             a.ward, a.admitted_on, a.discharged_on, a.disposition, a.had_operation, a.disclosure,
             a.attending, a.cancelled_at
         from admission a join department d using (department_id)
         where a.person_id = $1 order by a.discharged_on desc nulls first",
        person.as_uuid()
    )
    .fetch_all(scope.connection())
    .await?)
}

pub struct Diagnosis {
    pub admission_id: Uuid,
    pub position: i16,
    pub icd: Option<String>,
    pub name: Option<String>,
    /// The code stands in the dictionary.
    pub is_known: bool,
}

pub async fn diagnoses(scope: &mut Scope, person: PersonId) -> Result<Vec<Diagnosis>> {
    Ok(sqlx::query_as!(
        Diagnosis,
        r#"select g.admission_id, g.position, g.icd, g.name,
             (g.icd is null or icd_is_known(g.icd)) as "is_known!"
         from diagnosis g join admission a using (admission_id)
         where a.person_id = $1 order by g.admission_id, g.position"#,
        person.as_uuid()
    )
    .fetch_all(scope.connection())
    .await?)
}

pub struct Operation {
    pub admission_id: Uuid,
    pub code: Option<String>,
    pub name: Option<String>,
    pub performed_on: Option<NaiveDate>,
    pub operator: Option<String>,
    pub new_technique: bool,
}

pub async fn operations(scope: &mut Scope, person: PersonId) -> Result<Vec<Operation>> {
    Ok(sqlx::query_as!(
        Operation,
        "select o.admission_id, o.code, o.name, o.performed_on, o.operator, o.new_technique
         from operation o join admission a using (admission_id)
         where a.person_id = $1 order by o.admission_id, o.position",
        person.as_uuid()
    )
    .fetch_all(scope.connection())
    .await?)
}

pub struct Number {
    pub contact_id: Uuid,
    pub relation: String,
    pub contact_name: Option<String>,
    pub informed: bool,
    pub number_id: Option<Uuid>,
    pub e164: Option<String>,
    pub kind: Option<String>,
    pub source: Option<String>,
    pub state: Option<String>,
    pub valid_until: Option<NaiveDate>,
    pub created_at: Option<DateTime<Utc>>,
    /// Dials that somebody answered, and dials at all.
    pub answered: i64,
    pub dials: i64,
}

/// Everybody around the patient with every number, in the order in which they stand.
pub async fn numbers(scope: &mut Scope, person: PersonId) -> Result<Vec<Number>> {
    Ok(sqlx::query_as!(
        Number,
        r#"select c.contact_id, c.relation, c.name as contact_name, c.informed,
             n.number_id as "number_id?", n.e164 as "e164?", n.kind as "kind?",
             n.source as "source?", n.state as "state?", n.valid_until as "valid_until?",
             n.created_at as "created_at?",
             (select count(*) from attempt t where t.number_id = n.number_id and t.answered)
                 as "answered!",
             (select count(*) from attempt t where t.number_id = n.number_id and t.way = 'dial')
                 as "dials!"
         from contact c left join number n using (contact_id)
         where c.person_id = $1 order by c.position, n.position"#,
        person.as_uuid()
    )
    .fetch_all(scope.connection())
    .await?)
}

/// What may be changed of a person by hand; absent: it stays.
#[derive(Clone, Debug, Default)]
pub struct Edit<'a> {
    pub name: Option<&'a str>,
    pub name_reading: Option<&'a str>,
    pub work_address: Option<&'a str>,
    pub home_address: Option<&'a str>,
    pub communication_mark: Option<&'a str>,
    pub patient_only: Option<bool>,
    pub language: Option<&'a str>,
}

/// An empty text takes a value away.
pub async fn edit(
    scope: &mut Scope,
    person: PersonId,
    edit: &Edit<'_>,
    at: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "update person set name = coalesce($2, name),
             name_reading = nullif(coalesce($3, name_reading), ''),
             work_address = nullif(coalesce($4, work_address), ''),
             home_address = nullif(coalesce($5, home_address), ''),
             communication_mark = nullif(coalesce($6, communication_mark), ''),
             patient_only = coalesce($7, patient_only), language = coalesce($8, language),
             updated_at = $9
         where person_id = $1",
        person.as_uuid(),
        edit.name,
        edit.name_reading,
        edit.work_address,
        edit.home_address,
        edit.communication_mark,
        edit.patient_only,
        edit.language,
        at
    )
    .execute(scope.connection())
    .await?;
    Ok(())
}

pub struct Changed<'a> {
    pub what: &'a str,
    pub old: Option<&'a str>,
    pub new: Option<&'a str>,
    pub reason: Option<&'a str>,
}

pub async fn add_history(
    scope: &mut Scope,
    person: PersonId,
    by: &str,
    changed: &Changed<'_>,
    at: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "insert into change_history (at, by_whom, person_id, what, old_value, new_value, reason)
         values ($1, $2, $3, $4, $5, $6, $7)",
        at,
        by,
        person.as_uuid(),
        changed.what,
        changed.old,
        changed.new,
        changed.reason
    )
    .execute(scope.connection())
    .await?;
    Ok(())
}

pub struct History {
    pub at: DateTime<Utc>,
    pub by_whom: String,
    pub what: String,
    pub old_value: Option<String>,
    pub new_value: Option<String>,
    pub reason: Option<String>,
}

pub async fn history(scope: &mut Scope, person: PersonId, limit: i64) -> Result<Vec<History>> {
    Ok(sqlx::query_as!(
        History,
        "select at, by_whom, what, old_value, new_value, reason from change_history
         where person_id = $1
            or person_id in (select p.person_id from person p where p.merged_into = $1)
         order by at desc, change_id desc limit $2",
        person.as_uuid(),
        limit
    )
    .fetch_all(scope.connection())
    .await?)
}

/// The newest number of a contact is the first that is dialled.
pub async fn put_first(scope: &mut Scope, contact: ContactId, e164: &str) -> Result<()> {
    sqlx::query!(
        "update number set position = (select min(o.position) - 1 from number o
             where o.contact_id = $1) where contact_id = $1 and e164 = $2",
        contact.as_uuid(),
        e164
    )
    .execute(scope.connection())
    .await?;
    Ok(())
}

/// A number that was told again is no longer known to be bad; one that a stranger answered
/// stays blocked.
pub async fn tell_again(
    scope: &mut Scope,
    contact: ContactId,
    e164: &str,
    source: &str,
    valid_until: Option<NaiveDate>,
    at: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "update number set source = $3, valid_until = $4,
             state = case when state in ('invalid', 'suspect') then 'unverified' else state end,
             state_at = $5
         where contact_id = $1 and e164 = $2",
        contact.as_uuid(),
        e164,
        source,
        valid_until,
        at
    )
    .execute(scope.connection())
    .await?;
    Ok(())
}

/// Follow-ups that waited for a number are due again, their repair tasks are done.
pub async fn reopen_repaired(
    scope: &mut Scope,
    person: PersonId,
    by: &str,
    at: DateTime<Utc>,
) -> Result<u64> {
    let done = sqlx::query!(
        "update task set state = 'due', why = 'number_repaired', not_before = $2, updated_at = $2
         where person_id = $1 and kind = 'follow_up' and state = 'waiting_repair'",
        person.as_uuid(),
        at
    )
    .execute(scope.connection())
    .await?;
    // A run that had ended for want of anybody to dial goes on with them.
    sqlx::query!(
        "update run set state = 'running', ended_at = null where state = 'finished'
           and run_id in (select t.run_id from task t where t.person_id = $1
               and t.kind = 'follow_up' and t.state = 'due')",
        person.as_uuid()
    )
    .execute(scope.connection())
    .await?;
    sqlx::query!(
        "update task set state = 'completed', done_by = $2, updated_at = $3
         where person_id = $1 and kind = 'repair_task'
           and state not in ('completed', 'cancelled')",
        person.as_uuid(),
        by,
        at
    )
    .execute(scope.connection())
    .await?;
    Ok(done.rows_affected())
}

pub async fn set_informed(scope: &mut Scope, contact: ContactId, informed: bool) -> Result<bool> {
    let done = sqlx::query!(
        "update contact set informed = $2 where contact_id = $1",
        contact.as_uuid(),
        informed
    )
    .execute(scope.connection())
    .await?;
    Ok(done.rows_affected() == 1)
}

pub async fn block_number(
    scope: &mut Scope,
    number: NumberId,
    state: &str,
    at: DateTime<Utc>,
) -> Result<Option<Uuid>> {
    Ok(sqlx::query_scalar!(
        "update number n set state = $2, state_at = $3 from contact c
         where n.number_id = $1 and c.contact_id = n.contact_id returning c.person_id",
        number.as_uuid(),
        state,
        at
    )
    .fetch_optional(scope.connection())
    .await?)
}
