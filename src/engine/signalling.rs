//! SIP on real sockets: one task owns the [`Endpoint`], others hold a
//! [`SignallingHandle`]. Nothing here waits for a slow reader: a full mailbox gets a
//! 503, a full socket loses a datagram, as networks do.

mod certificates;
mod doors;
mod handle;
mod stream;
mod wire;

use std::{
    collections::HashMap,
    io,
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::sync::{mpsc, oneshot};

pub use certificates::Certificates;
pub use doors::Doors;
pub use handle::{Mailbox, SignallingGone, SignallingHandle};
pub use stream::StreamLimits;
use wire::{Guarded, Sockets, Wire};

use super::{Clock, Passage, TraceHandle, sleep};
use crate::{
    base::Machine,
    sip::{
        endpoint::{
            Config, Counters, Endpoint, Event, Flow, Input, Interface, InterfaceId, Output, Owner,
            TransactionId,
        },
        gate::GateConfig,
        message::Request,
    },
};

#[derive(Clone, Debug)]
pub struct SignallingConfig {
    /// A port of 0 is replaced by the one that the system gave, and so is an advertised
    /// port of 0.
    pub interfaces: Vec<Interface>,
    pub product: String,
    /// Of tags and branches; from the system's random source in production.
    pub seed: u64,
    /// How much is let in; `None`: everything (a simulated peer).
    pub gate: Option<GateConfig>,
    /// Of interfaces and peers by TLS; none at first.
    pub certificates: Certificates,
    pub limits: StreamLimits,
    /// Gets a copy of each message of a call.
    pub trace: TraceHandle,
}

impl SignallingConfig {
    pub fn new(interfaces: Vec<Interface>, product: String, seed: u64) -> Self {
        let (certificates, limits) = (Certificates::default(), StreamLimits::default());
        let trace = TraceHandle::default();
        Self { interfaces, product, seed, gate: None, certificates, limits, trace }
    }
}

/// A request outside of any dialog. Answer it with [`Input::Respond`], or make a leg of
/// it.
#[derive(Debug)]
pub struct Incoming {
    pub transaction: TransactionId,
    pub request: Box<Request>,
    pub flow: Flow,
}

/// What handles ask of the task.
enum Ask {
    Input(Input),
    Open { owner: Owner, mailbox: mpsc::Sender<Event> },
    Counters(oneshot::Sender<Counters>),
}

struct Driver {
    endpoint: Endpoint,
    clock: Arc<dyn Clock>,
    sockets: Sockets,
    mailboxes: HashMap<Owner, mpsc::Sender<Event>>,
    incoming: mpsc::Sender<Incoming>,
    sweep_at: Instant,
    trace: TraceHandle,
    doors: Arc<Doors>,
    /// Where each interface stands, as bound.
    places: HashMap<InterfaceId, SocketAddr>,
}

/// Binds all interfaces and starts the task, which ends when the last handle and the
/// last mailbox are gone.
pub async fn start(
    mut config: SignallingConfig,
    clock: Arc<dyn Clock>,
    incoming: mpsc::Sender<Incoming>,
) -> io::Result<(SignallingHandle, Vec<Interface>)> {
    let (wire, from_wire) = mpsc::channel(WIRE);
    let certificates = config.certificates;
    let doors = Arc::new(Doors::default());
    let guarded =
        Guarded { doors: Arc::clone(&doors), gate: config.gate, clock: Arc::clone(&clock) };
    let known = certificates.clone();
    let sockets =
        Sockets::bind(&mut config.interfaces, guarded, known, config.limits, wire).await?;
    let interfaces = config.interfaces.clone();
    let endpoint = Endpoint::new(
        Config { interfaces: config.interfaces, product: config.product },
        config.seed,
    );
    let (asks, from_handles) = mpsc::channel(ASKS);
    let sweep_at = clock.instant() + SWEEP;
    let mailboxes = HashMap::new();
    let trace = config.trace;
    let places = interfaces.iter().map(|known| (known.id, known.bind)).collect();
    let shared = (Arc::clone(&doors), certificates, trace.clone());
    let driver =
        Driver { endpoint, clock, sockets, mailboxes, incoming, sweep_at, trace, doors, places };
    tokio::spawn(driver.run(from_handles, from_wire));
    Ok((SignallingHandle::new(asks, shared), interfaces))
}

impl Driver {
    async fn run(mut self, mut asks: mpsc::Receiver<Ask>, mut wire: mpsc::Receiver<Wire>) {
        let clock = Arc::clone(&self.clock);
        loop {
            let wait = self.wait();
            tokio::select! {
                ask = asks.recv() => match ask {
                    Some(ask) => self.handle_ask(ask),
                    None => return,
                },
                Some(wire) = wire.recv() => self.handle_wire(wire),
                () = sleep(&*clock, wait) => {}
            }
            let now = self.clock.instant();
            if self.endpoint.poll_timeout().is_some_and(|at| at <= now) {
                self.endpoint.handle_timeout(now);
            }
            if self.sweep_at <= now {
                self.sweep(now);
            }
            self.drain(now);
        }
    }

    fn wait(&self) -> Duration {
        let due = self.endpoint.poll_timeout().unwrap_or(self.sweep_at);
        due.saturating_duration_since(self.clock.instant()).min(NAP)
    }

    fn handle_ask(&mut self, ask: Ask) {
        match ask {
            Ask::Input(input) => {
                if let Input::Forget { owner } = &input {
                    self.mailboxes.remove(owner);
                }
                self.endpoint.handle_input(input, self.clock.instant());
            }
            Ask::Open { owner, mailbox } => drop(self.mailboxes.insert(owner, mailbox)),
            // Whoever asked may have gone.
            Ask::Counters(reply) => drop(reply.send(self.endpoint.counters())),
        }
    }

    fn handle_wire(&mut self, wire: Wire) {
        let now = self.clock.instant();
        match wire {
            Wire::Datagram { flow, bytes } => {
                self.saw(false, flow, &bytes);
                self.endpoint.handle_input(Input::Datagram { flow, bytes }, now);
            }
            Wire::Stream { flow, bytes } => {
                self.endpoint.handle_input(Input::Stream { flow, bytes }, now);
            }
            Wire::Opened { flow, connection } => self.sockets.adopt(flow, connection),
            Wire::Closed { flow, number } => {
                if self.sockets.close(flow, number) {
                    self.doors.left(flow);
                    self.endpoint.handle_input(Input::StreamClosed { flow }, now);
                }
            }
        }
    }

    fn drain(&mut self, now: Instant) {
        while let Some(output) = self.endpoint.poll_output() {
            match output {
                Output::Transmit { flow, bytes } => {
                    self.saw(true, flow, &bytes);
                    if !self.sockets.transmit(flow, bytes) {
                        self.endpoint.handle_input(Input::StreamClosed { flow }, now);
                    }
                }
                Output::Close { flow } => self.sockets.hang_up(flow),
                Output::Heard { flow, bytes } => self.saw(false, flow, &bytes),
                Output::Deliver { owner, event } => self.deliver(owner, event, now),
                Output::Incoming { transaction, request, flow } => {
                    let incoming = Incoming { transaction, request, flow };
                    if self.incoming.try_send(incoming).is_err() {
                        self.endpoint.handle_input(Input::Refuse { transaction }, now);
                    }
                }
            }
        }
    }

    /// A copy for the SIP lab.
    fn saw(&self, is_ours: bool, flow: Flow, bytes: &[u8]) {
        let Some(local) = self.places.get(&flow.interface).copied() else { return };
        let Flow { transport, remote, .. } = flow;
        let at = self.clock.wall();
        self.trace.saw(Passage { at, is_ours, transport, local, remote }, bytes);
    }

    fn deliver(&mut self, owner: Owner, event: Event, now: Instant) {
        let transaction = match &event {
            Event::Request { transaction, .. } => Some(*transaction),
            _ => None,
        };
        let comes_again = match &event {
            Event::Response { response, .. } => response.status < 300,
            Event::Ack { .. } => true,
            _ => false,
        };
        let sent = match self.mailboxes.get(&owner) {
            Some(mailbox) => mailbox.try_send(event),
            None => Err(mpsc::error::TrySendError::Closed(event)),
        };
        match sent {
            Ok(()) => {}
            Err(mpsc::error::TrySendError::Full(_)) => {
                tracing::warn!(owner = owner.0, "a mailbox is full");
                match transaction {
                    Some(transaction) => {
                        self.endpoint.handle_input(Input::Refuse { transaction }, now);
                    }
                    None if comes_again => {}
                    // It would wait for this for ever: better it ends now.
                    None => self.let_go(owner, now),
                }
            }
            Err(mpsc::error::TrySendError::Closed(_)) => self.let_go(owner, now),
        }
    }

    fn let_go(&mut self, owner: Owner, now: Instant) {
        self.mailboxes.remove(&owner);
        self.endpoint.handle_input(Input::Forget { owner }, now);
    }

    /// Owners that vanished without a word (a task that panicked).
    fn sweep(&mut self, now: Instant) {
        self.sweep_at = now + SWEEP;
        let gone: Vec<_> =
            self.mailboxes.iter().filter(|(_, m)| m.is_closed()).map(|(owner, _)| *owner).collect();
        for owner in gone {
            self.let_go(owner, now);
        }
    }
}

/// Datagrams that wait for the task: half a second of 1,000 calls being set up at once.
/// When it is full, datagrams are dropped, and sent again by their makers.
const WIRE: usize = 4096;

/// Requests of call tasks, which wait when it is full.
const ASKS: usize = 1024;

/// A vanished owner costs little, and nobody waits for it.
const SWEEP: Duration = Duration::from_secs(5);

/// A clock that is stepped by hand wakes nobody; it is looked at this often.
const NAP: Duration = Duration::from_millis(100);

#[cfg(test)]
mod tests;
