//! What every call, the dialler and the page share.

use std::{
    collections::HashMap,
    net::SocketAddr,
    path::PathBuf,
    sync::{
        Arc, Mutex, PoisonError, RwLock,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use tokio::sync::Notify;

use super::{
    AcdBoard, CallHandle, Clock, LiveBoard, MediaThreads, PhoneBoard, PortPool, Recorder,
    SignallingHandle, SourceClock, StudioBoard, Ticks, TrunkBoard, Voice, stop_switch::StopSwitch,
};
use crate::{
    app::{App, Dialler, Vault},
    base::CallId,
    config::{Config, Interface, Transport},
    domain::{Calendar, CallingPolicy},
    ivr::Library,
    sip::{
        endpoint::{Flow, InterfaceId},
        message,
    },
};

pub struct Core {
    pub clock: Arc<dyn Clock>,
    pub app: App,
    pub signalling: SignallingHandle,
    pub media: MediaThreads,
    pub recorder: Recorder,
    pub voice: Voice,
    /// Seals secrets that the database holds.
    pub vault: Vault,
    pub live: LiveBoard,
    pub acd: AcdBoard,
    pub trunks: TrunkBoard,
    pub phones: PhoneBoard,
    pub studio: StudioBoard,
    pub sources: SourceClock,
    pub node: String,
    pub epoch: i64,
    pub counters: Counters,
    pub ticks: Ticks,
    pub(super) config: RwLock<Arc<Config>>,
    /// Of the dialplans' folder, as they were at the start.
    pub(super) files: Arc<Library>,
    /// The files, and the published series beside them.
    pub(super) library: RwLock<Arc<Library>>,
    /// What carriers say before the answer, as far as it was learnt.
    pub(super) announcements: RwLock<Arc<super::Announcements>>,
    /// What runs were made to ask, as it was then.
    pub(super) pinned: Mutex<super::series::Pinned>,
    pub(super) pools: HashMap<String, PortPool>,
    pub(super) calls: Mutex<HashMap<CallId, CallHandle>>,
    pub(super) calls_max: usize,
    is_draining: AtomicBool,
    stops: StopSwitch,
    /// The dialler looks again at once.
    pub(super) wake: Notify,
    pub(super) why_idle: Mutex<HashMap<crate::base::RunId, String>>,
}

/// Figures that only grow; `/metrics` reads them.
#[derive(Debug, Default)]
pub struct Counters {
    pub calls_refused: AtomicU64,
    pub recording_bytes: AtomicU64,
    pub rtp_lost: AtomicU64,
    pub journal_failures: AtomicU64,
    /// Dials that went on by another trunk.
    pub failed_over: AtomicU64,
    /// Answers that came after we had given up; each was ended at once. The endpoint counts
    /// those whose call had gone on by then.
    pub late_answers: AtomicU64,
    outcomes: Mutex<HashMap<&'static str, u64>>,
}

impl Counters {
    pub fn count_outcome(&self, outcome: &'static str) {
        *self
            .outcomes
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .entry(outcome)
            .or_default() += 1;
    }

    pub fn outcomes(&self) -> Vec<(&'static str, u64)> {
        let outcomes = self.outcomes.lock().unwrap_or_else(PoisonError::into_inner);
        outcomes.iter().map(|(name, count)| (*name, *count)).collect()
    }
}

/// The parts that exist before the core does.
pub struct Parts {
    pub clock: Arc<dyn Clock>,
    pub app: App,
    pub signalling: SignallingHandle,
    pub media: MediaThreads,
    pub recorder: Recorder,
    pub voice: Voice,
    pub vault: Vault,
    pub node: String,
    pub epoch: i64,
    pub config: Arc<Config>,
    pub library: Arc<Library>,
    pub calls_max: usize,
    pub is_stopped: bool,
}

impl Core {
    pub fn new(parts: Parts) -> Arc<Self> {
        let pools = parts.config.interface.iter().map(|interface| {
            let (low, high) = interface.rtp_ports;
            (interface.name.clone(), PortPool::new(low..=high))
        });
        Arc::new(Self {
            pools: pools.collect(),
            clock: parts.clock,
            app: parts.app,
            signalling: parts.signalling,
            media: parts.media,
            recorder: parts.recorder,
            voice: parts.voice,
            vault: parts.vault,
            live: LiveBoard::default(),
            acd: AcdBoard::default(),
            trunks: TrunkBoard::default(),
            phones: PhoneBoard::default(),
            studio: StudioBoard::default(),
            sources: SourceClock::default(),
            node: parts.node,
            epoch: parts.epoch,
            counters: Counters::default(),
            ticks: Ticks::default(),
            config: RwLock::new(parts.config),
            library: RwLock::new(Arc::clone(&parts.library)),
            files: parts.library,
            announcements: RwLock::default(),
            pinned: Mutex::default(),
            calls: Mutex::default(),
            calls_max: parts.calls_max,
            is_draining: AtomicBool::new(false),
            stops: StopSwitch::new(parts.is_stopped),
            wake: Notify::new(),
            why_idle: Mutex::default(),
        })
    }

    pub fn config(&self) -> Arc<Config> {
        Arc::clone(&self.config.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub fn set_config(&self, config: Arc<Config>) {
        *self.config.write().unwrap_or_else(PoisonError::into_inner) = config;
        self.wake.notify_waiters();
    }

    pub fn library(&self) -> Arc<Library> {
        Arc::clone(&self.library.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The interface that a message came by.
    pub fn interface(&self, id: InterfaceId) -> Option<Interface> {
        self.config().interface.get(usize::from(id.0 / TRANSPORTS)).cloned()
    }

    /// Pairs of RTP ports that calls hold.
    pub fn rtp_ports_in_use(&self) -> usize {
        self.pools.values().map(PortPool::in_use).sum()
    }

    pub fn pool(&self, interface: &str) -> Option<&PortPool> {
        self.pools.get(interface)
    }

    /// The trunk that a message by this way belongs to. One that is to be reached by TLS says
    /// nothing in clear: whoever does so from its address is somebody else.
    pub fn trunk_of(&self, flow: Flow) -> Option<String> {
        let config = self.config();
        let is_its_way = |trunk: &&crate::config::Trunk| {
            trunk.transport != Transport::Tls || flow.transport == message::Transport::Tls
        };
        let mut trunks = config.trunk.iter().filter(|trunk| trunk.owns(flow.remote.ip()));
        trunks.find(is_its_way).map(|trunk| trunk.name.clone())
    }

    pub fn is_draining(&self) -> bool {
        self.is_draining.load(Ordering::Relaxed)
    }

    pub fn drain(&self) {
        self.is_draining.store(true, Ordering::Relaxed);
        self.wake.notify_waiters();
    }

    pub fn is_stopped(&self) -> bool {
        self.stops.is_stopped()
    }

    pub(super) fn stops(&self) -> &StopSwitch {
        &self.stops
    }

    /// The record says that calls may be made again.
    pub fn resume(&self) {
        self.stops.resume();
        self.wake.notify_waiters();
    }

    pub fn room_for_a_call(&self) -> bool {
        self.live.count() < self.calls_max && !self.is_draining()
    }

    pub fn calls_max(&self) -> usize {
        self.calls_max
    }

    pub fn call(&self, id: CallId) -> Option<CallHandle> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner).get(&id).cloned()
    }

    pub fn all_calls(&self) -> Vec<CallHandle> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }

    pub(super) fn add_call(&self, handle: CallHandle) {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner).insert(handle.id(), handle);
    }

    pub(super) fn remove_call(&self, id: CallId) {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner).remove(&id);
        self.live.remove(id);
        self.wake.notify_waiters();
    }

    /// Something has changed that the dialler would find within half a second.
    pub fn look_again(&self) {
        self.wake.notify_waiters();
    }

    /// Why nothing of a run is being dialled right now.
    pub fn why_idle(&self, run: crate::base::RunId) -> Option<String> {
        self.why_idle.lock().unwrap_or_else(PoisonError::into_inner).get(&run).cloned()
    }

    pub(super) fn set_why_idle(&self, run: crate::base::RunId, why: Option<String>) {
        let mut all = self.why_idle.lock().unwrap_or_else(PoisonError::into_inner);
        match why {
            Some(why) => all.insert(run, why),
            None => all.remove(&run),
        };
    }

    /// Where the studio's clips are.
    pub fn clips(&self) -> PathBuf {
        self.config().paths.data.join("clips")
    }

    /// The clips as the record has them: the next sentence is spoken by them.
    pub async fn load_clips(&self) {
        let Ok(clips) = self.app.kept_clips().await else { return };
        let folder = self.clips();
        let known = clips
            .into_iter()
            .map(|clip| ((clip.language, clip.text_sha256), folder.join(clip.path)));
        self.voice.set_clips(known.collect());
    }

    pub fn recordings(&self) -> PathBuf {
        self.config().paths.recordings.clone()
    }

    /// By what rules this node dials, as they stand now in the record.
    pub async fn dialler(&self) -> Dialler {
        let config = self.config();
        let stored = self.app.policy("calling").await.ok().flatten();
        let policy: CallingPolicy =
            stored.and_then(|body| serde_json::from_value(body).ok()).unwrap_or_default();
        let zone = config.hospital.timezone;
        let mut calendar = Calendar::always(zone);
        if !config.dialer.ignore_window {
            calendar.windows.clone_from(&policy.windows);
            calendar.weekends = policy.weekends;
            calendar.days = self.app.holidays().await.unwrap_or_default();
        }
        let allow = config.pilot.as_ref();
        Dialler {
            node: self.node.clone(),
            epoch: self.epoch,
            policy,
            calendar,
            allow: allow.map(|pilot| pilot.allow_numbers.iter().map(|n| n.0.clone()).collect()),
        }
    }
}

/// The way to a peer through one of our interfaces.
pub fn interface_flow(
    core: &Core,
    interface: &str,
    transport: Transport,
    remote: SocketAddr,
) -> Option<Flow> {
    let config = core.config();
    let at = config.interface.iter().position(|known| known.name == interface)?;
    let transport = match transport {
        Transport::Udp => message::Transport::Udp,
        Transport::Tcp => message::Transport::Tcp,
        Transport::Tls => message::Transport::Tls,
    };
    Some(Flow { transport, interface: interface_id(at, transport)?, remote })
}

/// The endpoint's name for the `at`th network of ours, by this transport.
pub(super) fn interface_id(at: usize, transport: message::Transport) -> Option<InterfaceId> {
    let offset = match transport {
        message::Transport::Udp => 0,
        message::Transport::Tcp => 1,
        message::Transport::Tls => 2,
    };
    u8::try_from(usize::from(TRANSPORTS) * at + offset).ok().map(InterfaceId)
}

/// Each network of ours is three interfaces of the endpoint.
const TRANSPORTS: u8 = 3;
