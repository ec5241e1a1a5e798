//! What a backup must know of the record besides its rows: a moment that stands still, how
//! many rows each table has in it, and what a restored record must be told.

use chrono::{DateTime, Utc};

use super::{Result, Scope};

/// Lets `pg_dump` see exactly what this transaction sees.
pub async fn export_snapshot(scope: &mut Scope) -> Result<String> {
    Ok(sqlx::query_scalar!(r#"select pg_export_snapshot() as "snapshot!""#)
        .fetch_one(scope.connection())
        .await?)
}

pub struct TableCount {
    pub name: String,
    pub rows: i64,
}

/// Every table of ours with its rows. The names are the database's own, so the counting of
/// each goes through `query_to_xml`: a statement with a name in it cannot be prepared here.
pub async fn table_counts(scope: &mut Scope) -> Result<Vec<TableCount>> {
    Ok(sqlx::query_as!(
        TableCount,
        r#"select c.relname::text as "name!",
             (xpath('/row/n/text()', query_to_xml(
                 format('select count(*) as n from public.%I', c.relname), false, true, ''))
             )[1]::text::bigint as "rows!"
         from pg_class c
         where c.relkind = 'r' and c.relnamespace = 'public'::regnamespace
           and has_table_privilege(c.oid, 'select')
         order by c.relname"#
    )
    .fetch_all(scope.connection())
    .await?)
}

/// Recordings that were still being written when the backup was made: their files are not
/// in it. Answers how many.
pub async fn lose_open_recordings(scope: &mut Scope) -> Result<u64> {
    let done = sqlx::query!("update recording set state = 'missing' where state = 'recording'")
        .execute(scope.connection())
        .await?;
    Ok(done.rows_affected())
}

/// Whatever node had calls when the backup was made is no more: this one takes them over,
/// and its next start recovers from them as from a crash of its own.
pub async fn take_over(scope: &mut Scope, node: &str, at: DateTime<Utc>) -> Result<()> {
    sqlx::query!(
        "insert into node_epoch (node, epoch, started_at)
         select $1, coalesce(max(epoch), 0), $2 from node_epoch
         on conflict (node) do update
             set epoch = (select max(e.epoch) from node_epoch e), started_at = $2",
        node,
        at
    )
    .execute(scope.connection())
    .await?;
    sqlx::query!(
        "update attempt set owner_node = $1
         where state in ('claimed', 'invited', 'live', 'uncertain') and owner_node <> $1",
        node
    )
    .execute(scope.connection())
    .await?;
    sqlx::query!(
        "update call set owner_node = $1 where state <> 'ended' and owner_node <> $1",
        node
    )
    .execute(scope.connection())
    .await?;
    sqlx::query!(
        "update agent_spell set owner_node = $1 where ended_at is null and owner_node <> $1",
        node
    )
    .execute(scope.connection())
    .await?;
    sqlx::query!(
        "update ring_test set owner_node = $1 where ended_at is null and owner_node <> $1",
        node
    )
    .execute(scope.connection())
    .await?;
    sqlx::query!(
        "update duty_call set owner_node = $1 where ended_at is null and owner_node <> $1",
        node
    )
    .execute(scope.connection())
    .await?;
    Ok(())
}
