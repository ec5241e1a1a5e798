//! Follow-ups of the time before us, imported as history (never as our own evidence).

use axum::{
    Json,
    extract::{DefaultBodyLimit, Multipart, State, multipart::MultipartRejection},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{imports::file_of, patients::today};
use crate::web::{
    Shared,
    ask::Terms,
    auth::Signed,
    error::{Problem, Result},
};

pub(super) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(import)).layer(DefaultBodyLimit::max(FILE_MAX))
}

#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct PastTerms {
    /// Where the file comes from, for rows without 来源; absent: the file's name.
    #[serde(default)]
    source: String,
}

#[derive(Serialize, ToSchema)]
struct PastFaultView {
    row: u32,
    column: &'static str,
    what: String,
}

#[derive(Serialize, ToSchema)]
struct PastImportView {
    rows_stored: u64,
    rows_known: u64,
    rows_bad: usize,
    /// The first 500 faults.
    faults: Vec<PastFaultView>,
}

#[derive(ToSchema)]
#[expect(dead_code, reason = "it describes the form; the part is read by itself")]
struct PastForm {
    /// CSV or XLSX: 住院号, 随访日期, 方式, 结果, 随访人, 备注, 来源.
    #[schema(value_type = String, format = Binary)]
    file: Vec<u8>,
}

#[utoipa::path(post, path = "/api/past-follow-ups", tag = "imports", params(PastTerms),
    request_body(content = PastForm, content_type = "multipart/form-data"),
    responses((status = 200, body = PastImportView)))]
async fn import(
    State(site): State<Shared>,
    signed: Signed,
    Terms(ask): Terms<PastTerms>,
    form: Result<Multipart, MultipartRejection>,
) -> Result<Json<PastImportView>> {
    signed.may_run()?;
    if !signed.sees_all() {
        let what = "导入需要全院范围的账号 / an import needs an account for the whole hospital";
        return Err(Problem::forbidden(what));
    }
    let sent = file_of(form?).await?;
    let (core, by, today) = (&site.core, &signed.0.principal, today(&site));
    let (name, source) = (&sent.name, ask.source.trim());
    let done =
        core.app.import_past(by, name, &sent.bytes, source, today, core.clock.wall()).await?;
    let rows_bad = done.bad.len();
    let faults = done.bad.into_iter().flat_map(|report| {
        let row = report.row;
        report.faults.into_iter().map(move |fault| PastFaultView {
            row,
            column: fault.column,
            what: fault.what,
        })
    });
    Ok(Json(PastImportView {
        rows_stored: done.rows_stored,
        rows_known: done.rows_known,
        rows_bad,
        faults: faults.take(FAULTS_SHOWN).collect(),
    }))
}

/// Ten years of a large hospital.
const FILE_MAX: usize = 32 * 1024 * 1024;

/// More tell of a column that slipped.
const FAULTS_SHOWN: usize = 500;
