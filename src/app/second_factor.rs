//! 动态口令: a second factor of the sign-in. Set up by its person, asked for at each sign-in,
//! taken away by the administrator of security when the telephone is lost.

mod totp;
mod vault;

use chrono::{DateTime, Utc};
use rand::RngCore;
use sha2::{Digest, Sha256};

pub use vault::{KEY_BYTES, Vault};

use super::{App, AppError, Result, accounts::hashed};
use crate::{
    base::Pii,
    store::{Principal, account, second_factor},
};

use super::SignedIn;

/// Told once, to set up an app.
pub struct Enrolment {
    /// For the QR code.
    pub key_uri: Pii<String>,
    /// The same for typing.
    pub secret: Pii<String>,
}

impl App {
    /// A fresh secret, good once a code of it has been given.
    ///
    /// # Errors
    /// When this person has a second factor already.
    pub async fn begin_second_factor(
        &self,
        who: &SignedIn,
        vault: &Vault,
        issuer: &str,
        at: DateTime<Utc>,
    ) -> Result<Enrolment> {
        let mut secret = [0; SECRET_BYTES];
        rand::rng().fill_bytes(&mut secret);
        let user = who.user.as_uuid();
        let sealed = vault.seal(user.as_bytes(), &secret).ok_or_else(unsealed)?;
        let mut scope = self.scope(&who.principal).await?;
        let known = second_factor::find(&mut scope, *user).await?;
        if known.is_some_and(|known| known.confirmed_at.is_some()) {
            let what = "动态口令已启用;换手机请安全管理员先重置 / there is one already; have it reset first";
            return Err(AppError::Conflict(what.to_owned()));
        }
        second_factor::begin(&mut scope, *user, &sealed, at).await?;
        self.commit(scope).await?;
        Ok(Enrolment {
            key_uri: Pii::new(totp::key_uri(issuer, &who.login, &secret)),
            secret: Pii::new(totp::base32(&secret)),
        })
    }

    /// The first code shows that the app reckons right: from now on it is asked for. Answers
    /// the recovery codes, which nobody can read again.
    ///
    /// # Errors
    /// When nothing was begun, or the code is wrong.
    pub async fn confirm_second_factor(
        &self,
        who: &SignedIn,
        token: &str,
        vault: &Vault,
        code: &str,
        at: DateTime<Utc>,
    ) -> Result<Vec<Pii<String>>> {
        let user = *who.user.as_uuid();
        let mut scope = self.scope(&who.principal).await?;
        let begun = second_factor::find(&mut scope, user).await?;
        let begun = begun
            .filter(|begun| begun.confirmed_at.is_none())
            .ok_or_else(|| AppError::Conflict("请先扫码 / begin with the QR code".to_owned()))?;
        let secret = vault.open(user.as_bytes(), &begun.secret_sealed).ok_or_else(unsealed)?;
        let step = totp::good_step(&secret, code.trim(), at.timestamp(), 0);
        let step = step.ok_or_else(|| AppError::Invalid(WRONG_CODE.to_owned()))?;
        let codes: Vec<String> = (0..RECOVERY_CODES).map(|_| recovery_code()).collect();
        let hashes: Vec<String> = codes.iter().map(|code| recovery_hash(code)).collect();
        second_factor::confirm(&mut scope, user, step, &hashes, at).await?;
        account::session_needs(&mut scope, &hashed(token), None).await?;
        let by = &who.principal;
        self.note_account(&mut scope, by, "second_factor_set", &who.login, at).await?;
        self.commit(scope).await?;
        Ok(codes.into_iter().map(Pii::new).collect())
    }

    /// The second step of a sign-in. Too many wrong codes end the session: the password is
    /// asked for again.
    ///
    /// # Errors
    /// When the database cannot be reached, or the data folder's key is another one.
    pub async fn give_second_factor(
        &self,
        who: &SignedIn,
        token: &str,
        vault: &Vault,
        code: &str,
        at: DateTime<Utc>,
    ) -> Result<bool> {
        let (user, code, token) = (*who.user.as_uuid(), code.trim(), hashed(token));
        let system = Principal::System("sign_in");
        let mut scope = self.scope(&system).await?;
        let known = second_factor::find(&mut scope, user).await?;
        let known = known.ok_or(AppError::NotFound("second factor"))?;
        // A key that is gone takes the codes of the app with it, never the recovery codes.
        let secret = vault.open(user.as_bytes(), &known.secret_sealed).unwrap_or_default();
        let step = totp::good_step(&secret, code, at.timestamp(), known.last_step)
            .filter(|_| !secret.is_empty());
        let did = match step {
            Some(step) => {
                second_factor::use_step(&mut scope, user, step).await?;
                Some("signed_in")
            }
            None => {
                let hash = recovery_hash(code);
                let used = second_factor::use_recovery_code(&mut scope, user, &hash, at).await?;
                used.then_some("recovery_code_used")
            }
        };
        let Some(did) = did else {
            account::wrong_code(&mut scope, &token, WRONG_CODES_MAX).await?;
            self.note_account(&mut scope, &system, "sign_in_failed", &who.login, at).await?;
            self.commit(scope).await?;
            return Ok(false);
        };
        account::session_needs(&mut scope, &token, None).await?;
        self.note_account(&mut scope, &system, did, &who.login, at).await?;
        self.commit(scope).await?;
        Ok(true)
    }

    /// For a lost telephone: the person sets up a new one at the next sign-in.
    ///
    /// # Errors
    /// When it is one's own, there is none, or no reason is given.
    pub async fn reset_second_factor(
        &self,
        by: &Principal,
        login: &str,
        reason: &str,
        at: DateTime<Utc>,
    ) -> Result<()> {
        super::administrators::not_oneself(by, login)?;
        if reason.trim().is_empty() {
            return Err(AppError::Invalid("请填写原因 / a reason is needed".to_owned()));
        }
        let mut scope = self.scope(by).await?;
        if !second_factor::remove(&mut scope, login).await? {
            return Err(AppError::NotFound("second factor"));
        }
        account::close_sessions(&mut scope, login).await?;
        let (did, reason) = ("second_factor_reset", Some(reason.trim()));
        super::administrators::note_of(&mut scope, by, did, login, reason, at).await?;
        self.commit(scope).await
    }

    /// Is it set up, and how many recovery codes are left?
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub async fn second_factor(&self, who: &SignedIn) -> Result<(bool, i64)> {
        let mut scope = self.scope(&who.principal).await?;
        let user = *who.user.as_uuid();
        let known = second_factor::find(&mut scope, user).await?;
        let is_set = known.is_some_and(|known| known.confirmed_at.is_some());
        Ok((is_set, second_factor::recovery_codes_left(&mut scope, user).await?))
    }
}

fn unsealed() -> AppError {
    let what =
        "动态口令的密钥打不开,请系统管理员检查数据目录 / the key of the data folder does not fit";
    AppError::Conflict(what.to_owned())
}

/// Ten letters of thirty-two: 50 bits, which nobody guesses at five tries a password.
fn recovery_code() -> String {
    let mut bytes = [0; 7];
    rand::rng().fill_bytes(&mut bytes);
    let text: String = totp::base32(&bytes).chars().take(10).collect();
    format!("{}-{}", &text[..5], &text[5..])
}

/// However it is typed.
fn recovery_hash(code: &str) -> String {
    let plain: String = code.chars().filter(char::is_ascii_alphanumeric).collect();
    format!("{:x}", Sha256::digest(plain.to_ascii_uppercase()))
}

/// RFC 4226 §4 recommends 160 bits.
const SECRET_BYTES: usize = 20;

const RECOVERY_CODES: usize = 10;

/// Then the password is asked for again.
const WRONG_CODES_MAX: i16 = 5;

const WRONG_CODE: &str =
    "动态口令不对,请看手机时间是否准确 / the code is wrong; is the telephone's clock right?";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recovery_code_is_read_however_it_is_typed() {
        let code = recovery_code();
        assert_eq!(code.len(), 11);
        let typed = code.to_lowercase().replace('-', " ");
        assert_eq!(recovery_hash(&typed), recovery_hash(&code));
        assert_ne!(recovery_hash(&recovery_code()), recovery_hash(&code));
    }
}
