//! Runs: made, watched, started, paused, stopped.

use std::collections::BTreeMap;

use axum::{
    Json,
    extract::{Path, State, rejection::PathRejection},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::{
    live::{LiveView, live_views},
    series,
};
use crate::{
    app::RunAction,
    base::{ImportId, RunId},
    engine::{CallCommand, Core, new_run},
    ivr::Library,
    store::run,
    web::{
        Shared,
        ask::{Body, Key, Terms, Window, page},
        auth::Signed,
        error::{Problem, Result},
    },
};

pub(super) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(find))
        .routes(routes!(change))
        .routes(routes!(preview))
}

#[derive(Serialize, ToSchema)]
struct RunView {
    run_id: Uuid,
    name: String,
    dialplan: String,
    dialplan_title: String,
    dialplan_title_en: String,
    trunk: Option<String>,
    lines: Option<i32>,
    /// A word of `run_state`.
    state: String,
    created_by: String,
    created_at: DateTime<Utc>,
    started_at: Option<DateTime<Utc>>,
    ended_at: Option<DateTime<Utc>>,
    waterfall: WaterfallView,
}

/// 应拨 → 已拨 → 接通 → 找对人 → 完成.
#[derive(Default, Serialize, ToSchema)]
struct WaterfallView {
    due: i64,
    dialled: i64,
    answered: i64,
    right_person: i64,
    completed: i64,
    open: i64,
}

#[derive(Serialize, ToSchema)]
struct RunListView {
    items: Vec<RunView>,
    has_more: bool,
}

#[derive(Serialize, ToSchema)]
struct CountView {
    word: String,
    tasks: i64,
}

#[derive(Serialize, ToSchema)]
struct RunDetailView {
    run: RunView,
    by_state: Vec<CountView>,
    by_outcome: Vec<CountView>,
    dials: i64,
    /// Why nothing is dialled right now, e.g. `outside_window` or `waiting_retry 11-23 14:05`.
    why_idle: Option<String>,
    lines_in_use: usize,
    /// Those this run may use at most.
    lines_max: usize,
    calls_per_s: f64,
    live: Vec<LiveView>,
}

#[derive(Deserialize, ToSchema)]
struct NewRunView {
    name: String,
    dialplan: String,
    trunk: Option<String>,
    lines: Option<i32>,
    /// Absent: every discharge that has no follow-up yet.
    import_id: Option<Uuid>,
    /// Goes on for ever: it takes each task of its dialplan on the day it is due.
    #[serde(default)]
    standing: bool,
}

#[derive(Serialize, ToSchema)]
pub(super) struct MadeRunView {
    pub(super) run_id: Uuid,
    pub(super) tasks: u64,
}

#[derive(Serialize, ToSchema)]
struct RunStateView {
    state: String,
}

#[derive(Serialize, ToSchema)]
#[schema(as = RunPreviewView)]
struct PreviewView {
    /// Would be dialled at this moment.
    dial: u64,
    /// Would not, by reason: `outside_window`, `gap`, `daily_cap`, `no_number`, `refused` …
    skipped: BTreeMap<String, u64>,
}

/// Before a run starts: who will be skipped, and why.
#[utoipa::path(get, path = "/api/runs/{id}/preview", tag = "runs", params(("id" = Uuid, Path)),
    responses((status = 200, body = PreviewView)))]
async fn preview(State(site): State<Shared>, _: Signed, Key(id): Key) -> Result<Json<PreviewView>> {
    let core = &site.core;
    let dialler = core.dialler().await;
    let at = core.clock.wall();
    let counts = core.app.preview_run(&dialler, RunId::from_uuid(id), at).await?;
    let skipped = counts.iter().filter(|(why, _)| **why != "dial");
    Ok(Json(PreviewView {
        dial: counts.get("dial").copied().unwrap_or_default(),
        skipped: skipped.map(|(why, count)| ((*why).to_owned(), *count)).collect(),
    }))
}

#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct Search {
    #[serde(default)]
    search: String,
}

/// As it is called now; one that has gone keeps its id.
fn title(library: &Library, dialplan: &str, language: &str) -> String {
    let found = library.dialplan(dialplan).and_then(|kept| kept.value.title.get(language));
    found.cloned().unwrap_or_else(|| dialplan.to_owned())
}

async fn views(
    library: &Library,
    scope: &mut crate::store::Scope,
    rows: Vec<run::Run>,
) -> Result<Vec<RunView>> {
    let ids: Vec<_> = rows.iter().map(|run| run.run_id).collect();
    let counted = run::waterfalls(scope, &ids).await?.into_iter();
    let mut counted: BTreeMap<_, _> = counted.map(|count| (count.run_id, count)).collect();
    let view = |row: run::Run| RunView {
        waterfall: counted.remove(&row.run_id).map_or_else(WaterfallView::default, |count| {
            WaterfallView {
                due: count.due,
                dialled: count.dialled,
                answered: count.answered,
                right_person: count.right_person,
                completed: count.completed,
                open: count.open,
            }
        }),
        run_id: row.run_id,
        name: row.name,
        dialplan_title: title(library, &row.dialplan, "zh"),
        dialplan_title_en: title(library, &row.dialplan, "en"),
        dialplan: row.dialplan,
        trunk: row.trunk,
        lines: row.lines,
        state: row.state,
        created_by: row.created_by,
        created_at: row.created_at,
        started_at: row.started_at,
        ended_at: row.ended_at,
    };
    Ok(rows.into_iter().map(view).collect())
}

#[utoipa::path(get, path = "/api/runs", tag = "runs", params(Search, Window),
    responses((status = 200, body = RunListView)))]
async fn list(
    State(site): State<Shared>,
    signed: Signed,
    Terms(search): Terms<Search>,
    Terms(window): Terms<Window>,
) -> Result<Json<RunListView>> {
    let mut scope = signed.scope(&site).await?;
    let limit = window.limit();
    let rows = run::list(&mut scope, search.search.trim(), limit + 1, window.offset()).await?;
    let (rows, has_more) = page(rows, limit);
    Ok(Json(RunListView { items: views(&site.core.library(), &mut scope, rows).await?, has_more }))
}

#[utoipa::path(post, path = "/api/runs", tag = "runs", request_body = NewRunView,
    responses((status = 201, body = MadeRunView)))]
async fn create(
    State(site): State<Shared>,
    signed: Signed,
    Body(ask): Body<NewRunView>,
) -> Result<Response> {
    signed.may_run()?;
    let core = &site.core;
    let name = ask.name.trim();
    if name.is_empty() {
        return Err(Problem::invalid("请写批次名称 / a run needs a name"));
    }
    let known = |trunk: &String| core.config().trunk.iter().any(|known| known.name == *trunk);
    if !ask.trunk.as_ref().is_none_or(known) {
        return Err(Problem::invalid("没有这条线路，请重新选择 / no such trunk; choose another"));
    }
    let mut scope = signed.scope(&site).await?;
    series::must_see(&mut scope, &ask.dialplan).await?;
    drop(scope);
    let library = core.library();
    let is_training = core.config().hospital.training;
    let import = ask.import_id.map(ImportId::from_uuid);
    let new = new_run(&library, is_training, name, &ask.dialplan, ask.trunk, ask.lines, import);
    let mut new = new.map_err(Problem::invalid)?;
    new.is_standing = ask.standing;
    let (id, tasks) = core.app.create_run(&signed.0.principal, &new, core.clock.wall()).await?;
    Ok((StatusCode::CREATED, Json(MadeRunView { run_id: *id.as_uuid(), tasks })).into_response())
}

#[utoipa::path(get, path = "/api/runs/{id}", tag = "runs", params(("id" = Uuid, Path)),
    responses((status = 200, body = RunDetailView)))]
async fn find(
    State(site): State<Shared>,
    signed: Signed,
    Key(id): Key,
) -> Result<Json<RunDetailView>> {
    let run_id = RunId::from_uuid(id);
    let mut scope = signed.scope(&site).await?;
    let found = run::find(&mut scope, run_id).await?;
    let found = found.ok_or_else(|| Problem::not_found("run"))?;
    let (lines_max, calls_per_s) = lines(&site.core, &found);
    let (mut by_state, mut by_outcome, mut dials) = (BTreeMap::new(), BTreeMap::new(), 0);
    for count in run::counts(&mut scope, run_id).await? {
        *by_state.entry(count.state).or_default() += count.tasks;
        if let Some(outcome) = count.last_outcome {
            *by_outcome.entry(outcome).or_default() += count.tasks;
        }
        dials += count.dials;
    }
    let run = views(&site.core.library(), &mut scope, vec![found]).await?.pop();
    let live = live_views(&site, &signed, |call| call.run == Some(run_id)).await?;
    let words = |counts: BTreeMap<String, i64>| {
        counts.into_iter().map(|(word, tasks)| CountView { word, tasks }).collect()
    };
    Ok(Json(RunDetailView {
        run: run.ok_or_else(|| Problem::not_found("run"))?,
        by_state: words(by_state),
        by_outcome: words(by_outcome),
        dials,
        why_idle: site.core.why_idle(run_id),
        lines_in_use: site.core.live.list().iter().filter(|c| c.run == Some(run_id)).count(),
        lines_max,
        calls_per_s,
        live,
    }))
}

fn lines(core: &Core, run: &run::Run) -> (usize, f64) {
    let config = core.config();
    let mut trunks = config.trunk.iter();
    let trunk = trunks.find(|trunk| run.trunk.as_ref().is_none_or(|name| *name == trunk.name));
    let (lines, rate) = trunk.map_or((0, 0.0), |trunk| (trunk.lines, trunk.calls_per_s));
    let wanted = run.lines.and_then(|lines| usize::try_from(lines).ok());
    (wanted.unwrap_or(lines).min(lines), rate)
}

#[utoipa::path(post, path = "/api/runs/{id}/{action}", tag = "runs",
    params(("id" = Uuid, Path), ("action" = String, Path, description = "start, pause or stop")),
    responses((status = 200, body = RunStateView)))]
async fn change(
    State(site): State<Shared>,
    signed: Signed,
    path: Result<Path<(Uuid, String)>, PathRejection>,
) -> Result<Json<RunStateView>> {
    signed.may_run()?;
    let Path((id, action)) = path?;
    let action = match action.as_str() {
        "start" => RunAction::Start,
        "pause" => RunAction::Pause,
        "stop" => RunAction::Stop,
        _ => return Err(Problem::no_page()),
    };
    let (core, run) = (&site.core, RunId::from_uuid(id));
    let by = &signed.0.principal;
    let state = core.app.change_run(by, run, action, None, core.clock.wall()).await?;
    if action == RunAction::Stop {
        cancel_unanswered(core, run);
    }
    Ok(Json(RunStateView { state: state.as_str().to_owned() }))
}

/// Who has picked up is not cut off.
fn cancel_unanswered(core: &Core, run: RunId) {
    for live in core.live.list().iter().filter(|live| live.run == Some(run)) {
        if let Some(call) = core.call(live.call) {
            call.send(CallCommand::CancelUnanswered);
        }
    }
}
