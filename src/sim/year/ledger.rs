//! The record of a simulated year, in memory. Every decision is `domain`'s, as the server's
//! own are; here are only the rows.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{DateTime, Duration, NaiveDate, NaiveTime, TimeZone, Utc};
use uuid::Uuid;

use super::people::{Line, Person};
use crate::{
    base::{ContactId, E164, NumberId},
    domain::{
        After, Calendar, Callee, CallingPolicy, Conversation, Counts, DayPart, DialFacts, History,
        LadderContact, LadderNumber, NumberKind, NumberState, Outcome, PastAttempt, Relation,
        TaskDial, TaskState, Verdict, after, better_hour, heed, judge,
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
    pub(super) fn admit(&mut self, person: &Person) {
        let number = |&(number, line): &(u64, Line)| Number {
            number,
            line,
            state: NumberState::Unverified,
            dead_days: BTreeSet::new(),
            last_answered: None,
        };
        self.standing.push(Standing {
            died: person.disposition == 5,
            numbers: person.numbers.iter().map(number).collect(),
            ..Standing::default()
        });
    }

    pub(super) fn add(&mut self, task: Task) -> usize {
        let id = self.tasks.len();
        self.standing[task.person as usize].tasks.push(id);
        self.tasks.push(task);
        id
    }

    /// May this task be dialled now, and on which number? The attempt is there before the
    /// call.
    pub(super) fn claim(
        &mut self,
        policy: &CallingPolicy,
        calendar: &Calendar,
        task: usize,
        birth: NaiveDate,
        at: DateTime<Utc>,
    ) -> Claim {
        let person = self.tasks[task].person;
        let today = calendar.local_date(at);
        let Some((number, line)) = self.next_number(policy, task, birth, today) else {
            return Claim::Repair;
        };
        let past = self.past(person as usize, task);
        let row = &mut self.tasks[task];
        if row.dials == 0
            && !std::mem::replace(&mut row.has_waited, true)
            && let Some(until) = better_hour(&policy.spread, calendar, &past, at)
        {
            return Claim::PutOff(until);
        }
        let history = self.history(person, number, calendar, at);
        match judge(policy, calendar, &history, at) {
            Verdict::Dial => {}
            Verdict::PutOff { until, .. } => return Claim::PutOff(until),
            Verdict::End(_) => return Claim::Over,
        }
        let attempt = self.attempts.len();
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
        Claim::Dial { attempt, number, line }
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

    /// The outcome of a dial, and what becomes of its task and its number.
    pub(super) fn finish(
        &mut self,
        policy: &CallingPolicy,
        calendar: &Calendar,
        attempt: usize,
        ended: &Ended,
        birth: NaiveDate,
        at: DateTime<Utc>,
    ) -> Outcome {
        let outcome = ended.facts.outcome(ended.conversation);
        let row = &mut self.attempts[attempt];
        (row.ended, row.outcome, row.answered) = (Some(at), Some(outcome), ended.facts.answered);
        let (task, number, person) = (row.task, row.number, row.person as usize);
        let today = calendar.local_date(at);
        let dead_days = self.learn(person, number, outcome, ended.facts.answered, today);
        let is_interrupted = matches!(outcome, Outcome::BreakOff | Outcome::Partial);
        let counted = &mut self.tasks[task];
        counted.attempts += u32::from(outcome.is_attempt());
        counted.interruptions += u32::from(is_interrupted);
        let counts = self.counts(policy, task, number, birth, dead_days, calendar, at);
        let next = policy.retry.decide(outcome, counts);
        let next = heed(next, outcome, ended.promised, ended.wants_person);
        let past = self.past(person, task);
        let promised = ended.promised;
        let After { state, not_before, .. } =
            after(calendar, &policy.spread, next, outcome, promised, &past, at);
        let row = &mut self.tasks[task];
        row.state = match state {
            // Who hands a task on to a person already is one.
            TaskState::WaitingRetry if ended.by_person => TaskState::NeedsPerson,
            state => state,
        };
        row.not_before = not_before.unwrap_or(at);
        if state == TaskState::Completed {
            (row.done_on, row.by_person) = (Some(today), ended.by_person);
        }
        if matches!(outcome, Outcome::Refused) {
            self.standing[person].refused = true;
            self.stop(person);
        }
        outcome
    }

    fn learn(
        &mut self,
        person: usize,
        number: u64,
        outcome: Outcome,
        answered: bool,
        today: NaiveDate,
    ) -> u32 {
        let known = self.standing[person].numbers.iter_mut().find(|n| n.number == number);
        let Some(known) = known else { return 0 };
        if answered {
            known.last_answered = Some(today);
        }
        match outcome {
            Outcome::NotInService => {
                known.dead_days.insert(today);
                let is_dead = known.dead_days.len() >= 2;
                known.state = if is_dead { NumberState::Invalid } else { NumberState::Suspect };
            }
            Outcome::WrongNumber => known.state = NumberState::Blocked,
            Outcome::Completed | Outcome::Partial => known.state = NumberState::Valid,
            outcome if outcome.is_attempt() => known.dead_days.clear(),
            _ => {}
        }
        known.dead_days.len() as u32
    }

    #[expect(clippy::too_many_arguments, reason = "the facts of one decision")]
    fn counts(
        &self,
        policy: &CallingPolicy,
        task: usize,
        number: u64,
        birth: NaiveDate,
        dead_days: u32,
        calendar: &Calendar,
        at: DateTime<Utc>,
    ) -> Counts {
        let row = &self.tasks[task];
        let standing = &self.standing[row.person as usize];
        let today = calendar.local_date(at);
        let of_task =
            || standing.attempts.iter().map(|at| &self.attempts[*at]).filter(|a| a.task == task);
        let days = |outcome: Outcome| {
            let days = of_task().filter(|a| a.outcome == Some(outcome));
            days.map(|a| calendar.local_date(a.at)).collect::<BTreeSet<_>>().len() as u32
        };
        let busy_today = of_task()
            .filter(|a| a.outcome == Some(Outcome::Busy) && calendar.local_date(a.at) == today)
            .count();
        let age = today.years_since(birth).and_then(|age| u16::try_from(age).ok());
        let ladder = policy.ladder.ladder(&standing.contacts(), age, false, today);
        Counts {
            attempts: row.attempts,
            interruptions: row.interruptions,
            declined_days: days(Outcome::Declined),
            out_of_service_days: dead_days,
            faults: 0,
            has_other_number: ladder.rungs.iter().any(|rung| rung.number != id(number)),
            busy_today: busy_today > 1,
        }
    }

    fn past(&self, person: usize, task: usize) -> Vec<PastAttempt> {
        let attempts = self.standing[person].attempts.iter().map(|at| &self.attempts[*at]);
        attempts
            .filter(|a| a.outcome.is_some_and(Outcome::is_attempt))
            .map(|a| PastAttempt { at: a.at, reached: a.answered, of_this_task: a.task == task })
            .collect()
    }

    /// Death, refusal: every open task of the person ends.
    pub(super) fn stop(&mut self, person: usize) {
        for id in &self.standing[person].tasks {
            let task = &mut self.tasks[*id];
            let open = matches!(
                task.state,
                TaskState::Pending
                    | TaskState::Due
                    | TaskState::WaitingRetry
                    | TaskState::WaitingRepair
                    | TaskState::NeedsPerson
            );
            if open {
                task.state = TaskState::Cancelled;
            }
        }
    }

    pub(super) fn record_death(&mut self, person: usize) {
        self.standing[person].died = true;
        self.stop(person);
    }

    pub(super) fn readmit(&mut self, person: usize) {
        self.standing[person].readmitted = true;
        self.stop(person);
    }

    /// The ward has found a number that works; follow-ups that waited for it go on.
    pub(super) fn repair(&mut self, person: usize, number: u64, at: DateTime<Utc>) -> Vec<usize> {
        let fresh = Number {
            number,
            line: Line::Patient,
            state: NumberState::Unverified,
            dead_days: BTreeSet::new(),
            last_answered: None,
        };
        self.standing[person].numbers.insert(0, fresh);
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

impl Standing {
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

pub(super) fn midnight(calendar: &Calendar, at: DateTime<Utc>) -> DateTime<Utc> {
    let day = calendar.local_date(at).and_time(NaiveTime::MIN);
    calendar.zone.from_local_datetime(&day).earliest().map_or(at, |local| local.to_utc())
}

/// An instant of the hospital's day.
pub(super) fn local(calendar: &Calendar, day: NaiveDate, hour: u32, minute: u32) -> DateTime<Utc> {
    let time = NaiveTime::from_hms_opt(hour, minute, 0).unwrap_or(NaiveTime::MIN);
    let local = calendar.zone.from_local_datetime(&day.and_time(time)).earliest();
    local.map_or_else(|| day.and_time(time).and_utc() - Duration::hours(8), |l| l.to_utc())
}

/// Relatives' numbers, as `people` gives them out.
const RELATIVES_FROM: u64 = 15_900_000_000;
