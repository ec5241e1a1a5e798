//! The record of a simulated year, in memory. Every decision is `domain`'s, as the server's
//! own are; here are only the rows.

mod ending;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{DateTime, Duration, NaiveDate, NaiveTime, TimeZone, Utc};
use uuid::Uuid;

use super::people::Line;
use crate::{
    base::{ContactId, E164, NumberId},
    domain::{
        Calendar, Callee, CallingPolicy, Conversation, DayPart, DialFacts, History, LadderContact,
        LadderNumber, NumberKind, NumberState, Outcome, PastAttempt, Relation, TaskDial, TaskState,
        Verdict, better_hour, judge,
    },
};

/// A follow-up that is due.
#[derive(Clone, Debug)]
pub(super) struct Task {
    pub(super) person: u32,
    /// The first contact after the discharge: what the follow-up rate counts.
    pub(super) is_first: bool,
    pub(super) dialplan: String,
    pub(super) deadline_on: NaiveDate,
    pub(super) state: TaskState,
    pub(super) not_before: DateTime<Utc>,
    pub(super) attempts: u32,
    pub(super) dials: u32,
    pub(super) interruptions: u32,
    /// Has waited for a better hour once.
    pub(super) has_waited: bool,
    pub(super) done_on: Option<NaiveDate>,
    pub(super) by_person: bool,
    /// `(form, item)` answered in earlier calls, with a code.
    pub(super) answered: Vec<(String, String, String)>,
}

#[derive(Clone, Debug)]
struct Attempt {
    at: DateTime<Utc>,
    ended: Option<DateTime<Utc>>,
    person: u32,
    number: u64,
    task: usize,
    outcome: Option<Outcome>,
    answered: bool,
}

#[derive(Clone, Debug)]
struct Number {
    number: u64,
    line: Line,
    state: NumberState,
    dead_days: BTreeSet<NaiveDate>,
    last_answered: Option<NaiveDate>,
}

/// What the record knows of a person besides their dials.
#[derive(Clone, Debug, Default)]
struct Standing {
    died: bool,
    refused: bool,
    readmitted: bool,
    stopped: bool,
    numbers: Vec<Number>,
    attempts: Vec<usize>,
    tasks: Vec<usize>,
}

#[derive(Default)]
pub(super) struct Ledger {
    pub(super) tasks: Vec<Task>,
    standing: Vec<Standing>,
    attempts: Vec<Attempt>,
    by_number: HashMap<u64, Vec<usize>>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Claim {
    Dial {
        attempt: usize,
        number: u64,
        line: Line,
    },
    PutOff(DateTime<Utc>),
    Over,
    /// Dialled often enough: no machine goes on.
    ToPerson,
    /// No number is left.
    Repair,
}

/// How a dial ended.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ended {
    pub(super) facts: DialFacts,
    pub(super) conversation: Option<Conversation>,
    pub(super) promised: Option<DayPart>,
    pub(super) wants_person: bool,
    /// A person dialled, not the machine.
    pub(super) by_person: bool,
}

impl Ledger {
    pub(super) fn admit(&mut self, died: bool, numbers: &[(u64, Line)]) {
        let numbers = numbers.iter().map(|(number, line)| Number::told(*number, *line)).collect();
        self.standing.push(Standing { died, numbers, ..Standing::default() });
    }

    pub(super) fn add(&mut self, task: Task) -> usize {
        let id = self.tasks.len();
        self.standing[task.person as usize].tasks.push(id);
        self.tasks.push(task);
        id
    }

    /// Follow-ups that the machine may look at now, as the server finds them.
    pub(super) fn is_due(&self, task: usize, at: DateTime<Utc>) -> bool {
        let row = &self.tasks[task];
        matches!(row.state, TaskState::Due | TaskState::WaitingRetry) && row.not_before <= at
    }

    /// May this task be dialled now, and on which number? The attempt is there before the
    /// call; a task that may not be dialled says what it waits for.
    pub(super) fn claim(
        &mut self,
        policy: &CallingPolicy,
        calendar: &Calendar,
        task: usize,
        birth: NaiveDate,
        at: DateTime<Utc>,
        by_person: bool,
    ) -> Claim {
        let claim = self.judge(policy, calendar, task, birth, at, by_person);
        let row = &mut self.tasks[task];
        match claim {
            Claim::Dial { number, .. } => self.begin(task, number, at),
            // A nurse looks again on her next round.
            Claim::PutOff(_) if by_person => {}
            Claim::PutOff(until) => row.not_before = until,
            Claim::Over => row.state = TaskState::Cancelled,
            Claim::ToPerson => row.state = TaskState::NeedsPerson,
            Claim::Repair => row.state = TaskState::WaitingRepair,
        }
        claim
    }

    fn judge(
        &mut self,
        policy: &CallingPolicy,
        calendar: &Calendar,
        task: usize,
        birth: NaiveDate,
        at: DateTime<Utc>,
        by_person: bool,
    ) -> Claim {
        let person = self.tasks[task].person;
        if !by_person && self.tasks[task].dials >= policy.dials_per_task_max {
            return Claim::ToPerson;
        }
        let today = calendar.local_date(at);
        let Some((number, line)) = self.next_number(policy, task, birth, today) else {
            return Claim::Repair;
        };
        let past = self.past(person as usize, task);
        let row = &mut self.tasks[task];
        let may_wait = !by_person && row.dials == 0 && !row.has_waited;
        if may_wait && let Some(until) = better_hour(&policy.spread, calendar, &past, at) {
            row.has_waited = true;
            return Claim::PutOff(until);
        }
        let history = self.history(person, number, calendar, at);
        match judge(policy, calendar, &history, at) {
            Verdict::Dial => Claim::Dial { attempt: self.attempts.len(), number, line },
            Verdict::PutOff { until, .. } => Claim::PutOff(until),
            Verdict::End(_) => Claim::Over,
        }
    }

    fn begin(&mut self, task: usize, number: u64, at: DateTime<Utc>) {
        let (attempt, person) = (self.attempts.len(), self.tasks[task].person);
        self.attempts.push(Attempt {
            at,
            ended: None,
            person,
            number,
            task,
            outcome: None,
            answered: false,
        });
        self.by_number.entry(number).or_default().push(attempt);
        self.standing[person as usize].attempts.push(attempt);
        let row = &mut self.tasks[task];
        row.state = TaskState::InProgress;
        row.dials += 1;
    }

    /// This patient answers at another part of the day, within a day from now.
    pub(super) fn waits_for_its_hour(
        &self,
        policy: &CallingPolicy,
        calendar: &Calendar,
        task: usize,
        at: DateTime<Utc>,
    ) -> bool {
        let past = self.past(self.tasks[task].person as usize, task);
        better_hour(&policy.spread, calendar, &past, at).is_some()
    }

    fn next_number(
        &self,
        policy: &CallingPolicy,
        task: usize,
        birth: NaiveDate,
        today: NaiveDate,
    ) -> Option<(u64, Line)> {
        let person = self.tasks[task].person;
        let standing = &self.standing[person as usize];
        let contacts = standing.contacts();
        let dials: Vec<_> = standing
            .attempts
            .iter()
            .map(|at| &self.attempts[*at])
            .filter(|attempt| attempt.task == task)
            .filter_map(|a| Some(TaskDial { number: id(a.number), outcome: a.outcome? }))
            .filter(|dial| dial.outcome.is_attempt())
            .collect();
        let callee = Callee {
            contacts: &contacts,
            age_years: today.years_since(birth).and_then(|age| u16::try_from(age).ok()),
            patient_only: false,
            communication_mark: None,
            dials: &dials,
        };
        let rung = callee.next_number(&policy.ladder, today).0?;
        let known = standing.numbers.iter().find(|known| id(known.number) == rung.number)?;
        Some((known.number, known.line))
    }

    fn history(&self, person: u32, number: u64, calendar: &Calendar, at: DateTime<Utc>) -> History {
        let standing = &self.standing[person as usize];
        let midnight = midnight(calendar, at);
        let mut history = History {
            died: standing.died,
            refused: standing.refused,
            automatic_contact_stopped: standing.stopped,
            readmitted: standing.readmitted,
            ..History::default()
        };
        let of_number = self.by_number.get(&number).map_or(&[][..], Vec::as_slice);
        let mut ids: Vec<_> = standing.attempts.iter().chain(of_number).copied().collect();
        ids.sort_unstable();
        ids.dedup();
        for attempt in ids.into_iter().map(|id| &self.attempts[id]) {
            history.in_live_call |= attempt.ended.is_none();
            let counts =
                !matches!(attempt.outcome, Some(Outcome::TrunkFault | Outcome::SystemFault));
            if !counts {
                continue;
            }
            if attempt.at >= midnight {
                history.dials_today += 1;
                history.completed_today += u32::from(attempt.outcome == Some(Outcome::Completed));
            }
            history.last_dial = history.last_dial.max(Some(attempt.ended.unwrap_or(attempt.at)));
            history.last_was_busy = attempt.outcome == Some(Outcome::Busy);
        }
        history
    }

    fn past(&self, person: usize, task: usize) -> Vec<PastAttempt> {
        let attempts = self.standing[person].attempts.iter().map(|at| &self.attempts[*at]);
        attempts
            .filter(|a| a.outcome.is_some_and(Outcome::is_attempt))
            .map(|a| PastAttempt { at: a.at, reached: a.answered, of_this_task: a.task == task })
            .collect()
    }

    /// Death, refusal, readmission: every open task of the person ends.
    fn stop(&mut self, person: usize) {
        self.cancel(person, |state| is_for_machine(state) || state == TaskState::NeedsPerson);
    }

    /// No machine calls this person again; what waits for a person stays.
    fn stop_machine(&mut self, person: usize) {
        self.standing[person].stopped = true;
        self.cancel(person, is_for_machine);
    }

    fn cancel(&mut self, person: usize, ends: impl Fn(TaskState) -> bool) {
        for id in &self.standing[person].tasks {
            let task = &mut self.tasks[*id];
            if ends(task.state) {
                task.state = TaskState::Cancelled;
            }
        }
    }

    pub(super) fn record_death(&mut self, person: usize) {
        self.standing[person].died = true;
        self.stop(person);
    }

    /// Told to somebody of the staff.
    pub(super) fn refuse(&mut self, person: usize) {
        self.standing[person].refused = true;
        self.stop(person);
    }

    pub(super) fn person_of(&self, attempt: usize) -> usize {
        self.attempts[attempt].person as usize
    }

    pub(super) fn readmit(&mut self, person: usize) {
        self.standing[person].readmitted = true;
        self.stop(person);
    }

    /// The ward has found a number that works; follow-ups that waited for it go on.
    pub(super) fn repair(&mut self, person: usize, number: u64, at: DateTime<Utc>) -> Vec<usize> {
        self.standing[person].numbers.insert(0, Number::told(number, Line::Patient));
        let mut reopened = Vec::new();
        for id in &self.standing[person].tasks {
            let task = &mut self.tasks[*id];
            if task.state == TaskState::WaitingRepair {
                (task.state, task.not_before) = (TaskState::Due, at);
                reopened.push(*id);
            }
        }
        reopened
    }

    pub(super) fn numbers(&self, person: usize) -> impl Iterator<Item = (u64, NumberState)> {
        self.standing[person].numbers.iter().map(|known| (known.number, known.state))
    }

    pub(super) fn dials_of(
        &self,
        task: usize,
    ) -> impl Iterator<Item = (DateTime<Utc>, Option<Outcome>)> {
        let person = self.tasks[task].person as usize;
        let attempts = self.standing[person].attempts.iter().map(|at| &self.attempts[*at]);
        attempts.filter(move |a| a.task == task).map(|a| (a.at, a.outcome))
    }

    /// Every dial, for the checkers: `(at, end, person, number, task)`.
    pub(super) fn all_dials(
        &self,
    ) -> impl Iterator<Item = (DateTime<Utc>, Option<DateTime<Utc>>, u32, u64, usize)> {
        self.attempts.iter().map(|a| (a.at, a.ended, a.person, a.number, a.task))
    }

    pub(super) fn outcomes(&self) -> BTreeMap<&'static str, u64> {
        let mut counts = BTreeMap::new();
        for outcome in self.attempts.iter().filter_map(|a| a.outcome) {
            *counts.entry(outcome.as_str()).or_default() += 1;
        }
        counts
    }
}

impl Number {
    const fn told(number: u64, line: Line) -> Self {
        let state = NumberState::Unverified;
        Self { number, line, state, dead_days: BTreeSet::new(), last_answered: None }
    }
}

impl Standing {
    /// What keeps everybody from calling: the machine and the nurses.
    const fn is_gone(&self) -> bool {
        self.died || self.refused || self.readmitted
    }

    fn contacts(&self) -> Vec<LadderContact> {
        let number = |known: &Number| LadderNumber {
            id: id(known.number),
            e164: e164(known.number),
            kind: NumberKind::Mobile,
            state: known.state,
            valid_until: None,
            last_answered_on: known.last_answered,
        };
        let (relatives, own): (Vec<_>, Vec<_>) =
            self.numbers.iter().partition(|n| n.number >= RELATIVES_FROM);
        let mut contacts = vec![LadderContact {
            contact: None,
            relation: Relation::Own,
            informed: true,
            numbers: own.into_iter().map(number).collect(),
        }];
        contacts.extend(relatives.into_iter().map(|relative| LadderContact {
            contact: Some(ContactId::from_uuid(Uuid::from_u128(relative.number.into()))),
            relation: Relation::Child,
            // The record knows only who was recorded as informed.
            informed: relative.line == Line::Relative { informed: true },
            numbers: vec![number(relative)],
        }));
        contacts
    }
}

fn id(number: u64) -> NumberId {
    NumberId::from_uuid(Uuid::from_u128(number.into()))
}

fn e164(number: u64) -> E164 {
    format!("+86{number}").parse().expect("eleven digits after 86 are a number")
}

const fn is_for_machine(state: TaskState) -> bool {
    use TaskState::{Due, Pending, WaitingRepair, WaitingRetry};
    matches!(state, Pending | Due | WaitingRetry | WaitingRepair)
}

pub(super) fn midnight(calendar: &Calendar, at: DateTime<Utc>) -> DateTime<Utc> {
    let day = calendar.local_date(at).and_time(NaiveTime::MIN);
    calendar.zone.from_local_datetime(&day).earliest().map_or(at, |local| local.to_utc())
}

/// An instant of the hospital's day.
pub(in crate::sim) fn local(
    calendar: &Calendar,
    day: NaiveDate,
    hour: u32,
    minute: u32,
) -> DateTime<Utc> {
    let time = NaiveTime::from_hms_opt(hour, minute, 0).unwrap_or(NaiveTime::MIN);
    let local = calendar.zone.from_local_datetime(&day.and_time(time)).earliest();
    local.map_or_else(|| day.and_time(time).and_utc() - Duration::hours(8), |l| l.to_utc())
}

/// Relatives' numbers, as `people` gives them out.
const RELATIVES_FROM: u64 = 15_900_000_000;
