//! When the follow-ups of a plan fall due: the non-linear interval table of a series
//! (features.md B1), the cycles of chronic diseases (B2), phases, and what one patient's
//! own cycle changes. Dates only: at which hour the telephone rings is `window`'s matter.

use chrono::{Days, Months, NaiveDate};
use serde::{Deserialize, Serialize};

/// From which day the next follow-up is counted (features.md, section D, item 1).
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Anchor {
    /// From the day it was planned for: a late call does not push the rest of the plan.
    #[default]
    Scheduled,
    /// From the day on which it really took place.
    Actual,
}

#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Interval {
    Days(u16),
    /// The last day of a shorter month stands in for the anchor's day, and the month
    /// after returns to it: 31 January, 28 February, 31 March (rules.md §3).
    Months(u16),
}

#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Lasts {
    Times(u16),
    /// As long as the follow-ups lie within this of the phase's start; the next phase
    /// counts from there.
    Within(Interval),
}

/// A stretch of a plan with one rhythm. The last phase repeats until the horizon,
/// whatever it says of its own length.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Phase {
    pub every: Interval,
    pub lasts: Lasts,
}

#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Horizon {
    /// So many follow-ups.
    Count(u16),
    /// None later than this many days after the discharge.
    Days(u32),
}

#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Schedule {
    pub phases: Vec<Phase>,
    pub horizon: Horizon,
    #[serde(default)]
    pub anchor: Anchor,
}

/// 定期随访天数设置表: a row of a series. `sequence` starts at 0; the page says 第 1 次.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct IntervalRow {
    pub sequence: u16,
    pub days: u16,
}

/// One patient's own rhythm from a day on (F059). What was due before stays as it was.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct CycleChange {
    pub from: NaiveDate,
    pub every: Interval,
}

/// A follow-up that took place.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Done {
    pub sequence: u16,
    pub on: NaiveDate,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Due {
    pub sequence: u16,
    pub on: NaiveDate,
}

/// What the hospital lets a department set (F056).
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct ScheduleLimits {
    pub interval_days_min: u32,
    pub interval_days_max: u32,
    pub horizon_days_max: u32,
    pub follow_ups_max: u16,
}

impl Default for ScheduleLimits {
    fn default() -> Self {
        Self {
            interval_days_min: 1,
            interval_days_max: 3650,
            // Thirty years, as long as an inpatient record is kept.
            horizon_days_max: 10_958,
            follow_ups_max: FOLLOW_UPS_MAX,
        }
    }
}

#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum ScheduleFault {
    #[error("没有间隔 / a schedule needs at least one interval")]
    Empty,
    #[error("超过 {PHASES_MAX} 行 / more than {PHASES_MAX} rows")]
    TooLong,
    #[error(
        "第 {row} 行:间隔 {days} 天,应为 {min} 到 {max} 天 / row {row}: {days} days, not {min} to {max}"
    )]
    Interval { row: usize, days: u32, min: u32, max: u32 },
    #[error("第 {0} 行:次数不能为 0 / row {0}: a phase of no follow-ups")]
    NoTimes(usize),
    #[error("随访次数应从 0 起连续,缺 {0} / sequences run from 0 without a gap; {0} is missing")]
    Gap(u16),
    #[error("终止期限应为 1 到 {0} / the horizon must be 1 to {0}")]
    Horizon(u32),
}

impl Interval {
    /// In days, a month counted as its longest: for comparing with limits only.
    const fn days_at_most(self) -> u32 {
        match self {
            Self::Days(days) => days as u32,
            Self::Months(months) => months as u32 * 31,
        }
    }

    fn days_at_least(self) -> u32 {
        match self {
            Self::Days(days) => u32::from(days),
            Self::Months(months) => u32::from(months) * 28,
        }
    }

    fn after(self, day: NaiveDate) -> Option<NaiveDate> {
        match self {
            Self::Days(days) => day.checked_add_days(Days::new(days.into())),
            Self::Months(months) => day.checked_add_months(Months::new(months.into())),
        }
    }
}

impl Schedule {
    /// # Errors
    /// When the sequences of the rows do not run 0, 1, 2 …
    pub fn from_table(rows: &[IntervalRow], horizon: Horizon) -> Result<Self, ScheduleFault> {
        let mut sorted = rows.to_vec();
        sorted.sort_by_key(|row| row.sequence);
        if let Some((at, _)) = (0u16..).zip(&sorted).find(|(at, row)| row.sequence != *at) {
            return Err(ScheduleFault::Gap(at));
        }
        let phase =
            |row: &IntervalRow| Phase { every: Interval::Days(row.days), lasts: Lasts::Times(1) };
        let phases = sorted.iter().map(phase).collect();
        Ok(Self { phases, horizon, anchor: Anchor::Scheduled })
    }

    /// One cycle from beginning to end (features.md B2).
    pub fn cycle(every: Interval, horizon: Horizon) -> Self {
        let phases = vec![Phase { every, lasts: Lasts::Times(1) }];
        Self { phases, horizon, anchor: Anchor::Scheduled }
    }

    /// # Errors
    /// Every fault, so that the page can show them beside their rows at once.
    pub fn check(&self, limits: &ScheduleLimits) -> Result<(), Vec<ScheduleFault>> {
        let mut faults = Vec::new();
        if self.phases.is_empty() {
            faults.push(ScheduleFault::Empty);
        }
        if self.phases.len() > PHASES_MAX {
            faults.push(ScheduleFault::TooLong);
        }
        let (min, max) = (limits.interval_days_min.max(1), limits.interval_days_max);
        for (row, phase) in (1..).zip(&self.phases) {
            // A month is let through when any of its lengths would be.
            if phase.every.days_at_most() < min || phase.every.days_at_least() > max {
                let days = phase.every.days_at_most();
                faults.push(ScheduleFault::Interval { row, days, min, max });
            }
            if matches!(phase.lasts, Lasts::Times(0)) {
                faults.push(ScheduleFault::NoTimes(row));
            }
        }
        let (set, most) = match self.horizon {
            Horizon::Count(count) => (u32::from(count), u32::from(limits.follow_ups_max)),
            Horizon::Days(days) => (days, limits.horizon_days_max),
        };
        if set == 0 || set > most {
            faults.push(ScheduleFault::Horizon(most));
        }
        if faults.is_empty() { Ok(()) } else { Err(faults) }
    }

    /// The dates of a plan that nobody has touched: what the page shows while a row is
    /// being edited.
    pub fn preview(&self, start: NaiveDate) -> Vec<Due> {
        self.due_dates(start, &[], &[])
    }

    /// Every follow-up of the plan, done ones with the date they were planned for. The same
    /// facts give the same dates, so that tasks made from them are made once.
    /// Changes are applied in the order of their days; at most [`FOLLOW_UPS_MAX`] dates.
    pub fn due_dates(&self, start: NaiveDate, done: &[Done], changes: &[CycleChange]) -> Vec<Due> {
        let mut changes: Vec<&CycleChange> = changes.iter().collect();
        changes.sort_by_key(|change| change.from);
        let mut changes = changes.into_iter().peekable();
        let mut walk = Walk::new(&self.phases, start);
        let mut dues = Vec::new();
        for sequence in 0..FOLLOW_UPS_MAX {
            let Some(mut next) = walk.next_due() else { break };
            let happened = done.iter().find(|done| done.sequence == sequence).map(|done| done.on);
            // A change moves what was still open on its day.
            let moves = |change: &CycleChange, due: NaiveDate| {
                change.from <= due && happened.is_none_or(|on| on >= change.from)
            };
            while let Some(change) = changes.next_if(|change| moves(change, next.day)) {
                walk.change(change);
                let Some(moved) = walk.next_not_before(change.from) else { return dues };
                next = moved;
            }
            if !self.reaches(start, sequence, next.day) {
                break;
            }
            walk.accept(next);
            dues.push(Due { sequence, on: next.day });
            if let (Anchor::Actual, Some(on)) = (self.anchor, happened) {
                walk.count_from(on);
            }
        }
        dues
    }

    fn reaches(&self, start: NaiveDate, sequence: u16, day: NaiveDate) -> bool {
        match self.horizon {
            Horizon::Count(count) => sequence < count,
            Horizon::Days(days) => (day - start).num_days() <= i64::from(days),
        }
    }
}

/// Where a plan stands between two follow-ups.
#[derive(Clone)]
struct Walk {
    phases: Vec<Phase>,
    phase: usize,
    taken: u16,
    phase_start: NaiveDate,
    /// Months are counted from here, so that a clamped day is not inherited.
    base: NaiveDate,
    months: u32,
    last: NaiveDate,
}

#[derive(Clone, Copy)]
struct Step {
    day: NaiveDate,
    phase: usize,
    taken: u16,
    phase_start: NaiveDate,
    base: NaiveDate,
    months: u32,
}

impl Walk {
    fn new(phases: &[Phase], start: NaiveDate) -> Self {
        Self {
            phases: phases.to_vec(),
            phase: 0,
            taken: 0,
            phase_start: start,
            base: start,
            months: 0,
            last: start,
        }
    }

    /// The follow-up after the last one; `None` when the calendar or the plan ends.
    fn next_due(&self) -> Option<Step> {
        let mut walk = self.clone();
        loop {
            let phase = *walk.phases.get(walk.phase)?;
            let step = walk.step(phase.every)?;
            let is_last = walk.phase + 1 == walk.phases.len();
            match phase.lasts {
                _ if is_last => return Some(step),
                Lasts::Times(times) if walk.taken < times => return Some(step),
                Lasts::Within(span) if step.day <= span.after(walk.phase_start)? => {
                    return Some(step);
                }
                Lasts::Times(_) => walk.phase_start = walk.last,
                Lasts::Within(span) => {
                    walk.phase_start = span.after(walk.phase_start)?.max(walk.last);
                    walk.count_from(walk.phase_start);
                }
            }
            walk.phase += 1;
            walk.taken = 0;
        }
    }

    fn step(&self, every: Interval) -> Option<Step> {
        let (base, months, day) = match every {
            Interval::Days(_) => {
                let day = every.after(self.last)?;
                (day, 0, day)
            }
            Interval::Months(count) => {
                let months = self.months.checked_add(count.into())?;
                (self.base, months, self.base.checked_add_months(Months::new(months))?)
            }
        };
        // An interval of nothing would never end.
        (day > self.last).then_some(Step {
            day,
            phase: self.phase,
            taken: self.taken.saturating_add(1),
            phase_start: self.phase_start,
            base,
            months,
        })
    }

    fn accept(&mut self, step: Step) {
        let Step { day, phase, taken, phase_start, base, months } = step;
        (self.phase, self.taken, self.phase_start) = (phase, taken, phase_start);
        (self.base, self.months, self.last) = (base, months, day);
    }

    fn count_from(&mut self, day: NaiveDate) {
        // Done on the day itself: the anchor's day of the month is kept.
        if day != self.last {
            (self.base, self.months, self.last) = (day, 0, day);
        }
    }

    /// From the last follow-up on, in the new rhythm to the end.
    fn change(&mut self, change: &CycleChange) {
        self.phases = vec![Phase { every: change.every, lasts: Lasts::Times(1) }];
        (self.phase, self.taken, self.phase_start) = (0, 0, self.last);
    }

    /// The rhythm goes on from the last follow-up, but nothing is made due in the past.
    fn next_not_before(&mut self, from: NaiveDate) -> Option<Step> {
        loop {
            let step = self.next_due()?;
            if step.day >= from {
                return Some(step);
            }
            self.accept(step);
        }
    }
}

/// The first contact after a discharge: within 14 days, said on the 12th, overdue on the
/// 15th (F057, rules.md §3).
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct FirstContact {
    pub warn_day: u16,
    pub last_day: u16,
}

impl Default for FirstContact {
    fn default() -> Self {
        Self { warn_day: 12, last_day: 14 }
    }
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum OnTime {
    Open,
    Warning,
    Overdue,
    InTime,
    Late,
}

super::word::words! { OnTime, "a state of the first contact",
    Open = "open",
    Warning = "warning",
    Overdue = "overdue",
    InTime = "in_time",
    Late = "late",
}

impl FirstContact {
    pub fn judge(
        self,
        discharged_on: NaiveDate,
        done_on: Option<NaiveDate>,
        today: NaiveDate,
    ) -> OnTime {
        let day = |date: NaiveDate| (date - discharged_on).num_days();
        match done_on {
            Some(done) if day(done) <= i64::from(self.last_day) => OnTime::InTime,
            Some(_) => OnTime::Late,
            None if day(today) > i64::from(self.last_day) => OnTime::Overdue,
            None if day(today) >= i64::from(self.warn_day) => OnTime::Warning,
            None => OnTime::Open,
        }
    }
}

/// A daily call for ten years, and some.
pub const FOLLOW_UPS_MAX: u16 = 4000;

/// A plan with more rows than this is a mistake of a spreadsheet.
const PHASES_MAX: usize = 100;

#[cfg(test)]
mod tests;
