//! Shares of answers and of return visits, by any two dimensions.

use chrono::{DateTime, NaiveDate, Utc};

use super::{Result, Scope};

/// So many of so many; `sum` is that of the scores.
pub struct Share {
    pub a: Option<String>,
    pub b: Option<String>,
    pub part: i64,
    pub whole: i64,
    pub sum: f64,
}

/// The two dimensions: department, ward, attending, disease, month, operator, item; empty:
/// not split.
#[derive(Clone, Copy, Debug)]
pub struct Split<'a> {
    pub by: &'a str,
    pub and: &'a str,
    /// Of the hospital's clock, for months.
    pub zone: &'a str,
}

/// Answers to the items that begin so, of one questionnaire or of any; `codes` are the good
/// ones, without them a score of 4 and more is. Blanks are in neither number.
pub async fn answers(
    scope: &mut Scope,
    questionnaire: &str,
    prefix: &str,
    codes: &[String],
    split: Split<'_>,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
) -> Result<Vec<Share>> {
    Ok(sqlx::query_as!(
        Share,
        r#"select case $5 when 'department' then department when 'ward' then ward
                 when 'attending' then attending when 'disease' then disease
                 when 'month' then month when 'operator' then operator when 'item' then item
                 end as a,
             case $6 when 'department' then department when 'ward' then ward
                 when 'attending' then attending when 'disease' then disease
                 when 'month' then month when 'operator' then operator when 'item' then item
                 end as b,
             count(*) filter (where good) as "part!", count(*) as "whole!",
             coalesce(sum(score), 0)::float8 as "sum!"
         from (select d.name as department, a.ward, a.attending,
                   (select left(g.icd, 3) from diagnosis g where g.admission_id = a.admission_id
                       order by g.position limit 1) as disease,
                   to_char(w.at at time zone $7, 'YYYY-MM') as month, w.recorded_by as operator,
                   w.link_id as item, w.score,
                   case when cardinality($3::text[]) > 0 then w.option_code = any ($3)
                       else w.score >= 4 end as good
               from answer w left join task t using (task_id)
                   left join admission a on a.admission_id = t.admission_id
                   left join department d on d.department_id = w.department_id
               where w.status = 'answered' and ($1 = '' or w.questionnaire = $1)
                 and starts_with(w.link_id, $2) and w.at >= $4 and w.at < $8
                 and (cardinality($3::text[]) > 0 or w.score is not null)) s
         group by 1, 2 order by 1 nulls last, 2 nulls last limit 5000"#,
        questionnaire,
        prefix,
        codes,
        from,
        split.by,
        split.and,
        split.zone,
        to
    )
    .fetch_all(scope.connection())
    .await?)
}

/// Return visits within their window of all that were advised, by the planned day.
pub async fn visits(
    scope: &mut Scope,
    split: Split<'_>,
    from: NaiveDate,
    to: NaiveDate,
) -> Result<Vec<Share>> {
    Ok(sqlx::query_as!(
        Share,
        r#"select case $3 when 'department' then department when 'ward' then ward
                 when 'attending' then attending when 'disease' then disease
                 when 'month' then month when 'operator' then operator end as a,
             case $4 when 'department' then department when 'ward' then ward
                 when 'attending' then attending when 'disease' then disease
                 when 'month' then month when 'operator' then operator end as b,
             count(*) filter (where good) as "part!", count(*) as "whole!", 0::float8 as "sum!"
         from (select d.name as department, a.ward, a.attending,
                   (select left(g.icd, 3) from diagnosis g where g.admission_id = a.admission_id
                       order by g.position limit 1) as disease,
                   to_char(o.planned_on, 'YYYY-MM') as month, o.made_by as operator,
                   coalesce(o.attended_on between o.planned_on - o.window_days
                       and o.planned_on + o.window_days, false) as good
               from appointment o left join admission a on a.admission_id = o.admission_id
                   left join department d on d.department_id = o.department_id
               where o.kind = 'return_visit' and o.state <> 'cancelled'
                 and o.planned_on between $1 and $2) s
         group by 1, 2 order by 1 nulls last, 2 nulls last limit 5000"#,
        from,
        to,
        split.by,
        split.and
    )
    .fetch_all(scope.connection())
    .await?)
}
