//! 提示音: every sentence that the server speaks, by a nurse or by a machine; its versions.

use std::collections::BTreeMap;

use axum::{
    Json,
    extract::{Path, State, rejection::PathRejection},
    http::header,
    response::{IntoResponse, Response},
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use crate::{
    engine::{kept_lines, speaker, standing, wav_bytes},
    ivr::{Line, LineState, text_sha256},
    store::prompt,
    web::{
        Shared,
        ask::Terms,
        auth::Signed,
        error::{Problem, Result},
    },
};

pub(super) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(prompts))
        .routes(routes!(of_dialplan))
        .routes(routes!(audio))
        .routes(routes!(versions))
        .routes(routes!(change))
}

#[derive(Serialize, ToSchema)]
struct PromptView {
    /// As a nurse reads it.
    text: String,
    text_sha256: String,
    language: String,
    /// `recorded`, `outdated`, `synthetic` or `missing`.
    state: &'static str,
    /// Absent: no voice has spoken it yet.
    length_ms: Option<u64>,
    recorded_by: Option<String>,
    recorded_at: Option<DateTime<Utc>>,
    /// Where it stands, e.g. `greet#1`.
    places: Vec<String>,
    /// False: only a clip is left; nobody says this any more.
    is_spoken: bool,
}

#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct PromptTerms {
    #[serde(default = "chinese")]
    language: String,
}

pub(super) fn chinese() -> String {
    "zh-CN".to_owned()
}

/// The sentences of a language, or of a dialplan, with the clips in use.
async fn stand(
    site: &Shared,
    signed: &Signed,
    language: &str,
    dialplan: Option<&str>,
) -> Result<(Vec<(Line, LineState)>, Vec<prompt::Clip>)> {
    let (core, config) = (&site.core, site.core.config());
    let mut scope = signed.scope(site).await?;
    let mut clips = prompt::kept(&mut scope).await?;
    clips.retain(|clip| clip.language == language);
    let kept = kept_lines(&clips, language);
    let (library, has_voice) = (core.library(), core.voice.speaks(language));
    let lines = standing(&library, speaker(&config.hospital), language, &kept, has_voice, dialplan);
    Ok((lines, clips))
}

#[utoipa::path(get, path = "/api/prompts", tag = "prompts", params(PromptTerms),
    responses((status = 200, body = [PromptView])))]
async fn prompts(
    State(site): State<Shared>,
    signed: Signed,
    Terms(terms): Terms<PromptTerms>,
) -> Result<Json<Vec<PromptView>>> {
    let (lines, clips) = stand(&site, &signed, &terms.language, None).await?;
    let mut unused: BTreeMap<String, prompt::Clip> =
        clips.into_iter().map(|clip| (clip.text_sha256.clone(), clip)).collect();
    let mut views = Vec::with_capacity(lines.len());
    for (line, state) in lines {
        let known = unused.remove(&line.text_sha256);
        views.push(PromptView {
            length_ms: site.core.voice.length_ms(&line.clip).await,
            recorded_by: known.as_ref().map(|known| known.recorded_by.clone()),
            recorded_at: known.map(|known| known.at),
            state: state.as_str(),
            text: line.clip.written,
            text_sha256: line.text_sha256,
            language: line.clip.language,
            places: line.places,
            is_spoken: true,
        });
    }
    views.extend(unused.into_values().map(|clip| PromptView {
        text: clip.text,
        text_sha256: clip.text_sha256,
        language: clip.language,
        state: LineState::Outdated.as_str(),
        length_ms: u64::try_from(clip.duration_ms).ok(),
        recorded_by: Some(clip.recorded_by),
        recorded_at: Some(clip.at),
        places: clip.places,
        is_spoken: false,
    }));
    Ok(Json(views))
}

/// Before a run starts: who speaks the sentences of its dialplan.
#[derive(Serialize, ToSchema)]
struct DialplanPromptsView {
    dialplan: String,
    language: String,
    recorded: usize,
    outdated: usize,
    synthetic: usize,
    missing: usize,
    /// Those that are not recorded; missing and outdated ones first.
    to_record: Vec<LineView>,
}

#[derive(Serialize, ToSchema)]
struct LineView {
    text: String,
    text_sha256: String,
    state: &'static str,
}

#[utoipa::path(get, path = "/api/dialplans/{id}/prompts", tag = "prompts",
    params(("id" = String, Path), PromptTerms),
    responses((status = 200, body = DialplanPromptsView)))]
async fn of_dialplan(
    State(site): State<Shared>,
    signed: Signed,
    path: Result<Path<String>, PathRejection>,
    Terms(terms): Terms<PromptTerms>,
) -> Result<Json<DialplanPromptsView>> {
    let Path(dialplan) = path?;
    if site.core.library().dialplan(&dialplan).is_none() {
        return Err(Problem::not_found("dialplan"));
    }
    let (lines, _) = stand(&site, &signed, &terms.language, Some(&dialplan)).await?;
    let count = |wanted| lines.iter().filter(|(_, state)| *state == wanted).count();
    let (recorded, outdated) = (count(LineState::Recorded), count(LineState::Outdated));
    let (synthetic, missing) = (count(LineState::Synthetic), count(LineState::Missing));
    let mut open: Vec<_> =
        lines.into_iter().filter(|(_, state)| *state != LineState::Recorded).collect();
    open.sort_by_key(|(_, state)| match state {
        LineState::Missing => 0,
        LineState::Outdated => 1,
        _ => 2,
    });
    let view = |(line, state): (Line, LineState)| LineView {
        text: line.clip.written,
        text_sha256: line.text_sha256,
        state: state.as_str(),
    };
    Ok(Json(DialplanPromptsView {
        dialplan,
        language: terms.language,
        recorded,
        outdated,
        synthetic,
        missing,
        to_record: open.into_iter().map(view).collect(),
    }))
}

#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct AudioTerms {
    #[serde(default = "chinese")]
    language: String,
    /// The sentence as it is spoken now …
    text_sha256: Option<String>,
    /// … or one version of it.
    clip_id: Option<Uuid>,
}

/// No sentence of these holds a patient's data: whoever is signed in may listen.
#[utoipa::path(get, path = "/api/prompts/audio", tag = "prompts", params(AudioTerms),
    responses((status = 200, body = Vec<u8>, content_type = "audio/wav")))]
async fn audio(
    State(site): State<Shared>,
    signed: Signed,
    Terms(terms): Terms<AudioTerms>,
) -> Result<Response> {
    let core = &site.core;
    let prompt = match (terms.clip_id, terms.text_sha256) {
        (Some(clip), _) => {
            let mut scope = signed.scope(&site).await?;
            let found = prompt::find(&mut scope, clip).await?;
            let found = found.ok_or_else(|| Problem::not_found("clip"))?;
            core.voice.version(core.clips().join(found.path)).await
        }
        (None, Some(wanted)) => {
            let config = core.config();
            let all = core.library().repertoire(&terms.language, speaker(&config.hospital));
            let line = all.into_iter().find(|line| line.text_sha256 == wanted);
            let line = line.ok_or_else(|| Problem::not_found("sentence"))?;
            core.voice.prompt(&line.clip, false).await
        }
        (None, None) => {
            return Err(Problem::invalid("请指明句子 / name a text_sha256 or a clip_id"));
        }
    };
    let prompt = prompt.map_err(|error| Problem::fault(&error))?;
    let wav = wav_bytes(prompt.samples());
    Ok(([(header::CONTENT_TYPE, "audio/wav")], wav).into_response())
}

#[derive(Serialize, ToSchema)]
struct ClipView {
    clip_id: Uuid,
    text: String,
    /// `kept`: in use; `retired`.
    state: String,
    /// It says what is said there now.
    is_current_text: bool,
    duration_ms: i32,
    level_dbm0: f32,
    noise_dbm0: f32,
    recorded_by: String,
    at: DateTime<Utc>,
}

#[utoipa::path(get, path = "/api/prompts/{text_sha256}/versions", tag = "prompts",
    params(("text_sha256" = String, Path), PromptTerms),
    responses((status = 200, body = [ClipView])))]
async fn versions(
    State(site): State<Shared>,
    signed: Signed,
    path: Result<Path<String>, PathRejection>,
    Terms(terms): Terms<PromptTerms>,
) -> Result<Json<Vec<ClipView>>> {
    let Path(sha256) = path?;
    let config = site.core.config();
    let all = site.core.library().repertoire(&terms.language, speaker(&config.hospital));
    let line = all.into_iter().find(|line| line.text_sha256 == sha256);
    let places = line.map(|line| line.places).unwrap_or_default();
    let mut scope = signed.scope(&site).await?;
    let clips = prompt::versions(&mut scope, &terms.language, &sha256, &places).await?;
    let view = |clip: prompt::Clip| ClipView {
        clip_id: clip.clip_id,
        is_current_text: text_sha256(&clip.text) == sha256,
        text: clip.text,
        state: clip.state,
        duration_ms: clip.duration_ms,
        level_dbm0: clip.level_dbm0,
        noise_dbm0: clip.noise_dbm0,
        recorded_by: clip.recorded_by,
        at: clip.at,
    };
    Ok(Json(clips.into_iter().map(view).collect()))
}

#[utoipa::path(post, path = "/api/prompts/versions/{clip_id}/{action}", tag = "prompts",
    params(("clip_id" = Uuid, Path), ("action" = String, Path, description = "retire or restore")),
    responses((status = 204)))]
async fn change(
    State(site): State<Shared>,
    signed: Signed,
    path: Result<Path<(Uuid, String)>, PathRejection>,
) -> Result<axum::http::StatusCode> {
    signed.may_run()?;
    let Path((clip, action)) = path?;
    let (core, by) = (&site.core, &signed.0.principal);
    let at = core.clock.wall();
    match action.as_str() {
        "retire" => core.app.retire_clip(by, clip, at).await?,
        "restore" => core.app.restore_clip(by, clip, at).await?,
        _ => return Err(Problem::no_page()),
    }
    core.load_clips().await;
    Ok(axum::http::StatusCode::NO_CONTENT)
}
