//! Signing in and out; a page that locks, and the next person at it.

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
        auth::{self, From, Held, Signed},
        error::{Problem, Result},
    },
};

pub(super) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(sign_in, sign_out))
        .routes(routes!(give_code))
        .routes(routes!(active))
        .routes(routes!(lock))
        .routes(routes!(unlock))
        .routes(routes!(change))
        .routes(routes!(me))
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
    /// `code`: the one-time code is still to be given; `enrol`: one is to be set up first.
    /// Until then there are no modules.
    needs: Option<String>,
    /// Until the password is given again there are no modules.
    locked: bool,
    /// The page locks after so many minutes without a touch; 0: never.
    idle_minutes: i32,
}

impl MeView {
    async fn of(site: &Shared, mut signed: SignedIn) -> Result<Self> {
        let locked = signed.has_left(site.core.clock.wall());
        if locked || signed.needs.is_some() {
            signed.modules.clear();
            signed.may_stop_all = false;
        }
        let signed = Signed(signed);
        let mut scope = signed.scope(site).await?;
        let profile = account::profile(&mut scope, &signed.0.login).await?;
        let default_series = profile.and_then(|profile| profile.default_series);
        let (may_run, is_admin) = (signed.may_run().is_ok(), signed.is_admin().is_ok());
        let SignedIn { login, display_name, role, may_stop_all, modules, .. } = signed.0;
        let (needs, idle_minutes) = (signed.0.needs, signed.0.idle_minutes);
        Ok(Self {
            needs,
            locked,
            idle_minutes,
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
    // Who has still to give a code is counted: else codes could be guessed without end.
    if signed_in.needs.is_none() {
        site.tries.was_right(source);
    }
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

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = SessionCodeAsk)]
struct CodeAsk {
    /// Six digits of the app, or a recovery code.
    #[schema(value_type = String)]
    code: Pii<String>,
}

/// The second step of a sign-in.
// Each try at a password is counted by its source; five wrong codes end what one began.
#[utoipa::path(post, path = "/api/session/code", tag = "session", request_body = CodeAsk,
    responses((status = 200, body = MeView)))]
async fn give_code(
    State(site): State<Shared>,
    Held(mut who): Held,
    headers: HeaderMap,
    Body(ask): Body<CodeAsk>,
) -> Result<Json<MeView>> {
    let core = &site.core;
    if who.needs.as_deref() != Some("code") {
        let what = "现在不需要动态口令 / no code is asked for now";
        return Err(Problem::conflict(what));
    }
    let token = auth::token(&headers, &site).ok_or_else(Problem::not_signed_in)?;
    let (code, at) = (ask.code.reveal(), core.clock.wall());
    if !core.app.give_second_factor(&who, token, &core.vault, code, at).await? {
        return Err(Problem::wrong_code());
    }
    who.needs = None;
    Ok(Json(MeView::of(&site, who).await?))
}

/// Keys or mouse were touched: the page does not lock yet.
#[utoipa::path(post, path = "/api/session/active", tag = "session", responses((status = 204)))]
async fn active(State(site): State<Shared>, _: Signed, headers: HeaderMap) -> Result<StatusCode> {
    let token = auth::token(&headers, &site).ok_or_else(Problem::not_signed_in)?;
    site.core.app.touch_session(token, site.core.clock.wall()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// 锁屏, by hand.
#[utoipa::path(post, path = "/api/session/lock", tag = "session", responses((status = 204)))]
async fn lock(
    State(site): State<Shared>,
    signed: Signed,
    headers: HeaderMap,
) -> Result<StatusCode> {
    let token = auth::token(&headers, &site).ok_or_else(Problem::not_signed_in)?;
    site.core.app.lock_screen(&signed.0, token, site.core.clock.wall()).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct UnlockAsk {
    #[schema(value_type = String)]
    password: Pii<String>,
}

/// The same person goes on where the page was.
#[utoipa::path(post, path = "/api/session/unlock", tag = "session", request_body = UnlockAsk,
    responses((status = 200, body = MeView)))]
async fn unlock(
    State(site): State<Shared>,
    held: Held,
    headers: HeaderMap,
    Body(ask): Body<UnlockAsk>,
) -> Result<Json<MeView>> {
    let (core, who) = (&site.core, held.past_sign_in()?);
    let token = auth::token(&headers, &site).ok_or_else(Problem::not_signed_in)?;
    if !core.app.unlock_screen(who, token, &ask.password, core.clock.wall()).await? {
        return Err(Problem::wrong_password());
    }
    let unlocked = SignedIn { locked_at: None, seen_at: None, ..who.clone() };
    Ok(Json(MeView::of(&site, unlocked).await?))
}

/// 换人: another person signs in at this browser, and only then the first one's session ends.
#[utoipa::path(post, path = "/api/session/change", tag = "session", request_body = SignInView,
    responses((status = 200, body = MeView)))]
async fn change(
    State(site): State<Shared>,
    _: Held,
    from: From,
    headers: HeaderMap,
    ask: Body<SignInView>,
) -> Result<Response> {
    let response = sign_in(State(Shared::clone(&site)), from, ask).await?;
    if let Some(token) = auth::token(&headers, &site) {
        site.core.app.sign_out(token).await?;
    }
    Ok(response)
}

#[utoipa::path(get, path = "/api/me", tag = "session", responses((status = 200, body = MeView)))]
async fn me(
    State(site): State<Shared>,
    Held(mut signed_in): Held,
    headers: HeaderMap,
) -> Result<Json<MeView>> {
    let token = auth::token(&headers, &site).ok_or_else(Problem::not_signed_in)?;
    if signed_in.needs.is_none() && !auth::has_left(&site, &signed_in, token).await? {
        // Somebody whose call keeps the page open is there.
        signed_in.seen_at = None;
    }
    Ok(Json(MeView::of(&site, signed_in).await?))
}

/// The session itself ends in the record after the same 12 hours.
const SESSION_S: u32 = 12 * 3600;
