//! 节假日 and 调休上班, as the calling windows and due dates take them.

use axum::{Json, extract::State};
use chrono::NaiveDate;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    store::policy,
    web::{Shared, auth::Signed, error::Result},
};

pub(super) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(list))
}

#[derive(Serialize, ToSchema)]
struct HolidayView {
    day: NaiveDate,
    /// `holiday` or `makeup_day`.
    kind: String,
}

#[utoipa::path(get, path = "/api/holidays", tag = "holidays",
    responses((status = 200, body = [HolidayView])))]
async fn list(State(site): State<Shared>, signed: Signed) -> Result<Json<Vec<HolidayView>>> {
    let mut scope = signed.scope(&site).await?;
    let view = |row: policy::Day| HolidayView { day: row.day, kind: row.kind };
    Ok(Json(policy::holidays(&mut scope).await?.into_iter().map(view).collect()))
}
