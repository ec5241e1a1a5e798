//! How long recordings are kept, by class (rules.md §2): at least 30 days, what belongs to
//! outpatients 15 years, to inpatients 30.

use chrono::{DateTime, Duration, Utc};
use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct RetentionPolicy {
    /// Of whoever has been an inpatient.
    pub inpatient_days: u32,
    /// Of other patients.
    pub outpatient_days: u32,
    /// Of nobody who is known: callers who only used the menu, trials.
    pub other_days: u32,
}

impl Default for RetentionPolicy {
    fn default() -> Self {
        Self { inpatient_days: 30 * YEAR, outpatient_days: 15 * YEAR, other_days: YEAR }
    }
}

/// What was recorded before it may go.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct KeptSince {
    pub inpatient: DateTime<Utc>,
    pub outpatient: DateTime<Utc>,
    pub other: DateTime<Utc>,
}

impl RetentionPolicy {
    pub fn is_lawful(&self) -> bool {
        let all = [self.inpatient_days, self.outpatient_days, self.other_days];
        all.iter().all(|days| (LEAST_DAYS..=MOST_DAYS).contains(days))
    }

    pub fn kept_since(&self, at: DateTime<Utc>) -> KeptSince {
        let before = |days: u32| at - Duration::days(i64::from(days));
        KeptSince {
            inpatient: before(self.inpatient_days),
            outpatient: before(self.outpatient_days),
            other: before(self.other_days),
        }
    }
}

/// The ministry's notice of 2020 on call centres.
pub const LEAST_DAYS: u32 = 30;
/// A century: no date runs over.
const MOST_DAYS: u32 = 100 * YEAR;
/// No class is a day short of its years.
const YEAR: u32 = 366;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_goes_within_thirty_days() {
        let policy = RetentionPolicy::default();
        assert!(policy.is_lawful());
        for (days, lawful) in [(29, false), (30, true), (0, false), (40_000, false)] {
            assert_eq!(RetentionPolicy { other_days: days, ..policy }.is_lawful(), lawful);
        }
    }

    #[test]
    fn each_class_has_its_years() {
        let at: DateTime<Utc> = "2056-01-02T00:00:00Z".parse().unwrap();
        let kept = RetentionPolicy::default().kept_since(at);
        let years = |since: DateTime<Utc>| at.years_since(since).unwrap();
        assert_eq!((years(kept.inpatient), years(kept.outpatient), years(kept.other)), (30, 15, 1));
    }
}
