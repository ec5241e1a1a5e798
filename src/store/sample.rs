//! Samples: level 2 asks patients again, level 3 checks follow-ups that departments did.

use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

use super::{Result, Scope};
use crate::base::TaskId;

/// Follow-ups of the levels below that were done in a period: what a sample is drawn from.
pub async fn population(
    scope: &mut Scope,
    level: i16,
    department: Option<Uuid>,
    from: NaiveDate,
    to: NaiveDate,
) -> Result<Vec<Uuid>> {
    Ok(sqlx::query_scalar!(
        "select t.task_id from task t
         where t.kind = 'follow_up' and t.state = 'completed' and t.level < $1
           and t.done_on between $3 and $4 and ($2::uuid is null or t.department_id = $2)
         order by t.done_on, t.task_id limit 100000",
        level,
        department,
        from,
        to
    )
    .fetch_all(scope.connection())
    .await?)
}

pub struct New<'a> {
    pub id: Uuid,
    pub level: i16,
    pub department: Option<Uuid>,
    pub questionnaire: &'a str,
    pub share_percent: f64,
    pub seed: i64,
    pub from: NaiveDate,
    pub to: NaiveDate,
    pub by: &'a str,
    pub population: i32,
}

pub async fn insert(scope: &mut Scope, new: &New<'_>, at: DateTime<Utc>) -> Result<()> {
    sqlx::query!(
        "insert into sample (sample_id, level, department_id, questionnaire, share_percent, seed,
             period_from, period_to, drawn_by, drawn_at, population)
         values ($1, $2, $3, $4, $5::float8::numeric, $6, $7, $8, $9, $10, $11)",
        new.id,
        new.level,
        new.department,
        new.questionnaire,
        new.share_percent,
        new.seed,
        new.from,
        new.to,
        new.by,
        at,
        new.population
    )
    .execute(scope.connection())
    .await?;
    Ok(())
}

/// The follow-up that is checked, and the task that checks it: by a person.
pub async fn add(
    scope: &mut Scope,
    sample: &New<'_>,
    checked: Uuid,
    check: TaskId,
    position: i32,
    at: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "insert into task (task_id, person_id, admission_id, department_id, kind, state, why, due_at,
             not_before, scheduled_on, deadline_on, type, level, channel, dialplan, created_at,
             updated_at)
         select $1, t.person_id, t.admission_id, t.department_id, 'follow_up', 'needs_person',
             'sample', $3, $3, ($3::timestamptz)::date, ($3::timestamptz)::date + 14, t.type, $4, 'agent', $5, $3, $3
         from task t where t.task_id = $2",
        check.as_uuid(),
        checked,
        at,
        sample.level,
        sample.questionnaire
    )
    .execute(scope.connection())
    .await?;
    sqlx::query!(
        "insert into sample_item (sample_id, task_id, position, check_task) values ($1, $2, $3, $4)",
        sample.id,
        checked,
        position,
        check.as_uuid()
    )
    .execute(scope.connection())
    .await?;
    Ok(())
}

pub struct Sample {
    pub sample_id: Uuid,
    pub level: i16,
    pub department: Option<String>,
    pub questionnaire: String,
    pub share_percent: f64,
    pub seed: i64,
    pub period_from: NaiveDate,
    pub period_to: NaiveDate,
    pub drawn_by: String,
    pub drawn_at: DateTime<Utc>,
    pub population: i32,
    pub items: i64,
    pub checked: i64,
}

pub async fn list(scope: &mut Scope, limit: i64) -> Result<Vec<Sample>> {
    Ok(sqlx::query_as!(
        Sample,
        r#"select s.sample_id, s.level, d.name as "department?", s.questionnaire,
             s.share_percent::float8 as "share_percent!", s.seed, s.period_from, s.period_to,
             s.drawn_by, s.drawn_at, s.population, count(i.task_id) as "items!",
             count(*) filter (where c.state = 'completed') as "checked!"
         from sample s left join department d using (department_id)
             left join sample_item i using (sample_id) left join task c on c.task_id = i.check_task
         group by s.sample_id, d.name order by s.drawn_at desc limit $1"#,
        limit
    )
    .fetch_all(scope.connection())
    .await?)
}

pub struct Item {
    pub task_id: Uuid,
    pub check_task: Option<Uuid>,
    pub name: String,
    pub department: Option<String>,
    pub done_on: Option<NaiveDate>,
    pub done_by: Option<String>,
    pub state: Option<String>,
}

pub async fn items(scope: &mut Scope, sample: Uuid) -> Result<Vec<Item>> {
    Ok(sqlx::query_as!(
        Item,
        r#"select i.task_id, i.check_task, p.name, d.name as "department?", t.done_on, t.done_by,
             c.state as "state?"
         from sample_item i join task t using (task_id) join person p using (person_id)
             left join department d on d.department_id = t.department_id
             left join task c on c.task_id = i.check_task
         where i.sample_id = $1 order by i.position"#,
        sample
    )
    .fetch_all(scope.connection())
    .await?)
}

pub struct Pair {
    pub department: Option<String>,
    pub item: String,
    pub first: Option<String>,
    pub second: Option<String>,
}

/// Each item of the follow-ups that were checked: the first answer beside the second.
pub async fn pairs(
    scope: &mut Scope,
    level: i16,
    from: NaiveDate,
    to: NaiveDate,
) -> Result<Vec<Pair>> {
    Ok(sqlx::query_as!(
        Pair,
        r#"select d.name as "department?", coalesce(a.link_id, b.link_id) as "item!",
             coalesce(a.option_code, a.value_number::text) as first,
             coalesce(b.option_code, b.value_number::text) as second
         from sample s join sample_item i using (sample_id)
             join task c on c.task_id = i.check_task and c.state = 'completed'
             join task t on t.task_id = i.task_id
             left join department d on d.department_id = t.department_id
             join lateral (select distinct on (w.link_id) w.* from answer w
                 where w.task_id = i.task_id order by w.link_id, w.at desc) a on true
             join lateral (select distinct on (w.link_id) w.* from answer w
                 where w.task_id = i.check_task and w.link_id = a.link_id
                 order by w.link_id, w.at desc) b on true
         where s.level = $1 and s.drawn_at::date between $2 and $3
         order by 1 nulls last, 2 limit 200000"#,
        level,
        from,
        to
    )
    .fetch_all(scope.connection())
    .await?)
}
