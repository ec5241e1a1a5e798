//! Patients: found, shown with all that is known of them, typed in and put right.

mod clear;
mod course;
mod ring_tests;
mod search;
mod stays;
mod typed_in;

pub(super) use clear::ClearAsk;
pub(super) use search::{SearchTerms, sound};

use axum::{Json, extract::State, http::StatusCode};
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::tasks::age;
use crate::{
    app::{EndReason, ToldNumber},
    base::{ContactId, NumberId, PersonId},
    domain::Relation,
    store::{decision, merge, past_follow_up, patient},
    web::{
        Shared,
        ask::{Body, Key, Terms},
        auth::Signed,
        error::{Problem, Result},
        mask,
    },
};

pub(super) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(search::search, typed_in::type_in))
        .routes(routes!(find, edit))
        .routes(routes!(tell_number))
        .routes(routes!(block_number))
        .routes(routes!(ring_tests::ring_tests, ring_tests::ring))
        .routes(routes!(set_informed))
        .routes(routes!(end))
        .routes(routes!(decisions))
        .routes(routes!(course::course))
        .routes(routes!(clear::clear))
}

pub(super) fn today(site: &Shared) -> NaiveDate {
    let zone = site.core.config().hospital.timezone;
    site.core.clock.wall().with_timezone(&zone).date_naive()
}

#[derive(Serialize, ToSchema)]
struct NumberView {
    number_id: Uuid,
    /// Masked: `POST /api/patients/{id}/clear` tells it whole.
    number: String,
    kind: String,
    source: String,
    state: String,
    valid_until: Option<NaiveDate>,
    told_at: Option<DateTime<Utc>>,
    answered: i64,
    dials: i64,
}

#[derive(Serialize, ToSchema)]
struct ContactView {
    contact_id: Uuid,
    relation: String,
    name: Option<String>,
    informed: bool,
    numbers: Vec<NumberView>,
}

#[derive(Serialize, ToSchema)]
struct HistoryView {
    at: DateTime<Utc>,
    by: String,
    what: String,
    old: Option<String>,
    new: Option<String>,
    reason: Option<String>,
}

/// Done before us: history with its source, never evidence of our calls.
#[derive(Serialize, ToSchema)]
struct PastView {
    done_on: NaiveDate,
    admission_no: Option<String>,
    channel: Option<String>,
    result: Option<String>,
    by: Option<String>,
    note: Option<String>,
    source: String,
    imported_at: DateTime<Utc>,
}

#[derive(Serialize, ToSchema)]
struct PatientView {
    person_id: Uuid,
    record_no: Option<String>,
    /// Masked, as the numbers are.
    id_card: Option<String>,
    name: String,
    name_reading: Option<String>,
    sex: String,
    birth_date: Option<NaiveDate>,
    age: Option<u32>,
    language: String,
    work_address: Option<String>,
    home_address: Option<String>,
    communication_mark: Option<String>,
    patient_only: bool,
    died_on: Option<NaiveDate>,
    automatic_contact_stopped_why: Option<String>,
    admissions: Vec<stays::AdmissionView>,
    contacts: Vec<ContactView>,
    history: Vec<HistoryView>,
    past_follow_ups: Vec<PastView>,
}

#[utoipa::path(get, path = "/api/patients/{id}", tag = "patients", params(("id" = Uuid, Path)),
    responses((status = 200, body = PatientView)))]
async fn find(
    State(site): State<Shared>,
    signed: Signed,
    Key(id): Key,
) -> Result<Json<PatientView>> {
    let core = &site.core;
    let by = &signed.0.principal;
    // Reading a patient's record is audited before the first byte.
    core.app.audit_access(by, "read", "person", &id.to_string(), core.clock.wall()).await?;
    let mut scope = signed.scope(&site).await?;
    let person = merge::survivor(&mut scope, PersonId::from_uuid(id)).await?;
    let found = patient::find(&mut scope, person).await?;
    let row = found.ok_or_else(|| Problem::not_found("patient"))?;
    let admissions = stays::of_person(&mut scope, person, row.birth_date).await?;
    let numbers = patient::numbers(&mut scope, person).await?;
    let history = patient::history(&mut scope, person, HISTORY_MAX).await?;
    let past = past_follow_up::of_person(&mut scope, person, HISTORY_MAX).await?;
    let born = row.birth_date;
    let history_view = |h: patient::History| HistoryView {
        at: h.at,
        by: h.by_whom,
        what: h.what,
        old: h.old_value,
        new: h.new_value,
        reason: h.reason,
    };
    Ok(Json(PatientView {
        person_id: row.person_id,
        record_no: row.record_no,
        id_card: row.id_card.as_deref().map(mask::id_card),
        name: row.name,
        name_reading: row.name_reading,
        sex: row.sex,
        birth_date: row.birth_date,
        age: born.and_then(|born| age(born, today(&site))),
        language: row.language,
        work_address: row.work_address,
        home_address: row.home_address,
        communication_mark: row.communication_mark,
        patient_only: row.patient_only,
        died_on: row.died_on,
        automatic_contact_stopped_why: row.automatic_contact_stopped_why,
        admissions,
        contacts: contact_views(numbers),
        history: history.into_iter().map(history_view).collect(),
        past_follow_ups: past.into_iter().map(past_view).collect(),
    }))
}

fn past_view(row: past_follow_up::Past) -> PastView {
    PastView {
        done_on: row.done_on,
        admission_no: row.admission_no,
        channel: row.channel,
        result: row.result,
        by: row.by_whom,
        note: row.note,
        source: row.source,
        imported_at: row.imported_at,
    }
}

/// The rows come in the order of contacts; each keeps its numbers' order.
fn contact_views(rows: Vec<patient::Number>) -> Vec<ContactView> {
    let mut contacts: Vec<ContactView> = Vec::new();
    for row in rows {
        if contacts.last().is_none_or(|last| last.contact_id != row.contact_id) {
            contacts.push(ContactView {
                contact_id: row.contact_id,
                relation: row.relation.clone(),
                name: row.contact_name.clone(),
                informed: row.informed,
                numbers: Vec::new(),
            });
        }
        let (Some(contact), Some(number_id)) = (contacts.last_mut(), row.number_id) else {
            continue;
        };
        contact.numbers.push(NumberView {
            number_id,
            number: row.e164.as_deref().map(mask::number).unwrap_or_default(),
            kind: row.kind.unwrap_or_default(),
            source: row.source.unwrap_or_default(),
            state: row.state.unwrap_or_default(),
            valid_until: row.valid_until,
            told_at: row.created_at,
            answered: row.answered,
            dials: row.dials,
        });
    }
    contacts
}

#[derive(Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
#[derive(Default)]
struct EditView {
    name: Option<String>,
    name_reading: Option<String>,
    work_address: Option<String>,
    home_address: Option<String>,
    /// `no_speech`, `hard_of_hearing`, `cognitive`, `language`; empty takes it away.
    communication_mark: Option<String>,
    patient_only: Option<bool>,
    language: Option<String>,
    reason: Option<String>,
}

#[utoipa::path(put, path = "/api/patients/{id}", tag = "patients", params(("id" = Uuid, Path)),
    request_body = EditView, responses((status = 204)))]
async fn edit(
    State(site): State<Shared>,
    signed: Signed,
    Key(id): Key,
    Body(ask): Body<EditView>,
) -> Result<StatusCode> {
    let edit = patient::Edit {
        name: ask.name.as_deref().map(str::trim).filter(|name| !name.is_empty()),
        name_reading: ask.name_reading.as_deref(),
        work_address: ask.work_address.as_deref(),
        home_address: ask.home_address.as_deref(),
        communication_mark: ask.communication_mark.as_deref(),
        patient_only: ask.patient_only,
        language: ask.language.as_deref(),
    };
    let (core, by) = (&site.core, &signed.0.principal);
    let person = PersonId::from_uuid(id);
    core.app.edit_person(by, person, &edit, ask.reason.as_deref(), core.clock.wall()).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ToldView {
    phone: String,
    /// 本人 配偶 子女 …, or its English word.
    #[serde(default)]
    relation: String,
    name: Option<String>,
    #[serde(default)]
    informed: bool,
    /// 住院证 入院评估单 患者 家属 HIS 补录
    source: String,
    valid_until: Option<NaiveDate>,
}

#[derive(Serialize, ToSchema)]
struct ReopenedView {
    /// Follow-ups that waited for a number and go on now.
    reopened: u64,
}

#[utoipa::path(post, path = "/api/patients/{id}/numbers", tag = "patients",
    params(("id" = Uuid, Path)), request_body = ToldView,
    responses((status = 200, body = ReopenedView)))]
async fn tell_number(
    State(site): State<Shared>,
    signed: Signed,
    Key(id): Key,
    Body(ask): Body<ToldView>,
) -> Result<Json<ReopenedView>> {
    if ask.source.trim().is_empty() {
        let what = "请填写号码来源 / where does the number come from?";
        return Err(Problem::invalid(what));
    }
    let relation = if ask.relation.is_empty() { "self" } else { &ask.relation };
    let told = ToldNumber {
        relation: Relation::read(relation).map_err(Problem::invalid)?,
        contact_name: ask.name.as_deref(),
        informed: ask.informed,
        phone: &ask.phone,
        source: ask.source.trim(),
        valid_until: ask.valid_until,
    };
    let (core, by) = (&site.core, &signed.0.principal);
    let area = &core.config().hospital.area_code;
    let person = PersonId::from_uuid(id);
    let reopened = core.app.tell_number(by, person, &told, area, core.clock.wall()).await?;
    Ok(Json(ReopenedView { reopened }))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct BlockView {
    /// `wrong_number`, `not_in_service`, or words.
    reason: String,
}

#[utoipa::path(post, path = "/api/numbers/{id}/block", tag = "patients",
    params(("id" = Uuid, Path)), request_body = BlockView, responses((status = 204)))]
async fn block_number(
    State(site): State<Shared>,
    signed: Signed,
    Key(id): Key,
    Body(ask): Body<BlockView>,
) -> Result<StatusCode> {
    let (core, by) = (&site.core, &signed.0.principal);
    let number = NumberId::from_uuid(id);
    core.app.block_number(by, number, &ask.reason, core.clock.wall()).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct InformedView {
    contact_id: Uuid,
    informed: bool,
}

#[utoipa::path(post, path = "/api/patients/{id}/informed", tag = "patients",
    params(("id" = Uuid, Path)), request_body = InformedView, responses((status = 204)))]
async fn set_informed(
    State(site): State<Shared>,
    signed: Signed,
    Key(id): Key,
    Body(ask): Body<InformedView>,
) -> Result<StatusCode> {
    let (core, by) = (&site.core, &signed.0.principal);
    let (person, contact) = (PersonId::from_uuid(id), ContactId::from_uuid(ask.contact_id));
    core.app.set_informed(by, person, contact, ask.informed, core.clock.wall()).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct EndView {
    /// `died`, `lost` or `refused`.
    reason: String,
    died_on: Option<NaiveDate>,
    #[serde(default)]
    why: String,
}

#[derive(Serialize, ToSchema)]
struct EndedView {
    plans: u64,
}

/// 死亡, 失访 or 拒访: everything of this person stops.
#[utoipa::path(post, path = "/api/patients/{id}/end", tag = "patients",
    params(("id" = Uuid, Path)), request_body = EndView, responses((status = 200, body = EndedView)))]
async fn end(
    State(site): State<Shared>,
    signed: Signed,
    Key(id): Key,
    Body(ask): Body<EndView>,
) -> Result<Json<EndedView>> {
    let reason = match ask.reason.as_str() {
        "died" => EndReason::Died,
        "lost" => EndReason::Lost,
        "refused" => EndReason::Refused,
        _ => return Err(Problem::invalid("应为 died lost refused / one of died, lost, refused")),
    };
    let (core, by) = (&site.core, &signed.0.principal);
    let (person, at) = (PersonId::from_uuid(id), core.clock.wall());
    let plans = core.app.record_end(by, person, reason, ask.died_on, &ask.why, at).await?;
    Ok(Json(EndedView { plans }))
}

#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct DayTerms {
    /// Absent: the last 30 days.
    day: Option<NaiveDate>,
}

#[derive(Serialize, ToSchema)]
struct DecisionView {
    at: DateTime<Utc>,
    task_id: Uuid,
    /// `dialled`, `put_off`, `ended`, `repair`, `handed_over`, `closed`.
    what: String,
    why: String,
    until: Option<DateTime<Utc>>,
}

/// Why this person was or was not called.
#[utoipa::path(get, path = "/api/patients/{id}/decisions", tag = "patients",
    params(("id" = Uuid, Path), DayTerms), responses((status = 200, body = [DecisionView])))]
async fn decisions(
    State(site): State<Shared>,
    signed: Signed,
    Key(id): Key,
    Terms(terms): Terms<DayTerms>,
) -> Result<Json<Vec<DecisionView>>> {
    let zone = site.core.config().hospital.timezone;
    let at = site.core.clock.wall();
    let midnight = |day: NaiveDate| {
        let local = day.and_time(chrono::NaiveTime::MIN).and_local_timezone(zone).earliest();
        local.map_or(at, |local| local.to_utc())
    };
    let (from, to) = match terms.day {
        Some(day) => (midnight(day), midnight(day) + chrono::Duration::days(1)),
        None => (at - chrono::Duration::days(30), at),
    };
    let mut scope = signed.scope(&site).await?;
    let person = PersonId::from_uuid(id);
    let rows = decision::of_person(&mut scope, person, from, to, HISTORY_MAX).await?;
    let view = |row: decision::Decision| DecisionView {
        at: row.at,
        task_id: row.task_id,
        what: row.what,
        why: row.why,
        until: row.until,
    };
    Ok(Json(rows.into_iter().map(view).collect()))
}

/// More than anybody reads; older entries are in the audit.
const HISTORY_MAX: i64 = 200;
