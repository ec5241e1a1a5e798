//! Who gets whom (automatic call distribution): agents, queues and the callers who wait.
//!
//! What an agent is doing is derived from facts: a browser's lease, a phone, a dialog, the
//! clock. Each fact that keeps an agent from work has an end of its own, so no state is
//! permanent, whatever message is lost, doubled or late (telephony.md, cases 25–32).

mod agent;
mod queue;
mod routing;

use std::{
    collections::{BTreeMap, VecDeque},
    time::{Duration, Instant},
};

pub use agent::{AgentRule, AgentState, Pause, Seat};
pub use queue::{NobodyWhy, QueueRule, QueueView, Strategy, Waiter};

use agent::{Agent, Work};
use queue::Waiting;

use crate::base::{CallId, Machine, UserId};

/// A fact, told by whoever saw it.
#[derive(Clone, Debug)]
pub enum Input {
    /// All queues, as the record has them now.
    Queues(Vec<QueueRule>),
    /// All agents, as the record has them now; who is missing has gone.
    Agents(Vec<AgentRule>),
    /// The browser is there.
    Lease(UserId),
    /// Signed out, by an act of the agent.
    Leave(UserId),
    /// Can the agent's phone be rung?
    Phone {
        agent: UserId,
        reachable: bool,
    },
    Pause {
        agent: UserId,
        why: Option<Pause>,
    },
    /// A caller wants somebody of a queue.
    Wait(Waiter),
    /// The caller has hung up, or needs nobody any more.
    Gone(CallId),
    /// The agent takes part in a call by an own act (click to dial): nothing else is offered.
    Reserve {
        agent: UserId,
        call: CallId,
    },
    Ringing {
        agent: UserId,
        call: CallId,
    },
    Answered {
        agent: UserId,
        call: CallId,
    },
    /// Not answered: refused, no answer, no way to the phone.
    Failed {
        agent: UserId,
        call: CallId,
    },
    /// The agent is still in the call.
    Alive {
        agent: UserId,
        call: CallId,
        holding: bool,
    },
    /// The agent has left the call.
    Over {
        agent: UserId,
        call: CallId,
    },
    /// The work after a call is done.
    Done(UserId),
}

#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Output {
    /// Ring this agent for this caller.
    Offer { agent: UserId, call: CallId, ring: Duration },
    /// Stop ringing.
    Withdraw { agent: UserId, call: CallId },
    /// Nobody will come.
    Nobody { call: CallId, why: NobodyWhy },
    /// How many are before this caller.
    Position { call: CallId, position: usize },
    /// The agent's state, as it is now.
    Changed { agent: UserId, state: AgentState, why: Option<Pause> },
}

#[derive(Debug, Default)]
pub struct Acd {
    agents: BTreeMap<UserId, Agent>,
    queues: BTreeMap<String, QueueRule>,
    waiting: Vec<Waiting>,
    outputs: VecDeque<Output>,
    /// Of the round robin: whom a queue rang last.
    last: BTreeMap<String, UserId>,
}

impl Acd {
    pub fn state(&self, agent: UserId, now: Instant) -> AgentState {
        self.agents.get(&agent).map_or(AgentState::Offline, |agent| agent.state(now))
    }

    /// The call that an agent is offered or takes part in.
    pub fn call_of(&self, agent: UserId, now: Instant) -> Option<CallId> {
        self.agents.get(&agent)?.call(now)
    }

    /// In order of their ids.
    pub fn seats(&self, now: Instant) -> Vec<Seat> {
        self.agents.values().map(|agent| agent.seat(now)).collect()
    }

    pub fn seat(&self, agent: UserId, now: Instant) -> Option<Seat> {
        self.agents.get(&agent).map(|agent| agent.seat(now))
    }

    /// In order of their codes.
    pub fn queue_views(&self, now: Instant) -> Vec<QueueView> {
        let view = |rule: &QueueRule| {
            let waiting = self.waiting.iter().filter(|waiting| waiting.of.queue == rule.code);
            let since = waiting.clone().map(|waiting| waiting.of.since).min();
            let agents = self.agents.values().filter(|agent| agent.serves(&rule.code));
            QueueView {
                code: rule.code.clone(),
                waiting: waiting.count(),
                longest_wait: since.map(|since| now.saturating_duration_since(since)),
                signed_in: agents.clone().filter(|agent| agent.is_here(now)).count(),
                idle: agents.filter(|agent| agent.state(now) == AgentState::Idle).count(),
            }
        };
        self.queues.values().map(view).collect()
    }

    pub fn is_waiting(&self, call: CallId) -> bool {
        self.waiting.iter().any(|waiting| waiting.of.call == call)
    }

    /// Idle agents of a queue, the longest idle first.
    pub fn idle_of(&self, queue: &str, now: Instant) -> Vec<UserId> {
        let mut idle: Vec<_> = self
            .agents
            .values()
            .filter(|agent| agent.serves(queue) && agent.is_free(now))
            .map(|agent| (agent.idle_since, agent.rule.user))
            .collect();
        idle.sort_unstable();
        idle.into_iter().map(|(_, user)| user).collect()
    }

    fn take(&mut self, input: Input, now: Instant) {
        match input {
            Input::Queues(rules) => {
                self.queues = rules.into_iter().map(|rule| (rule.code.clone(), rule)).collect();
            }
            Input::Agents(rules) => self.set_agents(rules, now),
            Input::Lease(user) => self.with(user, |agent| agent.lease(now)),
            Input::Leave(user) => self.with(user, |agent| agent.lease_until = None),
            Input::Phone { agent, reachable } => {
                self.with(agent, |agent| agent.has_phone(reachable, now));
            }
            Input::Pause { agent, why } => self.with(agent, |agent| agent.pause(why, now)),
            Input::Wait(waiter) => self.wait(waiter, now),
            Input::Gone(call) => self.gone(call, now),
            Input::Reserve { agent, call } => self.with(agent, |agent| agent.reserve(call, now)),
            Input::Ringing { agent, call } => self.with(agent, |agent| agent.rings(call)),
            Input::Answered { agent, call } => self.answered(agent, call, now),
            Input::Failed { agent, call } => self.failed(agent, call, now),
            Input::Alive { agent, call, holding } => {
                self.with(agent, |agent| agent.is_alive(call, holding, now));
            }
            Input::Over { agent, call } => self.with(agent, |agent| agent.is_over(call, now)),
            Input::Done(user) => self.with(user, |agent| agent.is_done(now)),
        }
    }

    /// Who is not known here is nobody's agent.
    fn with(&mut self, user: UserId, change: impl FnOnce(&mut Agent)) {
        if let Some(agent) = self.agents.get_mut(&user) {
            change(agent);
        }
    }

    fn set_agents(&mut self, rules: Vec<AgentRule>, now: Instant) {
        let known: Vec<_> = rules.iter().map(|rule| rule.user).collect();
        for rule in rules {
            match self.agents.get_mut(&rule.user) {
                Some(agent) => agent.rule = rule,
                None => {
                    self.agents.insert(rule.user, Agent::new(rule, now));
                }
            }
        }
        // Who is in a call leaves when it has ended.
        let stays = |agent: &Agent| agent.call(now).is_some();
        let gone: Vec<_> = self
            .agents
            .iter()
            .filter(|(user, agent)| !known.contains(user) && !stays(agent))
            .map(|(user, _)| *user)
            .collect();
        for user in gone {
            self.agents.remove(&user);
            self.outputs.push_back(Output::Changed {
                agent: user,
                state: AgentState::Offline,
                why: None,
            });
        }
    }

    fn wait(&mut self, waiter: Waiter, now: Instant) {
        let call = waiter.call;
        // Told twice, or told late: somebody has the caller by now.
        let has_agent = |agent: &Agent| agent.is_in(call, now);
        if self.is_waiting(call) || self.agents.values().any(has_agent) {
            return;
        }
        let nobody = |why| Output::Nobody { call, why };
        let Some(rule) = self.queues.get(&waiter.queue) else {
            return self.outputs.push_back(nobody(NobodyWhy::NoQueue));
        };
        let before = self.waiting.iter().filter(|other| other.of.queue == waiter.queue).count();
        if before >= rule.waiting_max {
            return self.outputs.push_back(nobody(NobodyWhy::Full));
        }
        let serves = |agent: &Agent| agent.serves(&waiter.queue) && agent.is_here(now);
        if !self.agents.values().any(serves) {
            return self.outputs.push_back(nobody(NobodyWhy::NobodyOnDuty));
        }
        let (until, announce_at) = (now + rule.wait_max, now + rule.announce_every);
        self.waiting.push(Waiting { of: waiter, until, announce_at, offered: Vec::new() });
    }

    fn gone(&mut self, call: CallId, now: Instant) {
        self.waiting.retain(|waiting| waiting.of.call != call);
        for agent in self.agents.values_mut() {
            if agent.is_offered(call, now) {
                agent.work = Work::None;
                self.outputs.push_back(Output::Withdraw { agent: agent.rule.user, call });
            }
        }
    }

    /// One has the caller; the others stop ringing (case 25).
    fn answered(&mut self, user: UserId, call: CallId, now: Instant) {
        self.with(user, |agent| agent.is_talking(call, now));
        if self.waiting.iter().any(|waiting| waiting.of.call == call) {
            self.gone(call, now);
        }
    }

    /// The caller waits on, where they stood; this agent is not asked again at once.
    fn failed(&mut self, user: UserId, call: CallId, now: Instant) {
        self.with(user, |agent| agent.has_failed(call, now));
        for waiting in self.waiting.iter_mut().filter(|waiting| waiting.of.call == call) {
            waiting.offered.retain(|offered| *offered != user);
        }
    }

    /// What has run out of time is over.
    fn expire(&mut self, now: Instant) {
        for agent in self.agents.values_mut() {
            let Some(call) = agent.expire(now) else { continue };
            let user = agent.rule.user;
            for waiting in self.waiting.iter_mut().filter(|waiting| waiting.of.call == call) {
                waiting.offered.retain(|offered| *offered != user);
            }
            self.outputs.push_back(Output::Withdraw { agent: user, call });
        }
        let over: Vec<_> =
            self.waiting.iter().filter(|w| w.until <= now).map(|w| w.of.call).collect();
        for call in over {
            self.gone(call, now);
            self.outputs.push_back(Output::Nobody { call, why: NobodyWhy::TooLong });
        }
    }

    fn announce(&mut self, now: Instant) {
        let due: Vec<_> =
            self.waiting.iter().filter(|w| w.announce_at <= now).map(|w| w.of.call).collect();
        for call in due {
            let position = self.position(call).unwrap_or_default();
            self.outputs.push_back(Output::Position { call, position });
            let Some(waiting) = self.waiting.iter_mut().find(|w| w.of.call == call) else {
                continue;
            };
            let every = self.queues.get(&waiting.of.queue).map(|rule| rule.announce_every);
            waiting.announce_at = now + every.unwrap_or(ANNOUNCE).max(ANNOUNCE_MIN);
        }
    }

    /// 0: the next.
    pub fn position(&self, call: CallId) -> Option<usize> {
        let mine = self.waiting.iter().find(|waiting| waiting.of.call == call)?;
        let before = |other: &&Waiting| {
            other.of.queue == mine.of.queue && other.of.order() < mine.of.order()
        };
        Some(self.waiting.iter().filter(before).count())
    }

    /// Tells what has changed since it was last told.
    fn tell(&mut self, now: Instant) {
        for agent in self.agents.values_mut() {
            if let Some((state, why)) = agent.news(now) {
                self.outputs.push_back(Output::Changed { agent: agent.rule.user, state, why });
            }
        }
    }
}

impl Machine for Acd {
    type Input = Input;
    type Output = Output;

    fn handle_input(&mut self, input: Input, now: Instant) {
        self.expire(now);
        self.take(input, now);
        self.route(now);
        self.tell(now);
    }

    fn handle_timeout(&mut self, now: Instant) {
        self.expire(now);
        self.announce(now);
        self.route(now);
        self.tell(now);
    }

    fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    fn poll_timeout(&self) -> Option<Instant> {
        let waiting = self.waiting.iter().flat_map(|waiting| [waiting.until, waiting.announce_at]);
        waiting.chain(self.agents.values().filter_map(Agent::until)).min()
    }
}

const ANNOUNCE: Duration = Duration::from_secs(30);
/// More often is a nuisance.
const ANNOUNCE_MIN: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests;
