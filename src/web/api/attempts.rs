//! Dials whose end nobody knows after a crash: a person says what came of them.

use axum::{Json, extract::State};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use crate::{
    app::Resolution,
    base::AttemptId,
    store::attempt,
    web::{
        Shared,
        ask::{Body, Key, Terms, Window},
        auth::Signed,
        error::{Problem, Result},
        mask,
    },
};

pub(super) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(uncertain)).routes(routes!(resolve))
}

#[derive(Serialize, ToSchema)]
struct UncertainView {
    attempt_id: Uuid,
    task_id: Uuid,
    name: String,
    /// Masked.
    number: String,
    invited_at: Option<DateTime<Utc>>,
    rang: bool,
    answered: bool,
    /// Answers that were stored before the crash.
    answers: i64,
    /// What the conversation had come to by then, e.g. `break_off`.
    so_far: Option<String>,
    /// Who is to resolve it.
    owner: Option<String>,
    /// When the stored facts will be taken for its end, unless somebody says better.
    facts_decide_at: Option<DateTime<Utc>>,
}

#[derive(Deserialize, ToSchema)]
struct ResolveView {
    /// `redial`, `no_answer`, or what the conversation came to, e.g. `completed`.
    resolution: String,
}

#[derive(Serialize, ToSchema)]
struct ResolvedView {
    outcome: String,
}

#[utoipa::path(get, path = "/api/attempts/uncertain", tag = "attempts", params(Window),
    responses((status = 200, body = [UncertainView])))]
async fn uncertain(
    State(site): State<Shared>,
    signed: Signed,
    Terms(window): Terms<Window>,
) -> Result<Json<Vec<UncertainView>>> {
    let mut scope = signed.scope(&site).await?;
    let rows = attempt::uncertain(&mut scope, window.limit()).await?;
    let view = |row: attempt::Uncertain| UncertainView {
        attempt_id: row.attempt_id,
        task_id: row.task_id,
        name: row.name,
        number: mask::number(&row.e164),
        invited_at: row.invited_at,
        rang: row.rang,
        answered: row.answered,
        answers: row.answers,
        so_far: row.so_far,
        owner: row.owner,
        facts_decide_at: row.since.map(|since| since + chrono::Duration::hours(24)),
    };
    Ok(Json(rows.into_iter().map(view).collect()))
}

#[utoipa::path(post, path = "/api/attempts/{id}/resolve", tag = "attempts",
    params(("id" = Uuid, Path)), request_body = ResolveView,
    responses((status = 200, body = ResolvedView)))]
async fn resolve(
    State(site): State<Shared>,
    signed: Signed,
    Key(id): Key,
    Body(ask): Body<ResolveView>,
) -> Result<Json<ResolvedView>> {
    signed.may_resolve()?;
    let resolution = match ask.resolution.as_str() {
        "redial" => Resolution::Redial,
        "no_answer" => Resolution::NoAnswer,
        word => Resolution::Conversation(
            word.parse()
                .map_err(|error| Problem::invalid(format!("没有这种结果，请重新选择 / {error}")))?,
        ),
    };
    let (core, by) = (&site.core, &signed.0.principal);
    let (dialler, at) = (core.dialler().await, core.clock.wall());
    let id = AttemptId::from_uuid(id);
    let outcome = core.app.resolve_attempt(by, &dialler, id, &resolution, at).await?;
    Ok(Json(ResolvedView { outcome: outcome.as_str().to_owned() }))
}
