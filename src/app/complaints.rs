//! 投诉 and 表扬: each step once, in its turn, with who and when.

use chrono::{DateTime, Utc};
use serde_json::json;
use uuid::Uuid;

use super::{App, AppError, Change, Result, note, plans::needs_reason};
use crate::{
    base::{E164, Pii, TaskId},
    domain::{ComplaintAct, ComplaintKind, ComplaintPolicy, ComplaintState},
    store::{self, Principal, Scope, complaint},
};

/// What somebody has told us.
#[derive(Clone, Debug)]
pub struct NewComplaint {
    pub kind: ComplaintKind,
    pub category: String,
    pub is_conduct: bool,
    pub what: Pii<String>,
    pub complainant: Option<Pii<String>>,
    pub number: Option<E164>,
    pub person: Option<Uuid>,
    pub department: Option<Uuid>,
    pub ward: Option<String>,
    pub call: Option<Uuid>,
    pub recording: Option<Uuid>,
}

/// A step, with what belongs to it.
#[derive(Clone, Debug)]
pub enum ComplaintStep {
    Assign { to: String, note: Option<String> },
    Answer { answer: String },
    CallBack { result: String, satisfied: bool, call: Option<Uuid> },
    Close { outcome: String },
}

impl ComplaintStep {
    const fn act(&self) -> ComplaintAct {
        match self {
            Self::Assign { .. } => ComplaintAct::Assign,
            Self::Answer { .. } => ComplaintAct::Answer,
            Self::CallBack { satisfied, .. } => ComplaintAct::CallBack { satisfied: *satisfied },
            Self::Close { .. } => ComplaintAct::Close,
        }
    }

    const fn did(&self) -> &'static str {
        match self {
            Self::Assign { .. } => "assigned",
            Self::Answer { .. } => "answered",
            Self::CallBack { .. } => "called_back",
            Self::Close { .. } => "closed",
        }
    }

    /// What stands in the step's line.
    fn note(&self) -> Option<&str> {
        match self {
            Self::Assign { note, .. } => note.as_deref(),
            Self::Answer { answer } => Some(answer),
            Self::CallBack { result, .. } => Some(result),
            Self::Close { outcome } => Some(outcome),
        }
    }
}

impl App {
    /// # Errors
    /// When it says nothing, or names a call, a recording or a patient that `by` cannot see.
    pub async fn register_complaint(
        &self,
        by: &Principal,
        new: &NewComplaint,
        at: DateTime<Utc>,
    ) -> Result<Uuid> {
        if new.what.reveal().trim().is_empty() || new.category.trim().is_empty() {
            let what = "请写明类别和内容 / a category and what was said are required";
            return Err(AppError::Invalid(what.to_owned()));
        }
        let mut scope = self.scope(by).await?;
        must_see(&mut scope, new.call, new.recording, new.person).await?;
        let policy = complaint_policy(&mut scope).await?;
        let id = *TaskId::new(at).as_uuid();
        let row = complaint::New {
            id,
            kind: new.kind.as_str(),
            category: new.category.trim(),
            is_conduct: new.is_conduct,
            what: new.what.reveal().trim(),
            complainant: new.complainant.as_ref().map(|name| name.reveal().trim()),
            e164: new.number.as_ref().map(E164::as_str),
            person: new.person,
            department: new.department,
            ward: new.ward.as_deref(),
            call: new.call,
            recording: new.recording,
            by: by.name(),
            due_at: policy.due_at(new.kind, ComplaintState::Registered, at),
        };
        complaint::insert(&mut scope, &row, at).await?;
        let step =
            complaint::NewStep { did: "registered", by: by.name(), note: None, call: new.call };
        complaint::add_step(&mut scope, id, &step, at).await?;
        let of = (id, shown_to(new.department, new.is_conduct));
        told(&mut scope, by, "registered", of, at).await?;
        self.commit(scope).await?;
        Ok(id)
    }

    /// # Errors
    /// When it is not the turn of this step, or not this person's.
    pub async fn step_complaint(
        &self,
        by: &Principal,
        id: Uuid,
        step: &ComplaintStep,
        at: DateTime<Utc>,
    ) -> Result<ComplaintState> {
        if !matches!(step, ComplaintStep::Assign { .. }) {
            needs_reason(step.note().unwrap_or_default())?;
        }
        let mut scope = self.scope(by).await?;
        if !complaint::lock(&mut scope, id).await? {
            return Err(AppError::NotFound("complaint"));
        }
        let terms = complaint::Terms { id: Some(id), limit: 1, ..complaint::Terms::default() };
        let found = complaint::list(&mut scope, &terms).await?.pop();
        let row = found.ok_or(AppError::NotFound("complaint"))?;
        let kind: ComplaintKind = row.kind.parse().map_err(AppError::Invalid)?;
        let state: ComplaintState = row.state.parse().map_err(AppError::Invalid)?;
        let next = state.after(kind, step.act());
        let next = next.map_err(|fault| AppError::Conflict(fault.to_string()))?;
        if matches!(step, ComplaintStep::Answer { .. })
            && row.assigned_to.as_deref() != Some(by.name())
        {
            let what = "只能由承办人答复 / only whom it is assigned to answers it";
            return Err(AppError::Forbidden(what.to_owned()));
        }
        let policy = complaint_policy(&mut scope).await?;
        let due_at = policy.due_at(kind, next, row.registered_at);
        write_step(&mut scope, by, id, step, (next, due_at), at).await?;
        let of = (id, shown_to(row.department_id, row.is_conduct));
        told(&mut scope, by, step.did(), of, at).await?;
        self.commit(scope).await?;
        Ok(next)
    }

    /// # Errors
    /// When a later step would be due before an earlier one.
    pub async fn put_complaint_policy(
        &self,
        by: &Principal,
        policy: ComplaintPolicy,
        at: DateTime<Utc>,
    ) -> Result<()> {
        if !policy.is_in_order() {
            let what = "时限应依次不短于前一步 / each limit is at least the one before it";
            return Err(AppError::Invalid(what.to_owned()));
        }
        self.put_policy(by, COMPLAINT_POLICY, &json!(policy), at).await
    }
}

async fn write_step(
    scope: &mut Scope,
    by: &Principal,
    id: Uuid,
    step: &ComplaintStep,
    (next, due_at): (ComplaintState, Option<DateTime<Utc>>),
    at: DateTime<Utc>,
) -> Result<()> {
    let mut stepped =
        complaint::Stepped { state: next.as_str(), due_at, ..complaint::Stepped::default() };
    let mut call = None;
    match step {
        ComplaintStep::Assign { to, .. } => stepped.assigned_to = Some(to),
        ComplaintStep::Answer { answer } => stepped.answer = Some(answer.trim()),
        ComplaintStep::CallBack { satisfied, call: back, .. } => {
            must_see(scope, *back, None, None).await?;
            stepped.satisfied = Some(*satisfied);
            call = *back;
        }
        ComplaintStep::Close { outcome } => {
            stepped.outcome = Some(outcome.trim());
            stepped.closed_at = Some(at);
        }
    }
    complaint::step(scope, id, &stepped).await?;
    let line = complaint::NewStep { did: step.did(), by: by.name(), note: step.note(), call };
    Ok(complaint::add_step(scope, id, &line, at).await?)
}

/// A link to what one cannot see would tell that it is there.
pub(super) async fn must_see(
    scope: &mut Scope,
    call: Option<Uuid>,
    recording: Option<Uuid>,
    person: Option<Uuid>,
) -> Result<()> {
    if let Some(call) = call
        && store::call::visible(scope, &[call]).await?.is_empty()
    {
        return Err(AppError::NotFound("call"));
    }
    if let Some(recording) = recording
        && !complaint::visible_recording(scope, recording).await?
    {
        return Err(AppError::NotFound("recording"));
    }
    if let Some(person) = person
        && !complaint::visible_person(scope, person).await?
    {
        return Err(AppError::NotFound("person"));
    }
    Ok(())
}

async fn complaint_policy(scope: &mut Scope) -> Result<ComplaintPolicy> {
    let stored = store::policy::find(scope, COMPLAINT_POLICY).await?;
    Ok(stored.and_then(|body| serde_json::from_value(body).ok()).unwrap_or_default())
}

/// Of a complaint about conduct its department hears nothing, not even that there is one.
fn shown_to(department: Option<Uuid>, is_conduct: bool) -> Option<Uuid> {
    if is_conduct { Some(Uuid::nil()) } else { department }
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
        subject: "complaint",
        subject_id: id.to_string(),
        reason: None,
        department,
        body: json!({ "complaint_id": id }),
    };
    note(scope, by, &change, at).await
}

pub const COMPLAINT_POLICY: &str = "complaint";
