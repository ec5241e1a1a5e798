//! Requests outside of any dialog: calls in, and phones that register. A call comes from
//! a trunk's own addresses or from a phone that proves itself; anybody else is refused.

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use tokio::{sync::mpsc, time};
use tracing::{info, warn};

use super::{Core, Incoming, call};
use crate::{
    base::Pii,
    domain::read_cell,
    sip::{
        auth::{Authenticator, Guard, Ha1, Verdict},
        endpoint::{Flow, Input, TransactionId},
        message::{Method, Request, Response, name},
        registrar::{Registrar, RegistrarConfig},
    },
    store::{Principal, account},
};

/// The phones' secrets, as they stand in the record.
#[derive(Default)]
struct Phones {
    known: Mutex<HashMap<String, Ha1>>,
    /// When somebody unknown last made it ask.
    looked: Mutex<Option<Instant>>,
    guard: Mutex<Guard>,
}

impl Phones {
    fn find(&self, phone: &str) -> Option<Ha1> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).get(phone).cloned()
    }

    /// Its secret, if a proof from there is to be looked at.
    fn find_for(&self, phone: &str, from: SocketAddr, now: Instant) -> Option<Ha1> {
        self.find(phone).filter(|_| self.guard().may_try(phone, from, now))
    }

    fn guessed(&self, phone: &str, from: SocketAddr, now: Instant) {
        let exists = self.find(phone).is_some();
        let mut guard = self.guard();
        // What is not looked at is not counted either, nor told in the log each time.
        if guard.may_try(phone, from, now) {
            guard.wrong(phone, exists, from, now);
            warn!("a phone's secret was given wrongly");
        }
    }

    fn guard(&self) -> MutexGuard<'_, Guard> {
        self.guard.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A phone that nobody knows may have been added a moment ago: the record is asked, ten
    /// times a second at most, whoever knocks.
    async fn look_once(&self, core: &Core, now: Instant) {
        if self.may_look(now) {
            self.load(core).await;
        }
    }

    fn may_look(&self, now: Instant) -> bool {
        let mut last = self.looked.lock().unwrap_or_else(PoisonError::into_inner);
        let may = last.is_none_or(|last| now >= last + UNKNOWN_EACH);
        if may {
            *last = Some(now);
        }
        may
    }

    async fn load(&self, core: &Core) {
        let Ok(mut scope) = core.app.database().scope(&Principal::System("registrar")).await else {
            return;
        };
        let Ok(phones) = account::phones(&mut scope).await else { return };
        let known = phones
            .into_iter()
            .map(|phone| (phone.phone, Ha1 { md5: phone.ha1_md5, sha256: phone.ha1_sha256 }));
        let known: HashMap<String, Ha1> = known.collect();
        let mut before = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let changed = before.iter().filter(|(phone, ha1)| known.get(*phone) != Some(ha1));
        changed.for_each(|(phone, _)| self.guard().forget(phone));
        *before = known;
    }
}

/// Takes requests until the signalling task ends.
pub async fn serve_incoming(core: Arc<Core>, mut incoming: mpsc::Receiver<Incoming>) {
    let realm = core.config().sip.realm.clone();
    let now = core.clock.instant();
    let offers_sha256 = core.config().sip.sha256;
    let authenticator = || {
        let made = Authenticator::new(&realm, rand::random(), now);
        if offers_sha256 { made } else { made.for_older_phones() }
    };
    let config = RegistrarConfig {
        min_expires_s: EXPIRES_MIN_S,
        max_expires_s: EXPIRES_MAX_S,
        default_expires_s: EXPIRES_MAX_S,
    };
    let mut registrar = Registrar::new(config, authenticator(), rand::random());
    let callers = Arc::new(authenticator());
    let phones = Arc::new(Phones::default());
    phones.load(&core).await;
    let mut look = time::interval(PHONES_LOOK);
    loop {
        tokio::select! {
            request = incoming.recv() => match request {
                Some(request) => {
                    take(&core, &mut registrar, &callers, &phones, request).await;
                }
                None => return,
            },
            left = core.signalling.doors().leavers() => {
                for flow in left {
                    forget(&core, &mut registrar, flow);
                }
            }
            _ = look.tick() => {
                phones.load(&core).await;
                registrar.handle_timeout(core.clock.instant());
            }
        }
    }
}

/// Phones behind a connection that has closed: they register again, by another one.
fn forget(core: &Core, registrar: &mut Registrar, flow: Flow) {
    let now = core.clock.instant();
    for account in registrar.forget_flow(flow) {
        info!("a phone's connection has closed");
        let other = registrar.lookup(&account, now).into_iter().next();
        core.phones.set(&account, other);
    }
}

async fn take(
    core: &Arc<Core>,
    registrar: &mut Registrar,
    callers: &Arc<Authenticator>,
    phones: &Arc<Phones>,
    incoming: Incoming,
) {
    let Incoming { transaction, request, flow } = incoming;
    let now = core.clock.instant();
    match request.method {
        Method::Register => {
            let allowed = core.interface(flow.interface).is_some_and(|i| i.registrar);
            if !allowed {
                return refuse(core, transaction, &request, 403).await;
            }
            let account = request.headers.to().ok().and_then(|to| to.uri.user());
            if account.as_deref().is_some_and(|account| phones.find(account).is_none()) {
                phones.look_once(core, now).await;
            }
            let lookup = |phone: &str| phones.find_for(phone, flow.remote, now);
            let outcome = registrar.handle(&request, flow, lookup, now);
            if let Some(guessed) = &outcome.guessed {
                phones.guessed(guessed, flow.remote, now);
            }
            if outcome.changed.is_some() {
                info!("a phone has registered or gone");
            }
            // A refresh changes no contact, but how long it holds.
            if let Some(account) = account.filter(|_| outcome.response.status == 200) {
                let phone = registrar.lookup(&account, now).into_iter().next();
                core.phones.set(&account, phone);
                phones.guard().right(&account, flow.remote, now);
                core.signalling.doors().met(flow.remote.ip());
            }
            respond(core, transaction, outcome.response).await;
        }
        Method::Invite => {
            // Each call's set-up asks the database: others are not to wait for it.
            let (core, callers) = (Arc::clone(core), Arc::clone(callers));
            let phones = Arc::clone(phones);
            tokio::spawn(async move {
                take_call(&core, &callers, &phones, transaction, *request, flow).await;
            });
        }
        _ => refuse(core, transaction, &request, 405).await,
    }
}

async fn take_call(
    core: &Arc<Core>,
    callers: &Authenticator,
    phones: &Phones,
    transaction: TransactionId,
    request: Request,
    flow: Flow,
) {
    let trunk = core.trunk_of(flow);
    if trunk.is_none() {
        let now = core.clock.instant();
        let lookup = |phone: &str| phones.find_for(phone, flow.remote, now);
        let values = match callers.check(&request, lookup, now) {
            Verdict::Accepted { username } => {
                phones.guard().right(&username, flow.remote, now);
                core.signalling.doors().met(flow.remote.ip());
                None
            }
            Verdict::Challenge(values) => Some(values),
            Verdict::Wrong { username, values } => {
                phones.guessed(&username, flow.remote, now);
                Some(values)
            }
        };
        if let Some(values) = values {
            let mut response = Response::to_request(&request.headers, 401, &tag());
            values.into_iter().for_each(|v| response.headers.add(name::WWW_AUTHENTICATE, v));
            return respond(core, transaction, response).await;
        }
    }
    if trunk.as_deref().is_some_and(|trunk| !is_called(core, trunk, &request)) {
        // Not of this house: no call, no record.
        core.counters.calls_refused.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        return refuse(core, transaction, &request, NOT_FOUND).await;
    }
    let caller = request.headers.from().ok().and_then(|from| from.uri.user()).unwrap_or_default();
    let caller = Pii::new(caller);
    if trunk.is_some() && is_blocked(core, &caller, trunk.as_deref()).await {
        core.counters.calls_refused.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        return refuse(core, transaction, &request, DECLINE).await;
    }
    if !core.room_for_a_call() || core.is_draining() {
        core.counters.calls_refused.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let mut response = Response::to_request(&request.headers, 503, &tag());
        response.headers.add(name::RETRY_AFTER, RETRY_AFTER_S);
        return respond(core, transaction, response).await;
    }
    let headers = request.headers.clone();
    let ringing = call::Ringing { transaction, request, flow, caller, trunk };
    let answered = call::answer(core, ringing).await;
    if let Err(status) = answered {
        warn!(status, "a call could not be taken");
        let response = Response::to_request(&headers, status, &tag());
        respond(core, transaction, response).await;
    }
}

fn is_called(core: &Core, trunk: &str, request: &Request) -> bool {
    let config = core.config();
    let trunk = config.trunk.iter().find(|known| known.name == trunk);
    let called = request.uri.user().unwrap_or_default();
    trunk.is_none_or(|trunk| trunk.is_called_by(&called))
}

/// Who is on the list is refused, and that is noted. A fault of the database lets a caller in:
/// it may be a patient.
async fn is_blocked(core: &Core, caller: &Pii<String>, trunk: Option<&str>) -> bool {
    let numbers = read_cell(caller.reveal(), &core.config().hospital.area_code);
    let Some(number) = numbers.ok().and_then(|numbers| numbers.into_iter().next()) else {
        return false;
    };
    let refused = core.app.refuse_blocked(&number.e164, trunk, core.clock.wall()).await;
    refused.unwrap_or_else(|error| {
        warn!(%error, "the list of blocked callers cannot be read");
        false
    })
}

async fn refuse(core: &Core, transaction: TransactionId, request: &Request, status: u16) {
    let response = Response::to_request(&request.headers, status, &tag());
    respond(core, transaction, response).await;
}

async fn respond(core: &Core, transaction: TransactionId, response: Response) {
    let response = Box::new(response);
    let input = match response.status {
        401 => Input::Challenge { transaction, response },
        _ => Input::Respond { transaction, response },
    };
    // The signalling task ends only with the server.
    let _ = core.signalling.send(input).await;
}

fn tag() -> String {
    format!("{:016x}", rand::random::<u64>())
}

/// A stranger's knocking costs the record no more than this.
const UNKNOWN_EACH: Duration = Duration::from_millis(100);

/// A changed secret holds this soon.
const PHONES_LOOK: Duration = Duration::from_secs(3);

/// NATs forget after half a minute to two minutes; a minute is kind to both sides.
const EXPIRES_MIN_S: u32 = 60;
const EXPIRES_MAX_S: u32 = 3600;

const NOT_FOUND: u16 = 404;

/// 603: the caller's exchange tries no other way.
const DECLINE: u16 = 603;

const RETRY_AFTER_S: &str = "30";
