//! How a call goes: who picks up, and what is said.

use chrono::{DateTime, Duration, Utc};
use sha2::Digest;

use super::{
    Model,
    ledger::Ledger,
    people::{Line, Person},
    talk::Manner,
    world::{Event, World},
};
use crate::domain::{Conversation, DayPart};

/// What a call that is on the line will come to.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) struct Ending {
    pub(super) attempt: usize,
    pub(super) by_person: bool,
    pub(super) answered: bool,
    pub(super) rang: bool,
    pub(super) cancelled: bool,
    pub(super) status: u16,
    pub(super) cause: Option<u8>,
    pub(super) conversation: Option<&'static str>,
    pub(super) promised: Option<&'static str>,
    pub(super) wants_person: bool,
    pub(super) answers: Vec<String>,
}

impl World<'_> {
    /// Draws how the call will go; it ends later.
    pub(super) fn dial(
        &mut self,
        task: usize,
        attempt: usize,
        number: u64,
        line: Line,
        by_person: bool,
        at: DateTime<Utc>,
    ) -> Result<(), String> {
        let row = &self.ledger.tasks[task];
        // The number is another patient's too: who picks up is whoever lives there.
        let person = &self.people[row.person as usize];
        let dial = (task as u32).wrapping_mul(64).wrapping_add(row.dials);
        let part = self.calendar.part_of(at);
        let answers = person.chance(dial, 1) < person.answers(self.model, line, part);
        let (ending, lasted) = if answers {
            self.answered(task, attempt, line, by_person, dial, at)?
        } else {
            let silence = self.silence(person, line, dial);
            (Ending { attempt, by_person, ..silence }, silence_s(line))
        };
        self.note(at, row_person(&self.ledger, task), number, &ending);
        self.put(at + lasted, Event::Ended(task, Box::new(ending)));
        Ok(())
    }

    fn silence(&self, person: &Person, line: Line, dial: u32) -> Ending {
        let (status, cause, rang, cancelled) = match silence(self.model, person, line, dial) {
            Silence::Dead => (404, Some(1), false, false),
            Silence::Busy => (486, Some(17), false, false),
            Silence::Declined => (603, Some(21), true, false),
            Silence::PoweredOff => (480, Some(20), false, false),
            Silence::NoAnswer => (487, None, true, true),
        };
        Ending {
            attempt: 0,
            by_person: false,
            answered: false,
            rang,
            cancelled,
            status,
            cause,
            conversation: None,
            promised: None,
            wants_person: false,
            answers: Vec::new(),
        }
    }

    fn answered(
        &mut self,
        task: usize,
        attempt: usize,
        line: Line,
        by_person: bool,
        dial: u32,
        at: DateTime<Utc>,
    ) -> Result<(Ending, Duration), String> {
        let row = &self.ledger.tasks[task];
        let manner = manner(self.model, &self.people[row.person as usize], line, by_person, dial);
        let plain = Ending {
            attempt,
            by_person,
            answered: true,
            rang: true,
            cancelled: false,
            status: 200,
            cause: None,
            conversation: None,
            promised: None,
            wants_person: false,
            answers: Vec::new(),
        };
        if by_person {
            let (conversation, promised) = manner.told_to_a_person();
            let conversation = Some(conversation.as_str());
            let promised = promised.map(DayPart::as_str);
            return Ok((Ending { conversation, promised, ..plain }, Duration::minutes(5)));
        }
        let row = &self.ledger.tasks[task];
        let person = &self.people[row.person as usize];
        let age = self.calendar.local_date(at).years_since(person.birth).unwrap_or(0) as i32;
        let spoken = self.stage.play(&row.dialplan, person, age, manner, &row.answered)?;
        let verdict = spoken.verdict;
        let ending = Ending {
            conversation: verdict.conversation.map(Conversation::as_str),
            promised: verdict.promised.map(DayPart::as_str),
            wants_person: verdict.wants_person,
            answers: spoken.answers,
            ..plain
        };
        let lasted = Duration::from_std(spoken.lasted).unwrap_or_default();
        Ok((ending, lasted + Duration::seconds(12)))
    }

    fn note(&mut self, at: DateTime<Utc>, person: u32, number: u64, ending: &Ending) {
        self.digest.update(format!("{at} {person} {number} {};", ending.status));
    }
}

/// How whoever picks up behaves in this call.
pub(in crate::sim) fn manner(
    model: &Model,
    person: &Person,
    line: Line,
    by_person: bool,
    dial: u32,
) -> Manner {
    let is = |name: &str, salt| person.chance(dial, salt) < model.get(name);
    let informed = person.chance(0, 13) < model.get("relative_informed");
    match line {
        Line::Stranger | Line::Dead => return Manner::Stranger,
        Line::Relative { informed: false } => {
            return Manner::RelativeAnswers { informed: false };
        }
        _ if is("postpones", 3) => return Manner::Postpones,
        Line::Patient if is("other_answers", 4) && !informed => {
            return Manner::RelativeAnswers { informed: false };
        }
        _ if person.refuses => return Manner::Refuses,
        _ => {}
    }
    let at = person.chance(dial, 5);
    if by_person {
        let completes = at < model.get("person_completes");
        return if completes { Manner::Answers } else { Manner::Postpones };
    }
    let (whole, part) = (model.get("keys_complete"), model.get("keys_break_off"));
    match at {
        at if at < whole && matches!(line, Line::Relative { .. }) => {
            Manner::RelativeAnswers { informed: true }
        }
        at if at < whole => Manner::Answers,
        at if at < whole + part => Manner::BreaksOff(5),
        at if at < whole + part + (1.0 - whole - part) * 0.5 => Manner::NoKeys,
        _ => Manner::WrongBirthday,
    }
}

/// Why nobody picks up.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::sim) enum Silence {
    Dead,
    Busy,
    Declined,
    PoweredOff,
    NoAnswer,
}

pub(in crate::sim) fn silence(model: &Model, person: &Person, line: Line, dial: u32) -> Silence {
    if line == Line::Dead {
        return Silence::Dead;
    }
    let at = person.chance(dial, 2);
    let (busy, declined) = (model.get("busy"), model.get("declined"));
    let off = model.get("powered_off");
    match at {
        at if at < busy => Silence::Busy,
        at if at < busy + declined => Silence::Declined,
        at if at < busy + declined + off => Silence::PoweredOff,
        _ => Silence::NoAnswer,
    }
}

fn row_person(ledger: &Ledger, task: usize) -> u32 {
    ledger.tasks[task].person
}

/// How long nobody answers: a signal comes at once, a bell rings for fifty seconds.
fn silence_s(line: Line) -> Duration {
    Duration::seconds(if line == Line::Dead { 6 } else { 50 })
}
