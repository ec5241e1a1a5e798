//! Departments: the pilot's switch, target and who answers for it (F073, F076).

use axum::{Json, extract::State, http::StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use crate::{
    store::admission,
    web::{
        Shared,
        ask::{Body, Key},
        auth::Signed,
        error::{Problem, Result},
    },
};

pub(super) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(put)).routes(routes!(wards))
}

#[derive(Serialize, ToSchema)]
struct DepartmentView {
    department_id: Uuid,
    name: String,
    follows_up: bool,
    responsible: Option<String>,
    target_percent: f64,
}

#[utoipa::path(get, path = "/api/departments", tag = "departments",
    responses((status = 200, body = [DepartmentView])))]
async fn list(State(site): State<Shared>, signed: Signed) -> Result<Json<Vec<DepartmentView>>> {
    let mut scope = signed.scope(&site).await?;
    let view = |row: admission::Department| DepartmentView {
        department_id: row.department_id,
        name: row.name,
        follows_up: row.follows_up,
        responsible: row.responsible,
        target_percent: row.target_percent,
    };
    Ok(Json(admission::departments(&mut scope).await?.into_iter().map(view).collect()))
}

#[derive(Serialize, ToSchema)]
struct WardView {
    ward_id: Uuid,
    name: String,
    /// Those that have beds in it.
    departments: Vec<Uuid>,
}

#[utoipa::path(get, path = "/api/wards", tag = "departments",
    responses((status = 200, body = [WardView])))]
async fn wards(State(site): State<Shared>, signed: Signed) -> Result<Json<Vec<WardView>>> {
    let mut scope = signed.scope(&site).await?;
    let view = |row: admission::Ward| WardView {
        ward_id: row.ward_id,
        name: row.name,
        departments: row.departments,
    };
    Ok(Json(admission::all_wards(&mut scope).await?.into_iter().map(view).collect()))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PutDepartment {
    /// Off: no tasks and no calls.
    follows_up: bool,
    responsible: Option<String>,
    target_percent: f64,
}

#[utoipa::path(put, path = "/api/departments/{id}", tag = "departments",
    params(("id" = Uuid, Path)), request_body = PutDepartment, responses((status = 204)))]
async fn put(
    State(site): State<Shared>,
    signed: Signed,
    Key(id): Key,
    Body(ask): Body<PutDepartment>,
) -> Result<StatusCode> {
    signed.may("departments")?;
    if !(0.0..=100.0).contains(&ask.target_percent) {
        return Err(Problem::invalid("目标应在 0 到 100 之间 / the target lies between 0 and 100"));
    }
    let scope = admission::DepartmentEdit {
        follows_up: ask.follows_up,
        responsible: ask.responsible.as_deref(),
        target_percent: ask.target_percent,
    };
    let core = &site.core;
    core.app.put_department(&signed.0.principal, id, &scope, core.clock.wall()).await?;
    Ok(StatusCode::NO_CONTENT)
}
