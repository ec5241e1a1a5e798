//! 咨询: category, answer, and the article it came from (F117).

use axum::{Json, extract::State, http::StatusCode};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::complaints::read_number;
use crate::{
    app::{EnquiryAnswer, NewEnquiry},
    base::Pii,
    store::enquiry,
    web::{
        Shared,
        ask::{Body, Key, Terms, Window, page},
        auth::Signed,
        error::{Problem, Result},
        mask,
    },
};

pub(super) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(list, take)).routes(routes!(find)).routes(routes!(answer))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct AnswerEnquiry {
    answer: String,
    /// Out of which it was answered; its current version is kept with it.
    article_id: Option<Uuid>,
}

impl From<AnswerEnquiry> for EnquiryAnswer {
    fn from(ask: AnswerEnquiry) -> Self {
        Self { answer: ask.answer, article: ask.article_id }
    }
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct EnquiryAsk {
    category: String,
    question: String,
    caller: Option<String>,
    phone: Option<String>,
    person_id: Option<Uuid>,
    department_id: Option<Uuid>,
    call_id: Option<Uuid>,
    /// Answered at once.
    answered: Option<AnswerEnquiry>,
}

#[derive(Serialize, ToSchema)]
struct EnquiryView {
    enquiry_id: Uuid,
    category: String,
    question: String,
    caller: Option<String>,
    /// Masked.
    phone: Option<String>,
    person_id: Option<Uuid>,
    department: Option<String>,
    call_id: Option<Uuid>,
    taken_by: String,
    taken_at: DateTime<Utc>,
    answer: Option<String>,
    article_id: Option<Uuid>,
    article_version: Option<i32>,
    article_title: Option<String>,
    answered_by: Option<String>,
    answered_at: Option<DateTime<Utc>>,
}

fn view(row: enquiry::Enquiry) -> EnquiryView {
    EnquiryView {
        phone: row.e164.as_deref().map(mask::number),
        enquiry_id: row.enquiry_id,
        category: row.category,
        question: row.question,
        caller: row.caller,
        person_id: row.person_id,
        department: row.department,
        call_id: row.call_id,
        taken_by: row.taken_by,
        taken_at: row.taken_at,
        answer: row.answer,
        article_id: row.article_id,
        article_version: row.article_version,
        article_title: row.article_title,
        answered_by: row.answered_by,
        answered_at: row.answered_at,
    }
}

#[derive(Serialize, ToSchema)]
struct EnquiryListView {
    items: Vec<EnquiryView>,
    has_more: bool,
}

#[derive(Serialize, ToSchema)]
struct TakenEnquiryView {
    enquiry_id: Uuid,
}

#[derive(Default, Deserialize, utoipa::IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
struct EnquiryTerms {
    category: String,
    /// Those without an answer.
    open: bool,
    person_id: Option<Uuid>,
    call_id: Option<Uuid>,
}

#[utoipa::path(get, path = "/api/enquiries", tag = "enquiries", params(EnquiryTerms, Window),
    responses((status = 200, body = EnquiryListView)))]
async fn list(
    State(site): State<Shared>,
    signed: Signed,
    Terms(ask): Terms<EnquiryTerms>,
    Terms(window): Terms<Window>,
) -> Result<Json<EnquiryListView>> {
    let limit = window.limit();
    let terms = enquiry::Terms {
        category: ask.category,
        open: ask.open,
        person: ask.person_id,
        call: ask.call_id,
        limit: limit + 1,
        offset: window.offset(),
        ..enquiry::Terms::default()
    };
    let mut scope = signed.scope(&site).await?;
    let (rows, has_more) = page(enquiry::list(&mut scope, &terms).await?, limit);
    Ok(Json(EnquiryListView { items: rows.into_iter().map(view).collect(), has_more }))
}

#[utoipa::path(post, path = "/api/enquiries", tag = "enquiries", request_body = EnquiryAsk,
    responses((status = 201, body = TakenEnquiryView)))]
async fn take(
    State(site): State<Shared>,
    signed: Signed,
    Body(ask): Body<EnquiryAsk>,
) -> Result<(StatusCode, Json<TakenEnquiryView>)> {
    let new = NewEnquiry {
        category: ask.category,
        question: Pii::new(ask.question),
        caller: ask.caller.map(Pii::new),
        number: ask.phone.as_deref().map(|phone| read_number(&site, phone)).transpose()?,
        person: ask.person_id,
        department: ask.department_id,
        call: ask.call_id,
        answer: ask.answered.map(EnquiryAnswer::from),
    };
    let (core, by) = (&site.core, &signed.0.principal);
    let enquiry_id = core.app.take_enquiry(by, &new, core.clock.wall()).await?;
    Ok((StatusCode::CREATED, Json(TakenEnquiryView { enquiry_id })))
}

/// One of them; that it was read stands in the audit.
#[utoipa::path(get, path = "/api/enquiries/{id}", tag = "enquiries", params(("id" = Uuid, Path)),
    responses((status = 200, body = EnquiryView)))]
async fn find(
    State(site): State<Shared>,
    signed: Signed,
    Key(id): Key,
) -> Result<Json<EnquiryView>> {
    let mut scope = signed.scope(&site).await?;
    let terms = enquiry::Terms { id: Some(id), limit: 1, ..enquiry::Terms::default() };
    let row = enquiry::list(&mut scope, &terms).await?.pop();
    let row = row.ok_or_else(|| Problem::not_found("enquiry"))?;
    drop(scope);
    let (app, by, at) = (&site.core.app, &signed.0.principal, site.core.clock.wall());
    app.audit_access(by, "viewed", "enquiry", &id.to_string(), at).await?;
    Ok(Json(view(row)))
}

#[utoipa::path(post, path = "/api/enquiries/{id}/answer", tag = "enquiries",
    params(("id" = Uuid, Path)), request_body = AnswerEnquiry, responses((status = 204)))]
async fn answer(
    State(site): State<Shared>,
    signed: Signed,
    Key(id): Key,
    Body(ask): Body<AnswerEnquiry>,
) -> Result<StatusCode> {
    let (core, by) = (&site.core, &signed.0.principal);
    core.app.answer_enquiry(by, id, &ask.into(), core.clock.wall()).await?;
    Ok(StatusCode::NO_CONTENT)
}
