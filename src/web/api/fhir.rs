//! FHIR R4 (F017): the hospital's systems read follow-ups back by 住院号, with a token of
//! scope `read`; questionnaires go out, and one that comes in is checked.

use std::collections::HashMap;

use axum::{
    Json,
    extract::{Path, State, rejection::PathRejection},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use crate::{
    app::{
        AnswerKind, Editions, FhirFault, TokenUse, fhir_bundle, fhir_capability, fhir_id,
        fhir_patients, fhir_responses, operation_outcome, questionnaire_in, questionnaire_out,
    },
    ivr::{ItemType, Library, Questionnaire, read_form},
    store::{Principal, Scope, fhir, series},
    web::{
        Shared,
        ask::{Body, Key, Terms},
        auth::{From, Signed},
        error::{Problem, Result},
    },
};

pub(super) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(metadata))
        .routes(routes!(patients))
        .routes(routes!(patient))
        .routes(routes!(responses))
        .routes(routes!(questionnaires))
        .routes(routes!(questionnaire))
        .routes(routes!(check))
}

fn resource(status: StatusCode, body: &Value) -> Response {
    let about = [(header::CONTENT_TYPE, "application/fhir+json; charset=utf-8")];
    (status, about, body.to_string()).into_response()
}

/// What may be asked here.
#[utoipa::path(get, path = "/api/fhir/metadata", tag = "fhir",
    responses((status = 200, body = Value, content_type = "application/fhir+json"),
        (status = "4XX", content((Value = "application/fhir+json"),
            (Problem = "application/problem+json")))))]
async fn metadata(State(site): State<Shared>) -> Response {
    let zone = site.core.config().hospital.timezone;
    let date = site.core.clock.wall().with_timezone(&zone).to_rfc3339();
    resource(StatusCode::OK, &fhir_capability(&date, env!("CARGO_PKG_VERSION")))
}

#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct Search {
    /// 住院号 or record number, as `Z0001` or `system|Z0001`.
    identifier: Option<String>,
    /// `Patient/{id}`.
    subject: Option<String>,
}

impl Search {
    fn no(&self) -> Option<&str> {
        let text = self.identifier.as_deref()?.trim();
        let no = text.rsplit_once('|').map_or(text, |(_, no)| no);
        (!no.is_empty()).then_some(no)
    }

    fn person(&self) -> Option<Uuid> {
        let text = self.subject.as_deref()?.trim();
        text.strip_prefix("Patient/").unwrap_or(text).parse().ok()
    }
}

/// Nobody may ask for everybody.
fn unnamed() -> Response {
    let fault = FhirFault {
        path: "identifier".to_owned(),
        what: "name a patient: identifier=住院号, or subject=Patient/{id}".to_owned(),
    };
    resource(StatusCode::BAD_REQUEST, &operation_outcome("error", "required", &[fault]))
}

#[utoipa::path(get, path = "/api/fhir/Patient", tag = "fhir", params(Search),
    responses((status = 200, body = Value, content_type = "application/fhir+json"),
        (status = "4XX", content((Value = "application/fhir+json"),
            (Problem = "application/problem+json")))))]
async fn patients(
    State(site): State<Shared>,
    from: From,
    headers: HeaderMap,
    Terms(ask): Terms<Search>,
) -> Result<Response> {
    let holder = site.holder(&from, &headers, TokenUse::Read).await?;
    let Some(no) = ask.no() else { return Ok(unnamed()) };
    let core = &site.core;
    let mut scope = core.app.database().scope(&Principal::System("fhir")).await?;
    let found = fhir::people(&mut scope, Some(no), None, PATIENTS_MAX).await?;
    drop(scope);
    core.app.audit_system_read(&holder, "person", found.len(), core.clock.wall()).await?;
    Ok(resource(StatusCode::OK, &fhir_bundle(fhir_patients(&found))))
}

#[utoipa::path(get, path = "/api/fhir/Patient/{id}", tag = "fhir", params(("id" = Uuid, Path)),
    responses((status = 200, body = Value, content_type = "application/fhir+json"),
        (status = "4XX", content((Value = "application/fhir+json"),
            (Problem = "application/problem+json")))))]
async fn patient(
    State(site): State<Shared>,
    from: From,
    headers: HeaderMap,
    Key(id): Key,
) -> Result<Response> {
    let holder = site.holder(&from, &headers, TokenUse::Read).await?;
    let core = &site.core;
    let mut scope = core.app.database().scope(&Principal::System("fhir")).await?;
    let found = fhir::people(&mut scope, None, Some(id), 1).await?;
    drop(scope);
    let shown = fhir_patients(&found).pop().ok_or_else(|| Problem::not_found("patient"))?;
    core.app.audit_system_read(&holder, "person", found.len(), core.clock.wall()).await?;
    Ok(resource(StatusCode::OK, &shown))
}

/// Each conversation's answers to a form, with the edition that was asked.
#[utoipa::path(get, path = "/api/fhir/QuestionnaireResponse", tag = "fhir", params(Search),
    responses((status = 200, body = Value, content_type = "application/fhir+json"),
        (status = "4XX", content((Value = "application/fhir+json"),
            (Problem = "application/problem+json")))))]
async fn responses(
    State(site): State<Shared>,
    from: From,
    headers: HeaderMap,
    Terms(ask): Terms<Search>,
) -> Result<Response> {
    let holder = site.holder(&from, &headers, TokenUse::Read).await?;
    let (no, person) = (ask.no(), ask.person());
    if no.is_none() && person.is_none() {
        return Ok(unnamed());
    }
    let core = &site.core;
    let mut scope = core.app.database().scope(&Principal::System("fhir")).await?;
    let rows = fhir::answers(&mut scope, no, person, ANSWERS_MAX).await?;
    let asked = Asked::read(&mut scope, &rows, &core.library()).await?;
    drop(scope);
    core.app.audit_system_read(&holder, "answer", rows.len(), core.clock.wall()).await?;
    let zone = core.config().hospital.timezone;
    let found = fhir_responses(&rows, &asked, zone);
    Ok(resource(StatusCode::OK, &fhir_bundle(found)))
}

/// Forms in the words in which they were asked, by name and digest.
struct Asked(HashMap<(String, String), Questionnaire>);

impl Asked {
    async fn read(scope: &mut Scope, rows: &[fhir::Answer], library: &Library) -> Result<Self> {
        let mut asked = HashMap::new();
        for row in rows {
            let key = (row.questionnaire.clone(), row.questionnaire_sha256.clone());
            if asked.contains_key(&key) {
                continue;
            }
            let kept = series::content(scope, &key.0, &key.1).await?;
            let kept = kept.and_then(|body| read_form(&body).ok());
            // What was asked before its words were kept may still be today's.
            let today = || {
                let today = library.questionnaire(&key.0).filter(|today| today.sha256 == key.1);
                today.map(|today| today.value.as_ref().clone())
            };
            if let Some(form) = kept.or_else(today) {
                asked.insert(key, form);
            }
        }
        Ok(Self(asked))
    }

    fn form(&self, form: &str, sha256: &str) -> Option<&Questionnaire> {
        self.0.get(&(form.to_owned(), sha256.to_owned()))
    }
}

impl Editions for Asked {
    fn version(&self, form: &str, sha256: &str) -> Option<u32> {
        self.form(form, sha256).map(|form| form.version)
    }

    fn kind(&self, form: &str, sha256: &str, link_id: &str) -> Option<AnswerKind> {
        Some(match self.form(form, sha256)?.item(link_id)?.kind {
            ItemType::Boolean => AnswerKind::Boolean,
            ItemType::Choice => AnswerKind::Choice,
            ItemType::Integer => AnswerKind::Integer,
            ItemType::Decimal => AnswerKind::Decimal,
            _ => AnswerKind::Words,
        })
    }
}

#[utoipa::path(get, path = "/api/fhir/Questionnaire", tag = "fhir",
    responses((status = 200, body = Value, content_type = "application/fhir+json"),
        (status = "4XX", content((Value = "application/fhir+json"),
            (Problem = "application/problem+json")))))]
async fn questionnaires(
    State(site): State<Shared>,
    from: From,
    headers: HeaderMap,
) -> Result<Response> {
    site.holder(&from, &headers, TokenUse::Read).await?;
    let library = site.core.library();
    let all = library.questionnaires().map(|kept| questionnaire_out(&kept.json(), &kept.sha256));
    Ok(resource(StatusCode::OK, &fhir_bundle(all.collect())))
}

#[utoipa::path(get, path = "/api/fhir/Questionnaire/{id}", tag = "fhir",
    params(("id" = String, Path)), responses((status = 200, body = Value, content_type = "application/fhir+json"),
        (status = "4XX", content((Value = "application/fhir+json"),
            (Problem = "application/problem+json")))))]
async fn questionnaire(
    State(site): State<Shared>,
    from: From,
    headers: HeaderMap,
    id: Result<Path<String>, PathRejection>,
) -> Result<Response> {
    site.holder(&from, &headers, TokenUse::Read).await?;
    let id = id?.0;
    let library = site.core.library();
    let mut all = library.questionnaires();
    let kept = all.find(|kept| kept.value.id == id || fhir_id(&kept.value.id) == id);
    let kept = kept.ok_or_else(|| Problem::not_found("questionnaire"))?;
    Ok(resource(StatusCode::OK, &questionnaire_out(&kept.json(), &kept.sha256)))
}

/// What a Questionnaire of another system would be as a form of ours; nothing is stored.
/// Faults come by path, as an OperationOutcome.
#[utoipa::path(post, path = "/api/questionnaires/fhir/check", tag = "questionnaires",
    request_body = Value, responses((status = 200, body = Value),
        (status = 422, content((Value = "application/fhir+json"),
            (Problem = "application/problem+json")))))]
async fn check(_: Signed, Body(sent): Body<Value>) -> Response {
    match as_form(&sent) {
        Ok((form, left_out)) => {
            let left_out = operation_outcome("information", "not-supported", &left_out);
            Json(json!({ "form": form, "left_out": left_out["issue"] })).into_response()
        }
        Err(faults) => {
            let outcome = operation_outcome("error", "invalid", &faults);
            resource(StatusCode::UNPROCESSABLE_ENTITY, &outcome)
        }
    }
}

/// The form in the words of our files, sure to be one.
fn as_form(sent: &Value) -> Result<(Value, Vec<FhirFault>), Vec<FhirFault>> {
    let found = questionnaire_in(sent)?;
    match serde_json::from_value::<Questionnaire>(found.form.clone()) {
        Ok(_) => Ok((found.form, found.left_out)),
        Err(error) => {
            let what = format!("it is no form of ours: {error}");
            Err(vec![FhirFault { path: "Questionnaire".to_owned(), what }])
        }
    }
}

/// One number is one patient's; a mistake of the past may have made two.
const PATIENTS_MAX: i64 = 50;

/// Ten years of monthly follow-ups.
const ANSWERS_MAX: i64 = 5000;
