//! Who is called for a task, as the pure rules want to see it.

use chrono::NaiveDate;
use uuid::Uuid;

use crate::{
    app::{AppError, Result},
    base::{ContactId, E164, NumberId, PersonId},
    domain::{Callee, Ladder, LadderContact, LadderNumber, PastAttempt, Relation, Rung, TaskDial},
    store::{
        self, Scope,
        attempt::Past,
        person::{LadderRow, Standing},
    },
};

use super::Dialler;

/// The person's ladder and what was dialled, read once for one decision.
pub(super) struct Known {
    rows: Vec<LadderRow>,
    contacts: Vec<LadderContact>,
    past: Vec<Past>,
}

impl Known {
    pub(super) async fn read(scope: &mut Scope, person: PersonId) -> Result<Self> {
        let rows = store::person::ladder(scope, person).await?;
        let past = store::attempt::past(scope, person, PAST_MAX).await?;
        let contacts = contacts(&rows)?;
        Ok(Self { rows, contacts, past })
    }

    /// The next number, whose it is, and who was left out.
    pub(super) fn next_number(
        &self,
        dialler: &Dialler,
        task: Uuid,
        standing: &Standing,
        patient_only: bool,
        today: NaiveDate,
    ) -> (Option<(Rung, &LadderRow)>, Ladder) {
        let dials = self.task_dials(task);
        let age = standing.birth_date.and_then(|born| today.years_since(born));
        let callee = Callee {
            contacts: &self.contacts,
            age_years: age.and_then(|age| u16::try_from(age).ok()),
            patient_only: patient_only || standing.patient_only,
            communication_mark: standing.communication_mark.as_deref(),
            dials: &dials,
        };
        let (rung, ladder) = callee.next_number(&dialler.policy.ladder, today);
        let row = rung.and_then(|rung| {
            let of = |row: &&LadderRow| row.number_id == *rung.number.as_uuid();
            Some((rung, self.rows.iter().find(of)?))
        });
        (row, ladder)
    }

    /// This very number, where who answers it may be asked.
    pub(super) fn of_number(&self, number: &E164, patient_only: bool) -> Option<&LadderRow> {
        self.rows.iter().find(|row| {
            row.e164 == number.as_str()
                && row.state != "blocked"
                && (!patient_only || row.relation == Relation::Own.as_str())
        })
    }

    pub(super) fn rows(&self) -> &[LadderRow] {
        &self.rows
    }

    fn task_dials(&self, task: Uuid) -> Vec<TaskDial> {
        let of_task = self.past.iter().rev().filter(|past| past.task_id == task);
        let dial = |past: &Past| {
            let number = NumberId::from_uuid(past.number_id);
            Some(TaskDial { number, outcome: past.outcome.parse().ok()? })
        };
        of_task.filter_map(dial).collect()
    }

    /// When this person was tried before, for the spread over the day.
    pub(super) fn attempts(&self, task: Uuid) -> Vec<PastAttempt> {
        let attempt = |past: &Past| PastAttempt {
            at: past.at,
            reached: past.answered,
            of_this_task: past.task_id == task,
        };
        self.past.iter().map(attempt).collect()
    }
}

fn contacts(rows: &[LadderRow]) -> Result<Vec<LadderContact>> {
    let mut contacts: Vec<(Uuid, LadderContact)> = Vec::new();
    for row in rows.iter().filter(|row| !row.do_not_call) {
        let relation: Relation = row.relation.parse().map_err(AppError::Invalid)?;
        let number = LadderNumber {
            id: NumberId::from_uuid(row.number_id),
            e164: row
                .e164
                .parse()
                .map_err(|error| AppError::Invalid(format!("a stored number {error}")))?,
            kind: row.kind.parse().map_err(AppError::Invalid)?,
            state: row.state.parse().map_err(AppError::Invalid)?,
            valid_until: row.valid_until,
            last_answered_on: row.last_answered_at.map(|at| at.date_naive()),
        };
        match contacts.iter_mut().find(|(id, _)| *id == row.contact_id) {
            Some((_, contact)) => contact.numbers.push(number),
            None => {
                let own = relation == Relation::Own;
                let contact = LadderContact {
                    contact: (!own).then(|| ContactId::from_uuid(row.contact_id)),
                    relation,
                    informed: row.informed || own,
                    numbers: vec![number],
                };
                contacts.push((row.contact_id, contact));
            }
        }
    }
    Ok(contacts.into_iter().map(|(_, contact)| contact).collect())
}

/// A task has five attempts; a patient of ten years has more, and the last say most.
const PAST_MAX: i64 = 60;
