//! What a source brought: through the same path as a file of the page, with its run in the
//! record whatever becomes of it.

use chrono::{DateTime, Utc};
use serde_json::json;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::{App, AppError, Change, ImportSummary, Result, Upload, note};
use crate::{
    base::ImportId,
    domain::Calendar,
    store::{
        self, Principal,
        import::Counts,
        interface_run::{self, Ended},
        source::{self, Lease},
    },
};

/// How what comes in is read.
#[derive(Clone, Copy)]
pub struct Reading<'a> {
    pub mapping: &'a str,
    pub record: &'a str,
    pub rows_max: usize,
    pub calendar: &'a Calendar,
    pub area_code: &'a str,
}

/// One run of an interface that has begun.
#[derive(Clone, Copy, Debug)]
pub struct InterfaceRun<'a> {
    id: Uuid,
    interface: &'a str,
    remark: Option<&'a str>,
}

impl<'a> InterfaceRun<'a> {
    /// What else is to be told of it, though it brought something.
    #[must_use]
    pub const fn remarked(self, remark: Option<&'a str>) -> Self {
        Self { remark, ..self }
    }
}

/// What became of bytes that came in.
pub enum Brought {
    Stored(ImportSummary),
    /// Nothing at all: no row, and no header.
    Nothing,
    /// These very bytes were taken before.
    Known,
    /// It cannot be read as a whole; nothing of it is stored. In words, without a cell.
    Refused(String),
}

impl App {
    /// The sources of the configuration are known to the record, and free again if an
    /// earlier life of this node held them.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn know_sources(&self, names: &[&str], node: &str, at: DateTime<Utc>) -> Result<()> {
        let mut scope = self.scope(&SOURCE).await?;
        for name in names {
            source::ensure(&mut scope, name, at).await?;
        }
        source::release_all(&mut scope, node).await?;
        self.commit(scope).await
    }

    /// Takes a source whose turn it is. False: it is not, or another node looks into it.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn take_source(
        &self,
        name: &str,
        lease: &Lease<'_>,
        at: DateTime<Utc>,
    ) -> Result<bool> {
        let mut scope = self.scope(&SOURCE).await?;
        let taken = source::take(&mut scope, name, lease, at).await?;
        if taken {
            interface_run::fail_running(&mut scope, name, at).await?;
        }
        self.commit(scope).await?;
        Ok(taken)
    }

    /// A long run keeps what it holds. False: another has taken it since.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn keep_source(&self, name: &str, node: &str, until: DateTime<Utc>) -> Result<bool> {
        let mut scope = self.scope(&SOURCE).await?;
        let kept = source::prolong(&mut scope, name, node, until).await?;
        self.commit(scope).await?;
        Ok(kept)
    }

    /// # Errors
    /// When the database cannot be written.
    pub async fn release_source(&self, name: &str, node: &str) -> Result<()> {
        let mut scope = self.scope(&SOURCE).await?;
        source::release(&mut scope, name, node).await?;
        self.commit(scope).await
    }

    /// Its turn is now.
    ///
    /// # Errors
    /// When there is no such source.
    pub async fn run_source(&self, by: &Principal, name: &str, at: DateTime<Utc>) -> Result<()> {
        let mut scope = self.scope(by).await?;
        if !source::wish(&mut scope, name, at).await? {
            return Err(AppError::NotFound("source"));
        }
        let change = Change {
            did: "wished",
            subject: "source",
            subject_id: name.to_owned(),
            reason: None,
            department: None,
            body: json!({ "source": name }),
        };
        note(&mut scope, by, &change, at).await?;
        self.commit(scope).await
    }

    /// # Errors
    /// When the database cannot be written.
    pub async fn begin_interface_run<'a>(
        &self,
        interface: &'a str,
        what: &str,
        at: DateTime<Utc>,
    ) -> Result<InterfaceRun<'a>> {
        let run = InterfaceRun { id: *ImportId::new(at).as_uuid(), interface, remark: None };
        let mut scope = self.scope(&SOURCE).await?;
        interface_run::begin(&mut scope, run.id, interface, what, at).await?;
        self.commit(scope).await?;
        Ok(run)
    }

    /// Stores what came in. Whatever happens, the run says so.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn bring(
        &self,
        run: InterfaceRun<'_>,
        name: &str,
        bytes: &[u8],
        reading: &Reading<'_>,
        at: DateTime<Utc>,
    ) -> Result<Brought> {
        let brought = self.store_brought(name, bytes, reading, at).await;
        let ended = match &brought {
            Ok(Brought::Stored(summary)) => Ended {
                import: Some(*summary.import.as_uuid()),
                counts: summary.counts,
                why: run.remark,
                ..Ended::default()
            },
            Ok(Brought::Nothing) => Ended::default(),
            Ok(Brought::Known) => Ended { why: Some("known_file"), ..Ended::default() },
            Ok(Brought::Refused(why)) => Ended { why: Some(why), failed: true, ..Ended::default() },
            Err(_) => Ended { why: Some("system_fault"), failed: true, ..Ended::default() },
        };
        self.end_interface_run(run, &ended, at).await?;
        brought
    }

    /// A file by its content: what was taken before is not taken again.
    ///
    /// # Errors
    /// As [`App::bring`].
    pub async fn bring_file(
        &self,
        run: InterfaceRun<'_>,
        name: &str,
        bytes: &[u8],
        reading: &Reading<'_>,
        at: DateTime<Utc>,
    ) -> Result<Brought> {
        let sha256 = format!("{:x}", Sha256::digest(bytes));
        let mut scope = self.scope(&SOURCE).await?;
        let known = source::knows_file(&mut scope, run.interface, &sha256).await?;
        drop(scope);
        if known {
            let ended = Ended { why: Some("known_file"), ..Ended::default() };
            self.end_interface_run(run, &ended, at).await?;
            return Ok(Brought::Known);
        }
        let brought = self.bring(run, name, bytes, reading, at).await?;
        if matches!(brought, Brought::Stored(_) | Brought::Nothing) {
            let mut scope = self.scope(&SOURCE).await?;
            source::add_file(&mut scope, run.interface, &sha256, at).await?;
            self.commit(scope).await?;
        }
        Ok(brought)
    }

    async fn store_brought(
        &self,
        name: &str,
        bytes: &[u8],
        reading: &Reading<'_>,
        at: DateTime<Utc>,
    ) -> Result<Brought> {
        if is_nothing(bytes) {
            return Ok(Brought::Nothing);
        }
        let Reading { mapping, record, rows_max, calendar, area_code } = *reading;
        let upload = Upload { name, bytes, mapping, record };
        let begun = match self.begin_file(&SOURCE, upload, at).await {
            Ok(begun) => begun,
            Err(AppError::Invalid(what)) => return Ok(Brought::Refused(what)),
            Err(error) => return Err(error),
        };
        if begun.rows() > rows_max {
            let what = format!("{} rows, over rows_max {rows_max}; none is stored", begun.rows());
            self.refuse_import(&begun, &what, at).await?;
            return Ok(Brought::Refused(what));
        }
        let stored = self.store_rows(&SOURCE, &begun, calendar, area_code, at).await?;
        Ok(Brought::Stored(stored))
    }

    /// What did not even come in: the run has failed.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn fail_interface_run(
        &self,
        run: InterfaceRun<'_>,
        why: &str,
        at: DateTime<Utc>,
    ) -> Result<()> {
        let ended = Ended { why: Some(why), failed: true, ..Ended::default() };
        self.end_interface_run(run, &ended, at).await
    }

    async fn end_interface_run(
        &self,
        run: InterfaceRun<'_>,
        ended: &Ended<'_>,
        at: DateTime<Utc>,
    ) -> Result<()> {
        let mut scope = self.scope(&SOURCE).await?;
        interface_run::end(&mut scope, run.id, ended, at).await?;
        interface_run::forget_old(&mut scope, run.interface).await?;
        let Counts { rows_stored, rows_bad, .. } = ended.counts;
        if rows_stored > 0 {
            source::arrived(&mut scope, run.interface, at).await?;
            store::door::arrived(&mut scope, run.interface, at).await?;
        }
        // A look that finds nothing changes nothing: it is in the list of runs only.
        if ended.failed || rows_stored > 0 || rows_bad > 0 {
            let change = Change {
                did: if ended.failed { "failed" } else { "finished" },
                subject: "interface_run",
                subject_id: run.id.to_string(),
                reason: ended.why,
                department: None,
                body: json!({ "interface": run.interface, "stored": rows_stored, "bad": rows_bad }),
            };
            note(&mut scope, &SOURCE, &change, at).await?;
        }
        self.commit(scope).await
    }

    async fn refuse_import(
        &self,
        begun: &super::BegunImport,
        why: &str,
        at: DateTime<Utc>,
    ) -> Result<()> {
        let mut scope = self.scope(&SOURCE).await?;
        store::import::fail(&mut scope, begun.id, why, at).await?;
        self.commit(scope).await
    }
}

/// A query without a hit: some programs do not even print the header.
fn is_nothing(bytes: &[u8]) -> bool {
    let text = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes).trim_ascii();
    text.is_empty() || text == b"[]"
}

const SOURCE: Principal = Principal::System("source");
