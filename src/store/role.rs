//! Roles, and the modules they are made of.

use super::{Result, Scope};

pub struct Role {
    pub code: String,
    pub name: String,
    pub modules: Vec<String>,
    /// The dearest call that it may order.
    pub toll: String,
    /// Made before the three administrators were apart.
    pub is_whole: bool,
    pub needs_second_factor: bool,
}

pub async fn list(scope: &mut Scope) -> Result<Vec<Role>> {
    Ok(sqlx::query_as!(
        Role,
        r#"select r.code, r.name, r.toll, r.is_whole, r.needs_second_factor, array(select m.module from role_module m
             where m.role = r.code order by m.module) as "modules!"
         from role r order by r.code"#
    )
    .fetch_all(scope.connection())
    .await?)
}

/// What is not said stays as it is.
pub async fn put(
    scope: &mut Scope,
    code: &str,
    name: &str,
    modules: &[String],
    toll: Option<&str>,
    needs_second_factor: Option<bool>,
) -> Result<()> {
    sqlx::query!(
        "insert into role (code, name, toll, needs_second_factor)
         values ($1, $2, coalesce($3, 'long_distance'), coalesce($4, false))
         on conflict (code) do update set name = $2, toll = coalesce($3, role.toll),
             needs_second_factor = coalesce($4, role.needs_second_factor)",
        code,
        name,
        toll,
        needs_second_factor
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

/// The administrators (`system`, `security`, `audit`) of whom there is an account that may
/// sign in and that is no other's.
pub async fn duties_filled(scope: &mut Scope) -> Result<Vec<String>> {
    Ok(sqlx::query_scalar!(
        r#"select distinct administrator_of(m.module) as "duty!"
         from account a join role r on r.code = a.role join role_module m on m.role = r.code
         where a.disabled_at is null and not r.is_whole
           and administrator_of(m.module) is not null"#
    )
    .fetch_all(scope.connection())
    .await?)
}

/// Roles from before lose what belongs to the administrators of security and of the audit.
pub async fn separate(scope: &mut Scope) -> Result<()> {
    sqlx::query!(
        "delete from role_module m using role r
         where r.code = m.role and r.is_whole
           and administrator_of(m.module) in ('security', 'audit')"
    )
    .execute(scope.connection())
    .await?;
    sqlx::query!("update role set is_whole = false where is_whole")
        .execute(scope.connection())
        .await?;
    Ok(())
}
