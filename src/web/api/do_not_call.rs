//! 不再拨打: numbers that nobody dials, whoever they belong to.

use axum::{Json, extract::State, http::StatusCode};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    base::E164,
    domain::read_cell,
    engine,
    store::person,
    web::{
        Shared, Site,
        ask::{Body, Terms, Window, page},
        auth::Signed,
        error::{Problem, Result},
        mask,
    },
};

pub(super) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(list, add)).routes(routes!(revoke))
}

#[derive(Deserialize, ToSchema)]
struct DoNotCallView {
    number: String,
    reason: String,
}

#[derive(Serialize, ToSchema)]
struct DoNotCallRowView {
    /// Masked.
    number: String,
    reason: String,
    by: String,
    at: DateTime<Utc>,
    revoked_at: Option<DateTime<Utc>>,
    revoked_by: Option<String>,
}

#[derive(Serialize, ToSchema)]
struct DoNotCallListView {
    items: Vec<DoNotCallRowView>,
    has_more: bool,
}

fn read(site: &Site, ask: &DoNotCallView) -> Result<E164> {
    if ask.reason.trim().is_empty() {
        return Err(Problem::invalid("请写明原因 / a reason is required"));
    }
    let area = site.core.config().hospital.area_code.clone();
    let numbers = read_cell(&ask.number, &area);
    let first = numbers.ok().and_then(|numbers| numbers.into_iter().next());
    first
        .map(|number| number.e164)
        .ok_or_else(|| Problem::invalid("这不是电话号码 / this is not a telephone number"))
}

#[utoipa::path(post, path = "/api/do-not-call", tag = "do_not_call", request_body = DoNotCallView,
    responses((status = 204)))]
async fn add(
    State(site): State<Shared>,
    signed: Signed,
    Body(ask): Body<DoNotCallView>,
) -> Result<StatusCode> {
    signed.may_resolve()?;
    let number = read(&site, &ask)?;
    let (core, by) = (&site.core, &signed.0.principal);
    core.app.do_not_call(by, &number, ask.reason.trim(), core.clock.wall()).await?;
    engine::cancel_number(core, &number);
    Ok(StatusCode::NO_CONTENT)
}

/// Taking a number off again is for who sets the rules.
#[utoipa::path(post, path = "/api/do-not-call/revoke", tag = "do_not_call",
    request_body = DoNotCallView, responses((status = 204)))]
async fn revoke(
    State(site): State<Shared>,
    signed: Signed,
    Body(ask): Body<DoNotCallView>,
) -> Result<StatusCode> {
    signed.may_set_policy()?;
    let number = read(&site, &ask)?;
    let (core, by) = (&site.core, &signed.0.principal);
    core.app.revoke_do_not_call(by, &number, ask.reason.trim(), core.clock.wall()).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[utoipa::path(get, path = "/api/do-not-call", tag = "do_not_call", params(Window),
    responses((status = 200, body = DoNotCallListView)))]
async fn list(
    State(site): State<Shared>,
    signed: Signed,
    Terms(window): Terms<Window>,
) -> Result<Json<DoNotCallListView>> {
    signed.may_resolve()?;
    let mut scope = signed.scope(&site).await?;
    let limit = window.limit();
    let rows = person::do_not_call_list(&mut scope, limit + 1, window.offset()).await?;
    let (rows, has_more) = page(rows, limit);
    let view = |row: person::DoNotCall| DoNotCallRowView {
        number: mask::number(&row.e164),
        reason: row.reason,
        by: row.by_whom,
        at: row.at,
        revoked_at: row.revoked_at,
        revoked_by: row.revoked_by,
    };
    Ok(Json(DoNotCallListView { items: rows.into_iter().map(view).collect(), has_more }))
}
