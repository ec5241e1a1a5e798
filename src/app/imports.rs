//! Discharges come in: each row is one transaction's worth, stored whole or not at all;
//! what is wrong is told by row and column.

use std::mem;

use chrono::{DateTime, NaiveDate, Utc};
use futures_util::future::try_join3;
use serde_json::json;
use sha2::{Digest, Sha256};

use super::{
    App, AppError, Change, Result,
    admission::{Admitting, admit_all},
    note,
    plans::{Noting, Rulebook, plan_admissions},
    preview::{PAGE, Upload},
};
use crate::{
    base::{AdmissionId, ImportId},
    domain::{Calendar, Discharge, Disposition, RawDischarge, RawOperation, RowFault},
    his::{self, Column},
    store::{self, Principal, Scope, import::Counts},
};

pub struct RowReport {
    pub row: u32,
    pub faults: Vec<RowFault>,
}

/// A file that could be read; its rows are not stored yet.
pub struct BegunImport {
    pub id: ImportId,
    table: his::Table,
}

impl BegunImport {
    pub fn rows(&self) -> usize {
        self.table.len()
    }
}

pub struct ImportSummary {
    pub import: ImportId,
    pub counts: Counts,
    pub bad: Vec<RowReport>,
}

impl App {
    /// Stores the good rows of a file and reports the others.
    ///
    /// # Errors
    /// When the file as a whole cannot be read; then nothing of it is stored.
    pub async fn import_csv(
        &self,
        by: &Principal,
        file_name: &str,
        bytes: &[u8],
        calendar: &Calendar,
        area_code: &str,
        at: DateTime<Utc>,
    ) -> Result<ImportSummary> {
        let upload = Upload { name: file_name, bytes, mapping: PAGE, record: "" };
        let begun = self.begin_file(by, upload, at).await?;
        self.store_rows(by, &begun, calendar, area_code, at).await
    }

    /// Reads the file as a whole; its rows are stored by [`App::store_rows`].
    ///
    /// # Errors
    /// When it cannot be read; then there is no import.
    pub async fn begin_file(
        &self,
        by: &Principal,
        upload: Upload<'_>,
        at: DateTime<Utc>,
    ) -> Result<BegunImport> {
        let Upload { name, bytes, mapping, record } = upload;
        let mapping = self.mapping(by, mapping).await?;
        let table = his::read_records(bytes, &mapping, record)
            .map_err(|e| AppError::Invalid(format!("{name}: {e}")))?;
        let id = ImportId::new(at);
        self.begin_import(by, id, name, bytes, at).await?;
        Ok(BegunImport { id, table })
    }

    /// # Errors
    /// When the database cannot be written; what was committed before stays, and the
    /// import says that it failed.
    pub async fn store_rows(
        &self,
        by: &Principal,
        begun: &BegunImport,
        calendar: &Calendar,
        area_code: &str,
        at: DateTime<Utc>,
    ) -> Result<ImportSummary> {
        let stored = self.store_table(by, begun, calendar, area_code, at).await;
        if stored.is_err() {
            let mut scope = self.scope(by).await?;
            store::import::fail(&mut scope, begun.id, "system_fault", at).await?;
            self.commit(scope).await?;
        }
        stored
    }

    async fn store_table(
        &self,
        by: &Principal,
        BegunImport { id, table }: &BegunImport,
        calendar: &Calendar,
        area_code: &str,
        at: DateTime<Utc>,
    ) -> Result<ImportSummary> {
        let id = *id;
        let mut summary = ImportSummary { import: id, counts: Counts::default(), bad: Vec::new() };
        let rows: Vec<_> = table.rows().map(|(row, cell)| (row, raw(&cell))).collect();
        self.report_broken(by, id, table.broken(), &mut summary).await?;
        let today = calendar.local_date(at);
        let mut fresh = Vec::new();
        for rows in rows.chunks(ROWS_PER_COMMIT) {
            let checked = Checked::of(rows, today, area_code);
            if checked.tells_a_death() {
                // It ends its person's plans: those of earlier rows must be there.
                self.plan_fresh(by, &mem::take(&mut fresh), calendar, at).await?;
            }
            // Planning is twice the work of storing: by two, both are done at the same time.
            let (some, others) = fresh.split_at(fresh.len() / 2);
            let planned = self.plan_fresh(by, some, calendar, at);
            let planned_too = self.plan_fresh(by, others, calendar, at);
            let stored = self.store_checked(by, checked, calendar, at, &mut summary);
            let ((), (), new) = try_join3(planned, planned_too, stored).await?;
            fresh = new;
        }
        self.plan_fresh(by, &fresh, calendar, at).await?;
        let mut scope = self.scope(by).await?;
        store::import::progress(&mut scope, id, summary.counts, "finished", None, at).await?;
        note(&mut scope, by, &finished(id, summary.counts), at).await?;
        self.commit(scope).await?;
        Ok(summary)
    }

    /// The rows of one commit; answers the stays that are new.
    async fn store_checked(
        &self,
        by: &Principal,
        checked: Checked,
        calendar: &Calendar,
        at: DateTime<Utc>,
        summary: &mut ImportSummary,
    ) -> Result<Vec<AdmissionId>> {
        let mut scope = self.scope(by).await?;
        let noting = Noting::Batch;
        let how = Admitting { by, book: None, noting, calendar, source: "import", at };
        let new = store_chunk(&mut scope, &how, checked, summary).await?;
        let (id, counts) = (summary.import, summary.counts);
        store::import::progress(&mut scope, id, counts, "running", None, at).await?;
        self.commit(scope).await?;
        Ok(new)
    }

    /// Plans of stays that are stored, while the next rows are being stored: half the work of
    /// an import. What a crash leaves without them, the planner finds (`unassessed`).
    async fn plan_fresh(
        &self,
        by: &Principal,
        stays: &[AdmissionId],
        calendar: &Calendar,
        at: DateTime<Utc>,
    ) -> Result<()> {
        if stays.is_empty() {
            return Ok(());
        }
        let mut scope = self.scope(by).await?;
        let book = Rulebook::read(&mut scope).await?;
        plan_admissions(&mut scope, book.as_ref(), stays, Noting::Batch, calendar, at).await?;
        self.commit(scope).await
    }

    /// Rows of which nothing could be read are wrong as a whole.
    async fn report_broken(
        &self,
        by: &Principal,
        id: ImportId,
        rows: &[u32],
        summary: &mut ImportSummary,
    ) -> Result<()> {
        if rows.is_empty() {
            return Ok(());
        }
        let what = "这一行读不出来 / this line cannot be read";
        let fault = || vec![RowFault { column: "行", what: what.to_owned() }];
        let mut bad: Vec<_> =
            rows.iter().map(|row| RowReport { row: *row, faults: fault() }).collect();
        let count = i32::try_from(bad.len()).unwrap_or(i32::MAX);
        summary.counts.rows_read += count;
        summary.counts.rows_bad += count;
        let mut scope = self.scope(by).await?;
        report(&mut scope, id, &bad).await?;
        self.commit(scope).await?;
        summary.bad.append(&mut bad);
        Ok(())
    }

    async fn begin_import(
        &self,
        by: &Principal,
        id: ImportId,
        file_name: &str,
        bytes: &[u8],
        at: DateTime<Utc>,
    ) -> Result<()> {
        let sha256 = format!("{:x}", Sha256::digest(bytes));
        let mut scope = self.scope(by).await?;
        store::import::begin(&mut scope, id, file_name, &sha256, by.name(), at).await?;
        self.commit(scope).await
    }

    /// # Errors
    /// When the database cannot be written.
    pub async fn fail_cut_off_imports(&self, at: DateTime<Utc>) -> Result<u64> {
        let mut scope = self.scope(&Principal::System("recovery")).await?;
        let failed = store::import::fail_running(&mut scope, at).await?;
        store::interface_run::fail_cut_off(&mut scope, at).await?;
        self.commit(scope).await?;
        Ok(failed)
    }
}

fn finished(id: ImportId, counts: Counts) -> Change<'static> {
    Change {
        did: "finished",
        subject: "import",
        subject_id: id.to_string(),
        reason: None,
        department: None,
        body: json!({ "import_id": id, "stored": counts.rows_stored, "bad": counts.rows_bad }),
    }
}

pub(super) fn raw<'a>(cell: &impl Fn(Column) -> &'a str) -> RawDischarge {
    let text = |column| cell(column).to_owned();
    RawDischarge {
        name: text(Column::Name),
        sex: text(Column::Sex),
        birth_date: text(Column::BirthDate),
        id_card: text(Column::IdCard),
        record_no: text(Column::RecordNo),
        admission_no: text(Column::AdmissionNo),
        sequence: text(Column::Sequence),
        department: text(Column::Department),
        ward: text(Column::Ward),
        admitted_on: text(Column::AdmittedOn),
        discharged_on: text(Column::DischargedOn),
        disposition: text(Column::Disposition),
        phone: text(Column::Phone),
        contact_name: text(Column::ContactName),
        contact_relation: text(Column::ContactRelation),
        contact_phone: text(Column::ContactPhone),
        diagnosis_icd: text(Column::DiagnosisIcd),
        diagnosis_name: text(Column::DiagnosisName),
        operation: text(Column::Operation),
        disclosure: text(Column::Disclosure),
        language: text(Column::Language),
        address: text(Column::Address),
        attending: text(Column::Attending),
        responsible_nurse: text(Column::ResponsibleNurse),
        other_diagnoses: (1..=his::OTHER_DIAGNOSES)
            .map(|n| (text(Column::OtherDiagnosisIcd(n)), text(Column::OtherDiagnosisName(n))))
            .collect(),
        operations: (1..=his::OPERATIONS)
            .map(|n| RawOperation {
                code: text(Column::OperationCode(n)),
                name: text(Column::OperationName(n)),
                performed_on: text(Column::OperationDate(n)),
                surgeon: text(Column::OperationSurgeon(n)),
            })
            .collect(),
        new_technique: text(Column::NewTechnique),
        admission_route: text(Column::AdmissionRoute),
        ed_visits: text(Column::EdVisits),
    }
}

/// Rows as they are after a look at each by itself.
struct Checked {
    rows: usize,
    good: Vec<Discharge>,
    bad: Vec<RowReport>,
}

impl Checked {
    fn of(rows: &[(u32, RawDischarge)], today: NaiveDate, area_code: &str) -> Self {
        let mut good = Vec::with_capacity(rows.len());
        let mut bad = Vec::new();
        for (row, raw) in rows {
            match raw.check(today, area_code) {
                Ok(discharge) => good.push(discharge),
                Err(faults) => bad.push(RowReport { row: *row, faults }),
            }
        }
        Self { rows: rows.len(), good, bad }
    }

    fn tells_a_death(&self) -> bool {
        self.good.iter().any(|discharge| discharge.disposition == Disposition::DIED)
    }
}

async fn store_chunk(
    scope: &mut Scope,
    how: &Admitting<'_>,
    checked: Checked,
    summary: &mut ImportSummary,
) -> Result<Vec<AdmissionId>> {
    let Checked { rows, good, mut bad } = checked;
    let admitted = admit_all(scope, how, &good).await?;
    let stays: Vec<_> = admitted.iter().map(|admitted| admitted.admission).collect();
    store::import::link_all(scope, summary.import, &stays).await?;
    report(scope, summary.import, &bad).await?;
    let count = |n: usize| i32::try_from(n).unwrap_or(i32::MAX);
    let new = admitted.iter().filter(|admitted| admitted.is_new);
    let new: Vec<_> = new.map(|admitted| admitted.admission).collect();
    summary.counts.rows_read += count(rows);
    summary.counts.rows_stored += count(new.len());
    summary.counts.rows_known += count(admitted.len()) - count(new.len());
    summary.counts.rows_bad += count(bad.len());
    summary.bad.append(&mut bad);
    Ok(new)
}

async fn report(scope: &mut Scope, id: ImportId, bad: &[RowReport]) -> Result<()> {
    let mut faults = Vec::new();
    for report in bad {
        let row = i32::try_from(report.row).unwrap_or(i32::MAX);
        for (ordinal, fault) in (0..).zip(&report.faults) {
            faults.push((row, ordinal, fault.column, fault.what.as_str()));
        }
    }
    Ok(store::import::add_faults(scope, id, &faults).await?)
}

/// Small enough that progress shows, large enough that neither fsync nor the way to the
/// database and back rules.
const ROWS_PER_COMMIT: usize = 500;
