//! 通话记录 by time, agent, number and result; the totals are of all that fit, so that they
//! can be held against the calls themselves.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{Result, Scope};

#[derive(Clone, Debug, Default)]
pub struct Terms {
    pub from: Option<DateTime<Utc>>,
    pub to: Option<DateTime<Utc>>,
    /// A login, or `ivr`; empty: anybody.
    pub agent: String,
    /// Digits that stand in the number.
    pub number: String,
    /// An outcome; of calls without one `answered`, `not_answered` or `live`.
    pub result: String,
    pub direction: String,
    pub limit: i64,
    pub offset: i64,
}

pub struct Past {
    pub call_id: Uuid,
    pub direction: String,
    pub agent: String,
    pub remote: String,
    pub name: Option<String>,
    pub department: Option<String>,
    pub started_at: DateTime<Utc>,
    pub answered_at: Option<DateTime<Utc>>,
    pub ended_at: Option<DateTime<Utc>>,
    pub result: String,
    pub end_why: Option<String>,
}

/// The latest first. The machine calls for everybody but who asked for a ring at the bedside.
pub async fn list(scope: &mut Scope, terms: &Terms) -> Result<Vec<Past>> {
    Ok(sqlx::query_as!(
        Past,
        r#"select h.call_id as "call_id!", h.direction as "direction!", h.agent as "agent!",
             h.remote as "remote!", p.name as "name?", d.name as "department?",
             h.started_at as "started_at!", h.answered_at, h.ended_at, h.result as "result!", h.end_why
         from call_history h left join person p using (person_id)
             left join department d using (department_id)
         where ($1::timestamptz is null or h.started_at >= $1)
           and ($2::timestamptz is null or h.started_at < $2)
           and ($3 = '' or h.agent = $3) and ($4 = '' or strpos(h.remote, $4) > 0)
           and ($5 = '' or h.result = $5) and ($6 = '' or h.direction = $6)
         order by h.started_at desc, h.call_id limit $7 offset $8"#,
        terms.from,
        terms.to,
        terms.agent,
        terms.number,
        terms.result,
        terms.direction,
        terms.limit,
        terms.offset
    )
    .fetch_all(scope.connection())
    .await?)
}

pub struct Total {
    pub direction: String,
    pub agent: String,
    pub result: String,
    pub calls: i64,
    pub answered: i64,
    pub talk_s: i64,
}

pub async fn totals(scope: &mut Scope, terms: &Terms) -> Result<Vec<Total>> {
    Ok(sqlx::query_as!(
        Total,
        r#"select h.direction as "direction!", h.agent as "agent!", h.result as "result!",
             count(*) as "calls!", count(h.answered_at) as "answered!",
             coalesce(sum(extract(epoch from h.ended_at - h.answered_at)), 0)::bigint as "talk_s!"
         from call_history h
         where ($1::timestamptz is null or h.started_at >= $1)
           and ($2::timestamptz is null or h.started_at < $2)
           and ($3 = '' or h.agent = $3) and ($4 = '' or strpos(h.remote, $4) > 0)
           and ($5 = '' or h.result = $5) and ($6 = '' or h.direction = $6)
         group by 1, 2, 3 order by 1, 2, 3 limit 1000"#,
        terms.from,
        terms.to,
        terms.agent,
        terms.number,
        terms.result,
        terms.direction
    )
    .fetch_all(scope.connection())
    .await?)
}
