//! 投诉 and 表扬, with every step. Who may see which is row-level security's (migration 0017).

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{Result, Scope};

pub struct New<'a> {
    pub id: Uuid,
    pub kind: &'a str,
    pub category: &'a str,
    pub is_conduct: bool,
    pub what: &'a str,
    pub complainant: Option<&'a str>,
    pub e164: Option<&'a str>,
    pub person: Option<Uuid>,
    pub department: Option<Uuid>,
    pub ward: Option<&'a str>,
    pub call: Option<Uuid>,
    pub recording: Option<Uuid>,
    pub by: &'a str,
    pub due_at: Option<DateTime<Utc>>,
}

pub async fn insert(scope: &mut Scope, new: &New<'_>, at: DateTime<Utc>) -> Result<()> {
    sqlx::query!(
        "insert into complaint (complaint_id, kind, state, category, is_conduct, what, complainant,
             e164, person_id, department_id, ward, call_id, recording_id, registered_by,
             registered_at, due_at)
         values ($1, $2, 'registered', $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)",
        new.id,
        new.kind,
        new.category,
        new.is_conduct,
        new.what,
        new.complainant,
        new.e164,
        new.person,
        new.department,
        new.ward,
        new.call,
        new.recording,
        new.by,
        at,
        new.due_at
    )
    .execute(scope.connection())
    .await?;
    Ok(())
}

#[derive(Clone, Debug)]
pub struct Complaint {
    pub complaint_id: Uuid,
    pub kind: String,
    pub state: String,
    pub category: String,
    pub is_conduct: bool,
    pub what: String,
    pub complainant: Option<String>,
    pub e164: Option<String>,
    pub person_id: Option<Uuid>,
    pub department_id: Option<Uuid>,
    pub department: Option<String>,
    pub ward: Option<String>,
    pub call_id: Option<Uuid>,
    pub recording_id: Option<Uuid>,
    pub registered_by: String,
    pub registered_at: DateTime<Utc>,
    pub due_at: Option<DateTime<Utc>>,
    pub assigned_to: Option<String>,
    pub answer: Option<String>,
    pub satisfied: Option<bool>,
    pub outcome: Option<String>,
    pub closed_at: Option<DateTime<Utc>>,
}

#[derive(Clone, Debug, Default)]
pub struct Terms {
    pub id: Option<Uuid>,
    /// Empty: both.
    pub kind: String,
    /// Empty: all; `open`: not closed; else a state.
    pub state: String,
    /// Those that were due before this.
    pub overdue_at: Option<DateTime<Utc>>,
    pub person: Option<Uuid>,
    pub assigned_to: String,
    pub limit: i64,
    pub offset: i64,
}

/// What is due first stands first, then the newest.
pub async fn list(scope: &mut Scope, terms: &Terms) -> Result<Vec<Complaint>> {
    Ok(sqlx::query_as!(
        Complaint,
        r#"select c.complaint_id, c.kind, c.state, c.category, c.is_conduct, c.what, c.complainant,
             c.e164, c.person_id, c.department_id, d.name as "department?", c.ward, c.call_id,
             c.recording_id, c.registered_by, c.registered_at, c.due_at, c.assigned_to, c.answer,
             c.satisfied, c.outcome, c.closed_at
         from complaint c left join department d using (department_id)
         where ($1::uuid is null or c.complaint_id = $1) and ($2 = '' or c.kind = $2)
           and ($3 = '' or c.state = $3 or ($3 = 'open' and c.state <> 'closed'))
           and ($4::timestamptz is null or c.due_at < $4)
           and ($5::uuid is null or c.person_id = $5) and ($6 = '' or c.assigned_to = $6)
         order by c.due_at nulls last, c.registered_at desc, c.complaint_id
         limit $7 offset $8"#,
        terms.id,
        terms.kind,
        terms.state,
        terms.overdue_at,
        terms.person,
        terms.assigned_to,
        terms.limit,
        terms.offset
    )
    .fetch_all(scope.connection())
    .await?)
}

/// For a step: nobody else takes one at the same time.
pub async fn lock(scope: &mut Scope, id: Uuid) -> Result<bool> {
    let found = sqlx::query_scalar!(
        "select complaint_id from complaint where complaint_id = $1 for update",
        id
    )
    .fetch_optional(scope.connection())
    .await?;
    Ok(found.is_some())
}

/// What a step leaves behind; what it does not say stays as it was.
#[derive(Default)]
pub struct Stepped<'a> {
    pub state: &'a str,
    pub due_at: Option<DateTime<Utc>>,
    pub assigned_to: Option<&'a str>,
    pub answer: Option<&'a str>,
    pub satisfied: Option<bool>,
    pub outcome: Option<&'a str>,
    pub closed_at: Option<DateTime<Utc>>,
}

pub async fn step(scope: &mut Scope, id: Uuid, stepped: &Stepped<'_>) -> Result<()> {
    sqlx::query!(
        "update complaint set state = $2, due_at = $3, assigned_to = coalesce($4, assigned_to),
             answer = coalesce($5, answer), satisfied = coalesce($6, satisfied), outcome = $7,
             closed_at = $8
         where complaint_id = $1",
        id,
        stepped.state,
        stepped.due_at,
        stepped.assigned_to,
        stepped.answer,
        stepped.satisfied,
        stepped.outcome,
        stepped.closed_at
    )
    .execute(scope.connection())
    .await?;
    Ok(())
}

pub struct NewStep<'a> {
    pub did: &'a str,
    pub by: &'a str,
    pub note: Option<&'a str>,
    pub call: Option<Uuid>,
}

pub async fn add_step(
    scope: &mut Scope,
    id: Uuid,
    step: &NewStep<'_>,
    at: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "insert into complaint_step (complaint_id, ordinal, did, by_whom, at, note, call_id)
         select $1, 1 + coalesce((select max(ordinal) from complaint_step where complaint_id = $1), 0),
             $2, $3, $4, $5, $6",
        id,
        step.did,
        step.by,
        at,
        step.note,
        step.call
    )
    .execute(scope.connection())
    .await?;
    Ok(())
}

pub struct Step {
    pub did: String,
    pub by_whom: String,
    pub at: DateTime<Utc>,
    pub note: Option<String>,
    pub call_id: Option<Uuid>,
}

pub async fn steps(scope: &mut Scope, id: Uuid) -> Result<Vec<Step>> {
    Ok(sqlx::query_as!(
        Step,
        "select did, by_whom, at, note, call_id from complaint_step where complaint_id = $1
         order by ordinal",
        id
    )
    .fetch_all(scope.connection())
    .await?)
}

/// Those of these recordings that the scope may see.
pub async fn visible_recording(scope: &mut Scope, recording: Uuid) -> Result<bool> {
    Ok(sqlx::query_scalar!(
        r#"select exists (select from recording where recording_id = $1) as "there!""#,
        recording
    )
    .fetch_one(scope.connection())
    .await?)
}

pub async fn visible_person(scope: &mut Scope, person: Uuid) -> Result<bool> {
    Ok(sqlx::query_scalar!(
        r#"select exists (select from person where person_id = $1) as "there!""#,
        person
    )
    .fetch_one(scope.connection())
    .await?)
}
