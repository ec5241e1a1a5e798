//! Which server process owns what: an epoch a start, so that a row of a dead process is
//! recognised.

use chrono::{DateTime, Utc};

use super::{Result, Scope};

/// Begins a new epoch of this node.
pub async fn begin(scope: &mut Scope, node: &str, at: DateTime<Utc>) -> Result<i64> {
    let row = sqlx::query!(
        "insert into node_epoch (node, epoch, started_at) values ($1, 1, $2)
         on conflict (node) do update set epoch = node_epoch.epoch + 1, started_at = $2
         returning epoch",
        node,
        at
    )
    .fetch_one(scope.connection())
    .await?;
    Ok(row.epoch)
}
