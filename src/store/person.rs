//! People, their contacts and numbers, consent, and the lists of whom never to call.

use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

use super::{Result, Scope};
use crate::base::{CallId, ContactId, E164, NumberId, PersonId};

pub struct NewPerson<'a> {
    pub id: PersonId,
    pub record_no: Option<&'a str>,
    pub id_card: Option<&'a str>,
    pub name: &'a str,
    pub sex: &'a str,
    pub birth_date: Option<NaiveDate>,
    pub home_address: Option<&'a str>,
    pub language: &'a str,
}

/// By record number or identity card, whichever is known; of one that was merged, whoever
/// it was merged into. Which of the pairs, from 1.
pub async fn find_all(
    scope: &mut Scope,
    record_nos: &[Option<&str>],
    id_cards: &[Option<&str>],
) -> Result<Vec<(usize, PersonId)>> {
    let rows = sqlx::query!(
        r#"select distinct on (f.n) f.n as "n!", coalesce(p.merged_into, p.person_id) as "person!"
         from (select k.n, q.person_id, 0 as rank
                 from unnest($1::text[]) with ordinality as k (no, n)
                     join person q on q.record_no = k.no
             union all select k.n, q.person_id, 1
                 from unnest($2::text[]) with ordinality as k (card, n)
                     join person q on q.id_card = k.card) f
             join person p using (person_id)
         order by f.n, f.rank"#,
        record_nos as _,
        id_cards as _
    )
    .fetch_all(scope.connection())
    .await?;
    let at = |n: i64| usize::try_from(n).unwrap_or_default();
    Ok(rows.into_iter().map(|row| (at(row.n), PersonId::from_uuid(row.person))).collect())
}

pub async fn insert_all(scope: &mut Scope, new: &[NewPerson<'_>], at: DateTime<Utc>) -> Result<()> {
    sqlx::query!(
        "insert into person (person_id, record_no, id_card, name, sex, birth_date, home_address,
             language, created_at, updated_at)
         select n.*, $9, $9 from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[],
             $6::date[], $7::text[], $8::text[]) as n",
        &new.iter().map(|n| *n.id.as_uuid()).collect::<Vec<_>>(),
        &new.iter().map(|n| n.record_no.map(str::to_owned)).collect::<Vec<_>>() as _,
        &new.iter().map(|n| n.id_card.map(str::to_owned)).collect::<Vec<_>>() as _,
        &new.iter().map(|n| n.name.to_owned()).collect::<Vec<_>>(),
        &new.iter().map(|n| n.sex.to_owned()).collect::<Vec<_>>(),
        &new.iter().map(|n| n.birth_date).collect::<Vec<_>>() as _,
        &new.iter().map(|n| n.home_address.map(str::to_owned)).collect::<Vec<_>>() as _,
        &new.iter().map(|n| n.language.to_owned()).collect::<Vec<_>>(),
        at
    )
    .execute(scope.connection())
    .await?;
    Ok(())
}

/// The sounds of people who have none yet.
pub async fn add_sounds(scope: &mut Scope, sounds: &[(PersonId, String)]) -> Result<()> {
    sqlx::query!(
        "insert into person_sound (person_id, sound) select * from unnest($1::uuid[], $2::text[])
         on conflict do nothing",
        &sounds.iter().map(|(person, _)| *person.as_uuid()).collect::<Vec<_>>(),
        &sounds.iter().map(|(_, sound)| sound.clone()).collect::<Vec<_>>()
    )
    .execute(scope.connection())
    .await?;
    Ok(())
}

/// What a name may be typed as; what it was typed as before goes.
pub async fn set_sounds(scope: &mut Scope, person: PersonId, sounds: &[String]) -> Result<()> {
    sqlx::query!(
        "delete from person_sound where person_id = $1 and sound <> all ($2)",
        person.as_uuid(),
        sounds
    )
    .execute(scope.connection())
    .await?;
    sqlx::query!(
        "insert into person_sound (person_id, sound) select $1, unnest($2::text[])
         on conflict do nothing",
        person.as_uuid(),
        sounds
    )
    .execute(scope.connection())
    .await?;
    Ok(())
}

/// People without sounds: from before there were any.
pub async fn unsounded(scope: &mut Scope, limit: i64) -> Result<Vec<(Uuid, String)>> {
    let rows = sqlx::query!(
        "select p.person_id, p.name from person p
         where p.merged_into is null
           and not exists (select from person_sound s where s.person_id = p.person_id) limit $1",
        limit
    )
    .fetch_all(scope.connection())
    .await?;
    Ok(rows.into_iter().map(|row| (row.person_id, row.name)).collect())
}

pub async fn record_death(scope: &mut Scope, person: PersonId, on: NaiveDate) -> Result<()> {
    sqlx::query!(
        "update person set died_on = coalesce(died_on, $2) where person_id = $1",
        person.as_uuid(),
        on
    )
    .execute(scope.connection())
    .await?;
    Ok(())
}

/// No machine contacts this person again.
pub async fn stop_automatic_contact(
    scope: &mut Scope,
    person: PersonId,
    why: &str,
    at: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "update person set automatic_contact_stopped_at = coalesce(automatic_contact_stopped_at, $3),
             automatic_contact_stopped_why = coalesce(automatic_contact_stopped_why, $2),
             updated_at = $3
         where person_id = $1",
        person.as_uuid(),
        why,
        at
    )
    .execute(scope.connection())
    .await?;
    Ok(())
}

pub struct NewContact<'a> {
    pub id: ContactId,
    pub person: PersonId,
    pub relation: &'a str,
    pub name: Option<&'a str>,
    pub informed: bool,
}

/// The contact of this person with this relation, made when it is not there.
pub async fn contact(
    scope: &mut Scope,
    contact: &NewContact<'_>,
    at: DateTime<Utc>,
) -> Result<ContactId> {
    let known = sqlx::query_scalar!(
        "select contact_id from contact
         where person_id = $1 and relation = $2 and name is not distinct from $3",
        contact.person.as_uuid(),
        contact.relation,
        contact.name
    )
    .fetch_optional(scope.connection())
    .await?;
    if let Some(known) = known {
        return Ok(ContactId::from_uuid(known));
    }
    sqlx::query!(
        "insert into contact (contact_id, person_id, position, relation, name, informed, created_at)
         values ($1, $2, (select coalesce(max(position) + 1, 0) from contact where person_id = $2),
             $3, $4, $5, $6)",
        contact.id.as_uuid(),
        contact.person.as_uuid(),
        contact.relation,
        contact.name,
        contact.informed,
        at
    )
    .execute(scope.connection())
    .await?;
    Ok(contact.id)
}

pub struct NewNumber<'a> {
    pub id: NumberId,
    pub contact: ContactId,
    pub e164: &'a E164,
    pub extension: Option<&'a str>,
    pub kind: &'a str,
    pub raw: &'a str,
    pub source: &'a str,
}

/// Known numbers of the contact stay as they are, with all that was learnt of them.
pub async fn add_number(
    scope: &mut Scope,
    number: &NewNumber<'_>,
    at: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "insert into number (number_id, contact_id, position, e164, extension, kind, raw, source,
             created_at, state_at)
         values ($1, $2, (select coalesce(max(position) + 1, 0) from number where contact_id = $2),
             $3, $4, $5, $6, $7, $8, $8)
         on conflict (contact_id, e164) do nothing",
        number.id.as_uuid(),
        number.contact.as_uuid(),
        number.e164.as_str(),
        number.extension,
        number.kind,
        number.raw,
        number.source,
        at
    )
    .execute(scope.connection())
    .await?;
    Ok(())
}

/// A number of the ladder, with whose it is and what is known of it.
#[derive(Clone)]
pub struct LadderRow {
    pub contact_id: Uuid,
    pub relation: String,
    pub informed: bool,
    pub number_id: Uuid,
    pub e164: String,
    pub kind: String,
    pub state: String,
    pub valid_until: Option<NaiveDate>,
    pub last_answered_at: Option<DateTime<Utc>>,
    pub do_not_call: bool,
}

/// Somebody who has a number, for a screen that pops.
pub struct Candidate {
    pub person_id: Uuid,
    pub name: String,
    pub sex: String,
    pub birth_date: Option<NaiveDate>,
    pub relation: String,
    pub department: Option<String>,
    pub discharged_on: Option<NaiveDate>,
    /// The most urgent of what is open.
    pub open_task: Option<Uuid>,
}

/// All who share it; the one with the most urgent open follow-up first.
pub async fn with_number(scope: &mut Scope, e164: &str, limit: i64) -> Result<Vec<Candidate>> {
    Ok(sqlx::query_as!(
        Candidate,
        r#"select p.person_id, p.name, p.sex, p.birth_date, c.relation,
             d.name as "department?", s.discharged_on as "discharged_on?", o.task_id as "open_task?"
         from number n join contact c using (contact_id) join person p on p.person_id = c.person_id
             left join lateral (select a.department_id, a.discharged_on from admission a
                 where a.person_id = p.person_id order by a.discharged_on desc limit 1) s on true
             left join department d on d.department_id = s.department_id
             left join lateral (select t.task_id, t.priority, t.deadline_on from task t
                 where t.person_id = p.person_id and t.kind = 'follow_up'
                   and t.state in ('due', 'assigned', 'in_progress', 'waiting_retry',
                       'needs_person', 'waiting_repair', 'uncertain')
                 order by t.priority desc, t.deadline_on nulls last limit 1) o on true
         where n.e164 = $1 and n.state <> 'blocked' and s.discharged_on is not null
         order by o.task_id is null, o.priority desc nulls last, s.discharged_on desc, p.person_id
         limit $2"#,
        e164,
        limit
    )
    .fetch_all(scope.connection())
    .await?)
}

/// Everybody's numbers, in the order in which the patient named them.
pub async fn ladder(scope: &mut Scope, person: PersonId) -> Result<Vec<LadderRow>> {
    Ok(sqlx::query_as!(
        LadderRow,
        r#"select c.contact_id, c.relation, c.informed, n.number_id, n.e164, n.kind, n.state,
             n.valid_until,
             (select max(t.answered_at) from attempt t where t.number_id = n.number_id)
                 as last_answered_at,
             exists (select from do_not_call d where d.e164 = n.e164 and d.revoked_at is null)
                 as "do_not_call!"
         from contact c join number n using (contact_id)
         where c.person_id = $1 order by c.position, n.position"#,
        person.as_uuid()
    )
    .fetch_all(scope.connection())
    .await?)
}

pub async fn set_number_state(
    scope: &mut Scope,
    number: NumberId,
    state: &str,
    at: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "update number set state = $2, state_at = $3 where number_id = $1 and state <> 'blocked'",
        number.as_uuid(),
        state,
        at
    )
    .execute(scope.connection())
    .await?;
    Ok(())
}

/// What a dial says of the number; answers on how many days it has said the same.
pub async fn add_proof(
    scope: &mut Scope,
    number: NumberId,
    attempt: Option<Uuid>,
    says: &str,
    zone: &str,
    at: DateTime<Utc>,
) -> Result<i64> {
    sqlx::query!(
        "insert into number_proof (number_id, at, attempt_id, says) values ($1, $2, $3, $4)
         on conflict do nothing",
        number.as_uuid(),
        at,
        attempt,
        says
    )
    .execute(scope.connection())
    .await?;
    let days = sqlx::query_scalar!(
        r#"select count(distinct (at at time zone $3)::date) as "days!" from number_proof
         where number_id = $1 and says = $2
           and at > coalesce((select max(at) from number_proof
                              where number_id = $1 and says <> $2), '-infinity')"#,
        number.as_uuid(),
        says,
        zone
    )
    .fetch_one(scope.connection())
    .await?;
    Ok(days)
}

pub struct Consent<'a> {
    pub person: PersonId,
    pub scope: &'a str,
    pub decision: &'a str,
    pub wording_version: &'a str,
    pub channel: &'a str,
    pub call: Option<CallId>,
    pub by_whom: &'a str,
}

pub async fn add_consent(
    scope: &mut Scope,
    id: Uuid,
    consent: &Consent<'_>,
    at: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "insert into consent (consent_id, person_id, scope, decision, wording_version, channel,
             call_id, by_whom, at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        id,
        consent.person.as_uuid(),
        consent.scope,
        consent.decision,
        consent.wording_version,
        consent.channel,
        consent.call.as_ref().map(CallId::as_uuid),
        consent.by_whom,
        at
    )
    .execute(scope.connection())
    .await?;
    Ok(())
}

pub async fn do_not_call(
    scope: &mut Scope,
    e164: &str,
    reason: &str,
    by_whom: &str,
    at: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "insert into do_not_call (e164, reason, by_whom, at) values ($1, $2, $3, $4)
         on conflict (e164) do update set revoked_at = null, revoked_by = null, reason = $2,
             by_whom = $3, at = $4 where do_not_call.revoked_at is not null",
        e164,
        reason,
        by_whom,
        at
    )
    .execute(scope.connection())
    .await?;
    Ok(())
}

pub struct DoNotCall {
    pub e164: String,
    pub reason: String,
    pub by_whom: String,
    pub at: DateTime<Utc>,
    pub revoked_at: Option<DateTime<Utc>>,
    pub revoked_by: Option<String>,
}

pub async fn do_not_call_list(
    scope: &mut Scope,
    limit: i64,
    offset: i64,
) -> Result<Vec<DoNotCall>> {
    Ok(sqlx::query_as!(
        DoNotCall,
        "select e164, reason, by_whom, at, revoked_at, revoked_by from do_not_call
         order by revoked_at is not null, at desc limit $1 offset $2",
        limit,
        offset
    )
    .fetch_all(scope.connection())
    .await?)
}

pub async fn is_do_not_call(scope: &mut Scope, e164: &str) -> Result<bool> {
    Ok(sqlx::query_scalar!(
        r#"select exists (select from do_not_call where e164 = $1 and revoked_at is null) as "on!""#,
        e164
    )
    .fetch_one(scope.connection())
    .await?)
}

/// `false`: the number is not on the list.
pub async fn revoke_do_not_call(
    scope: &mut Scope,
    e164: &str,
    by_whom: &str,
    at: DateTime<Utc>,
) -> Result<bool> {
    let done = sqlx::query!(
        "update do_not_call set revoked_at = $3, revoked_by = $2
         where e164 = $1 and revoked_at is null",
        e164,
        by_whom,
        at
    )
    .execute(scope.connection())
    .await?;
    Ok(done.rows_affected() > 0)
}

/// What the dialler must know of a person besides the tables of dials.
pub struct Standing {
    pub died: bool,
    pub refused: bool,
    pub automatic_contact_stopped: bool,
    pub restricted: bool,
    /// In hospital again: somebody there can ask.
    pub readmitted: bool,
    pub patient_only: bool,
    pub communication_mark: Option<String>,
    pub name: String,
    pub name_reading: Option<String>,
    pub sex: String,
    pub birth_date: Option<NaiveDate>,
    pub language: String,
}

/// The person, locked until the transaction ends: two claims for one person wait for
/// each other.
pub async fn standing(scope: &mut Scope, person: PersonId) -> Result<Standing> {
    Ok(sqlx::query_as!(
        Standing,
        r#"select p.died_on is not null as "died!",
             coalesce((select c.decision <> 'given' from consent c
                 where c.person_id = p.person_id and c.scope = 'call'
                 order by c.at desc limit 1), false) as "refused!",
             p.automatic_contact_stopped_at is not null as "automatic_contact_stopped!",
             p.restricted_at is not null as "restricted!",
             exists (select from admission a where a.person_id = p.person_id
                 and a.discharged_on is null and a.cancelled_at is null) as "readmitted!",
             p.patient_only, p.communication_mark,
             p.name, p.name_reading, p.sex, p.birth_date, p.language
         from person p where p.person_id = $1 for update of p"#,
        person.as_uuid()
    )
    .fetch_one(scope.connection())
    .await?)
}
