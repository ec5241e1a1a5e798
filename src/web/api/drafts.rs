//! Forms that nobody has sent yet: they wait for whoever typed them, at any browser.

use axum::{
    Json,
    extract::{Path, State, rejection::PathRejection},
    http::StatusCode,
};
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    store::draft,
    web::{
        Shared,
        ask::Body,
        auth::{Held, Signed},
        error::{Problem, Result},
    },
};

pub(super) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(put, remove))
}

#[derive(Serialize, ToSchema)]
struct DraftView {
    name: String,
    #[schema(value_type = Object)]
    body: Value,
    saved_at: DateTime<Utc>,
}

#[utoipa::path(get, path = "/api/me/drafts", tag = "drafts",
    responses((status = 200, body = [DraftView])))]
async fn list(State(site): State<Shared>, signed: Signed) -> Result<Json<Vec<DraftView>>> {
    let mut scope = signed.scope(&site).await?;
    let view = |row: draft::Draft| DraftView {
        name: row.draft_key,
        body: row.body,
        saved_at: row.saved_at,
    };
    Ok(Json(draft::list(&mut scope, &signed.0.login).await?.into_iter().map(view).collect()))
}

/// Also from a page that has just locked: what was typed last is not lost.
#[utoipa::path(put, path = "/api/me/drafts/{name}", tag = "drafts",
    params(("name" = String, Path)), request_body(content = Object), responses((status = 204)))]
async fn put(
    State(site): State<Shared>,
    held: Held,
    name: Result<Path<String>, PathRejection>,
    Body(body): Body<Value>,
) -> Result<StatusCode> {
    let (who, core) = (held.past_sign_in()?, &site.core);
    if body.to_string().len() > BYTES_MAX {
        return Err(Problem::too_large(BYTES_MAX));
    }
    core.app.keep_form(who, &name?.0, &body, core.clock.wall()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// It was sent, or is not wanted.
#[utoipa::path(delete, path = "/api/me/drafts/{name}", tag = "drafts",
    params(("name" = String, Path)), responses((status = 204)))]
async fn remove(
    State(site): State<Shared>,
    signed: Signed,
    name: Result<Path<String>, PathRejection>,
) -> Result<StatusCode> {
    site.core.app.drop_form(&signed.0, &name?.0).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The longest form with all its notes takes a tenth.
const BYTES_MAX: usize = 1024 * 1024;
