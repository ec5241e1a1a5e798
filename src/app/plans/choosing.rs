//! Which plans a discharge gets: the rules as they stand, read once, and all discharges of
//! a transaction judged by them together.

use chrono::{DateTime, NaiveDate, Utc};
use serde_json::json;
use uuid::Uuid;

use super::{
    SYSTEM, note_plan,
    steps::{StepDay, fresh_steps, stored_wrong, to_body},
};
use crate::{
    app::{Change, Result, note},
    base::{AdmissionId, PersonId, PlanId, TaskId},
    domain::{
        Calendar, Case, CodedDiagnosis, Disposition, PlanBody, PlanChoice, PlanKind, PlanRule,
        Standing, choose_plan,
    },
    store::{
        self, Scope,
        assessment::Assessed,
        plan::{NewPlan, NewStep, Plan, Template},
    },
};

/// The rules of the day with their templates; read once a transaction, not once a patient.
pub(in crate::app) struct Rulebook {
    version: i32,
    /// For each kind of plan, those rules whose template is of it.
    rules: Vec<Vec<PlanRule>>,
    templates: Vec<Template>,
}

impl Rulebook {
    /// `None`: the hospital has no rules yet.
    pub(in crate::app) async fn read(scope: &mut Scope) -> Result<Option<Self>> {
        let Some(stored) = store::plan::rules(scope).await? else { return Ok(None) };
        let version = stored.version;
        let all: Vec<PlanRule> = serde_json::from_value(stored.body).map_err(stored_wrong)?;
        let templates = store::plan::templates(scope).await?;
        let of_kind = |kind: &PlanKind| {
            let fits = |rule: &&PlanRule| {
                templates.iter().any(|t| t.code == rule.template && t.kind == kind.as_str())
            };
            all.iter().filter(fits).cloned().collect()
        };
        let rules = PlanKind::ALL.iter().map(of_kind).collect();
        Ok(Some(Self { version, rules, templates }))
    }
}

/// How a batch is written into the audit: a file of ten thousand discharges is one act.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::app) enum Noting {
    EachPlan,
    Batch,
}

/// Plans for these discharges, by the rules: one of each kind at most. Answers how many.
pub(in crate::app) async fn plan_admissions(
    scope: &mut Scope,
    book: Option<&Rulebook>,
    admissions: &[AdmissionId],
    noting: Noting,
    calendar: &Calendar,
    at: DateTime<Utc>,
) -> Result<u64> {
    let Some(book) = book else { return Ok(0) };
    let ids: Vec<Uuid> = admissions.iter().map(|id| *id.as_uuid()).collect();
    let assessed = store::assessment::assessed(scope, &ids).await?;
    let today = calendar.local_date(at);
    let by = format!("rules {}", book.version);
    let mut looked = Vec::new();
    let mut found: Vec<(Of, &Template, String, NaiveDate)> = Vec::new();
    for row in &assessed {
        // A department that is off is looked at again on the day it is switched on.
        let Some(anchor_on) = row.discharged_on.filter(|_| row.follows_up) else { continue };
        looked.push(row.admission_id);
        for rules in &book.rules {
            let Some((template, reason)) = choose(rules, row, today) else { continue };
            let Some(template) = book.templates.iter().find(|known| known.code == template) else {
                continue;
            };
            found.push((Of::discharge(row), template, reason, anchor_on));
        }
    }
    store::assessment::set_assessed(scope, &looked, book.version).await?;
    let chosen: Vec<_> = found
        .iter()
        .map(|(of, template, reason, anchor_on)| {
            (*of, Chosen { template, reason, by: &by, anchor_on: *anchor_on })
        })
        .collect();
    Ok(insert_all(scope, &chosen, noting, calendar, at).await?.len() as u64)
}

fn choose(rules: &[PlanRule], assessed: &Assessed, today: NaiveDate) -> Option<(String, String)> {
    let diagnoses: Vec<_> = assessed
        .icds
        .iter()
        .enumerate()
        .map(|(n, icd)| CodedDiagnosis { icd, main: n == 0 })
        .collect();
    let operations: Vec<&str> = assessed.operations.iter().map(String::as_str).collect();
    let age = assessed.birth_date.and_then(|born| today.years_since(born));
    let case = Case {
        diagnoses: &diagnoses,
        department: &assessed.department,
        ward: assessed.ward.as_deref(),
        age_years: age.and_then(|age| u16::try_from(age).ok()),
        had_operation: assessed.had_operation,
        operations: &operations,
        disposition: Disposition::from_code(assessed.disposition),
        risk: assessed.lace().map(|(lace, _)| lace.total().into()),
        standing: Standing {
            death_recorded: assessed.died,
            refused: assessed.refused,
            readmitted: false,
            discharge_cancelled: assessed.cancelled,
            department_switched_off: !assessed.follows_up,
        },
    };
    match choose_plan(rules, &case) {
        PlanChoice::Plan { rule, reason } => Some((rule.template.clone(), reason)),
        PlanChoice::Excluded { .. } | PlanChoice::NoRule { .. } => None,
    }
}

pub(super) struct Chosen<'a> {
    pub(super) template: &'a Template,
    pub(super) reason: &'a str,
    pub(super) by: &'a str,
    pub(super) anchor_on: NaiveDate,
}

/// Whose plan it is.
#[derive(Clone, Copy)]
pub(super) struct Of {
    person: PersonId,
    admission: Option<AdmissionId>,
    department: Option<Uuid>,
}

impl Of {
    pub(super) fn plan(row: &Plan) -> Self {
        Self {
            person: PersonId::from_uuid(row.person_id),
            admission: row.admission_id.map(AdmissionId::from_uuid),
            department: row.department_id,
        }
    }

    fn discharge(row: &Assessed) -> Self {
        Self {
            person: PersonId::from_uuid(row.person_id),
            admission: Some(AdmissionId::from_uuid(row.admission_id)),
            department: Some(row.department_id),
        }
    }
}

/// One plan that a person chose. `None`: this template is active for the stay already.
pub(super) async fn insert(
    scope: &mut Scope,
    of: Of,
    chosen: Chosen<'_>,
    calendar: &Calendar,
    at: DateTime<Utc>,
) -> Result<Option<PlanId>> {
    let made = insert_all(scope, &[(of, chosen)], Noting::EachPlan, calendar, at).await?;
    Ok(made.into_iter().next())
}

/// Plans with the steps that fall due soon; answers those that are new.
async fn insert_all(
    scope: &mut Scope,
    chosen: &[(Of, Chosen<'_>)],
    noting: Noting,
    calendar: &Calendar,
    at: DateTime<Utc>,
) -> Result<Vec<PlanId>> {
    if chosen.is_empty() {
        return Ok(Vec::new());
    }
    let new = chosen.iter().map(|(of, chosen)| NewPlan {
        id: PlanId::new(at),
        person: of.person,
        admission: of.admission,
        department: of.department,
        template: &chosen.template.code,
        template_version: chosen.template.version,
        kind: &chosen.template.kind,
        body: &chosen.template.body,
        anchor_on: chosen.anchor_on,
        reason: chosen.reason,
        chosen_by: chosen.by,
    });
    let new: Vec<_> = new.collect();
    let made = store::plan::insert_all(scope, &new, at).await?;
    let made: Vec<_> = new.into_iter().filter(|plan| made.contains(plan.id.as_uuid())).collect();
    let mut bodies: Vec<(&str, i32, PlanBody)> = Vec::new();
    for plan in &made {
        let known = |(code, version, _): &(&str, i32, PlanBody)| {
            (*code, *version) == (plan.template, plan.template_version)
        };
        if !bodies.iter().any(known) {
            bodies.push((plan.template, plan.template_version, to_body(plan.body)?));
        }
    }
    let body = |plan: &NewPlan<'_>| {
        let fits = |(code, version, _): &&(&str, i32, PlanBody)| {
            (*code, *version) == (plan.template, plan.template_version)
        };
        bodies.iter().find(fits).map(|(_, _, body)| body)
    };
    let mut steps = Vec::new();
    for plan in &made {
        let Some(body) = body(plan) else { continue };
        let days = fresh_steps(body, plan.anchor_on, calendar, at);
        steps.extend(days.into_iter().map(|StepDay { sequence, on, deadline, due_at }| NewStep {
            id: TaskId::new(at),
            plan: plan.id,
            sequence,
            scheduled_on: on,
            deadline_on: deadline,
            due_at,
            channel: body.channel.as_str(),
            dialplan: &body.dialplan,
            kind: plan.kind,
        }));
    }
    store::plan::insert_steps(scope, &steps, at).await?;
    note_chosen(scope, &made, noting, at).await?;
    Ok(made.iter().map(|plan| plan.id).collect())
}

async fn note_chosen(
    scope: &mut Scope,
    made: &[NewPlan<'_>],
    noting: Noting,
    at: DateTime<Utc>,
) -> Result<()> {
    if noting == Noting::EachPlan {
        for plan in made {
            let (id, person, reason) = (*plan.id.as_uuid(), *plan.person.as_uuid(), plan.reason);
            note_plan(scope, &SYSTEM, "chosen", (id, person, plan.department), Some(reason), at)
                .await?;
        }
        return Ok(());
    }
    if made.is_empty() {
        return Ok(());
    }
    // Each plan's own row says by which rule and why.
    let change = Change {
        did: "chosen",
        subject: "plans",
        subject_id: made.len().to_string(),
        reason: made.first().map(|plan| plan.chosen_by),
        department: None,
        body: json!({ "plans": made.len() }),
    };
    note(scope, &SYSTEM, &change, at).await
}
