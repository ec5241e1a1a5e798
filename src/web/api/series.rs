//! 随访系列: the questionnaires of the hospital, its departments and wards, version by version.

mod content;

use axum::{
    Json,
    extract::{Path, State, rejection::PathRejection},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use crate::{
    app::SeriesAsk,
    engine::Core,
    ivr::{FormFault, Questionnaire, SERIES, form_json, read_series},
    store::{Scope, account, series},
    web::{
        Shared,
        ask::{Body, Terms, Window, page},
        auth::Signed,
        error::{Problem, Result},
    },
};

pub(super) use content::append;
use content::{cloned, made_content, read, refused, unsign};

pub(super) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(find))
        .routes(routes!(version))
        .routes(routes!(put_draft))
        .routes(routes!(publish))
        .routes(routes!(withdraw))
        .routes(routes!(own))
}

#[derive(Serialize, ToSchema)]
struct SeriesView {
    code: String,
    name: String,
    /// `hospital`, `department` or `ward`.
    owner: String,
    department_id: Option<Uuid>,
    department: Option<String>,
    ward_id: Option<Uuid>,
    ward: Option<String>,
    /// The published version that is asked; absent: none.
    current: Option<i32>,
    draft: Option<i32>,
    /// The name by which runs and dialplans ask it.
    dialplan: String,
}

fn view(row: series::Series) -> SeriesView {
    SeriesView {
        dialplan: format!("{SERIES}{}", row.code),
        code: row.code,
        name: row.name,
        owner: row.owner,
        department_id: row.department_id,
        department: row.department,
        ward_id: row.ward_id,
        ward: row.ward,
        current: row.current,
        draft: row.draft,
    }
}

#[derive(Serialize, ToSchema)]
struct SeriesListView {
    items: Vec<SeriesView>,
    has_more: bool,
}

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(default)]
#[derive(Default)]
#[into_params(parameter_in = Query)]
struct SeriesTerms {
    owner: Option<String>,
    department_id: Option<Uuid>,
    ward_id: Option<Uuid>,
}

#[utoipa::path(get, path = "/api/series", tag = "series", params(SeriesTerms, Window),
    responses((status = 200, body = SeriesListView)))]
async fn list(
    State(site): State<Shared>,
    signed: Signed,
    Terms(ask): Terms<SeriesTerms>,
    Terms(window): Terms<Window>,
) -> Result<Json<SeriesListView>> {
    let limit = window.limit();
    let terms = series::Terms {
        code: None,
        owner: ask.owner,
        department: ask.department_id,
        ward: ask.ward_id,
    };
    let mut scope = signed.scope(&site).await?;
    let rows = series::list(&mut scope, &terms, limit + 1, window.offset()).await?;
    let (rows, has_more) = page(rows, limit);
    Ok(Json(SeriesListView { items: rows.into_iter().map(view).collect(), has_more }))
}

#[derive(Serialize, ToSchema)]
struct VersionView {
    version: i32,
    /// `draft`, `published` or `withdrawn`.
    state: String,
    sha256: String,
    based_on: Option<String>,
    author: String,
    reason: String,
    at: DateTime<Utc>,
    published_by: Option<String>,
    published_at: Option<DateTime<Utc>>,
    withdrawn_by: Option<String>,
    withdrawn_at: Option<DateTime<Utc>>,
    withdrawn_why: Option<String>,
}

fn version_view(row: series::Version) -> VersionView {
    VersionView {
        version: row.version,
        state: row.state,
        sha256: row.sha256,
        based_on: row.based_on,
        author: row.author,
        reason: row.reason,
        at: row.at,
        published_by: row.published_by,
        published_at: row.published_at,
        withdrawn_by: row.withdrawn_by,
        withdrawn_at: row.withdrawn_at,
        withdrawn_why: row.withdrawn_why,
    }
}

#[derive(Serialize, ToSchema)]
struct SeriesDetailView {
    series: SeriesView,
    /// The newest first.
    versions: Vec<VersionView>,
}

#[utoipa::path(get, path = "/api/series/{code}", tag = "series", params(("code" = String, Path)),
    responses((status = 200, body = SeriesDetailView)))]
async fn find(
    State(site): State<Shared>,
    signed: Signed,
    code: Result<Path<String>, PathRejection>,
) -> Result<Json<SeriesDetailView>> {
    let code = code?.0;
    let mut scope = signed.scope(&site).await?;
    let terms = series::Terms { code: Some(code.clone()), ..series::Terms::default() };
    let found = series::list(&mut scope, &terms, 1, 0).await?.pop();
    let found = found.ok_or_else(|| Problem::not_found("series"))?;
    let versions = series::versions(&mut scope, &code, None, VERSIONS_SHOWN).await?;
    let versions = versions.into_iter().map(version_view).collect();
    Ok(Json(SeriesDetailView { series: view(found), versions }))
}

#[derive(Serialize, ToSchema)]
#[schema(as = SeriesFaultView)]
struct FaultView {
    /// `/item/3/answerOption/0`.
    path: String,
    what: String,
}

#[derive(Serialize, ToSchema)]
struct ContentView {
    version: VersionView,
    /// The questionnaire, in the words of FHIR R4 and our own (dialplans/README.md).
    #[schema(value_type = Object)]
    content: Value,
    /// What keeps a draft from being published.
    faults: Vec<FaultView>,
}

#[utoipa::path(get, path = "/api/series/{code}/versions/{version}", tag = "series",
    params(("code" = String, Path), ("version" = i32, Path)),
    responses((status = 200, body = ContentView)))]
async fn version(
    State(site): State<Shared>,
    signed: Signed,
    path: Result<Path<(String, i32)>, PathRejection>,
) -> Result<Json<ContentView>> {
    let Path((code, version)) = path?;
    Ok(Json(content_view(&site, &signed, &code, version).await?))
}

async fn content_view(
    site: &Shared,
    signed: &Signed,
    code: &str,
    version: i32,
) -> Result<ContentView> {
    let mut scope = signed.scope(site).await?;
    let row = series::versions(&mut scope, code, Some(version), 1).await?.pop();
    let row = row.ok_or_else(|| Problem::not_found("version"))?;
    let content = form_json(&row.body).map_err(|error| Problem::fault(&error))?;
    let faults = match read_series(&format!("{SERIES}{code}"), &content) {
        Ok(form) => site.core.library().faults(&form),
        Err(faults) => faults,
    };
    let fault = |fault: FormFault| FaultView { path: fault.path, what: fault.what };
    Ok(ContentView {
        version: version_view(row),
        content,
        faults: faults.into_iter().map(fault).collect(),
    })
}

/// A file is everybody's; another department's series is not there.
pub(super) async fn is_in_sight(scope: &mut Scope, name: &str) -> Result<bool> {
    let Some(code) = name.strip_prefix(SERIES) else { return Ok(true) };
    let terms = series::Terms { code: Some(code.to_owned()), ..series::Terms::default() };
    Ok(!series::list(scope, &terms, 1, 0).await?.is_empty())
}

pub(super) async fn must_see(scope: &mut Scope, dialplan: &str) -> Result<()> {
    if is_in_sight(scope, dialplan).await? {
        return Ok(());
    }
    let what = format!("没有语音流程 {dialplan} / there is no dialplan {dialplan}");
    Err(Problem::invalid(what))
}

/// 默认随访系列: what opens for this operator, in its published version.
#[utoipa::path(get, path = "/api/me/series", tag = "series",
    responses((status = 200, body = ContentView)))]
async fn own(State(site): State<Shared>, signed: Signed) -> Result<Json<ContentView>> {
    let mut scope = signed.scope(&site).await?;
    let profile = account::profile(&mut scope, &signed.0.login).await?;
    let code = profile.and_then(|profile| profile.default_series);
    let code = code.ok_or_else(|| Problem::not_found("default series"))?;
    let terms = series::Terms { code: Some(code.clone()), ..series::Terms::default() };
    let found = series::list(&mut scope, &terms, 1, 0).await?.pop();
    let version = found.and_then(|found| found.current);
    let version = version.ok_or_else(|| Problem::not_found("published version"))?;
    drop(scope);
    Ok(Json(content_view(&site, &signed, &code, version).await?))
}

/// Where a new series begins.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct CloneAsk {
    /// A template of the library, e.g. `discharge_general`.
    questionnaire: Option<String>,
    /// Or another series, in this version; absent: its published one.
    series: Option<String>,
    version: Option<i32>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewSeriesAsk {
    code: String,
    name: String,
    owner: String,
    department_id: Option<Uuid>,
    ward_id: Option<Uuid>,
    /// Cloned from there; or `content`.
    from: Option<CloneAsk>,
    #[schema(value_type = Option<Object>)]
    content: Option<Value>,
    reason: String,
}

#[utoipa::path(post, path = "/api/series", tag = "series", request_body = NewSeriesAsk,
    responses((status = 201, body = ContentView)))]
async fn create(
    State(site): State<Shared>,
    signed: Signed,
    Body(ask): Body<NewSeriesAsk>,
) -> Result<Response> {
    let name = ask.name.trim();
    if name.is_empty() || name.chars().count() > NAME_MAX {
        return Err(Problem::invalid("请写系列名称,60 字以内 / a name of at most 60 characters"));
    }
    let owner_fits = match ask.owner.as_str() {
        "hospital" => ask.department_id.is_none() && ask.ward_id.is_none(),
        "department" => ask.department_id.is_some() && ask.ward_id.is_none(),
        "ward" => ask.department_id.is_some() && ask.ward_id.is_some(),
        _ => false,
    };
    if !owner_fits {
        let what = "归属应为 hospital;department 加科室;ward 加科室和病区 / owner is hospital, \
                    department with its id, or ward with department and ward";
        return Err(Problem::invalid(what));
    }
    let (content, based_on) = match (ask.content, &ask.from) {
        (Some(content), None) => (content, None),
        (None, Some(from)) => cloned(&site, &signed, from).await?,
        _ => {
            let what = "请给出 from(复制自)或 content(内容)之一 / either from or content";
            return Err(Problem::invalid(what));
        }
    };
    let made = made_content(&ask.code, Some(name), 1, content, based_on)?;
    let new = SeriesAsk {
        code: &ask.code,
        name,
        owner: &ask.owner,
        department: ask.department_id,
        ward: ask.ward_id,
    };
    let (core, by) = (&site.core, &signed.0.principal);
    core.app.create_series(by, &new, &made, &ask.reason, core.clock.wall()).await?;
    let view = content_view(&site, &signed, &ask.code, 1).await?;
    Ok((StatusCode::CREATED, Json(view)).into_response())
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct DraftAsk {
    #[schema(value_type = Object)]
    content: Value,
    reason: String,
}

/// The draft as a whole; it may be unfinished: `faults` say what is left to do. A signature
/// (`clinicalReview`) that was given to another content is taken off.
#[utoipa::path(put, path = "/api/series/{code}/draft", tag = "series",
    params(("code" = String, Path)), request_body = DraftAsk,
    responses((status = 200, body = ContentView)))]
async fn put_draft(
    State(site): State<Shared>,
    signed: Signed,
    code: Result<Path<String>, PathRejection>,
    Body(ask): Body<DraftAsk>,
) -> Result<Json<ContentView>> {
    let code = code?.0;
    let (core, by) = (&site.core, &signed.0.principal);
    let version = core.app.next_version(by, &code).await?;
    let mut scope = signed.scope(&site).await?;
    let before = series::versions(&mut scope, &code, None, VERSIONS_SHOWN).await?;
    drop(scope);
    let mut content = ask.content;
    unsign(&mut content, &before);
    let made = made_content(&code, None, version, content, None)?;
    core.app.put_draft(by, &code, version, &made, &ask.reason, core.clock.wall()).await?;
    Ok(Json(content_view(&site, &signed, &code, version).await?))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct VersionAsk {
    version: i32,
    reason: String,
}

/// Who is asked from now on is asked this version; a run goes on with its own.
#[utoipa::path(post, path = "/api/series/{code}/publish", tag = "series",
    params(("code" = String, Path)), request_body = VersionAsk,
    responses((status = 200, body = ContentView)))]
async fn publish(
    State(site): State<Shared>,
    signed: Signed,
    code: Result<Path<String>, PathRejection>,
    Body(ask): Body<VersionAsk>,
) -> Result<Json<ContentView>> {
    let code = code?.0;
    let (core, by) = (&site.core, &signed.0.principal);
    let mut scope = signed.scope(&site).await?;
    let row = series::versions(&mut scope, &code, Some(ask.version), 1).await?.pop();
    drop(scope);
    let row = row.ok_or_else(|| Problem::not_found("version"))?;
    let content = form_json(&row.body).map_err(|error| Problem::fault(&error))?;
    let form = read(&code, &content)?;
    let faults = core.library().faults(&form);
    if !faults.is_empty() {
        return Err(refused(&faults));
    }
    may_be_asked(core, &form)?;
    let at = core.clock.wall();
    core.app.publish_series(by, &code, ask.version, &row.sha256, &ask.reason, at).await?;
    core.load_series().await?;
    Ok(Json(content_view(&site, &signed, &code, ask.version).await?))
}

/// The same as for files: without a doctor's signature only in training.
fn may_be_asked(core: &Core, form: &Questionnaire) -> Result<()> {
    if form.clinical_review.is_some() || core.config().hospital.training {
        return Ok(());
    }
    let what = "没有医生审核(clinicalReview: by, at),练习模式以外不能发布 / without a clinicalReview \
                it is published only with hospital.training = true";
    Err(Problem::conflict(what))
}

#[utoipa::path(post, path = "/api/series/{code}/withdraw", tag = "series",
    params(("code" = String, Path)), request_body = VersionAsk, responses((status = 204)))]
async fn withdraw(
    State(site): State<Shared>,
    signed: Signed,
    code: Result<Path<String>, PathRejection>,
    Body(ask): Body<VersionAsk>,
) -> Result<StatusCode> {
    let code = code?.0;
    let (core, by) = (&site.core, &signed.0.principal);
    core.app.withdraw_series(by, &code, ask.version, &ask.reason, core.clock.wall()).await?;
    core.load_series().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Nobody reads further back on one page; each version stays readable by its number.
const VERSIONS_SHOWN: i64 = 200;

const NAME_MAX: usize = 60;
