//! Accounts; for the system administrator.

use axum::{
    Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
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
    OpenApiRouter::new().routes(routes!(list, create))
}

#[derive(Serialize, ToSchema)]
struct UserView {
    user_id: Uuid,
    login: String,
    display_name: String,
    role: String,
    may_stop_all: bool,
    whole_hospital: bool,
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
}

#[utoipa::path(get, path = "/api/users", tag = "users", responses((status = 200, body = [UserView])))]
async fn list(State(site): State<Shared>, signed: Signed) -> Result<Json<Vec<UserView>>> {
    signed.is_admin()?;
    let mut scope = signed.scope(&site).await?;
    let view = |row: account::Account| UserView {
        user_id: row.user_id,
        login: row.login,
        display_name: row.display_name,
        role: row.role,
        may_stop_all: row.may_stop_all,
        whole_hospital: row.whole_hospital,
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
    site.core.app.create_user(&signed.0.principal, &new, site.core.clock.wall()).await?;
    Ok(StatusCode::CREATED.into_response())
}
