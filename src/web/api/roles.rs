//! Roles are sets of modules; the menu is the modules.

use axum::{
    Json,
    extract::{Path, State, rejection::PathRejection},
    http::StatusCode,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    app::RoleChange,
    domain::TollClass,
    store::role,
    web::{
        Shared,
        ask::Body,
        auth::Signed,
        error::{Problem, Result},
    },
};

pub(super) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(put)).routes(routes!(separate))
}

#[derive(Serialize, ToSchema)]
struct RoleView {
    code: String,
    name: String,
    modules: Vec<String>,
    /// 长途权限, the dearest call it may order: `local`, `long_distance` or `abroad`.
    toll: String,
    /// From before the three administrators were apart: it may hold the modules of several.
    is_whole: bool,
    needs_second_factor: bool,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PutRole {
    name: String,
    modules: Vec<String>,
    /// Absent: as it was; `long_distance` for a new role.
    toll: Option<String>,
    /// Whoever has it signs in with a one-time code beside the password.
    needs_second_factor: Option<bool>,
}

#[utoipa::path(get, path = "/api/roles", tag = "roles", responses((status = 200, body = [RoleView])))]
async fn list(State(site): State<Shared>, signed: Signed) -> Result<Json<Vec<RoleView>>> {
    let mut scope = signed.scope(&site).await?;
    let view = |row: role::Role| RoleView {
        code: row.code,
        name: row.name,
        modules: row.modules,
        toll: row.toll,
        is_whole: row.is_whole,
        needs_second_factor: row.needs_second_factor,
    };
    Ok(Json(role::list(&mut scope).await?.into_iter().map(view).collect()))
}

/// Makes or changes a role; it holds from the next request of everybody who has it.
#[utoipa::path(put, path = "/api/roles/{code}", tag = "roles", params(("code" = String, Path)),
    request_body = PutRole, responses((status = 204)))]
async fn put(
    State(site): State<Shared>,
    signed: Signed,
    code: Result<Path<String>, PathRejection>,
    Body(ask): Body<PutRole>,
) -> Result<StatusCode> {
    let Path(code) = code?;
    if let Some(unknown) = ask.modules.iter().find(|module| !MODULES.contains(&module.as_str())) {
        let what = format!("没有模块 {unknown} / there is no module {unknown}");
        return Err(Problem::invalid(what));
    }
    let is_own = signed.0.role == code;
    if is_own && !["roles", "users"].iter().all(|kept| ask.modules.iter().any(|m| m == kept)) {
        let what = "不能取消自己的 roles、users 模块 / you would lock yourself out";
        return Err(Problem::conflict(what));
    }
    let toll = ask.toll.as_deref().map(str::parse::<TollClass>).transpose();
    let toll = toll.map_err(|_| {
        Problem::invalid("toll 应为 local long_distance abroad / one of these three")
    })?;
    let (core, by) = (&site.core, &signed.0.principal);
    let (name, at) = (ask.name.trim(), core.clock.wall());
    let role = RoleChange {
        code: &code,
        name,
        modules: &ask.modules,
        toll,
        needs_second_factor: ask.needs_second_factor,
    };
    core.app.put_role(by, &role, at).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// 三员分立, once and for good: roles from before lose the modules of the administrators of
/// security and of the audit. Refused while one of the three has no account.
#[utoipa::path(post, path = "/api/roles/separate", tag = "roles", responses((status = 204)))]
async fn separate(State(site): State<Shared>, signed: Signed) -> Result<StatusCode> {
    let (core, by) = (&site.core, &signed.0.principal);
    core.app.separate_duties(by, core.clock.wall()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Every module there is; the page's menu has the same words.
const MODULES: &[&str] = &[
    "home",
    "desk",
    "board",
    "voicemail",
    "queues",
    "due",
    "patients",
    "person_rights",
    "calls",
    "signalling",
    "recordings",
    "alerts",
    "repairs",
    "runs",
    "imports",
    "plans",
    "questionnaires",
    "prompts",
    "opinions",
    "statistics",
    "allocation",
    "samples",
    "policies",
    "dialplans",
    "roster",
    "users",
    "roles",
    "departments",
    "interfaces",
    "trunks",
    "audit",
    "exports",
    "clear",
    "complaints",
    "enquiries",
    "articles",
    "blocklist",
    "quality",
];
