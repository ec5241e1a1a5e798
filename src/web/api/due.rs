//! 待随访: what is due, with its reminders; closed by whoever did it.

use axum::{Json, extract::State, http::StatusCode};
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::{
    patients,
    tasks::age,
    typed::{self, TypedAnswer},
};
use crate::{
    app::FollowUpDone,
    base::TaskId,
    store::due,
    web::{
        Shared,
        ask::{Body, Key, Terms, Window, page},
        auth::Signed,
        error::Result,
    },
};

pub(super) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(close))
        .routes(routes!(reminders))
        .routes(routes!(dismiss))
}

#[derive(Clone, Debug, Default, Deserialize, Serialize, utoipa::IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub(super) struct DueTerms {
    search: String,
    /// Absent: today, so that overdue and today's are there without a search.
    until: Option<NaiveDate>,
    from: Option<NaiveDate>,
    department_id: Option<Uuid>,
    assigned_to: Option<String>,
    /// My patients: those whose attending doctor or responsible nurse I am.
    mine: bool,
    r#type: Option<String>,
}

impl DueTerms {
    /// As the store asks for them.
    pub(super) fn terms(
        self,
        signed: &Signed,
        today: NaiveDate,
        limit: i64,
        offset: i64,
    ) -> due::Terms {
        due::Terms {
            sound: patients::sound(self.search.trim()),
            search: self.search.trim().to_owned(),
            until: self.until.or(Some(today)),
            from: self.from,
            department: self.department_id,
            assigned_to: self.assigned_to,
            own: self.mine.then(|| signed.0.login.clone()),
            r#type: self.r#type,
            limit,
            offset,
        }
    }
}

#[derive(Serialize, ToSchema)]
struct DueView {
    task_id: Uuid,
    person_id: Uuid,
    admission_id: Option<Uuid>,
    name: String,
    sex: String,
    age: Option<u32>,
    department: Option<String>,
    ward: Option<String>,
    discharged_on: Option<NaiveDate>,
    diagnosis: Option<String>,
    kind: String,
    /// 常规 `routine`, 专科 `specialty`, 专病 `disease`, 提醒 `notice`.
    r#type: String,
    state: String,
    why: Option<String>,
    channel: String,
    /// What will be asked, in the words of its title.
    questionnaire: Option<String>,
    /// 0 for the first.
    sequence: Option<i32>,
    scheduled_on: Option<NaiveDate>,
    deadline_on: Option<NaiveDate>,
    overdue: bool,
    promised_at: Option<DateTime<Utc>>,
    assigned_to: Option<String>,
    last_outcome: Option<String>,
    /// The best number, masked.
    number: Option<String>,
}

#[derive(Serialize, ToSchema)]
struct DueListView {
    items: Vec<DueView>,
    has_more: bool,
}

#[utoipa::path(get, path = "/api/due", tag = "due", params(DueTerms, Window),
    responses((status = 200, body = DueListView)))]
async fn list(
    State(site): State<Shared>,
    signed: Signed,
    Terms(ask): Terms<DueTerms>,
    Terms(window): Terms<Window>,
) -> Result<Json<DueListView>> {
    let today = patients::today(&site);
    let limit = window.limit();
    let terms = ask.terms(&signed, today, limit + 1, window.offset());
    let library = site.core.library();
    let mut scope = signed.scope(&site).await?;
    let (rows, has_more) = page(due::list(&mut scope, &terms).await?, limit);
    let title = |name: &str| {
        let found = library.dialplan(name).and_then(|kept| kept.value.title.get("zh"));
        found.cloned().unwrap_or_else(|| name.to_owned())
    };
    let view = |row: due::Due| DueView {
        age: row.birth_date.and_then(|born| age(born, today)),
        overdue: row.deadline_on.is_some_and(|last| last < today),
        questionnaire: row.dialplan.as_deref().map(title),
        number: row.e164.as_deref().map(crate::web::mask::number),
        task_id: row.task_id,
        person_id: row.person_id,
        admission_id: row.admission_id,
        name: row.name,
        sex: row.sex,
        department: row.department,
        ward: row.ward,
        discharged_on: row.discharged_on,
        diagnosis: row.diagnosis,
        kind: row.kind,
        r#type: row.r#type,
        state: row.state,
        why: row.why,
        channel: row.channel,
        sequence: row.sequence,
        scheduled_on: row.scheduled_on,
        deadline_on: row.deadline_on,
        promised_at: row.promised_at,
        assigned_to: row.assigned_to,
        last_outcome: row.last_outcome,
    };
    Ok(Json(DueListView { items: rows.into_iter().map(view).collect(), has_more }))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct TypedAnswerView {
    link_id: String,
    /// The option's code, a number, or words.
    value: Option<String>,
    /// Absent with a value: `answered`; else one of the six blanks.
    status: Option<String>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct CloseAsk {
    done_on: NaiveDate,
    /// `clinic` and `home_visit` count as face to face; `manual_phone` was another telephone.
    channel: String,
    /// 本人 `self`, 知情家属 `informed_relative`, 监护人 `guardian`, `uninformed_relative`, `stranger`.
    respondent: String,
    questionnaire: Option<String>,
    #[serde(default)]
    answers: Vec<TypedAnswerView>,
}

#[derive(Serialize, ToSchema)]
struct ClosedView {
    state: String,
    face_to_face: bool,
}

/// A follow-up that a person did: its pending call is cancelled by that.
#[utoipa::path(post, path = "/api/tasks/{id}/close", tag = "due", params(("id" = Uuid, Path)),
    request_body = CloseAsk, responses((status = 200, body = ClosedView)))]
async fn close(
    State(site): State<Shared>,
    signed: Signed,
    Key(id): Key,
    Body(ask): Body<CloseAsk>,
) -> Result<Json<ClosedView>> {
    let core = &site.core;
    let zone = core.config().hospital.timezone;
    let at = core.clock.wall();
    let library = core.library();
    let form = ask.questionnaire.as_deref().map(|name| library.questionnaire(name));
    let form = match form {
        Some(None) => return Err(crate::web::error::Problem::not_found("questionnaire")),
        found => found.flatten(),
    };
    let mut answers = Vec::with_capacity(ask.answers.len());
    for TypedAnswerView { link_id, value, status } in ask.answers {
        answers.push(typed::read(form, &TypedAnswer { link_id, value, status })?);
    }
    let done = FollowUpDone {
        done_on: ask.done_on,
        today: at.with_timezone(&zone).date_naive(),
        channel: &ask.channel,
        respondent: &ask.respondent,
        answers,
    };
    let state = core.app.close_task(&signed.0.principal, TaskId::from_uuid(id), &done, at).await?;
    let face_to_face =
        ask.channel.parse().is_ok_and(|channel: crate::domain::Channel| channel.is_face_to_face());
    Ok(Json(ClosedView { state, face_to_face }))
}

#[derive(Serialize, ToSchema)]
struct ReminderView {
    reminder_id: Uuid,
    /// `day_12`, `overdue`, `due_soon`, `callback`, `calendar_missing`.
    kind: String,
    task_id: Option<Uuid>,
    name: Option<String>,
    department: Option<String>,
    deadline_on: Option<NaiveDate>,
    at: DateTime<Utc>,
}

#[utoipa::path(get, path = "/api/reminders", tag = "due", params(Window),
    responses((status = 200, body = [ReminderView])))]
async fn reminders(
    State(site): State<Shared>,
    signed: Signed,
    Terms(window): Terms<Window>,
) -> Result<Json<Vec<ReminderView>>> {
    let mut scope = signed.scope(&site).await?;
    let view = |row: due::Reminder| ReminderView {
        reminder_id: row.reminder_id,
        kind: row.kind,
        task_id: row.task_id,
        name: row.name,
        department: row.department,
        deadline_on: row.deadline_on,
        at: row.at,
    };
    let rows = due::reminders(&mut scope, window.limit()).await?;
    Ok(Json(rows.into_iter().map(view).collect()))
}

#[utoipa::path(post, path = "/api/reminders/{id}/dismiss", tag = "due",
    params(("id" = Uuid, Path)), responses((status = 204)))]
async fn dismiss(State(site): State<Shared>, signed: Signed, Key(id): Key) -> Result<StatusCode> {
    let core = &site.core;
    core.app.dismiss_reminder(&signed.0.principal, id, core.clock.wall()).await?;
    Ok(StatusCode::NO_CONTENT)
}
