//! Numbers that nobody is to dial: added and taken off by a person, with a reason.

use chrono::{DateTime, Utc};
use serde_json::json;

use super::{App, AppError, Change, Result, note};
use crate::{
    base::E164,
    store::{self, Principal},
};

impl App {
    /// "Never call this number": said by a person, on any line.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn do_not_call(
        &self,
        by: &Principal,
        number: &E164,
        reason: &str,
        at: DateTime<Utc>,
    ) -> Result<()> {
        let mut scope = self.scope(by).await?;
        store::person::do_not_call(&mut scope, number.as_str(), reason, by.name(), at).await?;
        let change = change("added", number, reason);
        note(&mut scope, by, &change, at).await?;
        self.commit(scope).await
    }

    /// The number may be dialled again.
    ///
    /// # Errors
    /// When it is not on the list.
    pub async fn revoke_do_not_call(
        &self,
        by: &Principal,
        number: &E164,
        reason: &str,
        at: DateTime<Utc>,
    ) -> Result<()> {
        let mut scope = self.scope(by).await?;
        let number_text = number.as_str();
        if !store::person::revoke_do_not_call(&mut scope, number_text, by.name(), at).await? {
            return Err(AppError::NotFound("number"));
        }
        let change = change("revoked", number, reason);
        note(&mut scope, by, &change, at).await?;
        self.commit(scope).await
    }
}

/// The audit names the number: whoever reads it must know which one. The event does not.
fn change<'a>(did: &'a str, number: &E164, reason: &'a str) -> Change<'a> {
    Change {
        did,
        subject: "do_not_call",
        subject_id: number.as_str().to_owned(),
        reason: Some(reason),
        department: None,
        body: json!({}),
    }
}
