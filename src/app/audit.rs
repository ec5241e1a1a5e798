//! The seal: audit rows are written unchained in their transactions; once a second the
//! committed ones are chained by hash, so that a line changed later shows.

use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};

use super::{App, Result};
use crate::store::{self, Principal};

impl App {
    /// Seals what is committed; answers how many lines.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn seal_audit(&self) -> Result<usize> {
        let mut scope = self.scope(&Principal::System("sealer")).await?;
        let (last, lines) = store::audit::unsealed(&mut scope, PAGE).await?;
        let mut hash = last.unwrap_or_default();
        for line in &lines {
            hash = format!("{:x}", Sha256::digest(format!("{hash}|{}", line.text)));
            store::audit::seal(&mut scope, line.audit_id, &hash).await?;
        }
        scope.commit().await?;
        Ok(lines.len())
    }

    /// Somebody looked at, or heard, what is a patient's: written before the first byte.
    ///
    /// # Errors
    /// When the database cannot be written; then nothing may be shown.
    pub async fn audit_access(
        &self,
        principal: &Principal,
        did: &str,
        subject: &str,
        subject_id: &str,
        at: DateTime<Utc>,
    ) -> Result<()> {
        self.audit_access_why(principal, [did, subject, subject_id], None, at).await
    }

    /// The same with its reason: whoever sees a value in clear says why.
    ///
    /// # Errors
    /// When the database cannot be written; then nothing may be shown.
    pub async fn audit_access_why(
        &self,
        principal: &Principal,
        [did, subject, subject_id]: [&str; 3],
        reason: Option<&str>,
        at: DateTime<Utc>,
    ) -> Result<()> {
        let mut scope = self.scope(principal).await?;
        let entry = store::audit::Entry { who: principal.name(), did, subject, subject_id, reason };
        store::audit::insert(&mut scope, &entry, at).await?;
        scope.commit().await?;
        Ok(())
    }
}

const PAGE: i64 = 500;
