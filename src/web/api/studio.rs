//! 提示音录音: a phone is called, and a nurse reads the sentences.

use axum::{
    Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::prompts::chinese;
use crate::{
    base::{CallId, Pii},
    engine::{self, CallCommand, StudioSession, StudioWish, Wanted},
    ivr::studio::Doing,
    web::{
        Shared,
        ask::{Body, Key},
        auth::Signed,
        error::{Problem, Result},
        mask,
    },
};

pub(super) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(list, start)).routes(routes!(stop)).routes(routes!(phones))
}

#[derive(Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum OnlyView {
    /// What no nurse has read, the outdated sentences too.
    #[default]
    Missing,
    Outdated,
    All,
}

#[derive(Deserialize, ToSchema)]
struct StudioView {
    /// A phone registered here, or a number over a trunk.
    to: String,
    trunk: Option<String>,
    #[serde(default = "chinese")]
    language: String,
    /// These sentences, by their SHA-256; absent: as `only` says.
    texts: Option<Vec<String>>,
    #[serde(default)]
    only: OnlyView,
}

#[derive(Serialize, ToSchema)]
struct StudioBegunView {
    call_id: Uuid,
    sentences: usize,
}

#[derive(Serialize, ToSchema)]
struct StudioSessionView {
    call_id: Uuid,
    by: String,
    /// Masked.
    to: String,
    language: String,
    since: DateTime<Utc>,
    sentences: usize,
    /// Which sentence is being read, from 1; 0 before the first.
    at: usize,
    kept: usize,
    skipped: usize,
    /// `calling`, `announcing`, `recording`, `choosing` or `ended`.
    doing: &'static str,
    text: Option<String>,
    /// Why the last take was refused, e.g. `too_quiet`.
    fault: Option<&'static str>,
}

impl From<StudioSession> for StudioSessionView {
    fn from(session: StudioSession) -> Self {
        let progress = session.progress;
        let doing = match (session.is_over, &progress) {
            (true, _) => Doing::Ended.as_str(),
            (false, Some(progress)) => progress.doing.as_str(),
            (false, None) => "calling",
        };
        Self {
            call_id: *session.call.as_uuid(),
            by: session.by,
            to: mask::number(session.to.reveal()),
            language: session.language,
            since: session.since,
            sentences: session.lines,
            at: progress.map_or(0, |p| (p.at + 1).min(session.lines)),
            kept: progress.map_or(0, |p| p.kept),
            skipped: progress.map_or(0, |p| p.skipped),
            doing,
            text: session.text,
            fault: progress.and_then(|p| p.fault).map(crate::domain::TakeFault::as_str),
        }
    }
}

#[utoipa::path(post, path = "/api/prompts/studio", tag = "studio", request_body = StudioView,
    responses((status = 202, body = StudioBegunView)))]
async fn start(
    State(site): State<Shared>,
    signed: Signed,
    Body(ask): Body<StudioView>,
) -> Result<Response> {
    signed.may_run()?;
    if ask.to.trim().is_empty() {
        return Err(Problem::invalid("请写要拨打的分机或号码 / which phone is to be called?"));
    }
    let wanted = match (ask.texts, ask.only) {
        (Some(texts), _) => Wanted::Texts(texts),
        (None, OnlyView::Missing) => Wanted::Missing,
        (None, OnlyView::Outdated) => Wanted::Outdated,
        (None, OnlyView::All) => Wanted::All,
    };
    let to = Pii::new(ask.to.trim().to_owned());
    let wish = StudioWish { to, trunk: ask.trunk, language: ask.language, wanted };
    let begun = engine::record_prompts(&site.core, &signed.0.principal, wish).await;
    let (call, sentences) = begun.map_err(Problem::conflict)?;
    let view = StudioBegunView { call_id: *call.as_uuid(), sentences };
    Ok((StatusCode::ACCEPTED, Json(view)).into_response())
}

/// Those that go on, and how the last ones ended; the latest first.
#[utoipa::path(get, path = "/api/prompts/studio", tag = "studio",
    responses((status = 200, body = [StudioSessionView])))]
async fn list(State(site): State<Shared>, _: Signed) -> Json<Vec<StudioSessionView>> {
    Json(site.core.studio.list().into_iter().map(StudioSessionView::from).collect())
}

/// What was kept stays; the nurse hears a word of goodbye.
#[utoipa::path(post, path = "/api/prompts/studio/{id}/stop", tag = "studio",
    params(("id" = Uuid, Path)), responses((status = 204)))]
async fn stop(State(site): State<Shared>, signed: Signed, Key(id): Key) -> Result<StatusCode> {
    signed.may_run()?;
    let is_studio = site.core.studio.list().iter().any(|one| *one.call.as_uuid() == id);
    let call = site.core.call(CallId::from_uuid(id)).filter(|_| is_studio);
    let call = call.ok_or_else(|| Problem::not_found("studio call"))?;
    call.send(CallCommand::Stop { apologise: true });
    Ok(StatusCode::NO_CONTENT)
}

/// Phones that are registered now.
#[utoipa::path(get, path = "/api/prompts/studio/phones", tag = "studio",
    responses((status = 200, body = [String])))]
async fn phones(State(site): State<Shared>, _: Signed) -> Json<Vec<String>> {
    Json(site.core.phones.reachable(site.core.clock.instant()))
}
