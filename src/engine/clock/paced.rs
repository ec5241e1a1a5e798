//! The clock of a simulated month: real sockets, threads and a real database, virtual time.
//!
//! Its hands go on only while nobody works. Who processes an event holds it; who waits by it
//! is woken when its hands come there, and holds it from that moment on. So a commit of three
//! milliseconds takes no time at all, however fast the simulator drives the clock, and a
//! machine that is slow makes the month take longer, not the calls.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use chrono::{DateTime, Utc};
use tokio::sync::oneshot;

use super::{Clock, SystemClock};

#[derive(Clone, Debug)]
pub struct PacedClock(Arc<Mutex<Hands>>);

#[derive(Debug)]
struct Hands {
    instant: Instant,
    wall: DateTime<Utc>,
    holds: usize,
    /// Who sleeps, by when; the number keeps two of one moment apart.
    sleepers: BTreeMap<(Instant, u64), oneshot::Sender<Hold>>,
    number: u64,
}

/// Somebody works.
#[derive(Debug)]
pub struct Hold(Arc<Mutex<Hands>>);

impl Drop for Hold {
    fn drop(&mut self) {
        locked(&self.0).holds -= 1;
    }
}

impl PacedClock {
    pub fn starting_at(wall: DateTime<Utc>) -> Self {
        let (instant, sleepers) = (SystemClock.instant(), BTreeMap::new());
        Self(Arc::new(Mutex::new(Hands { instant, wall, holds: 0, sleepers, number: 0 })))
    }

    pub fn hold(&self) -> Hold {
        locked(&self.0).holds += 1;
        Hold(Arc::clone(&self.0))
    }

    pub fn holds(&self) -> usize {
        locked(&self.0).holds
    }

    pub(super) async fn sleep(&self, wait: Duration) {
        if wait.is_zero() {
            return;
        }
        let (bell, rung) = oneshot::channel();
        {
            let mut hands = locked(&self.0);
            hands.number += 1;
            let key = (hands.instant + wait, hands.number);
            hands.sleepers.insert(key, bell);
        }
        // The hold that comes with the bell ends here: whoever waited takes its own.
        drop(rung.await);
    }

    /// On by this much, unless somebody works. Answers whether it went.
    pub fn advance(&self, by: Duration) -> bool {
        let mut hands = locked(&self.0);
        if hands.holds > 0 {
            return false;
        }
        hands.instant += by;
        hands.wall += by;
        self.ring(hands);
        true
    }

    /// To this moment at once. Nobody may work but the one who asks, and `may` must still say
    /// yes when nobody can begin to.
    pub fn jump(&self, _own: &Hold, to: DateTime<Utc>, may: impl FnOnce() -> bool) -> bool {
        let mut hands = locked(&self.0);
        if hands.holds > 1 || !may() {
            return false;
        }
        let by = (to - hands.wall).to_std().unwrap_or_default();
        hands.instant += by;
        hands.wall += by;
        self.ring(hands);
        true
    }

    /// Wakes those whose time has come. Each holds the clock from now on, not only when its
    /// task is given a thread.
    fn ring(&self, mut hands: MutexGuard<'_, Hands>) {
        let now = hands.instant;
        let later = hands.sleepers.split_off(&(now, u64::MAX));
        let due = std::mem::replace(&mut hands.sleepers, later);
        hands.holds += due.len();
        drop(hands);
        for bell in due.into_values() {
            // Gone: it was woken by something else, and the hold is dropped with the bell.
            drop(bell.send(Hold(Arc::clone(&self.0))));
        }
    }
}

impl Clock for PacedClock {
    fn instant(&self) -> Instant {
        locked(&self.0).instant
    }

    fn wall(&self) -> DateTime<Utc> {
        locked(&self.0).wall
    }

    fn paced(&self) -> Option<&PacedClock> {
        Some(self)
    }
}

fn locked(hands: &Arc<Mutex<Hands>>) -> MutexGuard<'_, Hands> {
    hands.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::clock::{hold, sleep};

    #[tokio::test]
    async fn it_stands_while_somebody_works_and_wakes_who_waits() {
        let clock = PacedClock::starting_at(DateTime::UNIX_EPOCH);
        let working = hold(&clock);
        assert!(!clock.advance(Duration::from_secs(1)));
        drop(working);
        let sleeper = clock.clone();
        let slept = tokio::spawn(async move {
            sleep(&sleeper, Duration::from_secs(3)).await;
            sleeper.wall()
        });
        while locked(&clock.0).sleepers.is_empty() {
            tokio::task::yield_now().await;
        }
        for _ in 0..3 {
            assert!(clock.advance(Duration::from_secs(1)));
        }
        // The sleeper has not run yet, and works already.
        assert!(!clock.advance(Duration::from_secs(1)));
        assert_eq!(slept.await.unwrap().timestamp(), 3);
        let own = clock.hold();
        let goal = DateTime::UNIX_EPOCH + chrono::Duration::days(1);
        assert!(!clock.jump(&own, goal, || false));
        let other = clock.hold();
        assert!(!clock.jump(&own, goal, || true));
        drop(other);
        assert!(clock.jump(&own, goal, || true));
        assert_eq!((clock.wall(), clock.holds()), (goal, 1));
    }
}
