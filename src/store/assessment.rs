//! What the choice of a plan looks at, and which discharges it has looked at.

use chrono::NaiveDate;
use uuid::Uuid;

use super::{Result, Scope};
use crate::domain::{Comorbidities, Lace, LaceScore, comorbidities};

/// What the choice of a plan looks at.
pub struct Assessed {
    pub admission_id: Uuid,
    pub person_id: Uuid,
    pub department_id: Uuid,
    pub department: String,
    pub follows_up: bool,
    pub ward: Option<String>,
    pub admitted_on: Option<NaiveDate>,
    pub discharged_on: Option<NaiveDate>,
    pub cancelled: bool,
    pub disposition: i16,
    pub had_operation: bool,
    pub birth_date: Option<NaiveDate>,
    pub died: bool,
    pub refused: bool,
    pub icds: Vec<String>,
    /// ICD-9-CM-3.
    pub operations: Vec<String>,
    pub acute: Option<bool>,
    pub ed_visits: Option<i16>,
    /// Stays of the half year before that began in the emergency department.
    pub acute_stays_before: i64,
}

impl Assessed {
    /// `None`: the days or the way of the admission are not known, so there is no score.
    pub fn lace(&self) -> Option<(LaceScore, Comorbidities)> {
        let (from, to, acute) = (self.admitted_on?, self.discharged_on?, self.acute?);
        let before = u16::try_from(self.acute_stays_before).unwrap_or(u16::MAX);
        let told = self.ed_visits.and_then(|visits| u16::try_from(visits).ok());
        let found = comorbidities(&self.icds);
        let lace = Lace {
            stay_days: u16::try_from((to - from).num_days()).unwrap_or(u16::MAX),
            acute,
            charlson: found.charlson,
            // Nobody has told: those stays are visits that we know of.
            emergency_visits: told.unwrap_or(before),
        };
        Some((lace.score(), found))
    }
}

pub async fn assessed(scope: &mut Scope, admissions: &[Uuid]) -> Result<Vec<Assessed>> {
    Ok(sqlx::query_as!(
        Assessed,
        r#"select a.admission_id, a.person_id, a.department_id, d.name as department, d.follows_up,
             a.ward, a.admitted_on, a.discharged_on, a.cancelled_at is not null as "cancelled!",
             a.disposition, a.had_operation, p.birth_date, p.died_on is not null as "died!",
             coalesce((select c.decision <> 'given' from consent c
                 where c.person_id = p.person_id and c.scope = 'call'
                 order by c.at desc limit 1), false) as "refused!",
             array(select g.icd from diagnosis g where g.admission_id = a.admission_id
                 and g.icd is not null order by g.position) as "icds!",
             array(select o.code from operation o where o.admission_id = a.admission_id
                 and o.code is not null order by o.position) as "operations!",
             a.acute, a.ed_visits,
             (select count(*) from admission b where b.person_id = a.person_id and b.acute
                 and b.cancelled_at is null and b.admission_id <> a.admission_id
                 and b.admitted_on >= a.admitted_on - interval '6 months'
                 and b.admitted_on < a.admitted_on) as "acute_stays_before!"
         from admission a join person p using (person_id) join department d using (department_id)
         where a.admission_id = any ($1)
         order by a.admission_id"#,
        admissions
    )
    .fetch_all(scope.connection())
    .await?)
}

/// Discharges that the rules of this version have not looked at, of departments that
/// follow up: fresh ones, and what a rule's change or a department's switch left behind.
pub async fn unassessed(
    scope: &mut Scope,
    rules: i32,
    since: NaiveDate,
    limit: i64,
) -> Result<Vec<Uuid>> {
    Ok(sqlx::query_scalar!(
        "select a.admission_id from admission a join department d using (department_id)
             left join assessment s using (admission_id)
         where coalesce(s.rules, 0) < $1 and a.discharged_on >= $2 and a.cancelled_at is null
           and d.follows_up
         order by a.discharged_on, a.admission_id limit $3 for update of a skip locked",
        rules,
        since,
        limit
    )
    .fetch_all(scope.connection())
    .await?)
}

pub async fn set_assessed(scope: &mut Scope, admissions: &[Uuid], rules: i32) -> Result<()> {
    sqlx::query!(
        "insert into assessment (admission_id, rules) select n, $2 from unnest($1::uuid[]) n
         on conflict (admission_id) do update set rules = $2",
        admissions,
        rules
    )
    .execute(scope.connection())
    .await?;
    Ok(())
}

pub async fn rules_version(scope: &mut Scope) -> Result<i32> {
    Ok(sqlx::query_scalar!(r#"select coalesce(max(version), 0) as "version!" from plan_rules"#)
        .fetch_one(scope.connection())
        .await?)
}
