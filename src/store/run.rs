//! Runs: a group of follow-ups dialled together.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{Result, Scope};
use crate::base::{ImportId, RunId};

pub struct NewRun<'a> {
    pub id: RunId,
    pub name: &'a str,
    pub dialplan: &'a str,
    pub dialplan_sha256: &'a str,
    pub trunk: Option<&'a str>,
    pub lines: Option<i32>,
    pub is_standing: bool,
    pub created_by: &'a str,
}

#[derive(Clone, Debug)]
pub struct Run {
    pub run_id: Uuid,
    pub name: String,
    pub dialplan: String,
    pub dialplan_sha256: String,
    pub trunk: Option<String>,
    pub lines: Option<i32>,
    /// It goes on for ever, and never finishes for want of tasks.
    pub is_standing: bool,
    pub state: String,
    pub why: Option<String>,
    pub created_by: String,
    pub created_at: DateTime<Utc>,
    pub started_at: Option<DateTime<Utc>>,
    pub ended_at: Option<DateTime<Utc>>,
}

pub async fn insert(scope: &mut Scope, run: &NewRun<'_>, at: DateTime<Utc>) -> Result<()> {
    sqlx::query!(
        "insert into run (run_id, name, dialplan, dialplan_sha256, trunk, lines, state, is_standing,
             created_by, created_at) values ($1, $2, $3, $4, $5, $6, 'draft', $7, $8, $9)",
        run.id.as_uuid(),
        run.name,
        run.dialplan,
        run.dialplan_sha256,
        run.trunk,
        run.lines,
        run.is_standing,
        run.created_by,
        at
    )
    .execute(scope.connection())
    .await?;
    Ok(())
}

/// One follow-up task for each discharge of an import (or, without one, for each that has
/// none yet), but not for those who died. Fresh ids sort by time.
pub async fn fill(
    scope: &mut Scope,
    run: RunId,
    import: Option<ImportId>,
    at: DateTime<Utc>,
) -> Result<u64> {
    let done = sqlx::query!(
        "insert into task (task_id, run_id, person_id, admission_id, department_id, kind, state,
             due_at, not_before, created_at, updated_at)
         select gen_random_uuid(), $1, a.person_id, a.admission_id, a.department_id, 'follow_up',
             'due', $3, $3, $3, $3
         from admission a join person p using (person_id) join department d using (department_id)
         where a.disposition <> 5 and p.died_on is null and a.discharged_on is not null
           and a.cancelled_at is null and d.follows_up
           and not exists (select from task t
               where t.run_id = $1 and t.admission_id = a.admission_id)
           and case when $2::uuid is null
               then not exists (select from task t where t.admission_id = a.admission_id
                   and (t.run_id is not null or t.plan_id is null))
               else exists (select from import_admission i
                            where i.import_id = $2 and i.admission_id = a.admission_id) end
         on conflict do nothing",
        run.as_uuid(),
        import.as_ref().map(ImportId::as_uuid),
        at
    )
    .execute(scope.connection())
    .await?;
    Ok(done.rows_affected())
}

/// One follow-up task for each discharge of a cohort, but not for those who died.
pub async fn fill_with(
    scope: &mut Scope,
    run: RunId,
    admissions: &[Uuid],
    at: DateTime<Utc>,
) -> Result<u64> {
    let done = sqlx::query!(
        "insert into task (task_id, run_id, person_id, admission_id, department_id, kind, state,
             type, due_at, not_before, created_at, updated_at)
         select gen_random_uuid(), $1, a.person_id, a.admission_id, a.department_id, 'follow_up',
             'due', 'specialty', $3, $3, $3, $3
         from admission a join person p using (person_id) join department d using (department_id)
         where a.admission_id = any ($2) and a.disposition <> 5 and p.died_on is null
           and a.discharged_on is not null and a.cancelled_at is null and d.follows_up
         on conflict do nothing",
        run.as_uuid(),
        admissions,
        at
    )
    .execute(scope.connection())
    .await?;
    Ok(done.rows_affected())
}

pub async fn find(scope: &mut Scope, run: RunId) -> Result<Option<Run>> {
    Ok(sqlx::query_as!(
        Run,
        "select run_id, name, dialplan, dialplan_sha256, trunk, lines, is_standing, state, why, created_by,
             created_at, started_at, ended_at
         from run where run_id = $1",
        run.as_uuid()
    )
    .fetch_optional(scope.connection())
    .await?)
}

pub async fn list(scope: &mut Scope, search: &str, limit: i64, offset: i64) -> Result<Vec<Run>> {
    Ok(sqlx::query_as!(
        Run,
        "select run_id, name, dialplan, dialplan_sha256, trunk, lines, is_standing, state, why, created_by,
             created_at, started_at, ended_at
         from run where strpos(lower(name), lower($1)) > 0 or $1 = ''
         order by created_at desc limit $2 offset $3",
        search,
        limit,
        offset
    )
    .fetch_all(scope.connection())
    .await?)
}

/// Those that dial, or would if they might.
pub async fn active(scope: &mut Scope) -> Result<Vec<Run>> {
    Ok(sqlx::query_as!(
        Run,
        "select run_id, name, dialplan, dialplan_sha256, trunk, lines, is_standing, state, why, created_by,
             created_at, started_at, ended_at
         from run where state in ('running', 'waiting_window') order by started_at"
    )
    .fetch_all(scope.connection())
    .await?)
}

/// Runs that take each task of their dialplan on the day it is due.
pub async fn standing(scope: &mut Scope) -> Result<Vec<Uuid>> {
    Ok(sqlx::query_scalar!(
        "select run_id from run where is_standing and state not in ('stopped', 'finished')
         order by created_at"
    )
    .fetch_all(scope.connection())
    .await?)
}

/// Locks the run and answers its state.
pub async fn lock(scope: &mut Scope, run: RunId) -> Result<Option<String>> {
    Ok(sqlx::query_scalar!("select state from run where run_id = $1 for update", run.as_uuid())
        .fetch_optional(scope.connection())
        .await?)
}

pub async fn set_state(
    scope: &mut Scope,
    run: RunId,
    state: &str,
    why: Option<&str>,
    at: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "update run set state = $2, why = $3,
             started_at = case when $2 = 'running' then coalesce(started_at, $4) else started_at end,
             ended_at = case when $2 in ('stopped', 'finished') then $4 else ended_at end
         where run_id = $1",
        run.as_uuid(),
        state,
        why,
        at
    )
    .execute(scope.connection())
    .await?;
    Ok(())
}

/// A run that had ended for want of anybody to dial goes on: somebody waits again.
pub async fn reopen(scope: &mut Scope, run: RunId) -> Result<()> {
    sqlx::query!(
        "update run set state = 'running', ended_at = null
         where run_id = $1 and state = 'finished'",
        run.as_uuid()
    )
    .execute(scope.connection())
    .await?;
    Ok(())
}

/// How many tasks of the run are in each state, and with which last outcome.
pub struct Count {
    pub state: String,
    pub last_outcome: Option<String>,
    pub tasks: i64,
    pub dials: i64,
}

pub async fn counts(scope: &mut Scope, run: RunId) -> Result<Vec<Count>> {
    Ok(sqlx::query_as!(
        Count,
        r#"select state, last_outcome, count(*) as "tasks!", sum(dials)::bigint as "dials!"
         from task where run_id = $1 group by state, last_outcome order by state, last_outcome"#,
        run.as_uuid()
    )
    .fetch_all(scope.connection())
    .await?)
}

pub async fn keep_content(
    scope: &mut Scope,
    kind: &str,
    name: &str,
    sha256: &str,
    body: &str,
    at: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "insert into content (kind, name, sha256, body, first_used_at) values ($1, $2, $3, $4, $5)
         on conflict do nothing",
        kind,
        name,
        sha256,
        body,
        at
    )
    .execute(scope.connection())
    .await?;
    Ok(())
}

/// The waterfall of a run: how many follow-ups got how far.
pub struct Waterfall {
    pub run_id: Uuid,
    pub due: i64,
    pub dialled: i64,
    pub answered: i64,
    pub right_person: i64,
    pub completed: i64,
    /// Neither over nor handed to a person.
    pub open: i64,
}

pub async fn waterfalls(scope: &mut Scope, runs: &[Uuid]) -> Result<Vec<Waterfall>> {
    Ok(sqlx::query_as!(
        Waterfall,
        r#"select t.run_id as "run_id!", count(*) as "due!",
             count(*) filter (where a.dialled) as "dialled!",
             count(*) filter (where a.answered) as "answered!",
             count(*) filter (where a.right_person) as "right_person!",
             count(*) filter (where t.state = 'completed') as "completed!",
             count(*) filter (where t.state in ('due', 'waiting_retry', 'in_progress')) as "open!"
         from task t left join lateral (
             select true as dialled, bool_or(a.answered) as answered,
                 bool_or(a.outcome in ('completed', 'partial', 'break_off', 'refused', 'postponed',
                     'unable', 'not_eligible')) as right_person
             from attempt a where a.task_id = t.task_id having count(*) > 0) a on true
         where t.kind = 'follow_up' and t.run_id = any ($1) group by t.run_id"#,
        runs
    )
    .fetch_all(scope.connection())
    .await?)
}
