//! What carriers watch a caller number for (rules.md §2): calls an hour, the share of very
//! short ones, the share that nobody answers. Whoever passes a limit is barred as a nuisance
//! caller, and a hospital's number is then lost to its patients: so we stop before it.

use chrono::{DateTime, Duration, Utc};

/// Of one trunk; `None`: this carrier does not watch it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct GovernorLimits {
    pub calls_per_h_max: Option<u32>,
    /// 0 to 1, of the answered calls.
    pub short_share_max: Option<f64>,
    /// 0 to 1, of the calls that ended.
    pub no_answer_share_max: Option<f64>,
}

/// The dials of a caller number within the last hour.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct LastHour {
    pub dials: u32,
    pub ended: u32,
    pub answered: u32,
    /// Answered, and over within [`SHORT`].
    pub short: u32,
    pub first_at: Option<DateTime<Utc>>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Held {
    pub why: &'static str,
    /// To be looked at again then.
    pub until: DateTime<Utc>,
}

impl GovernorLimits {
    pub const fn are_set(&self) -> bool {
        self.calls_per_h_max.is_some()
            || self.short_share_max.is_some()
            || self.no_answer_share_max.is_some()
    }

    /// Must the next call wait?
    pub fn hold(&self, hour: &LastHour, at: DateTime<Utc>) -> Option<Held> {
        if self.calls_per_h_max.is_some_and(|max| hour.dials >= max) {
            let first = hour.first_at.unwrap_or(at);
            let until = first + WINDOW + Duration::seconds(1);
            return Some(Held { why: "calls_per_h", until: until.max(at + LOOK_AGAIN) });
        }
        let share = |part: u32, whole: u32| f64::from(part) / f64::from(whole.max(1));
        let is_over = |max: Option<f64>, part: u32, whole: u32| {
            // A handful of calls says nothing.
            whole >= SAMPLE_MIN && max.is_some_and(|max| share(part, whole) > max)
        };
        let unanswered = hour.ended.saturating_sub(hour.answered);
        let why = if is_over(self.short_share_max, hour.short, hour.answered) {
            "short_calls"
        } else if is_over(self.no_answer_share_max, unanswered, hour.ended) {
            "no_answers"
        } else {
            return None;
        };
        Some(Held { why, until: at + REST })
    }
}

/// Hung up at the first words.
pub const SHORT: Duration = Duration::seconds(6);

const WINDOW: Duration = Duration::hours(1);
const SAMPLE_MIN: u32 = 20;

/// The share falls as the hour moves on; it is looked at again this often.
const REST: Duration = Duration::minutes(5);
const LOOK_AGAIN: Duration = Duration::seconds(1);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_caller_number_rests_before_its_carrier_takes_it_for_a_nuisance() {
        let at: DateTime<Utc> = "2026-11-23T02:00:00Z".parse().unwrap();
        let first_at = Some(at - Duration::minutes(40));
        let limits = GovernorLimits {
            calls_per_h_max: Some(60),
            short_share_max: Some(0.3),
            no_answer_share_max: Some(0.6),
        };
        let hour =
            |dials, ended, answered, short| LastHour { dials, ended, answered, short, first_at };
        for (hour, expected) in [
            (hour(59, 59, 40, 5), None),
            (hour(60, 59, 40, 5), Some(("calls_per_h", 20 * 60 + 1))),
            (hour(30, 30, 20, 6), None),
            (hour(30, 30, 20, 7), Some(("short_calls", 300))),
            (hour(19, 19, 0, 0), None),
            (hour(20, 20, 8, 0), None),
            (hour(20, 20, 7, 0), Some(("no_answers", 300))),
        ] {
            let held = limits.hold(&hour, at);
            let found = held.map(|held| (held.why, (held.until - at).num_seconds()));
            assert_eq!(found, expected, "{hour:?}");
            assert_eq!(GovernorLimits::default().hold(&hour, at), None);
        }
    }
}
