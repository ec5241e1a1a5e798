//! Threads for sound alone: a 20 ms tick never waits for a web request, a database or a
//! disk. Each owns its legs' sockets; call tasks hold [`MediaHandle`]s.

mod handle;
mod leg;
mod reactor;
mod reports;
mod wheel;

use std::{
    collections::VecDeque,
    fmt,
    hash::{BuildHasher, RandomState},
    io,
    net::{IpAddr, SocketAddr, UdpSocket},
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed},
        mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel},
    },
    thread,
    time::{Duration, Instant},
};

use socket2::{Domain, Protocol, Socket, Type};
use tokio::sync::{mpsc, oneshot};
use tracing::info;

use super::{Clock, PortLease, PortPool, RecordingError, RecordingFeed};
use crate::{
    base::Key,
    media::{
        Direction, Event, NtpAnchor, PlayId, PlayItem, Remote, Session, SessionConfig,
        SessionStats, Tone, announcement::Listener,
    },
};
pub use handle::MediaHandle;
use leg::Leg;
use reactor::Reactor;

/// A leg, for as long as the server runs.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct LegKey(u64);

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct MediaEvent {
    pub leg: LegKey,
    pub event: LegEvent,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum LegEvent {
    Sound(Event),
    /// The disk does not keep up: silence stands for what was lost. Said once.
    RecordingSlow,
    /// The disk refused the recording; the call goes on without.
    RecordingFailed,
}

pub type FinalStats = SessionStats;

#[derive(Debug, thiserror::Error)]
pub enum MediaError {
    #[error("the media thread is behind with its commands")]
    Busy,
    #[error("the leg has ended")]
    Gone,
    #[error("the legs are on different media threads")]
    OtherThread,
    #[error("all RTP ports of the interface are in use")]
    NoPort,
    #[error("cannot open an RTP port: {0}")]
    Socket(#[from] io::Error),
    #[error(transparent)]
    Recording(#[from] RecordingError),
}

#[derive(Clone, Debug)]
pub struct MediaSettings {
    pub threads: usize,
    /// The next thread is used when each before it has so many legs; then the idlest.
    pub legs_first: usize,
    pub rtp_timeout: Duration,
    pub sends_silence: bool,
}

impl Default for MediaSettings {
    fn default() -> Self {
        Self {
            threads: 2,
            legs_first: LEGS_FIRST,
            rtp_timeout: Duration::from_secs(20),
            sends_silence: true,
        }
    }
}

/// What a leg needs before there is an offer.
#[derive(Debug)]
pub struct OpenLeg<'a> {
    /// The address of the route's interface.
    pub bind: IpAddr,
    pub ports: &'a PortPool,
    /// For a peer behind NAT whose SDP names a private address.
    pub learns_any: bool,
    pub events: mpsc::Sender<MediaEvent>,
    /// A leg of the same call, whose thread and slot it shall share.
    pub beside: Option<&'a MediaHandle>,
}

#[derive(Debug, Default)]
pub struct MediaMetrics {
    pub legs: AtomicU64,
    pub packets_sent: AtomicU64,
    pub packets_received: AtomicU64,
    /// Of legs that have ended.
    pub packets_lost: AtomicU64,
    pub strangers: AtomicU64,
    /// Packets of SRTP whose tag was wrong, of legs that have ended.
    pub forged: AtomicU64,
    pub send_errors: AtomicU64,
    /// Legs that ticked over 10 ms after their time.
    pub late_ticks: AtomicU64,
    pub turns_skipped: AtomicU64,
    pub events_dropped: AtomicU64,
    pub commands_refused: AtomicU64,
}

#[derive(Debug)]
pub struct MediaThreads {
    commands: Vec<SyncSender<Command>>,
    /// Legs of each thread.
    loads: Arc<[AtomicUsize]>,
    settings: MediaSettings,
    clock: Arc<dyn Clock>,
    metrics: Arc<MediaMetrics>,
    next: AtomicU64,
    random: RandomState,
}

/// How many legs a thread has, for whoever opens the next.
#[derive(Debug)]
struct Load {
    of: Arc<[AtomicUsize]>,
    thread: usize,
}

impl Load {
    fn new(of: &Arc<[AtomicUsize]>, thread: usize) -> Self {
        Self { of: Arc::clone(of), thread }
    }

    fn came(&self) {
        self.of[self.thread].fetch_add(1, Relaxed);
    }

    fn left(&self) {
        self.of[self.thread].fetch_sub(1, Relaxed);
    }
}

#[derive(Debug)]
struct Command {
    leg: LegKey,
    order: Order,
}

#[derive(Debug)]
enum Order {
    /// New, or from another thread.
    Open {
        leg: Box<Leg>,
        beside: Option<LegKey>,
        arrived: Option<oneshot::Sender<()>>,
    },
    /// To another thread, beside a leg there.
    Give {
        to: SyncSender<Command>,
        beside: LegKey,
        arrived: oneshot::Sender<()>,
    },
    Configure(Remote),
    Direction(Direction),
    ExpectRtp,
    Play {
        id: PlayId,
        items: Vec<PlayItem>,
        repeats: bool,
    },
    StopPlay,
    Tone(Option<Tone>),
    Press(Vec<Key>),
    DetectKeys(bool),
    DetectTones(bool),
    DetectMachines,
    ListenFor(Option<Box<Listener>>),
    Hear(Vec<LegKey>),
    Record(Box<RecordingFeed>),
    PauseRecording(bool),
    StopRecording,
    Stats(oneshot::Sender<SessionStats>),
    Close(oneshot::Sender<FinalStats>),
}

impl MediaThreads {
    pub fn start(settings: MediaSettings, clock: Arc<dyn Clock>) -> Result<Self, MediaError> {
        let (threads, loops) = Self::by_hand(settings, clock);
        for (n, stepper) in loops.into_iter().enumerate() {
            let clock = threads.clock.clone();
            thread::Builder::new().name(format!("media-{n}")).spawn(move || {
                go_first();
                stepper.run(&*clock);
            })?;
        }
        Ok(threads)
    }

    /// Without threads: the caller steps what would run on them, on a clock of its own.
    pub fn by_hand(settings: MediaSettings, clock: Arc<dyn Clock>) -> (Self, Vec<MediaStepper>) {
        let metrics = Arc::new(MediaMetrics::default());
        let loads: Arc<[AtomicUsize]> =
            (0..settings.threads.max(1)).map(|_| AtomicUsize::new(0)).collect();
        let (commands, steppers) = (0..loads.len())
            .map(|n| {
                let (commands, inbox) = sync_channel(COMMANDS);
                let load = Load::new(&loads, n);
                let reactor = Reactor::new(load, metrics.clone(), clock.instant());
                (commands, MediaStepper { inbox, reactor })
            })
            .unzip();
        let (next, random) = (AtomicU64::new(1), RandomState::new());
        (Self { commands, loads, settings, clock, metrics, next, random }, steppers)
    }

    /// The first that has room: a thread that wakes for four hundred legs costs hardly more than
    /// one that wakes for two hundred, and two of them twice as much. Beyond that the idlest.
    fn thread_for_a_leg(&self) -> usize {
        let legs = |n: usize| self.loads[n].load(Relaxed);
        let has_room = (0..self.loads.len()).find(|n| legs(*n) < self.settings.legs_first);
        has_room.or_else(|| (0..self.loads.len()).min_by_key(|n| legs(*n))).unwrap_or(0)
    }

    pub fn metrics(&self) -> &MediaMetrics {
        &self.metrics
    }

    /// The sockets are bound when it returns, so an offer can name their port.
    pub fn open(&self, open: OpenLeg<'_>) -> Result<MediaHandle, MediaError> {
        let (lease, rtp, rtcp) = bind_pair(open.bind, open.ports)?;
        let local = rtp.local_addr()?;
        let key = LegKey(self.next.fetch_add(1, Relaxed));
        let held = Arc::new(());
        let leg = Box::new(Leg {
            key,
            session: Session::new(self.config(key, open.learns_any)),
            rtp,
            rtcp,
            events: open.events,
            pending: VecDeque::new(),
            recording: None,
            hears: Vec::new(),
            is_watched: false,
            has_reports: false,
            holder: Arc::downgrade(&held),
            _lease: lease,
        });
        let thread = open.beside.map_or_else(|| self.thread_for_a_leg(), |leg| leg.thread);
        let order = Order::Open { leg, beside: open.beside.map(MediaHandle::key), arrived: None };
        let commands = self.commands[thread].clone();
        self.loads[thread].fetch_add(1, Relaxed);
        if commands.try_send(Command { leg: key, order }).is_err() {
            self.loads[thread].fetch_sub(1, Relaxed);
            return Err(MediaError::Busy);
        }
        self.metrics.legs.fetch_add(1, Relaxed);
        let metrics = self.metrics.clone();
        Ok(MediaHandle { key, local, thread, commands, metrics, _held: held })
    }

    fn config(&self, key: LegKey, learns_any: bool) -> SessionConfig {
        let random = |what: u8| self.random.hash_one((key, what));
        let since_1970 = self.clock.wall().timestamp_micros();
        SessionConfig {
            ssrc: random(0) as u32,
            // The first half of the range: a wrap right at the start upsets some receivers.
            sequence: random(1) as u16 & 0x7FFF,
            timestamp: random(2) as u32,
            cname: format!("{:016x}", self.random.hash_one("cname")),
            anchor: NtpAnchor::at_unix(
                self.clock.instant(),
                Duration::from_micros(since_1970.unsigned_abs()),
            ),
            rtp_timeout: self.settings.rtp_timeout,
            learns_any,
            sends_silence: self.settings.sends_silence,
        }
    }
}

/// One media thread's work.
pub struct MediaStepper {
    inbox: Receiver<Command>,
    reactor: Reactor,
}

impl MediaStepper {
    /// Obeys what was ordered, ticks what is due; says when the next tick is.
    pub fn step(&mut self, now: Instant) -> Option<Instant> {
        for command in self.inbox.try_iter() {
            self.reactor.obey(command, now);
        }
        self.reactor.turn(now);
        self.reactor.next_due()
    }

    fn run(mut self, clock: &dyn Clock) {
        loop {
            let now = clock.instant();
            let due = self.reactor.next_due();
            let wait = due.map_or(IDLE, |due| due.saturating_duration_since(now));
            if wait.is_zero() {
                self.reactor.turn(now);
                // Between two slots a few commands at most, lest they make the next late.
                for command in self.inbox.try_iter().take(COMMANDS_A_SLOT) {
                    self.reactor.obey(command, now);
                }
                continue;
            }
            match self.inbox.recv_timeout(wait) {
                Ok(command) => self.reactor.obey(command, clock.instant()),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) if self.reactor.is_empty() => return,
                Err(RecvTimeoutError::Disconnected) => thread::park_timeout(wait),
            }
        }
    }
}

impl fmt::Debug for MediaStepper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MediaStepper").finish_non_exhaustive()
    }
}

/// Sound before everything else on this machine: a packet that leaves late is heard, a page that
/// does is not. Without the right to it, a thread waits its turn like the others.
fn go_first() {
    let this = rustix::thread::gettid();
    if let Err(error) = rustix::process::setpriority_process(Some(this), NICE) {
        info!(%error, "the threads of sound have no precedence (LimitNICE={NICE} would give it)");
    }
}

/// Another program may sit on a port of ours; then the next pair is tried.
fn bind_pair(
    ip: IpAddr,
    ports: &PortPool,
) -> Result<(PortLease, UdpSocket, UdpSocket), MediaError> {
    let mut last = MediaError::NoPort;
    for _ in 0..BIND_ATTEMPTS {
        let lease = ports.lease().ok_or(MediaError::NoPort)?;
        let pair = bind(SocketAddr::new(ip, lease.rtp()))
            .and_then(|rtp| Ok((rtp, bind(SocketAddr::new(ip, lease.rtcp()))?)));
        match pair {
            Ok((rtp, rtcp)) => return Ok((lease, rtp, rtcp)),
            Err(error) => last = error.into(),
        }
    }
    Err(last)
}

fn bind(address: SocketAddr) -> io::Result<UdpSocket> {
    let socket = Socket::new(Domain::for_address(address), Type::DGRAM, Some(Protocol::UDP))?;
    // A network that forbids marking still carries the packets.
    let _ = match address {
        SocketAddr::V4(_) => socket.set_tos_v4(EXPEDITED),
        SocketAddr::V6(_) => socket.set_tclass_v6(EXPEDITED),
    };
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    Ok(socket.into())
}

/// DSCP EF, shifted over the two bits of ECN (RFC 3246).
const EXPEDITED: u32 = 46 << 2;
/// A wave of several hundred calls that begin, speak and end in one turn.
const COMMANDS: usize = 2048;
const COMMANDS_A_SLOT: usize = 32;
/// Thirty times the share of an ordinary thread, and its turn at once.
const NICE: i32 = -15;
/// Half a core's sound with recording and detectors.
pub const LEGS_FIRST: usize = 500;
const BIND_ATTEMPTS: usize = 16;
/// With no leg there is nothing to do but to wait for one.
const IDLE: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests;
