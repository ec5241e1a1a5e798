//! What was agreed with patients, and the notices that tell of it.

use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

use super::{Result, Scope};
use crate::base::{PersonId, TaskId};

pub struct NewAppointment<'a> {
    pub id: Uuid,
    pub person: PersonId,
    /// Absent: the latest discharge of this person.
    pub admission: Option<Uuid>,
    pub kind: &'a str,
    pub planned_on: NaiveDate,
    pub window_days: i16,
    pub by: &'a str,
}

/// Answers the department; absent: there is no such person in sight.
pub async fn insert(
    scope: &mut Scope,
    new: &NewAppointment<'_>,
    at: DateTime<Utc>,
) -> Result<Option<Option<Uuid>>> {
    Ok(sqlx::query_scalar!(
        "insert into appointment (appointment_id, person_id, admission_id, department_id, kind,
             planned_on, window_days, state, made_by, made_at)
         select $1, a.person_id, a.admission_id, a.department_id, $4, $5, $6, 'planned', $7, $8
         from admission a where a.person_id = $2 and a.cancelled_at is null
           and ($3::uuid is null or a.admission_id = $3)
         order by a.discharged_on desc nulls first, a.admission_id limit 1
         returning department_id",
        new.id,
        new.person.as_uuid(),
        new.admission,
        new.kind,
        new.planned_on,
        new.window_days,
        new.by,
        at
    )
    .fetch_optional(scope.connection())
    .await?)
}

pub struct Appointment {
    pub appointment_id: Uuid,
    pub person_id: Uuid,
    pub name: String,
    pub department_id: Option<Uuid>,
    pub department: Option<String>,
    pub ward: Option<String>,
    pub kind: String,
    pub planned_on: NaiveDate,
    pub window_days: i16,
    pub state: String,
    pub attended_on: Option<NaiveDate>,
    pub why: Option<String>,
    pub made_by: String,
    pub made_at: DateTime<Utc>,
    /// Of its latest notice.
    pub notice: Option<String>,
}

#[derive(Clone, Debug, Default)]
pub struct Terms {
    pub appointment: Option<Uuid>,
    pub person: Option<Uuid>,
    pub from: Option<NaiveDate>,
    pub to: Option<NaiveDate>,
    pub limit: i64,
    pub offset: i64,
}

pub async fn list(scope: &mut Scope, terms: &Terms) -> Result<Vec<Appointment>> {
    Ok(sqlx::query_as!(
        Appointment,
        r#"select o.appointment_id, o.person_id, p.name, o.department_id, d.name as "department?",
             a.ward as "ward?", o.kind, o.planned_on, o.window_days, o.state, o.attended_on, o.why,
             o.made_by, o.made_at,
             (select t.state from task t where t.about_appointment = o.appointment_id
                 order by t.created_at desc limit 1) as "notice?"
         from appointment o join person p using (person_id)
             left join department d on d.department_id = o.department_id
             left join admission a on a.admission_id = o.admission_id
         where ($1::uuid is null or o.appointment_id = $1) and ($2::uuid is null or o.person_id = $2)
           and ($3::date is null or o.planned_on >= $3) and ($4::date is null or o.planned_on <= $4)
         order by o.planned_on, o.appointment_id limit $5 offset $6"#,
        terms.appointment,
        terms.person,
        terms.from,
        terms.to,
        terms.limit,
        terms.offset
    )
    .fetch_all(scope.connection())
    .await?)
}

/// How one ended, or that it was moved.
pub struct Change<'a> {
    pub state: &'a str,
    pub planned_on: Option<NaiveDate>,
    pub attended_on: Option<NaiveDate>,
    pub why: Option<&'a str>,
    pub by: &'a str,
}

/// The person and the department; absent: it is not there, or not planned any more.
pub async fn change(
    scope: &mut Scope,
    appointment: Uuid,
    change: &Change<'_>,
    at: DateTime<Utc>,
) -> Result<Option<(Uuid, Option<Uuid>)>> {
    let row = sqlx::query!(
        "update appointment set state = $2, planned_on = coalesce($3, planned_on), attended_on = $4,
             why = $5, changed_by = $6, changed_at = $7
         where appointment_id = $1 and state = 'planned' returning person_id, department_id",
        appointment,
        change.state,
        change.planned_on,
        change.attended_on,
        change.why,
        change.by,
        at
    )
    .fetch_optional(scope.connection())
    .await?;
    Ok(row.map(|row| (row.person_id, row.department_id)))
}

/// The planned return visit of a person that a doctor puts on another day.
pub async fn planned_visit(scope: &mut Scope, person: PersonId) -> Result<Option<Uuid>> {
    Ok(sqlx::query_scalar!(
        "select appointment_id from appointment
         where person_id = $1 and kind = 'return_visit' and state = 'planned'
         order by planned_on limit 1 for update",
        person.as_uuid()
    )
    .fetch_optional(scope.connection())
    .await?)
}

/// Notices of what has gone, has moved, or is over: they end, and are not dialled.
pub async fn stop_notices(scope: &mut Scope, today: NaiveDate, at: DateTime<Utc>) -> Result<u64> {
    let done = sqlx::query!(
        "update task n set state = 'cancelled', why = g.why, updated_at = $2
         from (select n.task_id,
                   case when coalesce(o.planned_on, f.scheduled_on) <= $1 then 'too_late'
                       when o.state = 'planned' or f.state = 'pending' then 'moved'
                       else 'subject_ended' end as why
               from task n left join appointment o on o.appointment_id = n.about_appointment
                   left join task f on f.task_id = n.about_task
               where n.type = 'notice' and n.state in ('pending', 'due', 'waiting_retry',
                       'waiting_repair', 'needs_person')
                 and (n.about_appointment is not null or n.about_task is not null)
                 and (coalesce(o.planned_on, f.scheduled_on) <= $1
                     or coalesce(o.state, f.state) not in ('planned', 'pending')
                     or coalesce(o.planned_on, f.scheduled_on) <> n.deadline_on)) g
         where n.task_id = g.task_id",
        today,
        at
    )
    .execute(scope.connection())
    .await?;
    Ok(done.rows_affected())
}

/// So many days before; absent: no notice of this kind.
#[derive(Clone, Copy, Debug)]
pub struct Lead {
    pub return_visit: Option<i32>,
    pub admission: Option<i32>,
    pub examination: Option<i32>,
    pub follow_up: Option<i32>,
}

/// The notices that are to go out today, each once. Its `deadline_on` is the day that it
/// tells of. Answers how many are new.
pub async fn make_notices(
    scope: &mut Scope,
    today: NaiveDate,
    lead: Lead,
    at: DateTime<Utc>,
) -> Result<u64> {
    let of_appointments = sqlx::query!(
        "insert into task (task_id, run_id, person_id, admission_id, department_id, kind, state,
             type, channel, dialplan, scheduled_on, deadline_on, due_at, not_before,
             about_appointment, created_at, updated_at)
         select gen_random_uuid(), (select r.run_id from run r where r.is_standing
                 and r.dialplan = 'notice' and r.state not in ('stopped', 'finished')),
             o.person_id, o.admission_id, o.department_id, 'follow_up', 'due', 'notice', 'ivr',
             'notice', o.planned_on - l.days, o.planned_on, $5, $5, o.appointment_id, $5, $5
         from appointment o join person p using (person_id)
             left join department d on d.department_id = o.department_id
             join (values ('return_visit', $2::int), ('admission', $3::int),
                 ('examination', $4::int)) l (kind, days) on l.kind = o.kind
         where o.state = 'planned' and l.days is not null and p.died_on is null
           and coalesce(d.follows_up, true) and o.planned_on > $1 and o.planned_on - l.days <= $1
         on conflict do nothing",
        today,
        lead.return_visit,
        lead.admission,
        lead.examination,
        at
    )
    .execute(scope.connection())
    .await?;
    let Some(days) = lead.follow_up else { return Ok(of_appointments.rows_affected()) };
    let of_steps = sqlx::query!(
        "insert into task (task_id, run_id, person_id, admission_id, department_id, kind, state,
             type, channel, dialplan, scheduled_on, deadline_on, due_at, not_before, about_task,
             created_at, updated_at)
         select gen_random_uuid(), (select r.run_id from run r where r.is_standing
                 and r.dialplan = 'notice' and r.state not in ('stopped', 'finished')),
             t.person_id, t.admission_id, t.department_id, 'follow_up', 'due', 'notice', 'ivr',
             'notice', t.scheduled_on - $2::int, t.scheduled_on, $3, $3, t.task_id, $3, $3
         from task t join person p using (person_id)
             left join department d on d.department_id = t.department_id
         where t.plan_id is not null and t.state = 'pending' and p.died_on is null
           and coalesce(d.follows_up, true) and t.scheduled_on > $1
           and t.scheduled_on <= $1 + $2::int
         on conflict do nothing",
        today,
        days,
        at
    )
    .execute(scope.connection())
    .await?;
    Ok(of_appointments.rows_affected() + of_steps.rows_affected())
}

/// Notices join a standing run that was made after them.
pub async fn join_notices(scope: &mut Scope, at: DateTime<Utc>) -> Result<u64> {
    let done = sqlx::query!(
        "update task t set run_id = r.run_id, updated_at = $1 from run r
         where r.is_standing and r.dialplan = t.dialplan and r.state not in ('stopped', 'finished')
           and t.type = 'notice' and t.run_id is null and t.state in ('due', 'waiting_retry')",
        at
    )
    .execute(scope.connection())
    .await?;
    Ok(done.rows_affected())
}

/// The day that a call may name: what its notice is about, or the next return visit.
pub async fn day_to_name(
    scope: &mut Scope,
    task: TaskId,
    today: NaiveDate,
) -> Result<Option<NaiveDate>> {
    Ok(sqlx::query_scalar!(
        r#"select case when t.type = 'notice' then t.deadline_on
             else (select min(o.planned_on) from appointment o
                 where o.person_id = t.person_id and o.kind = 'return_visit'
                   and o.state = 'planned' and o.planned_on >= $2) end as "day?"
         from task t where t.task_id = $1"#,
        task.as_uuid(),
        today
    )
    .fetch_optional(scope.connection())
    .await?
    .flatten())
}

pub struct Visits {
    pub department: Option<String>,
    pub ward: Option<String>,
    pub advised: i64,
    pub within: i64,
    pub attended: i64,
}

/// 复诊率: return visits within their window of all that were advised and not called off.
pub async fn visits(scope: &mut Scope, from: NaiveDate, to: NaiveDate) -> Result<Vec<Visits>> {
    Ok(sqlx::query_as!(
        Visits,
        r#"select d.name as "department?", a.ward as "ward?", count(*) as "advised!",
             count(*) filter (where o.attended_on between o.planned_on - o.window_days
                 and o.planned_on + o.window_days) as "within!",
             count(o.attended_on) as "attended!"
         from appointment o left join department d using (department_id)
             left join admission a on a.admission_id = o.admission_id
         where o.kind = 'return_visit' and o.state <> 'cancelled' and o.planned_on between $1 and $2
         group by d.name, a.ward order by d.name nulls last, a.ward nulls last"#,
        from,
        to
    )
    .fetch_all(scope.connection())
    .await?)
}

/// The plan that a follow-up is a step of.
pub async fn plan_of(scope: &mut Scope, task: TaskId) -> Result<Option<Uuid>> {
    Ok(sqlx::query_scalar!("select plan_id from task where task_id = $1", task.as_uuid())
        .fetch_optional(scope.connection())
        .await?
        .flatten())
}

pub struct NewAdjustment<'a> {
    pub id: Uuid,
    pub task: TaskId,
    pub treatment: &'a str,
    pub every_days: Option<i32>,
    pub recheck_on: Option<NaiveDate>,
    pub reason: &'a str,
    pub by: &'a str,
}

pub async fn add_adjustment(
    scope: &mut Scope,
    new: &NewAdjustment<'_>,
    at: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "insert into adjustment (adjustment_id, task_id, person_id, department_id, treatment,
             every_days, recheck_on, reason, by_whom, at)
         select $1, t.task_id, t.person_id, t.department_id, $3, $4, $5, $6, $7, $8
         from task t where t.task_id = $2",
        new.id,
        new.task.as_uuid(),
        new.treatment,
        new.every_days,
        new.recheck_on,
        new.reason,
        new.by,
        at
    )
    .execute(scope.connection())
    .await?;
    Ok(())
}

pub struct Adjustment {
    pub task_id: Uuid,
    pub treatment: String,
    pub every_days: Option<i32>,
    pub recheck_on: Option<NaiveDate>,
    pub reason: String,
    pub by_whom: String,
    pub at: DateTime<Utc>,
}

/// The newest first.
pub async fn adjustments(
    scope: &mut Scope,
    person: PersonId,
    limit: i64,
) -> Result<Vec<Adjustment>> {
    Ok(sqlx::query_as!(
        Adjustment,
        "select task_id, treatment, every_days, recheck_on, reason, by_whom, at
         from adjustment where person_id = $1 order by at desc, adjustment_id limit $2",
        person.as_uuid(),
        limit
    )
    .fetch_all(scope.connection())
    .await?)
}
