//! Follow-ups of the time before us become history of their patients, with their source.
//! They are no tasks, no attempts and no answers: nothing that is counted reads them.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, Utc};
use serde_json::json;

use super::{App, AppError, Change, Result, RowReport, note};
use crate::{
    base::ImportId,
    domain::{RowFault, read_date},
    his::{self, PastRow},
    store::{
        Principal, Scope,
        past_follow_up::{self, New, StayOf},
    },
};

pub struct PastSummary {
    pub rows_stored: u64,
    /// There already.
    pub rows_known: u64,
    pub bad: Vec<RowReport>,
}

impl App {
    /// `source` is where the file comes from, for rows that do not say it.
    ///
    /// # Errors
    /// When the file as a whole cannot be read; then nothing of it is stored.
    pub async fn import_past(
        &self,
        by: &Principal,
        name: &str,
        bytes: &[u8],
        source: &str,
        today: NaiveDate,
        at: DateTime<Utc>,
    ) -> Result<PastSummary> {
        let rows = his::read_past(bytes).map_err(|e| AppError::Invalid(format!("{name}: {e}")))?;
        let source = if source.is_empty() { name } else { source };
        let mut summary = PastSummary { rows_stored: 0, rows_known: 0, bad: Vec::new() };
        let mut scope = self.scope(by).await?;
        for rows in rows.chunks(ROWS_AT_ONCE) {
            store_chunk(&mut scope, rows, source, today, at, &mut summary).await?;
        }
        let change = Change {
            did: "imported",
            subject: "past_follow_up",
            subject_id: source.to_owned(),
            reason: None,
            department: None,
            body: json!({ "stored": summary.rows_stored, "bad": summary.bad.len() }),
        };
        note(&mut scope, by, &change, at).await?;
        self.commit(scope).await?;
        Ok(summary)
    }
}

async fn store_chunk(
    scope: &mut Scope,
    rows: &[PastRow],
    source: &str,
    today: NaiveDate,
    at: DateTime<Utc>,
    summary: &mut PastSummary,
) -> Result<()> {
    let numbers: Vec<_> = rows.iter().map(|row| row.admission_no.clone()).collect();
    let mut stays: HashMap<String, Vec<StayOf>> = HashMap::new();
    for stay in past_follow_up::stays(scope, &numbers).await? {
        stays.entry(stay.admission_no.clone()).or_default().push(stay);
    }
    let mut new = Vec::with_capacity(rows.len());
    for row in rows {
        let of_number = stays.get(&row.admission_no).map(Vec::as_slice).unwrap_or_default();
        match check(row, of_number, today) {
            Ok((stay, done_on)) => new.push(New {
                id: *ImportId::new(at).as_uuid(),
                person: stay.person_id,
                admission: stay.admission_id,
                done_on,
                channel: filled(&row.channel),
                result: filled(&row.result),
                by_whom: filled(&row.by_whom),
                note: filled(&row.note),
                source: filled(&row.source).unwrap_or(source),
            }),
            Err(faults) => summary.bad.push(RowReport { row: row.row, faults }),
        }
    }
    let stored = past_follow_up::insert_all(scope, &new, at).await?;
    summary.rows_stored += stored;
    summary.rows_known += new.len() as u64 - stored;
    Ok(())
}

/// The stay it belongs to: of several with one number, the last that was over by then.
fn check<'a>(
    row: &PastRow,
    stays: &'a [StayOf],
    today: NaiveDate,
) -> Result<(&'a StayOf, NaiveDate), Vec<RowFault>> {
    let mut faults = Vec::new();
    let mut add = |column, what: &str| faults.push(RowFault { column, what: what.to_owned() });
    let done_on = read_date(&row.done_on);
    match done_on {
        None => add("随访日期", "不是日期(例 2026-11-23)/ not a date, e.g. 2026-11-23"),
        Some(day) if day > today => add("随访日期", "在今天之后 / lies in the future"),
        Some(_) => {}
    }
    let by_then =
        |stay: &&StayOf| stay.discharged_on.zip(done_on).is_some_and(|(out, day)| out <= day);
    let stay = stays.iter().rfind(by_then).or_else(|| stays.first());
    if row.admission_no.is_empty() {
        add("住院号", "不能为空 / must not be empty");
    } else if stay.is_none() {
        add(
            "住院号",
            "没有这次住院,请先导入出院记录 / no such admission; import the discharge first",
        );
    }
    let texts = [
        ("方式", &row.channel),
        ("结果", &row.result),
        ("随访人", &row.by_whom),
        ("备注", &row.note),
        ("来源", &row.source),
    ];
    for (column, text) in texts {
        if text.chars().count() > TEXT_MAX {
            add(column, "超过 1000 个字 / over 1000 characters");
        }
    }
    match (stay, done_on) {
        (Some(stay), Some(done_on)) if faults.is_empty() => Ok((stay, done_on)),
        _ => Err(faults),
    }
}

fn filled(text: &str) -> Option<&str> {
    Some(text).filter(|text| !text.is_empty())
}

/// A page of a nurse's book.
const TEXT_MAX: usize = 1000;
const ROWS_AT_ONCE: usize = 1000;
