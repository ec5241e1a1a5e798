//! A year of the hospital, event by event, and the checks after it.

use std::{
    cmp::Reverse,
    collections::{BTreeSet, BinaryHeap},
    sync::Arc,
};

use chrono::{DateTime, Days, Duration, NaiveDate, Utc};
use sha2::{Digest, Sha256};

use super::{
    Model,
    call::Ending,
    ledger::{Claim, Ended, Ledger, Task, local},
    people::Person,
    talk::Stage,
};
use crate::{
    domain::{
        Calendar, CallingPolicy, Case, CodedDiagnosis, DialFacts, Disposition, PlanSet, Standing,
        TaskState, choose_plans,
    },
    ivr::Library,
};

pub(super) struct World<'a> {
    pub(super) model: &'a Model,
    pub(super) policy: CallingPolicy,
    pub(super) calendar: Calendar,
    pub(super) people: Vec<Person>,
    pub(super) ledger: Ledger,
    pub(super) plans: PlanSet,
    pub(super) stage: Stage,
    pub(super) seed: u64,
    pub(super) events: BinaryHeap<Reverse<(DateTime<Utc>, u64, Event)>>,
    sequence: u64,
    clock: DateTime<Utc>,
    ready: BTreeSet<(DateTime<Utc>, usize)>,
    lines_free: u32,
    asked_ward: BTreeSet<u32>,
    with_nurses: BTreeSet<usize>,
    pub(super) digest: Sha256,
    pub(super) faults: Vec<String>,
}

#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Event {
    Day(NaiveDate),
    Ended(usize, Box<Ending>),
    Repaired(u32),
    Died(u32),
    Readmitted(u32),
    Nurses,
}

impl<'a> World<'a> {
    pub(super) fn new(
        model: &'a Model,
        seed: u64,
        library: Arc<Library>,
        calendar: Calendar,
        policy: CallingPolicy,
        began: std::time::Instant,
    ) -> Self {
        Self {
            model,
            policy,
            calendar,
            people: Vec::new(),
            ledger: Ledger::default(),
            plans: PlanSet::shipped(),
            stage: Stage::new(library, began),
            seed,
            events: BinaryHeap::new(),
            sequence: 0,
            clock: DateTime::UNIX_EPOCH,
            ready: BTreeSet::new(),
            lines_free: model.count("lines"),
            asked_ward: BTreeSet::new(),
            with_nurses: BTreeSet::new(),
            digest: Sha256::new(),
            faults: Vec::new(),
        }
    }

    /// From the first day to the last, and until the last first contact is due.
    ///
    /// # Errors
    /// When a dialplan of a plan cannot be played.
    pub(super) fn run(&mut self, first: NaiveDate, days: u64) -> Result<(), String> {
        for day in 0..days + RUN_OFF_DAYS {
            let day = first + Days::new(day);
            self.put(local(&self.calendar, day, 0, 5), Event::Day(day));
            for (hour, minute) in NURSES_AT {
                self.put(local(&self.calendar, day, hour, minute), Event::Nurses);
            }
        }
        let last = first + Days::new(days);
        loop {
            let event_at = self.events.peek().map(|Reverse((at, ..))| *at);
            let task_at = self.ready.first().map(|(at, _)| *at).filter(|_| self.lines_free > 0);
            match (event_at, task_at) {
                (None, None) => return Ok(()),
                (Some(event), task) if task.is_none_or(|task| event <= task) => {
                    self.step_event(last)?;
                }
                _ => self.step_task()?,
            }
        }
    }

    pub(super) fn put(&mut self, at: DateTime<Utc>, event: Event) {
        self.sequence += 1;
        self.events.push(Reverse((at, self.sequence, event)));
    }

    fn step_event(&mut self, last: NaiveDate) -> Result<(), String> {
        let Some(Reverse((at, _, event))) = self.events.pop() else { return Ok(()) };
        self.clock = at;
        match event {
            Event::Day(day) if day < last => self.discharge(day)?,
            Event::Day(_) => {}
            Event::Ended(task, ending) => self.on_ended(task, &ending, at),
            Event::Repaired(person) => {
                let number = REPAIRED + u64::from(person);
                for task in self.ledger.repair(person as usize, number, at) {
                    self.ready.insert((at, task));
                }
            }
            Event::Died(person) => self.ledger.record_death(person as usize),
            Event::Readmitted(person) => self.ledger.readmit(person as usize),
            Event::Nurses => self.nurses(at)?,
        }
        Ok(())
    }

    fn discharge(&mut self, day: NaiveDate) -> Result<(), String> {
        let model = self.model;
        let mean = model.get("beds") * model.get("occupancy") / model.get("stay_days");
        let count = mean.round() as u32;
        for _ in 0..count {
            let id = u32::try_from(self.people.len()).map_err(|_| "too many people")?;
            let person = Person::draw(model, self.seed, id, day);
            self.ledger.admit(person.disposition == 5, &person.numbers);
            let at = |day| local(&self.calendar, day, 3, 0);
            let (died, back) = (person.died_on.map(at), person.readmitted_on.map(at));
            self.plan(&person);
            self.people.push(person);
            if let Some(at) = died {
                self.put(at, Event::Died(id));
            }
            if let Some(at) = back {
                self.put(at, Event::Readmitted(id));
            }
        }
        Ok(())
    }

    fn plan(&mut self, person: &Person) {
        let day = person.discharged_on;
        let age = day.years_since(person.birth).and_then(|age| u16::try_from(age).ok());
        let case = Case {
            diagnoses: &[CodedDiagnosis { icd: person.icd, main: true }],
            department: person.department,
            ward: None,
            age_years: age,
            had_operation: false,
            operations: &[],
            disposition: Disposition::from_code(person.disposition),
            risk: None,
            standing: Standing { death_recorded: person.disposition == 5, ..Standing::default() },
        };
        for chosen in choose_plans(&self.plans, &case) {
            let until = day + Days::new(PLAN_DAYS);
            for step in chosen.template.body.steps(day, &[], until, 0) {
                let not_before = local(&self.calendar, step.on, 0, 10);
                let task = self.ledger.add(Task {
                    person: person.id,
                    is_first: step.sequence == 0 && chosen.template.is_routine(),
                    dialplan: chosen.template.body.dialplan.clone(),
                    deadline_on: step.deadline,
                    state: TaskState::Due,
                    not_before,
                    attempts: 0,
                    dials: 0,
                    interruptions: 0,
                    has_waited: false,
                    done_on: None,
                    by_person: false,
                    answered: Vec::new(),
                });
                self.ready.insert((not_before, task));
            }
        }
    }

    fn step_task(&mut self) -> Result<(), String> {
        let Some((at, task)) = self.ready.pop_first() else { return Ok(()) };
        let row = &self.ledger.tasks[task];
        if !matches!(row.state, TaskState::Due | TaskState::WaitingRetry) {
            return Ok(());
        }
        // A line becomes free later than the task was ready.
        let at = at.max(self.clock);
        self.clock = at;
        let birth = self.people[row.person as usize].birth;
        match self.ledger.claim(&self.policy, &self.calendar, task, birth, at, false) {
            Claim::Dial { attempt, number, line } => {
                self.lines_free -= 1;
                self.dial(task, attempt, number, line, false, at)?;
            }
            Claim::PutOff(until) => {
                self.ready.insert((until.max(at + Duration::seconds(1)), task));
            }
            Claim::ToPerson => {
                self.with_nurses.insert(task);
            }
            Claim::Over => {}
            Claim::Repair => self.ask_ward(task, at),
        }
        Ok(())
    }

    fn on_ended(&mut self, task: usize, ending: &Ending, at: DateTime<Utc>) {
        if !ending.by_person {
            self.lines_free += 1;
        }
        let ended = Ended {
            facts: DialFacts {
                sip_status: Some(ending.status),
                q850: ending.cause,
                rang: ending.rang,
                answered: ending.answered,
                we_cancelled: ending.cancelled,
                ..DialFacts::default()
            },
            conversation: ending.conversation.and_then(|word| word.parse().ok()),
            promised: ending.promised.and_then(|word| word.parse().ok()),
            wants_person: ending.wants_person,
            by_person: ending.by_person,
        };
        let person = self.ledger.tasks[task].person;
        let birth = self.people[person as usize].birth;
        let before = self.ledger.tasks[task].answered.len();
        self.keep_answers(task, &ending.answers);
        let (policy, calendar) = (&self.policy, &self.calendar);
        let outcome = self.ledger.finish(policy, calendar, ending.attempt, &ended, birth, at);
        let row = &self.ledger.tasks[task];
        self.digest.update(format!("{at} {task} {outcome} {} {before};", row.state));
        match row.state {
            TaskState::WaitingRetry => {
                self.ready.insert((row.not_before, task));
            }
            TaskState::WaitingRepair => self.ask_ward(task, at),
            TaskState::NeedsPerson => {
                self.with_nurses.insert(task);
            }
            _ => {}
        }
    }

    /// An item that has been answered is not asked again, and has one row.
    fn keep_answers(&mut self, task: usize, answers: &[String]) {
        for answer in answers {
            let Some((form, item)) = answer.split_once(' ') else { continue };
            // The opening is asked anew in each call.
            if form.starts_with("opening") {
                continue;
            }
            let known = &mut self.ledger.tasks[task].answered;
            if known.iter().any(|(f, i, _)| (f.as_str(), i.as_str()) == (form, item)) {
                self.faults.push(format!("task {task}: {item} was asked twice"));
            }
            known.push((form.to_owned(), item.to_owned(), "1".to_owned()));
        }
    }

    fn ask_ward(&mut self, task: usize, at: DateTime<Utc>) {
        let person = self.ledger.tasks[task].person;
        let days = self.people[person as usize].repair_days;
        if let (Some(days), true) = (days, self.asked_ward.insert(person)) {
            self.put(at + Duration::days(days as i64), Event::Repaired(person));
        }
    }

    /// The nurses of the centre go on where the machine stopped: first contacts before
    /// others, the nearest deadline first.
    fn nurses(&mut self, at: DateTime<Utc>) -> Result<(), String> {
        let today = self.calendar.local_date(at);
        if !self.calendar.is_open(at) {
            return Ok(());
        }
        let share = self.model.count("agents_calls_per_day") as usize / NURSES_AT.len();
        let mut waiting: Vec<_> = self
            .waiting_for_nurses(today)
            .into_iter()
            .map(|task| {
                let row = &self.ledger.tasks[task];
                (!row.is_first, row.deadline_on, task)
            })
            .collect();
        waiting.sort_unstable();
        let mut left = share;
        for (_, _, task) in waiting {
            if left == 0 {
                break;
            }
            let row = &self.ledger.tasks[task];
            if row.deadline_on > today + Days::new(1)
                && self.ledger.waits_for_its_hour(&self.policy, &self.calendar, task, at)
            {
                continue;
            }
            let birth = self.people[row.person as usize].birth;
            match self.ledger.claim(&self.policy, &self.calendar, task, birth, at, true) {
                Claim::Dial { attempt, number, line } => {
                    left -= 1;
                    self.dial(task, attempt, number, line, true, at)?;
                }
                Claim::PutOff(_) | Claim::Over | Claim::ToPerson => {}
                Claim::Repair => self.ask_ward(task, at),
            }
        }
        Ok(())
    }

    /// Those past their time are over: nobody is called for an old discharge.
    fn waiting_for_nurses(&mut self, today: NaiveDate) -> Vec<usize> {
        let dials_max = self.policy.dials_per_task_max;
        let tasks = &mut self.ledger.tasks;
        self.with_nurses.retain(|id| {
            let task = &mut tasks[*id];
            let too_late = task.deadline_on + Days::new(OVERDUE_DAYS) < today;
            if task.state == TaskState::NeedsPerson && (too_late || task.dials >= dials_max) {
                task.state = TaskState::Expired;
            }
            matches!(task.state, TaskState::NeedsPerson | TaskState::InProgress)
        });
        let waits = |id: &&usize| tasks[**id].state == TaskState::NeedsPerson;
        self.with_nurses.iter().filter(waits).copied().collect()
    }

    pub(super) fn digest(&self) -> String {
        format!("{:x}", self.digest.clone().finalize())
    }
}

/// Three rounds a day, inside the calling windows, one in each part of the day.
const NURSES_AT: [(u32, u32); 3] = [(9, 30), (15, 0), (18, 30)];

/// After the last discharge: until its first contact is over.
const RUN_OFF_DAYS: u64 = 30;

/// Plans are looked ahead this far: to the end of the year.
const PLAN_DAYS: u64 = 365;
const OVERDUE_DAYS: u64 = 14;

/// Numbers that wards find.
const REPAIRED: u64 = 13_000_000_000;
