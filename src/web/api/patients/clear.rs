//! One patient's id card and numbers in clear: to whoever has the module, for a reason, written
//! down before they are told, and shown for a short time.

use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    base::PersonId,
    store::{merge, patient},
    web::{
        Shared,
        ask::{Body, Key},
        auth::Signed,
        error::{Problem, Result},
    },
};

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::web::api) struct ClearAsk {
    /// `call_by_hand`, `verify_identity`, `correct_record`, `emergency`, or `other` with words.
    reason: String,
    /// Needed beside `other`.
    #[serde(default)]
    words: String,
}

#[derive(Serialize, ToSchema)]
struct ClearNumberView {
    number_id: Uuid,
    /// E.164.
    number: String,
}

#[derive(Serialize, ToSchema)]
pub(super) struct ClearView {
    id_card: Option<String>,
    numbers: Vec<ClearNumberView>,
    /// The page hides them again after so many seconds.
    shown_s: u32,
}

#[utoipa::path(post, path = "/api/patients/{id}/clear", tag = "patients",
    params(("id" = Uuid, Path)), request_body = ClearAsk,
    responses((status = 200, body = ClearView)))]
pub(super) async fn clear(
    State(site): State<Shared>,
    signed: Signed,
    Key(id): Key,
    Body(ask): Body<ClearAsk>,
) -> Result<Json<ClearView>> {
    signed.may_see_clear()?;
    let reason = ask.reason()?;
    let mut scope = signed.scope(&site).await?;
    let person = merge::survivor(&mut scope, PersonId::from_uuid(id)).await?;
    // Whoever is outside one's departments is not found, and nobody's reading is noted.
    let found = patient::find(&mut scope, person).await?;
    let row = found.ok_or_else(|| Problem::not_found("patient"))?;
    let (core, by) = (&site.core, &signed.0.principal);
    let what = ["unmasked", "person", &row.person_id.to_string()];
    core.app.audit_access_why(by, what, Some(&reason), core.clock.wall()).await?;
    let numbers = patient::numbers(&mut scope, person).await?.into_iter().filter_map(|row| {
        let (number_id, number) = (row.number_id?, row.e164?);
        Some(ClearNumberView { number_id, number })
    });
    Ok(Json(ClearView { id_card: row.id_card, numbers: numbers.collect(), shown_s: SHOWN_S }))
}

impl ClearAsk {
    /// As it stands in the audit. Words are an explanation and no place for a value.
    pub(in crate::web::api) fn reason(&self) -> Result<String> {
        let words = self.words.trim();
        if !REASONS.contains(&self.reason.as_str()) || (self.reason == "other" && words.is_empty())
        {
            let what =
                "请选择查看明文的原因,选\"其他\"时请写明 / choose a reason; with `other` say which";
            return Err(Problem::invalid(what));
        }
        if words.chars().count() > WORDS_MAX {
            let what =
                format!("原因不超过 {WORDS_MAX} 字 / at most {WORDS_MAX} characters of reason");
            return Err(Problem::invalid(what));
        }
        let between = if words.is_empty() { "" } else { ": " };
        Ok(format!("{}{between}{words}", self.reason))
    }
}

const REASONS: [&str; 5] =
    ["call_by_hand", "verify_identity", "correct_record", "emergency", "other"];

/// A sentence; the audit is read line by line.
const WORDS_MAX: usize = 100;

/// Long enough to dial eleven digits by hand, or to compare a card.
const SHOWN_S: u32 = 60;
