//! One leg's sound (RFC 3550, RFC 3551, RFC 4733): packets and ticks in, packets, keys
//! and recorded frames out.
//!
//! A tick has two halves, so that legs of one call can hear each other within it:
//! [`Session::playout`] of every leg, then [`Session::send`] of every leg.

mod inbound;
mod outbound;
mod source;

use std::{
    collections::VecDeque,
    fmt,
    net::SocketAddr,
    time::{Duration, Instant},
};

use crate::base::{Breakage, Key, broken};

use super::{
    CadenceClassifier, Codec, EventDecoder, EventSender, Frame, JitterBuffer, JitterCounts,
    KeyDetector, KeyMerge, KeySource, MachineDetector, MachineTone, NtpAnchor, PlayId, PlayItem,
    Player, SILENCE, SpeechDetector, StereoFrame, TICK_MS, Tap, Tone, ToneGenerator,
    announcement::{Heard, Listener},
    rtcp::Pace,
    rtp::{Numbering, Reception},
    srtp::{Opener, Sealer, Srtp, SrtpError},
};
use source::Source;

/// Which way sound flows, seen from us.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Direction {
    #[default]
    SendRecv,
    SendOnly,
    RecvOnly,
    Inactive,
}

impl Direction {
    pub const fn sends(self) -> bool {
        matches!(self, Self::SendRecv | Self::SendOnly)
    }

    pub const fn receives(self) -> bool {
        matches!(self, Self::SendRecv | Self::RecvOnly)
    }
}

/// What offer and answer agreed on.
#[derive(Clone, Copy, Eq, PartialEq)]
pub struct Remote {
    pub codec: Codec,
    pub payload_type: u8,
    /// Without one, keys are pressed as sound.
    pub event_payload_type: Option<u8>,
    pub rtp: SocketAddr,
    /// From a=rtcp; else the next port.
    pub rtcp: Option<SocketAddr>,
    pub direction: Direction,
    /// With it nothing is sent, and nothing heard, in clear.
    pub srtp: Option<Srtp>,
}

/// An address is a patient's home.
impl fmt::Debug for Remote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Remote({} {} {:?})", self.codec.name(), self.payload_type, self.direction)
    }
}

#[derive(Clone, Debug)]
pub struct SessionConfig {
    /// Random, all three (RFC 3550 §5.1).
    pub ssrc: u32,
    pub sequence: u16,
    pub timestamp: u32,
    /// Random too, and the same for all legs of a run (RFC 7022).
    pub cname: String,
    pub anchor: NtpAnchor,
    /// How long nothing may come before it is said so, once we expect something.
    pub rtp_timeout: Duration,
    /// For a peer behind NAT whose SDP names a private address.
    pub learns_any: bool,
    /// Send silence when there is nothing else: NATs and some carriers wait for it.
    pub sends_silence: bool,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Event {
    Key(Key, KeySource),
    /// All keys that we were to press are pressed.
    KeysPressed,
    PlayFinished {
        id: PlayId,
        is_complete: bool,
        played_ms: u64,
    },
    SpeechStarted,
    SpeechEnded,
    FirstRtp,
    RtpTimeout,
    RtpResumed,
    ToneHeard(Tone),
    ToneStopped(Tone),
    /// A fax machine or a modem. Said once.
    MachineHeard(MachineTone),
    /// A carrier's announcement that was learnt.
    Announcement(Heard),
    /// The far side said goodbye in RTCP. Signalling decides what it means.
    RemoteBye,
}

#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct SessionStats {
    /// The first packet of the far side that was taken.
    pub first_at: Option<Instant>,
    pub sent: u32,
    pub received: u32,
    pub lost: u32,
    pub jitter_ms: u32,
    pub gap_max_ms: u32,
    pub playout: JitterCounts,
    /// Of hosts that signalling did not name.
    pub strangers: u32,
    pub malformed: u32,
    /// Sound whose tag is not that of the agreed key, or that is no SRTP at all.
    pub forged: u32,
    /// That had come before. A network that doubles packets makes some.
    pub replayed: u32,
    /// Of payload types that nobody negotiated, or before anything was.
    pub unexpected: u32,
    pub events_dropped: u32,
    /// As the far side sees it, in 256ths, when it last reported.
    pub far_fraction_lost: u8,
    pub round_trip_ms: Option<u32>,
    /// For how long the far side has been all but silent: one-way audio shows here, not
    /// in packet counts.
    pub far_quiet_ms: u32,
    /// For how long it was louder than that, all in all.
    pub far_loud_ms: u32,
}

/// A datagram of ours; reused from tick to tick.
#[derive(Debug)]
pub struct Datagram {
    to: Option<SocketAddr>,
    length: usize,
    bytes: [u8; DATAGRAM_MAX],
}

impl Default for Datagram {
    fn default() -> Self {
        Self { to: None, length: 0, bytes: [0; DATAGRAM_MAX] }
    }
}

impl Datagram {
    pub fn get(&self) -> Option<(SocketAddr, &[u8])> {
        self.to.map(|to| (to, &self.bytes[..self.length]))
    }
}

/// What a tick may produce. One, reused for all sessions of a thread.
#[derive(Debug, Default)]
pub struct TickOutput {
    pub rtp: Datagram,
    pub rtcp: Datagram,
    pub recorded: Option<StereoFrame>,
}

pub struct Session {
    config: SessionConfig,
    remote: Option<Remote>,
    sealer: Option<Box<Sealer>>,
    opener: Option<Box<Opener>>,
    rtp_source: Option<Source>,
    rtcp_source: Option<Source>,
    reception: Option<Reception>,
    jitter: JitterBuffer,
    far: Frame,
    events_in: EventDecoder,
    merge: KeyMerge,
    keys_in_band: Option<Box<KeyDetector>>,
    tones_in: Option<Box<CadenceClassifier>>,
    machines_in: Option<Box<MachineDetector>>,
    announcements_in: Option<Box<Listener>>,
    speech: SpeechDetector,
    /// When to expect RTP from, once the call is answered.
    expected_since: Option<Instant>,
    has_timed_out: bool,
    last_sender_report: Option<(u32, Instant)>,
    numbering: Numbering,
    is_talking: bool,
    /// For how many ticks our sound may still come back as echo.
    echo_ticks: u32,
    reported_packets: u32,
    pace: Pace,
    presser: EventSender,
    tone_out: Option<ToneGenerator>,
    player: Option<Player>,
    tap: Tap,
    events: VecDeque<Event>,
    stats: SessionStats,
}

impl Session {
    pub fn new(config: SessionConfig) -> Self {
        Self {
            numbering: Numbering::new(config.ssrc, config.sequence, config.timestamp),
            pace: Pace::new(config.ssrc),
            config,
            remote: None,
            sealer: None,
            opener: None,
            rtp_source: None,
            rtcp_source: None,
            reception: None,
            jitter: JitterBuffer::default(),
            far: SILENCE,
            events_in: EventDecoder::default(),
            merge: KeyMerge::default(),
            keys_in_band: None,
            tones_in: None,
            machines_in: None,
            announcements_in: None,
            speech: SpeechDetector::default(),
            expected_since: None,
            has_timed_out: false,
            last_sender_report: None,
            is_talking: false,
            echo_ticks: 0,
            reported_packets: 0,
            presser: EventSender::default(),
            tone_out: None,
            player: None,
            tap: Tap::Off,
            events: VecDeque::with_capacity(EVENTS_MAX),
            stats: SessionStats::default(),
        }
    }

    /// An answer, or a later one: hold, another codec, another address. What was learnt
    /// about an unchanged address stays.
    pub fn set_remote(&mut self, remote: Remote, now: Instant) {
        let rtcp = remote.rtcp.unwrap_or_else(|| next_port(remote.rtp));
        let learns_any = self.config.learns_any;
        rename(&mut self.rtp_source, remote.rtp, Source::new(remote.rtp, learns_any));
        rename(&mut self.rtcp_source, rtcp, Source::for_rtcp(rtcp, learns_any));
        if self.remote.is_none_or(|old| old.codec != remote.codec) {
            self.jitter.reset();
        }
        self.set_srtp(remote.srtp);
        self.remote = Some(remote);
        // Silence that was agreed on does not count towards the time-out.
        let since = broken(Breakage::RingTimeIsSilence).then_some(now);
        self.expected_since = self.expected_since.map(|_| now).or(since);
    }

    /// What a key has counted goes on for as long as the key is the same: a number that is
    /// used twice gives both packets away.
    fn set_srtp(&mut self, srtp: Option<Srtp>) {
        let old = self.remote.and_then(|remote| remote.srtp);
        let Some(Srtp { suite, local, remote }) = srtp else {
            (self.sealer, self.opener) = (None, None);
            return;
        };
        if old.is_none_or(|old| (old.suite, old.local) != (suite, local)) {
            self.sealer = Some(Box::new(Sealer::new(suite, &local)));
        }
        if old.is_none_or(|old| (old.suite, old.remote) != (suite, remote)) {
            self.opener = Some(Box::new(Opener::new(suite, &remote)));
        }
    }

    fn count(&mut self, error: SrtpError) {
        match error {
            SrtpError::Replayed => self.stats.replayed += 1,
            SrtpError::Short | SrtpError::Long | SrtpError::Forged => self.stats.forged += 1,
        }
    }

    /// Our half of a hold; the far half comes by [`set_remote`](Self::set_remote).
    pub fn set_direction(&mut self, direction: Direction, now: Instant) {
        if let Some(remote) = self.remote {
            self.set_remote(Remote { direction, ..remote }, now);
        }
    }

    /// The call is answered: from now on silence on the network is a fault. (Ringing may
    /// be silent for as long as it likes.)
    pub fn expect_rtp(&mut self, now: Instant) {
        self.expected_since = Some(now);
    }

    /// Plays instead of whatever was playing, which is reported as unfinished.
    pub fn play(&mut self, id: PlayId, items: Vec<PlayItem>, repeats: bool) {
        self.stop_play();
        self.player = Some(Player::new(id, items, repeats));
    }

    pub fn stop_play(&mut self) {
        if let Some(player) = self.player.take() {
            self.finished(&player, false);
        }
    }

    fn finished(&mut self, player: &Player, is_complete: bool) {
        let played_ms = player.played_ms();
        self.emit(Event::PlayFinished { id: player.id, is_complete, played_ms });
    }

    pub fn play_tone(&mut self, tone: Option<Tone>) {
        self.tone_out = tone.map(ToneGenerator::new);
    }

    /// Says how many did not fit.
    pub fn press(&mut self, keys: impl IntoIterator<Item = Key>) -> usize {
        self.presser.press(keys)
    }

    pub fn detect_keys_in_band(&mut self, wanted: bool) {
        match wanted {
            true if self.keys_in_band.is_none() => self.keys_in_band = Some(Box::default()),
            true => {}
            false => self.keys_in_band = None,
        }
    }

    /// Those of the network, and of fax machines and modems.
    pub fn detect_tones(&mut self, wanted: bool) {
        match wanted {
            true if self.tones_in.is_none() => {
                (self.tones_in, self.machines_in) = (Some(Box::default()), Some(Box::default()));
            }
            true => {}
            false => (self.tones_in, self.machines_in) = (None, None),
        }
    }

    /// From the answer on: tones of the network are over, and a machine says soon that it is one.
    pub fn detect_machines(&mut self) {
        self.tones_in = None;
        self.machines_in.get_or_insert_default().has_answered();
    }

    /// Made by the caller: a tick has no time to.
    pub fn listen_for(&mut self, announcements: Option<Box<Listener>>) {
        self.announcements_in = announcements;
    }

    pub const fn set_tap(&mut self, tap: Tap) {
        self.tap = tap;
    }

    /// Both halves of a tick, for a leg that hears nobody but us.
    pub fn tick(&mut self, now: Instant, out: &mut TickOutput) {
        self.playout(now);
        self.send(now, None, out);
    }

    /// What the far side said in this tick.
    pub const fn far_frame(&self) -> &Frame {
        &self.far
    }

    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    pub fn stats(&self) -> SessionStats {
        let mut stats = self.stats;
        stats.sent = self.numbering.packets;
        stats.playout = self.jitter.counts();
        if let Some(reception) = &self.reception {
            stats.received = reception.received();
            stats.lost = reception.lost();
            stats.jitter_ms = reception.jitter() / 8;
            stats.gap_max_ms = reception.gap_max().as_millis() as u32;
        }
        stats
    }

    /// Keys are answers and always have room; news of playing and tones may be lost.
    fn emit(&mut self, event: Event) {
        let room = if matches!(event, Event::Key(..)) { 2 * EVENTS_MAX } else { EVENTS_MAX };
        if self.events.len() < room {
            self.events.push_back(event);
        } else {
            self.stats.events_dropped += 1;
        }
    }
}

/// Neither addresses nor keys.
impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").field("remote", &self.remote).finish_non_exhaustive()
    }
}

fn rename(source: &mut Option<Source>, named: SocketAddr, fresh: Source) {
    match source {
        Some(source) => source.rename(named),
        None => *source = Some(fresh),
    }
}

const fn next_port(mut address: SocketAddr) -> SocketAddr {
    address.set_port(address.port().saturating_add(1));
    address
}

/// The longest of ours is a compound RTCP with a name of 64 bytes.
const DATAGRAM_MAX: usize = 256;
/// Drained each tick; a call whose task sleeps for long has other worries.
const EVENTS_MAX: usize = 64;
/// How long an echo may be under way: a satellite and a hybrid.
const ECHO_TICKS: u32 = (300 / TICK_MS) as u32;

#[cfg(test)]
mod tests;
