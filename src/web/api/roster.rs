//! 值班表, and the staff numbers of accounts.

use axum::{
    Json,
    extract::{Multipart, Path, State, multipart::MultipartRejection, rejection::PathRejection},
    http::StatusCode,
};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::imports::{SentFile, file_of};
use crate::{
    app::{RosterLine, roster_file},
    store::roster,
    web::{
        Shared,
        ask::{Body, Terms},
        auth::Signed,
        error::{Problem, Result},
    },
};

pub(super) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(list, put))
        .routes(routes!(upload))
        .routes(routes!(put_staff))
}

#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct RosterTerms {
    from: NaiveDate,
    to: NaiveDate,
}

/// One line: who is on duty, and the phone that rings.
#[derive(Serialize, ToSchema)]
struct DutyView {
    day: NaiveDate,
    /// `day`, `evening` or `night`; a night belongs to the day it begins.
    shift: String,
    /// 1 duty nurse, 2 head nurse, 3 总值班.
    rank: i16,
    /// Neither ward nor department: the whole hospital.
    ward: Option<String>,
    department: Option<String>,
    staff_no: String,
    name: Option<String>,
    phone: String,
}

#[derive(Serialize, ToSchema)]
struct RosterView {
    items: Vec<DutyView>,
}

#[utoipa::path(get, path = "/api/roster", tag = "roster", params(RosterTerms),
    responses((status = 200, body = RosterView)))]
async fn list(
    State(site): State<Shared>,
    signed: Signed,
    Terms(terms): Terms<RosterTerms>,
) -> Result<Json<RosterView>> {
    let mut scope = signed.scope(&site).await?;
    let rows = roster::list(&mut scope, terms.from, terms.to, LINES_SHOWN).await?;
    let own = rows.into_iter().filter(|row| signed.sees(row.department_id));
    let view = |row: roster::Listed| DutyView {
        day: row.day,
        shift: row.shift,
        rank: row.rank,
        ward: row.ward,
        department: row.department,
        staff_no: row.staff_no,
        name: row.name,
        phone: row.phone,
    };
    Ok(Json(RosterView { items: own.map(view).collect() }))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct DutyAsk {
    day: String,
    shift: String,
    #[serde(default = "first")]
    rank: i16,
    #[serde(default)]
    ward: String,
    #[serde(default)]
    department: String,
    staff_no: String,
    /// A number, or a phone that registers here.
    phone: String,
}

const fn first() -> i16 {
    1
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RosterAsk {
    items: Vec<DutyAsk>,
}

#[derive(Serialize, ToSchema)]
struct RosterPutView {
    lines: usize,
}

/// Replaces the days from `from` to `to`.
#[utoipa::path(put, path = "/api/roster", tag = "roster", params(RosterTerms),
    request_body = RosterAsk, responses((status = 200, body = RosterPutView)))]
async fn put(
    State(site): State<Shared>,
    signed: Signed,
    Terms(terms): Terms<RosterTerms>,
    Body(ask): Body<RosterAsk>,
) -> Result<Json<RosterPutView>> {
    let line = |(row, item): (u32, DutyAsk)| RosterLine {
        row,
        day: item.day,
        shift: item.shift,
        rank: item.rank.to_string(),
        ward: item.ward.trim().to_owned(),
        department: item.department.trim().to_owned(),
        staff_no: item.staff_no.trim().to_owned(),
        phone: item.phone.trim().to_owned(),
    };
    let lines: Vec<_> = (1..).zip(ask.items).map(line).collect();
    store(&site, &signed, &terms, &lines).await
}

#[derive(ToSchema)]
#[expect(dead_code, reason = "it describes the form; the parts are read one by one")]
struct RosterForm {
    #[schema(value_type = String, format = Binary)]
    file: Vec<u8>,
}

/// A CSV file: 日期, 班次, 级别, 病区, 科室, 工号, 电话. It replaces the days from `from` to `to`.
#[utoipa::path(post, path = "/api/roster/file", tag = "roster", params(RosterTerms),
    request_body(content = RosterForm, content_type = "multipart/form-data"),
    responses((status = 200, body = RosterPutView)))]
async fn upload(
    State(site): State<Shared>,
    signed: Signed,
    Terms(terms): Terms<RosterTerms>,
    form: Result<Multipart, MultipartRejection>,
) -> Result<Json<RosterPutView>> {
    let SentFile { name, bytes, .. } = file_of(form?).await?;
    let lines = roster_file(&name, &bytes)?;
    store(&site, &signed, &terms, &lines).await
}

async fn store(
    site: &Shared,
    signed: &Signed,
    terms: &RosterTerms,
    lines: &[RosterLine],
) -> Result<Json<RosterPutView>> {
    let (core, by, days) = (&site.core, &signed.0.principal, (terms.from, terms.to));
    let area = core.config().hospital.area_code.clone();
    let lines = core.app.put_roster(by, days, lines, &area, core.clock.wall()).await?;
    Ok(Json(RosterPutView { lines }))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct StaffAsk {
    /// Digits: it is keyed on a telephone.
    staff_no: Option<String>,
    mobile: Option<String>,
}

#[utoipa::path(put, path = "/api/users/{login}/staff", tag = "users",
    params(("login" = String, Path)), request_body = StaffAsk, responses((status = 204)))]
async fn put_staff(
    State(site): State<Shared>,
    signed: Signed,
    login: Result<Path<String>, PathRejection>,
    Body(ask): Body<StaffAsk>,
) -> Result<StatusCode> {
    signed.is_admin()?;
    let filled = |text: &Option<String>| text.as_deref().map(str::trim).map(str::to_owned);
    let staff_no = filled(&ask.staff_no).filter(|text| !text.is_empty());
    let mobile = filled(&ask.mobile).filter(|text| !text.is_empty());
    if mobile.as_ref().is_some_and(|mobile| mobile.len() > MOBILE_MAX) {
        return Err(Problem::invalid("手机号太长 / the mobile number is too long"));
    }
    let (core, by) = (&site.core, &signed.0.principal);
    let (staff_no, mobile) = (staff_no.as_deref(), mobile.as_deref());
    core.app.put_staff(by, &login?.0, staff_no, mobile, core.clock.wall()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A quarter of a year of a large hospital.
const LINES_SHOWN: i64 = 25_000;

/// `+` and fifteen digits, with a few spaces.
const MOBILE_MAX: usize = 24;
