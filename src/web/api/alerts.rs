//! 危急提醒: what an answer says that somebody must act on.

use axum::{Json, extract::State};
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use crate::{
    store::answer,
    web::{
        Shared,
        ask::{Terms, Window},
        auth::Signed,
        error::Result,
    },
};

pub(super) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(alerts))
}

#[derive(Serialize, ToSchema)]
pub(super) struct AlertView {
    alert_id: Uuid,
    call_id: Option<Uuid>,
    name: Option<String>,
    link_id: String,
    /// `emergency`, `urgent` or `prompt`.
    level: String,
    /// A word of the alert's states.
    state: String,
    raised_at: DateTime<Utc>,
    due_at: DateTime<Utc>,
}

impl From<answer::Alert> for AlertView {
    fn from(row: answer::Alert) -> Self {
        Self {
            alert_id: row.alert_id,
            call_id: row.call_id,
            name: row.name,
            link_id: row.link_id,
            level: row.level,
            state: row.state,
            raised_at: row.raised_at,
            due_at: row.due_at,
        }
    }
}

/// Those that are not closed, the first due first.
#[utoipa::path(get, path = "/api/alerts", tag = "alerts", params(Window),
    responses((status = 200, body = [AlertView])))]
async fn alerts(
    State(site): State<Shared>,
    signed: Signed,
    Terms(window): Terms<Window>,
) -> Result<Json<Vec<AlertView>>> {
    let mut scope = signed.scope(&site).await?;
    let rows = answer::open_alerts(&mut scope, window.limit()).await?;
    Ok(Json(rows.into_iter().map(AlertView::from).collect()))
}
