//! 语音留言: listed, heard, given to somebody, closed. A message is a span of its call's
//! recording, which is fetched and audited as any other.

use axum::{Json, extract::State, http::StatusCode};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use crate::{
    store::voicemail,
    web::{
        Shared,
        ask::{Body, Key, Terms, Window, page},
        auth::Signed,
        error::Result,
        mask,
    },
};

pub(super) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(assign)).routes(routes!(close))
}

#[derive(Serialize, ToSchema)]
struct VoicemailView {
    voicemail_id: Uuid,
    call_id: Uuid,
    /// Absent while the call goes on.
    recording_id: Option<Uuid>,
    person_id: Option<Uuid>,
    name: Option<String>,
    department: Option<String>,
    /// Masked.
    number: String,
    from_ms: i64,
    to_ms: i64,
    /// What the caller wants, where no message says it.
    wants: Option<String>,
    left_at: DateTime<Utc>,
    assigned_to: Option<String>,
    done_at: Option<DateTime<Utc>>,
    done_by: Option<String>,
    outcome: Option<String>,
}

#[derive(Serialize, ToSchema)]
struct VoicemailListView {
    items: Vec<VoicemailView>,
    has_more: bool,
}

#[derive(Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
struct VoicemailTerms {
    /// Not done yet.
    open: bool,
    /// A login.
    assigned_to: String,
}

#[utoipa::path(get, path = "/api/voicemail", tag = "voicemail", params(VoicemailTerms, Window),
    responses((status = 200, body = VoicemailListView)))]
async fn list(
    State(site): State<Shared>,
    signed: Signed,
    Terms(terms): Terms<VoicemailTerms>,
    Terms(window): Terms<Window>,
) -> Result<Json<VoicemailListView>> {
    let limit = window.limit();
    let mut scope = signed.scope(&site).await?;
    let (open, to, offset) = (terms.open, terms.assigned_to.trim(), window.offset());
    let rows = voicemail::list(&mut scope, open, to, limit + 1, offset).await?;
    let (rows, has_more) = page(rows, limit);
    let view = |row: voicemail::Voicemail| VoicemailView {
        voicemail_id: row.voicemail_id,
        call_id: row.call_id,
        recording_id: row.recording_id,
        person_id: row.person_id,
        name: row.name,
        department: row.department,
        number: mask::number(&row.remote),
        from_ms: row.from_ms,
        to_ms: row.to_ms,
        wants: row.wants,
        left_at: row.left_at,
        assigned_to: row.assigned_to,
        done_at: row.done_at,
        done_by: row.done_by,
        outcome: row.outcome,
    };
    Ok(Json(VoicemailListView { items: rows.into_iter().map(view).collect(), has_more }))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct VoicemailAssignAsk {
    /// A login.
    to: String,
}

#[utoipa::path(post, path = "/api/voicemail/{id}/assign", tag = "voicemail",
    params(("id" = Uuid, Path)), request_body = VoicemailAssignAsk, responses((status = 204)))]
async fn assign(
    State(site): State<Shared>,
    signed: Signed,
    Key(id): Key,
    Body(ask): Body<VoicemailAssignAsk>,
) -> Result<StatusCode> {
    let core = &site.core;
    let at = core.clock.wall();
    core.app.assign_message(&signed.0.principal, id, ask.to.trim(), at).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct VoicemailCloseAsk {
    /// What was done.
    outcome: String,
}

#[utoipa::path(post, path = "/api/voicemail/{id}/close", tag = "voicemail",
    params(("id" = Uuid, Path)), request_body = VoicemailCloseAsk, responses((status = 204)))]
async fn close(
    State(site): State<Shared>,
    signed: Signed,
    Key(id): Key,
    Body(ask): Body<VoicemailCloseAsk>,
) -> Result<StatusCode> {
    let core = &site.core;
    core.app.close_message(&signed.0.principal, id, &ask.outcome, core.clock.wall()).await?;
    Ok(StatusCode::NO_CONTENT)
}
