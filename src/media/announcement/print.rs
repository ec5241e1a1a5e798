//! A fingerprint of sound: of 64 ms, 24 bits that say in which bands it has just become
//! louder against the band above (after Haitsma and Kalker, 2002). Level and the line's
//! filter fall out of it.

use crate::media::{FRAME, Frame};

/// The bits of one moment; nothing in quiet.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Print {
    pub(super) bits: u32,
    pub(super) is_quiet: bool,
}

/// Makes a print of each frame that comes. 12 kB, and nothing is allocated after the start.
#[derive(Debug)]
pub(super) struct Printer {
    fourier: Fourier,
    /// The last 64 ms.
    window: [f32; WINDOW],
    taper: [f32; WINDOW],
    /// First bin of each band, and the end of the last.
    edges: [usize; BANDS + 1],
    /// Slopes of the latest moments, the newest last.
    past: [[f32; BITS]; LAG + 1],
    loudest: f32,
}

impl Default for Printer {
    fn default() -> Self {
        Self {
            fourier: Fourier::default(),
            window: [0.0; WINDOW],
            taper: std::array::from_fn(|n| {
                0.5 - 0.5 * (std::f32::consts::TAU * (n as f32 + 0.5) / WINDOW as f32).cos()
            }),
            edges: std::array::from_fn(edge),
            past: [[0.0; BITS]; LAG + 1],
            loudest: 0.0,
        }
    }
}

impl Printer {
    pub(super) fn push(&mut self, frame: &Frame) -> Print {
        self.window.copy_within(FRAME.., 0);
        for (place, sample) in self.window[WINDOW - FRAME..].iter_mut().zip(frame) {
            *place = f32::from(*sample);
        }
        let power = self.window.iter().map(|it| it * it).sum::<f32>() / WINDOW as f32;
        self.loudest = power.max(self.loudest * FORGETS);
        let slopes = self.slopes();
        self.past.rotate_left(1);
        self.past[LAG] = slopes;
        let before = &self.past[0];
        let bits = slopes
            .iter()
            .zip(before)
            .enumerate()
            .fold(0, |bits, (n, (now, then))| if now > then { bits | 1 << n } else { bits });
        Print { bits, is_quiet: power < QUIETEST.max(self.loudest * QUIET) }
    }

    /// From each band to the next, in decades of power.
    fn slopes(&mut self) -> [f32; BITS] {
        let power = self.fourier.power(&self.window, &self.taper);
        let bands: [f32; BANDS] = std::array::from_fn(|n| {
            let band = power.get(self.edges[n]..self.edges[n + 1]).unwrap_or_default();
            (FLOOR + band.iter().sum::<f32>()).ln()
        });
        std::array::from_fn(|n| bands[n] - bands[n + 1])
    }
}

/// Even on the ear's own scale (mel).
fn edge(n: usize) -> usize {
    let mel = |hertz: f32| (1.0 + hertz / 700.0).ln();
    let at = mel(LOWEST) + (mel(HIGHEST) - mel(LOWEST)) * n as f32 / BANDS as f32;
    ((at.exp() - 1.0) * 700.0 * WINDOW as f32 / crate::media::RATE as f32).round() as usize
}

/// The discrete Fourier transform of one window, in place.
#[derive(Debug)]
struct Fourier {
    turns: [(f32, f32); WINDOW / 2],
    re: [f32; WINDOW],
    im: [f32; WINDOW],
}

impl Default for Fourier {
    fn default() -> Self {
        let turns = std::array::from_fn(|n| {
            let (sin, cos) = (-std::f32::consts::TAU * n as f32 / WINDOW as f32).sin_cos();
            (cos, sin)
        });
        Self { turns, re: [0.0; WINDOW], im: [0.0; WINDOW] }
    }
}

impl Fourier {
    fn power(&mut self, window: &[f32; WINDOW], taper: &[f32; WINDOW]) -> [f32; WINDOW / 2] {
        for n in 0..WINDOW {
            let to = n.reverse_bits() >> (usize::BITS - WINDOW.trailing_zeros());
            self.re[to] = window[n] * taper[n];
            self.im[to] = 0.0;
        }
        let mut half = 1;
        while half < WINDOW {
            let stride = WINDOW / (2 * half);
            for start in (0..WINDOW).step_by(2 * half) {
                for n in 0..half {
                    let (cos, sin) = self.turns[n * stride];
                    let (a, b) = (start + n, start + n + half);
                    let re = self.re[b] * cos - self.im[b] * sin;
                    let im = self.re[b] * sin + self.im[b] * cos;
                    (self.re[b], self.im[b]) = (self.re[a] - re, self.im[a] - im);
                    self.re[a] += re;
                    self.im[a] += im;
                }
            }
            half *= 2;
        }
        std::array::from_fn(|n| self.re[n] * self.re[n] + self.im[n] * self.im[n])
    }
}

pub(super) const BITS: usize = 24;
const BANDS: usize = BITS + 1;
/// 64 ms: bands of 60 Hz at the lower end.
const WINDOW: usize = 512;
/// Two frames, 40 ms: a syllable's beginning is longer, and the windows overlap less.
const LAG: usize = 2;
/// What every codec of a telephone carries.
const LOWEST: f32 = 280.0;
const HIGHEST: f32 = 3300.0;
/// Below the quantisation of A-law, so that silence has no slopes.
const FLOOR: f32 = 3.0e5;
/// 32 dB below the loudest of the last seconds is a pause.
const QUIET: f32 = 6.3e-4;
/// Mean square of a quiet line: −58 dBm0.
const QUIETEST: f32 = 400.0;
/// The loudest is forgotten by a half in three seconds.
const FORGETS: f32 = 0.9954;
