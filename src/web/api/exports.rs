//! Lists that leave the house as a file (F015): audited before the first byte, by their own
//! module, and never more rows than were asked for in earnest.

use axum::{
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use tokio::task::spawn_blocking;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    due::DueTerms,
    patients::{SearchTerms, today},
    tasks::age,
};
use crate::{
    app::{StayParts, TableFile, stay_header, stay_rows},
    store::{due, export, patient},
    web::{
        Shared,
        ask::Terms,
        auth::Signed,
        error::{Problem, Result},
        mask,
    },
};

pub(super) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(patients)).routes(routes!(due_list))
}

#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
enum FileKind {
    #[default]
    Csv,
    Xlsx,
}

#[derive(Clone, Copy, Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
struct FileTerms {
    /// `csv` (UTF-8 with a BOM, as Excel needs it) or `xlsx`.
    #[param(value_type = String)]
    format: FileKind,
}

/// The stays of the patients that GET /api/patients finds by the same terms, with all that
/// an import reads: imported again, the rows are the same. Without the module `clear` names,
/// numbers, id cards and addresses are masked, and no import takes such a file.
#[utoipa::path(get, path = "/api/patients/export", tag = "exports",
    params(SearchTerms, FileTerms), responses((status = 200, body = Vec<u8>)))]
async fn patients(
    State(site): State<Shared>,
    signed: Signed,
    Terms(ask): Terms<SearchTerms>,
    Terms(file): Terms<FileTerms>,
) -> Result<Response> {
    signed.may("patients")?;
    let filter = serde_json::to_string(&ask).unwrap_or_default();
    let terms = ask.terms(&site, ROWS_MAX + 1, 0);
    let of_stays = export::StayTerms {
        discharged_from: terms.discharged_from,
        discharged_to: terms.discharged_to,
        department: terms.department,
    };
    let mut scope = signed.scope(&site).await?;
    let people = patient::search(&mut scope, &terms).await?;
    let people: Vec<_> = people.iter().map(|row| row.person_id).collect();
    let stays = export::stays(&mut scope, &people, of_stays, ROWS_MAX + 1).await?;
    few_enough(people.len().max(stays.len()))?;
    let ids: Vec<_> = stays.iter().map(|stay| stay.admission_id).collect();
    let parts = StayParts {
        diagnoses: export::diagnoses(&mut scope, &ids).await?,
        operations: export::operations(&mut scope, &ids).await?,
    };
    drop(scope);
    let is_clear = signed.may_see_clear().is_ok();
    let stays = if is_clear { stays } else { stays.into_iter().map(masked).collect() };
    let rows = stay_rows(stays, parts);
    let list = List { name: "patients", filter, header: stay_header(), rows };
    send(&site, &signed, list, file).await
}

fn masked(stay: export::Stay) -> export::Stay {
    // An extension behind its `x` goes with the number.
    let number = |phone: &String| mask::number(phone.split('x').next().unwrap_or_default());
    export::Stay {
        name: mask::name(&stay.name),
        id_card: stay.id_card.as_deref().map(mask::id_card),
        address: stay.address.as_deref().map(mask::address),
        phones: stay.phones.iter().map(number).collect(),
        kin_name: stay.kin_name.as_deref().map(mask::name),
        kin_phones: stay.kin_phones.iter().map(number).collect(),
        ..stay
    }
}

/// The due list, by the terms of GET /api/due; names without the module `clear`, and telephone numbers are masked as there.
#[utoipa::path(get, path = "/api/due/export", tag = "exports", params(DueTerms, FileTerms),
    responses((status = 200, body = Vec<u8>)))]
async fn due_list(
    State(site): State<Shared>,
    signed: Signed,
    Terms(ask): Terms<DueTerms>,
    Terms(file): Terms<FileTerms>,
) -> Result<Response> {
    signed.may("due")?;
    let filter = serde_json::to_string(&ask).unwrap_or_default();
    let today = today(&site);
    let mut scope = signed.scope(&site).await?;
    let terms = ask.terms(&site, &signed, &mut scope, ROWS_MAX + 1, 0).await?;
    let found = due::list(&mut scope, &terms).await?;
    drop(scope);
    few_enough(found.len())?;
    let is_clear = signed.may_see_clear().is_ok();
    let rows = found.into_iter().map(|row| due_row(row, today, is_clear)).collect();
    send(&site, &signed, List { name: "due", filter, header: DUE_HEADER.to_vec(), rows }, file)
        .await
}

fn due_row(row: due::Due, today: chrono::NaiveDate, is_clear: bool) -> Vec<String> {
    let text = Option::unwrap_or_default;
    let day = |day: Option<chrono::NaiveDate>| day.map(|day| day.to_string()).unwrap_or_default();
    let overdue = row.deadline_on.is_some_and(|last| last < today);
    vec![
        if is_clear { row.name } else { mask::name(&row.name) },
        row.sex,
        row.birth_date
            .and_then(|born| age(born, today))
            .map(|age| age.to_string())
            .unwrap_or_default(),
        text(row.department),
        text(row.ward),
        day(row.discharged_on),
        text(row.diagnosis),
        row.r#type,
        row.state,
        text(row.dialplan),
        row.sequence.map(|n| n.to_string()).unwrap_or_default(),
        day(row.scheduled_on),
        day(row.deadline_on),
        (if overdue { "是" } else { "否" }).to_owned(),
        row.promised_at.map(|at| at.to_rfc3339()).unwrap_or_default(),
        text(row.assigned_to),
        text(row.last_outcome),
        row.e164.as_deref().map(mask::number).unwrap_or_default(),
    ]
}

struct List {
    name: &'static str,
    /// As it was asked for; it stands in the audit.
    filter: String,
    header: Vec<&'static str>,
    rows: Vec<Vec<String>>,
}

async fn send(site: &Shared, signed: &Signed, list: List, file: FileTerms) -> Result<Response> {
    let (core, at) = (&site.core, site.core.clock.wall());
    let (by, count) = (&signed.0.principal, list.rows.len());
    core.app.audit_export(by, list.name, count, &list.filter, at).await?;
    let (kind, ending, content) = match file.format {
        FileKind::Csv => (TableFile::Csv, "csv", "text/csv; charset=utf-8"),
        FileKind::Xlsx => (
            TableFile::Xlsx,
            "xlsx",
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        ),
    };
    // A workbook of a year takes seconds.
    let written = spawn_blocking(move || kind.write(&list.header, list.rows)).await;
    let bytes = written.map_err(|error| Problem::fault(&error))??;
    let day = at.with_timezone(&core.config().hospital.timezone).format("%Y%m%d");
    let name = format!("attachment; filename=\"{}-{day}.{ending}\"", list.name);
    let about = [(header::CONTENT_TYPE, content.to_owned()), (header::CONTENT_DISPOSITION, name)];
    Ok((about, bytes).into_response())
}

fn few_enough(rows: usize) -> Result<()> {
    if i64::try_from(rows).is_ok_and(|rows| rows <= ROWS_MAX) {
        return Ok(());
    }
    let what = format!(
        "超过 {ROWS_MAX} 行,请缩小范围后分次导出 / over {ROWS_MAX} rows; narrow the filter and export in parts"
    );
    Err(Problem::invalid(what))
}

const DUE_HEADER: [&str; 18] = [
    "姓名",
    "性别",
    "年龄",
    "科室",
    "病区",
    "出院日期",
    "诊断",
    "类型",
    "状态",
    "语音流程",
    "次序",
    "计划日期",
    "截止日期",
    "逾期",
    "约定回拨",
    "负责人",
    "上次结果",
    "电话",
];

/// A fifth of a large hospital's year; a workbook of it takes some hundred MB to write.
const ROWS_MAX: i64 = 30_000;
