//! What is in a backup: a small file written last, and a list of digests that `sha256sum -c`
//! reads too.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::{self, File},
    io::{self, BufRead, BufReader, Read, Write},
    path::{Component, Path, PathBuf},
};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::BackupError;
use crate::{config::Config, engine::secret_key};

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Of this file and the folder around it.
    pub format: u32,
    pub made_at: DateTime<Utc>,
    /// Of the Suifang that made it.
    pub version: String,
    pub schema: i64,
    /// Rows by table, in the snapshot that was dumped.
    pub tables: BTreeMap<String, i64>,
    /// The end of the audit's chain in it.
    pub audit_head: Option<(i64, String)>,
    pub files: u64,
    pub bytes: u64,
    /// Of the list of digests.
    pub files_sha256: String,
    /// Calls went on: their recordings are not in it.
    pub recordings_open: u64,
    /// Erased between the snapshot and the copy, by id.
    pub erased_meanwhile: Vec<Uuid>,
    /// Secrets that its server had. Their names: none of them is in a backup.
    pub secrets: BTreeSet<String>,
}

impl Manifest {
    /// Into the folder, and its own digest.
    pub(super) fn write(&self, folder: &Path) -> Result<String, BackupError> {
        let text = serde_json::to_string_pretty(self)
            .map_err(|error| BackupError::Io(MANIFEST.to_owned(), io::Error::other(error)))?;
        let failed = |error| BackupError::Io(MANIFEST.to_owned(), error);
        let fresh = folder.join("manifest.new");
        let mut file = File::create(&fresh).map_err(failed)?;
        file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(failed)?;
        fs::rename(&fresh, folder.join(MANIFEST)).map_err(failed)?;
        Ok(format!("{:x}", Sha256::digest(&text)))
    }

    /// And its own digest.
    pub(super) fn read(folder: &Path) -> Result<(Self, String), BackupError> {
        let file = File::open(folder.join(MANIFEST))
            .map_err(|_| BackupError::NoManifest(folder.to_owned()))?;
        let mut text = String::new();
        file.take(MANIFEST_MAX)
            .read_to_string(&mut text)
            .map_err(|error| BackupError::Io(MANIFEST.to_owned(), error))?;
        let manifest: Self =
            serde_json::from_str(&text).map_err(|_| BackupError::Altered(MANIFEST.to_owned()))?;
        Ok((manifest, format!("{:x}", Sha256::digest(&text))))
    }
}

/// What the configuration holds back from a backup, by name.
pub(super) fn secrets(config: &Config) -> BTreeSet<String> {
    let trunks = config.trunk.iter().filter(|trunk| trunk.password.is_some());
    let mut names: BTreeSet<_> =
        trunks.map(|trunk| format!("password of trunk {:?}", trunk.name)).collect();
    if config.web.tls_key.is_some() {
        names.insert("web.tls_key".to_owned());
    }
    if config.paths.data.join(secret_key::FILE).exists() {
        names.insert(secret_key::FILE.to_owned());
    }
    names
}

/// Copies a file and answers its digest and length.
pub(super) fn copy(from: &Path, to: &Path) -> io::Result<(String, u64)> {
    let mut source = File::open(from)?;
    if let Some(parent) = to.parent() {
        fs::create_dir_all(parent)?;
    }
    let mut target = File::create(to)?;
    let (mut sum, mut length, mut piece) = (Sha256::new(), 0, vec![0; PIECE]);
    loop {
        let read = source.read(&mut piece)?;
        if read == 0 {
            return Ok((format!("{:x}", sum.finalize()), length));
        }
        sum.update(&piece[..read]);
        target.write_all(&piece[..read])?;
        length += read as u64;
    }
}

/// Each `digest  path` of the list, read line by line.
pub(super) fn listed(
    folder: &Path,
) -> Result<impl Iterator<Item = Result<(String, PathBuf), BackupError>>, BackupError> {
    let file =
        File::open(folder.join(FILES)).map_err(|error| BackupError::Io(FILES.to_owned(), error))?;
    Ok(BufReader::new(file).lines().map(|line| {
        let line = line.map_err(|error| BackupError::Io(FILES.to_owned(), error))?;
        let (sum, path) =
            line.split_once("  ").ok_or_else(|| BackupError::Altered(FILES.to_owned()))?;
        let path = PathBuf::from(path);
        // Only plain names: nothing leads up or away.
        let is_plain = path.components().all(|part| matches!(part, Component::Normal(_)));
        if !is_plain {
            return Err(BackupError::Altered(FILES.to_owned()));
        }
        Ok((sum.to_owned(), path))
    }))
}

pub(super) const FORMAT: u32 = 1;
pub(super) const MANIFEST: &str = "manifest.json";
pub(super) const FILES: &str = "files.sha256";
pub(super) const DUMP: &str = "record.dump";

/// Some hundred tables, and what was erased within hours: a larger one is not ours.
const MANIFEST_MAX: u64 = 64 * 1024 * 1024;
const PIECE: usize = 256 * 1024;
