//! A follow-up in a call that was not made for it: the caller's own (F036), or the next
//! person's of the number that was dialled.

use std::sync::Arc;

use super::{Call, Kind, conversation::Script};
use crate::{
    app::{Beside, Claim, Way},
    base::{E164, PersonId, Pii},
    domain::{Conversation, read_cell},
    engine::Core,
    sip::invite::EndReport,
};

/// Whose follow-up a caller could go on with.
pub(super) struct Caller {
    pub(super) beside: Beside,
    /// Its first question has been asked: the attempt is there.
    pub(super) begun: bool,
}

impl Kind {
    /// Whom the call is about, as far as that is known.
    pub(super) fn claim(&self) -> Option<&Claim> {
        match self {
            Self::FollowUp(claim) => Some(claim),
            Self::Inbound(Some(caller)) => Some(&caller.beside.claim),
            _ => None,
        }
    }

    /// The same, once something has been asked of them.
    pub(super) fn asked(&self) -> Option<&Claim> {
        match self {
            Self::Inbound(Some(caller)) if !caller.begun => None,
            kind => kind.claim(),
        }
    }
}

/// The open follow-up of the number that calls. A fault of the database costs the caller
/// only this: the menu is played as for anybody.
pub(super) async fn caller(core: &Arc<Core>, number: &Pii<String>) -> Option<Beside> {
    let config = core.config();
    let numbers = read_cell(number.reveal(), &config.hospital.area_code).ok()?;
    let number = numbers.into_iter().next()?.e164;
    let (dialler, at) = (core.dialler().await, core.clock.wall());
    let held = core.app.hold_beside(&dialler, Way::Callback, &number, &[], at).await;
    held.inspect_err(|error| tracing::warn!(%error, "a caller's follow-up could not be found"))
        .ok()
        .flatten()
}

impl Call {
    /// The caller wants to go on with the questions: the attempt is written before the
    /// first of them is answered.
    pub(super) async fn begin_callback(&mut self) {
        let Kind::Inbound(Some(caller)) = &self.kind else { return };
        let has_begun = |talk: &super::Talk| talk.verdict().conversation.is_some();
        if caller.begun || self.is_rated() || !self.talk.as_ref().is_some_and(has_begun) {
            return;
        }
        let beside = caller.beside.clone();
        if !self.begin_beside(&beside).await {
            return self.fail("a follow-up could not be begun");
        }
        if let Kind::Inbound(Some(caller)) = &mut self.kind {
            caller.begun = true;
        }
    }

    pub(super) async fn begin_beside(&self, beside: &Beside) -> bool {
        let (core, at) = (&self.core, self.core.clock.wall());
        let dialler = core.dialler().await;
        let trunk = self.trunk();
        let begun = core.app.begin_beside(&dialler, beside, self.id, &trunk, at).await;
        begun.inspect_err(|error| tracing::error!(%error, "a follow-up could not be begun")).is_ok()
    }

    /// Of who rings in. Absent: withheld, or no number that can be dialled.
    pub(super) fn caller_number(&self) -> Option<E164> {
        let live = self.core.live.list().into_iter().find(|live| live.call == self.id)?;
        let area_code = &self.core.config().hospital.area_code;
        let numbers = read_cell(live.remote.reveal(), area_code).ok()?;
        numbers.into_iter().next().map(|number| number.e164)
    }

    fn trunk(&self) -> String {
        let live = self.core.live.list().into_iter().find(|live| live.call == self.id);
        live.and_then(|live| live.trunk).unwrap_or_default()
    }

    /// Nothing was asked: the caller's follow-up is free again.
    pub(super) async fn release_caller(&self) {
        let Kind::Inbound(Some(caller)) = &self.kind else { return };
        if caller.begun {
            return;
        }
        let (app, task, at) = (&self.core.app, caller.beside.claim.task, self.core.clock.wall());
        if let Err(error) = app.release_beside(task, at).await {
            tracing::error!(%error, "a caller's follow-up stays held until the next start");
        }
    }

    /// All has been asked of one; is something due of another who has this number? They are
    /// asked in the same call, and who they are is asked anew. Answers whether it goes on.
    pub(super) async fn go_on_with_another(&mut self) -> bool {
        let Kind::FollowUp(claim) = &self.kind else { return false };
        let is_whole = self
            .talk
            .as_ref()
            .is_some_and(|talk| talk.verdict().conversation == Some(Conversation::Completed));
        if !is_whole
            || self.is_rated()
            || self.fault.is_some()
            || self.end.is_some()
            || self.core.is_draining()
        {
            return false;
        }
        let number = claim.e164.clone();
        let mut asked = self.asked.clone();
        asked.push(claim.person);
        let Some((beside, script)) = self.companion(&number, &asked).await else { return false };
        let Some(talk) = self.talk.take() else { return false };
        let verdict = talk.verdict();
        talk.journal.close().await;
        self.finish_attempt(&EndReport::default(), &verdict).await;
        self.asked = asked;
        let name = beside.claim.name.clone();
        self.core.live.update(self.id, |live| live.name = Some(name));
        self.kind = Kind::FollowUp(Box::new(beside.claim));
        self.begin_talk(script);
        true
    }

    async fn companion(&self, number: &E164, asked: &[PersonId]) -> Option<(Beside, Script)> {
        let (core, at) = (&self.core, self.core.clock.wall());
        let dialler = core.dialler().await;
        let held = core.app.hold_beside(&dialler, Way::Companion, number, asked, at).await;
        let beside = held
            .inspect_err(|error| tracing::warn!(%error, "others of a number are asked later"))
            .ok()
            .flatten()?;
        let script = Script::beside(core, &beside).await;
        let script = script.inspect_err(|what| tracing::error!(what, "cannot be played")).ok();
        let begun = match &script {
            Some(_) => self.begin_beside(&beside).await,
            None => false,
        };
        if !begun {
            let task = beside.claim.task;
            // What stays held is released by the next start.
            let _ = core.app.release_beside(task, at).await;
            return None;
        }
        script.map(|script| (beside, script))
    }
}
