//! A page that nobody touches locks; what was typed on it waits on the server.

use chrono::{DateTime, Duration, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    App, AppError, Result, SignedIn,
    accounts::{hashed, is_password},
};
use crate::{
    base::Pii,
    store::{Principal, account, draft},
};

/// Of `SIGN_IN_POLICY`.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
pub struct SignInPolicy {
    /// 0: pages do not lock.
    pub idle_minutes: i32,
}

impl Default for SignInPolicy {
    fn default() -> Self {
        Self { idle_minutes: IDLE_MINUTES }
    }
}

impl SignedIn {
    /// Was this page locked, or left alone for too long?
    pub fn has_left(&self, at: DateTime<Utc>) -> bool {
        let idle = |seen: DateTime<Utc>| {
            self.idle_minutes > 0 && at - seen >= Duration::minutes(self.idle_minutes.into())
        };
        self.locked_at.is_some() || self.seen_at.is_some_and(idle)
    }
}

impl App {
    /// # Errors
    /// When the database cannot be written.
    pub async fn lock_screen(&self, who: &SignedIn, token: &str, at: DateTime<Utc>) -> Result<()> {
        let mut scope = self.scope(&Principal::System("session")).await?;
        if account::lock_session(&mut scope, &hashed(token), at).await? {
            self.note_account(&mut scope, &who.principal, "screen_locked", &who.login, at).await?;
        }
        self.commit(scope).await
    }

    /// Only who locked it, by the password. Wrong ones end the session after some tries.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn unlock_screen(
        &self,
        who: &SignedIn,
        token: &str,
        password: &Pii<String>,
        at: DateTime<Utc>,
    ) -> Result<bool> {
        let mut scope = self.scope(&Principal::System("session")).await?;
        let known = account::by_login(&mut scope, &who.login).await?;
        let fits = known.is_some_and(|known| is_password(password, &known.password_hash));
        let token = hashed(token);
        let did = if fits { "screen_unlocked" } else { "sign_in_failed" };
        match fits {
            true => account::unlock_session(&mut scope, &token, at).await?,
            false => account::wrong_code(&mut scope, &token, WRONG_PASSWORDS_MAX).await?,
        }
        self.note_account(&mut scope, &who.principal, did, &who.login, at).await?;
        self.commit(scope).await?;
        Ok(fits)
    }

    /// Somebody is there.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn touch_session(&self, token: &str, at: DateTime<Utc>) -> Result<()> {
        let mut scope = self.scope(&Principal::System("session")).await?;
        account::touch_session(&mut scope, &hashed(token), at).await?;
        Ok(scope.commit().await?)
    }

    /// # Errors
    /// When its name is too long.
    pub async fn keep_form(
        &self,
        who: &SignedIn,
        name: &str,
        body: &Value,
        at: DateTime<Utc>,
    ) -> Result<()> {
        if name.is_empty() || name.chars().count() > NAME_MAX {
            let what =
                format!("草稿名 1 到 {NAME_MAX} 字 / a draft's name is 1 to {NAME_MAX} long");
            return Err(AppError::Invalid(what));
        }
        let mut scope = self.scope(&who.principal).await?;
        draft::put(&mut scope, &who.login, name, body, at, DRAFTS_MAX).await?;
        Ok(scope.commit().await?)
    }

    /// # Errors
    /// When the database cannot be written.
    pub async fn drop_form(&self, who: &SignedIn, name: &str) -> Result<()> {
        let mut scope = self.scope(&who.principal).await?;
        draft::remove(&mut scope, &who.login, name).await?;
        Ok(scope.commit().await?)
    }
}

pub const SIGN_IN_POLICY: &str = "sign_in";

/// A walk to the ward and back.
const IDLE_MINUTES: i32 = 10;

/// As for the codes of a second factor: then the whole sign-in is asked for.
const WRONG_PASSWORDS_MAX: i16 = 5;

/// Nobody has more forms half done; the oldest goes.
const DRAFTS_MAX: i64 = 50;
const NAME_MAX: usize = 200;
