//! Opinions are proposed when a follow-up is over and confirmed by a doctor; an answer that
//! was wrong is put right with its old value, who, when and why, and judged again.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    App, AppError, Change, Result, StaffAnswer, alerts::Source, note, plans::needs_reason,
};
use crate::{
    base::{AnswerId, PersonId, TaskId},
    domain::OpinionRules,
    store::{
        self, Principal, Scope,
        opinion::{NewAmendment, NewValue, Row},
    },
};

impl App {
    /// Confirms opinions, each with its own signature; normal ones as a batch.
    ///
    /// # Errors
    /// When one of them is not open, or a batch holds one that is not 正常.
    pub async fn confirm_opinions(
        &self,
        by: &Principal,
        opinions: &[Uuid],
        confirmed: Option<&str>,
        words: Option<&str>,
        at: DateTime<Utc>,
    ) -> Result<u64> {
        let mut scope = self.scope(by).await?;
        for opinion in opinions {
            let done =
                store::opinion::confirm(&mut scope, *opinion, confirmed, words, by.name(), at)
                    .await?;
            if !done {
                let what = "意见不存在或已确认 / an opinion is not there, or is confirmed already";
                return Err(AppError::Conflict(what.to_owned()));
            }
            let change = Change {
                did: "confirmed",
                subject: "opinion",
                subject_id: opinion.to_string(),
                reason: words,
                department: None,
                body: json!({ "opinion_id": opinion }),
            };
            note(&mut scope, by, &change, at).await?;
        }
        self.commit(scope).await?;
        Ok(opinions.len() as u64)
    }

    /// 更正: the old value stays in the record; alert and opinion are judged again.
    ///
    /// # Errors
    /// Without a reason, or when there is no such answer.
    pub async fn amend(
        &self,
        by: &Principal,
        answer: AnswerId,
        amended: &StaffAnswer,
        reason: &str,
        at: DateTime<Utc>,
    ) -> Result<()> {
        needs_reason(reason)?;
        let mut scope = self.scope(by).await?;
        let before = store::opinion::lock_answer(&mut scope, answer).await?;
        let before = before.ok_or(AppError::NotFound("answer"))?;
        let given = &amended.given;
        let new = NewValue {
            status: given.status,
            option_code: given.option_code.as_deref(),
            option_text: given.option_text.as_deref(),
            value_number: given.value_number.as_deref(),
            value_text: given.value_text.as_deref(),
            score: given.score.as_deref(),
        };
        store::opinion::amend(&mut scope, answer, &new).await?;
        let row = NewAmendment {
            id: *AnswerId::new(at).as_uuid(),
            answer,
            department: before.department_id,
            old: &value(&before),
            new: &json!({ "status": new.status, "code": new.option_code,
                "number": new.value_number, "text": new.value_text }),
            reason,
            by: by.name(),
        };
        store::opinion::add_amendment(&mut scope, &row, at).await?;
        if let Some(task) = before.task_id.map(TaskId::from_uuid) {
            if let Some(alert) = &amended.alert {
                let source = Source {
                    call: None,
                    task: Some(task),
                    person: before.person_id.map(PersonId::from_uuid),
                    department: before.department_id,
                };
                self.raise_alert(&mut scope, by, &source, alert, at).await?;
            }
            propose(&mut scope, task, at).await?;
        }
        let change = Change {
            did: "amended",
            subject: "answer",
            subject_id: answer.to_string(),
            reason: Some(reason),
            department: before.department_id,
            body: json!({ "task_id": before.task_id, "link_id": before.link_id }),
        };
        note(&mut scope, by, &change, at).await?;
        self.commit(scope).await
    }
}

fn value(row: &Row) -> Value {
    json!({ "status": row.status, "code": row.option_code, "number": row.value_number,
        "text": row.value_text })
}

/// What the rules say of a follow-up's answers as they stand now.
pub(super) async fn propose(scope: &mut Scope, task: TaskId, at: DateTime<Utc>) -> Result<()> {
    let rows = store::opinion::answers(scope, task).await?;
    let given = |row: Row| Some((row.link_id, row.option_code.or(row.value_number)?));
    let answers: BTreeMap<String, String> = rows.into_iter().filter_map(given).collect();
    // Nothing medical is asked by a notice.
    if answers.is_empty() || store::task::is_notice(scope, task).await? {
        return Ok(());
    }
    let stored = store::policy::find(scope, RULES).await?;
    let rules = stored.and_then(|body| serde_json::from_value(body).ok());
    let rules: OpinionRules = rules.unwrap_or_else(OpinionRules::shipped);
    let proposed = rules.propose(&answers);
    let id = *AnswerId::new(at).as_uuid();
    let (opinion, because) = (&proposed.opinion, &proposed.because);
    Ok(store::opinion::propose(scope, id, task, opinion, because, &rules.version, at).await?)
}

/// The row of `policy` with a hospital's own rules.
const RULES: &str = "opinion_rules";
