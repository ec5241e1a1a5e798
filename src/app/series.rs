//! 随访系列: made, edited as drafts, published, withdrawn. What a content must hold is
//! checked by `ivr`, before it comes here; here is who may, and what stays.

use chrono::{DateTime, Utc};
use serde_json::json;
use uuid::Uuid;

use super::{App, AppError, Change, Result, note, plans::needs_reason};
use crate::store::{
    self, Departments, Principal, Scope,
    series::{NewSeries, NewVersion},
};

pub struct SeriesAsk<'a> {
    pub code: &'a str,
    pub name: &'a str,
    /// `hospital`, `department` or `ward`.
    pub owner: &'a str,
    pub department: Option<Uuid>,
    pub ward: Option<Uuid>,
}

/// A version's content, checked and with its digest.
pub struct SeriesContent {
    pub body: String,
    pub sha256: String,
    pub based_on: Option<String>,
}

impl App {
    /// A series with its first draft.
    ///
    /// # Errors
    /// When the code is taken, or the owner is not one's own.
    pub async fn create_series(
        &self,
        by: &Principal,
        ask: &SeriesAsk<'_>,
        content: &SeriesContent,
        reason: &str,
        at: DateTime<Utc>,
    ) -> Result<()> {
        needs_reason(reason)?;
        may_own(by, ask.department)?;
        let mut scope = self.scope(by).await?;
        let new = NewSeries {
            code: ask.code,
            name: ask.name,
            owner: ask.owner,
            department: ask.department,
            ward: ask.ward,
            by: by.name(),
        };
        store::series::insert(&mut scope, &new, at).await?;
        put(&mut scope, by, ask.code, 1, content, reason, at).await?;
        told(&mut scope, by, "created", ask.code, ask.department, 1, reason, at).await?;
        self.commit(scope).await
    }

    /// The number that the next draft of a series has: its content carries it.
    ///
    /// # Errors
    /// When the series is not there, or another department's.
    pub async fn next_version(&self, by: &Principal, code: &str) -> Result<i32> {
        let mut scope = self.scope(by).await?;
        let locked = store::series::lock(&mut scope, code).await?;
        let locked = locked.ok_or(AppError::NotFound("series"))?;
        Ok(locked.draft.unwrap_or(locked.last + 1))
    }

    /// Writes the draft, or begins one. Answers its version.
    ///
    /// # Errors
    /// When the series is not there, or another department's; when somebody has published
    /// the draft meanwhile.
    pub async fn put_draft(
        &self,
        by: &Principal,
        code: &str,
        version: i32,
        content: &SeriesContent,
        reason: &str,
        at: DateTime<Utc>,
    ) -> Result<()> {
        needs_reason(reason)?;
        let mut scope = self.scope(by).await?;
        let locked = store::series::lock(&mut scope, code).await?;
        let locked = locked.ok_or(AppError::NotFound("series"))?;
        if version != locked.draft.unwrap_or(locked.last + 1) {
            return Err(stale());
        }
        put(&mut scope, by, code, version, content, reason, at).await?;
        told(&mut scope, by, "drafted", code, locked.department_id, version, reason, at).await?;
        self.commit(scope).await
    }

    /// From now on it is asked; its content is kept for ever.
    ///
    /// # Errors
    /// When it is not the draft, or not the draft that was looked at.
    pub async fn publish_series(
        &self,
        by: &Principal,
        code: &str,
        version: i32,
        sha256: &str,
        reason: &str,
        at: DateTime<Utc>,
    ) -> Result<()> {
        needs_reason(reason)?;
        let mut scope = self.scope(by).await?;
        let locked = store::series::lock(&mut scope, code).await?;
        let locked = locked.ok_or(AppError::NotFound("series"))?;
        let draft = store::series::versions(&mut scope, code, Some(version), 1).await?.pop();
        let draft = draft.filter(|draft| draft.state == "draft" && draft.sha256 == sha256);
        let draft = draft.ok_or_else(stale)?;
        if !store::series::publish(&mut scope, code, version, by.name(), at).await? {
            return Err(stale());
        }
        let name = format!("series:{code}");
        let body = &draft.body;
        store::run::keep_content(&mut scope, "questionnaire", &name, sha256, body, at).await?;
        told(&mut scope, by, "published", code, locked.department_id, version, reason, at).await?;
        self.commit(scope).await
    }

    /// Nobody is asked it any more; what was answered stays readable.
    ///
    /// # Errors
    /// When it is not published.
    pub async fn withdraw_series(
        &self,
        by: &Principal,
        code: &str,
        version: i32,
        reason: &str,
        at: DateTime<Utc>,
    ) -> Result<()> {
        needs_reason(reason)?;
        let mut scope = self.scope(by).await?;
        let locked = store::series::lock(&mut scope, code).await?;
        let locked = locked.ok_or(AppError::NotFound("series"))?;
        if !store::series::withdraw(&mut scope, code, version, reason, by.name(), at).await? {
            let what = "这个版本不在使用中 / this version is not published";
            return Err(AppError::Conflict(what.to_owned()));
        }
        told(&mut scope, by, "withdrawn", code, locked.department_id, version, reason, at).await?;
        self.commit(scope).await
    }
}

fn stale() -> AppError {
    let what = "草稿已被别人改动或发布,请重新打开 / the draft has changed meanwhile; open it again";
    AppError::Conflict(what.to_owned())
}

/// The hospital's series are made by those who see all of it.
fn may_own(by: &Principal, department: Option<Uuid>) -> Result<()> {
    let Principal::Person { departments: Departments::Some(own), .. } = by else { return Ok(()) };
    if department.is_some_and(|department| own.contains(&department)) {
        return Ok(());
    }
    // As if it were not there: whose it is, is nobody else's business.
    Err(AppError::NotFound("department"))
}

async fn put(
    scope: &mut Scope,
    by: &Principal,
    code: &str,
    version: i32,
    content: &SeriesContent,
    reason: &str,
    at: DateTime<Utc>,
) -> Result<()> {
    let new = NewVersion {
        code,
        version,
        body: &content.body,
        sha256: &content.sha256,
        based_on: content.based_on.as_deref(),
        author: by.name(),
        reason,
    };
    Ok(store::series::put_draft(scope, &new, at).await?)
}

#[expect(clippy::too_many_arguments, reason = "the parts of one audit line")]
async fn told(
    scope: &mut Scope,
    by: &Principal,
    did: &str,
    code: &str,
    department: Option<Uuid>,
    version: i32,
    reason: &str,
    at: DateTime<Utc>,
) -> Result<()> {
    let change = Change {
        did,
        subject: "series",
        subject_id: code.to_owned(),
        reason: Some(reason),
        department,
        body: json!({ "code": code, "version": version }),
    };
    note(scope, by, &change, at).await
}
