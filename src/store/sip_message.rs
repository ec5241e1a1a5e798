//! The messages of calls, as they are kept for whoever looks for a fault.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{Result, Scope};
use crate::base::CallId;

#[derive(Clone, Debug)]
pub struct Message {
    pub call_id: Uuid,
    pub role: String,
    pub at: DateTime<Utc>,
    pub is_ours: bool,
    pub transport: String,
    pub local: String,
    pub remote: String,
    pub sip_call_id: String,
    /// Absent: a request.
    pub status: Option<i16>,
    pub cseq: i64,
    pub method: String,
    pub message: String,
    pub is_cut: bool,
}

/// In their order. Those of a call that is not there are left out; answers how many are kept.
pub async fn insert(scope: &mut Scope, messages: &[Message]) -> Result<u64> {
    let column = |of: fn(&Message) -> &str| messages.iter().map(of).collect::<Vec<_>>();
    let calls: Vec<_> = messages.iter().map(|message| message.call_id).collect();
    let times: Vec<_> = messages.iter().map(|message| message.at).collect();
    let ours: Vec<_> = messages.iter().map(|message| message.is_ours).collect();
    let statuses: Vec<_> = messages.iter().map(|message| message.status).collect();
    let numbers: Vec<_> = messages.iter().map(|message| message.cseq).collect();
    let cut: Vec<_> = messages.iter().map(|message| message.is_cut).collect();
    let done = sqlx::query!(
        "insert into sip_message (call_id, role, at, is_ours, transport, local, remote, sip_call_id,
             status, cseq, method, message, is_cut)
         select m.call_id, m.role, m.at, m.is_ours, m.transport, m.local, m.remote, m.sip_call_id,
             m.status, m.cseq, m.method, m.message, m.is_cut
         from unnest($1::uuid[], $2::text[], $3::timestamptz[], $4::boolean[], $5::text[],
             $6::text[], $7::text[], $8::text[], $9::smallint[], $10::bigint[], $11::text[],
             $12::text[], $13::boolean[]) with ordinality
             as m (call_id, role, at, is_ours, transport, local, remote, sip_call_id, status, cseq,
                 method, message, is_cut, place)
         join call c on c.call_id = m.call_id
         order by m.place",
        &calls,
        column(|m| &m.role) as Vec<&str>,
        &times,
        &ours,
        column(|m| &m.transport) as Vec<&str>,
        column(|m| &m.local) as Vec<&str>,
        column(|m| &m.remote) as Vec<&str>,
        column(|m| &m.sip_call_id) as Vec<&str>,
        &statuses as &[Option<i16>],
        &numbers,
        column(|m| &m.method) as Vec<&str>,
        column(|m| &m.message) as Vec<&str>,
        &cut
    )
    .execute(scope.connection())
    .await?;
    Ok(done.rows_affected())
}

/// In the order in which they passed, at most `limit`.
pub async fn of_call(scope: &mut Scope, call: CallId, limit: i64) -> Result<Vec<Message>> {
    Ok(sqlx::query_as!(
        Message,
        "select call_id, role, at, is_ours, transport, local, remote, sip_call_id, status, cseq,
             method, message, is_cut
         from sip_message where call_id = $1 order by at, message_id limit $2",
        call.as_uuid(),
        limit
    )
    .fetch_all(scope.connection())
    .await?)
}

/// The oldest, at most `limit`; answers how many there were.
pub async fn erase_before(scope: &mut Scope, before: DateTime<Utc>, limit: i64) -> Result<u64> {
    let done = sqlx::query!(
        "delete from sip_message where message_id in
             (select message_id from sip_message where at < $1 order by at limit $2)",
        before,
        limit
    )
    .execute(scope.connection())
    .await?;
    Ok(done.rows_affected())
}

/// What is more than so many, the oldest first and at most `limit`. Counted by the ids that
/// were given out, so never too few are erased; those erased by age leave gaps, and then fewer
/// are kept than could be.
pub async fn erase_beyond(scope: &mut Scope, kept_max: i64, limit: i64) -> Result<u64> {
    let done = sqlx::query!(
        "delete from sip_message where message_id in
             (select message_id from sip_message
              where message_id <= (select max(message_id) from sip_message) - $1
              order by message_id limit $2)",
        kept_max,
        limit
    )
    .execute(scope.connection())
    .await?;
    Ok(done.rows_affected())
}

/// What stands in the record of a call and of the dial that it was: for its explanation.
#[derive(Clone, Debug)]
pub struct Facts {
    pub direction: String,
    pub remote: String,
    pub trunk: Option<String>,
    pub started_at: DateTime<Utc>,
    pub answered_at: Option<DateTime<Utc>>,
    pub ended_at: Option<DateTime<Utc>>,
    pub end_why: Option<String>,
    pub dial_status: Option<i16>,
    pub dial_q850: Option<i16>,
    pub rang: Option<bool>,
    pub early_media: Option<String>,
    pub tone: Option<String>,
    pub answered: Option<bool>,
    pub we_cancelled: Option<bool>,
    pub voice_heard: Option<bool>,
    pub keys_given: Option<bool>,
    pub conversation: Option<String>,
    /// `confirmed` or `failed`; absent: it was not asked for, or not answered.
    pub identity: Option<String>,
    pub outcome: Option<String>,
    pub why: Option<String>,
    pub trunks_tried: Option<serde_json::Value>,
    pub task_state: Option<String>,
    pub put_off_until: Option<DateTime<Utc>>,
    pub put_off_because: Option<String>,
}

pub async fn facts(scope: &mut Scope, call: CallId) -> Result<Option<Facts>> {
    Ok(sqlx::query_as!(
        Facts,
        r#"select c.direction, c.remote, c.trunk, c.started_at, c.answered_at, c.ended_at, c.end_why,
             a.sip_status as "dial_status?", a.q850 as "dial_q850?", a.rang as "rang?",
             a.early_media as "early_media?", a.tone as "tone?", a.answered as "answered?",
             a.we_cancelled as "we_cancelled?", a.voice_heard as "voice_heard?",
             a.keys_given as "keys_given?", a.conversation as "conversation?",
             (select w.option_code from answer w where w.call_id = c.call_id
                 and w.link_id = 'open.identity' order by w.at desc limit 1) as "identity?",
             a.outcome as "outcome?", a.why as "why?", a.trunks_tried as "trunks_tried?",
             t.state as "task_state?", d.until as "put_off_until?",
             d.facts->>'because' as "put_off_because?"
         from call c left join attempt a on a.attempt_id = c.attempt_id
             left join task t on t.task_id = c.task_id
             left join lateral (select w.until, w.facts from decision w
                 where w.task_id = a.task_id and w.what = 'put_off' and w.at = a.ended_at
                 order by w.decision_id desc limit 1) d on true
         where c.call_id = $1"#,
        call.as_uuid()
    )
    .fetch_optional(scope.connection())
    .await?)
}
