//! Roll-ups of the follow-up reports. What has changed since is marked by triggers (migration
//! 0014), stay by stay: a report adds the difference, and rolling adds it for good.

use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

use super::{Result, Scope};

/// Stays whose facts have changed since they were counted.
pub async fn dirty_stays(scope: &mut Scope, limit: i64) -> Result<Vec<Uuid>> {
    Ok(sqlx::query_scalar!("select distinct admission_id from rollup_dirty limit $1", limit)
        .fetch_all(scope.connection())
        .await?)
}

/// Counts these stays anew. `false`: another node is at it.
pub async fn roll(scope: &mut Scope, stays: &[Uuid], at: DateTime<Utc>) -> Result<bool> {
    let ours = sqlx::query_scalar!(r#"select pg_try_advisory_xact_lock(7307, 0) as "ours!""#)
        .fetch_one(scope.connection())
        .await?;
    if !ours {
        return Ok(false);
    }
    // Marks first: what is committed later brings a mark of its own.
    sqlx::query!("delete from rollup_dirty where admission_id = any ($1)", stays)
        .execute(scope.connection())
        .await?;
    sqlx::query!("select roll_follow_up($1)", stays).execute(scope.connection()).await?;
    sqlx::query!(
        "insert into rollup_turn (rolled_at) values ($1)
         on conflict (only_one) do update set rolled_at = $1",
        at
    )
    .execute(scope.connection())
    .await?;
    Ok(true)
}

/// Adds the changed calls and follow-ups to the kept workload; answers whether there were any.
/// `None`: another node is at it.
pub async fn roll_workload(scope: &mut Scope) -> Result<Option<bool>> {
    let ours = sqlx::query_scalar!(r#"select pg_try_advisory_xact_lock(7307, 1) as "ours!""#)
        .fetch_one(scope.connection())
        .await?;
    if !ours {
        return Ok(None);
    }
    let any = sqlx::query_scalar!(
        r#"select exists (select from call_change) or exists (select from done_change) as "any!""#
    )
    .fetch_one(scope.connection())
    .await?;
    if any {
        sqlx::query!("select roll_workload()").execute(scope.connection()).await?;
    }
    Ok(Some(any))
}

/// Counts the answers of marked days anew, the last ones first; answers of how many days.
/// `None`: another node is at it.
pub async fn roll_answers(scope: &mut Scope, limit: usize) -> Result<Option<usize>> {
    let ours = sqlx::query_scalar!(r#"select pg_try_advisory_xact_lock(7307, 2) as "ours!""#)
        .fetch_one(scope.connection())
        .await?;
    if !ours {
        return Ok(None);
    }
    let days = sqlx::query_scalar!(
        "select distinct day from answer_dirty order by day desc limit $1",
        i64::try_from(limit).unwrap_or(i64::MAX)
    )
    .fetch_all(scope.connection())
    .await?;
    if !days.is_empty() {
        sqlx::query!("select roll_answers($1)", &days).execute(scope.connection()).await?;
    }
    Ok(Some(days.len()))
}

/// The last moment at which anything was rolled, and how many stays of the span are counted
/// anew because something has changed since.
pub struct AsOf {
    pub rolled_at: Option<DateTime<Utc>>,
    pub counted_anew: i64,
}

pub async fn as_of(scope: &mut Scope, from: NaiveDate, to: NaiveDate) -> Result<AsOf> {
    Ok(sqlx::query_as!(
        AsOf,
        r#"select (select rolled_at from rollup_turn) as rolled_at,
             (select count(distinct d.admission_id) from rollup_dirty d
                  join admission a using (admission_id)
              where a.discharged_on between $1 and $2) as "counted_anew!""#,
        from,
        to
    )
    .fetch_one(scope.connection())
    .await?)
}
