//! A number that is tried at the bedside: what came of it.

use super::{Call, Kind};
use crate::{
    app::RingClaim,
    domain::{Conversation, Outcome},
    engine::Core,
    ivr::Verdict,
    sip::invite::EndReport,
};

impl Call {
    /// The next ring of this number waits until this is stored.
    pub(super) async fn finish_ring(&self, report: &EndReport, verdict: &Verdict) {
        let Kind::Ring(claim) = &self.kind else { return };
        let answered = self.times.answered.is_some();
        let conversation = match self.fault {
            Some(_) => Some(Conversation::SystemFault),
            // Picked up, and nobody keyed that the phone is in their hand.
            None => verdict.conversation.or(Some(Conversation::AnsweredNoKeys)),
        };
        let facts = self.dial_facts(report);
        let heard = facts.outcome(conversation.filter(|_| answered || self.fault.is_some()));
        let outcome = self.carriers_word(report).unwrap_or(heard);
        end_ring(&self.core, claim, outcome).await;
    }
}

/// However it ended, or could not begin.
pub(crate) async fn end_ring(core: &Core, claim: &RingClaim, outcome: Outcome) {
    let (dialler, at) = (core.dialler().await, core.clock.wall());
    let end = || core.app.end_ring_test(&dialler, claim, outcome, at);
    super::end::until_stored("the end of a ring test", end).await;
}
