//! 问卷: what is asked, and whether a doctor has signed it.

use axum::{Json, extract::State};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::web::{Shared, auth::Signed};

pub(super) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(questionnaires))
}

#[derive(Serialize, ToSchema)]
struct QuestionnaireView {
    id: String,
    title: String,
    title_en: String,
    version: u32,
    items: usize,
    /// Who signed its levels and advice; absent: it runs only in training.
    reviewed_by: Option<String>,
    reviewed_at: Option<String>,
}

#[utoipa::path(get, path = "/api/questionnaires", tag = "questionnaires",
    responses((status = 200, body = [QuestionnaireView])))]
async fn questionnaires(State(site): State<Shared>, _: Signed) -> Json<Vec<QuestionnaireView>> {
    let library = site.core.library();
    let view = |form: &crate::ivr::Questionnaire| {
        let title = |language| form.title.get(language).unwrap_or(&form.id).clone();
        QuestionnaireView {
            id: form.id.clone(),
            title: title("zh"),
            title_en: title("en"),
            version: form.version,
            items: form.items.len(),
            reviewed_by: form.clinical_review.as_ref().map(|review| review.by.clone()),
            reviewed_at: form.clinical_review.as_ref().map(|review| review.at.clone()),
        }
    };
    Json(library.questionnaires().map(|kept| view(&kept.value)).collect())
}
