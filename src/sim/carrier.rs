//! The trunk's other end: takes INVITEs, finds the patient, and writes down what was on
//! the wire.

use std::{
    collections::HashMap,
    fs::OpenOptions,
    io::Write,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError, atomic::Ordering},
    time::Duration,
};

use futures_util::future::BoxFuture;
use serde_json::json;
use tokio::sync::mpsc;
use tracing::warn;

use super::{Dial, Truth, patient};
use crate::{
    engine::{
        Clock, Incoming, LEGS_FIRST, MediaSettings, MediaThreads, PortPool, SignallingConfig,
        SignallingHandle, start_signalling,
    },
    media::Prompt,
    sip::{
        endpoint::{Flow, Input, Interface, InterfaceId, TransactionId},
        message::{Method, Request, Response, Transport, name},
    },
};

#[derive(Debug, thiserror::Error)]
pub enum CarrierError {
    #[error("the carrier cannot listen on {address}: {error}")]
    Listen { address: SocketAddr, error: std::io::Error },
    #[error("the carrier's log {path}: {error}")]
    Log { path: String, error: std::io::Error },
    #[error("the carrier's sound: {0}")]
    Media(#[from] crate::engine::MediaError),
}

pub(super) struct Shared {
    pub(super) truth: Truth,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) signalling: SignallingHandle,
    pub(super) media: MediaThreads,
    pub(super) ports: PortPool,
    pub(super) bind: SocketAddr,
    pub(super) voices: Voices,
    pub(super) answers: Option<Answers>,
    heard: Option<Heard>,
    dials: Mutex<HashMap<String, usize>>,
    /// Calls that go on, or that were cut because the caller was gone.
    unfinished: Mutex<HashMap<String, Cut>>,
    log: Option<Mutex<std::fs::File>>,
}

/// How whoever lives at a number takes a call to it; absent: nobody does. The number is as the
/// trunk wrote it.
pub type Answers = Arc<dyn Fn(String) -> BoxFuture<'static, Option<Dial>> + Send + Sync>;

/// How many entries of a patient's `keys` the record holds. Whoever is called again after a
/// call that was cut hears which question is asked; the simulated patient has no ear for words
/// and may have missed that the last key was taken, so it is told.
pub type Heard = Arc<dyn Fn(String) -> BoxFuture<'static, Option<usize>> + Send + Sync>;

/// How far a patient came in a call that had no proper end.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Cut {
    /// So many dials took up an earlier one.
    pub(super) again: usize,
    /// So many entries of `keys` were taken. `None`: the last call had a proper end.
    pub(super) taken: Option<usize>,
}

/// What the carrier and its patients say; synthetic, so that the carrier needs no files.
pub(super) struct Voices {
    pub(super) vacant: Prompt,
    pub(super) powered_off: Prompt,
    pub(super) murmur: Prompt,
}

/// A running carrier.
pub struct Carrier {
    shared: Arc<Shared>,
}

impl Carrier {
    /// # Errors
    /// When the address is taken or the log cannot be written.
    pub async fn start(truth: Truth, clock: Arc<dyn Clock>) -> Result<Self, CarrierError> {
        let media = MediaThreads::start(MEDIA, Arc::clone(&clock))?;
        Self::start_on(truth, clock, media, None).await
    }

    /// With patients who hear at which question a call goes on that was cut.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub async fn start_hearing(
        truth: Truth,
        clock: Arc<dyn Clock>,
        heard: Heard,
    ) -> Result<Self, CarrierError> {
        let media = MediaThreads::start(MEDIA, Arc::clone(&clock))?;
        Self::begin(truth, clock, media, None, Some(heard)).await
    }

    /// With sound that somebody else moves, and patients who are not in the file: `answers`
    /// says how each takes a call.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub async fn start_on(
        truth: Truth,
        clock: Arc<dyn Clock>,
        media: MediaThreads,
        answers: Option<Answers>,
    ) -> Result<Self, CarrierError> {
        Self::begin(truth, clock, media, answers, None).await
    }

    async fn begin(
        truth: Truth,
        clock: Arc<dyn Clock>,
        media: MediaThreads,
        answers: Option<Answers>,
        heard: Option<Heard>,
    ) -> Result<Self, CarrierError> {
        let address = truth.listen;
        let log = match &truth.log {
            Some(path) => {
                let opened = OpenOptions::new().create(true).append(true).open(path);
                let name = path.display().to_string();
                let opened = opened.map_err(|error| CarrierError::Log { path: name, error })?;
                Some(Mutex::new(opened))
            }
            None => None,
        };
        let interfaces = [Transport::Udp, Transport::Tcp].into_iter().zip(0..);
        let interfaces = interfaces
            .map(|(transport, id)| Interface::plain(InterfaceId(id), transport, address))
            .collect();
        let product = "Suifang simulated carrier".to_owned();
        let config = SignallingConfig::new(interfaces, product, truth.seed);
        let (sender, incoming) = mpsc::channel(INCOMING_MAX);
        let (signalling, _) = start_signalling(config, Arc::clone(&clock), sender)
            .await
            .map_err(|error| CarrierError::Listen { address, error })?;
        let shared = Arc::new(Shared {
            media,
            answers,
            heard,
            ports: PortPool::new(RTP_PORTS),
            voices: Voices::new(truth.seed),
            truth,
            clock,
            signalling,
            bind: address,
            dials: Mutex::default(),
            unfinished: Mutex::default(),
            log,
        });
        tokio::spawn(serve(Arc::clone(&shared), incoming));
        Ok(Self { shared })
    }

    pub fn truth(&self) -> &Truth {
        &self.shared.truth
    }

    /// Calls whose sound is still open.
    pub fn legs(&self) -> u64 {
        self.shared.media.metrics().legs.load(Ordering::Relaxed)
    }

    pub fn ports_in_use(&self) -> usize {
        self.shared.ports.in_use()
    }

    /// A patient calls the hospital's number, and presses what `dial` says. Answers how the
    /// call ended; `None`: there was no sound or no signalling left.
    pub async fn call_in(
        &self,
        number: &str,
        hospital: SocketAddr,
        called: &str,
        dial: Dial,
    ) -> Option<&'static str> {
        let shared = Arc::clone(&self.shared);
        patient::call_in(shared, number.to_owned(), hospital, called.to_owned(), dial).await
    }

    /// How often each number was dialled.
    pub fn dials(&self) -> HashMap<String, usize> {
        self.shared.dials.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

async fn serve(shared: Arc<Shared>, mut incoming: mpsc::Receiver<Incoming>) {
    while let Some(Incoming { transaction, request, flow }) = incoming.recv().await {
        match request.method {
            Method::Invite => {
                if !shared.is_trusted(&request) {
                    shared.challenge(transaction, &request).await;
                    continue;
                }
                let shared = Arc::clone(&shared);
                tokio::spawn(patient::take(shared, transaction, *request, flow));
            }
            Method::Register => shared.register(transaction, &request).await,
            _ => shared.refuse(transaction, &request, 405, None).await,
        }
    }
}

impl Shared {
    /// Counts a dial of this number; answers which it is.
    pub(super) fn count(&self, number: &str) -> usize {
        let mut dials = self.dials.lock().unwrap_or_else(PoisonError::into_inner);
        let count = dials.entry(number.to_owned()).or_default();
        *count += 1;
        *count
    }

    pub(super) const fn flow_to(&self, remote: SocketAddr) -> Flow {
        Flow { transport: Transport::Udp, interface: InterfaceId(0), remote }
    }

    /// A dial begins. When the last one was cut, this one goes on where it stood.
    pub(super) async fn take_up(&self, number: &str) -> Cut {
        let mut before = self.begin_again(number);
        if let (Some(taken), Some(heard)) = (&mut before.taken, &self.heard) {
            *taken = heard(number.to_owned()).await.unwrap_or(*taken);
        }
        before
    }

    fn begin_again(&self, number: &str) -> Cut {
        let mut unfinished = self.unfinished.lock().unwrap_or_else(PoisonError::into_inner);
        let cut = unfinished.entry(number.to_owned()).or_default();
        cut.again += usize::from(cut.taken.is_some());
        let before = *cut;
        cut.taken = Some(before.taken.unwrap_or(0));
        before
    }

    pub(super) fn note_taken(&self, number: &str, pressed: usize, skipped: usize, opening: usize) {
        if pressed <= opening && skipped > 0 {
            return;
        }
        let mut unfinished = self.unfinished.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(taken) = unfinished.get_mut(number).and_then(|cut| cut.taken.as_mut()) {
            *taken = pressed + skipped;
        }
    }

    /// The call had a proper end.
    pub(super) fn forget(&self, number: &str) {
        let mut unfinished = self.unfinished.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(cut) = unfinished.get_mut(number) {
            cut.taken = None;
        }
    }

    pub(super) fn write(&self, event: &str, number: &str, dial: usize, more: &str) {
        let Some(log) = &self.log else { return };
        let line = json!({
            "at": self.clock.wall().to_rfc3339(),
            "event": event,
            "number": number,
            "dial": dial,
            "more": more,
        });
        let mut log = log.lock().unwrap_or_else(PoisonError::into_inner);
        if let Err(error) = writeln!(log, "{line}") {
            warn!(%error, "the carrier's log could not be written");
        }
    }

    pub(super) async fn refuse(
        &self,
        transaction: TransactionId,
        request: &Request,
        status: u16,
        cause: Option<u8>,
    ) {
        let mut response = Response::to_request(&request.headers, status, &tag());
        if let Some(cause) = cause {
            response.headers.add(name::REASON, format!("Q.850;cause={cause}"));
        }
        self.respond(transaction, response).await;
    }

    pub(super) async fn respond(&self, transaction: TransactionId, response: Response) {
        let response = Box::new(response);
        // The signalling task ends only with the carrier.
        let _ = self.signalling.send(Input::Respond { transaction, response }).await;
    }

    /// Without credentials of its own the carrier trusts everybody, as many do.
    fn is_trusted(&self, request: &Request) -> bool {
        self.truth.username.is_none()
            || request.headers.has(name::AUTHORIZATION)
            || request.headers.has(name::PROXY_AUTHORIZATION)
    }

    async fn challenge(&self, transaction: TransactionId, request: &Request) {
        let mut response = Response::to_request(&request.headers, 407, &tag());
        let nonce = tag();
        response.headers.add(
            name::PROXY_AUTHENTICATE,
            format!("Digest realm=\"carrier\", nonce=\"{nonce}\", qop=\"auth\", algorithm=MD5"),
        );
        self.respond(transaction, response).await;
    }

    async fn register(&self, transaction: TransactionId, request: &Request) {
        if !self.is_trusted(request) {
            return self.challenge(transaction, request).await;
        }
        let mut response = Response::to_request(&request.headers, 200, &tag());
        response.headers.copy(&request.headers, name::CONTACT);
        response.headers.add(name::EXPIRES, "600");
        self.respond(transaction, response).await;
    }
}

impl Voices {
    fn new(seed: u64) -> Self {
        Self {
            vacant: announcement(seed),
            powered_off: announcement(seed + 100),
            murmur: speech_like(seed + 1, 20_000),
        }
    }
}

/// Syllables of voiced sound at speech level: enough for a detector of voices, and no
/// words of anybody.
fn speech_like(seed: u64, ms: usize) -> Prompt {
    Prompt::new(speech(seed, ms))
}

/// Three seconds that are the same each time: syllables of different vowels.
fn announcement(seed: u64) -> Prompt {
    const OVERTONES: usize = 20;
    let syllable = crate::media::RATE as usize / 5;
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut chance = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 40) as f32 / (1_u32 << 24) as f32
    };
    let mut samples = Vec::new();
    for _ in 0..15 {
        let pitch = 110.0 + 60.0 * chance();
        let sizes: [f32; OVERTONES] = std::array::from_fn(|_| chance().powi(3));
        samples.extend((0..syllable).map(|n| {
            let t = n as f32 / crate::media::RATE as f32;
            let swell = (n as f32 / syllable as f32 * std::f32::consts::PI).sin();
            let tone = |(h, size): (usize, &f32)| {
                size * (t * pitch * (h + 1) as f32 * std::f32::consts::TAU).sin()
            };
            (sizes.iter().enumerate().map(tone).sum::<f32>() * swell * 3000.0) as i16
        }));
    }
    Prompt::new(samples)
}

pub(super) fn speech(seed: u64, ms: usize) -> Vec<i16> {
    let rate = crate::media::RATE as usize;
    let pitch = 110.0 + (seed % 7) as f32 * 12.0;
    (0..ms * rate / 1000)
        .map(|n| {
            let t = n as f32 / rate as f32;
            // Four syllables a second, each swelling and fading.
            let swell = (t * 4.0 * std::f32::consts::PI).sin().abs();
            let voiced: f32 = [1.0, 2.0, 3.0, 5.0, 7.0]
                .iter()
                .map(|h| (t * pitch * h * std::f32::consts::TAU).sin() / h)
                .sum();
            (voiced * swell * 5000.0) as i16
        })
        .collect()
}

pub(super) fn tag() -> String {
    format!("{:016x}", rand::random::<u64>())
}

const INCOMING_MAX: usize = 512;

/// People hang up on a line that is quite dead.
pub(super) const MEDIA: MediaSettings = MediaSettings {
    threads: 2,
    legs_first: LEGS_FIRST,
    rtp_timeout: Duration::from_secs(8),
    sends_silence: true,
};

/// Beside the server's own.
const RTP_PORTS: std::ops::RangeInclusive<u16> = 40_000..=49_999;
