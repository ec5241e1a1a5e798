//! Provisional responses that must not get lost (RFC 3262).

use std::time::Instant;

use super::{
    message::{Headers, Request, Response, name},
    transaction::{Backoff, GIVE_UP},
};

/// At the caller: which provisional responses of one early dialog want a PRACK.
#[derive(Clone, Debug, Default)]
pub struct ReliableReceiver {
    last_rseq: Option<u32>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Order {
    /// An ordinary provisional response.
    Unreliable,
    /// The next one: PRACK it with this RAck number.
    Next(u32),
    /// Seen before, or after a gap: not for the user.
    Skip,
}

impl ReliableReceiver {
    pub fn judge(&mut self, response: &Response) -> Order {
        let is_reliable = response.headers.lists(name::REQUIRE, "100rel");
        let Some(rseq) = response.headers.number(name::RSEQ).ok().flatten() else {
            return Order::Unreliable;
        };
        match self.last_rseq {
            _ if !is_reliable => Order::Unreliable,
            Some(last) if rseq != last.wrapping_add(1) => Order::Skip,
            _ => {
                self.last_rseq = Some(rseq);
                Order::Next(rseq)
            }
        }
    }
}

/// The `RAck` of a PRACK.
pub fn rack(rseq: u32, response: &Headers) -> String {
    let cseq = response.cseq().map(|cseq| cseq.to_string()).unwrap_or_default();
    format!("{rseq} {cseq}")
}

/// At the callee: one response at a time, repeated until its PRACK.
#[derive(Debug)]
pub struct ReliableSender {
    rseq: u32,
    waiting: Option<Waiting>,
}

#[derive(Debug)]
struct Waiting {
    response: Response,
    resend: Backoff,
    give_up_at: Instant,
}

#[derive(Debug)]
pub enum Resend {
    Again(Box<Response>),
    /// No PRACK for 64·T1: the call is refused (§3).
    GiveUp,
}

impl ReliableSender {
    /// `first` should be random, below 2^31.
    pub fn new(first: u32) -> Self {
        Self { rseq: first & 0x7fff_fff0, waiting: None }
    }

    pub fn is_waiting(&self) -> bool {
        self.waiting.is_some()
    }

    /// Numbers a response and starts to wait for its PRACK.
    pub fn send(&mut self, response: &mut Response, now: Instant) {
        self.rseq = self.rseq.wrapping_add(1);
        response.headers.set(name::REQUIRE, "100rel");
        response.headers.set(name::RSEQ, self.rseq.to_string());
        // §3: the interval doubles without a cap.
        let resend = Backoff::start(false, GIVE_UP, now);
        let response = response.clone();
        self.waiting = Some(Waiting { response, resend, give_up_at: now + GIVE_UP });
    }

    /// True when the PRACK is of the response that waits for it.
    pub fn confirm(&mut self, prack: &Request) -> bool {
        let Some(rack) = prack.headers.text(name::RACK) else { return false };
        let mut words = rack.split_ascii_whitespace();
        let rseq = words.next().and_then(|word| word.parse::<u32>().ok());
        let cseq = words.collect::<Vec<_>>().join(" ");
        let Some(waiting) = &self.waiting else { return false };
        let invite = waiting.response.headers.cseq().map(|cseq| cseq.to_string());
        let fits = rseq == Some(self.rseq) && invite.as_ref() == Ok(&cseq);
        fits && self.waiting.take().is_some()
    }

    pub fn stop(&mut self) {
        self.waiting = None;
    }

    pub fn poll_timeout(&self) -> Option<Instant> {
        self.waiting.as_ref().map(|waiting| waiting.resend.or(waiting.give_up_at))
    }

    pub fn handle_timeout(&mut self, now: Instant) -> Option<Resend> {
        let waiting = self.waiting.as_mut()?;
        if waiting.give_up_at <= now {
            self.waiting = None;
            return Some(Resend::GiveUp);
        }
        waiting.resend.fires(now).then(|| Resend::Again(Box::new(waiting.response.clone())))
    }
}

#[cfg(test)]
mod tests;
