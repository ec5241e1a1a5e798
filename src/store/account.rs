//! Who may sign in, and the phones that register with us.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{Result, Scope};
use crate::base::UserId;

pub struct NewAccount<'a> {
    pub id: UserId,
    pub login: &'a str,
    pub display_name: &'a str,
    pub password_hash: &'a str,
    pub role: &'a str,
    pub may_stop_all: bool,
    pub whole_hospital: bool,
}

pub async fn insert(scope: &mut Scope, new: &NewAccount<'_>, at: DateTime<Utc>) -> Result<()> {
    sqlx::query!(
        "insert into account (user_id, login, display_name, password_hash, role, may_stop_all,
             whole_hospital, created_at) values ($1, $2, $3, $4, $5, $6, $7, $8)",
        new.id.as_uuid(),
        new.login,
        new.display_name,
        new.password_hash,
        new.role,
        new.may_stop_all,
        new.whole_hospital,
        at
    )
    .execute(scope.connection())
    .await?;
    Ok(())
}

/// What an operator is beside the sign-in: number, departments, and the series that opens.
#[derive(Clone, Debug, Default)]
pub struct Profile {
    pub staff_no: Option<String>,
    pub departments: Vec<Uuid>,
    pub default_series: Option<String>,
    /// Of the division of work.
    pub owner_group: Option<String>,
    pub own_patients_only: bool,
}

/// Answers whether there is such an account.
pub async fn set_profile(scope: &mut Scope, login: &str, profile: &Profile) -> Result<bool> {
    let done = sqlx::query!(
        "update account set staff_no = $2, departments = $3, default_series = $4, owner_group = $5, own_patients_only = $6
         where login = $1",
        login,
        profile.staff_no,
        &profile.departments,
        profile.default_series,
        profile.owner_group,
        profile.own_patients_only
    )
    .execute(scope.connection())
    .await?;
    Ok(done.rows_affected() == 1)
}

pub async fn profile(scope: &mut Scope, login: &str) -> Result<Option<Profile>> {
    Ok(sqlx::query_as!(
        Profile,
        "select staff_no, departments, default_series, owner_group, own_patients_only
         from account where login = $1",
        login
    )
    .fetch_optional(scope.connection())
    .await?)
}

pub async fn set_password(scope: &mut Scope, login: &str, hash: &str) -> Result<bool> {
    let done = sqlx::query!("update account set password_hash = $2 where login = $1", login, hash)
        .execute(scope.connection())
        .await?;
    Ok(done.rows_affected() == 1)
}

#[derive(Clone)]
pub struct Account {
    pub user_id: Uuid,
    pub login: String,
    pub display_name: String,
    pub password_hash: String,
    pub role: String,
    pub may_stop_all: bool,
    pub whole_hospital: bool,
    pub departments: Vec<Uuid>,
    /// The modules of the role, as they are now.
    pub modules: Vec<String>,
    pub toll: String,
    /// `code` or `enrol`: what is still to be done before this person is signed in.
    pub needs: Option<String>,
    /// Of the session, and the hospital's rule for it.
    pub seen_at: Option<DateTime<Utc>>,
    pub locked_at: Option<DateTime<Utc>>,
    pub idle_minutes: Option<i32>,
}

pub async fn by_login(scope: &mut Scope, login: &str) -> Result<Option<Account>> {
    Ok(sqlx::query_as!(
        Account,
        r#"select user_id, login, display_name, password_hash, role, may_stop_all, whole_hospital,
             departments, array(select m.module from role_module m where m.role = account.role
                 order by m.module) as "modules!",
             coalesce((select r.toll from role r where r.code = account.role), 'local')
                 as "toll!",
             case
                 when exists (select from second_factor f where f.user_id = account.user_id
                     and f.confirmed_at is not null) then 'code'
                 when (select r.needs_second_factor from role r where r.code = account.role)
                     then 'enrol'
             end as needs, null::timestamptz as seen_at, null::timestamptz as locked_at,
             null::integer as idle_minutes
         from account where login = $1 and disabled_at is null"#,
        login
    )
    .fetch_optional(scope.connection())
    .await?)
}

/// As the administrator of security sees it.
pub struct Listed {
    pub user_id: Uuid,
    pub login: String,
    pub display_name: String,
    pub role: String,
    pub may_stop_all: bool,
    pub whole_hospital: bool,
    pub disabled_at: Option<DateTime<Utc>>,
}

pub async fn list(scope: &mut Scope) -> Result<Vec<Listed>> {
    Ok(sqlx::query_as!(
        Listed,
        "select user_id, login, display_name, role, may_stop_all, whole_hospital, disabled_at
         from account order by disabled_at is not null, login"
    )
    .fetch_all(scope.connection())
    .await?)
}

/// Answers whether there is such an account.
pub async fn set_role(scope: &mut Scope, login: &str, role: &str) -> Result<bool> {
    let done = sqlx::query!("update account set role = $2 where login = $1", login, role)
        .execute(scope.connection())
        .await?;
    Ok(done.rows_affected() == 1)
}

/// Without a time it may sign in again. Its sessions end in any case.
pub async fn set_disabled(
    scope: &mut Scope,
    login: &str,
    disabled_at: Option<DateTime<Utc>>,
) -> Result<bool> {
    let done =
        sqlx::query!("update account set disabled_at = $2 where login = $1", login, disabled_at)
            .execute(scope.connection())
            .await?;
    close_sessions(scope, login).await?;
    Ok(done.rows_affected() == 1)
}

pub async fn close_sessions(scope: &mut Scope, login: &str) -> Result<()> {
    sqlx::query!(
        "delete from web_session where user_id = (select user_id from account where login = $1)",
        login
    )
    .execute(scope.connection())
    .await?;
    Ok(())
}

/// How many may sign in and have the module.
pub async fn holders(scope: &mut Scope, module: &str) -> Result<i64> {
    Ok(sqlx::query_scalar!(
        r#"select count(*) as "n!" from account a join role_module m on m.role = a.role
         where a.disabled_at is null and m.module = $1"#,
        module
    )
    .fetch_one(scope.connection())
    .await?)
}

pub async fn open_session(
    scope: &mut Scope,
    token_sha256: &str,
    user: Uuid,
    needs: Option<&str>,
    at: DateTime<Utc>,
    until: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!("delete from web_session where expires_at < $1", at)
        .execute(scope.connection())
        .await?;
    sqlx::query!(
        "insert into web_session (token_sha256, user_id, created_at, expires_at, needs, seen_at)
         values ($1, $2, $3, $4, $5, $3)",
        token_sha256,
        user,
        at,
        until,
        needs
    )
    .execute(scope.connection())
    .await?;
    Ok(())
}

pub async fn by_session(
    scope: &mut Scope,
    token_sha256: &str,
    at: DateTime<Utc>,
    policy: &str,
) -> Result<Option<Account>> {
    Ok(sqlx::query_as!(
        Account,
        r#"select a.user_id, a.login, a.display_name, a.password_hash, a.role, a.may_stop_all,
             a.whole_hospital, a.departments, array(select m.module from role_module m
                 where m.role = a.role order by m.module) as "modules!",
             coalesce((select r.toll from role r where r.code = a.role), 'local') as "toll!",
             s.needs, s.seen_at as "seen_at?", s.locked_at,
             (select (p.body ->> 'idle_minutes')::integer from policy p where p.name = $3)
                 as idle_minutes
         from account a join web_session s using (user_id)
         where s.token_sha256 = $1 and s.expires_at > $2 and a.disabled_at is null"#,
        token_sha256,
        at,
        policy
    )
    .fetch_optional(scope.connection())
    .await?)
}

pub async fn close_session(scope: &mut Scope, token_sha256: &str) -> Result<()> {
    sqlx::query!("delete from web_session where token_sha256 = $1", token_sha256)
        .execute(scope.connection())
        .await?;
    Ok(())
}

/// `None`: this person is signed in.
pub async fn session_needs(
    scope: &mut Scope,
    token_sha256: &str,
    needs: Option<&str>,
) -> Result<()> {
    sqlx::query!(
        "update web_session set needs = $2, wrong_codes = 0 where token_sha256 = $1",
        token_sha256,
        needs
    )
    .execute(scope.connection())
    .await?;
    Ok(())
}

/// Counts a wrong code or password; with the last that is allowed the session ends.
pub async fn wrong_code(scope: &mut Scope, token_sha256: &str, most: i16) -> Result<()> {
    sqlx::query!(
        "update web_session set wrong_codes = wrong_codes + 1 where token_sha256 = $1",
        token_sha256
    )
    .execute(scope.connection())
    .await?;
    sqlx::query!(
        "delete from web_session where token_sha256 = $1 and wrong_codes >= $2",
        token_sha256,
        most
    )
    .execute(scope.connection())
    .await?;
    Ok(())
}

/// Answers whether it was open.
pub async fn lock_session(
    scope: &mut Scope,
    token_sha256: &str,
    at: DateTime<Utc>,
) -> Result<bool> {
    let done = sqlx::query!(
        "update web_session set locked_at = $2 where token_sha256 = $1 and locked_at is null",
        token_sha256,
        at
    )
    .execute(scope.connection())
    .await?;
    Ok(done.rows_affected() == 1)
}

pub async fn unlock_session(
    scope: &mut Scope,
    token_sha256: &str,
    at: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "update web_session set locked_at = null, seen_at = $2, wrong_codes = 0
         where token_sha256 = $1",
        token_sha256,
        at
    )
    .execute(scope.connection())
    .await?;
    Ok(())
}

pub async fn touch_session(scope: &mut Scope, token_sha256: &str, at: DateTime<Utc>) -> Result<()> {
    sqlx::query!(
        "update web_session set seen_at = $2 where token_sha256 = $1 and locked_at is null",
        token_sha256,
        at
    )
    .execute(scope.connection())
    .await?;
    Ok(())
}

#[derive(Clone)]
pub struct Phone {
    pub phone: String,
    pub ha1_md5: String,
    pub ha1_sha256: String,
}

pub async fn put_phone(scope: &mut Scope, phone: &Phone, at: DateTime<Utc>) -> Result<()> {
    sqlx::query!(
        "insert into phone (phone, ha1_md5, ha1_sha256, created_at) values ($1, $2, $3, $4)
         on conflict (phone) do update set ha1_md5 = $2, ha1_sha256 = $3",
        phone.phone,
        phone.ha1_md5,
        phone.ha1_sha256,
        at
    )
    .execute(scope.connection())
    .await?;
    Ok(())
}

pub async fn phones(scope: &mut Scope) -> Result<Vec<Phone>> {
    Ok(sqlx::query_as!(Phone, "select phone, ha1_md5, ha1_sha256 from phone order by phone")
        .fetch_all(scope.connection())
        .await?)
}
