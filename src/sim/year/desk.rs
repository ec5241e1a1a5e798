//! The year's record by itself, without its hospital: a test drives it beside the server's
//! and compares what the two decide.

use chrono::{DateTime, NaiveDate, Utc};

use super::{
    ledger::{Claim, Ended, Ledger, Task},
    people::Line,
};
use crate::domain::{
    Calendar, CallingPolicy, Conversation, DayPart, DialFacts, NumberState, Outcome, TaskState,
};

/// Whose number it is. The year keeps relatives' numbers from 15 900 000 000 on.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Whose {
    Patient,
    Relative { informed: bool },
}

/// How a dial ended.
#[derive(Clone, Copy, Debug, Default)]
pub struct DialEnd {
    pub facts: DialFacts,
    pub conversation: Option<Conversation>,
    pub promised: Option<DayPart>,
    pub wants_person: bool,
}

/// A follow-up as the record has it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Standing {
    pub state: TaskState,
    pub not_before: DateTime<Utc>,
    pub attempts: u32,
    pub dials: u32,
}

pub struct Desk {
    policy: CallingPolicy,
    calendar: Calendar,
    births: Vec<NaiveDate>,
    ledger: Ledger,
}

impl Desk {
    pub fn new(policy: CallingPolicy, calendar: Calendar) -> Self {
        Self { policy, calendar, births: Vec::new(), ledger: Ledger::default() }
    }

    /// Answers the person's place in the record.
    pub fn admit(&mut self, birth: NaiveDate, numbers: &[(u64, Whose)]) -> usize {
        let line = |whose| match whose {
            Whose::Patient => Line::Patient,
            Whose::Relative { informed } => Line::Relative { informed },
        };
        let numbers: Vec<_> = numbers.iter().map(|(n, whose)| (*n, line(*whose))).collect();
        self.ledger.admit(false, &numbers);
        self.births.push(birth);
        self.births.len() - 1
    }

    /// A follow-up that is due; `waits`: once for the hour at which this patient answers.
    pub fn add(&mut self, person: usize, not_before: DateTime<Utc>, waits: bool) -> usize {
        self.ledger.add(Task {
            person: person as u32,
            is_first: false,
            dialplan: String::new(),
            deadline_on: self.calendar.local_date(not_before),
            state: TaskState::Due,
            not_before,
            attempts: 0,
            dials: 0,
            interruptions: 0,
            has_waited: !waits,
            done_on: None,
            by_person: false,
            answered: Vec::new(),
        })
    }

    pub fn is_due(&self, task: usize, at: DateTime<Utc>) -> bool {
        self.ledger.is_due(task, at)
    }

    /// The attempt and the number, where it may be dialled now; else the task says why not.
    pub fn claim(&mut self, task: usize, at: DateTime<Utc>) -> Option<(usize, u64)> {
        let birth = self.births[self.ledger.tasks[task].person as usize];
        match self.ledger.claim(&self.policy, &self.calendar, task, birth, at, false) {
            Claim::Dial { attempt, number, .. } => Some((attempt, number)),
            _ => None,
        }
    }

    pub fn end(&mut self, attempt: usize, end: &DialEnd, at: DateTime<Utc>) -> Outcome {
        let DialEnd { facts, conversation, promised, wants_person } = *end;
        let ended = Ended { facts, conversation, promised, wants_person, by_person: false };
        let birth = self.births[self.ledger.person_of(attempt)];
        self.ledger.finish(&self.policy, &self.calendar, attempt, &ended, birth, at)
    }

    pub fn record_death(&mut self, person: usize) {
        self.ledger.record_death(person);
    }

    pub fn refuse(&mut self, person: usize) {
        self.ledger.refuse(person);
    }

    pub fn readmit(&mut self, person: usize) {
        self.ledger.readmit(person);
    }

    pub fn repair(&mut self, person: usize, number: u64, at: DateTime<Utc>) {
        self.ledger.repair(person, number, at);
    }

    pub fn standing(&self, task: usize) -> Standing {
        let row = &self.ledger.tasks[task];
        let Task { state, not_before, attempts, dials, .. } = *row;
        Standing { state, not_before, attempts, dials }
    }

    pub fn numbers(&self, person: usize) -> impl Iterator<Item = (u64, NumberState)> {
        self.ledger.numbers(person)
    }
}
