//! Non-INVITE client transaction (RFC 3261 §17.1.2.2, figure 6).
//!
//! ```text
//!   start ──► Trying ──1xx──► Proceeding
//!              │ │ E: resend    │ │ E: resend
//!     200-699  │ │ F: fail      │ │ F: fail
//!              ▼ ▼              ▼ ▼
//!          Completed ──K──► Terminated
//! ```

use std::{collections::VecDeque, time::Instant};

use bytes::Bytes;

use super::{Backoff, Failure, GIVE_UP, Output, Response, T2, T4};
use crate::base::Machine;

pub struct ClientTransaction {
    state: State,
    request: Bytes,
    is_reliable: bool,
    outputs: VecDeque<Output>,
}

/// Each state owns the timers that exist in it, so a stale timer cannot fire.
enum State {
    Trying { resend: Backoff, give_up_at: Instant },
    Proceeding { resend: Backoff, give_up_at: Instant },
    Completed { absorb_until: Instant },
    Terminated,
}

impl ClientTransaction {
    pub fn start(request: Bytes, is_reliable: bool, now: Instant) -> Self {
        let resend = Backoff::start(is_reliable, T2, now);
        Self {
            state: State::Trying { resend, give_up_at: now + GIVE_UP },
            outputs: VecDeque::from([Output::Send(request.clone())]),
            request,
            is_reliable,
        }
    }

    pub fn is_terminated(&self) -> bool {
        matches!(self.state, State::Terminated)
    }

    /// The transport is gone: there will be no response.
    pub fn fail(&mut self, why: Failure) {
        if matches!(self.state, State::Trying { .. } | State::Proceeding { .. }) {
            self.outputs.push_back(Output::Fail(why));
        }
        self.state = State::Terminated;
    }
}

impl Machine for ClientTransaction {
    type Input = Response;
    type Output = Output;

    fn handle_input(&mut self, response: Response, now: Instant) {
        match &mut self.state {
            State::Trying { resend, give_up_at } | State::Proceeding { resend, give_up_at } => {
                let (mut resend, give_up_at) = (*resend, *give_up_at);
                self.state = match response.status {
                    100..=199 => {
                        resend.slow_down(now);
                        State::Proceeding { resend, give_up_at }
                    }
                    _ if self.is_reliable => State::Terminated,
                    _ => State::Completed { absorb_until: now + T4 },
                };
                self.outputs.push_back(Output::Deliver(response));
            }
            // The peer did not hear that we heard it; timer K is for this.
            State::Completed { .. } | State::Terminated => {}
        }
    }

    fn handle_timeout(&mut self, now: Instant) {
        match &mut self.state {
            State::Trying { give_up_at, .. } | State::Proceeding { give_up_at, .. }
                if *give_up_at <= now =>
            {
                self.fail(Failure::TimedOut);
            }
            State::Trying { resend, .. } | State::Proceeding { resend, .. } => {
                if resend.fires(now) {
                    self.outputs.push_back(Output::Send(self.request.clone()));
                }
            }
            State::Completed { absorb_until } if *absorb_until <= now => {
                self.state = State::Terminated;
            }
            State::Completed { .. } | State::Terminated => {}
        }
    }

    fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    fn poll_timeout(&self) -> Option<Instant> {
        match &self.state {
            State::Trying { resend, give_up_at } | State::Proceeding { resend, give_up_at } => {
                Some(resend.or(*give_up_at))
            }
            State::Completed { absorb_until } => Some(*absorb_until),
            State::Terminated => None,
        }
    }
}

#[cfg(test)]
mod tests;
