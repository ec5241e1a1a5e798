//! 语音留言: kept with its call, given to somebody, closed with what was done.

use chrono::{DateTime, Utc};
use serde_json::json;
use uuid::Uuid;

use super::{App, AppError, Change, Result, note};
use crate::{
    base::{CallId, E164, TaskId},
    store::{self, Principal, Scope, voicemail},
};

/// What a caller has left.
#[derive(Clone, Debug)]
pub struct LeftMessage {
    pub call: CallId,
    pub number: Option<E164>,
    /// Of the call's recording.
    pub from_ms: i64,
    pub to_ms: i64,
}

const SYSTEM: Principal = Principal::System("voicemail");

/// A message, or in words what the caller wants.
pub(super) async fn leave(
    scope: &mut Scope,
    left: &LeftMessage,
    wants: Option<&str>,
    at: DateTime<Utc>,
) -> Result<()> {
    let number = left.number.as_ref().map(E164::as_str).unwrap_or_default();
    let id = *TaskId::new(at).as_uuid();
    let new = voicemail::New {
        id,
        call: left.call,
        person: only_person(scope, number).await?,
        remote: number,
        from_ms: left.from_ms,
        to_ms: left.to_ms,
        wants,
    };
    voicemail::insert(scope, &new, at).await?;
    let change = Change { reason: None, ..told("left", id) };
    note(scope, &SYSTEM, &change, at).await
}

/// A number of several is nobody's in particular.
pub(super) async fn only_person(scope: &mut Scope, e164: &str) -> Result<Option<Uuid>> {
    let having = store::person::with_number(scope, e164, 2).await?;
    Ok(having.first().filter(|_| having.len() == 1).map(|one| one.person_id))
}

impl App {
    /// # Errors
    /// When the database cannot be written.
    pub async fn leave_message(&self, left: &LeftMessage, at: DateTime<Utc>) -> Result<()> {
        let mut scope = self.scope(&SYSTEM).await?;
        leave(&mut scope, left, None, at).await?;
        self.commit(scope).await
    }

    /// # Errors
    /// When it is not there, or done; when there is no such account.
    pub async fn assign_message(
        &self,
        by: &Principal,
        id: Uuid,
        to: &str,
        at: DateTime<Utc>,
    ) -> Result<()> {
        let mut scope = self.scope(by).await?;
        if store::agent::user_of(&mut scope, to).await?.is_none() {
            return Err(AppError::NotFound("account"));
        }
        if !voicemail::assign(&mut scope, id, to, at).await? {
            return Err(closed());
        }
        note(&mut scope, by, &told("assigned", id), at).await?;
        self.commit(scope).await
    }

    /// # Errors
    /// Without a word what was done; when it is not there, or done.
    pub async fn close_message(
        &self,
        by: &Principal,
        id: Uuid,
        outcome: &str,
        at: DateTime<Utc>,
    ) -> Result<()> {
        let outcome = outcome.trim();
        if outcome.is_empty() {
            let what = "请写明处理结果 / say what was done";
            return Err(AppError::Invalid(what.to_owned()));
        }
        let mut scope = self.scope(by).await?;
        if !voicemail::close(&mut scope, id, outcome, by.name(), at).await? {
            return Err(closed());
        }
        note(&mut scope, by, &told("closed", id), at).await?;
        self.commit(scope).await
    }
}

fn closed() -> AppError {
    let what = "没有这条留言，或已处理 / there is no such message, or it is done";
    AppError::Conflict(what.to_owned())
}

fn told(did: &str, id: Uuid) -> Change<'_> {
    Change {
        did,
        subject: "voicemail",
        subject_id: id.to_string(),
        reason: None,
        department: None,
        body: json!({ "voicemail_id": id }),
    }
}
