//! 危急提醒: its states, and when what happens to it (rows F109, F110).

use serde::{Deserialize, Serialize};

use super::word::words;

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum AlertState {
    Raised,
    Acknowledged,
    InHand,
    Escalated,
    Closed,
}

words! { AlertState, "a state of an alert",
    Raised = "raised",
    Acknowledged = "acknowledged",
    InHand = "in_hand",
    Escalated = "escalated",
    Closed = "closed",
}

/// What somebody does to an alert.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum AlertStep {
    Acknowledge,
    TakeInHand,
    Close,
}

impl AlertStep {
    /// The state that follows; `None`: not from this one. What is in hand can be handed on
    /// by acknowledging it anew only after it has escalated.
    pub const fn from(self, state: AlertState) -> Option<AlertState> {
        match (self, state) {
            (_, AlertState::Closed) => None,
            (Self::Acknowledge, AlertState::Raised | AlertState::Escalated) => {
                Some(AlertState::Acknowledged)
            }
            (Self::Acknowledge, _) => None,
            (Self::TakeInHand, _) => Some(AlertState::InHand),
            (Self::Close, _) => Some(AlertState::Closed),
        }
    }
}

/// What came of ringing one duty phone.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum DutyOutcome {
    Acknowledged,
    NoAnswer,
    /// Somebody picked up, but nobody took it.
    NotConfirmed,
    WrongStaffNo,
    /// No way there: no trunk, no such phone, a number that may not be dialled.
    NotCalled,
}

words! { DutyOutcome, "an outcome of a duty call",
    Acknowledged = "acknowledged",
    NoAnswer = "no_answer",
    NotConfirmed = "not_confirmed",
    WrongStaffNo = "wrong_staff_no",
    NotCalled = "not_called",
}

/// The policy row `alerts`.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct AlertPolicy {
    /// An emergency that nobody has acknowledged on the page rings the duty phone.
    pub ring_after_s: u32,
    /// One phone has so long to be answered and to confirm; then the next rank is rung.
    pub ring_next_s: u32,
    /// After the last rank, the last one again.
    pub ring_again_s: u32,
    /// An alert that is overdue goes to the next rank, and again after this.
    pub escalate_every_min: u32,
    /// What is in hand may take so long beyond its due time.
    pub in_hand_min: u32,
}

impl Default for AlertPolicy {
    fn default() -> Self {
        Self {
            // Who sits at the page sees it in 5 s; a minute is enough to press a key.
            ring_after_s: 60,
            // Issue 3: "goes to the next after 3 min".
            ring_next_s: 180,
            ring_again_s: 60,
            // An urgent one is due in half an hour: the next rank has as long.
            escalate_every_min: 30,
            // A patient is rung, a doctor is asked, the patient is rung again.
            in_hand_min: 120,
        }
    }
}

impl AlertPolicy {
    /// # Errors
    /// Which value is outside of what makes sense.
    pub fn check(&self) -> Result<(), String> {
        let limits = [
            ("ring_after_s", self.ring_after_s, 0, 600),
            ("ring_next_s", self.ring_next_s, 30, 600),
            ("ring_again_s", self.ring_again_s, 10, 600),
            ("escalate_every_min", self.escalate_every_min, 5, 1440),
            ("in_hand_min", self.in_hand_min, 5, 1440),
        ];
        let bad = limits.iter().find(|(_, value, low, high)| !(*low..=*high).contains(value));
        match bad {
            None => Ok(()),
            Some((name, _, low, high)) => Err(format!(
                "{name} 应在 {low} 到 {high} 之间 / {name} lies between {low} and {high}"
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_closed_alert_stays_closed_and_one_in_hand_is_not_acknowledged_back() {
        use AlertState::{Acknowledged, Closed, Escalated, InHand, Raised};
        for (step, from, expected) in [
            (AlertStep::Acknowledge, Raised, Some(Acknowledged)),
            (AlertStep::Acknowledge, Escalated, Some(Acknowledged)),
            (AlertStep::Acknowledge, Acknowledged, None),
            (AlertStep::Acknowledge, InHand, None),
            (AlertStep::TakeInHand, Raised, Some(InHand)),
            (AlertStep::TakeInHand, Acknowledged, Some(InHand)),
            (AlertStep::TakeInHand, Escalated, Some(InHand)),
            (AlertStep::Close, InHand, Some(Closed)),
            (AlertStep::Close, Raised, Some(Closed)),
            (AlertStep::Close, Closed, None),
            (AlertStep::TakeInHand, Closed, None),
        ] {
            assert_eq!(step.from(from), expected, "{step:?} from {from}");
        }
    }

    #[test]
    fn the_shipped_policy_is_within_its_own_limits() {
        assert_eq!(AlertPolicy::default().check(), Ok(()));
        assert!(AlertPolicy { ring_next_s: 5, ..AlertPolicy::default() }.check().is_err());
    }
}
