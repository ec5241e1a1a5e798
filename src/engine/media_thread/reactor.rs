//! What a media thread does between two looks at the clock. It can be stepped by hand.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::Ordering::Relaxed,
        mpsc::{SyncSender, TrySendError},
    },
    time::{Duration, Instant},
};

use tokio::sync::oneshot;

use super::{
    Command, FinalStats, LegKey, Load, MediaMetrics, Order, leg::Leg, reports::Reports,
    wheel::Wheel,
};
use crate::media::{Tap, TickOutput, mix};

pub(super) struct Reactor {
    legs: HashMap<LegKey, Leg>,
    wheel: Wheel,
    reports: Reports,
    out: TickOutput,
    buffer: Box<[u8]>,
    over: Vec<LegKey>,
    load: Load,
    metrics: Arc<MediaMetrics>,
}

impl Reactor {
    pub(super) fn new(load: Load, metrics: Arc<MediaMetrics>, now: Instant) -> Self {
        Self {
            legs: HashMap::new(),
            wheel: Wheel::new(now),
            reports: Reports::new(),
            out: TickOutput::default(),
            buffer: vec![0; DATAGRAM_MAX].into(),
            over: Vec::new(),
            load,
            metrics,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.legs.is_empty()
    }

    pub(super) fn next_due(&self) -> Option<Instant> {
        self.wheel.next_due()
    }

    /// All slots that are due.
    pub(super) fn turn(&mut self, now: Instant) {
        let skipped = self.wheel.skip(now);
        self.metrics.turns_skipped.fetch_add(skipped, Relaxed);
        for key in self.reports.ready() {
            if let Some(leg) = self.legs.get_mut(&key) {
                leg.has_reports = true;
            }
        }
        while let Some(due) = self.wheel.turn(now) {
            if now.saturating_duration_since(due.at) > LATE {
                let legs = self.wheel.legs(due.slot).len() as u64;
                self.metrics.late_ticks.fetch_add(legs, Relaxed);
            }
            self.tick(due.slot, now);
        }
    }

    /// All legs of a slot listen before any of them speaks, so that those of one call
    /// hear each other in the same tick.
    fn tick(&mut self, slot: usize, now: Instant) {
        for key in self.wheel.legs(slot) {
            if let Some(leg) = self.legs.get_mut(key) {
                leg.receive(now, &mut self.buffer, &self.metrics);
            }
        }
        for key in self.wheel.legs(slot) {
            let heard = self.legs.get(key).and_then(|leg| {
                let friends = leg.hears.iter().filter_map(|friend| self.legs.get(friend));
                let heard = mix(friends.map(|friend| friend.session.far_frame()));
                (!leg.hears.is_empty()).then_some(heard)
            });
            let Some(leg) = self.legs.get_mut(key) else { continue };
            leg.send(now, heard.as_ref(), &mut self.out, &self.metrics);
            if leg.holder.strong_count() == 0 {
                self.over.push(*key);
            }
        }
        while let Some(key) = self.over.pop() {
            self.close(key, now);
        }
    }

    pub(super) fn obey(&mut self, Command { leg: key, order }: Command, now: Instant) {
        match order {
            Order::Open { mut leg, beside, arrived } => {
                self.wheel.insert(key, beside, now);
                leg.is_watched = self.reports.watch(key, &leg.rtcp);
                self.legs.insert(key, *leg);
                if let Some(arrived) = arrived {
                    // From another thread; who opened a new one has counted it.
                    self.load.came();
                    let _ = arrived.send(());
                }
            }
            Order::Give { to, beside, arrived } => self.give(key, &to, beside, arrived, now),
            Order::Close(reply) => {
                // Whoever closed it may be gone.
                let _ = self.close(key, now).map(|stats| reply.send(stats));
            }
            order => {
                if let Some(leg) = self.legs.get_mut(&key) {
                    direct(leg, order, now);
                }
            }
        }
    }

    /// Between two ticks a leg is a value: sockets, numbers, buffer, recording and all.
    fn give(
        &mut self,
        key: LegKey,
        to: &SyncSender<Command>,
        beside: LegKey,
        arrived: oneshot::Sender<()>,
        now: Instant,
    ) {
        let Some(leg) = self.legs.remove(&key) else { return };
        self.wheel.remove(key);
        self.reports.forget(&leg.rtcp);
        self.load.left();
        let (beside, arrived) = (Some(beside), Some(arrived));
        let order = Order::Open { leg: Box::new(leg), beside, arrived };
        if let Err(error) = to.try_send(Command { leg: key, order }) {
            let (TrySendError::Full(command) | TrySendError::Disconnected(command)) = error;
            // It stays; that nobody arrived tells the call task.
            if let Order::Open { leg, .. } = command.order {
                self.load.came();
                self.obey(
                    Command { leg: key, order: Order::Open { leg, beside: None, arrived: None } },
                    now,
                );
            }
        }
    }

    fn close(&mut self, key: LegKey, now: Instant) -> Option<FinalStats> {
        self.wheel.remove(key);
        let leg = self.legs.remove(&key)?;
        self.load.left();
        Some(leg.close(now, &mut self.out, &self.metrics))
    }
}

fn direct(leg: &mut Leg, order: Order, now: Instant) {
    let session = &mut leg.session;
    match order {
        Order::Open { .. } | Order::Give { .. } | Order::Close(_) => {}
        Order::Configure(remote) => session.set_remote(remote, now),
        Order::Direction(direction) => session.set_direction(direction, now),
        Order::ExpectRtp => session.expect_rtp(now),
        Order::Play { id, items, repeats } => session.play(id, items, repeats),
        Order::StopPlay => session.stop_play(),
        Order::Tone(tone) => session.play_tone(tone),
        Order::Press(keys) => drop(session.press(keys)),
        Order::DetectKeys(wanted) => session.detect_keys_in_band(wanted),
        Order::DetectTones(wanted) => session.detect_tones(wanted),
        Order::DetectMachines => session.detect_machines(),
        Order::ListenFor(listener) => session.listen_for(listener),
        Order::Hear(legs) => leg.hears = legs,
        Order::Record(feed) => {
            leg.recording = Some(feed);
            session.set_tap(Tap::On);
        }
        Order::PauseRecording(is_paused) => {
            if leg.recording.is_some() {
                session.set_tap(if is_paused { Tap::Paused } else { Tap::On });
            }
        }
        Order::StopRecording => leg.end_recording(),
        Order::Stats(reply) => {
            let _ = reply.send(session.stats());
        }
    }
}

/// The longest UDP datagram that a network carries whole; RTP is far shorter.
const DATAGRAM_MAX: usize = 2048;
/// Half a tick: the far side's buffer begins to feel it.
const LATE: Duration = Duration::from_millis(10);
