//! Accounts; for the administrator of security.

use axum::{
    Json,
    extract::{Path, State, rejection::PathRejection},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use crate::{
    app::NewUser,
    base::Pii,
    store::account,
    web::{
        Shared,
        ask::Body,
        auth::Signed,
        error::{Problem, Result},
    },
};

pub(super) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(profile, put_profile))
        .routes(routes!(give_role))
        .routes(routes!(lock))
        .routes(routes!(unlock))
}

#[derive(Serialize, ToSchema)]
struct UserView {
    user_id: Uuid,
    login: String,
    display_name: String,
    role: String,
    may_stop_all: bool,
    whole_hospital: bool,
    /// Locked: it cannot sign in.
    locked_at: Option<DateTime<Utc>>,
}

#[derive(Deserialize, ToSchema)]
struct NewUserView {
    login: String,
    display_name: String,
    #[schema(value_type = String)]
    password: Pii<String>,
    role: String,
    #[serde(default)]
    may_stop_all: bool,
    #[serde(default)]
    whole_hospital: bool,
    /// 操作员编号, 科室 and 默认随访系列号.
    #[serde(default)]
    profile: Option<ProfileView>,
}

#[derive(Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ProfileView {
    /// 操作员编号: digits, keyed on telephones.
    staff_no: Option<String>,
    #[serde(default)]
    departments: Vec<Uuid>,
    /// The code of the series that opens for this operator.
    default_series: Option<String>,
    /// `centre_nurse`, `ward_nurse` or `ward_doctor`: whose follow-ups the due list shows.
    owner_group: Option<String>,
    /// Of a doctor or responsible nurse: no other patients are seen, anywhere.
    #[serde(default)]
    own_patients_only: bool,
}

impl From<ProfileView> for account::Profile {
    fn from(view: ProfileView) -> Self {
        let ProfileView { staff_no, departments, default_series, owner_group, own_patients_only } =
            view;
        Self { staff_no, departments, default_series, owner_group, own_patients_only }
    }
}

#[utoipa::path(get, path = "/api/users/{login}/profile", tag = "users",
    params(("login" = String, Path)), responses((status = 200, body = ProfileView)))]
async fn profile(
    State(site): State<Shared>,
    signed: Signed,
    login: Result<Path<String>, PathRejection>,
) -> Result<Json<ProfileView>> {
    signed.is_admin()?;
    let mut scope = signed.scope(&site).await?;
    let found = account::profile(&mut scope, &login?.0).await?;
    let account::Profile { staff_no, departments, default_series, owner_group, own_patients_only } =
        found.ok_or_else(|| Problem::not_found("account"))?;
    Ok(Json(ProfileView { staff_no, departments, default_series, owner_group, own_patients_only }))
}

#[utoipa::path(put, path = "/api/users/{login}/profile", tag = "users",
    params(("login" = String, Path)), request_body = ProfileView, responses((status = 204)))]
async fn put_profile(
    State(site): State<Shared>,
    signed: Signed,
    login: Result<Path<String>, PathRejection>,
    Body(ask): Body<ProfileView>,
) -> Result<StatusCode> {
    signed.is_admin()?;
    let (core, by, login) = (&site.core, &signed.0.principal, login?.0);
    core.app.put_profile(by, &login, &ask.into(), core.clock.wall()).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[utoipa::path(get, path = "/api/users", tag = "users", responses((status = 200, body = [UserView])))]
async fn list(State(site): State<Shared>, signed: Signed) -> Result<Json<Vec<UserView>>> {
    signed.is_admin()?;
    let mut scope = signed.scope(&site).await?;
    let view = |row: account::Listed| UserView {
        user_id: row.user_id,
        login: row.login,
        display_name: row.display_name,
        role: row.role,
        may_stop_all: row.may_stop_all,
        whole_hospital: row.whole_hospital,
        locked_at: row.disabled_at,
    };
    Ok(Json(account::list(&mut scope).await?.into_iter().map(view).collect()))
}

#[utoipa::path(post, path = "/api/users", tag = "users", request_body = NewUserView,
    responses((status = 201)))]
async fn create(
    State(site): State<Shared>,
    signed: Signed,
    Body(ask): Body<NewUserView>,
) -> Result<Response> {
    signed.is_admin()?;
    let login = ask.login.trim().to_owned();
    if login.is_empty() || ask.role.is_empty() {
        return Err(Problem::invalid("请填写工号并选择角色 / a login and a role are needed"));
    }
    let name = ask.display_name.trim();
    let new = NewUser {
        display_name: if name.is_empty() { login.clone() } else { name.to_owned() },
        login,
        password: ask.password,
        role: ask.role,
        may_stop_all: ask.may_stop_all,
        whole_hospital: ask.whole_hospital,
    };
    let (core, by, at) = (&site.core, &signed.0.principal, site.core.clock.wall());
    let profile = ask.profile.map(account::Profile::from);
    core.app.create_operator(by, &new, profile.as_ref(), at).await?;
    Ok(StatusCode::CREATED.into_response())
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RoleAsk {
    role: String,
}

/// It holds from the next request of this person.
#[utoipa::path(put, path = "/api/users/{login}/role", tag = "users",
    params(("login" = String, Path)), request_body = RoleAsk, responses((status = 204)))]
async fn give_role(
    State(site): State<Shared>,
    signed: Signed,
    login: Result<Path<String>, PathRejection>,
    Body(ask): Body<RoleAsk>,
) -> Result<StatusCode> {
    let (core, by, login) = (&site.core, &signed.0.principal, login?.0);
    core.app.give_role(by, &login, &ask.role, core.clock.wall()).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct LockAsk {
    reason: String,
}

/// Signs it out everywhere, and in no more.
#[utoipa::path(post, path = "/api/users/{login}/lock", tag = "users",
    params(("login" = String, Path)), request_body = LockAsk, responses((status = 204)))]
async fn lock(
    State(site): State<Shared>,
    signed: Signed,
    login: Result<Path<String>, PathRejection>,
    Body(ask): Body<LockAsk>,
) -> Result<StatusCode> {
    set_locked(&site, &signed, &login?.0, true, &ask.reason).await
}

#[utoipa::path(post, path = "/api/users/{login}/unlock", tag = "users",
    params(("login" = String, Path)), request_body = LockAsk, responses((status = 204)))]
async fn unlock(
    State(site): State<Shared>,
    signed: Signed,
    login: Result<Path<String>, PathRejection>,
    Body(ask): Body<LockAsk>,
) -> Result<StatusCode> {
    set_locked(&site, &signed, &login?.0, false, &ask.reason).await
}

async fn set_locked(
    site: &Shared,
    signed: &Signed,
    login: &str,
    is_locked: bool,
    reason: &str,
) -> Result<StatusCode> {
    let (core, by) = (&site.core, &signed.0.principal);
    core.app.lock_account(by, login, is_locked, reason, core.clock.wall()).await?;
    Ok(StatusCode::NO_CONTENT)
}
