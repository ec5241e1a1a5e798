//! Doors of the hospital's systems, and what is brought to them.

use chrono::{DateTime, Utc};
use serde_json::json;

use super::{App, AppError, Brought, Change, Reading, Result, TokenHolder, note};
use crate::{
    domain::Calendar,
    store::{Principal, door},
};

/// Who brings what to which door.
pub struct Knock<'a> {
    pub door: &'a str,
    pub holder: &'a TokenHolder,
    pub bytes: &'a [u8],
}

impl App {
    /// # Errors
    /// When the database cannot be written.
    pub async fn put_door(
        &self,
        by: &Principal,
        put: &door::Put<'_>,
        at: DateTime<Utc>,
    ) -> Result<()> {
        let mut scope = self.scope(by).await?;
        door::put(&mut scope, put, by.name(), at).await?;
        let change = Change {
            did: "changed",
            subject: "door",
            subject_id: put.name.to_owned(),
            reason: None,
            department: None,
            body: json!({ "door": put.name }),
        };
        note(&mut scope, by, &change, at).await?;
        self.commit(scope).await
    }

    /// A body of at most `rows_max` discharges, read as the door says.
    ///
    /// # Errors
    /// When there is no such door.
    pub async fn bring_to_door(
        &self,
        knock: &Knock<'_>,
        rows_max: usize,
        calendar: &Calendar,
        area_code: &str,
        at: DateTime<Utc>,
    ) -> Result<Brought> {
        let mut scope = self.scope(&Principal::System("door")).await?;
        let door = door::find(&mut scope, knock.door).await?.ok_or(AppError::NotFound("door"))?;
        drop(scope);
        let reading = Reading {
            mapping: &door.mapping,
            record: &door.record_path,
            rows_max,
            calendar,
            area_code,
        };
        let interface = door::interface(knock.door);
        let run = self.begin_interface_run(&interface, &knock.holder.name, at).await?;
        self.bring(run, &interface, knock.bytes, &reading, at).await
    }
}
