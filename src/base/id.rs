use std::{fmt, hash::Hash, marker::PhantomData, str::FromStr};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::{ContextV7, Timestamp, Uuid};

/// A UUID that remembers what it names, so that a task's id cannot be passed
/// where a person's is due.
#[derive(Deserialize, Serialize)]
#[serde(transparent)]
pub struct Id<T> {
    uuid: Uuid,
    #[serde(skip)]
    kind: PhantomData<fn() -> T>,
}

impl<T> Id<T> {
    /// A new id (UUID version 7, RFC 9562 §5.7): sorts by the time it was made at.
    pub fn new(at: DateTime<Utc>) -> Self {
        let seconds = u64::try_from(at.timestamp()).unwrap_or_default();
        let stamp = Timestamp::from_unix(ContextV7::new(), seconds, at.timestamp_subsec_nanos());
        Self::from_uuid(Uuid::new_v7(stamp))
    }

    pub const fn from_uuid(uuid: Uuid) -> Self {
        Self { uuid, kind: PhantomData }
    }

    pub const fn as_uuid(&self) -> &Uuid {
        &self.uuid
    }
}

impl<T> FromStr for Id<T> {
    type Err = uuid::Error;

    fn from_str(text: &str) -> Result<Self, uuid::Error> {
        text.parse().map(Self::from_uuid)
    }
}

impl<T> Clone for Id<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Id<T> {}

impl<T> PartialEq for Id<T> {
    fn eq(&self, other: &Self) -> bool {
        self.uuid == other.uuid
    }
}

impl<T> Eq for Id<T> {}

impl<T> PartialOrd for Id<T> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> Ord for Id<T> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.uuid.cmp(&other.uuid)
    }
}

impl<T> Hash for Id<T> {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.uuid.hash(state);
    }
}

impl<T> fmt::Display for Id<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.uuid.fmt(f)
    }
}

impl<T> fmt::Debug for Id<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.uuid.fmt(f)
    }
}

/// Uninhabited tags: they exist only to be different from one another.
mod kind {
    pub enum Admission {}
    pub enum Answer {}
    pub enum Attempt {}
    pub enum Call {}
    pub enum Contact {}
    pub enum Import {}
    pub enum Leg {}
    pub enum Number {}
    pub enum Person {}
    pub enum Plan {}
    pub enum Recording {}
    pub enum Run {}
    pub enum Task {}
    pub enum User {}
}

pub type AdmissionId = Id<kind::Admission>;
pub type AnswerId = Id<kind::Answer>;
pub type AttemptId = Id<kind::Attempt>;
pub type CallId = Id<kind::Call>;
pub type ContactId = Id<kind::Contact>;
pub type ImportId = Id<kind::Import>;
pub type LegId = Id<kind::Leg>;
pub type NumberId = Id<kind::Number>;
pub type PersonId = Id<kind::Person>;
pub type PlanId = Id<kind::Plan>;
pub type RecordingId = Id<kind::Recording>;
pub type RunId = Id<kind::Run>;
pub type TaskId = Id<kind::Task>;
pub type UserId = Id<kind::User>;
