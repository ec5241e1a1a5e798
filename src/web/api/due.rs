//! 待随访: what is due, with its reminders; closed by whoever did it.

use axum::{Json, extract::State, http::StatusCode, response::Html};
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::{
    due_print::{Printed, due_page},
    extra::{self, ExtraAsk},
    patients, series,
    tasks::age,
    typed::{self, TypedAnswer},
};
use crate::{
    app::FollowUpDone,
    base::TaskId,
    store::{Scope, account, due},
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
        .routes(routes!(print))
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
    /// `follow_up`, `repair_task`, `callback` …; absent: every kind.
    kind: Option<String>,
    /// Also what is another group's; else, of whoever belongs to a group, only that one's.
    all_groups: bool,
}

impl DueTerms {
    /// As the store asks for them.
    pub(super) async fn terms(
        self,
        site: &Shared,
        signed: &Signed,
        scope: &mut Scope,
        limit: i64,
        offset: i64,
    ) -> Result<due::Terms> {
        let profile = account::profile(scope, &signed.0.login).await?;
        let group = profile.and_then(|profile| profile.owner_group);
        Ok(due::Terms {
            zone: site.core.config().hospital.timezone.name().to_owned(),
            group: group.filter(|_| !self.all_groups),
            sound: patients::sound(self.search.trim()),
            search: self.search.trim().to_owned(),
            until: self.until.or_else(|| Some(patients::today(site))),
            from: self.from,
            department: self.department_id,
            assigned_to: self.assigned_to,
            own: self.mine.then(|| signed.0.login.clone()),
            r#type: self.r#type,
            kind: self.kind,
            task: None,
            limit,
            offset,
        })
    }
}

#[derive(Serialize, ToSchema)]
pub(super) struct DueView {
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
    /// `morning`, `afternoon`, `evening`: when this patient has answered most often.
    answers_at: Option<String>,
}

#[derive(Serialize, ToSchema)]
struct DueListView {
    items: Vec<DueView>,
    has_more: bool,
}

/// With the title of what it will ask, and its age in years.
pub(super) fn due_view(site: &Shared, row: due::Due, today: NaiveDate) -> DueView {
    let library = site.core.library();
    let title = |name: &str| {
        let found = library.dialplan(name).and_then(|kept| kept.value.title.get("zh"));
        found.cloned().unwrap_or_else(|| name.to_owned())
    };
    DueView {
        answers_at: row.answers_at.clone(),
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
    }
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
    let mut scope = signed.scope(&site).await?;
    let terms = ask.terms(&site, &signed, &mut scope, limit + 1, window.offset()).await?;
    let (rows, has_more) = page(due::list(&mut scope, &terms).await?, limit);
    let view = |row| due_view(&site, row, today);
    Ok(Json(DueListView { items: rows.into_iter().map(view).collect(), has_more }))
}

/// 随访日期打印表: the same rows as the list, for A4 landscape, ward by ward; audited.
#[utoipa::path(get, path = "/api/due/print", tag = "due", params(DueTerms),
    responses((status = 200, content_type = "text/html")))]
async fn print(
    State(site): State<Shared>,
    signed: Signed,
    Terms(ask): Terms<DueTerms>,
) -> Result<Html<String>> {
    let (core, today) = (&site.core, patients::today(&site));
    let mut scope = signed.scope(&site).await?;
    let terms = ask.terms(&site, &signed, &mut scope, PRINTED_MAX, 0).await?;
    let (by, at) = (&signed.0.principal, core.clock.wall());
    // Before the first byte leaves the house.
    core.app.audit_access(by, "printed", "due_list", &today.to_string(), at).await?;
    let rows = due::list(&mut scope, &terms).await?;
    let head = Printed {
        hospital: core.config().hospital.name.clone(),
        by: signed.0.display_name.clone(),
        at: at.with_timezone(&core.config().hospital.timezone).format("%Y-%m-%d %H:%M").to_string(),
        today,
        // What leaves the house in full is for those who may take data out of it.
        full_numbers: signed.may("exports").is_ok() && signed.may_see_clear().is_ok(),
    };
    Ok(Html(due_page(&head, &rows)))
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

impl TypedAnswerView {
    fn told(self) -> TypedAnswer {
        let Self { link_id, value, status } = self;
        TypedAnswer { link_id, value, status }
    }
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
    /// Questions that stand in no form: they belong to this follow-up alone.
    #[serde(default)]
    extra: Vec<ExtraAsk>,
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
    let told: Vec<_> = ask.answers.into_iter().map(TypedAnswerView::told).collect();
    let (mut answers, mut contents) = (Vec::new(), Vec::new());
    match ask.questionnaire.as_deref() {
        Some(name) => {
            let mut scope = signed.scope(&site).await?;
            if !series::is_in_sight(&mut scope, name).await? {
                return Err(Problem::not_found("questionnaire"));
            }
            drop(scope);
            let library = core.library();
            let form =
                library.questionnaire(name).ok_or_else(|| Problem::not_found("questionnaire"))?;
            answers = typed::read_all(&form.value, &form.sha256, &told)?;
            contents.push((name.to_owned(), form.sha256.clone(), form.body.clone()));
        }
        None if !told.is_empty() => return Err(typed::no_form()),
        None => {}
    }
    if let Some((form, extra)) = extra::read(id, &ask.extra)? {
        answers.extend(extra);
        contents.push(form);
    }
    let done = FollowUpDone {
        done_on: ask.done_on,
        today: at.with_timezone(&zone).date_naive(),
        channel: &ask.channel,
        respondent: &ask.respondent,
        answers,
        contents,
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

/// A ward's month on paper.
const PRINTED_MAX: i64 = 2000;
