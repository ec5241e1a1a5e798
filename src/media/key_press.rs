//! Keys that we press: as telephone-events (RFC 4733 §2.5.1), or as sound where the line
//! has none.

use std::collections::VecDeque;

use crate::base::Key;

use super::{
    FRAME, Frame,
    goertzel::frequencies,
    tones::{Sine, key_frame},
};

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct EventPacket {
    pub(super) is_marked: bool,
    /// When the key went down, in every packet of it.
    pub(super) timestamp: u32,
    pub(super) payload: [u8; 4],
}

/// Presses keys one after another, a packet a tick.
#[derive(Debug, Default)]
pub struct EventSender {
    waiting: VecDeque<Key>,
    press: Option<Press>,
}

#[derive(Debug)]
struct Press {
    key: Key,
    timestamp: u32,
    tick: u32,
    /// For lines that want sound.
    sines: [Sine; 2],
}

impl EventSender {
    /// Says how many did not fit.
    pub fn press(&mut self, keys: impl IntoIterator<Item = Key>) -> usize {
        let mut refused = 0;
        for key in keys {
            if self.waiting.len() < WAITING_MAX {
                self.waiting.push_back(key);
            } else {
                refused += 1;
            }
        }
        refused
    }

    /// Whether this tick belongs to a key or to the pause after it.
    pub fn is_busy(&self) -> bool {
        self.press.is_some() || !self.waiting.is_empty()
    }

    /// What to send at this tick; `None` is a pause, or idleness.
    pub(super) fn poll(&mut self, timestamp: u32) -> Option<EventPacket> {
        let press = self.step(timestamp)?;
        let tick = press.tick;
        if tick > TICKS_ON + ENDS - 1 {
            return None;
        }
        let is_end = tick >= TICKS_ON;
        let duration = (tick.min(TICKS_ON) * FRAME as u32) as u16;
        let [high, low] = duration.to_be_bytes();
        let code = event_of(press.key);
        Some(EventPacket {
            is_marked: tick == 1,
            timestamp: press.timestamp,
            payload: [code, if is_end { END | VOLUME } else { VOLUME }, high, low],
        })
    }

    /// The same key as sound.
    pub fn poll_sound(&mut self) -> Option<Frame> {
        let press = self.step(0)?;
        (press.tick <= TICKS_ON).then(|| key_frame(&mut press.sines))
    }

    fn step(&mut self, timestamp: u32) -> Option<&mut Press> {
        if self.press.as_ref().is_some_and(|press| press.tick >= TICKS_ALL) {
            self.press = None;
        }
        if self.press.is_none() {
            let key = self.waiting.pop_front()?;
            let (low, high) = frequencies(key);
            let sines = [Sine::new(low, LOW_DBM0), Sine::new(high, LOW_DBM0 + TWIST_DB)];
            self.press = Some(Press { key, timestamp, tick: 0, sines });
        }
        let press = self.press.as_mut()?;
        press.tick += 1;
        Some(press)
    }
}

fn event_of(key: Key) -> u8 {
    (0..16).find(|code| Key::from_event(*code) == Some(key)).unwrap_or(0)
}

const END: u8 = 0x80;
/// −10 dBm0.
const VOLUME: u8 = 10;
/// 100 ms down, which every machine hears; three ends; 100 ms up from the first end.
const TICKS_ON: u32 = 5;
const ENDS: u32 = 3;
const TICKS_ALL: u32 = 10;
/// Level and twist as China's telephones have them.
const LOW_DBM0: f32 = -9.0;
const TWIST_DB: f32 = 2.0;
/// The longest number with a PIN behind it.
const WAITING_MAX: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::KeyDetector;

    fn keys(faces: &str) -> Vec<Key> {
        faces.chars().map(|face| Key::try_from(face).unwrap()).collect()
    }

    #[test]
    fn a_press_starts_marked_grows_and_ends_three_times() {
        let mut sender = EventSender::default();
        sender.press(keys("5#"));
        let sent: Vec<_> = (0..25).map(|tick| sender.poll(1000 + tick * 160)).collect();
        let packet = |is_marked, code, flags, duration: u16| {
            let [high, low] = duration.to_be_bytes();
            let timestamp = if code == 5 { 1000 } else { 2600 };
            Some(EventPacket { is_marked, timestamp, payload: [code, flags, high, low] })
        };
        for (code, at) in [(5, 0), (11, 10)] {
            let expected = [
                packet(true, code, 10, 160),
                packet(false, code, 10, 320),
                packet(false, code, 10, 480),
                packet(false, code, 10, 640),
                packet(false, code, 0x8A, 800),
                packet(false, code, 0x8A, 800),
                packet(false, code, 0x8A, 800),
                None,
                None,
                None,
            ];
            assert_eq!(sent[at..at + 10], expected);
        }
        assert!(sent[20..].iter().all(Option::is_none) && !sender.is_busy());
    }

    #[test]
    fn what_we_press_as_sound_our_own_ear_hears() {
        let (mut sender, mut detector) = (EventSender::default(), KeyDetector::default());
        sender.press(keys("123A456B789C*0#D"));
        let mut heard = String::new();
        while sender.is_busy() {
            let frame = sender.poll_sound().unwrap_or([0; FRAME]);
            heard.extend(detector.push(&frame).map(Key::as_char));
            if heard.len() == 16 {
                break;
            }
        }
        assert_eq!(heard, "123A456B789C*0#D");
    }

    #[test]
    fn more_keys_than_any_number_has_are_refused() {
        assert_eq!(EventSender::default().press(keys(&"1".repeat(70))), 6);
    }
}
