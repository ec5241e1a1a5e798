//! Keys heard as sound (ITU-T Q.23, Q.24), for lines that have no telephone-events.
//!
//! Blocks of 102 samples: two whole ones fit into the shortest key of 40 ms wherever it
//! begins, and the nearest frequencies, 73 Hz apart, fall into each other's zeros.

use crate::base::Key;

use super::{Frame, level::DBM0_RMS};

/// The energy at one frequency, by Goertzel's recurrence: a sine of amplitude A over N
/// samples gives (A·N/2)².
pub(super) fn energy_at(samples: &[f32], coefficient: f32) -> f32 {
    let (mut last, mut before) = (0.0_f32, 0.0_f32);
    for sample in samples {
        (last, before) = (coefficient.mul_add(last, sample - before), last);
    }
    last * last + before * before - coefficient * last * before
}

pub(super) fn coefficient(hertz: f32) -> f32 {
    2.0 * (std::f32::consts::TAU * hertz / super::RATE as f32).cos()
}

#[derive(Debug)]
pub struct KeyDetector {
    block: [f32; BLOCK],
    filled: usize,
    rows: [f32; 4],
    columns: [f32; 4],
    second_harmonics: [f32; 4],
    last: Option<Hit>,
    /// The key that is down, and for how many blocks it was not heard.
    down: Option<(Key, u32)>,
}

#[derive(Clone, Copy, Debug)]
struct Hit {
    key: Key,
    energy: f32,
}

impl Default for KeyDetector {
    fn default() -> Self {
        Self {
            block: [0.0; BLOCK],
            filled: 0,
            rows: ROWS.map(coefficient),
            columns: COLUMNS.map(coefficient),
            second_harmonics: COLUMNS.map(|hertz| coefficient(2.0 * hertz)),
            last: None,
            down: None,
        }
    }
}

impl KeyDetector {
    /// Reports a key once, when it has been down for two blocks.
    pub fn push(&mut self, frame: &Frame) -> Option<Key> {
        let mut found = None;
        for sample in frame {
            self.block[self.filled] = f32::from(*sample);
            self.filled += 1;
            if self.filled == BLOCK {
                self.filled = 0;
                let hit = self.judge();
                found = self.follow(hit).or(found);
            }
        }
        found
    }

    /// A key is down; what is heard is no speech.
    pub const fn is_down(&self) -> bool {
        self.down.is_some()
    }

    fn follow(&mut self, hit: Option<Hit>) -> Option<Key> {
        let before = std::mem::replace(&mut self.last, hit);
        if let Some((key, missed)) = &mut self.down {
            *missed = if hit.is_some_and(|hit| hit.key == *key) { 0 } else { *missed + 1 };
            // One bad block in mid-key is noise; two are a pause, and fit into 40 ms of it.
            if *missed < 2 {
                return None;
            }
            self.down = None;
        }
        let (before, hit) = (before?, hit?);
        let is_steady = (1.0 / STEADY..STEADY).contains(&(hit.energy / before.energy));
        if before.key != hit.key || !is_steady {
            return None;
        }
        self.down = Some((hit.key, 0));
        Some(hit.key)
    }

    fn judge(&self) -> Option<Hit> {
        let total: f32 = self.block.iter().map(|sample| sample * sample).sum();
        // Two tones at the limit: less cannot be a key, and most of a call is less.
        if total < LEAST_TOTAL {
            return None;
        }
        let (row, row_energy) = strongest(&self.rows, &self.block)?;
        let (column, column_energy) = strongest(&self.columns, &self.block)?;
        let least = (amplitude(LEVEL_MIN_DBM0) * BLOCK as f32 / 2.0).powi(2);
        let is_loud = row_energy >= least && column_energy >= least;
        let is_level =
            column_energy <= row_energy * TWIST && row_energy <= column_energy * TWIST_REVERSE;
        let is_pure = 2.0 * (row_energy + column_energy) >= PURITY * total * BLOCK as f32;
        if !(is_loud && is_level && is_pure) {
            return None;
        }
        // A voice has overtones, a keypad has none.
        let overtone = energy_at(&self.block, self.second_harmonics[column]);
        if overtone > column_energy * OVERTONE {
            return None;
        }
        let key = Key::try_from(char::from(FACES[row][column])).ok()?;
        Some(Hit { key, energy: total })
    }
}

/// The strongest of a group, if it stands out.
fn strongest(coefficients: &[f32; 4], block: &[f32; BLOCK]) -> Option<(usize, f32)> {
    let energies = coefficients.map(|coefficient| energy_at(block, coefficient));
    let (best, energy) = energies.iter().copied().enumerate().max_by(|a, b| a.1.total_cmp(&b.1))?;
    let stands_out = (0..4).all(|other| other == best || energies[other] * PEAK <= energy);
    stands_out.then_some((best, energy))
}

fn amplitude(dbm0: f32) -> f32 {
    DBM0_RMS * std::f32::consts::SQRT_2 * 10.0_f32.powf(dbm0 / 20.0)
}

/// The two frequencies of a key.
pub(super) fn frequencies(key: Key) -> (f32, f32) {
    let face = key.as_char();
    let place = FACES.iter().flatten().position(|known| char::from(*known) == face).unwrap_or(0);
    (ROWS[place / 4], COLUMNS[place % 4])
}

const BLOCK: usize = 102;
const ROWS: [f32; 4] = [697.0, 770.0, 852.0, 941.0];
const COLUMNS: [f32; 4] = [1209.0, 1336.0, 1477.0, 1633.0];
const FACES: [[u8; 4]; 4] = [*b"123A", *b"456B", *b"789C", *b"*0#D"];
/// A tone, and 2 dB of room below the −30 that Q.24's administrations ask for.
const LEVEL_MIN_DBM0: f32 = -32.0;
/// The sum of squares of a block of silence with a hum: 102 samples of rms 500.
const LEAST_TOTAL: f32 = 102.0 * 500.0 * 500.0;
/// The high tone may be 4 dB above the low, the low 8 dB above the high (and a
/// little room for what the tones lend each other in a block).
const TWIST: f32 = 2.82;
const TWIST_REVERSE: f32 = 8.9;
/// The strongest of a group against the others: 6 dB.
const PEAK: f32 = 5.0;
/// Both tones against all that is heard. A key 1.5 % off keeps 0.8 of itself.
const PURITY: f32 = 0.78;
const OVERTONE: f32 = 0.1;
/// Two blocks of one key are within 5 dB, also when the first began in it.
const STEADY: f32 = 2.8;

#[cfg(test)]
mod tests;
