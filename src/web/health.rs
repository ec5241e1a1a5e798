//! Is the server alive, and may work be given to it?

use std::{sync::Arc, time::Duration};

use axum::{
    Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use chrono::{DateTime, Utc};
use serde::Serialize;
use tokio::{task::spawn_blocking, time};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::Shared;
use crate::engine::{Core, free_mib};

pub(super) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(livez)).routes(routes!(readyz))
}

/// Do the server's loops come round?
#[utoipa::path(get, path = "/livez", tag = "health",
    responses((status = 200, body = String), (status = 503, body = String)))]
async fn livez(State(site): State<Shared>) -> Response {
    if site.core.ticks.are_alive(site.core.clock.wall()) {
        return "ok".into_response();
    }
    (StatusCode::SERVICE_UNAVAILABLE, "a loop has stopped").into_response()
}

#[derive(Serialize, ToSchema)]
struct CheckView {
    /// `database`, `disk`, `clock`, `trunk` or `drain`.
    name: &'static str,
    ok: bool,
    what: String,
}

#[derive(Serialize, ToSchema)]
struct ReadyView {
    ready: bool,
    checks: Vec<CheckView>,
}

/// May calls be given to this server?
#[utoipa::path(get, path = "/readyz", tag = "health",
    responses((status = 200, body = ReadyView), (status = 503, body = ReadyView)))]
async fn readyz(State(site): State<Shared>) -> Response {
    let core = &site.core;
    let checks =
        vec![database(core).await, disk(core).await, clock(core), trunk(core), drain(core)];
    let ready = checks.iter().all(|check| check.ok);
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(ReadyView { ready, checks })).into_response()
}

async fn database(core: &Core) -> CheckView {
    let asked = time::timeout(DATABASE_WAIT, core.app.database().is_writable()).await;
    let ok = asked == Ok(true);
    let what = if ok { "writable" } else { "cannot be written: see the log and database.url" };
    CheckView { name: "database", ok, what: what.to_owned() }
}

async fn disk(core: &Arc<Core>) -> CheckView {
    let (folder, least) = (core.recordings(), core.config().limits.disk_min_mib);
    let free = spawn_blocking(move || free_mib(&folder)).await.ok().flatten();
    let ok = free.is_some_and(|free| free >= least);
    let what = match free {
        Some(free) => format!("{free} MiB free, {least} MiB needed (limits.disk_min_mib)"),
        None => "paths.recordings cannot be asked".to_owned(),
    };
    CheckView { name: "disk", ok, what }
}

/// A machine without a battery starts in 1970; windows and plans would be nonsense.
fn clock(core: &Core) -> CheckView {
    let now = core.clock.wall();
    let ok = now > BUILT;
    let what = if ok { "plausible" } else { "is before this program was made: set it" };
    CheckView { name: "clock", ok, what: format!("{} {what}", now.format("%Y-%m-%dT%H:%M:%SZ")) }
}

fn trunk(core: &Core) -> CheckView {
    let all = core.trunks.all();
    let up = all.iter().filter(|(_, state)| state.is_up()).count();
    let ok = all.is_empty() || up > 0;
    CheckView { name: "trunk", ok, what: format!("{up} of {} up", all.len()) }
}

fn drain(core: &Core) -> CheckView {
    let ok = !core.is_draining();
    let what = if ok { "takes calls" } else { "ends: no new calls" };
    CheckView { name: "drain", ok, what: what.to_owned() }
}

const DATABASE_WAIT: Duration = Duration::from_secs(3);

const BUILT: DateTime<Utc> = match DateTime::from_timestamp(1_767_225_600, 0) {
    Some(built) => built, // 2026-01-01
    None => DateTime::UNIX_EPOCH,
};
