//! Our registration with a trunk (RFC 3261 §10.2). It never gives up.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use rand::{Rng, SeedableRng, rngs::StdRng};

use super::{
    auth::{ClientAuth, Credentials},
    endpoint::{Event, Flow, Input as EndpointInput, Owner, RequestId},
    message::{Headers, Method, NameAddr, Request, Response, Uri, name},
};
use crate::base::{Breakage, Machine, broken};

#[derive(Clone, Debug)]
pub struct RegistrationConfig {
    pub owner: Owner,
    /// To the registrar, or to the SBC in front of it.
    pub flow: Flow,
    /// The Request-URI: the carrier's domain.
    pub registrar: Uri,
    /// The public identity (IMPU); its user part stands in Contact too.
    pub aor: NameAddr,
    pub routes: Vec<NameAddr>,
    pub credentials: Option<Credentials>,
    pub expires_s: u32,
}

pub struct Registration {
    config: RegistrationConfig,
    state: State,
    auth: ClientAuth,
    rng: StdRng,
    call_id: String,
    tag: String,
    seq: u32,
    expires_s: u32,
    failures: u32,
    outputs: VecDeque<Output>,
}

enum State {
    Asking { id: RequestId, request: Box<Request>, tries: u8, until: Option<Instant> },
    Registered { refresh_at: Instant, until: Instant },
    Waiting { retry_at: Instant },
    Leaving,
    Stopped,
}

#[derive(Debug)]
pub enum Input {
    Event(Event),
    /// Unregister.
    Stop,
}

#[derive(Debug)]
pub enum Output {
    ToEndpoint(EndpointInput),
    Notify(RegistrationEvent),
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum RegistrationEvent {
    Registered {
        granted_s: u32,
    },
    /// Nobody answered (`None`), or the answer was no. It is tried again.
    Failed {
        status: Option<u16>,
        retry_in: Duration,
    },
    /// What was granted has run out: the trunk does not reach us any more.
    Lost,
}

impl Registration {
    pub fn start(config: RegistrationConfig, seed: u64) -> Self {
        let mut rng = StdRng::seed_from_u64(seed);
        let mut this = Self {
            state: State::Stopped,
            auth: ClientAuth::new(config.credentials.clone()),
            call_id: format!("{:016x}", rng.random::<u64>()),
            tag: format!("{:016x}", rng.random::<u64>()),
            rng,
            seq: 0,
            expires_s: config.expires_s.max(1),
            failures: 0,
            outputs: VecDeque::new(),
            config,
        };
        this.ask(None);
        this
    }

    fn request(&self, expires_s: u32) -> Request {
        let mut request = Request::new(Method::Register, self.config.registrar.clone());
        let mut from = self.config.aor.clone();
        from.set_tag(&self.tag);
        for route in &self.config.routes {
            request.headers.add(name::ROUTE, route.to_bytes());
        }
        request.headers.add(name::FROM, from.to_bytes());
        request.headers.add(name::TO, self.config.aor.to_bytes());
        // The same for all registrations of one boot (§10.2).
        request.headers.add(name::CALL_ID, self.call_id.clone());
        request.headers.add(name::EXPIRES, expires_s.to_string());
        request
    }

    fn ask(&mut self, until: Option<Instant>) {
        let request = self.request(self.expires_s);
        self.send(request, 0, until);
    }

    fn send(&mut self, mut request: Request, tries: u8, until: Option<Instant>) {
        self.seq += 1;
        request.headers.set(name::CSEQ, format!("{} REGISTER", self.seq));
        let (id, owner, flow) = (RequestId(self.seq), self.config.owner, self.config.flow);
        let request = Box::new(request);
        self.state = State::Asking { id, request: request.clone(), tries, until };
        let input = EndpointInput::Request { owner, id, request, flow };
        self.outputs.push_back(Output::ToEndpoint(input));
    }

    fn handle_response(&mut self, got: RequestId, response: &Response, now: Instant) {
        let State::Asking { id, request, tries, until } = &self.state else { return };
        if *id != got || response.status < 200 {
            return;
        }
        let (mut request, tries, until) = ((**request).clone(), *tries, *until);
        if self.auth.answer(&mut request, response, tries, &mut self.rng) {
            return self.send(request, tries + 1, until);
        }
        match response.status {
            200..=299 => {
                let granted_s = granted_s(&response.headers, &self.config.aor, self.expires_s);
                self.failures = 0;
                let granted = Duration::from_secs(granted_s.into());
                self.state =
                    State::Registered { refresh_at: now + granted * 4 / 5, until: now + granted };
                let event = RegistrationEvent::Registered { granted_s };
                self.outputs.push_back(Output::Notify(event));
            }
            423 => match response.headers.number(name::MIN_EXPIRES) {
                Ok(Some(min_s)) if min_s > self.expires_s && min_s <= EXPIRES_MAX_S => {
                    self.expires_s = min_s;
                    request.headers.set(name::EXPIRES, min_s.to_string());
                    self.send(request, tries, until);
                }
                _ => self.fail(Some(423), None, until, now),
            },
            status => {
                let wait_s = response.headers.number(name::RETRY_AFTER).ok().flatten();
                self.fail(Some(status), wait_s, until, now);
            }
        }
    }

    /// Waits twice as long each time, up to a limit; the carrier's wish counts, within
    /// reason. A quarter is left to chance, so that a hundred servers do not come back
    /// in the same second.
    fn fail(
        &mut self,
        status: Option<u16>,
        wait_s: Option<u32>,
        until: Option<Instant>,
        now: Instant,
    ) {
        let steps = self.failures.min(10);
        self.failures += 1;
        let backoff = (BACKOFF_FIRST * 2u32.pow(steps)).min(BACKOFF_MAX);
        let asked = Duration::from_secs(wait_s.unwrap_or_default().into()).min(BACKOFF_MAX);
        let retry_in = backoff.max(asked).mul_f64(self.rng.random_range(0.75..1.25));
        let retry_in = retry_in.max(asked);
        self.state = State::Waiting { retry_at: now + retry_in };
        if self.failures >= 3 && broken(Breakage::RegistrationGivesUp) {
            self.state = State::Stopped;
        }
        self.outputs.push_back(Output::Notify(RegistrationEvent::Failed { status, retry_in }));
        if until.is_some_and(|until| until <= now + retry_in) {
            self.outputs.push_back(Output::Notify(RegistrationEvent::Lost));
        }
    }

    fn stop(&mut self) {
        let was_known =
            matches!(self.state, State::Registered { .. } | State::Asking { until: Some(_), .. });
        self.state = State::Stopped;
        if was_known {
            let request = self.request(0);
            self.send(request, 0, None);
            self.state = State::Leaving;
        }
    }
}

impl Machine for Registration {
    type Input = Input;
    type Output = Output;

    fn handle_input(&mut self, input: Input, now: Instant) {
        match input {
            Input::Stop => self.stop(),
            Input::Event(Event::Response { id, response }) => {
                self.handle_response(id, &response, now);
            }
            Input::Event(Event::Failed { id, .. }) => {
                if let State::Asking { id: ours, until, .. } = self.state
                    && ours == id
                {
                    self.fail(None, None, until, now);
                }
            }
            Input::Event(_) => {}
        }
    }

    fn handle_timeout(&mut self, now: Instant) {
        match self.state {
            State::Registered { refresh_at, until } if refresh_at <= now => self.ask(Some(until)),
            State::Waiting { retry_at } if retry_at <= now => self.ask(None),
            _ => {}
        }
    }

    fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    fn poll_timeout(&self) -> Option<Instant> {
        match self.state {
            State::Registered { refresh_at, .. } => Some(refresh_at),
            State::Waiting { retry_at } => Some(retry_at),
            State::Asking { .. } | State::Leaving | State::Stopped => None,
        }
    }
}

/// What was granted to our contact; other devices of the same number may be listed too.
fn granted_s(headers: &Headers, aor: &NameAddr, asked_s: u32) -> u32 {
    if broken(Breakage::GrantedTimeIgnored) {
        return asked_s;
    }
    let contacts = headers.contacts().unwrap_or_default();
    let ours = contacts.iter().filter(|c| contacts.len() == 1 || c.uri.user() == aor.uri.user());
    let param = ours.filter_map(|contact| contact.params.get("expires")?.parse::<u32>().ok()).min();
    let header = headers.number(name::EXPIRES).ok().flatten();
    param.or(header).unwrap_or(asked_s).clamp(EXPIRES_MIN_S, EXPIRES_MAX_S)
}

/// A carrier that grants less would have us register all day.
const EXPIRES_MIN_S: u32 = 10;
const EXPIRES_MAX_S: u32 = 86_400;

/// A restarting SBC is back in seconds; a broken one is not helped by more requests.
const BACKOFF_FIRST: Duration = Duration::from_secs(2);
const BACKOFF_MAX: Duration = Duration::from_secs(300);

#[cfg(test)]
mod tests;
