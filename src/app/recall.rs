//! One action to call everybody again who heard a version of a questionnaire.

use chrono::{DateTime, Utc};
use serde_json::json;

use super::{App, Change, Result, note, plans::needs_reason};
use crate::{
    base::TaskId,
    store::{self, Principal, recall::Version},
};

impl App {
    /// A task for a person each, once; answers how many are new.
    ///
    /// # Errors
    /// Without a reason.
    pub async fn recall(
        &self,
        by: &Principal,
        version: Version<'_>,
        reason: &str,
        at: DateTime<Utc>,
    ) -> Result<usize> {
        needs_reason(reason)?;
        let mut scope = self.scope(by).await?;
        let mut made = 0;
        for heard in store::recall::heard(&mut scope, version, PEOPLE_MAX).await? {
            let task = *TaskId::new(at).as_uuid();
            let why = (reason, by.name());
            let is_new = store::recall::recall(&mut scope, version, &heard, task, why, at).await?;
            made += usize::from(is_new);
        }
        let change = Change {
            did: "recalled",
            subject: "questionnaire",
            subject_id: version.questionnaire.to_owned(),
            reason: Some(reason),
            department: None,
            body: json!({ "questionnaire": version.questionnaire, "sha256": version.sha256,
                "since": version.since, "tasks": made }),
        };
        note(&mut scope, by, &change, at).await?;
        self.commit(scope).await?;
        Ok(made)
    }
}

/// A version lives some months: as many patients as a large hospital calls meanwhile.
const PEOPLE_MAX: i64 = 50_000;
