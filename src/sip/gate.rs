//! Who gets in when there are too many: a look at the start line, at the To tag and at the
//! source, before a message costs anything. Messages of calls that go on come before phones
//! that sign in, those before new calls, those before questions; known sources before
//! strangers. Whoever is over the limit is told so (503, RFC 3261 §21.5.4) without a trace
//! of it being kept; whoever is far over it hears nothing.

mod sketch;

use std::{
    collections::HashMap,
    net::IpAddr,
    time::{Duration, Instant},
};

use bytes::Bytes;
use sketch::{Kind, Sketch};

use crate::base::{Breakage, broken};

/// How many messages a second.
#[derive(Clone, Copy, Debug)]
pub struct GateConfig {
    /// New requests of one source that is known: a trunk's peer, a phone that has signed in.
    pub known: Rate,
    /// New calls and questions of one source that is not.
    pub stranger: Rate,
    /// Sign-ins of one such source: many phones stand behind one NAT.
    pub sign_in: Rate,
    /// New requests of all of those together: source addresses can be forged.
    pub strangers: Rate,
    /// Of a stranger, whatever belongs to something that was let in already: in dialogs, ACK,
    /// responses.
    pub going_on: Rate,
    /// The same of a known source.
    pub known_going_on: Rate,
    /// Refusals sent to one source, and to all: more would make us somebody's amplifier.
    pub refusals: Rate,
}

/// A token bucket: so many a second, and so many at once after a pause.
#[derive(Clone, Copy, Debug)]
pub struct Rate {
    pub per_s: f64,
    pub burst: f64,
}

impl Rate {
    pub const fn new(per_s: f64, burst: f64) -> Self {
        Self { per_s, burst }
    }
}

impl Default for GateConfig {
    fn default() -> Self {
        Self {
            // Two cores set up 2,000 calls a second; a hospital's trunk brings five.
            known: Rate::new(2_500.0, 2_500.0),
            // A phone's owner dials no faster, an engineer's tool may for a while; a scanner
            // goes on.
            stranger: Rate::new(50.0, 300.0),
            // Two requests a phone: a ward's 100 phones after a power cut, in two seconds.
            sign_in: Rate::new(100.0, 200.0),
            strangers: Rate::new(400.0, 800.0),
            // 1,000 calls with a message each second, four times over.
            going_on: Rate::new(4_000.0, 8_000.0),
            // ACK, BYE and the responses of as many calls as are let in: to drop one of these
            // costs more than to take it.
            known_going_on: Rate::new(20_000.0, 40_000.0),
            refusals: Rate::new(200.0, 400.0),
        }
    }
}

#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Admission {
    Pass,
    /// Send this back; the message itself is dropped.
    Refuse(Bytes),
    Drop,
}

/// One for each socket.
#[derive(Debug)]
pub struct Gate {
    config: GateConfig,
    sources: HashMap<IpAddr, Source>,
    strangers: Bucket,
    refusals: Bucket,
    swept_at: Option<Instant>,
}

#[derive(Debug)]
struct Source {
    new: Bucket,
    sign_in: Bucket,
    going_on: Bucket,
    refusals: Bucket,
}

impl Source {
    fn of(config: &GateConfig, is_known: bool, now: Instant) -> Self {
        let (new, sign_in, going_on) = match is_known {
            true => (config.known, config.known, config.known_going_on),
            false => (config.stranger, config.sign_in, config.going_on),
        };
        Self {
            new: Bucket::full(new, now),
            sign_in: Bucket::full(sign_in, now),
            going_on: Bucket::full(going_on, now),
            refusals: Bucket::full(config.refusals, now),
        }
    }

    fn is_idle(&self, now: Instant) -> bool {
        [&self.new, &self.sign_in, &self.going_on, &self.refusals]
            .iter()
            .all(|bucket| bucket.is_full(now))
    }
}

impl Gate {
    pub fn new(config: GateConfig, now: Instant) -> Self {
        let (strangers, refusals) = (config.strangers, config.refusals);
        Self {
            config,
            sources: HashMap::new(),
            strangers: Bucket::full(strangers, now),
            refusals: Bucket::full(Rate::new(refusals.per_s * 5.0, refusals.burst * 5.0), now),
            swept_at: None,
        }
    }

    /// `is_known`: a trunk's peer or a phone that has signed in is at this address.
    pub fn admit(
        &mut self,
        message: &[u8],
        from: IpAddr,
        is_known: bool,
        now: Instant,
    ) -> Admission {
        if broken(Breakage::GateOpen) {
            return Admission::Pass;
        }
        let Some(sketch) = Sketch::of(message) else {
            // A keep-alive, or noise: the parser tells them apart, within limits.
            return self.admit_kind(Kind::Question, from, is_known, now).unwrap_or(Admission::Drop);
        };
        match self.admit_kind(sketch.kind(), from, is_known, now) {
            Some(admission) => admission,
            None if !sketch.may_be_answered() || !self.may_refuse(from, now) => Admission::Drop,
            None => sketch.refusal().map_or(Admission::Drop, Admission::Refuse),
        }
    }

    /// `None`: it is over the limit.
    fn admit_kind(
        &mut self,
        kind: Kind,
        from: IpAddr,
        is_known: bool,
        now: Instant,
    ) -> Option<Admission> {
        // What a flood of forged addresses would fill is the strangers' common bucket.
        let for_all = !is_known && kind != Kind::GoesOn;
        let config = self.config;
        let has_room = self.has_room(from, now);
        let own = match self.sources.get_mut(&from) {
            Some(source) => source,
            None if !has_room => {
                return self.strangers.take(now).then_some(Admission::Pass);
            }
            None => self.sources.entry(from).or_insert_with(|| Source::of(&config, is_known, now)),
        };
        let (bucket, known) = match kind {
            Kind::GoesOn => (&mut own.going_on, config.known_going_on),
            Kind::SignIn => (&mut own.sign_in, config.known),
            Kind::Call | Kind::Question => (&mut own.new, config.known),
        };
        if is_known {
            bucket.raise(known);
        }
        let passes = bucket.take(now) && (!for_all || self.strangers.take(now));
        passes.then_some(Admission::Pass)
    }

    fn may_refuse(&mut self, to: IpAddr, now: Instant) -> bool {
        let own = self.sources.get_mut(&to).is_none_or(|source| source.refusals.take(now));
        own && self.refusals.take(now)
    }

    /// Sources that were quiet for long enough are forgotten, and cost nothing.
    fn has_room(&mut self, from: IpAddr, now: Instant) -> bool {
        if self.sources.len() < SOURCES_MAX || self.sources.contains_key(&from) {
            return true;
        }
        if self.swept_at.is_none_or(|at| now >= at + SWEEP) {
            self.swept_at = Some(now);
            self.sources.retain(|_, source| !source.is_idle(now));
        }
        self.sources.len() < SOURCES_MAX
    }
}

#[derive(Debug)]
struct Bucket {
    rate: Rate,
    tokens: f64,
    at: Instant,
}

impl Bucket {
    fn full(rate: Rate, now: Instant) -> Self {
        Self { rate, tokens: rate.burst, at: now }
    }

    /// A source that became known since gets its due at once.
    fn raise(&mut self, rate: Rate) {
        if rate.per_s > self.rate.per_s {
            self.tokens += rate.burst - self.rate.burst;
            self.rate = rate;
        }
    }

    fn level(&self, now: Instant) -> f64 {
        let passed = now.saturating_duration_since(self.at).as_secs_f64();
        (self.tokens + passed * self.rate.per_s).min(self.rate.burst)
    }

    fn is_full(&self, now: Instant) -> bool {
        self.level(now) >= self.rate.burst
    }

    fn take(&mut self, now: Instant) -> bool {
        self.tokens = self.level(now);
        self.at = self.at.max(now);
        let has_one = self.tokens >= 1.0;
        if has_one {
            self.tokens -= 1.0;
        }
        has_one
    }
}

/// 300 bytes each: a large hospital's phones; a flood of forged sources shares what is left.
const SOURCES_MAX: usize = 8_192;

/// A sweep looks at every source; a flood must not pay for one with each message.
const SWEEP: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests;
