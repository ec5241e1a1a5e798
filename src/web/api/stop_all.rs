//! 全部停呼, and 恢复外呼 by another person.

use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    app::LiveCalls,
    engine,
    web::{
        Shared,
        ask::Body,
        auth::Signed,
        error::{Problem, Result},
    },
};

pub(super) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(stop)).routes(routes!(resume))
}

#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum LiveCallsView {
    /// Conversations that go on end by themselves.
    Finish,
    /// They hear an apology and end.
    Apologise,
}

#[derive(Deserialize, ToSchema)]
struct StopAllView {
    reason: String,
    live_calls: LiveCallsView,
}

#[derive(Serialize, ToSchema)]
struct StopStateView {
    stopped: bool,
}

#[utoipa::path(post, path = "/api/stop-all", tag = "stop_all", request_body = StopAllView,
    responses((status = 200, body = StopStateView)))]
async fn stop(
    State(site): State<Shared>,
    signed: Signed,
    Body(ask): Body<StopAllView>,
) -> Result<Json<StopStateView>> {
    signed.may_stop_all()?;
    let reason = ask.reason.trim();
    if reason.is_empty() {
        return Err(Problem::invalid("请写明停呼原因 / a reason is required"));
    }
    let live = match ask.live_calls {
        LiveCallsView::Finish => LiveCalls::Finish,
        LiveCallsView::Apologise => LiveCalls::Apologise,
    };
    let stopped = engine::stop_all(&site.core, &signed.0.principal, "", reason, live).await;
    stopped.map_err(|error| {
        Problem::fault(&format!("calls are stopped in memory but not in the record: {error}"))
    })?;
    Ok(Json(StopStateView { stopped: true }))
}

#[utoipa::path(post, path = "/api/resume-all", tag = "stop_all",
    responses((status = 200, body = StopStateView)))]
async fn resume(State(site): State<Shared>, signed: Signed) -> Result<Json<StopStateView>> {
    signed.may_stop_all()?;
    let (core, by) = (&site.core, &signed.0.principal);
    core.app.resume_all(by, core.clock.wall()).await?;
    core.resume();
    Ok(Json(StopStateView { stopped: false }))
}
