//! The HTTP door: the hospital's systems bring discharges as JSON, CSV, XML or SOAP (F013).

use axum::{
    Json,
    body::Bytes,
    extract::{Path, Request, State, rejection::PathRejection},
    http::StatusCode,
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::sources::{InterfaceRunView, last_runs};
use crate::{
    app::{AppError, Brought, ImportSummary, Knock, TokenHolder, TokenUse},
    domain::{Calendar, silent_since},
    store::{api_token, door},
    web::{
        Shared,
        ask::{Body, Key, whole},
        auth::{From, Signed},
        error::{Problem, Result},
    },
};

pub(super) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(knock))
        .routes(routes!(list))
        .routes(routes!(put))
        .routes(routes!(tokens, make_token))
        .routes(routes!(revoke_token))
}

#[derive(Serialize, ToSchema)]
struct BroughtFaultView {
    /// Of CSV its line; of JSON and XML, 1 is the first record.
    row: u32,
    column: &'static str,
    what: String,
}

#[derive(Serialize, ToSchema)]
struct BroughtView {
    import_id: Option<Uuid>,
    rows_read: i32,
    /// New ones.
    rows_stored: i32,
    /// There already; bringing them again is no fault.
    rows_known: i32,
    rows_bad: i32,
    /// Of the wrong rows; the others are stored.
    faults: Vec<BroughtFaultView>,
}

/// A JSON list or object, JSON lines, CSV, XML or a SOAP envelope, told apart by its first
/// byte. With `Authorization: Bearer …`.
#[utoipa::path(post, path = "/api/door/{name}", tag = "doors", params(("name" = String, Path)),
    request_body(content = String, content_type = "application/json"),
    responses((status = 200, body = BroughtView)))]
async fn knock(
    State(site): State<Shared>,
    from: From,
    name: Result<Path<String>, PathRejection>,
    request: Request,
) -> Result<Json<BroughtView>> {
    let name = name?.0;
    // Nothing is read from who has no token.
    let holder = site.holder(&from, request.headers(), TokenUse::Door(&name)).await?;
    let body = whole(request.into_body(), BODY_MAX).await?;
    // Goes on when the sender has left: half an import would wait for the next start.
    let stored = tokio::spawn(store(site, name, holder, body)).await;
    match stored.map_err(|error| Problem::fault(&error))?? {
        Brought::Stored(summary) => Ok(Json(summary_view(summary))),
        Brought::Nothing | Brought::Known => Err(Problem::invalid("没有内容 / there is no row")),
        Brought::Refused(what) => Err(Problem::invalid(format!("读不出来 / {what}"))),
    }
}

async fn store(
    site: Shared,
    name: String,
    holder: TokenHolder,
    body: Bytes,
) -> Result<Brought, AppError> {
    let (core, config) = (&site.core, site.core.config());
    let calendar = Calendar::always(config.hospital.timezone);
    let (area, at) = (&config.hospital.area_code, core.clock.wall());
    let knock = Knock { door: &name, holder: &holder, bytes: &body };
    core.app.bring_to_door(&knock, ROWS_MAX, &calendar, area, at).await
}

fn summary_view(summary: ImportSummary) -> BroughtView {
    let counts = summary.counts;
    let faults = summary.bad.into_iter().flat_map(|report| {
        let row = report.row;
        report.faults.into_iter().map(move |fault| BroughtFaultView {
            row,
            column: fault.column,
            what: fault.what,
        })
    });
    BroughtView {
        import_id: Some(*summary.import.as_uuid()),
        rows_read: counts.rows_read,
        rows_stored: counts.rows_stored,
        rows_known: counts.rows_known,
        rows_bad: counts.rows_bad,
        faults: faults.collect(),
    }
}

#[derive(Serialize, ToSchema)]
struct DoorView {
    name: String,
    mapping: String,
    record: String,
    silent_after_h: i32,
    last_arrived_at: Option<DateTime<Utc>>,
    /// The alarm: nothing new has arrived since then.
    silent_since: Option<DateTime<Utc>>,
    updated_at: DateTime<Utc>,
    updated_by: String,
    /// The last 20, the newest first.
    runs: Vec<InterfaceRunView>,
}

#[utoipa::path(get, path = "/api/doors", tag = "doors",
    responses((status = 200, body = [DoorView])))]
async fn list(State(site): State<Shared>, signed: Signed) -> Result<Json<Vec<DoorView>>> {
    let at = site.core.clock.wall();
    let mut scope = signed.scope(&site).await?;
    let doors = door::list(&mut scope).await?;
    let names: Vec<String> = doors.iter().map(|door| door::interface(&door.name)).collect();
    let mut runs = last_runs(&mut scope, &names).await?;
    let view = |door: door::Door| {
        let after_h = u64::try_from(door.silent_after_h).unwrap_or_default();
        DoorView {
            runs: runs.remove(&door::interface(&door.name)).unwrap_or_default(),
            silent_since: silent_since(door.created_at, door.last_arrived_at, after_h, at),
            name: door.name,
            mapping: door.mapping,
            record: door.record_path,
            silent_after_h: door.silent_after_h,
            last_arrived_at: door.last_arrived_at,
            updated_at: door.updated_at,
            updated_by: door.updated_by,
        }
    };
    Ok(Json(doors.into_iter().map(view).collect()))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PutDoor {
    /// The column mapping: headers of CSV, or paths such as `visit/no` and `Dx/2`.
    #[serde(default)]
    mapping: Option<String>,
    /// Path of what holds one discharge, `Envelope/Body/Patients/Patient`; empty: a list.
    #[serde(default)]
    record: String,
    /// Nothing new for so many hours is an alarm; 0: never.
    #[serde(default)]
    silent_after_h: u16,
}

#[utoipa::path(put, path = "/api/doors/{name}", tag = "doors", params(("name" = String, Path)),
    request_body = PutDoor, responses((status = 204)))]
async fn put(
    State(site): State<Shared>,
    signed: Signed,
    name: Result<Path<String>, PathRejection>,
    Body(ask): Body<PutDoor>,
) -> Result<StatusCode> {
    let name = name?.0;
    let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if name.len() > NAME_MAX || !name.chars().all(is_plain) {
        let what = format!(
            "名称用字母、数字、- 和 _,最多 {NAME_MAX} 个 / letters, digits, - and _, at most {NAME_MAX}"
        );
        return Err(Problem::invalid(what));
    }
    let put = door::Put {
        name: &name,
        mapping: ask.mapping.as_deref().unwrap_or("import"),
        record_path: ask.record.trim(),
        silent_after_h: i32::from(ask.silent_after_h),
    };
    let core = &site.core;
    core.app.put_door(&signed.0.principal, &put, core.clock.wall()).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Serialize, ToSchema)]
struct TokenView {
    token_id: Uuid,
    name: String,
    /// `door`: brings discharges to that door. `read`: reads follow-ups (FHIR).
    scope: String,
    door: Option<String>,
    created_at: DateTime<Utc>,
    created_by: String,
    last_used_at: Option<DateTime<Utc>>,
    revoked_at: Option<DateTime<Utc>>,
    revoked_by: Option<String>,
}

#[utoipa::path(get, path = "/api/tokens", tag = "doors",
    responses((status = 200, body = [TokenView])))]
async fn tokens(State(site): State<Shared>, signed: Signed) -> Result<Json<Vec<TokenView>>> {
    let mut scope = signed.scope(&site).await?;
    let view = |row: api_token::Token| TokenView {
        token_id: row.token_id,
        name: row.name,
        scope: row.scope,
        door: row.door,
        created_at: row.created_at,
        created_by: row.created_by,
        last_used_at: row.last_used_at,
        revoked_at: row.revoked_at,
        revoked_by: row.revoked_by,
    };
    Ok(Json(api_token::list(&mut scope).await?.into_iter().map(view).collect()))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct MakeToken {
    /// Whose it is: `HIS`, `集成平台`.
    name: String,
    /// `door` or `read`.
    scope: String,
    door: Option<String>,
}

#[derive(Serialize, ToSchema)]
struct MadeTokenView {
    token_id: Uuid,
    /// Shown this once; only its hash is kept.
    token: String,
}

#[utoipa::path(post, path = "/api/tokens", tag = "doors", request_body = MakeToken,
    responses((status = 201, body = MadeTokenView)))]
async fn make_token(
    State(site): State<Shared>,
    signed: Signed,
    Body(ask): Body<MakeToken>,
) -> Result<(StatusCode, Json<MadeTokenView>)> {
    if !signed.sees_all() {
        let what = "需要全院范围的账号 / this needs an account for the whole hospital";
        return Err(Problem::forbidden(what));
    }
    let name = ask.name.trim();
    if name.is_empty() || name.chars().count() > NAME_MAX {
        let what = format!("名称应为 1 到 {NAME_MAX} 个字 / a name has 1 to {NAME_MAX} characters");
        return Err(Problem::invalid(what));
    }
    let wanted = match (ask.scope.as_str(), ask.door.as_deref()) {
        ("door", Some(door)) => TokenUse::Door(door),
        ("read", None) => TokenUse::Read,
        _ => {
            let what = "应为 door(并写明 door)或 read / scope is door, with its door, or read";
            return Err(Problem::invalid(what));
        }
    };
    let core = &site.core;
    let made = core.app.make_token(&signed.0.principal, name, wanted, core.clock.wall()).await?;
    let view = MadeTokenView { token_id: made.0, token: made.1.reveal().clone() };
    Ok((StatusCode::CREATED, Json(view)))
}

#[utoipa::path(delete, path = "/api/tokens/{id}", tag = "doors", params(("id" = Uuid, Path)),
    responses((status = 204)))]
async fn revoke_token(
    State(site): State<Shared>,
    signed: Signed,
    Key(id): Key,
) -> Result<StatusCode> {
    let core = &site.core;
    core.app.revoke_token(&signed.0.principal, id, core.clock.wall()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A fortnight's discharges of a large hospital.
const ROWS_MAX: usize = 5000;

/// 5,000 discharges as XML with everything that a HIS knows.
const BODY_MAX: usize = 16 * 1024 * 1024;

const NAME_MAX: usize = 40;
