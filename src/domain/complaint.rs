//! 投诉 and 表扬: 登记 交办 答复 回访 办结. Each step of a complaint has its limit; praise has
//! none.

use chrono::{DateTime, Duration, Utc};
use serde::{Deserialize, Serialize};

use super::word::words;

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ComplaintKind {
    Complaint,
    Praise,
}

words! { ComplaintKind, "a kind of complaint",
    Complaint = "complaint",
    Praise = "praise",
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ComplaintState {
    Registered,
    Assigned,
    Answered,
    CalledBack,
    Closed,
}

words! { ComplaintState, "a state of a complaint",
    Registered = "registered",
    Assigned = "assigned",
    Answered = "answered",
    CalledBack = "called_back",
    Closed = "closed",
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ComplaintAct {
    Assign,
    Answer,
    /// The one who complained was told; were they content with it?
    CallBack {
        satisfied: bool,
    },
    Close,
}

impl ComplaintState {
    /// Where an act leads. Who is not content gets another answer; praise needs none.
    ///
    /// # Errors
    /// When it is not the turn of this act.
    pub const fn after(
        self,
        kind: ComplaintKind,
        act: ComplaintAct,
    ) -> Result<Self, ComplaintFault> {
        use ComplaintAct::*;
        use ComplaintState::*;
        match (self, act) {
            (Registered | Assigned, Assign) => Ok(Assigned),
            (Assigned, Answer) => Ok(Answered),
            (Answered, CallBack { satisfied: true }) => Ok(CalledBack),
            (Answered, CallBack { satisfied: false }) => Ok(Assigned),
            (CalledBack, Close) => Ok(Closed),
            (Registered | Assigned | Answered, Close) if matches!(kind, ComplaintKind::Praise) => {
                Ok(Closed)
            }
            _ => Err(ComplaintFault::NotItsTurn { state: self }),
        }
    }
}

#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum ComplaintFault {
    #[error(
        "现在是 {state},还不能这样做:登记 → 交办 → 答复 → 回访 → 办结 / it is {state}: register, \
         assign, answer, call back, close"
    )]
    NotItsTurn { state: ComplaintState },
}

/// How long each step may take, from the registration on. A hospital sets its own.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct ComplaintPolicy {
    pub assign_h: u32,
    pub answer_h: u32,
    pub close_h: u32,
}

impl Default for ComplaintPolicy {
    fn default() -> Self {
        Self { assign_h: 24, answer_h: 5 * 24, close_h: 10 * 24 }
    }
}

impl ComplaintPolicy {
    /// Until when the next step is due.
    pub fn due_at(
        &self,
        kind: ComplaintKind,
        state: ComplaintState,
        registered_at: DateTime<Utc>,
    ) -> Option<DateTime<Utc>> {
        let hours = match (kind, state) {
            (ComplaintKind::Praise, _) | (_, ComplaintState::Closed) => return None,
            (_, ComplaintState::Registered) => self.assign_h,
            (_, ComplaintState::Assigned) => self.answer_h,
            (_, ComplaintState::Answered | ComplaintState::CalledBack) => self.close_h,
        };
        Some(registered_at + Duration::hours(i64::from(hours)))
    }

    /// A later step cannot be due before an earlier one.
    pub const fn is_in_order(&self) -> bool {
        0 < self.assign_h && self.assign_h <= self.answer_h && self.answer_h <= self.close_h
    }
}

#[cfg(test)]
mod tests {
    use super::{ComplaintAct::*, ComplaintKind::*, ComplaintState::*, *};

    const ACTS: [ComplaintAct; 5] =
        [Assign, Answer, CallBack { satisfied: true }, CallBack { satisfied: false }, Close];

    #[test]
    fn each_step_has_its_turn_and_who_is_not_content_is_answered_again() {
        for (from, act, expected) in [
            (Registered, Assign, Assigned),
            (Assigned, Assign, Assigned),
            (Assigned, Answer, Answered),
            (Answered, CallBack { satisfied: true }, CalledBack),
            (Answered, CallBack { satisfied: false }, Assigned),
            (CalledBack, Close, Closed),
        ] {
            assert_eq!(from.after(Complaint, act), Ok(expected), "{from} {act:?}");
        }
        let allowed = |kind| {
            let all = ComplaintState::ALL.iter();
            all.flat_map(|from| ACTS.map(|act| from.after(kind, act))).flatten().count()
        };
        assert_eq!(allowed(Complaint), 6, "no other step is allowed");
        assert_eq!(allowed(Praise), 9, "praise may be closed at once");
        assert!(ACTS.iter().all(|act| Closed.after(Praise, *act).is_err()));
    }

    #[test]
    fn a_complaint_has_limits_from_its_registration_and_praise_has_none() {
        let at: DateTime<Utc> = "2025-01-06T02:00:00Z".parse().unwrap();
        let policy = ComplaintPolicy::default();
        for (kind, state, expected) in [
            (Complaint, Registered, Some(24)),
            (Complaint, Assigned, Some(120)),
            (Complaint, Answered, Some(240)),
            (Complaint, CalledBack, Some(240)),
            (Complaint, Closed, None),
            (Praise, Registered, None),
        ] {
            let due = policy.due_at(kind, state, at);
            assert_eq!(due, expected.map(|h| at + Duration::hours(h)), "{kind} {state}");
        }
        assert!(policy.is_in_order());
        assert!(!ComplaintPolicy { assign_h: 200, ..policy }.is_in_order());
    }
}
