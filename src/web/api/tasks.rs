//! Follow-ups: of a run, and those that wait for a person.

use axum::{Json, extract::State};
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use crate::{
    base::RunId,
    store::task,
    web::{
        Shared,
        ask::{Key, Terms, Window, page},
        auth::Signed,
        error::{Problem, Result},
    },
};

pub(super) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(of_run)).routes(routes!(for_person)).routes(routes!(by_way))
}

#[derive(Serialize, ToSchema)]
struct TaskView {
    task_id: Uuid,
    name: String,
    department: Option<String>,
    kind: String,
    /// A word of `task_state`.
    state: String,
    why: Option<String>,
    attempts: i32,
    dials: i32,
    last_outcome: Option<String>,
    not_before: DateTime<Utc>,
}

#[derive(Serialize, ToSchema)]
struct TaskListView {
    items: Vec<TaskView>,
    has_more: bool,
}

#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct TaskTerms {
    #[serde(default)]
    state: String,
    #[serde(default)]
    search: String,
}

#[utoipa::path(get, path = "/api/runs/{id}/tasks", tag = "tasks",
    params(("id" = Uuid, Path), TaskTerms, Window),
    responses((status = 200, body = TaskListView)))]
async fn of_run(
    State(site): State<Shared>,
    signed: Signed,
    Key(id): Key,
    Terms(terms): Terms<TaskTerms>,
    Terms(window): Terms<Window>,
) -> Result<Json<TaskListView>> {
    let (run, limit) = (Some(RunId::from_uuid(id)), window.limit());
    let mut scope = signed.scope(&site).await?;
    let (state, search) = (&terms.state, terms.search.trim());
    let rows = task::list(&mut scope, run, state, search, limit + 1, window.offset()).await?;
    let (rows, has_more) = page(rows, limit);
    let view = |row: task::Listed| TaskView {
        task_id: row.task_id,
        name: row.name,
        department: row.department,
        kind: row.kind,
        state: row.state,
        why: row.why,
        attempts: row.attempts,
        dials: row.dials,
        last_outcome: row.last_outcome,
        not_before: row.not_before,
    };
    Ok(Json(TaskListView { items: rows.into_iter().map(view).collect(), has_more }))
}

#[derive(Serialize, ToSchema)]
struct WorkItemView {
    task_id: Uuid,
    name: String,
    age: Option<u32>,
    department: Option<String>,
    ward: Option<String>,
    /// A word of `task_kind`: what is due.
    kind: String,
    state: String,
    why: Option<String>,
    last_outcome: Option<String>,
    due_at: DateTime<Utc>,
    overdue: bool,
    /// The last call about it.
    call_id: Option<Uuid>,
}

/// What waits for a person, the longest due first.
#[utoipa::path(get, path = "/api/work", tag = "tasks", params(TaskTerms, Window),
    responses((status = 200, body = [WorkItemView])))]
async fn for_person(
    State(site): State<Shared>,
    signed: Signed,
    Terms(terms): Terms<TaskTerms>,
    Terms(window): Terms<Window>,
) -> Result<Json<Vec<WorkItemView>>> {
    let zone = site.core.config().hospital.timezone;
    let today = site.core.clock.wall().with_timezone(&zone).date_naive();
    let mut scope = signed.scope(&site).await?;
    let rows = task::for_person(&mut scope, terms.search.trim(), window.limit()).await?;
    let view = |row: task::ForPerson| WorkItemView {
        age: row.birth_date.and_then(|born| age(born, today)),
        overdue: row.due_at.with_timezone(&zone).date_naive() < today,
        task_id: row.task_id,
        name: row.name,
        department: row.department,
        ward: row.ward,
        kind: row.kind,
        state: row.state,
        why: row.why,
        last_outcome: row.last_outcome,
        due_at: row.due_at,
        call_id: row.call_id,
    };
    Ok(Json(rows.into_iter().map(view).collect()))
}

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(default)]
#[derive(Default)]
#[into_params(parameter_in = Query)]
struct WayTerms {
    /// `letter`, `ivr`, `agent`, `manual_phone` …
    channel: Option<String>,
    /// `pending` or `done`.
    state: String,
    operator: Option<String>,
    from: Option<NaiveDate>,
    to: Option<NaiveDate>,
}

#[derive(Serialize, ToSchema)]
struct WayView {
    task_id: Uuid,
    person_id: Uuid,
    name: String,
    department: Option<String>,
    ward: Option<String>,
    channel: String,
    state: String,
    operator: Option<String>,
    /// When it was done, or is to be.
    day: NaiveDate,
}

#[derive(Serialize, ToSchema)]
struct WayListView {
    items: Vec<WayView>,
    has_more: bool,
}

/// 信件与电话任务查询: pending and done, by operator and day.
#[utoipa::path(get, path = "/api/tasks", tag = "tasks", params(WayTerms, Window),
    responses((status = 200, body = WayListView)))]
async fn by_way(
    State(site): State<Shared>,
    signed: Signed,
    Terms(ask): Terms<WayTerms>,
    Terms(window): Terms<Window>,
) -> Result<Json<WayListView>> {
    if !["", "pending", "done"].contains(&ask.state.as_str()) {
        return Err(Problem::invalid("应为 pending 或 done / pending or done"));
    }
    let limit = window.limit();
    let ways = task::Ways {
        channel: ask.channel,
        state: ask.state,
        operator: ask.operator,
        from: ask.from,
        to: ask.to,
        limit: limit + 1,
        offset: window.offset(),
    };
    let mut scope = signed.scope(&site).await?;
    let (rows, has_more) = page(task::by_way(&mut scope, &ways).await?, limit);
    let view = |row: task::Way| WayView {
        task_id: row.task_id,
        person_id: row.person_id,
        name: row.name,
        department: row.department,
        ward: row.ward,
        channel: row.channel,
        state: row.state,
        operator: row.operator,
        day: row.day,
    };
    Ok(Json(WayListView { items: rows.into_iter().map(view).collect(), has_more }))
}

/// In full years.
pub(super) fn age(born: NaiveDate, today: NaiveDate) -> Option<u32> {
    today.years_since(born)
}
