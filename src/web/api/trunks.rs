//! The lines to the world.

use axum::{Json, extract::State};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    engine::Core,
    web::{Shared, auth::Signed},
};

pub(super) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(trunks))
}

#[derive(Serialize, ToSchema)]
pub(super) struct TrunkView {
    name: String,
    up: bool,
    /// Absent: it is not to be registered.
    registered: Option<bool>,
    /// Absent: its health is not asked for.
    answers: Option<bool>,
    trouble: Option<String>,
    lines: usize,
    in_use: usize,
    calls_per_s: f64,
    caller_number: String,
    peer: String,
}

pub(super) fn trunk_views(core: &Core) -> Vec<TrunkView> {
    let config = core.config();
    let view = |trunk: &crate::config::Trunk| {
        let state = core.trunks.state(&trunk.name);
        TrunkView {
            up: state.is_up(),
            registered: state.registered,
            answers: state.answers,
            trouble: state.trouble(core.clock.instant()),
            lines: trunk.lines,
            in_use: core.live.count_of_trunk(&trunk.name),
            calls_per_s: trunk.calls_per_s,
            caller_number: trunk.caller_number.clone(),
            peer: trunk.peer.to_string(),
            name: trunk.name.clone(),
        }
    };
    config.trunk.iter().map(view).collect()
}

#[utoipa::path(get, path = "/api/trunks", tag = "trunks",
    responses((status = 200, body = [TrunkView])))]
async fn trunks(State(site): State<Shared>, _: Signed) -> Json<Vec<TrunkView>> {
    Json(trunk_views(&site.core))
}
