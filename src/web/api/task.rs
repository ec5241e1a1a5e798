//! One follow-up, as its form's page needs it: whose it is, what asks it, how it ended.

use axum::{
    Json,
    extract::{Path, State, rejection::PathRejection},
};
use chrono::NaiveDate;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::{
    due::{DueView, due_view},
    patients, series,
};
use crate::{
    base::TaskId,
    ivr::form_json,
    store::{Scope, due, task},
    web::{
        Shared,
        ask::Key,
        auth::Signed,
        error::{Problem, Result},
    },
};

pub(super) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(find)).routes(routes!(questionnaire))
}

#[derive(Serialize, ToSchema)]
struct FormNameView {
    id: String,
    title: String,
    title_en: String,
    /// By the dialplan of this follow-up; the others may be chosen instead.
    asked: bool,
}

#[derive(Serialize, ToSchema)]
struct OneTaskView {
    task_id: Uuid,
    person_id: Uuid,
    name: String,
    admission_no: Option<String>,
    department: Option<String>,
    ward: Option<String>,
    /// 0 for the first.
    sequence: Option<i32>,
    scheduled_on: Option<NaiveDate>,
    done_on: Option<NaiveDate>,
    channel: Option<String>,
    respondent: Option<String>,
    done_by: Option<String>,
    /// As a doctor confirmed it.
    opinion: Option<String>,
    /// As it stands in the due list; absent: it is over.
    open: Option<DueView>,
    /// What may be asked, the dialplan's own first.
    questionnaires: Vec<FormNameView>,
}

#[utoipa::path(get, path = "/api/tasks/{id}", tag = "tasks", params(("id" = Uuid, Path)),
    responses((status = 200, body = OneTaskView)))]
async fn find(
    State(site): State<Shared>,
    signed: Signed,
    Key(id): Key,
) -> Result<Json<OneTaskView>> {
    let mut scope = signed.scope(&site).await?;
    let found = task::records(&mut scope, Some(TaskId::from_uuid(id)), None, 1).await?.pop();
    let found = found.ok_or_else(|| Problem::not_found("task"))?;
    let zone = site.core.config().hospital.timezone.name().to_owned();
    let terms = due::Terms { zone, task: Some(id), limit: 1, ..due::Terms::default() };
    let open = due::list(&mut scope, &terms).await?.pop();
    let plan = open.as_ref().and_then(|row| row.dialplan.as_deref());
    let questionnaires = forms(&site, &mut scope, plan).await?;
    Ok(Json(OneTaskView {
        questionnaires,
        open: open.map(|row| due_view(&site, row, patients::today(&site))),
        task_id: found.task_id,
        person_id: found.person_id,
        name: found.name,
        admission_no: found.admission_no,
        department: found.department,
        ward: found.ward,
        sequence: found.sequence,
        scheduled_on: found.scheduled_on,
        done_on: found.done_on,
        channel: found.channel,
        respondent: found.respondent,
        done_by: found.done_by,
        opinion: found.opinion,
    }))
}

async fn forms(site: &Shared, scope: &mut Scope, plan: Option<&str>) -> Result<Vec<FormNameView>> {
    let library = site.core.library();
    let mut views = Vec::new();
    for kept in library.questionnaires() {
        let form = &kept.value;
        let asked = plan.is_some_and(|plan| library.dialplans_asking(&form.id).contains(&plan));
        if asked || series::is_in_sight(scope, &form.id).await? {
            let title = |language| form.title.get(language).unwrap_or(&form.id).clone();
            let (title, title_en) = (title("zh"), title("en"));
            views.push(FormNameView { id: form.id.clone(), title, title_en, asked });
        }
    }
    views.sort_by_key(|view| !view.asked);
    Ok(views)
}

/// A form's content, for whoever follows up; to edit it is another module.
#[utoipa::path(get, path = "/api/tasks/{id}/questionnaires/{name}", tag = "tasks",
    params(("id" = Uuid, Path), ("name" = String, Path)),
    responses((status = 200, body = Object)))]
async fn questionnaire(
    State(site): State<Shared>,
    signed: Signed,
    path: Result<Path<(Uuid, String)>, PathRejection>,
) -> Result<Json<serde_json::Value>> {
    let Path((id, name)) = path?;
    let mut scope = signed.scope(&site).await?;
    let task = task::numbered(&mut scope, TaskId::from_uuid(id)).await?;
    if task.is_none() || !series::is_in_sight(&mut scope, &name).await? {
        return Err(Problem::not_found("questionnaire"));
    }
    let library = site.core.library();
    let kept = library.questionnaire(&name).ok_or_else(|| Problem::not_found("questionnaire"))?;
    Ok(Json(form_json(&kept.body).map_err(|error| Problem::fault(&error))?))
}
