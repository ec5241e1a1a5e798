//! 查询 and 专题: whom a filter means, kept as a topic, exported, and followed up.

use std::collections::BTreeSet;

use axum::{
    Json,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::{runs::MadeRunView, series, tasks::age};
use crate::{
    app::csv_table,
    domain::cohort::Filter,
    engine::new_run,
    store::{Scope, cohort},
    web::{
        Shared,
        ask::{Body, Key, Terms, Window, page},
        auth::Signed,
        error::{Problem, Result},
        mask,
        progress::Come,
    },
};

pub(super) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(find))
        .routes(routes!(progress))
        .routes(routes!(export))
        .routes(routes!(follow_up))
        .routes(routes!(topics, keep))
        .routes(routes!(topic))
        .routes(routes!(follow_up_topic))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct CohortAsk {
    /// `{"all": [{"disease": {"name": "冠心病"}}, {"age": {"from": 60}}, {"any": […]}]}`; the
    /// conditions are discharged, age, sex, disease, department, ward, attending, operation,
    /// disposition, `follow_up`, outcome, answer, opinion, plan, `follow_ups`, died,
    /// `out_of_town` and name.
    #[schema(value_type = Object)]
    filter: Value,
    /// An id of the asker's own making, by which the progress can be asked for meanwhile.
    watch: Option<Uuid>,
}

#[derive(Serialize, ToSchema)]
struct FilterProgressView {
    /// Conditions that have been answered, of how many.
    answered: usize,
    of: usize,
    /// The list has been made, or could not be.
    ended: bool,
}

#[derive(Serialize, ToSchema)]
struct MemberView {
    admission_id: Uuid,
    person_id: Uuid,
    name: String,
    sex: String,
    age: Option<u32>,
    admission_no: String,
    department: String,
    ward: Option<String>,
    attending: Option<String>,
    discharged_on: Option<NaiveDate>,
    diagnosis: Option<String>,
    state: Option<String>,
    last_outcome: Option<String>,
    done_on: Option<NaiveDate>,
    /// The latest follow-up.
    task_id: Option<Uuid>,
}

#[derive(Serialize, ToSchema)]
struct CohortView {
    /// Of all, not of this page.
    count: usize,
    items: Vec<MemberView>,
    has_more: bool,
}

fn read(filter: &Value) -> Result<Filter> {
    let filter: Filter = serde_json::from_value(filter.clone()).map_err(|error| {
        Problem::invalid(format!("查询条件有误 / the filter is not understood: {error}"))
    })?;
    filter.check().map_err(|fault| Problem::invalid(fault.to_string()))?;
    Ok(filter)
}

async fn shown(
    site: &Shared,
    scope: &mut Scope,
    found: &BTreeSet<Uuid>,
    window: Window,
) -> Result<CohortView> {
    let (limit, today) = (window.limit(), super::patients::today(site));
    let ids: Vec<Uuid> = found.iter().copied().collect();
    let rows = cohort::members(scope, &ids, limit + 1, window.offset()).await?;
    let (rows, has_more) = page(rows, limit);
    let view = |row: cohort::Member| MemberView {
        age: row.birth_date.and_then(|born| age(born, today)),
        admission_id: row.admission_id,
        person_id: row.person_id,
        name: row.name,
        sex: row.sex,
        admission_no: row.admission_no,
        department: row.department,
        ward: row.ward,
        attending: row.attending,
        discharged_on: row.discharged_on,
        diagnosis: row.diagnosis,
        state: row.state,
        last_outcome: row.last_outcome,
        done_on: row.done_on,
        task_id: row.task_id,
    };
    Ok(CohortView { count: found.len(), items: rows.into_iter().map(view).collect(), has_more })
}

/// Whom a filter means: reads only, and is a POST for the size of its question.
#[utoipa::path(post, path = "/api/cohort", tag = "cohort", params(Window),
    request_body = CohortAsk, responses((status = 200, body = CohortView)))]
async fn find(
    State(site): State<Shared>,
    signed: Signed,
    Terms(window): Terms<Window>,
    Body(ask): Body<CohortAsk>,
) -> Result<Json<CohortView>> {
    let filter = read(&ask.filter)?;
    let mut scope = signed.scope(&site).await?;
    let today = super::patients::today(&site);
    let come = |answered, of, ended| {
        if let (Some(watch), Some(who)) = (ask.watch, signed.user()) {
            site.progress.set(watch, who, Come { answered, of, ended });
        }
    };
    let told = |answered, of| come(answered, of, false);
    let found = cohort::matching_told(&mut scope, &filter, today, told).await;
    let of = filter.conditions().len();
    come(if found.is_ok() { of } else { 0 }, of, true);
    Ok(Json(shown(&site, &mut scope, &found?, window).await?))
}

/// How far the filter has come that was sent with this `watch`.
#[utoipa::path(get, path = "/api/cohort/progress/{id}", tag = "cohort",
    params(("id" = Uuid, Path)), responses((status = 200, body = FilterProgressView)))]
async fn progress(
    State(site): State<Shared>,
    signed: Signed,
    Key(id): Key,
) -> Result<Json<FilterProgressView>> {
    let come = signed.user().and_then(|who| site.progress.find(id, who));
    let come = come.ok_or_else(|| Problem::not_found("filter that runs"))?;
    let Come { answered, of, ended } = come;
    Ok(Json(FilterProgressView { answered, of, ended }))
}

/// The whole list as a file; audited before its first byte.
#[utoipa::path(post, path = "/api/cohort/export", tag = "cohort", request_body = CohortAsk,
    responses((status = 200, content_type = "text/csv")))]
async fn export(
    State(site): State<Shared>,
    signed: Signed,
    Body(ask): Body<CohortAsk>,
) -> Result<Response> {
    signed.may("exports")?;
    let filter = read(&ask.filter)?;
    let core = &site.core;
    let (by, at) = (&signed.0.principal, core.clock.wall());
    core.app.audit_access(by, "exported", "cohort", &ask.filter.to_string(), at).await?;
    let mut scope = signed.scope(&site).await?;
    let found = cohort::matching(&mut scope, &filter, super::patients::today(&site)).await?;
    let ids: Vec<Uuid> = found.into_iter().collect();
    let rows = cohort::members(&mut scope, &ids, EXPORT_MAX, 0).await?;
    let header = COLUMNS.map(str::to_owned);
    let is_clear = signed.may_see_clear().is_ok();
    let bytes = csv_table(&header, rows.into_iter().map(|row| line(row, is_clear)));
    let name = "attachment; filename=\"cohort.csv\"";
    let head =
        [(header::CONTENT_TYPE, "text/csv; charset=utf-8"), (header::CONTENT_DISPOSITION, name)];
    Ok((head, bytes).into_response())
}

fn line(row: cohort::Member, is_clear: bool) -> Vec<String> {
    let day = |day: Option<NaiveDate>| day.map_or_else(String::new, |day| day.to_string());
    let text = |text: Option<String>| text.unwrap_or_default();
    vec![
        if is_clear { row.name } else { mask::name(&row.name) },
        row.sex,
        day(row.birth_date),
        row.admission_no,
        row.department,
        text(row.ward),
        text(row.attending),
        day(row.discharged_on),
        text(row.diagnosis),
        text(row.state),
        text(row.last_outcome),
        day(row.done_on),
    ]
}

#[derive(Deserialize, ToSchema)]
struct FollowUpAsk {
    #[schema(value_type = Object)]
    filter: Value,
    #[serde(flatten)]
    run: RunAsk,
}

#[derive(Deserialize, ToSchema)]
struct RunAsk {
    /// Of the run.
    name: String,
    dialplan: String,
    trunk: Option<String>,
    lines: Option<i32>,
}

/// Everybody of a filter is followed up: a run with a task each.
#[utoipa::path(post, path = "/api/cohort/follow-up", tag = "cohort", request_body = FollowUpAsk,
    responses((status = 201, body = MadeRunView)))]
async fn follow_up(
    State(site): State<Shared>,
    signed: Signed,
    Body(ask): Body<FollowUpAsk>,
) -> Result<Response> {
    signed.may_run()?;
    let filter = read(&ask.filter)?;
    let mut scope = signed.scope(&site).await?;
    let found = cohort::matching(&mut scope, &filter, super::patients::today(&site)).await?;
    drop(scope);
    begin(&site, &signed, ask.run, found).await
}

async fn begin(
    site: &Shared,
    signed: &Signed,
    ask: RunAsk,
    found: BTreeSet<Uuid>,
) -> Result<Response> {
    let name = ask.name.trim();
    if name.is_empty() {
        return Err(Problem::invalid("请写批次名称 / a run needs a name"));
    }
    let mut scope = signed.scope(site).await?;
    series::must_see(&mut scope, &ask.dialplan).await?;
    drop(scope);
    let (core, library) = (&site.core, site.core.library());
    let is_training = core.config().hospital.training;
    let new = new_run(&library, is_training, name, &ask.dialplan, ask.trunk, ask.lines, None);
    let mut new = new.map_err(Problem::invalid)?;
    new.admissions = Some(found.into_iter().collect());
    let (id, tasks) = core.app.create_run(&signed.0.principal, &new, core.clock.wall()).await?;
    Ok((StatusCode::CREATED, Json(MadeRunView { run_id: *id.as_uuid(), tasks })).into_response())
}

#[derive(Serialize, ToSchema)]
struct TopicView {
    topic_id: Uuid,
    name: String,
    /// `fixed` keeps its members, `live` asks anew each time.
    kind: String,
    #[schema(value_type = Object)]
    filter: Value,
    created_at: DateTime<Utc>,
    created_by: String,
}

fn topic_view(row: cohort::Topic) -> TopicView {
    TopicView {
        topic_id: row.topic_id,
        name: row.name,
        kind: row.kind,
        filter: row.filter,
        created_at: row.created_at,
        created_by: row.created_by,
    }
}

#[utoipa::path(get, path = "/api/topics", tag = "cohort", params(Window),
    responses((status = 200, body = [TopicView])))]
async fn topics(
    State(site): State<Shared>,
    signed: Signed,
    Terms(window): Terms<Window>,
) -> Result<Json<Vec<TopicView>>> {
    let mut scope = signed.scope(&site).await?;
    let rows = cohort::topics(&mut scope, None, window.limit()).await?;
    Ok(Json(rows.into_iter().map(topic_view).collect()))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct TopicAsk {
    name: String,
    /// `fixed` or `live`.
    kind: String,
    #[schema(value_type = Object)]
    filter: Value,
}

#[derive(Serialize, ToSchema)]
struct KeptView {
    topic_id: Uuid,
    /// Whom it means now.
    count: usize,
}

/// 转为专题: any filter, in one step.
#[utoipa::path(post, path = "/api/topics", tag = "cohort", request_body = TopicAsk,
    responses((status = 201, body = KeptView)))]
async fn keep(
    State(site): State<Shared>,
    signed: Signed,
    Body(ask): Body<TopicAsk>,
) -> Result<Response> {
    let filter = read(&ask.filter)?;
    let mut scope = signed.scope(&site).await?;
    let found = cohort::matching(&mut scope, &filter, super::patients::today(&site)).await?;
    drop(scope);
    let (core, by) = (&site.core, &signed.0.principal);
    let TopicAsk { name, kind, filter } = &ask;
    let topic_id = core.app.create_topic(by, name, kind, filter, &found, core.clock.wall()).await?;
    Ok((StatusCode::CREATED, Json(KeptView { topic_id, count: found.len() })).into_response())
}

#[derive(Serialize, ToSchema)]
struct TopicDetailView {
    topic: TopicView,
    cohort: CohortView,
}

#[utoipa::path(get, path = "/api/topics/{id}", tag = "cohort", params(("id" = Uuid, Path), Window),
    responses((status = 200, body = TopicDetailView)))]
async fn topic(
    State(site): State<Shared>,
    signed: Signed,
    Key(id): Key,
    Terms(window): Terms<Window>,
) -> Result<Json<TopicDetailView>> {
    let mut scope = signed.scope(&site).await?;
    let (row, found) = members(&site, &mut scope, id).await?;
    let cohort = shown(&site, &mut scope, &found, window).await?;
    Ok(Json(TopicDetailView { topic: topic_view(row), cohort }))
}

async fn members(
    site: &Shared,
    scope: &mut Scope,
    id: Uuid,
) -> Result<(cohort::Topic, BTreeSet<Uuid>)> {
    let row = cohort::topics(scope, Some(id), 1).await?.pop();
    let row = row.ok_or_else(|| Problem::not_found("topic"))?;
    let found = match row.kind.as_str() {
        "fixed" => cohort::kept_members(scope, id).await?,
        _ => cohort::matching(scope, &read(&row.filter)?, super::patients::today(site)).await?,
    };
    Ok((row, found))
}

#[utoipa::path(post, path = "/api/topics/{id}/follow-up", tag = "cohort",
    params(("id" = Uuid, Path)), request_body = RunAsk,
    responses((status = 201, body = MadeRunView)))]
async fn follow_up_topic(
    State(site): State<Shared>,
    signed: Signed,
    Key(id): Key,
    Body(ask): Body<RunAsk>,
) -> Result<Response> {
    signed.may_run()?;
    let mut scope = signed.scope(&site).await?;
    let (_, found) = members(&site, &mut scope, id).await?;
    drop(scope);
    begin(&site, &signed, ask, found).await
}

const COLUMNS: [&str; 12] = [
    "姓名",
    "性别",
    "出生日期",
    "住院号",
    "科室",
    "病区",
    "主管医生",
    "出院日期",
    "诊断",
    "随访状态",
    "最后结果",
    "随访日期",
];

/// What a spreadsheet opens.
const EXPORT_MAX: i64 = 200_000;
