//! Stays whose facts have changed are counted anew, so that reports need not.

use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};

use super::{App, Result};
use crate::store::{self, Principal};

impl App {
    /// Counts stays anew until none is left or the time is over; `now` tells it. Answers how
    /// many.
    ///
    /// # Errors
    /// When the database cannot be written; the stays stay marked, and reports count them.
    pub async fn roll_up(&self, at: DateTime<Utc>, now: impl Fn() -> Instant) -> Result<usize> {
        let mut scope = self.scope(&Principal::System("reports")).await?;
        if store::rollup::roll_workload(&mut scope).await? == Some(true) {
            self.commit(scope).await?;
        } else {
            drop(scope);
        }
        let until = now() + BUDGET;
        while now() < until && self.roll_answers().await? == DAYS_AT_ONCE {}
        let mut done = 0;
        while now() < until {
            let mut scope = self.scope(&Principal::System("reports")).await?;
            let stays = store::rollup::dirty_stays(&mut scope, AT_ONCE).await?;
            if stays.is_empty() || !store::rollup::roll(&mut scope, &stays, at).await? {
                break;
            }
            self.commit(scope).await?;
            done += stays.len();
        }
        Ok(done)
    }

    /// Answers of how many days; fewer than the limit: no others were left.
    async fn roll_answers(&self) -> Result<usize> {
        let mut scope = self.scope(&Principal::System("reports")).await?;
        let Some(days) = store::rollup::roll_answers(&mut scope, DAYS_AT_ONCE).await? else {
            return Ok(0);
        };
        self.commit(scope).await?;
        Ok(days)
    }
}

/// A month's: some seconds' work in a large hospital.
const DAYS_AT_ONCE: usize = 31;

/// A fifth of a second's work: what waits for these rows waits no longer.
const AT_ONCE: i64 = 500;

/// Of each minute; the calls need the database too.
const BUDGET: Duration = Duration::from_secs(10);
