//! Accounts, sessions of the page, and the phones' credentials.

use argon2::{
    Argon2,
    password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString},
};
use chrono::{DateTime, Duration, Utc};
use md5::Md5;
use rand::RngCore;
use serde_json::json;
use sha2::{Digest, Sha256};

use super::{App, AppError, Change, Result, SIGN_IN_POLICY, SignInPolicy, note};
use crate::{
    base::{Pii, UserId},
    domain::{GROUPS, TollClass},
    store::{self, Departments, Principal, account},
};

pub struct NewUser {
    pub login: String,
    pub display_name: String,
    pub password: Pii<String>,
    pub role: String,
    pub may_stop_all: bool,
    pub whole_hospital: bool,
}

/// What is not said stays as it is.
#[derive(Clone, Copy)]
pub struct RoleChange<'a> {
    pub code: &'a str,
    pub name: &'a str,
    pub modules: &'a [String],
    pub toll: Option<TollClass>,
    pub needs_second_factor: Option<bool>,
}

#[derive(Clone)]
pub struct SignedIn {
    pub user: UserId,
    pub login: String,
    pub display_name: String,
    pub role: String,
    pub may_stop_all: bool,
    /// What the role may do and see.
    pub modules: Vec<String>,
    /// The dearest call that the role may order.
    pub toll: TollClass,
    /// `code` or `enrol`: what is still to be done before this person is signed in.
    pub needs: Option<String>,
    pub seen_at: Option<DateTime<Utc>>,
    pub locked_at: Option<DateTime<Utc>>,
    pub idle_minutes: i32,
    pub principal: Principal,
}

impl From<account::Account> for SignedIn {
    fn from(account: account::Account) -> Self {
        let departments = match account.whole_hospital {
            true => Departments::All,
            false => Departments::Some(account.departments),
        };
        let user = UserId::from_uuid(account.user_id);
        let principal = Principal::Person { user, login: account.login.clone(), departments };
        Self {
            user,
            login: account.login,
            display_name: account.display_name,
            role: account.role,
            may_stop_all: account.may_stop_all,
            modules: account.modules,
            toll: account.toll.parse().unwrap_or(TollClass::Local),
            needs: account.needs,
            seen_at: account.seen_at,
            locked_at: account.locked_at,
            idle_minutes: account
                .idle_minutes
                .unwrap_or_else(|| SignInPolicy::default().idle_minutes),
            principal,
        }
    }
}

impl App {
    /// # Errors
    /// When the login exists, or the password is too short.
    pub async fn create_user(
        &self,
        by: &Principal,
        new: &NewUser,
        at: DateTime<Utc>,
    ) -> Result<()> {
        self.create_operator(by, new, None, at).await
    }

    /// With number, departments and default series at once: all of it, or nothing.
    ///
    /// # Errors
    /// As [`Self::create_user`] and [`Self::put_profile`].
    pub async fn create_operator(
        &self,
        by: &Principal,
        new: &NewUser,
        profile: Option<&account::Profile>,
        at: DateTime<Utc>,
    ) -> Result<()> {
        let hash = hash_password(&new.password)?;
        let id = UserId::new(at);
        let mut scope = self.scope(by).await?;
        let account = account::NewAccount {
            id,
            login: &new.login,
            display_name: &new.display_name,
            password_hash: &hash,
            role: &new.role,
            may_stop_all: new.may_stop_all,
            whole_hospital: new.whole_hospital,
        };
        account::insert(&mut scope, &account, at).await?;
        if let Some(profile) = profile {
            set_profile(&mut scope, &new.login, profile).await?;
        }
        self.note_account(&mut scope, by, "created", &new.login, at).await?;
        self.commit(scope).await
    }

    /// Number, departments and default series of an operator (F003).
    ///
    /// # Errors
    /// When there is no such account, the number is another's, or there is no such series.
    pub async fn put_profile(
        &self,
        by: &Principal,
        login: &str,
        profile: &account::Profile,
        at: DateTime<Utc>,
    ) -> Result<()> {
        let mut scope = self.scope(by).await?;
        set_profile(&mut scope, login, profile).await?;
        self.note_account(&mut scope, by, "profile_set", login, at).await?;
        self.commit(scope).await
    }

    /// # Errors
    /// When the database cannot be written.
    pub async fn put_role(
        &self,
        by: &Principal,
        role: &RoleChange<'_>,
        at: DateTime<Utc>,
    ) -> Result<()> {
        let mut scope = self.scope(by).await?;
        let RoleChange { code, name, modules, toll, needs_second_factor } = *role;
        let toll = toll.map(TollClass::as_str);
        store::role::put(&mut scope, code, name, modules, toll, needs_second_factor).await?;
        self.note_account(&mut scope, by, "role_changed", code, at).await?;
        self.commit(scope).await
    }

    /// # Errors
    /// When there is no such login, or the password is too short.
    pub async fn set_password(
        &self,
        by: &Principal,
        login: &str,
        password: &Pii<String>,
        at: DateTime<Utc>,
    ) -> Result<()> {
        let hash = hash_password(password)?;
        let mut scope = self.scope(by).await?;
        if !account::set_password(&mut scope, login, &hash).await? {
            return Err(AppError::NotFound("account"));
        }
        self.note_account(&mut scope, by, "password_set", login, at).await?;
        self.commit(scope).await
    }

    /// Phones register with a digest; only its two hashes are kept.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn put_phone(
        &self,
        by: &Principal,
        realm: &str,
        phone: &str,
        password: &Pii<String>,
        at: DateTime<Utc>,
    ) -> Result<()> {
        let (ha1_md5, ha1_sha256) = digest_ha1(phone, realm, password.reveal());
        let mut scope = self.scope(by).await?;
        let row = account::Phone { phone: phone.to_owned(), ha1_md5, ha1_sha256 };
        account::put_phone(&mut scope, &row, at).await?;
        self.note_account(&mut scope, by, "phone_set", phone, at).await?;
        self.commit(scope).await
    }

    pub(super) async fn note_account(
        &self,
        scope: &mut store::Scope,
        by: &Principal,
        did: &str,
        login: &str,
        at: DateTime<Utc>,
    ) -> Result<()> {
        let change = Change {
            did,
            subject: "account",
            subject_id: login.to_owned(),
            reason: None,
            department: None,
            body: json!({}),
        };
        note(scope, by, &change, at).await
    }

    /// A fresh session's secret, or `None`; an unknown login takes as long as a wrong
    /// password.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub async fn sign_in(
        &self,
        login: &str,
        password: &Pii<String>,
        at: DateTime<Utc>,
    ) -> Result<Option<(Pii<String>, SignedIn)>> {
        let system = Principal::System("sign_in");
        let mut scope = self.scope(&system).await?;
        let account = account::by_login(&mut scope, login).await?;
        let hash = account.as_ref().map_or(NOBODYS_HASH, |account| &account.password_hash);
        let fits = is_password(password, hash);
        let Some(account) = account.filter(|_| fits) else {
            self.note_account(&mut scope, &system, "sign_in_failed", "-", at).await?;
            self.commit(scope).await?;
            return Ok(None);
        };
        let mut secret = [0_u8; 32];
        rand::rng().fill_bytes(&mut secret);
        let token = secret.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        let until = at + Duration::hours(SESSION_HOURS);
        let (needs, hash) = (account.needs.as_deref(), hashed(&token));
        account::open_session(&mut scope, &hash, account.user_id, needs, at, until).await?;
        let did = if needs.is_some() { "password_given" } else { "signed_in" };
        self.note_account(&mut scope, &system, did, &account.login, at).await?;
        self.commit(scope).await?;
        Ok(Some((Pii::new(token), account.into())))
    }

    /// # Errors
    /// When the database cannot be reached.
    pub async fn signed_in(&self, token: &str, at: DateTime<Utc>) -> Result<Option<SignedIn>> {
        let mut scope = self.scope(&Principal::System("session")).await?;
        let found = account::by_session(&mut scope, &hashed(token), at, SIGN_IN_POLICY).await?;
        Ok(found.map(SignedIn::from))
    }

    /// # Errors
    /// When the database cannot be written.
    pub async fn sign_out(&self, token: &str) -> Result<()> {
        let mut scope = self.scope(&Principal::System("session")).await?;
        account::close_session(&mut scope, &hashed(token)).await?;
        Ok(scope.commit().await?)
    }
}

async fn set_profile(
    scope: &mut store::Scope,
    login: &str,
    profile: &account::Profile,
) -> Result<()> {
    if profile.owner_group.as_deref().is_some_and(|group| !GROUPS.contains(&group)) {
        let what = "分组应为 centre_nurse ward_nurse ward_doctor / one of these groups";
        return Err(AppError::Invalid(what.to_owned()));
    }
    if let Some(code) = &profile.default_series {
        let terms =
            store::series::Terms { code: Some(code.clone()), ..store::series::Terms::default() };
        if store::series::list(scope, &terms, 1, 0).await?.is_empty() {
            return Err(AppError::NotFound("series"));
        }
    }
    if !account::set_profile(scope, login, profile).await? {
        return Err(AppError::NotFound("account"));
    }
    Ok(())
}

/// HA1 by MD5 and by SHA-256 (RFC 7616 §3.4.2).
pub fn digest_ha1(user: &str, realm: &str, password: &str) -> (String, String) {
    let text = format!("{user}:{realm}:{password}");
    (format!("{:x}", Md5::digest(&text)), format!("{:x}", Sha256::digest(&text)))
}

pub(super) fn is_password(given: &Pii<String>, hash: &str) -> bool {
    PasswordHash::new(hash).is_ok_and(|hash| {
        Argon2::default().verify_password(given.reveal().as_bytes(), &hash).is_ok()
    })
}

fn hash_password(password: &Pii<String>) -> Result<String> {
    if password.reveal().chars().count() < PASSWORD_CHARS_MIN {
        let what = format!(
            "密码至少 {PASSWORD_CHARS_MIN} 位 / a password has at least {PASSWORD_CHARS_MIN} characters"
        );
        return Err(AppError::Invalid(what));
    }
    let mut salt = [0_u8; 16];
    rand::rng().fill_bytes(&mut salt);
    let failed = |_| AppError::Invalid("the password cannot be hashed".to_owned());
    let salt = SaltString::encode_b64(&salt).map_err(failed)?;
    let hash = Argon2::default().hash_password(password.reveal().as_bytes(), &salt);
    Ok(hash.map_err(failed)?.to_string())
}

/// The cookie's secret is in no table: who reads the database cannot sign in with it.
pub(super) fn hashed(token: &str) -> String {
    format!("{:x}", Sha256::digest(token))
}

const PASSWORD_CHARS_MIN: usize = 8;

/// A shift and the way home.
const SESSION_HOURS: i64 = 12;

/// Of a password nobody knows; verified so that a wrong login costs what a right one does.
const NOBODYS_HASH: &str = "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$\
                            gXGW0yPzgYFHMVyDb8TRw8xLRIqLZXWKZmN4G8xqRJw";
