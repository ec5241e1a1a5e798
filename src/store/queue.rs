//! Queues, and the callers who waited in them.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{Result, Scope};
use crate::base::{CallId, UserId};

#[derive(Clone, Debug)]
pub struct Queue {
    pub code: String,
    pub name: String,
    pub strategy: String,
    pub priority: i16,
    pub ring_s: i32,
    pub wait_max_s: i32,
    pub announce_s: i32,
    pub waiting_max: i32,
    pub own_first: bool,
    /// Words of `shift`.
    pub open_in: Vec<String>,
    /// `agents` or `duty_phone`.
    pub rings: String,
    pub asks_rating: bool,
}

pub async fn list(scope: &mut Scope) -> Result<Vec<Queue>> {
    Ok(sqlx::query_as!(
        Queue,
        "select code, name, strategy, priority, ring_s, wait_max_s, announce_s, waiting_max,
             own_first, open_in, rings, asks_rating from queue order by code"
    )
    .fetch_all(scope.connection())
    .await?)
}

pub async fn put(scope: &mut Scope, queue: &Queue, by: &str, at: DateTime<Utc>) -> Result<()> {
    sqlx::query!(
        "insert into queue (code, name, strategy, priority, ring_s, wait_max_s, announce_s,
             waiting_max, own_first, updated_at, updated_by, open_in, rings, asks_rating)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
         on conflict (code) do update set name = $2, strategy = $3, priority = $4, ring_s = $5,
             wait_max_s = $6, announce_s = $7, waiting_max = $8, own_first = $9,
             updated_at = $10, updated_by = $11, open_in = $12, rings = $13, asks_rating = $14",
        queue.code,
        queue.name,
        queue.strategy,
        queue.priority,
        queue.ring_s,
        queue.wait_max_s,
        queue.announce_s,
        queue.waiting_max,
        queue.own_first,
        at,
        by,
        &queue.open_in,
        queue.rings,
        queue.asks_rating
    )
    .execute(scope.connection())
    .await?;
    Ok(())
}

pub async fn remove(scope: &mut Scope, code: &str) -> Result<bool> {
    let done =
        sqlx::query!("delete from queue where code = $1", code).execute(scope.connection()).await?;
    Ok(done.rows_affected() == 1)
}

pub struct NewVisit<'a> {
    pub id: Uuid,
    pub call: CallId,
    pub queue: &'a str,
    pub entered_at: DateTime<Utc>,
    pub left_at: DateTime<Utc>,
    pub result: &'a str,
    pub why: Option<&'a str>,
    pub agent: Option<UserId>,
}

pub async fn add_visit(scope: &mut Scope, new: &NewVisit<'_>) -> Result<()> {
    sqlx::query!(
        "insert into queue_visit (visit_id, call_id, queue, entered_at, left_at, result, why, agent)
         values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict (visit_id) do nothing",
        new.id,
        new.call.as_uuid(),
        new.queue,
        new.entered_at,
        new.left_at,
        new.result,
        new.why,
        new.agent.as_ref().map(UserId::as_uuid)
    )
    .execute(scope.connection())
    .await?;
    Ok(())
}

/// What a queue did since a moment.
#[derive(Clone, Debug)]
pub struct Tally {
    pub queue: String,
    pub answered: i64,
    pub gave_up: i64,
    pub nobody: i64,
    pub wait_mean_s: Option<f64>,
    pub wait_max_s: Option<f64>,
    /// 通话评价: how many marks, and their mean.
    pub rated: i64,
    pub rating_mean: Option<f64>,
}

pub async fn tallies(scope: &mut Scope, from: DateTime<Utc>) -> Result<Vec<Tally>> {
    Ok(sqlx::query_as!(
        Tally,
        r#"select v.queue, count(*) filter (where v.result = 'answered') as "answered!",
             count(*) filter (where v.result = 'gave_up') as "gave_up!",
             count(*) filter (where v.result in ('nobody', 'callback')) as "nobody!",
             avg(extract(epoch from v.left_at - v.entered_at))::float8 as wait_mean_s,
             max(extract(epoch from v.left_at - v.entered_at))::float8 as wait_max_s,
             count(a.score) as "rated!", avg(a.score)::float8 as rating_mean
         from queue_visit v left join answer a on v.result = 'answered'
             and a.call_id = v.call_id and a.questionnaire = 'call_rating'
         where v.entered_at >= $1 group by v.queue order by v.queue"#,
        from
    )
    .fetch_all(scope.connection())
    .await?)
}
