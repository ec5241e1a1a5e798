//! Days of the reports that are counted anew because something has changed.

use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};

use super::{App, Result};
use crate::store::{self, Principal};

impl App {
    /// Counts days anew until none is left or the time is over, then adds up whole months;
    /// `now` tells it. Answers how many days and months.
    ///
    /// # Errors
    /// When the database cannot be written; the days stay marked, and reports count them.
    pub async fn roll_days(&self, at: DateTime<Utc>, now: impl Fn() -> Instant) -> Result<usize> {
        let until = now() + BUDGET;
        let system = Principal::System("reports");
        let mut scope = self.scope(&system).await?;
        let days = store::rollup::dirty_days(&mut scope, DAYS_MAX).await?;
        drop(scope);
        for (done, day) in days.iter().enumerate() {
            if now() >= until {
                return Ok(done);
            }
            let mut scope = self.scope(&system).await?;
            if !store::rollup::roll(&mut scope, *day, at).await? {
                return Ok(done);
            }
            self.commit(scope).await?;
        }
        Ok(days.len() + self.roll_months(at, until, now).await?)
    }

    /// The month that goes on changes each day: it stays in its days.
    async fn roll_months(
        &self,
        at: DateTime<Utc>,
        until: Instant,
        now: impl Fn() -> Instant,
    ) -> Result<usize> {
        let system = Principal::System("reports");
        let mut scope = self.scope(&system).await?;
        let today = at.with_timezone(&self.zone).date_naive();
        let months = store::rollup::months_to_roll(&mut scope, today, MONTHS_MAX).await?;
        drop(scope);
        for (done, month) in months.iter().enumerate() {
            let mut scope = self.scope(&system).await?;
            if now() >= until || !store::rollup::roll_month(&mut scope, *month, at).await? {
                return Ok(done);
            }
            self.commit(scope).await?;
        }
        Ok(months.len())
    }
}

/// Two weeks of discharges are dirty on any day; a first start has some years of them.
const DAYS_MAX: i64 = 5000;

/// Twenty years.
const MONTHS_MAX: i64 = 240;

/// Of each minute; the calls need the database too.
const BUDGET: Duration = Duration::from_secs(10);
