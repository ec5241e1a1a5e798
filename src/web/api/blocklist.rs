//! 呼入黑名单: who may not call us (F043). Not the list of those whom we do not call.

use axum::{
    Json,
    extract::{Multipart, State, multipart::MultipartRejection},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{complaints::read_number, imports::file_of};
use crate::{
    app::csv_table,
    store::blocklist,
    web::{
        Shared,
        ask::{Body, Terms, Window, page},
        auth::Signed,
        error::Result,
        mask,
    },
};

pub(super) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(list, add))
        .routes(routes!(revoke))
        .routes(routes!(export))
        .routes(routes!(import))
        .routes(routes!(refused))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct BlockAsk {
    number: String,
    reason: String,
    /// The last day on which it holds; absent: until it is taken off.
    until_on: Option<NaiveDate>,
}

#[derive(Serialize, ToSchema)]
struct BlockedView {
    /// Masked.
    number: String,
    reason: String,
    by: String,
    at: DateTime<Utc>,
    until_on: Option<NaiveDate>,
    revoked_at: Option<DateTime<Utc>>,
    revoked_by: Option<String>,
    /// Calls that were refused.
    refused: i64,
    last_refused_at: Option<DateTime<Utc>>,
}

#[derive(Serialize, ToSchema)]
struct BlocklistView {
    items: Vec<BlockedView>,
    has_more: bool,
}

#[derive(Default, Deserialize, utoipa::IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
struct BlocklistTerms {
    /// Those that have run out or were taken off too.
    all: bool,
}

#[utoipa::path(get, path = "/api/blocklist", tag = "blocklist", params(BlocklistTerms, Window),
    responses((status = 200, body = BlocklistView)))]
async fn list(
    State(site): State<Shared>,
    signed: Signed,
    Terms(ask): Terms<BlocklistTerms>,
    Terms(window): Terms<Window>,
) -> Result<Json<BlocklistView>> {
    let (limit, today) = (window.limit(), super::patients::today(&site));
    let mut scope = signed.scope(&site).await?;
    let held = (!ask.all).then_some(today);
    let rows = blocklist::list(&mut scope, held, limit + 1, window.offset()).await?;
    let (rows, has_more) = page(rows, limit);
    let view = |row: blocklist::Blocked| BlockedView {
        number: mask::number(&row.e164),
        reason: row.reason,
        by: row.by_whom,
        at: row.at,
        until_on: row.until_on,
        revoked_at: row.revoked_at,
        revoked_by: row.revoked_by,
        refused: row.refused,
        last_refused_at: row.last_refused_at,
    };
    Ok(Json(BlocklistView { items: rows.into_iter().map(view).collect(), has_more }))
}

/// Whoever is on it already gets this reason and day.
#[utoipa::path(post, path = "/api/blocklist", tag = "blocklist", request_body = BlockAsk,
    responses((status = 204)))]
async fn add(
    State(site): State<Shared>,
    signed: Signed,
    Body(ask): Body<BlockAsk>,
) -> Result<StatusCode> {
    let number = read_number(&site, &ask.number)?;
    let (core, by, at) = (&site.core, &signed.0.principal, site.core.clock.wall());
    core.app.block_caller(by, &number, &ask.reason, ask.until_on, at).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct UnblockAsk {
    number: String,
    reason: String,
}

#[utoipa::path(post, path = "/api/blocklist/revoke", tag = "blocklist", request_body = UnblockAsk,
    responses((status = 204)))]
async fn revoke(
    State(site): State<Shared>,
    signed: Signed,
    Body(ask): Body<UnblockAsk>,
) -> Result<StatusCode> {
    let number = read_number(&site, &ask.number)?;
    let (core, by) = (&site.core, &signed.0.principal);
    core.app.unblock_caller(by, &number, &ask.reason, core.clock.wall()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What holds today, as a file that can be imported again; audited before its first byte.
#[utoipa::path(get, path = "/api/blocklist/export", tag = "blocklist",
    responses((status = 200, content_type = "text/csv")))]
async fn export(State(site): State<Shared>, signed: Signed) -> Result<Response> {
    let core = &site.core;
    let (by, at) = (&signed.0.principal, core.clock.wall());
    core.app.audit_access(by, "exported", "blocklist", "all", at).await?;
    let mut scope = signed.scope(&site).await?;
    let today = super::patients::today(&site);
    let rows = blocklist::list(&mut scope, Some(today), EXPORT_MAX, 0).await?;
    let is_clear = signed.may_see_clear().is_ok();
    let line = |row: blocklist::Blocked| {
        let until = row.until_on.map_or_else(String::new, |day| day.to_string());
        let number = if is_clear { row.e164 } else { mask::number(&row.e164) };
        vec![number, row.reason, until]
    };
    let header = ["号码", "原因", "到期日"].map(str::to_owned);
    let bytes = csv_table(&header, rows.into_iter().map(line));
    let name = "attachment; filename=\"blocklist.csv\"";
    let head =
        [(header::CONTENT_TYPE, "text/csv; charset=utf-8"), (header::CONTENT_DISPOSITION, name)];
    Ok((head, bytes).into_response())
}

#[derive(Serialize, ToSchema)]
struct BlocklistFaultView {
    row: u32,
    what: String,
}

#[derive(Serialize, ToSchema)]
struct BlocklistImportView {
    stored: usize,
    bad: Vec<BlocklistFaultView>,
}

#[derive(ToSchema)]
#[expect(dead_code, reason = "it describes the form; the parts are read one by one")]
struct BlocklistForm {
    #[schema(value_type = String, format = Binary)]
    file: Vec<u8>,
}

/// Columns 号码 原因 到期日; a line that is wrong stops no other.
#[utoipa::path(post, path = "/api/blocklist/import", tag = "blocklist",
    request_body(content = BlocklistForm, content_type = "multipart/form-data"),
    responses((status = 200, body = BlocklistImportView)))]
async fn import(
    State(site): State<Shared>,
    signed: Signed,
    form: Result<Multipart, MultipartRejection>,
) -> Result<Json<BlocklistImportView>> {
    let file = file_of(form?).await?;
    let core = &site.core;
    let area = core.config().hospital.area_code.clone();
    let (by, at) = (&signed.0.principal, core.clock.wall());
    let done = core.app.import_blocklist(by, &file.bytes, &area, at).await?;
    let bad = done.bad.into_iter().map(|(row, what)| BlocklistFaultView { row, what });
    Ok(Json(BlocklistImportView { stored: done.stored, bad: bad.collect() }))
}

#[derive(Serialize, ToSchema)]
struct RefusedCallView {
    /// Masked.
    number: String,
    trunk: Option<String>,
    at: DateTime<Utc>,
    reason: String,
}

#[derive(Serialize, ToSchema)]
struct RefusedCallsView {
    items: Vec<RefusedCallView>,
    has_more: bool,
}

/// Calls that were refused, the latest first.
#[utoipa::path(get, path = "/api/blocklist/refused", tag = "blocklist", params(Window),
    responses((status = 200, body = RefusedCallsView)))]
async fn refused(
    State(site): State<Shared>,
    signed: Signed,
    Terms(window): Terms<Window>,
) -> Result<Json<RefusedCallsView>> {
    let limit = window.limit();
    let mut scope = signed.scope(&site).await?;
    let rows = blocklist::refused(&mut scope, limit + 1, window.offset()).await?;
    let (rows, has_more) = page(rows, limit);
    let view = |row: blocklist::Refused| RefusedCallView {
        number: mask::number(&row.e164),
        trunk: row.trunk,
        at: row.at,
        reason: row.reason,
    };
    Ok(Json(RefusedCallsView { items: rows.into_iter().map(view).collect(), has_more }))
}

/// More than a hospital ever blocks.
const EXPORT_MAX: i64 = 10_000;
