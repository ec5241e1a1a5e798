//! Further reports: workload, marks, symptoms, survival, numbers that are bad, series that
//! look invented, reconciliation, and the research export.

use std::collections::BTreeMap;

use axum::{
    Json,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::statistics::{PeriodTerms, RateView, rate};
use crate::{
    stats::{
        Band, Entry, ImplausiblePolicy, Observation, Proportion, Suspicion, Workload, WorkloadCell,
        WorkloadReport, kaplan_meier, log_rank,
    },
    store::statistics,
    web::{
        Shared,
        ask::{Body, Terms},
        auth::Signed,
        error::{Problem, Result},
    },
};

pub(super) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(workload))
        .routes(routes!(satisfaction))
        .routes(routes!(symptoms))
        .routes(routes!(survival))
        .routes(routes!(implausible))
        .routes(routes!(bad_numbers))
        .routes(routes!(reconciliation, put_figure))
        .routes(routes!(export))
}

#[derive(Serialize, ToSchema)]
struct WorkView {
    name: String,
    calls: u64,
    talk_s: u64,
    completed: u64,
    partial: u64,
    mean_talk_s: Option<u64>,
}

#[derive(Serialize, ToSchema)]
struct WorkloadView {
    hospital: WorkView,
    departments: Vec<WorkView>,
    operators: Vec<WorkView>,
}

fn work(name: &str, load: &Workload) -> WorkView {
    WorkView {
        name: name.to_owned(),
        calls: load.calls,
        talk_s: load.talk_s,
        completed: load.completed,
        partial: load.partial,
        mean_talk_s: load.mean_talk_s(),
    }
}

fn counted(n: i64) -> u64 {
    u64::try_from(n).unwrap_or_default()
}

#[utoipa::path(get, path = "/api/statistics/workload", tag = "statistics", params(PeriodTerms),
    responses((status = 200, body = WorkloadView)))]
async fn workload(
    State(site): State<Shared>,
    signed: Signed,
    Terms(period): Terms<PeriodTerms>,
) -> Result<Json<WorkloadView>> {
    let (from, to) = period.moments(&site)?;
    let mut scope = signed.scope(&site).await?;
    let cell = |row: statistics::Work| WorkloadCell {
        department: row.department.unwrap_or_else(|| "—".to_owned()),
        operator: row.operator,
        workload: Workload {
            calls: counted(row.calls),
            talk_s: counted(row.talk_s),
            completed: counted(row.completed),
            partial: counted(row.partial),
        },
    };
    let rows = statistics::workload(&mut scope, period.read()?, from, to).await?;
    let report = WorkloadReport::of(&rows.into_iter().map(cell).collect::<Vec<_>>());
    let list = |map: &BTreeMap<String, Workload>| map.iter().map(|(n, w)| work(n, w)).collect();
    Ok(Json(WorkloadView {
        hospital: work("全院", &report.hospital),
        departments: list(&report.departments),
        operators: list(&report.operators),
    }))
}

#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct MarksTerms {
    questionnaire: String,
    /// `department`, `item` or `operator`.
    #[serde(default)]
    by: String,
}

#[derive(Serialize, ToSchema)]
struct MarksView {
    cell: Option<String>,
    n: i64,
    mean: Option<f64>,
    /// 满意率: 4 or 5 of those who were scored.
    top_box: RateView,
}

/// 满意度: mean, top box and n; "did not apply" is in none of them.
#[utoipa::path(get, path = "/api/statistics/satisfaction", tag = "statistics",
    params(PeriodTerms, MarksTerms), responses((status = 200, body = [MarksView])))]
async fn satisfaction(
    State(site): State<Shared>,
    signed: Signed,
    Terms(period): Terms<PeriodTerms>,
    Terms(ask): Terms<MarksTerms>,
) -> Result<Json<Vec<MarksView>>> {
    let (from, to) = period.moments(&site)?;
    let mut scope = signed.scope(&site).await?;
    let rows = statistics::marks(&mut scope, &ask.questionnaire, &ask.by, from, to).await?;
    let view = |row: statistics::Marks| MarksView {
        cell: row.cell,
        n: row.n,
        mean: (row.n > 0).then(|| row.sum / row.n as f64),
        top_box: rate(Proportion { part: counted(row.top), whole: counted(row.n) }),
    };
    Ok(Json(rows.into_iter().map(view).collect()))
}

#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct SymptomTerms {
    /// The beginning of the items' linkIds.
    #[serde(default = "symptoms_of_discharge")]
    prefix: String,
}

fn symptoms_of_discharge() -> String {
    "sym.".to_owned()
}

#[derive(Serialize, ToSchema)]
struct SymptomView {
    disease: Option<String>,
    /// 0 for the first follow-up.
    sequence: Option<i32>,
    link_id: String,
    item: String,
    code: String,
    label: Option<String>,
    frequency: RateView,
}

#[utoipa::path(get, path = "/api/statistics/symptoms", tag = "statistics",
    params(PeriodTerms, SymptomTerms), responses((status = 200, body = [SymptomView])))]
async fn symptoms(
    State(site): State<Shared>,
    signed: Signed,
    Terms(period): Terms<PeriodTerms>,
    Terms(ask): Terms<SymptomTerms>,
) -> Result<Json<Vec<SymptomView>>> {
    let (from, to) = period.moments(&site)?;
    let mut scope = signed.scope(&site).await?;
    let view = |row: statistics::Symptom| SymptomView {
        disease: row.disease,
        sequence: row.sequence,
        link_id: row.link_id,
        item: row.item_text,
        code: row.code,
        label: row.label,
        frequency: rate(Proportion { part: counted(row.count), whole: counted(row.asked) }),
    };
    let rows = statistics::symptoms(&mut scope, &ask.prefix, from, to).await?;
    Ok(Json(rows.into_iter().map(view).collect()))
}

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(default)]
#[derive(Default)]
#[into_params(parameter_in = Query)]
struct SurvivalTerms {
    /// `sex`, `department`, `operation`, or empty.
    by: String,
    /// The beginning of an ICD code.
    icd: String,
}

#[derive(Serialize, ToSchema)]
struct PointView {
    days: u32,
    at_risk: u64,
    events: u64,
    censored: u64,
    survival: f64,
    low: Option<f64>,
    high: Option<f64>,
}

#[derive(Serialize, ToSchema)]
struct CurveView {
    group: Option<String>,
    n: u64,
    events: u64,
    median: Option<f64>,
    points: Vec<PointView>,
}

#[derive(Serialize, ToSchema)]
struct LogRankView {
    chi_square: f64,
    degrees: usize,
    p: f64,
}

#[derive(Serialize, ToSchema)]
struct SurvivalView {
    curves: Vec<CurveView>,
    log_rank: Option<LogRankView>,
}

/// 生存率: Kaplan–Meier with log intervals, and the log-rank test between the groups.
#[utoipa::path(get, path = "/api/statistics/survival", tag = "statistics",
    params(PeriodTerms, SurvivalTerms), responses((status = 200, body = SurvivalView)))]
async fn survival(
    State(site): State<Shared>,
    signed: Signed,
    Terms(period): Terms<PeriodTerms>,
    Terms(ask): Terms<SurvivalTerms>,
) -> Result<Json<SurvivalView>> {
    let mut scope = signed.scope(&site).await?;
    let lives = statistics::lives(&mut scope, period.read()?, &ask.by, &ask.icd).await?;
    let mut groups: BTreeMap<Option<String>, Vec<Observation>> = BTreeMap::new();
    for life in lives {
        let group = u16::try_from(groups.len()).unwrap_or(u16::MAX);
        let of_group = groups.entry(life.cell).or_default();
        let group = of_group.first().map_or(group, |first| first.group);
        let days = u32::try_from(life.days).unwrap_or_default();
        of_group.push(Observation { days, event: life.died, group });
    }
    let curves = groups.iter().filter_map(|(group, lives)| curve(group.as_deref(), lives));
    let curves: Vec<_> = curves.collect();
    let all: Vec<_> = groups.into_values().flatten().collect();
    let test = log_rank(&all).ok();
    let test = test.map(|t| LogRankView { chi_square: t.chi_square, degrees: t.degrees, p: t.p });
    Ok(Json(SurvivalView { curves, log_rank: test }))
}

fn curve(group: Option<&str>, lives: &[Observation]) -> Option<CurveView> {
    let curve = kaplan_meier(lives).ok()?;
    let points = curve.points.iter().map(|point| {
        let span = curve.interval(point.days, Band::Log);
        PointView {
            days: point.days,
            at_risk: point.at_risk,
            events: point.events,
            censored: point.censored,
            survival: point.survival,
            low: span.map(|span| span.low),
            high: span.map(|span| span.high),
        }
    });
    Some(CurveView {
        group: group.map(str::to_owned),
        n: curve.n,
        events: curve.events,
        median: curve.median(),
        points: points.collect(),
    })
}

#[derive(Serialize, ToSchema)]
struct SuspicionView {
    operator: String,
    /// `many_within_minutes` or `identical_answers`.
    kind: &'static str,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
    tasks: Vec<String>,
}

/// Series of one person that are to be looked into; not a verdict.
#[utoipa::path(get, path = "/api/statistics/implausible", tag = "statistics", params(PeriodTerms),
    responses((status = 200, body = [SuspicionView])))]
async fn implausible(
    State(site): State<Shared>,
    signed: Signed,
    Terms(period): Terms<PeriodTerms>,
) -> Result<Json<Vec<SuspicionView>>> {
    let (from, to) = period.moments(&site)?;
    let mut scope = signed.scope(&site).await?;
    let rows = statistics::typed_entries(&mut scope, from, to).await?;
    let ids: Vec<String> = rows.iter().map(|row| row.task_id.to_string()).collect();
    let mut found = Vec::new();
    let mut at = 0;
    for of_one in rows.chunk_by(|a, b| a.operator == b.operator) {
        let entries: Vec<_> = of_one
            .iter()
            .zip(&ids[at..])
            .map(|(row, id)| Entry {
                id,
                entered_at: row.entered_at,
                answers: &row.answers,
                evidenced: row.evidenced,
            })
            .collect();
        at += of_one.len();
        for suspicion in ImplausiblePolicy::default().judge(&entries) {
            found.push(suspicion_view(&of_one[0].operator, suspicion));
        }
    }
    Ok(Json(found))
}

fn suspicion_view(operator: &str, suspicion: Suspicion) -> SuspicionView {
    let (kind, tasks, from, to) = match suspicion {
        Suspicion::ManyWithinMinutes { ids, from, to } => ("many_within_minutes", ids, from, to),
        Suspicion::IdenticalAnswers { ids, from, to } => ("identical_answers", ids, from, to),
    };
    SuspicionView { operator: operator.to_owned(), kind, from, to, tasks }
}

#[derive(Serialize, ToSchema)]
struct BadCellView {
    reason: String,
    source: String,
    ward: Option<String>,
    count: i64,
}

#[derive(Serialize, ToSchema)]
struct BadNumbersView {
    invalid: RateView,
    cells: Vec<BadCellView>,
}

/// 无效号码率: patients none of whose own numbers is good, by reason, source and ward.
#[utoipa::path(get, path = "/api/statistics/bad-numbers", tag = "statistics", params(PeriodTerms),
    responses((status = 200, body = BadNumbersView)))]
async fn bad_numbers(
    State(site): State<Shared>,
    signed: Signed,
    Terms(period): Terms<PeriodTerms>,
) -> Result<Json<BadNumbersView>> {
    let mut scope = signed.scope(&site).await?;
    let (rows, of) = statistics::bad_numbers(&mut scope, period.read()?).await?;
    let part = rows.iter().map(|row| counted(row.count)).sum();
    let view = |row: statistics::BadNumbers| BadCellView {
        reason: row.reason,
        source: row.source,
        ward: row.ward,
        count: row.count,
    };
    Ok(Json(BadNumbersView {
        invalid: rate(Proportion { part, whole: counted(of) }),
        cells: rows.into_iter().map(view).collect(),
    }))
}

#[derive(Serialize, ToSchema)]
struct ReconciledView {
    department: String,
    month: Option<NaiveDate>,
    ours: i64,
    /// The records office's figure; absent: not entered yet.
    theirs: Option<i32>,
    missing: Option<i64>,
}

#[utoipa::path(get, path = "/api/statistics/reconciliation", tag = "statistics",
    params(PeriodTerms), responses((status = 200, body = [ReconciledView])))]
async fn reconciliation(
    State(site): State<Shared>,
    signed: Signed,
    Terms(period): Terms<PeriodTerms>,
) -> Result<Json<Vec<ReconciledView>>> {
    let mut scope = signed.scope(&site).await?;
    let view = |row: statistics::Reconciled| ReconciledView {
        missing: row.theirs.map(|theirs| i64::from(theirs) - row.ours),
        department: row.department,
        month: row.month,
        ours: row.ours,
        theirs: row.theirs,
    };
    let rows = statistics::reconciliation(&mut scope, period.read()?).await?;
    Ok(Json(rows.into_iter().map(view).collect()))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct FigureAsk {
    department_id: Uuid,
    /// Any day of the month.
    month: NaiveDate,
    discharges: i32,
}

/// The records office's own count of a month.
#[utoipa::path(put, path = "/api/statistics/reconciliation", tag = "statistics",
    request_body = FigureAsk, responses((status = 204)))]
async fn put_figure(
    State(site): State<Shared>,
    signed: Signed,
    Body(ask): Body<FigureAsk>,
) -> Result<StatusCode> {
    if ask.discharges < 0 {
        return Err(Problem::invalid("出院人数不能小于 0 / not below 0"));
    }
    let core = &site.core;
    let (by, at) = (&signed.0.principal, core.clock.wall());
    core.app.put_figure(by, ask.department_id, ask.month, ask.discharges, at).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct ExportTerms {
    questionnaire: String,
    /// Without names, numbers and dates of birth; persons by a number of their own.
    #[serde(default)]
    deidentified: bool,
}

/// One line for each follow-up, coded and labelled columns; opens in R, SPSS and Excel.
#[utoipa::path(get, path = "/api/statistics/export", tag = "statistics",
    params(PeriodTerms, ExportTerms), responses((status = 200, content_type = "text/csv")))]
async fn export(
    State(site): State<Shared>,
    signed: Signed,
    Terms(period): Terms<PeriodTerms>,
    Terms(ask): Terms<ExportTerms>,
) -> Result<Response> {
    let core = &site.core;
    let library = core.library();
    let form = library.questionnaire(&ask.questionnaire);
    let form = form.ok_or_else(|| Problem::not_found("questionnaire"))?;
    let items: Vec<&str> = form.value.items.iter().map(|item| item.link_id.as_str()).collect();
    let (by, at) = (&signed.0.principal, core.clock.wall());
    // Audited before the first byte.
    core.app.audit_access(by, "exported", "research", &ask.questionnaire, at).await?;
    let mut scope = signed.scope(&site).await?;
    let period = period.read()?;
    let rows = statistics::export(&mut scope, &ask.questionnaire, period).await?;
    // Whoever may not see a value in clear takes none out of the house either.
    let deidentified = ask.deidentified || signed.may_see_clear().is_err();
    let bytes = super::research::table(&rows, &items, deidentified);
    let name = format!("attachment; filename=\"research-{}.csv\"", ask.questionnaire);
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()),
        (header::CONTENT_DISPOSITION, name),
    ];
    Ok((headers, bytes).into_response())
}
