//! The three administrators: who gives roles and locks accounts, and how a hospital parts the
//! duties that one account had before.

use chrono::{DateTime, Utc};
use serde_json::json;

use super::{App, AppError, Change, Result, note};
use crate::store::{self, Principal, account, role};

impl App {
    /// # Errors
    /// When it is one's own account, there is no such account or role, or nobody would be left
    /// who may give roles.
    pub async fn give_role(
        &self,
        by: &Principal,
        login: &str,
        role: &str,
        at: DateTime<Utc>,
    ) -> Result<()> {
        not_oneself(by, login)?;
        let mut scope = self.scope(by).await?;
        if !account::set_role(&mut scope, login, role).await? {
            return Err(AppError::NotFound("account"));
        }
        somebody_is_left(&mut scope).await?;
        let reason = format!("role {role}");
        note_of(&mut scope, by, "role_given", login, Some(&reason), at).await?;
        self.commit(scope).await
    }

    /// A locked account cannot sign in, and its sessions end now.
    ///
    /// # Errors
    /// When it is one's own account, there is none, no reason is given, or nobody would be left
    /// who may unlock it.
    pub async fn lock_account(
        &self,
        by: &Principal,
        login: &str,
        is_locked: bool,
        reason: &str,
        at: DateTime<Utc>,
    ) -> Result<()> {
        not_oneself(by, login)?;
        if reason.trim().is_empty() {
            return Err(AppError::Invalid("请填写原因 / a reason is needed".to_owned()));
        }
        let mut scope = self.scope(by).await?;
        if !account::set_disabled(&mut scope, login, is_locked.then_some(at)).await? {
            return Err(AppError::NotFound("account"));
        }
        somebody_is_left(&mut scope).await?;
        let did = if is_locked { "locked" } else { "unlocked" };
        note_of(&mut scope, by, did, login, Some(reason.trim()), at).await?;
        self.commit(scope).await
    }

    /// 三员分立, once and for good: from now on no role at all has the modules of two
    /// administrators.
    ///
    /// # Errors
    /// When one of the three has no account yet: the hospital would be locked out.
    pub async fn separate_duties(&self, by: &Principal, at: DateTime<Utc>) -> Result<()> {
        let mut scope = self.scope(by).await?;
        let filled = role::duties_filled(&mut scope).await?;
        let missing: Vec<_> = DUTIES
            .iter()
            .filter(|(duty, _)| !filled.iter().any(|own| own == duty))
            .map(|(_, name)| *name)
            .collect();
        if !missing.is_empty() {
            let what = format!(
                "先建好三员的账号,还缺:{} / first make an account of each of the three",
                missing.join("、")
            );
            return Err(AppError::Conflict(what));
        }
        role::separate(&mut scope).await?;
        note_of(&mut scope, by, "duties_separated", "all", None, at).await?;
        self.commit(scope).await
    }
}

pub(super) fn not_oneself(by: &Principal, login: &str) -> Result<()> {
    if by.name() == login {
        let what =
            "不能改自己的角色或锁定自己,请另一人操作 / not on your own account; ask another person";
        return Err(AppError::Conflict(what.to_owned()));
    }
    Ok(())
}

/// Whoever gives roles also unlocks; the last one stays.
async fn somebody_is_left(scope: &mut store::Scope) -> Result<()> {
    if account::holders(scope, "users").await? == 0 {
        let what = "至少要有一个能管理账号的人 / somebody must be left who may manage accounts";
        return Err(AppError::Conflict(what.to_owned()));
    }
    Ok(())
}

pub(super) async fn note_of(
    scope: &mut store::Scope,
    by: &Principal,
    did: &str,
    login: &str,
    reason: Option<&str>,
    at: DateTime<Utc>,
) -> Result<()> {
    let change = Change {
        did,
        subject: "account",
        subject_id: login.to_owned(),
        reason,
        department: None,
        body: json!({}),
    };
    note(scope, by, &change, at).await
}

/// As `administrator_of` in the record names them.
const DUTIES: [(&str, &str); 3] =
    [("system", "系统管理员"), ("security", "安全管理员"), ("audit", "审计管理员")];
