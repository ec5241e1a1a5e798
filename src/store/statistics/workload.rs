//! 工作量: calls by whose task it was, tasks by who did them; each once.

use chrono::{DateTime, Utc};

use super::Period;
use crate::store::{Result, Scope};

pub struct Work {
    pub department: Option<String>,
    pub operator: String,
    pub calls: i64,
    pub talk_s: i64,
    pub completed: i64,
    pub partial: i64,
}

/// From the kept counts (migration 0016).
pub async fn workload(
    scope: &mut Scope,
    period: Period,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
) -> Result<Vec<Work>> {
    if super::is_of_own_patients(scope).await? {
        return of_facts(scope, period, from, to).await;
    }
    Ok(sqlx::query_as!(
        Work,
        r#"with span as materialized (
             select date_trunc('hour', $1::timestamptz + interval '1 hour' - interval '1 microsecond',
                     'UTC') as first,
                 date_trunc('hour', $2::timestamptz, 'UTC') as past),
           told as (
             select department_id, 'ivr' as operator, calls, talk_us, 0 as completed, 0 as partial
             from call_rollup, span where hour >= first and hour < past
             union all
             select department_id, 'ivr', calls, talk_us, 0, 0
             from call_change, span where hour >= first and hour < past
             union all
             select n.department_id, 'ivr', n.calls, n.talk_us, 0, 0
             from call c cross join lateral call_counts(c, 1) n
             where c.started_at >= $1 and c.started_at < least((select first from span), $2)
             union all
             select n.department_id, 'ivr', n.calls, n.talk_us, 0, 0
             from call c cross join lateral call_counts(c, 1) n
             where c.started_at >= greatest((select past from span), (select first from span))
               and c.started_at < $2
             union all
             select department_id, done_by, 0, 0, completed, partial
             from done_rollup where done_on between $3 and $4
             union all
             select department_id, done_by, 0, 0, completed, partial
             from done_change where done_on between $3 and $4),
           summed as (
             select department_id, operator, sum(calls) as calls, sum(talk_us) as talk_us,
                 sum(completed) as completed, sum(partial) as partial
             from told group by 1, 2)
         select d.name as "department?", s.operator as "operator!", s.calls::bigint as "calls!",
             (s.talk_us / 1000000)::bigint as "talk_s!", s.completed::bigint as "completed!",
             s.partial::bigint as "partial!"
         from summed s left join department d using (department_id)
         where s.calls <> 0 or s.completed <> 0 or s.partial <> 0
         order by 1 nulls last, 2"#,
        from,
        to,
        period.from,
        period.to
    )
    .fetch_all(scope.connection())
    .await?)
}

async fn of_facts(
    scope: &mut Scope,
    period: Period,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
) -> Result<Vec<Work>> {
    Ok(sqlx::query_as!(
        Work,
        r#"select department, operator as "operator!", sum(calls)::bigint as "calls!",
             sum(talk_s)::bigint as "talk_s!", sum(completed)::bigint as "completed!",
             sum(partial)::bigint as "partial!"
         from (select d.name as department, 'ivr' as operator, count(*) as calls,
                   coalesce(sum(extract(epoch from c.ended_at - c.answered_at)), 0)::bigint as talk_s,
                   0 as completed, 0 as partial
               from call c left join department d using (department_id)
               where c.started_at >= $1 and c.started_at < $2 and c.direction = 'outbound'
                 and c.task_id is not null
               group by d.name
               union all
               select d.name, coalesce(t.done_by, 'ivr'), 0, 0,
                   count(*) filter (where t.state = 'completed'),
                   count(*) filter (where t.state = 'partial')
               from task t left join department d using (department_id)
               where t.kind = 'follow_up' and t.type <> 'notice'
                 and t.state in ('completed', 'partial') and t.done_on between $3 and $4
               group by d.name, t.done_by) w
         group by 1, 2 order by 1 nulls last, 2"#,
        from,
        to,
        period.from,
        period.to
    )
    .fetch_all(scope.connection())
    .await?)
}
