//! People on the phone: where each is rung, which queues each serves, and the record of
//! their states.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{Result, Scope};
use crate::base::UserId;

#[derive(Clone, Debug)]
pub struct Agent {
    pub user_id: Uuid,
    pub login: String,
    pub display_name: String,
    pub staff_no: Option<String>,
    pub endpoint_kind: String,
    pub endpoint: String,
    pub wrap_up_s: i32,
    /// Side by side with `skills`.
    pub queues: Vec<String>,
    pub skills: Vec<i16>,
}

/// Those whose account is alive.
pub async fn list(scope: &mut Scope) -> Result<Vec<Agent>> {
    Ok(sqlx::query_as!(
        Agent,
        r#"select g.user_id, a.login, a.display_name, a.staff_no, g.endpoint_kind, g.endpoint,
             g.wrap_up_s,
             array(select q.queue from queue_agent q where q.user_id = g.user_id order by q.queue)
                 as "queues!",
             array(select q.skill from queue_agent q where q.user_id = g.user_id order by q.queue)
                 as "skills!"
         from agent g join account a using (user_id) where a.disabled_at is null order by a.login"#
    )
    .fetch_all(scope.connection())
    .await?)
}

pub struct NewAgent<'a> {
    pub user: UserId,
    pub endpoint_kind: &'a str,
    pub endpoint: &'a str,
    pub wrap_up_s: i32,
    pub queues: &'a [String],
    pub skills: &'a [i16],
}

pub async fn put(scope: &mut Scope, new: &NewAgent<'_>, by: &str, at: DateTime<Utc>) -> Result<()> {
    let user = new.user.as_uuid();
    sqlx::query!(
        "insert into agent (user_id, endpoint_kind, endpoint, wrap_up_s, updated_at, updated_by)
         values ($1, $2, $3, $4, $5, $6)
         on conflict (user_id) do update set endpoint_kind = $2, endpoint = $3, wrap_up_s = $4,
             updated_at = $5, updated_by = $6",
        user,
        new.endpoint_kind,
        new.endpoint,
        new.wrap_up_s,
        at,
        by
    )
    .execute(scope.connection())
    .await?;
    sqlx::query!("delete from queue_agent where user_id = $1", user)
        .execute(scope.connection())
        .await?;
    sqlx::query!(
        "insert into queue_agent (queue, user_id, skill)
         select q.queue, $1, q.skill from unnest($2::text[], $3::smallint[]) as q (queue, skill)",
        user,
        new.queues,
        new.skills
    )
    .execute(scope.connection())
    .await?;
    Ok(())
}

pub async fn remove(scope: &mut Scope, user: UserId) -> Result<bool> {
    let done = sqlx::query!("delete from agent where user_id = $1", user.as_uuid())
        .execute(scope.connection())
        .await?;
    Ok(done.rows_affected() == 1)
}

/// Of a login, as who signs in is known.
pub async fn user_of(scope: &mut Scope, login: &str) -> Result<Option<Uuid>> {
    Ok(sqlx::query_scalar!(
        "select user_id from account where login = $1 and disabled_at is null",
        login
    )
    .fetch_optional(scope.connection())
    .await?)
}

/// The state of before has ended, this one begins.
pub async fn begin_spell(
    scope: &mut Scope,
    user: UserId,
    (state, why): (&str, Option<&str>),
    (node, epoch): (&str, i64),
    at: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "update agent_spell set ended_at = $2 where user_id = $1 and ended_at is null",
        user.as_uuid(),
        at
    )
    .execute(scope.connection())
    .await?;
    if state == "offline" {
        return Ok(());
    }
    sqlx::query!(
        "insert into agent_spell (user_id, state, why, began_at, owner_node, owner_epoch)
         values ($1, $2, $3, $4, $5, $6)",
        user.as_uuid(),
        state,
        why,
        at,
        node,
        epoch
    )
    .execute(scope.connection())
    .await?;
    Ok(())
}

/// Of an earlier life of this node: they ended with it, at the latest now.
pub async fn end_orphan_spells(
    scope: &mut Scope,
    node: &str,
    epoch: i64,
    at: DateTime<Utc>,
) -> Result<u64> {
    let done = sqlx::query!(
        "update agent_spell set ended_at = $3
         where owner_node = $1 and owner_epoch < $2 and ended_at is null",
        node,
        epoch,
        at
    )
    .execute(scope.connection())
    .await?;
    Ok(done.rows_affected())
}

/// Seconds in each state since `from`, by agent.
#[derive(Clone, Debug)]
pub struct SpellSum {
    pub user_id: Uuid,
    pub state: String,
    pub seconds: f64,
}

pub async fn spell_sums(
    scope: &mut Scope,
    from: DateTime<Utc>,
    at: DateTime<Utc>,
) -> Result<Vec<SpellSum>> {
    Ok(sqlx::query_as!(
        SpellSum,
        r#"select user_id, state, sum(extract(epoch from
                 coalesce(ended_at, $2) - greatest(began_at, $1)))::float8 as "seconds!"
         from agent_spell where coalesce(ended_at, $2) > $1 and began_at < $2
         group by user_id, state"#,
        from,
        at
    )
    .fetch_all(scope.connection())
    .await?)
}
