//! How loud a frame is, and whether a person speaks.

use super::{FRAME, Frame, TICK_MS};

/// Level in dBm0; a full-scale sine of A-law is +3.14 (ITU-T G.711 table 5).
pub fn level_dbm0(frame: &Frame) -> f32 {
    // Whole numbers may be summed in any order, so several at once; a sum of floats may not.
    let squares = frame.iter().map(|sample| i32::from(*sample) * i32::from(*sample));
    let sum: u64 = squares.map(|square| u64::from(square.cast_unsigned())).sum();
    let rms = (sum as f32 / FRAME as f32).sqrt();
    (20.0 * (rms / DBM0_RMS).log10()).max(QUIETEST_DBM0)
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum SpeechChange {
    Started,
    Ended,
}

/// Adapts to the line's noise. Speech counts from 300 ms of it on, so that a cough or a
/// door is none, and until 700 ms of quiet, so that a breath does not end it.
#[derive(Debug)]
pub struct SpeechDetector {
    floor_dbm0: f32,
    loud_ms: u64,
    quiet_ms: u64,
    is_speaking: bool,
}

impl Default for SpeechDetector {
    fn default() -> Self {
        Self { floor_dbm0: FLOOR_DBM0.1, loud_ms: 0, quiet_ms: 0, is_speaking: false }
    }
}

impl SpeechDetector {
    /// While we play, some of it comes back; a person is louder than an echo.
    pub fn push(&mut self, frame: &Frame, we_play: bool) -> Option<SpeechChange> {
        self.push_level(level_dbm0(frame), we_play)
    }

    /// Of a frame whose level in dBm0 is known.
    pub fn push_level(&mut self, level: f32, we_play: bool) -> Option<SpeechChange> {
        let is_loud = if we_play {
            level > (self.floor_dbm0 + ABOVE_FLOOR_DB).max(ECHO_DBM0)
        } else {
            level > self.floor_dbm0 + ABOVE_FLOOR_DB
        };
        self.follow_floor(level, we_play);
        if is_loud {
            self.loud_ms += TICK_MS;
            self.quiet_ms = 0;
        } else {
            // Syllables have gaps: half of what was heard is kept over them.
            self.loud_ms = self.loud_ms.saturating_sub(TICK_MS / 2);
            self.quiet_ms += TICK_MS;
        }
        match self.is_speaking {
            false if self.loud_ms >= STARTED_MS => {
                self.is_speaking = true;
                Some(SpeechChange::Started)
            }
            true if self.quiet_ms >= ENDED_MS => {
                (self.is_speaking, self.loud_ms) = (false, 0);
                Some(SpeechChange::Ended)
            }
            _ => None,
        }
    }

    /// Quickly down, slowly up: a voice pauses, a fan does not.
    fn follow_floor(&mut self, level: f32, we_play: bool) {
        if level < self.floor_dbm0 {
            self.floor_dbm0 += (level - self.floor_dbm0) * 0.2;
        } else if !we_play {
            self.floor_dbm0 += RISE_DB;
        }
        self.floor_dbm0 = self.floor_dbm0.clamp(FLOOR_DBM0.0, FLOOR_DBM0.1);
    }

    pub const fn is_speaking(&self) -> bool {
        self.is_speaking
    }
}

pub(super) const DBM0_RMS: f32 = 15_889.0;
/// Digital silence; a logarithm has no end.
pub(super) const QUIETEST_DBM0: f32 = -90.0;
/// The quietest and the noisiest line that we still hear a person on.
const FLOOR_DBM0: (f32, f32) = (-62.0, -36.0);
const ABOVE_FLOOR_DB: f32 = 12.0;
/// Prompts leave at −18 dBm0; the weakest hybrid returns them 9 dB lower.
const ECHO_DBM0: f32 = -26.0;
/// 1.5 dB a second.
const RISE_DB: f32 = 0.03;
const STARTED_MS: u64 = 300;
const ENDED_MS: u64 = 700;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::noise::Noise;

    fn hiss(dbm0: f32, noise: &mut Noise) -> Frame {
        let amplitude = DBM0_RMS * 1.732 * 10.0_f32.powf(dbm0 / 20.0);
        std::array::from_fn(|_| (noise.next() * amplitude).clamp(-32_000.0, 32_000.0) as i16)
    }

    #[test]
    fn a_level_reads_as_it_was_made() {
        let mut noise = Noise::new(1);
        for dbm0 in [-50.0, -30.0, -18.0, -6.0] {
            assert!((level_dbm0(&hiss(dbm0, &mut noise)) - dbm0).abs() < 1.5, "{dbm0}");
        }
        assert!((level_dbm0(&[0; FRAME]) - QUIETEST_DBM0).abs() < 0.1);
    }

    /// Each part: milliseconds, level, whether we play. Expected: when it changed.
    #[test]
    fn speech_is_what_lasts_and_stands_out() {
        type Part = (u64, f32, bool);
        let check = |name: &str, parts: &[Part], expected: &[(u64, SpeechChange)]| {
            let (mut detector, mut noise) = (SpeechDetector::default(), Noise::new(7));
            let (mut at, mut changes) = (0, Vec::new());
            for (ms, dbm0, we_play) in parts {
                for _ in 0..ms / TICK_MS {
                    at += TICK_MS;
                    let change = detector.push(&hiss(*dbm0, &mut noise), *we_play);
                    changes.extend(change.map(|change| (at, change)));
                }
            }
            assert_eq!(changes, expected, "{name}");
        };
        use SpeechChange::{Ended, Started};
        let spoken = [(1300, Started), (2700, Ended)];
        check(
            "a sentence",
            &[(1000, -60.0, false), (1000, -20.0, false), (2000, -60.0, false)],
            &spoken,
        );
        check(
            "on a noisy line",
            &[(1000, -42.0, false), (1000, -20.0, false), (2000, -42.0, false)],
            &spoken,
        );
        check("a door", &[(1000, -60.0, false), (200, -10.0, false), (1000, -60.0, false)], &[]);
        check("our echo", &[(1000, -60.0, true), (5000, -29.0, true), (1000, -60.0, true)], &[]);
        check(
            "over our prompt",
            &[(1000, -60.0, true), (1000, -20.0, true), (2000, -60.0, true)],
            &spoken,
        );
        check("silence", &[(9000, -90.0, false)], &[]);
    }
}
