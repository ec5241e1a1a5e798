//! Calls as the record sees them.

use chrono::{DateTime, Utc};
use serde_json::json;
use uuid::Uuid;

use super::{App, Change, Result, note};
use crate::{
    base::{AttemptId, CallId, LegId, PersonId, Pii, TaskId, UserId},
    store::{self, Principal, Scope},
};

#[derive(Clone, Debug)]
pub struct NewCall {
    pub id: CallId,
    pub attempt: Option<AttemptId>,
    pub task: Option<TaskId>,
    pub person: Option<PersonId>,
    pub department: Option<Uuid>,
    pub is_outbound: bool,
    /// The other side's number or user part.
    pub remote: Pii<String>,
    pub trunk: Option<String>,
    pub dialplan: String,
    pub dialplan_sha256: String,
    pub node: String,
    pub epoch: i64,
}

#[derive(Clone, Debug)]
pub struct LegEnd {
    pub id: LegId,
    pub role: &'static str,
    pub user: Option<UserId>,
    pub sip_call_id: String,
    pub started_at: DateTime<Utc>,
    pub answered_at: Option<DateTime<Utc>>,
    pub sip_status: Option<u16>,
    pub q850: Option<u8>,
    pub codec: Option<&'static str>,
    pub packets_sent: u64,
    pub packets_received: u64,
    pub packets_lost: u64,
    pub jitter_ms: f32,
    /// The first packet of the far side's sound.
    pub first_rtp_at: Option<DateTime<Utc>>,
    pub gap_max_ms: u32,
    pub round_trip_ms: Option<u32>,
}

const SYSTEM: Principal = Principal::System("call");

impl App {
    /// # Errors
    /// When the database cannot be written; the call must not go on then.
    pub async fn begin_call(&self, new: &NewCall, at: DateTime<Utc>) -> Result<()> {
        let mut scope = self.scope(&SYSTEM).await?;
        let row = store::call::NewCall {
            id: new.id,
            attempt: new.attempt,
            task: new.task,
            person: new.person,
            department: new.department,
            direction: if new.is_outbound { "outbound" } else { "inbound" },
            remote: new.remote.reveal(),
            trunk: new.trunk.as_deref(),
            dialplan: &new.dialplan,
            dialplan_sha256: &new.dialplan_sha256,
            node: &new.node,
            epoch: new.epoch,
        };
        store::call::insert(&mut scope, &row, at).await?;
        let body = json!({ "call_id": new.id });
        store::event::insert(&mut scope, "call.began", new.department, &body, at).await?;
        if new.is_outbound || new.task.is_some() {
            return self.commit(scope).await;
        }
        // A caller waits for the answer, and nobody is promised anything yet: what follows from
        // the call is committed after this row, and never without it.
        scope.commit_soon().await?;
        self.hub.wake();
        Ok(())
    }

    /// # Errors
    /// When the database cannot be written.
    pub async fn call_state(&self, call: CallId, state: &str, at: DateTime<Utc>) -> Result<()> {
        let mut scope = self.scope(&SYSTEM).await?;
        store::call::set_state(&mut scope, call, state, at).await?;
        let body = json!({ "call_id": call, "state": state });
        store::event::insert(&mut scope, "call.state", None, &body, at).await?;
        self.commit(scope).await
    }

    /// One of several legs has ended; the call may go on.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn end_leg(&self, call: CallId, leg: &LegEnd, at: DateTime<Utc>) -> Result<()> {
        let mut scope = self.scope(&SYSTEM).await?;
        insert_leg(&mut scope, call, leg, at).await?;
        self.commit(scope).await
    }

    /// # Errors
    /// When the database cannot be written.
    pub async fn end_call(
        &self,
        call: CallId,
        leg: &LegEnd,
        why: &str,
        at: DateTime<Utc>,
    ) -> Result<()> {
        let mut scope = self.scope(&SYSTEM).await?;
        store::call::end(&mut scope, call, why, at).await?;
        insert_leg(&mut scope, call, leg, at).await?;
        let change = Change {
            did: "ended",
            subject: "call",
            subject_id: call.to_string(),
            reason: Some(why),
            department: None,
            body: json!({ "call_id": call }),
        };
        note(&mut scope, &SYSTEM, &change, at).await?;
        self.commit(scope).await
    }
}

async fn insert_leg(
    scope: &mut Scope,
    call: CallId,
    leg: &LegEnd,
    at: DateTime<Utc>,
) -> Result<()> {
    let as_i64 = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
    let report = store::call::LegReport {
        id: leg.id,
        call,
        role: leg.role,
        user: leg.user,
        sip_call_id: &leg.sip_call_id,
        started_at: leg.started_at,
        answered_at: leg.answered_at,
        ended_at: at,
        sip_status: leg.sip_status.and_then(|status| i16::try_from(status).ok()),
        q850: leg.q850.map(i16::from),
        codec: leg.codec,
        packets_sent: as_i64(leg.packets_sent),
        packets_received: as_i64(leg.packets_received),
        packets_lost: as_i64(leg.packets_lost),
        jitter_ms: leg.jitter_ms,
        first_rtp_at: leg.first_rtp_at,
        gap_max_ms: i32::try_from(leg.gap_max_ms).unwrap_or(i32::MAX),
        round_trip_ms: leg.round_trip_ms.and_then(|ms| i32::try_from(ms).ok()),
    };
    Ok(store::call::insert_leg(scope, &report).await?)
}
