//! Stays in hospital, and the departments they belong to.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

use super::{Result, Scope};
use crate::{
    base::{AdmissionId, PersonId},
    domain::Operation,
};

/// The departments of these names, made when they are not there.
pub async fn departments_named(
    scope: &mut Scope,
    fresh: &[Uuid],
    names: &[&str],
    at: DateTime<Utc>,
) -> Result<HashMap<String, Uuid>> {
    sqlx::query!(
        "insert into department (department_id, name, created_at)
         select d.id, d.name, $3 from unnest($1::uuid[], $2::text[]) as d (id, name)
         on conflict (name) do nothing",
        fresh,
        names as _,
        at
    )
    .execute(scope.connection())
    .await?;
    let rows = sqlx::query!(
        "select department_id, name from department where name = any ($1)",
        names as _
    )
    .fetch_all(scope.connection())
    .await?;
    Ok(rows.into_iter().map(|row| (row.name, row.department_id)).collect())
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

pub struct Ward {
    pub ward_id: Uuid,
    pub name: String,
    /// Of the departments that have beds in it.
    pub departments: Vec<Uuid>,
}

pub async fn all_wards(scope: &mut Scope) -> Result<Vec<Ward>> {
    Ok(sqlx::query_as!(
        Ward,
        r#"select w.ward_id, w.name, array(select b.department_id from department_ward b
                 where b.ward_id = w.ward_id order by b.department_id) as "departments!"
         from ward w order by w.name limit 1000"#
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

#[derive(Clone)]
pub struct NewAdmission<'a> {
    pub id: AdmissionId,
    pub person: PersonId,
    pub department: Uuid,
    pub admission_no: &'a str,
    pub sequence: i32,
    pub ward: Option<&'a str>,
    pub admitted_on: Option<NaiveDate>,
    pub discharged_on: Option<NaiveDate>,
    pub disposition: i16,
    pub had_operation: bool,
    pub acute: Option<bool>,
    pub ed_visits: Option<i16>,
    pub disclosure: &'a str,
    pub attending: Option<&'a str>,
    pub responsible_nurse: Option<&'a str>,
    pub bed: Option<&'a str>,
}

/// Fails on a stay that is there already: who inserts has looked before.
pub async fn insert_all(
    scope: &mut Scope,
    new: &[NewAdmission<'_>],
    at: DateTime<Utc>,
) -> Result<()> {
    wards(scope, new, at).await?;
    let each = |text: fn(&NewAdmission<'_>) -> Option<String>| -> Vec<Option<String>> {
        new.iter().map(text).collect()
    };
    sqlx::query!(
        "insert into admission (admission_id, person_id, department_id, admission_no, sequence,
             ward, ward_id, admitted_on, discharged_on, disposition, had_operation, disclosure,
             attending, responsible_nurse, bed, acute, ed_visits, created_at)
         select n.id, n.person, n.department, n.no, n.sequence, n.ward, w.ward_id, n.admitted,
             n.discharged, n.disposition, n.operation, n.disclosure, n.attending, n.nurse, n.bed,
             n.acute, n.ed_visits, $17
         from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::int[], $6::text[],
                 $7::date[], $8::date[], $9::smallint[], $10::bool[], $11::text[], $12::text[],
                 $13::text[], $14::text[], $15::bool[], $16::smallint[])
             as n (id, person, department, no, sequence, ward, admitted, discharged, disposition,
                 operation, disclosure, attending, nurse, bed, acute, ed_visits)
             left join ward w on w.name = n.ward",
        &new.iter().map(|n| *n.id.as_uuid()).collect::<Vec<_>>(),
        &new.iter().map(|n| *n.person.as_uuid()).collect::<Vec<_>>(),
        &new.iter().map(|n| n.department).collect::<Vec<_>>(),
        &new.iter().map(|n| n.admission_no.to_owned()).collect::<Vec<_>>(),
        &new.iter().map(|n| n.sequence).collect::<Vec<_>>(),
        &each(|n| n.ward.map(str::to_owned)) as _,
        &new.iter().map(|n| n.admitted_on).collect::<Vec<_>>() as _,
        &new.iter().map(|n| n.discharged_on).collect::<Vec<_>>() as _,
        &new.iter().map(|n| n.disposition).collect::<Vec<_>>(),
        &new.iter().map(|n| n.had_operation).collect::<Vec<_>>(),
        &new.iter().map(|n| n.disclosure.to_owned()).collect::<Vec<_>>(),
        &each(|n| n.attending.map(str::to_owned)) as _,
        &each(|n| n.responsible_nurse.map(str::to_owned)) as _,
        &each(|n| n.bed.map(str::to_owned)) as _,
        &new.iter().map(|n| n.acute).collect::<Vec<_>>() as _,
        &new.iter().map(|n| n.ed_visits).collect::<Vec<_>>() as _,
        at
    )
    .execute(scope.connection())
    .await?;
    Ok(())
}

/// Which wards there are, and whose beds they hold.
async fn wards(scope: &mut Scope, new: &[NewAdmission<'_>], at: DateTime<Utc>) -> Result<()> {
    let mut named: Vec<(&str, Uuid)> =
        new.iter().filter_map(|n| Some((n.ward?, n.department))).collect();
    named.sort_unstable();
    named.dedup();
    if named.is_empty() {
        return Ok(());
    }
    let names: Vec<String> = named.iter().map(|(name, _)| (*name).to_owned()).collect();
    let departments: Vec<Uuid> = named.iter().map(|(_, department)| *department).collect();
    sqlx::query!(
        "insert into ward (ward_id, name, created_at)
         select gen_random_uuid(), n.name, $2
         from (select distinct name from unnest($1::text[]) as u (name)) n
         where not exists (select from ward w where w.name = n.name)
         on conflict (name) do nothing",
        &names,
        at
    )
    .execute(scope.connection())
    .await?;
    sqlx::query!(
        "insert into department_ward (department_id, ward_id)
         select n.department, w.ward_id
         from unnest($1::text[], $2::uuid[]) as n (name, department) join ward w using (name)
         on conflict do nothing",
        &names,
        &departments
    )
    .execute(scope.connection())
    .await?;
    Ok(())
}

/// What tells one stay from another where no visit number does (features.md, F001).
pub struct StayKey<'a> {
    pub admission_no: &'a str,
    pub admitted_on: Option<NaiveDate>,
    pub sequence: i32,
}

pub struct Known {
    /// Which of the keys, from 1.
    pub n: i64,
    pub admission_id: Uuid,
    pub person_id: Uuid,
}

pub async fn find_all(scope: &mut Scope, keys: &[StayKey<'_>]) -> Result<Vec<Known>> {
    Ok(sqlx::query_as!(
        Known,
        r#"select k.n as "n!", a.admission_id, a.person_id
         from unnest($1::text[], $2::date[], $3::int[]) with ordinality
                 as k (no, admitted, sequence, n)
             join admission a on a.admission_no = k.no
                 and a.admitted_on is not distinct from k.admitted and a.sequence = k.sequence"#,
        &keys.iter().map(|k| k.admission_no.to_owned()).collect::<Vec<_>>(),
        &keys.iter().map(|k| k.admitted_on).collect::<Vec<_>>() as _,
        &keys.iter().map(|k| k.sequence).collect::<Vec<_>>()
    )
    .fetch_all(scope.connection())
    .await?)
}

pub struct NewDiagnosis<'a> {
    pub admission: AdmissionId,
    /// 0 is the main one.
    pub position: i16,
    pub icd: Option<&'a str>,
    pub name: Option<&'a str>,
}

pub async fn add_diagnoses(scope: &mut Scope, new: &[NewDiagnosis<'_>]) -> Result<()> {
    sqlx::query!(
        "insert into diagnosis (admission_id, position, icd, name)
         select * from unnest($1::uuid[], $2::smallint[], $3::text[], $4::text[])
         on conflict do nothing",
        &new.iter().map(|n| *n.admission.as_uuid()).collect::<Vec<_>>(),
        &new.iter().map(|n| n.position).collect::<Vec<_>>(),
        &new.iter().map(|n| n.icd.map(str::to_owned)).collect::<Vec<_>>() as _,
        &new.iter().map(|n| n.name.map(str::to_owned)).collect::<Vec<_>>() as _
    )
    .execute(scope.connection())
    .await?;
    Ok(())
}

/// Each with its stay and its place.
pub async fn add_operations(
    scope: &mut Scope,
    new: &[(AdmissionId, i16, &Operation)],
) -> Result<()> {
    if new.is_empty() {
        return Ok(());
    }
    let each = |text: fn(&Operation) -> Option<String>| -> Vec<Option<String>> {
        new.iter().map(|(_, _, operation)| text(operation)).collect()
    };
    sqlx::query!(
        "insert into operation (admission_id, position, code, name, performed_on, operator,
             new_technique)
         select * from unnest($1::uuid[], $2::smallint[], $3::text[], $4::text[], $5::date[],
             $6::text[], $7::bool[])
         on conflict do nothing",
        &new.iter().map(|(stay, ..)| *stay.as_uuid()).collect::<Vec<_>>(),
        &new.iter().map(|(_, position, _)| *position).collect::<Vec<_>>(),
        &each(|o| o.code.clone()) as _,
        &each(|o| o.name.clone()) as _,
        &new.iter().map(|(.., o)| o.performed_on).collect::<Vec<_>>() as _,
        &each(|o| o.surgeon.clone()) as _,
        &new.iter().map(|(.., o)| o.new_technique).collect::<Vec<_>>()
    )
    .execute(scope.connection())
    .await?;
    Ok(())
}
