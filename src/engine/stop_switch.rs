//! Stop all calls, as far as memory goes: it holds before the record is asked, and until the
//! record has been read after the last change.

use std::sync::{Mutex, MutexGuard, PoisonError};

#[derive(Debug)]
pub(super) struct StopSwitch(Mutex<State>);

#[derive(Debug)]
struct State {
    is_stopped: bool,
    /// There is a stop that the record does not hold yet.
    is_storing: bool,
    /// Counts each change: what was read of the record before the last one says nothing.
    turns: u64,
}

impl StopSwitch {
    pub(super) fn new(is_stopped: bool) -> Self {
        Self(Mutex::new(State { is_stopped, is_storing: false, turns: 0 }))
    }

    pub(super) fn is_stopped(&self) -> bool {
        self.state().is_stopped
    }

    /// From now on, whatever the record says until [`Self::stored`].
    pub(super) fn stop(&self) {
        let mut state = self.state();
        state.is_stopped = true;
        state.is_storing = true;
        state.turns += 1;
    }

    /// The record holds the stop.
    pub(super) fn stored(&self) {
        let mut state = self.state();
        state.is_storing = false;
        state.turns += 1;
    }

    /// The record says that calls may be made again.
    pub(super) fn resume(&self) {
        let mut state = self.state();
        state.is_stopped = state.is_storing;
        state.turns += 1;
    }

    /// To be asked before the record is read.
    pub(super) fn turn(&self) -> u64 {
        self.state().turns
    }

    /// What the record said, read since that turn: another process may have stopped all.
    pub(super) fn follow(&self, is_stopped: bool, since: u64) {
        let mut state = self.state();
        if state.turns == since && (is_stopped || !state.is_storing) {
            state.is_stopped = is_stopped;
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_old_reading_of_the_record_takes_a_stop_back() {
        let switch = StopSwitch::new(false);
        // The dialler reads, somebody stops, and only then is the reading looked at.
        let since = switch.turn();
        switch.stop();
        switch.follow(false, since);
        assert!(switch.is_stopped(), "read before the stop");
        // Read after the stop, but before it was committed.
        let since = switch.turn();
        switch.follow(false, since);
        assert!(switch.is_stopped(), "not stored yet");
        let since = switch.turn();
        switch.stored();
        switch.follow(false, since);
        assert!(switch.is_stopped(), "read before it was stored");
        // A reading that began after it counts.
        switch.follow(true, switch.turn());
        assert!(switch.is_stopped());
        let since = switch.turn();
        switch.resume();
        assert!(!switch.is_stopped());
        switch.follow(true, since);
        assert!(!switch.is_stopped(), "read before the resuming");
        switch.follow(true, switch.turn());
        assert!(switch.is_stopped(), "another process has stopped all");
    }

    #[test]
    fn a_stop_that_could_not_be_stored_holds_until_somebody_stops_again_and_resumes() {
        let switch = StopSwitch::new(false);
        switch.stop();
        switch.follow(false, switch.turn());
        switch.resume();
        assert!(switch.is_stopped(), "the record never held it");
        switch.stop();
        switch.stored();
        switch.resume();
        assert!(!switch.is_stopped());
    }
}
