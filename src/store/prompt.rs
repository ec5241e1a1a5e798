//! Clips that a nurse has recorded. A version is never erased: recordings of calls still
//! mean it.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{Result, Scope};

#[derive(Clone, Debug)]
pub struct Clip {
    pub clip_id: Uuid,
    pub language: String,
    pub text_sha256: String,
    /// As it was read.
    pub text: String,
    /// Below `clips/` of the data folder.
    pub path: String,
    pub duration_ms: i32,
    pub level_dbm0: f32,
    pub noise_dbm0: f32,
    /// Where the sentence stood, e.g. `greet#1`.
    pub places: Vec<String>,
    /// `kept` or `retired`.
    pub state: String,
    pub recorded_by: String,
    pub at: DateTime<Utc>,
}

pub async fn kept(scope: &mut Scope) -> Result<Vec<Clip>> {
    Ok(sqlx::query_as!(
        Clip,
        "select clip_id, language, text_sha256, text, path, duration_ms, level_dbm0, noise_dbm0,
             places, state, recorded_by, at
         from prompt_clip where state = 'kept' order by language, at"
    )
    .fetch_all(scope.connection())
    .await?)
}

pub async fn find(scope: &mut Scope, clip: Uuid) -> Result<Option<Clip>> {
    Ok(sqlx::query_as!(
        Clip,
        "select clip_id, language, text_sha256, text, path, duration_ms, level_dbm0, noise_dbm0,
             places, state, recorded_by, at
         from prompt_clip where clip_id = $1 for update",
        clip
    )
    .fetch_optional(scope.connection())
    .await?)
}

/// Every version of a sentence, and what stood in its places before; the latest first.
pub async fn versions(
    scope: &mut Scope,
    language: &str,
    text_sha256: &str,
    places: &[String],
) -> Result<Vec<Clip>> {
    Ok(sqlx::query_as!(
        Clip,
        "select clip_id, language, text_sha256, text, path, duration_ms, level_dbm0, noise_dbm0,
             places, state, recorded_by, at
         from prompt_clip
         where language = $1 and state in ('kept', 'retired') and (text_sha256 = $2 or places && $3)
         order by at desc limit 200",
        language,
        text_sha256,
        places
    )
    .fetch_all(scope.connection())
    .await?)
}

/// The one in use of this sentence is retired, not erased.
pub async fn retire(
    scope: &mut Scope,
    language: &str,
    text_sha256: &str,
    by: &str,
    at: DateTime<Utc>,
) -> Result<u64> {
    let done = sqlx::query!(
        "update prompt_clip set state = 'retired', retired_at = $3, retired_by = $4
         where language = $1 and text_sha256 = $2 and state = 'kept'",
        language,
        text_sha256,
        at,
        by
    )
    .execute(scope.connection())
    .await?;
    Ok(done.rows_affected())
}

pub async fn restore(scope: &mut Scope, clip: Uuid) -> Result<()> {
    sqlx::query!(
        "update prompt_clip set state = 'kept', retired_at = null, retired_by = null
         where clip_id = $1",
        clip
    )
    .execute(scope.connection())
    .await?;
    Ok(())
}

pub async fn insert(scope: &mut Scope, clip: &Clip) -> Result<()> {
    sqlx::query!(
        "insert into prompt_clip (clip_id, language, text_sha256, text, path, duration_ms,
             level_dbm0, noise_dbm0, places, state, recorded_by, at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        clip.clip_id,
        clip.language,
        clip.text_sha256,
        clip.text,
        clip.path,
        clip.duration_ms,
        clip.level_dbm0,
        clip.noise_dbm0,
        &clip.places,
        clip.state,
        clip.recorded_by,
        clip.at
    )
    .execute(scope.connection())
    .await?;
    Ok(())
}
