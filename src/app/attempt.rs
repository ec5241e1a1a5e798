//! From a due task to a dial, and back. The attempt's row is written before its INVITE;
//! whatever crashes, nobody is dialled twice by it.

mod beside;
mod by_agent;
mod callee;
mod finish;
mod next_trunk;
mod recover;

use chrono::{DateTime, NaiveDate, NaiveTime, TimeZone, Utc};
use serde_json::json;
use std::collections::BTreeMap;
use uuid::Uuid;

pub use beside::{Beside, Way};
pub use by_agent::AgentDial;
pub use finish::Ended;
pub(super) use finish::learn;
pub use next_trunk::NextTrunk;
pub use recover::{Recovered, Resolution};

use super::{App, Result};
use crate::{
    base::{AttemptId, E164, NumberId, PersonId, Pii, RunId, TaskId},
    domain::{
        self, Calendar, CallingPolicy, GovernorLimits, Held, History, LastHour, SHORT, needs_person,
    },
    store::{self, Principal, Scope, attempt::Step, person::LadderRow, task::Due},
};
use callee::Known;

/// Who dials, by what rules.
#[derive(Clone, Debug)]
pub struct Dialler {
    pub node: String,
    pub epoch: i64,
    pub policy: CallingPolicy,
    pub calendar: Calendar,
    /// `[pilot] allow_numbers`: no other is ever dialled.
    pub allow: Option<Vec<E164>>,
}

/// A dial that may begin: its row is there.
#[derive(Clone, Debug)]
pub struct Claim {
    pub attempt: AttemptId,
    pub task: TaskId,
    pub person: PersonId,
    pub department: Option<Uuid>,
    pub number: NumberId,
    pub e164: E164,
    pub relation: String,
    pub name: Pii<String>,
    pub name_reading: Option<Pii<String>>,
    pub sex: String,
    pub birth_date: Option<Pii<NaiveDate>>,
    pub language: String,
    pub had_operation: bool,
    pub disclosure: String,
    /// `(questionnaire, linkId)` answered in earlier calls for this task, with the code or
    /// the number that was given.
    pub answered: Vec<(String, String, Pii<String>)>,
    /// The day that the call may name once the person is known.
    pub visit_date: Option<NaiveDate>,
}

const SYSTEM: Principal = Principal::System("dialler");

impl App {
    /// Up to `limit` dials of a run that may begin now. Those that may not are put off, or
    /// end, with the reason.
    ///
    /// # Errors
    /// When the database cannot be written; nothing is claimed then.
    pub async fn claim_due(
        &self,
        dialler: &Dialler,
        run: RunId,
        trunk: &str,
        limit: usize,
        at: DateTime<Utc>,
    ) -> Result<Vec<Claim>> {
        let mut scope = self.scope(&SYSTEM).await?;
        let mut claims = Vec::new();
        // Stop all calls and a pause hold from the moment they are committed.
        let state = store::run::lock(&mut scope, run).await?;
        let stopped = store::stop::current(&mut scope).await?.is_some();
        if stopped || !matches!(state.as_deref(), Some("running" | "waiting_window")) {
            return Ok(claims);
        }
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        for due in store::task::next_due(&mut scope, run, at, limit).await? {
            match judge(&mut scope, dialler, &due, at).await? {
                Verdict::Dial(usable, standing) => {
                    let facts = json!({ "relation": usable.relation, "trunk": trunk });
                    decided(&mut scope, &due, "dialled", "due", None, &facts, at).await?;
                    let claim = claim(&mut scope, dialler, &due, &usable, standing, trunk, at);
                    claims.push(claim.await?);
                }
                Verdict::PutOff { why, until } => {
                    let (task, facts) = (TaskId::from_uuid(due.task_id), json!({}));
                    decided(&mut scope, &due, "put_off", why, Some(until), &facts, at).await?;
                    store::task::put_off(&mut scope, task, why, until, at).await?;
                }
                Verdict::End(why) => {
                    let (task, facts) = (TaskId::from_uuid(due.task_id), json!({}));
                    decided(&mut scope, &due, "ended", why, None, &facts, at).await?;
                    store::task::cancel(&mut scope, task, why, at).await?;
                }
                Verdict::ToPerson(why) => {
                    let (task, facts) = (TaskId::from_uuid(due.task_id), json!({}));
                    decided(&mut scope, &due, "handed_over", why, None, &facts, at).await?;
                    store::task::hand_over(&mut scope, task, why, at).await?;
                }
                Verdict::NoNumber => {
                    decided(&mut scope, &due, "repair", "no_number", None, &json!({}), at).await?;
                    finish::to_repair(&mut scope, due.task_id, at).await?;
                }
            }
        }
        self.commit(scope).await?;
        Ok(claims)
    }

    /// Must the next call of a trunk wait, for its carrier's sake?
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn held_by_governor(
        &self,
        trunk: &str,
        limits: &GovernorLimits,
        at: DateTime<Utc>,
    ) -> Result<Option<Held>> {
        if !limits.are_set() {
            return Ok(None);
        }
        let mut scope = self.scope(&SYSTEM).await?;
        let short_s = SHORT.num_seconds() as f64;
        let since = at - chrono::Duration::hours(1);
        let hour = store::attempt::since(&mut scope, trunk, since, short_s).await?;
        let count = |n: i64| u32::try_from(n).unwrap_or(u32::MAX);
        let hour = LastHour {
            dials: count(hour.dials),
            ended: count(hour.ended),
            answered: count(hour.answered),
            short: count(hour.short),
            first_at: hour.first_at,
        };
        Ok(limits.hold(&hour, at))
    }

    /// Who of a run would be dialled now, and who would not and why (before it starts). By
    /// the same judgement as the dial itself; nothing is kept of it.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn preview_run(
        &self,
        dialler: &Dialler,
        run: RunId,
        at: DateTime<Utc>,
    ) -> Result<BTreeMap<&'static str, u64>> {
        let mut scope = self.scope(&SYSTEM).await?;
        let mut counts = BTreeMap::new();
        let ever = at + chrono::Duration::days(3660);
        for due in store::task::next_due(&mut scope, run, ever, PREVIEW_MAX).await? {
            let why = match judge(&mut scope, dialler, &due, at).await? {
                Verdict::Dial(..) => "dial",
                Verdict::PutOff { why, .. } | Verdict::End(why) | Verdict::ToPerson(why) => why,
                Verdict::NoNumber => "no_number",
            };
            *counts.entry(why).or_default() += 1;
        }
        Ok(counts)
    }

    /// INVITE, first 18x and 200 are durable before they take effect. `false`: the attempt
    /// is no longer ours, the call must end.
    ///
    /// # Errors
    /// When the database cannot be written; the step must then not be taken.
    pub async fn attempt_step(
        &self,
        attempt: AttemptId,
        step: Step,
        at: DateTime<Utc>,
    ) -> Result<bool> {
        let mut scope = self.scope(&SYSTEM).await?;
        let ours = store::attempt::step(&mut scope, attempt, step, at).await?;
        let body = json!({ "attempt_id": attempt, "step": format!("{step:?}").to_lowercase() });
        store::event::insert(&mut scope, "attempt.step", None, &body, at).await?;
        self.commit(scope).await?;
        Ok(ours)
    }
}

enum Verdict {
    Dial(Box<LadderRow>, Box<store::person::Standing>),
    PutOff {
        why: &'static str,
        until: DateTime<Utc>,
    },
    End(&'static str),
    /// No machine can ask this person.
    ToPerson(&'static str),
    NoNumber,
}

/// So that anybody can be told, later, why this person was or was not called.
async fn decided(
    scope: &mut Scope,
    due: &Due,
    what: &str,
    why: &str,
    until: Option<DateTime<Utc>>,
    facts: &serde_json::Value,
    at: DateTime<Utc>,
) -> Result<()> {
    let (task, person) = (due.task_id, due.person_id);
    let new = store::decision::New { task, person, what, why, until, facts };
    Ok(store::decision::insert(scope, &new, at).await?)
}

async fn judge(
    scope: &mut Scope,
    dialler: &Dialler,
    due: &Due,
    at: DateTime<Utc>,
) -> Result<Verdict> {
    let person = PersonId::from_uuid(due.person_id);
    let standing = store::person::standing(scope, person).await?;
    if let Some(why) = needs_person(standing.communication_mark.as_deref()) {
        return Ok(Verdict::ToPerson(why));
    }
    let dials_max = i32::try_from(dialler.policy.dials_per_task_max).unwrap_or(i32::MAX);
    if due.dials >= dials_max {
        return Ok(Verdict::ToPerson("too_many_dials"));
    }
    let today = dialler.calendar.local_date(at);
    let known = Known::read(scope, person).await?;
    let (next, _) = known.next_number(dialler, due.task_id, &standing, due.patient_only, today);
    let Some((_, row)) = next else { return Ok(Verdict::NoNumber) };
    if dialler.allow.as_ref().is_some_and(|allow| !allow.iter().any(|a| a.as_str() == row.e164)) {
        return Ok(Verdict::End("not_in_pilot"));
    }
    if due.may_wait {
        let (spread, calendar) = (&dialler.policy.spread, &dialler.calendar);
        let past = known.attempts(due.task_id);
        if let Some(until) = domain::better_hour(spread, calendar, &past, at) {
            return Ok(Verdict::PutOff { why: "better_hour", until });
        }
    }
    store::attempt::lock_number(scope, &row.e164).await?;
    let midnight = midnight(&dialler.calendar, at);
    let dials = store::attempt::history(scope, person, &row.e164, midnight).await?;
    let history = History {
        died: standing.died,
        refused: standing.refused,
        do_not_call: false,
        automatic_contact_stopped: standing.automatic_contact_stopped,
        restricted: standing.restricted,
        readmitted: standing.readmitted,
        dials_today: u32::try_from(dials.dials_today).unwrap_or(u32::MAX),
        completed_today: u32::try_from(dials.completed_today).unwrap_or(u32::MAX),
        last_dial: dials.last_dial,
        last_was_busy: dials.last_was_busy.unwrap_or(false),
        in_live_call: dials.live > 0,
    };
    Ok(match domain::judge(&dialler.policy, &dialler.calendar, &history, at) {
        domain::Verdict::Dial => Verdict::Dial(Box::new(row.clone()), Box::new(standing)),
        domain::Verdict::PutOff { why, until } => Verdict::PutOff { why, until },
        domain::Verdict::End(why) => Verdict::End(why),
    })
}

async fn claim(
    scope: &mut Scope,
    dialler: &Dialler,
    due: &Due,
    usable: &LadderRow,
    standing: Box<store::person::Standing>,
    trunk: &str,
    at: DateTime<Utc>,
) -> Result<Claim> {
    let of = Of {
        task: TaskId::from_uuid(due.task_id),
        person: PersonId::from_uuid(due.person_id),
        department: due.department_id,
        had_operation: due.had_operation,
        disclosure: &due.disclosure,
        today: dialler.calendar.local_date(at),
    };
    let claim = known_claim(scope, &of, usable, standing, at).await?;
    insert_attempt(scope, dialler, &claim, trunk, at).await?;
    store::task::claim(scope, claim.task, &dialler.node, dialler.epoch, at).await?;
    Ok(claim)
}

async fn insert_attempt(
    scope: &mut Scope,
    dialler: &Dialler,
    claim: &Claim,
    trunk: &str,
    at: DateTime<Utc>,
) -> Result<()> {
    let row = store::attempt::NewAttempt {
        id: claim.attempt,
        task: claim.task,
        person: claim.person,
        department: claim.department,
        number: claim.number,
        e164: claim.e164.as_str(),
        trunk,
        node: &dialler.node,
        epoch: dialler.epoch,
    };
    Ok(store::attempt::insert(scope, &row, at).await?)
}

/// Whose follow-up it is.
struct Of<'a> {
    task: TaskId,
    person: PersonId,
    department: Option<Uuid>,
    had_operation: bool,
    disclosure: &'a str,
    today: NaiveDate,
}

/// All that a call must know of whom it asks.
async fn known_claim(
    scope: &mut Scope,
    of: &Of<'_>,
    usable: &LadderRow,
    standing: Box<store::person::Standing>,
    at: DateTime<Utc>,
) -> Result<Claim> {
    let Of { task, person, department, had_operation, disclosure, today } = *of;
    let answers = store::answer::of_task(scope, task).await?;
    let given = |a: &store::answer::Answer| {
        a.option_code.clone().or_else(|| a.value_number.clone()).unwrap_or_default()
    };
    let answered =
        answers.iter().map(|a| (a.questionnaire.clone(), a.link_id.clone(), Pii::new(given(a))));
    let e164 = usable.e164.parse();
    Ok(Claim {
        attempt: AttemptId::new(at),
        task,
        person,
        department,
        number: NumberId::from_uuid(usable.number_id),
        e164: e164.map_err(|error| super::AppError::Invalid(format!("a stored number {error}")))?,
        relation: usable.relation.clone(),
        name: Pii::new(standing.name),
        name_reading: standing.name_reading.map(Pii::new),
        sex: standing.sex,
        birth_date: standing.birth_date.map(Pii::new),
        language: standing.language,
        had_operation,
        disclosure: disclosure.to_owned(),
        answered: answered.collect(),
        visit_date: store::appointment::day_to_name(scope, task, today).await?,
    })
}

/// When the hospital's day began.
pub(super) fn midnight(calendar: &Calendar, at: DateTime<Utc>) -> DateTime<Utc> {
    let start = calendar.local_date(at).and_time(NaiveTime::MIN);
    let local = calendar.zone.from_local_datetime(&start).earliest();
    local.map_or(at, |local| local.with_timezone(&Utc))
}

/// A morning's run; a larger one is looked at by its first so many.
const PREVIEW_MAX: i64 = 5000;
