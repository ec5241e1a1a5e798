//! Doors at which the hospital's systems knock with discharges.

use chrono::{DateTime, Utc};

use super::{Result, Scope};

/// What its runs are called: no source has a slash in its name.
pub fn interface(door: &str) -> String {
    format!("door/{door}")
}

pub struct Put<'a> {
    pub name: &'a str,
    pub mapping: &'a str,
    pub record_path: &'a str,
    pub silent_after_h: i32,
}

pub async fn put(scope: &mut Scope, put: &Put<'_>, by: &str, at: DateTime<Utc>) -> Result<()> {
    sqlx::query!(
        "insert into door (name, mapping, record_path, silent_after_h, created_at, updated_at,
             updated_by)
         values ($1, $2, $3, $4, $5, $5, $6)
         on conflict (name) do update set mapping = $2, record_path = $3, silent_after_h = $4,
             updated_at = $5, updated_by = $6",
        put.name,
        put.mapping,
        put.record_path,
        put.silent_after_h,
        at,
        by
    )
    .execute(scope.connection())
    .await?;
    Ok(())
}

pub struct Door {
    pub name: String,
    pub mapping: String,
    pub record_path: String,
    pub silent_after_h: i32,
    pub created_at: DateTime<Utc>,
    pub last_arrived_at: Option<DateTime<Utc>>,
    pub updated_at: DateTime<Utc>,
    pub updated_by: String,
}

pub async fn list(scope: &mut Scope) -> Result<Vec<Door>> {
    Ok(sqlx::query_as!(
        Door,
        "select name, mapping, record_path, silent_after_h, created_at, last_arrived_at,
             updated_at, updated_by
         from door order by name limit 200"
    )
    .fetch_all(scope.connection())
    .await?)
}

pub async fn find(scope: &mut Scope, name: &str) -> Result<Option<Door>> {
    Ok(sqlx::query_as!(
        Door,
        "select name, mapping, record_path, silent_after_h, created_at, last_arrived_at,
             updated_at, updated_by
         from door where name = $1",
        name
    )
    .fetch_optional(scope.connection())
    .await?)
}

/// Somebody new came by this interface, where it is a door.
pub async fn arrived(scope: &mut Scope, interface: &str, at: DateTime<Utc>) -> Result<()> {
    sqlx::query!("update door set last_arrived_at = $2 where 'door/' || name = $1", interface, at)
        .execute(scope.connection())
        .await?;
    Ok(())
}
