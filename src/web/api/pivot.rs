//! 指标 × 维度: any indicator by any two dimensions, 知晓率 by ward, and targets beside what
//! was reached.

use axum::{
    Json,
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::statistics::{PeriodTerms, RateView, counted, rate};
use crate::{
    app::csv_table,
    stats::Proportion,
    store::{
        Scope, admission,
        indicator::{self, Share, Split},
        statistics,
    },
    web::{
        Shared,
        ask::Terms,
        auth::Signed,
        error::{Problem, Result},
    },
};

pub(super) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(pivot)).routes(routes!(awareness)).routes(routes!(targets))
}

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(default)]
#[derive(Default)]
#[into_params(parameter_in = Query)]
struct PivotTerms {
    /// `follow_up`, `on_time`, `contact`, `completion`, `valid_number`, `satisfaction`,
    /// `awareness`, `adherence` or `return_visit`.
    indicator: String,
    /// `department`, `ward`, `attending`, `disease`, `month` or `operator`.
    by: String,
    and: String,
    /// `csv` for a file.
    format: String,
}

#[derive(Serialize, ToSchema)]
struct PivotCellView {
    column: Option<String>,
    value: RateView,
    /// Of marks.
    mean: Option<f64>,
}

#[derive(Serialize, ToSchema)]
struct PivotRowView {
    row: Option<String>,
    cells: Vec<PivotCellView>,
    whole: RateView,
}

#[derive(Serialize, ToSchema)]
struct PivotView {
    indicator: String,
    /// What is counted, in words.
    definition: &'static str,
    columns: Vec<Option<String>>,
    rows: Vec<PivotRowView>,
    whole: RateView,
}

#[utoipa::path(get, path = "/api/statistics/pivot", tag = "statistics",
    params(PeriodTerms, PivotTerms), responses((status = 200, body = PivotView)))]
async fn pivot(
    State(site): State<Shared>,
    signed: Signed,
    Terms(period): Terms<PeriodTerms>,
    Terms(ask): Terms<PivotTerms>,
) -> Result<Response> {
    if [&ask.by, &ask.and].iter().any(|word| !DIMENSIONS.contains(&word.as_str())) {
        let what = format!("维度应为 {} / one of them", DIMENSIONS[1..].join(" "));
        return Err(Problem::invalid(what));
    }
    let found = INDICATORS.iter().find(|(word, _)| *word == ask.indicator);
    let (_, definition) = *found.ok_or_else(|| {
        let words: Vec<_> = INDICATORS.iter().map(|(word, _)| *word).collect();
        Problem::invalid(format!("指标应为 {} / one of them", words.join(" ")))
    })?;
    let mut scope = signed.scope(&site).await?;
    let shares = shares(&site, &mut scope, &period, &ask).await?;
    drop(scope);
    let view = table(&ask.indicator, definition, &shares);
    if ask.format != "csv" {
        return Ok(Json(view).into_response());
    }
    let (core, by) = (&site.core, &signed.0.principal);
    core.app.audit_access(by, "exported", "pivot", &ask.indicator, core.clock.wall()).await?;
    let name = "attachment; filename=\"pivot.csv\"";
    let head =
        [(header::CONTENT_TYPE, "text/csv; charset=utf-8"), (header::CONTENT_DISPOSITION, name)];
    Ok((head, csv(&view)).into_response())
}

async fn shares(
    site: &Shared,
    scope: &mut Scope,
    period: &PeriodTerms,
    ask: &PivotTerms,
) -> Result<Vec<Share>> {
    let zone = site.core.config().hospital.timezone;
    let split = Split { by: &ask.by, and: &ask.and, zone: zone.name() };
    let (from, to) = period.moments(site)?;
    let days = period.read()?;
    let codes = |codes: &[&str]| codes.iter().map(|code| (*code).to_owned()).collect::<Vec<_>>();
    let rows = match ask.indicator.as_str() {
        "satisfaction" => indicator::answers(scope, "", "sat", &[], split, from, to).await?,
        "awareness" => {
            indicator::answers(scope, "", "aware.", &codes(&["know"]), split, from, to).await?
        }
        "adherence" => {
            let good = codes(&["regular", "1"]);
            indicator::answers(scope, "", "med.adherence", &good, split, from, to).await?
        }
        "return_visit" => indicator::visits(scope, split, days.from, days.to).await?,
        word => {
            let cells = statistics::follow_up(scope, days, &ask.by, &ask.and).await?;
            cells.into_iter().map(|cell| of_cell(word, cell)).collect()
        }
    };
    Ok(rows)
}

fn of_cell(word: &str, cell: statistics::Cell) -> Share {
    let (part, whole) = match word {
        "contact" => (cell.answered, cell.dialled),
        "completion" => (cell.completed, cell.answered),
        "valid_number" => (cell.valid_number, cell.eligible),
        "on_time" => (cell.in_time, cell.completed),
        _ => (cell.in_time, cell.eligible),
    };
    Share { a: cell.a, b: cell.b, part: part.min(whole), whole, sum: 0.0 }
}

fn proportion<'a>(shares: impl Iterator<Item = &'a Share>) -> Proportion {
    let (part, whole) = shares.fold((0, 0), |(part, whole), share| {
        (part + counted(share.part), whole + counted(share.whole))
    });
    Proportion { part, whole }
}

fn table(indicator: &str, definition: &'static str, shares: &[Share]) -> PivotView {
    let mut columns: Vec<Option<String>> = shares.iter().map(|share| share.b.clone()).collect();
    columns.sort();
    columns.dedup();
    let rows = shares.chunk_by(|a, b| a.a == b.a).map(|of_row| PivotRowView {
        row: of_row[0].a.clone(),
        cells: of_row
            .iter()
            .map(|share| PivotCellView {
                column: share.b.clone(),
                value: rate(Proportion { part: counted(share.part), whole: counted(share.whole) }),
                mean: (share.sum > 0.0).then(|| share.sum / share.whole as f64),
            })
            .collect(),
        whole: rate(proportion(of_row.iter())),
    });
    PivotView {
        indicator: indicator.to_owned(),
        definition,
        columns,
        rows: rows.collect(),
        whole: rate(proportion(shares.iter())),
    }
}

/// A line a row, a column a value of the second dimension: `74.47 % (7447/10000)`.
fn csv(view: &PivotView) -> Vec<u8> {
    let name = |name: &Option<String>| name.clone().unwrap_or_else(|| "—".to_owned());
    let shown = |rate: &RateView| match &rate.percent {
        Some(percent) => format!("{percent} ({}/{})", rate.part, rate.whole),
        None => String::new(),
    };
    let mut header = vec![view.indicator.clone()];
    header.extend(view.columns.iter().map(name));
    header.push("合计".to_owned());
    let line = |row: &PivotRowView| {
        let cell = |column: &Option<String>| {
            let found = row.cells.iter().find(|cell| cell.column == *column);
            found.map_or_else(String::new, |cell| shown(&cell.value))
        };
        let mut cells = vec![name(&row.row)];
        cells.extend(view.columns.iter().map(cell));
        cells.push(shown(&row.whole));
        cells
    };
    csv_table(&header, view.rows.iter().map(line))
}

#[derive(Serialize, ToSchema)]
struct AwarenessView {
    ward: Option<String>,
    /// `aware.med`, `aware.recheck`, `aware.warning`.
    item: Option<String>,
    knows: RateView,
}

/// 知晓率 by ward and item: 知晓 of all who answered.
#[utoipa::path(get, path = "/api/statistics/awareness", tag = "statistics", params(PeriodTerms),
    responses((status = 200, body = [AwarenessView])))]
async fn awareness(
    State(site): State<Shared>,
    signed: Signed,
    Terms(period): Terms<PeriodTerms>,
) -> Result<Json<Vec<AwarenessView>>> {
    let (from, to) = period.moments(&site)?;
    let zone = site.core.config().hospital.timezone;
    let split = Split { by: "ward", and: "item", zone: zone.name() };
    let mut scope = signed.scope(&site).await?;
    let codes = ["know".to_owned()];
    let rows = indicator::answers(&mut scope, "", "aware.", &codes, split, from, to).await?;
    let view = |row: Share| AwarenessView {
        knows: rate(Proportion { part: counted(row.part), whole: counted(row.whole) }),
        ward: row.a,
        item: row.b,
    };
    Ok(Json(rows.into_iter().map(view).collect()))
}

#[derive(Serialize, ToSchema)]
struct TargetView {
    department_id: Uuid,
    department: String,
    /// Off: outside the scope of the policy.
    follows_up: bool,
    responsible: Option<String>,
    target_percent: f64,
    actual: RateView,
    /// Absent: nobody was discharged, or out of scope.
    reached: Option<bool>,
}

/// 目标与实际: the strict follow-up rate of each department beside its target (F076).
#[utoipa::path(get, path = "/api/statistics/targets", tag = "statistics", params(PeriodTerms),
    responses((status = 200, body = [TargetView])))]
async fn targets(
    State(site): State<Shared>,
    signed: Signed,
    Terms(period): Terms<PeriodTerms>,
) -> Result<Json<Vec<TargetView>>> {
    let mut scope = signed.scope(&site).await?;
    let cells = statistics::follow_up(&mut scope, period.read()?, "department", "").await?;
    let view = |row: admission::Department| {
        let cell = cells.iter().find(|cell| cell.a.as_ref() == Some(&row.name));
        let actual = cell.map_or(Proportion { part: 0, whole: 0 }, |cell| Proportion {
            part: counted(cell.in_time),
            whole: counted(cell.eligible),
        });
        let share = actual.part as f64 * 100.0 / actual.whole as f64;
        let is_judged = row.follows_up && actual.whole > 0;
        TargetView {
            department_id: row.department_id,
            department: row.name,
            follows_up: row.follows_up,
            responsible: row.responsible,
            target_percent: row.target_percent,
            actual: rate(actual),
            reached: is_judged.then_some(share >= row.target_percent),
        }
    };
    let mut all = admission::departments(&mut scope).await?;
    all.retain(|row| signed.sees(Some(row.department_id)));
    Ok(Json(all.into_iter().map(view).collect()))
}

const DIMENSIONS: [&str; 7] =
    ["", "department", "ward", "attending", "disease", "month", "operator"];

const INDICATORS: [(&str, &str); 9] = [
    ("follow_up", "分子:14 天内有效随访;分母:应随访的出院患者"),
    ("on_time", "分子:14 天内完成;分母:已完成的随访"),
    ("contact", "分子:接通;分母:已拨打"),
    ("completion", "分子:完成;分母:接通"),
    ("valid_number", "分子:有有效号码;分母:应随访的出院患者"),
    ("satisfaction", "分子:评 4 分或 5 分;分母:有评分的回答"),
    ("awareness", "分子:回答知晓;分母:回答了知晓度题目"),
    ("adherence", "分子:规律服药;分母:回答了服药题目"),
    ("return_visit", "分子:在约定日期前后规定天数内复诊;分母:医嘱复诊且未取消"),
];
