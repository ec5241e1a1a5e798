//! 封存 and 销毁 of recordings: what is held stays, what is past its time goes.

use chrono::{DateTime, Utc};
use serde_json::json;
use uuid::Uuid;

use super::{App, AppError, Change, Result, note, plans::needs_reason};
use crate::{
    base::TaskId,
    domain::{LEAST_DAYS, RetentionPolicy},
    store::{self, Principal, Scope, recording_hold},
};

const SYSTEM: Principal = Principal::System("retention");

impl App {
    /// # Errors
    /// Without a reason; when there is no such recording, it is gone, or it is held already.
    pub async fn hold_recording(
        &self,
        by: &Principal,
        recording: Uuid,
        reason: &str,
        at: DateTime<Utc>,
    ) -> Result<()> {
        needs_reason(reason)?;
        let mut scope = self.scope(by).await?;
        let found = recording_hold::lock(&mut scope, recording).await?;
        let found = found.ok_or(AppError::NotFound("recording"))?;
        if found.state == "destroyed" {
            let what = "录音已销毁 / the recording is gone";
            return Err(AppError::Conflict(what.to_owned()));
        }
        let id = *TaskId::new(at).as_uuid();
        recording_hold::insert(&mut scope, (id, recording), reason.trim(), by.name(), at).await?;
        told(&mut scope, by, "held", (recording, found.department_id), reason, at).await?;
        self.commit(scope).await
    }

    /// # Errors
    /// Without a reason, or when it is not held.
    pub async fn release_recording(
        &self,
        by: &Principal,
        recording: Uuid,
        reason: &str,
        at: DateTime<Utc>,
    ) -> Result<()> {
        needs_reason(reason)?;
        let mut scope = self.scope(by).await?;
        let found = recording_hold::lock(&mut scope, recording).await?;
        let found = found.ok_or(AppError::NotFound("recording"))?;
        let reason = reason.trim();
        if !recording_hold::release(&mut scope, recording, reason, by.name(), at).await? {
            let what = "这份录音没有封存 / the recording is not held";
            return Err(AppError::Conflict(what.to_owned()));
        }
        told(&mut scope, by, "released", (recording, found.department_id), reason, at).await?;
        self.commit(scope).await
    }

    /// Recordings past their time that nobody holds.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn recordings_past_their_time(&self, at: DateTime<Utc>) -> Result<Vec<Uuid>> {
        let mut scope = self.scope(&SYSTEM).await?;
        let kept = retention(&mut scope).await?.kept_since(at);
        Ok(recording_hold::past_their_time(&mut scope, &kept, AT_ONCE).await?)
    }

    /// Removes one of them: the file first, by `remove`, then the row says so; whatever crashes
    /// between, the next turn ends it. Answers whether it went: somebody may have held it
    /// meanwhile.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn erase_recording(
        &self,
        recording: Uuid,
        remove: impl FnOnce(&str) -> bool,
        at: DateTime<Utc>,
    ) -> Result<bool> {
        let mut scope = self.scope(&SYSTEM).await?;
        let Some(found) = recording_hold::lock(&mut scope, recording).await? else {
            return Ok(false);
        };
        let is_gone = found.state == "destroyed";
        if is_gone || recording_hold::is_held(&mut scope, recording).await? || !remove(&found.path)
        {
            return Ok(false);
        }
        recording_hold::set_erased(&mut scope, recording, RETAINED, at).await?;
        told(&mut scope, &SYSTEM, "erased", (recording, found.department_id), RETAINED, at).await?;
        self.commit(scope).await?;
        Ok(true)
    }

    /// # Errors
    /// When a class would be kept shorter than the law asks.
    pub async fn put_retention(
        &self,
        by: &Principal,
        policy: RetentionPolicy,
        at: DateTime<Utc>,
    ) -> Result<()> {
        if !policy.is_lawful() {
            let what = format!("每类录音至少保存 {LEAST_DAYS} 天 / {LEAST_DAYS} days at least");
            return Err(AppError::Invalid(what));
        }
        self.put_policy(by, RETENTION_POLICY, &json!(policy), at).await
    }
}

/// A policy that cannot be read keeps everything as long as the shipped one.
async fn retention(scope: &mut Scope) -> Result<RetentionPolicy> {
    let stored = store::policy::find(scope, RETENTION_POLICY).await?;
    let stored = stored.and_then(|body| serde_json::from_value::<RetentionPolicy>(body).ok());
    Ok(stored.filter(RetentionPolicy::is_lawful).unwrap_or_default())
}

async fn told(
    scope: &mut Scope,
    by: &Principal,
    did: &str,
    (recording, department): (Uuid, Option<Uuid>),
    reason: &str,
    at: DateTime<Utc>,
) -> Result<()> {
    let change = Change {
        did,
        subject: "recording",
        subject_id: recording.to_string(),
        reason: Some(reason),
        department,
        body: json!({ "recording_id": recording }),
    };
    note(scope, by, &change, at).await
}

pub const RETENTION_POLICY: &str = "retention";

/// Why it went.
const RETAINED: &str = "retention";

/// Of each minute: the disk has calls to write.
const AT_ONCE: i64 = 100;
