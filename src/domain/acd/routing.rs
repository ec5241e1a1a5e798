//! Which free agent is rung for which caller.

use std::time::Instant;

use super::{Acd, Output, Strategy, agent::Agent, queue::QueueRule};
use crate::base::UserId;

impl Acd {
    /// In order of priority and time; a caller for whom nobody is free holds up nobody else.
    pub(super) fn route(&mut self, now: Instant) {
        let mut order: Vec<usize> = (0..self.waiting.len()).collect();
        let queue_priority = |at: usize| {
            let queue = &self.waiting[at].of.queue;
            self.queues.get(queue).map_or(0, |rule| rule.priority)
        };
        order.sort_by_key(|at| {
            let of = &self.waiting[*at].of;
            (-(queue_priority(*at) + of.priority), of.since, of.call)
        });
        for at in order {
            if self.waiting[at].offered.is_empty() {
                self.offer(at, now);
            }
        }
    }

    fn offer(&mut self, at: usize, now: Instant) {
        let waiter = self.waiting[at].of.clone();
        let Some(rule) = self.queues.get(&waiter.queue).cloned() else { return };
        let free = |agent: &&Agent| {
            agent.serves(&rule.code) && agent.is_free(now) && !agent.has_refused(waiter.call, now)
        };
        let mut free: Vec<&Agent> = self.agents.values().filter(free).collect();
        let own = waiter.own.filter(|_| rule.own_first);
        free.sort_by_key(|agent| (own != Some(agent.rule.user), self.rank(&rule, agent)));
        let has_own = free.first().is_some_and(|agent| own == Some(agent.rule.user));
        let wanted = match rule.strategy {
            Strategy::RingAll if !has_own => free.len().min(RING_ALL_MAX),
            _ => 1,
        };
        let chosen: Vec<UserId> = free.iter().take(wanted).map(|agent| agent.rule.user).collect();
        for user in chosen {
            self.with(user, |agent| agent.offer(waiter.call, rule.ring, now));
            self.waiting[at].offered.push(user);
            self.last.insert(rule.code.clone(), user);
            let (call, ring) = (waiter.call, rule.ring);
            self.outputs.push_back(Output::Offer { agent: user, call, ring });
        }
    }

    /// The smallest is rung first; the better skilled before all else.
    fn rank(&self, rule: &QueueRule, agent: &Agent) -> (u8, u64, Instant, UserId) {
        let user = agent.rule.user;
        let turn = match rule.strategy {
            Strategy::LongestIdle | Strategy::RingAll => 0,
            Strategy::FewestCalls => u64::from(agent.calls_taken),
            // After the last one comes the next by id, and then from the beginning.
            Strategy::RoundRobin => {
                u64::from(self.last.get(&rule.code).is_some_and(|last| user <= *last))
            }
        };
        // The round itself goes by id, not by who has waited longest.
        let idle = match rule.strategy {
            Strategy::RoundRobin => self.earliest_idle(agent),
            _ => agent.idle_since,
        };
        (u8::MAX - agent.skill(&rule.code), turn, idle, user)
    }

    fn earliest_idle(&self, agent: &Agent) -> Instant {
        self.agents.values().map(|agent| agent.idle_since).min().unwrap_or(agent.idle_since)
    }
}

/// One caller does not ring a whole house.
const RING_ALL_MAX: usize = 10;
