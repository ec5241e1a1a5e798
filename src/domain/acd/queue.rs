//! A queue, and who waits in it.

use std::time::{Duration, Instant};

use crate::{
    base::{CallId, UserId},
    domain::word::words,
};

/// Who of the free agents is rung first.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Strategy {
    #[default]
    LongestIdle,
    FewestCalls,
    RoundRobin,
    RingAll,
}

words! { Strategy, "a way to choose an agent",
    LongestIdle = "longest_idle",
    FewestCalls = "fewest_calls",
    RoundRobin = "round_robin",
    RingAll = "ring_all",
}

#[derive(Clone, Debug)]
pub struct QueueRule {
    pub code: String,
    pub strategy: Strategy,
    /// Callers of a higher one come first, in whichever queue.
    pub priority: i16,
    /// How long a phone rings before the next one.
    pub ring: Duration,
    pub wait_max: Duration,
    pub announce_every: Duration,
    /// More are not let in.
    pub waiting_max: usize,
    /// The caller's own doctor or nurse is rung before anybody else.
    pub own_first: bool,
}

#[derive(Clone, Debug)]
pub struct Waiter {
    pub call: CallId,
    pub queue: String,
    pub since: Instant,
    /// On top of the queue's: a red flag goes first.
    pub priority: i16,
    /// The caller's own doctor or nurse, where known.
    pub own: Option<UserId>,
}

impl Waiter {
    /// Of two in one queue, the smaller is served first.
    pub(super) fn order(&self) -> (i16, Instant, CallId) {
        (-self.priority, self.since, self.call)
    }
}

/// Why no agent comes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum NobodyWhy {
    NoQueue,
    NobodyOnDuty,
    Full,
    TooLong,
    Closed,
}

words! { NobodyWhy, "a reason why nobody comes",
    NoQueue = "no_queue",
    NobodyOnDuty = "nobody_on_duty",
    Full = "full",
    TooLong = "too_long",
    Closed = "closed",
}

/// What the board shows of a queue.
#[derive(Clone, Debug)]
pub struct QueueView {
    pub code: String,
    pub waiting: usize,
    pub longest_wait: Option<Duration>,
    pub signed_in: usize,
    pub idle: usize,
}

#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) of: Waiter,
    pub(super) until: Instant,
    pub(super) announce_at: Instant,
    /// Whose phones ring for this caller.
    pub(super) offered: Vec<UserId>,
}
