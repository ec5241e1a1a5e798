//! Stays in hospital, and the departments they belong to.

use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

use super::{Result, Scope};
use crate::base::{AdmissionId, PersonId};

pub async fn department(
    scope: &mut Scope,
    fresh: Uuid,
    name: &str,
    at: DateTime<Utc>,
) -> Result<Uuid> {
    sqlx::query!(
        "insert into department (department_id, name, created_at) values ($1, $2, $3)
         on conflict (name) do nothing",
        fresh,
        name,
        at
    )
    .execute(scope.connection())
    .await?;
    let id = sqlx::query_scalar!("select department_id from department where name = $1", name)
        .fetch_one(scope.connection())
        .await?;
    Ok(id)
}

pub struct Department {
    pub department_id: Uuid,
    pub name: String,
    pub follows_up: bool,
    pub responsible: Option<String>,
    pub target_percent: f64,
}

pub async fn departments(scope: &mut Scope) -> Result<Vec<Department>> {
    Ok(sqlx::query_as!(
        Department,
        r#"select department_id, name, follows_up, responsible,
             target_percent::float8 as "target_percent!"
         from department order by name"#
    )
    .fetch_all(scope.connection())
    .await?)
}

pub struct DepartmentEdit<'a> {
    pub follows_up: bool,
    pub responsible: Option<&'a str>,
    pub target_percent: f64,
}

/// Answers whether it is there.
pub async fn edit_department(
    scope: &mut Scope,
    department: Uuid,
    edit: &DepartmentEdit<'_>,
) -> Result<bool> {
    let done = sqlx::query!(
        "update department set follows_up = $2, responsible = $3,
             target_percent = $4::float8::numeric where department_id = $1",
        department,
        edit.follows_up,
        edit.responsible,
        edit.target_percent
    )
    .execute(scope.connection())
    .await?;
    Ok(done.rows_affected() == 1)
}

pub struct NewAdmission<'a> {
    pub id: AdmissionId,
    pub person: PersonId,
    pub department: Uuid,
    pub admission_no: &'a str,
    pub sequence: i32,
    pub ward: Option<&'a str>,
    pub admitted_on: Option<NaiveDate>,
    pub discharged_on: NaiveDate,
    pub disposition: i16,
    pub had_operation: bool,
    pub disclosure: &'a str,
}

/// Answers whether it is new. The same admission again is not an error.
pub async fn insert(
    scope: &mut Scope,
    admission: &NewAdmission<'_>,
    at: DateTime<Utc>,
) -> Result<bool> {
    let done = sqlx::query!(
        "insert into admission (admission_id, person_id, department_id, admission_no, sequence,
             ward, admitted_on, discharged_on, disposition, had_operation, disclosure, created_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
         on conflict on constraint admission_once do nothing",
        admission.id.as_uuid(),
        admission.person.as_uuid(),
        admission.department,
        admission.admission_no,
        admission.sequence,
        admission.ward,
        admission.admitted_on,
        admission.discharged_on,
        admission.disposition,
        admission.had_operation,
        admission.disclosure,
        at
    )
    .execute(scope.connection())
    .await?;
    Ok(done.rows_affected() == 1)
}

pub struct Known {
    pub admission_id: Uuid,
    pub person_id: Uuid,
}

pub async fn find(
    scope: &mut Scope,
    admission_no: &str,
    admitted_on: Option<NaiveDate>,
    sequence: i32,
) -> Result<Option<Known>> {
    Ok(sqlx::query_as!(
        Known,
        "select admission_id, person_id from admission
         where admission_no = $1 and admitted_on is not distinct from $2 and sequence = $3",
        admission_no,
        admitted_on,
        sequence
    )
    .fetch_optional(scope.connection())
    .await?)
}

pub async fn add_diagnosis(
    scope: &mut Scope,
    admission: AdmissionId,
    icd: Option<&str>,
    name: Option<&str>,
) -> Result<()> {
    sqlx::query!(
        "insert into diagnosis (admission_id, position, icd, name) values ($1, 0, $2, $3)
         on conflict do nothing",
        admission.as_uuid(),
        icd,
        name
    )
    .execute(scope.connection())
    .await?;
    Ok(())
}
