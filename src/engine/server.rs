//! The server: started in an order in which nothing is half done, ended by a drain.

use std::{
    collections::BTreeSet,
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use nix::{
    fcntl::{Flock, FlockArg},
    sys::resource::{Resource, getrlimit, setrlimit},
};
use tokio::{sync::mpsc, time};
use tracing::{info, warn};

use super::{
    CallCommand, Certificates, ClusterError, Core, Incoming, MediaSettings, MediaThreads, Parts,
    Postgres, Recorder, SignallingConfig, SystemClock, TraceHandle, TraceNotes, Voice, acd,
    control::warn_of_keys,
    core::interface_id,
    duty, first_questions,
    intake::{bind_intake, run_intake},
    janitor, planner, run_dialler,
    secret_key::load_vault,
    serve_incoming,
    sources::run_sources,
    speaker, start_signalling, start_trunks, syslog,
    trace::run_trace,
};
use crate::{
    app::{App, Dialler, Hub},
    config::Config,
    domain::{Calendar, CallingPolicy},
    engine::Clock,
    ivr::{Library, Source},
    sip::{endpoint::Interface, gate::GateConfig, message::Transport},
    store::{Database, Target},
};

/// One line each: what, where, what to do.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("{0}")]
    Files(String),
    #[error("the dialplans have mistakes:\n{0}")]
    Dialplans(String),
    #[error("{0}")]
    Ports(String),
    #[error("{0}")]
    Cluster(#[from] ClusterError),
    #[error("{0}")]
    Database(String),
    #[error("{0}")]
    Media(String),
}

/// What carries the calls' sound.
pub struct Sound {
    pub media: MediaThreads,
    pub recorder: Recorder,
}

pub struct Server {
    pub core: Arc<Core>,
    postgres: Option<Postgres>,
    /// Held as long as we live: nobody else uses this data folder.
    _lock: Flock<File>,
}

impl Server {
    /// # Errors
    /// Before anything is dialled or answered; what was started is stopped again.
    pub async fn start(config: Arc<Config>) -> Result<Self, StartError> {
        Self::start_with(config, Arc::new(SystemClock)).await
    }

    /// With another clock than the system's: a year's plans in a second.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub async fn start_with(
        config: Arc<Config>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, StartError> {
        let (settings, its) = (media_settings(&config), Arc::clone(&clock));
        let sound = || -> Result<Sound, StartError> {
            let failed = |error: &dyn std::fmt::Display| StartError::Media(error.to_string());
            let media = MediaThreads::start(settings, its).map_err(|e| failed(&e))?;
            let recorder = Recorder::start(WRITERS).map_err(|e| failed(&e))?;
            Ok(Sound { media, recorder })
        };
        Self::start_on(config, clock, sound).await
    }

    /// With sound that somebody else moves: a month of calls by a simulator's clock.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub async fn start_on(
        config: Arc<Config>,
        clock: Arc<dyn Clock>,
        sound: impl FnOnce() -> Result<Sound, StartError>,
    ) -> Result<Self, StartError> {
        let lock = lock_data(&config.paths.data)?;
        writable(&config.paths.recordings)?;
        let vault = load_vault(&config.paths.data).map_err(StartError::Files)?;
        let library = load_library(&config.paths.dialplans)?;
        let calls_max = calls_max(&config);
        let (incoming, requests) = mpsc::channel(INCOMING_MAX);
        let (trace, notes) = open_lab(&config);
        let wires = signalling(&config, trace).map_err(StartError::Files)?;
        let (signalling, _) = start_signalling(wires, Arc::clone(&clock), incoming)
            .await
            .map_err(|error| StartError::Ports(port_error(&config, &error)))?;
        let hospital = bind_intake(config.hl7.bind).await.map_err(|error| {
            StartError::Ports(format!("hl7.bind: {error}; change it, or free the port"))
        })?;
        let (postgres, database) = open_database(&config).await?;
        let app = App::new(database, Hub::default()).in_zone(config.hospital.timezone);
        let node = node_name();
        let started = Self::begin(&config, &app, &node, clock.as_ref()).await;
        let (epoch, is_stopped) = match started {
            Ok(begun) => begun,
            Err(error) => {
                if let Some(postgres) = postgres {
                    postgres.stop().await;
                }
                return Err(StartError::Database(error.to_string()));
            }
        };
        let Sound { media, recorder } = sound()?;
        let voice = Voice::new(config.tts.clone(), &config.paths.data.join("voice"))
            .map_err(|error| StartError::Media(error.to_string()))?;
        let core = Core::new(Parts {
            media,
            recorder,
            voice,
            vault,
            clock,
            app,
            signalling,
            node,
            epoch,
            config,
            library,
            calls_max,
            is_stopped,
        });
        load_learnt(&core).await;
        warn_of_keys(&core.config());
        start_trunks(&core);
        start_loops(&core, requests);
        if let Some(notes) = notes {
            tokio::spawn(run_trace(Arc::clone(&core), notes));
        }
        if let Some(listener) = hospital {
            tokio::spawn(run_intake(Arc::clone(&core), listener));
        }
        Ok(Self { core, postgres, _lock: lock })
    }

    async fn begin(
        config: &Config,
        app: &App,
        node: &str,
        clock: &dyn Clock,
    ) -> Result<(i64, bool), crate::app::AppError> {
        let at = clock.wall();
        app.seed().await?;
        let epoch = app.begin_epoch(node, at).await?;
        let dialler = Dialler {
            node: node.to_owned(),
            epoch,
            policy: CallingPolicy::default(),
            calendar: Calendar::always(config.hospital.timezone),
            allow: None,
        };
        janitor::recover(app, &dialler, &config.paths.recordings, at).await?;
        app.recover_agents(node, epoch, at).await?;
        Ok((epoch, app.stopped().await?.is_some()))
    }

    /// No new calls; live ones end, or are ended with an apology when the time is up.
    pub async fn drain(self) {
        let core = &self.core;
        core.drain();
        let _ = core.signalling.send(crate::sip::endpoint::Input::Draining(true)).await;
        for call in core.all_calls() {
            call.send(CallCommand::CancelUnanswered);
        }
        let limit = Duration::from_secs(core.config().dialer.drain_s);
        info!(calls = core.live.count(), "draining");
        if !quiet_within(core, limit).await {
            warn!(calls = core.live.count(), "the drain's time is up");
            for call in core.all_calls() {
                call.send(CallCommand::Stop { apologise: true });
            }
            if !quiet_within(core, APOLOGY).await {
                for call in core.all_calls() {
                    call.send(CallCommand::Stop { apologise: false });
                }
                quiet_within(core, LAST_WORDS).await;
            }
        }
        core.signalling.trace().flush().await;
        core.app.database().close().await;
        if let Some(postgres) = self.postgres {
            postgres.stop().await;
        }
    }
}

/// What goes on for as long as the server runs.
fn start_loops(core: &Arc<Core>, requests: mpsc::Receiver<Incoming>) {
    tokio::spawn(janitor::run_hub(Arc::clone(core)));
    tokio::spawn(janitor::run_sealer(Arc::clone(core)));
    tokio::spawn(serve_incoming(Arc::clone(core), requests));
    tokio::spawn(acd::run_acd(Arc::clone(core)));
    tokio::spawn(acd::run_agent_record(Arc::clone(core)));
    tokio::spawn(run_dialler(Arc::clone(core)));
    tokio::spawn(planner::run_planner(Arc::clone(core)));
    tokio::spawn(planner::run_guard(Arc::clone(core)));
    tokio::spawn(run_sources(Arc::clone(core)));
    tokio::spawn(duty::run_alerts(Arc::clone(core)));
    tokio::spawn(duty::run_hush(Arc::clone(core)));
    tokio::spawn(syslog::run_syslog(Arc::clone(core)));
    tokio::spawn(warm_voice(Arc::clone(core)));
}

/// What the configuration says of the threads for sound.
pub fn media_settings(config: &Config) -> MediaSettings {
    MediaSettings {
        threads: config.media.threads,
        rtp_timeout: Duration::from_secs(config.media.rtp_timeout_s),
        ..MediaSettings::default()
    }
}

async fn quiet_within(core: &Core, limit: Duration) -> bool {
    let quiet = async {
        let mut changed = core.live.watch();
        // Also those whose agent has not said yet what they came to.
        while !core.all_calls().is_empty() {
            if changed.changed().await.is_err() {
                return;
            }
        }
    };
    time::timeout(limit, quiet).await.is_ok()
}

/// # Errors
/// When neither the configured database nor a private cluster can be used.
pub async fn open_database(config: &Config) -> Result<(Option<Postgres>, Database), StartError> {
    let (postgres, target) = match &config.database.url {
        Some(url) => (None, Target::Url(url.clone())),
        None => {
            let bin_dir = config.database.bin_dir.as_deref();
            let postgres = Postgres::start(&config.paths.data, bin_dir).await?;
            let target = postgres.target();
            (Some(postgres), target)
        }
    };
    match Database::open(&target).await {
        Ok(database) => Ok((postgres, database)),
        Err(error) => {
            let what = format!("the database cannot be used: {error}; see database.url");
            Err(StartError::Database(what))
        }
    }
}

/// # Errors
/// The first file that cannot be read, or every mistake in them.
pub fn load_library(folder: &Path) -> Result<Arc<Library>, StartError> {
    let sources = read_sources(folder).map_err(|error| {
        let what = format!("paths.dialplans {}: {error}", folder.display());
        StartError::Files(what)
    })?;
    let library = Library::read(&sources).map_err(|e| StartError::Dialplans(e.to_string()))?;
    let library = Arc::new(library);
    let findings = library.check();
    if findings.is_empty() {
        return Ok(library);
    }
    let lines = findings.iter().map(|f| format!("{}:{}: {}", f.file, f.line, f.what));
    Err(StartError::Dialplans(lines.collect::<Vec<_>>().join("\n")))
}

/// Every `.toml` of the folder and of its `questionnaires/`, in order.
///
/// # Errors
/// What the file system says.
pub fn read_sources(folder: &Path) -> io::Result<Vec<Source>> {
    let mut paths = BTreeSet::new();
    for place in [folder.to_owned(), folder.join("questionnaires")] {
        for entry in fs::read_dir(&place)? {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == "toml") {
                paths.insert(path);
            }
        }
    }
    let parent = folder.parent().unwrap_or(folder);
    let read = |path: PathBuf| {
        let name = path.strip_prefix(parent).unwrap_or(&path).display().to_string();
        Ok(Source { name, text: fs::read_to_string(path)? })
    };
    paths.into_iter().map(read).collect()
}

/// One server a data folder: a second start says so at once.
pub(super) fn lock_data(data: &Path) -> Result<Flock<File>, StartError> {
    let failed = |what: String| StartError::Files(format!("paths.data {}: {what}", data.display()));
    fs::create_dir_all(data).map_err(|error| failed(error.to_string()))?;
    let file =
        File::create(data.join("suifang.lock")).map_err(|error| failed(error.to_string()))?;
    Flock::lock(file, FlockArg::LockExclusiveNonblock)
        .map_err(|_| failed("another suifang is running with it; stop that one first".to_owned()))
}

fn writable(folder: &Path) -> Result<(), StartError> {
    let probe = folder.join(".probe");
    let tried = fs::create_dir_all(folder).and_then(|()| fs::write(&probe, b""));
    let _ = fs::remove_file(&probe);
    tried.map_err(|error| {
        let what = format!("paths.recordings {} cannot be written: {error}", folder.display());
        StartError::Files(what)
    })
}

/// Two sockets a leg, a recording, and what the page and the database need.
/// Off, it takes nothing.
fn open_lab(config: &Config) -> (TraceHandle, Option<TraceNotes>) {
    if config.limits.sip_lab_days == 0 {
        return (TraceHandle::default(), None);
    }
    let (trace, notes) = TraceHandle::open();
    (trace, Some(notes))
}

/// What the record knows beside the files. Without it calls go on, poorer.
async fn load_learnt(core: &Core) {
    if let Err(error) = core.load_series().await {
        warn!(%error, "the series of the departments could not be read");
    }
    if let Err(error) = core.load_announcements().await {
        warn!(%error, "what carriers say could not be read: no announcement is recognised");
    }
}

fn calls_max(config: &Config) -> usize {
    let open = match getrlimit(Resource::RLIMIT_NOFILE) {
        Ok((_, hard)) => {
            let wanted = hard.min(FILES_WANTED);
            // Refused: the old limit holds, and the number of calls follows it.
            let _ = setrlimit(Resource::RLIMIT_NOFILE, wanted, hard);
            getrlimit(Resource::RLIMIT_NOFILE).map_or(1024, |(soft, _)| soft)
        }
        Err(_) => 1024,
    };
    let open = usize::try_from(open).unwrap_or(usize::MAX);
    let computed = open.saturating_sub(FILES_OF_THE_REST) / FILES_A_CALL;
    config.limits.calls_max.unwrap_or(CALLS_MAX).min(computed).max(1)
}

fn signalling(config: &Config, trace: TraceHandle) -> Result<SignallingConfig, String> {
    let mut interfaces = Vec::new();
    for (at, interface) in config.interface.iter().enumerate() {
        let tls = interface.tls().map(|(port, ..)| (Transport::Tls, port));
        let bare = [Transport::Udp, Transport::Tcp].map(|transport| (transport, interface.port));
        for (transport, port) in bare.into_iter().chain(tls) {
            let id = interface_id(at, transport);
            interfaces.push(Interface {
                id: id.ok_or("there are too many [[interface]]s: at most 85")?,
                transport,
                bind: (interface.bind, port).into(),
                advertise_host: interface.advertised().into(),
                advertise_port: port,
            });
        }
    }
    let product = format!("Suifang/{}", env!("CARGO_PKG_VERSION"));
    let certificates = Certificates::load(config)?;
    Ok(SignallingConfig {
        certificates,
        trace,
        gate: Some(GateConfig::default()),
        ..SignallingConfig::new(interfaces, product, rand::random())
    })
}

fn port_error(config: &Config, error: &io::Error) -> String {
    let places: Vec<_> =
        config.interface.iter().map(|i| format!("{} {}:{}", i.name, i.bind, i.port)).collect();
    format!(
        "a SIP port cannot be opened ({}): {error}; another program holds it, or the address is \
         not this machine's: change [[interface]] bind or port",
        places.join(", ")
    )
}

pub(super) fn node_name() -> String {
    fs::read_to_string("/proc/sys/kernel/hostname")
        .map_or_else(|_| "suifang".to_owned(), |name| name.trim().to_owned())
}

/// Renders every sentence once, so that no patient waits for a voice.
async fn warm_voice(core: Arc<Core>) {
    let library = core.library();
    let config = core.config();
    let made = library.neutral_clips("zh-CN", speaker(&config.hospital));
    let count = made.len();
    let mut failed = 0;
    for clip in made {
        if let Err(error) = core.voice.prompt(&clip, false).await {
            failed += 1;
            if failed == 1 {
                warn!(%error, "a sentence has no voice");
            }
        }
    }
    info!(sentences = count, failed, "the voice is ready");
    for late in first_questions(&core.voice, &library, &config, core.clock.instant()).await {
        warn!("{late}");
    }
}

/// Bursts of a carrier that comes back.
const INCOMING_MAX: usize = 512;

/// One writer keeps up with some hundred recordings.
const WRITERS: usize = 1;

const FILES_WANTED: u64 = 65_536;
const FILES_OF_THE_REST: usize = 200;
const FILES_A_CALL: usize = 4;

/// What two cores carry with recording.
const CALLS_MAX: usize = 1000;

/// "We have to end this call now."
const APOLOGY: Duration = Duration::from_secs(10);
const LAST_WORDS: Duration = Duration::from_secs(3);
