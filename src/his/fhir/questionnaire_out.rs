//! A form of ours, by the words of its file, as a Questionnaire.

use serde_json::{Map, Value, json};

use super::{
    FORM_EXTRAS, ITEM_EXTRAS, MAX_VALUE, MIN_VALUE, OPTION_EXTRAS, ORDINAL, UNIT, canonical,
    extension, option_system, translated,
};

/// `form` is the form as its file says it (`linkId`, `answerOption` …); `sha256` names its
/// edition.
pub fn questionnaire_out(form: &Value, sha256: &str) -> Value {
    let id = form["id"].as_str().unwrap_or_default();
    let mut extras = rest(form, &["id", "version", "title", "item", "clinicalReview"]);
    extras.insert("sha256".to_owned(), json!(sha256));
    if let Some(review) = form.get("clinicalReview") {
        extras.insert("clinicalReview".to_owned(), review.clone());
    }
    let is_signed = form.get("clinicalReview").is_some();
    let mut out = json!({
        "resourceType": "Questionnaire",
        "id": fhir_id(id),
        "url": canonical(id),
        "identifier": [{ "system": "urn:suifang:questionnaire", "value": id }],
        "version": form["version"].to_string(),
        "title": form["title"]["zh"],
        "status": if is_signed { "active" } else { "draft" },
        "subjectType": ["Patient"],
        "language": "zh-CN",
        "extension": [extras_of(FORM_EXTRAS, extras)],
    });
    if let Some(en) = form["title"]["en"].as_str() {
        out["_title"] = translated("en", en);
    }
    let items = form["item"].as_array().map(Vec::as_slice).unwrap_or_default();
    let outs: Vec<Value> = items.iter().map(|item| item_out(id, items, item)).collect();
    if !outs.is_empty() {
        out["item"] = Value::Array(outs);
    }
    out
}

/// An id of FHIR has letters, digits, hyphens and dots, and at most 64 of them.
pub fn fhir_id(id: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || c == '.' { c } else { '-' };
    id.chars().take(64).map(plain).collect()
}

fn item_out(form: &str, items: &[Value], item: &Value) -> Value {
    let kind = item["type"].as_str().unwrap_or_default();
    let is_display = kind == "display";
    let mut known = vec!["linkId", "type", "text", "unit", "range"];
    let mut out = json!({ "linkId": item["linkId"], "type": kind, "text": item["text"] });
    let mut extensions = Vec::new();
    // Not permitted for display items (que-6): there they are only ours.
    if !is_display {
        known.extend(["required", "repeats"]);
        for name in ["required", "repeats"] {
            if let Some(value) = item.get(name) {
                out[name] = value.clone();
            }
        }
    }
    if let Some(unit) = item.get("unit") {
        extensions.push(extension(UNIT, "valueCoding", json!({ "display": unit })));
    }
    if let Some([low, high]) = item["range"].as_array().map(Vec::as_slice) {
        let integer = kind == "integer";
        for (url, value) in [(MIN_VALUE, low), (MAX_VALUE, high)] {
            extensions.push(match value.as_f64() {
                Some(whole) if integer && whole.fract() == 0.0 => {
                    extension(url, "valueInteger", json!(whole as i64))
                }
                _ => extension(url, "valueDecimal", value.clone()),
            });
        }
    }
    // Only choices have options in FHIR; a yes or no of ours has keys, which are extras.
    if kind == "choice" {
        known.push("answerOption");
        let options = item["answerOption"].as_array().map(Vec::as_slice).unwrap_or_default();
        if !options.is_empty() {
            out["answerOption"] = options.iter().map(|option| option_out(form, option)).collect();
        }
    }
    conditions_out(form, items, item, &mut out, &mut known);
    let extras = rest(item, &known);
    if !extras.is_empty() {
        extensions.push(extras_of(ITEM_EXTRAS, extras));
    }
    if !extensions.is_empty() {
        out["extension"] = Value::Array(extensions);
    }
    out
}

fn option_out(form: &str, option: &Value) -> Value {
    let mut coding =
        json!({ "system": option_system(form), "code": option["code"], "display": option["zh"] });
    if let Some(en) = option["en"].as_str() {
        coding["_display"] = translated("en", en);
    }
    if let Some(score) = option.get("score") {
        coding["extension"] = json!([extension(ORDINAL, "valueDecimal", score.clone())]);
    }
    let mut out = json!({ "valueCoding": coding });
    let extras = rest(option, &["code", "zh", "en", "score"]);
    if !extras.is_empty() {
        out["extension"] = json!([extras_of(OPTION_EXTRAS, extras)]);
    }
    out
}

/// What asks an item of the same form is FHIR's; sums, tries and facts are only ours, and
/// then the whole list stays beside, in its order.
fn conditions_out(
    form: &str,
    items: &[Value],
    item: &Value,
    out: &mut Value,
    known: &mut Vec<&'static str>,
) {
    let Some(conditions) = item["enableWhen"].as_array() else { return };
    let whens: Vec<Value> =
        conditions.iter().filter_map(|one| condition_out(form, items, one)).collect();
    if whens.len() == conditions.len() {
        known.push("enableWhen");
    }
    // Needed where there are several (que-12); "all" is our default as well.
    let behavior = item.get("enableBehavior").cloned();
    if whens.len() > 1 || behavior.is_some() && !whens.is_empty() {
        out["enableBehavior"] = behavior.clone().unwrap_or_else(|| json!("all"));
        if behavior.is_some() && known.contains(&"enableWhen") {
            known.push("enableBehavior");
        }
    }
    if !whens.is_empty() {
        out["enableWhen"] = Value::Array(whens);
    }
}

fn condition_out(form: &str, items: &[Value], condition: &Value) -> Option<Value> {
    let target = items.iter().find(|item| item["linkId"] == condition["question"])?;
    let answer = condition["answer"].as_str()?;
    let mut when = json!({ "question": condition["question"], "operator": condition["operator"] });
    let is_exists = condition["operator"] == "exists";
    match target["type"].as_str()? {
        _ if is_exists => when["answerBoolean"] = json!(answer == "true"),
        "boolean" => when["answerBoolean"] = json!(answer.parse::<bool>().ok()?),
        "integer" => when["answerInteger"] = json!(answer.parse::<i64>().ok()?),
        "decimal" => when["answerDecimal"] = json!(answer.parse::<f64>().ok()?),
        "choice" => {
            when["answerCoding"] = json!({ "system": option_system(form), "code": answer });
        }
        _ => return None,
    }
    Some(when)
}

fn rest(element: &Value, known: &[&str]) -> Map<String, Value> {
    let members = element.as_object().into_iter().flatten();
    let rest = members.filter(|(name, _)| !known.contains(&name.as_str()));
    rest.map(|(name, value)| (name.clone(), value.clone())).collect()
}

fn extras_of(url: &str, extras: Map<String, Value>) -> Value {
    extension(url, "valueString", json!(Value::Object(extras).to_string()))
}
