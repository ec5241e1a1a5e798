//! A follow-up's answers as they stand, what was put right in them, and the doctor's word.

use std::{collections::HashMap, sync::Arc};

use axum::{Json, extract::State, http::StatusCode};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::typed::{self, TypedAnswer};
use crate::{
    base::{AnswerId, TaskId},
    ivr::read_form,
    store::{opinion, series},
    web::{
        Shared,
        ask::{Body, Key, Terms, Window, page},
        auth::Signed,
        error::{Problem, Result},
    },
};

pub(super) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(confirm))
        .routes(routes!(answers))
        .routes(routes!(amend))
}

#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct OpenTerms {
    /// Only those that wait for a doctor.
    #[serde(default)]
    open: bool,
}

#[derive(Serialize, ToSchema)]
struct OpinionView {
    opinion_id: Uuid,
    task_id: Uuid,
    person_id: Uuid,
    name: String,
    department: Option<String>,
    /// 系统建议.
    proposed: String,
    because: String,
    proposed_at: DateTime<Utc>,
    /// 医生确认.
    confirmed: Option<String>,
    confirmed_by: Option<String>,
    confirmed_at: Option<DateTime<Utc>>,
}

#[derive(Serialize, ToSchema)]
struct OpinionListView {
    items: Vec<OpinionView>,
    has_more: bool,
}

#[utoipa::path(get, path = "/api/opinions", tag = "opinions", params(OpenTerms, Window),
    responses((status = 200, body = OpinionListView)))]
async fn list(
    State(site): State<Shared>,
    signed: Signed,
    Terms(ask): Terms<OpenTerms>,
    Terms(window): Terms<Window>,
) -> Result<Json<OpinionListView>> {
    let limit = window.limit();
    let mut scope = signed.scope(&site).await?;
    let rows = opinion::list(&mut scope, ask.open, limit + 1, window.offset()).await?;
    let (rows, has_more) = page(rows, limit);
    let view = |row: opinion::Opinion| OpinionView {
        opinion_id: row.opinion_id,
        task_id: row.task_id,
        person_id: row.person_id,
        name: row.name,
        department: row.department,
        proposed: row.proposed,
        because: row.because,
        proposed_at: row.proposed_at,
        confirmed: row.confirmed,
        confirmed_by: row.confirmed_by,
        confirmed_at: row.confirmed_at,
    };
    Ok(Json(OpinionListView { items: rows.into_iter().map(view).collect(), has_more }))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ConfirmAsk {
    opinion_ids: Vec<Uuid>,
    /// Absent: as proposed. Another word is for one opinion at a time.
    opinion: Option<String>,
    note: Option<String>,
}

#[derive(Serialize, ToSchema)]
struct ConfirmedView {
    confirmed: u64,
}

#[utoipa::path(post, path = "/api/opinions/confirm", tag = "opinions", request_body = ConfirmAsk,
    responses((status = 200, body = ConfirmedView)))]
async fn confirm(
    State(site): State<Shared>,
    signed: Signed,
    Body(ask): Body<ConfirmAsk>,
) -> Result<Json<ConfirmedView>> {
    if signed.0.role != "doctor" && signed.0.role != "sys_admin" {
        return Err(Problem::forbidden("意见由医生确认 / a doctor confirms an opinion"));
    }
    if ask.opinion_ids.is_empty() || ask.opinion_ids.len() > BATCH_MAX {
        return Err(Problem::invalid("一次 1 到 200 条 / 1 to 200 at a time"));
    }
    if ask.opinion.is_some() && ask.opinion_ids.len() > 1 {
        let what =
            "不同于建议的意见请逐条确认 / another opinion than proposed is confirmed one by one";
        return Err(Problem::invalid(what));
    }
    let (core, by) = (&site.core, &signed.0.principal);
    let (word, note) = (ask.opinion.as_deref(), ask.note.as_deref());
    let at = core.clock.wall();
    let confirmed = core.app.confirm_opinions(by, &ask.opinion_ids, word, note, at).await?;
    Ok(Json(ConfirmedView { confirmed }))
}

#[derive(Serialize, ToSchema)]
struct AmendmentView {
    #[schema(value_type = Object)]
    old: Value,
    #[schema(value_type = Object)]
    new: Value,
    reason: String,
    by: String,
    at: DateTime<Utc>,
}

#[derive(Serialize, ToSchema)]
struct TaskAnswerView {
    answer_id: Uuid,
    questionnaire: String,
    /// Of the form exactly as it was asked.
    questionnaire_sha256: String,
    link_id: String,
    item: String,
    status: String,
    code: Option<String>,
    label: Option<String>,
    number: Option<String>,
    text: Option<String>,
    unit: Option<String>,
    score: Option<String>,
    /// What the respondent was told because of it.
    advice: Option<String>,
    at: DateTime<Utc>,
    by: String,
    amendments: Vec<AmendmentView>,
}

#[utoipa::path(get, path = "/api/tasks/{id}/answers", tag = "opinions", params(("id" = Uuid, Path)),
    responses((status = 200, body = [TaskAnswerView])))]
async fn answers(
    State(site): State<Shared>,
    signed: Signed,
    Key(id): Key,
) -> Result<Json<Vec<TaskAnswerView>>> {
    let task = TaskId::from_uuid(id);
    let mut scope = signed.scope(&site).await?;
    let rows = opinion::answers(&mut scope, task).await?;
    let mut amended: HashMap<Uuid, Vec<AmendmentView>> = HashMap::new();
    for row in opinion::amendments(&mut scope, task).await? {
        amended.entry(row.answer_id).or_default().push(AmendmentView {
            old: row.old_value,
            new: row.new_value,
            reason: row.reason,
            by: row.by_whom,
            at: row.at,
        });
    }
    let view = |row: opinion::Row| TaskAnswerView {
        amendments: amended.remove(&row.answer_id).unwrap_or_default(),
        answer_id: row.answer_id,
        questionnaire: row.questionnaire,
        questionnaire_sha256: row.questionnaire_sha256,
        link_id: row.link_id,
        item: row.item_text,
        status: row.status,
        code: row.option_code,
        label: row.option_text,
        number: row.value_number,
        text: row.value_text,
        unit: row.unit,
        score: row.score,
        advice: row.advice,
        at: row.at,
        by: row.recorded_by,
    };
    Ok(Json(rows.into_iter().map(view).collect()))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct AmendAsk {
    /// The option's code, a number, or words.
    value: Option<String>,
    /// One of the six blanks, where there is no value.
    status: Option<String>,
    reason: String,
}

#[utoipa::path(post, path = "/api/answers/{id}/amend", tag = "opinions", params(("id" = Uuid, Path)),
    request_body = AmendAsk, responses((status = 204)))]
async fn amend(
    State(site): State<Shared>,
    signed: Signed,
    Key(id): Key,
    Body(ask): Body<AmendAsk>,
) -> Result<StatusCode> {
    let core = &site.core;
    let answer = AnswerId::from_uuid(id);
    let mut scope = signed.scope(&site).await?;
    let row = opinion::lock_answer(&mut scope, answer).await?;
    let row = row.ok_or_else(|| Problem::not_found("answer"))?;
    let (name, sha256) = (&row.questionnaire, &row.questionnaire_sha256);
    // By the options that were asked, whatever the form says today.
    let asked = series::content(&mut scope, name, sha256).await?;
    drop(scope);
    let library = core.library();
    let form = match asked.map(|body| read_form(&body)) {
        Some(Ok(form)) => Arc::new(form),
        _ => library
            .questionnaire(name)
            .map(|kept| Arc::clone(&kept.value))
            .ok_or_else(typed::no_form)?,
    };
    let AmendAsk { value, status, reason } = ask;
    let told = TypedAnswer { link_id: row.link_id, value, status };
    let amended = typed::read(&form, sha256, &told)?;
    core.app.amend(&signed.0.principal, answer, &amended, &reason, core.clock.wall()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A doctor's list of one ward round.
const BATCH_MAX: usize = 200;
