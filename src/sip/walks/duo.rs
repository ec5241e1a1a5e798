//! Alice calls Bob over a network that may lose, double and reorder.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

use bytes::Bytes;
use rand::{Rng, SeedableRng, rngs::StdRng};

use super::{address, endpoint, flow, media, outbound};
use crate::{
    base::{Machine, epoch},
    sip::{
        endpoint::{Endpoint, Input as EndpointInput, Output as EndpointOutput, Owner},
        invite::{Command, InboundLeg, Input, Leg, LegEvent, OutboundLeg, Output},
        message::Transport,
        session_timer::SessionTimerConfig,
    },
};

pub(super) struct Side {
    name: &'static str,
    pub(super) endpoint: Endpoint,
    pub(super) legs: BTreeMap<Owner, Leg>,
    last_owner: u64,
}

/// What the network does to each datagram.
#[derive(Clone, Copy, Default)]
pub(super) struct Faults {
    pub(super) loss: f64,
    pub(super) duplicate: f64,
    pub(super) reorder: f64,
}

pub(super) struct Duo {
    pub(super) now: Instant,
    epoch: Instant,
    pub(super) sides: [Side; 2],
    wire: BTreeSet<(Instant, u64, usize, Vec<u8>)>,
    sent: u64,
    pub(super) transport: Transport,
    pub(super) faults: Faults,
    /// Nothing gets through in this direction, as when a cable is cut.
    pub(super) cut: [bool; 2],
    pub(super) timer: Option<SessionTimerConfig>,
    /// What Bob does with a call.
    pub(super) on_call: Vec<(f64, Command)>,
    planned: Vec<(Instant, usize, Command)>,
    rng: StdRng,
    pub(super) log: Vec<String>,
}

const ADDRESSES: [&str; 2] = ["10.0.0.1:5060", "10.0.0.2:5060"];
const MEDIA: [&str; 2] = ["10.0.0.1:40000", "10.0.0.2:50000"];

impl Duo {
    pub(super) fn new(transport: Transport, seed: u64) -> Self {
        let side = |at: usize, name| Side {
            name,
            endpoint: endpoint(ADDRESSES[at], transport, seed + at as u64),
            legs: BTreeMap::new(),
            last_owner: 0,
        };
        let now = epoch();
        Self {
            now,
            epoch: now,
            sides: [side(0, "alice"), side(1, "bob")],
            wire: BTreeSet::new(),
            sent: 0,
            transport,
            faults: Faults::default(),
            cut: [false; 2],
            timer: None,
            on_call: Vec::new(),
            planned: Vec::new(),
            rng: StdRng::seed_from_u64(seed),
            log: Vec::new(),
        }
    }

    pub(super) fn call(&mut self) -> Owner {
        self.call_with(|_| {})
    }

    pub(super) fn call_with(&mut self, change: impl FnOnce(&mut OutboundLeg)) -> Owner {
        let owner = Owner(1);
        let mut call = outbound(1, ADDRESSES[1]);
        call.flow.transport = self.transport;
        call.session_timer = self.timer;
        change(&mut call);
        self.sides[0].legs.insert(owner, Leg::outbound(call, 7));
        self.drain();
        owner
    }

    /// `at` seconds from the beginning; side 0 is Alice.
    pub(super) fn plan(&mut self, at: f64, side: usize, command: Command) {
        self.planned.push((self.epoch + Duration::from_secs_f64(at), side, command));
    }

    pub(super) fn run_until(&mut self, at: f64) {
        let end = self.epoch + Duration::from_secs_f64(at);
        while let Some(next) = self.next_time().filter(|next| *next <= end) {
            self.now = next.max(self.now);
            self.step();
        }
        self.now = end;
    }

    fn next_time(&self) -> Option<Instant> {
        let wire = self.wire.first().map(|(at, ..)| *at);
        let planned = self.planned.iter().map(|(at, ..)| *at).min();
        let timers = self.sides.iter().flat_map(|side| {
            side.legs.values().map(Leg::poll_timeout).chain([side.endpoint.poll_timeout()])
        });
        timers.chain([wire, planned]).flatten().min()
    }

    fn step(&mut self) {
        let now = self.now;
        while let Some((at, _, to, bytes)) = self.wire.first().cloned()
            && at <= now
        {
            self.wire.pop_first();
            let flow = flow(self.transport, ADDRESSES[1 - to]);
            let bytes = Bytes::from(bytes);
            let input = match self.transport {
                Transport::Udp => EndpointInput::Datagram { flow, bytes },
                Transport::Tcp | Transport::Tls => EndpointInput::Stream { flow, bytes },
            };
            self.sides[to].endpoint.handle_input(input, now);
            self.drain();
        }
        let due: Vec<_> = self.planned.extract_if(.., |(at, ..)| *at <= now).collect();
        for (_, side, command) in due {
            let owners: Vec<_> = self.sides[side].legs.keys().copied().collect();
            for owner in owners {
                let input = Input::Command(command.clone());
                self.sides[side].legs.get_mut(&owner).unwrap().handle_input(input, now);
            }
            self.drain();
        }
        for side in 0..2 {
            if self.sides[side].endpoint.poll_timeout().is_some_and(|at| at <= now) {
                self.sides[side].endpoint.handle_timeout(now);
            }
            for leg in self.sides[side].legs.values_mut() {
                if leg.poll_timeout().is_some_and(|at| at <= now) {
                    leg.handle_timeout(now);
                }
            }
        }
        self.drain();
    }

    fn drain(&mut self) {
        while self.drain_side(0) || self.drain_side(1) {}
    }

    fn drain_side(&mut self, at: usize) -> bool {
        let now = self.now;
        if let Some(output) = self.sides[at].endpoint.poll_output() {
            self.handle_output(at, output);
            return true;
        }
        let side = &mut self.sides[at];
        let owners: Vec<_> = side.legs.keys().copied().collect();
        for owner in owners {
            let leg = side.legs.get_mut(&owner).unwrap();
            match leg.poll_output() {
                Some(Output::ToEndpoint(input)) => side.endpoint.handle_input(input, now),
                Some(Output::Notify(event)) => {
                    let time = (now - self.epoch).as_secs_f64();
                    self.log.push(format!("{time:.1} {} {}", side.name, describe(&event)));
                }
                None if leg.is_over() => {
                    side.legs.remove(&owner);
                    side.endpoint.handle_input(EndpointInput::Forget { owner }, now);
                }
                None => continue,
            }
            return true;
        }
        false
    }

    fn handle_output(&mut self, at: usize, output: EndpointOutput) {
        let now = self.now;
        match output {
            EndpointOutput::Transmit { bytes, .. } => self.transmit(1 - at, &bytes),
            EndpointOutput::Close { .. } | EndpointOutput::Heard { .. } => {}
            EndpointOutput::Deliver { owner, event } => {
                if let Some(leg) = self.sides[at].legs.get_mut(&owner) {
                    leg.handle_input(Input::Event(event), now);
                }
            }
            EndpointOutput::Incoming { transaction, request, flow } => {
                let side = &mut self.sides[at];
                side.last_owner += 1;
                let owner = Owner(100 + side.last_owner);
                let call = InboundLeg {
                    owner,
                    transaction,
                    request: *request,
                    flow,
                    media: media(MEDIA[at]),
                    credentials: None,
                    session_timer: self.timer,
                };
                side.legs.insert(owner, Leg::inbound(call, 9));
                for (after, command) in self.on_call.clone() {
                    self.planned.push((now + Duration::from_secs_f64(after), at, command));
                }
            }
        }
    }

    fn transmit(&mut self, to: usize, bytes: &[u8]) {
        if self.cut[to] || self.rng.random_bool(self.faults.loss) {
            return;
        }
        let copies = if self.rng.random_bool(self.faults.duplicate) { 2 } else { 1 };
        for _ in 0..copies {
            let late = if self.rng.random_bool(self.faults.reorder) { 300 } else { 0 };
            self.sent += 1;
            let at = self.now + Duration::from_millis(20 + late);
            self.wire.insert((at, self.sent, to, bytes.to_vec()));
        }
    }

    /// Nothing is left in memory: no transaction, dialog or leg.
    #[track_caller]
    pub(super) fn assert_nothing_leaks(&self) {
        for side in &self.sides {
            assert!(side.legs.is_empty(), "{} has legs", side.name);
            let open = (side.endpoint.open_transactions(), side.endpoint.open_dialogs());
            assert_eq!(open, (0, 0), "{}", side.name);
        }
    }

    #[track_caller]
    pub(super) fn check(&self, expected: &str) {
        let expected: Vec<_> = expected.lines().map(str::trim).filter(|l| !l.is_empty()).collect();
        assert_eq!(self.log, expected, "\n{}", self.log.join("\n"));
    }
}

pub(super) fn describe(event: &LegEvent) -> String {
    let way = |media: &crate::sip::sdp::Negotiated| {
        let way = match (media.direction.sends, media.direction.receives) {
            (true, true) => "both",
            (true, false) => "send",
            (false, true) => "receive",
            (false, false) => "none",
        };
        format!("{} {:?} {way}", media.remote_rtp, media.codec)
    };
    match event {
        LegEvent::Trying => "trying".to_owned(),
        LegEvent::Ringing { status } => format!("ringing {status}"),
        LegEvent::EarlyMedia { status, media } => format!("early {status} {}", way(media)),
        LegEvent::Answered(media) => format!("answered {}", way(media)),
        LegEvent::Confirmed => "confirmed".to_owned(),
        LegEvent::MediaChanged(media) => format!("media {}", way(media)),
        LegEvent::ChangeRefused { status } => format!("change refused {status}"),
        LegEvent::Key(key) => format!("key {}", key.as_char()),
        LegEvent::Request { request, .. } => format!("request {}", request.method),
        LegEvent::Response { method, response } => {
            format!("response {method} {:?}", response.as_ref().map(|r| r.status))
        }
        LegEvent::Ended(report) => {
            let mut text = format!("ended by {:?}", report.by);
            text += &report.last_status.map(|s| format!(" {s}")).unwrap_or_default();
            text += &report.q850.map(|c| format!(" q850={c}")).unwrap_or_default();
            for (is, word) in [
                (report.answered, " answered"),
                (report.we_cancelled, " cancelled"),
                (report.late_answer, " late"),
            ] {
                text += if is { word } else { "" };
            }
            text
        }
    }
}

#[test]
fn the_addresses_of_the_test_are_addresses() {
    assert!(ADDRESSES.iter().chain(&MEDIA).all(|text| address(text).port() > 0));
}
