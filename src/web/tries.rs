//! How often one source may try a password.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

#[derive(Debug, Default)]
pub(super) struct Tries(Mutex<HashMap<IpAddr, Vec<Instant>>>);

impl Tries {
    /// Counts a try; answers whether it is allowed.
    pub(super) fn may(&self, source: IpAddr, now: Instant) -> bool {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= SOURCES_MAX {
            all.retain(|_, tries| tries.iter().any(|at| now.duration_since(*at) < WITHIN));
        }
        if all.len() >= SOURCES_MAX {
            return false;
        }
        let tries = all.entry(source).or_default();
        tries.retain(|at| now.duration_since(*at) < WITHIN);
        if tries.len() >= TRIES_MAX {
            return false;
        }
        tries.push(now);
        true
    }

    /// The password was right: it does not count. A whole shift signs in within a minute, and
    /// behind a proxy all of them are one source.
    pub(super) fn was_right(&self, source: IpAddr) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(tries) = all.get_mut(&source) {
            tries.pop();
        }
    }
}

/// Nobody mistypes more often; a guesser needs far more.
const TRIES_MAX: usize = 10;
const WITHIN: Duration = Duration::from_secs(60);

/// More sources than a hospital has browsers: then somebody plays tricks.
const SOURCES_MAX: usize = 10_000;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{Clock, ManualClock};

    #[test]
    fn the_eleventh_try_within_a_minute_is_refused() {
        let (tries, clock) =
            (Tries::default(), ManualClock::starting_at(chrono::DateTime::UNIX_EPOCH));
        let (one, other) = (IpAddr::from([10, 0, 0, 1]), IpAddr::from([10, 0, 0, 2]));
        let start = clock.instant();
        assert!((0..10).all(|n| tries.may(one, start + Duration::from_secs(n))));
        assert!(!tries.may(one, start + Duration::from_secs(20)));
        assert!(tries.may(other, start + Duration::from_secs(20)));
        assert!(tries.may(one, start + Duration::from_secs(61)));
    }

    #[test]
    fn who_knows_the_password_is_not_counted() {
        let (tries, clock) =
            (Tries::default(), ManualClock::starting_at(chrono::DateTime::UNIX_EPOCH));
        let (one, now) = (IpAddr::from([10, 0, 0, 1]), clock.instant());
        for _ in 0..50 {
            assert!(tries.may(one, now));
            tries.was_right(one);
        }
        // A guesser who has an account of his own wins nothing by it.
        for _ in 0..9 {
            assert!(tries.may(one, now), "a wrong one");
            assert!(tries.may(one, now));
            tries.was_right(one);
        }
        assert!(tries.may(one, now), "the tenth wrong one");
        assert!(!tries.may(one, now));
    }
}
