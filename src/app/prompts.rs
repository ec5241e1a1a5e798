//! Clips of the prompt studio: kept, retired, brought back; each with audit and event.

use chrono::{DateTime, Utc};
use serde_json::json;
use uuid::Uuid;

use super::{App, AppError, Change, Result, note};
use crate::store::{Principal, Scope, prompt};

impl App {
    /// The version before it is retired.
    ///
    /// # Errors
    /// When the database cannot be written; the file must then not be used.
    pub async fn keep_clip(
        &self,
        by: &Principal,
        clip: &prompt::Clip,
        at: DateTime<Utc>,
    ) -> Result<()> {
        let mut scope = self.scope(by).await?;
        prompt::retire(&mut scope, &clip.language, &clip.text_sha256, by.name(), at).await?;
        prompt::insert(&mut scope, clip).await?;
        note_clip(&mut scope, by, "kept", clip.clip_id, at).await?;
        self.commit(scope).await
    }

    /// The sentence is spoken by the machine again.
    ///
    /// # Errors
    /// When there is no such clip, or it is not in use.
    pub async fn retire_clip(&self, by: &Principal, clip: Uuid, at: DateTime<Utc>) -> Result<()> {
        let mut scope = self.scope(by).await?;
        let found = prompt::find(&mut scope, clip).await?.ok_or(AppError::NotFound("clip"))?;
        if found.state != "kept" {
            let what = "这个版本已经停用 / this version is not in use";
            return Err(AppError::Conflict(what.to_owned()));
        }
        prompt::retire(&mut scope, &found.language, &found.text_sha256, by.name(), at).await?;
        note_clip(&mut scope, by, "retired", clip, at).await?;
        self.commit(scope).await
    }

    /// An older version is used again; the one in use is retired.
    ///
    /// # Errors
    /// When there is no such clip, or it is in use.
    pub async fn restore_clip(&self, by: &Principal, clip: Uuid, at: DateTime<Utc>) -> Result<()> {
        let mut scope = self.scope(by).await?;
        let found = prompt::find(&mut scope, clip).await?.ok_or(AppError::NotFound("clip"))?;
        if found.state != "retired" {
            let what = "这个版本正在使用 / this version is in use";
            return Err(AppError::Conflict(what.to_owned()));
        }
        prompt::retire(&mut scope, &found.language, &found.text_sha256, by.name(), at).await?;
        prompt::restore(&mut scope, clip).await?;
        note_clip(&mut scope, by, "restored", clip, at).await?;
        self.commit(scope).await
    }

    /// # Errors
    /// When the database cannot be read.
    pub async fn kept_clips(&self) -> Result<Vec<prompt::Clip>> {
        let mut scope = self.scope(&Principal::System("prompts")).await?;
        Ok(prompt::kept(&mut scope).await?)
    }
}

async fn note_clip(
    scope: &mut Scope,
    by: &Principal,
    did: &str,
    clip: Uuid,
    at: DateTime<Utc>,
) -> Result<()> {
    let change = Change {
        did,
        subject: "prompt",
        subject_id: clip.to_string(),
        reason: None,
        department: None,
        body: json!({ "clip_id": clip }),
    };
    note(scope, by, &change, at).await
}
