//! Clips that a nurse has recorded.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{Result, Scope};

pub struct Clip {
    pub clip_id: Uuid,
    pub language: String,
    pub text_sha256: String,
    pub path: String,
    pub duration_ms: i32,
    pub level_dbm0: f32,
    pub noise_dbm0: f32,
    pub recorded_by: String,
    pub at: DateTime<Utc>,
}

pub async fn kept(scope: &mut Scope) -> Result<Vec<Clip>> {
    Ok(sqlx::query_as!(
        Clip,
        "select clip_id, language, text_sha256, path, duration_ms, level_dbm0, noise_dbm0,
             recorded_by, at
         from prompt_clip where state = 'kept' order by language, at"
    )
    .fetch_all(scope.connection())
    .await?)
}

/// Keeps a clip; the one before it is retired, not erased: recordings still mean it.
pub async fn keep(scope: &mut Scope, clip: &Clip, text: &str) -> Result<()> {
    sqlx::query!(
        "update prompt_clip set state = 'retired'
         where language = $1 and text_sha256 = $2 and state = 'kept'",
        clip.language,
        clip.text_sha256
    )
    .execute(scope.connection())
    .await?;
    sqlx::query!(
        "insert into prompt_clip (clip_id, language, text_sha256, text, path, duration_ms,
             level_dbm0, noise_dbm0, state, recorded_by, at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, 'kept', $9, $10)",
        clip.clip_id,
        clip.language,
        clip.text_sha256,
        text,
        clip.path,
        clip.duration_ms,
        clip.level_dbm0,
        clip.noise_dbm0,
        clip.recorded_by,
        clip.at
    )
    .execute(scope.connection())
    .await?;
    Ok(())
}
