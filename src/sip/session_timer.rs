//! Session timers (RFC 4028): a call whose other end has silently gone is noticed.

use std::time::{Duration, Instant};

use crate::base::{Breakage, broken};

use super::message::{Headers, Request, Response, name};

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct SessionTimerConfig {
    /// What we ask for.
    pub expires_s: u32,
    /// The shortest that we accept.
    pub min_se_s: u32,
}

/// The timer of one call. `None` everywhere: the call has none.
#[derive(Clone, Debug)]
pub struct SessionTimer {
    config: Option<SessionTimerConfig>,
    interval_s: u32,
    running: Option<Running>,
    /// The peer takes UPDATE, which needs no offer and no ACK.
    pub peer_updates: bool,
}

#[derive(Clone, Copy, Debug)]
struct Running {
    /// `None`: the peer refreshes.
    refresh_at: Option<Instant>,
    expire_at: Instant,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Due {
    Refresh,
    Expired,
}

/// Shorter than ours, from a peer that knows the extension: answer 422 with this.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct TooSmall {
    pub min_se_s: u32,
}

impl SessionTimer {
    pub fn new(config: Option<SessionTimerConfig>) -> Self {
        let interval_s = config.map_or(0, |config| config.expires_s.max(MIN_SE_S));
        Self { config, interval_s, running: None, peer_updates: false }
    }

    /// Into a request of ours (§7.1). In a running session the roles stay as they are.
    pub fn ask(&self, request: &mut Request) {
        if self.config.is_none() && self.running.is_none() {
            return;
        }
        let refresher = match self.running {
            Some(Running { refresh_at: Some(_), .. }) => ";refresher=uac",
            Some(Running { refresh_at: None, .. }) => ";refresher=uas",
            None => "",
        };
        let interval_s = self.interval_s;
        request.headers.set(name::SESSION_EXPIRES, format!("{interval_s}{refresher}"));
        let min_se_s = self.min_se_s();
        request.headers.set(name::MIN_SE, min_se_s.to_string());
    }

    /// A 422: its minimum is ours from now on (§7.4). False when it makes no sense.
    pub fn raise(&mut self, response: &Response) -> bool {
        match response.headers.number(name::MIN_SE) {
            _ if broken(Breakage::LongerTimerRefused) => false,
            Ok(Some(min)) if min > self.interval_s && min <= INTERVAL_MAX_S => {
                self.interval_s = min;
                true
            }
            _ => false,
        }
    }

    /// A 2xx to a request of ours that asked (§7.2).
    pub fn accepted(&mut self, headers: &Headers, now: Instant) {
        self.note_peer(headers);
        let Some(interval_s) = interval(headers) else {
            self.running = None;
            return;
        };
        let we_refresh = refresher(headers).as_deref() != Some("uas");
        self.run(interval_s, we_refresh, now);
    }

    /// Judges a peer's INVITE or UPDATE before it is answered (§9).
    pub fn check(&self, request: &Request) -> Result<(), TooSmall> {
        let min_se_s = self.min_se_s();
        if broken(Breakage::ShortTimerTaken) {
            return Ok(());
        }
        match interval(&request.headers) {
            Some(interval_s) if interval_s < min_se_s && knows_timer(&request.headers) => {
                Err(TooSmall { min_se_s })
            }
            _ => Ok(()),
        }
    }

    /// Into our 2xx, and the timer runs (§9).
    pub fn answer(&mut self, request: &Request, response: &mut Response, now: Instant) {
        let headers = &request.headers;
        self.note_peer(headers);
        let asked = interval(headers);
        let Some(interval_s) = asked.or(self.config.map(|config| config.expires_s)) else {
            self.running = None;
            return;
        };
        // A peer that does not know the extension can only be refreshed by us.
        let floor_s = headers.number(name::MIN_SE).ok().flatten().unwrap_or(MIN_SE_S);
        let interval_s = interval_s.max(self.min_se_s()).max(floor_s.min(INTERVAL_MAX_S));
        let peer_refreshes = knows_timer(headers) && refresher(headers).as_deref() != Some("uas");
        let role = if peer_refreshes { "uac" } else { "uas" };
        response.headers.set(name::SESSION_EXPIRES, format!("{interval_s};refresher={role}"));
        if peer_refreshes {
            response.headers.set(name::REQUIRE, "timer");
        }
        self.run(interval_s, !peer_refreshes, now);
    }

    pub fn stop(&mut self) {
        self.running = None;
    }

    pub fn poll_timeout(&self) -> Option<Instant> {
        let running = self.running?;
        Some(running.refresh_at.map_or(running.expire_at, |at| at.min(running.expire_at)))
    }

    pub fn due(&mut self, now: Instant) -> Option<Due> {
        let running = self.running.as_mut()?;
        if running.expire_at <= now {
            self.running = None;
            return Some(Due::Expired);
        }
        let is_due = running.refresh_at.is_some_and(|at| at <= now);
        is_due.then(|| {
            // Once: the answer starts a new round, and silence ends the call.
            running.refresh_at = Some(running.expire_at);
            Due::Refresh
        })
    }

    fn run(&mut self, interval_s: u32, we_refresh: bool, now: Instant) {
        let interval_s = interval_s.clamp(1, INTERVAL_MAX_S);
        self.interval_s = interval_s;
        let interval = Duration::from_secs(interval_s.into());
        // §10: the side that waits says BYE a little before the end.
        let early = Duration::from_secs(32).min(interval / 3);
        self.running = Some(Running {
            refresh_at: we_refresh.then(|| now + interval / 2),
            expire_at: now + interval - early,
        });
    }

    fn note_peer(&mut self, headers: &Headers) {
        if headers.has(name::ALLOW) {
            self.peer_updates = headers.lists(name::ALLOW, "UPDATE");
        }
    }

    fn min_se_s(&self) -> u32 {
        self.config.map_or(MIN_SE_S, |config| config.min_se_s.max(MIN_SE_S))
    }
}

fn interval(headers: &Headers) -> Option<u32> {
    headers.number(name::SESSION_EXPIRES).ok().flatten()
}

fn refresher(headers: &Headers) -> Option<String> {
    let value = headers.text(name::SESSION_EXPIRES)?.to_ascii_lowercase();
    let params = value.split(';').skip(1).map(str::trim);
    params.filter_map(|param| param.strip_prefix("refresher=")).next().map(|v| v.trim().to_owned())
}

fn knows_timer(headers: &Headers) -> bool {
    headers.lists(name::SUPPORTED, "timer") || headers.lists(name::REQUIRE, "timer")
}

/// §4: nobody may ask for less.
const MIN_SE_S: u32 = 90;

/// A day: a longer timer guards nothing.
const INTERVAL_MAX_S: u32 = 86_400;

#[cfg(test)]
mod tests;
