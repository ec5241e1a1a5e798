//! Words every layer may use, those of the telephone among them. Depends on nothing
//! of ours.

mod breakage;
mod id;
mod key;
mod machine;
mod phone;
mod pii;

pub use breakage::{Breakage, broken};
pub use id::{
    AdmissionId, AnswerId, AttemptId, CallId, ContactId, Id, ImportId, LegId, NumberId, PersonId,
    PlanId, RecordingId, RunId, TaskId, UserId,
};
pub use key::{Key, NotAKey};
pub use machine::Machine;
#[cfg(test)]
pub(crate) use machine::epoch;
pub use phone::{E164, PhoneError};
pub use pii::Pii;
