//! Trunks: registered, alive, or why not. One task a trunk for each of the two.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use tokio::task::AbortHandle;
use tracing::{info, warn};

use super::{Core, interface_flow, sleep};
use crate::{
    base::Machine,
    config::Trunk,
    domain::{OptionsAnswer, Pace},
    sip::{
        auth::Credentials,
        endpoint::{Event, Flow, Owner},
        health::{self, Health, HealthConfig},
        message::{NameAddr, Uri, name},
        registration::{self, Registration, RegistrationConfig, RegistrationEvent},
    },
};

/// What is known of a trunk.
#[derive(Clone, Debug, Default)]
pub struct TrunkState {
    /// `None`: it is not to be registered.
    pub registered: Option<bool>,
    /// `None`: its health is not asked for.
    pub answers: Option<bool>,
    /// The last thing that went wrong, e.g. `REGISTER: 403`.
    pub trouble: Option<String>,
    /// Left alone until then: it carried a dial to nobody, or asked for it.
    pub held_until: Option<Instant>,
}

impl TrunkState {
    pub fn is_up(&self) -> bool {
        self.registered.unwrap_or(true) && self.answers.unwrap_or(true)
    }

    /// What is wrong with it, for people.
    pub fn trouble(&self, now: Instant) -> Option<String> {
        let held = self.held_until.filter(|until| *until > now);
        let held = held.map(|until| format!("left alone for {} s", (until - now).as_secs() + 1));
        self.trouble.clone().or(held)
    }
}

#[derive(Debug, Default)]
pub struct TrunkBoard {
    states: Mutex<BTreeMap<String, TrunkState>>,
    /// Of all who dial by a trunk.
    paces: Mutex<BTreeMap<String, Pace>>,
    tasks: Mutex<Vec<AbortHandle>>,
}

impl TrunkBoard {
    pub fn state(&self, trunk: &str) -> TrunkState {
        self.states().get(trunk).cloned().unwrap_or_default()
    }

    pub fn all(&self) -> Vec<(String, TrunkState)> {
        self.states().iter().map(|(name, state)| (name.clone(), state.clone())).collect()
    }

    /// May a call be begun on it?
    pub fn takes_calls(&self, trunk: &str, now: Instant) -> bool {
        let state = self.state(trunk);
        state.is_up() && state.held_until.is_none_or(|until| until <= now)
    }

    /// Until then nobody dials by it.
    pub fn hold_off(&self, trunk: &str, until: Instant) {
        self.update(trunk, |state| state.held_until = state.held_until.max(Some(until)));
    }

    /// The calls a second of a trunk.
    pub fn with_pace<T>(&self, trunk: &Trunk, act: impl FnOnce(&mut Pace) -> T) -> T {
        let mut paces = self.paces.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh = || Pace::per_second(trunk.calls_per_s);
        act(paces.entry(trunk.name.clone()).or_insert_with(fresh))
    }

    fn update(&self, trunk: &str, change: impl FnOnce(&mut TrunkState)) {
        change(self.states().entry(trunk.to_owned()).or_default());
    }

    fn states(&self) -> MutexGuard<'_, BTreeMap<String, TrunkState>> {
        self.states.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Starts the tasks of all trunks of the configuration; those of an earlier one end, and
/// their calls go on.
pub fn start_trunks(core: &Arc<Core>) {
    let mut tasks = core.trunks.tasks.lock().unwrap_or_else(PoisonError::into_inner);
    tasks.drain(..).for_each(|task| task.abort());
    let config = core.config();
    let addresses = |trunk: &Trunk| {
        let proxy = trunk.outbound_proxy.map(|proxy| proxy.ip());
        let all = std::iter::once(trunk.peer.ip()).chain(proxy);
        all.chain(trunk.also_from.iter().copied()).collect::<Vec<_>>()
    };
    core.signalling.doors().set_trunks(config.trunk.iter().flat_map(addresses).collect());
    // A changed rate holds from now on.
    core.trunks.paces.lock().unwrap_or_else(PoisonError::into_inner).clear();
    core.trunks.states().retain(|name, _| config.trunk.iter().any(|trunk| trunk.name == *name));
    for trunk in &config.trunk {
        core.trunks.update(&trunk.name, |_| {});
        if trunk.register {
            tasks.push(tokio::spawn(register(Arc::clone(core), trunk.clone())).abort_handle());
        }
        if trunk.profile.options_interval_s > 0 {
            tasks.push(tokio::spawn(watch(Arc::clone(core), trunk.clone())).abort_handle());
        }
    }
}

fn flow_of(core: &Core, trunk: &Trunk) -> Option<Flow> {
    interface_flow(core, trunk.interface.as_deref()?, trunk.transport, trunk.hop())
}

/// What challenges of a trunk are answered with, in calls of either direction.
pub(super) fn credentials_of(trunk: &Trunk) -> Option<Credentials> {
    let user = trunk.auth_username.as_ref().or(trunk.username.as_ref());
    let (user, password) = user.zip(trunk.password.as_ref())?;
    Some(Credentials {
        username: user.clone(),
        password: password.reveal().clone(),
        realm: trunk.realm.clone(),
    })
}

/// Of requests outside of any dialog.
pub(super) fn routes_of(trunk: &Trunk) -> Vec<NameAddr> {
    let route = trunk.route();
    route.iter().filter_map(|route| NameAddr::parse(route.as_bytes(), name::ROUTE).ok()).collect()
}

async fn register(core: Arc<Core>, trunk: Trunk) {
    let (Some(flow), Some(user)) = (flow_of(&core, &trunk), trunk.username.clone()) else { return };
    let Ok(mut mailbox) = core.signalling.open().await else { return };
    let domain = trunk.domain();
    let (Ok(registrar), Ok(aor)) =
        (format!("sip:{domain}").parse::<Uri>(), format!("sip:{user}@{domain}").parse::<Uri>())
    else {
        return warn!(trunk = trunk.name, "the trunk's domain is not a SIP address");
    };
    let credentials = credentials_of(&trunk);
    let config = RegistrationConfig {
        owner: mailbox.owner,
        flow,
        registrar,
        aor: NameAddr::new(aor),
        routes: routes_of(&trunk),
        credentials,
        expires_s: REGISTER_S,
    };
    core.trunks.update(&trunk.name, |state| state.registered = Some(false));
    let mut machine = Registration::start(config, rand::random());
    loop {
        while let Some(output) = machine.poll_output() {
            match output {
                registration::Output::ToEndpoint(input) => {
                    let _ = core.signalling.send(input).await;
                }
                registration::Output::Notify(event) => tell(&core, &trunk.name, event),
            }
        }
        match next(&core, &machine, &mut mailbox).await {
            Next::Event(event) => {
                let now = core.clock.instant();
                machine.handle_input(registration::Input::Event(event), now);
            }
            Next::Timer => machine.handle_timeout(core.clock.instant()),
            Next::Gone => return,
        }
    }
}

fn tell(core: &Core, trunk: &str, event: RegistrationEvent) {
    match event {
        RegistrationEvent::Registered { granted_s } => {
            info!(trunk, granted_s, "registered");
            core.trunks.update(trunk, |state| {
                state.registered = Some(true);
                state.trouble = None;
            });
            core.wake.notify_waiters();
        }
        RegistrationEvent::Failed { status, retry_in } => {
            warn!(trunk, status, retry_s = retry_in.as_secs(), "registration failed");
            let trouble = match status {
                Some(status) => format!("REGISTER: {status}"),
                None => "REGISTER: no answer".to_owned(),
            };
            core.trunks.update(trunk, |state| state.trouble = Some(trouble));
        }
        RegistrationEvent::Lost => {
            warn!(trunk, "registration lost");
            core.trunks.update(trunk, |state| state.registered = Some(false));
        }
    }
}

/// `None`: its domain is not a SIP address, or its interface is not there.
fn health_of(core: &Core, trunk: &Trunk, owner: Owner) -> Option<HealthConfig> {
    let domain = trunk.domain();
    let from = format!("sip:{}@{domain}", trunk.caller_number).parse::<Uri>().ok()?;
    Some(HealthConfig {
        owner,
        flow: flow_of(core, trunk)?,
        target: format!("sip:{domain}").parse::<Uri>().ok()?,
        from: NameAddr::new(from),
        routes: routes_of(trunk),
        interval: Duration::from_secs(trunk.profile.options_interval_s),
        dead_after: DEAD_AFTER,
        alive_after: ALIVE_AFTER,
    })
}

/// One OPTIONS, now; `None`: it could not be sent.
pub(super) async fn ask_once(core: &Core, trunk: &Trunk) -> Option<OptionsAnswer> {
    let mut mailbox = core.signalling.open().await.ok()?;
    let config = health_of(core, trunk, mailbox.owner)?;
    let mut machine = Health::start(config, rand::random(), core.clock.instant());
    machine.handle_timeout(core.clock.instant());
    while let Some(output) = machine.poll_output() {
        if let health::Output::ToEndpoint(input) = output {
            core.signalling.send(input).await.ok()?;
        }
    }
    let until = core.clock.instant() + ASKED_ONCE_WAIT;
    loop {
        let left = until.saturating_duration_since(core.clock.instant());
        let event = tokio::select! {
            event = mailbox.recv() => event?,
            () = sleep(&*core.clock, left) => return Some(OptionsAnswer::Silence),
        };
        match event {
            Event::Response { response, .. } if response.status >= 200 => {
                return Some(OptionsAnswer::Status(response.status));
            }
            Event::Failed { .. } => return Some(OptionsAnswer::Silence),
            _ => {}
        }
    }
}

async fn watch(core: Arc<Core>, trunk: Trunk) {
    let Ok(mut mailbox) = core.signalling.open().await else { return };
    let Some(config) = health_of(&core, &trunk, mailbox.owner) else {
        return warn!(trunk = trunk.name, "the trunk's domain is not a SIP address");
    };
    let mut machine = Health::start(config, rand::random(), core.clock.instant());
    core.trunks.update(&trunk.name, |state| state.answers = Some(true));
    loop {
        while let Some(output) = machine.poll_output() {
            match output {
                health::Output::ToEndpoint(input) => {
                    let _ = core.signalling.send(input).await;
                }
                health::Output::Alive => set_answers(&core, &trunk.name, true),
                health::Output::Dead => set_answers(&core, &trunk.name, false),
            }
        }
        match next(&core, &machine, &mut mailbox).await {
            Next::Event(event) => machine.handle_input(event, core.clock.instant()),
            Next::Timer => machine.handle_timeout(core.clock.instant()),
            Next::Gone => return,
        }
    }
}

fn set_answers(core: &Core, trunk: &str, answers: bool) {
    if answers {
        info!(trunk, "the trunk answers again");
    } else {
        warn!(trunk, "the trunk does not answer OPTIONS");
    }
    core.trunks.update(trunk, |state| {
        state.answers = Some(answers);
        state.trouble = (!answers).then(|| "OPTIONS: no answer".to_owned());
    });
    core.wake.notify_waiters();
}

enum Next {
    Event(Event),
    Timer,
    Gone,
}

async fn next(core: &Core, machine: &impl Machine, mailbox: &mut super::Mailbox) -> Next {
    let now = core.clock.instant();
    let wait = machine.poll_timeout().map_or(IDLE_LOOK, |at| at.saturating_duration_since(now));
    tokio::select! {
        event = mailbox.recv() => event.map_or(Next::Gone, Next::Event),
        () = sleep(&*core.clock, wait) => Next::Timer,
    }
}

/// An hour is what carriers grant at most; they say less.
const REGISTER_S: u32 = 3600;

/// A carrier's SBC answers within a tenth of it; who tests does not want to wait 32 s.
const ASKED_ONCE_WAIT: Duration = Duration::from_secs(4);

const DEAD_AFTER: u8 = 2;
const ALIVE_AFTER: u8 = 1;
const IDLE_LOOK: Duration = Duration::from_secs(60);
