//! What a person may ask of us about the rows that are theirs: all of them in one piece, no
//! further use, none that tells who they are.

use chrono::{DateTime, Utc};
use serde_json::Value;
use uuid::Uuid;

use super::{Result, Scope};
use crate::base::PersonId;

/// Where a person stands; locked until the transaction ends.
pub struct Standing {
    pub restricted_at: Option<DateTime<Utc>>,
    pub restricted_why: Option<String>,
    pub restricted_by: Option<String>,
    pub erased_at: Option<DateTime<Utc>>,
}

pub async fn lock(scope: &mut Scope, person: PersonId) -> Result<Option<Standing>> {
    Ok(sqlx::query_as!(
        Standing,
        "select restricted_at, restricted_why, restricted_by, erased_at from person
         where person_id = $1 for update",
        person.as_uuid()
    )
    .fetch_optional(scope.connection())
    .await?)
}

/// By id, or by record number (病案号).
pub async fn find(scope: &mut Scope, text: &str) -> Result<Option<Uuid>> {
    Ok(sqlx::query_scalar!(
        r#"select coalesce(merged_into, person_id) as "person!" from person
         where person_id::text = $1 or record_no = $1 limit 1"#,
        text
    )
    .fetch_optional(scope.connection())
    .await?)
}

pub async fn set_restricted(
    scope: &mut Scope,
    person: PersonId,
    why: &str,
    by: &str,
    at: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "update person set restricted_at = $4, restricted_why = $2, restricted_by = $3, updated_at = $4
         where person_id = $1 or merged_into = $1",
        person.as_uuid(),
        why,
        by,
        at
    )
    .execute(scope.connection())
    .await?;
    Ok(())
}

/// Plans and tasks that ended for the restriction alone go on; answers how many tasks.
pub async fn lift(scope: &mut Scope, person: PersonId, at: DateTime<Utc>) -> Result<u64> {
    sqlx::query!(
        "update person set restricted_at = null, restricted_why = null, restricted_by = null,
             updated_at = $2 where person_id = $1 or merged_into = $1",
        person.as_uuid(),
        at
    )
    .execute(scope.connection())
    .await?;
    sqlx::query!(
        "update plan set state = 'active', end_reason = null, ended_at = null, updated_at = $2
         where person_id = $1 and state = 'ended' and end_reason = 'restricted'",
        person.as_uuid(),
        at
    )
    .execute(scope.connection())
    .await?;
    let tasks = sqlx::query!(
        "update task set state = 'pending', why = null, updated_at = $2
         where person_id = $1 and state = 'cancelled' and why = 'restricted'",
        person.as_uuid(),
        at
    )
    .execute(scope.connection())
    .await?;
    Ok(tasks.rows_affected())
}

pub struct Erasure {
    pub erasure_id: Uuid,
    pub reason: String,
    pub asked_by: String,
    pub asked_at: DateTime<Utc>,
}

/// The one that waits for a second person.
pub async fn open_erasure(scope: &mut Scope, person: PersonId) -> Result<Option<Erasure>> {
    Ok(sqlx::query_as!(
        Erasure,
        "select erasure_id, reason, asked_by, asked_at from erasure
         where person_id = $1 and confirmed_at is null and withdrawn_at is null",
        person.as_uuid()
    )
    .fetch_optional(scope.connection())
    .await?)
}

pub async fn ask_erasure(
    scope: &mut Scope,
    (id, person): (Uuid, PersonId),
    reason: &str,
    by: &str,
    at: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "insert into erasure (erasure_id, person_id, reason, asked_by, asked_at)
         values ($1, $2, $3, $4, $5)",
        id,
        person.as_uuid(),
        reason,
        by,
        at
    )
    .execute(scope.connection())
    .await?;
    Ok(())
}

pub async fn withdraw_erasure(
    scope: &mut Scope,
    erasure: Uuid,
    by: &str,
    at: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "update erasure set withdrawn_by = $2, withdrawn_at = $3 where erasure_id = $1",
        erasure,
        by,
        at
    )
    .execute(scope.connection())
    .await?;
    Ok(())
}

/// All that tells who it is goes; the database asks for the second person once more.
pub async fn erase(scope: &mut Scope, erasure: Uuid, by: &str, at: DateTime<Utc>) -> Result<()> {
    sqlx::query!(
        "update erasure set confirmed_by = $2, confirmed_at = $3 where erasure_id = $1",
        erasure,
        by,
        at
    )
    .execute(scope.connection())
    .await?;
    sqlx::query!(r#"select erase_person($1) is null as "done!""#, erasure)
        .fetch_one(scope.connection())
        .await?;
    Ok(())
}

pub struct Recorded {
    pub recording_id: Uuid,
    pub path: String,
    pub state: String,
    pub held_because: Option<String>,
}

/// Every recording of this person's calls, locked.
pub async fn recordings(scope: &mut Scope, person: PersonId) -> Result<Vec<Recorded>> {
    Ok(sqlx::query_as!(
        Recorded,
        r#"select r.recording_id, r.path, r.state,
             (select h.reason from recording_hold h where h.recording_id = r.recording_id
              and h.released_at is null limit 1) as held_because
         from recording r join call c using (call_id)
         where c.person_id = $1 or c.person_id in (select p.person_id from person p
             where p.merged_into = $1)
         order by r.recording_id for update of r"#,
        person.as_uuid()
    )
    .fetch_all(scope.connection())
    .await?)
}

/// All that is stored about one person; `None`: there is no such person.
pub async fn export(scope: &mut Scope, person: PersonId) -> Result<Option<Value>> {
    Ok(sqlx::query_scalar!(
        r#"with people as (select * from person where person_id = $1 or merged_into = $1),
             calls as (select c.* from call c where c.person_id in (select person_id from people))
         select jsonb_build_object(
             'person', (select jsonb_agg(to_jsonb(p)) from people p),
             'contacts', (select jsonb_agg(to_jsonb(t) || jsonb_build_object('numbers',
                     (select jsonb_agg(to_jsonb(n) order by n.position) from number n
                      where n.contact_id = t.contact_id)) order by t.position)
                 from contact t where t.person_id in (select person_id from people)),
             'consents', (select jsonb_agg(to_jsonb(t) order by t.at) from consent t
                 where t.person_id in (select person_id from people)),
             'admissions', (select jsonb_agg(to_jsonb(t) || jsonb_build_object(
                     'diagnoses', (select jsonb_agg(to_jsonb(d)) from diagnosis d
                         where d.admission_id = t.admission_id),
                     'operations', (select jsonb_agg(to_jsonb(d)) from operation d
                         where d.admission_id = t.admission_id)) order by t.admitted_on)
                 from admission t where t.person_id in (select person_id from people)),
             'plans', (select jsonb_agg(to_jsonb(t) order by t.created_at) from plan t
                 where t.person_id in (select person_id from people)),
             'tasks', (select jsonb_agg(to_jsonb(t) order by t.due_at) from task t
                 where t.person_id in (select person_id from people)),
             'attempts', (select jsonb_agg(to_jsonb(t) order by t.claimed_at) from attempt t
                 where t.person_id in (select person_id from people)),
             'calls', (select jsonb_agg(to_jsonb(t) order by t.started_at) from calls t),
             'recordings', (select jsonb_agg(to_jsonb(t) order by t.started_at) from recording t
                 where t.call_id in (select call_id from calls)),
             'voicemails', (select jsonb_agg(to_jsonb(t) order by t.left_at) from voicemail t
                 where t.person_id in (select person_id from people)),
             'answers', (select jsonb_agg(to_jsonb(t) order by t.at) from answer t
                 where t.person_id in (select person_id from people)),
             'alerts', (select jsonb_agg(to_jsonb(t) order by t.raised_at) from alert t
                 where t.person_id in (select person_id from people)),
             'opinions', (select jsonb_agg(to_jsonb(t) order by t.proposed_at) from opinion t
                 where t.person_id in (select person_id from people)),
             'past_follow_ups', (select jsonb_agg(to_jsonb(t) order by t.done_on) from past_follow_up t
                 where t.person_id in (select person_id from people)),
             'appointments', (select jsonb_agg(to_jsonb(t) order by t.planned_on) from appointment t
                 where t.person_id in (select person_id from people)),
             'adjustments', (select jsonb_agg(to_jsonb(t) order by t.at) from adjustment t
                 where t.person_id in (select person_id from people)),
             'complaints', (select jsonb_agg(to_jsonb(t) order by t.registered_at) from complaint t
                 where t.person_id in (select person_id from people)),
             'enquiries', (select jsonb_agg(to_jsonb(t) order by t.taken_at) from enquiry t
                 where t.person_id in (select person_id from people)),
             'decisions', (select jsonb_agg(to_jsonb(t) order by t.at) from decision t
                 where t.person_id in (select person_id from people)),
             'changes', (select jsonb_agg(to_jsonb(t) order by t.at) from change_history t
                 where t.person_id in (select person_id from people)),
             'ring_tests', (select jsonb_agg(to_jsonb(t) order by t.begun_at) from ring_test t
                 where t.person_id in (select person_id from people)),
             'erasures', (select jsonb_agg(to_jsonb(t) order by t.asked_at) from erasure t
                 where t.person_id in (select person_id from people)),
             'seen_by', (select jsonb_agg(jsonb_build_object('at', t.at, 'who', t.who, 'did', t.did)
                     order by t.audit_id) from audit t
                 where t.subject = 'person' and t.subject_id in (select person_id::text from people))
         ) as "all!" from people where person_id = $1"#,
        person.as_uuid()
    )
    .fetch_optional(scope.connection())
    .await?)
}

pub struct Consented {
    pub scope: String,
    pub decision: String,
    pub wording_version: String,
    pub channel: String,
    pub call_id: Option<Uuid>,
    pub by_whom: String,
    pub at: DateTime<Utc>,
}

/// What was agreed to, refused and withdrawn, the latest first.
pub async fn consents(scope: &mut Scope, person: PersonId) -> Result<Vec<Consented>> {
    Ok(sqlx::query_as!(
        Consented,
        "select scope, decision, wording_version, channel, call_id, by_whom, at from consent
         where person_id = $1 order by at desc, consent_id desc limit 200",
        person.as_uuid()
    )
    .fetch_all(scope.connection())
    .await?)
}
