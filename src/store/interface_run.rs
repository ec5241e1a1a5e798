//! Runs of interfaces: what came in, and why not.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{Result, Scope, import::Counts};

pub async fn begin(
    scope: &mut Scope,
    id: Uuid,
    interface: &str,
    what: &str,
    at: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "insert into interface_run (interface_run_id, interface, what, started_at, state)
         values ($1, $2, $3, $4, 'running')",
        id,
        interface,
        what,
        at
    )
    .execute(scope.connection())
    .await?;
    Ok(())
}

/// How a run has ended.
#[derive(Clone, Debug, Default)]
pub struct Ended<'a> {
    pub import: Option<Uuid>,
    pub counts: Counts,
    /// Of a failed one: why. Of a finished one: what else is to be told.
    pub why: Option<&'a str>,
    pub failed: bool,
}

pub async fn end(scope: &mut Scope, id: Uuid, ended: &Ended<'_>, at: DateTime<Utc>) -> Result<()> {
    sqlx::query!(
        "update interface_run set state = case when $2 then 'failed' else 'finished' end,
             ended_at = $3, import_id = $4, rows_read = $5, rows_stored = $6, rows_known = $7,
             rows_bad = $8, why = $9
         where interface_run_id = $1",
        id,
        ended.failed,
        at,
        ended.import,
        ended.counts.rows_read,
        ended.counts.rows_stored,
        ended.counts.rows_known,
        ended.counts.rows_bad,
        ended.why
    )
    .execute(scope.connection())
    .await?;
    Ok(())
}

/// Those that a crash has cut off; whoever holds the interface says so.
pub async fn fail_running(scope: &mut Scope, interface: &str, at: DateTime<Utc>) -> Result<()> {
    sqlx::query!(
        "update interface_run set state = 'failed', why = 'crash', ended_at = $2
         where interface = $1 and state = 'running'",
        interface,
        at
    )
    .execute(scope.connection())
    .await?;
    Ok(())
}

/// Those that a crash has cut off, but for sources that another node looks into now.
pub async fn fail_cut_off(scope: &mut Scope, at: DateTime<Utc>) -> Result<()> {
    sqlx::query!(
        "update interface_run set state = 'failed', why = 'crash', ended_at = $1
         where state = 'running' and interface not in (
             select s.source from source_state s where s.lease_until > $1)",
        at
    )
    .execute(scope.connection())
    .await?;
    Ok(())
}

/// Only the last ones are kept.
pub async fn forget_old(scope: &mut Scope, interface: &str) -> Result<()> {
    sqlx::query!(
        "delete from interface_run where interface = $1 and interface_run_id in (
             select interface_run_id from interface_run where interface = $1
             order by started_at desc, interface_run_id desc offset $2)",
        interface,
        KEPT
    )
    .execute(scope.connection())
    .await?;
    Ok(())
}

pub struct Run {
    pub interface: String,
    pub what: String,
    pub started_at: DateTime<Utc>,
    pub ended_at: Option<DateTime<Utc>>,
    pub state: String,
    pub import_id: Option<Uuid>,
    pub rows_read: i32,
    pub rows_stored: i32,
    pub rows_known: i32,
    pub rows_bad: i32,
    pub why: Option<String>,
}

/// The last ones of each interface, the newest first.
pub async fn last(scope: &mut Scope, interfaces: &[String]) -> Result<Vec<Run>> {
    Ok(sqlx::query_as!(
        Run,
        "select r.interface, r.what, r.started_at, r.ended_at, r.state, r.import_id, r.rows_read,
             r.rows_stored, r.rows_known, r.rows_bad, r.why
         from unnest($1::text[]) as i (name) cross join lateral (
             select * from interface_run n where n.interface = i.name
             order by n.started_at desc, n.interface_run_id desc limit $2) r",
        interfaces,
        KEPT
    )
    .fetch_all(scope.connection())
    .await?)
}

/// Enough to see since when it fails.
const KEPT: i64 = 20;
