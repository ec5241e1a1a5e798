//! Row and file always agree: the row is written first, and says at the end what became
//! of the file.

use chrono::{DateTime, Utc};
use serde_json::json;

use super::{App, Change, Result, note};
use crate::{
    base::{CallId, RecordingId},
    store::{self, Principal, recording},
};

const SYSTEM: Principal = Principal::System("recorder");

/// Before the digest of a recording in the reason of its audit line; `store::recording` reads it.
const DIGEST_MARK: &str = "sha256:";

impl App {
    /// # Errors
    /// When the database cannot be written; then nothing may be recorded.
    pub async fn begin_recording(
        &self,
        id: RecordingId,
        call: CallId,
        kind: &str,
        path: &str,
        at: DateTime<Utc>,
    ) -> Result<()> {
        let mut scope = self.scope(&SYSTEM).await?;
        recording::begin(&mut scope, id, call, kind, path, at).await?;
        self.commit(scope).await
    }

    /// # Errors
    /// When the database cannot be written; the next start mends the row from the file.
    pub async fn finish_recording(
        &self,
        id: RecordingId,
        done: &recording::Finished<'_>,
        at: DateTime<Utc>,
    ) -> Result<()> {
        let mut scope = self.scope(&SYSTEM).await?;
        recording::finish(&mut scope, id, done).await?;
        // The digest stands in the sealed chain too: whoever alters file and row is found.
        let digest = done.sha256.map(|sum| format!("{DIGEST_MARK}{sum}"));
        let change = Change {
            did: done.state,
            subject: "recording",
            subject_id: id.to_string(),
            reason: digest.as_deref(),
            department: None,
            body: json!({ "recording_id": id, "state": done.state }),
        };
        note(&mut scope, &SYSTEM, &change, at).await?;
        self.commit(scope).await
    }

    /// # Errors
    /// When the database cannot be read.
    pub async fn unfinished_recordings(
        &self,
        node: &str,
        epoch: i64,
    ) -> Result<Vec<recording::Recording>> {
        let mut scope = self.scope(&SYSTEM).await?;
        Ok(recording::unfinished(&mut scope, node, epoch).await?)
    }
}

// What a node does first when it starts again.
impl App {
    /// A new epoch of this node: what earlier ones held is theirs no more.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn begin_epoch(&self, node: &str, at: DateTime<Utc>) -> Result<i64> {
        let mut scope = self.scope(&Principal::System("start")).await?;
        let epoch = store::node::begin(&mut scope, node, at).await?;
        self.commit(scope).await?;
        Ok(epoch)
    }
}
