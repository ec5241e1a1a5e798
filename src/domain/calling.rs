//! May this person be dialled now? (rules.md §2.) The first reason that fits is told.

use chrono::{DateTime, Duration, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use super::{BedsidePolicy, Calendar, LadderPolicy, RetryPolicy, SpreadPolicy, Window};

/// `policy` row `calling`: what a hospital may change.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct CallingPolicy {
    pub windows: Vec<Window>,
    pub weekends: bool,
    /// Dials a day, by person and by number: one phone serves a family.
    pub dials_per_day_max: u32,
    pub completed_per_day_max: u32,
    /// Machine and persons together, for one follow-up: more is a nuisance.
    pub dials_per_task_max: u32,
    pub retry: RetryPolicy,
    pub ladder: LadderPolicy,
    pub spread: SpreadPolicy,
    pub bedside: BedsidePolicy,
}

impl Default for CallingPolicy {
    fn default() -> Self {
        let window = |from: (u32, u32), to: (u32, u32)| {
            let time = |(h, m)| chrono::NaiveTime::from_hms_opt(h, m, 0).unwrap_or_default();
            Window { from: time(from), to: time(to) }
        };
        Self {
            windows: vec![window((9, 0), (11, 30)), window((14, 30), (20, 0))],
            weekends: true,
            dials_per_day_max: 2,
            completed_per_day_max: 1,
            dials_per_task_max: 7,
            retry: RetryPolicy::default(),
            ladder: LadderPolicy::default(),
            spread: SpreadPolicy { evening_first: true, ..SpreadPolicy::default() },
            bedside: BedsidePolicy::default(),
        }
    }
}

/// All that the record says of a person and a number, as far as calling goes.
#[derive(Clone, Copy, Debug, Default)]
pub struct History {
    pub died: bool,
    pub refused: bool,
    pub do_not_call: bool,
    pub automatic_contact_stopped: bool,
    /// 限制处理: nobody calls, by machine or by hand, until it is lifted.
    pub restricted: bool,
    pub readmitted: bool,
    /// To this person or this number, whichever is more.
    pub dials_today: u32,
    pub completed_today: u32,
    /// The last dial that counts for the gap (busy counts with its own, shorter gap).
    pub last_dial: Option<DateTime<Utc>>,
    pub last_was_busy: bool,
    pub in_live_call: bool,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Forbidden {
    Died,
    Refused,
    DoNotCall,
    AutomaticContactStopped,
    Restricted,
    Readmitted,
    InLiveCall,
    OutsideWindow { opens_at: Option<DateTime<Utc>> },
    DailyCap { until: NaiveDate },
    Gap { until: DateTime<Utc> },
}

impl Forbidden {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Died => "died",
            Self::Refused => "refused",
            Self::DoNotCall => "do_not_call",
            Self::AutomaticContactStopped => "automatic_contact_stopped",
            Self::Restricted => "restricted",
            Self::Readmitted => "readmitted",
            Self::InLiveCall => "in_live_call",
            Self::OutsideWindow { .. } => "outside_window",
            Self::DailyCap { .. } => "daily_cap",
            Self::Gap { .. } => "gap",
        }
    }

    /// Waiting does not help: the task ends.
    pub const fn is_final(self) -> bool {
        matches!(
            self,
            Self::Died
                | Self::Refused
                | Self::DoNotCall
                | Self::AutomaticContactStopped
                | Self::Restricted
                | Self::Readmitted
        )
    }
}

pub fn may_dial(
    policy: &CallingPolicy,
    calendar: &Calendar,
    history: &History,
    at: DateTime<Utc>,
) -> Result<(), Forbidden> {
    let never = [
        (history.died, Forbidden::Died),
        (history.refused, Forbidden::Refused),
        (history.do_not_call, Forbidden::DoNotCall),
        (history.automatic_contact_stopped, Forbidden::AutomaticContactStopped),
        (history.restricted, Forbidden::Restricted),
        (history.readmitted, Forbidden::Readmitted),
        (history.in_live_call, Forbidden::InLiveCall),
    ];
    if let Some((_, why)) = never.into_iter().find(|(holds, _)| *holds) {
        return Err(why);
    }
    if !calendar.is_open(at) {
        return Err(Forbidden::OutsideWindow { opens_at: calendar.next_open(at, None) });
    }
    if history.dials_today >= policy.dials_per_day_max
        || history.completed_today >= policy.completed_per_day_max
    {
        let until = calendar.local_date(at) + Duration::days(1);
        return Err(Forbidden::DailyCap { until });
    }
    let gap = if history.last_was_busy { policy.retry.after_busy_s } else { policy.retry.gap_s };
    let gap = Duration::seconds(i64::try_from(gap).unwrap_or(i64::MAX / 1000));
    match history.last_dial.map(|last| last + gap) {
        Some(until) if at < until => Err(Forbidden::Gap { until }),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_reason_that_fits_is_told() {
        let noon: DateTime<Utc> = "2026-11-23T02:00:00Z".parse().unwrap(); // 10:00 in Shanghai
        let policy = CallingPolicy::default();
        let zone = chrono_tz::Asia::Shanghai;
        let calendar = Calendar { windows: policy.windows.clone(), ..Calendar::always(zone) };
        let night = noon + Duration::hours(14);
        let fresh = History::default();
        for (history, at, expected) in [
            (fresh, noon, Ok(())),
            (History { died: true, refused: true, ..fresh }, night, Err("died")),
            (History { refused: true, ..fresh }, noon, Err("refused")),
            (History { do_not_call: true, ..fresh }, noon, Err("do_not_call")),
            (History { in_live_call: true, ..fresh }, noon, Err("in_live_call")),
            (fresh, night, Err("outside_window")),
            (History { dials_today: 2, ..fresh }, noon, Err("daily_cap")),
            (History { completed_today: 1, ..fresh }, noon, Err("daily_cap")),
            (History { last_dial: Some(noon - Duration::minutes(239)), ..fresh }, noon, Err("gap")),
            (History { last_dial: Some(noon - Duration::minutes(240)), ..fresh }, noon, Ok(())),
            (
                History {
                    last_dial: Some(noon - Duration::minutes(16)),
                    last_was_busy: true,
                    ..fresh
                },
                noon,
                Ok(()),
            ),
        ] {
            let found = may_dial(&policy, &calendar, &history, at);
            assert_eq!(found.map_err(Forbidden::as_str), expected, "{history:?}");
        }
    }
}
