//! 统计报表: figures with their definitions, and the lists behind them.

use axum::{Json, extract::State};
use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use crate::{
    domain::Outcome,
    stats::{AaporCounts, FollowUpCounts, Proportion, RateKind, Waterfall, pareto},
    store::{
        Scope, rollup,
        statistics::{self, Cell, Period},
    },
    web::{
        Shared,
        ask::{Terms, Window, page},
        auth::Signed,
        error::{Problem, Result},
    },
};

pub(super) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(follow_up))
        .routes(routes!(cases))
        .routes(routes!(causes))
        .routes(routes!(aapor))
        .routes(routes!(compare))
}

#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct PeriodTerms {
    pub(super) from: NaiveDate,
    pub(super) to: NaiveDate,
}

impl PeriodTerms {
    pub(super) fn read(&self) -> Result<Period> {
        let days = (self.to - self.from).num_days();
        if !(0..=PERIOD_MAX_DAYS).contains(&days) {
            let what = "起止日期有误,最长十年 / from must not be after to; ten years at most";
            return Err(Problem::invalid(what));
        }
        Ok(Period { from: self.from, to: self.to })
    }

    /// The same days as moments where the hospital stands.
    pub(super) fn moments(&self, site: &Shared) -> Result<(DateTime<Utc>, DateTime<Utc>)> {
        let Period { from, to } = self.read()?;
        let zone = site.core.config().hospital.timezone;
        let start = |day: NaiveDate| {
            let local = day.and_time(NaiveTime::MIN).and_local_timezone(zone).earliest();
            local.map_or_else(|| day.and_time(NaiveTime::MIN).and_utc(), |local| local.to_utc())
        };
        Ok((start(from), start(to + chrono::Duration::days(1))))
    }
}

/// A share with its parts, as it is shown, and its 95 % interval.
#[derive(Serialize, ToSchema)]
pub(super) struct RateView {
    pub(super) part: u64,
    pub(super) whole: u64,
    /// `74.47 %`; absent where the whole is nothing.
    pub(super) percent: Option<String>,
    low: Option<f64>,
    high: Option<f64>,
}

pub(super) fn rate(proportion: Proportion) -> RateView {
    let span = proportion.wilson_95();
    RateView {
        part: proportion.part,
        whole: proportion.whole,
        percent: proportion.percent(),
        low: span.map(|span| span.low),
        high: span.map(|span| span.high),
    }
}

#[derive(Serialize, ToSchema)]
struct DefinitionView {
    rate: &'static str,
    zh: &'static str,
    part: &'static str,
    whole: &'static str,
}

fn definitions() -> Vec<DefinitionView> {
    let view = |kind: RateKind| {
        let told = kind.definition();
        DefinitionView { rate: word(kind), zh: told.zh, part: told.part, whole: told.whole }
    };
    RateKind::ALL.into_iter().map(view).collect()
}

const fn word(kind: RateKind) -> &'static str {
    match kind {
        RateKind::FollowUpStrict => "strict",
        RateKind::FollowUpLenient => "lenient",
        RateKind::OnTime => "on_time",
        RateKind::Contact => "contact",
        RateKind::Completion => "completion",
        RateKind::ValidNumber => "valid_number",
        RateKind::Rr1 => "rr1",
        RateKind::Con1 => "con1",
        RateKind::Coop1 => "coop1",
    }
}

#[derive(Serialize, ToSchema)]
struct StepView {
    stage: &'static str,
    count: u64,
    lost: u64,
    of_previous: Option<String>,
}

#[derive(Serialize, ToSchema)]
struct CellView {
    a: Option<String>,
    b: Option<String>,
    strict: RateView,
    lenient: RateView,
    on_time: RateView,
    contact: RateView,
    completion: RateView,
    valid_number: RateView,
    with_evidence: i64,
    late_entries: i64,
    waterfall: Vec<StepView>,
}

#[derive(Serialize, ToSchema)]
struct FollowUpView {
    as_of: DateTime<Utc>,
    /// When the roll-ups were last written.
    rolled_at: Option<DateTime<Utc>>,
    /// Days of the period that have changed since and were counted anew.
    cases_counted_anew: i64,
    definitions: Vec<DefinitionView>,
    whole: CellView,
    cells: Vec<CellView>,
}

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(default)]
#[derive(Default)]
#[into_params(parameter_in = Query)]
struct SplitTerms {
    /// `department`, `ward`, `attending`, `disease`, `month`, `evidence` or `operator`.
    by: String,
    and: String,
}

pub(super) fn counted(n: i64) -> u64 {
    u64::try_from(n).unwrap_or_default()
}

fn cell_view(cell: &Cell) -> Result<CellView> {
    let counts = FollowUpCounts {
        eligible: counted(cell.eligible),
        with_usable_number: counted(cell.valid_number),
        dialled: counted(cell.dialled),
        reached: counted(cell.answered),
        completed: counted(cell.completed),
        partial: counted(cell.partial),
        completed_in_time: counted(cell.in_time),
    };
    let stages = [
        cell.discharged,
        cell.eligible,
        cell.has_number,
        cell.valid_number,
        cell.answered,
        cell.right_person,
        cell.completed,
        cell.in_time,
    ];
    let waterfall = Waterfall::new(stages.map(counted)).map_err(|fault| Problem::fault(&fault))?;
    let steps = waterfall.steps.iter().map(|step| StepView {
        stage: step.stage.zh(),
        count: step.count,
        lost: step.lost,
        of_previous: step.of_previous.percent(),
    });
    Ok(CellView {
        a: cell.a.clone(),
        b: cell.b.clone(),
        strict: rate(counts.follow_up_strict()),
        lenient: rate(counts.follow_up_lenient()),
        on_time: rate(counts.on_time()),
        contact: rate(counts.contact()),
        completion: rate(counts.completion()),
        valid_number: rate(counts.valid_number()),
        with_evidence: cell.with_evidence,
        late_entries: cell.late_entries,
        waterfall: steps.collect(),
    })
}

fn sum(cells: &[Cell]) -> Cell {
    let mut whole = Cell::default();
    for cell in cells {
        whole.discharged += cell.discharged;
        whole.eligible += cell.eligible;
        whole.has_number += cell.has_number;
        whole.valid_number += cell.valid_number;
        whole.dialled += cell.dialled;
        whole.answered += cell.answered;
        whole.right_person += cell.right_person;
        whole.completed += cell.completed;
        whole.partial += cell.partial;
        whole.in_time += cell.in_time;
        whole.with_evidence += cell.with_evidence;
        whole.late_entries += cell.late_entries;
    }
    whole
}

const SPLITS: [&str; 8] =
    ["", "department", "ward", "attending", "disease", "month", "evidence", "operator"];

/// 随访率 of the discharges of a period, by any two dimensions, with the waterfall of each.
#[utoipa::path(get, path = "/api/statistics/follow-up", tag = "statistics",
    params(PeriodTerms, SplitTerms), responses((status = 200, body = FollowUpView)))]
async fn follow_up(
    State(site): State<Shared>,
    signed: Signed,
    Terms(period): Terms<PeriodTerms>,
    Terms(split): Terms<SplitTerms>,
) -> Result<Json<FollowUpView>> {
    if [&split.by, &split.and].iter().any(|word| !SPLITS.contains(&word.as_str())) {
        let what = format!("维度应为 {} / one of them", SPLITS[1..].join(" "));
        return Err(Problem::invalid(what));
    }
    let mut scope = signed.scope(&site).await?;
    let period = period.read()?;
    let cells = statistics::follow_up(&mut scope, period, &split.by, &split.and).await?;
    let rolled = rollup::as_of(&mut scope, period.from, period.to).await?;
    Ok(Json(FollowUpView {
        rolled_at: rolled.rolled_at,
        cases_counted_anew: rolled.counted_anew,
        as_of: site.core.clock.wall(),
        definitions: definitions(),
        whole: cell_view(&sum(&cells))?,
        cells: cells.iter().map(cell_view).collect::<Result<_>>()?,
    }))
}

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(default)]
#[derive(Default)]
#[into_params(parameter_in = Query)]
struct CaseTerms {
    /// `done`, `not_done` or `eligible`.
    which: String,
    department: Option<String>,
}

#[derive(Serialize, ToSchema)]
struct CaseView {
    admission_id: Uuid,
    person_id: Uuid,
    name: String,
    admission_no: String,
    department: String,
    ward: Option<String>,
    discharged_on: Option<NaiveDate>,
    state: Option<String>,
    last_outcome: Option<String>,
    done_on: Option<NaiveDate>,
}

#[derive(Serialize, ToSchema)]
struct CaseListView {
    items: Vec<CaseView>,
    has_more: bool,
}

/// The list behind the follow-up rate.
#[utoipa::path(get, path = "/api/statistics/cases", tag = "statistics",
    params(PeriodTerms, CaseTerms, Window), responses((status = 200, body = CaseListView)))]
async fn cases(
    State(site): State<Shared>,
    signed: Signed,
    Terms(period): Terms<PeriodTerms>,
    Terms(ask): Terms<CaseTerms>,
    Terms(window): Terms<Window>,
) -> Result<Json<CaseListView>> {
    if !["done", "not_done", "eligible"].contains(&ask.which.as_str()) {
        return Err(Problem::invalid("应为 done not_done eligible / one of them"));
    }
    let limit = window.limit();
    let mut scope = signed.scope(&site).await?;
    let (period, department) = (period.read()?, ask.department.as_deref());
    let rows =
        statistics::cases(&mut scope, period, &ask.which, department, limit + 1, window.offset())
            .await?;
    let (rows, has_more) = page(rows, limit);
    let view = |row: statistics::Case| CaseView {
        admission_id: row.admission_id,
        person_id: row.person_id,
        name: row.name,
        admission_no: row.admission_no,
        department: row.department,
        ward: row.ward,
        discharged_on: row.discharged_on,
        state: row.state,
        last_outcome: row.last_outcome,
        done_on: row.done_on,
    };
    Ok(Json(CaseListView { items: rows.into_iter().map(view).collect(), has_more }))
}

#[derive(Serialize, ToSchema)]
struct CauseView {
    cause: String,
    count: u64,
    share: Option<String>,
    cumulative: Option<String>,
}

/// 为什么没随访到: Pareto of the causes, the most frequent first.
#[utoipa::path(get, path = "/api/statistics/causes", tag = "statistics", params(PeriodTerms),
    responses((status = 200, body = [CauseView])))]
async fn causes(
    State(site): State<Shared>,
    signed: Signed,
    Terms(period): Terms<PeriodTerms>,
) -> Result<Json<Vec<CauseView>>> {
    let mut scope = signed.scope(&site).await?;
    let counts = statistics::causes(&mut scope, period.read()?).await?;
    let counts: Vec<_> =
        counts.into_iter().map(|count| (count.word, counted(count.count))).collect();
    let view = |bar: crate::stats::CauseBar| CauseView {
        share: bar.share.percent(),
        cumulative: bar.cumulative.percent(),
        cause: bar.cause,
        count: bar.count,
    };
    Ok(Json(pareto(&counts).into_iter().map(view).collect()))
}

#[derive(Serialize, ToSchema)]
struct AaporView {
    rr1: RateView,
    con1: RateView,
    coop1: RateView,
    outcomes: Vec<OutcomeView>,
}

#[derive(Serialize, ToSchema)]
struct OutcomeView {
    outcome: String,
    count: i64,
}

/// The survey rates over the follow-ups that were dialled in a period.
#[utoipa::path(get, path = "/api/statistics/aapor", tag = "statistics", params(PeriodTerms),
    responses((status = 200, body = AaporView)))]
async fn aapor(
    State(site): State<Shared>,
    signed: Signed,
    Terms(period): Terms<PeriodTerms>,
) -> Result<Json<AaporView>> {
    let (from, to) = period.moments(&site)?;
    let mut scope = signed.scope(&site).await?;
    let rows = statistics::outcomes(&mut scope, from, to).await?;
    let mut counts = AaporCounts::default();
    for row in &rows {
        let outcome: Outcome = row.word.parse().map_err(|fault: String| Problem::fault(&fault))?;
        counts.add(outcome, counted(row.count));
    }
    let view = |row: statistics::Count| OutcomeView { outcome: row.word, count: row.count };
    Ok(Json(AaporView {
        rr1: rate(counts.rr1()),
        con1: rate(counts.con1()),
        coop1: rate(counts.coop1()),
        outcomes: rows.into_iter().map(view).collect(),
    }))
}

#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct BeforeTerms {
    before_from: NaiveDate,
    before_to: NaiveDate,
}

#[derive(Serialize, ToSchema)]
pub(super) struct CompareView {
    pub(super) before: RateView,
    pub(super) after: RateView,
    /// After less before, with its 95 % interval (Newcombe).
    pub(super) difference: Option<f64>,
    pub(super) low: Option<f64>,
    pub(super) high: Option<f64>,
    significant: Option<bool>,
}

/// PDCA: the strict rate of two periods and what lies between them (F133).
#[utoipa::path(get, path = "/api/statistics/compare", tag = "statistics",
    params(PeriodTerms, BeforeTerms), responses((status = 200, body = CompareView)))]
async fn compare(
    State(site): State<Shared>,
    signed: Signed,
    Terms(period): Terms<PeriodTerms>,
    Terms(before): Terms<BeforeTerms>,
) -> Result<Json<CompareView>> {
    let mut scope = signed.scope(&site).await?;
    let before = PeriodTerms { from: before.before_from, to: before.before_to };
    Ok(Json(compared(&mut scope, &before, &period, None).await?.0))
}

/// The strict rate of two periods, of one department or of all; and the later share alone.
pub(super) async fn compared(
    scope: &mut Scope,
    before: &PeriodTerms,
    after: &PeriodTerms,
    department: Option<&str>,
) -> Result<(CompareView, Option<f64>)> {
    let mut strict = Vec::with_capacity(2);
    for period in [before.read()?, after.read()?] {
        let mut cells = statistics::follow_up(scope, period, "department", "").await?;
        cells.retain(|cell| department.is_none_or(|name| cell.a.as_deref() == Some(name)));
        let whole = sum(&cells);
        strict.push(Proportion { part: counted(whole.in_time), whole: counted(whole.eligible) });
    }
    let difference = strict[1].since(strict[0]);
    let share = (strict[1].whole > 0).then(|| strict[1].part as f64 / strict[1].whole as f64);
    let view = CompareView {
        before: rate(strict[0]),
        after: rate(strict[1]),
        difference: difference.map(|difference| difference.by),
        low: difference.map(|difference| difference.span.low),
        high: difference.map(|difference| difference.span.high),
        significant: difference.map(|difference| difference.is_significant()),
    };
    Ok((view, share))
}

const PERIOD_MAX_DAYS: i64 = 3660;
