//! 动态口令: one's own second factor is set up here; the administrator of security resets it.

use axum::{
    Json,
    extract::{Path, State, rejection::PathRejection},
    http::{HeaderMap, StatusCode},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    base::Pii,
    web::{
        Shared,
        ask::Body,
        auth::{self, Held, Signed},
        error::{Problem, Result},
    },
};

pub(super) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(find, begin))
        .routes(routes!(confirm))
        .routes(routes!(reset))
}

#[derive(Serialize, ToSchema)]
struct SecondFactorView {
    is_set: bool,
    recovery_codes_left: i64,
}

#[utoipa::path(get, path = "/api/me/second-factor", tag = "second_factor",
    responses((status = 200, body = SecondFactorView)))]
async fn find(State(site): State<Shared>, signed: Signed) -> Result<Json<SecondFactorView>> {
    let (is_set, recovery_codes_left) = site.core.app.second_factor(&signed.0).await?;
    Ok(Json(SecondFactorView { is_set, recovery_codes_left }))
}

#[derive(Serialize, ToSchema)]
struct EnrolmentView {
    /// `otpauth://totp/…`, for the QR code.
    key_uri: String,
    /// The same in base32, for typing.
    secret: String,
}

/// A fresh secret; it counts once a code of it was given. Also for who must set one up before
/// anything else.
#[utoipa::path(post, path = "/api/me/second-factor", tag = "second_factor",
    responses((status = 200, body = EnrolmentView)))]
async fn begin(State(site): State<Shared>, held: Held) -> Result<Json<EnrolmentView>> {
    let who = held.for_enrolment()?;
    let core = &site.core;
    let issuer = core.config().hospital.name.clone();
    let made = core.app.begin_second_factor(who, &core.vault, &issuer, core.clock.wall()).await?;
    let (key_uri, secret) = (made.key_uri.reveal().clone(), made.secret.reveal().clone());
    Ok(Json(EnrolmentView { key_uri, secret }))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct CodeAsk {
    #[schema(value_type = String)]
    code: Pii<String>,
}

#[derive(Serialize, ToSchema)]
struct RecoveryCodesView {
    /// Shown once; each is good once.
    recovery_codes: Vec<String>,
}

#[utoipa::path(post, path = "/api/me/second-factor/confirm", tag = "second_factor",
    request_body = CodeAsk, responses((status = 200, body = RecoveryCodesView)))]
async fn confirm(
    State(site): State<Shared>,
    held: Held,
    headers: HeaderMap,
    Body(ask): Body<CodeAsk>,
) -> Result<Json<RecoveryCodesView>> {
    let (who, core) = (held.for_enrolment()?, &site.core);
    let token = auth::token(&headers, &site).ok_or_else(Problem::not_signed_in)?;
    let (code, at) = (ask.code.reveal(), core.clock.wall());
    let codes = core.app.confirm_second_factor(who, token, &core.vault, code, at).await?;
    let recovery_codes = codes.iter().map(|code| code.reveal().clone()).collect();
    Ok(Json(RecoveryCodesView { recovery_codes }))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ResetAsk {
    reason: String,
}

/// For a lost telephone; its sessions end.
#[utoipa::path(post, path = "/api/users/{login}/second-factor/reset", tag = "second_factor",
    params(("login" = String, Path)), request_body = ResetAsk, responses((status = 204)))]
async fn reset(
    State(site): State<Shared>,
    signed: Signed,
    login: Result<Path<String>, PathRejection>,
    Body(ask): Body<ResetAsk>,
) -> Result<StatusCode> {
    let (core, by, login) = (&site.core, &signed.0.principal, login?.0);
    core.app.reset_second_factor(by, &login, &ask.reason, core.clock.wall()).await?;
    Ok(StatusCode::NO_CONTENT)
}
