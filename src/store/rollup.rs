//! Daily roll-ups of the follow-up reports. What has changed since is marked by triggers
//! (migration 0012), so that a day is either rolled and true, or counted anew.

use chrono::{DateTime, NaiveDate, Utc};

use super::{Result, Scope};

/// Days whose facts have changed since they were rolled, the oldest first.
pub async fn dirty_days(scope: &mut Scope, limit: i64) -> Result<Vec<NaiveDate>> {
    Ok(sqlx::query_scalar!(
        "select distinct discharged_on from rollup_dirty order by 1 limit $1",
        limit
    )
    .fetch_all(scope.connection())
    .await?)
}

/// Counts a day anew. `false`: another node is at it.
pub async fn roll(scope: &mut Scope, day: NaiveDate, at: DateTime<Utc>) -> Result<bool> {
    let ours = sqlx::query_scalar!(r#"select pg_try_advisory_xact_lock(7307, 0) as "ours!""#)
        .fetch_one(scope.connection())
        .await?;
    if !ours {
        return Ok(false);
    }
    // Marks first: what is committed later brings a mark of its own.
    sqlx::query!("delete from rollup_dirty where discharged_on = $1", day)
        .execute(scope.connection())
        .await?;
    // Also those that a later message has moved to this day.
    sqlx::query!(
        "delete from follow_up_fact where discharged_on = $1
             or admission_id in (select admission_id from admission where discharged_on = $1)",
        day
    )
    .execute(scope.connection())
    .await?;
    insert_facts(scope, day).await?;
    sqlx::query!("delete from follow_up_rollup where discharged_on = $1", day)
        .execute(scope.connection())
        .await?;
    insert_cells(scope, day).await?;
    sqlx::query!("delete from rollup_month where month = date_trunc('month', $1::date)::date", day)
        .execute(scope.connection())
        .await?;
    sqlx::query!(
        "insert into rollup_day (discharged_on, rolled_at) values ($1, $2)
         on conflict (discharged_on) do update set rolled_at = $2",
        day,
        at
    )
    .execute(scope.connection())
    .await?;
    Ok(true)
}

/// Months of which every day is rolled and that are not there themselves, the oldest first.
pub async fn months_to_roll(
    scope: &mut Scope,
    before: NaiveDate,
    limit: i64,
) -> Result<Vec<NaiveDate>> {
    Ok(sqlx::query_scalar!(
        r#"select month as "month!" from (
               select distinct date_trunc('month', discharged_on)::date as month
               from rollup_day) m
           where month < date_trunc('month', $1::date) and month not in (
               select r.month from rollup_month r
               union all select date_trunc('month', discharged_on)::date from rollup_dirty)
           order by 1 limit $2"#,
        before,
        limit
    )
    .fetch_all(scope.connection())
    .await?)
}

/// Adds up the days of a month. `false`: another node is at it, or a day has changed meanwhile.
pub async fn roll_month(scope: &mut Scope, month: NaiveDate, at: DateTime<Utc>) -> Result<bool> {
    let ours = sqlx::query_scalar!(
        r#"select pg_try_advisory_xact_lock(7307, 0) and not exists (select from rollup_dirty
             where date_trunc('month', discharged_on) = $1::date) as "ours!""#,
        month
    )
    .fetch_one(scope.connection())
    .await?;
    if !ours {
        return Ok(false);
    }
    sqlx::query!("delete from follow_up_rollup_month where month = $1", month)
        .execute(scope.connection())
        .await?;
    sqlx::query!(
        "insert into follow_up_rollup_month (month, department_id, dimension, value, discharged,
             eligible, has_number, valid_number, dialled, answered, right_person, completed,
             partial, in_time, with_evidence, late_entries)
         select $1::date, department_id, dimension, value, sum(discharged), sum(eligible),
             sum(has_number), sum(valid_number), sum(dialled), sum(answered), sum(right_person),
             sum(completed), sum(partial), sum(in_time), sum(with_evidence), sum(late_entries)
         from follow_up_rollup
         where discharged_on >= $1 and discharged_on < $1::date + interval '1 month'
         group by department_id, dimension, value",
        month
    )
    .execute(scope.connection())
    .await?;
    sqlx::query!(
        "insert into rollup_month (month, rolled_at) values ($1, $2)
         on conflict (month) do update set rolled_at = $2",
        month,
        at
    )
    .execute(scope.connection())
    .await?;
    Ok(true)
}

/// The cases of a day as rows.
async fn insert_facts(scope: &mut Scope, day: NaiveDate) -> Result<()> {
    sqlx::query!(
        "insert into follow_up_fact (admission_id, person_id, department_id, ward, attending,
             discharged_on, disease, eligible, task_id, done_on, done_by, done_channel, evidence,
             respondent, late_entry, last_outcome, state, completed, partial, in_time, has_number,
             valid_number, dialled, answered, right_person)
         select admission_id, person_id, department_id, ward, attending, discharged_on, disease,
             eligible, task_id, done_on, done_by, done_channel, evidence, respondent, late_entry,
             last_outcome, state, completed, partial, in_time, has_number, valid_number, dialled,
             answered, right_person
         from follow_up_case where discharged_on = $1",
        day
    )
    .execute(scope.connection())
    .await?;
    Ok(())
}

/// Their counts by department and one more dimension.
async fn insert_cells(scope: &mut Scope, day: NaiveDate) -> Result<()> {
    sqlx::query!(
        "insert into follow_up_rollup (discharged_on, department_id, dimension, value, discharged,
             eligible, has_number, valid_number, dialled, answered, right_person, completed,
             partial, in_time, with_evidence, late_entries)
         select c.discharged_on, c.department_id, v.dimension, v.value, count(*),
             count(*) filter (where eligible), count(*) filter (where eligible and has_number),
             count(*) filter (where eligible and has_number and valid_number),
             count(*) filter (where eligible and dialled),
             count(*) filter (where eligible and has_number and valid_number and answered),
             count(*) filter (where eligible and has_number and valid_number and answered
                 and right_person),
             count(*) filter (where eligible and has_number and valid_number and answered
                 and right_person and completed),
             count(*) filter (where eligible and partial),
             count(*) filter (where eligible and has_number and valid_number and answered
                 and right_person and in_time),
             count(*) filter (where eligible and completed
                 and evidence in ('recording', 'call_record')),
             count(*) filter (where eligible and completed and late_entry)
         from (select * from follow_up_fact where discharged_on = $1 offset 0) c
             cross join lateral (values ('', ''), ('ward', coalesce(c.ward, '')),
                 ('attending', coalesce(c.attending, '')), ('disease', coalesce(c.disease, '')),
                 ('evidence', coalesce(c.evidence, '')), ('operator', coalesce(c.done_by, '')),
                 ('cause', case when eligible and not in_time then case
                     when not has_number then 'no_number' when not valid_number then 'number_invalid'
                     when completed then 'too_late' when task_id is null then 'no_task'
                     when not dialled then 'not_dialled'
                     else coalesce(last_outcome, 'unknown') end end)) v (dimension, value)
         where v.value is not null
         group by 1, 2, 3, 4",
        day
    )
    .execute(scope.connection())
    .await?;
    Ok(())
}

/// The last moment at which anything was rolled, and how many days of the span are counted
/// anew because something has changed since.
pub struct AsOf {
    pub rolled_at: Option<DateTime<Utc>>,
    pub counted_anew: i64,
}

pub async fn as_of(scope: &mut Scope, from: NaiveDate, to: NaiveDate) -> Result<AsOf> {
    Ok(sqlx::query_as!(
        AsOf,
        r#"select (select max(rolled_at) from rollup_day) as rolled_at,
             (select count(distinct discharged_on) from rollup_dirty
              where discharged_on between $1 and $2) as "counted_anew!""#,
        from,
        to
    )
    .fetch_one(scope.connection())
    .await?)
}
