//! The calls that go on now.

use axum::{Json, extract::State};
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use crate::{
    engine::LiveCall,
    store::call,
    web::{Shared, auth::Signed, error::Result, mask},
};

pub(super) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(live))
}

#[derive(Serialize, ToSchema)]
pub(super) struct LiveView {
    call_id: Uuid,
    run_id: Option<Uuid>,
    /// `outbound` or `inbound`.
    direction: &'static str,
    name: Option<String>,
    /// Masked.
    number: String,
    trunk: Option<String>,
    /// A word of `call_state`.
    state: &'static str,
    since: DateTime<Utc>,
    answered_at: Option<DateTime<Utc>>,
    question_no: Option<usize>,
    question: Option<String>,
    keys: u32,
}

impl From<LiveCall> for LiveView {
    fn from(live: LiveCall) -> Self {
        let (question_no, question) = live.question.unzip();
        Self {
            call_id: *live.call.as_uuid(),
            run_id: live.run.map(|run| *run.as_uuid()),
            direction: if live.is_outbound { "outbound" } else { "inbound" },
            name: live.name.map(|name| name.reveal().clone()),
            number: mask::number(live.remote.reveal()),
            trunk: live.trunk,
            state: live.state,
            since: live.since,
            answered_at: live.answered_at,
            question_no,
            question,
            keys: live.keys,
        }
    }
}

/// Those that this person may see. Memory knows neither a call's department nor whose
/// patient it is: the record does.
pub(super) async fn live_views(
    site: &Shared,
    signed: &Signed,
    wanted: impl Fn(&LiveCall) -> bool,
) -> Result<Vec<LiveView>> {
    let mut calls = site.core.live.list();
    calls.retain(|call| wanted(call));
    if !calls.is_empty() {
        let ids: Vec<_> = calls.iter().map(|live| *live.call.as_uuid()).collect();
        let mut scope = signed.scope(site).await?;
        let visible = call::visible(&mut scope, &ids).await?;
        calls.retain(|live| visible.contains(live.call.as_uuid()));
    }
    Ok(calls.into_iter().map(LiveView::from).collect())
}

#[utoipa::path(get, path = "/api/live", tag = "live", responses((status = 200, body = [LiveView])))]
async fn live(State(site): State<Shared>, signed: Signed) -> Result<Json<Vec<LiveView>>> {
    Ok(Json(live_views(&site, &signed, |_| true).await?))
}
