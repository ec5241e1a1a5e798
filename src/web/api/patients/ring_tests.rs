//! 床旁试拨: a ward rings a number while the patient is still here (F027: the role must hold
//! the right to a call of that class).

use axum::{
    Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    base::{NumberId, PersonId},
    engine::{self, RingWish},
    store::ring_test,
    web::{
        Shared,
        ask::{Body, Key},
        auth::Signed,
        error::{Problem, Result},
        mask,
    },
};

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RingAskView {
    /// Of the patient's numbers; no other can be dialled here.
    number_id: Uuid,
}

#[derive(Serialize, ToSchema)]
pub(super) struct RingBegunView {
    ring_test_id: Uuid,
}

#[derive(Serialize, ToSchema)]
pub(super) struct RingTestView {
    ring_test_id: Uuid,
    number_id: Uuid,
    /// Masked.
    number: String,
    asked_by: String,
    begun_at: DateTime<Utc>,
    ended_at: Option<DateTime<Utc>>,
    /// Absent while it rings. `completed`: the patient keyed that the phone is in their hand.
    outcome: Option<String>,
}

/// Rings it now. How it ends is told by the list, and the number's state follows it.
#[utoipa::path(post, path = "/api/patients/{id}/ring-tests", tag = "patients",
    params(("id" = Uuid, Path)), request_body = RingAskView,
    responses((status = 202, body = RingBegunView)))]
pub(super) async fn ring(
    State(site): State<Shared>,
    signed: Signed,
    Key(id): Key,
    Body(ask): Body<RingAskView>,
) -> Result<Response> {
    let wish = RingWish {
        person: PersonId::from_uuid(id),
        number: NumberId::from_uuid(ask.number_id),
        toll: signed.0.toll,
    };
    let begun = engine::ring(&site.core, &signed.0.principal, wish).await.map_err(Problem::from)?;
    let view = RingBegunView { ring_test_id: begun.ring_test };
    Ok((StatusCode::ACCEPTED, Json(view)).into_response())
}

/// The latest first.
#[utoipa::path(get, path = "/api/patients/{id}/ring-tests", tag = "patients",
    params(("id" = Uuid, Path)), responses((status = 200, body = [RingTestView])))]
pub(super) async fn ring_tests(
    State(site): State<Shared>,
    signed: Signed,
    Key(id): Key,
) -> Result<Json<Vec<RingTestView>>> {
    let mut scope = signed.scope(&site).await?;
    let rows = ring_test::of_person(&mut scope, PersonId::from_uuid(id), SHOWN_MAX).await?;
    let view = |row: ring_test::RingTest| RingTestView {
        ring_test_id: row.ring_test_id,
        number_id: row.number_id,
        number: mask::number(&row.e164),
        asked_by: row.asked_by,
        begun_at: row.begun_at,
        ended_at: row.ended_at,
        outcome: row.outcome,
    };
    Ok(Json(rows.into_iter().map(view).collect()))
}

/// A number is rung three times a day at most, and an admission takes some days.
const SHOWN_MAX: i64 = 50;
