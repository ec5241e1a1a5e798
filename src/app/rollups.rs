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
}

/// A fifth of a second's work: what waits for these rows waits no longer.
const AT_ONCE: i64 = 500;

/// Of each minute; the calls need the database too.
const BUDGET: Duration = Duration::from_secs(10);
