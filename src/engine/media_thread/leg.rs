//! A session with its sockets, on its thread.

use std::{
    collections::VecDeque,
    net::{SocketAddr, UdpSocket},
    sync::{Weak, atomic::Ordering::Relaxed},
    time::Instant,
};

use tokio::sync::mpsc;

use super::{LegEvent, LegKey, MediaEvent, MediaMetrics};
use crate::{
    engine::{PortLease, RecordingFeed},
    media::{Datagram, Event, Frame, Session, SessionStats, Tap, TickOutput},
};

#[derive(Debug)]
pub(super) struct Leg {
    pub(super) key: LegKey,
    pub(super) session: Session,
    pub(super) rtp: UdpSocket,
    pub(super) rtcp: UdpSocket,
    /// Its thread is told when there is something to read there.
    pub(super) is_watched: bool,
    pub(super) has_reports: bool,
    pub(super) events: mpsc::Sender<MediaEvent>,
    /// Events for which the call task had no room.
    pub(super) pending: VecDeque<MediaEvent>,
    pub(super) recording: Option<Box<RecordingFeed>>,
    /// Whom it hears: their far ends, mixed.
    pub(super) hears: Vec<LegKey>,
    /// Nobody holds the handle any more: the leg is over.
    pub(super) holder: Weak<()>,
    /// Goes back when the sockets are closed; hence below them.
    pub(super) _lease: PortLease,
}

impl Leg {
    /// The first half of a tick: empty the sockets, play out.
    pub(super) fn receive(&mut self, now: Instant, buffer: &mut [u8], metrics: &MediaMetrics) {
        let session = &mut self.session;
        let mut received = drain(&self.rtp, buffer, |b, from| session.handle_rtp(b, from, now));
        // After the sound: it was said later.
        if std::mem::take(&mut self.has_reports) || !self.is_watched {
            received += drain(&self.rtcp, buffer, |b, from| session.handle_rtcp(b, from, now));
        }
        metrics.packets_received.fetch_add(received, Relaxed);
        session.playout(now);
    }

    /// The second half: send, record, tell.
    pub(super) fn send(
        &mut self,
        now: Instant,
        heard: Option<&Frame>,
        out: &mut TickOutput,
        metrics: &MediaMetrics,
    ) {
        self.session.send(now, heard, out);
        put(&self.rtp, &out.rtp, metrics);
        put(&self.rtcp, &out.rtcp, metrics);
        if let (Some(feed), Some(frame)) = (&mut self.recording, &out.recorded) {
            let is_slow = feed.push(frame);
            let has_failed = feed.has_failed();
            if is_slow {
                self.tell(LegEvent::RecordingSlow, metrics);
            }
            if has_failed {
                self.end_recording();
                self.tell(LegEvent::RecordingFailed, metrics);
            }
        }
        self.tell_all(metrics);
    }

    pub(super) fn end_recording(&mut self) {
        self.recording = None;
        self.session.set_tap(Tap::Off);
    }

    pub(super) fn close(
        mut self,
        now: Instant,
        out: &mut TickOutput,
        metrics: &MediaMetrics,
    ) -> SessionStats {
        self.session.close(now, out);
        put(&self.rtcp, &out.rtcp, metrics);
        self.tell_all(metrics);
        let stats = self.session.stats();
        metrics.packets_lost.fetch_add(stats.lost.into(), Relaxed);
        metrics.strangers.fetch_add(stats.strangers.into(), Relaxed);
        metrics.forged.fetch_add(stats.forged.into(), Relaxed);
        metrics.legs.fetch_sub(1, Relaxed);
        stats
    }

    fn tell_all(&mut self, metrics: &MediaMetrics) {
        while let Some(first) = self.pending.front() {
            if self.events.try_send(*first).is_err() {
                break;
            }
            self.pending.pop_front();
        }
        while let Some(event) = self.session.poll_event() {
            self.tell(LegEvent::Sound(event), metrics);
        }
    }

    /// In order; what finds no room waits for the next tick.
    fn tell(&mut self, event: LegEvent, metrics: &MediaMetrics) {
        let news = MediaEvent { leg: self.key, event };
        if self.pending.is_empty() && self.events.try_send(news).is_ok() {
            return;
        }
        let is_key = matches!(event, LegEvent::Sound(Event::Key(..)));
        let room = if is_key { 2 * PENDING_MAX } else { PENDING_MAX };
        if self.pending.len() < room && !self.events.is_closed() {
            self.pending.push_back(news);
        } else {
            metrics.events_dropped.fetch_add(1, Relaxed);
        }
    }
}

fn drain(socket: &UdpSocket, buffer: &mut [u8], mut each: impl FnMut(&[u8], SocketAddr)) -> u64 {
    let mut received = 0;
    // A flood must not hold up the other legs of the slot.
    while received < PACKETS_A_TICK {
        let Ok((length, from)) = socket.recv_from(buffer) else { break };
        each(&buffer[..length], from);
        received += 1;
    }
    received
}

fn put(socket: &UdpSocket, datagram: &Datagram, metrics: &MediaMetrics) {
    let Some((to, bytes)) = datagram.get() else { return };
    let count = match socket.send_to(bytes, to) {
        Ok(_) => &metrics.packets_sent,
        // Live audio does not wait for a full buffer; the next packet is 20 ms away.
        Err(_) => &metrics.send_errors,
    };
    count.fetch_add(1, Relaxed);
}

/// Twice the packets of a burst after a second's outage.
const PACKETS_A_TICK: u64 = 100;
/// A minute of a person pressing keys; twice that for keys.
const PENDING_MAX: usize = 64;
