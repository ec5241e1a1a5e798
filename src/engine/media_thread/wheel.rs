//! A turn of 20 ms in slots of 1 ms: each leg has its slot, so packets leave evenly.

use std::time::{Duration, Instant};

use super::LegKey;
use crate::media::TICK_MS;

#[derive(Debug)]
pub(super) struct Wheel {
    start: Instant,
    slots: [Vec<LegKey>; SLOTS],
    /// Counted since the start; never those of the past again.
    next: u64,
}

/// A slot whose time has come.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Due {
    pub(super) slot: usize,
    pub(super) at: Instant,
}

impl Wheel {
    pub(super) fn new(start: Instant) -> Self {
        Self { start, slots: [const { Vec::new() }; SLOTS], next: 0 }
    }

    /// Into the slot of a leg of the same call, so that they hear each other without
    /// delay; else into the emptiest.
    pub(super) fn insert(&mut self, leg: LegKey, beside: Option<LegKey>, now: Instant) {
        if self.is_empty() {
            // It stood still while there was nothing to do.
            self.next = self.next.max(self.number_of(now) + 1);
        }
        let of_call =
            beside.and_then(|friend| self.slots.iter().position(|slot| slot.contains(&friend)));
        let emptiest = || (0..SLOTS).min_by_key(|slot| self.slots[*slot].len()).unwrap_or(0);
        let slot = of_call.unwrap_or_else(emptiest);
        self.slots[slot].push(leg);
    }

    pub(super) fn remove(&mut self, leg: LegKey) {
        for slot in &mut self.slots {
            slot.retain(|key| *key != leg);
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.slots.iter().all(Vec::is_empty)
    }

    pub(super) fn legs(&self, slot: usize) -> &[LegKey] {
        &self.slots[slot]
    }

    /// When the next slot with a leg is due.
    pub(super) fn next_due(&self) -> Option<Instant> {
        let next = (self.next..self.next + SLOTS as u64).find(|n| !self.slot_of(*n).is_empty())?;
        Some(self.time_of(next))
    }

    /// The next slot that is due, if any. Missed ones come one after another.
    pub(super) fn turn(&mut self, now: Instant) -> Option<Due> {
        let reached = self.number_of(now);
        while self.next <= reached {
            let number = self.next;
            self.next += 1;
            if !self.slot_of(number).is_empty() {
                return Some(Due { slot: number as usize % SLOTS, at: self.time_of(number) });
            }
        }
        None
    }

    /// After a long stop (a suspended machine) nobody wants the past; says how many
    /// turns are left out.
    pub(super) fn skip(&mut self, now: Instant) -> u64 {
        let behind = self.number_of(now).saturating_sub(self.next);
        if behind < BEHIND_MAX {
            return 0;
        }
        let turns = behind / SLOTS as u64;
        self.next += turns * SLOTS as u64;
        turns
    }

    fn slot_of(&self, number: u64) -> &[LegKey] {
        &self.slots[number as usize % SLOTS]
    }

    /// A slot is a millisecond.
    fn time_of(&self, number: u64) -> Instant {
        self.start + Duration::from_millis(number)
    }

    fn number_of(&self, now: Instant) -> u64 {
        now.saturating_duration_since(self.start).as_millis() as u64
    }
}

const SLOTS: usize = TICK_MS as usize;
/// A second: shorter is caught up with, so that recordings keep time.
const BEHIND_MAX: u64 = 1000;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{Clock, SystemClock};

    #[test]
    fn each_leg_ticks_each_20_ms_and_legs_spread_over_the_slots() {
        let start = SystemClock.instant();
        let mut wheel = Wheel::new(start);
        assert_eq!((wheel.next_due(), wheel.turn(start)), (None, None));
        for n in 0..40 {
            wheel.insert(LegKey(n), None, start);
        }
        assert!((0..SLOTS).all(|slot| wheel.legs(slot).len() == 2));
        let mut ticks = [0; 40];
        for ms in 0..=1000 {
            while let Some(due) = wheel.turn(start + Duration::from_millis(ms)) {
                assert_eq!(due.at, start + Duration::from_millis(ms));
                wheel.legs(due.slot).iter().for_each(|leg| ticks[leg.0 as usize] += 1);
            }
        }
        assert_eq!(ticks, [50; 40]);
    }

    #[test]
    fn legs_of_one_call_share_a_slot_and_gone_ones_leave_it() {
        let start = SystemClock.instant();
        let mut wheel = Wheel::new(start);
        wheel.insert(LegKey(1), None, start);
        wheel.insert(LegKey(2), Some(LegKey(1)), start);
        assert!((0..SLOTS).any(|slot| wheel.legs(slot) == [LegKey(1), LegKey(2)]));
        wheel.remove(LegKey(1));
        wheel.remove(LegKey(2));
        assert!(wheel.is_empty() && wheel.next_due().is_none());
    }

    #[test]
    fn a_short_stop_is_caught_up_and_a_long_one_skipped() {
        for (stop_ms, turns, skipped) in [(200, 10, false), (60_000, 1, true)] {
            let start = SystemClock.instant();
            let mut wheel = Wheel::new(start);
            wheel.insert(LegKey(1), None, start);
            let now = start + Duration::from_millis(stop_ms);
            assert_eq!(wheel.skip(now) > 0, skipped);
            let count = std::iter::from_fn(|| wheel.turn(now)).count();
            assert!(count.abs_diff(turns) <= 1, "{stop_ms}: {count}");
        }
    }
}
