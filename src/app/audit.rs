//! The seal: audit rows are written unchained in their transactions; once a second the
//! committed ones are chained by hash, so that a line changed later shows.

use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};

use super::{App, Result};
use crate::store::{self, Principal, audit::Head};

/// A page of lines that got their places.
pub struct Sealing {
    pub lines: usize,
    /// Where the chain ended before them.
    pub before: Head,
    pub head: Head,
}

impl App {
    /// Seals what is committed, a page at most.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn seal_audit(&self) -> Result<Sealing> {
        let mut scope = self.scope(&Principal::System("sealer")).await?;
        let (before, lines) = store::audit::unsealed(&mut scope, SEAL_PAGE as i64).await?;
        let mut head = before.clone();
        let (mut ids, mut places, mut hashes) = (Vec::new(), Vec::new(), Vec::new());
        for line in &lines {
            head.seal_no += 1;
            head.hash = link(&head.hash, head.seal_no, &line.text);
            ids.push(line.audit_id);
            places.push(head.seal_no);
            hashes.push(head.hash.clone());
        }
        store::audit::seal(&mut scope, &ids, &places, &hashes).await?;
        scope.commit().await?;
        Ok(Sealing { lines: lines.len(), before, head })
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

/// The hash of one line of the chain: over the line before it, its place and its text.
pub fn link(before: &str, seal_no: i64, text: &str) -> String {
    format!("{:x}", Sha256::digest(format!("{before}|{seal_no}|{text}")))
}

/// Lines sealed in one transaction.
pub const SEAL_PAGE: usize = 500;
