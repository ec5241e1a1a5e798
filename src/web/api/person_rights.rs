//! The rights of a person over their data: a copy, a restriction, an erasure by two of us.

use axum::{
    Json,
    extract::State,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use crate::{
    app::Consenting,
    base::PersonId,
    engine::remove_recording,
    store::{Departments, Principal, person_rights},
    web::{
        Shared,
        ask::{Body, Key},
        auth::Signed,
        error::{Problem, Result},
    },
};

pub(super) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(find))
        .routes(routes!(export))
        .routes(routes!(restrict))
        .routes(routes!(record_consent))
        .routes(routes!(lift))
        .routes(routes!(ask_erasure))
        .routes(routes!(confirm_erasure))
        .routes(routes!(withdraw_erasure))
}

/// Who sees some departments only would give, and erase, a part of a person.
fn whole_hospital(signed: &Signed) -> Result<&Principal> {
    match &signed.0.principal {
        by @ Principal::Person { departments: Departments::All, .. } => Ok(by),
        _ => {
            let what = "需要全院权限 / this takes an account of the whole hospital";
            Err(Problem::forbidden(what))
        }
    }
}

#[derive(Serialize, ToSchema)]
struct ErasureView {
    reason: String,
    asked_by: String,
    asked_at: DateTime<Utc>,
    /// Asked for by whoever looks: another person confirms it.
    is_own: bool,
}

#[derive(Serialize, ToSchema)]
struct RightsView {
    restricted_at: Option<DateTime<Utc>>,
    restricted_why: Option<String>,
    restricted_by: Option<String>,
    erased_at: Option<DateTime<Utc>>,
    /// Waits for a second person.
    erasure: Option<ErasureView>,
    /// The latest first.
    consents: Vec<ConsentView>,
}

#[derive(Serialize, ToSchema)]
struct ConsentView {
    /// `call`, `record` or `share`.
    scope: String,
    decision: String,
    wording: String,
    /// How it reached us.
    source: String,
    call_id: Option<Uuid>,
    by: String,
    at: DateTime<Utc>,
}

impl From<person_rights::Consented> for ConsentView {
    fn from(row: person_rights::Consented) -> Self {
        Self {
            scope: row.scope,
            decision: row.decision,
            wording: row.wording_version,
            source: row.channel,
            call_id: row.call_id,
            by: row.by_whom,
            at: row.at,
        }
    }
}

#[utoipa::path(get, path = "/api/person-rights/{id}", tag = "person_rights",
    params(("id" = Uuid, Path)), responses((status = 200, body = RightsView)))]
async fn find(
    State(site): State<Shared>,
    signed: Signed,
    Key(id): Key,
) -> Result<Json<RightsView>> {
    let by = whole_hospital(&signed)?;
    let person = PersonId::from_uuid(id);
    let mut scope = signed.scope(&site).await?;
    let standing = person_rights::lock(&mut scope, person).await?;
    let standing = standing.ok_or_else(|| Problem::not_found("person"))?;
    let erasure = person_rights::open_erasure(&mut scope, person).await?;
    let consents = person_rights::consents(&mut scope, person).await?;
    Ok(Json(RightsView {
        consents: consents.into_iter().map(ConsentView::from).collect(),
        restricted_at: standing.restricted_at,
        restricted_why: standing.restricted_why,
        restricted_by: standing.restricted_by,
        erased_at: standing.erased_at,
        erasure: erasure.map(|row| ErasureView {
            is_own: row.asked_by == by.name(),
            reason: row.reason,
            asked_by: row.asked_by,
            asked_at: row.asked_at,
        }),
    }))
}

#[utoipa::path(get, path = "/api/person-rights/{id}/export", tag = "person_rights",
    params(("id" = Uuid, Path)), responses((status = 200, body = serde_json::Value)))]
async fn export(State(site): State<Shared>, signed: Signed, Key(id): Key) -> Result<Response> {
    let by = whole_hospital(&signed)?;
    let core = &site.core;
    let all = core.app.export_person(by, PersonId::from_uuid(id), core.clock.wall()).await?;
    let mut response = Json(all).into_response();
    let name = format!("attachment; filename=\"person-{id}.json\"");
    if let Ok(name) = HeaderValue::from_str(&name) {
        response.headers_mut().insert(header::CONTENT_DISPOSITION, name);
    }
    Ok(response)
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RightsAsk {
    reason: String,
}

#[utoipa::path(post, path = "/api/person-rights/{id}/restrict", tag = "person_rights",
    params(("id" = Uuid, Path)), request_body = RightsAsk, responses((status = 204)))]
async fn restrict(
    State(site): State<Shared>,
    signed: Signed,
    Key(id): Key,
    Body(ask): Body<RightsAsk>,
) -> Result<StatusCode> {
    let (core, by) = (&site.core, whole_hospital(&signed)?);
    let (person, at) = (PersonId::from_uuid(id), core.clock.wall());
    core.app.restrict_person(by, person, &ask.reason, at).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[utoipa::path(post, path = "/api/person-rights/{id}/lift", tag = "person_rights",
    params(("id" = Uuid, Path)), request_body = RightsAsk, responses((status = 204)))]
async fn lift(
    State(site): State<Shared>,
    signed: Signed,
    Key(id): Key,
    Body(ask): Body<RightsAsk>,
) -> Result<StatusCode> {
    let (core, by) = (&site.core, whole_hospital(&signed)?);
    let (person, at) = (PersonId::from_uuid(id), core.clock.wall());
    core.app.lift_restriction(by, person, &ask.reason, at).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ConsentAsk {
    /// `call`, `record` or `share`.
    scope: String,
    /// `given` or `withdrawn`.
    decision: String,
    /// `letter`, `phone`, `in_person` or `form`.
    source: String,
    /// Which wording, e.g. of the ward's form.
    #[serde(default)]
    wording: String,
}

#[utoipa::path(post, path = "/api/person-rights/{id}/consents", tag = "person_rights",
    params(("id" = Uuid, Path)), request_body = ConsentAsk, responses((status = 204)))]
async fn record_consent(
    State(site): State<Shared>,
    signed: Signed,
    Key(id): Key,
    Body(ask): Body<ConsentAsk>,
) -> Result<StatusCode> {
    let (core, by) = (&site.core, whole_hospital(&signed)?);
    let said = Consenting {
        scope: &ask.scope,
        decision: &ask.decision,
        source: &ask.source,
        wording: ask.wording.trim(),
    };
    let (person, at) = (PersonId::from_uuid(id), core.clock.wall());
    core.app.record_consent(by, person, &said, at).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The first of two people: nothing goes yet.
#[utoipa::path(post, path = "/api/person-rights/{id}/erase", tag = "person_rights",
    params(("id" = Uuid, Path)), request_body = RightsAsk, responses((status = 204)))]
async fn ask_erasure(
    State(site): State<Shared>,
    signed: Signed,
    Key(id): Key,
    Body(ask): Body<RightsAsk>,
) -> Result<StatusCode> {
    let (core, by) = (&site.core, whole_hospital(&signed)?);
    let (person, at) = (PersonId::from_uuid(id), core.clock.wall());
    core.app.ask_erasure(by, person, &ask.reason, at).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The second.
#[utoipa::path(post, path = "/api/person-rights/{id}/erase/confirm", tag = "person_rights",
    params(("id" = Uuid, Path)), responses((status = 204)))]
async fn confirm_erasure(
    State(site): State<Shared>,
    signed: Signed,
    Key(id): Key,
) -> Result<StatusCode> {
    let (core, by) = (&site.core, whole_hospital(&signed)?);
    let (person, at) = (PersonId::from_uuid(id), core.clock.wall());
    let folder = core.recordings();
    let remove = |path: &str| remove_recording(&folder, path);
    core.app.confirm_erasure(by, person, remove, at).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[utoipa::path(post, path = "/api/person-rights/{id}/erase/withdraw", tag = "person_rights",
    params(("id" = Uuid, Path)), responses((status = 204)))]
async fn withdraw_erasure(
    State(site): State<Shared>,
    signed: Signed,
    Key(id): Key,
) -> Result<StatusCode> {
    let (core, by) = (&site.core, whole_hospital(&signed)?);
    core.app.withdraw_erasure(by, PersonId::from_uuid(id), core.clock.wall()).await?;
    Ok(StatusCode::NO_CONTENT)
}
