//! Clips of the prompt studio.

use chrono::{DateTime, Utc};
use serde_json::json;

use super::{App, Change, Result, note};
use crate::store::{Principal, prompt};

impl App {
    /// # Errors
    /// When the database cannot be written; the file must then not be used.
    pub async fn keep_clip(
        &self,
        by: &Principal,
        clip: &prompt::Clip,
        text: &str,
        at: DateTime<Utc>,
    ) -> Result<()> {
        let mut scope = self.scope(by).await?;
        prompt::keep(&mut scope, clip, text).await?;
        let change = Change {
            did: "kept",
            subject: "prompt",
            subject_id: clip.clip_id.to_string(),
            reason: None,
            department: None,
            body: json!({ "clip_id": clip.clip_id }),
        };
        note(&mut scope, by, &change, at).await?;
        self.commit(scope).await
    }

    /// # Errors
    /// When the database cannot be read.
    pub async fn kept_clips(&self) -> Result<Vec<prompt::Clip>> {
        let mut scope = self.scope(&Principal::System("prompts")).await?;
        Ok(prompt::kept(&mut scope).await?)
    }
}
