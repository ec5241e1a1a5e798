//! INVITE server transaction (RFC 3261 §17.2.1, figure 7, with Accepted of RFC 6026).
//!
//! ```text
//!   start ──► Proceeding ──2xx──► Accepted ──L──► Terminated
//!              │ 200 ms: 100        (repeats of 2xx come from the user)
//!              └──3xx-6xx──► Completed ──ACK──► Confirmed ──I──► Terminated
//!                             │ G: resend
//!                             └ H: fail
//! ```

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use bytes::Bytes;

use super::{Backoff, Failure, GIVE_UP, Output, T2, T4};
use crate::base::Machine;

pub struct InviteServerTransaction {
    state: State,
    is_reliable: bool,
    outputs: VecDeque<Output>,
}

enum State {
    Proceeding { last: Bytes, trying_at: Option<Instant>, give_up_at: Instant },
    Accepted { until: Instant },
    Completed { last: Bytes, resend: Backoff, give_up_at: Instant },
    Confirmed { until: Instant },
    Terminated,
}

pub enum InviteServerInput {
    Repeat,
    Ack,
    Respond { status: u16, bytes: Bytes },
}

impl InviteServerTransaction {
    /// `trying` is the 100 that is sent when the user says nothing for 200 ms.
    pub fn start(trying: Bytes, is_reliable: bool, now: Instant) -> Self {
        let state = State::Proceeding {
            last: trying,
            trying_at: Some(now + TRYING_AFTER),
            give_up_at: now + SILENCE,
        };
        Self { state, is_reliable, outputs: VecDeque::new() }
    }

    pub fn is_terminated(&self) -> bool {
        matches!(self.state, State::Terminated)
    }

    /// No final response was given yet: a CANCEL has an effect.
    pub fn is_pending(&self) -> bool {
        matches!(self.state, State::Proceeding { .. })
    }

    /// It was answered 3xx to 6xx, so that an ACK ends here.
    pub fn is_refused(&self) -> bool {
        matches!(self.state, State::Completed { .. } | State::Confirmed { .. })
    }

    fn respond(&mut self, status: u16, bytes: Bytes, now: Instant) {
        let sent = bytes.clone();
        match (&mut self.state, status) {
            (State::Proceeding { last, trying_at, give_up_at }, ..=199) => {
                (*last, *trying_at, *give_up_at) = (bytes, None, now + SILENCE);
            }
            (State::Proceeding { .. }, 200..=299) => {
                self.state = State::Accepted { until: now + GIVE_UP };
            }
            (State::Accepted { .. }, 200..=299) => {}
            (State::Proceeding { .. }, _) => {
                let resend = Backoff::start(self.is_reliable, T2, now);
                self.state = State::Completed { last: bytes, resend, give_up_at: now + GIVE_UP };
            }
            _ => return,
        }
        self.outputs.push_back(Output::Send(sent));
    }
}

impl Machine for InviteServerTransaction {
    type Input = InviteServerInput;
    type Output = Output;

    fn handle_input(&mut self, input: InviteServerInput, now: Instant) {
        match (input, &mut self.state) {
            (InviteServerInput::Respond { status, bytes }, _) => self.respond(status, bytes, now),
            (InviteServerInput::Repeat, State::Proceeding { last, trying_at, .. }) => {
                *trying_at = None;
                self.outputs.push_back(Output::Send(last.clone()));
            }
            (InviteServerInput::Repeat, State::Completed { last, .. }) => {
                self.outputs.push_back(Output::Send(last.clone()));
            }
            (InviteServerInput::Ack, State::Completed { .. }) => {
                let wait = if self.is_reliable { Duration::ZERO } else { T4 };
                self.state = State::Confirmed { until: now + wait };
            }
            _ => {}
        }
    }

    fn handle_timeout(&mut self, now: Instant) {
        match &mut self.state {
            State::Completed { give_up_at, .. } if *give_up_at <= now => {
                self.outputs.push_back(Output::Fail(Failure::TimedOut));
                self.state = State::Terminated;
            }
            State::Completed { last, resend, .. } => {
                self.outputs.extend(resend.fires(now).then(|| Output::Send(last.clone())));
            }
            State::Proceeding { give_up_at, .. } if *give_up_at <= now => {
                self.state = State::Terminated;
            }
            State::Proceeding { last, trying_at, .. } => {
                let due = trying_at.take_if(|at| *at <= now);
                self.outputs.extend(due.map(|_| Output::Send(last.clone())));
            }
            State::Accepted { until } | State::Confirmed { until } if *until <= now => {
                self.state = State::Terminated;
            }
            _ => {}
        }
    }

    fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    fn poll_timeout(&self) -> Option<Instant> {
        match &self.state {
            State::Proceeding { trying_at, give_up_at, .. } => {
                Some(trying_at.map_or(*give_up_at, |at| at.min(*give_up_at)))
            }
            State::Completed { resend, give_up_at, .. } => Some(resend.or(*give_up_at)),
            State::Accepted { until } | State::Confirmed { until } => Some(*until),
            State::Terminated => None,
        }
    }
}

/// RFC 3261 §17.2.1: a user that answers sooner saves the 100.
const TRYING_AFTER: Duration = Duration::from_millis(200);

/// Nobody waits longer in a queue without a word from us; music is sent after the
/// answer. Keeps a forgotten INVITE from staying for ever.
const SILENCE: Duration = Duration::from_secs(600);

#[cfg(test)]
mod tests;
