//! FHIR R4 (4.0.1): questionnaires in and out, patients and answers out. JSON only. What
//! FHIR has no field for stands in extensions of ours, so that what went out comes back as
//! it was; what another system needs stands in FHIR's own fields.

mod questionnaire_in;
mod questionnaire_out;
mod resource;
mod response;

pub use questionnaire_in::{FormFromFhir, questionnaire_in};
pub use questionnaire_out::{fhir_id, questionnaire_out};
pub use resource::{Patient, bundle, capability, operation_outcome, patient};
pub use response::{Answer, AnswerKind, Response, questionnaire_response};

use serde_json::{Value, json};

/// Where in a resource, and what is wrong there or was left out.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct FhirFault {
    /// `Questionnaire.item[2].linkId`.
    pub path: String,
    pub what: String,
}

/// The canonical address of a form of ours.
fn canonical(form: &str) -> String {
    format!("urn:suifang:questionnaire:{form}")
}

/// Codes of a form's options are this form's own.
fn option_system(form: &str) -> String {
    format!("urn:suifang:option:{form}")
}

fn extension(url: &str, kind: &str, value: Value) -> Value {
    json!({ "url": url, kind: value })
}

/// The value of an extension of this address.
fn extended<'a>(element: &'a Value, url: &str, kind: &str) -> Option<&'a Value> {
    let list = element.get("extension")?.as_array()?;
    list.iter().find(|one| one["url"] == url)?.get(kind)
}

/// What FHIR has no field for: of a form, of an item, of its conditions.
const FORM_EXTRAS: &str = "urn:suifang:questionnaire";
const ITEM_EXTRAS: &str = "urn:suifang:questionnaire-item";
const OPTION_EXTRAS: &str = "urn:suifang:questionnaire-option";

const ORDINAL: &str = "http://hl7.org/fhir/StructureDefinition/ordinalValue";
const UNIT: &str = "http://hl7.org/fhir/StructureDefinition/questionnaire-unit";
const MIN_VALUE: &str = "http://hl7.org/fhir/StructureDefinition/minValue";
const MAX_VALUE: &str = "http://hl7.org/fhir/StructureDefinition/maxValue";
const TRANSLATION: &str = "http://hl7.org/fhir/StructureDefinition/translation";
const ABSENT: &str = "http://hl7.org/fhir/StructureDefinition/data-absent-reason";

/// A text in another language, as FHIR's translation extension.
fn translated(language: &str, text: &str) -> Value {
    json!({ "extension": [{ "url": TRANSLATION, "extension": [
        { "url": "lang", "valueCode": language }, { "url": "content", "valueString": text }] }] })
}

fn translation<'a>(element: &'a Value, language: &str) -> Option<&'a str> {
    let list = element.get("extension")?.as_array()?;
    list.iter().filter(|one| one["url"] == TRANSLATION).find_map(|one| {
        let parts = one["extension"].as_array()?;
        let part = |url: &str| parts.iter().find(|part| part["url"] == url);
        (part("lang")?["valueCode"] == language)
            .then(|| part("content")?["valueString"].as_str())?
    })
}
