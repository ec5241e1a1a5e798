//! 质检: templates, samples by a seed, and reviews.

use std::collections::BTreeMap;

use axum::{
    Json,
    extract::{Path, State, rejection::PathRejection},
    http::StatusCode,
};
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::statistics::PeriodTerms;
use crate::{
    app::QualityDraw,
    domain::QualityItem,
    store::quality,
    web::{
        Shared,
        ask::{Body, Key, Terms, Window, page},
        auth::Signed,
        error::{Problem, Result},
    },
};

pub(super) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(templates))
        .routes(routes!(put_template))
        .routes(routes!(draws, draw))
        .routes(routes!(reviews, open))
        .routes(routes!(find))
        .routes(routes!(score))
        .routes(routes!(summary))
}

#[derive(Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct QualityItemView {
    code: String,
    text: String,
    /// All of them make 100.
    weight: u32,
    /// The best mark.
    max: u32,
    /// 一票否决: no mark on it is no mark at all.
    #[serde(default)]
    fatal: bool,
}

#[derive(Serialize, ToSchema)]
struct QualityTemplateView {
    code: String,
    version: i32,
    name: String,
    #[schema(value_type = Vec<QualityItemView>)]
    items: Value,
    created_at: DateTime<Utc>,
    created_by: String,
}

#[utoipa::path(get, path = "/api/quality/templates", tag = "quality",
    responses((status = 200, body = [QualityTemplateView])))]
async fn templates(
    State(site): State<Shared>,
    signed: Signed,
) -> Result<Json<Vec<QualityTemplateView>>> {
    let mut scope = signed.scope(&site).await?;
    let view = |row: quality::Template| QualityTemplateView {
        code: row.code,
        version: row.version,
        name: row.name,
        items: row.items,
        created_at: row.created_at,
        created_by: row.created_by,
    };
    Ok(Json(quality::templates(&mut scope).await?.into_iter().map(view).collect()))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct QualityTemplateAsk {
    name: String,
    items: Vec<QualityItemView>,
}

#[derive(Serialize, ToSchema)]
struct QualityVersionView {
    version: i32,
}

/// The next version; what is under review keeps its own.
#[utoipa::path(put, path = "/api/quality/templates/{code}", tag = "quality",
    params(("code" = String, Path)), request_body = QualityTemplateAsk,
    responses((status = 200, body = QualityVersionView)))]
async fn put_template(
    State(site): State<Shared>,
    signed: Signed,
    code: Result<Path<String>, PathRejection>,
    Body(ask): Body<QualityTemplateAsk>,
) -> Result<Json<QualityVersionView>> {
    let Path(code) = code?;
    let item = |item: QualityItemView| QualityItem {
        code: item.code,
        text: item.text,
        weight: item.weight,
        max: item.max,
        fatal: item.fatal,
    };
    let items: Vec<_> = ask.items.into_iter().map(item).collect();
    let (core, by, named) = (&site.core, &signed.0.principal, (code.as_str(), ask.name.as_str()));
    let version = core.app.put_quality_template(by, named, &items, core.clock.wall()).await?;
    Ok(Json(QualityVersionView { version }))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct QualityDrawAsk {
    template: String,
    department_id: Option<Uuid>,
    from: NaiveDate,
    to: NaiveDate,
    /// The same seed over the same days draws the same recordings.
    seed: i64,
    count: i32,
}

#[derive(Serialize, ToSchema)]
struct QualityDrawnView {
    draw_id: Uuid,
    drawn: usize,
}

#[utoipa::path(post, path = "/api/quality/draws", tag = "quality", request_body = QualityDrawAsk,
    responses((status = 201, body = QualityDrawnView)))]
async fn draw(
    State(site): State<Shared>,
    signed: Signed,
    Body(ask): Body<QualityDrawAsk>,
) -> Result<(StatusCode, Json<QualityDrawnView>)> {
    let span = PeriodTerms { from: ask.from, to: ask.to }.moments(&site)?;
    let wanted = QualityDraw {
        template: &ask.template,
        department: ask.department_id,
        from_on: ask.from,
        to_on: ask.to,
        span,
        seed: ask.seed,
        wanted: ask.count,
    };
    let (core, by) = (&site.core, &signed.0.principal);
    let (draw_id, drawn) = core.app.draw_quality(by, &wanted, core.clock.wall()).await?;
    Ok((StatusCode::CREATED, Json(QualityDrawnView { draw_id, drawn })))
}

#[derive(Serialize, ToSchema)]
struct QualityDrawView {
    draw_id: Uuid,
    template: String,
    template_version: i32,
    department: Option<String>,
    from: NaiveDate,
    to: NaiveDate,
    seed: i64,
    wanted: i32,
    /// Recordings that it was drawn from.
    population: i32,
    drawn: i64,
    scored: i64,
    mean: Option<f64>,
    drawn_by: String,
    drawn_at: DateTime<Utc>,
}

#[utoipa::path(get, path = "/api/quality/draws", tag = "quality", params(Window),
    responses((status = 200, body = [QualityDrawView])))]
async fn draws(
    State(site): State<Shared>,
    signed: Signed,
    Terms(window): Terms<Window>,
) -> Result<Json<Vec<QualityDrawView>>> {
    let mut scope = signed.scope(&site).await?;
    let view = |row: quality::Draw| QualityDrawView {
        draw_id: row.draw_id,
        template: row.template,
        template_version: row.template_version,
        department: row.department,
        from: row.from_on,
        to: row.to_on,
        seed: row.seed,
        wanted: row.wanted,
        population: row.population,
        drawn: row.drawn,
        scored: row.scored,
        mean: row.mean,
        drawn_by: row.drawn_by,
        drawn_at: row.drawn_at,
    };
    let rows = quality::draws(&mut scope, window.limit(), window.offset()).await?;
    Ok(Json(rows.into_iter().map(view).collect()))
}

#[derive(Serialize, ToSchema)]
struct QualityReviewView {
    review_id: Uuid,
    recording_id: Uuid,
    call_id: Uuid,
    department: Option<String>,
    draw_id: Option<Uuid>,
    template: String,
    template_version: i32,
    /// Whose call it was: a login, or `ivr`.
    agent: String,
    opened_by: String,
    opened_at: DateTime<Utc>,
    #[schema(value_type = Option<Object>)]
    marks: Option<Value>,
    /// 0 to 100.
    total: Option<f64>,
    /// The item that failed the whole.
    failed_by: Option<String>,
    remark: Option<String>,
    reviewer: Option<String>,
    scored_at: Option<DateTime<Utc>>,
}

fn review(row: quality::Review) -> QualityReviewView {
    QualityReviewView {
        review_id: row.review_id,
        recording_id: row.recording_id,
        call_id: row.call_id,
        department: row.department,
        draw_id: row.draw_id,
        template: row.template,
        template_version: row.template_version,
        agent: row.agent,
        opened_by: row.opened_by,
        opened_at: row.opened_at,
        marks: row.scores,
        total: row.total,
        failed_by: row.failed_by,
        remark: row.remark,
        reviewer: row.reviewer,
        scored_at: row.scored_at,
    }
}

#[derive(Serialize, ToSchema)]
struct QualityReviewListView {
    items: Vec<QualityReviewView>,
    has_more: bool,
}

#[derive(Default, Deserialize, utoipa::IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
struct ReviewTerms {
    draw_id: Option<Uuid>,
    /// Those that nobody has scored.
    open: bool,
    reviewer: String,
    agent: String,
}

#[utoipa::path(get, path = "/api/quality/reviews", tag = "quality", params(ReviewTerms, Window),
    responses((status = 200, body = QualityReviewListView)))]
async fn reviews(
    State(site): State<Shared>,
    signed: Signed,
    Terms(ask): Terms<ReviewTerms>,
    Terms(window): Terms<Window>,
) -> Result<Json<QualityReviewListView>> {
    let limit = window.limit();
    let terms = quality::Terms {
        id: None,
        draw: ask.draw_id,
        open: ask.open,
        reviewer: ask.reviewer,
        agent: ask.agent,
        limit: limit + 1,
        offset: window.offset(),
    };
    let mut scope = signed.scope(&site).await?;
    let (rows, has_more) = page(quality::reviews(&mut scope, &terms).await?, limit);
    Ok(Json(QualityReviewListView { items: rows.into_iter().map(review).collect(), has_more }))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct QualityReviewAsk {
    recording_id: Uuid,
    template: String,
}

#[derive(Serialize, ToSchema)]
struct OpenedQualityReviewView {
    review_id: Uuid,
}

/// A recording that no sample has drawn.
#[utoipa::path(post, path = "/api/quality/reviews", tag = "quality", request_body = QualityReviewAsk,
    responses((status = 201, body = OpenedQualityReviewView)))]
async fn open(
    State(site): State<Shared>,
    signed: Signed,
    Body(ask): Body<QualityReviewAsk>,
) -> Result<(StatusCode, Json<OpenedQualityReviewView>)> {
    let (core, by, at) = (&site.core, &signed.0.principal, site.core.clock.wall());
    let opened = core.app.open_quality_review(by, ask.recording_id, &ask.template, at).await?;
    Ok((StatusCode::CREATED, Json(OpenedQualityReviewView { review_id: opened })))
}

#[utoipa::path(get, path = "/api/quality/reviews/{id}", tag = "quality",
    params(("id" = Uuid, Path)), responses((status = 200, body = QualityReviewView)))]
async fn find(
    State(site): State<Shared>,
    signed: Signed,
    Key(id): Key,
) -> Result<Json<QualityReviewView>> {
    let mut scope = signed.scope(&site).await?;
    let terms = quality::Terms { id: Some(id), limit: 1, ..quality::Terms::default() };
    let row = quality::reviews(&mut scope, &terms).await?.pop();
    row.map(review).map(Json).ok_or_else(|| Problem::not_found("review"))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct QualityScoreAsk {
    /// Item → mark; each item once.
    marks: BTreeMap<String, u32>,
    remark: Option<String>,
}

#[derive(Serialize, ToSchema)]
struct QualityScoredView {
    total: f64,
    failed_by: Option<String>,
}

/// Once, and not of an own call.
#[utoipa::path(post, path = "/api/quality/reviews/{id}/score", tag = "quality",
    params(("id" = Uuid, Path)), request_body = QualityScoreAsk,
    responses((status = 200, body = QualityScoredView)))]
async fn score(
    State(site): State<Shared>,
    signed: Signed,
    Key(id): Key,
    Body(ask): Body<QualityScoreAsk>,
) -> Result<Json<QualityScoredView>> {
    let (core, by, at) = (&site.core, &signed.0.principal, site.core.clock.wall());
    let remark = ask.remark.as_deref();
    let score = core.app.score_quality_review(by, id, &ask.marks, remark, at).await?;
    Ok(Json(QualityScoredView { total: score.total, failed_by: score.failed_by }))
}

#[derive(Serialize, ToSchema)]
struct QualitySumView {
    agent: String,
    reviewer: String,
    reviews: i64,
    mean: f64,
    /// By an item that may not fail.
    failed: i64,
}

/// Who scored whom.
#[utoipa::path(get, path = "/api/quality/summary", tag = "quality", params(PeriodTerms),
    responses((status = 200, body = [QualitySumView])))]
async fn summary(
    State(site): State<Shared>,
    signed: Signed,
    Terms(period): Terms<PeriodTerms>,
) -> Result<Json<Vec<QualitySumView>>> {
    let (from, to) = period.moments(&site)?;
    let mut scope = signed.scope(&site).await?;
    let view = |row: quality::Summed| QualitySumView {
        agent: row.agent,
        reviewer: row.reviewer,
        reviews: row.reviews,
        mean: row.mean,
        failed: row.failed,
    };
    Ok(Json(quality::summary(&mut scope, from, to).await?.into_iter().map(view).collect()))
}
