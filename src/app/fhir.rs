//! What is told to the hospital's own systems in FHIR's words, with who asked in the audit.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use serde_json::Value;

use super::{App, Result, TokenHolder};
use crate::{
    his::fhir::{self, Answer, Patient, Response},
    store::{
        self, Principal,
        fhir::{Answer as Row, Person},
    },
};

pub use crate::his::fhir::{
    AnswerKind, FhirFault, FormFromFhir, bundle as fhir_bundle, capability as fhir_capability,
    fhir_id, operation_outcome, questionnaire_in, questionnaire_out,
};

/// Version and kinds of the questions of an edition, as far as it is at hand.
pub trait Editions {
    fn version(&self, form: &str, sha256: &str) -> Option<u32>;
    fn kind(&self, form: &str, sha256: &str, link_id: &str) -> Option<AnswerKind>;
}

impl App {
    /// A system reads what is a patient's: written before the first byte.
    ///
    /// # Errors
    /// When the database cannot be written; then nothing may be shown.
    pub async fn audit_system_read(
        &self,
        holder: &TokenHolder,
        subject: &str,
        rows: usize,
        at: DateTime<Utc>,
    ) -> Result<()> {
        let who = format!("token:{}", holder.name);
        let reason = format!("{rows} rows");
        let mut scope = self.scope(&Principal::System("fhir")).await?;
        let token = holder.token.to_string();
        let entry = store::audit::Entry {
            who: &who,
            did: "read",
            subject,
            subject_id: &token,
            reason: Some(&reason),
        };
        store::audit::insert(&mut scope, &entry, at).await?;
        self.commit(scope).await
    }
}

pub fn fhir_patients(people: &[Person]) -> Vec<Value> {
    let view = |person: &Person| {
        fhir::patient(&Patient {
            id: person.person_id.to_string(),
            name: &person.name,
            sex: &person.sex,
            birth_date: person.birth_date.map(|day| day.to_string()),
            died_on: person.died_on.map(|day| day.to_string()),
            record_no: person.record_no.as_deref(),
            admission_nos: &person.admission_nos,
        })
    };
    people.iter().map(view).collect()
}

/// One for each conversation and form, in the order of the rows.
pub fn fhir_responses(rows: &[Row], editions: &impl Editions, zone: Tz) -> Vec<Value> {
    let same = |a: &Row, b: &Row| {
        let key = |row: &Row| row.call_id.or(row.task_id);
        (key(a), &a.questionnaire, &a.questionnaire_sha256)
            == (key(b), &b.questionnaire, &b.questionnaire_sha256)
    };
    rows.chunk_by(same).filter_map(|rows| response(rows, editions, zone)).collect()
}

fn response(rows: &[Row], editions: &impl Editions, zone: Tz) -> Option<Value> {
    let first = rows.first()?;
    let form = first.questionnaire.as_str();
    let version = editions.version(form, &first.questionnaire_sha256);
    let version = version.map(|version| version.to_string());
    let authored = rows.iter().map(|row| row.at).max()?.with_timezone(&zone);
    let status = if rows.iter().any(|row| row.is_amended) {
        "amended"
    } else {
        match first.task_state.as_deref() {
            Some("completed") => "completed",
            Some("partial" | "cancelled" | "expired") => "stopped",
            _ => "in-progress",
        }
    };
    Some(fhir::questionnaire_response(&Response {
        id: first.answer_id.to_string(),
        form,
        version: version.as_deref().unwrap_or(&first.questionnaire_sha256),
        status,
        patient_id: first.person_id.to_string(),
        patient_name: &first.patient_name,
        admission_no: first.admission_no.as_deref(),
        authored: authored.to_rfc3339(),
        asked_by: &first.recorded_by,
        answers: rows.iter().map(|row| answer(row, editions)).collect(),
    }))
}

fn answer<'a>(row: &'a Row, editions: &impl Editions) -> Answer<'a> {
    let guessed = match (&row.option_code, &row.value_number) {
        (Some(_), _) => AnswerKind::Choice,
        (None, Some(_)) => AnswerKind::Decimal,
        (None, None) => AnswerKind::Words,
    };
    Answer {
        link_id: &row.link_id,
        text: &row.item_text,
        kind: editions
            .kind(&row.questionnaire, &row.questionnaire_sha256, &row.link_id)
            .unwrap_or(guessed),
        status: &row.status,
        code: row.option_code.as_deref(),
        label: row.option_text.as_deref(),
        number: row.value_number.as_deref(),
        words: row.value_text.as_deref(),
        score: row.score.as_deref(),
    }
}
