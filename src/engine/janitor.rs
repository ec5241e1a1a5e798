//! What is done at the start before anything else, and what is done all the time: events
//! published, audit sealed, recordings mended.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use tokio::{sync::watch, task::spawn_blocking, time};
use tracing::{info, warn};

use super::{Core, Repaired, file_sha256, repair, verify};
use crate::{
    app::{App, AppError, Dialler, SEAL_PAGE},
    base::RecordingId,
    store::recording::Finished,
};

/// Mends what an earlier life of this node has left open, before anything is dialled.
///
/// # Errors
/// When the database cannot be written: then nothing may be dialled.
pub(super) async fn recover(
    app: &App,
    dialler: &Dialler,
    recordings: &Path,
    at: chrono::DateTime<chrono::Utc>,
) -> Result<(), AppError> {
    let recovered = app.recover(dialler, at).await?;
    app.fail_cut_off_imports(at).await?;
    app.recover_ring_tests(&dialler.node, dialler.epoch, at).await?;
    let mended = mend_recordings(app, dialler, recordings, at).await?;
    if recovered.uncertain + recovered.released + recovered.resolved + mended > 0 {
        info!(
            attempts_uncertain = recovered.uncertain,
            attempts_released = recovered.released,
            attempts_resolved = recovered.resolved,
            calls_ended = recovered.calls_ended,
            recordings_mended = mended,
            "the last stop was not a clean one"
        );
    }
    Ok(())
}

async fn mend_recordings(
    app: &App,
    dialler: &Dialler,
    recordings: &Path,
    at: chrono::DateTime<chrono::Utc>,
) -> Result<usize, AppError> {
    let open = app.unfinished_recordings(&dialler.node, dialler.epoch).await?;
    let count = open.len();
    for recording in open {
        let path = recordings.join(&recording.path);
        let found = path.clone();
        let mended = spawn_blocking(move || (repair(&found), file_sha256(&found).ok())).await;
        let (mended, sha256) = mended.map_or((None, None), |(mended, sum)| (Some(mended), sum));
        let duration_ms = match mended {
            Some(Ok(Repaired::Whole { duration_ms } | Repaired::Mended { duration_ms })) => {
                Some(duration_ms)
            }
            Some(Ok(Repaired::Removed)) | None => None,
            Some(Err(error)) => {
                warn!(%error, "a recording could not be mended");
                None
            }
        };
        let bytes = std::fs::metadata(&path).map_or(0, |meta| meta.len());
        let done = Finished {
            state: if duration_ms.is_some() { "repaired" } else { "missing" },
            duration_ms: duration_ms.and_then(|ms| i64::try_from(ms).ok()).unwrap_or_default(),
            bytes: i64::try_from(bytes).unwrap_or(i64::MAX),
            sha256: sha256.as_deref().filter(|_| duration_ms.is_some()),
            frames_dropped: 0,
        };
        let id = RecordingId::from_uuid(recording.recording_id);
        app.finish_recording(id, &done, at).await?;
    }
    Ok(count)
}

/// When each of the loops last came round, in seconds of the wall clock.
#[derive(Debug, Default)]
pub struct Ticks {
    hub: AtomicI64,
    sealer: AtomicI64,
    /// How often the dialler has looked at all runs.
    looks: watch::Sender<u64>,
}

impl Ticks {
    pub(super) fn looked(&self) {
        self.looks.send_modify(|looks| *looks += 1);
    }

    /// For who must know that the dialler has seen what it sees now.
    pub fn looks(&self) -> watch::Receiver<u64> {
        self.looks.subscribe()
    }

    /// Every loop has come round within the last half minute.
    pub fn are_alive(&self, now: chrono::DateTime<chrono::Utc>) -> bool {
        let recent =
            |tick: &AtomicI64| now.timestamp() - tick.load(Ordering::Relaxed) < TICK_LATE_S;
        recent(&self.hub) && recent(&self.sealer)
    }
}

/// Publishes events as they are committed.
pub(super) async fn run_hub(core: Arc<Core>) {
    let database = core.app.database().clone();
    let mut position = loop {
        match core.app.hub().start_position(&database).await {
            Ok(position) => break position,
            Err(_) => time::sleep(AGAIN).await,
        }
    };
    loop {
        core.ticks.hub.store(core.clock.wall().timestamp(), Ordering::Relaxed);
        match core.app.hub().publish(&database, position).await {
            Ok(last) => position = last,
            Err(error) => {
                warn!(%error, "events wait for the database");
                time::sleep(AGAIN).await;
            }
        }
        // A commit may be seen a moment after it woke us: look soon again.
        let _ = time::timeout(HUB_LOOK, core.app.hub().woken()).await;
    }
}

/// Chains audit lines, and reads what other processes may have changed.
pub(super) async fn run_sealer(core: Arc<Core>) {
    let mut every = time::interval(Duration::from_secs(1));
    every.set_missed_tick_behavior(time::MissedTickBehavior::Delay);
    loop {
        every.tick().await;
        core.ticks.sealer.store(core.clock.wall().timestamp(), Ordering::Relaxed);
        if let Err(error) = seal(&core).await {
            warn!(%error, "the audit waits for the database");
            time::sleep(AGAIN).await;
        }
        core.load_clips().await;
    }
}

/// What is committed, in some pages at most: an import leaves more lines than one holds.
async fn seal(core: &Core) -> Result<(), AppError> {
    for _ in 0..SEAL_PAGES {
        let sealed = core.app.seal_audit().await?;
        if sealed.lines > 0
            && let Err(error) = verify::move_head(&core.config().paths.data, &sealed)
        {
            warn!(%error, "the end of the audit cannot be kept beside the database");
        }
        if sealed.lines < SEAL_PAGE {
            break;
        }
    }
    Ok(())
}

/// Ten thousand lines a turn; the loop must come round within half a minute.
const SEAL_PAGES: usize = 20;
const AGAIN: Duration = Duration::from_secs(1);
const HUB_LOOK: Duration = Duration::from_millis(250);
const TICK_LATE_S: i64 = 30;
