//! What a hospital is shipped with and may change: diseases and the calendar.

use chrono::NaiveDate;

use super::{Result, Scope};

/// Those that are not there yet; what the hospital has changed stays.
pub async fn add_diseases(scope: &mut Scope, rows: &[(&str, &str, String)]) -> Result<u64> {
    let done = sqlx::query!(
        "insert into disease (icd, name, initials)
         select * from unnest($1::text[], $2::text[], $3::text[])
         on conflict (icd) do nothing",
        &rows.iter().map(|row| row.0.to_owned()).collect::<Vec<_>>(),
        &rows.iter().map(|row| row.1.to_owned()).collect::<Vec<_>>(),
        &rows.iter().map(|row| row.2.clone()).collect::<Vec<_>>()
    )
    .execute(scope.connection())
    .await?;
    Ok(done.rows_affected())
}

pub async fn add_holidays(scope: &mut Scope, rows: &[(NaiveDate, &str, String)]) -> Result<u64> {
    let done = sqlx::query!(
        "insert into holiday (day, kind, name)
         select * from unnest($1::date[], $2::text[], $3::text[]) on conflict (day) do nothing",
        &rows.iter().map(|row| row.0).collect::<Vec<_>>(),
        &rows.iter().map(|row| row.1.to_owned()).collect::<Vec<_>>(),
        &rows.iter().map(|row| row.2.clone()).collect::<Vec<_>>()
    )
    .execute(scope.connection())
    .await?;
    Ok(done.rows_affected())
}
