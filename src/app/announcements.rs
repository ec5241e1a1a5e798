//! What carriers say before the answer: learnt from labelled recordings, and forgotten.

use chrono::{DateTime, Utc};
use serde_json::json;
use uuid::Uuid;

use super::{App, AppError, Change, Result, note};
use crate::{
    base::RecordingId,
    domain::Announcement,
    store::{
        self, Principal,
        announcement::{New, Row, Unknown},
    },
};

/// What an announcement was learnt from.
#[derive(Clone, Copy, Debug)]
pub enum LearntFrom<'a> {
    /// So many, from anywhere.
    Files(usize),
    /// Our own, which are labelled by it.
    Recordings(&'a [Uuid]),
}

impl App {
    /// Keeps a fingerprint. The sound it was made of stays where it was.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn learn_announcement(
        &self,
        by: &Principal,
        class: Announcement,
        print: &[u8],
        from: LearntFrom<'_>,
        at: DateTime<Utc>,
    ) -> Result<Uuid> {
        let id = *RecordingId::new(at).as_uuid();
        let mut scope = self.scope(by).await?;
        let (recordings, labelled) = match from {
            LearntFrom::Files(count) => (count, [].as_slice()),
            LearntFrom::Recordings(ids) => (ids.len(), ids),
        };
        let recordings = i16::try_from(recordings).unwrap_or(i16::MAX);
        let new = New { id, class: class.as_str(), print, recordings, labelled, by: by.name() };
        store::announcement::insert(&mut scope, &new, at).await?;
        let body = json!({ "class": class.as_str(), "recordings": recordings });
        note(&mut scope, by, &change("learnt", id, body), at).await?;
        self.commit(scope).await?;
        Ok(id)
    }

    /// # Errors
    /// When there is no such announcement, or it is forgotten already.
    pub async fn forget_announcement(
        &self,
        by: &Principal,
        id: Uuid,
        at: DateTime<Utc>,
    ) -> Result<()> {
        let mut scope = self.scope(by).await?;
        if !store::announcement::forget(&mut scope, id, by.name(), at).await? {
            return Err(AppError::NotFound("announcement"));
        }
        note(&mut scope, by, &change("forgotten", id, json!({})), at).await?;
        self.commit(scope).await
    }

    /// # Errors
    /// When the database cannot be read.
    pub async fn announcements(&self) -> Result<Vec<Row>> {
        let mut scope = self.scope(&Principal::System("announcements")).await?;
        Ok(store::announcement::known(&mut scope).await?)
    }
}

impl App {
    /// What was heard before an answer that never came, and not recognised: to be labelled.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn unknown_announcements(&self) -> Result<Vec<Unknown>> {
        let mut scope = self.scope(&Principal::System("announcements")).await?;
        Ok(store::announcement::unknown(&mut scope, UNKNOWN_MAX).await?)
    }
}

/// As many as somebody listens to in an hour.
const UNKNOWN_MAX: i64 = 200;

fn change(did: &'static str, id: Uuid, body: serde_json::Value) -> Change<'static> {
    Change {
        did,
        subject: "announcement",
        subject_id: id.to_string(),
        reason: None,
        department: None,
        body,
    }
}
