//! Tells the network's tones apart by how long they are on and off: what an analogue
//! gateway plays instead of signalling.

use super::{
    Frame, Tone,
    goertzel::{coefficient, energies_at, sum_of_squares},
    level::DBM0_RMS,
};

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ToneChange {
    Heard(Tone),
    /// Its next burst is overdue, or something else is heard in its place.
    Stopped(Tone),
}

#[derive(Debug)]
pub struct CadenceClassifier {
    probes: [f32; 3],
    /// The latest phases that are over: on or off, in blocks; newest last.
    phases: [Phase; PHASES],
    now: Phase,
    /// Blocks that belong to the next phase, if they are not a click or a lost packet.
    doubt: u32,
    /// The tone's energy in a block, of late: what is far below it is the line's noise.
    tone_energy: f32,
    heard: Option<Tone>,
    changes: [Option<ToneChange>; 2],
}

#[derive(Clone, Copy, Debug, Default)]
struct Phase {
    is_on: bool,
    blocks: u32,
    /// Something that is no tone was heard in it for longer than a click.
    loud: u32,
    /// What its length tells has been told.
    is_told: bool,
}

impl Default for CadenceClassifier {
    fn default() -> Self {
        Self {
            probes: PROBES.map(coefficient),
            phases: [Phase::default(); PHASES],
            now: Phase::default(),
            doubt: 0,
            tone_energy: 0.0,
            heard: None,
            changes: [None; 2],
        }
    }
}

impl CadenceClassifier {
    /// At most one tone stops and one is heard in a frame.
    pub fn push(&mut self, frame: &Frame) -> impl Iterator<Item = ToneChange> + use<> {
        self.changes = [None; 2];
        for block in frame.chunks_exact(BLOCK) {
            let (is_tone, is_loud) = self.measure(block);
            self.step(is_tone, is_loud);
        }
        self.changes.into_iter().flatten()
    }

    fn measure(&mut self, block: &[i16]) -> (bool, bool) {
        let mut samples = [0.0; BLOCK];
        for (sample, source) in samples.iter_mut().zip(block) {
            *sample = f32::from(*source);
        }
        let total = sum_of_squares(&samples);
        let least = (DBM0_RMS * 10.0_f32.powf(LEVEL_MIN_DBM0 / 20.0)).powi(2) * BLOCK as f32;
        if total < least {
            return (false, false);
        }
        let tone = energies_at(&samples, self.probes).into_iter().fold(0.0, f32::max);
        if 2.0 * tone >= PURITY * total * BLOCK as f32 {
            self.tone_energy = self.tone_energy.max(total * 0.5) * 0.8 + total * 0.2;
            return (true, true);
        }
        self.tone_energy *= FORGETS;
        (false, total >= self.tone_energy * NOISE)
    }

    fn step(&mut self, is_on: bool, is_loud: bool) {
        self.now.loud += u32::from(is_loud && !is_on);
        if is_on == self.now.is_on {
            self.now.blocks += 1 + self.doubt;
            self.doubt = 0;
            self.judge_going_on();
            return;
        }
        self.doubt += 1;
        if self.doubt < SURE {
            return;
        }
        self.phases.rotate_left(1);
        self.phases[PHASES - 1] = self.now;
        self.now = Phase { is_on, blocks: self.doubt, loud: 0, is_told: false };
        self.doubt = 0;
        if !is_on {
            self.judge_burst();
        }
    }

    /// A burst is over: which tone is it the latest of?
    fn judge_burst(&mut self) {
        // Vacant has the longest pattern, so it is asked first.
        let tone = if self.ends_in(&[100, 100, 100, 100, 400]) {
            Tone::Vacant
        } else if self.ends_in(&[350, 350, 350]) {
            Tone::Busy
        } else if self.ends_in(&[700, 700, 700]) {
            Tone::Congestion
        } else {
            return;
        };
        self.hear(tone);
    }

    /// What is told by how long it goes on.
    fn judge_going_on(&mut self) {
        if self.now.is_on {
            if self.now.blocks >= blocks(DIAL_MS) && !std::mem::replace(&mut self.now.is_told, true)
            {
                self.hear(Tone::Dial);
            }
            return;
        }
        let quiet = self.now.blocks;
        if quiet >= blocks(LONG_PAUSE_MS)
            && !std::mem::replace(&mut self.now.is_told, true)
            && self.now.loud < CLICK
        {
            if self.ends_in(&[1000]) {
                return self.hear(Tone::Ringback);
            }
            // A busy line's last burst is as long, but its pause before was short.
            if self.ends_in(&[400]) && self.phases[PHASES - 2].blocks > blocks(SHORT_PAUSE_MS) {
                return self.hear(Tone::CallWaiting);
            }
        }
        let Some(tone) = self.heard else { return };
        let pause = tone.cadence().iter().skip(1).step_by(2).max().copied().unwrap_or(0);
        if quiet > blocks(pause + OVERDUE_MS) || self.now.loud > blocks(VOICE_MS) {
            self.heard = None;
            self.changes[0] = Some(ToneChange::Stopped(tone));
        }
    }

    fn hear(&mut self, tone: Tone) {
        if self.heard == Some(tone) {
            return;
        }
        self.changes[0] = self.heard.map(ToneChange::Stopped).or(self.changes[0]);
        self.heard = Some(tone);
        self.changes[1] = Some(ToneChange::Heard(tone));
    }

    /// Whether the latest phases, the last of them on, are of these lengths.
    fn ends_in(&self, pattern_ms: &[u32]) -> bool {
        let latest = &self.phases[PHASES - pattern_ms.len()..];
        latest.iter().rev().zip(pattern_ms.iter().rev()).enumerate().all(|(back, (phase, ms))| {
            let expected = blocks(*ms);
            phase.is_on == back.is_multiple_of(2)
                && phase.blocks.abs_diff(expected) <= expected / 5 + 2
        })
    }
}

const fn blocks(ms: u32) -> u32 {
    ms / 10
}

/// 10 ms: a vacant number's bursts are ten of them.
const BLOCK: usize = 80;
/// A tone anywhere in 450 ± 25 Hz is within 13 Hz of one.
const PROBES: [f32; 3] = [425.0, 450.0, 475.0];
const PURITY: f32 = 0.75;
const LEVEL_MIN_DBM0: f32 = -40.0;
const PHASES: usize = 6;
/// 50 ms: two lost packets are no pause, and half of a vacant number's are.
const SURE: u32 = 5;
/// Noise 13 dB below the tone is not yet a voice.
const NOISE: f32 = 0.05;
/// The tone's loudness is forgotten by half in seven seconds.
const FORGETS: f32 = 0.999;
/// Three times the longest burst of any other tone.
const DIAL_MS: u32 = 3000;
/// Longer than any pause but those of ringback and call waiting.
const LONG_PAUSE_MS: u32 = 1500;
/// Longer than the pauses of all the others.
const SHORT_PAUSE_MS: u32 = 850;
const OVERDUE_MS: u32 = 600;
/// This much of something else within a pause is a voice or a caller tune.
const VOICE_MS: u32 = 200;
const CLICK: u32 = 6;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::{FRAME, SILENCE, ToneGenerator, noise};

    fn changes(frames: impl Iterator<Item = Frame>) -> Vec<ToneChange> {
        let mut classifier = CadenceClassifier::default();
        frames.flat_map(|frame| classifier.push(&frame)).collect()
    }

    fn quiet(seconds: usize) -> impl Iterator<Item = Frame> {
        std::iter::repeat_n(SILENCE, seconds * 50)
    }

    #[test]
    fn every_tone_is_known_by_its_cadence_and_missed_when_it_stops() {
        for tone in Tone::ALL {
            for hertz in [425.0, 438.0, 450.0, 475.0] {
                let mut generator = ToneGenerator::at(tone, hertz);
                let frames = quiet(1).chain((0..750).map(|_| generator.next_frame()));
                let expected = vec![ToneChange::Heard(tone), ToneChange::Stopped(tone)];
                assert_eq!(changes(frames.chain(quiet(6))), expected, "{tone:?} at {hertz} Hz");
            }
        }
    }

    #[test]
    fn a_voice_after_ringback_stops_it_at_once() {
        let mut generator = ToneGenerator::new(Tone::Ringback);
        let frames: Vec<Frame> = (0..400).map(|_| generator.next_frame()).collect();
        let speech = noise::speech(3, 2);
        let voice = speech.chunks_exact(FRAME).map(|chunk| std::array::from_fn(|n| chunk[n]));
        let heard = changes(frames.into_iter().chain(voice));
        assert_eq!(heard, [ToneChange::Heard(Tone::Ringback), ToneChange::Stopped(Tone::Ringback)]);
    }

    #[test]
    fn speech_is_no_tone() {
        let speech = noise::speech(5, 120);
        let frames = speech.chunks_exact(FRAME).map(|chunk| std::array::from_fn(|n| chunk[n]));
        assert_eq!(changes(frames), []);
    }
}
