//! Agents and queues: who may be rung where, and the record of what both did.

use chrono::{DateTime, Utc};
use serde_json::json;
use uuid::Uuid;

use super::{App, AppError, Change, Result, note};
use crate::{
    base::{CallId, E164, Pii, UserId},
    domain::{
        ServiceHours,
        acd::{AgentState, Pause},
    },
    store::{self, Principal, agent::NewAgent, queue::Queue},
};

/// A caller has left a queue.
#[derive(Clone, Debug)]
pub struct QueueVisit {
    pub id: Uuid,
    pub call: CallId,
    pub queue: String,
    pub entered_at: DateTime<Utc>,
    /// `answered`, `gave_up`, `nobody` or `callback`.
    pub result: &'static str,
    pub why: Option<&'static str>,
    pub agent: Option<UserId>,
}

const SYSTEM: Principal = Principal::System("acd");

/// Name of the policy.
const SERVICE_HOURS: &str = "service_hours";

/// Who is on duty where a caller was last in hospital.
pub struct WardPhone {
    pub phone: Pii<String>,
    /// The ward, or the department.
    pub place: String,
}

impl App {
    /// # Errors
    /// When the database cannot be read.
    pub async fn service_hours(&self) -> Result<ServiceHours> {
        let stored = self.policy(SERVICE_HOURS).await?;
        Ok(stored.and_then(|body| serde_json::from_value(body).ok()).unwrap_or_default())
    }

    /// # Errors
    /// When the hours cannot be, or cannot be written.
    pub async fn put_service_hours(
        &self,
        by: &Principal,
        hours: &ServiceHours,
        at: DateTime<Utc>,
    ) -> Result<()> {
        hours.check().map_err(|what| AppError::Invalid(what.to_owned()))?;
        self.put_policy(by, SERVICE_HOURS, &json!(hours), at).await
    }

    /// Who is on duty now for a caller from this number: at the ward of the last discharge of
    /// whoever has it. Absent: nobody has it, or nobody is on duty.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn duty_phone_of(
        &self,
        number: &E164,
        at: DateTime<Utc>,
    ) -> Result<Option<WardPhone>> {
        let mut scope = self.scope(&SYSTEM).await?;
        let Some(last) = store::roster::last_place(&mut scope, number.as_str()).await? else {
            return Ok(None);
        };
        let department = Some(last.department_id);
        let ladder = self.ladder_at(&mut scope, last.ward_id, department, at).await?;
        let phone = ladder.into_iter().next().map(|entry| Pii::new(entry.phone));
        Ok(phone.map(|phone| WardPhone { phone, place: last.place }))
    }

    /// # Errors
    /// When the account or a queue is not there, or the phone is another's.
    pub async fn put_agent(
        &self,
        by: &Principal,
        new: &NewAgent<'_>,
        at: DateTime<Utc>,
    ) -> Result<()> {
        let mut scope = self.scope(by).await?;
        store::agent::put(&mut scope, new, by.name(), at).await?;
        let change = change("changed", "agent", new.user.to_string(), None);
        note(&mut scope, by, &change, at).await?;
        self.commit(scope).await
    }

    /// # Errors
    /// When there is no such agent.
    pub async fn remove_agent(
        &self,
        by: &Principal,
        user: UserId,
        at: DateTime<Utc>,
    ) -> Result<()> {
        let mut scope = self.scope(by).await?;
        if !store::agent::remove(&mut scope, user).await? {
            return Err(AppError::NotFound("agent"));
        }
        let change = change("removed", "agent", user.to_string(), None);
        note(&mut scope, by, &change, at).await?;
        self.commit(scope).await
    }

    /// # Errors
    /// When a figure is out of its range.
    pub async fn put_queue(&self, by: &Principal, queue: &Queue, at: DateTime<Utc>) -> Result<()> {
        let mut scope = self.scope(by).await?;
        store::queue::put(&mut scope, queue, by.name(), at).await?;
        note(&mut scope, by, &change("changed", "queue", queue.code.clone(), None), at).await?;
        self.commit(scope).await
    }

    /// # Errors
    /// When there is no such queue.
    pub async fn remove_queue(&self, by: &Principal, code: &str, at: DateTime<Utc>) -> Result<()> {
        let mut scope = self.scope(by).await?;
        if !store::queue::remove(&mut scope, code).await? {
            return Err(AppError::NotFound("queue"));
        }
        note(&mut scope, by, &change("removed", "queue", code.to_owned(), None), at).await?;
        self.commit(scope).await
    }

    /// The record of a state; what counts while it lasts is memory.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn agent_state(
        &self,
        user: UserId,
        (state, why): (AgentState, Option<Pause>),
        (node, epoch): (&str, i64),
        at: DateTime<Utc>,
    ) -> Result<()> {
        let mut scope = self.scope(&SYSTEM).await?;
        let told = (state.as_str(), why.map(Pause::as_str));
        store::agent::begin_spell(&mut scope, user, told, (node, epoch), at).await?;
        self.commit(scope).await
    }

    /// # Errors
    /// When the database cannot be written.
    pub async fn recover_agents(&self, node: &str, epoch: i64, at: DateTime<Utc>) -> Result<u64> {
        let mut scope = self.scope(&SYSTEM).await?;
        let ended = store::agent::end_orphan_spells(&mut scope, node, epoch, at).await?;
        self.commit(scope).await?;
        Ok(ended)
    }

    /// # Errors
    /// When the database cannot be written.
    pub async fn left_queue(&self, visit: &QueueVisit, at: DateTime<Utc>) -> Result<()> {
        let mut scope = self.scope(&SYSTEM).await?;
        let row = store::queue::NewVisit {
            id: visit.id,
            call: visit.call,
            queue: &visit.queue,
            entered_at: visit.entered_at,
            left_at: at,
            result: visit.result,
            why: visit.why,
            agent: visit.agent,
        };
        store::queue::add_visit(&mut scope, &row).await?;
        let body = json!({ "call_id": visit.call, "queue": visit.queue, "result": visit.result });
        store::event::insert(&mut scope, "queue.left", None, &body, at).await?;
        self.commit(scope).await
    }

    /// Somebody of ours has the call now: it is written down who, and by which act
    /// (`answered`, `listened`, `whispered`, `barged`, `taken_over`, `joined`).
    ///
    /// # Errors
    /// When the database cannot be written; who supervises must not hear anything then.
    pub async fn joined_call(
        &self,
        by: &Principal,
        call: CallId,
        did: &'static str,
        agent: Option<UserId>,
        at: DateTime<Utc>,
    ) -> Result<()> {
        let mut scope = self.scope(by).await?;
        if let Some(agent) = agent {
            store::call::set_agent(&mut scope, call, agent).await?;
        }
        note(&mut scope, by, &change(did, "call", call.to_string(), None), at).await?;
        self.commit(scope).await
    }

    /// 话后小结. A later one takes the place of the earlier, which stays in the audit's order.
    ///
    /// # Errors
    /// When the call is not there.
    pub async fn note_call(
        &self,
        by: &Principal,
        call: CallId,
        text: &str,
        at: DateTime<Utc>,
    ) -> Result<()> {
        let mut scope = self.scope(by).await?;
        if !store::call::set_note(&mut scope, call, text).await? {
            return Err(AppError::NotFound("call"));
        }
        note(&mut scope, by, &change("noted", "call", call.to_string(), None), at).await?;
        self.commit(scope).await
    }
}

fn change<'a>(did: &'a str, subject: &'a str, id: String, reason: Option<&'a str>) -> Change<'a> {
    let body = match subject {
        "call" => json!({ "call_id": id }),
        _ => json!({ "id": id }),
    };
    Change { did, subject, subject_id: id, reason, department: None, body }
}
