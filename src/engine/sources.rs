//! Looks into the hospital's systems by the clock: drop folders and commands. Each source has
//! one look at a time, over all nodes; what it brings goes to `app`.

mod command;
mod folder;

use std::{sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use tokio::{sync::Notify, time};
use tracing::{info, warn};

use super::Core;
use crate::{
    app::{Brought, Lease, Reading},
    config::{Source, SourceKind},
    domain::Calendar,
};

/// Wakes the clock of the sources before its time.
#[derive(Debug, Default)]
pub struct SourceClock(Notify);

impl SourceClock {
    pub fn wake(&self) {
        self.0.notify_one();
    }
}

/// Runs until the server ends. A source that is slow holds up no other.
pub(super) async fn run_sources(core: Arc<Core>) {
    let config = core.config();
    let mut names: Vec<&str> = config.source.iter().map(|source| source.name.as_str()).collect();
    // It comes by itself; since when we wait for it is in the record too.
    names.extend(config.hl7.bind.map(|_| HL7_INTERFACE));
    if names.is_empty() {
        return;
    }
    while let Err(error) = core.app.know_sources(&names, &core.node, core.clock.wall()).await {
        warn!(%error, "the sources wait for the database");
        time::sleep(AGAIN).await;
    }
    while !config.source.is_empty() {
        for source in &config.source {
            if core.is_draining() {
                return;
            }
            match take(&core, source).await {
                Ok(true) => drop(tokio::spawn(look(Arc::clone(&core), source.clone()))),
                Ok(false) => {}
                Err(error) => warn!(%error, "a source waits for the database"),
            }
        }
        let _ = time::timeout(LOOK, core.sources.0.notified()).await;
    }
}

async fn take(core: &Core, source: &Source) -> Result<bool, crate::app::AppError> {
    let at = core.clock.wall();
    let lease = Lease {
        node: &core.node,
        until: held_until(source, at),
        next_at: at + seconds(source.every_s),
    };
    core.app.take_source(&source.name, &lease, at).await
}

async fn look(core: Arc<Core>, source: Source) {
    let done = match source.kind {
        SourceKind::Folder => folder::look(&core, &source).await,
        SourceKind::Command => command::look(&core, &source).await,
    };
    if let Err(error) = done {
        warn!(source = source.name, %error, "a source's run is not in the record");
    }
    if let Err(error) = core.app.release_source(&source.name, &core.node).await {
        warn!(source = source.name, %error, "a source is free only when its lease is over");
    }
}

/// What a source would bring now, without bringing it (`suifang doctor`).
///
/// # Errors
/// Why it brings nothing, in words.
pub async fn try_source(source: &Source) -> Result<String, String> {
    match source.kind {
        SourceKind::Folder => folder::waiting(source).await,
        SourceKind::Command => command::lines(source).await,
    }
}

/// The hospital's days.
fn calendar(core: &Core) -> Calendar {
    Calendar::always(core.config().hospital.timezone)
}

fn reading<'a>(source: &'a Source, calendar: &'a Calendar, area_code: &'a str) -> Reading<'a> {
    Reading {
        mapping: &source.mapping,
        record: &source.record,
        rows_max: source.rows_max,
        calendar,
        area_code,
    }
}

/// Figures only: a file's name may be a patient's.
fn tell(source: &Source, brought: &Brought) {
    let source = &source.name;
    match brought {
        Brought::Stored(summary) => {
            let counts = summary.counts;
            info!(
                source,
                read = counts.rows_read,
                stored = counts.rows_stored,
                bad = counts.rows_bad,
                "a source was read"
            );
        }
        Brought::Nothing | Brought::Known => {}
        Brought::Refused(_) => warn!(source, "a source brought what cannot be read"),
    }
}

fn held_until(source: &Source, at: DateTime<Utc>) -> DateTime<Utc> {
    at + seconds(source.timeout_s + source.settle_s) + STORING
}

fn seconds(seconds: u64) -> chrono::Duration {
    i64::try_from(seconds).ok().and_then(chrono::Duration::try_seconds).unwrap_or(STORING)
}

const fn bytes_max(source: &Source) -> usize {
    source.bytes_max_mib.saturating_mul(1024 * 1024)
}

/// What the HL7 intake is called among the sources.
pub const HL7_INTERFACE: &str = "hl7";

/// Nobody waits longer for "run now".
const LOOK: Duration = Duration::from_secs(1);
const AGAIN: Duration = Duration::from_secs(1);

/// A year's discharges are stored in less.
const STORING: chrono::Duration = chrono::Duration::minutes(10);
