//! 问卷: what is asked, and whether a doctor has signed it.

use axum::{
    Json,
    extract::{Path, State, rejection::PathRejection},
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::series;
use crate::{
    ivr::{SERIES, Template, form_json},
    store::recall::{self, Version},
    web::{
        Shared,
        ask::{Body, Terms},
        auth::Signed,
        error::{Problem, Result},
        mask,
    },
};

pub(super) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(questionnaires))
        .routes(routes!(questionnaire))
        .routes(routes!(heard))
        .routes(routes!(call_again))
}

#[derive(Serialize, ToSchema)]
struct QuestionnaireView {
    id: String,
    title: String,
    title_en: String,
    version: u32,
    /// Of the file as it stands: each answer carries that of its own day.
    sha256: String,
    items: usize,
    /// In the library of templates: `basic`, or `disease` for one disease.
    template: Option<&'static str>,
    /// Who signed its levels and advice; absent: it runs only in training.
    reviewed_by: Option<String>,
    reviewed_at: Option<String>,
}

#[utoipa::path(get, path = "/api/questionnaires", tag = "questionnaires",
    responses((status = 200, body = [QuestionnaireView])))]
async fn questionnaires(State(site): State<Shared>, _: Signed) -> Json<Vec<QuestionnaireView>> {
    let library = site.core.library();
    let view = |form: &crate::ivr::Questionnaire, sha256: &str| {
        let title = |language| form.title.get(language).unwrap_or(&form.id).clone();
        QuestionnaireView {
            id: form.id.clone(),
            title: title("zh"),
            title_en: title("en"),
            version: form.version,
            sha256: sha256.to_owned(),
            items: form.items.len(),
            template: form.template.map(Template::as_str),
            reviewed_by: form.clinical_review.as_ref().map(|review| review.by.clone()),
            reviewed_at: form.clinical_review.as_ref().map(|review| review.at.clone()),
        }
    };
    let files = library.questionnaires().filter(|kept| !kept.value.id.starts_with(SERIES));
    Json(files.map(|kept| view(&kept.value, &kept.sha256)).collect())
}

/// A form's content as it stands, to be looked at or cloned.
#[utoipa::path(get, path = "/api/questionnaires/{id}", tag = "questionnaires",
    params(("id" = String, Path)), responses((status = 200, body = Object)))]
async fn questionnaire(
    State(site): State<Shared>,
    signed: Signed,
    id: Result<Path<String>, PathRejection>,
) -> Result<Json<serde_json::Value>> {
    let id = id?.0;
    let mut scope = signed.scope(&site).await?;
    if !series::is_in_sight(&mut scope, &id).await? {
        return Err(Problem::not_found("questionnaire"));
    }
    drop(scope);
    let library = site.core.library();
    let kept = library.questionnaire(&id).ok_or_else(|| Problem::not_found("questionnaire"))?;
    let content = form_json(&kept.body).map_err(|error| Problem::fault(&error))?;
    Ok(Json(content))
}

#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct HeardTerms {
    since: DateTime<Utc>,
    sha256: String,
}

#[derive(Serialize, ToSchema)]
struct HeardView {
    person_id: Uuid,
    name: String,
    department: Option<String>,
    last_at: DateTime<Utc>,
    /// Masked.
    number: Option<String>,
    /// A task to call this person again was made before.
    recalled: bool,
}

#[derive(Serialize, ToSchema)]
struct HeardListView {
    items: Vec<HeardView>,
    has_more: bool,
}

/// Who has answered, or left blank, a question of this version since then.
#[utoipa::path(get, path = "/api/questionnaires/{id}/heard", tag = "questionnaires",
    params(("id" = String, Path), HeardTerms), responses((status = 200, body = HeardListView)))]
async fn heard(
    State(site): State<Shared>,
    signed: Signed,
    id: Result<Path<String>, PathRejection>,
    Terms(terms): Terms<HeardTerms>,
) -> Result<Json<HeardListView>> {
    let id = id?.0;
    let version = Version { questionnaire: &id, sha256: &terms.sha256, since: terms.since };
    let mut scope = signed.scope(&site).await?;
    let rows = recall::heard(&mut scope, version, HEARD_SHOWN + 1).await?;
    let (rows, has_more) = crate::web::ask::page(rows, HEARD_SHOWN);
    let view = |row: recall::Heard| HeardView {
        person_id: row.person_id,
        name: row.name,
        department: row.department,
        last_at: row.last_at,
        number: row.e164.as_deref().map(mask::number),
        recalled: row.recalled,
    };
    Ok(Json(HeardListView { items: rows.into_iter().map(view).collect(), has_more }))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RecallAsk {
    since: DateTime<Utc>,
    sha256: String,
    reason: String,
}

#[derive(Serialize, ToSchema)]
struct RecallView {
    /// New ones; who has a task for this version already gets no second.
    tasks: usize,
}

/// A task for a person each: to call everybody again who heard this version since then.
#[utoipa::path(post, path = "/api/questionnaires/{id}/recall", tag = "questionnaires",
    params(("id" = String, Path)), request_body = RecallAsk,
    responses((status = 200, body = RecallView)))]
async fn call_again(
    State(site): State<Shared>,
    signed: Signed,
    id: Result<Path<String>, PathRejection>,
    Body(ask): Body<RecallAsk>,
) -> Result<Json<RecallView>> {
    signed.may_run()?;
    let id = id?.0;
    if ask.reason.chars().count() > REASON_MAX {
        return Err(Problem::invalid("原因太长 / the reason is too long"));
    }
    let version = Version { questionnaire: &id, sha256: &ask.sha256, since: ask.since };
    let (core, by) = (&site.core, &signed.0.principal);
    let tasks = core.app.recall(by, version, &ask.reason, core.clock.wall()).await?;
    Ok(Json(RecallView { tasks }))
}

/// As many as anybody scrolls through; the action takes all.
const HEARD_SHOWN: i64 = 1000;

/// It stands in every task's line.
const REASON_MAX: usize = 200;
