//! 危急提醒: what an answer says that somebody must act on, and what was done about it.

use axum::{Json, extract::State, http::StatusCode};
use chrono::{DateTime, NaiveDate, NaiveTime, TimeZone, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use crate::{
    app::{ALERT_POLICY, Taker},
    domain::AlertPolicy,
    store::{alert, duty_call, roster},
    web::{
        Shared,
        ask::{Body, Key, Terms, Window},
        auth::Signed,
        error::{Problem, Result},
        mask,
    },
};

pub(super) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(alerts))
        .routes(routes!(stats))
        .routes(routes!(one))
        .routes(routes!(acknowledge))
        .routes(routes!(in_hand))
        .routes(routes!(close))
        .routes(routes!(policy, put_policy))
}

#[derive(Serialize, ToSchema)]
pub(super) struct AlertView {
    alert_id: Uuid,
    call_id: Option<Uuid>,
    task_id: Option<Uuid>,
    person_id: Option<Uuid>,
    name: Option<String>,
    department: Option<String>,
    ward: Option<String>,
    link_id: String,
    /// The question as it stood.
    item_text: Option<String>,
    /// What was answered.
    answer: Option<String>,
    /// What the rule says to do.
    advice: Option<String>,
    /// `emergency`, `urgent` or `prompt`.
    level: String,
    /// A word of the alert's states.
    state: String,
    raised_at: DateTime<Utc>,
    due_at: DateTime<Utc>,
    overdue: bool,
    owner_staff_no: Option<String>,
    owner_name: Option<String>,
    acknowledged_at: Option<DateTime<Utc>>,
    acknowledged_by: Option<String>,
    escalations: i32,
    /// `nobody_on_duty`, `nobody_answered` or `number_not_allowed`: the duty phone is no help.
    alarm: Option<String>,
    action: Option<String>,
    outcome: Option<String>,
    closed_at: Option<DateTime<Utc>>,
    closed_by: Option<String>,
}

impl From<alert::Alert> for AlertView {
    fn from(row: alert::Alert) -> Self {
        Self {
            alert_id: row.alert_id,
            call_id: row.call_id,
            task_id: row.task_id,
            person_id: row.person_id,
            name: row.name,
            department: row.department,
            ward: row.ward,
            link_id: row.link_id,
            item_text: row.item_text,
            answer: row.answer.filter(|answer| !answer.is_empty()),
            advice: row.advice,
            level: row.level,
            state: row.state,
            raised_at: row.raised_at,
            due_at: row.due_at,
            overdue: row.overdue,
            owner_staff_no: row.owner_staff_no,
            owner_name: row.owner_name,
            acknowledged_at: row.acknowledged_at,
            acknowledged_by: row.acknowledged_by,
            escalations: row.escalations,
            alarm: row.alarm,
            action: row.action,
            outcome: row.outcome,
            closed_at: row.closed_at,
            closed_by: row.closed_by,
        }
    }
}

#[derive(Default, Deserialize, utoipa::IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
struct AlertTerms {
    /// Absent: those that are not closed.
    open: Option<bool>,
    /// Closed ones too.
    all: bool,
    overdue: Option<bool>,
    level: Option<String>,
    state: Option<String>,
    /// A staff number.
    owner: Option<String>,
}

/// Open ones first, the first due first.
#[utoipa::path(get, path = "/api/alerts", tag = "alerts", params(AlertTerms, Window),
    responses((status = 200, body = [AlertView])))]
async fn alerts(
    State(site): State<Shared>,
    signed: Signed,
    Terms(terms): Terms<AlertTerms>,
    Terms(window): Terms<Window>,
) -> Result<Json<Vec<AlertView>>> {
    let mut scope = signed.scope(&site).await?;
    let named = terms.state.is_some();
    let filter = alert::Filter {
        open: terms.open.or((!terms.all && !named).then_some(true)),
        overdue: terms.overdue,
        level: terms.level.as_deref(),
        state: terms.state.as_deref(),
        owner: terms.owner.as_deref(),
        ..alert::Filter::default()
    };
    let (at, pages) = (site.core.clock.wall(), (window.limit(), window.offset()));
    let rows = alert::list(&mut scope, &filter, at, pages).await?;
    Ok(Json(rows.into_iter().map(AlertView::from).collect()))
}

#[derive(Serialize, ToSchema)]
struct AlertStepView {
    at: DateTime<Utc>,
    by: String,
    did: String,
    note: Option<String>,
}

#[derive(Serialize, ToSchema)]
struct DutyCallView {
    rank: i16,
    staff_no: String,
    /// Masked.
    phone: String,
    call_id: Option<Uuid>,
    began_at: DateTime<Utc>,
    ended_at: Option<DateTime<Utc>>,
    outcome: Option<String>,
}

#[derive(Serialize, ToSchema)]
struct AlertDetailView {
    alert: AlertView,
    steps: Vec<AlertStepView>,
    duty_calls: Vec<DutyCallView>,
}

#[utoipa::path(get, path = "/api/alerts/{id}", tag = "alerts", params(("id" = Uuid, Path)),
    responses((status = 200, body = AlertDetailView)))]
async fn one(
    State(site): State<Shared>,
    signed: Signed,
    Key(id): Key,
) -> Result<Json<AlertDetailView>> {
    let mut scope = signed.scope(&site).await?;
    let filter = alert::Filter { alert: Some(id), ..alert::Filter::default() };
    let found = alert::list(&mut scope, &filter, site.core.clock.wall(), (1, 0)).await?.pop();
    let alert = found.ok_or_else(|| Problem::not_found("alert"))?.into();
    let step = |row: alert::Step| AlertStepView {
        at: row.at,
        by: row.by_whom,
        did: row.did,
        note: row.note,
    };
    let steps = alert::steps(&mut scope, id).await?.into_iter().map(step).collect();
    let call = |row: duty_call::DutyCall| DutyCallView {
        rank: row.rank,
        staff_no: row.staff_no,
        phone: mask::number(&row.phone),
        call_id: row.call_id,
        began_at: row.began_at,
        ended_at: row.ended_at,
        outcome: row.outcome,
    };
    let duty_calls = duty_call::of_alert(&mut scope, id).await?.into_iter().map(call).collect();
    Ok(Json(AlertDetailView { alert, steps, duty_calls }))
}

#[utoipa::path(post, path = "/api/alerts/{id}/acknowledge", tag = "alerts",
    params(("id" = Uuid, Path)), responses((status = 204)))]
async fn acknowledge(
    State(site): State<Shared>,
    signed: Signed,
    Key(id): Key,
) -> Result<StatusCode> {
    let mut scope = signed.scope(&site).await?;
    let staff_no = roster::staff_no_of(&mut scope, &signed.0.login).await?;
    drop(scope);
    let taker = Taker { name: signed.0.display_name.clone(), staff_no };
    let core = &site.core;
    core.app.acknowledge_alert(&signed.0.principal, id, &taker, core.clock.wall()).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct InHandAsk {
    action: String,
}

#[utoipa::path(post, path = "/api/alerts/{id}/in-hand", tag = "alerts",
    params(("id" = Uuid, Path)), request_body = InHandAsk, responses((status = 204)))]
async fn in_hand(
    State(site): State<Shared>,
    signed: Signed,
    Key(id): Key,
    Body(ask): Body<InHandAsk>,
) -> Result<StatusCode> {
    let (core, by) = (&site.core, &signed.0.principal);
    core.app.take_alert_in_hand(by, id, &ask.action, core.clock.wall()).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = AlertCloseAsk)]
struct CloseAsk {
    #[serde(default)]
    outcome: String,
    action: Option<String>,
}

/// Not without an outcome.
#[utoipa::path(post, path = "/api/alerts/{id}/close", tag = "alerts",
    params(("id" = Uuid, Path)), request_body = CloseAsk, responses((status = 204)))]
async fn close(
    State(site): State<Shared>,
    signed: Signed,
    Key(id): Key,
    Body(ask): Body<CloseAsk>,
) -> Result<StatusCode> {
    let (core, by, action) = (&site.core, &signed.0.principal, ask.action.as_deref());
    core.app.close_alert(by, id, &ask.outcome, action, core.clock.wall()).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct StatsTerms {
    from: NaiveDate,
    to: NaiveDate,
}

#[derive(Serialize, ToSchema)]
struct AlertStatsView {
    /// `all`, or a level.
    level: String,
    raised: i64,
    closed: i64,
    acknowledged_in_time: i64,
    closed_in_time: i64,
    overdue: i64,
    escalated: i64,
    /// 危急提醒闭环率: closed of those raised in the period, in percent; absent: none was.
    closure_rate: Option<f64>,
}

/// By level, and all together. `from` and `to` are days, both included.
#[utoipa::path(get, path = "/api/alerts/stats", tag = "alerts", params(StatsTerms),
    responses((status = 200, body = [AlertStatsView])))]
async fn stats(
    State(site): State<Shared>,
    signed: Signed,
    Terms(terms): Terms<StatsTerms>,
) -> Result<Json<Vec<AlertStatsView>>> {
    let zone = site.core.config().hospital.timezone;
    let day = |day: NaiveDate| {
        let begin = zone.from_local_datetime(&day.and_time(NaiveTime::MIN)).earliest();
        begin.map(|begin| begin.with_timezone(&Utc))
    };
    let period = day(terms.from).zip(terms.to.succ_opt().and_then(day));
    let (from, to) = period.ok_or_else(|| Problem::invalid("日期不对 / not such a day"))?;
    let mut scope = signed.scope(&site).await?;
    let counts = alert::counts(&mut scope, from, to, site.core.clock.wall()).await?;
    let sum = |of: fn(&alert::Count) -> i64| counts.iter().map(of).sum();
    let all = alert::Count {
        level: "all".to_owned(),
        raised: sum(|c| c.raised),
        closed: sum(|c| c.closed),
        acknowledged_in_time: sum(|c| c.acknowledged_in_time),
        closed_in_time: sum(|c| c.closed_in_time),
        overdue: sum(|c| c.overdue),
        escalated: sum(|c| c.escalated),
    };
    Ok(Json(std::iter::once(all).chain(counts).map(stats_view).collect()))
}

fn stats_view(count: alert::Count) -> AlertStatsView {
    let rate = |part: i64| 100.0 * part as f64 / count.raised as f64;
    AlertStatsView {
        closure_rate: (count.raised > 0).then(|| rate(count.closed)),
        level: count.level,
        raised: count.raised,
        closed: count.closed,
        acknowledged_in_time: count.acknowledged_in_time,
        closed_in_time: count.closed_in_time,
        overdue: count.overdue,
        escalated: count.escalated,
    }
}

#[derive(Clone, Copy, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct AlertPolicyView {
    /// An emergency that nobody has acknowledged by then rings the duty phone.
    ring_after_s: u32,
    /// How long one phone may take to answer and confirm.
    ring_next_s: u32,
    ring_again_s: u32,
    escalate_every_min: u32,
    in_hand_min: u32,
}

#[utoipa::path(get, path = "/api/policies/alerts", tag = "policies",
    responses((status = 200, body = AlertPolicyView)))]
async fn policy(State(site): State<Shared>, _: Signed) -> Result<Json<AlertPolicyView>> {
    let stored = site.core.app.policy(ALERT_POLICY).await?;
    let policy: AlertPolicy =
        stored.and_then(|body| serde_json::from_value(body).ok()).unwrap_or_default();
    Ok(Json(AlertPolicyView {
        ring_after_s: policy.ring_after_s,
        ring_next_s: policy.ring_next_s,
        ring_again_s: policy.ring_again_s,
        escalate_every_min: policy.escalate_every_min,
        in_hand_min: policy.in_hand_min,
    }))
}

#[utoipa::path(put, path = "/api/policies/alerts", tag = "policies",
    request_body = AlertPolicyView, responses((status = 200, body = AlertPolicyView)))]
async fn put_policy(
    State(site): State<Shared>,
    signed: Signed,
    Body(ask): Body<AlertPolicyView>,
) -> Result<Json<AlertPolicyView>> {
    signed.may_set_policy()?;
    let policy = AlertPolicy {
        ring_after_s: ask.ring_after_s,
        ring_next_s: ask.ring_next_s,
        ring_again_s: ask.ring_again_s,
        escalate_every_min: ask.escalate_every_min,
        in_hand_min: ask.in_hand_min,
    };
    policy.check().map_err(Problem::invalid)?;
    let body = serde_json::to_value(policy).map_err(|error| Problem::fault(&error))?;
    let (core, by) = (&site.core, &signed.0.principal);
    core.app.put_policy(by, ALERT_POLICY, &body, core.clock.wall()).await?;
    Ok(Json(ask))
}
