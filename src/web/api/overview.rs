//! What the frame of every page shows.

use axum::{Json, extract::State};
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    sources::silences,
    trunks::{TrunkView, trunk_views},
};
use crate::{
    store::{alert, attempt, stop, task},
    web::{Shared, auth::Signed, error::Result},
};

pub(super) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(overview))
}

#[derive(Serialize, ToSchema)]
struct OverviewView {
    hospital: String,
    /// IANA name; every date on the page is of this zone.
    timezone: String,
    version: &'static str,
    stopped: Option<StoppedView>,
    trunks: Vec<TrunkView>,
    live: usize,
    live_max: usize,
    alerts_open: i64,
    /// Sources and doors that bring nothing new for too long.
    sources_silent: Vec<SilentView>,
    uncertain: i64,
    work: WorkView,
    /// Calls at any hour: the demo and training, never with patients.
    training: bool,
    /// Only the numbers of the pilot list are dialled.
    pilot: bool,
    draining: bool,
}

#[derive(Serialize, ToSchema)]
struct StoppedView {
    by: String,
    reason: String,
    at: DateTime<Utc>,
    /// Whoever stopped the calls cannot resume them.
    by_me: bool,
}

#[derive(Serialize, ToSchema)]
struct SilentView {
    name: String,
    since: DateTime<Utc>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = OverviewWorkView)]
struct WorkView {
    due: i64,
    overdue: i64,
    waiting_retry: i64,
    needs_person: i64,
    waiting_repair: i64,
}

#[utoipa::path(get, path = "/api/overview", tag = "overview",
    responses((status = 200, body = OverviewView)))]
async fn overview(State(site): State<Shared>, signed: Signed) -> Result<Json<OverviewView>> {
    let (core, config) = (&site.core, site.core.config());
    let local = core.clock.wall().with_timezone(&config.hospital.timezone).date_naive();
    let midnight = local.and_time(chrono::NaiveTime::MIN);
    let midnight = midnight.and_local_timezone(config.hospital.timezone).earliest();
    let midnight = midnight.map_or(core.clock.wall(), |at| at.with_timezone(&Utc));
    let silent = silences(&site).await?.into_iter();
    let silent = silent.filter_map(|(name, since)| Some(SilentView { name, since: since? }));
    let mut scope = signed.scope(&site).await?;
    let stopped = stop::current(&mut scope).await?;
    let work = task::workload(&mut scope, midnight).await?;
    Ok(Json(OverviewView {
        hospital: config.hospital.name.clone(),
        timezone: config.hospital.timezone.name().to_owned(),
        version: env!("CARGO_PKG_VERSION"),
        stopped: stopped.map(|stop| StoppedView {
            by_me: stop.by_whom == signed.0.login,
            by: stop.by_whom,
            reason: stop.reason,
            at: stop.at,
        }),
        trunks: trunk_views(core),
        live: core.live.count(),
        live_max: core.calls_max(),
        alerts_open: alert::open_count(&mut scope).await?,
        sources_silent: silent.collect(),
        uncertain: attempt::uncertain_count(&mut scope).await?,
        work: WorkView {
            due: work.due,
            overdue: work.overdue,
            waiting_retry: work.waiting_retry,
            needs_person: work.needs_person,
            waiting_repair: work.waiting_repair,
        },
        training: config.dialer.ignore_window,
        pilot: config.pilot.is_some(),
        draining: core.is_draining(),
    }))
}
