//! How far the follow-ups of a period's discharges came, from the roll-ups and the cases.

use chrono::NaiveDate;
use uuid::Uuid;

use super::{Count, Period};
use crate::store::{Result, Scope};

/// How far the discharges of one cell came.
#[derive(Clone, Debug, Default)]
pub struct Cell {
    pub a: Option<String>,
    pub b: Option<String>,
    pub discharged: i64,
    pub eligible: i64,
    pub has_number: i64,
    pub valid_number: i64,
    pub dialled: i64,
    pub answered: i64,
    pub right_person: i64,
    pub completed: i64,
    pub partial: i64,
    pub in_time: i64,
    pub with_evidence: i64,
    pub late_entries: i64,
}

/// Discharges of a period by any two of: department, ward, attending, disease, month,
/// evidence, operator. An empty word: not split. From the roll-ups; two dimensions that
/// stand in no roll-up together are counted from the cases.
pub async fn follow_up(
    scope: &mut Scope,
    period: Period,
    by: &str,
    and: &str,
) -> Result<Vec<Cell>> {
    let is_own = |word: &&str| !["", "department", "month"].contains(word);
    let mut dimensions: Vec<&str> = [by, and].into_iter().filter(is_own).collect();
    dimensions.dedup();
    match dimensions[..] {
        [] => rolled_up(scope, period, by, and, "").await,
        [dimension] => rolled_up(scope, period, by, and, dimension).await,
        _ => counted(scope, period, by, and).await,
    }
}

async fn rolled_up(
    scope: &mut Scope,
    period: Period,
    by: &str,
    and: &str,
    dimension: &str,
) -> Result<Vec<Cell>> {
    Ok(sqlx::query_as!(
        Cell,
        r#"with cells as (
               select * from follow_up_rolled($5, $1, $2)
               union all
               select * from follow_up_delta(array(select distinct admission_id from rollup_dirty))
               where dimension = $5 and discharged_on between $1 and $2)
           select case $3 when 'department' then d.name
                 when 'month' then to_char(c.discharged_on, 'YYYY-MM')
                 when '' then null else nullif(c.value, '') end as a,
             case $4 when 'department' then d.name
                 when 'month' then to_char(c.discharged_on, 'YYYY-MM')
                 when '' then null else nullif(c.value, '') end as b,
             sum(discharged) as "discharged!", sum(eligible) as "eligible!",
             sum(has_number) as "has_number!", sum(valid_number) as "valid_number!",
             sum(dialled) as "dialled!", sum(answered) as "answered!",
             sum(right_person) as "right_person!", sum(completed) as "completed!",
             sum(partial) as "partial!", sum(in_time) as "in_time!",
             sum(with_evidence) as "with_evidence!", sum(late_entries) as "late_entries!"
         from cells c join department d using (department_id)
         group by 1, 2 having sum(discharged) <> 0 order by 1 nulls last, 2 nulls last limit 2000"#,
        period.from,
        period.to,
        by,
        and,
        dimension
    )
    .fetch_all(scope.connection())
    .await?)
}

/// A free filter: each discharge of the period is looked at.
async fn counted(scope: &mut Scope, period: Period, by: &str, and: &str) -> Result<Vec<Cell>> {
    Ok(sqlx::query_as!(
        Cell,
        r#"select case $3 when 'department' then d.name when 'ward' then c.ward
                 when 'attending' then c.attending when 'disease' then c.disease
                 when 'month' then to_char(c.discharged_on, 'YYYY-MM')
                 when 'evidence' then c.evidence when 'operator' then c.done_by end as a,
             case $4 when 'department' then d.name when 'ward' then c.ward
                 when 'attending' then c.attending when 'disease' then c.disease
                 when 'month' then to_char(c.discharged_on, 'YYYY-MM')
                 when 'evidence' then c.evidence when 'operator' then c.done_by end as b,
             count(*) as "discharged!", count(*) filter (where eligible) as "eligible!",
             count(*) filter (where eligible and has_number) as "has_number!",
             count(*) filter (where eligible and has_number and valid_number) as "valid_number!",
             count(*) filter (where eligible and dialled) as "dialled!",
             count(*) filter (where eligible and has_number and valid_number and answered)
                 as "answered!",
             count(*) filter (where eligible and has_number and valid_number and answered
                 and right_person) as "right_person!",
             count(*) filter (where eligible and has_number and valid_number and answered
                 and right_person and completed) as "completed!",
             count(*) filter (where eligible and partial) as "partial!",
             count(*) filter (where eligible and has_number and valid_number and answered
                 and right_person and in_time) as "in_time!",
             count(*) filter (where eligible and completed and evidence in ('recording', 'call_record'))
                 as "with_evidence!",
             count(*) filter (where eligible and completed and late_entry) as "late_entries!"
         from follow_up_now c join department d using (department_id)
         where c.discharged_on between $1 and $2
         group by 1, 2 order by 1 nulls last, 2 nulls last limit 2000"#,
        period.from,
        period.to,
        by,
        and
    )
    .fetch_all(scope.connection())
    .await?)
}

pub struct Case {
    pub admission_id: Uuid,
    pub person_id: Uuid,
    pub name: String,
    pub admission_no: String,
    pub department: String,
    pub ward: Option<String>,
    pub discharged_on: Option<NaiveDate>,
    pub state: Option<String>,
    pub last_outcome: Option<String>,
    pub done_on: Option<NaiveDate>,
}

/// The list behind a number: `done`, or those who were not (`not_done`).
pub async fn cases(
    scope: &mut Scope,
    period: Period,
    which: &str,
    department: Option<&str>,
    limit: i64,
    offset: i64,
) -> Result<Vec<Case>> {
    Ok(sqlx::query_as!(
        Case,
        r#"select c.admission_id as "admission_id!", c.person_id as "person_id!", p.name,
             a.admission_no, d.name as department, c.ward, c.discharged_on, c.state,
             c.last_outcome, c.done_on
         from (select * from follow_up_now n where n.discharged_on between $1 and $2 and n.eligible
                   and ($3 = 'eligible' or ($3 = 'done') = n.in_time)
                   and ($4::text is null or n.department_id
                       in (select department_id from department where name = $4))
                 order by n.discharged_on, n.admission_id limit $5 offset $6) c
             join admission a using (admission_id) join person p on p.person_id = c.person_id
             join department d on d.department_id = c.department_id
         order by c.discharged_on, c.admission_id"#,
        period.from,
        period.to,
        which,
        department,
        limit,
        offset
    )
    .fetch_all(scope.connection())
    .await?)
}

/// Why eligible discharges were not followed up in time: the last word of each.
pub async fn causes(scope: &mut Scope, period: Period) -> Result<Vec<Count>> {
    Ok(sqlx::query_as!(
        Count,
        r#"select value as "word!", sum(eligible)::bigint as "count!" from (
               select value, eligible from follow_up_rolled('cause', $1, $2)
               union all
               select value, eligible
               from follow_up_delta(array(select distinct admission_id from rollup_dirty))
               where dimension = 'cause' and discharged_on between $1 and $2) causes
         group by 1 having sum(eligible) <> 0 order by 2 desc, 1"#,
        period.from,
        period.to
    )
    .fetch_all(scope.connection())
    .await?)
}
