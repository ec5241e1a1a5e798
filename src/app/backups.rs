//! What the record says of its backups, and what it is told after it came out of one.

use chrono::{DateTime, Utc};
use serde_json::json;
use uuid::Uuid;

use super::{App, Change, Result, note};
use crate::store::{Principal, backup, recording_hold};

const SYSTEM: Principal = Principal::System("backup");

impl App {
    /// A backup is whole; `digest` is its manifest's.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn backup_made(&self, digest: &str, at: DateTime<Utc>) -> Result<()> {
        let mut scope = self.scope(&SYSTEM).await?;
        note(&mut scope, &SYSTEM, &change("made", digest, None), at).await?;
        self.commit(scope).await
    }

    /// This record came out of a backup: nobody writes its open recordings any more, those
    /// that were `erased` while it was made stay so, and this node takes over what was live.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn restored(
        &self,
        digest: &str,
        erased: &[Uuid],
        node: &str,
        at: DateTime<Utc>,
    ) -> Result<()> {
        let mut scope = self.scope(&SYSTEM).await?;
        for recording in erased {
            recording_hold::set_erased(&mut scope, *recording, ERASED, at).await?;
        }
        let open = backup::lose_open_recordings(&mut scope).await?;
        backup::take_over(&mut scope, node, at).await?;
        let reason = format!("{open} open recordings, {} erased meanwhile", erased.len());
        note(&mut scope, &SYSTEM, &change("restored", digest, Some(&reason)), at).await?;
        self.commit(scope).await
    }
}

fn change<'a>(did: &'a str, digest: &str, reason: Option<&'a str>) -> Change<'a> {
    Change {
        did,
        subject: "backup",
        subject_id: digest.to_owned(),
        reason,
        department: None,
        body: json!({}),
    }
}

/// Why such a recording went: the record that was copied did not say it yet.
const ERASED: &str = "erased while the backup was made";
