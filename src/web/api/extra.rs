//! Questions that somebody asked beyond the form (F083): kept with that follow-up as a small
//! form of their own, and promoted to a draft of a series when they were good ones.

use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::{
    series,
    typed::{self, TypedAnswer},
};
use crate::{
    app::StaffAnswer,
    base::TaskId,
    ivr::{form_json, read_form, text_sha256},
    store::{self, opinion},
    web::{
        Shared,
        ask::{Body, Key},
        auth::Signed,
        error::{Problem, Result},
    },
};

pub(super) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(promote))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ExtraAsk {
    text: String,
    /// `text`, `choice`, `integer` or `decimal`.
    r#type: String,
    /// Of a choice: its answers, in order.
    #[serde(default)]
    options: Vec<String>,
    unit: Option<String>,
    /// Of a number: the lowest and the highest that is plausible.
    range: Option<(f64, f64)>,
    /// Of a choice: the number of the answer, from 1.
    value: String,
}

/// The form's name, digest and body; and what was answered.
type Read = ((String, String, String), Vec<StaffAnswer>);

pub(super) fn read(task: Uuid, all: &[ExtraAsk]) -> Result<Option<Read>> {
    if all.is_empty() {
        return Ok(None);
    }
    if all.len() > EXTRA_MAX {
        let what = format!("临时问题不超过 {EXTRA_MAX} 个 / at most {EXTRA_MAX} extra questions");
        return Err(Problem::invalid(what));
    }
    let items =
        (1..).zip(all).map(|(number, ask)| item(number, ask)).collect::<Result<Vec<_>>>()?;
    let body = json!({ "id": EXTRA, "version": 1, "item": items, "note": task.to_string(),
        "title": { "zh": "临时问题", "en": "Extra questions" } })
    .to_string();
    let form = read_form(&body).map_err(Problem::invalid)?;
    let sha256 = text_sha256(&body);
    let told: Vec<_> = (1..)
        .zip(all)
        .map(|(number, ask): (usize, _)| TypedAnswer {
            link_id: format!("extra.{number}"),
            value: Some(ask.value.clone()),
            status: None,
        })
        .collect();
    let answers = typed::read_all(&form, &sha256, &told)?;
    Ok(Some(((EXTRA.to_owned(), sha256, body), answers)))
}

fn item(number: usize, ask: &ExtraAsk) -> Result<Value> {
    let text = ask.text.trim();
    if text.is_empty() || text.chars().count() > TEXT_MAX {
        let what =
            format!("请写明问题,{TEXT_MAX} 字以内 / a question of at most {TEXT_MAX} characters");
        return Err(Problem::invalid(what));
    }
    let mut item = json!({ "linkId": format!("extra.{number}"), "type": ask.r#type, "text": text });
    match ask.r#type.as_str() {
        "text" => {}
        "choice" if (1..=OPTIONS_MAX).contains(&ask.options.len()) => {
            let option =
                |(at, zh): (usize, &String)| json!({ "code": at.to_string(), "zh": zh, "en": zh });
            item["answerOption"] = (1..).zip(&ask.options).map(option).collect();
        }
        "integer" | "decimal" if ask.range.is_some() => {
            item["range"] = json!(ask.range);
            item["unit"] = json!(ask.unit);
        }
        _ => {
            let what = "临时问题:text;choice 加 1 到 20 个 options;integer/decimal 加 range / text, \
                        choice with options, or a number with its range";
            return Err(Problem::invalid(what));
        }
    }
    Ok(item)
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PromoteAsk {
    /// `extra.1`
    link_id: String,
    /// The code of the series that shall ask it from now on.
    series: String,
    reason: String,
}

#[derive(Serialize, ToSchema)]
struct PromotedView {
    series: String,
    /// The draft that holds it now.
    version: i32,
    link_id: String,
}

/// An extra question becomes the last one of a series' draft. What is spoken in the other
/// languages is for its editor to write: the draft's faults say so.
#[utoipa::path(post, path = "/api/tasks/{id}/extra/promote", tag = "tasks",
    params(("id" = Uuid, Path)), request_body = PromoteAsk,
    responses((status = 200, body = PromotedView)))]
async fn promote(
    State(site): State<Shared>,
    signed: Signed,
    Key(id): Key,
    Body(ask): Body<PromoteAsk>,
) -> Result<Json<PromotedView>> {
    signed.may("questionnaires")?;
    let mut scope = signed.scope(&site).await?;
    let rows = opinion::answers(&mut scope, TaskId::from_uuid(id)).await?;
    let row = rows.into_iter().find(|r| r.questionnaire == EXTRA && r.link_id == ask.link_id);
    let row = row.ok_or_else(|| Problem::not_found("extra question"))?;
    let body = store::series::content(&mut scope, EXTRA, &row.questionnaire_sha256).await?;
    let body = body.ok_or_else(|| Problem::not_found("content"))?;
    drop(scope);
    let form = form_json(&body).map_err(|error| Problem::fault(&error))?;
    let items = form["item"].as_array().map_or(&[][..], Vec::as_slice);
    let item = items.iter().find(|item| item["linkId"] == ask.link_id.as_str());
    let item = item.ok_or_else(|| Problem::not_found("extra question"))?.clone();
    let (version, link_id) =
        series::append(&site, &signed, &ask.series, spoken(item), &ask.reason).await?;
    Ok(Json(PromotedView { series: ask.series, version, link_id }))
}

/// With keys, and the Chinese that says them; words that only a person types stay on the page.
fn spoken(mut item: Value) -> Value {
    let text = item["text"].as_str().unwrap_or_default().to_owned();
    let mut said = format!("{}?", text.trim_end_matches(['?', '?', '。']));
    let options = item["answerOption"].as_array_mut();
    let has_options = options.is_some();
    for (option, key) in options.into_iter().flatten().zip('1'..='9') {
        option["key"] = json!(key);
        said += &format!("{},请按{key}。", option["zh"].as_str().unwrap_or_default());
    }
    if item["type"] == "integer" || item["type"] == "decimal" {
        said += "请按数字,再按井号键。";
    }
    if has_options || item["type"] != "text" {
        item["say"] = json!({ "zh": said });
    }
    item
}

/// The name of the forms that hold them: no file and no series has it.
const EXTRA: &str = "extra";

/// More than that is a form of its own.
const EXTRA_MAX: usize = 20;
const OPTIONS_MAX: usize = 20;
const TEXT_MAX: usize = 200;
