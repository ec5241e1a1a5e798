//! Discharges from a file: upload, progress, report by row and column.

use std::sync::PoisonError;

use axum::{
    Json,
    extract::{DefaultBodyLimit, Multipart, State, multipart::MultipartRejection},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use crate::{
    app::BegunImport,
    base::ImportId,
    domain::Calendar,
    store::{Principal, import},
    web::{
        Shared,
        ask::{Key, Terms, Window, page},
        auth::Signed,
        error::{Problem, Result},
    },
};

pub(super) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(list, upload))
        .routes(routes!(find))
        .routes(routes!(faults_csv))
        .layer(DefaultBodyLimit::max(FILE_MAX))
}

#[derive(Serialize, ToSchema)]
struct ImportView {
    import_id: Uuid,
    file_name: String,
    /// `running`, `finished` or `failed`.
    state: String,
    /// Known while it runs.
    rows_total: Option<usize>,
    rows_read: i32,
    rows_stored: i32,
    rows_known: i32,
    rows_bad: i32,
    why: Option<String>,
    started_by: String,
    started_at: DateTime<Utc>,
    ended_at: Option<DateTime<Utc>>,
}

#[derive(Serialize, ToSchema)]
struct ImportListView {
    items: Vec<ImportView>,
    has_more: bool,
}

#[derive(Serialize, ToSchema)]
struct ImportReportView {
    import: ImportView,
    faults: Vec<FaultView>,
}

#[derive(Serialize, ToSchema)]
struct FaultView {
    row: i32,
    column: String,
    what: String,
}

#[derive(Serialize, ToSchema)]
struct BegunView {
    import_id: Uuid,
    rows_total: usize,
}

#[derive(ToSchema)]
#[expect(dead_code, reason = "it describes the form; the parts are read one by one")]
struct UploadForm {
    #[schema(value_type = String, format = Binary)]
    file: Vec<u8>,
}

fn view(site: &Shared, row: import::Import) -> ImportView {
    let totals = site.importing.lock().unwrap_or_else(PoisonError::into_inner);
    ImportView {
        rows_total: totals.get(&row.import_id).copied(),
        import_id: row.import_id,
        file_name: row.file_name,
        state: row.state,
        rows_read: row.rows_read,
        rows_stored: row.rows_stored,
        rows_known: row.rows_known,
        rows_bad: row.rows_bad,
        why: row.why,
        started_by: row.started_by,
        started_at: row.started_at,
        ended_at: row.ended_at,
    }
}

#[utoipa::path(get, path = "/api/imports", tag = "imports", params(Window),
    responses((status = 200, body = ImportListView)))]
async fn list(
    State(site): State<Shared>,
    signed: Signed,
    Terms(window): Terms<Window>,
) -> Result<Json<ImportListView>> {
    let mut scope = signed.scope(&site).await?;
    let limit = window.limit();
    let (rows, has_more) = page(import::list(&mut scope, None, limit + 1).await?, limit);
    let items = rows.into_iter().map(|row| view(&site, row)).collect();
    Ok(Json(ImportListView { items, has_more }))
}

#[utoipa::path(post, path = "/api/imports", tag = "imports",
    request_body(content = UploadForm, content_type = "multipart/form-data"),
    responses((status = 202, body = BegunView)))]
async fn upload(
    State(site): State<Shared>,
    signed: Signed,
    form: Result<Multipart, MultipartRejection>,
) -> Result<Response> {
    signed.may_run()?;
    if !signed.sees_all() {
        let what = "导入需要全院范围的账号 / an import needs an account for the whole hospital";
        return Err(Problem::forbidden(what));
    }
    let (name, bytes) = file_of(form?).await?;
    let at = site.core.clock.wall();
    let by = signed.0.principal;
    let begun = site.core.app.begin_csv(&by, &name, &bytes, at).await?;
    let (import_id, rows_total) = (*begun.id.as_uuid(), begun.rows());
    let importing = || site.importing.lock().unwrap_or_else(PoisonError::into_inner);
    importing().insert(import_id, rows_total);
    tokio::spawn(store(site.clone(), by, begun));
    Ok((StatusCode::ACCEPTED, Json(BegunView { import_id, rows_total })).into_response())
}

/// Goes on when the browser has left.
async fn store(site: Shared, by: Principal, begun: BegunImport) {
    let (core, config) = (&site.core, site.core.config());
    let at = core.clock.wall();
    let calendar = Calendar::always(config.hospital.timezone);
    let area = &config.hospital.area_code;
    if let Err(error) = core.app.store_rows(&by, &begun, &calendar, area, at).await {
        tracing::error!(%error, "an import has failed");
    }
    let mut importing = site.importing.lock().unwrap_or_else(PoisonError::into_inner);
    importing.remove(begun.id.as_uuid());
}

pub(super) async fn file_of(mut form: Multipart) -> Result<(String, Vec<u8>)> {
    let broken = |error: axum::extract::multipart::MultipartError| {
        Problem::invalid(format!("文件没有传完，请重试 / {}", error.body_text()))
    };
    while let Some(field) = form.next_field().await.map_err(broken)? {
        if field.name() == Some("file") {
            let name = field.file_name().unwrap_or("import.csv").to_owned();
            let bytes = field.bytes().await.map_err(broken)?;
            return Ok((name, bytes.to_vec()));
        }
    }
    Err(Problem::invalid("没有选择文件 / no file was sent"))
}

async fn report(site: &Shared, signed: &Signed, id: Uuid) -> Result<ImportReportView> {
    let id = ImportId::from_uuid(id);
    let mut scope = signed.scope(site).await?;
    let found = import::list(&mut scope, Some(id), 1).await?.pop();
    let import = view(site, found.ok_or_else(|| Problem::not_found("import"))?);
    let faults = import::faults(&mut scope, id).await?.into_iter();
    let faults = faults.map(|fault| FaultView {
        row: fault.row_no,
        column: fault.column_name,
        what: fault.what,
    });
    Ok(ImportReportView { import, faults: faults.collect() })
}

#[utoipa::path(get, path = "/api/imports/{id}", tag = "imports", params(("id" = Uuid, Path)),
    responses((status = 200, body = ImportReportView)))]
async fn find(
    State(site): State<Shared>,
    signed: Signed,
    Key(id): Key,
) -> Result<Json<ImportReportView>> {
    Ok(Json(report(&site, &signed, id).await?))
}

#[utoipa::path(get, path = "/api/imports/{id}/faults.csv", tag = "imports",
    params(("id" = Uuid, Path)),
    responses((status = 200, body = String, content_type = "text/csv")))]
async fn faults_csv(State(site): State<Shared>, signed: Signed, Key(id): Key) -> Result<Response> {
    signed.may_run()?;
    let report = report(&site, &signed, id).await?;
    // Excel takes a file without this mark for GBK.
    let mut text = String::from("\u{feff}行,列,问题\r\n");
    for fault in &report.faults {
        let cells = [fault.row.to_string(), cell(&fault.column), cell(&fault.what)];
        text.push_str(&(cells.join(",") + "\r\n"));
    }
    let about = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"faults-{id}.csv\"")),
    ];
    Ok((about, text).into_response())
}

/// A cell for a spreadsheet; what it would take for a formula stays text.
fn cell(text: &str) -> String {
    let is_formula = text.trim_start().starts_with(['=', '+', '-', '@']);
    let starts_odd = text.starts_with(['\t', '\r', '\n']);
    let guard = if is_formula || starts_odd { "'" } else { "" };
    let quoted = format!("{guard}{}", text.replace('"', "\"\""));
    let plain = guard.is_empty() && !text.contains([',', '"', '\n', '\r']);
    if plain { quoted } else { format!("\"{quoted}\"") }
}

/// A year's discharges of a large hospital.
const FILE_MAX: usize = 32 * 1024 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_never_a_formula() {
        for (text, expected) in [
            ("联系电话", "联系电话"),
            ("a,b", "\"a,b\""),
            ("say \"1\"", "\"say \"\"1\"\"\""),
            ("=1+1", "\"'=1+1\""),
            ("+86138", "\"'+86138\""),
            ("-1", "\"'-1\""),
            ("@SUM(A1)", "\"'@SUM(A1)\""),
            ("\t=1", "\"'\t=1\""),
            ("  =cmd|' /C calc'!A0", "\"'  =cmd|' /C calc'!A0\""),
            ("", ""),
        ] {
            assert_eq!(cell(text), expected, "{text:?}");
        }
    }
}
