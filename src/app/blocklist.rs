//! 呼入黑名单: put on and taken off by a person, with a reason; each refused call is noted.

use chrono::{DateTime, NaiveDate, Utc};
use serde_json::json;

use super::{App, AppError, Change, Result, note, plans::needs_reason};
use crate::{
    base::{E164, TaskId},
    domain::{read_cell, read_date},
    his,
    store::{Principal, Scope, blocklist},
};

const SYSTEM: Principal = Principal::System("blocklist");

/// What a file came to.
pub struct BlocklistImport {
    pub stored: usize,
    /// `(row, what is wrong)`; those are not stored.
    pub bad: Vec<(u32, String)>,
}

impl App {
    /// # Errors
    /// Without a reason, or when the day lies behind.
    pub async fn block_caller(
        &self,
        by: &Principal,
        number: &E164,
        reason: &str,
        until_on: Option<NaiveDate>,
        at: DateTime<Utc>,
    ) -> Result<()> {
        needs_reason(reason)?;
        if until_on.is_some_and(|day| day < at.with_timezone(&self.zone).date_naive()) {
            let what = "到期日已过 / the day lies behind";
            return Err(AppError::Invalid(what.to_owned()));
        }
        let mut scope = self.scope(by).await?;
        put(&mut scope, by, (number, reason.trim(), until_on), at).await?;
        self.commit(scope).await
    }

    /// # Errors
    /// When it is not on the list.
    pub async fn unblock_caller(
        &self,
        by: &Principal,
        number: &E164,
        reason: &str,
        at: DateTime<Utc>,
    ) -> Result<()> {
        needs_reason(reason)?;
        let mut scope = self.scope(by).await?;
        if !blocklist::revoke(&mut scope, number.as_str(), by.name(), at).await? {
            return Err(AppError::NotFound("number"));
        }
        note(&mut scope, by, &change("revoked", number, reason), at).await?;
        self.commit(scope).await
    }

    /// The good lines of a file; the others are told.
    ///
    /// # Errors
    /// When the file as a whole cannot be read.
    pub async fn import_blocklist(
        &self,
        by: &Principal,
        bytes: &[u8],
        area_code: &str,
        at: DateTime<Utc>,
    ) -> Result<BlocklistImport> {
        let rows = his::read_blocklist(bytes);
        let rows = rows.map_err(|fault| AppError::Invalid(fault.to_string()))?;
        if rows.len() > ROWS_MAX {
            let what = format!("一次最多 {ROWS_MAX} 行 / at most {ROWS_MAX} lines at once");
            return Err(AppError::Invalid(what));
        }
        let mut scope = self.scope(by).await?;
        let mut done = BlocklistImport { stored: 0, bad: Vec::new() };
        for row in &rows {
            match read_row(row, area_code) {
                Ok((number, until_on)) => {
                    put(&mut scope, by, (&number, &row.reason, until_on), at).await?;
                    done.stored += 1;
                }
                Err(what) => done.bad.push((row.row, what)),
            }
        }
        self.commit(scope).await?;
        Ok(done)
    }

    /// Is this caller to be refused? Then that is noted.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn refuse_blocked(
        &self,
        number: &E164,
        trunk: Option<&str>,
        at: DateTime<Utc>,
    ) -> Result<bool> {
        let mut scope = self.scope(&SYSTEM).await?;
        let today = at.with_timezone(&self.zone).date_naive();
        let Some(reason) = blocklist::holds(&mut scope, number.as_str(), today).await? else {
            return Ok(false);
        };
        let id = *TaskId::new(at).as_uuid();
        blocklist::log(&mut scope, (id, number.as_str()), trunk, &reason, at).await?;
        note(&mut scope, &SYSTEM, &change("refused", number, &reason), at).await?;
        self.commit(scope).await?;
        Ok(true)
    }
}

async fn put(
    scope: &mut Scope,
    by: &Principal,
    (number, reason, until_on): (&E164, &str, Option<NaiveDate>),
    at: DateTime<Utc>,
) -> Result<()> {
    let new = blocklist::New { e164: number.as_str(), reason, by: by.name(), until_on };
    blocklist::put(scope, &new, at).await?;
    note(scope, by, &change("added", number, reason), at).await
}

fn read_row(
    row: &his::BlocklistRow,
    area_code: &str,
) -> std::result::Result<(E164, Option<NaiveDate>), String> {
    let number = read_cell(&row.number, area_code).ok();
    let number = number.and_then(|numbers| numbers.into_iter().next());
    let number = number.ok_or("号码不是电话号码 / not a telephone number")?;
    if row.reason.is_empty() {
        return Err("没有原因 / without a reason".to_owned());
    }
    let until_on = match row.until.as_str() {
        "" => None,
        day => Some(read_date(day).ok_or("到期日不是日期 / the day is no date")?),
    };
    Ok((number.e164, until_on))
}

/// The audit names the number: whoever reads it must know which one. The event does not.
fn change<'a>(did: &'a str, number: &E164, reason: &'a str) -> Change<'a> {
    Change {
        did,
        subject: "blocklist",
        subject_id: number.as_str().to_owned(),
        reason: Some(reason),
        department: None,
        body: json!({}),
    }
}

const ROWS_MAX: usize = 10_000;
