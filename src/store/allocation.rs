//! Who holds which follow-up, and who may hold how much.

use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

use super::{Result, Scope};
use crate::base::TaskId;

pub struct Operator {
    pub user_id: Uuid,
    pub login: String,
    pub capacity: i32,
    pub absent: bool,
    pub left: bool,
    pub task_types: Vec<String>,
    /// Names of the departments; empty: all.
    pub departments: Vec<String>,
}

pub async fn operators(scope: &mut Scope, today: NaiveDate) -> Result<Vec<Operator>> {
    Ok(sqlx::query_as!(
        Operator,
        r#"select a.user_id, a.login, a.capacity,
             coalesce($1 between a.absent_from and a.absent_to, false) as "absent!",
             a.disabled_at is not null as "left!", a.task_types,
             array(select d.name from department d
                 where not a.whole_hospital and d.department_id = any (a.departments)) as "departments!"
         from account a where a.capacity > 0 or a.disabled_at is not null order by a.login"#,
        today
    )
    .fetch_all(scope.connection())
    .await?)
}

pub struct Open {
    pub task_id: Uuid,
    pub r#type: String,
    pub department: Option<String>,
    pub ward: Option<String>,
    pub due_at: DateTime<Utc>,
    pub assigned_to: Option<String>,
}

/// Follow-ups for people that nobody is working on at this moment, locked.
pub async fn open(scope: &mut Scope, at: DateTime<Utc>) -> Result<Vec<Open>> {
    Ok(sqlx::query_as!(
        Open,
        r#"select t.task_id, t.type, d.name as "department?", a.ward as "ward?", t.due_at, t.assigned_to
         from task t left join department d using (department_id)
             left join admission a using (admission_id)
         where t.kind <> 'repair_task' and t.due_at <= $1
           and (t.state in ('needs_person', 'assigned') or t.state = 'due' and t.run_id is null)
         order by t.due_at, t.task_id limit 20000 for update of t skip locked"#,
        at
    )
    .fetch_all(scope.connection())
    .await?)
}

pub async fn assign(
    scope: &mut Scope,
    task: TaskId,
    to: Option<&str>,
    at: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "update task set assigned_to = $2, assigned_at = $3, updated_at = $3,
             state = case when state = 'due' and $2::text is not null then 'assigned'
                 when state = 'assigned' and $2::text is null then 'due' else state end
         where task_id = $1",
        task.as_uuid(),
        to,
        at
    )
    .execute(scope.connection())
    .await?;
    Ok(())
}

pub struct Work<'a> {
    pub capacity: i32,
    pub absent_from: Option<NaiveDate>,
    pub absent_to: Option<NaiveDate>,
    pub task_types: &'a [String],
}

pub async fn put_work(scope: &mut Scope, login: &str, work: &Work<'_>) -> Result<bool> {
    let done = sqlx::query!(
        "update account set capacity = $2, absent_from = $3, absent_to = $4, task_types = $5
         where login = $1",
        login,
        work.capacity,
        work.absent_from,
        work.absent_to,
        work.task_types
    )
    .execute(scope.connection())
    .await?;
    Ok(done.rows_affected() == 1)
}

pub struct Load {
    pub login: String,
    pub capacity: i32,
    pub open: i64,
    pub overdue: i64,
}

pub async fn loads(scope: &mut Scope, today: NaiveDate) -> Result<Vec<Load>> {
    Ok(sqlx::query_as!(
        Load,
        r#"select a.login, a.capacity,
             count(t.task_id) as "open!",
             count(t.task_id) filter (where t.deadline_on < $1) as "overdue!"
         from account a left join task t on t.assigned_to = a.login
             and t.state in ('assigned', 'needs_person', 'in_progress', 'waiting_repair')
         where a.capacity > 0 group by a.login, a.capacity order by a.login"#,
        today
    )
    .fetch_all(scope.connection())
    .await?)
}
