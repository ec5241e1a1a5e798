//! 任务分配 and 抽查回访: who does what, and what was checked.

use axum::{
    Json,
    extract::{Path, State, rejection::PathRejection},
    http::StatusCode,
};
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::statistics::{PeriodTerms, RateView, rate};
use crate::{
    app::SampleAsk,
    stats::{AnswerPair, Proportion, compare_items},
    store::{allocation, sample},
    web::{
        Shared,
        ask::{Body, Key, Terms, Window},
        auth::Signed,
        error::{Problem, Result},
    },
};

pub(super) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(loads, allocate))
        .routes(routes!(put_work))
        .routes(routes!(samples, draw))
        .routes(routes!(items))
        .routes(routes!(agreement))
}

#[derive(Serialize, ToSchema)]
struct LoadView {
    login: String,
    capacity: i32,
    open: i64,
    overdue: i64,
}

#[utoipa::path(get, path = "/api/allocation", tag = "allocation",
    responses((status = 200, body = [LoadView])))]
async fn loads(State(site): State<Shared>, signed: Signed) -> Result<Json<Vec<LoadView>>> {
    let zone = site.core.config().hospital.timezone;
    let today = site.core.clock.wall().with_timezone(&zone).date_naive();
    let mut scope = signed.scope(&site).await?;
    let view = |row: allocation::Load| LoadView {
        login: row.login,
        capacity: row.capacity,
        open: row.open,
        overdue: row.overdue,
    };
    Ok(Json(allocation::loads(&mut scope, today).await?.into_iter().map(view).collect()))
}

#[derive(Serialize, ToSchema)]
struct DealtView {
    given: usize,
    kept: usize,
    unallocated: usize,
}

/// Deals what is open by capacity; a task stays with a holder who is here.
#[utoipa::path(post, path = "/api/allocation", tag = "allocation",
    responses((status = 200, body = DealtView)))]
async fn allocate(State(site): State<Shared>, signed: Signed) -> Result<Json<DealtView>> {
    let core = &site.core;
    let calendar = core.dialler().await.calendar;
    let dealt = core.app.allocate(&signed.0.principal, &calendar, core.clock.wall()).await?;
    let (given, kept, unallocated) = (dealt.given, dealt.kept, dealt.unallocated);
    Ok(Json(DealtView { given, kept, unallocated }))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct WorkAsk {
    /// Relative to the others'; 0 takes nothing.
    capacity: i32,
    absent_from: Option<NaiveDate>,
    absent_to: Option<NaiveDate>,
    #[serde(default = "all_types")]
    task_types: Vec<String>,
}

fn all_types() -> Vec<String> {
    ["routine", "specialty", "disease"].map(str::to_owned).to_vec()
}

#[utoipa::path(put, path = "/api/users/{login}/work", tag = "allocation",
    params(("login" = String, Path)), request_body = WorkAsk, responses((status = 204)))]
async fn put_work(
    State(site): State<Shared>,
    signed: Signed,
    login: Result<Path<String>, PathRejection>,
    Body(ask): Body<WorkAsk>,
) -> Result<StatusCode> {
    signed.may("allocation")?;
    if !(0..=1000).contains(&ask.capacity) {
        return Err(Problem::invalid("工作量应在 0 到 1000 之间 / between 0 and 1000"));
    }
    let work = allocation::Work {
        capacity: ask.capacity,
        absent_from: ask.absent_from,
        absent_to: ask.absent_to,
        task_types: &ask.task_types,
    };
    let core = &site.core;
    core.app.put_work(&signed.0.principal, &login?.0, &work, core.clock.wall()).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Serialize, ToSchema)]
struct SampleView {
    sample_id: Uuid,
    level: i16,
    department: Option<String>,
    questionnaire: String,
    share_percent: f64,
    seed: i64,
    period_from: NaiveDate,
    period_to: NaiveDate,
    drawn_by: String,
    drawn_at: DateTime<Utc>,
    population: i32,
    items: i64,
    checked: i64,
}

#[utoipa::path(get, path = "/api/samples", tag = "samples", params(Window),
    responses((status = 200, body = [SampleView])))]
async fn samples(
    State(site): State<Shared>,
    signed: Signed,
    Terms(window): Terms<Window>,
) -> Result<Json<Vec<SampleView>>> {
    let mut scope = signed.scope(&site).await?;
    let view = |row: sample::Sample| SampleView {
        sample_id: row.sample_id,
        level: row.level,
        department: row.department,
        questionnaire: row.questionnaire,
        share_percent: row.share_percent,
        seed: row.seed,
        period_from: row.period_from,
        period_to: row.period_to,
        drawn_by: row.drawn_by,
        drawn_at: row.drawn_at,
        population: row.population,
        items: row.items,
        checked: row.checked,
    };
    let rows = sample::list(&mut scope, window.limit()).await?;
    Ok(Json(rows.into_iter().map(view).collect()))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct DrawAsk {
    /// 2: patients of a department are asked again. 3: the hospital checks departments.
    level: i16,
    department_id: Option<Uuid>,
    /// What is asked; the same form lets answers be compared item by item.
    questionnaire: String,
    share_percent: f64,
    /// The same seed draws the same follow-ups.
    seed: i64,
    from: NaiveDate,
    to: NaiveDate,
}

#[derive(Serialize, ToSchema)]
struct DrawnView {
    sample_id: Uuid,
    items: usize,
}

#[utoipa::path(post, path = "/api/samples", tag = "samples", request_body = DrawAsk,
    responses((status = 200, body = DrawnView)))]
async fn draw(
    State(site): State<Shared>,
    signed: Signed,
    Body(ask): Body<DrawAsk>,
) -> Result<Json<DrawnView>> {
    if !(2..=3).contains(&ask.level) || !(0.0..=100.0).contains(&ask.share_percent) {
        return Err(Problem::invalid("级别为 2 或 3,比例为 0 到 100 / level 2 or 3, 0 to 100 %"));
    }
    if ask.level == 2 && ask.department_id.is_none() {
        return Err(Problem::invalid("二级抽查请选择科室 / level 2 is of one department"));
    }
    let core = &site.core;
    if core.library().questionnaire(&ask.questionnaire).is_none() {
        return Err(Problem::not_found("questionnaire"));
    }
    let wanted = SampleAsk {
        level: ask.level,
        department: ask.department_id,
        questionnaire: &ask.questionnaire,
        share_percent: ask.share_percent.max(f64::MIN_POSITIVE),
        seed: ask.seed,
        from: ask.from,
        to: ask.to,
    };
    let by = &signed.0.principal;
    let (sample_id, items) = core.app.draw_sample(by, &wanted, core.clock.wall()).await?;
    Ok(Json(DrawnView { sample_id, items }))
}

#[derive(Serialize, ToSchema)]
struct SampleItemView {
    task_id: Uuid,
    check_task: Option<Uuid>,
    name: String,
    department: Option<String>,
    done_on: Option<NaiveDate>,
    done_by: Option<String>,
    state: Option<String>,
}

#[utoipa::path(get, path = "/api/samples/{id}", tag = "samples", params(("id" = Uuid, Path)),
    responses((status = 200, body = [SampleItemView])))]
async fn items(
    State(site): State<Shared>,
    signed: Signed,
    Key(id): Key,
) -> Result<Json<Vec<SampleItemView>>> {
    let mut scope = signed.scope(&site).await?;
    let view = |row: sample::Item| SampleItemView {
        task_id: row.task_id,
        check_task: row.check_task,
        name: row.name,
        department: row.department,
        done_on: row.done_on,
        done_by: row.done_by,
        state: row.state,
    };
    Ok(Json(sample::items(&mut scope, id).await?.into_iter().map(view).collect()))
}

#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct LevelTerms {
    level: i16,
}

#[derive(Serialize, ToSchema)]
struct ItemAgreementView {
    item: String,
    same: RateView,
    one_sided: u64,
    kappa: Option<f64>,
}

#[derive(Serialize, ToSchema)]
struct DepartmentAgreementView {
    department: Option<String>,
    /// 不一致率.
    differs: RateView,
}

#[derive(Serialize, ToSchema)]
struct AgreementView {
    items: Vec<ItemAgreementView>,
    departments: Vec<DepartmentAgreementView>,
}

/// 一致率: item by item with Cohen's κ, and how far each department differs.
#[utoipa::path(get, path = "/api/statistics/agreement", tag = "statistics",
    params(PeriodTerms, LevelTerms), responses((status = 200, body = AgreementView)))]
async fn agreement(
    State(site): State<Shared>,
    signed: Signed,
    Terms(period): Terms<PeriodTerms>,
    Terms(ask): Terms<LevelTerms>,
) -> Result<Json<AgreementView>> {
    let period = period.read()?;
    let mut scope = signed.scope(&site).await?;
    let rows = sample::pairs(&mut scope, ask.level, period.from, period.to).await?;
    let pair = |row: &'_ sample::Pair| (row.item.clone(), row.first.clone(), row.second.clone());
    let owned: Vec<_> = rows.iter().map(pair).collect();
    let pairs: Vec<_> = owned
        .iter()
        .map(|(item, a, b)| AnswerPair { item, first: a.as_deref(), second: b.as_deref() })
        .collect();
    let items = compare_items(&pairs).into_iter().map(|found| ItemAgreementView {
        item: found.item,
        same: rate(found.same),
        one_sided: found.one_sided,
        kappa: found.kappa.map(|kappa| kappa.value),
    });
    let departments = rows.chunk_by(|a, b| a.department == b.department).map(|of_one| {
        let both = || of_one.iter().filter(|row| row.first.is_some() && row.second.is_some());
        let differing = both().filter(|row| row.first != row.second).count();
        DepartmentAgreementView {
            department: of_one[0].department.clone(),
            differs: rate(Proportion { part: differing as u64, whole: both().count() as u64 }),
        }
    });
    Ok(Json(AgreementView { items: items.collect(), departments: departments.collect() }))
}
