//! An agent, as the facts have it.

use std::time::{Duration, Instant};

use crate::{
    base::{CallId, UserId},
    domain::word::words,
};

/// A word of `agent_state`.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum AgentState {
    Offline,
    Idle,
    Reserved,
    Ringing,
    Talking,
    Holding,
    WrapUp,
    Paused,
    NoPhone,
}

words! { AgentState, "a state of an agent",
    Offline = "offline",
    Idle = "idle",
    Reserved = "reserved",
    Ringing = "ringing",
    Talking = "talking",
    Holding = "holding",
    WrapUp = "wrap_up",
    Paused = "paused",
    NoPhone = "no_phone",
}

/// 示忙原因.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Pause {
    /// 小休
    Rest,
    /// 用餐
    Meal,
    /// 培训
    Training,
    /// 会议
    Meeting,
    /// 上病房
    Ward,
}

words! { Pause, "a reason for a pause",
    Rest = "rest",
    Meal = "meal",
    Training = "training",
    Meeting = "meeting",
    Ward = "ward",
}

/// Who an agent is, as the record has it.
#[derive(Clone, Debug)]
pub struct AgentRule {
    pub user: UserId,
    /// Code of the queue, and how well the agent serves it: 1 (last) to 5 (first).
    pub queues: Vec<(String, u8)>,
    pub wrap_up: Duration,
}

/// What the board shows of an agent.
#[derive(Clone, Debug)]
pub struct Seat {
    pub user: UserId,
    pub state: AgentState,
    pub since: Instant,
    pub paused: Option<Pause>,
    pub call: Option<CallId>,
    /// The end of the work after a call.
    pub wrap_up_until: Option<Instant>,
    pub calls_taken: u32,
    pub queues: Vec<String>,
}

#[derive(Debug)]
pub(super) enum Work {
    None,
    Offer { call: CallId, rings: bool, until: Instant },
    Call { call: CallId, holding: bool, until: Instant },
    WrapUp { call: CallId, until: Instant },
}

#[derive(Debug)]
pub(super) struct Agent {
    pub(super) rule: AgentRule,
    pub(super) lease_until: Option<Instant>,
    pub(super) work: Work,
    pub(super) idle_since: Instant,
    pub(super) calls_taken: u32,
    phone: bool,
    paused: Option<Pause>,
    /// After a call that was not taken: the next one goes to somebody else.
    rests_until: Option<Instant>,
    /// Calls that this agent did not take, until when.
    refused: Vec<(CallId, Instant)>,
    told: (AgentState, Option<Pause>),
    since: Instant,
}

impl Agent {
    pub(super) fn new(rule: AgentRule, now: Instant) -> Self {
        Self {
            rule,
            lease_until: None,
            work: Work::None,
            idle_since: now,
            calls_taken: 0,
            phone: false,
            paused: None,
            rests_until: None,
            refused: Vec::new(),
            told: (AgentState::Offline, None),
            since: now,
        }
    }

    pub(super) fn state(&self, now: Instant) -> AgentState {
        match &self.work {
            Work::Offer { rings, until, .. } if *until > now => match rings {
                true => AgentState::Ringing,
                false => AgentState::Reserved,
            },
            Work::Call { holding, until, .. } if *until > now => match holding {
                true => AgentState::Holding,
                false => AgentState::Talking,
            },
            Work::WrapUp { until, .. } if *until > now => AgentState::WrapUp,
            _ if self.lease_until.is_none_or(|until| until <= now) => AgentState::Offline,
            _ if !self.phone => AgentState::NoPhone,
            _ if self.paused.is_some() => AgentState::Paused,
            _ => AgentState::Idle,
        }
    }

    pub(super) fn seat(&self, now: Instant) -> Seat {
        let wrap_up_until = match &self.work {
            Work::WrapUp { until, .. } if *until > now => Some(*until),
            _ => None,
        };
        Seat {
            user: self.rule.user,
            state: self.state(now),
            since: self.since,
            paused: self.paused,
            call: self.call(now),
            wrap_up_until,
            calls_taken: self.calls_taken,
            queues: self.rule.queues.iter().map(|(code, _)| code.clone()).collect(),
        }
    }

    /// Offered, taken, or not yet written up.
    pub(super) fn call(&self, now: Instant) -> Option<CallId> {
        match &self.work {
            Work::None => None,
            Work::Offer { call, until, .. }
            | Work::Call { call, until, .. }
            | Work::WrapUp { call, until } => (*until > now).then_some(*call),
        }
    }

    pub(super) fn serves(&self, queue: &str) -> bool {
        self.rule.queues.iter().any(|(code, _)| code == queue)
    }

    pub(super) fn skill(&self, queue: &str) -> u8 {
        let own = self.rule.queues.iter().find(|(code, _)| code == queue);
        own.map_or(0, |(_, skill)| *skill)
    }

    /// Signed in, or in a call all the same.
    pub(super) fn is_here(&self, now: Instant) -> bool {
        self.state(now) != AgentState::Offline
    }

    pub(super) fn is_free(&self, now: Instant) -> bool {
        self.state(now) == AgentState::Idle && self.rests_until.is_none_or(|until| until <= now)
    }

    pub(super) fn has_refused(&self, call: CallId, now: Instant) -> bool {
        self.refused.iter().any(|(refused, until)| *refused == call && *until > now)
    }

    pub(super) fn lease(&mut self, now: Instant) {
        if self.lease_until.is_none_or(|until| until <= now) {
            self.idle_since = now;
        }
        self.lease_until = Some(now + LEASE);
    }

    pub(super) fn has_phone(&mut self, reachable: bool, now: Instant) {
        if reachable && !self.phone {
            self.idle_since = now;
        }
        self.phone = reachable;
    }

    pub(super) fn pause(&mut self, why: Option<Pause>, now: Instant) {
        if self.paused.is_some() && why.is_none() {
            self.idle_since = now;
        }
        self.paused = why;
    }

    pub(super) fn reserve(&mut self, call: CallId, now: Instant) {
        let may = match self.state(now) {
            AgentState::Idle | AgentState::WrapUp | AgentState::Paused => true,
            AgentState::Reserved
            | AgentState::Ringing
            | AgentState::Talking
            | AgentState::Holding
            | AgentState::Offline
            | AgentState::NoPhone => false,
        };
        if may {
            self.offer(call, RESERVED, now);
        }
    }

    pub(super) fn offer(&mut self, call: CallId, ring: Duration, now: Instant) {
        let until = now + ring.min(RESERVED) + OFFER_MARGIN;
        self.work = Work::Offer { call, rings: false, until };
    }

    pub(super) fn is_offered(&self, call: CallId, now: Instant) -> bool {
        matches!(&self.work, Work::Offer { call: own, until, .. } if *own == call && *until > now)
    }

    /// Talks, or holds.
    pub(super) fn is_in(&self, call: CallId, now: Instant) -> bool {
        matches!(&self.work, Work::Call { call: own, until, .. } if *own == call && *until > now)
    }

    pub(super) fn rings(&mut self, of: CallId) {
        if let Work::Offer { call, rings, .. } = &mut self.work
            && *call == of
        {
            *rings = true;
        }
    }

    /// Only who was offered the call, or has it already, can be talking: a late word about
    /// another call changes nothing.
    pub(super) fn is_talking(&mut self, of: CallId, now: Instant) {
        match &self.work {
            Work::Offer { call, .. } if *call == of => {
                self.calls_taken += 1;
                self.work = Work::Call { call: of, holding: false, until: now + CALL_LEASE };
            }
            _ => self.is_alive(of, false, now),
        }
    }

    pub(super) fn is_alive(&mut self, of: CallId, is_holding: bool, now: Instant) {
        if let Work::Call { call, holding, until } = &mut self.work
            && *call == of
        {
            *holding = is_holding;
            *until = now + CALL_LEASE;
        }
    }

    pub(super) fn has_failed(&mut self, of: CallId, now: Instant) {
        if !matches!(&self.work, Work::Offer { call, .. } if *call == of) {
            return;
        }
        self.work = Work::None;
        self.turned_down(of, now);
    }

    fn turned_down(&mut self, call: CallId, now: Instant) {
        self.rests_until = Some(now + REST);
        self.refused.retain(|(_, until)| *until > now);
        if self.refused.len() == REFUSED_MAX {
            self.refused.remove(0);
        }
        self.refused.push((call, now + NOT_AGAIN));
    }

    pub(super) fn is_over(&mut self, of: CallId, now: Instant) {
        match &self.work {
            Work::Call { call, .. } if *call == of => {
                self.work = Work::WrapUp { call: of, until: now + self.rule.wrap_up };
                self.idle_since = now + self.rule.wrap_up;
            }
            Work::Offer { call, .. } if *call == of => {
                self.work = Work::None;
                self.idle_since = now;
            }
            _ => {}
        }
    }

    pub(super) fn is_done(&mut self, now: Instant) {
        if matches!(self.work, Work::WrapUp { .. }) {
            self.work = Work::None;
            self.idle_since = now;
        }
    }

    /// Ends what is out of time. The call whose offer has run out is answered.
    pub(super) fn expire(&mut self, now: Instant) -> Option<CallId> {
        match &self.work {
            Work::Offer { call, until, .. } if *until <= now => {
                let call = *call;
                self.work = Work::None;
                self.turned_down(call, now);
                Some(call)
            }
            // Nobody has heard of the call for long: what would be written of it is too.
            Work::Call { until, .. } | Work::WrapUp { until, .. } if *until <= now => {
                self.work = Work::None;
                None
            }
            _ => None,
        }
    }

    /// When something of it ends by itself.
    pub(super) fn until(&self) -> Option<Instant> {
        let work = match &self.work {
            Work::None => None,
            Work::Offer { until, .. } | Work::Call { until, .. } | Work::WrapUp { until, .. } => {
                Some(*until)
            }
        };
        let lease = self.lease_until.filter(|_| self.told.0 != AgentState::Offline);
        [work, lease, self.rests_until].into_iter().flatten().min()
    }

    pub(super) fn news(&mut self, now: Instant) -> Option<(AgentState, Option<Pause>)> {
        if self.rests_until.is_some_and(|until| until <= now) {
            self.rests_until = None;
        }
        let state = self.state(now);
        let why = self.paused.filter(|_| state == AgentState::Paused);
        if self.told == (state, why) {
            return None;
        }
        self.told = (state, why);
        self.since = now;
        Some(self.told)
    }
}

/// A browser tells each 10 s that it is there; two of its words may be lost.
pub(super) const LEASE: Duration = Duration::from_secs(35);

/// A call tells each 20 s that its agent is in it.
pub(super) const CALL_LEASE: Duration = Duration::from_secs(70);

/// Longer than any phone rings, and than a number through a trunk takes to be confirmed.
pub(super) const RESERVED: Duration = Duration::from_secs(90);

/// What the ringing itself ends is ended by the call; the board only makes sure of it.
pub(super) const OFFER_MARGIN: Duration = Duration::from_secs(5);

/// Who did not take a call may be on the way back.
const REST: Duration = Duration::from_secs(10);

/// And is not asked for the same caller again so soon.
const NOT_AGAIN: Duration = Duration::from_secs(60);
const REFUSED_MAX: usize = 16;
