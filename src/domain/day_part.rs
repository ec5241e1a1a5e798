//! At which part of the day to try next: attempts of a task spread over the parts of the
//! day and over several days (rules.md §2), and begin where this patient answered before.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use super::{Calendar, DayPart};

#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct SpreadPolicy {
    pub attempts_max: u16,
    /// All attempts together fall on at least so many days.
    pub days_min: u16,
    /// With nothing known of the patient, the evening is tried before the day: more people
    /// are at home (Weeks et al., Public Opin Q 1980;44:101–114).
    pub evening_first: bool,
}

impl Default for SpreadPolicy {
    fn default() -> Self {
        Self { attempts_max: 5, days_min: 3, evening_first: false }
    }
}

/// A dial that says something about the person: no fault of the line or of ours.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct PastAttempt {
    pub at: DateTime<Utc>,
    /// Somebody spoke or keyed.
    pub reached: bool,
    /// Of the task at hand; earlier ones only say when this patient is at home.
    pub of_this_task: bool,
}

#[derive(Clone, Debug, Eq, PartialEq)]
pub struct NextAttempt {
    pub at: DateTime<Utc>,
    pub part: DayPart,
    /// `因: 晚上曾接通 2 次`
    pub reason: String,
}

#[derive(Clone, Copy)]
struct Tried {
    part: DayPart,
    /// In this task, and nobody was reached.
    failed: usize,
    reached: usize,
    missed: usize,
}

impl SpreadPolicy {
    /// The next moment from `not_before` on, when the attempts are not used up and the
    /// calendar opens at all.
    pub fn next_attempt(
        &self,
        calendar: &Calendar,
        history: &[PastAttempt],
        not_before: DateTime<Utc>,
    ) -> Option<NextAttempt> {
        let in_task = || history.iter().filter(|past| past.of_this_task);
        if in_task().count() >= usize::from(self.attempts_max) {
            return None;
        }
        let mut days: Vec<NaiveDate> = in_task().map(|past| calendar.local_date(past.at)).collect();
        days.sort_unstable();
        days.dedup();
        let tries = DayPart::ALL.iter().map(|part| tried(calendar, history, *part));
        let candidates = tries.filter_map(|tried| {
            let at = self.moment(calendar, history, &days, not_before, tried.part)?;
            Some((tried, at))
        });
        let (tried, at) = candidates.min_by_key(|(tried, at)| {
            let by_day = self.evening_first && tried.part != DayPart::Evening;
            (tried.failed, std::cmp::Reverse(tried.reached), tried.missed, by_day, *at)
        })?;
        Some(NextAttempt { at, part: tried.part, reason: tried.reason() })
    }

    /// The first moment of this part of the day that keeps the spread over days.
    fn moment(
        &self,
        calendar: &Calendar,
        history: &[PastAttempt],
        days: &[NaiveDate],
        not_before: DateTime<Utc>,
        part: DayPart,
    ) -> Option<DateTime<Utc>> {
        let at = calendar.next_open(not_before, Some(part))?;
        let day = calendar.local_date(at);
        let same_part_that_day = history.iter().any(|past| {
            past.of_this_task
                && calendar.local_date(past.at) == day
                && calendar.part_of(past.at) == part
        });
        let attempts = history.iter().filter(|past| past.of_this_task).count() + 1;
        let left = usize::from(self.attempts_max).saturating_sub(attempts);
        let too_few_days = days.contains(&day) && days.len() + left < usize::from(self.days_min);
        if same_part_that_day || too_few_days {
            let next_day = calendar.next_day_open(at)?;
            return calendar.next_open(next_day, Some(part));
        }
        Some(at)
    }
}

fn tried(calendar: &Calendar, history: &[PastAttempt], part: DayPart) -> Tried {
    let here = || history.iter().filter(|past| calendar.part_of(past.at) == part);
    Tried {
        part,
        failed: here().filter(|past| past.of_this_task && !past.reached).count(),
        reached: here().filter(|past| past.reached).count(),
        missed: here().filter(|past| !past.reached).count(),
    }
}

impl Tried {
    fn reason(&self) -> String {
        let part = match self.part {
            DayPart::Morning => "上午",
            DayPart::Afternoon => "下午",
            DayPart::Evening => "晚上",
        };
        match (self.reached, self.failed) {
            (0, 0) => format!("因: {part}尚未试过"),
            (0, tried) => format!("因: 各时段都已试过,{part}试过 {tried} 次"),
            (reached, _) => format!("因: {part}曾接通 {reached} 次"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::CallingPolicy;
    use chrono::Duration;

    fn calendar() -> Calendar {
        let windows = CallingPolicy::default().windows;
        Calendar { windows, ..Calendar::always(chrono_tz::Asia::Shanghai) }
    }

    fn at(text: &str) -> DateTime<Utc> {
        format!("2026-11-{text}:00+08:00").parse().unwrap()
    }

    fn past(text: &str, reached: bool, of_this_task: bool) -> PastAttempt {
        PastAttempt { at: at(text), reached, of_this_task }
    }

    #[track_caller]
    fn check(history: &[PastAttempt], now: &str, expected: Option<(&str, &str)>) {
        let found = SpreadPolicy::default().next_attempt(&calendar(), history, at(now));
        let expected = expected.map(|(moment, reason)| (at(moment), reason.to_owned()));
        assert_eq!(found.map(|next| (next.at, next.reason)), expected, "{history:?}");
    }

    #[test]
    fn the_first_attempt_is_where_the_patient_answered_before() {
        check(&[], "25T10:00", Some(("25T10:00", "因: 上午尚未试过")));
        let evening = [past("01T18:30", true, false), past("02T18:30", true, false)];
        check(&evening, "25T10:00", Some(("25T18:00", "因: 晚上曾接通 2 次")));
        let missed = [past("01T10:00", false, false)];
        check(&missed, "25T10:00", Some(("25T14:30", "因: 下午尚未试过")));
    }

    #[test]
    fn what_failed_in_this_task_is_tried_again_last() {
        let morning = past("25T10:00", false, true);
        let afternoon = past("25T15:00", false, true);
        let evening = past("26T18:00", false, true);
        check(&[morning], "25T14:00", Some(("25T14:30", "因: 下午尚未试过")));
        check(&[morning, afternoon], "25T18:30", Some(("25T18:30", "因: 晚上尚未试过")));
        let known = past("01T10:00", true, false);
        check(
            &[known, morning, afternoon, evening],
            "26T19:00",
            Some(("27T09:00", "因: 上午曾接通 1 次")),
        );
        // At one part of one day once only.
        check(
            &[morning, past("25T18:00", false, true), past("25T14:30", false, true)],
            "25T15:00",
            Some(("26T09:00", "因: 各时段都已试过,上午试过 1 次")),
        );
    }

    #[test]
    fn after_the_last_attempt_there_is_none() {
        let five: Vec<_> = ["20T10:00", "20T15:00", "21T10:00", "22T10:00", "22T18:00"]
            .map(|t| past(t, false, true))
            .into();
        check(&five, "25T10:00", None);
        let never = Calendar { windows: vec![], ..calendar() };
        assert_eq!(SpreadPolicy::default().next_attempt(&never, &[], at("25T10:00")), None);
    }

    /// Whatever the hour at which it starts: nobody answers, five attempts follow.
    #[test]
    fn five_attempts_reach_every_part_of_the_day_and_three_days() {
        for start in 0..48 {
            let mut now = at("25T00:00") + Duration::minutes(30 * start);
            let mut history: Vec<PastAttempt> = Vec::new();
            while let Some(next) = SpreadPolicy::default().next_attempt(&calendar(), &history, now)
            {
                assert!(next.at >= now && calendar().is_open(next.at), "{next:?}");
                history.push(PastAttempt { at: next.at, reached: false, of_this_task: true });
                now = next.at + Duration::hours(4);
            }
            let days: std::collections::BTreeSet<_> =
                history.iter().map(|past| calendar().local_date(past.at)).collect();
            assert_eq!(history.len(), 5);
            assert!(days.len() >= 3, "{start}: {history:?}");
            for part in DayPart::ALL {
                let tried = history.iter().filter(|past| calendar().part_of(past.at) == *part);
                assert!((1..=2).contains(&tried.count()), "{start}: {history:?}");
            }
        }
    }
}
