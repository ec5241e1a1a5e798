//! What a simulated year came to, under both policies.

use std::{collections::BTreeMap, sync::Arc};

use chrono::{Days, NaiveDate};

use super::{Model, baseline::by_hand, people::Line, world::World};
use crate::{
    domain::{Calendar, CallingPolicy, TaskState},
    ivr::Library,
    stats::{CaseFacts, Proportion, Waterfall},
};

pub struct Year {
    pub seed: u64,
    pub digest: String,
    pub discharges: u64,
    /// Follow-up within the deadline, of the eligible.
    pub baseline: Proportion,
    pub shipped: Proportion,
    /// The same of those whom anybody could reach.
    pub reachable: Proportion,
    pub dials: u64,
    pub completed: u64,
    /// Of first contacts that were completed in time: dials by machine and by person.
    pub dials_per_completion: f64,
    pub baseline_dials_per_completion: f64,
    pub by_person: u64,
    pub outcomes: BTreeMap<&'static str, u64>,
    pub waterfall: Waterfall,
    /// Broken rules, in words.
    pub broken: Vec<String>,
}

/// # Errors
/// When a plan's dialplan cannot be played.
pub fn simulate(
    model: &Model,
    seed: u64,
    library: &Arc<Library>,
    calendar: &Calendar,
    policy: &CallingPolicy,
    days: u64,
    began: std::time::Instant,
) -> Result<Year, String> {
    let first = NaiveDate::from_ymd_opt(2025, 1, 1).ok_or("no such day")?;
    let library = Arc::clone(library);
    let mut world = World::new(model, seed, library, calendar.clone(), policy.clone(), began);
    world.run(first, days)?;
    Ok(year(&world, seed))
}

fn year(world: &World<'_>, seed: u64) -> Year {
    let model = world.model;
    let deadline_days = Days::new(u64::from(model.count("deadline_days")));
    let mut firsts: BTreeMap<u32, usize> = BTreeMap::new();
    for (id, task) in world.ledger.tasks.iter().enumerate().filter(|(_, task)| task.is_first) {
        firsts.insert(task.person, id);
    }
    let mut count = Counted::default();
    let mut cases = Vec::with_capacity(world.people.len());
    for person in &world.people {
        let deadline = person.discharged_on + deadline_days;
        let eligible = person.is_eligible(deadline) && !person.refuses;
        let task = firsts.get(&person.id).map(|id| (*id, &world.ledger.tasks[*id]));
        let done = task.is_some_and(|(_, task)| {
            task.state == TaskState::Completed && task.done_on.is_some_and(|on| on <= deadline)
        });
        let answered = task.is_some_and(|(id, _)| {
            world
                .ledger
                .dials_of(id)
                .any(|(_, o)| o.is_some_and(crate::domain::Outcome::was_answered))
        });
        cases.push(CaseFacts {
            eligible,
            has_number: !person.numbers.is_empty(),
            valid_number: person
                .numbers
                .iter()
                .any(|(_, line)| matches!(line, Line::Patient | Line::Relative { .. }))
                || task.is_some_and(|(_, task)| task.done_on.is_some()),
            answered,
            right_person: task
                .is_some_and(|(_, task)| !task.answered.is_empty() || task.done_on.is_some()),
            completed: task.is_some_and(|(_, task)| task.done_on.is_some()),
            in_time: done,
        });
        if eligible {
            let by_hand = by_hand(model, person, |day| world.calendar.is_calling_day(day));
            count.add(
                done,
                by_hand,
                person.is_reachable(deadline),
                task.map(|(_, t)| (t.dials, t.by_person)),
            );
        }
    }
    count.year(world, seed, &cases)
}

#[derive(Default)]
struct Counted {
    eligible: u64,
    done: u64,
    reachable: u64,
    reachable_done: u64,
    dials_of_done: u64,
    by_person: u64,
    by_hand: u64,
    dials_by_hand: u64,
}

impl Counted {
    fn add(
        &mut self,
        done: bool,
        (by_hand, hand_dials): (bool, u32),
        reachable: bool,
        task: Option<(u32, bool)>,
    ) {
        self.eligible += 1;
        self.done += u64::from(done);
        self.reachable += u64::from(reachable);
        self.reachable_done += u64::from(reachable && done);
        self.by_hand += u64::from(by_hand);
        if by_hand {
            self.dials_by_hand += u64::from(hand_dials);
        }
        if let (true, Some((dials, by_person))) = (done, task) {
            self.dials_of_done += u64::from(dials);
            self.by_person += u64::from(by_person);
        }
    }

    fn year(&self, world: &World<'_>, seed: u64, cases: &[CaseFacts]) -> Year {
        let share = |part| Proportion { part, whole: self.eligible };
        let mean = |sum: u64, n: u64| if n == 0 { 0.0 } else { sum as f64 / n as f64 };
        let completed = world.ledger.tasks.iter().filter(|task| task.done_on.is_some()).count();
        Year {
            seed,
            digest: world.digest(),
            discharges: world.people.len() as u64,
            baseline: share(self.by_hand),
            shipped: share(self.done),
            reachable: Proportion { part: self.reachable_done, whole: self.reachable },
            dials: world.ledger.all_dials().count() as u64,
            completed: completed as u64,
            dials_per_completion: mean(self.dials_of_done, self.done),
            baseline_dials_per_completion: mean(self.dials_by_hand, self.by_hand),
            by_person: self.by_person,
            outcomes: world.ledger.outcomes(),
            waterfall: Waterfall::of_cases(cases.iter()),
            broken: world.broken(),
        }
    }
}
