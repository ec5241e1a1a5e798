//! The decisions around one dial: whom, on which number, now or when, and what becomes of
//! the task afterwards. The server and the simulated hospital both decide by these.

use chrono::{DateTime, Duration, NaiveDate, Utc};

use super::{
    Calendar, CallingPolicy, DayPart, Forbidden, History, Ladder, LadderContact, LadderPolicy,
    Next, Outcome, PastAttempt, RetryPolicy, Rung, SpreadPolicy, TaskState, may_dial,
};
use crate::base::NumberId;

/// A dial of this task that is over.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct TaskDial {
    pub number: NumberId,
    pub outcome: Outcome,
}

/// Who is to be called.
#[derive(Clone, Debug)]
pub struct Callee<'a> {
    pub contacts: &'a [LadderContact],
    pub age_years: Option<u16>,
    pub patient_only: bool,
    /// 沟通障碍, as the record words it.
    pub communication_mark: Option<&'a str>,
    /// Of this task, the first first.
    pub dials: &'a [TaskDial],
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Verdict {
    Dial,
    PutOff { why: &'static str, until: DateTime<Utc> },
    End(&'static str),
}

/// Before any number is looked at: can a machine ask this person at all?
pub fn needs_person(mark: Option<&str>) -> Option<&'static str> {
    match mark? {
        "no_speech" => Some("no_speech"),
        "hard_of_hearing" => Some("hard_of_hearing"),
        "cognitive" => Some("cognitive"),
        _ => None,
    }
}

impl Callee<'_> {
    /// The number for the next dial. What has failed in this task stands behind what has
    /// not; a number that nobody picks up gives way to the next after two tries (F025).
    pub fn next_number(&self, policy: &LadderPolicy, today: NaiveDate) -> (Option<Rung>, Ladder) {
        let ladder = policy.ladder(self.contacts, self.age_years, self.patient_only, today);
        let place = |rung: &Rung| {
            let dials = self.dials.iter().filter(|dial| dial.number == rung.number);
            let dead = dials.clone().any(|dial| is_dead_end(dial.outcome));
            let silent = dials.filter(|dial| is_silent(dial.outcome)).count();
            (dead, silent / SILENT_TRIES)
        };
        let next = ladder.rungs.iter().min_by_key(|rung| place(rung)).copied();
        (next, ladder)
    }
}

/// A planned follow-up that was never dialled waits once for the hour at which this patient
/// answers, or at which most people do; a day at the longest.
pub fn better_hour(
    spread: &SpreadPolicy,
    calendar: &Calendar,
    past: &[PastAttempt],
    at: DateTime<Utc>,
) -> Option<DateTime<Utc>> {
    let next = spread.next_attempt(calendar, past, at)?;
    (next.at > at && next.at - at < Duration::days(1)).then_some(next.at)
}

const fn is_dead_end(outcome: Outcome) -> bool {
    matches!(
        outcome,
        Outcome::NotInService | Outcome::WrongNumber | Outcome::WrongPerson | Outcome::Barred
    )
}

const fn is_silent(outcome: Outcome) -> bool {
    matches!(
        outcome,
        Outcome::NoAnswer
            | Outcome::Unreachable
            | Outcome::CarrierVoicemail
            | Outcome::CallAssistant
            | Outcome::Declined
    )
}

/// May it be dialled now?
pub fn judge(
    policy: &CallingPolicy,
    calendar: &Calendar,
    history: &History,
    at: DateTime<Utc>,
) -> Verdict {
    let why = match may_dial(policy, calendar, history, at) {
        Ok(()) => return Verdict::Dial,
        Err(why) => why,
    };
    if why.is_final() {
        return Verdict::End(why.as_str());
    }
    let until = match why {
        Forbidden::OutsideWindow { opens_at } => opens_at,
        Forbidden::Gap { until } => calendar.next_open(until, None),
        Forbidden::DailyCap { .. } => calendar.next_day_open(at),
        _ => None,
    };
    Verdict::PutOff { why: why.as_str(), until: until.unwrap_or(at + LOOK_AGAIN) }
}

/// What the respondent asked for goes before the rule; what the rule gave to a person stays
/// there.
pub fn heed(next: Next, outcome: Outcome, promised: Option<DayPart>, wants_person: bool) -> Next {
    let is_interrupted = matches!(
        outcome,
        Outcome::BreakOff | Outcome::Partial | Outcome::AnsweredNoKeys | Outcome::WrongPerson
    );
    match (outcome, promised) {
        _ if wants_person && is_interrupted => Next::HandToPerson,
        (Outcome::WrongPerson, Some(_)) if next != Next::HandToPerson => Next::CallBack,
        _ => next,
    }
}

/// Our fault, but the person was on the line: not again in a minute.
pub const fn fault_while_they_listened(
    retry: &RetryPolicy,
    next: Next,
    outcome: Outcome,
    answered: bool,
) -> Next {
    match outcome {
        Outcome::SystemFault if answered => {
            Next::RetryAfter(std::time::Duration::from_secs(retry.gap_s))
        }
        _ => next,
    }
}

/// Who has died, refused or come back to hospital while the telephone rang is called by
/// nobody any more, a nurse included (rules.md §2); what the call has brought stays.
pub const fn unless_gone(next: Next, is_gone: bool) -> Next {
    match next {
        Next::Complete | Next::Partial | Next::Verify => next,
        _ if is_gone => Next::Cancel,
        next => next,
    }
}

/// What became of the task, and from when on it is due again.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct After {
    pub state: TaskState,
    pub not_before: Option<DateTime<Utc>>,
    /// Why then, in words.
    pub because: Option<String>,
}

/// `past`: dials to this person, the one that has just ended included.
pub fn after(
    calendar: &Calendar,
    spread: &SpreadPolicy,
    next: Next,
    outcome: Outcome,
    promised: Option<DayPart>,
    past: &[PastAttempt],
    at: DateTime<Utc>,
) -> After {
    let plain = |state| After { state, not_before: None, because: None };
    let waits = |not_before: Option<DateTime<Utc>>, because: Option<String>| After {
        state: TaskState::WaitingRetry,
        not_before,
        because,
    };
    match next {
        Next::Complete => plain(TaskState::Completed),
        Next::Partial => plain(TaskState::Partial),
        Next::Cancel => plain(TaskState::Cancelled),
        Next::Repair => plain(TaskState::WaitingRepair),
        Next::HandToPerson => plain(TaskState::NeedsPerson),
        Next::Verify => plain(TaskState::Uncertain),
        Next::CallBack => waits(
            calendar.next_open(at + PROMISE_NOT_BEFORE, promised),
            Some("因: 约定的时段".to_owned()),
        ),
        Next::RetryAfter(wait) => {
            let earliest = at + Duration::from_std(wait).unwrap_or_default();
            if says_nothing_of_the_hour(outcome) {
                return waits(calendar.next_open(earliest, None), None);
            }
            spread_out(calendar, spread, past, earliest)
        }
        Next::RetryAnotherDay => {
            let earliest = calendar.next_day_open(at).unwrap_or(at);
            if says_nothing_of_the_hour(outcome) {
                return waits(Some(earliest), None);
            }
            spread_out(calendar, spread, past, earliest)
        }
    }
}

/// A fault, a busy line or a dead number: another part of the day would not help.
const fn says_nothing_of_the_hour(outcome: Outcome) -> bool {
    matches!(
        outcome,
        Outcome::Busy
            | Outcome::TrunkFault
            | Outcome::SystemFault
            | Outcome::NotInService
            | Outcome::WrongNumber
    )
}

fn spread_out(
    calendar: &Calendar,
    spread: &SpreadPolicy,
    past: &[PastAttempt],
    earliest: DateTime<Utc>,
) -> After {
    let found = spread.next_attempt(calendar, past, earliest);
    After {
        state: TaskState::WaitingRetry,
        not_before: found
            .as_ref()
            .map(|next| next.at)
            .or_else(|| calendar.next_open(earliest, None)),
        because: found.map(|next| next.reason),
    }
}

/// A number that stays silent this often gives way to the next one of the ladder.
const SILENT_TRIES: usize = 2;

/// "This afternoon" said at two is not at one minute past two.
const PROMISE_NOT_BEFORE: Duration = Duration::hours(1);

/// Another call of the same family is on the line: soon over.
const LOOK_AGAIN: Duration = Duration::seconds(30);

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::domain::{LadderNumber, NumberKind, NumberState, Relation};

    fn id(n: u128) -> NumberId {
        NumberId::from_uuid(Uuid::from_u128(n))
    }

    fn contact(n: u128, relation: Relation) -> LadderContact {
        let number = LadderNumber {
            id: id(n),
            e164: format!("+86138001380{n:02}").parse().unwrap(),
            kind: NumberKind::Mobile,
            state: NumberState::Unverified,
            valid_until: None,
            last_answered_on: None,
        };
        let own = relation == Relation::Own;
        LadderContact {
            contact: (!own).then(|| crate::base::ContactId::from_uuid(Uuid::from_u128(n))),
            relation,
            informed: true,
            numbers: vec![number],
        }
    }

    #[test]
    fn a_number_that_failed_gives_way_to_the_next_contact() {
        let contacts = [contact(1, Relation::Own), contact(2, Relation::Child)];
        let dialled = |dials: &[(u128, Outcome)]| -> Vec<TaskDial> {
            dials
                .iter()
                .map(|(n, outcome)| TaskDial { number: id(*n), outcome: *outcome })
                .collect()
        };
        for (dials, expected) in [
            (vec![], 1),
            (vec![(1, Outcome::NotInService)], 2),
            (vec![(1, Outcome::WrongPerson)], 2),
            (vec![(1, Outcome::Busy)], 1),
            (vec![(1, Outcome::NoAnswer)], 1),
            (vec![(1, Outcome::NoAnswer), (1, Outcome::NoAnswer)], 2),
            (vec![(1, Outcome::NotInService), (2, Outcome::NotInService)], 1),
            (vec![(1, Outcome::NoAnswer); 3], 2),
        ] {
            let dials = dialled(&dials);
            let callee = Callee {
                contacts: &contacts,
                age_years: Some(74),
                patient_only: false,
                communication_mark: None,
                dials: &dials,
            };
            let (rung, _) =
                callee.next_number(&LadderPolicy::default(), "2026-11-25".parse().unwrap());
            assert_eq!(rung.map(|rung| rung.number), Some(id(expected)), "{dials:?}");
        }
    }

    #[test]
    fn nobody_calls_who_is_gone_and_what_was_said_stays() {
        let later = Next::RetryAfter(std::time::Duration::from_secs(60));
        for (next, expected) in [
            (later, Next::Cancel),
            (Next::CallBack, Next::Cancel),
            (Next::HandToPerson, Next::Cancel),
            (Next::Repair, Next::Cancel),
            (Next::Complete, Next::Complete),
            (Next::Verify, Next::Verify),
        ] {
            assert_eq!(unless_gone(next, true), expected);
            assert_eq!(unless_gone(next, false), next);
        }
    }

    #[test]
    fn who_heard_our_fault_is_not_called_again_in_a_minute() {
        let retry = RetryPolicy::default();
        let soon = retry.decide(Outcome::SystemFault, crate::domain::Counts::default());
        let gap = Next::RetryAfter(std::time::Duration::from_secs(retry.gap_s));
        for (outcome, answered, expected) in [
            (Outcome::SystemFault, true, gap),
            (Outcome::SystemFault, false, soon),
            (Outcome::TrunkFault, true, soon),
        ] {
            assert_eq!(fault_while_they_listened(&retry, soon, outcome, answered), expected);
        }
    }

    #[test]
    fn a_machine_does_not_ask_who_cannot_hear_speak_or_follow() {
        for (mark, expected) in [
            (None, None),
            (Some("language"), None),
            (Some("no_speech"), Some("no_speech")),
            (Some("hard_of_hearing"), Some("hard_of_hearing")),
            (Some("cognitive"), Some("cognitive")),
        ] {
            assert_eq!(needs_person(mark), expected);
        }
    }
}
