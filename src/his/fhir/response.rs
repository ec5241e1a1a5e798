//! Stored answers as a QuestionnaireResponse: what was asked, in the words of that day, and
//! what was said, or which kind of blank it is.

use serde_json::{Value, json};

use super::{ABSENT, ORDINAL, canonical, extension, option_system, resource::ADMISSION_NO};

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum AnswerKind {
    Boolean,
    Choice,
    Integer,
    Decimal,
    Words,
}

#[derive(Clone, Copy, Debug)]
pub struct Answer<'a> {
    pub link_id: &'a str,
    pub text: &'a str,
    pub kind: AnswerKind,
    /// `answered`, or one of the six blanks.
    pub status: &'a str,
    pub code: Option<&'a str>,
    pub label: Option<&'a str>,
    pub number: Option<&'a str>,
    pub words: Option<&'a str>,
    pub score: Option<&'a str>,
}

pub struct Response<'a> {
    pub id: String,
    pub form: &'a str,
    /// Its number, or the digest of its file where that edition is not at hand any more.
    pub version: &'a str,
    /// `completed`, `in-progress`, `amended` or `stopped`.
    pub status: &'a str,
    pub patient_id: String,
    pub patient_name: &'a str,
    pub admission_no: Option<&'a str>,
    /// RFC 3339.
    pub authored: String,
    /// Who asked: `ivr`, or a person's login.
    pub asked_by: &'a str,
    pub answers: Vec<Answer<'a>>,
}

pub fn questionnaire_response(response: &Response<'_>) -> Value {
    let mut out = json!({
        "resourceType": "QuestionnaireResponse",
        "id": response.id,
        "identifier": { "system": "urn:suifang:questionnaire-response", "value": response.id },
        "questionnaire": format!("{}|{}", canonical(response.form), response.version),
        "status": response.status,
        "subject": { "reference": format!("Patient/{}", response.patient_id), "type": "Patient",
            "display": response.patient_name },
        "authored": response.authored,
        "author": { "display": response.asked_by },
    });
    if let Some(no) = response.admission_no {
        let identifier = json!({ "system": ADMISSION_NO, "value": no });
        out["encounter"] = json!({ "type": "Encounter", "identifier": identifier });
    }
    let items: Vec<_> = response.answers.iter().map(|answer| item(response.form, answer)).collect();
    if !items.is_empty() {
        out["item"] = Value::Array(items);
    }
    out
}

fn item(form: &str, answer: &Answer<'_>) -> Value {
    let mut item = json!({ "linkId": answer.link_id, "text": answer.text });
    let value = if answer.status == "answered" { value(form, answer) } else { None };
    match value {
        Some(value) => item["answer"] = json!([value]),
        None => {
            let why = absent(answer.status);
            item["extension"] = json!([extension(ABSENT, "valueCode", json!(why))]);
        }
    }
    item
}

fn value(form: &str, answer: &Answer<'_>) -> Option<Value> {
    let number = || answer.number.and_then(|text| text.parse::<f64>().ok());
    Some(match answer.kind {
        AnswerKind::Boolean => json!({ "valueBoolean": answer.code?.parse::<bool>().ok()? }),
        AnswerKind::Integer => json!({ "valueInteger": number()?.round() as i64 }),
        AnswerKind::Decimal => json!({ "valueDecimal": number()? }),
        AnswerKind::Words => json!({ "valueString": answer.words? }),
        AnswerKind::Choice => {
            let mut coding = json!({ "system": option_system(form), "code": answer.code? });
            if let Some(label) = answer.label {
                coding["display"] = json!(label);
            }
            let score = answer.score.and_then(|text| text.parse::<f64>().ok());
            if let Some(score) = score {
                coding["extension"] = json!([extension(ORDINAL, "valueDecimal", json!(score))]);
            }
            json!({ "valueCoding": coding })
        }
    })
}

/// http://terminology.hl7.org/CodeSystem/data-absent-reason
fn absent(status: &str) -> &'static str {
    match status {
        "not_asked" => "not-asked",
        "declined" => "asked-declined",
        "unknown" => "asked-unknown",
        "not_applicable" => "not-applicable",
        "not_measured" => "not-performed",
        _ => "unknown",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_has_the_type_of_its_question_and_a_blank_its_reason() {
        let plain = Answer {
            link_id: "a",
            text: "A",
            kind: AnswerKind::Boolean,
            status: "answered",
            code: Some("true"),
            label: Some("是"),
            number: Some("36.50"),
            words: Some("好"),
            score: Some("2"),
        };
        for (kind, expected) in [
            (AnswerKind::Boolean, json!({ "valueBoolean": true })),
            (AnswerKind::Integer, json!({ "valueInteger": 37 })),
            (AnswerKind::Decimal, json!({ "valueDecimal": 36.5 })),
            (AnswerKind::Words, json!({ "valueString": "好" })),
            (
                AnswerKind::Choice,
                json!({ "valueCoding": { "system": "urn:suifang:option:f", "code": "true",
                    "display": "是", "extension": [{ "url": ORDINAL, "valueDecimal": 2.0 }] } }),
            ),
        ] {
            assert_eq!(item("f", &Answer { kind, ..plain })["answer"][0], expected);
        }
        let blank = item("f", &Answer { status: "declined", ..plain });
        assert!(blank.get("answer").is_none());
        assert_eq!(blank["extension"][0]["valueCode"], "asked-declined");
    }
}
