//! 随访记录: one follow-up and a patient's whole history on paper, as they were asked (F106);
//! and how one item went over the follow-ups (F094).

use std::fmt::Write as _;

use axum::{Json, extract::State, response::Html};
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::{
    due_print::escape,
    forms::{FormView, GivenView, asked},
};
use crate::{
    base::{PersonId, TaskId},
    store::{
        Scope, answer,
        task::{self, Record},
    },
    web::{
        Shared,
        ask::{Key, Terms},
        auth::Signed,
        error::{Problem, Result},
    },
};

pub(super) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(one)).routes(routes!(history)).routes(routes!(trend))
}

/// One follow-up on paper; audited.
#[utoipa::path(get, path = "/api/tasks/{id}/print", tag = "tasks", params(("id" = Uuid, Path)),
    responses((status = 200, content_type = "text/html")))]
async fn one(State(site): State<Shared>, signed: Signed, Key(id): Key) -> Result<Html<String>> {
    let mut scope = signed.scope(&site).await?;
    let records = task::records(&mut scope, Some(TaskId::from_uuid(id)), None, 1).await?;
    printed(&site, &signed, scope, records, "task", id).await
}

/// Every follow-up of a patient on paper, the oldest first; audited.
#[utoipa::path(get, path = "/api/patients/{id}/print", tag = "patients",
    params(("id" = Uuid, Path)), responses((status = 200, content_type = "text/html")))]
async fn history(State(site): State<Shared>, signed: Signed, Key(id): Key) -> Result<Html<String>> {
    let mut scope = signed.scope(&site).await?;
    let records = task::records(&mut scope, None, Some(id), RECORDS_MAX).await?;
    printed(&site, &signed, scope, records, "person", id).await
}

async fn printed(
    site: &Shared,
    signed: &Signed,
    mut scope: Scope,
    records: Vec<Record>,
    subject: &str,
    id: Uuid,
) -> Result<Html<String>> {
    if records.is_empty() {
        return Err(Problem::not_found("follow-up"));
    }
    let core = &site.core;
    let (by, at) = (&signed.0.principal, core.clock.wall());
    // Before the first byte leaves the house.
    core.app.audit_access(by, "printed", subject, &id.to_string(), at).await?;
    let local = at.with_timezone(&core.config().hospital.timezone).format("%Y-%m-%d %H:%M");
    let mut page = format!(
        "<!doctype html><html lang=\"zh-CN\"><head><meta charset=\"utf-8\"><title>随访记录</title>\
         <style>{STYLE}</style></head><body><h1>{} 随访记录</h1><p class=\"by\">打印 {} {local}</p>",
        escape(&core.config().hospital.name),
        escape(&signed.0.display_name)
    );
    for record in &records {
        let forms = asked(&mut scope, TaskId::from_uuid(record.task_id)).await?;
        section(&mut page, record, &forms);
    }
    page += "</body></html>";
    Ok(Html(page))
}

fn section(page: &mut String, record: &Record, forms: &[FormView]) {
    let text = |text: &Option<String>| escape(text.as_deref().unwrap_or("—"));
    let day = |day: Option<NaiveDate>| day.map_or_else(|| "—".to_owned(), |day| day.to_string());
    let _ = write!(
        page,
        "<section><h2>{} {} · 第{}次 · {}</h2><p>住院号 {} · {} {} · 方式 {} · 接听人 {} · 录入 {} · \
         医生意见 {}</p>",
        escape(&record.name),
        day(record.done_on),
        record.sequence.unwrap_or_default() + 1,
        day(record.scheduled_on),
        text(&record.admission_no),
        text(&record.department),
        text(&record.ward),
        text(&record.channel),
        text(&record.respondent),
        text(&record.done_by),
        text(&record.opinion),
    );
    for form in forms {
        let title = form.title.as_deref().unwrap_or(&form.questionnaire);
        let version = form.version.map_or_else(String::new, |version| format!(" 第{version}版"));
        let _ = write!(page, "<table><caption>{}{version}</caption>", escape(title));
        // What was asked, in its order; what is only spoken is no question.
        for item in form.items.iter().filter(|item| item.r#type != "display") {
            let said = item.answer.as_ref().map_or_else(|| "—".to_owned(), said);
            let _ =
                write!(page, "<tr><td>{}</td><td>{}</td></tr>", escape(&item.text), escape(&said));
        }
        *page += "</table>";
    }
    *page += "</section>";
}

fn said(given: &GivenView) -> String {
    let number = given.number.as_ref().map(|number| match &given.unit {
        Some(unit) => format!("{number} {unit}"),
        None => number.clone(),
    });
    let said = given.label.clone().or(number).or_else(|| given.text.clone());
    let said = said.unwrap_or_else(|| blank(&given.status).to_owned());
    match &given.advice {
        Some(advice) => format!("{said}(建议:{advice})"),
        None => said,
    }
}

fn blank(status: &str) -> &'static str {
    match status {
        "no_answer" => "未答",
        "declined" => "拒答",
        "unknown" => "不详",
        "not_applicable" => "不适用",
        "not_measured" => "未测",
        _ => "未问",
    }
}

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(default)]
#[derive(Default)]
#[into_params(parameter_in = Query)]
struct TrendTerms {
    /// One item; absent: all.
    item: Option<String>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = PrintedPointView)]
struct PointView {
    at: DateTime<Utc>,
    /// 0 for the first.
    follow_up_no: Option<i32>,
    code: Option<String>,
    label: Option<String>,
    number: Option<f64>,
    score: Option<f64>,
}

#[derive(Serialize, ToSchema)]
struct TrendView {
    link_id: String,
    item: String,
    unit: Option<String>,
    points: Vec<PointView>,
}

/// How each item went over the follow-ups of a patient.
#[utoipa::path(get, path = "/api/patients/{id}/trend", tag = "patients",
    params(("id" = Uuid, Path), TrendTerms), responses((status = 200, body = [TrendView])))]
async fn trend(
    State(site): State<Shared>,
    signed: Signed,
    Key(id): Key,
    Terms(ask): Terms<TrendTerms>,
) -> Result<Json<Vec<TrendView>>> {
    let mut scope = signed.scope(&site).await?;
    let person = PersonId::from_uuid(id);
    let rows = answer::trend(&mut scope, person, ask.item.as_deref(), POINTS_MAX).await?;
    let point = |row: &answer::Point| PointView {
        at: row.at,
        follow_up_no: row.sequence,
        code: row.option_code.clone(),
        label: row.option_text.clone(),
        number: row.value_number,
        score: row.score,
    };
    let items = rows.chunk_by(|a, b| a.link_id == b.link_id).map(|of_one| TrendView {
        link_id: of_one[0].link_id.clone(),
        item: of_one[0].item_text.clone(),
        unit: of_one[0].unit.clone(),
        points: of_one.iter().map(point).collect(),
    });
    Ok(Json(items.collect()))
}

/// Ten years of months.
const RECORDS_MAX: i64 = 120;
const POINTS_MAX: i64 = 5000;

const STYLE: &str = "@page{size:A4;margin:15mm;@bottom-right{content:\"第 \" counter(page) \" 页 共 \" \
    counter(pages) \" 页\"}}body{font:10.5pt sans-serif;color:#000;margin:0}h1{font-size:15pt}\
    h2{font-size:12pt}.by{text-align:right}section{break-inside:avoid-page}\
    table{width:100%;border-collapse:collapse;margin:2mm 0}caption{text-align:left;font-weight:bold}\
    td{border:1px solid #000;padding:1mm 2mm}td:first-child{width:45%}";
