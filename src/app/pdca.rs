//! PDCA: every cause and measure with who and when.

use chrono::{DateTime, NaiveDate, Utc};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{App, AppError, Change, Result, note, plans::needs_reason};
use crate::store::{
    self, Departments, Principal, Scope,
    pdca::{Cause, Measure, Pdca},
};

impl App {
    /// # Errors
    /// When the periods are not in order, or the department is not one's own.
    pub async fn create_pdca(&self, by: &Principal, new: &Pdca) -> Result<()> {
        if let Principal::Person { departments: Departments::Some(own), .. } = by
            && !new.department_id.is_some_and(|department| own.contains(&department))
        {
            return Err(AppError::NotFound("department"));
        }
        let mut scope = self.scope(by).await?;
        store::pdca::insert(&mut scope, new).await?;
        let at = new.created_at;
        told(&mut scope, by, "created", new.pdca_id, new.department_id, json!({}), at).await?;
        self.commit(scope).await
    }

    /// A bone of the fish, or a cause below another.
    ///
    /// # Errors
    /// When there is no such PDCA, or the cause above is another's.
    pub async fn add_cause(
        &self,
        by: &Principal,
        pdca: Uuid,
        cause: &Cause,
        at: DateTime<Utc>,
    ) -> Result<()> {
        let mut scope = self.scope(by).await?;
        let row = find(&mut scope, pdca).await?;
        let known = store::pdca::causes(&mut scope, pdca, CAUSES_MAX).await?;
        if known.len() as i64 >= CAUSES_MAX {
            let what = format!("原因最多 {CAUSES_MAX} 个 / at most {CAUSES_MAX} causes");
            return Err(AppError::Conflict(what));
        }
        if cause.parent.is_some_and(|parent| known.iter().all(|c| c.cause_id != parent)) {
            return Err(AppError::NotFound("cause"));
        }
        store::pdca::add_cause(&mut scope, pdca, cause, by.name(), at).await?;
        let body = json!({ "cause_id": cause.cause_id });
        told(&mut scope, by, "cause_added", pdca, row.department_id, body, at).await?;
        self.commit(scope).await
    }

    /// # Errors
    /// When there is no such cause.
    pub async fn mark_root_cause(
        &self,
        by: &Principal,
        pdca: Uuid,
        cause: Uuid,
        is_root: bool,
        at: DateTime<Utc>,
    ) -> Result<()> {
        let mut scope = self.scope(by).await?;
        let row = find(&mut scope, pdca).await?;
        if !store::pdca::mark_root(&mut scope, cause, is_root).await? {
            return Err(AppError::NotFound("cause"));
        }
        let body = json!({ "cause_id": cause, "is_root": is_root });
        told(&mut scope, by, "root_marked", pdca, row.department_id, body, at).await?;
        self.commit(scope).await
    }

    /// # Errors
    /// When there is no such PDCA or cause.
    pub async fn add_measure(
        &self,
        by: &Principal,
        pdca: Uuid,
        measure: &Measure,
        at: DateTime<Utc>,
    ) -> Result<()> {
        let mut scope = self.scope(by).await?;
        let row = find(&mut scope, pdca).await?;
        let known = store::pdca::causes(&mut scope, pdca, CAUSES_MAX).await?;
        if measure.cause_id.is_some_and(|id| known.iter().all(|cause| cause.cause_id != id)) {
            return Err(AppError::NotFound("cause"));
        }
        store::pdca::add_measure(&mut scope, pdca, measure, by.name(), at).await?;
        let body = json!({ "measure_id": measure.measure_id });
        told(&mut scope, by, "measure_added", pdca, row.department_id, body, at).await?;
        self.commit(scope).await
    }

    /// # Errors
    /// Without its effect, or when there is no such measure.
    pub async fn end_measure(
        &self,
        by: &Principal,
        pdca: Uuid,
        measure: Uuid,
        done_on: NaiveDate,
        effect: &str,
        at: DateTime<Utc>,
    ) -> Result<()> {
        needs_reason(effect)?;
        let mut scope = self.scope(by).await?;
        let row = find(&mut scope, pdca).await?;
        if !store::pdca::end_measure(&mut scope, measure, done_on, effect, by.name(), at).await? {
            return Err(AppError::NotFound("measure"));
        }
        let body = json!({ "measure_id": measure });
        told(&mut scope, by, "measure_done", pdca, row.department_id, body, at).await?;
        self.commit(scope).await
    }
}

async fn find(scope: &mut Scope, pdca: Uuid) -> Result<Pdca> {
    store::pdca::list(scope, Some(pdca), 1).await?.pop().ok_or(AppError::NotFound("pdca"))
}

async fn told(
    scope: &mut Scope,
    by: &Principal,
    did: &str,
    pdca: Uuid,
    department: Option<Uuid>,
    body: Value,
    at: DateTime<Utc>,
) -> Result<()> {
    let change = Change {
        did,
        subject: "pdca",
        subject_id: pdca.to_string(),
        reason: None,
        department,
        body,
    };
    note(scope, by, &change, at).await
}

/// A fishbone that is still read.
pub const CAUSES_MAX: i64 = 200;
