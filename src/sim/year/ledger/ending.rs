//! The end of a dial: its outcome, what it says of the number, and what becomes of the task.

use std::collections::BTreeSet;

use chrono::{DateTime, NaiveDate, Utc};

use super::{Ended, Ledger, id};
use crate::domain::{
    After, Calendar, CallingPolicy, Counts, NumberState, Outcome, TaskState, after,
    fault_while_they_listened, heed, unless_gone,
};

impl Ledger {
    /// The outcome of a dial, and what becomes of its task and its number.
    pub(in crate::sim::year) fn finish(
        &mut self,
        policy: &CallingPolicy,
        calendar: &Calendar,
        attempt: usize,
        ended: &Ended,
        birth: NaiveDate,
        at: DateTime<Utc>,
    ) -> Outcome {
        let outcome = ended.facts.outcome(ended.conversation);
        let answered = ended.facts.answered;
        let row = &mut self.attempts[attempt];
        (row.ended, row.outcome, row.answered) = (Some(at), Some(outcome), answered);
        let (task, number, person) = (row.task, row.number, row.person as usize);
        let today = calendar.local_date(at);
        // What was said holds at once: the calls that are still to come know it.
        match outcome {
            Outcome::Refused => self.standing[person].refused = true,
            Outcome::Unable => self.stop_machine(person),
            _ => {}
        }
        let dead_days = self.learn(person, number, outcome, answered, today);
        self.count(task, outcome);
        let counts = self.counts(policy, task, number, birth, dead_days, calendar, at);
        let next = policy.retry.decide(outcome, counts);
        let next = fault_while_they_listened(&policy.retry, next, outcome, answered);
        let next = heed(next, outcome, ended.promised, ended.wants_person);
        let next = unless_gone(next, self.standing[person].is_gone());
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
        row.not_before = not_before.unwrap_or(row.not_before);
        if state == TaskState::Completed {
            (row.done_on, row.by_person) = (Some(today), ended.by_person);
        }
        if outcome == Outcome::Refused {
            self.stop(person);
        }
        outcome
    }

    /// A fault of the line or of ours was no dial: nobody's telephone rang for it.
    fn count(&mut self, task: usize, outcome: Outcome) {
        let row = &mut self.tasks[task];
        row.attempts += u32::from(outcome.is_attempt());
        row.interruptions += u32::from(matches!(outcome, Outcome::BreakOff | Outcome::Partial));
        row.dials -= u32::from(is_fault(outcome));
    }

    /// Answers on how many days in a row the number was out of service.
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
        if outcome == Outcome::NotInService {
            known.dead_days.insert(today);
        } else if outcome.is_attempt() {
            known.dead_days.clear();
        }
        known.state = match outcome {
            Outcome::NotInService if known.dead_days.len() >= 2 => NumberState::Invalid,
            Outcome::NotInService => NumberState::Suspect,
            Outcome::WrongNumber => NumberState::Blocked,
            Outcome::Completed | Outcome::Partial => NumberState::Valid,
            _ => known.state,
        };
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
        let ended: Vec<_> = of_task().filter_map(|a| a.outcome).collect();
        let faults = ended.iter().rev().take_while(|outcome| is_fault(**outcome)).count();
        let age = today.years_since(birth).and_then(|age| u16::try_from(age).ok());
        let ladder = policy.ladder.ladder(&standing.contacts(), age, false, today);
        Counts {
            attempts: row.attempts,
            interruptions: row.interruptions,
            declined_days: days(Outcome::Declined),
            out_of_service_days: dead_days,
            faults: faults as u32,
            has_other_number: ladder.rungs.iter().any(|rung| rung.number != id(number)),
            busy_today: busy_today > 1,
        }
    }
}

const fn is_fault(outcome: Outcome) -> bool {
    matches!(outcome, Outcome::TrunkFault | Outcome::SystemFault)
}
