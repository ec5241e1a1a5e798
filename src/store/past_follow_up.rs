//! Follow-ups that were done before us: history, read by nobody who counts.

use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

use super::{Result, Scope};
use crate::base::PersonId;

pub struct New<'a> {
    pub id: Uuid,
    pub person: Uuid,
    pub admission: Uuid,
    pub done_on: NaiveDate,
    pub channel: Option<&'a str>,
    pub result: Option<&'a str>,
    pub by_whom: Option<&'a str>,
    pub note: Option<&'a str>,
    pub source: &'a str,
}

/// Answers how many were new.
pub async fn insert_all(scope: &mut Scope, new: &[New<'_>], at: DateTime<Utc>) -> Result<u64> {
    let texts = |of: fn(&New<'_>) -> Option<String>| new.iter().map(of).collect::<Vec<_>>();
    let done = sqlx::query!(
        "insert into past_follow_up (past_id, person_id, admission_id, done_on, channel, result,
             by_whom, note, source, imported_at)
         select n.*, $10 from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::date[], $5::text[],
             $6::text[], $7::text[], $8::text[], $9::text[]) as n
         on conflict do nothing",
        &new.iter().map(|new| new.id).collect::<Vec<_>>(),
        &new.iter().map(|new| new.person).collect::<Vec<_>>(),
        &new.iter().map(|new| new.admission).collect::<Vec<_>>(),
        &new.iter().map(|new| new.done_on).collect::<Vec<_>>(),
        &texts(|new| new.channel.map(str::to_owned)) as &[Option<String>],
        &texts(|new| new.result.map(str::to_owned)) as &[Option<String>],
        &texts(|new| new.by_whom.map(str::to_owned)) as &[Option<String>],
        &texts(|new| new.note.map(str::to_owned)) as &[Option<String>],
        &new.iter().map(|new| new.source.to_owned()).collect::<Vec<_>>(),
        at
    )
    .execute(scope.connection())
    .await?;
    Ok(done.rows_affected())
}

pub struct StayOf {
    pub admission_no: String,
    pub admission_id: Uuid,
    pub person_id: Uuid,
    pub discharged_on: Option<NaiveDate>,
}

/// The stays with these numbers; one number may stand for several.
pub async fn stays(scope: &mut Scope, admission_nos: &[String]) -> Result<Vec<StayOf>> {
    Ok(sqlx::query_as!(
        StayOf,
        "select admission_no, admission_id, person_id, discharged_on from admission
         where admission_no = any($1) order by admission_no, discharged_on nulls last",
        admission_nos
    )
    .fetch_all(scope.connection())
    .await?)
}

pub struct Past {
    pub done_on: NaiveDate,
    pub admission_no: Option<String>,
    pub channel: Option<String>,
    pub result: Option<String>,
    pub by_whom: Option<String>,
    pub note: Option<String>,
    pub source: String,
    pub imported_at: DateTime<Utc>,
}

pub async fn of_person(scope: &mut Scope, person: PersonId, limit: i64) -> Result<Vec<Past>> {
    Ok(sqlx::query_as!(
        Past,
        r#"select f.done_on, a.admission_no as "admission_no?", f.channel, f.result, f.by_whom,
             f.note, f.source, f.imported_at
         from past_follow_up f left join admission a using (admission_id)
         where f.person_id = $1 order by f.done_on desc, f.past_id limit $2"#,
        person.as_uuid(),
        limit
    )
    .fetch_all(scope.connection())
    .await?)
}
