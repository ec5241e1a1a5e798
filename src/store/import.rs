//! Imports and their reports by row and column.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{Result, Scope};
use crate::base::{AdmissionId, ImportId};

pub async fn begin(
    scope: &mut Scope,
    id: ImportId,
    file_name: &str,
    sha256: &str,
    by: &str,
    at: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "insert into import (import_id, file_name, sha256, state, started_by, started_at)
         values ($1, $2, $3, 'running', $4, $5)",
        id.as_uuid(),
        file_name,
        sha256,
        by,
        at
    )
    .execute(scope.connection())
    .await?;
    Ok(())
}

#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Counts {
    pub rows_read: i32,
    pub rows_stored: i32,
    pub rows_known: i32,
    pub rows_bad: i32,
}

pub async fn progress(
    scope: &mut Scope,
    id: ImportId,
    counts: Counts,
    state: &str,
    why: Option<&str>,
    at: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "update import set rows_read = $2, rows_stored = $3, rows_known = $4, rows_bad = $5,
             state = $6, why = $7, ended_at = case when $6 = 'running' then null else $8::timestamptz end
         where import_id = $1",
        id.as_uuid(),
        counts.rows_read,
        counts.rows_stored,
        counts.rows_known,
        counts.rows_bad,
        state,
        why,
        at
    )
    .execute(scope.connection())
    .await?;
    Ok(())
}

/// Row, place among the row's faults, column, what is wrong.
pub type NewFault<'a> = (i32, i32, &'a str, &'a str);

pub async fn add_faults(scope: &mut Scope, id: ImportId, faults: &[NewFault<'_>]) -> Result<()> {
    if faults.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        "insert into import_fault (import_id, row_no, ordinal, column_name, what)
         select $1, f.* from unnest($2::int[], $3::int[], $4::text[], $5::text[]) as f",
        id.as_uuid(),
        &faults.iter().map(|fault| fault.0).collect::<Vec<_>>(),
        &faults.iter().map(|fault| fault.1).collect::<Vec<_>>(),
        &faults.iter().map(|fault| fault.2.to_owned()).collect::<Vec<_>>(),
        &faults.iter().map(|fault| fault.3.to_owned()).collect::<Vec<_>>()
    )
    .execute(scope.connection())
    .await?;
    Ok(())
}

pub async fn link_all(scope: &mut Scope, id: ImportId, stays: &[AdmissionId]) -> Result<()> {
    let stays: Vec<Uuid> = stays.iter().map(|stay| *stay.as_uuid()).collect();
    sqlx::query!(
        "insert into import_admission (import_id, admission_id)
         select $1, unnest($2::uuid[]) on conflict do nothing",
        id.as_uuid(),
        &stays
    )
    .execute(scope.connection())
    .await?;
    Ok(())
}

pub struct Import {
    pub import_id: Uuid,
    pub file_name: String,
    pub state: String,
    pub rows_read: i32,
    pub rows_stored: i32,
    pub rows_known: i32,
    pub rows_bad: i32,
    pub why: Option<String>,
    pub started_by: String,
    pub started_at: DateTime<Utc>,
    pub ended_at: Option<DateTime<Utc>>,
}

pub async fn list(scope: &mut Scope, id: Option<ImportId>, limit: i64) -> Result<Vec<Import>> {
    Ok(sqlx::query_as!(
        Import,
        "select import_id, file_name, state, rows_read, rows_stored, rows_known, rows_bad, why,
             started_by, started_at, ended_at
         from import where $1::uuid is null or import_id = $1 order by started_at desc limit $2",
        id.as_ref().map(ImportId::as_uuid),
        limit
    )
    .fetch_all(scope.connection())
    .await?)
}

pub struct Fault {
    pub row_no: i32,
    pub column_name: String,
    pub what: String,
}

pub async fn faults(scope: &mut Scope, id: ImportId) -> Result<Vec<Fault>> {
    Ok(sqlx::query_as!(
        Fault,
        "select row_no, column_name, what from import_fault where import_id = $1
         order by row_no, ordinal",
        id.as_uuid()
    )
    .fetch_all(scope.connection())
    .await?)
}

/// Imports that a crash has cut off: what they stored stays, their report says so.
pub async fn fail_running(scope: &mut Scope, at: DateTime<Utc>) -> Result<u64> {
    let done = sqlx::query!(
        "update import set state = 'failed', why = 'crash', ended_at = $1 where state = 'running'",
        at
    )
    .execute(scope.connection())
    .await?;
    Ok(done.rows_affected())
}

pub async fn fail(scope: &mut Scope, id: ImportId, why: &str, at: DateTime<Utc>) -> Result<()> {
    sqlx::query!(
        "update import set state = 'failed', why = $2, ended_at = $3 where import_id = $1",
        id.as_uuid(),
        why,
        at
    )
    .execute(scope.connection())
    .await?;
    Ok(())
}

/// Codes of this import's discharges that the dictionary does not know, and how often.
pub async fn unknown_icds(
    scope: &mut Scope,
    id: ImportId,
    limit: i64,
) -> Result<Vec<(String, i64)>> {
    let rows = sqlx::query!(
        r#"select u.icd as "icd!", u.n as "n!" from (
             select g.icd, count(distinct g.admission_id) as n
             from import_admission i join diagnosis g using (admission_id)
             where i.import_id = $1 and g.icd is not null group by g.icd) u
         where not icd_is_known(u.icd) order by u.n desc, u.icd limit $2"#,
        id.as_uuid(),
        limit
    )
    .fetch_all(scope.connection())
    .await?;
    Ok(rows.into_iter().map(|row| (row.icd, row.n)).collect())
}
