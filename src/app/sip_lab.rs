//! The messages of calls: kept for some days, read by few, and each reading written down.

use chrono::{DateTime, Duration, Utc};

use super::{App, AppError, Result};
use crate::{
    base::CallId,
    store::{
        self, Principal,
        call::Leg,
        sip_message::{Facts, Message},
    },
};

/// All that is kept of the signalling of one call.
#[derive(Debug)]
pub struct Signalling {
    pub facts: Facts,
    pub legs: Vec<Leg>,
    pub messages: Vec<Message>,
}

const SYSTEM: Principal = Principal::System("sip lab");

impl App {
    /// Copies of what has passed, not changes of the record: no event tells of them. Answers
    /// how many are kept.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn keep_messages(&self, messages: &[Message]) -> Result<u64> {
        let mut scope = self.scope(&SYSTEM).await?;
        let kept = store::sip_message::insert(&mut scope, messages).await?;
        scope.commit().await?;
        Ok(kept)
    }

    /// Those past their time, and those that are too many; a page of each at a time. Answers
    /// how many are gone.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn erase_old_messages(
        &self,
        days: u32,
        kept_max: i64,
        at: DateTime<Utc>,
    ) -> Result<u64> {
        let mut scope = self.scope(&SYSTEM).await?;
        let before = at - Duration::days(i64::from(days));
        let old = store::sip_message::erase_before(&mut scope, before, ERASED_AT_ONCE).await?;
        let many = store::sip_message::erase_beyond(&mut scope, kept_max, ERASED_AT_ONCE).await?;
        scope.commit().await?;
        Ok(old + many)
    }

    /// `did` is the audit's word for this reading, written before anything is told.
    ///
    /// # Errors
    /// When there is no such call, or none that this person may see; when the database cannot
    /// be asked.
    pub async fn read_signalling(
        &self,
        by: &Principal,
        call: CallId,
        (did, reason): (&str, Option<&str>),
        at: DateTime<Utc>,
    ) -> Result<Signalling> {
        let mut scope = self.scope(by).await?;
        let facts = store::sip_message::facts(&mut scope, call).await?;
        let facts = facts.ok_or(AppError::NotFound("call"))?;
        self.audit_access_why(by, [did, "signalling", &call.to_string()], reason, at).await?;
        let legs = store::call::legs(&mut scope, call).await?;
        let messages = store::sip_message::of_call(&mut scope, call, SHOWN_MAX).await?;
        Ok(Signalling { facts, legs, messages })
    }
}

/// A transaction that deletes more would hold the writer up.
const ERASED_AT_ONCE: i64 = 20_000;

/// More than are kept of one leg; several legs of one call share it.
const SHOWN_MAX: i64 = 2_000;
