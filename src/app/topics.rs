//! 专题: a cohort that is kept, by its members or by its filter.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{App, AppError, Change, Result, note};
use crate::{
    base::AnswerId,
    store::{self, Departments, Principal, cohort::NewTopic},
};

impl App {
    /// Answers its id.
    ///
    /// # Errors
    /// Without a name, or when it is neither fixed nor live.
    pub async fn create_topic(
        &self,
        by: &Principal,
        name: &str,
        kind: &str,
        filter: &Value,
        members: &BTreeSet<Uuid>,
        at: DateTime<Utc>,
    ) -> Result<Uuid> {
        if name.trim().is_empty() {
            return Err(AppError::Invalid("请填写名称 / a name is required".to_owned()));
        }
        if !["fixed", "live"].contains(&kind) {
            let what = "专题应为 fixed(固定名单)或 live(随时更新) / a topic is fixed or live";
            return Err(AppError::Invalid(what.to_owned()));
        }
        let department = match by {
            Principal::Person { departments: Departments::Some(own), .. } => {
                Some(own.first().copied().ok_or(AppError::NotFound("department"))?)
            }
            _ => None,
        };
        let id = *AnswerId::new(at).as_uuid();
        let mut scope = self.scope(by).await?;
        let new = NewTopic { id, name: name.trim(), kind, filter, department, by: by.name() };
        let members: Vec<Uuid> = match kind {
            "fixed" => members.iter().copied().collect(),
            _ => Vec::new(),
        };
        store::cohort::add_topic(&mut scope, &new, &members, at).await?;
        let change = Change {
            did: "created",
            subject: "topic",
            subject_id: id.to_string(),
            reason: None,
            department,
            body: json!({ "topic_id": id, "kind": kind, "members": members.len() }),
        };
        note(&mut scope, by, &change, at).await?;
        self.commit(scope).await?;
        Ok(id)
    }
}
