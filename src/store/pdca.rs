//! PDCA: causes as a tree, measures, and the two periods that are compared.

use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

use super::{Result, Scope};

#[derive(Clone, Debug)]
pub struct Pdca {
    pub pdca_id: Uuid,
    pub title: String,
    pub department_id: Option<Uuid>,
    pub target_percent: f64,
    pub before_from: NaiveDate,
    pub before_to: NaiveDate,
    pub after_from: NaiveDate,
    pub after_to: NaiveDate,
    pub created_at: DateTime<Utc>,
    pub created_by: String,
}

pub async fn insert(scope: &mut Scope, new: &Pdca) -> Result<()> {
    sqlx::query!(
        "insert into pdca (pdca_id, title, department_id, target_percent, before_from, before_to,
             after_from, after_to, created_at, created_by)
         values ($1, $2, $3, $4::float8::numeric, $5, $6, $7, $8, $9, $10)",
        new.pdca_id,
        new.title,
        new.department_id,
        new.target_percent,
        new.before_from,
        new.before_to,
        new.after_from,
        new.after_to,
        new.created_at,
        new.created_by
    )
    .execute(scope.connection())
    .await?;
    Ok(())
}

/// The newest first.
pub async fn list(scope: &mut Scope, id: Option<Uuid>, limit: i64) -> Result<Vec<Pdca>> {
    Ok(sqlx::query_as!(
        Pdca,
        r#"select pdca_id, title, department_id, target_percent::float8 as "target_percent!",
             before_from, before_to, after_from, after_to, created_at, created_by
         from pdca where $1::uuid is null or pdca_id = $1
         order by created_at desc, pdca_id limit $2"#,
        id,
        limit
    )
    .fetch_all(scope.connection())
    .await?)
}

#[derive(Clone, Debug)]
pub struct Cause {
    pub cause_id: Uuid,
    pub parent: Option<Uuid>,
    pub what: String,
    pub is_root: bool,
}

pub async fn causes(scope: &mut Scope, pdca: Uuid, limit: i64) -> Result<Vec<Cause>> {
    Ok(sqlx::query_as!(
        Cause,
        "select cause_id, parent, what, is_root from pdca_cause where pdca_id = $1
         order by created_at, cause_id limit $2",
        pdca,
        limit
    )
    .fetch_all(scope.connection())
    .await?)
}

pub async fn add_cause(
    scope: &mut Scope,
    pdca: Uuid,
    cause: &Cause,
    by: &str,
    at: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "insert into pdca_cause (cause_id, pdca_id, parent, what, is_root, created_at, created_by)
         values ($1, $2, $3, $4, $5, $6, $7)",
        cause.cause_id,
        pdca,
        cause.parent,
        cause.what,
        cause.is_root,
        at,
        by
    )
    .execute(scope.connection())
    .await?;
    Ok(())
}

/// Answers whether it is there.
pub async fn mark_root(scope: &mut Scope, cause: Uuid, is_root: bool) -> Result<bool> {
    let done =
        sqlx::query!("update pdca_cause set is_root = $2 where cause_id = $1", cause, is_root)
            .execute(scope.connection())
            .await?;
    Ok(done.rows_affected() == 1)
}

#[derive(Clone, Debug)]
pub struct Measure {
    pub measure_id: Uuid,
    pub cause_id: Option<Uuid>,
    pub what: String,
    pub owner: String,
    pub due_on: NaiveDate,
    pub done_on: Option<NaiveDate>,
    pub effect: Option<String>,
}

pub async fn measures(scope: &mut Scope, pdca: Uuid, limit: i64) -> Result<Vec<Measure>> {
    Ok(sqlx::query_as!(
        Measure,
        "select measure_id, cause_id, what, owner, due_on, done_on, effect from pdca_measure
         where pdca_id = $1 order by due_on, measure_id limit $2",
        pdca,
        limit
    )
    .fetch_all(scope.connection())
    .await?)
}

pub async fn add_measure(
    scope: &mut Scope,
    pdca: Uuid,
    measure: &Measure,
    by: &str,
    at: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "insert into pdca_measure (measure_id, pdca_id, cause_id, what, owner, due_on, created_at,
             created_by) values ($1, $2, $3, $4, $5, $6, $7, $8)",
        measure.measure_id,
        pdca,
        measure.cause_id,
        measure.what,
        measure.owner,
        measure.due_on,
        at,
        by
    )
    .execute(scope.connection())
    .await?;
    Ok(())
}

/// Answers whether it is there.
pub async fn end_measure(
    scope: &mut Scope,
    measure: Uuid,
    done_on: NaiveDate,
    effect: &str,
    by: &str,
    at: DateTime<Utc>,
) -> Result<bool> {
    let done = sqlx::query!(
        "update pdca_measure set done_on = $2, effect = $3, changed_by = $4, changed_at = $5
         where measure_id = $1",
        measure,
        done_on,
        effect,
        by,
        at
    )
    .execute(scope.connection())
    .await?;
    Ok(done.rows_affected() == 1)
}
