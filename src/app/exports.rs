//! Tables that leave the house: audited, and safe to open.

use chrono::{DateTime, NaiveDate, Utc};
use serde_json::json;
use uuid::Uuid;

use super::{App, Change, Result, note};
use crate::{
    his,
    store::{self, Principal},
};

/// A table as a file that a spreadsheet opens, with Chinese as it should be.
pub fn csv_table(header: &[String], rows: impl Iterator<Item = Vec<String>>) -> Vec<u8> {
    his::write_csv(header, rows)
}

impl App {
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
