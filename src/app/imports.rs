//! Discharges come in: each row is one transaction's worth, stored whole or not at all;
//! what is wrong is told by row and column.

use chrono::{DateTime, Utc};
use serde_json::json;
use sha2::{Digest, Sha256};

use super::{
    App, AppError, Change, EndReason, Result, note,
    plans::{plan_admission, stop_person},
};
use crate::{
    base::{AdmissionId, ContactId, ImportId, NumberId, PersonId},
    domain::{
        Calendar, Discharge, Disposition, NextOfKin, RawDischarge, Relation, RowFault, pinyin_keys,
    },
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
        let begun = self.begin_csv(by, file_name, bytes, at).await?;
        self.store_rows(by, &begun, calendar, area_code, at).await
    }

    /// Reads the file as a whole; its rows are stored by [`App::store_rows`].
    ///
    /// # Errors
    /// When it cannot be read; then there is no import.
    pub async fn begin_csv(
        &self,
        by: &Principal,
        file_name: &str,
        bytes: &[u8],
        at: DateTime<Utc>,
    ) -> Result<BegunImport> {
        let table =
            his::read_csv(bytes).map_err(|e| AppError::Invalid(format!("{file_name}: {e}")))?;
        let id = ImportId::new(at);
        self.begin_import(by, id, file_name, bytes, at).await?;
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
        let mut scope = self.scope(by).await?;
        for (row, cell) in table.rows() {
            summary.counts.rows_read += 1;
            match raw(&cell).check(calendar.local_date(at), area_code) {
                Ok(discharge) => {
                    let admitted = admit(&mut scope, by, &discharge, calendar, at).await?;
                    store::import::link(&mut scope, id, admitted.admission).await?;
                    let is_new = admitted.is_new;
                    let count = &mut summary.counts;
                    *(if is_new { &mut count.rows_stored } else { &mut count.rows_known }) += 1;
                }
                Err(faults) => {
                    summary.counts.rows_bad += 1;
                    report(&mut scope, id, row, &faults).await?;
                    summary.bad.push(RowReport { row, faults });
                }
            }
            if summary.counts.rows_read % ROWS_PER_COMMIT == 0 {
                store::import::progress(&mut scope, id, summary.counts, "running", None, at)
                    .await?;
                self.commit(scope).await?;
                scope = self.scope(by).await?;
            }
        }
        store::import::progress(&mut scope, id, summary.counts, "finished", None, at).await?;
        note(&mut scope, by, &finished(id, summary.counts), at).await?;
        self.commit(scope).await?;
        Ok(summary)
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

fn raw<'a>(cell: &impl Fn(Column) -> &'a str) -> RawDischarge {
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
    }
}

async fn report(scope: &mut Scope, id: ImportId, row: u32, faults: &[RowFault]) -> Result<()> {
    for (ordinal, fault) in (0..).zip(faults) {
        let row = i32::try_from(row).unwrap_or(i32::MAX);
        store::import::add_fault(scope, id, row, ordinal, fault.column, &fault.what).await?;
    }
    Ok(())
}

pub(super) struct Admitted {
    pub(super) person: PersonId,
    pub(super) admission: AdmissionId,
    pub(super) is_new: bool,
}

/// One discharge into the record. Told twice, it is there once.
pub(super) async fn admit(
    scope: &mut Scope,
    by: &Principal,
    discharge: &Discharge,
    calendar: &Calendar,
    at: DateTime<Utc>,
) -> Result<Admitted> {
    let (no, on, sequence) = (&discharge.admission_no, discharge.admitted_on, discharge.sequence);
    let known = store::admission::find(scope, no, on, sequence).await?;
    let person = match &known {
        Some(known) => PersonId::from_uuid(known.person_id),
        None => person(scope, discharge, at).await?,
    };
    add_numbers(scope, person, discharge, at).await?;
    if discharge.disposition == Disposition::DIED {
        store::person::record_death(scope, person, discharge.discharged_on).await?;
        stop_person(scope, by, person, EndReason::Died, at).await?;
    }
    let admission = match &known {
        Some(known) => AdmissionId::from_uuid(known.admission_id),
        None => {
            let admission = new_admission(scope, person, discharge, at).await?;
            plan_admission(scope, admission, calendar, at).await?;
            admission
        }
    };
    Ok(Admitted { person, admission, is_new: known.is_none() })
}

async fn person(scope: &mut Scope, discharge: &Discharge, at: DateTime<Utc>) -> Result<PersonId> {
    let (record_no, id_card) = (discharge.record_no.as_deref(), discharge.id_card.as_deref());
    if let Some(known) = store::person::find(scope, record_no, id_card).await? {
        return Ok(known);
    }
    let id = PersonId::new(at);
    let new = store::person::NewPerson {
        id,
        record_no,
        id_card,
        name: &discharge.name,
        sex: discharge.sex.as_str(),
        birth_date: discharge.birth_date,
        language: &discharge.language,
    };
    store::person::insert(scope, &new, at).await?;
    store::person::set_sounds(scope, id, &pinyin_keys(&discharge.name)).await?;
    Ok(id)
}

async fn new_admission(
    scope: &mut Scope,
    person: PersonId,
    discharge: &Discharge,
    at: DateTime<Utc>,
) -> Result<AdmissionId> {
    let fresh = *ImportId::new(at).as_uuid();
    let department = store::admission::department(scope, fresh, &discharge.department, at).await?;
    let id = AdmissionId::new(at);
    let new = store::admission::NewAdmission {
        id,
        person,
        department,
        admission_no: &discharge.admission_no,
        sequence: discharge.sequence,
        ward: discharge.ward.as_deref(),
        admitted_on: discharge.admitted_on,
        discharged_on: discharge.discharged_on,
        disposition: discharge.disposition.code(),
        had_operation: discharge.had_operation,
        disclosure: discharge.disclosure.as_str(),
    };
    store::admission::insert(scope, &new, at).await?;
    if let Some((icd, name)) = &discharge.diagnosis {
        store::admission::add_diagnosis(scope, id, icd.as_deref(), name.as_deref()).await?;
    }
    Ok(id)
}

async fn add_numbers(
    scope: &mut Scope,
    person: PersonId,
    discharge: &Discharge,
    at: DateTime<Utc>,
) -> Result<()> {
    let own = NextOfKin {
        name: None,
        relation: Relation::Own,
        numbers: discharge.numbers.clone(),
        raw_phone: discharge.raw_phone.clone(),
    };
    for kin in [Some(&own), discharge.contact.as_ref()].into_iter().flatten() {
        let new = store::person::NewContact {
            id: ContactId::new(at),
            person,
            relation: kin.relation.as_str(),
            name: kin.name.as_deref(),
            informed: false,
        };
        let contact = store::person::contact(scope, &new, at).await?;
        for number in &kin.numbers {
            let new = store::person::NewNumber {
                id: NumberId::new(at),
                contact,
                e164: &number.e164,
                extension: number.extension.as_deref(),
                kind: number.kind.as_str(),
                raw: &kin.raw_phone,
                source: "import",
            };
            store::person::add_number(scope, &new, at).await?;
        }
    }
    Ok(())
}

/// Small enough that progress shows, large enough that fsync does not rule.
const ROWS_PER_COMMIT: i32 = 200;
