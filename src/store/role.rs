//! Roles, and the modules they are made of.

use super::{Result, Scope};

pub struct Role {
    pub code: String,
    pub name: String,
    pub modules: Vec<String>,
    /// The dearest call that it may order.
    pub toll: String,
}

pub async fn list(scope: &mut Scope) -> Result<Vec<Role>> {
    Ok(sqlx::query_as!(
        Role,
        r#"select r.code, r.name, r.toll, array(select m.module from role_module m
             where m.role = r.code order by m.module) as "modules!"
         from role r order by r.code"#
    )
    .fetch_all(scope.connection())
    .await?)
}

/// Without a `toll` it keeps the one that it has.
pub async fn put(
    scope: &mut Scope,
    code: &str,
    name: &str,
    modules: &[String],
    toll: Option<&str>,
) -> Result<()> {
    sqlx::query!(
        "insert into role (code, name, toll) values ($1, $2, coalesce($3, 'long_distance'))
         on conflict (code) do update set name = $2, toll = coalesce($3, role.toll)",
        code,
        name,
        toll
    )
    .execute(scope.connection())
    .await?;
    sqlx::query!("delete from role_module where role = $1", code)
        .execute(scope.connection())
        .await?;
    sqlx::query!(
        "insert into role_module (role, module) select $1, unnest($2::text[])",
        code,
        modules
    )
    .execute(scope.connection())
    .await?;
    Ok(())
}
