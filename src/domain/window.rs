//! When the telephone may ring at a patient's home: local time, holidays, parts of the day.

use std::collections::BTreeMap;

use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveTime, TimeZone, Timelike, Utc, Weekday};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use super::word::words;

/// From, to; the end is outside.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Window {
    pub from: NaiveTime,
    pub to: NaiveTime,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum DayKind {
    Holiday,
    /// 调休: a weekend day on which everybody works.
    MakeupDay,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum DayPart {
    Morning,
    Afternoon,
    Evening,
}

words! { DayPart, "a part of the day",
    Morning = "morning",
    Afternoon = "afternoon",
    Evening = "evening",
}

impl DayPart {
    pub fn of(at: NaiveTime) -> Self {
        match at.hour() {
            ..12 => Self::Morning,
            12..18 => Self::Afternoon,
            18.. => Self::Evening,
        }
    }

    fn holds(self, at: NaiveTime) -> bool {
        Self::of(at) == self
    }
}

/// The hospital's days and hours.
#[derive(Clone, Debug)]
pub struct Calendar {
    pub zone: Tz,
    pub windows: Vec<Window>,
    pub weekends: bool,
    pub days: BTreeMap<NaiveDate, DayKind>,
}

impl Calendar {
    /// Around the clock, every day: the demo and tests.
    pub fn always(zone: Tz) -> Self {
        let all_day = Window { from: NaiveTime::MIN, to: END_OF_DAY };
        Self { zone, windows: vec![all_day], weekends: true, days: BTreeMap::new() }
    }

    pub fn is_open(&self, at: DateTime<Utc>) -> bool {
        let local = at.with_timezone(&self.zone);
        self.is_calling_day(local.date_naive())
            && self.windows.iter().any(|window| window.holds(local.time()))
    }

    pub fn local_date(&self, at: DateTime<Utc>) -> NaiveDate {
        at.with_timezone(&self.zone).date_naive()
    }

    pub fn part_of(&self, at: DateTime<Utc>) -> DayPart {
        DayPart::of(at.with_timezone(&self.zone).time())
    }

    /// The first open moment from `at` on, in this part of the day when one is named.
    /// `None`: nothing opens within a year; then something is wrong with the calendar.
    pub fn next_open(&self, at: DateTime<Utc>, part: Option<DayPart>) -> Option<DateTime<Utc>> {
        let local = at.with_timezone(&self.zone);
        for ahead in 0..SEARCH_DAYS {
            let day = local.date_naive().checked_add_days(Days::new(ahead))?;
            let not_before = if ahead == 0 { local.time() } else { NaiveTime::MIN };
            let starts = self.windows.iter().filter_map(|w| w.first_within(not_before, part));
            let Some(start) = starts.min().filter(|_| self.is_calling_day(day)) else { continue };
            // Clocks go forward over it at some places: then the hour after.
            let found = self.zone.from_local_datetime(&day.and_time(start)).earliest();
            return Some(found.map_or(at, |found| found.with_timezone(&Utc)).max(at));
        }
        None
    }

    /// The first open moment on a later day than `at`'s.
    pub fn next_day_open(&self, at: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let tomorrow = self.local_date(at).checked_add_days(Days::new(1))?;
        let start = self.zone.from_local_datetime(&tomorrow.and_time(NaiveTime::MIN)).earliest()?;
        self.next_open(start.with_timezone(&Utc), None)
    }

    pub fn is_calling_day(&self, day: NaiveDate) -> bool {
        let weekend = matches!(day.weekday(), Weekday::Sat | Weekday::Sun);
        match self.days.get(&day) {
            Some(DayKind::Holiday) => false,
            Some(DayKind::MakeupDay) => true,
            None => self.weekends || !weekend,
        }
    }
}

impl Window {
    pub(super) fn holds(self, at: NaiveTime) -> bool {
        self.from <= at && at < self.to
    }

    /// The first moment of this window from `not_before` on that lies in the part.
    fn first_within(self, not_before: NaiveTime, part: Option<DayPart>) -> Option<NaiveTime> {
        let earliest = self.from.max(not_before);
        let starts =
            [Some(earliest), NaiveTime::from_hms_opt(12, 0, 0), NaiveTime::from_hms_opt(18, 0, 0)];
        let fits = |at: &NaiveTime| {
            *at >= earliest && self.holds(*at) && part.is_none_or(|part| part.holds(*at))
        };
        starts.into_iter().flatten().filter(fits).min()
    }
}

const END_OF_DAY: NaiveTime = match NaiveTime::from_hms_opt(23, 59, 59) {
    Some(end) => end,
    None => NaiveTime::MIN,
};

/// The longest holidays last ten days; a year without an open hour is a mistake.
const SEARCH_DAYS: u64 = 370;

#[cfg(test)]
mod tests {
    use super::*;

    fn time(text: &str) -> NaiveTime {
        text.parse().unwrap()
    }

    fn calendar() -> Calendar {
        let window = |from: &str, to: &str| Window { from: time(from), to: time(to) };
        Calendar {
            zone: chrono_tz::Asia::Shanghai,
            windows: vec![window("09:00:00", "11:30:00"), window("14:30:00", "20:00:00")],
            weekends: false,
            days: [
                ("2026-10-01".parse().unwrap(), DayKind::Holiday),
                ("2026-10-02".parse().unwrap(), DayKind::Holiday),
                ("2026-10-10".parse().unwrap(), DayKind::MakeupDay),
            ]
            .into(),
        }
    }

    fn at(text: &str) -> DateTime<Utc> {
        DateTime::parse_from_rfc3339(&format!("{text}+08:00")).unwrap().with_timezone(&Utc)
    }

    #[test]
    fn the_telephone_rings_only_inside_the_windows_of_working_days() {
        for (moment, open) in [
            ("2026-11-23T08:59:59", false),
            ("2026-11-23T09:00:00", true),
            ("2026-11-23T11:30:00", false),
            ("2026-11-23T14:30:00", true),
            ("2026-11-23T20:00:00", false),
            ("2026-11-22T10:00:00", false),
            ("2026-10-01T10:00:00", false),
            ("2026-10-10T10:00:00", true),
        ] {
            assert_eq!(calendar().is_open(at(moment)), open, "{moment}");
        }
    }

    #[test]
    fn the_next_open_moment_keeps_to_days_windows_and_the_part_of_the_day() {
        for (from, part, expected) in [
            ("2026-11-23T10:00:00", None, "2026-11-23T10:00:00"),
            ("2026-11-23T12:00:00", None, "2026-11-23T14:30:00"),
            ("2026-11-23T20:30:00", None, "2026-11-24T09:00:00"),
            ("2026-11-20T20:30:00", None, "2026-11-23T09:00:00"),
            ("2026-09-30T20:30:00", None, "2026-10-05T09:00:00"),
            ("2026-11-23T10:00:00", Some(DayPart::Evening), "2026-11-23T18:00:00"),
            ("2026-11-23T10:00:00", Some(DayPart::Afternoon), "2026-11-23T14:30:00"),
            ("2026-11-23T14:40:00", Some(DayPart::Morning), "2026-11-24T09:00:00"),
        ] {
            assert_eq!(calendar().next_open(at(from), part), Some(at(expected)), "{from} {part:?}");
        }
        assert_eq!(
            calendar().next_day_open(at("2026-11-23T09:10:00")),
            Some(at("2026-11-24T09:00:00"))
        );
    }
}
