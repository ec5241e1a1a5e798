//! A month of a small hospital by real calls: a server with its own database, SIP and RTP over
//! loopback, recordings on disk; only time is virtual. The people are the simulated year's.

mod check;
mod happenings;
mod pacer;
mod town;
mod world;

use std::{
    collections::{BTreeMap, HashMap},
    fs, io,
    net::{SocketAddr, TcpListener, UdpSocket},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use chrono::{DateTime, NaiveDate, Utc};

pub use check::{Check, Verdict};
use check::{LEEWAY_MS, Wire};
use pacer::Pacer;
use town::Town;
use world::World;

use super::{
    Carrier, Truth,
    carrier::{CarrierError, MEDIA},
    year::{Model, Stage, local},
};
use crate::{
    app::{AppError, NewRun, RunAction},
    base::RunId,
    config::Config,
    domain::{Calendar, CallingPolicy, shipped_holidays},
    engine::{
        Clock, Core, MediaThreads, PacedClock, Recorder, Server, Sound, StartError, media_settings,
        new_run, wav_bytes,
    },
    stats::{Proportion, Waterfall},
    store::{Principal, StoreError, statistics, task},
};

/// What is to be simulated.
#[derive(Clone, Debug)]
pub struct MonthAsk {
    pub seed: u64,
    pub days: u64,
    /// So many virtual seconds a second while calls go on, at the most; the rest is jumped over.
    pub speed: f64,
    pub model: Model,
    pub dialplans: PathBuf,
    /// For the database, recordings and logs; it must be empty or not there.
    pub folder: PathBuf,
}

pub struct Month {
    pub seed: u64,
    /// Of all discharges; with fewer than fifteen days nobody's time is over.
    pub waterfall: Waterfall,
    /// Followed up within the deadline, of those whose deadline has passed.
    pub followed_up: Proportion,
    pub dials: u64,
    pub answered: u64,
    pub completed: u64,
    pub by_nurses: u64,
    pub calls_by_nurses: u64,
    /// By machine, of the follow-ups that were completed.
    pub dials_per_completion: f64,
    pub outcomes: BTreeMap<String, u64>,
    pub jumps: u64,
    pub checks: Vec<Check>,
}

#[derive(Debug, thiserror::Error)]
pub enum MonthError {
    #[error("the folder {0}")]
    Folder(String),
    #[error(transparent)]
    Start(#[from] StartError),
    #[error(transparent)]
    Carrier(#[from] CarrierError),
    #[error(transparent)]
    App(#[from] AppError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the server refused {0}")]
    Refused(String),
    #[error("{at}: nothing goes on any more: {what}")]
    Stuck { at: DateTime<Utc>, what: String },
}

/// # Errors
/// When the month could not be played to its end; a broken rule is no error but stands in the
/// checks.
pub async fn simulate(ask: &MonthAsk) -> Result<Month, MonthError> {
    let first = NaiveDate::from_ymd_opt(2025, 3, 3).unwrap_or_default();
    let stage = prepare(ask)?;
    let calendar = calendar();
    let clock = PacedClock::starting_at(local(&calendar, first, 0, 0));
    let shared: Arc<dyn Clock> = Arc::new(clock.clone());
    let library = crate::engine::load_library(&ask.dialplans)?;
    let actors = Stage::new(library, clock.instant());
    let town = Arc::new(Town::new(ask.model.clone(), calendar, actors));
    let settings = media_settings(&stage.config);
    let (media, mut steppers) = MediaThreads::by_hand(settings, Arc::clone(&shared));
    let (far, of_carrier) = MediaThreads::by_hand(MEDIA, Arc::clone(&shared));
    steppers.extend(of_carrier);
    let pacer = Pacer::start(clock.clone(), steppers, ask.speed).map_err(|e| folder(ask, &e))?;
    let own = clock.hold();
    let answers = Some(town.answers());
    let truth = stage.truth(ask.seed);
    let carrier = Carrier::start_on(truth, Arc::clone(&shared), far, answers).await?;
    let period = A_RECORDERS_PERIOD.div_f64(ask.speed.max(1.0));
    let sound = || match Recorder::start_emptying(1, period) {
        Ok(recorder) => Ok(Sound { media, recorder }),
        Err(error) => Err(StartError::Media(error.to_string())),
    };
    let server = Server::start_on(Arc::clone(&stage.config), shared, sound).await?;
    let core = Arc::clone(&server.core);
    let (runs, asks) = standing_runs(&core, &clock).await?;
    let _ = (town.core.set(Arc::clone(&core)), town.dialplans.set(asks));
    let span = (first, ask.days);
    let mut world = World::new(town, core, clock, carrier, ask.seed, span);
    world.runs = runs;
    let before = open_files();
    drop(own);
    let played = world.run().await;
    let month = match played {
        Ok(()) => month(ask, &world, &stage.wire(), before).await,
        Err(error) => Err(error),
    };
    // The clock goes on, so that what is left can end.
    server.drain().await;
    drop(pacer);
    month
}

/// What stands in the folder before anything runs.
struct Prepared {
    config: Arc<Config>,
    carrier: SocketAddr,
    log: PathBuf,
}

fn prepare(ask: &MonthAsk) -> Result<Prepared, MonthError> {
    let told = |error: io::Error| folder(ask, &error);
    fs::create_dir_all(&ask.folder).map_err(told)?;
    if fs::read_dir(&ask.folder).map_err(told)?.next().is_some() {
        return Err(MonthError::Folder(format!("{} is not empty", ask.folder.display())));
    }
    let dialplans = std::path::absolute(&ask.dialplans).map_err(told)?;
    let place = std::path::absolute(&ask.folder).map_err(told)?;
    // Nobody listens to what is said, only to how long it is.
    let voice = place.join("voice.wav");
    fs::write(&voice, wav_bytes(&super::carrier::speech(ask.seed, A_SENTENCE_MS))).map_err(told)?;
    let (sip, carrier) = (free_port().map_err(told)?, free_port().map_err(told)?);
    let carrier = SocketAddr::from(([127, 0, 0, 1], carrier));
    let path = place.join("suifang.toml");
    let lines = ask.model.count("lines");
    fs::write(&path, config(&dialplans, &voice, sip, carrier, lines)).map_err(told)?;
    let config = Config::load(&path, &|_| None);
    let config = config.map_err(|error| MonthError::Folder(error.to_string()))?;
    Ok(Prepared { config: Arc::new(config), carrier, log: place.join("carrier.jsonl") })
}

impl Prepared {
    fn truth(&self, seed: u64) -> Truth {
        let log = Some(self.log.clone());
        let (username, password) = (None, None);
        Truth { seed, listen: self.carrier, log, username, password, patients: Vec::new() }
    }

    fn wire(&self) -> Wire {
        Wire::read(&self.log)
    }
}

fn config(dialplans: &Path, voice: &Path, sip: u16, carrier: SocketAddr, lines: u32) -> String {
    format!(
        "# A simulated month: a carrier on loopback, no real telephone.\n\
         [hospital]\ntraining = true\n\
         [paths]\ndialplans = \"{}\"\n\
         [dialer]\ndrain_s = 5\n\
         [tts]\ninternal = true\ncommand = [\"cp\", \"{}\", \"{{out}}\"]\n\
         [tts.voice]\nzh-CN = \"month\"\nen = \"month\"\n\
         [[interface]]\nname = \"loopback\"\nbind = \"127.0.0.1\"\nport = {sip}\n\
         [[trunk]]\nname = \"month\"\npeer = \"{carrier}\"\ncaller_number = \"05925027064\"\n\
         lines = {lines}\ncalls_per_s = 4.0\n\
         [trunk.dial]\ne164 = true\n\
         # The clock jumps while nobody is on the line: there is no health to be asked for.\n\
         [trunk.profile]\noptions_interval_s = 0\nno_response_s = 30\n",
        dialplans.display(),
        voice.display()
    )
}

fn folder(ask: &MonthAsk, error: &dyn std::fmt::Display) -> MonthError {
    MonthError::Folder(format!("{}: {error}", ask.folder.display()))
}

/// One that nobody holds, for UDP and for TCP, outside of RTP's ranges.
fn free_port() -> io::Result<u16> {
    for _ in 0..PORTS_TRIED {
        let port = rand::random_range(10_000..19_000_u16);
        let is_free = UdpSocket::bind(("127.0.0.1", port)).is_ok()
            && TcpListener::bind(("127.0.0.1", port)).is_ok();
        if is_free {
            return Ok(port);
        }
    }
    Err(io::Error::from(io::ErrorKind::AddrInUse))
}

/// The hospital's windows and China's holidays, as the server seeds them.
fn calendar() -> Calendar {
    let policy = CallingPolicy::default();
    Calendar {
        windows: policy.windows,
        weekends: policy.weekends,
        days: shipped_holidays().into_iter().map(|day| (day.on, day.kind)).collect(),
        ..Calendar::always(chrono_tz::Asia::Shanghai)
    }
}

/// Each dialplan that a shipped plan asks has a run that goes on for ever.
async fn standing_runs(
    core: &Arc<Core>,
    clock: &PacedClock,
) -> Result<(Vec<RunId>, HashMap<RunId, String>), MonthError> {
    let library = core.library();
    let (mut runs, mut asks) = (Vec::new(), HashMap::new());
    for dialplan in DIALPLANS {
        let new = new_run(&library, true, dialplan, dialplan, None, None, None);
        let new = NewRun { is_standing: true, ..new.map_err(MonthError::Refused)? };
        let (run, _) = core.app.create_run(&SIMULATOR, &new, clock.wall()).await?;
        core.app.change_run(&SIMULATOR, run, RunAction::Start, None, clock.wall()).await?;
        runs.push(run);
        asks.insert(run, (*dialplan).to_owned());
    }
    Ok((runs, asks))
}

async fn month(
    ask: &MonthAsk,
    world: &World,
    wire: &Wire,
    files_before: usize,
) -> Result<Month, MonthError> {
    let checks = check::all(world, wire, files_before, LEEWAY_MS).await?;
    let mut scope = world.core.app.database().scope(&SIMULATOR).await?;
    let first = world.last - chrono::Days::new(ask.days);
    let whole = statistics::Period { from: first, to: world.last };
    let over = world.last - chrono::Days::new(u64::from(ask.model.count("deadline_days")) + 1);
    let judged = statistics::Period { from: first, to: over };
    let mut cells = statistics::follow_up(&mut scope, whole, "", "").await?;
    let all = cells.pop().unwrap_or_default();
    let mut cells = statistics::follow_up(&mut scope, judged, "", "").await?;
    let judged = cells.pop().unwrap_or_default();
    let rows = task::list(&mut scope, None, "completed", "", ROWS_MAX, 0).await?;
    let done: Vec<_> = rows.iter().filter(|row| row.kind == "follow_up").collect();
    let dials: i64 = done.iter().map(|row| i64::from(row.dials)).sum();
    let count = |n: i64| u64::try_from(n).unwrap_or_default();
    let steps = [
        all.discharged,
        all.eligible,
        all.has_number,
        all.valid_number,
        all.answered,
        all.right_person,
        all.completed,
        all.in_time,
    ];
    let waterfall = Waterfall::new(steps.map(count));
    let dialled = crate::store::proof::dials(&mut scope, ROWS_MAX).await?;
    let mut outcomes = BTreeMap::new();
    for outcome in dialled.iter().filter_map(|dial| dial.outcome.clone()) {
        *outcomes.entry(outcome).or_default() += 1;
    }
    Ok(Month {
        seed: ask.seed,
        waterfall: waterfall.map_err(|fault| MonthError::Refused(fault.to_string()))?,
        followed_up: Proportion { part: count(judged.in_time), whole: count(judged.eligible) },
        dials: wire.dials(),
        answered: wire.answered(),
        completed: done.len() as u64,
        by_nurses: world.done_by_hand,
        calls_by_nurses: world.by_hand,
        dials_per_completion: dials as f64 / (done.len().max(1) as f64),
        outcomes,
        jumps: world.jumps,
        checks,
    })
}

/// Of this process; unknown: none.
fn open_files() -> usize {
    fs::read_dir("/proc/self/fd").map_or(0, Iterator::count)
}

const SIMULATOR: Principal = Principal::System("simulator");

/// What the shipped plans ask.
const DIALPLANS: &[&str] = &["followup", "htn", "dm"];

const A_SENTENCE_MS: usize = 800;

/// As long as the server's own recorder lets a queue fill.
const A_RECORDERS_PERIOD: Duration = Duration::from_millis(100);

const PORTS_TRIED: usize = 200;

/// More than a month of a thousand beds has.
const ROWS_MAX: i64 = 1_000_000;
