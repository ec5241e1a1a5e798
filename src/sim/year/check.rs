//! What must never be broken, whatever happened in the year.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Duration, NaiveDate, Utc};

use super::world::World;
use crate::domain::{Outcome, TaskState};

/// From the dial to its end.
type Span = (DateTime<Utc>, DateTime<Utc>);

impl World<'_> {
    /// Every broken rule in words; empty is what is wanted.
    pub(super) fn broken(&self) -> Vec<String> {
        let mut broken = self.faults.clone();
        self.windows(&mut broken);
        self.one_call_at_a_time(&mut broken);
        self.caps(&mut broken);
        self.tasks_end(&mut broken);
        broken.truncate(TOLD_MAX);
        broken
    }

    fn windows(&self, broken: &mut Vec<String>) {
        for (at, _, _, _, task) in self.ledger.all_dials() {
            if !self.calendar.is_open(at) {
                broken.push(format!("task {task} was dialled outside the windows at {at}"));
            }
        }
    }

    /// No patient and no number in two live calls.
    fn one_call_at_a_time(&self, broken: &mut Vec<String>) {
        let mut by_person: BTreeMap<u32, Vec<Span>> = BTreeMap::new();
        let mut by_number: BTreeMap<u64, Vec<Span>> = BTreeMap::new();
        for (at, ended, person, number, task) in self.ledger.all_dials() {
            let Some(ended) = ended else {
                broken.push(format!("a call of task {task} never ended"));
                continue;
            };
            by_person.entry(person).or_default().push((at, ended));
            by_number.entry(number).or_default().push((at, ended));
        }
        let lists = by_person.into_values().chain(by_number.into_values());
        for mut calls in lists {
            calls.sort_unstable();
            if calls.windows(2).any(|pair| pair[0].1 > pair[1].0) {
                broken.push(format!("two calls at once at {}", calls[0].0));
            }
        }
    }

    /// Dials a day and the gap between two, by person.
    fn caps(&self, broken: &mut Vec<String>) {
        let mut days: BTreeMap<(u32, NaiveDate), u32> = BTreeMap::new();
        let mut last: BTreeMap<u32, (DateTime<Utc>, bool)> = BTreeMap::new();
        let gap = Duration::seconds(self.policy.retry.gap_s as i64);
        let mut dials: Vec<_> = self.ledger.all_dials().collect();
        dials.sort_unstable();
        for (at, ended, person, _, task) in dials {
            let day = self.calendar.local_date(at);
            *days.entry((person, day)).or_default() += 1;
            if let Some((before, was_busy)) = last.get(&person)
                && at - *before < gap
                && !was_busy
            {
                broken.push(format!("task {task} was dialled {} after a call", at - *before));
            }
            let busy = self
                .ledger
                .dials_of(task)
                .any(|(when, outcome)| when == at && outcome == Some(Outcome::Busy));
            last.insert(person, (ended.unwrap_or(at), busy));
        }
        let most = self.policy.dials_per_day_max;
        for ((person, day), count) in days {
            if count > most {
                broken.push(format!("person {person} was dialled {count} times on {day}"));
            }
        }
    }

    /// Every task ends, or says what it waits for; none is dialled after it was done.
    fn tasks_end(&self, broken: &mut Vec<String>) {
        for (task, row) in self.ledger.tasks.iter().enumerate() {
            if row.state == TaskState::InProgress {
                broken.push(format!("task {task} is still in progress"));
            }
            let done = self.ledger.dials_of(task).filter(|(_, o)| *o == Some(Outcome::Completed));
            let done: Vec<_> = done.map(|(at, _)| at).collect();
            let after = |at: &DateTime<Utc>| self.ledger.dials_of(task).any(|(when, _)| when > *at);
            if done.len() > 1 || done.first().is_some_and(after) {
                broken.push(format!("task {task} was called again after it was completed"));
            }
            let days: BTreeSet<_> = self
                .ledger
                .dials_of(task)
                .filter(|(_, outcome)| outcome.is_some_and(Outcome::is_attempt))
                .collect();
            if days.len() > DIALS_MAX {
                broken.push(format!("task {task} was dialled {} times", days.len()));
            }
        }
    }
}

/// Enough to see what kind of fault it is.
const TOLD_MAX: usize = 20;
const DIALS_MAX: usize = 10;
