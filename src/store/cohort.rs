//! Discharges by a filter: each condition is one query that is checked when it is compiled,
//! and `domain` puts the sets together. Row-level security holds in each of them.

use std::collections::BTreeSet;

use chrono::{DateTime, NaiveDate, Utc};
use serde_json::Value;
use uuid::Uuid;

use super::{Result, Scope, slow};
use crate::domain::cohort::{Condition, Disease, Filter, Given};

/// The discharges that the filter means, in no order.
pub async fn matching(
    scope: &mut Scope,
    filter: &Filter,
    today: NaiveDate,
) -> Result<BTreeSet<Uuid>> {
    matching_told(scope, filter, today, |_, _| {}).await
}

/// The same; `told_so_far` hears how many of its conditions have been answered, of how many.
pub async fn matching_told(
    scope: &mut Scope,
    filter: &Filter,
    today: NaiveDate,
    told_so_far: impl Fn(usize, usize),
) -> Result<BTreeSet<Uuid>> {
    sqlx::query!("select set_config('statement_timeout', $1, true) as done", STATEMENT_MS)
        .fetch_one(scope.connection())
        .await?;
    let conditions = filter.conditions();
    let mut sets = Vec::with_capacity(conditions.len());
    for condition in &conditions {
        told_so_far(sets.len(), conditions.len());
        sets.push(set(scope, condition, today).await?);
    }
    told_so_far(sets.len(), conditions.len());
    let whole = sqlx::query_scalar!(
        r#"select array(select admission_id from admission where cancelled_at is null) as "ids!""#
    )
    .fetch_one(scope.connection())
    .await
    .map_err(slow)?;
    let whole = BTreeSet::from_iter(whole);
    // A discharge that was cancelled belongs to nobody.
    let found = filter.combine(&whole, &mut sets.into_iter());
    Ok(found.intersection(&whole).copied().collect())
}

async fn set(scope: &mut Scope, condition: &Condition, today: NaiveDate) -> Result<BTreeSet<Uuid>> {
    let found = match condition {
        Condition::Disease(disease) => of_disease(scope, disease).await,
        Condition::Answer(given) => of_answer(scope, given).await,
        Condition::FollowUp(_)
        | Condition::Outcome(_)
        | Condition::Opinion(_)
        | Condition::Plan(_)
        | Condition::FollowUps(_) => of_tasks(scope, condition, today).await,
        Condition::Age(_)
        | Condition::Sex(_)
        | Condition::Died(_)
        | Condition::OutOfTown(_)
        | Condition::Name(_) => of_person(scope, condition).await,
        _ => of_stay(scope, condition).await,
    };
    Ok(BTreeSet::from_iter(found.map_err(slow)?))
}

async fn of_stay(scope: &mut Scope, condition: &Condition) -> sqlx::Result<Vec<Uuid>> {
    match condition {
        Condition::Discharged(days) => {
            sqlx::query_scalar!(
        r#"select array(select admission_id from admission
                 where ($1::date is null or discharged_on >= $1)
                   and ($2::date is null or discharged_on <= $2) and discharged_on is not null) as "ids!""#,
                days.from,
                days.to
            )
            .fetch_one(scope.connection())
            .await
        }
        Condition::Department(name) => {
            sqlx::query_scalar!(
        r#"select array(select admission_id from admission a join department d using (department_id)
                 where d.name = $1) as "ids!""#,
                name
            )
            .fetch_one(scope.connection())
            .await
        }
        Condition::Ward(name) => {
            sqlx::query_scalar!(
        r#"select array(select admission_id from admission where ward = $1) as "ids!""#, name)
                .fetch_one(scope.connection())
                .await
        }
        Condition::Attending(name) => {
            sqlx::query_scalar!(
        r#"select array(select admission_id from admission where attending = $1 or responsible_nurse = $1) as "ids!""#,
                name
            )
            .fetch_one(scope.connection())
            .await
        }
        Condition::Operation(had) => {
            sqlx::query_scalar!(
        r#"select array(select admission_id from admission where had_operation = $1) as "ids!""#, had)
                .fetch_one(scope.connection())
                .await
        }
        Condition::Disposition(codes) => {
            sqlx::query_scalar!(
        r#"select array(select admission_id from admission where disposition = any ($1)) as "ids!""#,
                codes
            )
            .fetch_one(scope.connection())
            .await
        }
        _ => Ok(Vec::new()),
    }
}

async fn of_person(scope: &mut Scope, condition: &Condition) -> sqlx::Result<Vec<Uuid>> {
    match condition {
        Condition::Sex(sex) => {
            sqlx::query_scalar!(
                r#"select array(select admission_id from admission a join person p using (person_id)
                 where p.sex = $1) as "ids!""#,
                sex
            )
            .fetch_one(scope.connection())
            .await
        }
        Condition::Age(age) => {
            sqlx::query_scalar!(
                r#"select array(select admission_id from admission a join person p using (person_id)
                 where p.birth_date is not null
                   and ($1::float8 is null
                       or extract(year from age(a.discharged_on, p.birth_date)) >= $1)
                   and ($2::float8 is null
                       or extract(year from age(a.discharged_on, p.birth_date)) <= $2)) as "ids!""#,
                age.from,
                age.to
            )
            .fetch_one(scope.connection())
            .await
        }
        Condition::Died(died) => {
            sqlx::query_scalar!(
                r#"select array(select admission_id from admission a join person p using (person_id)
                 where (p.died_on is not null) = $1) as "ids!""#,
                died
            )
            .fetch_one(scope.connection())
            .await
        }
        Condition::OutOfTown(out) => {
            sqlx::query_scalar!(
                r#"select array(select admission_id from admission a join person p using (person_id)
                 where p.lives_out_of_town = $1) as "ids!""#,
                out
            )
            .fetch_one(scope.connection())
            .await
        }
        Condition::Name(name) => {
            sqlx::query_scalar!(
                r#"select array(select admission_id from admission a join person p using (person_id)
                 where starts_with(p.name, $1)) as "ids!""#,
                name
            )
            .fetch_one(scope.connection())
            .await
        }
        _ => Ok(Vec::new()),
    }
}

async fn of_disease(scope: &mut Scope, disease: &Disease) -> sqlx::Result<Vec<Uuid>> {
    sqlx::query_scalar!(
        r#"select array(select distinct g.admission_id from diagnosis g left join disease s on s.icd = g.icd
         where ($1 = '' or starts_with(g.icd, upper($1)))
           and ($2 = '' or strpos(coalesce(g.name, ''), $2) > 0
               or strpos(coalesce(s.name, ''), $2) > 0
               or g.icd like any (array(select c.icd || '%' from disease c
                   where strpos(c.name, $2) > 0)))
           and (not $3 or g.position = (select min(m.position) from diagnosis m
               where m.admission_id = g.admission_id))) as "ids!""#,
        disease.icd.trim(),
        disease.name.trim(),
        disease.main_only
    )
    .fetch_one(scope.connection())
    .await
}

async fn of_answer(scope: &mut Scope, given: &Given) -> sqlx::Result<Vec<Uuid>> {
    sqlx::query_scalar!(
        r#"select array(select distinct t.admission_id
         from answer w join task t using (task_id)
         where t.admission_id is not null and w.status = 'answered'
           and ($1::text is null or w.link_id = $1)
           and ($2::text is null or w.questionnaire = $2)
           and (cardinality($3::text[]) = 0
               or string_to_array(w.option_code, ',') && $3)
           and (cardinality($4::text[]) = 0 or string_to_array(w.option_text, '、') && $4)
           and ($5::float8 is null or w.value_number >= $5::float8::numeric)
           and ($6::float8 is null or w.value_number <= $6::float8::numeric)) as "ids!""#,
        given.item,
        given.questionnaire,
        &given.codes,
        &given.words,
        given.from,
        given.to
    )
    .fetch_one(scope.connection())
    .await
}

async fn of_tasks(
    scope: &mut Scope,
    condition: &Condition,
    today: NaiveDate,
) -> sqlx::Result<Vec<Uuid>> {
    match condition {
        Condition::FollowUp(state) => {
            sqlx::query_scalar!(
        r#"select array(select a.admission_id from admission a
                 where case $1
                   when 'none' then not exists (select from task t
                       where t.admission_id = a.admission_id and t.kind = 'follow_up'
                         and t.type <> 'notice')
                   else exists (select from task t where t.admission_id = a.admission_id
                       and t.kind = 'follow_up' and t.type <> 'notice' and case $1
                           when 'done' then t.state = 'completed'
                           when 'open' then t.state not in ('completed', 'partial', 'cancelled',
                               'expired')
                           else t.deadline_on < $2 and t.state not in ('completed', 'partial',
                               'cancelled', 'expired') end) end) as "ids!""#,
                state,
                today
            )
            .fetch_one(scope.connection())
            .await
        }
        Condition::Outcome(outcome) => {
            sqlx::query_scalar!(
        r#"select array(select distinct admission_id from task
                 where admission_id is not null and kind = 'follow_up' and last_outcome = $1) as "ids!""#,
                outcome
            )
            .fetch_one(scope.connection())
            .await
        }
        Condition::Opinion(words) => sqlx::query_scalar!(
        r#"select array(select distinct t.admission_id from opinion o join task t using (task_id)
                 where t.admission_id is not null and o.confirmed = any ($1)) as "ids!""#,
            words
        )
        .fetch_one(scope.connection())
        .await,
        Condition::Plan(code) => {
            sqlx::query_scalar!(
        r#"select array(select distinct admission_id from plan
                 where admission_id is not null and template = $1 and state = 'active') as "ids!""#,
                code
            )
            .fetch_one(scope.connection())
            .await
        }
        Condition::FollowUps(count) => {
            sqlx::query_scalar!(
        r#"select array(select a.admission_id from admission a
                     left join task t on t.admission_id = a.admission_id and t.kind = 'follow_up'
                         and t.type <> 'notice' and t.state = 'completed'
                 group by a.admission_id
                 having ($1::float8 is null or count(t.task_id) >= $1)
                    and ($2::float8 is null or count(t.task_id) <= $2)) as "ids!""#,
                count.from,
                count.to
            )
            .fetch_one(scope.connection())
            .await
        }
        _ => Ok(Vec::new()),
    }
}

pub struct Member {
    pub admission_id: Uuid,
    pub person_id: Uuid,
    pub name: String,
    pub sex: String,
    pub birth_date: Option<NaiveDate>,
    pub admission_no: String,
    pub department: String,
    pub ward: Option<String>,
    pub attending: Option<String>,
    pub discharged_on: Option<NaiveDate>,
    pub diagnosis: Option<String>,
    /// The latest follow-up's state.
    pub state: Option<String>,
    pub last_outcome: Option<String>,
    pub done_on: Option<NaiveDate>,
    /// The latest follow-up, to open it with one click.
    pub task_id: Option<Uuid>,
}

/// Those of them that stand on this page; the latest discharge first.
pub async fn members(
    scope: &mut Scope,
    ids: &[Uuid],
    limit: i64,
    offset: i64,
) -> Result<Vec<Member>> {
    Ok(sqlx::query_as!(
        Member,
        r#"select a.admission_id, a.person_id, p.name, p.sex, p.birth_date, a.admission_no,
             d.name as department, a.ward, a.attending, a.discharged_on,
             (select coalesce(g.name, g.icd) from diagnosis g
                 where g.admission_id = a.admission_id order by g.position limit 1) as diagnosis,
             t.state as "state?", t.last_outcome as "last_outcome?", t.done_on as "done_on?",
             t.task_id as "task_id?"
         from (select b.* from admission b where b.admission_id = any ($1)
                   order by b.discharged_on desc nulls last, b.admission_id limit $2 offset $3) a
             join person p using (person_id) join department d using (department_id)
             left join lateral (select t.task_id, t.state, t.last_outcome, t.done_on from task t
                 where t.admission_id = a.admission_id and t.kind = 'follow_up'
                   and t.type <> 'notice'
                 order by t.state = 'pending', t.due_at desc limit 1) t on true
         order by a.discharged_on desc nulls last, a.admission_id"#,
        ids,
        limit,
        offset
    )
    .fetch_all(scope.connection())
    .await?)
}

pub struct NewTopic<'a> {
    pub id: Uuid,
    pub name: &'a str,
    pub kind: &'a str,
    pub filter: &'a Value,
    pub department: Option<Uuid>,
    pub by: &'a str,
}

pub async fn add_topic(
    scope: &mut Scope,
    new: &NewTopic<'_>,
    members: &[Uuid],
    at: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "insert into topic (topic_id, name, kind, filter, department_id, created_at, created_by)
         values ($1, $2, $3, $4, $5, $6, $7)",
        new.id,
        new.name,
        new.kind,
        new.filter,
        new.department,
        at,
        new.by
    )
    .execute(scope.connection())
    .await?;
    sqlx::query!(
        "insert into topic_member (topic_id, admission_id) select $1, unnest($2::uuid[])",
        new.id,
        members
    )
    .execute(scope.connection())
    .await?;
    Ok(())
}

pub struct Topic {
    pub topic_id: Uuid,
    pub name: String,
    pub kind: String,
    pub filter: Value,
    pub created_at: DateTime<Utc>,
    pub created_by: String,
}

pub async fn topics(scope: &mut Scope, id: Option<Uuid>, limit: i64) -> Result<Vec<Topic>> {
    Ok(sqlx::query_as!(
        Topic,
        "select topic_id, name, kind, filter, created_at, created_by from topic
         where $1::uuid is null or topic_id = $1 order by created_at desc, topic_id limit $2",
        id,
        limit
    )
    .fetch_all(scope.connection())
    .await?)
}

/// Of a fixed topic; whoever may not see a discharge does not see it here.
pub async fn kept_members(scope: &mut Scope, topic: Uuid) -> Result<BTreeSet<Uuid>> {
    let ids = sqlx::query_scalar!(
        "select m.admission_id from topic_member m join admission a using (admission_id)
         where m.topic_id = $1",
        topic
    )
    .fetch_all(scope.connection())
    .await?;
    Ok(BTreeSet::from_iter(ids))
}

/// A condition over a hundred thousand discharges takes some tenths of a second.
const STATEMENT_MS: &str = "3000";
