//! Where discharges come from by themselves (F013): state, the last runs, run now.

use axum::{
    Json,
    extract::{Path, State, rejection::PathRejection},
    http::StatusCode,
};
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use crate::{
    domain::silent_since,
    engine::HL7_INTERFACE,
    store::{Principal, Scope, door, hospital_message, interface_run, source},
    web::{
        Shared, Site,
        auth::Signed,
        error::{Problem, Result},
    },
};

pub(super) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(run))
}

#[derive(Serialize, ToSchema)]
pub(super) struct InterfaceRunView {
    /// The file; of a door, the name of the token.
    what: String,
    started_at: DateTime<Utc>,
    ended_at: Option<DateTime<Utc>>,
    /// `running`, `finished` or `failed`.
    state: String,
    /// Its wrong rows: GET /api/imports/{import_id}.
    import_id: Option<Uuid>,
    rows_read: i32,
    rows_stored: i32,
    rows_known: i32,
    rows_bad: i32,
    /// Why it failed; `known_file`: these very bytes were taken before; `crash`. Of a finished
    /// one: what its command complained of all the same.
    why: Option<String>,
}

#[derive(Serialize, ToSchema)]
struct SourceView {
    name: String,
    /// `folder` or `command`.
    kind: &'static str,
    mapping: String,
    every_s: u64,
    timeout_s: u64,
    rows_max: usize,
    silent_after_h: u64,
    /// It is being looked into now.
    running: bool,
    last_started_at: Option<DateTime<Utc>>,
    next_at: Option<DateTime<Utc>>,
    /// When it last brought somebody new.
    last_arrived_at: Option<DateTime<Utc>>,
    /// The alarm: nothing new has arrived since then.
    silent_since: Option<DateTime<Utc>>,
    /// The last 20, the newest first.
    runs: Vec<InterfaceRunView>,
}

/// The sources of `suifang.toml`, and what they brought.
#[utoipa::path(get, path = "/api/sources", tag = "sources",
    responses((status = 200, body = [SourceView])))]
async fn list(State(site): State<Shared>, signed: Signed) -> Result<Json<Vec<SourceView>>> {
    let (config, at) = (site.core.config(), site.core.clock.wall());
    let names: Vec<String> = config.source.iter().map(|source| source.name.clone()).collect();
    let mut scope = signed.scope(&site).await?;
    let states = source::states(&mut scope).await?;
    let mut runs = last_runs(&mut scope, &names).await?;
    let view = |source: &crate::config::Source| {
        let state = states.iter().find(|state| state.source == source.name);
        SourceView {
            name: source.name.clone(),
            kind: source.kind.as_str(),
            mapping: source.mapping.clone(),
            every_s: source.every_s,
            timeout_s: source.timeout_s,
            rows_max: source.rows_max,
            silent_after_h: source.silent_after_h,
            running: state.is_some_and(|state| state.lease_until.is_some_and(|until| until > at)),
            last_started_at: state.and_then(|state| state.last_started_at),
            next_at: state.map(|state| state.next_at),
            last_arrived_at: state.and_then(|state| state.last_arrived_at),
            silent_since: state.and_then(|state| silence(state, source.silent_after_h, at)),
            runs: runs.remove(&source.name).unwrap_or_default(),
        }
    };
    Ok(Json(config.source.iter().map(view).collect()))
}

fn silence(state: &source::State, after_h: u64, at: DateTime<Utc>) -> Option<DateTime<Utc>> {
    silent_since(state.first_seen_at, state.last_arrived_at, after_h, at)
}

/// The last runs of each interface, the newest first.
pub(super) async fn last_runs(
    scope: &mut Scope,
    interfaces: &[String],
) -> Result<std::collections::HashMap<String, Vec<InterfaceRunView>>> {
    let mut found = std::collections::HashMap::<_, Vec<_>>::new();
    for run in interface_run::last(scope, interfaces).await? {
        found.entry(run.interface).or_default().push(InterfaceRunView {
            what: run.what,
            started_at: run.started_at,
            ended_at: run.ended_at,
            state: run.state,
            import_id: run.import_id,
            rows_read: run.rows_read,
            rows_stored: run.rows_stored,
            rows_known: run.rows_known,
            rows_bad: run.rows_bad,
            why: run.why,
        });
    }
    Ok(found)
}

/// Looks into a source now, whatever its turn is.
#[utoipa::path(post, path = "/api/sources/{name}/run", tag = "sources",
    params(("name" = String, Path)), responses((status = 202)))]
async fn run(
    State(site): State<Shared>,
    signed: Signed,
    name: Result<Path<String>, PathRejection>,
) -> Result<StatusCode> {
    let (name, core) = (name?.0, &site.core);
    if !core.config().source.iter().any(|source| source.name == name) {
        return Err(Problem::not_found("source"));
    }
    core.app.run_source(&signed.0.principal, &name, core.clock.wall()).await?;
    core.sources.wake();
    Ok(StatusCode::ACCEPTED)
}

/// A source or door that brings nothing new, and since when; `None`: all is well with it.
pub(in crate::web) async fn silences(site: &Site) -> Result<Vec<(String, Option<DateTime<Utc>>)>> {
    let (config, at) = (site.core.config(), site.core.clock.wall());
    let mut scope = site.core.app.database().scope(&Principal::System("silence")).await?;
    let states = source::states(&mut scope).await?;
    let of = |source: &crate::config::Source| {
        let state = states.iter().find(|state| state.source == source.name);
        (source.name.clone(), state.and_then(|state| silence(state, source.silent_after_h, at)))
    };
    let mut found: Vec<_> = config.source.iter().map(of).collect();
    if config.hl7.bind.is_some() {
        let received = hospital_message::last_received(&mut scope).await?;
        let waits = states.iter().find(|state| state.source == HL7_INTERFACE);
        let after_h = config.hl7.silent_after_h;
        let since =
            waits.and_then(|state| silent_since(state.first_seen_at, received, after_h, at));
        found.push((HL7_INTERFACE.to_owned(), since));
    }
    for door in door::list(&mut scope).await? {
        let after_h = u64::try_from(door.silent_after_h).unwrap_or_default();
        let since = silent_since(door.created_at, door.last_arrived_at, after_h, at);
        found.push((door::interface(&door.name), since));
    }
    Ok(found)
}
