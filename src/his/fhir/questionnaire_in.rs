//! A Questionnaire, checked by the rules of R4 that matter here, as a form of ours. Every
//! fault is told at once, by its path.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::{
    FORM_EXTRAS, FhirFault, ITEM_EXTRAS, MAX_VALUE, MIN_VALUE, OPTION_EXTRAS, ORDINAL, UNIT,
    extended, translation,
};

/// A form in the words of our files, and what of the resource it does not hold.
#[derive(Clone, Debug)]
pub struct FormFromFhir {
    pub form: Value,
    pub left_out: Vec<FhirFault>,
}

/// # Errors
/// Every fault by its path.
pub fn questionnaire_in(resource: &Value) -> Result<FormFromFhir, Vec<FhirFault>> {
    let mut reading = Reading::default();
    if resource["resourceType"] != "Questionnaire" {
        reading.fault("resourceType", "must be Questionnaire");
        return Err(reading.faults);
    }
    let mut form = reading.head(resource);
    let items = resource["item"].as_array().map(Vec::as_slice).unwrap_or_default();
    reading.learn(items, 0);
    if items.is_empty() {
        reading.fault("Questionnaire.item", "a questionnaire without items asks nothing");
    }
    let mut ours = Vec::new();
    reading.items("Questionnaire", items, &[], &mut ours);
    form.insert("item".to_owned(), Value::Array(ours));
    if !reading.faults.is_empty() {
        return Err(reading.faults);
    }
    Ok(FormFromFhir { form: Value::Object(form), left_out: reading.left_out })
}

#[derive(Default)]
struct Reading {
    faults: Vec<FhirFault>,
    left_out: Vec<FhirFault>,
    /// Every linkId with its type.
    types: BTreeMap<String, String>,
    seen: BTreeSet<String>,
}

impl Reading {
    fn fault(&mut self, path: &str, what: impl Into<String>) {
        self.faults.push(FhirFault { path: path.to_owned(), what: what.into() });
    }

    fn leave_out(&mut self, path: &str, what: impl Into<String>) {
        self.left_out.push(FhirFault { path: path.to_owned(), what: what.into() });
    }

    fn head(&mut self, resource: &Value) -> Map<String, Value> {
        let statuses = ["draft", "active", "retired", "unknown"];
        if !resource["status"].as_str().is_some_and(|status| statuses.contains(&status)) {
            self.fault("Questionnaire.status", format!("must be one of {}", statuses.join(", ")));
        }
        let mut form = extras(resource, FORM_EXTRAS);
        form.remove("sha256");
        let identifier = &resource["identifier"][0]["value"];
        let name = [identifier, &resource["name"], &resource["id"]];
        let id = name.into_iter().find_map(Value::as_str).map(plain_id).unwrap_or_default();
        if id.is_empty() {
            self.fault("Questionnaire.identifier", "an identifier, a name or an id is needed");
        }
        let Some(title) = resource["title"].as_str().filter(|title| !title.is_empty()) else {
            self.fault("Questionnaire.title", "must not be empty: it stands on the page");
            return form;
        };
        let en = translation(&resource["_title"], "en").unwrap_or(title);
        let version = resource["version"].as_str().and_then(|text| text.parse::<u32>().ok());
        if version.is_none() && !resource["version"].is_null() {
            self.leave_out("Questionnaire.version", "is no whole number; 1 is used");
        }
        form.insert("id".to_owned(), json!(id));
        form.insert("version".to_owned(), json!(version.unwrap_or(1)));
        form.insert("title".to_owned(), json!({ "zh": title, "en": en }));
        form
    }

    /// Conditions may ask what stands further down.
    fn learn(&mut self, items: &[Value], depth: usize) {
        for item in items.iter().filter(|_| depth < DEPTH_MAX) {
            if let (Some(id), Some(kind)) = (item["linkId"].as_str(), item["type"].as_str()) {
                self.types.insert(id.to_owned(), kind.to_owned());
            }
            self.learn(inner(item), depth + 1);
        }
    }

    fn items(&mut self, path: &str, items: &[Value], outer: &[Value], ours: &mut Vec<Value>) {
        for (n, item) in items.iter().enumerate() {
            let path = format!("{path}.item[{n}]");
            if path.matches(".item[").count() > DEPTH_MAX || ours.len() >= ITEMS_MAX {
                let what = format!("at most {ITEMS_MAX} items, {DEPTH_MAX} deep");
                return self.fault(&path, what);
            }
            self.item(&path, item, outer, ours);
        }
    }

    fn item(&mut self, path: &str, item: &Value, outer: &[Value], ours: &mut Vec<Value>) {
        let Some(id) = item["linkId"].as_str().filter(|id| !id.is_empty()) else {
            return self.fault(&format!("{path}.linkId"), "must not be empty");
        };
        if !self.seen.insert(id.to_owned()) {
            self.fault(&format!("{path}.linkId"), format!("{id:?} stands twice (que-2)"));
        }
        let kind = item["type"].as_str().unwrap_or_default();
        self.check_shape(path, item, kind);
        let mut form = extras(item, ITEM_EXTRAS);
        let mut whens = outer.to_vec();
        if !form.contains_key("enableWhen") {
            whens.extend(self.conditions(path, item));
        }
        let is_any = item["enableBehavior"] == "any";
        if is_any && !outer.is_empty() {
            let what = "any of its own and its group's conditions at once cannot be told";
            self.fault(&format!("{path}.enableBehavior"), what);
        }
        if kind == "group" {
            if is_any && whens.len() > 1 {
                self.fault(&format!("{path}.enableBehavior"), "of a group must be all");
            }
            self.leave_out(path, "a group is its items, each with the group's conditions");
            group_heading(id, item, &whens, ours);
            return self.items(path, inner(item), &whens, ours);
        }
        if !form.contains_key("enableWhen") && !whens.is_empty() {
            let behavior = item.get("enableBehavior").filter(|_| is_any || whens.len() > 1);
            if let Some(behavior) = behavior.filter(|one| *one != "all") {
                form.insert("enableBehavior".to_owned(), behavior.clone());
            }
            form.insert("enableWhen".to_owned(), Value::Array(whens.clone()));
        }
        form.insert("linkId".to_owned(), json!(id));
        // Words are words; the page gives them as much room as they need.
        let ours_kind = if kind == "string" { "text" } else { kind };
        form.insert("type".to_owned(), json!(ours_kind));
        form.insert("text".to_owned(), item["text"].clone());
        for name in ["required", "repeats"] {
            if let Some(value) = item.get(name) {
                form.insert(name.to_owned(), value.clone());
            }
        }
        self.number(path, item, kind, &mut form);
        if kind == "choice" {
            self.options(path, item, &mut form);
        } else if kind == "boolean" {
            form.entry("answerOption").or_insert_with(yes_and_no);
        }
        ours.push(Value::Object(form));
        self.items(path, inner(item), &whens, ours);
    }

    /// Rules of R4 on the item as a whole, and types that a telephone has no form for.
    fn check_shape(&mut self, path: &str, item: &Value, kind: &str) {
        let is_text = item["text"].as_str().is_some_and(|text| !text.trim().is_empty());
        match kind {
            "group" if inner(item).is_empty() => {
                self.fault(&format!("{path}.item"), "a group has items (que-1)");
            }
            "group" | "choice" | "boolean" | "integer" | "decimal" | "attachment" | "text"
            | "string" => {}
            "display" => {
                if !inner(item).is_empty() {
                    self.fault(&format!("{path}.item"), "a display item has no items (que-1)");
                }
                for name in ["required", "repeats"].iter().filter(|name| item[**name] == true) {
                    let what = "is not permitted for display items (que-6)";
                    self.fault(&format!("{path}.{name}"), what);
                }
            }
            "date" | "dateTime" | "time" | "url" | "open-choice" | "reference" | "quantity" => {
                let what = format!(
                    "{kind} cannot be asked; use choice, boolean, integer, decimal, attachment, \
                     or text for what a person types"
                );
                self.fault(&format!("{path}.type"), what);
            }
            _ => self.fault(&format!("{path}.type"), format!("{kind:?} is no type of an item")),
        }
        if !is_text && kind != "group" {
            self.fault(&format!("{path}.text"), "must not be empty: it stands on the page");
        }
        if kind != "choice" && kind != "open-choice" {
            if !item["answerValueSet"].is_null() {
                let what = "only choice and open-choice have one (que-5)";
                self.fault(&format!("{path}.answerValueSet"), what);
            }
            if item["answerOption"].is_array() && matches!(kind, "boolean" | "display" | "group") {
                self.fault(&format!("{path}.answerOption"), format!("{kind} has no options"));
            }
        }
    }

    fn conditions(&mut self, path: &str, item: &Value) -> Vec<Value> {
        let whens = item["enableWhen"].as_array().map(Vec::as_slice).unwrap_or_default();
        let behavior = item["enableBehavior"].as_str();
        if whens.len() > 1 && behavior.is_none() {
            let what = "is needed where there are several conditions (que-12)";
            self.fault(&format!("{path}.enableBehavior"), what);
        }
        if behavior.is_some_and(|word| !["all", "any"].contains(&word)) {
            self.fault(&format!("{path}.enableBehavior"), "must be all or any");
        }
        let mut ours = Vec::new();
        for (n, when) in whens.iter().enumerate() {
            let path = format!("{path}.enableWhen[{n}]");
            match self.condition(when) {
                Ok(condition) => ours.push(condition),
                Err((name, what)) => self.fault(&format!("{path}.{name}"), what),
            }
        }
        ours
    }

    fn condition(&self, when: &Value) -> Result<Value, (&'static str, String)> {
        let question = when["question"].as_str().unwrap_or_default();
        let Some(kind) = self.types.get(question) else {
            return Err(("question", format!("there is no item {question:?}")));
        };
        let operator = when["operator"].as_str().unwrap_or_default();
        if !OPERATORS.contains(&operator) {
            return Err(("operator", format!("must be one of {}", OPERATORS.join(" "))));
        }
        let answer = match (operator, kind.as_str()) {
            ("exists", _) => when["answerBoolean"].as_bool().map(|yes| yes.to_string()).ok_or((
                "answerBoolean",
                "is needed where the operator is exists (que-7)".to_owned(),
            )),
            (_, "boolean") => when["answerBoolean"]
                .as_bool()
                .map(|yes| yes.to_string())
                .ok_or_else(|| wrong_answer("answerBoolean", kind)),
            (_, "integer") => when["answerInteger"]
                .as_i64()
                .map(|n| n.to_string())
                .ok_or_else(|| wrong_answer("answerInteger", kind)),
            (_, "decimal") => when["answerDecimal"]
                .as_f64()
                .map(|n| n.to_string())
                .ok_or_else(|| wrong_answer("answerDecimal", kind)),
            (_, "choice" | "open-choice") => when["answerCoding"]["code"]
                .as_str()
                .or_else(|| when["answerString"].as_str())
                .map(str::to_owned)
                .ok_or_else(|| wrong_answer("answerCoding", kind)),
            _ => Err(("question", format!("{question:?} has no answer: it is a {kind}"))),
        }?;
        Ok(json!({ "question": question, "operator": operator, "answer": answer }))
    }

    fn number(&mut self, path: &str, item: &Value, kind: &str, form: &mut Map<String, Value>) {
        if let Some(unit) = extended(item, UNIT, "valueCoding") {
            let shown = unit.get("display").or_else(|| unit.get("code")).cloned();
            form.insert("unit".to_owned(), shown.unwrap_or_default());
        }
        let end = |url| {
            extended(item, url, "valueDecimal").or_else(|| extended(item, url, "valueInteger"))
        };
        match (end(MIN_VALUE), end(MAX_VALUE)) {
            (Some(low), Some(high)) => {
                form.insert("range".to_owned(), json!([low, high]));
            }
            _ if ["integer", "decimal"].contains(&kind) && !form.contains_key("verify") => {
                let what = "a keyed number needs its range: extensions minValue and maxValue";
                self.leave_out(path, what);
            }
            _ => {}
        }
    }

    fn options(&mut self, path: &str, item: &Value, form: &mut Map<String, Value>) {
        let options = item["answerOption"].as_array().map(Vec::as_slice).unwrap_or_default();
        let has_set = !item["answerValueSet"].is_null();
        if has_set && !options.is_empty() {
            self.fault(path, "answerOption and answerValueSet exclude each other (que-4)");
        } else if has_set {
            let what = "is not looked up; write its codes as answerOption";
            self.fault(&format!("{path}.answerValueSet"), what);
        } else if options.is_empty() {
            self.fault(&format!("{path}.answerOption"), "a choice needs options");
        }
        if !options.is_empty() && item["initial"].is_array() {
            let what = "must be missing where there are options (que-11)";
            self.fault(&format!("{path}.initial"), what);
        }
        let mut codes = BTreeSet::new();
        let mut ours = Vec::new();
        for (n, option) in options.iter().enumerate() {
            let path = format!("{path}.answerOption[{n}]");
            let Some((code, zh, en)) = words_of(option) else {
                self.fault(&path, "valueCoding with a code, valueString or valueInteger is needed");
                continue;
            };
            if !codes.insert(code.clone()) {
                // Two answers may mean the same.
                self.leave_out(&path, format!("the code {code:?} stands twice: is it meant?"));
            }
            let mut extras = extras(option, OPTION_EXTRAS);
            extras.extend([
                ("code".to_owned(), json!(code)),
                ("zh".to_owned(), json!(zh)),
                ("en".to_owned(), json!(en)),
            ]);
            let score = [&option["valueCoding"], option]
                .into_iter()
                .find_map(|element| extended(element, ORDINAL, "valueDecimal"));
            if let Some(score) = score {
                extras.insert("score".to_owned(), score.clone());
            }
            ours.push(Value::Object(extras));
        }
        form.insert("answerOption".to_owned(), Value::Array(ours));
    }
}

fn group_heading(id: &str, item: &Value, whens: &[Value], ours: &mut Vec<Value>) {
    let Some(text) = item["text"].as_str().filter(|text| !text.is_empty()) else { return };
    let mut heading = json!({ "linkId": id, "type": "display", "text": text });
    if !whens.is_empty() {
        heading["enableWhen"] = json!(whens);
    }
    ours.push(heading);
}

/// Code, and the words in Chinese and English.
fn words_of(option: &Value) -> Option<(String, String, String)> {
    if let Some(text) = option["valueString"].as_str() {
        return Some((text.to_owned(), text.to_owned(), text.to_owned()));
    }
    if let Some(number) = option["valueInteger"].as_i64() {
        let text = number.to_string();
        return Some((text.clone(), text.clone(), text));
    }
    let coding = &option["valueCoding"];
    let code = coding["code"].as_str().filter(|code| !code.is_empty())?;
    let zh = coding["display"].as_str().unwrap_or(code);
    let en = translation(&coding["_display"], "en").unwrap_or(zh);
    Some((code.to_owned(), zh.to_owned(), en.to_owned()))
}

/// Without keys: it stands on the page alone until somebody writes how it is spoken.
fn yes_and_no() -> Value {
    json!([
        { "code": "true", "zh": "是", "en": "yes" },
        { "code": "false", "zh": "否", "en": "no" },
    ])
}

fn wrong_answer(name: &'static str, kind: &str) -> (&'static str, String) {
    (name, format!("is needed: the item asked is a {kind}"))
}

fn inner(item: &Value) -> &[Value] {
    item["item"].as_array().map(Vec::as_slice).unwrap_or_default()
}

fn extras(element: &Value, url: &str) -> Map<String, Value> {
    let text = extended(element, url, "valueString").and_then(Value::as_str);
    text.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
}

/// `PHQ-9 screen` is `phq_9_screen`.
fn plain_id(text: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' };
    text.chars().take(ID_CHARS).map(plain).collect()
}

const OPERATORS: [&str; 7] = ["exists", "=", "!=", ">", "<", ">=", "<="];

/// Nobody asks more on a telephone.
const ITEMS_MAX: usize = 500;
const DEPTH_MAX: usize = 8;
const ID_CHARS: usize = 64;

#[cfg(test)]
#[path = "questionnaire_in/tests.rs"]
mod tests;
