//! 法定节假日 and 调休 as data: the State Council announces them each November for the year
//! to come, so no rule can know them. What would close while nobody calls is done before.

use std::collections::BTreeMap;

use chrono::{Datelike, NaiveDate};

use super::{Calendar, DayKind};

#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Holiday {
    pub on: NaiveDate,
    pub kind: DayKind,
    pub name: String,
}

/// The shipped calendar, 2025 and 2026.
pub fn shipped_holidays() -> Vec<Holiday> {
    read_holidays(include_str!("data/holidays-cn.csv")).unwrap_or_default()
}

/// `2026-10-01,2026-10-07,holiday,国庆节`; lines with # are remarks.
///
/// # Errors
/// The line and what is wrong with it, also when a day is named twice.
pub fn read_holidays(text: &str) -> Result<Vec<Holiday>, String> {
    let mut days: BTreeMap<NaiveDate, Holiday> = BTreeMap::new();
    for (number, line) in (1..).zip(text.lines()) {
        if line.trim().is_empty() || line.starts_with('#') {
            continue;
        }
        let fault = |what: &str| format!("第 {number} 行:{what} / line {number}");
        let cells: Vec<&str> = line.split(',').map(str::trim).collect();
        let &[from, to, kind, name] = cells.as_slice() else {
            return Err(fault("应有四列:起、止、类型、名称"));
        };
        let kind = match kind {
            "holiday" => DayKind::Holiday,
            "makeup_day" => DayKind::MakeupDay,
            _ => return Err(fault("类型应为 holiday 或 makeup_day")),
        };
        let (Ok(from), Ok(to)) = (from.parse::<NaiveDate>(), to.parse::<NaiveDate>()) else {
            return Err(fault("日期应如 2026-10-01"));
        };
        if to < from || (to - from).num_days() >= HOLIDAY_DAYS_MAX {
            return Err(fault("止日早于起日,或假期太长"));
        }
        for on in from.iter_days().take_while(|day| *day <= to) {
            let holiday = Holiday { on, kind, name: name.to_owned() };
            if days.insert(on, holiday).is_some() {
                return Err(fault("日期重复"));
            }
        }
    }
    Ok(days.into_values().collect())
}

/// The year whose holidays are missing: this one at any time, the next one from 1 December.
pub fn missing_year(days: &BTreeMap<NaiveDate, DayKind>, today: NaiveDate) -> Option<i32> {
    let known =
        |year: i32| days.iter().any(|(day, kind)| day.year() == year && *kind == DayKind::Holiday);
    let next = (today.month() == 12).then_some(today.year() + 1);
    [Some(today.year()), next].into_iter().flatten().find(|year| !known(*year))
}

/// From the first to the last day on which a task can be done.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct TaskDays {
    pub opens: NaiveDate,
    pub closes: NaiveDate,
}

#[derive(Clone, Debug, Eq, PartialEq)]
pub struct BroughtForward {
    pub days: TaskDays,
    /// Empty when nothing was moved.
    pub reason: String,
}

/// A task that would close on a day without calls closes on the last day with calls
/// before it, and opens by then. It is never moved before `earliest`; when there is no
/// such day left, it stays as it is and is late afterwards, not lost.
pub fn bring_forward(calendar: &Calendar, task: TaskDays, earliest: NaiveDate) -> BroughtForward {
    let stays = BroughtForward { days: task, reason: String::new() };
    if calendar.is_calling_day(task.closes) {
        return stays;
    }
    let mut day = task.closes;
    for _ in 0..HOLIDAY_DAYS_MAX {
        let Some(before) = day.pred_opt().filter(|before| *before >= earliest) else {
            return stays;
        };
        day = before;
        if calendar.is_calling_day(day) {
            let days = TaskDays { opens: task.opens.min(day), closes: day };
            let reason = format!("因: {} 不外呼,提前到 {day}", task.closes);
            return BroughtForward { days, reason };
        }
    }
    stays
}

/// The longest so far had nine days; with weekends before and behind.
const HOLIDAY_DAYS_MAX: i64 = 31;

#[cfg(test)]
mod tests {
    use super::*;

    fn date(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn days() -> BTreeMap<NaiveDate, DayKind> {
        shipped_holidays().into_iter().map(|holiday| (holiday.on, holiday.kind)).collect()
    }

    fn calendar(weekends: bool) -> Calendar {
        Calendar { weekends, days: days(), ..Calendar::always(chrono_tz::Asia::Shanghai) }
    }

    /// The lengths that the notices name.
    #[test]
    fn the_shipped_calendar_has_the_days_of_the_notices() {
        let holidays = shipped_holidays();
        for (year, off, makeup) in [(2025, 28, 5), (2026, 33, 6)] {
            let count = |kind| {
                holidays.iter().filter(|day| day.on.year() == year && day.kind == kind).count()
            };
            assert_eq!(
                (count(DayKind::Holiday), count(DayKind::MakeupDay)),
                (off, makeup),
                "{year}"
            );
        }
        for holiday in holidays.iter().filter(|day| day.kind == DayKind::MakeupDay) {
            assert!(holiday.on.weekday().number_from_monday() >= 6, "{holiday:?}");
        }
    }

    #[test]
    fn makeup_days_are_called_on_and_holidays_are_not() {
        let calendar = calendar(false);
        for (day, expected) in [
            ("2026-02-13", true),
            ("2026-02-14", true),
            ("2026-02-15", false),
            ("2026-02-23", false),
            ("2026-02-24", true),
            ("2026-02-28", true),
            ("2026-03-01", false),
            ("2026-10-07", false),
            ("2026-10-08", true),
            ("2026-10-10", true),
            ("2026-10-11", false),
        ] {
            assert_eq!(calendar.is_calling_day(date(day)), expected, "{day}");
        }
    }

    #[test]
    fn next_years_calendar_is_asked_for_from_december() {
        let all = days();
        for (today, expected) in [
            ("2025-12-31", None),
            ("2026-11-30", None),
            ("2026-12-01", Some(2027)),
            ("2027-01-01", Some(2027)),
            ("2024-06-01", Some(2024)),
        ] {
            assert_eq!(missing_year(&all, date(today)), expected, "{today}");
        }
    }

    #[test]
    fn what_would_close_inside_a_holiday_is_brought_forward() {
        for (weekends, opens, closes, earliest, expected) in [
            (true, "2026-09-24", "2026-10-05", "2026-09-22", ("2026-09-24", "2026-09-30")),
            (true, "2026-10-02", "2026-10-05", "2026-09-22", ("2026-09-30", "2026-09-30")),
            (true, "2026-10-02", "2026-10-08", "2026-09-22", ("2026-10-02", "2026-10-08")),
            (true, "2026-10-02", "2026-10-05", "2026-10-01", ("2026-10-02", "2026-10-05")),
            (false, "2026-11-10", "2026-11-15", "2026-11-01", ("2026-11-10", "2026-11-13")),
            (true, "2026-11-10", "2026-11-15", "2026-11-01", ("2026-11-10", "2026-11-15")),
            (false, "2026-02-10", "2026-02-20", "2026-02-01", ("2026-02-10", "2026-02-14")),
        ] {
            let task = TaskDays { opens: date(opens), closes: date(closes) };
            let found = bring_forward(&calendar(weekends), task, date(earliest));
            let (opens, closes) = expected;
            assert_eq!(found.days, TaskDays { opens: date(opens), closes: date(closes) });
            assert_eq!(found.reason.is_empty(), found.days == task, "{found:?}");
        }
        let never = Calendar { windows: vec![], weekends: false, ..calendar(false) };
        let task = TaskDays { opens: date("2026-10-01"), closes: date("2026-10-03") };
        assert_eq!(bring_forward(&never, task, NaiveDate::MIN).days.closes, date("2026-09-30"));
    }

    #[test]
    fn a_line_that_cannot_be_read_is_named() {
        for (text, expected) in [
            ("2027-01-01,2027-01-01,holiday", "第 1 行:应有四列"),
            ("# x\n2027-01-01,2027-01-01,feast,x", "第 2 行:类型"),
            ("1 January,2027-01-01,holiday,x", "第 1 行:日期应如"),
            ("2027-01-02,2027-01-01,holiday,x", "第 1 行:止日"),
            ("2027-01-01,2029-01-01,holiday,x", "第 1 行:止日"),
            (
                "2027-01-01,2027-01-03,holiday,x\n2027-01-03,2027-01-03,makeup_day,x",
                "第 2 行:日期重复",
            ),
        ] {
            let error = read_holidays(text).unwrap_err();
            assert!(error.starts_with(expected), "{error}");
        }
    }
}
