//! The SIP endpoint: framing, transactions, and whose dialog a message belongs to
//! (RFC 3261 §8, §17, §18). It answers what nobody needs to be asked about, and never
//! waits for anybody.

mod admit;
mod client;
mod counters;
mod flow;
mod receive;
mod server;
mod show;

use std::{
    collections::{BTreeSet, HashMap, VecDeque},
    time::{Duration, Instant},
};

use bytes::Bytes;
use rand::{Rng, SeedableRng, rngs::StdRng};

use client::Client;
pub use counters::{Counters, Open, Way};
pub use flow::{Flow, Interface, InterfaceId};
use server::Server;

use super::{
    dialog::DialogKey,
    message::{Request, Response, StreamBuffer},
    transaction::Failure,
};
use crate::base::Machine;

/// Who gets the events of a dialog or of a request: a call task, a registration.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Owner(pub u64);

/// Names a request among those of its owner.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct RequestId(pub u32);

/// Names a request that came to us, until it is answered.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct TransactionId(u64);

pub enum Input {
    Datagram {
        flow: Flow,
        bytes: Bytes,
    },
    Stream {
        flow: Flow,
        bytes: Bytes,
    },
    /// Closed, refused or unreachable.
    StreamClosed {
        flow: Flow,
    },
    /// Send a request. Via, and Contact where one is due, are added here.
    Request {
        owner: Owner,
        id: RequestId,
        request: Box<Request>,
        flow: Flow,
    },
    /// CANCEL an INVITE of ours that has no final response yet.
    Cancel {
        owner: Owner,
        id: RequestId,
    },
    /// Do not say an INVITE of ours again that nobody has heard yet; a late answer to it is
    /// still told.
    Quieten {
        owner: Owner,
        id: RequestId,
    },
    AckFor2xx {
        request: Box<Request>,
        flow: Flow,
    },
    Respond {
        transaction: TransactionId,
        response: Box<Response>,
    },
    /// Ask who it is, and keep nothing of it: the answer is a new request (RFC 3261 §8.2.7).
    Challenge {
        transaction: TransactionId,
        response: Box<Response>,
    },
    /// From now on this request is mine: tell me when it is cancelled.
    Adopt {
        transaction: TransactionId,
        owner: Owner,
    },
    Bind {
        dialog: DialogKey,
        owner: Owner,
    },
    Unbind {
        dialog: DialogKey,
    },
    /// The owner is gone: what it left open is ended in its place.
    Forget {
        owner: Owner,
    },
    /// A mailbox was full: answer 503 instead of waiting.
    Refuse {
        transaction: TransactionId,
    },
    /// No new calls (on), or again (off).
    Draining(bool),
}

pub enum Output {
    Transmit {
        flow: Flow,
        bytes: Bytes,
    },
    Close {
        flow: Flow,
    },
    /// A message that a stream has brought, as its bytes: for a trace. Nothing is to be done.
    Heard {
        flow: Flow,
        bytes: Bytes,
    },
    Deliver {
        owner: Owner,
        event: Event,
    },
    /// A request outside of any dialog: INVITE, REGISTER, or a REFER or NOTIFY.
    Incoming {
        transaction: TransactionId,
        request: Box<Request>,
        flow: Flow,
    },
}

#[derive(Clone, Debug)]
pub enum Event {
    Response {
        id: RequestId,
        response: Box<Response>,
    },
    Failed {
        id: RequestId,
        why: Failure,
    },
    /// Within a dialog of the owner.
    Request {
        transaction: TransactionId,
        request: Box<Request>,
        flow: Flow,
    },
    /// The ACK of a 2xx.
    Ack {
        request: Box<Request>,
    },
    /// The INVITE was cancelled (the CANCEL itself is answered): send 487.
    Cancelled {
        transaction: TransactionId,
        cancel: Box<Request>,
    },
}

#[derive(Clone, Debug)]
pub struct Config {
    pub interfaces: Vec<Interface>,
    /// For User-Agent and Server.
    pub product: String,
}

pub struct Endpoint {
    config: Config,
    rng: StdRng,
    tag_secret: u64,
    is_draining: bool,
    clients: HashMap<u64, Client>,
    /// By branch and method.
    client_branches: HashMap<(String, String), u64>,
    client_ids: HashMap<(Owner, RequestId), u64>,
    servers: HashMap<TransactionId, Server>,
    server_keys: HashMap<String, TransactionId>,
    /// By From tag, Call-ID and CSeq (§8.2.2.2).
    merges: HashMap<String, TransactionId>,
    dialogs: HashMap<DialogKey, Owner>,
    streams: HashMap<Flow, Stream>,
    timers: BTreeSet<(Instant, Timer)>,
    last_number: u64,
    outputs: VecDeque<Output>,
    counters: Counters,
}

#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Timer {
    Client(u64),
    Server(TransactionId),
    Stream(Flow),
}

#[derive(Default)]
struct Stream {
    buffer: StreamBuffer,
    /// When the message that is not complete yet is given up.
    armed: Option<Instant>,
}

impl Endpoint {
    pub fn new(config: Config, seed: u64) -> Self {
        let mut rng = StdRng::seed_from_u64(seed);
        Self {
            config,
            tag_secret: rng.random(),
            rng,
            is_draining: false,
            clients: HashMap::new(),
            client_branches: HashMap::new(),
            client_ids: HashMap::new(),
            servers: HashMap::new(),
            server_keys: HashMap::new(),
            merges: HashMap::new(),
            dialogs: HashMap::new(),
            streams: HashMap::new(),
            timers: BTreeSet::new(),
            last_number: 0,
            outputs: VecDeque::new(),
            counters: Counters::default(),
        }
    }

    pub fn counters(&self) -> Counters {
        let open = Open {
            transactions: self.open_transactions(),
            dialogs: self.open_dialogs(),
            timers: self.timers.len(),
            streams: self.streams.len(),
        };
        Counters { open, ..self.counters.clone() }
    }

    /// Nothing is going on: all transactions and dialogs have ended.
    pub fn is_idle(&self) -> bool {
        self.clients.is_empty() && self.servers.is_empty() && self.dialogs.is_empty()
    }

    pub fn open_transactions(&self) -> usize {
        self.clients.len() + self.servers.len()
    }

    pub fn open_dialogs(&self) -> usize {
        self.dialogs.len()
    }

    fn next_number(&mut self) -> u64 {
        self.last_number += 1;
        self.last_number
    }

    fn interface(&self, flow: Flow) -> Option<&Interface> {
        self.config.interfaces.iter().find(|interface| interface.id == flow.interface)
    }

    /// Calls that go on are served longer than new ones: most of what they say ends
    /// something.
    fn is_full(&self, in_dialog: bool) -> bool {
        let limit = if in_dialog { TRANSACTIONS_MAX * 2 } else { TRANSACTIONS_MAX };
        self.open_transactions() >= limit
    }

    fn transmit(&mut self, flow: Flow, bytes: Bytes) {
        self.outputs.push_back(Output::Transmit { flow, bytes });
    }

    fn deliver(&mut self, owner: Owner, event: Event) {
        self.outputs.push_back(Output::Deliver { owner, event });
    }

    /// Moves a timer: each transaction has one, at its `poll_timeout`.
    fn arm(&mut self, timer: Timer, armed: Option<Instant>, due: Option<Instant>) {
        if armed != due {
            if let Some(at) = armed {
                self.timers.remove(&(at, timer));
            }
            if let Some(at) = due {
                self.timers.insert((at, timer));
            }
        }
    }

    fn close_stream(&mut self, flow: Flow) {
        if let Some(stream) = self.streams.remove(&flow) {
            self.arm(Timer::Stream(flow), stream.armed, None);
        }
    }

    fn forget(&mut self, owner: Owner, now: Instant) {
        self.dialogs.retain(|_, of| *of != owner);
        self.abandon_clients(owner, now);
        self.abandon_servers(owner, now);
    }

    fn bind(&mut self, dialog: DialogKey, owner: Owner) {
        // A full index loses the new dialog, whose requests are then answered 481; new
        // calls have been refused long before.
        if self.dialogs.len() < DIALOGS_MAX || self.dialogs.contains_key(&dialog) {
            self.dialogs.insert(dialog, owner);
        }
    }
}

impl Machine for Endpoint {
    type Input = Input;
    type Output = Output;

    fn handle_input(&mut self, input: Input, now: Instant) {
        match input {
            Input::Datagram { flow, bytes } => self.receive_datagram(flow, &bytes, now),
            Input::Stream { flow, bytes } => self.receive_stream(flow, &bytes, now),
            Input::StreamClosed { flow } => {
                self.close_stream(flow);
                self.fail_clients(flow, now);
            }
            Input::Request { owner, id, request, flow } => {
                self.send_request(owner, id, *request, flow, now);
            }
            Input::Cancel { owner, id } => self.cancel(owner, id, now),
            Input::Quieten { owner, id } => self.quieten(owner, id, now),
            Input::AckFor2xx { request, flow } => self.send_ack(*request, flow),
            Input::Respond { transaction, response } => self.respond(transaction, *response, now),
            Input::Challenge { transaction, response } => {
                self.respond(transaction, *response, now);
                self.close_server(transaction);
            }
            Input::Adopt { transaction, owner } => self.adopt(transaction, owner),
            Input::Bind { dialog, owner } => self.bind(dialog, owner),
            Input::Unbind { dialog } => drop(self.dialogs.remove(&dialog)),
            Input::Forget { owner } => self.forget(owner, now),
            Input::Refuse { transaction } => self.refuse(transaction, now),
            Input::Draining(on) => self.is_draining = on,
        }
    }

    fn handle_timeout(&mut self, now: Instant) {
        while let Some(&(at, timer)) = self.timers.first() {
            if at > now {
                break;
            }
            self.timers.pop_first();
            match timer {
                Timer::Client(number) => self.client_timeout(number, now),
                Timer::Server(id) => self.server_timeout(id, now),
                Timer::Stream(flow) => {
                    self.streams.remove(&flow);
                    self.outputs.push_back(Output::Close { flow });
                }
            }
        }
    }

    fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    fn poll_timeout(&self) -> Option<Instant> {
        self.timers.first().map(|(at, _)| *at)
    }
}

/// The methods that somebody here understands.
pub const ALLOW: &str =
    "INVITE, ACK, CANCEL, BYE, OPTIONS, PRACK, UPDATE, INFO, REFER, NOTIFY, REGISTER";

/// The extensions that somebody here understands.
pub const SUPPORTED: &str = "100rel, timer, replaces";

/// 1,000 calls have about four each at their busiest; beyond ten times that it is a
/// flood, and a 503 costs no memory.
const TRANSACTIONS_MAX: usize = 40_000;
const DIALOGS_MAX: usize = 20_000;

/// Phones and trunks over TCP; each may hold 64 KiB of an unfinished message.
const STREAMS_MAX: usize = 2_000;

/// An unfinished message on a stream closes it after this long.
const MESSAGE_TIMEOUT: Duration = Duration::from_secs(10);

/// What a peer is told to wait, when we are full or draining.
const RETRY_AFTER_S: &str = "30";

#[cfg(test)]
mod tests;
