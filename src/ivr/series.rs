//! 随访系列: a form that a department keeps in the database. Its content is the JSON of a
//! questionnaire; it is checked like a file, and played by a dialplan of its own name.

use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{
    AnswerOption, Dialplan, Item, Kept, Library, Questionnaire,
    check::{self, Finding},
};

/// Before the code, wherever a file's name may stand: no file has such a name.
pub const SERIES: &str = "series:";

/// A published version.
#[derive(Clone, Debug)]
pub struct Series {
    /// With [`SERIES`] before it.
    pub id: String,
    pub body: String,
    pub sha256: String,
}

/// One mistake, by its path in the content.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct FormFault {
    /// `/item/3/answerOption/0`; `/` is the whole.
    pub path: String,
    pub what: String,
}

/// # Errors
/// Where the content is no questionnaire: nothing of it can be kept then. What a questionnaire
/// says wrong is told by [`Library::faults`].
pub fn read_series(id: &str, content: &Value) -> Result<Questionnaire, Vec<FormFault>> {
    let mut faults = Vec::new();
    let items = content.get("item").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    if items.len() > ITEMS_MAX {
        faults.push(fault("/item", format!("{} items, over {ITEMS_MAX}", items.len())));
    }
    for (at, item) in items.iter().enumerate() {
        let options = item.get("answerOption").and_then(Value::as_array);
        for (option_at, option) in options.into_iter().flatten().enumerate() {
            part::<AnswerOption>(
                &format!("/item/{at}/answerOption/{option_at}"),
                option,
                &mut faults,
            );
        }
        // A wrong option is told once.
        if !faults.iter().any(|fault| fault.path.starts_with(&format!("/item/{at}/"))) {
            part::<Item>(&format!("/item/{at}"), item, &mut faults);
        }
    }
    if !faults.is_empty() {
        return Err(faults);
    }
    let form: Questionnaire = serde_json::from_value(content.clone())
        .map_err(|error| vec![fault("/", error.to_string())])?;
    if form.id != id {
        return Err(vec![fault("/id", format!("{:?} should be {id:?}", form.id))]);
    }
    Ok(form)
}

fn part<T: DeserializeOwned>(path: &str, value: &Value, faults: &mut Vec<FormFault>) {
    if let Err(error) = serde_json::from_value::<T>(value.clone()) {
        faults.push(fault(path, error.to_string()));
    }
}

fn fault(path: &str, what: String) -> FormFault {
    FormFault { path: path.to_owned(), what }
}

impl Library {
    /// What the checker of files says of a series' form, by path.
    pub fn faults(&self, form: &Questionnaire) -> Vec<FormFault> {
        let path = |finding: &Finding| match place_of(form, &finding.at) {
            Some(path) => path,
            None => "/".to_owned(),
        };
        let found = check::check_alone(self, form);
        let mut faults: Vec<_> =
            found.iter().map(|finding| fault(&path(finding), finding.what.clone())).collect();
        if form.items.is_empty() {
            faults.push(fault("/item", "没有题目 / there is no item".to_owned()));
        }
        faults
    }

    /// These series beside the files, each a questionnaire and a dialplan that asks it.
    /// Answers those that cannot be played beside today's texts, with the reason.
    pub fn with_series(&self, all: &[Series]) -> (Self, Vec<(String, String)>) {
        let mut library = self.clone();
        let mut refused = Vec::new();
        for series in all {
            match library.playable(series) {
                Ok((form, plan)) => {
                    library.questionnaires.insert(series.id.clone(), form);
                    library.dialplans.insert(series.id.clone(), plan);
                }
                Err(why) => refused.push((series.id.clone(), why)),
            }
        }
        (library, refused)
    }

    fn playable(&self, series: &Series) -> Result<(Kept<Questionnaire>, Kept<Dialplan>), String> {
        let content: Value =
            serde_json::from_str(&series.body).map_err(|error| error.to_string())?;
        let told = |faults: Vec<FormFault>| {
            let told: Vec<_> = faults.iter().map(|f| format!("{}: {}", f.path, f.what)).collect();
            told.join("; ")
        };
        let form = read_series(&series.id, &content).map_err(told)?;
        let faults = self.faults(&form);
        if !faults.is_empty() {
            return Err(told(faults));
        }
        let plan = dialplan(&form)?;
        let form = Kept {
            value: Arc::new(form),
            file: series.id.clone(),
            body: series.body.clone(),
            sha256: series.sha256.clone(),
        };
        Ok((form, plan))
    }
}

/// Asks the form and hangs up, as `followup.toml` does with its own.
fn dialplan(form: &Questionnaire) -> Result<Kept<Dialplan>, String> {
    let body = serde_json::json!({
        "id": form.id,
        "version": form.version,
        "title": form.title,
        "step": [
            { "id": "series.ask", "do": "ask", "questionnaire": form.id },
            { "id": "series.end", "do": "hang_up" },
        ],
    })
    .to_string();
    let value: Dialplan = serde_json::from_str(&body).map_err(|error| error.to_string())?;
    Ok(Kept {
        value: Arc::new(value),
        file: form.id.clone(),
        sha256: super::text_sha256(&body),
        body,
    })
}

/// Where an item or an advice of this name stands.
fn place_of(form: &Questionnaire, name: &str) -> Option<String> {
    if let Some(at) = form.items.iter().rposition(|item| item.link_id == name) {
        return Some(format!("/item/{at}"));
    }
    form.advice.contains_key(name).then(|| format!("/advice/{name}"))
}

/// A call of an hour; nobody stays for more.
const ITEMS_MAX: usize = 120;

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::ivr::{form_json, library::shipped};

    fn sound(id: &str) -> Value {
        json!({
            "id": id, "version": 1, "title": { "zh": "短", "en": "short" }, "opening": "opening",
            "item": [{
                "linkId": "a", "type": "choice", "text": "甲",
                "say": { "zh": "好,请按1。不好,请按2。", "en": "Good 1. Bad 2." },
                "answerOption": [
                    { "key": "1", "code": "good", "zh": "好", "en": "good" },
                    { "key": "2", "code": "bad", "zh": "不好", "en": "bad" },
                ],
            }],
        })
    }

    #[test]
    fn a_series_is_checked_like_a_file_and_told_by_path() {
        let library = shipped::library();
        let faults = |change: &dyn Fn(&mut Value)| {
            let mut content = sound("series:s");
            change(&mut content);
            match read_series("series:s", &content) {
                Ok(form) => library.faults(&form),
                Err(faults) => faults,
            }
        };
        assert_eq!(faults(&|_| {}), []);
        let first = |change: &dyn Fn(&mut Value)| {
            let found = faults(change);
            found.first().map(|f| format!("{} {}", f.path, f.what)).unwrap_or_default()
        };
        for (change, expected) in [
            (
                (|c: &mut Value| c["item"][0]["answerOption"][1]["key"] = json!("0"))
                    as fn(&mut Value),
                "/item/0 a: 0 is always a person",
            ),
            (
                |c| c["item"][0]["say"] = json!({ "zh": "好,请按1。不好,请按2。" }),
                "/item/0 a: nothing is said in \"en\"",
            ),
            (
                |c| c["item"][0]["say"]["zh"] = json!("化疗好,请按1。不好,请按2。"),
                "/item/0 a: \"化疗\" is never spoken",
            ),
            (
                |c| c["opening"] = Value::Null,
                "/item/0 a needs identity level 2, but only 0 is reached",
            ),
            (|c| c["item"] = json!([]), "/item 没有题目 / there is no item"),
        ] {
            assert_eq!(first(&change), expected);
        }
        let wrong = first(&|c| c["item"][0]["answerOption"][1]["shoe"] = json!(1));
        assert!(wrong.starts_with("/item/0/answerOption/1 unknown field `shoe`"), "{wrong}");
        assert!(first(&|c| c["id"] = json!("other")).starts_with("/id "));
    }

    #[test]
    fn a_published_series_is_a_dialplan_beside_the_files() {
        let files = shipped::library();
        let series = |id: &str, body: Value| Series {
            id: id.to_owned(),
            sha256: crate::ivr::text_sha256(&body.to_string()),
            body: body.to_string(),
        };
        let mut broken = sound("series:b");
        broken["item"][0]["say"] = json!({ "zh": "无" });
        let all = [series("series:s", sound("series:s")), series("series:b", broken)];
        let (library, refused) = files.with_series(&all);
        assert_eq!(refused.len(), 1, "{refused:?}");
        let library = Arc::new(library);
        assert!(library.program("series:s").is_ok());
        assert!(library.questionnaire("series:b").is_none());
        assert!(files.questionnaire("series:s").is_none());
    }

    /// A file is cloned by its content.
    #[test]
    fn every_shipped_form_reads_the_same_from_json() {
        let library = shipped::library();
        for kept in library.questionnaires() {
            let json = form_json(&kept.body).unwrap();
            let form = read_series(&kept.value.id, &json);
            let form = form.unwrap_or_else(|faults| panic!("{}: {faults:?}", kept.file));
            assert_eq!(form.items.len(), kept.value.items.len());
            assert_eq!(format!("{form:?}"), format!("{:?}", kept.value));
        }
    }
}
