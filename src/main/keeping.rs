//! `verify`, `backup` and `restore`: the record is what it was, and stays.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use suifang::{
    config::Config,
    engine::{Clock, SystemClock, Tools, Verified, make_backup},
    store::Database,
};

use super::{
    Failure,
    setting::{self, Record},
};

pub(super) fn verify(config: Option<&Path>) -> Result<(), Failure> {
    let (config, _) = setting::load(config)?;
    setting::runtime()?.block_on(async {
        let record = Record::open(&config).await?;
        let done = verify_record(&config, record.app.database()).await;
        record.close().await;
        done
    })
}

async fn verify_record(config: &Config, database: &Database) -> Result<(), Failure> {
    let places = (config.paths.data.as_path(), config.paths.recordings.as_path());
    let tell = |so_far: &Verified| eprintln!("so far: {}", counts(so_far));
    let found = suifang::engine::verify(database, places, &SystemClock, tell).await;
    let verified = found.map_err(Failure::other)?;
    println!("clean: {}", counts(&verified));
    Ok(())
}

fn counts(verified: &Verified) -> String {
    format!(
        "{} audit lines ({} not sealed yet), {} recordings ({} without a digest), \
         {} without a file by their own row",
        verified.audit_lines,
        verified.audit_unsealed,
        verified.recordings,
        verified.recordings_without_digest,
        verified.recordings_without_file
    )
}

pub(super) fn backup(config: Option<&Path>, folder: &Path) -> Result<(), Failure> {
    let (config, _) = setting::load(config)?;
    setting::runtime()?.block_on(async {
        let record = Record::open(&config).await?;
        let done = back_up(&config, &record, folder).await;
        record.close().await;
        done
    })
}

async fn back_up(config: &Config, record: &Record, folder: &Path) -> Result<(), Failure> {
    let tools = Tools::find(config.database.bin_dir.as_deref(), record.target.clone());
    let tools = tools.map_err(Failure::usage)?;
    let mut told = Told::new();
    let tell = |files| told.maybe(|| format!("so far: {files} files"));
    let at = record.now();
    let made = make_backup(record.app.database(), &tools, config, folder, at, tell).await;
    let made = made.map_err(Failure::other)?;
    record.app.backup_made(&made.digest, record.now()).await.map_err(Failure::other)?;
    let manifest = &made.manifest;
    println!(
        "{}: {} tables, {} rows, {} files, {} bytes; {} recordings were still being written \
         and are not in it",
        folder.display(),
        manifest.tables.len(),
        manifest.tables.values().sum::<i64>(),
        manifest.files,
        manifest.bytes,
        manifest.recordings_open
    );
    println!("manifest sha256 {}", made.digest);
    if manifest.secrets.is_empty() {
        println!("The configuration is not in it.");
    } else {
        let names: Vec<_> = manifest.secrets.iter().map(String::as_str).collect();
        println!("The configuration and its secrets are not in it: {}.", names.join(", "));
    }
    match made.unfit {
        0 => Ok(()),
        unfit => Err(Failure::other(format!(
            "the backup is whole, but {unfit} recordings do not fit their rows: see suifang verify"
        ))),
    }
}

pub(super) fn restore(
    config: Option<&Path>,
    folder: &Path,
    without_secrets: bool,
) -> Result<(), Failure> {
    let (config, _) = setting::load(config)?;
    setting::runtime()?.block_on(async {
        let mut told = Told::new();
        let tell = |what: &str, files: u64| told.maybe(|| format!("{what}: {files} files"));
        let at = SystemClock.wall();
        let done = suifang::engine::restore(&config, folder, without_secrets, at, tell).await;
        let restored = done.map_err(Failure::usage)?;
        println!(
            "{} tables as the manifest says, {} files",
            restored.manifest.tables.len(),
            restored.manifest.files
        );
        if restored.kept_dialplans {
            println!("{} was not empty and stays as it is", config.paths.dialplans.display());
        }
        let done = verify_record(&config, &restored.database).await;
        restored.database.close().await;
        if let Some(postgres) = restored.postgres {
            postgres.stop().await;
        }
        done
    })
}

/// Long work says every few seconds how far it is.
struct Told {
    last: Instant,
}

impl Told {
    fn new() -> Self {
        Self { last: SystemClock.instant() }
    }

    fn maybe(&mut self, what: impl FnOnce() -> String) {
        if SystemClock.instant() - self.last >= TELL_EVERY {
            self.last = SystemClock.instant();
            eprintln!("{}", what());
        }
    }
}

const TELL_EVERY: Duration = Duration::from_secs(2);
