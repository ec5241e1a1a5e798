//! 语音流程: what a run can speak.

use axum::{Json, extract::State};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::series;
use crate::web::{Shared, auth::Signed, error::Result};

pub(super) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(dialplans))
}

#[derive(Serialize, ToSchema)]
struct DialplanView {
    id: String,
    title: String,
    title_en: String,
    version: u32,
    steps: usize,
    /// The questionnaires it asks.
    questionnaires: Vec<String>,
    /// Answers callers; not for runs.
    inbound: bool,
}

#[utoipa::path(get, path = "/api/dialplans", tag = "dialplans",
    responses((status = 200, body = [DialplanView])))]
async fn dialplans(State(site): State<Shared>, signed: Signed) -> Result<Json<Vec<DialplanView>>> {
    let (library, config) = (site.core.library(), site.core.config());
    let view = |plan: &crate::ivr::Dialplan| {
        let title = |language| plan.title.get(language).unwrap_or(&plan.id).clone();
        let forms = library.questionnaires().map(|kept| kept.value.id.clone());
        DialplanView {
            id: plan.id.clone(),
            title: title("zh"),
            title_en: title("en"),
            version: plan.version,
            steps: plan.steps.len(),
            questionnaires: forms
                .filter(|form| library.dialplans_asking(form).contains(&plan.id.as_str()))
                .collect(),
            inbound: plan.id == config.sip.inbound_dialplan,
        }
    };
    let mut scope = signed.scope(&site).await?;
    let mut shown = Vec::new();
    for kept in library.dialplans() {
        if series::is_in_sight(&mut scope, &kept.value.id).await? {
            shown.push(view(&kept.value));
        }
    }
    Ok(Json(shown))
}
