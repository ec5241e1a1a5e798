//! 咨询: taken with its category, answered once, with the article it was answered from.

use chrono::{DateTime, Utc};
use serde_json::json;
use uuid::Uuid;

use super::{App, AppError, Change, Result, complaints::must_see, note, plans::needs_reason};
use crate::{
    base::{E164, Pii, TaskId},
    store::{Principal, Scope, article, enquiry},
};

#[derive(Clone, Debug)]
pub struct NewEnquiry {
    pub category: String,
    pub question: Pii<String>,
    pub caller: Option<Pii<String>>,
    pub number: Option<E164>,
    pub person: Option<Uuid>,
    pub department: Option<Uuid>,
    pub call: Option<Uuid>,
    /// Most are answered in the same call.
    pub answer: Option<EnquiryAnswer>,
}

#[derive(Clone, Debug)]
pub struct EnquiryAnswer {
    pub answer: String,
    /// As it stands now; its version is kept with the answer.
    pub article: Option<Uuid>,
}

impl App {
    /// # Errors
    /// When it asks nothing, or names what `by` cannot see.
    pub async fn take_enquiry(
        &self,
        by: &Principal,
        new: &NewEnquiry,
        at: DateTime<Utc>,
    ) -> Result<Uuid> {
        if new.question.reveal().trim().is_empty() || new.category.trim().is_empty() {
            let what = "请写明类别和问题 / a category and the question are required";
            return Err(AppError::Invalid(what.to_owned()));
        }
        let mut scope = self.scope(by).await?;
        must_see(&mut scope, new.call, None, new.person).await?;
        let id = *TaskId::new(at).as_uuid();
        let row = enquiry::New {
            id,
            category: new.category.trim(),
            question: new.question.reveal().trim(),
            caller: new.caller.as_ref().map(|name| name.reveal().trim()),
            e164: new.number.as_ref().map(E164::as_str),
            person: new.person,
            department: new.department,
            call: new.call,
            by: by.name(),
        };
        enquiry::insert(&mut scope, &row, at).await?;
        told(&mut scope, by, "taken", (id, new.department), at).await?;
        if let Some(answer) = &new.answer {
            write_answer(&mut scope, by, (id, new.department), answer, at).await?;
        }
        self.commit(scope).await?;
        Ok(id)
    }

    /// # Errors
    /// When it is not there, or answered already.
    pub async fn answer_enquiry(
        &self,
        by: &Principal,
        id: Uuid,
        answer: &EnquiryAnswer,
        at: DateTime<Utc>,
    ) -> Result<()> {
        let mut scope = self.scope(by).await?;
        let terms = enquiry::Terms { id: Some(id), limit: 1, ..enquiry::Terms::default() };
        let found = enquiry::list(&mut scope, &terms).await?.pop();
        let found = found.ok_or(AppError::NotFound("enquiry"))?;
        write_answer(&mut scope, by, (id, found.department_id), answer, at).await?;
        self.commit(scope).await
    }
}

async fn write_answer(
    scope: &mut Scope,
    by: &Principal,
    of: (Uuid, Option<Uuid>),
    answer: &EnquiryAnswer,
    at: DateTime<Utc>,
) -> Result<()> {
    needs_reason(&answer.answer)?;
    let article = match answer.article {
        Some(id) => {
            let found = article::lock(scope, id).await?.ok_or(AppError::NotFound("article"))?;
            Some((id, found.version))
        }
        None => None,
    };
    let answered = enquiry::Answered { answer: answer.answer.trim(), article, by: by.name() };
    match enquiry::answer(scope, of.0, &answered, at).await? {
        Some(true) => told(scope, by, "answered", of, at).await,
        Some(false) => {
            let what = "这条咨询已有答复 / this enquiry is answered already";
            Err(AppError::Conflict(what.to_owned()))
        }
        None => Err(AppError::NotFound("enquiry")),
    }
}

async fn told(
    scope: &mut Scope,
    by: &Principal,
    did: &str,
    (id, department): (Uuid, Option<Uuid>),
    at: DateTime<Utc>,
) -> Result<()> {
    let change = Change {
        did,
        subject: "enquiry",
        subject_id: id.to_string(),
        reason: None,
        department,
        body: json!({ "enquiry_id": id }),
    };
    note(scope, by, &change, at).await
}
