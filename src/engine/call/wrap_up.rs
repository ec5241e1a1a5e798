//! 话后处理: the line is put down; what the call came to is the agent's to say. The follow-up
//! waits for it, for a while.

use std::time::Duration;

use super::{
    Call, Command,
    act::{Act, ActError, Done},
};
use crate::{
    domain::{Conversation, DayPart},
    engine::{hold, sleep},
    ivr::Verdict,
};

/// What an agent says a call came to.
#[derive(Clone, Debug)]
pub struct Disposition {
    pub conversation: Conversation,
    /// `self`, `informed_relative`, `guardian` or `uninformed_relative`.
    pub respondent: Option<&'static str>,
    pub promised: Option<DayPart>,
    /// A person goes on with it.
    pub wants_person: bool,
    pub by: String,
}

impl Call {
    /// Only what was asked of somebody, by one of us, needs a word.
    pub(super) fn lacks_disposition(&self) -> bool {
        self.room.owner.is_some()
            && self.room.disposition.is_none()
            && self.times.answered.is_some()
            && self.fault.is_none()
            && self.kind.asked().is_some()
    }

    /// The lines are free meanwhile; the call's task lives on for the agent's word.
    pub(super) async fn wrap_up(&mut self) {
        self.core.live.set_aside(self.id);
        self.core.acd.changed();
        let until = self.core.clock.instant() + WORD_WAIT;
        while self.lacks_disposition() && !self.core.is_draining() {
            let now = self.core.clock.instant();
            let left = until.saturating_duration_since(now);
            if left.is_zero() {
                break;
            }
            let command = tokio::select! {
                command = self.commands.recv() => command,
                () = sleep(&*self.core.clock, left) => break,
            };
            let working = hold(&*self.core.clock);
            match command {
                Some(Command::Act { by, act, reply }) => {
                    let done = self.act_afterwards(by, act);
                    // Who asked may have gone.
                    let _ = reply.send(done);
                }
                Some(Command::Stop { .. }) | None => break,
                Some(_) => {}
            }
            drop(working);
        }
    }

    fn act_afterwards(&mut self, by: crate::base::UserId, act: Act) -> Result<Done, ActError> {
        if self.room.owner != Some(by) {
            return Err(ActError::NotYours);
        }
        match act {
            Act::Dispose(disposition) => {
                self.room.disposition = Some(*disposition);
                Ok(Done::Yes)
            }
            Act::Ask => Ok(Done::About(Box::new(self.call_ref()))),
            _ => Err(ActError::Over),
        }
    }

    /// The agent's word before the machine's; without one, what the stored answers show.
    pub(super) fn said_by_agent(&self, verdict: &Verdict) -> Verdict {
        let Some(said) = &self.room.disposition else {
            let mut verdict = verdict.clone();
            if self.room.owner.is_some() && verdict.conversation.is_none() {
                verdict.conversation = Some(Conversation::AnsweredNoKeys);
                verdict.wants_person = true;
            }
            return verdict;
        };
        Verdict {
            conversation: Some(said.conversation),
            promised: said.promised,
            wants_person: said.wants_person,
            keys_given: verdict.keys_given,
            voice_heard: true,
        }
    }
}

/// An agent is called away, comes back, and still finds the call; what is not said by then is
/// judged by what was stored.
const WORD_WAIT: Duration = Duration::from_secs(15 * 60);
