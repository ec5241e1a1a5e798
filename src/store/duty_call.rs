//! Ringings of duty phones for alerts.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{Result, Scope};
use crate::base::CallId;

pub struct Ring {
    pub alert_id: Uuid,
    pub task_id: Option<Uuid>,
    pub department_id: Option<Uuid>,
    pub level: String,
    pub ring_rank: i16,
    pub alarm: Option<String>,
}

/// Alerts whose duty phone is to ring now and does not, locked.
pub async fn ringable(scope: &mut Scope, at: DateTime<Utc>, limit: i64) -> Result<Vec<Ring>> {
    Ok(sqlx::query_as!(
        Ring,
        "select alert_id, task_id, department_id, level, ring_rank, alarm from alert a
         where next_ring_at <= $1 and state in ('raised', 'escalated')
           and not exists (select from duty_call d
               where d.alert_id = a.alert_id and d.ended_at is null)
         order by next_ring_at, alert_id limit $2 for update skip locked",
        at,
        limit
    )
    .fetch_all(scope.connection())
    .await?)
}

pub struct New<'a> {
    pub id: Uuid,
    pub alert: Uuid,
    pub department: Option<Uuid>,
    pub rank: i16,
    pub staff_no: &'a str,
    pub phone: &'a str,
    pub node: &'a str,
    pub epoch: i64,
}

pub async fn insert(scope: &mut Scope, new: &New<'_>, at: DateTime<Utc>) -> Result<()> {
    sqlx::query!(
        "insert into duty_call (duty_call_id, alert_id, department_id, rank, staff_no, phone,
             owner_node, owner_epoch, began_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        new.id,
        new.alert,
        new.department,
        new.rank,
        new.staff_no,
        new.phone,
        new.node,
        new.epoch,
        at
    )
    .execute(scope.connection())
    .await?;
    Ok(())
}

pub async fn set_call(scope: &mut Scope, duty_call: Uuid, call: CallId) -> Result<()> {
    sqlx::query!(
        "update duty_call set call_id = $2 where duty_call_id = $1",
        duty_call,
        call.as_uuid()
    )
    .execute(scope.connection())
    .await?;
    Ok(())
}

/// Answers whether it was open.
pub async fn end(
    scope: &mut Scope,
    duty_call: Uuid,
    outcome: &str,
    at: DateTime<Utc>,
) -> Result<bool> {
    let done = sqlx::query!(
        "update duty_call set ended_at = $3, outcome = $2
         where duty_call_id = $1 and ended_at is null",
        duty_call,
        outcome,
        at
    )
    .execute(scope.connection())
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Those that a crash has left open: of an earlier life of this node, and of any node once
/// they are older than a call can be. The same rank is rung again. Answers how many.
pub async fn interrupt(
    scope: &mut Scope,
    node: &str,
    epoch: i64,
    older_than: DateTime<Utc>,
    at: DateTime<Utc>,
) -> Result<u64> {
    let done = sqlx::query!(
        "with lost as (
             update duty_call set ended_at = $4, outcome = 'interrupted'
             where ended_at is null
               and (owner_node = $1 and owner_epoch <> $2 or began_at < $3)
             returning alert_id, rank)
         update alert a set ring_rank = lost.rank - 1
         from lost where a.alert_id = lost.alert_id",
        node,
        epoch,
        older_than,
        at
    )
    .execute(scope.connection())
    .await?;
    Ok(done.rows_affected())
}

pub async fn set_rank(scope: &mut Scope, alert: Uuid, rank: i16) -> Result<()> {
    sqlx::query!("update alert set ring_rank = $2 where alert_id = $1", alert, rank)
        .execute(scope.connection())
        .await?;
    Ok(())
}

/// Rings again then, unless somebody has acknowledged meanwhile. An alarm stays until then.
pub async fn ring_at(
    scope: &mut Scope,
    alert: Uuid,
    next: DateTime<Utc>,
    alarm: Option<&str>,
    at: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "update alert set next_ring_at = $2, alarm = coalesce($3, alarm),
             alarmed_at = case when $3::text is null then alarmed_at
                 else coalesce(alarmed_at, $4) end
         where alert_id = $1 and state in ('raised', 'escalated')",
        alert,
        next,
        alarm,
        at
    )
    .execute(scope.connection())
    .await?;
    Ok(())
}

pub struct DutyCall {
    pub rank: i16,
    pub staff_no: String,
    pub phone: String,
    pub call_id: Option<Uuid>,
    pub began_at: DateTime<Utc>,
    pub ended_at: Option<DateTime<Utc>>,
    pub outcome: Option<String>,
}

pub async fn of_alert(scope: &mut Scope, alert: Uuid) -> Result<Vec<DutyCall>> {
    Ok(sqlx::query_as!(
        DutyCall,
        "select rank, staff_no, phone, call_id, began_at, ended_at, outcome from duty_call
         where alert_id = $1 order by began_at limit 500",
        alert
    )
    .fetch_all(scope.connection())
    .await?)
}

/// What is told once the staff number is right.
pub struct Essentials {
    pub ward: Option<String>,
    pub name: Option<String>,
    pub name_reading: Option<String>,
    pub sex: Option<String>,
    pub item_text: Option<String>,
    pub option_text: Option<String>,
    pub value_number: Option<String>,
    pub unit: Option<String>,
    pub advice: Option<String>,
}

pub async fn essentials(scope: &mut Scope, alert: Uuid) -> Result<Option<Essentials>> {
    Ok(sqlx::query_as!(
        Essentials,
        r#"select coalesce(m.ward, d.name) as "ward?", p.name as "name?",
             p.name_reading as "name_reading?", p.sex as "sex?", l.item_text,
             w.option_text as "option_text?", w.value_number::text as "value_number?",
             w.unit as "unit?", l.advice
         from alert l left join person p using (person_id)
             left join department d on d.department_id = l.department_id
             left join task t using (task_id) left join admission m using (admission_id)
             left join lateral (select option_text, value_number, unit from answer w
                 where w.link_id = l.link_id and w.task_id = l.task_id
                   and w.call_id is not distinct from l.call_id
                 order by w.at desc limit 1) w on true
         where l.alert_id = $1"#,
        alert
    )
    .fetch_optional(scope.connection())
    .await?)
}
