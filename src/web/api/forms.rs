//! A follow-up's form exactly as it was asked (F086), and its result rows (F006).

use axum::{Json, extract::State};
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    base::TaskId,
    domain::{gad7, phq9},
    ivr::{Item, ItemType, Questionnaire, read_form},
    store::{
        Scope,
        opinion::{self, Row},
        series, task,
    },
    web::{
        Shared,
        ask::Key,
        auth::Signed,
        error::{Problem, Result},
    },
};

pub(super) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(form)).routes(routes!(results))
}

#[derive(Serialize, ToSchema)]
pub(super) struct OptionView {
    pub(super) code: String,
    pub(super) zh: String,
    pub(super) en: String,
    pub(super) key: Option<String>,
    pub(super) chosen: bool,
}

#[derive(Serialize, ToSchema)]
pub(super) struct GivenView {
    pub(super) status: String,
    pub(super) code: Option<String>,
    pub(super) label: Option<String>,
    pub(super) number: Option<String>,
    pub(super) text: Option<String>,
    pub(super) unit: Option<String>,
    pub(super) score: Option<String>,
    pub(super) advice: Option<String>,
    pub(super) at: DateTime<Utc>,
    pub(super) by: String,
}

#[derive(Serialize, ToSchema)]
pub(super) struct ItemView {
    pub(super) link_id: String,
    pub(super) text: String,
    pub(super) r#type: &'static str,
    pub(super) unit: Option<String>,
    pub(super) range: Option<(f64, f64)>,
    pub(super) options: Vec<OptionView>,
    /// Absent: this item was not asked.
    pub(super) answer: Option<GivenView>,
}

#[derive(Serialize, ToSchema)]
pub(super) struct FormView {
    pub(super) questionnaire: String,
    pub(super) sha256: String,
    pub(super) version: Option<u32>,
    pub(super) title: Option<String>,
    pub(super) title_en: Option<String>,
    /// The content was kept; without it only what was answered can be shown.
    pub(super) exact: bool,
    pub(super) items: Vec<ItemView>,
    pub(super) scores: Vec<ScoreView>,
}

/// A scale that the server adds up: a form does no sums.
#[derive(Serialize, ToSchema)]
pub(super) struct ScoreView {
    name: String,
    /// Absent where an item has no answer: it is never counted as 0.
    total: Option<f64>,
    /// Of PHQ-9 and GAD-7: `minimal`, `mild`, `moderate`, `moderately_severe`, `severe`.
    severity: Option<&'static str>,
}

/// Wording, order and answers of the version that was asked, whatever the form says today.
#[utoipa::path(get, path = "/api/tasks/{id}/form", tag = "tasks", params(("id" = Uuid, Path)),
    responses((status = 200, body = [FormView])))]
async fn form(
    State(site): State<Shared>,
    signed: Signed,
    Key(id): Key,
) -> Result<Json<Vec<FormView>>> {
    let mut scope = signed.scope(&site).await?;
    let task = TaskId::from_uuid(id);
    task::numbered(&mut scope, task).await?.ok_or_else(|| Problem::not_found("task"))?;
    Ok(Json(asked(&mut scope, task).await?))
}

/// Every form of a follow-up, in the version that was asked.
pub(super) async fn asked(scope: &mut Scope, task: TaskId) -> Result<Vec<FormView>> {
    let rows = opinion::answers(scope, task).await?;
    let mut forms: Vec<(String, String)> = Vec::new();
    for row in &rows {
        let name = (row.questionnaire.clone(), row.questionnaire_sha256.clone());
        if !forms.contains(&name) {
            forms.push(name);
        }
    }
    let mut views = Vec::with_capacity(forms.len());
    for (name, sha256) in forms {
        let content = series::content(scope, &name, &sha256).await?;
        let asked = content.and_then(|body| read_form(&body).ok());
        let own = |row: &&Row| row.questionnaire == name && row.questionnaire_sha256 == sha256;
        let given: Vec<&Row> = rows.iter().filter(own).collect();
        views.push(form_view(name.clone(), sha256.clone(), asked.as_ref(), &given));
    }
    Ok(views)
}

fn form_view(
    questionnaire: String,
    sha256: String,
    asked: Option<&Questionnaire>,
    given: &[&Row],
) -> FormView {
    let answer = |id: &str| given.iter().find(|row| row.link_id == id).copied();
    let items = match asked {
        Some(form) => {
            form.items.iter().map(|item| item_view(item, answer(&item.link_id))).collect()
        }
        None => given.iter().map(|row| bare_view(row)).collect(),
    };
    let title = |tag: &str| asked.and_then(|form| form.title.get(tag).cloned());
    let score = |id: &String| answer(id)?.score.as_deref()?.parse::<f64>().ok();
    let sums = asked.into_iter().flat_map(|form| &form.scores);
    let scores =
        sums.map(|(name, parts)| score_view(name, &parts.iter().map(score).collect::<Vec<_>>()));
    FormView {
        version: asked.map(|form| form.version),
        title: title("zh"),
        title_en: title("en"),
        exact: asked.is_some(),
        scores: scores.collect(),
        questionnaire,
        sha256,
        items,
    }
}

fn score_view(name: &str, items: &[Option<f64>]) -> ScoreView {
    let small: Vec<Option<u8>> = items
        .iter()
        .map(|score| score.filter(|s| (0.0..=3.0).contains(s)).map(|s| s.round() as u8))
        .collect();
    let severity = match (name, small.as_slice()) {
        ("phq9", all) => all.try_into().ok().and_then(|all| phq9(all).ok()?.severity),
        ("gad7", all) => all.try_into().ok().and_then(|all| gad7(all).ok()?.severity),
        _ => None,
    };
    ScoreView {
        name: name.to_owned(),
        total: items.iter().copied().sum(),
        severity: severity.map(|severity| severity.as_str()),
    }
}

fn item_view(item: &Item, given: Option<&Row>) -> ItemView {
    let chosen = |code: &str| {
        let code_of = given.and_then(|row| row.option_code.as_deref());
        code_of.is_some_and(|codes| codes.split(',').any(|one| one == code))
    };
    let options = item.answer_option.iter().map(|option| OptionView {
        chosen: chosen(&option.code),
        code: option.code.clone(),
        zh: option.zh.clone(),
        en: option.en.clone(),
        key: option.key.map(String::from),
    });
    ItemView {
        link_id: item.link_id.clone(),
        text: item.text.clone(),
        r#type: word(item.kind),
        unit: item.unit.clone(),
        range: item.range,
        options: options.collect(),
        answer: given.map(given_view),
    }
}

/// Of answers that are older than the keeping of contents.
fn bare_view(row: &Row) -> ItemView {
    ItemView {
        link_id: row.link_id.clone(),
        text: row.item_text.clone(),
        r#type: "text",
        unit: row.unit.clone(),
        range: None,
        options: Vec::new(),
        answer: Some(given_view(row)),
    }
}

fn given_view(row: &Row) -> GivenView {
    GivenView {
        status: row.status.clone(),
        code: row.option_code.clone(),
        label: row.option_text.clone(),
        number: row.value_number.clone(),
        text: row.value_text.clone(),
        unit: row.unit.clone(),
        score: row.score.clone(),
        advice: row.advice.clone(),
        at: row.at,
        by: row.recorded_by.clone(),
    }
}

const fn word(kind: ItemType) -> &'static str {
    match kind {
        ItemType::Display => "display",
        ItemType::Choice => "choice",
        ItemType::Boolean => "boolean",
        ItemType::Integer => "integer",
        ItemType::Decimal => "decimal",
        ItemType::Attachment => "attachment",
        ItemType::Text => "text",
    }
}

/// 结果(问题代码, 问题内容, 答案代码, 答案内容, 记录时间, 录入员, 随访次数).
#[derive(Serialize, ToSchema)]
struct ResultView {
    question_code: String,
    question: String,
    answer_code: String,
    answer: String,
    recorded_at: DateTime<Utc>,
    /// `ivr` is the operator that the telephone itself is.
    recorded_by: String,
    /// 0 for the first.
    follow_up_no: i32,
}

#[utoipa::path(get, path = "/api/tasks/{id}/results", tag = "tasks", params(("id" = Uuid, Path)),
    responses((status = 200, body = [ResultView])))]
async fn results(
    State(site): State<Shared>,
    signed: Signed,
    Key(id): Key,
) -> Result<Json<Vec<ResultView>>> {
    let mut scope = signed.scope(&site).await?;
    let task = TaskId::from_uuid(id);
    let number = task::numbered(&mut scope, task).await?;
    let follow_up_no = number.ok_or_else(|| Problem::not_found("task"))?;
    let view = |row: Row| {
        let number = row.value_number.map(|number| match &row.unit {
            Some(unit) => format!("{number} {unit}"),
            None => number,
        });
        ResultView {
            question_code: row.link_id,
            question: row.item_text,
            answer: row
                .option_text
                .or(number)
                .or(row.value_text)
                .unwrap_or_else(|| row.status.clone()),
            answer_code: row.option_code.unwrap_or(row.status),
            recorded_at: row.at,
            recorded_by: row.recorded_by,
            follow_up_no,
        }
    };
    let rows = opinion::answers(&mut scope, task).await?;
    Ok(Json(rows.into_iter().map(view).collect()))
}
