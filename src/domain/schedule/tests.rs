use super::*;
use rand::{Rng, SeedableRng, rngs::StdRng};

fn date(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

#[track_caller]
fn check(dues: &[Due], expected: &[&str]) {
    let found: Vec<_> = dues.iter().map(|due| due.on.to_string()).collect();
    assert_eq!(found, expected);
    let sequences: Vec<_> = dues.iter().map(|due| due.sequence).collect();
    assert!(sequences.iter().copied().eq(0..u16::try_from(dues.len()).unwrap()), "{sequences:?}");
}

fn rows(days: &[u16]) -> Vec<IntervalRow> {
    (0..).zip(days).map(|(sequence, days)| IntervalRow { sequence, days: *days }).collect()
}

/// features.md B1.
#[test]
fn the_interval_table_repeats_its_last_row() {
    let schedule = Schedule::from_table(&rows(&[30, 150, 150]), Horizon::Count(5)).unwrap();
    check(
        &schedule.preview(date("2025-01-01")),
        &["2025-01-31", "2025-06-30", "2025-11-27", "2026-04-26", "2026-09-23"],
    );
}

/// features.md B2.
#[test]
fn chronic_cycles_clamp_to_short_months_and_return_to_their_day() {
    for (months, start, expected) in [
        (1, "2025-01-15", &["2025-02-15", "2025-03-15", "2025-04-15", "2025-05-15"]),
        (1, "2025-01-31", &["2025-02-28", "2025-03-31", "2025-04-30", "2025-05-31"]),
        (1, "2024-01-31", &["2024-02-29", "2024-03-31", "2024-04-30", "2024-05-31"]),
        (6, "2025-08-31", &["2026-02-28", "2026-08-31", "2027-02-28", "2027-08-31"]),
        (3, "2025-01-01", &["2025-04-01", "2025-07-01", "2025-10-01", "2026-01-01"]),
        (3, "2023-11-30", &["2024-02-29", "2024-05-30", "2024-08-30", "2024-11-30"]),
        (12, "2024-02-29", &["2025-02-28", "2026-02-28", "2027-02-28", "2028-02-29"]),
    ] {
        let schedule = Schedule::cycle(Interval::Months(months), Horizon::Count(4));
        check(&schedule.preview(date(start)), expected);
    }
}

#[test]
fn a_plan_ends_at_its_horizon_of_days_or_of_follow_ups() {
    for (days, horizon, count, last) in [
        (1, Horizon::Days(14), 14, "2025-01-15"),
        (1, Horizon::Count(3), 3, "2025-01-04"),
        (3650, Horizon::Count(2), 2, "2044-12-27"),
        (3650, Horizon::Days(3650), 1, "2034-12-30"),
        (1, Horizon::Days(1_000_000), usize::from(FOLLOW_UPS_MAX), "2035-12-15"),
    ] {
        let dues =
            Schedule::from_table(&rows(&[days]), horizon).unwrap().preview(date("2025-01-01"));
        assert_eq!(
            (dues.len(), dues.last().unwrap().on),
            (count, date(last)),
            "{days} {horizon:?}"
        );
    }
    let dues = Schedule::from_table(&rows(&[30]), Horizon::Days(29)).unwrap();
    check(&dues.preview(date("2025-01-01")), &[]);
}

/// F060: the first month each week, then each month.
#[test]
fn phases_follow_each_other() {
    let phase = |every, lasts| Phase { every, lasts };
    let monthly = phase(Interval::Months(1), Lasts::Times(1));
    for (first, expected) in [
        (
            phase(Interval::Days(7), Lasts::Within(Interval::Months(1))),
            ["2025-01-08", "2025-01-15", "2025-01-22", "2025-01-29", "2025-03-01", "2025-04-01"],
        ),
        (
            phase(Interval::Days(7), Lasts::Times(2)),
            ["2025-01-08", "2025-01-15", "2025-02-15", "2025-03-15", "2025-04-15", "2025-05-15"],
        ),
    ] {
        let phases = vec![first, monthly];
        let schedule = Schedule { phases, ..Schedule::cycle(monthly.every, Horizon::Count(6)) };
        check(&schedule.preview(date("2025-01-01")), &expected);
    }
}

#[test]
fn the_anchor_decides_whether_a_late_call_moves_the_next_one() {
    let late = [Done { sequence: 0, on: date("2025-02-05") }];
    let in_time = [Done { sequence: 0, on: date("2025-02-28") }];
    for (every, start, anchor, done, expected) in [
        (Interval::Days(30), "2025-01-01", Anchor::Scheduled, &late, ["2025-01-31", "2025-03-02"]),
        (Interval::Days(30), "2025-01-01", Anchor::Actual, &late, ["2025-01-31", "2025-03-07"]),
        (Interval::Months(1), "2025-01-01", Anchor::Actual, &late, ["2025-02-01", "2025-03-05"]),
        (Interval::Months(1), "2025-01-31", Anchor::Actual, &in_time, ["2025-02-28", "2025-03-31"]),
    ] {
        let schedule = Schedule { anchor, ..Schedule::cycle(every, Horizon::Count(2)) };
        check(&schedule.due_dates(date(start), done, &[]), &expected);
    }
}

/// F059.
#[test]
fn a_patients_own_cycle_moves_only_what_is_still_to_come() {
    let schedule = Schedule::cycle(Interval::Months(1), Horizon::Days(120));
    let change = |from, every| CycleChange { from: date(from), every };
    let start = date("2025-01-01");
    let done = [Done { sequence: 0, on: date("2025-01-31") }];
    let early = [Done { sequence: 0, on: date("2025-01-19") }];
    for (done, changes, expected) in [
        (
            &done[..],
            vec![change("2025-02-10", Interval::Days(14))],
            &[
                "2025-02-01",
                "2025-02-15",
                "2025-03-01",
                "2025-03-15",
                "2025-03-29",
                "2025-04-12",
                "2025-04-26",
            ][..],
        ),
        // The first date of the new rhythm, 15 February, has gone by: nothing is due in the past.
        (
            &[],
            vec![
                change("2025-02-20", Interval::Days(14)),
                change("2025-03-20", Interval::Days(30)),
            ],
            &["2025-02-01", "2025-03-01", "2025-03-15", "2025-04-14"],
        ),
        // Done before it was due, and before the change: it stays.
        (
            &early[..],
            vec![change("2025-01-20", Interval::Months(3))],
            &["2025-02-01", "2025-05-01"],
        ),
        // Done under the new rhythm: it is not counted back to the old one.
        (
            &done[..],
            vec![change("2025-01-20", Interval::Days(30))],
            &["2025-01-31", "2025-03-02", "2025-04-01", "2025-05-01"],
        ),
    ] {
        check(&schedule.due_dates(start, done, &changes), expected);
    }
    check(&schedule.preview(start), &["2025-02-01", "2025-03-01", "2025-04-01", "2025-05-01"]);
}

#[test]
fn what_the_hospital_does_not_allow_is_told_row_by_row() {
    let limits = ScheduleLimits { interval_days_max: 365, ..ScheduleLimits::default() };
    let table = |days: &[u16], horizon| Schedule::from_table(&rows(days), horizon).unwrap();
    for (schedule, expected) in [
        (table(&[1, 365], Horizon::Count(10)), vec![]),
        (table(&[30, 0, 366], Horizon::Count(10)), vec!["第 2 行", "第 3 行"]),
        (table(&[], Horizon::Count(1)), vec!["没有间隔"]),
        (table(&[30], Horizon::Count(0)), vec!["终止期限"]),
        (table(&[30], Horizon::Days(20_000)), vec!["终止期限"]),
        (Schedule::cycle(Interval::Months(12), Horizon::Count(3)), vec![]),
        (Schedule::cycle(Interval::Months(24), Horizon::Count(3)), vec!["第 1 行"]),
    ] {
        let faults = schedule.check(&limits).err().unwrap_or_default();
        let told: Vec<_> = faults.iter().map(ToString::to_string).collect();
        assert_eq!(told.len(), expected.len(), "{told:?}");
        assert!(told.iter().zip(expected).all(|(told, start)| told.starts_with(start)), "{told:?}");
    }
    let gap = [IntervalRow { sequence: 0, days: 30 }, IntervalRow { sequence: 2, days: 30 }];
    assert_eq!(Schedule::from_table(&gap, Horizon::Count(1)), Err(ScheduleFault::Gap(1)));
}

#[test]
fn an_interval_of_nothing_ends_the_plan_instead_of_the_server() {
    let never = Schedule::from_table(&rows(&[30, 0]), Horizon::Count(9)).unwrap();
    check(&never.preview(date("2025-01-01")), &["2025-01-31"]);
    let change = CycleChange { from: date("2025-02-01"), every: Interval::Months(0) };
    let monthly = Schedule::cycle(Interval::Months(1), Horizon::Count(9));
    check(&monthly.due_dates(date("2025-01-01"), &[], &[change]), &[]);
}

/// F057.
#[test]
fn the_first_contact_is_warned_of_on_day_12_and_overdue_on_day_15() {
    let discharged = date("2025-01-01");
    let day = |n| discharged + Days::new(n);
    for (done, today, expected) in [
        (None, 11, OnTime::Open),
        (None, 12, OnTime::Warning),
        (None, 14, OnTime::Warning),
        (None, 15, OnTime::Overdue),
        (Some(14), 30, OnTime::InTime),
        (Some(15), 30, OnTime::Late),
    ] {
        let found = FirstContact::default().judge(discharged, done.map(day), day(today));
        assert_eq!(found, expected, "{done:?} on day {today}");
    }
}

/// The reference counts days by hand and knows nothing of chrono.
#[derive(Clone, Copy)]
struct Civil {
    year: i32,
    month: i32,
    day: i32,
}

impl Civil {
    fn month_days(year: i32, month: i32) -> i32 {
        match month {
            2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
            2 => 28,
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        }
    }

    fn plus_days(mut self, days: i32) -> Self {
        self.day += days;
        while self.day > Self::month_days(self.year, self.month) {
            self.day -= Self::month_days(self.year, self.month);
            self.month += 1;
            if self.month == 13 {
                (self.year, self.month) = (self.year + 1, 1);
            }
        }
        self
    }

    fn plus_months(self, months: i32) -> Self {
        let months = self.year * 12 + self.month - 1 + months;
        let (year, month) = (months / 12, months % 12 + 1);
        Self { year, month, day: self.day.min(Self::month_days(year, month)) }
    }

    fn written(self) -> String {
        format!("{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

#[test]
fn ten_thousand_random_tables_agree_with_a_calendar_counted_by_hand() {
    const SEED: u64 = 20_251_125;
    let mut dice = StdRng::seed_from_u64(SEED);
    for round in 0..10_000 {
        let (year, month) = (dice.random_range(1990..2040), dice.random_range(1..=12));
        let day = dice.random_range(1..=Civil::month_days(year, month));
        let start = Civil { year, month, day };
        let intervals: Vec<Interval> = (0..dice.random_range(1..=8))
            .map(|_| match dice.random_range(0..4) {
                0 => Interval::Months(dice.random_range(1..=24)),
                1 => Interval::Days(dice.random_range(1..=3650)),
                _ => Interval::Days(dice.random_range(1..=90)),
            })
            .collect();
        let count = dice.random_range(1..=12);
        let (mut last, mut base, mut months) = (start, start, 0);
        let expected: Vec<String> = (0..usize::from(count))
            .map(|at| {
                match intervals[at.min(intervals.len() - 1)] {
                    Interval::Days(days) => {
                        last = last.plus_days(days.into());
                        (base, months) = (last, 0);
                    }
                    Interval::Months(more) => {
                        months += i32::from(more);
                        last = base.plus_months(months);
                    }
                }
                last.written()
            })
            .collect();
        let phase = |every: &Interval| Phase { every: *every, lasts: Lasts::Times(1) };
        let phases = intervals.iter().map(phase).collect();
        let horizon = Horizon::Count(count);
        let schedule = Schedule { phases, horizon, anchor: Anchor::Scheduled };
        let found: Vec<_> =
            schedule.preview(date(&start.written())).iter().map(|due| due.on.to_string()).collect();
        assert_eq!(found, expected, "seed {SEED}, round {round}: {start}", start = start.written());
    }
}
