//! 预约与提醒: what was agreed with patients, the notices that tell of it, 复诊率, and what a
//! doctor changes after a result.

use axum::{
    Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::statistics::{PeriodTerms, RateView, counted, rate};
use crate::{
    app::{AdjustmentAsk, AppointmentAsk, AppointmentEnd, NOTICE_POLICY, PlanEdit},
    base::{PersonId, TaskId},
    domain::NoticePolicy,
    stats::Proportion,
    store::appointment,
    web::{
        Shared,
        ask::{Body, Key, Terms, Window, page},
        auth::Signed,
        error::{Problem, Result},
    },
};

pub(super) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(list, make))
        .routes(routes!(end))
        .routes(routes!(visits))
        .routes(routes!(notice_policy, put_notice_policy))
        .routes(routes!(adjust))
        .routes(routes!(adjustments))
}

#[derive(Serialize, ToSchema)]
struct AppointmentView {
    appointment_id: Uuid,
    person_id: Uuid,
    name: String,
    department: Option<String>,
    ward: Option<String>,
    /// 复诊 `return_visit`, 入院 `admission`, 检查 `examination`.
    kind: String,
    planned_on: NaiveDate,
    window_days: i16,
    /// `planned`, `attended`, `missed` or `cancelled`.
    state: String,
    attended_on: Option<NaiveDate>,
    why: Option<String>,
    made_by: String,
    made_at: DateTime<Utc>,
    /// The state of its latest notice; absent: none was made.
    notice: Option<String>,
}

#[derive(Serialize, ToSchema)]
struct AppointmentListView {
    items: Vec<AppointmentView>,
    has_more: bool,
}

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(default)]
#[derive(Default)]
#[into_params(parameter_in = Query)]
struct AppointmentTerms {
    person_id: Option<Uuid>,
    from: Option<NaiveDate>,
    to: Option<NaiveDate>,
}

#[utoipa::path(get, path = "/api/appointments", tag = "appointments",
    params(AppointmentTerms, Window), responses((status = 200, body = AppointmentListView)))]
async fn list(
    State(site): State<Shared>,
    signed: Signed,
    Terms(ask): Terms<AppointmentTerms>,
    Terms(window): Terms<Window>,
) -> Result<Json<AppointmentListView>> {
    let limit = window.limit();
    let terms = appointment::Terms {
        appointment: None,
        person: ask.person_id,
        from: ask.from,
        to: ask.to,
        limit: limit + 1,
        offset: window.offset(),
    };
    let mut scope = signed.scope(&site).await?;
    let (rows, has_more) = page(appointment::list(&mut scope, &terms).await?, limit);
    let view = |row: appointment::Appointment| AppointmentView {
        appointment_id: row.appointment_id,
        person_id: row.person_id,
        name: row.name,
        department: row.department,
        ward: row.ward,
        kind: row.kind,
        planned_on: row.planned_on,
        window_days: row.window_days,
        state: row.state,
        attended_on: row.attended_on,
        why: row.why,
        made_by: row.made_by,
        made_at: row.made_at,
        notice: row.notice,
    };
    Ok(Json(AppointmentListView { items: rows.into_iter().map(view).collect(), has_more }))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewAppointmentAsk {
    person_id: Uuid,
    /// Absent: the latest discharge.
    admission_id: Option<Uuid>,
    kind: String,
    planned_on: NaiveDate,
    /// So many days before or after it still is this visit; absent: 7.
    window_days: Option<i16>,
}

#[derive(Serialize, ToSchema)]
struct MadeView {
    appointment_id: Uuid,
}

#[utoipa::path(post, path = "/api/appointments", tag = "appointments",
    request_body = NewAppointmentAsk, responses((status = 201, body = MadeView)))]
async fn make(
    State(site): State<Shared>,
    signed: Signed,
    Body(ask): Body<NewAppointmentAsk>,
) -> Result<Response> {
    if !["return_visit", "admission", "examination"].contains(&ask.kind.as_str()) {
        return Err(Problem::invalid("应为 return_visit admission examination / one of them"));
    }
    if ask.window_days.is_some_and(|days| !(0..=90).contains(&days)) {
        return Err(Problem::invalid("前后天数应在 0 到 90 之间 / the window is 0 to 90 days"));
    }
    let new = AppointmentAsk {
        person: PersonId::from_uuid(ask.person_id),
        admission: ask.admission_id,
        kind: &ask.kind,
        planned_on: ask.planned_on,
        window_days: ask.window_days,
    };
    let (core, by) = (&site.core, &signed.0.principal);
    let id = core
        .app
        .make_appointment(by, &new, super::patients::today(&site), core.clock.wall())
        .await?;
    Ok((StatusCode::CREATED, Json(MadeView { appointment_id: id })).into_response())
}

#[derive(Deserialize, ToSchema)]
#[serde(tag = "did", rename_all = "snake_case", deny_unknown_fields)]
enum EndAsk {
    Moved { planned_on: NaiveDate, reason: String },
    Attended { attended_on: NaiveDate },
    Missed,
    Cancelled { reason: String },
}

/// It was moved, kept, missed or called off; its notice follows.
#[utoipa::path(post, path = "/api/appointments/{id}", tag = "appointments",
    params(("id" = Uuid, Path)), request_body = EndAsk, responses((status = 204)))]
async fn end(
    State(site): State<Shared>,
    signed: Signed,
    Key(id): Key,
    Body(ask): Body<EndAsk>,
) -> Result<StatusCode> {
    let end = match &ask {
        EndAsk::Moved { planned_on, reason } => {
            AppointmentEnd::Moved { to: *planned_on, why: reason }
        }
        EndAsk::Attended { attended_on } => AppointmentEnd::Attended { on: *attended_on },
        EndAsk::Missed => AppointmentEnd::Missed,
        EndAsk::Cancelled { reason } => AppointmentEnd::Cancelled { why: reason },
    };
    let (core, by) = (&site.core, &signed.0.principal);
    core.app
        .end_appointment(by, id, &end, super::patients::today(&site), core.clock.wall())
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Serialize, ToSchema)]
struct VisitCellView {
    department: Option<String>,
    ward: Option<String>,
    within: RateView,
    /// Came at all, also outside the window.
    attended: i64,
}

#[derive(Serialize, ToSchema)]
struct VisitsView {
    /// 分子 and 分母 in words.
    definition: &'static str,
    whole: RateView,
    cells: Vec<VisitCellView>,
}

/// 复诊率, by the planned day.
#[utoipa::path(get, path = "/api/statistics/return-visits", tag = "statistics",
    params(PeriodTerms), responses((status = 200, body = VisitsView)))]
async fn visits(
    State(site): State<Shared>,
    signed: Signed,
    Terms(period): Terms<PeriodTerms>,
) -> Result<Json<VisitsView>> {
    let period = period.read()?;
    let mut scope = signed.scope(&site).await?;
    let rows = appointment::visits(&mut scope, period.from, period.to).await?;
    let (part, whole) = rows.iter().fold((0, 0), |(part, whole), row| {
        (part + counted(row.within), whole + counted(row.advised))
    });
    let view = |row: appointment::Visits| VisitCellView {
        within: rate(Proportion { part: counted(row.within), whole: counted(row.advised) }),
        department: row.department,
        ward: row.ward,
        attended: row.attended,
    };
    Ok(Json(VisitsView {
        definition: "分子:在约定日期前后规定天数内复诊;分母:医嘱复诊且未取消",
        whole: rate(Proportion { part, whole }),
        cells: rows.into_iter().map(view).collect(),
    }))
}

/// So many days before each; absent: no notice of this kind.
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NoticePolicyView {
    return_visit: Option<u8>,
    admission: Option<u8>,
    examination: Option<u8>,
    follow_up: Option<u8>,
}

#[utoipa::path(get, path = "/api/policies/notices", tag = "policies",
    responses((status = 200, body = NoticePolicyView)))]
async fn notice_policy(State(site): State<Shared>, _: Signed) -> Result<Json<NoticePolicyView>> {
    let stored = site.core.app.policy(NOTICE_POLICY).await?;
    let kept: NoticePolicy =
        stored.and_then(|body| serde_json::from_value(body).ok()).unwrap_or_default();
    let NoticePolicy { return_visit, admission, examination, follow_up } = kept;
    Ok(Json(NoticePolicyView { return_visit, admission, examination, follow_up }))
}

#[utoipa::path(put, path = "/api/policies/notices", tag = "policies",
    request_body = NoticePolicyView, responses((status = 204)))]
async fn put_notice_policy(
    State(site): State<Shared>,
    signed: Signed,
    Body(ask): Body<NoticePolicyView>,
) -> Result<StatusCode> {
    signed.may_set_policy()?;
    let NoticePolicyView { return_visit, admission, examination, follow_up } = ask;
    let policy = NoticePolicy { return_visit, admission, examination, follow_up };
    if !policy.is_sound() {
        return Err(Problem::invalid("提前 1 到 30 天 / 1 to 30 days before"));
    }
    let body = serde_json::to_value(policy).map_err(|error| Problem::fault(&error))?;
    let (core, by) = (&site.core, &signed.0.principal);
    core.app.put_policy(by, NOTICE_POLICY, &body, core.clock.wall()).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct AdjustAsk {
    /// What is changed in the treatment, in the doctor's words.
    treatment: String,
    /// The plan goes on every so many days.
    every_days: Option<u16>,
    /// The return visit, with its notice.
    recheck_on: Option<NaiveDate>,
    reason: String,
}

/// A doctor changes the plan after a result: the next tasks and the notice follow (F098).
#[utoipa::path(post, path = "/api/tasks/{id}/adjustment", tag = "tasks",
    params(("id" = Uuid, Path)), request_body = AdjustAsk, responses((status = 204)))]
async fn adjust(
    State(site): State<Shared>,
    signed: Signed,
    Key(id): Key,
    Body(ask): Body<AdjustAsk>,
) -> Result<StatusCode> {
    signed.may("opinions")?;
    if ask.every_days.is_some_and(|days| !(1..=3650).contains(&days)) {
        return Err(Problem::invalid("间隔 1 到 3650 天 / every 1 to 3650 days"));
    }
    let core = &site.core;
    let new = AdjustmentAsk {
        treatment: &ask.treatment,
        every_days: ask.every_days,
        recheck_on: ask.recheck_on,
    };
    let edit = PlanEdit {
        by: &signed.0.principal,
        reason: &ask.reason,
        calendar: core.dialler().await.calendar,
        at: core.clock.wall(),
    };
    core.app.adjust(&edit, TaskId::from_uuid(id), &new).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Serialize, ToSchema)]
struct AdjustmentView {
    task_id: Uuid,
    treatment: String,
    every_days: Option<i32>,
    recheck_on: Option<NaiveDate>,
    reason: String,
    by: String,
    at: DateTime<Utc>,
}

#[utoipa::path(get, path = "/api/patients/{id}/adjustments", tag = "patients",
    params(("id" = Uuid, Path)), responses((status = 200, body = [AdjustmentView])))]
async fn adjustments(
    State(site): State<Shared>,
    signed: Signed,
    Key(id): Key,
) -> Result<Json<Vec<AdjustmentView>>> {
    let mut scope = signed.scope(&site).await?;
    let rows =
        appointment::adjustments(&mut scope, PersonId::from_uuid(id), ADJUSTMENTS_SHOWN).await?;
    let view = |row: appointment::Adjustment| AdjustmentView {
        task_id: row.task_id,
        treatment: row.treatment,
        every_days: row.every_days,
        recheck_on: row.recheck_on,
        reason: row.reason,
        by: row.by_whom,
        at: row.at,
    };
    Ok(Json(rows.into_iter().map(view).collect()))
}

/// More than a patient has in some years.
const ADJUSTMENTS_SHOWN: i64 = 200;
