//! Messages of the hospital's system: what was refused and why, and putting it right.

use axum::{Json, extract::State, http::StatusCode};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use crate::{
    app::message_text,
    domain::Calendar,
    store::hospital_message,
    web::{
        Shared,
        ask::{Body, Key, Terms, Window, page},
        auth::Signed,
        error::{Problem, Result},
    },
};

pub(super) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(find)).routes(routes!(repair))
}

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(default)]
#[derive(Default)]
#[into_params(parameter_in = Query)]
struct MessageTerms {
    /// A part of the message's number, of its sender or of its event.
    search: String,
    /// `accepted`, `rejected` or `repaired`.
    state: Option<String>,
}

#[derive(Serialize, ToSchema)]
struct MessageView {
    message_id: Uuid,
    /// MSH-3 and MSH-10.
    sender: String,
    control_id: String,
    /// MSH-9, e.g. `ADT^A01`.
    kind: String,
    received_at: DateTime<Utc>,
    state: String,
    /// Segment, field and what is wrong there; of an accepted one, what was left out.
    fault: Option<String>,
    repaired_by: Option<String>,
    repaired_at: Option<DateTime<Utc>>,
}

#[derive(Serialize, ToSchema)]
struct MessageListView {
    items: Vec<MessageView>,
    has_more: bool,
}

/// Rejected ones first, then the latest.
#[utoipa::path(get, path = "/api/hospital-messages", tag = "hospital_messages",
    params(MessageTerms, Window), responses((status = 200, body = MessageListView)))]
async fn list(
    State(site): State<Shared>,
    signed: Signed,
    Terms(ask): Terms<MessageTerms>,
    Terms(window): Terms<Window>,
) -> Result<Json<MessageListView>> {
    let mut scope = signed.scope(&site).await?;
    let (limit, state) = (window.limit(), ask.state.as_deref());
    let search = ask.search.trim();
    let rows = hospital_message::list(&mut scope, search, state, limit + 1, window.offset());
    let (rows, has_more) = page(rows.await?, limit);
    let view = |row: hospital_message::Message| MessageView {
        message_id: row.message_id,
        sender: row.sender,
        control_id: row.control_id,
        kind: row.kind,
        received_at: row.received_at,
        state: row.state,
        fault: row.fault,
        repaired_by: row.repaired_by,
        repaired_at: row.repaired_at,
    };
    Ok(Json(MessageListView { items: rows.into_iter().map(view).collect(), has_more }))
}

#[derive(Serialize, ToSchema)]
struct MessageTextView {
    message_id: Uuid,
    state: String,
    /// A segment a line.
    text: String,
}

#[utoipa::path(get, path = "/api/hospital-messages/{id}", tag = "hospital_messages",
    params(("id" = Uuid, Path)), responses((status = 200, body = MessageTextView)))]
async fn find(
    State(site): State<Shared>,
    signed: Signed,
    Key(id): Key,
) -> Result<Json<MessageTextView>> {
    whole_hospital(&signed)?;
    // It is a patient's: read, it is audited before the first byte.
    let (app, by) = (&site.core.app, &signed.0.principal);
    let at = site.core.clock.wall();
    app.audit_access(by, "read", "hospital_message", &id.to_string(), at).await?;
    let mut scope = signed.scope(&site).await?;
    let kept = hospital_message::lock(&mut scope, id).await?;
    let kept = kept.ok_or_else(|| Problem::not_found("message"))?;
    let text = message_text(&kept.bytes);
    Ok(Json(MessageTextView { message_id: id, state: kept.state, text }))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Repair {
    /// The whole message as it should have been, a segment a line.
    text: String,
}

/// A rejected message, put right by hand.
#[utoipa::path(post, path = "/api/hospital-messages/{id}/repair", tag = "hospital_messages",
    params(("id" = Uuid, Path)), request_body = Repair, responses((status = 204)))]
async fn repair(
    State(site): State<Shared>,
    signed: Signed,
    Key(id): Key,
    Body(ask): Body<Repair>,
) -> Result<StatusCode> {
    whole_hospital(&signed)?;
    let config = site.core.config();
    let calendar = Calendar::always(config.hospital.timezone);
    let (by, area) = (&signed.0.principal, &config.hospital.area_code);
    let at = site.core.clock.wall();
    site.core.app.repair_message(by, id, &ask.text, &calendar, area, at).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A message may be of any department.
fn whole_hospital(signed: &Signed) -> Result<()> {
    let what = "需要全院范围的账号,请联系系统管理员 / this needs an account for the whole hospital";
    signed.sees_all().then_some(()).ok_or_else(|| Problem::forbidden(what))
}
