//! Sources that are looked into by our own clock: their turn, their runs, their files.

use chrono::{DateTime, Utc};

use super::{Result, Scope};

/// A source that is seen for the first time is looked into at once.
pub async fn ensure(scope: &mut Scope, source: &str, at: DateTime<Utc>) -> Result<()> {
    sqlx::query!(
        "insert into source_state (source, first_seen_at, next_at) values ($1, $2, $2)
         on conflict (source) do nothing",
        source,
        at
    )
    .execute(scope.connection())
    .await?;
    Ok(())
}

/// Who looks into it until when; afterwards anybody may.
pub struct Lease<'a> {
    pub node: &'a str,
    pub until: DateTime<Utc>,
    /// Its next turn.
    pub next_at: DateTime<Utc>,
}

/// Takes the source when it is its turn and nobody else looks into it.
pub async fn take(
    scope: &mut Scope,
    source: &str,
    lease: &Lease<'_>,
    at: DateTime<Utc>,
) -> Result<bool> {
    let done = sqlx::query!(
        "update source_state set leased_by = $3, lease_until = $4, next_at = $5,
             last_started_at = $2
         where source = $1 and next_at <= $2 and (lease_until is null or lease_until <= $2)",
        source,
        at,
        lease.node,
        lease.until,
        lease.next_at
    )
    .execute(scope.connection())
    .await?;
    Ok(done.rows_affected() == 1)
}

/// A long run keeps what it holds; false: another has taken it since.
pub async fn prolong(
    scope: &mut Scope,
    source: &str,
    node: &str,
    until: DateTime<Utc>,
) -> Result<bool> {
    let done = sqlx::query!(
        "update source_state set lease_until = $3 where source = $1 and leased_by = $2",
        source,
        node,
        until
    )
    .execute(scope.connection())
    .await?;
    Ok(done.rows_affected() == 1)
}

pub async fn release(scope: &mut Scope, source: &str, node: &str) -> Result<()> {
    sqlx::query!(
        "update source_state set leased_by = null, lease_until = null
         where source = $1 and leased_by = $2",
        source,
        node
    )
    .execute(scope.connection())
    .await?;
    Ok(())
}

/// What an earlier life of this node held.
pub async fn release_all(scope: &mut Scope, node: &str) -> Result<()> {
    sqlx::query!(
        "update source_state set leased_by = null, lease_until = null where leased_by = $1",
        node
    )
    .execute(scope.connection())
    .await?;
    Ok(())
}

/// Its turn is now. False: nobody has heard of it.
pub async fn wish(scope: &mut Scope, source: &str, at: DateTime<Utc>) -> Result<bool> {
    let done = sqlx::query!("update source_state set next_at = $2 where source = $1", source, at)
        .execute(scope.connection())
        .await?;
    Ok(done.rows_affected() == 1)
}

pub async fn arrived(scope: &mut Scope, source: &str, at: DateTime<Utc>) -> Result<()> {
    sqlx::query!("update source_state set last_arrived_at = $2 where source = $1", source, at)
        .execute(scope.connection())
        .await?;
    Ok(())
}

pub struct State {
    pub source: String,
    pub first_seen_at: DateTime<Utc>,
    pub next_at: DateTime<Utc>,
    pub last_started_at: Option<DateTime<Utc>>,
    pub last_arrived_at: Option<DateTime<Utc>>,
    pub lease_until: Option<DateTime<Utc>>,
}

pub async fn states(scope: &mut Scope) -> Result<Vec<State>> {
    Ok(sqlx::query_as!(
        State,
        "select source, first_seen_at, next_at, last_started_at, last_arrived_at, lease_until
         from source_state order by source limit 1000"
    )
    .fetch_all(scope.connection())
    .await?)
}

pub async fn knows_file(scope: &mut Scope, source: &str, sha256: &str) -> Result<bool> {
    Ok(sqlx::query_scalar!(
        r#"select exists (select from source_file where source = $1 and sha256 = $2) as "is!""#,
        source,
        sha256
    )
    .fetch_one(scope.connection())
    .await?)
}

pub async fn add_file(
    scope: &mut Scope,
    source: &str,
    sha256: &str,
    at: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "insert into source_file (source, sha256, taken_at) values ($1, $2, $3)
         on conflict do nothing",
        source,
        sha256,
        at
    )
    .execute(scope.connection())
    .await?;
    Ok(())
}
