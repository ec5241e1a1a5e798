//! A person's stays, with what was found, what was done, and how likely they come back.

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    base::PersonId,
    domain::{Comorbidities, LaceScore},
    store::{Scope, assessment, patient},
    web::{api::tasks::age, error::Result},
};

#[derive(Serialize, ToSchema)]
struct DiagnosisView {
    icd: Option<String>,
    name: Option<String>,
    main: bool,
    /// Not in the dictionary: to be looked at, never dropped.
    unknown: bool,
}

#[derive(Serialize, ToSchema)]
struct OperationView {
    /// ICD-9-CM-3.
    code: Option<String>,
    name: Option<String>,
    performed_on: Option<NaiveDate>,
    operator: Option<String>,
    new_technique: bool,
}

/// LACE: length of stay, acute admission, comorbidity, emergency visits.
#[derive(Serialize, ToSchema)]
struct LaceView {
    /// 0 to 19.
    score: u8,
    /// 10 and more.
    high: bool,
    length: u8,
    acute: u8,
    comorbidity: u8,
    emergency: u8,
    /// What the comorbidity is made of.
    conditions: Vec<&'static str>,
    explained: String,
}

#[derive(Serialize, ToSchema)]
pub(super) struct AdmissionView {
    admission_id: Uuid,
    admission_no: String,
    follow_up_no: Option<String>,
    sequence: i32,
    department: String,
    ward: Option<String>,
    admitted_on: Option<NaiveDate>,
    discharged_on: Option<NaiveDate>,
    disposition: i16,
    had_operation: bool,
    disclosure: String,
    attending: Option<String>,
    cancelled_at: Option<DateTime<Utc>>,
    /// At the admission; computed, never stored.
    age: Option<u32>,
    diagnoses: Vec<DiagnosisView>,
    operations: Vec<OperationView>,
    /// Absent: the days or the way of the admission are not known.
    lace: Option<LaceView>,
}

/// The latest first.
pub(super) async fn of_person(
    scope: &mut Scope,
    person: PersonId,
    born: Option<NaiveDate>,
) -> Result<Vec<AdmissionView>> {
    let stays = patient::admissions(scope, person).await?;
    let diagnoses = patient::diagnoses(scope, person).await?;
    let operations = patient::operations(scope, person).await?;
    let ids: Vec<_> = stays.iter().map(|stay| stay.admission_id).collect();
    let assessed = assessment::assessed(scope, &ids).await?;
    let view = |stay: patient::Admission| {
        let risk = assessed.iter().find(|one| one.admission_id == stay.admission_id);
        let lace = risk.and_then(assessment::Assessed::lace).map(lace_view);
        AdmissionView { lace, ..admission_view(stay, &diagnoses, &operations, born) }
    };
    Ok(stays.into_iter().map(view).collect())
}

fn lace_view((lace, found): (LaceScore, Comorbidities)) -> LaceView {
    LaceView {
        score: lace.total(),
        high: lace.is_high(),
        conditions: found.names,
        explained: lace.words(),
        length: lace.length,
        acute: lace.acuity,
        comorbidity: lace.comorbidity,
        emergency: lace.emergency,
    }
}

fn admission_view(
    row: patient::Admission,
    diagnoses: &[patient::Diagnosis],
    operations: &[patient::Operation],
    born: Option<NaiveDate>,
) -> AdmissionView {
    let of_this = diagnoses.iter().filter(|known| known.admission_id == row.admission_id);
    let diagnosis = |known: &patient::Diagnosis| DiagnosisView {
        icd: known.icd.clone(),
        name: known.name.clone(),
        main: known.position == 0,
        unknown: known.icd.is_some() && !known.is_known,
    };
    let done = operations.iter().filter(|done| done.admission_id == row.admission_id);
    let operation = |done: &patient::Operation| OperationView {
        code: done.code.clone(),
        name: done.name.clone(),
        performed_on: done.performed_on,
        operator: done.operator.clone(),
        new_technique: done.new_technique,
    };
    AdmissionView {
        diagnoses: of_this.map(diagnosis).collect(),
        operations: done.map(operation).collect(),
        lace: None,
        age: born.zip(row.admitted_on.or(row.discharged_on)).and_then(|(born, on)| age(born, on)),
        admission_id: row.admission_id,
        admission_no: row.admission_no,
        follow_up_no: row.follow_up_no,
        sequence: row.sequence,
        department: row.department,
        ward: row.ward,
        admitted_on: row.admitted_on,
        discharged_on: row.discharged_on,
        disposition: row.disposition,
        had_operation: row.had_operation,
        disclosure: row.disclosure,
        attending: row.attending,
        cancelled_at: row.cancelled_at,
    }
}
