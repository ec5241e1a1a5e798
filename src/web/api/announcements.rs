//! 运营商提示音: what carriers say before the answer, heard and labelled, and forgotten again.

use std::path::PathBuf;

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::Response,
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::recordings::{open_found, play};
use crate::{
    base::RecordingId,
    domain::Announcement,
    engine::Announcements,
    store::recording,
    web::{
        Shared,
        ask::{Body, Key},
        auth::Signed,
        error::{Problem, Result},
    },
};

pub(super) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(list, learn))
        .routes(routes!(forget))
        .routes(routes!(audio))
        .routes(routes!(verdict))
}

#[derive(Serialize, ToSchema)]
struct KnownAnnouncementView {
    announcement_id: Uuid,
    /// A word of `classes`.
    class: String,
    length_ms: usize,
    /// How many recordings it was learnt from.
    recordings: i16,
    learnt_by: String,
    learnt_at: DateTime<Utc>,
}

#[derive(Serialize, ToSchema)]
struct UnknownAnnouncementView {
    recording_id: Uuid,
    started_at: DateTime<Utc>,
    duration_ms: Option<i64>,
    /// What ended the dial.
    sip_status: Option<i16>,
    outcome: Option<String>,
}

#[derive(Serialize, ToSchema)]
struct AnnouncementsView {
    /// The words that a label may be.
    classes: Vec<&'static str>,
    known: Vec<KnownAnnouncementView>,
    /// The latest first, 200 at most.
    unknown: Vec<UnknownAnnouncementView>,
}

/// What is listened for, and what was heard before an answer that never came and not recognised.
#[utoipa::path(get, path = "/api/announcements", tag = "announcements",
    responses((status = 200, body = AnnouncementsView)))]
async fn list(State(site): State<Shared>, _: Signed) -> Result<Json<AnnouncementsView>> {
    let app = &site.core.app;
    let known = app.announcements().await?.into_iter().map(|row| KnownAnnouncementView {
        announcement_id: row.announcement_id,
        class: row.class,
        length_ms: Announcements::length_ms(&row.print),
        recordings: row.recordings,
        learnt_by: row.learnt_by,
        learnt_at: row.learnt_at,
    });
    let known = known.collect();
    let unknown =
        app.unknown_announcements().await?.into_iter().map(|row| UnknownAnnouncementView {
            recording_id: row.recording_id,
            started_at: row.started_at,
            duration_ms: row.duration_ms,
            sip_status: row.sip_status,
            outcome: row.outcome,
        });
    let classes = Announcement::ALL.iter().map(|class| class.as_str()).collect();
    Ok(Json(AnnouncementsView { classes, known, unknown: unknown.collect() }))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct LearnAsk {
    /// A word of `classes`.
    class: String,
    /// Recordings of one and the same announcement; three to twenty.
    recording_ids: Vec<Uuid>,
}

#[derive(Serialize, ToSchema)]
struct LearntView {
    announcement_id: Uuid,
    /// Of what the recordings have in common.
    length_ms: usize,
}

/// The next call listens for it.
#[utoipa::path(post, path = "/api/announcements", tag = "announcements", request_body = LearnAsk,
    responses((status = 201, body = LearntView)))]
async fn learn(
    State(site): State<Shared>,
    signed: Signed,
    Body(ask): Body<LearnAsk>,
) -> Result<(StatusCode, Json<LearntView>)> {
    let class: Announcement = ask.class.parse().map_err(Problem::invalid)?;
    let mut recordings: Vec<(Uuid, PathBuf)> = Vec::new();
    for id in ask.recording_ids.into_iter().take(ASKED_MAX) {
        if recordings.iter().all(|(known, _)| *known != id) {
            let found = early(&site, &signed, id).await?;
            recordings.push((id, open_found(&site, &signed, found, "listened").await?));
        }
    }
    let by = &signed.0.principal;
    let (announcement_id, length_ms) = site.core.learn_announcement(by, class, recordings).await?;
    Ok((StatusCode::CREATED, Json(LearntView { announcement_id, length_ms })))
}

#[derive(Serialize, ToSchema)]
struct VerdictView {
    /// A word of `classes`; absent: none that is listened for.
    class: Option<&'static str>,
    confidence_percent: Option<u8>,
}

/// What a call that began now would make of this recording.
#[utoipa::path(get, path = "/api/announcements/heard/{id}/verdict", tag = "announcements",
    params(("id" = Uuid, Path)), responses((status = 200, body = VerdictView)))]
async fn verdict(
    State(site): State<Shared>,
    signed: Signed,
    Key(id): Key,
) -> Result<Json<VerdictView>> {
    let found = early(&site, &signed, id).await?;
    let path = open_found(&site, &signed, found, "viewed").await?;
    let judged = site.core.judge_announcement(path).await?;
    let class = judged.map(|(class, _)| class.as_str());
    let confidence_percent = judged.map(|(_, verdict)| verdict.confidence_percent);
    Ok(Json(VerdictView { class, confidence_percent }))
}

/// No call listens for it any more.
#[utoipa::path(post, path = "/api/announcements/{id}/forget", tag = "announcements",
    params(("id" = Uuid, Path)), responses((status = 204)))]
async fn forget(State(site): State<Shared>, signed: Signed, Key(id): Key) -> Result<StatusCode> {
    let (core, by, at) = (&site.core, &signed.0.principal, site.core.clock.wall());
    core.app.forget_announcement(by, id, at).await?;
    core.load_announcements().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What came before the answer, and nothing of a conversation: another recording is not found.
async fn early(site: &Shared, signed: &Signed, id: Uuid) -> Result<Option<recording::Recording>> {
    let mut scope = signed.scope(site).await?;
    let found = recording::find(&mut scope, RecordingId::from_uuid(id)).await?;
    Ok(found.filter(|found| found.kind == "early"))
}

#[utoipa::path(get, path = "/api/announcements/heard/{id}/audio", tag = "announcements",
    params(("id" = Uuid, Path), ("Range" = Option<String>, Header)),
    responses((status = 200, body = Vec<u8>, content_type = "audio/wav"),
        (status = 206, body = Vec<u8>, content_type = "audio/wav")))]
async fn audio(
    State(site): State<Shared>,
    signed: Signed,
    Key(id): Key,
    headers: HeaderMap,
) -> Result<Response> {
    let found = early(&site, &signed, id).await?;
    play(&open_found(&site, &signed, found, "listened").await?, &headers).await
}

/// More than a fingerprint is made of: who asks for more is told so.
const ASKED_MAX: usize = 100;
