//! 值班表, and staff by the number that they key.

use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

use super::{Result, Scope};

pub struct Listed {
    pub day: NaiveDate,
    pub shift: String,
    pub rank: i16,
    pub ward: Option<String>,
    pub department: Option<String>,
    pub department_id: Option<Uuid>,
    pub staff_no: String,
    /// Of an account with this staff number.
    pub name: Option<String>,
    pub phone: String,
}

pub async fn list(
    scope: &mut Scope,
    from: NaiveDate,
    to: NaiveDate,
    limit: i64,
) -> Result<Vec<Listed>> {
    Ok(sqlx::query_as!(
        Listed,
        r#"select r.day, r.shift, r.rank, w.name as "ward?", d.name as "department?",
             r.department_id as "department_id?", r.staff_no,
             (select a.display_name from account a where a.staff_no = r.staff_no) as "name?", r.phone
         from roster r left join ward w using (ward_id) left join department d using (department_id)
         where r.day between $1 and $2
         order by r.day, array_position(array['day', 'evening', 'night'], r.shift), w.name, d.name,
             r.rank
         limit $3"#,
        from,
        to,
        limit
    )
    .fetch_all(scope.connection())
    .await?)
}

/// Everything of these days, of these departments; `None`: of the whole hospital.
pub async fn clear(
    scope: &mut Scope,
    from: NaiveDate,
    to: NaiveDate,
    departments: Option<&[Uuid]>,
) -> Result<u64> {
    let done = sqlx::query!(
        "delete from roster where day between $1 and $2
           and ($3::uuid[] is null or department_id = any ($3))",
        from,
        to,
        departments
    )
    .execute(scope.connection())
    .await?;
    Ok(done.rows_affected())
}

pub struct New<'a> {
    pub id: Uuid,
    pub ward: Option<Uuid>,
    pub department: Option<Uuid>,
    pub day: NaiveDate,
    pub shift: &'a str,
    pub rank: i16,
    pub staff_no: &'a str,
    pub phone: &'a str,
    pub by: &'a str,
}

pub async fn insert(scope: &mut Scope, new: &New<'_>, at: DateTime<Utc>) -> Result<()> {
    sqlx::query!(
        "insert into roster (roster_id, ward_id, department_id, day, shift, rank, staff_no, phone,
             created_at, created_by) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        new.id,
        new.ward,
        new.department,
        new.day,
        new.shift,
        new.rank,
        new.staff_no,
        new.phone,
        at,
        new.by
    )
    .execute(scope.connection())
    .await?;
    Ok(())
}

pub struct Entry {
    pub ward_id: Option<Uuid>,
    pub department_id: Option<Uuid>,
    pub day: NaiveDate,
    pub shift: String,
    pub rank: i16,
    pub staff_no: String,
    pub phone: String,
}

/// Of a shift, of every place.
pub async fn of_shift(scope: &mut Scope, day: NaiveDate, shift: &str) -> Result<Vec<Entry>> {
    Ok(sqlx::query_as!(
        Entry,
        "select ward_id, department_id, day, shift, rank, staff_no, phone from roster
         where day = $1 and shift = $2",
        day,
        shift
    )
    .fetch_all(scope.connection())
    .await?)
}

/// Where somebody was last in hospital.
pub struct LastPlace {
    pub ward_id: Option<Uuid>,
    pub department_id: Uuid,
    /// As staff call it.
    pub place: String,
}

/// Of whoever has this number, the latest discharge. Absent: nobody has it.
pub async fn last_place(scope: &mut Scope, e164: &str) -> Result<Option<LastPlace>> {
    Ok(sqlx::query_as!(
        LastPlace,
        r#"select a.ward_id, a.department_id, coalesce(a.ward, d.name) as "place!"
         from number n join contact c using (contact_id) join admission a using (person_id)
             join department d using (department_id)
         where n.e164 = $1 order by a.discharged_on desc, a.admission_id desc limit 1"#,
        e164
    )
    .fetch_optional(scope.connection())
    .await?)
}

pub async fn ward(scope: &mut Scope, name: &str) -> Result<Option<Uuid>> {
    Ok(sqlx::query_scalar!("select ward_id from ward where name = $1", name)
        .fetch_optional(scope.connection())
        .await?)
}

pub async fn department(scope: &mut Scope, name: &str) -> Result<Option<Uuid>> {
    Ok(sqlx::query_scalar!("select department_id from department where name = $1", name)
        .fetch_optional(scope.connection())
        .await?)
}

pub struct Staff {
    pub login: String,
    pub name: String,
    pub whole_hospital: bool,
    pub departments: Vec<Uuid>,
}

/// Who works here under this number.
pub async fn staff(scope: &mut Scope, staff_no: &str) -> Result<Option<Staff>> {
    Ok(sqlx::query_as!(
        Staff,
        "select login, display_name as name, whole_hospital, departments from account
         where staff_no = $1 and disabled_at is null",
        staff_no
    )
    .fetch_optional(scope.connection())
    .await?)
}

pub async fn staff_no_of(scope: &mut Scope, login: &str) -> Result<Option<String>> {
    let found = sqlx::query_scalar!("select staff_no from account where login = $1", login)
        .fetch_optional(scope.connection())
        .await?;
    Ok(found.flatten())
}

/// Answers whether there is such a login.
pub async fn set_staff(
    scope: &mut Scope,
    login: &str,
    staff_no: Option<&str>,
    mobile: Option<&str>,
) -> Result<bool> {
    let done = sqlx::query!(
        "update account set staff_no = $2, mobile = $3 where login = $1",
        login,
        staff_no,
        mobile
    )
    .execute(scope.connection())
    .await?;
    Ok(done.rows_affected() == 1)
}
