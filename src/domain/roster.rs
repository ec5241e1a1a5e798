//! 值班表: who is on duty for an alert of this ward and department at this moment, and who
//! comes after them (issue 3, "Red flags": duty nurse, head nurse, 总值班).

use chrono::{NaiveDate, NaiveDateTime, NaiveTime};
use uuid::Uuid;

use super::word::words;

#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Shift {
    Day,
    Evening,
    Night,
}

words! { Shift, "a shift",
    Day = "day",
    Evening = "evening",
    Night = "night",
}

impl Shift {
    /// The shift at a moment of the hospital's own clock, and the day it began: 02:00 on
    /// Tuesday is Monday's night. Wards are staffed on holidays too, so unlike the inbound
    /// menu (questionnaires.md §7) a shift asks no calendar.
    pub fn at(local: NaiveDateTime) -> (NaiveDate, Self) {
        let (day, time) = (local.date(), local.time());
        if time < DAY_FROM {
            return (day.pred_opt().unwrap_or(day), Self::Night);
        }
        let shift = match time {
            time if time < EVENING_FROM => Self::Day,
            time if time < NIGHT_FROM => Self::Evening,
            _ => Self::Night,
        };
        (day, shift)
    }
}

/// One line of the roster. Without ward and department: of the whole hospital.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct DutyEntry {
    pub ward: Option<Uuid>,
    pub department: Option<Uuid>,
    pub day: NaiveDate,
    pub shift: Shift,
    /// 1 is rung first.
    pub rank: i16,
    pub staff_no: String,
    pub phone: String,
}

impl DutyEntry {
    /// How near this line is to a place; `None`: it is another's.
    fn nearness(&self, ward: Option<Uuid>, department: Option<Uuid>) -> Option<u8> {
        let fits = |own: Option<Uuid>, place| own.is_none() || own == place;
        let is_ours = fits(self.ward, ward) && fits(self.department, department);
        let near = 2 * u8::from(self.ward.is_some()) + u8::from(self.department.is_some());
        is_ours.then_some(near)
    }
}

/// Whom to ring, in order: for each rank the line that is nearest to the place (ward, then
/// department, then the hospital). A rank that nobody holds is passed over.
pub fn duty_ladder(
    entries: &[DutyEntry],
    ward: Option<Uuid>,
    department: Option<Uuid>,
    local: NaiveDateTime,
) -> Vec<DutyEntry> {
    let (day, shift) = Shift::at(local);
    let now = entries.iter().filter(|entry| entry.day == day && entry.shift == shift);
    let mut ours: Vec<(u8, &DutyEntry)> =
        now.filter_map(|entry| Some((entry.nearness(ward, department)?, entry))).collect();
    ours.sort_by_key(|(near, entry)| (entry.rank, std::cmp::Reverse(*near)));
    ours.dedup_by_key(|(_, entry)| entry.rank);
    ours.into_iter().map(|(_, entry)| entry.clone()).collect()
}

/// The one after `rank`; after the last one, the last again.
pub fn next_on_duty(ladder: &[DutyEntry], rank: i16) -> Option<&DutyEntry> {
    ladder.iter().find(|entry| entry.rank > rank).or_else(|| ladder.last())
}

/// questionnaires.md §7.
pub(super) const DAY_FROM: NaiveTime = clock(8, 0);
pub(super) const EVENING_FROM: NaiveTime = clock(17, 30);
pub(super) const NIGHT_FROM: NaiveTime = clock(21, 0);

const fn clock(hour: u32, minute: u32) -> NaiveTime {
    match NaiveTime::from_hms_opt(hour, minute, 0) {
        Some(time) => time,
        None => NaiveTime::MIN,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn local(text: &str) -> NaiveDateTime {
        NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M").unwrap()
    }

    #[test]
    fn a_night_belongs_to_the_day_on_which_it_began() {
        for (moment, expected) in [
            ("2025-01-07T08:00", "2025-01-07 day"),
            ("2025-01-07T17:29", "2025-01-07 day"),
            ("2025-01-07T17:30", "2025-01-07 evening"),
            ("2025-01-07T20:59", "2025-01-07 evening"),
            ("2025-01-07T21:00", "2025-01-07 night"),
            ("2025-01-08T00:00", "2025-01-07 night"),
            ("2025-01-08T07:59", "2025-01-07 night"),
            // A holiday's day shift is a day shift: the ward is staffed.
            ("2025-01-01T10:00", "2025-01-01 day"),
        ] {
            let (day, shift) = Shift::at(local(moment));
            assert_eq!(format!("{day} {shift}"), expected, "{moment}");
        }
    }

    #[test]
    fn each_rank_is_taken_from_the_nearest_place_that_holds_it() {
        let (ward, department, other) =
            (Uuid::from_u128(1), Uuid::from_u128(2), Uuid::from_u128(3));
        let line = |ward, department, rank, staff: &str| DutyEntry {
            ward,
            department,
            day: "2025-01-07".parse().unwrap(),
            shift: Shift::Night,
            rank,
            staff_no: staff.to_owned(),
            phone: String::new(),
        };
        let entries = [
            line(None, None, 3, "hospital-3"),
            line(None, None, 1, "hospital-1"),
            line(None, Some(department), 1, "department-1"),
            line(None, Some(department), 2, "department-2"),
            line(Some(ward), None, 1, "ward-1"),
            line(Some(other), None, 1, "other-ward-1"),
            line(None, Some(other), 2, "other-department-2"),
            DutyEntry { shift: Shift::Day, ..line(Some(ward), None, 1, "by-day") },
        ];
        let at = "2025-01-08T02:00";
        for (place, at, expected) in [
            ((Some(ward), Some(department)), at, "ward-1 department-2 hospital-3"),
            ((None, Some(department)), at, "department-1 department-2 hospital-3"),
            ((Some(other), Some(department)), at, "other-ward-1 department-2 hospital-3"),
            ((None, None), at, "hospital-1 hospital-3"),
            ((Some(ward), Some(department)), "2025-01-07T10:00", "by-day"),
            ((Some(ward), Some(department)), "2025-01-09T02:00", ""),
        ] {
            let ladder = duty_ladder(&entries, place.0, place.1, local(at));
            let found: Vec<_> = ladder.iter().map(|entry| entry.staff_no.as_str()).collect();
            assert_eq!(found.join(" "), expected, "{place:?} {at}");
        }
        let ladder = duty_ladder(&entries, Some(ward), Some(department), local(at));
        for (rank, expected) in
            [(0, "ward-1"), (1, "department-2"), (2, "hospital-3"), (3, "hospital-3")]
        {
            assert_eq!(next_on_duty(&ladder, rank).unwrap().staff_no, expected, "after {rank}");
        }
        assert!(next_on_duty(&[], 0).is_none());
    }
}
