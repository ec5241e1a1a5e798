//! 座席: which phone is whose, and which queues each serves.

use axum::{
    Json,
    extract::{Path, State, rejection::PathRejection},
    http::StatusCode,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use crate::{
    base::UserId,
    store::agent::{self, NewAgent},
    web::{
        Shared,
        ask::Body,
        auth::Signed,
        error::{Problem, Result},
    },
};

pub(super) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(put, remove))
}

#[derive(Serialize, ToSchema)]
struct AgentView {
    user_id: Uuid,
    login: String,
    name: String,
    staff_no: Option<String>,
    endpoint_kind: String,
    endpoint: String,
    wrap_up_s: i32,
    queues: Vec<SkillView>,
}

#[derive(Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SkillView {
    queue: String,
    /// 5 is rung first, 1 last.
    skill: i16,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct AgentAsk {
    /// `phone` (registers with us), `extension` (of the PBX) or `number` (through a trunk; key
    /// 1 connects).
    endpoint_kind: String,
    endpoint: String,
    wrap_up_s: i32,
    queues: Vec<SkillView>,
}

#[utoipa::path(get, path = "/api/agents", tag = "agents",
    responses((status = 200, body = [AgentView])))]
async fn list(State(site): State<Shared>, signed: Signed) -> Result<Json<Vec<AgentView>>> {
    let mut scope = signed.scope(&site).await?;
    let view = |row: agent::Agent| AgentView {
        user_id: row.user_id,
        login: row.login,
        name: row.display_name,
        staff_no: row.staff_no,
        endpoint_kind: row.endpoint_kind,
        endpoint: row.endpoint,
        wrap_up_s: row.wrap_up_s,
        queues: row
            .queues
            .into_iter()
            .zip(row.skills)
            .map(|(queue, skill)| SkillView { queue, skill })
            .collect(),
    };
    Ok(Json(agent::list(&mut scope).await?.into_iter().map(view).collect()))
}

async fn user(site: &Shared, signed: &Signed, login: &str) -> Result<UserId> {
    let mut scope = signed.scope(site).await?;
    let found = agent::user_of(&mut scope, login).await?;
    found.map(UserId::from_uuid).ok_or_else(|| Problem::not_found("account"))
}

#[utoipa::path(put, path = "/api/agents/{login}", tag = "agents",
    params(("login" = String, Path)), request_body = AgentAsk, responses((status = 204)))]
async fn put(
    State(site): State<Shared>,
    signed: Signed,
    login: Result<Path<String>, PathRejection>,
    Body(ask): Body<AgentAsk>,
) -> Result<StatusCode> {
    if !["phone", "extension", "number"].contains(&ask.endpoint_kind.as_str()) {
        let what = "话机类型:phone extension number / one of these three";
        return Err(Problem::invalid(what));
    }
    let endpoint = ask.endpoint.trim();
    if endpoint.is_empty() {
        return Err(Problem::invalid("请填写话机或号码 / a phone or a number is needed"));
    }
    let (queues, skills): (Vec<_>, Vec<_>) =
        ask.queues.into_iter().map(|own| (own.queue, own.skill)).unzip();
    let new = NewAgent {
        user: user(&site, &signed, &login?.0).await?,
        endpoint_kind: &ask.endpoint_kind,
        endpoint,
        wrap_up_s: ask.wrap_up_s,
        queues: &queues,
        skills: &skills,
    };
    let core = &site.core;
    core.app.put_agent(&signed.0.principal, &new, core.clock.wall()).await?;
    core.load_agents().await?;
    Ok(StatusCode::NO_CONTENT)
}

#[utoipa::path(delete, path = "/api/agents/{login}", tag = "agents",
    params(("login" = String, Path)), responses((status = 204)))]
async fn remove(
    State(site): State<Shared>,
    signed: Signed,
    login: Result<Path<String>, PathRejection>,
) -> Result<StatusCode> {
    let user = user(&site, &signed, &login?.0).await?;
    let core = &site.core;
    core.app.remove_agent(&signed.0.principal, user, core.clock.wall()).await?;
    core.load_agents().await?;
    Ok(StatusCode::NO_CONTENT)
}
