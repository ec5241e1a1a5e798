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
    app::{BegunImport, PreviewRow, Upload, csv_table},
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
        .routes(routes!(preview))
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
    /// Codes that the dictionary does not know: stored all the same, to be looked at. Empty
    /// while it runs.
    unknown_icds: Vec<UnknownIcdView>,
}

#[derive(Serialize, ToSchema)]
struct UnknownIcdView {
    icd: String,
    discharges: i64,
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
    /// CSV (UTF-8, GB18030) or XLSX.
    #[schema(value_type = String, format = Binary)]
    file: Vec<u8>,
    /// The column mapping by which it is read; absent: `import`.
    mapping: Option<String>,
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
    let sent = file_of(form?).await?;
    let at = site.core.clock.wall();
    let by = signed.0.principal;
    let begun = site.core.app.begin_file(&by, sent.upload(), at).await?;
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

#[derive(Serialize, ToSchema)]
struct HeaderView {
    /// As it stands in the file.
    header: String,
    /// The column it was taken for, as PUT /api/column-mappings/{name} names them; absent:
    /// not read.
    column: Option<serde_json::Value>,
}

#[derive(Serialize, ToSchema)]
struct PreviewRowView {
    row: u32,
    cells: Vec<String>,
    faults: Vec<FaultView>,
}

#[derive(Serialize, ToSchema)]
struct PreviewView {
    headers: Vec<HeaderView>,
    /// What nobody has explained yet.
    unknown_headers: Vec<String>,
    /// The first 20.
    rows: Vec<PreviewRowView>,
    rows_total: usize,
    rows_bad: usize,
    /// Why the file cannot be imported like this.
    problem: Option<String>,
}

/// The file as it would be read; nothing of it is stored.
#[utoipa::path(post, path = "/api/imports/preview", tag = "imports",
    request_body(content = UploadForm, content_type = "multipart/form-data"),
    responses((status = 200, body = PreviewView)))]
async fn preview(
    State(site): State<Shared>,
    signed: Signed,
    form: Result<Multipart, MultipartRejection>,
) -> Result<Json<PreviewView>> {
    signed.may_run()?;
    let sent = file_of(form?).await?;
    let config = site.core.config();
    let calendar = Calendar::always(config.hospital.timezone);
    let (app, at) = (&site.core.app, site.core.clock.wall());
    let (by, area) = (&signed.0.principal, &config.hospital.area_code);
    let found = app.preview_file(by, sent.upload(), &calendar, area, at).await?;
    let row = |row: PreviewRow| PreviewRowView {
        row: row.row,
        cells: row.cells,
        faults: row
            .faults
            .into_iter()
            .map(|fault| FaultView {
                row: i32::try_from(row.row).unwrap_or(i32::MAX),
                column: fault.column.to_owned(),
                what: fault.what,
            })
            .collect(),
    };
    let header = |(header, column)| HeaderView { header, column };
    Ok(Json(PreviewView {
        headers: found.headers.into_iter().map(header).collect(),
        unknown_headers: found.unknown_headers,
        rows: found.rows.into_iter().map(row).collect(),
        rows_total: found.rows_total,
        rows_bad: found.rows_bad,
        problem: found.problem,
    }))
}

/// A file of a form, and the mapping by which it is read.
pub(super) struct SentFile {
    pub(super) name: String,
    pub(super) bytes: Vec<u8>,
    pub(super) mapping: Option<String>,
}

impl SentFile {
    fn upload(&self) -> Upload<'_> {
        let mapping = self.mapping.as_deref().unwrap_or(PAGE_MAPPING);
        Upload { name: &self.name, bytes: &self.bytes, mapping, record: "" }
    }
}

pub(super) async fn file_of(mut form: Multipart) -> Result<SentFile> {
    let broken = |error: axum::extract::multipart::MultipartError| {
        Problem::invalid(format!("文件没有传完，请重试 / {}", error.body_text()))
    };
    let (mut file, mut mapping) = (None, None);
    while let Some(field) = form.next_field().await.map_err(broken)? {
        match field.name() {
            Some("file") => {
                let name = field.file_name().unwrap_or("import.csv").to_owned();
                file = Some((name, field.bytes().await.map_err(broken)?.to_vec()));
            }
            Some("mapping") => mapping = Some(field.text().await.map_err(broken)?),
            _ => {}
        }
    }
    let (name, bytes) = file.ok_or_else(|| Problem::invalid("没有选择文件 / no file was sent"))?;
    Ok(SentFile { name, bytes, mapping: mapping.filter(|name| !name.is_empty()) })
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
    // The page looks several times a second while it runs: all codes are counted once.
    let unknown = match import.state.as_str() {
        "running" => Vec::new(),
        _ => import::unknown_icds(&mut scope, id, UNKNOWN_ICDS_SHOWN).await?,
    };
    let unknown = unknown.into_iter().map(|(icd, discharges)| UnknownIcdView { icd, discharges });
    let (faults, unknown_icds) = (faults.collect(), unknown.collect());
    Ok(ImportReportView { import, faults, unknown_icds })
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
    let row =
        |fault: &FaultView| vec![fault.row.to_string(), fault.column.clone(), fault.what.clone()];
    let columns = ["行", "列", "问题"].map(str::to_owned);
    let text = csv_table(&columns, report.faults.iter().map(row));
    let about = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"faults-{id}.csv\"")),
    ];
    Ok((about, text).into_response())
}

/// The most frequent ones; more tell of a column that slipped.
const UNKNOWN_ICDS_SHOWN: i64 = 100;

/// What the page learns, unless another is named.
const PAGE_MAPPING: &str = "import";

/// A year's discharges of a large hospital.
const FILE_MAX: usize = 32 * 1024 * 1024;
