//! The due list: planned follow-ups on the day they fall due, closed by whoever did them,
//! and what staff are reminded of.

use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

use super::{Result, Scope};
use crate::base::{RunId, TaskId};

/// Planned tasks whose day has come are due; those that a standing run asks join it.
/// Answers how many.
pub async fn promote(
    scope: &mut Scope,
    today: NaiveDate,
    limit: i64,
    at: DateTime<Utc>,
) -> Result<u64> {
    let done = sqlx::query!(
        "update task t set state = 'due', updated_at = $3,
             run_id = case when t.channel = 'ivr' then (select r.run_id from run r
                 where r.is_standing and r.dialplan = t.dialplan
                   and r.state not in ('stopped', 'finished')) end
         from (select t.task_id from task t left join department d using (department_id)
               where t.plan_id is not null and t.state = 'pending' and t.scheduled_on <= $1
                 and coalesce(d.follows_up, true)
               order by t.scheduled_on, t.task_id limit $2 for update of t skip locked) ripe
         where t.task_id = ripe.task_id",
        today,
        limit,
        at
    )
    .execute(scope.connection())
    .await?;
    Ok(done.rows_affected())
}

/// Due tasks of its dialplan that no run holds yet join a standing run.
pub async fn join(scope: &mut Scope, run: RunId, at: DateTime<Utc>) -> Result<u64> {
    let done = sqlx::query!(
        "update task t set run_id = r.run_id, updated_at = $2 from run r
         where r.run_id = $1 and t.dialplan = r.dialplan and t.run_id is null
           and t.plan_id is not null and t.channel = 'ivr' and t.kind = 'follow_up'
           and t.state in ('due', 'waiting_retry')",
        run.as_uuid(),
        at
    )
    .execute(scope.connection())
    .await?;
    Ok(done.rows_affected())
}

/// The earliest open step of each discharge of an import joins a run of the same dialplan:
/// the run's call is the plan's follow-up, and nobody is called twice for it.
pub async fn take_steps(
    scope: &mut Scope,
    run: RunId,
    import: Option<Uuid>,
    at: DateTime<Utc>,
) -> Result<u64> {
    let done = sqlx::query!(
        "update task t set run_id = r.run_id, state = 'due', not_before = $3, updated_at = $3
         from run r, (select distinct on (t.admission_id) t.task_id
               from task t join run r on r.run_id = $1 and r.dialplan = t.dialplan
                   join person p using (person_id)
               where t.plan_id is not null and t.run_id is null and t.state in ('pending', 'due')
                 and p.died_on is null
                 and case when $2::uuid is null then true
                     else exists (select from import_admission i
                         where i.import_id = $2 and i.admission_id = t.admission_id) end
               order by t.admission_id, t.sequence) first
         where r.run_id = $1 and t.task_id = first.task_id",
        run.as_uuid(),
        import,
        at
    )
    .execute(scope.connection())
    .await?;
    Ok(done.rows_affected())
}

/// Whose group each open follow-up is, by the first rule that fits; an empty word fits all.
pub struct Division<'a> {
    pub types: &'a [String],
    pub departments: &'a [String],
    pub wards: &'a [String],
    pub groups: &'a [String],
}

/// What is open is everybody's, until rules say otherwise.
pub async fn undivide(scope: &mut Scope, at: DateTime<Utc>) -> Result<()> {
    sqlx::query!(
        "update task set owner_group = null, updated_at = $1
         where owner_group is not null and state not in ('completed', 'partial', 'cancelled',
             'expired')",
        at
    )
    .execute(scope.connection())
    .await?;
    Ok(())
}

pub async fn divide(scope: &mut Scope, by: &Division<'_>, at: DateTime<Utc>) -> Result<u64> {
    let done = sqlx::query!(
        "update task t set owner_group = r.owner_group, updated_at = $5
         from (select distinct on (o.task_id) o.task_id, u.owner_group
               from task o left join admission a using (admission_id)
                   left join department d on d.department_id = o.department_id
                   join unnest($1::text[], $2::text[], $3::text[], $4::text[]) with ordinality
                       as u (type, department, ward, owner_group, number)
                   on (u.type = '' or u.type = o.type)
                     and (u.department = '' or u.department = d.name)
                     and (u.ward = '' or u.ward = a.ward)
               where o.kind = 'follow_up' and o.type <> 'notice'
                 and o.state in ('due', 'assigned', 'waiting_retry', 'needs_person')
               order by o.task_id, u.number) r
         where t.task_id = r.task_id and t.owner_group is distinct from r.owner_group",
        by.types,
        by.departments,
        by.wards,
        by.groups,
        at
    )
    .execute(scope.connection())
    .await?;
    Ok(done.rows_affected())
}

/// How a follow-up was done by a person.
pub struct Closing<'a> {
    pub state: &'a str,
    pub done_on: NaiveDate,
    pub channel: &'a str,
    pub by: &'a str,
    pub respondent: Option<&'a str>,
    pub evidence: &'a str,
    pub late_entry: bool,
}

/// Answers whether it was open.
pub async fn close(
    scope: &mut Scope,
    task: TaskId,
    closing: &Closing<'_>,
    at: DateTime<Utc>,
) -> Result<bool> {
    let done = sqlx::query!(
        "update task set state = $2, why = null, done_on = $3, done_channel = $4, done_by = $5,
             respondent = $6, evidence = $7, late_entry = $8, updated_at = $9
         where task_id = $1 and state not in ('completed', 'cancelled', 'expired', 'in_progress')",
        task.as_uuid(),
        closing.state,
        closing.done_on,
        closing.channel,
        closing.by,
        closing.respondent,
        closing.evidence,
        closing.late_entry,
        at
    )
    .execute(scope.connection())
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Every task of this person that a machine would still call for ends with this reason;
/// `by_nobody`: those that wait for a person too.
pub async fn cancel_for_person(
    scope: &mut Scope,
    person: Uuid,
    by_nobody: bool,
    why: &str,
    at: DateTime<Utc>,
) -> Result<u64> {
    let done = sqlx::query!(
        "update task set state = 'cancelled', why = $2, updated_at = $3
         where person_id = $1 and kind in ('follow_up', 'callback')
           and (state in ('pending', 'due', 'assigned', 'waiting_retry', 'waiting_repair')
               or $4 and state = 'needs_person')",
        person,
        why,
        at,
        by_nobody
    )
    .execute(scope.connection())
    .await?;
    Ok(done.rows_affected())
}

/// A call has completed it: the same facts, from the call.
pub async fn set_done(
    scope: &mut Scope,
    task: TaskId,
    done_on: NaiveDate,
    respondent: Option<&str>,
    agent: Option<&str>,
) -> Result<()> {
    sqlx::query!(
        "update task set done_on = $2, done_by = coalesce($4, 'ivr'), respondent = $3,
             done_channel = case when $4::text is null then 'ivr' else 'agent' end,
             evidence = case when exists (select from recording r join call c using (call_id)
                 where c.task_id = $1 and r.kind = 'call' and r.state in ('finished', 'repaired'))
                 then 'recording' else 'call_record' end
         where task_id = $1",
        task.as_uuid(),
        done_on,
        respondent,
        agent
    )
    .execute(scope.connection())
    .await?;
    Ok(())
}

pub struct Due {
    pub task_id: Uuid,
    pub person_id: Uuid,
    pub admission_id: Option<Uuid>,
    pub name: String,
    pub sex: String,
    pub birth_date: Option<NaiveDate>,
    pub department: Option<String>,
    pub ward: Option<String>,
    pub discharged_on: Option<NaiveDate>,
    pub diagnosis: Option<String>,
    pub kind: String,
    pub r#type: String,
    pub state: String,
    pub why: Option<String>,
    pub channel: String,
    pub dialplan: Option<String>,
    pub sequence: Option<i32>,
    pub scheduled_on: Option<NaiveDate>,
    pub deadline_on: Option<NaiveDate>,
    pub due_at: DateTime<Utc>,
    pub promised_at: Option<DateTime<Utc>>,
    pub assigned_to: Option<String>,
    pub last_outcome: Option<String>,
    pub e164: Option<String>,
    /// The part of the day at which this patient has answered most often.
    pub answers_at: Option<String>,
}

#[derive(Clone, Debug, Default)]
pub struct Terms {
    /// The hospital's, for the parts of the day.
    pub zone: String,
    pub search: String,
    /// The same as it sounds.
    pub sound: Option<String>,
    pub until: Option<NaiveDate>,
    pub from: Option<NaiveDate>,
    pub department: Option<Uuid>,
    pub assigned_to: Option<String>,
    /// The patients of this doctor or nurse.
    pub own: Option<String>,
    pub r#type: Option<String>,
    /// Only what is this group's, or nobody's.
    pub group: Option<String>,
    /// `follow_up`, `repair_task` …
    pub kind: Option<String>,
    /// This one alone.
    pub task: Option<Uuid>,
    pub limit: i64,
    pub offset: i64,
}

/// Open follow-ups by their day: overdue first (F062, F063).
pub async fn list(scope: &mut Scope, terms: &Terms) -> Result<Vec<Due>> {
    Ok(sqlx::query_as!(
        Due,
        r#"select t.task_id, t.person_id, t.admission_id, p.name, p.sex, p.birth_date,
             d.name as "department?", a.ward as "ward?", a.discharged_on as "discharged_on?",
             (select coalesce(g.name, g.icd) from diagnosis g
                 where g.admission_id = t.admission_id order by g.position limit 1) as diagnosis,
             t.kind, t.type, t.state, t.why, t.channel, t.dialplan, t.sequence, t.scheduled_on,
             t.deadline_on, t.due_at, t.promised_at, t.assigned_to, t.last_outcome,
             (select n.e164 from number n join contact c using (contact_id)
                 where c.person_id = t.person_id and n.state not in ('invalid', 'blocked')
                 order by c.position, n.position limit 1) as e164,
             (select case when extract(hour from x.answered_at at time zone $12) < 12 then 'morning'
                     when extract(hour from x.answered_at at time zone $12) < 18 then 'afternoon'
                     else 'evening' end
                 from attempt x where x.person_id = t.person_id and x.answered
                 group by 1 order by count(*) desc, 1 limit 1) as answers_at
         from task t join person p using (person_id) left join department d using (department_id)
             left join admission a using (admission_id)
         where t.state in ('pending', 'due', 'assigned', 'in_progress', 'waiting_retry',
                 'needs_person', 'waiting_repair', 'uncertain')
           and ($1 = '' or p.name collate "C" >= $1 and p.name collate "C" < $1 || U&'\+10FFFF' or a.admission_no = $1
               or exists (select from person_sound s
                   where s.person_id = p.person_id and s.sound collate "C" >= $10
                     and s.sound collate "C" < $10 || U&'\+10FFFF'))
           and ($2::date is null or coalesce(t.scheduled_on, t.due_at::date) <= $2)
           and ($3::date is null or coalesce(t.scheduled_on, t.due_at::date) >= $3)
           and ($4::uuid is null or t.department_id = $4)
           and ($5::text is null or t.assigned_to = $5)
           and ($6::text is null or a.attending = $6 or a.responsible_nurse = $6)
           and ($7::text is null or t.type = $7)
           and ($11::text is null or coalesce(t.owner_group, $11) = $11)
           and ($13::text is null or t.kind = $13)
           and ($14::uuid is null or t.task_id = $14)
         order by t.due_at, t.task_id limit $8 offset $9"#,
        terms.search,
        terms.until,
        terms.from,
        terms.department,
        terms.assigned_to,
        terms.own,
        terms.r#type,
        terms.limit,
        terms.offset,
        terms.sound,
        terms.group,
        terms.zone,
        terms.kind,
        terms.task
    )
    .fetch_all(scope.connection())
    .await?)
}

/// First contacts that nobody has made by the day of warning, and follow-ups past their
/// last day: each is said once.
pub async fn remind(
    scope: &mut Scope,
    today: NaiveDate,
    warn_day: i32,
    at: DateTime<Utc>,
) -> Result<u64> {
    let done = sqlx::query!(
        "insert into reminder (reminder_id, kind, task_id, department_id, at)
         select gen_random_uuid(), w.kind, w.task_id, w.department_id, $3
         from (select t.task_id, t.department_id,
                   case when t.deadline_on < $1 then 'overdue' else 'day_12' end as kind
               from task t join admission a using (admission_id)
               where t.plan_id is not null
                 and t.state not in ('completed', 'partial', 'cancelled', 'expired')
                 and (t.deadline_on < $1
                      or t.sequence = 0 and t.deadline_on = a.discharged_on + 14
                         and a.discharged_on + $2::int <= $1)
               limit 5000) w
         on conflict on constraint reminder_once do nothing",
        today,
        warn_day,
        at
    )
    .execute(scope.connection())
    .await?;
    Ok(done.rows_affected())
}

pub struct Reminder {
    pub reminder_id: Uuid,
    pub kind: String,
    pub task_id: Option<Uuid>,
    pub name: Option<String>,
    pub department: Option<String>,
    pub deadline_on: Option<NaiveDate>,
    pub at: DateTime<Utc>,
}

pub async fn reminders(scope: &mut Scope, limit: i64) -> Result<Vec<Reminder>> {
    Ok(sqlx::query_as!(
        Reminder,
        r#"select r.reminder_id, r.kind, r.task_id, p.name as "name?", d.name as "department?",
             t.deadline_on as "deadline_on?", r.at
         from reminder r left join task t using (task_id)
             left join person p on p.person_id = t.person_id
             left join department d on d.department_id = r.department_id
         where r.dismissed_at is null
           and coalesce(t.state not in ('completed', 'partial', 'cancelled', 'expired'), true)
         order by r.at, r.reminder_id limit $1"#,
        limit
    )
    .fetch_all(scope.connection())
    .await?)
}

pub async fn dismiss(
    scope: &mut Scope,
    reminder: Uuid,
    by: &str,
    at: DateTime<Utc>,
) -> Result<bool> {
    let done = sqlx::query!(
        "update reminder set dismissed_at = $3, dismissed_by = $2
         where reminder_id = $1 and dismissed_at is null",
        reminder,
        by,
        at
    )
    .execute(scope.connection())
    .await?;
    Ok(done.rows_affected() == 1)
}

/// The board of plans: how many steps are planned, done, overdue, lost (F066).
pub struct Board {
    pub template: String,
    pub department: Option<String>,
    pub ward: Option<String>,
    /// All steps: done, open, overdue, lost and ended make up this number.
    pub planned: i64,
    pub done: i64,
    pub open: i64,
    pub overdue: i64,
    /// 失访.
    pub lost: i64,
    pub ended: i64,
}

pub async fn board(scope: &mut Scope, today: NaiveDate) -> Result<Vec<Board>> {
    Ok(sqlx::query_as!(
        Board,
        r#"select p.template, d.name as "department?", a.ward as "ward?", count(*) as "planned!",
             count(*) filter (where t.state in ('completed', 'partial')) as "done!",
             count(*) filter (where t.state not in ('completed', 'partial', 'cancelled', 'expired')
                 and coalesce(t.deadline_on, $1) >= $1) as "open!",
             count(*) filter (where t.state not in ('completed', 'partial', 'cancelled', 'expired')
                 and t.deadline_on < $1) as "overdue!",
             count(*) filter (where t.state in ('cancelled', 'expired')
                 and coalesce(p.end_reason = 'lost', false)) as "lost!",
             count(*) filter (where t.state in ('cancelled', 'expired')
                 and not coalesce(p.end_reason = 'lost', false)) as "ended!"
         from task t join plan p using (plan_id) left join department d
             on d.department_id = t.department_id
             left join admission a on a.admission_id = t.admission_id
         group by p.template, d.name, a.ward order by p.template, d.name, a.ward
         limit 5000"#,
        today
    )
    .fetch_all(scope.connection())
    .await?)
}
