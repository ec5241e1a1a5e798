//! Plans: templates, the rules that choose one, a patient's own, and what they would mean
//! in dates.

use axum::{
    Json,
    extract::{Path, State, rejection::PathRejection},
};
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use crate::{
    app::{NewTemplate, PlanEdit},
    base::{PersonId, PlanId},
    domain::{CycleChange, Interval, PlanBody, ScheduleLimits},
    store::{due, plan},
    web::{
        Shared,
        ask::{Body, Key},
        auth::Signed,
        error::{Problem, Result},
    },
};

pub(super) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(templates))
        .routes(routes!(versions, put_template))
        .routes(routes!(preview))
        .routes(routes!(rules, put_rules))
        .routes(routes!(of_person))
        .routes(routes!(change_cycle))
        .routes(routes!(choose_template))
        .routes(routes!(stop))
        .routes(routes!(board))
}

#[derive(Serialize, ToSchema)]
struct TemplateView {
    code: String,
    version: i32,
    name: String,
    department_id: Option<Uuid>,
    /// 常规 `routine`, 专科 `specialty`, 专病 `disease`.
    kind: String,
    /// Schedule, dialplan and channel.
    #[schema(value_type = Object)]
    body: Value,
    created_at: DateTime<Utc>,
    created_by: String,
}

fn template_view(row: plan::Template) -> TemplateView {
    TemplateView {
        code: row.code,
        version: row.version,
        name: row.name,
        department_id: row.department_id,
        kind: row.kind,
        body: row.body,
        created_at: row.created_at,
        created_by: row.created_by,
    }
}

#[utoipa::path(get, path = "/api/plan-templates", tag = "plans",
    responses((status = 200, body = [TemplateView])))]
async fn templates(State(site): State<Shared>, signed: Signed) -> Result<Json<Vec<TemplateView>>> {
    let mut scope = signed.scope(&site).await?;
    let rows = plan::templates(&mut scope).await?;
    Ok(Json(rows.into_iter().map(template_view).collect()))
}

/// Every version, the newest first: an old plan shows by which it was made.
#[utoipa::path(get, path = "/api/plan-templates/{code}", tag = "plans",
    params(("code" = String, Path)), responses((status = 200, body = [TemplateView])))]
async fn versions(
    State(site): State<Shared>,
    signed: Signed,
    code: Result<Path<String>, PathRejection>,
) -> Result<Json<Vec<TemplateView>>> {
    let mut scope = signed.scope(&site).await?;
    let rows = plan::template_versions(&mut scope, &code?.0).await?;
    if rows.is_empty() {
        return Err(Problem::not_found("plan template"));
    }
    Ok(Json(rows.into_iter().map(template_view).collect()))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PutTemplate {
    name: String,
    kind: String,
    department_id: Option<Uuid>,
    #[schema(value_type = Object)]
    body: Value,
}

#[utoipa::path(put, path = "/api/plan-templates/{code}", tag = "plans",
    params(("code" = String, Path)), request_body = PutTemplate,
    responses((status = 200, body = TemplateView)))]
async fn put_template(
    State(site): State<Shared>,
    signed: Signed,
    code: Result<Path<String>, PathRejection>,
    Body(ask): Body<PutTemplate>,
) -> Result<Json<TemplateView>> {
    signed.may("plans")?;
    let core = &site.core;
    let new = NewTemplate {
        code: code?.0,
        name: ask.name,
        kind: ask.kind,
        department: ask.department_id,
        body: body_of(ask.body)?,
    };
    let by = &signed.0.principal;
    let made = core.app.put_template(by, &new, core.clock.wall()).await?;
    Ok(Json(template_view(made)))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PreviewAsk {
    #[schema(value_type = Object)]
    body: Value,
    /// The discharge that the dates are counted from.
    from: NaiveDate,
}

#[derive(Serialize, ToSchema)]
struct DateView {
    /// 0 for the first; the page says 第 1 次.
    sequence: u16,
    on: NaiveDate,
}

#[derive(Serialize, ToSchema)]
#[schema(as = PlanPreviewView)]
struct PreviewView {
    dates: Vec<DateView>,
    /// The plan goes on beyond the dates that are shown.
    has_more: bool,
}

/// What a schedule means in dates; nothing is stored.
#[utoipa::path(post, path = "/api/plan-templates/preview", tag = "plans",
    request_body = PreviewAsk, responses((status = 200, body = PreviewView)))]
async fn preview(_: Signed, Body(ask): Body<PreviewAsk>) -> Result<Json<PreviewView>> {
    let body = body_of(ask.body)?;
    body.check(&ScheduleLimits::default()).map_err(|faults| {
        let told: Vec<_> = faults.iter().map(ToString::to_string).collect();
        Problem::invalid(told.join(";"))
    })?;
    let dues = body.schedule.due_dates(ask.from, &[], &body.changes);
    let has_more = dues.len() > PREVIEW_MAX;
    let dates = dues.into_iter().take(PREVIEW_MAX);
    let dates = dates.map(|due| DateView { sequence: due.sequence, on: due.on }).collect();
    Ok(Json(PreviewView { dates, has_more }))
}

fn body_of(body: Value) -> Result<PlanBody> {
    serde_json::from_value(body).map_err(|error| {
        Problem::invalid(format!("计划内容有误 / the plan cannot be read: {error}"))
    })
}

#[derive(Serialize, ToSchema)]
struct RulesView {
    version: i32,
    #[schema(value_type = [Object])]
    rules: Value,
    created_at: DateTime<Utc>,
    created_by: String,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PutRules {
    #[schema(value_type = [Object])]
    rules: Value,
}

fn rules_view(rules: plan::Rules) -> RulesView {
    RulesView {
        version: rules.version,
        rules: rules.body,
        created_at: rules.created_at,
        created_by: rules.created_by,
    }
}

#[utoipa::path(get, path = "/api/plan-rules", tag = "plans",
    responses((status = 200, body = RulesView)))]
async fn rules(State(site): State<Shared>, signed: Signed) -> Result<Json<RulesView>> {
    let mut scope = signed.scope(&site).await?;
    let found = plan::rules(&mut scope).await?.ok_or_else(|| Problem::not_found("rules"))?;
    Ok(Json(rules_view(found)))
}

#[utoipa::path(put, path = "/api/plan-rules", tag = "plans", request_body = PutRules,
    responses((status = 200, body = RulesView)))]
async fn put_rules(
    State(site): State<Shared>,
    signed: Signed,
    Body(ask): Body<PutRules>,
) -> Result<Json<RulesView>> {
    signed.may("policies")?;
    let rules = serde_json::from_value(ask.rules).map_err(|error| {
        Problem::invalid(format!("规则有误 / the rules cannot be read: {error}"))
    })?;
    let core = &site.core;
    let by = &signed.0.principal;
    let made = core.app.put_plan_rules(by, rules, core.clock.wall()).await?;
    Ok(Json(rules_view(made)))
}

#[derive(Serialize, ToSchema)]
#[schema(as = PlanStepView)]
struct StepView {
    task_id: Uuid,
    sequence: i32,
    scheduled_on: Option<NaiveDate>,
    deadline_on: Option<NaiveDate>,
    state: String,
    why: Option<String>,
    done_on: Option<NaiveDate>,
    done_channel: Option<String>,
}

#[derive(Serialize, ToSchema)]
struct ChangeView {
    at: DateTime<Utc>,
    by: String,
    reason: String,
}

#[derive(Serialize, ToSchema)]
struct PlanView {
    plan_id: Uuid,
    admission_id: Option<Uuid>,
    template: String,
    template_version: i32,
    name: String,
    kind: String,
    anchor_on: NaiveDate,
    /// Why this plan was chosen, in words.
    reason: String,
    chosen_by: String,
    state: String,
    end_reason: Option<String>,
    ended_at: Option<DateTime<Utc>>,
    /// Tasks that are there.
    steps: Vec<StepView>,
    /// What the plan will ask later, as it stands now.
    dates: Vec<DateView>,
    changes: Vec<ChangeView>,
}

#[utoipa::path(get, path = "/api/patients/{id}/plans", tag = "plans",
    params(("id" = Uuid, Path)), responses((status = 200, body = [PlanView])))]
async fn of_person(
    State(site): State<Shared>,
    signed: Signed,
    Key(id): Key,
) -> Result<Json<Vec<PlanView>>> {
    let mut scope = signed.scope(&site).await?;
    let mut views = Vec::new();
    for row in plan::of_person(&mut scope, PersonId::from_uuid(id)).await? {
        let plan_id = PlanId::from_uuid(row.plan_id);
        let steps = plan::steps(&mut scope, plan_id).await?;
        let changes = plan::changes(&mut scope, plan_id).await?;
        views.push(plan_view(row, steps, changes)?);
    }
    Ok(Json(views))
}

fn plan_view(
    row: plan::Plan,
    steps: Vec<plan::StepRow>,
    changes: Vec<plan::PlanChange>,
) -> Result<PlanView> {
    let body = body_of(row.body)?;
    let last = steps.last().map_or(-1, |step| step.sequence);
    let dues = body.schedule.due_dates(row.anchor_on, &[], &body.changes);
    let dates = dues.into_iter().filter(|due| i32::from(due.sequence) > last).take(PREVIEW_MAX);
    let step = |step: plan::StepRow| StepView {
        task_id: step.task_id,
        sequence: step.sequence,
        scheduled_on: step.scheduled_on,
        deadline_on: step.deadline_on,
        state: step.state,
        why: step.why,
        done_on: step.done_on,
        done_channel: step.done_channel,
    };
    let change = |c: plan::PlanChange| ChangeView { at: c.at, by: c.by_whom, reason: c.reason };
    Ok(PlanView {
        plan_id: row.plan_id,
        admission_id: row.admission_id,
        template: row.template,
        template_version: row.template_version,
        name: row.template_name,
        kind: row.kind,
        anchor_on: row.anchor_on,
        reason: row.reason,
        chosen_by: row.chosen_by,
        state: row.state,
        end_reason: row.end_reason,
        ended_at: row.ended_at,
        dates: dates.map(|due| DateView { sequence: due.sequence, on: due.on }).collect(),
        steps: steps.into_iter().map(step).collect(),
        changes: changes.into_iter().map(change).collect(),
    })
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct CycleAsk {
    /// Exactly one of the two.
    days: Option<u16>,
    months: Option<u16>,
    reason: String,
}

#[derive(Serialize, ToSchema)]
struct MovedView {
    /// Open tasks that moved, came or went.
    tasks: u64,
}

/// Another rhythm for this patient only, from today on.
#[utoipa::path(post, path = "/api/plans/{id}/cycle", tag = "plans", params(("id" = Uuid, Path)),
    request_body = CycleAsk, responses((status = 200, body = MovedView)))]
async fn change_cycle(
    State(site): State<Shared>,
    signed: Signed,
    Key(id): Key,
    Body(ask): Body<CycleAsk>,
) -> Result<Json<MovedView>> {
    signed.may("plans")?;
    let every = match (ask.days, ask.months) {
        (Some(days @ 1..=3650), None) => Interval::Days(days),
        (None, Some(months @ 1..=120)) => Interval::Months(months),
        _ => {
            let what = "周期应为 1 到 3650 天或 1 到 120 个月 / 1 to 3650 days or 1 to 120 months";
            return Err(Problem::invalid(what));
        }
    };
    let edit = edit(&site, &signed, &ask.reason).await;
    let from = edit.calendar.local_date(edit.at);
    let change = CycleChange { from, every };
    let tasks = site.core.app.change_cycle(&edit, PlanId::from_uuid(id), change).await?;
    Ok(Json(MovedView { tasks }))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ChooseAsk {
    template: String,
    reason: String,
}

#[derive(Serialize, ToSchema)]
struct ChosenView {
    plan_id: Uuid,
}

/// A person chooses another template than the rules did.
#[utoipa::path(post, path = "/api/plans/{id}/template", tag = "plans", params(("id" = Uuid, Path)),
    request_body = ChooseAsk, responses((status = 200, body = ChosenView)))]
async fn choose_template(
    State(site): State<Shared>,
    signed: Signed,
    Key(id): Key,
    Body(ask): Body<ChooseAsk>,
) -> Result<Json<ChosenView>> {
    signed.may("plans")?;
    let edit = edit(&site, &signed, &ask.reason).await;
    let made = site.core.app.choose_template(&edit, PlanId::from_uuid(id), &ask.template).await?;
    Ok(Json(ChosenView { plan_id: *made.as_uuid() }))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct StopAsk {
    reason: String,
}

/// Ends one plan with its open tasks.
#[utoipa::path(post, path = "/api/plans/{id}/stop", tag = "plans", params(("id" = Uuid, Path)),
    request_body = StopAsk, responses((status = 200, body = MovedView)))]
async fn stop(
    State(site): State<Shared>,
    signed: Signed,
    Key(id): Key,
    Body(ask): Body<StopAsk>,
) -> Result<Json<MovedView>> {
    signed.may("plans")?;
    let edit = edit(&site, &signed, &ask.reason).await;
    let tasks = site.core.app.stop_plan(&edit, PlanId::from_uuid(id)).await?;
    Ok(Json(MovedView { tasks }))
}

async fn edit<'a>(site: &Shared, signed: &'a Signed, reason: &'a str) -> PlanEdit<'a> {
    let calendar = site.core.dialler().await.calendar;
    PlanEdit { by: &signed.0.principal, reason, calendar, at: site.core.clock.wall() }
}

#[derive(Serialize, ToSchema)]
struct BoardView {
    template: String,
    department: Option<String>,
    ward: Option<String>,
    planned: i64,
    done: i64,
    open: i64,
    overdue: i64,
    /// 失访.
    lost: i64,
    ended: i64,
}

/// 计划执行: planned = done + open + overdue + lost + ended, by plan and ward.
#[utoipa::path(get, path = "/api/plan-board", tag = "plans",
    responses((status = 200, body = [BoardView])))]
async fn board(State(site): State<Shared>, signed: Signed) -> Result<Json<Vec<BoardView>>> {
    let zone = site.core.config().hospital.timezone;
    let today = site.core.clock.wall().with_timezone(&zone).date_naive();
    let mut scope = signed.scope(&site).await?;
    let view = |row: due::Board| BoardView {
        template: row.template,
        department: row.department,
        ward: row.ward,
        planned: row.planned,
        done: row.done,
        open: row.open,
        overdue: row.overdue,
        lost: row.lost,
        ended: row.ended,
    };
    Ok(Json(due::board(&mut scope, today).await?.into_iter().map(view).collect()))
}

/// Two years of weeks: more than anybody reads at once.
const PREVIEW_MAX: usize = 104;
