//! Who lies in the hospital, and how they would answer the telephone. All is drawn from the
//! seed and the patient's number alone: both policies meet the same people.

use chrono::{Datelike, Days, NaiveDate};
use rand::{Rng, SeedableRng, rngs::StdRng};

use super::Model;
use crate::domain::DayPart;

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::sim) enum Habit {
    AtHome,
    AtWork,
    HardToReach,
}

/// Who would pick up at a number.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::sim) enum Line {
    Patient,
    Relative {
        informed: bool,
    },
    Stranger,
    /// 空号: nobody, a signal only.
    Dead,
}

#[derive(Clone, Debug)]
pub(in crate::sim) struct Person {
    pub(in crate::sim) id: u32,
    pub(in crate::sim) seed: u64,
    pub(in crate::sim) discharged_on: NaiveDate,
    pub(in crate::sim) birth: NaiveDate,
    pub(in crate::sim) disposition: i16,
    pub(in crate::sim) icd: &'static str,
    pub(in crate::sim) department: &'static str,
    pub(in crate::sim) habit: Habit,
    pub(in crate::sim) refuses: bool,
    pub(in crate::sim) died_on: Option<NaiveDate>,
    pub(in crate::sim) readmitted_on: Option<NaiveDate>,
    /// Own number first, then the relative's. `(number, who is there)`
    pub(in crate::sim) numbers: Vec<(u64, Line)>,
    /// What the ward would find when asked: a number that works, so many days later.
    pub(in crate::sim) repair_days: Option<u64>,
}

impl Person {
    pub(in crate::sim) fn draw(
        model: &Model,
        seed: u64,
        id: u32,
        discharged_on: NaiveDate,
    ) -> Self {
        let own_seed = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ (u64::from(id) << 20);
        let mut rng = StdRng::seed_from_u64(own_seed);
        let mut is = |name: &str| rng.random_bool(model.get(name).clamp(0.0, 1.0));
        let (invalid, stranger) = (is("own_number_invalid"), is("invalid_is_a_stranger"));
        let (has_relative, informed) = (is("has_relative"), is("relative_informed"));
        let relative_invalid = is("relative_number_invalid");
        let (died_in, moved) = (is("died_in_hospital"), is("transferred"));
        let (died, readmitted) = (is("died_after"), is("readmitted"));
        let refuses = is("refuses");
        let (found, shares) = (is("ward_finds_number"), is("shares_number"));
        let own = match (invalid, stranger) {
            (false, _) => Line::Patient,
            (true, true) => Line::Stranger,
            (true, false) => Line::Dead,
        };
        let number = if shares && id > 0 { u64::from(id - 1) } else { u64::from(id) };
        let mut numbers = vec![(OWN + number, own)];
        if has_relative {
            let line = if relative_invalid { Line::Dead } else { Line::Relative { informed } };
            numbers.push((RELATIVE + u64::from(id), line));
        }
        let age = age(model, &mut rng);
        let after =
            |rng: &mut StdRng, days: u64| discharged_on + Days::new(rng.random_range(1..=days));
        let (department, icd) = DISEASES[rng.random_range(0..DISEASES.len())];
        Self {
            id,
            seed: own_seed,
            discharged_on,
            birth: discharged_on
                - Days::new(u64::from(age) * 365 + u64::from(rng.random_range(0..365_u32))),
            disposition: match (died_in, moved) {
                (true, _) => 5,
                (_, true) => 2,
                _ => 1,
            },
            icd,
            department,
            habit: habit(model, &mut rng),
            refuses,
            died_on: died.then(|| after(&mut rng, 30)),
            readmitted_on: readmitted.then(|| after(&mut rng, 14)),
            numbers,
            repair_days: found.then(|| u64::from(model.count("ward_finds_number_days"))),
        }
    }

    /// A choice that depends on this patient, the dial and the question alone.
    pub(in crate::sim) fn chance(&self, dial: u32, salt: u64) -> f64 {
        let seed = self.seed ^ (u64::from(dial) << 8) ^ salt.wrapping_mul(0xD6E8_FEB8_6659_FD93);
        StdRng::seed_from_u64(seed).random()
    }

    /// How likely a call at this part of the day is answered.
    pub(in crate::sim) fn answers(&self, model: &Model, line: Line, part: DayPart) -> f64 {
        match (line, self.habit, part) {
            (Line::Dead, ..) => 0.0,
            (Line::Stranger, ..) => model.get("at_work_answers"),
            (Line::Relative { .. }, ..) => model.get("relative_answers"),
            (Line::Patient, Habit::AtHome, _) => model.get("at_home_answers"),
            (Line::Patient, Habit::AtWork, DayPart::Evening) => {
                model.get("at_work_answers_evening")
            }
            (Line::Patient, Habit::AtWork, _) => model.get("at_work_answers"),
            (Line::Patient, Habit::HardToReach, _) => model.get("hard_to_reach_answers"),
        }
    }

    /// Could be reached by somebody: alive, willing, not back in hospital, and some way
    /// leads to the patient or to a relative who knows.
    pub(in crate::sim) fn is_reachable(&self, deadline: NaiveDate) -> bool {
        let gone = |day: Option<NaiveDate>| day.is_some_and(|day| day <= deadline);
        let way = self
            .numbers
            .iter()
            .any(|(_, line)| matches!(line, Line::Patient | Line::Relative { informed: true }));
        self.is_eligible(deadline)
            && !self.refuses
            && !gone(self.died_on)
            && (way || self.repair_days.is_some())
    }

    /// Of the denominator of the follow-up rate (features.md, section D, item 8).
    pub(in crate::sim) fn is_eligible(&self, deadline: NaiveDate) -> bool {
        let by = |day: Option<NaiveDate>| day.is_some_and(|day| day <= deadline);
        ![2, 5].contains(&self.disposition) && !by(self.died_on) && !by(self.readmitted_on)
    }

    pub(in crate::sim) fn birthday_keys(&self) -> String {
        format!("{:02}{:02}", self.birth.month(), self.birth.day())
    }
}

fn habit(model: &Model, rng: &mut StdRng) -> Habit {
    let at: f64 = rng.random();
    let home = model.get("at_home");
    match at {
        at if at < home => Habit::AtHome,
        at if at < home + model.get("at_work") => Habit::AtWork,
        _ => Habit::HardToReach,
    }
}

/// Around the mean, between 1 and 95: the sum of three dice is near enough to a bell.
fn age(model: &Model, rng: &mut StdRng) -> u32 {
    let spread: f64 = (0..3).map(|_| rng.random_range(-20.0..20.0_f64)).sum();
    (model.get("age_mean") + spread).clamp(1.0, 95.0) as u32
}

const OWN: u64 = 13_800_000_000;
const RELATIVE: u64 = 15_900_000_000;

const DISEASES: &[(&str, &str)] = &[
    ("心内科", "I25.1"),
    ("心内科", "I10"),
    ("神经内科", "I63.9"),
    ("内分泌科", "E11.9"),
    ("肿瘤科", "C34.9"),
    ("骨科", "S72.0"),
    ("普外科", "K80.2"),
    ("呼吸内科", "J18.9"),
    ("消化内科", "K29.5"),
    ("泌尿外科", "N20.0"),
    ("妇科", "D25.9"),
    ("眼科", "H25.9"),
];
