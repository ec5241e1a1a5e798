//! 审计: who did what, to which row, when and why. Read by the administrator of the audit, who
//! changes nothing.

use axum::{
    Json,
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    app::csv_table,
    store::audit,
    web::{
        Shared, Site,
        ask::{Terms, Window, page},
        auth::Signed,
        error::{Problem, Result},
    },
};

pub(super) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(export))
}

#[derive(Deserialize, Serialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
#[derive(Default)]
struct AuditTerms {
    /// Days, the last one included.
    from: Option<NaiveDate>,
    to: Option<NaiveDate>,
    /// A login, or what the server does by itself.
    who: String,
    /// `read`, `exported`, `unmasked`, `signed_in` …
    did: String,
    /// `person`, `account`, `recording` …
    subject: String,
    /// Some of who, what, whose or why.
    search: String,
}

impl AuditTerms {
    fn read(&self, site: &Site) -> Result<audit::Terms<'_>> {
        if matches!((self.from, self.to), (Some(from), Some(to)) if to < from) {
            return Err(Problem::invalid("起止日期有误 / from must not be after to"));
        }
        let zone = site.core.config().hospital.timezone;
        let start = |day: NaiveDate| {
            let local = day.and_time(NaiveTime::MIN).and_local_timezone(zone).earliest();
            local.map_or_else(|| day.and_time(NaiveTime::MIN).and_utc(), |local| local.to_utc())
        };
        Ok(audit::Terms {
            from: self.from.map(start),
            to: self.to.and_then(|day| day.succ_opt()).map(start),
            who: self.who.trim(),
            did: self.did.trim(),
            subject: self.subject.trim(),
            search: self.search.trim(),
        })
    }
}

#[derive(Serialize, ToSchema)]
struct AuditLineView {
    audit_id: i64,
    at: DateTime<Utc>,
    who: String,
    did: String,
    subject: String,
    subject_id: String,
    reason: Option<String>,
    /// Chained by hash to the line before it: a change would show.
    sealed: bool,
}

#[derive(Serialize, ToSchema)]
struct AuditListView {
    items: Vec<AuditLineView>,
    has_more: bool,
}

#[utoipa::path(get, path = "/api/audit", tag = "audit", params(AuditTerms, Window),
    responses((status = 200, body = AuditListView)))]
async fn list(
    State(site): State<Shared>,
    signed: Signed,
    Terms(ask): Terms<AuditTerms>,
    Terms(window): Terms<Window>,
) -> Result<Json<AuditListView>> {
    let (terms, limit) = (ask.read(&site)?, window.limit());
    let mut scope = signed.scope(&site).await?;
    let rows = audit::list(&mut scope, &terms, limit + 1, window.offset()).await?;
    let (rows, has_more) = page(rows, limit);
    let view = |row: audit::Shown| AuditLineView {
        audit_id: row.audit_id,
        at: row.at,
        who: row.who,
        did: row.did,
        subject: row.subject,
        subject_id: row.subject_id,
        reason: row.reason,
        sealed: row.sealed,
    };
    Ok(Json(AuditListView { items: rows.into_iter().map(view).collect(), has_more }))
}

/// The same lines as a file; that they left the house is a line of the audit itself.
#[utoipa::path(get, path = "/api/audit/export", tag = "audit", params(AuditTerms),
    responses((status = 200, content_type = "text/csv")))]
async fn export(
    State(site): State<Shared>,
    signed: Signed,
    Terms(ask): Terms<AuditTerms>,
) -> Result<Response> {
    let terms = ask.read(&site)?;
    let mut scope = signed.scope(&site).await?;
    let rows = audit::list(&mut scope, &terms, ROWS_MAX + 1, 0).await?;
    drop(scope);
    if i64::try_from(rows.len()).is_ok_and(|rows| rows > ROWS_MAX) {
        let what =
            format!("超过 {ROWS_MAX} 行,请缩小日期范围 / over {ROWS_MAX} lines; narrow the days");
        return Err(Problem::invalid(what));
    }
    let filter = serde_json::to_string(&ask).unwrap_or_default();
    let (core, by) = (&site.core, &signed.0.principal);
    core.app.audit_export(by, "audit", rows.len(), &filter, core.clock.wall()).await?;
    let zone = core.config().hospital.timezone;
    let line = |row: audit::Shown| {
        let at = row.at.with_timezone(&zone).format("%Y-%m-%d %H:%M:%S%.3f").to_string();
        let (id, reason) = (row.audit_id.to_string(), row.reason.unwrap_or_default());
        vec![id, at, row.who, row.did, row.subject, row.subject_id, reason]
    };
    let header = ["序号", "时间", "谁", "做了什么", "对象", "编号", "原因"].map(str::to_owned);
    let bytes = csv_table(&header, rows.into_iter().map(line));
    let name = "attachment; filename=\"audit.csv\"";
    let head =
        [(header::CONTENT_TYPE, "text/csv; charset=utf-8"), (header::CONTENT_DISPOSITION, name)];
    Ok((head, bytes).into_response())
}

/// A busy hospital's month; a spreadsheet opens it.
const ROWS_MAX: i64 = 100_000;
