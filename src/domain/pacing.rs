//! How many calls may start now: lines and calls per second of a trunk.

use std::time::{Duration, Instant};

/// A token bucket of one call: a burst would be answered with 503 by the carrier.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    interval: Duration,
    next_at: Option<Instant>,
}

impl Pace {
    pub fn per_second(calls: f64) -> Self {
        Self { interval: Duration::from_secs_f64(1.0 / calls.max(0.001)), next_at: None }
    }

    pub fn is_due(&self, now: Instant) -> bool {
        self.next_at.is_none_or(|at| at <= now)
    }

    /// Takes the token. What was not used in a pause is not saved up.
    pub fn take(&mut self, now: Instant) {
        let from = self.next_at.filter(|at| now.saturating_duration_since(*at) < self.interval);
        self.next_at = Some(from.unwrap_or(now) + self.interval);
    }

    /// The next free turn, where it comes within `patience`; it is taken then.
    pub fn book(&mut self, now: Instant, patience: Duration) -> Option<Instant> {
        let at = self.next_at.map_or(now, |next_at| next_at.max(now));
        if at > now + patience {
            return None;
        }
        self.next_at = Some(at + self.interval);
        Some(at)
    }

    pub const fn due_at(&self) -> Option<Instant> {
        self.next_at
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::epoch;

    #[test]
    fn a_turn_is_booked_behind_those_before_it_or_not_at_all() {
        let (mut pace, epoch) = (Pace::per_second(2.0), epoch());
        let second = Duration::from_secs(1);
        let booked = (0..4).map(|_| pace.book(epoch, second).map(|at| (at - epoch).as_millis()));
        assert_eq!(booked.collect::<Vec<_>>(), [Some(0), Some(500), Some(1000), None]);
        assert!(!pace.is_due(epoch + second));
        assert!(pace.is_due(epoch + second + second / 2));
    }

    #[test]
    fn calls_start_evenly_and_a_pause_saves_nothing_up() {
        let (mut pace, epoch) = (Pace::per_second(2.0), epoch());
        let mut started = Vec::new();
        let steps = (0..=40).map(|step| step * 100).chain([60_000, 60_100, 60_500]);
        for ms in steps {
            let now = epoch + Duration::from_millis(ms);
            if pace.is_due(now) {
                pace.take(now);
                started.push(ms);
            }
        }
        assert_eq!(started, [0, 500, 1000, 1500, 2000, 2500, 3000, 3500, 4000, 60_000, 60_500]);
    }
}
