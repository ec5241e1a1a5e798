//! 病程: onset, treatment, each follow-up's opinion, outcome, in one list (row F108).

use axum::{Json, extract::State};
use chrono::NaiveDate;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    base::PersonId,
    store::{course, patient},
    web::{
        Shared,
        ask::Key,
        auth::Signed,
        error::{Problem, Result},
    },
};

#[derive(Serialize, ToSchema)]
pub(super) struct CourseView {
    on: NaiveDate,
    /// `onset` `admitted` `operation` `discharged` `past_follow_up` `follow_up` `opinion`
    /// `alert` `adjustment` `appointment` `plan_ended` `died`
    kind: String,
    /// The diagnosis, the operation, the outcome, the opinion, the treatment …
    what: Option<String>,
    /// Its code, number, channel, level or state.
    note: Option<String>,
    /// Who did or signed it.
    who: Option<String>,
    /// Opens that follow-up.
    task_id: Option<Uuid>,
}

/// The earliest first.
#[utoipa::path(get, path = "/api/patients/{id}/course", tag = "patients",
    params(("id" = Uuid, Path)), responses((status = 200, body = [CourseView])))]
pub(super) async fn course(
    State(site): State<Shared>,
    signed: Signed,
    Key(id): Key,
) -> Result<Json<Vec<CourseView>>> {
    let zone = site.core.config().hospital.timezone;
    let person = PersonId::from_uuid(id);
    let mut scope = signed.scope(&site).await?;
    if patient::find(&mut scope, person).await?.is_none() {
        return Err(Problem::not_found("patient"));
    }
    let events = course::of_person(&mut scope, person, zone.name(), EVENTS_MAX).await?;
    let view = |event: course::Event| CourseView {
        on: event.on,
        kind: event.kind,
        what: event.what,
        note: event.note,
        who: event.who,
        task_id: event.task_id,
    };
    Ok(Json(events.into_iter().map(view).collect()))
}

/// Decades of a chronic disease.
const EVENTS_MAX: i64 = 2000;
