//! 提示音: every sentence that the server speaks, by a nurse or by a machine.

use std::collections::HashMap;

use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    engine::text_sha256,
    store::prompt,
    web::{Shared, ask::Terms, auth::Signed, error::Result},
};

pub(super) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(prompts))
}

#[derive(Serialize, ToSchema)]
struct PromptView {
    /// As a nurse reads it.
    text: String,
    language: String,
    /// `recorded` or `synthetic`.
    source: &'static str,
    /// Absent: no voice has spoken it yet.
    length_ms: Option<u64>,
    recorded_by: Option<String>,
}

#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct PromptTerms {
    #[serde(default = "chinese")]
    language: String,
}

fn chinese() -> String {
    "zh-CN".to_owned()
}

#[utoipa::path(get, path = "/api/prompts", tag = "prompts", params(PromptTerms),
    responses((status = 200, body = [PromptView])))]
async fn prompts(
    State(site): State<Shared>,
    signed: Signed,
    Terms(terms): Terms<PromptTerms>,
) -> Result<Json<Vec<PromptView>>> {
    let (core, config) = (&site.core, site.core.config());
    let mut scope = signed.scope(&site).await?;
    let kept = prompt::kept(&mut scope).await?.into_iter();
    let kept: HashMap<_, _> =
        kept.map(|clip| ((clip.language.clone(), clip.text_sha256.clone()), clip)).collect();
    let (caller, callback) = (&config.hospital.spoken_name, &config.hospital.callback_number);
    let clips = core.library().neutral_clips(&terms.language, caller, callback);
    let mut views = Vec::with_capacity(clips.len());
    for clip in clips {
        let known = kept.get(&(clip.language.clone(), text_sha256(&clip.written)));
        views.push(PromptView {
            source: if known.is_some() { "recorded" } else { "synthetic" },
            length_ms: core.voice.length_ms(&clip).await,
            recorded_by: known.map(|known| known.recorded_by.clone()),
            text: clip.written,
            language: clip.language,
        });
    }
    Ok(Json(views))
}
