//! What a hospital has taught us about the headers of its files (F014, F016).

use std::collections::BTreeMap;

use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    store::column_mapping,
    web::{
        Shared,
        ask::Body,
        auth::Signed,
        error::{Problem, Result},
    },
};

pub(super) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(put))
}

#[derive(Serialize, ToSchema)]
struct MappingView {
    name: String,
    #[schema(value_type = Object)]
    columns: serde_json::Value,
    updated_at: DateTime<Utc>,
    updated_by: String,
}

#[utoipa::path(get, path = "/api/column-mappings", tag = "column_mappings",
    responses((status = 200, body = [MappingView])))]
async fn list(State(site): State<Shared>, signed: Signed) -> Result<Json<Vec<MappingView>>> {
    let mut scope = signed.scope(&site).await?;
    let view = |row: column_mapping::Mapping| MappingView {
        name: row.name,
        columns: row.body,
        updated_at: row.updated_at,
        updated_by: row.updated_by,
    };
    Ok(Json(column_mapping::list(&mut scope).await?.into_iter().map(view).collect()))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PutMapping {
    /// Header → column, e.g. `"患者": "name"`, `"次要诊断": {"other_diagnosis_icd": 1}`; null: known,
    /// and not to be read.
    #[schema(value_type = Object)]
    columns: BTreeMap<String, serde_json::Value>,
}

/// Replaces the mapping; the next file with these headers is read by it.
#[utoipa::path(put, path = "/api/column-mappings/{name}", tag = "column_mappings",
    params(("name" = String, Path)), request_body = PutMapping, responses((status = 204)))]
async fn put(
    State(site): State<Shared>,
    signed: Signed,
    Path(name): Path<String>,
    Body(ask): Body<PutMapping>,
) -> Result<StatusCode> {
    signed.may_run()?;
    if name.is_empty() || name.chars().count() > NAME_MAX {
        let what = format!("名称应为 1 到 {NAME_MAX} 个字 / a name has 1 to {NAME_MAX} characters");
        return Err(Problem::invalid(what));
    }
    let columns = serde_json::Value::Object(ask.columns.into_iter().collect());
    let core = &site.core;
    core.app.put_mapping(&signed.0.principal, &name, columns, core.clock.wall()).await?;
    Ok(StatusCode::NO_CONTENT)
}

const NAME_MAX: usize = 40;
