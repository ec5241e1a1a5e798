//! An agent's telephone, as much of it as a test, a load or a training needs: it registers,
//! rings, picks up, sounds a tone of its own, and keeps what it hears.

use std::{
    net::SocketAddr,
    path::PathBuf,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use tokio::sync::{broadcast, mpsc, watch};

use super::tone::tone_of;
use crate::{
    base::{Key, Machine as _},
    engine::{
        Clock, Incoming, LegEvent as SoundEvent, Mailbox, MediaEvent, MediaHandle, MediaSettings,
        MediaThreads, OpenLeg, PortPool, Recorder, SignallingConfig, SignallingHandle,
        start_signalling,
    },
    media::{self, PlayId},
    sip::{
        auth::Credentials,
        endpoint::{Flow, Input as EndpointInput, Interface, InterfaceId},
        invite::{Command, InboundLeg, Input, Leg, LegEvent, Output},
        message::{Method, NameAddr, Response, Transport, Uri},
        registration::{self, Registration, RegistrationConfig, RegistrationEvent},
        sdp::{self, LocalMedia, Negotiated},
    },
};

/// What its owner does when it rings.
#[derive(Clone, Copy, Debug)]
pub enum PicksUp {
    After(Duration),
    Never,
    Declines,
}

#[derive(Clone, Debug)]
pub struct PhoneConfig {
    pub account: String,
    pub password: String,
    pub server: SocketAddr,
    pub picks_up: PicksUp,
    /// Its owner's voice.
    pub tone_hertz: Option<f32>,
    /// What is heard goes here: left what is heard, right what is said; one file a call,
    /// `1.wav` the first.
    pub keeps_in: Option<PathBuf>,
}

#[derive(Clone, Debug)]
enum Act {
    HangUp,
    Press(Vec<Key>),
    /// Goes silent and answers nothing any more, as a phone without power.
    Die,
}

struct Shared {
    config: PhoneConfig,
    clock: Arc<dyn Clock>,
    signalling: SignallingHandle,
    sound: Arc<PhoneSound>,
    bind: SocketAddr,
    acts: broadcast::Sender<Act>,
    rung: AtomicUsize,
    rung_at: Mutex<Vec<Instant>>,
    live: watch::Sender<usize>,
    registered: watch::Sender<bool>,
}

/// Registered until it is dropped; live calls then go silent.
pub struct Phone {
    shared: Arc<Shared>,
    tasks: Vec<tokio::task::AbortHandle>,
}

impl Phone {
    /// # Errors
    /// When its sockets cannot be opened.
    pub async fn start(
        config: PhoneConfig,
        sound: Arc<PhoneSound>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, std::io::Error> {
        let bind = SocketAddr::new(config.server.ip(), 0);
        let interfaces = vec![Interface::plain(InterfaceId(0), Transport::Udp, bind)];
        let product = "Suifang simulated phone".to_owned();
        let settings = SignallingConfig::new(interfaces, product, rand::random());
        let (sender, incoming) = mpsc::channel(INCOMING_MAX);
        let (signalling, interfaces) =
            start_signalling(settings, Arc::clone(&clock), sender).await?;
        let shared = Arc::new(Shared {
            clock,
            signalling,
            sound,
            bind: interfaces.first().map_or(bind, |interface| interface.bind),
            acts: broadcast::channel(ACTS_MAX).0,
            rung: AtomicUsize::new(0),
            rung_at: Mutex::default(),
            live: watch::channel(0).0,
            registered: watch::channel(false).0,
            config,
        });
        let tasks = vec![
            tokio::spawn(register(Arc::clone(&shared))).abort_handle(),
            tokio::spawn(serve(Arc::clone(&shared), incoming)).abort_handle(),
        ];
        Ok(Self { shared, tasks })
    }

    /// Waits until the server has let it in.
    pub async fn is_registered(&self) -> bool {
        self.shared.registered.subscribe().wait_for(|is| *is).await.is_ok()
    }

    /// How often it has rung.
    pub fn rung(&self) -> usize {
        self.shared.rung.load(Relaxed)
    }

    /// When each INVITE came, up to a bound.
    pub fn rung_at(&self) -> Vec<Instant> {
        self.shared.rung_at.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How many calls it is in.
    pub fn live(&self) -> usize {
        *self.shared.live.borrow()
    }

    /// Waits until it is in so many calls.
    pub async fn is_in(&self, calls: usize) -> bool {
        self.shared.live.subscribe().wait_for(|live| *live == calls).await.is_ok()
    }

    pub fn hang_up(&self) {
        // Nobody listens: it is in no call.
        let _ = self.shared.acts.send(Act::HangUp);
    }

    pub fn press(&self, keys: &str) {
        let keys = keys.chars().filter_map(|c| Key::try_from(c).ok()).collect();
        let _ = self.shared.acts.send(Act::Press(keys));
    }

    pub fn die(&self) {
        let _ = self.shared.acts.send(Act::Die);
    }
}

impl Drop for Phone {
    fn drop(&mut self) {
        self.tasks.iter().for_each(tokio::task::AbortHandle::abort);
    }
}

async fn register(shared: Arc<Shared>) {
    let Ok(mut mailbox) = shared.signalling.open().await else { return };
    let PhoneConfig { account, password, server, .. } = &shared.config;
    let uri = |text: String| text.parse::<Uri>();
    let (Ok(registrar), Ok(aor)) =
        (uri(format!("sip:{server}")), uri(format!("sip:{account}@{server}")))
    else {
        return;
    };
    let config = RegistrationConfig {
        owner: mailbox.owner,
        flow: shared.flow(),
        registrar,
        aor: NameAddr::new(aor),
        routes: Vec::new(),
        credentials: Some(Credentials {
            username: account.clone(),
            password: password.clone(),
            realm: None,
        }),
        expires_s: EXPIRES_S,
    };
    let mut machine = Registration::start(config, rand::random());
    loop {
        while let Some(output) = machine.poll_output() {
            match output {
                registration::Output::ToEndpoint(input) => {
                    let _ = shared.signalling.send(input).await;
                }
                registration::Output::Notify(event) => {
                    if let RegistrationEvent::Failed { status, .. } = &event {
                        tracing::warn!(status, "a phone was not let in");
                    }
                    let is_in = matches!(event, RegistrationEvent::Registered { .. });
                    shared.registered.send_replace(is_in);
                }
            }
        }
        let now = shared.clock.instant();
        let wait = machine.poll_timeout().map_or(IDLE, |at| at.saturating_duration_since(now));
        tokio::select! {
            event = mailbox.recv() => match event {
                Some(event) => {
                    let now = shared.clock.instant();
                    machine.handle_input(registration::Input::Event(event), now);
                }
                None => return,
            },
            () = crate::engine::sleep(&*shared.clock, wait) => {
                machine.handle_timeout(shared.clock.instant());
            }
        }
    }
}

async fn serve(shared: Arc<Shared>, mut incoming: mpsc::Receiver<Incoming>) {
    while let Some(request) = incoming.recv().await {
        let Incoming { transaction, request, flow } = request;
        if request.method != Method::Invite {
            let response = Box::new(Response::to_request(&request.headers, 405, "phone"));
            let _ = shared.signalling.send(EndpointInput::Respond { transaction, response }).await;
            continue;
        }
        shared.note_ring();
        let shared = Arc::clone(&shared);
        tokio::spawn(async move {
            let number = shared.rung.fetch_add(1, Relaxed) + 1;
            if let Some(call) = Call::open(&shared, transaction, *request, flow, number).await {
                call.run().await;
            }
        });
    }
}

impl Shared {
    fn note_ring(&self) {
        let mut rung_at = self.rung_at.lock().unwrap_or_else(PoisonError::into_inner);
        if rung_at.len() < RINGS_KEPT {
            rung_at.push(self.clock.instant());
        }
    }

    fn flow(&self) -> Flow {
        let remote = self.config.server;
        Flow { transport: Transport::Udp, interface: InterfaceId(0), remote }
    }
}

struct Call {
    shared: Arc<Shared>,
    leg: Leg,
    mailbox: Mailbox,
    media: MediaHandle,
    sounds: mpsc::Receiver<MediaEvent>,
    acts: broadcast::Receiver<Act>,
    at: Option<Instant>,
    number: usize,
    is_live: bool,
}

impl Call {
    async fn open(
        shared: &Arc<Shared>,
        transaction: crate::sip::endpoint::TransactionId,
        request: crate::sip::message::Request,
        flow: Flow,
        number: usize,
    ) -> Option<Self> {
        let (events, sounds) = mpsc::channel(64);
        let open = OpenLeg {
            bind: shared.bind.ip(),
            ports: &shared.sound.ports,
            learns_any: false,
            events,
            beside: None,
        };
        let media = shared.sound.media.open(open).ok()?;
        let mailbox = shared.signalling.open().await.ok()?;
        let inbound = InboundLeg {
            owner: mailbox.owner,
            transaction,
            request,
            flow,
            media: LocalMedia {
                rtp: (shared.bind.ip(), media.rtp_port()).into(),
                rtcp: None,
                codecs: vec![sdp::Codec::Pcma, sdp::Codec::Pcmu],
                telephone_event: Some(101),
                ptime_ms: 20,
                srtp: None,
            },
            credentials: None,
            session_timer: None,
        };
        let mut leg = Leg::inbound(inbound, rand::random());
        let now = shared.clock.instant();
        let first = match shared.config.picks_up {
            PicksUp::Declines => Command::Reject { status: 486, cause: Some(17) },
            _ => Command::Ring,
        };
        leg.handle_input(Input::Command(first), now);
        let at = match shared.config.picks_up {
            PicksUp::After(wait) => Some(now + wait),
            PicksUp::Never | PicksUp::Declines => None,
        };
        let (shared, acts) = (Arc::clone(shared), shared.acts.subscribe());
        Some(Self { shared, leg, mailbox, media, sounds, acts, at, number, is_live: false })
    }

    async fn run(mut self) {
        loop {
            while let Some(output) = self.leg.poll_output() {
                match output {
                    Output::ToEndpoint(input) => {
                        let _ = self.shared.signalling.send(input).await;
                    }
                    Output::Notify(event) => self.on_leg(event),
                }
            }
            if self.leg.is_over() {
                break;
            }
            let now = self.shared.clock.instant();
            let due = [self.at, self.leg.poll_timeout()].into_iter().flatten().min();
            let wait = due.map_or(IDLE, |at| at.saturating_duration_since(now));
            tokio::select! {
                event = self.mailbox.recv() => match event {
                    Some(event) => {
                        let now = self.shared.clock.instant();
                        self.leg.handle_input(Input::Event(event), now);
                    }
                    None => break,
                },
                Some(sound) = self.sounds.recv() => self.on_sound(&sound.event),
                Ok(act) = self.acts.recv() => match act {
                    Act::HangUp => self.command(Command::Bye { cause: None }),
                    Act::Press(keys) => drop(self.media.press(keys)),
                    Act::Die => break,
                },
                () = crate::engine::sleep(&*self.shared.clock, wait) => self.on_timer(),
            }
        }
        self.set_live(false);
        let _ = self.media.close().await;
    }

    fn on_timer(&mut self) {
        let now = self.shared.clock.instant();
        if self.leg.poll_timeout().is_some_and(|at| at <= now) {
            self.leg.handle_timeout(now);
        }
        if self.at.take_if(|at| *at <= now).is_some() {
            self.command(Command::Answer);
        }
    }

    fn on_leg(&mut self, event: LegEvent) {
        match event {
            LegEvent::Answered(media) | LegEvent::MediaChanged(media) => self.configure(&media),
            LegEvent::Confirmed => {
                if let Some(media) = self.leg.media().cloned() {
                    self.configure(&media);
                }
                self.set_live(true);
                self.speak();
                self.keep();
            }
            LegEvent::Ended(_) => self.set_live(false),
            _ => {}
        }
    }

    fn on_sound(&self, event: &SoundEvent) {
        if matches!(event, SoundEvent::Sound(media::Event::PlayFinished { .. })) {
            self.speak();
        }
    }

    fn speak(&self) {
        if let Some(hertz) = self.shared.config.tone_hertz {
            let tone = tone_of(&format!("{hertz} 10"));
            let _ = self.media.play(PlayId(1), vec![tone.into()], true);
        }
    }

    /// A recording that cannot be begun is missed by whoever looks for it.
    fn keep(&self) {
        let Some(folder) = &self.shared.config.keeps_in else { return };
        let file = folder.join(format!("{}.wav", self.number));
        let _ = self.media.record(&self.shared.sound.recorder, &file);
    }

    fn set_live(&mut self, is_live: bool) {
        if std::mem::replace(&mut self.is_live, is_live) != is_live {
            self.shared.live.send_modify(|live| match is_live {
                true => *live += 1,
                false => *live -= 1,
            });
        }
    }

    fn configure(&self, negotiated: &Negotiated) {
        let remote = media::Remote {
            rtp: negotiated.remote_rtp,
            rtcp: Some(negotiated.remote_rtcp),
            codec: match negotiated.codec {
                sdp::Codec::Pcma => media::Codec::Pcma,
                sdp::Codec::Pcmu => media::Codec::Pcmu,
            },
            payload_type: negotiated.payload_type,
            event_payload_type: negotiated.telephone_event,
            direction: media::Direction::SendRecv,
            srtp: None,
        };
        let _ = self.media.configure(remote);
    }

    fn command(&mut self, command: Command) {
        let now = self.shared.clock.instant();
        self.leg.handle_input(Input::Command(command), now);
    }
}

/// What the phones of a house share: threads for sound, ports, and somewhere to keep what
/// they hear.
pub struct PhoneSound {
    media: MediaThreads,
    ports: PortPool,
    recorder: Recorder,
}

impl PhoneSound {
    /// # Errors
    /// When its threads cannot be started.
    pub fn start(clock: Arc<dyn Clock>) -> std::io::Result<Arc<Self>> {
        let settings = MediaSettings { threads: 1, ..MediaSettings::default() };
        let media = MediaThreads::start(settings, clock).map_err(std::io::Error::other)?;
        let recorder = Recorder::start(1).map_err(std::io::Error::other)?;
        Ok(Arc::new(Self { media, ports: PortPool::new(RTP_PORTS), recorder }))
    }
}

const EXPIRES_S: u32 = 120;
const INCOMING_MAX: usize = 16;
const ACTS_MAX: usize = 16;
const IDLE: Duration = Duration::from_secs(60);

/// Beside the server's and the carrier's own.
const RTP_PORTS: std::ops::RangeInclusive<u16> = 50_000..=54_999;

/// More rings than an agent answers in a day.
const RINGS_KEPT: usize = 1000;
