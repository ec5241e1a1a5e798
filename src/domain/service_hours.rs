//! When who is there for callers: day and evening by kind of day, everything else is night.

use std::collections::BTreeMap;

use chrono::{Datelike, NaiveDate, NaiveDateTime, Weekday};
use serde::{Deserialize, Serialize};

use super::{
    DayKind, Shift, Window,
    roster::{DAY_FROM, EVENING_FROM, NIGHT_FROM},
};

/// 服务时段. As a hospital sets it; shipped: questionnaires.md §7 on every day that is no
/// holiday.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct ServiceHours {
    pub workday: DayHours,
    pub weekend: DayHours,
    pub holiday: DayHours,
}

/// Absent: nobody is there in that shift.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct DayHours {
    pub day: Option<Window>,
    pub evening: Option<Window>,
}

impl Default for ServiceHours {
    fn default() -> Self {
        let hours = DayHours {
            day: Some(Window { from: DAY_FROM, to: EVENING_FROM }),
            evening: Some(Window { from: EVENING_FROM, to: NIGHT_FROM }),
        };
        Self { workday: hours, weekend: hours, holiday: DayHours::default() }
    }
}

impl ServiceHours {
    /// The shift of a moment in local time; `days`: holidays and 调休.
    pub fn shift_at(&self, days: &BTreeMap<NaiveDate, DayKind>, local: NaiveDateTime) -> Shift {
        let is_weekend = matches!(local.weekday(), Weekday::Sat | Weekday::Sun);
        let hours = match days.get(&local.date()) {
            Some(DayKind::Holiday) => self.holiday,
            Some(DayKind::MakeupDay) => self.workday,
            None if is_weekend => self.weekend,
            None => self.workday,
        };
        let holds = |window: Option<Window>| window.is_some_and(|it| it.holds(local.time()));
        match (holds(hours.day), holds(hours.evening)) {
            (true, _) => Shift::Day,
            (false, true) => Shift::Evening,
            (false, false) => Shift::Night,
        }
    }

    /// # Errors
    /// With what is wrong: a span that ends before it begins, or two that overlap.
    pub fn check(&self) -> Result<(), &'static str> {
        for hours in [self.workday, self.weekend, self.holiday] {
            let spans = [hours.day, hours.evening].into_iter().flatten();
            if spans.clone().any(|span| span.from >= span.to) {
                return Err("开始须早于结束 / each span starts before it ends");
            }
            if let (Some(day), Some(evening)) = (hours.day, hours.evening)
                && day.from < evening.to
                && evening.from < day.to
            {
                return Err("白班与晚班不能重叠 / day and evening must not overlap");
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_day_has_its_shifts() {
        let on = |text: &str| text.parse::<NaiveDate>().unwrap();
        let days = BTreeMap::from([
            (on("2025-10-01"), DayKind::Holiday),
            (on("2025-09-28"), DayKind::MakeupDay),
        ]);
        let weekend = DayHours { evening: None, ..ServiceHours::default().workday };
        let hours = ServiceHours { weekend, ..ServiceHours::default() };
        let cases = [
            ("2025-09-26T07:59:59", Shift::Night),
            ("2025-09-26T08:00:00", Shift::Day),
            ("2025-09-26T17:29:59", Shift::Day),
            ("2025-09-26T17:30:00", Shift::Evening),
            ("2025-09-26T20:59:59", Shift::Evening),
            ("2025-09-26T21:00:00", Shift::Night),
            ("2025-09-27T18:00:00", Shift::Night),
            ("2025-09-28T18:00:00", Shift::Evening),
            ("2025-10-01T10:00:00", Shift::Night),
        ];
        for (local, shift) in cases {
            assert_eq!(hours.shift_at(&days, local.parse().unwrap()), shift, "{local}");
        }
    }

    #[test]
    fn hours_that_cannot_be_are_refused() {
        let fine = ServiceHours::default();
        assert_eq!(fine.check(), Ok(()));
        let day = Some(Window { from: EVENING_FROM, to: DAY_FROM });
        let turned = DayHours { day, evening: None };
        assert!(ServiceHours { weekend: turned, ..fine }.check().is_err());
        let day = Some(Window { from: DAY_FROM, to: NIGHT_FROM });
        let both = DayHours { day, ..fine.workday };
        assert!(ServiceHours { workday: both, ..fine }.check().is_err());
    }
}
