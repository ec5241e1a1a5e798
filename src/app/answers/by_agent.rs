//! What an agent hears and types while the patient is on the line: each answer is stored as it
//! comes. One that is put right in the same call is amended; nothing is written over.

use chrono::{DateTime, Utc};

use super::CallRef;
use crate::{
    app::{App, Result, StaffAnswer, alerts::Source},
    base::AnswerId,
    domain::Channel,
    store::{self, Principal},
};

/// The form that was asked, as it stood: name, digest, body.
pub(crate) type AskedForm<'a> = (&'a str, &'a str, &'a str);

impl App {
    /// # Errors
    /// When the database cannot be written; the answer is not stored then, and the page says
    /// so.
    pub async fn answer_in_call(
        &self,
        by: &Principal,
        call: &CallRef,
        form: AskedForm<'_>,
        answer: &StaffAnswer,
        at: DateTime<Utc>,
    ) -> Result<()> {
        let mut scope = self.scope(by).await?;
        let given = &answer.given;
        let (name, sha256, body) = form;
        store::run::keep_content(&mut scope, "questionnaire", name, sha256, body, at).await?;
        let known = store::answer::of_call(&mut scope, call.call).await?;
        let new = store::answer::NewAnswer {
            id: AnswerId::new(at),
            call: Some(call.call),
            task: call.task,
            person: call.person,
            department: call.department,
            questionnaire: &given.questionnaire,
            questionnaire_sha256: &given.questionnaire_sha256,
            link_id: &given.link_id,
            item_text: &given.item_text,
            status: given.status,
            option_code: given.option_code.as_deref(),
            option_text: given.option_text.as_deref(),
            value_number: given.value_number.as_deref(),
            value_text: given.value_text.as_deref(),
            unit: given.unit.as_deref(),
            score: given.score.as_deref(),
            advice: given.advice.as_deref(),
            ordinal: i32::try_from(known.len()).unwrap_or(i32::MAX),
            recorded_by: by.name(),
            channel: Some(Channel::Agent.as_str()),
        };
        if !store::answer::insert(&mut scope, &new, at).await? {
            let (form, item) = (&given.questionnaire, &given.link_id);
            let earlier = store::answer::id_in_call(&mut scope, call.call, form, item).await?;
            drop(scope);
            let Some(earlier) = earlier else { return Ok(()) };
            return self.amend(by, AnswerId::from_uuid(earlier), answer, IN_CALL, at).await;
        }
        if let Some(alert) = &answer.alert {
            let CallRef { call, task, person, department, .. } = *call;
            let source = Source { call: Some(call), task, person, department };
            self.raise_alert(&mut scope, by, &source, alert, at).await?;
        }
        let event = serde_json::json!({ "call_id": call.call, "link_id": given.link_id });
        store::event::insert(&mut scope, "answer.given", call.department, &event, at).await?;
        self.commit(scope).await
    }
}

const IN_CALL: &str = "通话中更正";
