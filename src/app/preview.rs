//! A file looked at before anything of it is stored, and what a hospital teaches us about
//! its headers: said once, it holds for the next file.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::{App, AppError, Change, Result, imports::raw, note};
use crate::{
    domain::{Calendar, RowFault},
    his::{self, ColumnMapping, HeaderMeaning},
    store::{self, Principal},
};

/// A file, and the name of the mapping by which its headers are read.
#[derive(Clone, Copy)]
pub struct Upload<'a> {
    pub name: &'a str,
    pub bytes: &'a [u8],
    pub mapping: &'a str,
    /// JSON and XML: path of what holds one discharge; empty: found by itself.
    pub record: &'a str,
}

pub struct Preview {
    /// As written, and the column that it was taken for. `None`: not read.
    pub headers: Vec<(String, Option<Value>)>,
    /// What nobody has explained yet.
    pub unknown_headers: Vec<String>,
    pub rows: Vec<PreviewRow>,
    pub rows_total: usize,
    pub rows_bad: usize,
    /// Why the file as a whole cannot be imported.
    pub problem: Option<String>,
}

pub struct PreviewRow {
    pub row: u32,
    pub cells: Vec<String>,
    pub faults: Vec<RowFault>,
}

impl App {
    /// # Errors
    /// When the file has no header that can be read.
    pub async fn preview_file(
        &self,
        by: &Principal,
        upload: Upload<'_>,
        calendar: &Calendar,
        area_code: &str,
        at: DateTime<Utc>,
    ) -> Result<Preview> {
        let Upload { name, bytes, mapping, .. } = upload;
        let mapping = self.mapping(by, mapping).await?;
        let wrong = |error| AppError::Invalid(format!("{name}: {error}"));
        let peek = his::peek_table(bytes, &mapping, ROWS_SHOWN).map_err(wrong)?;
        let mut faults: Vec<(u32, Vec<RowFault>)> = Vec::new();
        if peek.problem.is_none() {
            let table = his::read_table(bytes, &mapping).map_err(wrong)?;
            let today = calendar.local_date(at);
            for (row, cell) in table.rows() {
                if let Err(found) = raw(&cell).check(today, area_code) {
                    faults.push((row, found));
                }
            }
        }
        let unknown = |(header, meaning): &(String, HeaderMeaning)| {
            let is_unknown = *meaning == HeaderMeaning::Unknown && !header.trim().is_empty();
            is_unknown.then(|| header.trim().to_owned())
        };
        let column = |meaning: HeaderMeaning| {
            meaning.column().and_then(|column| serde_json::to_value(column).ok())
        };
        let rows_bad = faults.len();
        let mut of_row = |row: u32| {
            let at = faults.iter().position(|(bad, _)| *bad == row)?;
            Some(faults.swap_remove(at).1)
        };
        let shown = peek.rows.into_iter().map(|(row, cells)| PreviewRow {
            row,
            cells,
            faults: of_row(row).unwrap_or_default(),
        });
        let rows = shown.collect();
        Ok(Preview {
            unknown_headers: peek.headers.iter().filter_map(unknown).collect(),
            headers: peek.headers.into_iter().map(|(h, meaning)| (h, column(meaning))).collect(),
            rows,
            rows_total: peek.rows_total,
            rows_bad,
            problem: peek.problem.map(|problem| problem.to_string()),
        })
    }

    /// What was learnt under this name; nothing yet is no error.
    pub(super) async fn mapping(&self, by: &Principal, name: &str) -> Result<ColumnMapping> {
        let mut scope = self.scope(by).await?;
        let stored = store::column_mapping::find(&mut scope, name).await?;
        Ok(stored.and_then(|body| serde_json::from_value(body).ok()).unwrap_or_default())
    }

    /// Header → column; null: known, and not to be read. Replaces what was there.
    ///
    /// # Errors
    /// When it names a column that we do not have, or too many headers.
    pub async fn put_mapping(
        &self,
        by: &Principal,
        name: &str,
        columns: Value,
        at: DateTime<Utc>,
    ) -> Result<()> {
        let wrong = |what: String| {
            AppError::Invalid(format!("列对应有误:{what} / the mapping is wrong: {what}"))
        };
        let told: std::collections::BTreeMap<String, Option<his::Column>> =
            serde_json::from_value(columns).map_err(|error| wrong(error.to_string()))?;
        let mut mapping = ColumnMapping::default();
        for (header, column) in told {
            mapping.learn(&header, column).map_err(|error| wrong(error.to_string()))?;
        }
        let body = serde_json::to_value(&mapping).map_err(|error| wrong(error.to_string()))?;
        let mut scope = self.scope(by).await?;
        store::column_mapping::put(&mut scope, name, &body, by.name(), at).await?;
        let change = Change {
            did: "changed",
            subject: "column_mapping",
            subject_id: name.to_owned(),
            reason: None,
            department: None,
            body: json!({ "name": name }),
        };
        note(&mut scope, by, &change, at).await?;
        self.commit(scope).await
    }
}

/// The page's own mapping, where no other is named.
pub(super) const PAGE: &str = "import";

/// As many as fit on a screen.
const ROWS_SHOWN: usize = 20;
