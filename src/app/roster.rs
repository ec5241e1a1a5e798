//! 值班表: who is rung for an alert. A period is replaced as a whole.

use chrono::{DateTime, NaiveDate, Utc};
use serde_json::json;
use uuid::Uuid;

use super::{App, AppError, Change, Result, note};
use crate::{
    base::TaskId,
    domain::{DutyEntry, Shift, duty_ladder, read_cell},
    his::RosterRow,
    store::{self, Departments, Principal, Scope},
};

/// One line as it was typed or read from a file.
#[derive(Clone, Debug, Default)]
pub struct RosterLine {
    /// In the file; from 1 on the page.
    pub row: u32,
    pub day: String,
    pub shift: String,
    pub rank: String,
    /// By name; with neither, the line is of the whole hospital.
    pub ward: String,
    pub department: String,
    pub staff_no: String,
    /// A number, or a phone that registers with us.
    pub phone: String,
}

impl From<RosterRow> for RosterLine {
    fn from(row: RosterRow) -> Self {
        let RosterRow { row, day, shift, rank, ward, department, staff_no, phone } = row;
        Self { row, day, shift, rank, ward, department, staff_no, phone }
    }
}

impl App {
    /// Replaces the days from `from` to `to` of the places that `by` may see; answers how
    /// many lines stand there now.
    ///
    /// # Errors
    /// The first line that is wrong, by its number; nothing is changed then.
    pub async fn put_roster(
        &self,
        by: &Principal,
        (from, to): (NaiveDate, NaiveDate),
        lines: &[RosterLine],
        area_code: &str,
        at: DateTime<Utc>,
    ) -> Result<usize> {
        if to < from || (to - from).num_days() >= DAYS_MAX || lines.len() > LINES_MAX {
            let what = "一次最多 92 天、25000 行 / at most 92 days and 25,000 lines at once";
            return Err(AppError::Invalid(what.to_owned()));
        }
        let own = match by {
            Principal::Person { departments: Departments::Some(own), .. } => Some(own.as_slice()),
            _ => None,
        };
        let mut scope = self.scope(by).await?;
        store::roster::clear(&mut scope, from, to, own).await?;
        for line in lines {
            let read = read_line(&mut scope, line, area_code).await;
            let entry = read.map_err(|what| in_row(line.row, &what))?;
            if !(from..=to).contains(&entry.day) {
                return Err(in_row(
                    line.row,
                    "日期不在所选时段 / the day lies outside of the period",
                ));
            }
            let is_own = |own: &[Uuid]| entry.department.is_some_and(|id| own.contains(&id));
            if own.is_some_and(|own| !is_own(own)) {
                let what = "只能排本人科室的班 / only lines of one's own departments";
                return Err(in_row(line.row, what));
            }
            insert(&mut scope, by, &entry, at).await.map_err(|error| twice(error, line.row))?;
        }
        let change = Change {
            did: "replaced",
            subject: "roster",
            subject_id: format!("{from}/{to}"),
            reason: None,
            department: None,
            body: json!({ "from": from, "to": to, "lines": lines.len() }),
        };
        note(&mut scope, by, &change, at).await?;
        self.commit(scope).await?;
        Ok(lines.len())
    }

    /// # Errors
    /// When there is no such login, or the number is another's.
    pub async fn put_staff(
        &self,
        by: &Principal,
        login: &str,
        staff_no: Option<&str>,
        mobile: Option<&str>,
        at: DateTime<Utc>,
    ) -> Result<()> {
        if let Some(staff_no) = staff_no {
            check_staff_no(staff_no).map_err(AppError::Invalid)?;
        }
        let mut scope = self.scope(by).await?;
        if !store::roster::set_staff(&mut scope, login, staff_no, mobile).await? {
            return Err(AppError::NotFound("account"));
        }
        let change = Change {
            did: "staff_set",
            subject: "account",
            subject_id: login.to_owned(),
            reason: None,
            department: None,
            body: json!({ "login": login }),
        };
        note(&mut scope, by, &change, at).await?;
        self.commit(scope).await
    }

    /// Whom to ring for a task's alert, in order.
    pub(super) async fn ladder_for(
        &self,
        scope: &mut Scope,
        task: Option<TaskId>,
        department: Option<Uuid>,
        at: DateTime<Utc>,
    ) -> Result<Vec<DutyEntry>> {
        let ward = match task {
            Some(task) => store::alert::ward_of(scope, task).await?,
            None => None,
        };
        self.ladder_at(scope, ward, department, at).await
    }

    pub(super) async fn ladder_at(
        &self,
        scope: &mut Scope,
        ward: Option<Uuid>,
        department: Option<Uuid>,
        at: DateTime<Utc>,
    ) -> Result<Vec<DutyEntry>> {
        let local = at.with_timezone(&self.zone).naive_local();
        let (day, shift) = Shift::at(local);
        let rows = store::roster::of_shift(scope, day, shift.as_str()).await?;
        let entries: Vec<_> = rows.into_iter().filter_map(entry).collect();
        Ok(duty_ladder(&entries, ward, department, local))
    }
}

fn entry(row: store::roster::Entry) -> Option<DutyEntry> {
    let store::roster::Entry { ward_id, department_id, day, shift, rank, staff_no, phone } = row;
    let shift = shift.parse().ok()?;
    Some(DutyEntry { ward: ward_id, department: department_id, day, shift, rank, staff_no, phone })
}

fn in_row(row: u32, what: &str) -> AppError {
    AppError::Invalid(format!("第 {row} 行:{what} (row {row})"))
}

fn twice(error: AppError, row: u32) -> AppError {
    match error {
        AppError::Store(store::StoreError::Rule(rule)) if rule == "roster_once" => {
            in_row(row, "同一天同一班同一级别已有人 / this day, shift, place and rank stand twice")
        }
        other => other,
    }
}

async fn insert(
    scope: &mut Scope,
    by: &Principal,
    entry: &DutyEntry,
    at: DateTime<Utc>,
) -> Result<()> {
    let new = store::roster::New {
        id: *TaskId::new(at).as_uuid(),
        ward: entry.ward,
        department: entry.department,
        day: entry.day,
        shift: entry.shift.as_str(),
        rank: entry.rank,
        staff_no: &entry.staff_no,
        phone: &entry.phone,
        by: by.name(),
    };
    store::roster::insert(scope, &new, at).await.map_err(AppError::Store)
}

async fn read_line(
    scope: &mut Scope,
    line: &RosterLine,
    area_code: &str,
) -> Result<DutyEntry, String> {
    let day = crate::domain::read_date(&line.day).ok_or("日期应如 2025-01-07 / not a date")?;
    let shift = match line.shift.as_str() {
        "白班" | "白" => Shift::Day,
        "小夜班" | "小夜" | "晚班" => Shift::Evening,
        "夜班" | "大夜班" | "大夜" | "夜" => Shift::Night,
        word => word.parse().map_err(|_| "班次应为 白班、晚班、夜班 / day, evening or night")?,
    };
    let rank = if line.rank.is_empty() { Some(1) } else { line.rank.parse().ok() };
    let rank = rank.filter(|rank| (1..=9).contains(rank)).ok_or("级别应为 1 到 9 / rank 1 to 9")?;
    check_staff_no(&line.staff_no)?;
    let phone = read_phone(&line.phone, area_code)?;
    let failed = |error: store::StoreError| error.to_string();
    let (mut ward, mut department) = (None, None);
    if !line.ward.is_empty() {
        ward = store::roster::ward(scope, &line.ward).await.map_err(failed)?;
        ward.ok_or("没有这个病区 / there is no such ward")?;
    }
    if !line.department.is_empty() {
        department = store::roster::department(scope, &line.department).await.map_err(failed)?;
        department.ok_or("没有这个科室 / there is no such department")?;
    }
    Ok(DutyEntry { ward, department, day, shift, rank, staff_no: line.staff_no.clone(), phone })
}

/// It is keyed on a telephone, then `#`.
fn check_staff_no(staff_no: &str) -> Result<(), String> {
    let is_good =
        (1..=12).contains(&staff_no.len()) && staff_no.bytes().all(|b| b.is_ascii_digit());
    let what = "工号应为 1 到 12 位数字 / a staff number has 1 to 12 digits";
    if is_good { Ok(()) } else { Err(what.to_owned()) }
}

/// A short one is a phone of the house.
fn read_phone(text: &str, area_code: &str) -> Result<String, String> {
    if (2..=6).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit()) {
        return Ok(text.to_owned());
    }
    let numbers = read_cell(text, area_code).map_err(|error| error.to_string())?;
    let first = numbers.first().ok_or("电话不对 / not a telephone number")?;
    Ok(first.e164.as_str().to_owned())
}

/// A quarter of a year is rostered at once.
const DAYS_MAX: i64 = 92;

/// 40 wards, three shifts, two ranks, 92 days.
const LINES_MAX: usize = 25_000;

/// The lines of an uploaded file.
///
/// # Errors
/// When it cannot be read as a roster.
pub fn roster_file(name: &str, bytes: &[u8]) -> Result<Vec<RosterLine>> {
    let rows = crate::his::read_roster(bytes);
    let rows = rows.map_err(|error| AppError::Invalid(format!("{name}: {error}")))?;
    Ok(rows.into_iter().map(RosterLine::from).collect())
}
