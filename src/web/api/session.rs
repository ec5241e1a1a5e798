//! Signing in and out.

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    app::SignedIn,
    base::Pii,
    store::account,
    web::{
        Shared,
        ask::Body,
        auth::{self, From, Signed},
        error::{Problem, Result},
    },
};

pub(super) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(sign_in, sign_out)).routes(routes!(me))
}

#[derive(Deserialize, ToSchema)]
struct SignInView {
    login: String,
    #[schema(value_type = String)]
    password: Pii<String>,
}

#[derive(Serialize, ToSchema)]
struct MeView {
    login: String,
    display_name: String,
    role: String,
    may_stop_all: bool,
    /// Makes runs and imports.
    may_run: bool,
    is_admin: bool,
    /// The menu: exactly these.
    modules: Vec<String>,
    /// 默认随访系列号: `GET /api/me/series` opens it.
    default_series: Option<String>,
}

impl MeView {
    async fn of(site: &Shared, signed: SignedIn) -> Result<Self> {
        let signed = Signed(signed);
        let mut scope = signed.scope(site).await?;
        let profile = account::profile(&mut scope, &signed.0.login).await?;
        let default_series = profile.and_then(|profile| profile.default_series);
        let (may_run, is_admin) = (signed.may_run().is_ok(), signed.is_admin().is_ok());
        let SignedIn { login, display_name, role, may_stop_all, modules, .. } = signed.0;
        Ok(Self {
            login,
            display_name,
            role,
            may_stop_all,
            may_run,
            is_admin,
            modules,
            default_series,
        })
    }
}

#[utoipa::path(post, path = "/api/session", tag = "session", request_body = SignInView,
    responses((status = 200, body = MeView)))]
async fn sign_in(
    State(site): State<Shared>,
    From(source): From,
    Body(ask): Body<SignInView>,
) -> Result<Response> {
    let core = &site.core;
    if !site.tries.may(source, core.clock.instant()) {
        return Err(Problem::too_many());
    }
    let signed_in = core.app.sign_in(ask.login.trim(), &ask.password, core.clock.wall()).await?;
    let (token, signed_in) = signed_in.ok_or_else(Problem::wrong_password)?;
    let cookie = site.cookie(token.reveal(), SESSION_S);
    Ok(([(header::SET_COOKIE, cookie)], Json(MeView::of(&site, signed_in).await?)).into_response())
}

#[utoipa::path(delete, path = "/api/session", tag = "session", responses((status = 204)))]
async fn sign_out(State(site): State<Shared>, headers: HeaderMap) -> Result<Response> {
    if let Some(token) = auth::token(&headers, &site) {
        site.core.app.sign_out(token).await?;
    }
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, site.cookie("", 0))]).into_response())
}

#[utoipa::path(get, path = "/api/me", tag = "session", responses((status = 200, body = MeView)))]
async fn me(State(site): State<Shared>, Signed(signed_in): Signed) -> Result<Json<MeView>> {
    Ok(Json(MeView::of(&site, signed_in).await?))
}

/// The session itself ends in the record after the same 12 hours.
const SESSION_S: u32 = 12 * 3600;
