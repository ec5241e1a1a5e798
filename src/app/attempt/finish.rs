//! A dial has ended: its outcome, and what becomes of its task and its number, in one
//! transaction.

use chrono::{DateTime, Utc};
use serde_json::json;
use uuid::Uuid;

use super::{Dialler, SYSTEM, callee::Known, midnight};
use crate::{
    app::{App, AppError, Change, EndReason, Result, note, opinions::propose, plans::stop_person},
    base::{AttemptId, NumberId, PersonId, RunId, TaskId},
    domain::{
        After, Announcement, Conversation, Counts, DayPart, DialFacts, NetworkTone, Next,
        OUTCOME_VERSION, Outcome, PastAttempt, TaskState, after, fault_while_they_listened, heed,
        unless_gone,
    },
    store::{
        self, Scope,
        attempt::Open,
        person::Standing,
        task::{Row, Settled},
    },
};

/// What is known at the end of a dial.
#[derive(Clone, Debug, Default)]
pub struct Ended {
    pub facts: DialFacts,
    pub conversation: Option<Conversation>,
    /// How it is known what was announced or sounded, and how well.
    pub heard: Option<store::attempt::Heard>,
    pub voice_heard: bool,
    pub keys_given: bool,
    pub promised: Option<DayPart>,
    /// A person goes on where the machine stopped.
    pub wants_person: bool,
    /// In the record beside the outcome, e.g. which limit ended the call.
    pub why: Option<String>,
    pub resolved_by: Option<String>,
    /// Who asked, where that was a person on the phone.
    pub agent: Option<String>,
    /// Who answered, as the agent was told it.
    pub respondent: Option<&'static str>,
    /// Judged by a person, or by our own fault, where the wire's facts cannot tell.
    pub judged: Option<Outcome>,
}

impl Ended {
    fn amend(&self, next: Next, outcome: Outcome, dialler: &Dialler) -> Next {
        // Who resolved it has made sure that it does no harm to dial at once.
        let listened = self.facts.answered && self.resolved_by.is_none();
        let next = fault_while_they_listened(&dialler.policy.retry, next, outcome, listened);
        heed(next, outcome, self.promised, self.wants_person)
    }
}

impl App {
    /// Ends an attempt, once; a second time changes nothing. Answers its outcome.
    ///
    /// # Errors
    /// When the database cannot be written; the attempt stays open and is found at the
    /// next start.
    pub async fn finish_attempt(
        &self,
        dialler: &Dialler,
        attempt: AttemptId,
        ended: &Ended,
        at: DateTime<Utc>,
    ) -> Result<Outcome> {
        let mut scope = self.scope(&SYSTEM).await?;
        let outcome = finish(&mut scope, dialler, attempt, ended, at).await?;
        self.commit(scope).await?;
        Ok(outcome)
    }
}

pub(super) async fn finish(
    scope: &mut Scope,
    dialler: &Dialler,
    attempt: AttemptId,
    ended: &Ended,
    at: DateTime<Utc>,
) -> Result<Outcome> {
    let open = store::attempt::lock(scope, attempt).await?;
    let open = open.ok_or(AppError::NotFound("attempt"))?;
    let derived = || ended.facts.outcome(ended.conversation);
    let outcome = ended.judged.unwrap_or_else(derived);
    if open.state == "ended" {
        return Ok(outcome);
    }
    let facts = store::attempt::Facts {
        sip_status: ended.facts.sip_status.and_then(|status| i16::try_from(status).ok()),
        q850: ended.facts.q850.map(i16::from),
        early_media: ended.facts.early_media.map(Announcement::as_str),
        tone: ended.facts.tone.map(NetworkTone::as_str),
        rang: ended.facts.rang,
        we_cancelled: ended.facts.we_cancelled,
        answered: ended.facts.answered,
        voice_heard: ended.voice_heard,
        keys_given: ended.keys_given,
        conversation: ended.conversation.map(Conversation::as_str),
        outcome: outcome.as_str(),
        outcome_version: OUTCOME_VERSION,
        why: ended.why.as_deref(),
        resolved_by: ended.resolved_by.as_deref(),
        heard: ended.heard,
    };
    store::attempt::finish(scope, attempt, &facts, at).await?;
    let task = store::task::lock(scope, TaskId::from_uuid(open.task_id)).await?;
    let of = (NumberId::from_uuid(open.number_id), Some(attempt));
    let days = learn(scope, dialler.calendar.zone, of, outcome, at).await?;
    let person = PersonId::from_uuid(task.person_id);
    let standing = store::person::standing(scope, person).await?;
    let (next, past) = decide(scope, dialler, &open, &task, &standing, (outcome, days), at).await?;
    let next = ended.amend(next, outcome, dialler);
    let next = end_if_gone(scope, &open, &standing, next, at).await?;
    settle(scope, dialler, &open, &task, outcome, ended, (next, &past), at).await?;
    let change = Change {
        did: "ended",
        subject: "attempt",
        subject_id: attempt.to_string(),
        reason: Some(outcome.as_str()),
        department: task.department_id,
        body: json!({ "attempt_id": attempt, "task_id": task.task_id, "run_id": task.run_id,
            "outcome": outcome.as_str() }),
    };
    note(scope, &SYSTEM, &change, at).await?;
    Ok(outcome)
}

/// What a dial says of its number; answers on how many days it has said the same.
pub(in crate::app) async fn learn(
    scope: &mut Scope,
    zone: chrono_tz::Tz,
    (number, attempt): (NumberId, Option<AttemptId>),
    outcome: Outcome,
    at: DateTime<Utc>,
) -> Result<i64> {
    let attempt = attempt.map(|attempt| *attempt.as_uuid());
    let says = match outcome {
        Outcome::NotInService => "out_of_service",
        o if o.is_attempt() => "in_service",
        _ => "nothing",
    };
    let days = match says {
        "nothing" => 0,
        says => store::person::add_proof(scope, number, attempt, says, zone.name(), at).await?,
    };
    let state = match outcome {
        Outcome::NotInService if days >= 2 => Some("invalid"),
        Outcome::NotInService => Some("suspect"),
        Outcome::WrongNumber => Some("blocked"),
        Outcome::Completed | Outcome::Partial => Some("valid"),
        _ => None,
    };
    if let Some(state) = state {
        store::person::set_number_state(scope, number, state, at).await?;
    }
    Ok(days)
}

async fn decide(
    scope: &mut Scope,
    dialler: &Dialler,
    open: &Open,
    task: &Row,
    standing: &Standing,
    (outcome, out_of_service_days): (Outcome, i64),
    at: DateTime<Utc>,
) -> Result<(Next, Vec<PastAttempt>)> {
    let (calendar, number) = (&dialler.calendar, NumberId::from_uuid(open.number_id));
    let zone = calendar.zone.name();
    let id = TaskId::from_uuid(task.task_id);
    let dials = store::attempt::task_history(scope, id, midnight(calendar, at), zone).await?;
    let person = PersonId::from_uuid(task.person_id);
    let today = calendar.local_date(at);
    let known = Known::read(scope, person).await?;
    let (_, ladder) = known.next_number(dialler, task.task_id, standing, task.patient_only, today);
    let count = |n: i64| u32::try_from(n).unwrap_or(u32::MAX);
    let counts = Counts {
        attempts: count(i64::from(task.attempts) + i64::from(outcome.is_attempt())),
        interruptions: count(i64::from(task.interruptions) + i64::from(is_interrupted(outcome))),
        declined_days: count(dials.declined_days),
        out_of_service_days: count(out_of_service_days),
        faults: count(dials.faults_in_a_row),
        has_other_number: ladder.rungs.iter().any(|rung| rung.number != number),
        busy_today: dials.busy_today > 1,
    };
    let next = dialler.policy.retry.decide(outcome, counts);
    Ok((next, known.attempts(task.task_id)))
}

/// A death, a refusal or a readmission was told while the telephone rang.
async fn end_if_gone(
    scope: &mut Scope,
    open: &Open,
    standing: &Standing,
    next: Next,
    at: DateTime<Utc>,
) -> Result<Next> {
    let gone = [
        (standing.died, "died"),
        (standing.refused, "refused"),
        (standing.readmitted, "readmitted"),
    ];
    let gone = gone.into_iter().find_map(|(holds, why)| holds.then_some(why));
    let kept = unless_gone(next, gone.is_some());
    if let Some(why) = gone.filter(|_| kept != next) {
        store::decision::insert(scope, &decided(open, "ended", why), at).await?;
    }
    Ok(kept)
}

#[expect(
    clippy::too_many_arguments,
    reason = "all of one decision; a struct would only rename them"
)]
async fn settle(
    scope: &mut Scope,
    dialler: &Dialler,
    open: &Open,
    task: &Row,
    outcome: Outcome,
    ended: &Ended,
    (next, past): (Next, &[PastAttempt]),
    at: DateTime<Utc>,
) -> Result<()> {
    let calendar = &dialler.calendar;
    let person = PersonId::from_uuid(open.person_id);
    let After { state, not_before, because } =
        after(calendar, &dialler.policy.spread, next, outcome, ended.promised, past, at);
    if state == TaskState::WaitingRetry {
        let facts = json!({ "outcome": outcome.as_str(), "because": because });
        let new = store::decision::New {
            task: task.task_id,
            person: open.person_id,
            what: "put_off",
            why: outcome.as_str(),
            until: not_before,
            facts: &facts,
        };
        store::decision::insert(scope, &new, at).await?;
        if let Some(run) = task.run_id {
            store::run::reopen(scope, RunId::from_uuid(run)).await?;
        }
    }
    let is_dial = open.way == "dial";
    let settled = Settled {
        state: state.as_str(),
        why: Some(outcome.as_str()),
        not_before,
        outcome: outcome.as_str(),
        is_attempt: outcome.is_attempt() && is_dial,
        // A conversation that took no dial of its own has not been counted as one.
        is_dial: !is_dial || !matches!(outcome, Outcome::TrunkFault | Outcome::SystemFault),
        interrupted: is_interrupted(outcome),
        declined_days: task.declined_days + i32::from(outcome == Outcome::Declined),
        promised_part: ended.promised.map(DayPart::as_str),
    };
    let id = TaskId::from_uuid(task.task_id);
    store::task::settle(scope, id, &settled, at).await?;
    if matches!(next, Next::Complete | Next::Partial) {
        let who = match ended.respondent {
            Some(who) => Some(who),
            None => respondent(scope, id).await?,
        };
        let by = ended.agent.as_deref();
        store::due::set_done(scope, id, calendar.local_date(at), who, by).await?;
        propose(scope, id, at).await?;
    }
    match outcome {
        _ if next == Next::Repair => {
            follow_on(scope, id, "repair_task", outcome.as_str(), at).await?;
        }
        Outcome::Refused => {
            stop_person(scope, &SYSTEM, person, EndReason::Refused, at).await?;
        }
        Outcome::NotEligible => {
            store::decision::insert(scope, &decided(open, "closed", "not_eligible"), at).await?;
        }
        Outcome::Unable => {
            follow_on(scope, id, "verify_person", "核实患者状态", at).await?;
        }
        _ => {}
    }
    Ok(())
}

/// Who answered, as they said it themselves (F026).
async fn respondent(scope: &mut Scope, task: TaskId) -> Result<Option<&'static str>> {
    let answers = store::answer::of_task(scope, task).await?;
    let code = |item: &str| {
        let given = answers.iter().find(|answer| answer.link_id == item);
        given.and_then(|answer| answer.option_code.as_deref())
    };
    Ok(match (code("open.who"), code("open.relative")) {
        (Some("patient"), _) => Some("self"),
        (Some("guardian"), _) => Some("guardian"),
        (Some("relative"), Some("informed_relative")) => Some("informed_relative"),
        (Some("relative"), Some("uninformed")) => Some("uninformed_relative"),
        _ => None,
    })
}

fn decided<'a>(open: &Open, what: &'a str, why: &'a str) -> store::decision::New<'a> {
    const NONE: &serde_json::Value = &serde_json::Value::Null;
    let (task, person) = (open.task_id, open.person_id);
    store::decision::New { task, person, what, why, until: None, facts: NONE }
}

fn is_interrupted(outcome: Outcome) -> bool {
    matches!(outcome, Outcome::BreakOff | Outcome::Partial)
}

async fn follow_on(
    scope: &mut Scope,
    parent: TaskId,
    kind: &str,
    why: &str,
    at: DateTime<Utc>,
) -> Result<()> {
    Ok(store::task::open_follow_on(scope, TaskId::new(at), parent, kind, why, at).await?)
}

/// No number is left to dial: the ward finds one.
pub(super) async fn to_repair(scope: &mut Scope, task: Uuid, at: DateTime<Utc>) -> Result<()> {
    let id = TaskId::from_uuid(task);
    let settled = Settled {
        state: "waiting_repair",
        why: Some("no_number"),
        not_before: None,
        outcome: "not_in_service",
        is_attempt: false,
        is_dial: true,
        interrupted: false,
        declined_days: 0,
        promised_part: None,
    };
    store::task::settle(scope, id, &settled, at).await?;
    follow_on(scope, id, "repair_task", "no_number", at).await
}
