//! 备份: the record, the recordings, the clips and the dialplans in one folder, while calls run.
//!
//! One snapshot of the database is what the backup is of: its rows are dumped and counted in
//! it, and exactly the recordings that had ended in it are copied. A recording that is still
//! being written has its row there and no file; a restore marks it as missing.

mod manifest;
mod restore;

use std::{
    collections::BTreeMap,
    fs::{self, DirBuilder, File},
    io::{self, BufRead, BufReader, BufWriter, Write},
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
};

use chrono::{DateTime, Utc};
use tokio::task::spawn_blocking;
use uuid::Uuid;

pub use manifest::Manifest;
use manifest::{DUMP, FILES, FORMAT, copy};
pub use restore::{Restored, restore};

use super::{ClusterError, StartError, Tools, file_sha256, secret_key};
use crate::{
    base::RecordingId,
    config::Config,
    store::{Database, Principal, Scope, StoreError, audit, backup, recording},
};

#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    #[error("{0}: {1}")]
    Io(String, io::Error),
    #[error("{0} is not empty: a backup goes into a folder of its own")]
    NotEmpty(PathBuf),
    #[error("{0} lies in a folder that the backup copies: choose another one")]
    Inside(PathBuf),
    #[error(transparent)]
    Tool(#[from] ClusterError),
    #[error("the database: {0}")]
    Store(#[from] StoreError),
    #[error("{0} holds no manifest.json: it is no backup, or one that did not end")]
    NoManifest(PathBuf),
    #[error("{0} was altered since the backup was made; nothing was written")]
    Altered(String),
    #[error("{0} is missing from the backup; nothing was written")]
    Missing(String),
    #[error("the backup is of a later version ({0}): install that one; nothing was written")]
    Newer(String),
    #[error(
        "this configuration lacks what no backup holds: {0}. Put it there first, or go on \
         without by --without-secrets; nothing was written"
    )]
    Secrets(String),
    #[error("{0} is not empty: a restore only fills empty folders; nothing was written")]
    Occupied(PathBuf),
    #[error("the database holds tables already: a restore only fills an empty one")]
    OccupiedDatabase,
    #[error("table {table} has {found} rows, the manifest says {expected}")]
    Count { table: String, found: i64, expected: i64 },
    #[error(transparent)]
    Start(#[from] StartError),
    #[error("{0}")]
    App(String),
}

/// A backup that is whole.
#[derive(Debug)]
pub struct Made {
    pub manifest: Manifest,
    /// Of the manifest: kept elsewhere, it shows later that the manifest is this one.
    pub digest: String,
    /// Recordings whose file was not there or not what its row says: `suifang verify` names
    /// the first.
    pub unfit: u64,
}

/// # Errors
/// When something cannot be read or written; the folder then has no manifest.
pub async fn make_backup(
    database: &Database,
    tools: &Tools,
    config: &Config,
    folder: &Path,
    at: DateTime<Utc>,
    mut progress: impl FnMut(u64),
) -> Result<Made, BackupError> {
    prepare(config, folder)?;
    let mut scope = database.snapshot(&SYSTEM).await?;
    let snapshot = backup::export_snapshot(&mut scope).await?;
    let tables = counts(&mut scope).await?;
    let head = audit::head(&mut scope).await?;
    let recordings_open = list_recordings(&mut scope, &folder.join(LIST)).await?;
    tools.dump(&snapshot, &folder.join(DUMP)).await?;
    // The copy may take hours: the database need not stand still for it.
    drop(scope);
    let mut copied = Copied::start(folder)?;
    let dump = folder.join(DUMP);
    let sum = off_thread(move || file_sha256(&dump)).await;
    let sum = sum.map_err(|error| BackupError::Io(DUMP.to_owned(), error))?;
    let bytes = fs::metadata(folder.join(DUMP)).map_or(0, |meta| meta.len());
    copied.note(&sum, DUMP, bytes)?;
    copy_recordings(database, config, folder, &mut copied, &mut progress).await?;
    copy_tree(&config.paths.data.join("clips"), folder, "clips", &mut copied).await?;
    copy_tree(&config.paths.dialplans, folder, "dialplans", &mut copied).await?;
    let manifest = Manifest {
        format: FORMAT,
        made_at: at,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        schema: Database::schema_version(),
        tables,
        audit_head: head.map(|head| (head.seal_no, head.hash)),
        files: copied.files,
        bytes: copied.bytes,
        files_sha256: copied.finish(folder)?,
        recordings_open,
        erased_meanwhile: copied.erased,
        secrets: manifest::secrets(config),
    };
    let digest = manifest.write(folder)?;
    Ok(Made { manifest, digest, unfit: copied.unfit })
}

fn prepare(config: &Config, folder: &Path) -> Result<(), BackupError> {
    let named = |error| BackupError::Io(folder.display().to_string(), error);
    DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(named)?;
    if !is_empty(folder).map_err(named)? {
        return Err(BackupError::NotEmpty(folder.to_owned()));
    }
    let own = folder.canonicalize().map_err(named)?;
    let copied = [config.paths.dialplans.clone(), config.paths.data.join("clips")];
    let is_inside = copied.iter().filter_map(|place| place.canonicalize().ok());
    if is_inside.into_iter().any(|place| own.starts_with(place)) {
        return Err(BackupError::Inside(folder.to_owned()));
    }
    Ok(())
}

/// One that is not there is empty, too; and one with the key alone, which is brought by hand
/// before a restore.
fn is_empty(folder: &Path) -> io::Result<bool> {
    let is_key = |entry: &io::Result<fs::DirEntry>| {
        entry.as_ref().is_ok_and(|entry| entry.file_name() == secret_key::FILE)
    };
    match fs::read_dir(folder) {
        Ok(mut entries) => Ok(entries.all(|entry| is_key(&entry))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(true),
        Err(error) => Err(error),
    }
}

async fn counts(scope: &mut Scope) -> Result<BTreeMap<String, i64>, BackupError> {
    let tables = backup::table_counts(scope).await?;
    Ok(tables.into_iter().map(|table| (table.name, table.rows)).collect())
}

/// Writes down what had ended, as the snapshot sees it: `id digest path`. Answers how many
/// had not.
async fn list_recordings(scope: &mut Scope, to: &Path) -> Result<u64, BackupError> {
    let failed = |error| BackupError::Io(LIST.to_owned(), error);
    let mut list = BufWriter::new(File::create(to).map_err(failed)?);
    let (mut after, mut open) = (Uuid::nil(), 0);
    loop {
        let page = recording::kept(scope, after, RECORDINGS_PAGE).await?;
        let Some(last) = page.last() else { break };
        after = last.recording_id;
        for row in &page {
            open += u64::from(row.state == "recording");
            if matches!(row.state.as_str(), "finished" | "repaired") {
                let sum = row.sha256.as_deref().unwrap_or("-");
                writeln!(list, "{} {sum} {}", row.recording_id, row.path).map_err(failed)?;
            }
        }
    }
    list.flush().map_err(failed)?;
    Ok(open)
}

/// What is in the backup so far.
struct Copied {
    list: BufWriter<File>,
    files: u64,
    bytes: u64,
    unfit: u64,
    erased: Vec<Uuid>,
}

impl Copied {
    fn start(folder: &Path) -> Result<Self, BackupError> {
        let list = File::create(folder.join(FILES))
            .map_err(|error| BackupError::Io(FILES.to_owned(), error))?;
        Ok(Self { list: BufWriter::new(list), files: 0, bytes: 0, unfit: 0, erased: Vec::new() })
    }

    fn note(&mut self, sum: &str, path: &str, bytes: u64) -> Result<(), BackupError> {
        self.files += 1;
        self.bytes += bytes;
        writeln!(self.list, "{sum}  {path}")
            .map_err(|error| BackupError::Io(FILES.to_owned(), error))
    }

    /// The digest of the list, once all of the folder is on the disk.
    fn finish(&mut self, folder: &Path) -> Result<String, BackupError> {
        let failed = |error| BackupError::Io(FILES.to_owned(), error);
        self.list.flush().map_err(failed)?;
        let _ = fs::remove_file(folder.join(LIST));
        // One word to the disk for all of them: a hundred thousand single ones take hours.
        nix::unistd::syncfs(self.list.get_ref()).map_err(|error| failed(error.into()))?;
        file_sha256(&folder.join(FILES)).map_err(failed)
    }
}

async fn copy_recordings(
    database: &Database,
    config: &Config,
    folder: &Path,
    copied: &mut Copied,
    progress: &mut impl FnMut(u64),
) -> Result<(), BackupError> {
    let list = File::open(folder.join(LIST));
    let list = list.map_err(|error| BackupError::Io(LIST.to_owned(), error))?;
    for line in BufReader::new(list).lines() {
        let line = line.map_err(|error| BackupError::Io(LIST.to_owned(), error))?;
        let mut parts = line.splitn(3, ' ');
        let (Some(id), Some(kept), Some(path)) = (parts.next(), parts.next(), parts.next()) else {
            continue;
        };
        let name = format!("recordings/{path}");
        let (from, to) = (config.paths.recordings.join(path), folder.join(&name));
        match off_thread(move || copy(&from, &to)).await {
            Ok((sum, bytes)) => {
                copied.unfit += u64::from(kept != "-" && kept != sum);
                copied.note(&sum, &name, bytes)?;
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let id = id.parse().unwrap_or_default();
                if is_erased(database, id).await? {
                    copied.erased.push(id);
                } else {
                    copied.unfit += 1;
                }
            }
            Err(error) => return Err(BackupError::Io(name, error)),
        }
        progress(copied.files);
    }
    Ok(())
}

async fn is_erased(database: &Database, id: Uuid) -> Result<bool, BackupError> {
    let mut scope = database.scope(&SYSTEM).await?;
    let row = recording::find(&mut scope, RecordingId::from_uuid(id)).await?;
    Ok(row.is_some_and(|row| row.state == "destroyed"))
}

/// All files below; a folder that is not there has none.
async fn copy_tree(
    from: &Path,
    folder: &Path,
    name: &str,
    copied: &mut Copied,
) -> Result<(), BackupError> {
    for path in files_below(from).map_err(|error| BackupError::Io(name.to_owned(), error))? {
        let Ok(relative) = path.strip_prefix(from) else { continue };
        let name = format!("{name}/{}", relative.display());
        let to = folder.join(&name);
        let done = off_thread(move || copy(&path, &to)).await;
        let (sum, bytes) = done.map_err(|error| BackupError::Io(name.clone(), error))?;
        copied.note(&sum, &name, bytes)?;
    }
    Ok(())
}

/// In order. Links are not followed.
fn files_below(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let (mut files, mut folders) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(folder) = folders.pop() {
        let entries = match fs::read_dir(&folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            entries => entries?,
        };
        for entry in entries {
            let entry = entry?;
            let kind = entry.file_type()?;
            if kind.is_dir() {
                folders.push(entry.path());
            } else if kind.is_file() {
                files.push(entry.path());
            }
        }
    }
    files.sort();
    Ok(files)
}

/// A disk is waited for by a thread that has nothing else to do.
async fn off_thread<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    spawn_blocking(work).await.unwrap_or_else(|error| Err(io::Error::other(error)))
}

const SYSTEM: Principal = Principal::System("backup");

/// Gone when the backup is whole.
const LIST: &str = "recordings.list";

const RECORDINGS_PAGE: i64 = 500;
