//! Is a trunk alive? OPTIONS at intervals (RFC 3261 §11), with patience in both
//! directions.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use rand::{Rng, SeedableRng, rngs::StdRng};

use super::{
    endpoint::{Event, Flow, Input as EndpointInput, Owner, RequestId},
    message::{Method, NameAddr, Request, Uri, name},
};
use crate::base::{Breakage, Machine, broken};

#[derive(Clone, Debug)]
pub struct HealthConfig {
    pub owner: Owner,
    pub flow: Flow,
    pub target: Uri,
    pub from: NameAddr,
    pub routes: Vec<NameAddr>,
    pub interval: Duration,
    /// So many failures in a row make a trunk dead, so many answers alive again.
    pub dead_after: u8,
    pub alive_after: u8,
}

pub struct Health {
    config: HealthConfig,
    rng: StdRng,
    is_alive: bool,
    /// Results in a row that speak against the present verdict.
    against: u8,
    asked: Option<RequestId>,
    next_at: Instant,
    seq: u32,
    outputs: VecDeque<Output>,
}

#[derive(Debug)]
pub enum Output {
    ToEndpoint(EndpointInput),
    Alive,
    Dead,
}

impl Health {
    /// Presumed alive until proven dead: a call may be tried before the first answer.
    pub fn start(config: HealthConfig, seed: u64, now: Instant) -> Self {
        Self {
            config,
            rng: StdRng::seed_from_u64(seed),
            is_alive: true,
            against: 0,
            asked: None,
            next_at: now,
            seq: 0,
            outputs: VecDeque::new(),
        }
    }

    pub fn is_alive(&self) -> bool {
        self.is_alive
    }

    fn ask(&mut self, now: Instant) {
        // A little irregular, so that many servers do not ask in step.
        self.next_at = now + self.config.interval.mul_f64(self.rng.random_range(0.9..1.1));
        self.seq += 1;
        let mut request = Request::new(Method::Options, self.config.target.clone());
        let mut from = self.config.from.clone();
        from.set_tag(&format!("{:016x}", self.rng.random::<u64>()));
        for route in &self.config.routes {
            request.headers.add(name::ROUTE, route.to_bytes());
        }
        request.headers.add(name::FROM, from.to_bytes());
        request.headers.add(name::TO, NameAddr::new(self.config.target.clone()).to_bytes());
        request.headers.add(name::CALL_ID, format!("{:016x}", self.rng.random::<u64>()));
        request.headers.add(name::CSEQ, format!("{} OPTIONS", self.seq));
        let (owner, id, flow) = (self.config.owner, RequestId(self.seq), self.config.flow);
        self.asked = Some(id);
        let request = Box::new(request);
        let input = EndpointInput::Request { owner, id, request, flow };
        self.outputs.push_back(Output::ToEndpoint(input));
    }

    fn judge(&mut self, answered: bool) {
        if answered == self.is_alive || broken(Breakage::SilentTrunkStaysAlive) {
            self.against = 0;
            return;
        }
        self.against += 1;
        let limit = if answered { self.config.alive_after } else { self.config.dead_after };
        if self.against >= limit {
            self.is_alive = answered;
            self.against = 0;
            self.outputs.push_back(if answered { Output::Alive } else { Output::Dead });
        }
    }
}

impl Machine for Health {
    type Input = Event;
    type Output = Output;

    fn handle_input(&mut self, event: Event, _now: Instant) {
        match event {
            Event::Response { id, response }
                if self.asked == Some(id) && response.status >= 200 =>
            {
                self.asked = None;
                // Any answer is a sign of life, a refusal too; these two say that the one
                // behind is not there.
                self.judge(!matches!(response.status, 408 | 503));
            }
            Event::Failed { id, .. } if self.asked == Some(id) => {
                self.asked = None;
                self.judge(false);
            }
            _ => {}
        }
    }

    fn handle_timeout(&mut self, now: Instant) {
        if self.poll_timeout().is_some_and(|at| at <= now) {
            self.ask(now);
        }
    }

    fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// One question at a time: the transaction has its own end.
    fn poll_timeout(&self) -> Option<Instant> {
        self.asked.is_none().then_some(self.next_at)
    }
}

#[cfg(test)]
mod tests;
