//! 技能组: how callers wait, and who is rung.

use axum::{
    Json,
    extract::{Path, State, rejection::PathRejection},
    http::StatusCode,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    domain::{Shift, acd::Strategy},
    store::queue::{self, Queue},
    web::{
        Shared,
        ask::Body,
        auth::Signed,
        error::{Problem, Result},
    },
};

pub(super) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(put, remove))
}

#[derive(Serialize, ToSchema)]
struct AcdQueueView {
    code: String,
    name: String,
    /// `longest_idle`, `fewest_calls`, `round_robin` or `ring_all`.
    strategy: String,
    priority: i16,
    ring_s: i32,
    wait_max_s: i32,
    announce_s: i32,
    waiting_max: i32,
    own_first: bool,
    /// Words of `shift`.
    open_in: Vec<String>,
    /// `agents` or `duty_phone`.
    rings: String,
    asks_rating: bool,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct QueueAsk {
    name: String,
    /// `longest_idle`, `fewest_calls`, `round_robin` or `ring_all`.
    strategy: String,
    /// Higher ones come first.
    #[serde(default)]
    priority: i16,
    ring_s: i32,
    wait_max_s: i32,
    announce_s: i32,
    waiting_max: i32,
    /// The caller's own doctor or nurse is rung before anybody else.
    own_first: bool,
    /// In which shifts (`day`, `evening`, `night`) it is served.
    #[serde(default = "always")]
    open_in: Vec<String>,
    /// `agents`, or `duty_phone`: that of the caller's last ward rings first.
    #[serde(default = "agents")]
    rings: String,
    /// 通话评价 after the agent has put down.
    #[serde(default = "yes")]
    asks_rating: bool,
}

fn always() -> Vec<String> {
    Shift::ALL.iter().map(ToString::to_string).collect()
}

fn agents() -> String {
    "agents".to_owned()
}

const fn yes() -> bool {
    true
}

#[utoipa::path(get, path = "/api/queues", tag = "queues",
    responses((status = 200, body = [AcdQueueView])))]
async fn list(State(site): State<Shared>, signed: Signed) -> Result<Json<Vec<AcdQueueView>>> {
    let mut scope = signed.scope(&site).await?;
    let view = |row: Queue| AcdQueueView {
        code: row.code,
        name: row.name,
        strategy: row.strategy,
        priority: row.priority,
        ring_s: row.ring_s,
        wait_max_s: row.wait_max_s,
        announce_s: row.announce_s,
        waiting_max: row.waiting_max,
        own_first: row.own_first,
        open_in: row.open_in,
        rings: row.rings,
        asks_rating: row.asks_rating,
    };
    Ok(Json(queue::list(&mut scope).await?.into_iter().map(view).collect()))
}

#[utoipa::path(put, path = "/api/queues/{code}", tag = "queues", params(("code" = String, Path)),
    request_body = QueueAsk, responses((status = 204)))]
async fn put(
    State(site): State<Shared>,
    signed: Signed,
    code: Result<Path<String>, PathRejection>,
    Body(ask): Body<QueueAsk>,
) -> Result<StatusCode> {
    let strategy: Strategy = ask.strategy.parse().map_err(Problem::invalid)?;
    if let Some(wrong) = ask.open_in.iter().find_map(|word| word.parse::<Shift>().err()) {
        return Err(Problem::invalid(wrong));
    }
    let row = Queue {
        code: code?.0,
        name: ask.name.trim().to_owned(),
        strategy: strategy.as_str().to_owned(),
        priority: ask.priority,
        ring_s: ask.ring_s,
        wait_max_s: ask.wait_max_s,
        announce_s: ask.announce_s,
        waiting_max: ask.waiting_max,
        own_first: ask.own_first,
        open_in: ask.open_in,
        rings: ask.rings,
        asks_rating: ask.asks_rating,
    };
    let core = &site.core;
    core.app.put_queue(&signed.0.principal, &row, core.clock.wall()).await?;
    core.load_agents().await?;
    Ok(StatusCode::NO_CONTENT)
}

#[utoipa::path(delete, path = "/api/queues/{code}", tag = "queues",
    params(("code" = String, Path)), responses((status = 204)))]
async fn remove(
    State(site): State<Shared>,
    signed: Signed,
    code: Result<Path<String>, PathRejection>,
) -> Result<StatusCode> {
    let core = &site.core;
    core.app.remove_queue(&signed.0.principal, &code?.0, core.clock.wall()).await?;
    core.load_agents().await?;
    Ok(StatusCode::NO_CONTENT)
}
