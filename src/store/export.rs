//! Rows that leave the house: stays with all that an import reads.

use chrono::NaiveDate;
use uuid::Uuid;

use super::{Result, Scope};

pub struct Stay {
    pub admission_id: Uuid,
    pub name: String,
    pub sex: String,
    pub birth_date: Option<NaiveDate>,
    pub id_card: Option<String>,
    pub record_no: Option<String>,
    pub address: Option<String>,
    pub language: String,
    pub admission_no: String,
    pub sequence: i32,
    pub department: String,
    pub ward: Option<String>,
    pub admitted_on: Option<NaiveDate>,
    pub discharged_on: Option<NaiveDate>,
    pub disposition: i16,
    pub had_operation: bool,
    pub acute: Option<bool>,
    pub ed_visits: Option<i16>,
    pub disclosure: String,
    pub attending: Option<String>,
    pub responsible_nurse: Option<String>,
    /// E.164, each with its extension behind `x`.
    pub phones: Vec<String>,
    /// The first person around the patient who has a number.
    pub kin_name: Option<String>,
    pub kin_relation: Option<String>,
    pub kin_phones: Vec<String>,
}

/// Which stays of the people; all that are given must hold.
#[derive(Clone, Copy, Debug, Default)]
pub struct StayTerms {
    pub discharged_from: Option<NaiveDate>,
    pub discharged_to: Option<NaiveDate>,
    pub department: Option<Uuid>,
}

/// A number that a stranger answered is told to nobody.
pub async fn stays(
    scope: &mut Scope,
    people: &[Uuid],
    terms: StayTerms,
    limit: i64,
) -> Result<Vec<Stay>> {
    Ok(sqlx::query_as!(
        Stay,
        r#"select a.admission_id, p.name, p.sex, p.birth_date, p.id_card, p.record_no,
             p.home_address as address, p.language, a.admission_no, a.sequence,
             d.name as department, a.ward, a.admitted_on, a.discharged_on, a.disposition,
             a.had_operation, a.acute, a.ed_visits, a.disclosure, a.attending, a.responsible_nurse,
             array(select n.e164 || coalesce('x' || n.extension, '')
                 from contact c join number n using (contact_id)
                 where c.person_id = p.person_id and c.relation = 'self' and n.state <> 'blocked'
                 order by c.position, n.position) as "phones!",
             k.name as "kin_name?", k.relation as "kin_relation?",
             array(select n.e164 || coalesce('x' || n.extension, '') from number n
                 where n.contact_id = k.contact_id and n.state <> 'blocked'
                 order by n.position) as "kin_phones!"
         from person p join admission a using (person_id) join department d using (department_id)
             left join lateral (select c.contact_id, c.name, c.relation from contact c
                 where c.person_id = p.person_id and c.relation <> 'self'
                   and exists (select from number n
                       where n.contact_id = c.contact_id and n.state <> 'blocked')
                 order by c.position limit 1) k on true
         where p.person_id = any($1) and a.cancelled_at is null
           and ($2::date is null or a.discharged_on >= $2)
           and ($3::date is null or a.discharged_on <= $3)
           and ($4::uuid is null or a.department_id = $4)
         order by p.name, p.birth_date, a.admission_no, a.admitted_on, a.sequence limit $5"#,
        people,
        terms.discharged_from,
        terms.discharged_to,
        terms.department,
        limit
    )
    .fetch_all(scope.connection())
    .await?)
}

pub struct StayDiagnosis {
    pub admission_id: Uuid,
    pub position: i16,
    pub icd: Option<String>,
    pub name: Option<String>,
}

pub async fn diagnoses(scope: &mut Scope, stays: &[Uuid]) -> Result<Vec<StayDiagnosis>> {
    Ok(sqlx::query_as!(
        StayDiagnosis,
        "select admission_id, position, icd, name from diagnosis where admission_id = any($1)
         order by admission_id, position",
        stays
    )
    .fetch_all(scope.connection())
    .await?)
}

pub struct StayOperation {
    pub admission_id: Uuid,
    pub code: Option<String>,
    pub name: Option<String>,
    pub performed_on: Option<NaiveDate>,
    pub operator: Option<String>,
    pub new_technique: bool,
}

pub async fn operations(scope: &mut Scope, stays: &[Uuid]) -> Result<Vec<StayOperation>> {
    Ok(sqlx::query_as!(
        StayOperation,
        "select admission_id, code, name, performed_on, operator, new_technique from operation
         where admission_id = any($1) order by admission_id, position",
        stays
    )
    .fetch_all(scope.connection())
    .await?)
}
