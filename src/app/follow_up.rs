//! A follow-up that a person did: in the clinic, at home, on another telephone. It closes
//! the task, and the pending call with it.

use chrono::{DateTime, NaiveDate, Utc};
use serde_json::json;
use uuid::Uuid;

use super::{App, AppError, Change, FoundAlert, GivenAnswer, Result, alerts::Source, note};
use crate::{
    base::{AnswerId, PersonId, TaskId},
    domain::Channel,
    store::{self, Principal, Scope, due::Closing},
};

/// An answer that was typed, and the alert that it raises.
pub struct StaffAnswer {
    pub given: GivenAnswer,
    pub alert: Option<FoundAlert>,
}

pub struct FollowUpDone<'a> {
    pub done_on: NaiveDate,
    pub today: NaiveDate,
    pub channel: &'a str,
    pub respondent: &'a str,
    pub answers: Vec<StaffAnswer>,
    /// The forms that were asked, as they were: name, digest, body.
    pub contents: Vec<(String, String, String)>,
}

impl App {
    /// Answers the state that the task has now.
    ///
    /// # Errors
    /// When it is not open, lies in the future, or was answered by somebody who knows
    /// nothing: that is no follow-up (F026).
    pub async fn close_task(
        &self,
        by: &Principal,
        task: TaskId,
        done: &FollowUpDone<'_>,
        at: DateTime<Utc>,
    ) -> Result<String> {
        let channel = staff_channel(done.channel)?;
        if done.done_on > done.today {
            let what = "随访日期在今天之后 / the day lies in the future";
            return Err(AppError::Invalid(what.to_owned()));
        }
        if !["self", "informed_relative", "guardian"].contains(&done.respondent) {
            let what = "只有本人、知情家属或监护人回答才算随访;请登记为非本人且不知情 / only the patient, \
                        an informed relative or a guardian makes it a follow-up";
            return Err(AppError::Conflict(what.to_owned()));
        }
        let mut scope = self.scope(by).await?;
        let row = store::task::lock(&mut scope, task).await?;
        let is_late = done.done_on < done.today;
        let closing = Closing {
            state: "completed",
            done_on: done.done_on,
            channel: channel.as_str(),
            by: by.name(),
            respondent: Some(done.respondent),
            evidence: if channel.is_face_to_face() { "in_person" } else { "typed" },
            late_entry: is_late,
        };
        if !store::due::close(&mut scope, task, &closing, at).await? {
            let what = format!(
                "任务现在是 {0},不能再登记 / the task is {0} and cannot be closed",
                row.state
            );
            return Err(AppError::Conflict(what));
        }
        for (name, sha256, body) in &done.contents {
            store::run::keep_content(&mut scope, "questionnaire", name, sha256, body, at).await?;
        }
        for (ordinal, answer) in (0..).zip(&done.answers) {
            insert(&mut scope, by, &row, task, channel, ordinal, answer, at).await?;
            if let Some(alert) = &answer.alert {
                let source = Source {
                    call: None,
                    task: Some(task),
                    person: Some(PersonId::from_uuid(row.person_id)),
                    department: row.department_id,
                };
                self.raise_alert(&mut scope, by, &source, alert, at).await?;
            }
        }
        super::opinions::propose(&mut scope, task, at).await?;
        let change = Change {
            did: "follow_up_ended",
            subject: "task",
            subject_id: task.to_string(),
            reason: Some(channel.as_str()),
            department: row.department_id,
            // The person's call, should one be ringing, has lost its reason.
            body: json!({ "task_id": task, "person": row.person_id, "channel": channel.as_str() }),
        };
        note(&mut scope, by, &change, at).await?;
        self.commit(scope).await?;
        Ok("completed".to_owned())
    }

    /// # Errors
    /// When it is not there, or was dismissed before.
    pub async fn dismiss_reminder(
        &self,
        by: &Principal,
        reminder: Uuid,
        at: DateTime<Utc>,
    ) -> Result<()> {
        let mut scope = self.scope(by).await?;
        if !store::due::dismiss(&mut scope, reminder, by.name(), at).await? {
            return Err(AppError::NotFound("reminder"));
        }
        let change = Change {
            did: "dismissed",
            subject: "reminder",
            subject_id: reminder.to_string(),
            reason: None,
            department: None,
            body: json!({ "reminder_id": reminder }),
        };
        note(&mut scope, by, &change, at).await?;
        self.commit(scope).await
    }
}

/// Those that a person uses without us.
fn staff_channel(word: &str) -> Result<Channel> {
    let channel: Channel = word.parse().map_err(AppError::Invalid)?;
    match channel {
        Channel::Ivr | Channel::Web => {
            let what = "这种方式由系统登记 / this channel is recorded by the system itself";
            Err(AppError::Invalid(what.to_owned()))
        }
        _ => Ok(channel),
    }
}

#[expect(clippy::too_many_arguments, reason = "the parts of one row")]
async fn insert(
    scope: &mut Scope,
    by: &Principal,
    row: &store::task::Row,
    task: TaskId,
    channel: Channel,
    ordinal: i32,
    answer: &StaffAnswer,
    at: DateTime<Utc>,
) -> Result<()> {
    let given = &answer.given;
    let person = PersonId::from_uuid(row.person_id);
    let new = store::answer::NewAnswer {
        id: AnswerId::new(at),
        call: None,
        task: Some(task),
        person: Some(person),
        department: row.department_id,
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
        ordinal,
        recorded_by: by.name(),
        channel: Some(channel.as_str()),
    };
    store::answer::insert(scope, &new, at).await?;
    Ok(())
}
