//! The tones of China's network (GB/T 3378; 450 ± 25 Hz): made here, told apart in
//! `cadence`.

use super::{FRAME, Frame, RATE, SILENCE, level::DBM0_RMS};

#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Tone {
    Dial,
    Ringback,
    Busy,
    Congestion,
    /// The number is not in service.
    Vacant,
    CallWaiting,
}

impl Tone {
    pub const ALL: [Self; 6] =
        [Self::Dial, Self::Ringback, Self::Busy, Self::Congestion, Self::Vacant, Self::CallWaiting];

    /// On, off, on, off … in milliseconds; then anew. An empty one is on for ever.
    pub const fn cadence(self) -> &'static [u32] {
        match self {
            Self::Dial => &[],
            Self::Ringback => &[1000, 4000],
            Self::Busy => &[350, 350],
            Self::Congestion => &[700, 700],
            Self::Vacant => &[100, 100, 100, 100, 100, 100, 400, 400],
            Self::CallWaiting => &[400, 4000],
        }
    }
}

#[derive(Clone, Debug)]
pub struct ToneGenerator {
    cadence: &'static [u32],
    phase: usize,
    /// Samples left of this phase.
    left: u32,
    sine: Sine,
}

impl ToneGenerator {
    pub fn new(tone: Tone) -> Self {
        Self::at(tone, HERTZ)
    }

    pub(super) fn at(tone: Tone, hertz: f32) -> Self {
        let cadence = tone.cadence();
        let left = cadence.first().map_or(u32::MAX, |ms| ms * 8);
        Self { cadence, phase: 0, left, sine: Sine::new(hertz, LEVEL_DBM0) }
    }

    pub fn next_frame(&mut self) -> Frame {
        let mut frame = SILENCE;
        for sample in &mut frame {
            if self.left == 0 {
                self.phase = (self.phase + 1) % self.cadence.len().max(1);
                self.left = self.cadence.get(self.phase).map_or(u32::MAX, |ms| ms * 8);
            }
            self.left -= 1;
            if self.phase.is_multiple_of(2) {
                *sample = self.sine.next() as i16;
            }
        }
        frame
    }
}

#[derive(Clone, Debug)]
pub(super) struct Sine {
    phase: f32,
    step: f32,
    amplitude: f32,
}

impl Sine {
    pub(super) fn new(hertz: f32, dbm0: f32) -> Self {
        let amplitude = DBM0_RMS * std::f32::consts::SQRT_2 * 10.0_f32.powf(dbm0 / 20.0);
        Self { phase: 0.0, step: std::f32::consts::TAU * hertz / RATE as f32, amplitude }
    }

    pub(super) fn next(&mut self) -> f32 {
        let value = self.amplitude * self.phase.sin();
        self.phase = (self.phase + self.step) % std::f32::consts::TAU;
        value
    }
}

/// A key as sound, for lines without telephone-events.
pub(super) fn key_frame(tones: &mut [Sine; 2]) -> Frame {
    std::array::from_fn::<i16, FRAME, _>(|_| tones.iter_mut().map(Sine::next).sum::<f32>() as i16)
}

const HERTZ: f32 = 450.0;
/// As the network sends them, −10 ± 3 dBm0.
const LEVEL_DBM0: f32 = -10.0;
