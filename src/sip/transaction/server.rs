//! Non-INVITE server transaction (RFC 3261 §17.2.2, figure 8).
//!
//! ```text
//!   start ──► Trying ──1xx──► Proceeding ──2xx-6xx──► Completed ──J──► Terminated
//!              (a repeated request gets the last response again)
//! ```

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use bytes::Bytes;

use super::{GIVE_UP, Output};
use crate::base::Machine;

pub struct ServerTransaction {
    state: State,
    is_reliable: bool,
    outputs: VecDeque<Output>,
}

enum State {
    Trying { give_up_at: Instant },
    Proceeding { last: Bytes, give_up_at: Instant },
    Completed { last: Bytes, until: Instant },
    Terminated,
}

pub enum ServerInput {
    /// The request came again.
    Repeat,
    Respond {
        status: u16,
        bytes: Bytes,
    },
}

impl ServerTransaction {
    pub fn start(is_reliable: bool, now: Instant) -> Self {
        let state = State::Trying { give_up_at: now + SILENCE };
        Self { state, is_reliable, outputs: VecDeque::new() }
    }

    pub fn is_terminated(&self) -> bool {
        matches!(self.state, State::Terminated)
    }

    fn respond(&mut self, status: u16, bytes: Bytes, now: Instant) {
        let last = bytes.clone();
        let next = match (&self.state, status) {
            (State::Trying { give_up_at } | State::Proceeding { give_up_at, .. }, ..=199) => {
                State::Proceeding { last, give_up_at: *give_up_at }
            }
            (State::Trying { .. } | State::Proceeding { .. }, _) => {
                let wait = if self.is_reliable { Duration::ZERO } else { GIVE_UP };
                State::Completed { last, until: now + wait }
            }
            // A second final response: the first stands.
            (State::Completed { .. } | State::Terminated, _) => return,
        };
        self.state = next;
        self.outputs.push_back(Output::Send(bytes));
    }
}

impl Machine for ServerTransaction {
    type Input = ServerInput;
    type Output = Output;

    fn handle_input(&mut self, input: ServerInput, now: Instant) {
        match (input, &self.state) {
            (ServerInput::Respond { status, bytes }, _) => self.respond(status, bytes, now),
            (
                ServerInput::Repeat,
                State::Proceeding { last, .. } | State::Completed { last, .. },
            ) => self.outputs.push_back(Output::Send(last.clone())),
            (ServerInput::Repeat, State::Trying { .. } | State::Terminated) => {}
        }
    }

    fn handle_timeout(&mut self, now: Instant) {
        if self.poll_timeout().is_some_and(|at| at <= now) {
            self.state = State::Terminated;
        }
    }

    fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    fn poll_timeout(&self) -> Option<Instant> {
        match &self.state {
            State::Trying { give_up_at } | State::Proceeding { give_up_at, .. } => {
                Some(*give_up_at)
            }
            State::Completed { until, .. } => Some(*until),
            State::Terminated => None,
        }
    }
}

/// The peer has given up long since (its timer F); a user who forgot to answer must
/// not cost memory for ever.
const SILENCE: Duration = Duration::from_secs(64);

#[cfg(test)]
mod tests;
