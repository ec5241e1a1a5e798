//! One follow-up, as its form's page needs it: whose it is, what asks it, how it ended.

use axum::{Json, extract::State};
use chrono::NaiveDate;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::{
    due::{DueView, due_view},
    patients,
};
use crate::{
    base::TaskId,
    store::{due, task},
    web::{
        Shared,
        ask::Key,
        auth::Signed,
        error::{Problem, Result},
    },
};

pub(super) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(find))
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
    /// The questionnaires that its dialplan asks.
    questionnaires: Vec<String>,
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
    let library = site.core.library();
    let asks = |form: &str| {
        let plan = open.as_ref().and_then(|row| row.dialplan.as_deref());
        plan.is_some_and(|plan| library.dialplans_asking(form).contains(&plan))
    };
    let forms = library.questionnaires().map(|kept| kept.value.id.clone());
    Ok(Json(OneTaskView {
        questionnaires: forms.filter(|form| asks(form)).collect(),
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
