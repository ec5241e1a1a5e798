//! 通话记录: a query with totals, on the screen and on paper (F044).

use std::fmt::Write as _;

use axum::{Json, extract::State, response::Html};
use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::due_print::escape;
use crate::{
    store::call_history::{self, Past, Total},
    web::{
        Shared, Site,
        ask::{Terms, Window, page},
        auth::Signed,
        error::{Problem, Result},
        mask,
    },
};

pub(super) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(history)).routes(routes!(print))
}

#[derive(Default, Deserialize, utoipa::IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
struct HistoryTerms {
    /// Days, the last one included.
    from: Option<NaiveDate>,
    to: Option<NaiveDate>,
    /// A login, or `ivr`.
    agent: String,
    /// Some of its digits.
    number: String,
    /// An outcome; of calls without one `answered`, `not_answered` or `live`.
    result: String,
    /// `inbound` or `outbound`.
    direction: String,
}

impl HistoryTerms {
    fn read(&self, site: &Site, limit: i64, offset: i64) -> Result<call_history::Terms> {
        if matches!((self.from, self.to), (Some(from), Some(to)) if to < from) {
            return Err(Problem::invalid("起止日期有误 / from must not be after to"));
        }
        let zone = site.core.config().hospital.timezone;
        let start = |day: NaiveDate| {
            let local = day.and_time(NaiveTime::MIN).and_local_timezone(zone).earliest();
            local.map_or_else(|| day.and_time(NaiveTime::MIN).and_utc(), |local| local.to_utc())
        };
        let digits = self.number.chars().filter(char::is_ascii_digit).collect::<String>();
        Ok(call_history::Terms {
            from: self.from.map(start),
            to: self.to.and_then(|day| day.succ_opt()).map(start),
            agent: self.agent.trim().to_owned(),
            number: digits.trim_start_matches('0').to_owned(),
            result: self.result.clone(),
            direction: self.direction.clone(),
            limit,
            offset,
        })
    }
}

#[derive(Serialize, ToSchema)]
struct PastCallView {
    call_id: Uuid,
    direction: String,
    agent: String,
    /// Masked.
    number: String,
    name: Option<String>,
    department: Option<String>,
    started_at: DateTime<Utc>,
    answered_at: Option<DateTime<Utc>>,
    ended_at: Option<DateTime<Utc>>,
    talk_s: Option<i64>,
    result: String,
    end_why: Option<String>,
}

#[derive(Serialize, ToSchema)]
struct CallTotalView {
    direction: String,
    agent: String,
    result: String,
    calls: i64,
    answered: i64,
    talk_s: i64,
}

#[derive(Serialize, ToSchema)]
struct CallHistoryView {
    /// Of all that fit, not of this page.
    calls: i64,
    answered: i64,
    talk_s: i64,
    totals: Vec<CallTotalView>,
    items: Vec<PastCallView>,
    has_more: bool,
}

fn talk_s(row: &Past) -> Option<i64> {
    Some((row.ended_at? - row.answered_at?).num_seconds())
}

#[utoipa::path(get, path = "/api/calls/history", tag = "calls", params(HistoryTerms, Window),
    responses((status = 200, body = CallHistoryView)))]
async fn history(
    State(site): State<Shared>,
    signed: Signed,
    Terms(ask): Terms<HistoryTerms>,
    Terms(window): Terms<Window>,
) -> Result<Json<CallHistoryView>> {
    let limit = window.limit();
    let terms = ask.read(&site, limit + 1, window.offset())?;
    let mut scope = signed.scope(&site).await?;
    let totals = call_history::totals(&mut scope, &terms).await?;
    let (rows, has_more) = page(call_history::list(&mut scope, &terms).await?, limit);
    let sum = |of: fn(&Total) -> i64| totals.iter().map(of).sum();
    let (calls, answered, talked) = (sum(|t| t.calls), sum(|t| t.answered), sum(|t| t.talk_s));
    let total = |total: Total| CallTotalView {
        direction: total.direction,
        agent: total.agent,
        result: total.result,
        calls: total.calls,
        answered: total.answered,
        talk_s: total.talk_s,
    };
    let past = |row: Past| PastCallView {
        talk_s: talk_s(&row),
        number: mask::number(&row.remote),
        call_id: row.call_id,
        direction: row.direction,
        agent: row.agent,
        name: row.name,
        department: row.department,
        started_at: row.started_at,
        answered_at: row.answered_at,
        ended_at: row.ended_at,
        result: row.result,
        end_why: row.end_why,
    };
    Ok(Json(CallHistoryView {
        calls,
        answered,
        talk_s: talked,
        totals: totals.into_iter().map(total).collect(),
        items: rows.into_iter().map(past).collect(),
        has_more,
    }))
}

/// The same on paper, A4 across; audited. At most 2000 calls: narrow it by the day.
#[utoipa::path(get, path = "/api/calls/history/print", tag = "calls", params(HistoryTerms),
    responses((status = 200, content_type = "text/html")))]
async fn print(
    State(site): State<Shared>,
    signed: Signed,
    Terms(ask): Terms<HistoryTerms>,
) -> Result<Html<String>> {
    let terms = ask.read(&site, PRINTED_MAX + 1, 0)?;
    let core = &site.core;
    let (by, at) = (&signed.0.principal, core.clock.wall());
    core.app.audit_access(by, "printed", "call_history", "list", at).await?;
    let mut scope = signed.scope(&site).await?;
    let totals = call_history::totals(&mut scope, &terms).await?;
    let rows = call_history::list(&mut scope, &terms).await?;
    if rows.len() as i64 > PRINTED_MAX {
        let what = format!("超过 {PRINTED_MAX} 条,请缩小日期范围 / too many: narrow the days");
        return Err(Problem::invalid(what));
    }
    Ok(Html(printed(&site, &signed.0.display_name, &rows, &totals)))
}

fn printed(site: &Site, by: &str, rows: &[Past], totals: &[Total]) -> String {
    let config = site.core.config();
    let local = |at: DateTime<Utc>| at.with_timezone(&config.hospital.timezone);
    let sum = |of: fn(&Total) -> i64| totals.iter().map(of).sum::<i64>();
    let mut page = format!(
        "<!doctype html><html lang=\"zh-CN\"><head><meta charset=\"utf-8\"><title>通话记录</title>\
         <style>{STYLE}</style></head><body><h1>{} 通话记录</h1><p>打印 {} {} · 共 {} 次 · 接通 {} \
         次 · 通话 {} 分</p><table><thead><tr>",
        escape(&config.hospital.name),
        escape(by),
        local(site.core.clock.wall()).format("%Y-%m-%d %H:%M"),
        sum(|total| total.calls),
        sum(|total| total.answered),
        sum(|total| total.talk_s) / 60
    );
    for column in ["时间", "方向", "座席", "号码", "患者", "科室", "结果", "通话(秒)"]
    {
        let _ = write!(page, "<th>{column}</th>");
    }
    page += "</tr></thead><tbody>";
    for row in rows {
        let cells = [
            local(row.started_at).format("%Y-%m-%d %H:%M:%S").to_string(),
            if row.direction == "inbound" { "呼入" } else { "外呼" }.to_owned(),
            escape(&row.agent),
            escape(&mask::number(&row.remote)),
            escape(row.name.as_deref().unwrap_or_default()),
            escape(row.department.as_deref().unwrap_or_default()),
            escape(&row.result),
            talk_s(row).map_or_else(String::new, |s| s.to_string()),
        ];
        page += "<tr>";
        for cell in cells {
            let _ = write!(page, "<td>{cell}</td>");
        }
        page += "</tr>";
    }
    page + "</tbody></table></body></html>"
}

const PRINTED_MAX: i64 = 2000;

const STYLE: &str = "@page{size:A4 landscape;margin:12mm;\
    @bottom-right{content:\"第 \" counter(page) \" 页 共 \" counter(pages) \" 页\"}}\
    body{font:10pt sans-serif;color:#000;margin:0}h1{font-size:14pt;margin:0}\
    table{width:100%;border-collapse:collapse}thead{display:table-header-group}\
    tr{break-inside:avoid}th,td{border:1px solid #000;padding:1mm 1.5mm;text-align:left}";
