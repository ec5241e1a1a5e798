//! A backup becomes a record again: first everything is looked at, then it is written, into
//! empty folders and an empty database only.

use std::{
    io,
    path::{Path, PathBuf},
};

use chrono::{DateTime, Utc};

use super::{
    BackupError, SYSTEM, copy, counts, files_below, is_empty,
    manifest::{self, DUMP, FILES, FORMAT, Manifest, listed},
    off_thread,
};
use crate::{
    app::{App, Hub},
    config::Config,
    engine::{
        Postgres, Tools, file_sha256,
        server::{lock_data, node_name},
        verify::keep_head,
    },
    store::{Database, Target, audit::Head},
};

/// A record that stands again, not yet verified.
pub struct Restored {
    pub manifest: Manifest,
    pub database: Database,
    /// The private cluster, ours to stop.
    pub postgres: Option<Postgres>,
    /// The dialplans were there already and stay as they are.
    pub kept_dialplans: bool,
}

/// # Errors
/// What the backup, the configuration or the folders lack: before anything is written. Later
/// ones leave a record that is not to be used.
pub async fn restore(
    config: &Config,
    folder: &Path,
    without_secrets: bool,
    at: DateTime<Utc>,
    mut progress: impl FnMut(&str, u64),
) -> Result<Restored, BackupError> {
    let (manifest, digest) = look_at(config, folder, without_secrets)?;
    compare_files(folder, &manifest, &mut progress).await?;
    for place in [&config.paths.data, &config.paths.recordings] {
        let named = |error| BackupError::Io(place.display().to_string(), error);
        if !is_empty(place).map_err(named)? {
            return Err(BackupError::Occupied(place.clone()));
        }
    }
    let _lock = lock_data(&config.paths.data)?;
    let bin_dir = config.database.bin_dir.as_deref();
    let (postgres, target) = match &config.database.url {
        Some(url) => (None, Target::Url(url.clone())),
        None => {
            let postgres = Postgres::start(&config.paths.data, bin_dir).await?;
            let target = postgres.target();
            (Some(postgres), target)
        }
    };
    let filled = fill(config, folder, &manifest, target, &digest, at, &mut progress).await;
    match filled {
        Ok((database, kept_dialplans)) => {
            Ok(Restored { manifest, database, postgres, kept_dialplans })
        }
        Err(error) => {
            if let Some(postgres) = postgres {
                postgres.stop().await;
            }
            Err(error)
        }
    }
}

/// What a small file can tell, first of all: which secrets are lacking.
fn look_at(
    config: &Config,
    folder: &Path,
    without_secrets: bool,
) -> Result<(Manifest, String), BackupError> {
    let (manifest, digest) = Manifest::read(folder)?;
    let own = manifest::secrets(config);
    let lacking: Vec<_> = manifest.secrets.difference(&own).map(String::as_str).collect();
    if !lacking.is_empty() && !without_secrets {
        return Err(BackupError::Secrets(lacking.join(", ")));
    }
    if manifest.format > FORMAT || manifest.schema > Database::schema_version() {
        return Err(BackupError::Newer(manifest.version));
    }
    Ok((manifest, digest))
}

/// Each file is the one that was copied, and none is missing.
async fn compare_files(
    folder: &Path,
    manifest: &Manifest,
    progress: &mut impl FnMut(&str, u64),
) -> Result<(), BackupError> {
    let list = folder.join(FILES);
    let sum = off_thread(move || file_sha256(&list)).await;
    let sum = sum.map_err(|error| unreadable(FILES, error))?;
    if sum != manifest.files_sha256 {
        return Err(BackupError::Altered(FILES.to_owned()));
    }
    let mut compared = 0;
    for line in listed(folder)? {
        let (sum, path) = line?;
        let name = path.display().to_string();
        let path = folder.join(path);
        let found = off_thread(move || file_sha256(&path)).await;
        if found.map_err(|error| unreadable(&name, error))? != sum {
            return Err(BackupError::Altered(name));
        }
        compared += 1;
        progress("compared", compared);
    }
    Ok(())
}

fn unreadable(name: &str, error: io::Error) -> BackupError {
    match error.kind() {
        io::ErrorKind::NotFound => BackupError::Missing(name.to_owned()),
        _ => BackupError::Io(name.to_owned(), error),
    }
}

async fn fill(
    config: &Config,
    folder: &Path,
    manifest: &Manifest,
    target: Target,
    digest: &str,
    at: DateTime<Utc>,
    progress: &mut impl FnMut(&str, u64),
) -> Result<(Database, bool), BackupError> {
    if !Database::is_empty(&target).await? {
        return Err(BackupError::OccupiedDatabase);
    }
    let tools = Tools::find(config.database.bin_dir.as_deref(), target.clone())?;
    tools.restore(&folder.join(DUMP)).await?;
    let database = Database::open(&target).await?;
    compare_counts(&database, manifest).await?;
    let kept_dialplans = write_files(config, folder, progress).await?;
    if let Some((seal_no, hash)) = &manifest.audit_head {
        let head = Head { seal_no: *seal_no, hash: hash.clone() };
        keep_head(&config.paths.data, &head)
            .map_err(|error| BackupError::Io("audit-head".to_owned(), error))?;
    }
    let app = App::new(database.clone(), Hub::default());
    app.restored(digest, &manifest.erased_meanwhile, &node_name(), at)
        .await
        .map_err(|error| BackupError::App(error.to_string()))?;
    Ok((database, kept_dialplans))
}

/// A later version may have added tables: those that the backup knows count.
async fn compare_counts(database: &Database, manifest: &Manifest) -> Result<(), BackupError> {
    let mut scope = database.snapshot(&SYSTEM).await?;
    let found = counts(&mut scope).await?;
    for (table, expected) in &manifest.tables {
        let found = found.get(table).copied().unwrap_or_default();
        if found != *expected {
            let (table, expected) = (table.clone(), *expected);
            return Err(BackupError::Count { table, found, expected });
        }
    }
    Ok(())
}

/// Each to its own folder; dialplans that are there already are the administrator's.
async fn write_files(
    config: &Config,
    folder: &Path,
    progress: &mut impl FnMut(&str, u64),
) -> Result<bool, BackupError> {
    let io = |name: &str, error| BackupError::Io(name.to_owned(), error);
    let dialplans = &config.paths.dialplans;
    let kept = !files_below(dialplans).map_err(|error| io("paths.dialplans", error))?.is_empty();
    let places: [(&str, Option<PathBuf>); 3] = [
        ("recordings", Some(config.paths.recordings.clone())),
        ("clips", Some(config.paths.data.join("clips"))),
        ("dialplans", (!kept).then(|| dialplans.clone())),
    ];
    let mut written = 0;
    for line in listed(folder)? {
        let (sum, path) = line?;
        let found = places
            .iter()
            .find_map(|(name, to)| Some((path.strip_prefix(name).ok()?.to_owned(), to.clone()?)));
        let Some((relative, to)) = found else { continue };
        let (name, from) = (path.display().to_string(), folder.join(&path));
        let done = off_thread(move || copy(&from, &to.join(relative))).await;
        let (copied, _) = done.map_err(|error| io(&name, error))?;
        if copied != sum {
            return Err(BackupError::Altered(name));
        }
        written += 1;
        progress("written", written);
    }
    Ok(kept)
}
