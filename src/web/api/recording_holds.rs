//! 封存: recordings that stay whatever the retention says; and how long each class is kept.

use axum::{Json, extract::State, http::StatusCode};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use crate::{
    app::RETENTION_POLICY,
    domain::RetentionPolicy,
    store::{policy, recording_hold},
    web::{
        Shared,
        ask::{Body, Key, Terms, Window, page},
        auth::Signed,
        error::Result,
    },
};

pub(super) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(hold))
        .routes(routes!(release))
        .routes(routes!(find_retention, put_retention))
}

#[derive(Serialize, ToSchema)]
struct HoldView {
    hold_id: Uuid,
    recording_id: Uuid,
    call_id: Uuid,
    reason: String,
    held_by: String,
    held_at: DateTime<Utc>,
    released_by: Option<String>,
    released_at: Option<DateTime<Utc>>,
    release_reason: Option<String>,
}

#[derive(Serialize, ToSchema)]
struct HoldListView {
    items: Vec<HoldView>,
    has_more: bool,
}

#[derive(Default, Deserialize, utoipa::IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
struct HoldTerms {
    /// Those too that were let go.
    all: bool,
}

#[utoipa::path(get, path = "/api/recordings/holds", tag = "recordings",
    params(HoldTerms, Window), responses((status = 200, body = HoldListView)))]
async fn list(
    State(site): State<Shared>,
    signed: Signed,
    Terms(ask): Terms<HoldTerms>,
    Terms(window): Terms<Window>,
) -> Result<Json<HoldListView>> {
    let limit = window.limit();
    let mut scope = signed.scope(&site).await?;
    let rows = recording_hold::list(&mut scope, ask.all, limit + 1, window.offset()).await?;
    let (rows, has_more) = page(rows, limit);
    let view = |row: recording_hold::Hold| HoldView {
        hold_id: row.hold_id,
        recording_id: row.recording_id,
        call_id: row.call_id,
        reason: row.reason,
        held_by: row.held_by,
        held_at: row.held_at,
        released_by: row.released_by,
        released_at: row.released_at,
        release_reason: row.release_reason,
    };
    Ok(Json(HoldListView { items: rows.into_iter().map(view).collect(), has_more }))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct HoldAsk {
    reason: String,
}

#[utoipa::path(post, path = "/api/recordings/{id}/hold", tag = "recordings",
    params(("id" = Uuid, Path)), request_body = HoldAsk, responses((status = 204)))]
async fn hold(
    State(site): State<Shared>,
    signed: Signed,
    Key(id): Key,
    Body(ask): Body<HoldAsk>,
) -> Result<StatusCode> {
    signed.may("quality")?;
    let (core, by) = (&site.core, &signed.0.principal);
    core.app.hold_recording(by, id, &ask.reason, core.clock.wall()).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[utoipa::path(post, path = "/api/recordings/{id}/release", tag = "recordings",
    params(("id" = Uuid, Path)), request_body = HoldAsk, responses((status = 204)))]
async fn release(
    State(site): State<Shared>,
    signed: Signed,
    Key(id): Key,
    Body(ask): Body<HoldAsk>,
) -> Result<StatusCode> {
    signed.may("quality")?;
    let (core, by) = (&site.core, &signed.0.principal);
    core.app.release_recording(by, id, &ask.reason, core.clock.wall()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Days that recordings are kept, by class; at least 30.
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RetentionView {
    inpatient_days: u32,
    outpatient_days: u32,
    /// Of nobody who is known.
    other_days: u32,
}

#[utoipa::path(get, path = "/api/policies/retention", tag = "recordings",
    responses((status = 200, body = RetentionView)))]
async fn find_retention(State(site): State<Shared>, signed: Signed) -> Result<Json<RetentionView>> {
    let mut scope = signed.scope(&site).await?;
    let stored = policy::find(&mut scope, RETENTION_POLICY).await?;
    let stored = stored.and_then(|body| serde_json::from_value::<RetentionPolicy>(body).ok());
    let RetentionPolicy { inpatient_days, outpatient_days, other_days } =
        stored.unwrap_or_default();
    Ok(Json(RetentionView { inpatient_days, outpatient_days, other_days }))
}

#[utoipa::path(put, path = "/api/policies/retention", tag = "recordings",
    request_body = RetentionView, responses((status = 204)))]
async fn put_retention(
    State(site): State<Shared>,
    signed: Signed,
    Body(ask): Body<RetentionView>,
) -> Result<StatusCode> {
    signed.may_set_policy()?;
    let RetentionView { inpatient_days, outpatient_days, other_days } = ask;
    let policy = RetentionPolicy { inpatient_days, outpatient_days, other_days };
    let (core, by) = (&site.core, &signed.0.principal);
    core.app.put_retention(by, policy, core.clock.wall()).await?;
    Ok(StatusCode::NO_CONTENT)
}
