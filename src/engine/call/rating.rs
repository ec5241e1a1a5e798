//! 通话评价: the agent has put down, and the caller says how it was (row F115).

use super::{Call, CallRef, Talk, conversation::Script, waiting::CENTRE};
use crate::{
    domain::Conversation,
    engine::Journal,
    ivr::{AFTER_PERSON, Casting, Input, Output, Verdict},
};

impl Call {
    pub(super) const fn is_rated(&self) -> bool {
        self.before_rating.is_some()
    }

    /// Answers whether the caller stays for it.
    pub(super) async fn begin_rating(&mut self) -> bool {
        if !self.may_be_rated() {
            return false;
        }
        let library = self.core.library();
        let mut script = match Script::cast(&self.core, &library, DIALPLAN, &Casting::default()) {
            Ok(script) => script,
            Err(what) => {
                tracing::error!(what, "the rating cannot be played");
                return false;
            }
        };
        script.context.facts.insert(AFTER_PERSON.to_owned());
        let before = self.end_talk().await;
        self.before_rating = Some(before);
        self.room.patient_held = false;
        self.room.is_rating = true;
        // A mark is the call's: it is no answer of the follow-up.
        let of = CallRef { attempt: None, task: None, ..self.call_ref() };
        let journal = Journal::open(self.core.app.clone(), of);
        self.begin_talk_of(script, journal);
        true
    }

    /// Who called us is asked where the queue wants it; whom we called, when they were asked
    /// something. Nobody is asked after a red flag, or twice.
    fn may_be_rated(&self) -> bool {
        let code = self.room.queue.as_deref().unwrap_or(CENTRE);
        let wants = self.core.acd.queue(code).is_some_and(|queue| queue.asks_rating);
        let said = self.room.disposition.as_ref();
        let has_talked = self.room.queue.is_some()
            || self.room.was_asked
            || said.is_some_and(|said| said.conversation == Conversation::Completed);
        let is_there = self.times.answered.is_some() && self.end.is_none() && self.fault.is_none();
        wants
            && has_talked
            && is_there
            && self.room.owner.is_some()
            && !self.alerted
            && !self.is_rated()
            && !self.core.is_draining()
    }

    /// The machine's own conversation is over; what it wants kept is kept.
    async fn end_talk(&mut self) -> Verdict {
        self.tell_talk(Input::HungUp, self.core.clock.instant());
        while let Some(output) = self.talk.as_mut().and_then(Talk::poll_output) {
            match output {
                Output::StopMessage => self.end_message(),
                Output::Task(why) => self.leave_task(why).await,
                // Nobody listens to it any more.
                _ => {}
            }
        }
        let Some(talk) = self.talk.take() else { return Verdict::default() };
        let verdict = talk.verdict();
        talk.journal.close().await;
        verdict
    }
}

const DIALPLAN: &str = "rate";
