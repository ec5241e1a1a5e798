//! The hospital as the paper found it: a ward nurse, the one number on record, no repair,
//! working hours. The same people as under the shipped policy, answering by the same dice.

use chrono::{Days, NaiveDate};

use super::{
    Model,
    people::{Line, Person},
};
use crate::domain::DayPart;

/// Was this patient followed up by the deadline, and in how many dials?
pub(super) fn by_hand(
    model: &Model,
    person: &Person,
    workday: impl Fn(NaiveDate) -> bool,
) -> (bool, u32) {
    let deadline = person.discharged_on + Days::new(u64::from(model.count("deadline_days")));
    let (_, line) = person.numbers[0];
    let attempts = model.count("manual_attempts");
    let mut dials = 0;
    let mut day = person.discharged_on + Days::new(FIRST_DAY);
    while day <= deadline && dials < attempts {
        if workday(day) {
            let part = if dials % 2 == 0 { DayPart::Morning } else { DayPart::Afternoon };
            dials += 1;
            match call(model, person, line, part, dials) {
                Called::Done => return (true, dials),
                Called::Over => return (false, dials),
                Called::Again => {}
            }
        }
        day = day + Days::new(1);
    }
    (false, dials)
}

enum Called {
    Done,
    Again,
    Over,
}

fn call(model: &Model, person: &Person, line: Line, part: DayPart, dial: u32) -> Called {
    let dial = BY_HAND + dial;
    let is = |name: &str, salt| person.chance(dial, salt) < model.get(name);
    if person.chance(dial, 1) >= person.answers(model, line, part) {
        return if line == Line::Dead { Called::Over } else { Called::Again };
    }
    let informed = person.chance(0, 13) < model.get("relative_informed");
    match line {
        Line::Stranger | Line::Dead => Called::Over,
        _ if is("postpones", 3) => Called::Again,
        _ if is("other_answers", 4) && !informed => Called::Again,
        _ if person.refuses => Called::Over,
        _ if is("person_completes", 5) => Called::Done,
        _ => Called::Again,
    }
}

/// The habit of the ward: a week after the discharge.
const FIRST_DAY: u64 = 7;

/// Dice of its own: these are other calls than the machine's.
const BY_HAND: u32 = 1 << 30;
