//! Stop all calls, and resume by another person.

use chrono::{DateTime, Utc};
use serde_json::json;

use super::{App, AppError, Change, Result, note};
use crate::store::{self, Principal};

/// What becomes of conversations that go on.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum LiveCalls {
    Finish,
    Apologise,
}

impl LiveCalls {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Finish => "finish",
            Self::Apologise => "apologise",
        }
    }
}

impl App {
    /// # Errors
    /// Without a reason.
    pub async fn stop_all(
        &self,
        by: &Principal,
        reason: &str,
        live: LiveCalls,
        at: DateTime<Utc>,
    ) -> Result<()> {
        let mut scope = self.scope(by).await?;
        store::stop::insert(&mut scope, by.name(), reason.trim(), live.as_str(), at).await?;
        let change = Change {
            did: "stopped",
            subject: "stop_all",
            subject_id: "all".to_owned(),
            reason: Some(reason),
            department: None,
            body: json!({ "live_calls": live.as_str() }),
        };
        note(&mut scope, by, &change, at).await?;
        self.commit(scope).await
    }

    /// # Errors
    /// When nothing is stopped, or the same person who stopped resumes.
    pub async fn resume_all(&self, by: &Principal, at: DateTime<Utc>) -> Result<()> {
        let mut scope = self.scope(by).await?;
        if !store::stop::resume(&mut scope, by.name(), at).await? {
            return Err(AppError::Conflict("没有停呼 / calls are not stopped".to_owned()));
        }
        let change = Change {
            did: "resumed",
            subject: "stop_all",
            subject_id: "all".to_owned(),
            reason: None,
            department: None,
            body: json!({}),
        };
        note(&mut scope, by, &change, at).await?;
        self.commit(scope).await
    }

    /// # Errors
    /// When the database cannot be read.
    pub async fn stopped(&self) -> Result<Option<store::stop::Stop>> {
        let mut scope = self.scope(&Principal::System("dialler")).await?;
        Ok(store::stop::current(&mut scope).await?)
    }
}
