//! Tables that leave the house: audited, and safe to open.

use chrono::{DateTime, NaiveDate, Utc};
use serde_json::json;
use uuid::Uuid;

mod stays;

pub use stays::{StayParts, stay_header, stay_rows};

use super::{App, AppError, Change, Result, note};
use crate::{
    his,
    store::{self, Principal},
};

/// The file of a table.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum TableFile {
    Csv,
    Xlsx,
}

impl TableFile {
    /// # Errors
    /// When there are more rows than a workbook holds.
    pub fn write(self, header: &[&str], rows: Vec<Vec<String>>) -> Result<Vec<u8>> {
        match self {
            Self::Csv => Ok(his::write_csv(header, rows.into_iter())),
            Self::Xlsx => his::write_xlsx(header, rows.into_iter())
                .map_err(|error| AppError::Invalid(error.to_string())),
        }
    }
}

/// A table as a file that a spreadsheet opens, with Chinese as it should be.
pub fn csv_table(header: &[String], rows: impl Iterator<Item = Vec<String>>) -> Vec<u8> {
    his::write_csv(header, rows)
}

impl App {
    /// A list leaves the house: who, which, by what filter, how many rows. Written before the
    /// first byte.
    ///
    /// # Errors
    /// When the database cannot be written; then nothing may leave.
    pub async fn audit_export(
        &self,
        by: &Principal,
        list: &str,
        rows: usize,
        filter: &str,
        at: DateTime<Utc>,
    ) -> Result<()> {
        let mut scope = self.scope(by).await?;
        let reason = format!("{rows} rows; {filter}");
        let change = Change {
            did: "exported",
            subject: "list",
            subject_id: list.to_owned(),
            reason: Some(&reason),
            department: None,
            body: json!({ "list": list, "rows": rows }),
        };
        note(&mut scope, by, &change, at).await?;
        self.commit(scope).await
    }

    /// The records office's count of a department's discharges in a month.
    ///
    /// # Errors
    /// When there is no such department.
    pub async fn put_figure(
        &self,
        by: &Principal,
        department: Uuid,
        month: NaiveDate,
        discharges: i32,
        at: DateTime<Utc>,
    ) -> Result<()> {
        let mut scope = self.scope(by).await?;
        let name = by.name();
        store::statistics::put_figure(&mut scope, department, month, discharges, name, at).await?;
        let change = Change {
            did: "entered",
            subject: "discharge_figure",
            subject_id: department.to_string(),
            reason: None,
            department: Some(department),
            body: json!({ "department_id": department, "month": month }),
        };
        note(&mut scope, by, &change, at).await?;
        self.commit(scope).await
    }
}
