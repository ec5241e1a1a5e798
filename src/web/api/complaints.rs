//! 投诉 and 表扬: register, assign, answer, call back, close (F116).

use axum::{Json, extract::State, http::StatusCode};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use crate::{
    app::{COMPLAINT_POLICY, ComplaintStep, NewComplaint},
    base::{E164, Pii},
    domain::{ComplaintKind, ComplaintPolicy, read_cell},
    store::{complaint, policy},
    web::{
        Shared, Site,
        ask::{Body, Key, Terms, Window, page},
        auth::Signed,
        error::{Problem, Result},
        mask,
    },
};

pub(super) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(list, register))
        .routes(routes!(find))
        .routes(routes!(assign))
        .routes(routes!(answer))
        .routes(routes!(call_back))
        .routes(routes!(close))
        .routes(routes!(find_policy, put_policy))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ComplaintAsk {
    /// `complaint`, or `praise`, which has no limits.
    kind: String,
    category: String,
    /// About conduct: hidden from the department that it is about.
    #[serde(default)]
    is_conduct: bool,
    what: String,
    complainant: Option<String>,
    phone: Option<String>,
    person_id: Option<Uuid>,
    department_id: Option<Uuid>,
    ward: Option<String>,
    call_id: Option<Uuid>,
    recording_id: Option<Uuid>,
}

#[derive(Serialize, ToSchema)]
struct ComplaintView {
    complaint_id: Uuid,
    kind: String,
    /// `registered`, `assigned`, `answered`, `called_back` or `closed`.
    state: String,
    category: String,
    is_conduct: bool,
    what: String,
    complainant: Option<String>,
    /// Masked.
    phone: Option<String>,
    person_id: Option<Uuid>,
    department: Option<String>,
    ward: Option<String>,
    call_id: Option<Uuid>,
    recording_id: Option<Uuid>,
    registered_by: String,
    registered_at: DateTime<Utc>,
    /// Until when the next step is due.
    due_at: Option<DateTime<Utc>>,
    overdue: bool,
    assigned_to: Option<String>,
    answer: Option<String>,
    satisfied: Option<bool>,
    outcome: Option<String>,
    closed_at: Option<DateTime<Utc>>,
}

impl ComplaintView {
    fn of(row: complaint::Complaint, at: DateTime<Utc>) -> Self {
        Self {
            overdue: row.due_at.is_some_and(|due| due < at),
            phone: row.e164.as_deref().map(mask::number),
            complaint_id: row.complaint_id,
            kind: row.kind,
            state: row.state,
            category: row.category,
            is_conduct: row.is_conduct,
            what: row.what,
            complainant: row.complainant,
            person_id: row.person_id,
            department: row.department,
            ward: row.ward,
            call_id: row.call_id,
            recording_id: row.recording_id,
            registered_by: row.registered_by,
            registered_at: row.registered_at,
            due_at: row.due_at,
            assigned_to: row.assigned_to,
            answer: row.answer,
            satisfied: row.satisfied,
            outcome: row.outcome,
            closed_at: row.closed_at,
        }
    }
}

#[derive(Serialize, ToSchema)]
struct ComplaintListView {
    items: Vec<ComplaintView>,
    has_more: bool,
}

#[derive(Serialize, ToSchema)]
struct ComplaintStepView {
    did: String,
    by: String,
    at: DateTime<Utc>,
    note: Option<String>,
    call_id: Option<Uuid>,
}

#[derive(Serialize, ToSchema)]
struct ComplaintDetailView {
    complaint: ComplaintView,
    steps: Vec<ComplaintStepView>,
}

#[derive(Serialize, ToSchema)]
struct RegisteredView {
    complaint_id: Uuid,
}

#[derive(Default, Deserialize, utoipa::IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
struct ComplaintTerms {
    /// `complaint` or `praise`.
    kind: String,
    /// `open` or a state.
    state: String,
    /// Those whose next step is late.
    overdue: bool,
    person_id: Option<Uuid>,
    assigned_to: String,
}

/// What is due first stands first.
#[utoipa::path(get, path = "/api/complaints", tag = "complaints", params(ComplaintTerms, Window),
    responses((status = 200, body = ComplaintListView)))]
async fn list(
    State(site): State<Shared>,
    signed: Signed,
    Terms(ask): Terms<ComplaintTerms>,
    Terms(window): Terms<Window>,
) -> Result<Json<ComplaintListView>> {
    let (limit, at) = (window.limit(), site.core.clock.wall());
    let terms = complaint::Terms {
        id: None,
        kind: ask.kind,
        state: ask.state,
        overdue_at: ask.overdue.then_some(at),
        person: ask.person_id,
        assigned_to: ask.assigned_to,
        limit: limit + 1,
        offset: window.offset(),
    };
    let mut scope = signed.scope(&site).await?;
    let (rows, has_more) = page(complaint::list(&mut scope, &terms).await?, limit);
    let items = rows.into_iter().map(|row| ComplaintView::of(row, at)).collect();
    Ok(Json(ComplaintListView { items, has_more }))
}

#[utoipa::path(post, path = "/api/complaints", tag = "complaints", request_body = ComplaintAsk,
    responses((status = 201, body = RegisteredView)))]
async fn register(
    State(site): State<Shared>,
    signed: Signed,
    Body(ask): Body<ComplaintAsk>,
) -> Result<(StatusCode, Json<RegisteredView>)> {
    let kind = ask.kind.parse::<ComplaintKind>();
    let kind = kind.map_err(|_| Problem::invalid("kind 应为 complaint praise / one of the two"))?;
    let new = NewComplaint {
        kind,
        category: ask.category,
        is_conduct: ask.is_conduct,
        what: Pii::new(ask.what),
        complainant: ask.complainant.map(Pii::new),
        number: ask.phone.as_deref().map(|phone| read_number(&site, phone)).transpose()?,
        person: ask.person_id,
        department: ask.department_id,
        ward: ask.ward,
        call: ask.call_id,
        recording: ask.recording_id,
    };
    let (core, by) = (&site.core, &signed.0.principal);
    let complaint_id = core.app.register_complaint(by, &new, core.clock.wall()).await?;
    Ok((StatusCode::CREATED, Json(RegisteredView { complaint_id })))
}

pub(super) fn read_number(site: &Site, phone: &str) -> Result<E164> {
    let area = site.core.config().hospital.area_code.clone();
    let numbers = read_cell(phone, &area);
    let first = numbers.ok().and_then(|numbers| numbers.into_iter().next());
    let what = "这不是电话号码 / this is not a telephone number";
    first.map(|number| number.e164).ok_or_else(|| Problem::invalid(what))
}

/// With every step; that it was read stands in the audit.
#[utoipa::path(get, path = "/api/complaints/{id}", tag = "complaints", params(("id" = Uuid, Path)),
    responses((status = 200, body = ComplaintDetailView)))]
async fn find(
    State(site): State<Shared>,
    signed: Signed,
    Key(id): Key,
) -> Result<Json<ComplaintDetailView>> {
    let mut scope = signed.scope(&site).await?;
    let terms = complaint::Terms { id: Some(id), limit: 1, ..complaint::Terms::default() };
    let row = complaint::list(&mut scope, &terms).await?.pop();
    let row = row.ok_or_else(|| Problem::not_found("complaint"))?;
    let steps = complaint::steps(&mut scope, id).await?;
    drop(scope);
    let (app, by, at) = (&site.core.app, &signed.0.principal, site.core.clock.wall());
    app.audit_access(by, "viewed", "complaint", &id.to_string(), at).await?;
    let view = |step: complaint::Step| ComplaintStepView {
        did: step.did,
        by: step.by_whom,
        at: step.at,
        note: step.note,
        call_id: step.call_id,
    };
    Ok(Json(ComplaintDetailView {
        complaint: ComplaintView::of(row, at),
        steps: steps.into_iter().map(view).collect(),
    }))
}

async fn step(site: &Site, signed: &Signed, id: Uuid, step: ComplaintStep) -> Result<StatusCode> {
    let core = &site.core;
    core.app.step_complaint(&signed.0.principal, id, &step, core.clock.wall()).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct AssignComplaint {
    /// A login.
    to: String,
    note: Option<String>,
}

#[utoipa::path(post, path = "/api/complaints/{id}/assign", tag = "complaints",
    params(("id" = Uuid, Path)), request_body = AssignComplaint, responses((status = 204)))]
async fn assign(
    State(site): State<Shared>,
    signed: Signed,
    Key(id): Key,
    Body(ask): Body<AssignComplaint>,
) -> Result<StatusCode> {
    let AssignComplaint { to, note } = ask;
    step(&site, &signed, id, ComplaintStep::Assign { to, note }).await
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct AnswerComplaint {
    answer: String,
}

/// By whom it is assigned to.
#[utoipa::path(post, path = "/api/complaints/{id}/answer", tag = "complaints",
    params(("id" = Uuid, Path)), request_body = AnswerComplaint, responses((status = 204)))]
async fn answer(
    State(site): State<Shared>,
    signed: Signed,
    Key(id): Key,
    Body(ask): Body<AnswerComplaint>,
) -> Result<StatusCode> {
    step(&site, &signed, id, ComplaintStep::Answer { answer: ask.answer }).await
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct CallBackComplaint {
    result: String,
    /// Not content: it is to be answered again.
    satisfied: bool,
    call_id: Option<Uuid>,
}

#[utoipa::path(post, path = "/api/complaints/{id}/call-back", tag = "complaints",
    params(("id" = Uuid, Path)), request_body = CallBackComplaint, responses((status = 204)))]
async fn call_back(
    State(site): State<Shared>,
    signed: Signed,
    Key(id): Key,
    Body(ask): Body<CallBackComplaint>,
) -> Result<StatusCode> {
    let CallBackComplaint { result, satisfied, call_id: call } = ask;
    step(&site, &signed, id, ComplaintStep::CallBack { result, satisfied, call }).await
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct CloseComplaint {
    outcome: String,
}

#[utoipa::path(post, path = "/api/complaints/{id}/close", tag = "complaints",
    params(("id" = Uuid, Path)), request_body = CloseComplaint, responses((status = 204)))]
async fn close(
    State(site): State<Shared>,
    signed: Signed,
    Key(id): Key,
    Body(ask): Body<CloseComplaint>,
) -> Result<StatusCode> {
    step(&site, &signed, id, ComplaintStep::Close { outcome: ask.outcome }).await
}

/// Hours from the registration on.
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ComplaintPolicyView {
    assign_h: u32,
    answer_h: u32,
    close_h: u32,
}

#[utoipa::path(get, path = "/api/policies/complaint", tag = "complaints",
    responses((status = 200, body = ComplaintPolicyView)))]
async fn find_policy(
    State(site): State<Shared>,
    signed: Signed,
) -> Result<Json<ComplaintPolicyView>> {
    let mut scope = signed.scope(&site).await?;
    let stored = policy::find(&mut scope, COMPLAINT_POLICY).await?;
    let stored = stored.and_then(|body| serde_json::from_value::<ComplaintPolicy>(body).ok());
    let ComplaintPolicy { assign_h, answer_h, close_h } = stored.unwrap_or_default();
    Ok(Json(ComplaintPolicyView { assign_h, answer_h, close_h }))
}

/// Holds for what is registered, and for each next step, from now on.
#[utoipa::path(put, path = "/api/policies/complaint", tag = "complaints",
    request_body = ComplaintPolicyView, responses((status = 204)))]
async fn put_policy(
    State(site): State<Shared>,
    signed: Signed,
    Body(ask): Body<ComplaintPolicyView>,
) -> Result<StatusCode> {
    signed.may_set_policy()?;
    let ComplaintPolicyView { assign_h, answer_h, close_h } = ask;
    let policy = ComplaintPolicy { assign_h, answer_h, close_h };
    let (core, by) = (&site.core, &signed.0.principal);
    core.app.put_complaint_policy(by, policy, core.clock.wall()).await?;
    Ok(StatusCode::NO_CONTENT)
}
