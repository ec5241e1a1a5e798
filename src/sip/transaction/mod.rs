//! One file per state diagram of RFC 3261 §17, the INVITE ones with the Accepted state
//! of RFC 6026. They hold the bytes that may have to be sent again, and nothing of
//! what the request means.

mod client;
mod client_invite;
mod server;
mod server_invite;

use std::time::{Duration, Instant};

use bytes::Bytes;

pub use client::ClientTransaction;
pub use client_invite::{ClientInput, InviteClientTransaction};
pub use server::{ServerInput, ServerTransaction};
pub use server_invite::{InviteServerInput, InviteServerTransaction};

use super::message::Response;

/// What a transaction asks of its surroundings.
#[derive(Eq, PartialEq)]
pub enum Output {
    Send(Bytes),
    Deliver(Response),
    Fail(Failure),
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Failure {
    /// No final response came in time.
    TimedOut,
    /// The connection is gone, or was refused.
    Transport,
    /// There are too many transactions already.
    Overload,
}

/// T1, 2·T1, 4·T1, … up to a cap; silent where the transport repeats by itself.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Backoff {
    interval: Duration,
    cap: Duration,
    due_at: Option<Instant>,
}

impl Backoff {
    pub(crate) fn start(is_reliable: bool, cap: Duration, now: Instant) -> Self {
        Self { interval: T1, cap, due_at: (!is_reliable).then(|| now + T1) }
    }

    pub(crate) fn slow_down(&mut self, now: Instant) {
        self.interval = self.cap;
        self.due_at = self.due_at.map(|_| now + self.cap);
    }

    /// True when it is time to send again; the next time is set then.
    pub(crate) fn fires(&mut self, now: Instant) -> bool {
        let is_due = self.due_at.is_some_and(|due_at| due_at <= now);
        if is_due {
            self.interval = (self.interval * 2).min(self.cap);
            self.due_at = Some(now + self.interval);
        }
        is_due
    }

    pub(crate) fn stop(&mut self) {
        self.due_at = None;
    }

    pub(crate) fn or(&self, other: Instant) -> Instant {
        self.due_at.map_or(other, |due_at| due_at.min(other))
    }
}

/// Round-trip estimate, longest interval and longest life of a message in the network
/// (RFC 3261 §17.1.1.1 and table 4).
pub(crate) const T1: Duration = Duration::from_millis(500);
pub(crate) const T2: Duration = Duration::from_secs(4);
pub(crate) const T4: Duration = Duration::from_secs(5);

/// 64·T1: when a peer is given up (timers B, F, H, J, L, M).
pub(crate) const GIVE_UP: Duration = Duration::from_secs(32);

#[cfg(test)]
mod timeline;
