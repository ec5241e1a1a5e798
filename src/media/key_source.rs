//! A key may come as a telephone-event, as sound, or as both: it is one key.

use std::time::{Duration, Instant};

use crate::base::Key;

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum KeySource {
    Rfc4733,
    InBand,
}

/// Pairs each press heard with the event that says the same. On a line that has shown
/// events, sound alone waits a moment for its event before it counts.
#[derive(Debug, Default)]
pub struct KeyMerge {
    has_events: bool,
    /// Reported by one source, not yet seen from the other.
    unpaired: Option<(Key, KeySource, Instant)>,
    /// Heard, and waiting for its event.
    waiting: Option<(Key, Instant)>,
}

impl KeyMerge {
    pub fn event(&mut self, key: Key, now: Instant) -> Option<Key> {
        self.has_events = true;
        if let Some((heard, _)) = self.waiting
            && heard == key
        {
            self.waiting = None;
            return Some(key);
        }
        if self.pairs(key, KeySource::InBand, now) {
            return None;
        }
        self.unpaired = Some((key, KeySource::Rfc4733, now));
        Some(key)
    }

    /// A key heard; perhaps an earlier one comes out, whose event never came.
    pub fn heard(&mut self, key: Key, now: Instant) -> Option<Key> {
        if self.pairs(key, KeySource::Rfc4733, now) {
            return None;
        }
        if self.has_events {
            return self.waiting.replace((key, now)).map(|(earlier, _)| earlier);
        }
        self.unpaired = Some((key, KeySource::InBand, now));
        Some(key)
    }

    /// Each tick: a key whose event is overdue was sound alone.
    pub fn overdue(&mut self, now: Instant) -> Option<Key> {
        let (key, at) = self.waiting?;
        if now.saturating_duration_since(at) < WAIT {
            return None;
        }
        self.waiting = None;
        Some(key)
    }

    fn pairs(&mut self, key: Key, source: KeySource, now: Instant) -> bool {
        let is_pair = self.unpaired.is_some_and(|(reported, from, at)| {
            (reported, from) == (key, source) && now.saturating_duration_since(at) < SAME
        });
        if is_pair {
            self.unpaired = None;
        }
        is_pair
    }
}

/// A gateway that sends only the end of an event does so when the key is let go.
const SAME: Duration = Duration::from_millis(800);
/// Longer than a detector and a buffer differ; short for a person who waits.
const WAIT: Duration = Duration::from_millis(400);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::epoch;

    #[test]
    fn a_key_that_comes_both_ways_is_one_key() {
        use KeySource::{InBand, Rfc4733};
        type Row = (&'static str, &'static [(u64, KeySource, char)], &'static str);
        const ROWS: &[Row] = &[
            ("events alone", &[(0, Rfc4733, '1'), (300, Rfc4733, '1')], "11"),
            ("sound alone", &[(0, InBand, '1'), (300, InBand, '1')], "11"),
            ("event first", &[(0, Rfc4733, '1'), (90, InBand, '1')], "1"),
            ("sound first", &[(0, InBand, '1'), (90, Rfc4733, '1')], "1"),
            (
                "both, twice",
                &[(0, Rfc4733, '1'), (90, InBand, '1'), (200, Rfc4733, '1'), (290, InBand, '1')],
                "11",
            ),
            (
                "sound first, twice",
                &[(0, InBand, '1'), (90, Rfc4733, '1'), (200, InBand, '1'), (290, Rfc4733, '1')],
                "11",
            ),
            ("an event lost", &[(0, Rfc4733, '1'), (50, InBand, '1'), (900, InBand, '2')], "12"),
            ("different keys", &[(0, InBand, '1'), (90, Rfc4733, '2')], "12"),
        ];
        for (name, arrivals, expected) in ROWS {
            let (start, mut merge, mut keys) = (epoch(), KeyMerge::default(), String::new());
            for ms in (0..2000).step_by(10) {
                let now = start + Duration::from_millis(ms);
                for (_, source, face) in arrivals.iter().filter(|arrival| arrival.0 == ms) {
                    let key = Key::try_from(*face).unwrap();
                    let reported = match source {
                        Rfc4733 => merge.event(key, now),
                        InBand => merge.heard(key, now),
                    };
                    keys.extend(reported.map(Key::as_char));
                }
                keys.extend(merge.overdue(now).map(Key::as_char));
            }
            assert_eq!(keys, *expected, "{name}");
        }
    }
}
