//! What becomes of a task after a dial (rules.md §1, column "next", and §2).

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Outcome;

/// What becomes of the task.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Next {
    Complete,
    Partial,
    /// Nobody calls again: refused, or no longer to be followed up.
    Cancel,
    /// Again, not before this long.
    RetryAfter(Duration),
    /// Again, on another day (and so at another part of the day where that is possible).
    RetryAnotherDay,
    /// At the part of the day that the respondent chose.
    CallBack,
    /// The number first, by a person.
    Repair,
    /// A nurse takes over.
    HandToPerson,
    /// After a crash: resolved from stored facts or by a person, never by a dial.
    Verify,
}

/// How often this task was tried, the dial that has just ended included.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Counts {
    pub attempts: u32,
    pub interruptions: u32,
    pub declined_days: u32,
    /// Proofs on different days that this number is out of service.
    pub out_of_service_days: u32,
    /// Faults of the line or of ours in a row.
    pub faults: u32,
    /// Another number of the person, not yet known to be bad, is left.
    pub has_other_number: bool,
    /// This number was busy already today.
    pub busy_today: bool,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct RetryPolicy {
    pub attempts_max: u32,
    /// An interrupted questionnaire is taken up again this often.
    pub resumes_max: u32,
    pub after_busy_s: u64,
    /// Between two dials to one person.
    pub gap_s: u64,
    pub after_fault_s: u64,
    /// Doubles with each fault in a row, up to this.
    pub after_fault_max_s: u64,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            attempts_max: 5,
            resumes_max: 2,
            after_busy_s: 15 * 60,
            gap_s: 4 * 3600,
            after_fault_s: 60,
            after_fault_max_s: 3600,
        }
    }
}

impl RetryPolicy {
    pub fn decide(&self, outcome: Outcome, counts: Counts) -> Next {
        use Outcome::*;
        match outcome {
            Completed => Next::Complete,
            Partial if counts.attempts >= self.attempts_max => Next::Partial,
            Partial => Next::RetryAnotherDay,
            Refused | NotEligible => Next::Cancel,
            WrongNumber if counts.has_other_number => self.gap(),
            WrongNumber => Next::Repair,
            NotInService if counts.has_other_number => self.gap(),
            NotInService if counts.out_of_service_days >= PROOFS => Next::Repair,
            AnsweredNoKeys | IdentityNotConfirmed | Unable => Next::HandToPerson,
            Uncertain => Next::Verify,
            TrunkFault | SystemFault => Next::RetryAfter(self.after_faults(counts.faults)),
            BreakOff if counts.interruptions > self.resumes_max => Next::HandToPerson,
            Declined if counts.declined_days >= PROOFS => Next::HandToPerson,
            // Who always says "not now" is not rung for ever.
            _ if counts.attempts >= self.attempts_max => Next::HandToPerson,
            Postponed => Next::CallBack,
            Busy if !counts.busy_today => Next::RetryAfter(Duration::from_secs(self.after_busy_s)),
            Busy | NoAnswer | Declined | WrongPerson | BreakOff => self.gap(),
            CarrierVoicemail | CallAssistant | Barred => self.gap(),
            Unreachable | NotInService => Next::RetryAnotherDay,
        }
    }

    const fn gap(&self) -> Next {
        Next::RetryAfter(Duration::from_secs(self.gap_s))
    }

    fn after_faults(&self, faults: u32) -> Duration {
        let doubled = self.after_fault_s.saturating_mul(1 << faults.saturating_sub(1).min(16));
        Duration::from_secs(doubled.min(self.after_fault_max_s))
    }
}

/// A signal may lie once: two proofs on two days.
const PROOFS: u32 = 2;

#[cfg(test)]
mod tests {
    use super::*;

    fn decide(outcome: Outcome, counts: Counts) -> Next {
        RetryPolicy::default().decide(outcome, counts)
    }

    #[test]
    fn a_wrong_number_is_never_dialled_twice() {
        let counts = Counts { attempts: 1, ..Counts::default() };
        assert_eq!(decide(Outcome::WrongNumber, counts), Next::Repair);
    }

    #[test]
    fn a_dead_line_needs_two_proofs_on_two_days() {
        let counts =
            |days| Counts { attempts: days, out_of_service_days: days, ..Counts::default() };
        assert_eq!(decide(Outcome::NotInService, counts(1)), Next::RetryAnotherDay);
        assert_eq!(decide(Outcome::NotInService, counts(2)), Next::Repair);
    }

    #[test]
    fn the_last_attempt_hands_the_task_to_a_person() {
        let counts = Counts { attempts: 5, ..Counts::default() };
        let many = [
            Outcome::Busy,
            Outcome::NoAnswer,
            Outcome::CarrierVoicemail,
            Outcome::Postponed,
            Outcome::WrongPerson,
        ];
        for outcome in many {
            assert_eq!(decide(outcome, counts), Next::HandToPerson, "{outcome:?}");
        }
    }

    #[test]
    fn a_fault_of_the_line_costs_the_patient_no_attempt_and_backs_off() {
        let counts = |faults| Counts { attempts: 5, faults, ..Counts::default() };
        for (faults, seconds) in [(1, 60), (2, 120), (3, 240), (40, 3600)] {
            let expected = Next::RetryAfter(Duration::from_secs(seconds));
            assert_eq!(decide(Outcome::TrunkFault, counts(faults)), expected);
        }
    }

    #[test]
    fn an_interrupted_questionnaire_is_resumed_twice_then_a_person_calls() {
        let counts = |n| Counts { attempts: n, interruptions: n, ..Counts::default() };
        assert!(matches!(decide(Outcome::BreakOff, counts(2)), Next::RetryAfter(_)));
        assert_eq!(decide(Outcome::BreakOff, counts(3)), Next::HandToPerson);
    }

    #[test]
    fn who_declines_on_two_days_is_called_by_a_nurse() {
        let counts = |declined_days| Counts { attempts: 2, declined_days, ..Counts::default() };
        assert!(matches!(decide(Outcome::Declined, counts(1)), Next::RetryAfter(_)));
        assert_eq!(decide(Outcome::Declined, counts(2)), Next::HandToPerson);
    }

    #[test]
    fn every_outcome_has_a_next_step() {
        for outcome in Outcome::ALL {
            decide(*outcome, Counts::default());
        }
    }
}
