//! PDCA: the cause tree, the measures, and what the two periods say (F133).

use std::fmt::Write as _;

use axum::{
    Json,
    extract::{Path, State, rejection::PathRejection},
    http::StatusCode,
    response::{Html, IntoResponse, Response},
};
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::{
    due_print::escape,
    statistics::{CompareView, PeriodTerms, RateView, compared, counted},
};
use crate::{
    app::CAUSES_MAX,
    base::AnswerId,
    stats::{CauseBar, pareto},
    store::{
        admission,
        pdca::{self, Cause, Measure, Pdca},
        statistics,
    },
    web::{
        Shared,
        ask::{Body, Key, Terms, Window},
        auth::Signed,
        error::{Problem, Result},
    },
};

pub(super) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(find))
        .routes(routes!(print))
        .routes(routes!(add_cause))
        .routes(routes!(mark_root))
        .routes(routes!(add_measure))
        .routes(routes!(end_measure))
}

#[derive(Serialize, ToSchema)]
struct PdcaView {
    pdca_id: Uuid,
    title: String,
    department_id: Option<Uuid>,
    target_percent: f64,
    before_from: NaiveDate,
    before_to: NaiveDate,
    after_from: NaiveDate,
    after_to: NaiveDate,
    created_at: DateTime<Utc>,
    created_by: String,
}

fn view(row: Pdca) -> PdcaView {
    PdcaView {
        pdca_id: row.pdca_id,
        title: row.title,
        department_id: row.department_id,
        target_percent: row.target_percent,
        before_from: row.before_from,
        before_to: row.before_to,
        after_from: row.after_from,
        after_to: row.after_to,
        created_at: row.created_at,
        created_by: row.created_by,
    }
}

#[utoipa::path(get, path = "/api/pdca", tag = "pdca", params(Window),
    responses((status = 200, body = [PdcaView])))]
async fn list(
    State(site): State<Shared>,
    signed: Signed,
    Terms(window): Terms<Window>,
) -> Result<Json<Vec<PdcaView>>> {
    let mut scope = signed.scope(&site).await?;
    let rows = pdca::list(&mut scope, None, window.limit()).await?;
    Ok(Json(rows.into_iter().map(view).collect()))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PdcaAsk {
    title: String,
    department_id: Option<Uuid>,
    target_percent: f64,
    before_from: NaiveDate,
    before_to: NaiveDate,
    after_from: NaiveDate,
    after_to: NaiveDate,
}

#[utoipa::path(post, path = "/api/pdca", tag = "pdca", request_body = PdcaAsk,
    responses((status = 201, body = PdcaView)))]
async fn create(
    State(site): State<Shared>,
    signed: Signed,
    Body(ask): Body<PdcaAsk>,
) -> Result<Response> {
    if ask.title.trim().is_empty() || !(0.0..=100.0).contains(&ask.target_percent) {
        return Err(Problem::invalid("请写标题,目标 0 到 100 / a title, and a target of 0 to 100"));
    }
    let core = &site.core;
    let at = core.clock.wall();
    let new = Pdca {
        pdca_id: *AnswerId::new(at).as_uuid(),
        title: ask.title.trim().to_owned(),
        department_id: ask.department_id,
        target_percent: ask.target_percent,
        before_from: ask.before_from,
        before_to: ask.before_to,
        after_from: ask.after_from,
        after_to: ask.after_to,
        created_at: at,
        created_by: signed.0.principal.name().to_owned(),
    };
    core.app.create_pdca(&signed.0.principal, &new).await?;
    Ok((StatusCode::CREATED, Json(view(new))).into_response())
}

#[derive(Serialize, ToSchema)]
#[schema(as = PdcaCauseView)]
struct CauseView {
    cause_id: Uuid,
    /// Absent: a bone of its own.
    parent: Option<Uuid>,
    what: String,
    /// 根本原因.
    is_root: bool,
}

#[derive(Serialize, ToSchema)]
struct MeasureView {
    measure_id: Uuid,
    cause_id: Option<Uuid>,
    what: String,
    owner: String,
    due_on: NaiveDate,
    done_on: Option<NaiveDate>,
    effect: Option<String>,
    overdue: bool,
}

#[derive(Serialize, ToSchema)]
struct PdcaDetailView {
    pdca: PdcaView,
    causes: Vec<CauseView>,
    measures: Vec<MeasureView>,
    /// The strict follow-up rate before and after, with the interval of the difference.
    result: CompareView,
    /// After, against the target line.
    reached: Option<bool>,
}

#[utoipa::path(get, path = "/api/pdca/{id}", tag = "pdca", params(("id" = Uuid, Path)),
    responses((status = 200, body = PdcaDetailView)))]
async fn find(
    State(site): State<Shared>,
    signed: Signed,
    Key(id): Key,
) -> Result<Json<PdcaDetailView>> {
    Ok(Json(detail(&site, &signed, id).await?))
}

async fn detail(site: &Shared, signed: &Signed, id: Uuid) -> Result<PdcaDetailView> {
    let zone = site.core.config().hospital.timezone;
    let today = site.core.clock.wall().with_timezone(&zone).date_naive();
    let mut scope = signed.scope(site).await?;
    let row = pdca::list(&mut scope, Some(id), 1).await?.pop();
    let row = row.ok_or_else(|| Problem::not_found("pdca"))?;
    let causes = pdca::causes(&mut scope, id, CAUSES_MAX).await?;
    let measures = pdca::measures(&mut scope, id, CAUSES_MAX).await?;
    let departments = admission::departments(&mut scope).await?;
    let mut departments = departments.into_iter();
    let department = departments.find(|d| Some(d.department_id) == row.department_id);
    let department = department.map(|department| department.name);
    let before = PeriodTerms { from: row.before_from, to: row.before_to };
    let after = PeriodTerms { from: row.after_from, to: row.after_to };
    let (result, share) = compared(&mut scope, &before, &after, department.as_deref()).await?;
    let cause = |row: Cause| CauseView {
        cause_id: row.cause_id,
        parent: row.parent,
        what: row.what,
        is_root: row.is_root,
    };
    let measure = |row: Measure| MeasureView {
        overdue: row.done_on.is_none() && row.due_on < today,
        measure_id: row.measure_id,
        cause_id: row.cause_id,
        what: row.what,
        owner: row.owner,
        due_on: row.due_on,
        done_on: row.done_on,
        effect: row.effect,
    };
    Ok(PdcaDetailView {
        reached: share.map(|share| share * 100.0 >= row.target_percent),
        pdca: view(row),
        causes: causes.into_iter().map(cause).collect(),
        measures: measures.into_iter().map(measure).collect(),
        result,
    })
}

/// One page: the target, both periods, the causes as a tree with their roots, the Pareto of
/// why nobody was followed up, and the measures. Audited.
#[utoipa::path(get, path = "/api/pdca/{id}/print", tag = "pdca", params(("id" = Uuid, Path)),
    responses((status = 200, content_type = "text/html")))]
async fn print(State(site): State<Shared>, signed: Signed, Key(id): Key) -> Result<Html<String>> {
    let shown = detail(&site, &signed, id).await?;
    let core = &site.core;
    let (by, at) = (&signed.0.principal, core.clock.wall());
    core.app.audit_access(by, "printed", "pdca", &id.to_string(), at).await?;
    let mut scope = signed.scope(&site).await?;
    let before = PeriodTerms { from: shown.pdca.before_from, to: shown.pdca.before_to };
    let counts = statistics::causes(&mut scope, before.read()?).await?;
    let counts: Vec<_> = counts.into_iter().map(|row| (row.word, counted(row.count))).collect();
    let local = at.with_timezone(&core.config().hospital.timezone).format("%Y-%m-%d %H:%M");
    let foot = format!("打印 {} {local}", escape(&signed.0.display_name));
    Ok(Html(page(&shown, &pareto(&counts), &foot)))
}

fn page(shown: &PdcaDetailView, bars: &[CauseBar], foot: &str) -> String {
    let PdcaDetailView { pdca, result, .. } = shown;
    let share = |rate: &RateView| {
        let percent = rate.percent.clone().unwrap_or_else(|| "—".to_owned());
        format!("{percent}({}/{})", rate.part, rate.whole)
    };
    let points =
        |share: Option<f64>| share.map_or("—".to_owned(), |s| format!("{:.2}", s * 100.0));
    let mut page = format!(
        "<!doctype html><html lang=\"zh-CN\"><head><meta charset=\"utf-8\"><title>PDCA</title>\
         <style>{STYLE}</style></head><body><h1>PDCA:{}</h1><p>目标 {} % · 改善前 {} 至 {}:{} · \
         改善后 {} 至 {}:{} · 相差 {} 个百分点(95% 区间 {} 至 {}) · {}</p><h2>未随访原因(柏拉图)</h2><table>",
        escape(&pdca.title),
        pdca.target_percent,
        pdca.before_from,
        pdca.before_to,
        share(&result.before),
        pdca.after_from,
        pdca.after_to,
        share(&result.after),
        points(result.difference),
        points(result.low),
        points(result.high),
        match shown.reached {
            Some(true) => "达到目标",
            Some(false) => "未达到目标",
            None => "尚无数据",
        },
    );
    for bar in bars {
        let _ = write!(
            page,
            "<tr><td>{}</td><td>{}</td><td>{}</td><td>累计 {}</td></tr>",
            escape(&bar.cause),
            bar.count,
            bar.share.percent().unwrap_or_default(),
            bar.cumulative.percent().unwrap_or_default()
        );
    }
    page += "</table><h2>原因(鱼骨图)</h2>";
    branch(&mut page, &shown.causes, None, 0);
    page += "<h2>对策</h2><table><tr><th>对策</th><th>负责人</th><th>期限</th><th>完成</th><th>效果</th></tr>";
    for measure in &shown.measures {
        let _ = write!(
            page,
            "<tr><td>{}</td><td>{}</td><td>{}{}</td><td>{}</td><td>{}</td></tr>",
            escape(&measure.what),
            escape(&measure.owner),
            measure.due_on,
            if measure.overdue { " 逾期" } else { "" },
            measure.done_on.map_or_else(String::new, |day| day.to_string()),
            escape(measure.effect.as_deref().unwrap_or_default())
        );
    }
    let _ = write!(page, "</table><p class=\"by\">{foot}</p></body></html>");
    page
}

/// The causes below this one, as lists within lists.
fn branch(page: &mut String, causes: &[CauseView], parent: Option<Uuid>, depth: usize) {
    let below: Vec<_> = causes.iter().filter(|cause| cause.parent == parent).collect();
    if below.is_empty() || depth > DEPTH_MAX {
        return;
    }
    *page += "<ul>";
    for cause in below {
        let root = if cause.is_root { " <b>★ 根本原因</b>" } else { "" };
        let _ = write!(page, "<li>{}{root}", escape(&cause.what));
        branch(page, causes, Some(cause.cause_id), depth + 1);
        *page += "</li>";
    }
    *page += "</ul>";
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct CauseAsk {
    parent: Option<Uuid>,
    what: String,
    #[serde(default)]
    is_root: bool,
}

#[derive(Serialize, ToSchema)]
struct AddedView {
    id: Uuid,
}

#[utoipa::path(post, path = "/api/pdca/{id}/causes", tag = "pdca", params(("id" = Uuid, Path)),
    request_body = CauseAsk, responses((status = 201, body = AddedView)))]
async fn add_cause(
    State(site): State<Shared>,
    signed: Signed,
    Key(id): Key,
    Body(ask): Body<CauseAsk>,
) -> Result<Response> {
    let what = text(&ask.what)?;
    let (core, by) = (&site.core, &signed.0.principal);
    let at = core.clock.wall();
    let cause_id = *AnswerId::new(at).as_uuid();
    let cause = Cause { cause_id, parent: ask.parent, what, is_root: ask.is_root };
    core.app.add_cause(by, id, &cause, at).await?;
    Ok((StatusCode::CREATED, Json(AddedView { id: cause_id })).into_response())
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RootAsk {
    is_root: bool,
}

/// 根本原因, or not after all.
#[utoipa::path(put, path = "/api/pdca/{id}/causes/{cause}", tag = "pdca",
    params(("id" = Uuid, Path), ("cause" = Uuid, Path)), request_body = RootAsk,
    responses((status = 204)))]
async fn mark_root(
    State(site): State<Shared>,
    signed: Signed,
    path: Result<Path<(Uuid, Uuid)>, PathRejection>,
    Body(ask): Body<RootAsk>,
) -> Result<StatusCode> {
    let Path((id, cause)) = path?;
    let (core, by) = (&site.core, &signed.0.principal);
    core.app.mark_root_cause(by, id, cause, ask.is_root, core.clock.wall()).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct MeasureAsk {
    cause_id: Option<Uuid>,
    what: String,
    owner: String,
    due_on: NaiveDate,
}

#[utoipa::path(post, path = "/api/pdca/{id}/measures", tag = "pdca", params(("id" = Uuid, Path)),
    request_body = MeasureAsk, responses((status = 201, body = AddedView)))]
async fn add_measure(
    State(site): State<Shared>,
    signed: Signed,
    Key(id): Key,
    Body(ask): Body<MeasureAsk>,
) -> Result<Response> {
    let (core, by) = (&site.core, &signed.0.principal);
    let at = core.clock.wall();
    let measure = Measure {
        measure_id: *AnswerId::new(at).as_uuid(),
        cause_id: ask.cause_id,
        what: text(&ask.what)?,
        owner: text(&ask.owner)?,
        due_on: ask.due_on,
        done_on: None,
        effect: None,
    };
    core.app.add_measure(by, id, &measure, at).await?;
    Ok((StatusCode::CREATED, Json(AddedView { id: measure.measure_id })).into_response())
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct EffectAsk {
    done_on: NaiveDate,
    /// What came of it.
    effect: String,
}

#[utoipa::path(put, path = "/api/pdca/{id}/measures/{measure}", tag = "pdca",
    params(("id" = Uuid, Path), ("measure" = Uuid, Path)), request_body = EffectAsk,
    responses((status = 204)))]
async fn end_measure(
    State(site): State<Shared>,
    signed: Signed,
    path: Result<Path<(Uuid, Uuid)>, PathRejection>,
    Body(ask): Body<EffectAsk>,
) -> Result<StatusCode> {
    let Path((id, measure)) = path?;
    let (core, by) = (&site.core, &signed.0.principal);
    let effect = text(&ask.effect)?;
    core.app.end_measure(by, id, measure, ask.done_on, &effect, core.clock.wall()).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn text(text: &str) -> Result<String> {
    let text = text.trim();
    if text.is_empty() || text.chars().count() > TEXT_MAX {
        let what = format!("请填写,{TEXT_MAX} 字以内 / 1 to {TEXT_MAX} characters");
        return Err(Problem::invalid(what));
    }
    Ok(text.to_owned())
}

/// Bones of bones of bones; deeper is a new analysis.
const DEPTH_MAX: usize = 8;

const STYLE: &str = "@page{size:A4;margin:12mm}body{font:10pt sans-serif;color:#000;margin:0}\
    h1{font-size:14pt}h2{font-size:11pt;margin:3mm 0 1mm}table{width:100%;border-collapse:collapse}\
    th,td{border:1px solid #000;padding:1mm 2mm;text-align:left}ul{margin:0;padding-left:6mm}\
    .by{text-align:right}";

/// It stands on one printed page.
const TEXT_MAX: usize = 300;
