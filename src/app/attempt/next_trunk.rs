//! A dial goes on by another trunk: the attempt says by which it was tried.

use chrono::{DateTime, Utc};
use serde_json::json;

use super::SYSTEM;
use crate::{
    app::{App, Result},
    base::{AttemptId, CallId},
    store,
};

/// What a trunk said of a call that it carried to nobody, and which is to carry it now.
#[derive(Clone, Debug)]
pub struct NextTrunk {
    pub call: CallId,
    pub attempt: Option<AttemptId>,
    pub from: String,
    pub to: String,
    /// `None`: it said nothing.
    pub sip_status: Option<u16>,
    pub q850: Option<u8>,
    /// So that the carrier can be asked.
    pub sip_call_id: String,
}

impl App {
    /// Durable before the next INVITE leaves. `false`: the attempt is not ours any more, or a
    /// telephone has rung; nobody dials then.
    ///
    /// # Errors
    /// When the database cannot be written; nobody dials then.
    pub async fn next_trunk(&self, next: &NextTrunk, at: DateTime<Utc>) -> Result<bool> {
        let mut scope = self.scope(&SYSTEM).await?;
        let NextTrunk { call, attempt, from, to, sip_status, q850, sip_call_id } = next;
        if let Some(attempt) = attempt {
            let tried = json!([{ "trunk": from, "sip_status": sip_status, "q850": q850,
                "sip_call_id": sip_call_id, "at": at }]);
            if !store::attempt::next_trunk(&mut scope, *attempt, to, &tried).await? {
                return Ok(false);
            }
        }
        store::call::set_trunk(&mut scope, *call, to).await?;
        let body = json!({ "call_id": call, "attempt_id": attempt, "from": from, "to": to });
        store::event::insert(&mut scope, "call.next_trunk", None, &body, at).await?;
        self.commit(scope).await?;
        Ok(true)
    }
}
