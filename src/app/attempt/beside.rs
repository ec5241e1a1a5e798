//! Follow-ups that are asked without a dial of their own: the patient calls us (F036), or
//! the number that was dialled is another patient's too (rules.md §2).

use chrono::{DateTime, NaiveDate, Utc};
use serde_json::json;
use uuid::Uuid;

use super::{Claim, Dialler, Of, SYSTEM, callee::Known, insert_attempt, known_claim};
use crate::{
    app::{App, Change, Result, note},
    base::{CallId, E164, PersonId, RunId, TaskId},
    store::{self, Scope, beside::Wanted},
};

/// Why no dial was needed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Way {
    Callback,
    Companion,
}

impl Way {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Callback => "callback",
            Self::Companion => "companion",
        }
    }

    /// Who calls us may be asked whatever is open; who merely shares a telephone, what is
    /// due by now and would have been dialled.
    fn states(self) -> Vec<String> {
        let states: &[&str] = match self {
            Self::Callback => &["due", "waiting_retry", "needs_person", "waiting_repair"],
            Self::Companion => &["due", "waiting_retry"],
        };
        states.iter().map(|state| (*state).to_owned()).collect()
    }
}

/// A follow-up that is held for a call; its attempt is written with the first question.
#[derive(Clone, Debug)]
pub struct Beside {
    pub claim: Claim,
    pub dialplan: String,
    pub way: Way,
    /// Whose versions of the questionnaires are asked.
    pub run: Option<RunId>,
}

impl App {
    /// The most urgent open follow-up of those who have this number, held so that nobody
    /// dials for it meanwhile. `None`: there is none, or it may not be asked.
    ///
    /// # Errors
    /// When the database cannot be written; nothing is held then.
    pub async fn hold_beside(
        &self,
        dialler: &Dialler,
        way: Way,
        number: &E164,
        asked: &[PersonId],
        at: DateTime<Utc>,
    ) -> Result<Option<Beside>> {
        let mut scope = self.scope(&SYSTEM).await?;
        // The red button holds for questions too.
        if store::stop::current(&mut scope).await?.is_some() {
            return Ok(None);
        }
        let asked: Vec<Uuid> = asked.iter().map(|person| *person.as_uuid()).collect();
        let wanted = Wanted {
            e164: number.as_str(),
            states: &way.states(),
            due_by: (way == Way::Companion).then_some(at),
            not_persons: &asked,
        };
        for row in store::beside::open(&mut scope, &wanted).await? {
            let today = dialler.calendar.local_date(at);
            let Some(claim) = judge(&mut scope, &row, number, today, at).await? else { continue };
            let (node, epoch) = (&dialler.node, dialler.epoch);
            store::beside::hold(&mut scope, claim.task, node, epoch, at).await?;
            self.commit(scope).await?;
            let run = row.run_id.map(RunId::from_uuid);
            return Ok(Some(Beside { claim, dialplan: row.dialplan, way, run }));
        }
        Ok(None)
    }

    /// Its first question is asked now.
    ///
    /// # Errors
    /// When the database cannot be written; then nothing must be asked.
    pub async fn begin_beside(
        &self,
        dialler: &Dialler,
        beside: &Beside,
        call: CallId,
        trunk: &str,
        at: DateTime<Utc>,
    ) -> Result<()> {
        let mut scope = self.scope(&SYSTEM).await?;
        let Beside { claim, way, .. } = beside;
        insert_attempt(&mut scope, dialler, claim, trunk, at).await?;
        store::beside::begin(&mut scope, claim.attempt, call, way.as_str(), at).await?;
        let facts = json!({ "relation": claim.relation, "call_id": call });
        let new = store::decision::New {
            task: *claim.task.as_uuid(),
            person: *claim.person.as_uuid(),
            what: "asked",
            why: way.as_str(),
            until: None,
            facts: &facts,
        };
        store::decision::insert(&mut scope, &new, at).await?;
        let change = Change {
            did: way.as_str(),
            subject: "attempt",
            subject_id: claim.attempt.to_string(),
            reason: None,
            department: claim.department,
            body: json!({ "attempt_id": claim.attempt, "call_id": call }),
        };
        note(&mut scope, &SYSTEM, &change, at).await?;
        self.commit(scope).await
    }

    /// Nothing was asked: the follow-up is what it was.
    ///
    /// # Errors
    /// When the database cannot be written; the next start releases it.
    pub async fn release_beside(&self, task: TaskId, at: DateTime<Utc>) -> Result<()> {
        let mut scope = self.scope(&SYSTEM).await?;
        store::beside::release(&mut scope, task, at).await?;
        self.commit(scope).await
    }
}

/// The dead, who has refused, who is in hospital again: not asked by whichever way.
async fn judge(
    scope: &mut Scope,
    row: &store::beside::Row,
    number: &E164,
    today: NaiveDate,
    at: DateTime<Utc>,
) -> Result<Option<Claim>> {
    let person = PersonId::from_uuid(row.person_id);
    let standing = store::person::standing(scope, person).await?;
    let never = standing.died
        || standing.refused
        || standing.automatic_contact_stopped
        || standing.restricted
        || standing.readmitted;
    if never {
        return Ok(None);
    }
    let known = Known::read(scope, person).await?;
    let patient_only = row.patient_only || standing.patient_only;
    let Some(usable) = known.of_number(number, patient_only) else { return Ok(None) };
    let of = Of {
        task: TaskId::from_uuid(row.task_id),
        person,
        department: row.department_id,
        had_operation: row.had_operation,
        disclosure: &row.disclosure,
        today,
    };
    let usable = usable.clone();
    Ok(Some(known_claim(scope, &of, &usable, Box::new(standing), at).await?))
}
