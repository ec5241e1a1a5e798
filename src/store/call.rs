//! Calls and their legs.

use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

use super::{Result, Scope};
use crate::base::{AttemptId, CallId, LegId, PersonId, TaskId, UserId};

pub struct NewCall<'a> {
    pub id: CallId,
    pub attempt: Option<AttemptId>,
    pub task: Option<TaskId>,
    pub person: Option<PersonId>,
    pub department: Option<Uuid>,
    pub direction: &'a str,
    pub remote: &'a str,
    pub trunk: Option<&'a str>,
    pub dialplan: &'a str,
    pub dialplan_sha256: &'a str,
    pub node: &'a str,
    pub epoch: i64,
}

pub async fn insert(scope: &mut Scope, new: &NewCall<'_>, at: DateTime<Utc>) -> Result<()> {
    sqlx::query!(
        "insert into call (call_id, attempt_id, task_id, person_id, department_id, direction, state,
             remote, trunk, dialplan, dialplan_sha256, owner_node, owner_epoch, started_at)
         values ($1, $2, $3, $4, $5, $6, 'dialling', $7, $8, $9, $10, $11, $12, $13)",
        new.id.as_uuid(),
        new.attempt.as_ref().map(AttemptId::as_uuid),
        new.task.as_ref().map(TaskId::as_uuid),
        new.person.as_ref().map(PersonId::as_uuid),
        new.department,
        new.direction,
        new.remote,
        new.trunk,
        new.dialplan,
        new.dialplan_sha256,
        new.node,
        new.epoch,
        at
    )
    .execute(scope.connection())
    .await?;
    Ok(())
}

pub async fn set_trunk(scope: &mut Scope, call: CallId, trunk: &str) -> Result<()> {
    sqlx::query!("update call set trunk = $2 where call_id = $1", call.as_uuid(), trunk)
        .execute(scope.connection())
        .await?;
    Ok(())
}

pub async fn set_state(
    scope: &mut Scope,
    call: CallId,
    state: &str,
    at: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "update call set state = $2,
             answered_at = case when $2 = 'answered' then coalesce(answered_at, $3)
                 else answered_at end
         where call_id = $1 and state <> 'ended'",
        call.as_uuid(),
        state,
        at
    )
    .execute(scope.connection())
    .await?;
    Ok(())
}

/// Who of ours talks in it.
pub async fn set_agent(scope: &mut Scope, call: CallId, agent: UserId) -> Result<()> {
    sqlx::query!("update call set agent = $2 where call_id = $1", call.as_uuid(), agent.as_uuid())
        .execute(scope.connection())
        .await?;
    Ok(())
}

/// Answers whether there is such a call.
pub async fn set_note(scope: &mut Scope, call: CallId, note: &str) -> Result<bool> {
    let done = sqlx::query!("update call set note = $2 where call_id = $1", call.as_uuid(), note)
        .execute(scope.connection())
        .await?;
    Ok(done.rows_affected() == 1)
}

pub async fn end(scope: &mut Scope, call: CallId, why: &str, at: DateTime<Utc>) -> Result<()> {
    sqlx::query!(
        "update call set state = 'ended', ended_at = coalesce(ended_at, $3),
             end_why = coalesce(end_why, $2) where call_id = $1",
        call.as_uuid(),
        why,
        at
    )
    .execute(scope.connection())
    .await?;
    Ok(())
}

/// Calls of earlier lives of this node are over.
pub async fn end_orphans(
    scope: &mut Scope,
    node: &str,
    epoch: i64,
    at: DateTime<Utc>,
) -> Result<u64> {
    let done = sqlx::query!(
        "update call set state = 'ended', ended_at = $3, end_why = 'crash'
         where owner_node = $1 and owner_epoch < $2 and state <> 'ended'",
        node,
        epoch,
        at
    )
    .execute(scope.connection())
    .await?;
    Ok(done.rows_affected())
}

pub struct LegReport<'a> {
    pub id: LegId,
    pub call: CallId,
    pub role: &'a str,
    /// Whose phone it was, where that was one of ours.
    pub user: Option<UserId>,
    pub sip_call_id: &'a str,
    pub started_at: DateTime<Utc>,
    pub answered_at: Option<DateTime<Utc>>,
    pub ended_at: DateTime<Utc>,
    pub sip_status: Option<i16>,
    pub q850: Option<i16>,
    pub codec: Option<&'a str>,
    pub packets_sent: i64,
    pub packets_received: i64,
    pub packets_lost: i64,
    pub jitter_ms: f32,
    pub first_rtp_at: Option<DateTime<Utc>>,
    pub gap_max_ms: i32,
    pub round_trip_ms: Option<i32>,
}

pub async fn insert_leg(scope: &mut Scope, leg: &LegReport<'_>) -> Result<()> {
    sqlx::query!(
        "insert into leg (leg_id, call_id, role, sip_call_id, started_at, answered_at, ended_at,
             sip_status, q850, codec, packets_sent, packets_received, packets_lost, jitter_ms, user_id,
             first_rtp_at, gap_max_ms, round_trip_ms)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)
         on conflict (leg_id) do nothing",
        leg.id.as_uuid(),
        leg.call.as_uuid(),
        leg.role,
        leg.sip_call_id,
        leg.started_at,
        leg.answered_at,
        leg.ended_at,
        leg.sip_status,
        leg.q850,
        leg.codec,
        leg.packets_sent,
        leg.packets_received,
        leg.packets_lost,
        leg.jitter_ms,
        leg.user.as_ref().map(UserId::as_uuid),
        leg.first_rtp_at,
        leg.gap_max_ms,
        leg.round_trip_ms
    )
    .execute(scope.connection())
    .await?;
    Ok(())
}

#[derive(Clone)]
pub struct Listed {
    pub call_id: Uuid,
    pub direction: String,
    pub state: String,
    pub remote: String,
    pub name: Option<String>,
    pub birth_date: Option<NaiveDate>,
    pub department: Option<String>,
    pub started_at: DateTime<Utc>,
    pub answered_at: Option<DateTime<Utc>>,
    pub ended_at: Option<DateTime<Utc>>,
    pub end_why: Option<String>,
    pub outcome: Option<String>,
    pub why: Option<String>,
    pub answers: i64,
    pub recording_id: Option<Uuid>,
    pub run_id: Option<Uuid>,
    pub trunk: Option<String>,
    pub sip_status: Option<i16>,
    pub q850: Option<i16>,
}

pub struct Filter<'a> {
    pub call: Option<CallId>,
    pub run: Option<Uuid>,
    pub person: Option<Uuid>,
    pub state: &'a str,
    pub outcome: &'a str,
    pub search: &'a str,
    pub limit: i64,
    pub offset: i64,
}

pub async fn list(scope: &mut Scope, filter: &Filter<'_>) -> Result<Vec<Listed>> {
    Ok(sqlx::query_as!(
        Listed,
        r#"select c.call_id, c.direction, c.state, c.remote, p.name as "name?",
             p.birth_date as "birth_date?", d.name as "department?", c.started_at, c.answered_at,
             c.ended_at, c.end_why, a.outcome as "outcome?", a.why as "why?",
             (select count(*) from answer w where w.call_id = c.call_id) as "answers!",
             (select r.recording_id from recording r where r.call_id = c.call_id and r.kind = 'call'
                and r.state in ('finished', 'repaired')) as "recording_id?",
             t.run_id as "run_id?", c.trunk, a.sip_status as "sip_status?", a.q850 as "q850?"
         from call c left join person p on p.person_id = c.person_id
             left join department d on d.department_id = c.department_id
             left join attempt a on a.attempt_id = c.attempt_id
             left join task t on t.task_id = c.task_id
         where ($1::uuid is null or c.call_id = $1) and ($2::uuid is null or t.run_id = $2)
           and ($8::uuid is null or c.person_id = $8)
           and ($3 = '' or c.state = $3 or ($3 = 'live' and c.state <> 'ended'))
           and ($4 = '' or a.outcome = $4)
           and ($5 = '' or strpos(coalesce(p.name, ''), $5) > 0 or strpos(c.remote, $5) > 0)
         order by c.started_at desc, c.call_id limit $6 offset $7"#,
        filter.call.as_ref().map(CallId::as_uuid),
        filter.run,
        filter.state,
        filter.outcome,
        filter.search,
        filter.limit,
        filter.offset,
        filter.person
    )
    .fetch_all(scope.connection())
    .await?)
}

#[derive(Debug)]
pub struct Leg {
    pub leg_id: Uuid,
    pub role: String,
    pub started_at: DateTime<Utc>,
    pub answered_at: Option<DateTime<Utc>>,
    pub ended_at: Option<DateTime<Utc>>,
    pub sip_status: Option<i16>,
    pub q850: Option<i16>,
    pub codec: Option<String>,
    pub packets_sent: Option<i64>,
    pub packets_received: Option<i64>,
    pub packets_lost: Option<i64>,
    pub jitter_ms: Option<f32>,
    pub sip_call_id: String,
    pub first_rtp_at: Option<DateTime<Utc>>,
    pub gap_max_ms: Option<i32>,
    pub round_trip_ms: Option<i32>,
}

pub async fn legs(scope: &mut Scope, call: CallId) -> Result<Vec<Leg>> {
    Ok(sqlx::query_as!(
        Leg,
        "select leg_id, role, started_at, answered_at, ended_at, sip_status, q850, codec,
             packets_sent, packets_received, packets_lost, jitter_ms, sip_call_id, first_rtp_at,
             gap_max_ms, round_trip_ms
         from leg where call_id = $1 order by started_at",
        call.as_uuid()
    )
    .fetch_all(scope.connection())
    .await?)
}

/// Those of these calls that the scope may see.
pub async fn visible(scope: &mut Scope, calls: &[Uuid]) -> Result<Vec<Uuid>> {
    Ok(sqlx::query_scalar!("select call_id from call where call_id = any ($1)", calls)
        .fetch_all(scope.connection())
        .await?)
}

/// SIP's own Call-ID of each leg, for asking a carrier about a call.
pub async fn sip_call_ids(scope: &mut Scope) -> Result<Vec<(Uuid, String)>> {
    let rows =
        sqlx::query!("select call_id, sip_call_id from leg order by started_at desc limit 1000")
            .fetch_all(scope.connection())
            .await?;
    Ok(rows.into_iter().map(|row| (row.call_id, row.sip_call_id)).collect())
}
