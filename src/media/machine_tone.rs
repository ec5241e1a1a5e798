//! Fax machines and modems: the calling tone of a fax (ITU-T T.30 §4.2: 1100 Hz, half a
//! second on, three off), and the answer tone of either (V.25, V.8: 2100 Hz for some three
//! seconds, its phase reversed each 450 ms where echo cancellers are to be told).

use super::{
    FRAME, Frame,
    goertzel::{coefficient, energies_at, sum_of_squares},
    level::DBM0_RMS,
};

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum MachineTone {
    FaxCalling,
    /// Of a fax or a modem.
    Answer,
}

#[derive(Debug)]
pub struct MachineDetector {
    calling: [f32; 3],
    answer: [f32; 3],
    /// Frames for which 1100 Hz has been on, and for how long it has been off since.
    burst: u32,
    pause: u32,
    /// How long ago the last whole burst of it began; none, or too long ago.
    since_burst: Option<u32>,
    /// Frames of 2100 Hz, and frames running without it.
    steady: u32,
    gap: u32,
    /// Frames to listen to; none: for as long as the leg lasts.
    left: Option<u32>,
    is_told: bool,
}

impl Default for MachineDetector {
    fn default() -> Self {
        Self {
            calling: CALLING.map(coefficient),
            answer: ANSWER.map(coefficient),
            burst: 0,
            pause: 0,
            since_burst: None,
            steady: 0,
            gap: 0,
            left: None,
            is_told: false,
        }
    }
}

impl MachineDetector {
    /// From the answer on: a machine is heard in the first minute or never.
    pub fn has_answered(&mut self) {
        self.left = Some(LISTENS_FOR);
    }

    /// There is nothing more to be learnt from it.
    pub fn is_done(&self) -> bool {
        self.is_told || self.left == Some(0)
    }

    /// Says it once.
    pub fn push(&mut self, frame: &Frame) -> Option<MachineTone> {
        if self.is_done() {
            return None;
        }
        self.left = self.left.map(|left| left - 1);
        let (is_calling, is_answer) = self.measure(frame);
        let calling = self.follow_calling(is_calling).then_some(MachineTone::FaxCalling);
        let heard = calling.or(self.follow_answer(is_answer).then_some(MachineTone::Answer));
        self.is_told = heard.is_some();
        heard
    }

    fn measure(&self, frame: &Frame) -> (bool, bool) {
        let samples = frame.map(f32::from);
        let total = sum_of_squares(&samples);
        let least = (DBM0_RMS * 10.0_f32.powf(LEVEL_MIN_DBM0 / 20.0)).powi(2) * FRAME as f32;
        if total < least {
            return (false, false);
        }
        let is_pure = |probes: &[f32; 3]| {
            let tone = energies_at(&samples, *probes).into_iter().fold(0.0, f32::max);
            2.0 * tone >= PURITY * total * FRAME as f32
        };
        (is_pure(&self.calling), is_pure(&self.answer))
    }

    /// A second burst three seconds after a first: one alone is a note.
    fn follow_calling(&mut self, is_on: bool) -> bool {
        self.since_burst = self.since_burst.map(|frames| frames + 1).filter(|it| *it < PERIOD_MAX);
        if is_on {
            // A lost packet does not end a burst.
            self.burst += 1 + std::mem::take(&mut self.pause);
            return false;
        }
        if self.burst == 0 {
            return false;
        }
        self.pause += 1;
        if self.pause <= GAP_MAX {
            return false;
        }
        let began = self.burst + self.pause;
        let is_whole = BURST.contains(&std::mem::take(&mut self.burst));
        let is_second = is_whole && self.since_burst.is_some_and(|it| it - began > PERIOD_MIN);
        self.since_burst = is_whole.then_some(began).or(self.since_burst);
        self.pause = 0;
        is_second
    }

    fn follow_answer(&mut self, is_on: bool) -> bool {
        if is_on {
            self.steady += 1 + std::mem::take(&mut self.gap);
        } else {
            // A reversal of its phase spoils one frame, a lost packet one or two.
            self.gap += 1;
            if self.gap > GAP_MAX {
                (self.steady, self.gap) = (0, 0);
            }
        }
        self.steady >= STEADY
    }
}

/// ± 38 Hz.
const CALLING: [f32; 3] = [1075.0, 1100.0, 1125.0];
/// ± 15 Hz.
const ANSWER: [f32; 3] = [2088.0, 2100.0, 2112.0];
const PURITY: f32 = 0.7;
const LEVEL_MIN_DBM0: f32 = -40.0;
/// In frames of 20 ms: half a second ± 15 %, and a frame at either end.
const BURST: std::ops::RangeInclusive<u32> = 19..=31;
/// Beginning to beginning: 3.5 s ± 15 %.
const PERIOD_MIN: u32 = 146;
const PERIOD_MAX: u32 = 240;
const GAP_MAX: u32 = 2;
/// A minute: fax machines answer within seconds and call for 35 s (T.30 §5.4.3.1, T1).
const LISTENS_FOR: u32 = 3000;
/// 1.6 s: no note is held so long and so pure.
const STEADY: u32 = 80;
