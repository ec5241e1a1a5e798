//! Is the record what it was? The sealed chain of the audit from its first line, then each
//! recording against its digest. Page by page: neither has to fit into memory.

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use tokio::task::spawn_blocking;
use uuid::Uuid;

use super::{Clock, file_sha256};
use crate::{
    app::{Sealing, link},
    store::{
        Database, Principal, StoreError,
        audit::{self, Head},
        recording::{self, Kept},
    },
};

/// What was looked at, and all of it was as it should be.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Verified {
    pub audit_lines: u64,
    /// Written less than a moment ago, or while no server ran: they have no seal yet.
    pub audit_unsealed: i64,
    pub recordings: u64,
    /// Still being written, destroyed, or never there by their own row.
    pub recordings_without_file: u64,
    /// Of a version that kept no digest: the file is there, no more is known.
    pub recordings_without_digest: u64,
}

#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    #[error("audit line {0} was altered: its seal does not fit")]
    LineAltered(i64),
    #[error(
        "audit line at place {place} of the chain is missing; the next one there is is line {next}"
    )]
    LineMissing { place: i64, next: i64 },
    #[error("the audit ends at place {found}, and place {kept} was sealed: lines are missing")]
    EndMissing { found: i64, kept: i64 },
    #[error("recording {0}: its file is missing")]
    FileMissing(Uuid),
    #[error("recording {0}: its file was altered")]
    FileAltered(Uuid),
    #[error("recording {0}: its digest in the record is not the one in the audit")]
    DigestAltered(Uuid),
    #[error("recording {0}: its file cannot be read: {1}")]
    Unreadable(Uuid, io::Error),
    #[error("the database: {0}")]
    Store(#[from] StoreError),
}

impl VerifyError {
    /// The record is not what it was; otherwise it could not be read.
    pub const fn is_finding(&self) -> bool {
        !matches!(self, Self::Store(_) | Self::Unreadable(..))
    }
}

/// The first thing that is wrong, or how much was found right.
///
/// # Errors
/// The first altered or missing line, then the first recording; or what could not be read.
pub async fn verify(
    database: &Database,
    (data, recordings): (&Path, &Path),
    clock: &dyn Clock,
    mut progress: impl FnMut(&Verified),
) -> Result<Verified, VerifyError> {
    let mut done = Verified::default();
    let mut tell = Told { last: clock.instant(), clock };
    // Before the chain is walked: what is sealed meanwhile lies behind it.
    let kept = kept_head(data);
    walk_chain(database, kept.as_ref(), &mut done, &mut |done| tell.maybe(done, &mut progress))
        .await?;
    let mut after = Uuid::nil();
    loop {
        let page = {
            let mut scope = database.scope(&SYSTEM).await?;
            recording::kept(&mut scope, after, RECORDINGS_PAGE).await?
        };
        let Some(last) = page.last() else { break };
        after = last.recording_id;
        for row in page {
            look_at(database, recordings, row, &mut done).await?;
            tell.maybe(&done, &mut progress);
        }
    }
    Ok(done)
}

/// A long walk says every few seconds how far it is.
struct Told<'a> {
    last: Instant,
    clock: &'a dyn Clock,
}

impl Told<'_> {
    fn maybe(&mut self, done: &Verified, progress: &mut impl FnMut(&Verified)) {
        if self.clock.instant() - self.last >= TELL_EVERY {
            self.last = self.clock.instant();
            progress(done);
        }
    }
}

async fn walk_chain(
    database: &Database,
    kept: Option<&Head>,
    done: &mut Verified,
    tell: &mut impl FnMut(&Verified),
) -> Result<(), VerifyError> {
    let mut head = Head::default();
    loop {
        let page = {
            let mut scope = database.scope(&SYSTEM).await?;
            audit::sealed(&mut scope, head.seal_no, LINES_PAGE).await?
        };
        for line in &page {
            if line.seal_no != head.seal_no + 1 {
                let place = head.seal_no + 1;
                return Err(VerifyError::LineMissing { place, next: line.audit_id });
            }
            head = Head { seal_no: line.seal_no, hash: link(&head.hash, line.seal_no, &line.text) };
            // The chain may have been made anew from here on: then it does not meet its end
            // as it was kept beside the database.
            let is_other = kept.is_some_and(|kept| *kept != head && kept.seal_no == head.seal_no);
            if head.hash != line.hash || is_other {
                return Err(VerifyError::LineAltered(line.audit_id));
            }
            done.audit_lines += 1;
        }
        tell(done);
        if page.len() < LINES_PAGE as usize {
            break;
        }
    }
    if let Some(kept) = kept.filter(|kept| kept.seal_no > head.seal_no) {
        return Err(VerifyError::EndMissing { found: head.seal_no, kept: kept.seal_no });
    }
    let mut scope = database.scope(&SYSTEM).await?;
    done.audit_unsealed = audit::unsealed_count(&mut scope).await?;
    Ok(())
}

async fn look_at(
    database: &Database,
    folder: &Path,
    row: Kept,
    done: &mut Verified,
) -> Result<(), VerifyError> {
    let id = row.recording_id;
    if !matches!(row.state.as_str(), "finished" | "repaired") {
        done.recordings_without_file += 1;
        return Ok(());
    }
    let wrong = match compare(folder, &row).await {
        Ok(has_digest) => {
            done.recordings += 1;
            done.recordings_without_digest += u64::from(!has_digest);
            return Ok(());
        }
        Err(wrong) => wrong,
    };
    // It may have been erased, by its time or for its patient, since the page was read.
    let mut scope = database.scope(&SYSTEM).await?;
    let now = recording::find(&mut scope, crate::base::RecordingId::from_uuid(id)).await?;
    if now.is_some_and(|now| now.state == "destroyed") {
        done.recordings_without_file += 1;
        return Ok(());
    }
    Err(wrong)
}

/// Answers whether there was a digest to compare with.
async fn compare(folder: &Path, row: &Kept) -> Result<bool, VerifyError> {
    let id = row.recording_id;
    if row.sealed_sha256.is_some() && row.sealed_sha256 != row.sha256 {
        return Err(VerifyError::DigestAltered(id));
    }
    let path = folder.join(&row.path);
    let found = spawn_blocking(move || file_sha256(&path)).await;
    let found = found.unwrap_or_else(|error| Err(io::Error::other(error)));
    let found = found.map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => VerifyError::FileMissing(id),
        _ => VerifyError::Unreadable(id, error),
    })?;
    match &row.sha256 {
        Some(kept) if *kept != found => Err(VerifyError::FileAltered(id)),
        kept => Ok(kept.is_some()),
    }
}

/// After more lines were sealed. A chain that had become shorter, or another one, stays told:
/// what was kept of the old one is not written over.
///
/// # Errors
/// When the file cannot be written, or says that lines are missing.
pub(super) fn move_head(data: &Path, sealed: &Sealing) -> io::Result<()> {
    let lost = kept_head(data).is_some_and(|kept| {
        kept.seal_no > sealed.before.seal_no
            || kept.seal_no == sealed.before.seal_no && kept.hash != sealed.before.hash
    });
    if lost {
        return Err(io::Error::other("lines of the audit are missing: run suifang verify"));
    }
    keep_head(data, &sealed.head)
}

/// The end of the chain beside the database: who can write only there cannot cut it short.
///
/// # Errors
/// When the file cannot be written.
pub(super) fn keep_head(data: &Path, head: &Head) -> io::Result<()> {
    let path = head_path(data);
    let fresh = path.with_extension("new");
    fs::write(&fresh, format!("{} {}\n", head.seal_no, head.hash))?;
    fs::rename(fresh, path)
}

/// A file that is not there, or was cut by a crash, says nothing.
fn kept_head(data: &Path) -> Option<Head> {
    let text = fs::read_to_string(head_path(data)).ok()?;
    let (seal_no, hash) = text.trim().split_once(' ')?;
    Some(Head { seal_no: seal_no.parse().ok()?, hash: hash.to_owned() })
}

fn head_path(data: &Path) -> PathBuf {
    data.join("audit-head")
}

const SYSTEM: Principal = Principal::System("verify");

const LINES_PAGE: i64 = 2000;
const RECORDINGS_PAGE: i64 = 500;
const TELL_EVERY: Duration = Duration::from_secs(2);
