//! INVITE client transaction (RFC 3261 §17.1.1, figure 5, with Accepted of RFC 6026).
//!
//! ```text
//!   start ──► Calling ──1xx──► Proceeding
//!              │ A: resend       │ C: fail
//!              │ B: fail         │
//!     2xx ─────┼──► Accepted ──M─┼──► Terminated
//!     3xx-6xx ─┴──► Completed ─D─┘     (each 3xx-6xx is ACKed here, hop by hop)
//! ```

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use bytes::Bytes;

use super::{Backoff, Failure, GIVE_UP, Output, Response};
use crate::{
    base::{Breakage, Machine, broken},
    sip::message::{CSeq, Method, Request, name},
};

pub struct InviteClientTransaction {
    state: State,
    request: Request,
    bytes: Bytes,
    is_reliable: bool,
    outputs: VecDeque<Output>,
}

enum State {
    Calling { resend: Backoff, give_up_at: Instant },
    Proceeding { give_up_at: Instant },
    Accepted { until: Instant },
    Completed { ack: Bytes, until: Instant },
    Terminated,
}

#[derive(Debug)]
pub enum ClientInput {
    Response(Response),
    /// A CANCEL was sent: a peer that does not answer it either is given up (§9.1).
    Cancelled,
    /// Nobody waits for it any more: what nobody has heard yet is not said again.
    Abandoned,
}

impl InviteClientTransaction {
    /// `request` as it goes on the wire, its Via included.
    pub fn start(request: Request, is_reliable: bool, now: Instant) -> Self {
        let bytes = request.to_bytes();
        // Timer A doubles without a cap; it never gets to 64·T1.
        let resend = Backoff::start(is_reliable, GIVE_UP, now);
        Self {
            state: State::Calling { resend, give_up_at: now + GIVE_UP },
            outputs: VecDeque::from([Output::Send(bytes.clone())]),
            request,
            bytes,
            is_reliable,
        }
    }

    pub fn is_terminated(&self) -> bool {
        matches!(self.state, State::Terminated)
    }

    /// A final response has not come yet.
    pub fn is_pending(&self) -> bool {
        matches!(self.state, State::Calling { .. } | State::Proceeding { .. })
    }

    /// A CANCEL may be sent: the peer has said something, but nothing final (§9.1).
    pub fn may_cancel(&self) -> bool {
        matches!(self.state, State::Proceeding { .. })
    }

    pub fn request(&self) -> &Request {
        &self.request
    }

    pub fn fail(&mut self, why: Failure) {
        if self.is_pending() {
            self.outputs.push_back(Output::Fail(why));
        }
        self.state = State::Terminated;
    }

    /// CANCEL or ACK of this very transaction: same URI, Via, From, Call-ID, Route and
    /// sequence number (§9.1, §17.1.1.3).
    pub fn request_within(&self, method: Method) -> Request {
        let mut request = Request::new(method.clone(), self.request.uri.clone());
        let from = &self.request.headers;
        if let Ok(via) = from.top_via() {
            request.headers.add(name::VIA, via.to_string());
        }
        request.headers.add(name::MAX_FORWARDS, "70");
        for name in [name::ROUTE, name::FROM, name::TO, name::CALL_ID] {
            request.headers.copy(from, name);
        }
        let number = from.cseq().map(|cseq| cseq.number).unwrap_or_default();
        request.headers.add(name::CSEQ, CSeq { number, method }.to_string());
        request
    }

    fn ack(&self, response: &Response) -> Bytes {
        let mut ack = self.request_within(Method::Ack);
        if let Some(to) = response.headers.get(name::TO) {
            ack.headers.set(name::TO, to.to_vec());
        }
        ack.to_bytes()
    }

    fn handle_response(&mut self, response: Response, now: Instant) {
        match (&mut self.state, response.status) {
            (State::Calling { .. } | State::Proceeding { .. }, 100..=199) => {
                self.state = State::Proceeding { give_up_at: now + TIMER_C };
            }
            (State::Calling { .. } | State::Proceeding { .. }, 200..=299) => {
                self.state = State::Accepted { until: now + GIVE_UP };
            }
            // Each 2xx goes up: it may be another branch of a fork, or want its ACK again.
            (State::Accepted { .. }, 200..=299) => {}
            (State::Calling { .. } | State::Proceeding { .. }, _) => {
                let ack = self.ack(&response);
                if !broken(Breakage::RefusalNotAcked) {
                    self.outputs.push_back(Output::Send(ack.clone()));
                }
                let wait = if self.is_reliable { Duration::ZERO } else { GIVE_UP };
                self.state = State::Completed { ack, until: now + wait };
            }
            (State::Completed { ack, .. }, 300..=699) => {
                self.outputs.push_back(Output::Send(ack.clone()));
                return;
            }
            _ => return,
        }
        self.outputs.push_back(Output::Deliver(response));
    }
}

impl Machine for InviteClientTransaction {
    type Input = ClientInput;
    type Output = Output;

    fn handle_input(&mut self, input: ClientInput, now: Instant) {
        match input {
            ClientInput::Response(response) => self.handle_response(response, now),
            ClientInput::Cancelled => {
                if let State::Proceeding { give_up_at } = &mut self.state {
                    *give_up_at = now + GIVE_UP;
                }
            }
            ClientInput::Abandoned => {
                if let State::Calling { resend, .. } = &mut self.state {
                    resend.stop();
                }
            }
        }
    }

    fn handle_timeout(&mut self, now: Instant) {
        match &mut self.state {
            State::Calling { give_up_at, .. } | State::Proceeding { give_up_at }
                if *give_up_at <= now =>
            {
                self.fail(Failure::TimedOut);
            }
            State::Calling { resend, .. } => {
                let is_due = resend.fires(now) && !broken(Breakage::InviteNotRepeated);
                let again = is_due.then(|| Output::Send(self.bytes.clone()));
                self.outputs.extend(again);
            }
            State::Accepted { until } | State::Completed { until, .. } if *until <= now => {
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
            State::Calling { resend, give_up_at } => Some(resend.or(*give_up_at)),
            State::Proceeding { give_up_at } => Some(*give_up_at),
            State::Accepted { until } | State::Completed { until, .. } => Some(*until),
            State::Terminated => None,
        }
    }
}

/// How long a phone may ring without a word (§16.6 asks for more than 3 minutes). Ring
/// time-outs are the caller's and shorter; this one keeps memory bounded.
const TIMER_C: Duration = Duration::from_secs(300);

#[cfg(test)]
mod tests;
