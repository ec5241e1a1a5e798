//! Keys heard as sound (ITU-T Q.23, Q.24), for lines that have no telephone-events.
//!
//! Three overlapping windows running must see the same two tones. How far a tone is off its
//! nominal frequency is read from how its phase moves between them: 12.75 ms of sound are
//! too short to tell 1.5 % from 3.5 % by energy.

use crate::base::Key;

use super::{Frame, level::DBM0_RMS};

/// The energy at each of some frequencies, by Goertzel's recurrence: a sine of amplitude A over
/// N samples gives (A·N/2)².
pub(super) fn energies_at<const N: usize>(samples: &[f32], coefficients: [f32; N]) -> [f32; N] {
    let [last, before] = recur(samples, coefficients);
    std::array::from_fn(|n| {
        last[n] * last[n] + before[n] * before[n] - coefficients[n] * last[n] * before[n]
    })
}

pub(super) fn energy_at(samples: &[f32], coefficient: f32) -> f32 {
    energies_at(samples, [coefficient])[0]
}

/// The last two steps of each recurrence. Each waits for its own last step alone, so that
/// several side by side take the time of one.
fn recur<const N: usize>(samples: &[f32], coefficients: [f32; N]) -> [[f32; N]; 2] {
    let (mut last, mut before) = ([0.0_f32; N], [0.0_f32; N]);
    for sample in samples {
        let next = std::array::from_fn(|n| coefficients[n] * last[n] + sample - before[n]);
        (last, before) = (next, last);
    }
    [last, before]
}

/// In eight sums side by side: one alone would wait for each addition.
pub(super) fn sum_of_squares(samples: &[f32]) -> f32 {
    let mut sums = [0.0_f32; 8];
    let mut eights = samples.chunks_exact(8);
    for eight in &mut eights {
        for (sum, sample) in sums.iter_mut().zip(eight) {
            *sum += sample * sample;
        }
    }
    let rest: f32 = eights.remainder().iter().map(|sample| sample * sample).sum();
    sums.iter().sum::<f32>() + rest
}

pub(super) fn coefficient(hertz: f32) -> f32 {
    2.0 * (std::f32::consts::TAU * hertz / super::RATE as f32).cos()
}

#[derive(Debug)]
pub struct KeyDetector {
    window: [f32; WINDOW],
    taper: [f32; WINDOW],
    /// Samples of the window's second half that have come.
    filled: usize,
    rows: [Probe; 4],
    columns: [Probe; 4],
    overtones: [f32; 4],
    /// The two windows before this one, the older first.
    before: [Option<Sight>; 2],
    /// The key that is down, and in how many windows running it was not seen.
    down: Option<(Key, u32)>,
}

/// What one window looks like: a key, if the next two agree.
#[derive(Clone, Copy, Debug)]
struct Sight {
    row: usize,
    column: usize,
    low: Phasor,
    high: Phasor,
    total: f32,
    overtone: f32,
}

#[derive(Clone, Copy, Debug)]
struct Probe {
    hertz: f32,
    radians: f32,
    coefficient: f32,
    sin: f32,
    cos: f32,
}

/// A tone's size and phase at the end of a window.
#[derive(Clone, Copy, Debug)]
struct Phasor {
    re: f32,
    im: f32,
}

impl Probe {
    fn new(hertz: f32) -> Self {
        let radians = std::f32::consts::TAU * hertz / super::RATE as f32;
        let (sin, cos) = radians.sin_cos();
        Self { hertz, radians, coefficient: 2.0 * cos, sin, cos }
    }

    fn phasor(&self, samples: &[f32]) -> Phasor {
        let [[last], [before]] = recur(samples, [self.coefficient]);
        self.phasor_of(last, before)
    }

    fn phasor_of(&self, last: f32, before: f32) -> Phasor {
        Phasor { re: last - self.cos * before, im: self.sin * before }
    }

    /// How far off the true tone is, in hertz, by what its phase has moved beyond ours from
    /// window to window. Over one hop it is plain to ± 78 Hz; over two it is finer, to ± 39.
    fn deviation(&self, phases: [Phasor; 3]) -> f32 {
        let [first, second, third] = phases;
        let (one, two) = (second.over(first), third.over(second));
        let coarse = Phasor { re: one.re + two.re, im: one.im + two.im };
        let hop = HOP as f32;
        let coarse = wrap(coarse.angle() - self.radians * hop) * HERTZ_A_RADIAN / hop;
        let both = wrap(third.over(first).angle() - self.radians * 2.0 * hop);
        let fine = both * HERTZ_A_RADIAN / (2.0 * hop);
        let turns = ((coarse - fine) / FINE_RANGE).round();
        turns * FINE_RANGE + fine
    }
}

impl Phasor {
    fn energy(self) -> f32 {
        self.re * self.re + self.im * self.im
    }

    fn over(self, other: Self) -> Self {
        Self {
            re: self.re * other.re + self.im * other.im,
            im: self.im * other.re - self.re * other.im,
        }
    }

    fn angle(self) -> f32 {
        self.im.atan2(self.re)
    }
}

fn wrap(radians: f32) -> f32 {
    radians - (radians / std::f32::consts::TAU).round() * std::f32::consts::TAU
}

impl Default for KeyDetector {
    fn default() -> Self {
        Self {
            window: [0.0; WINDOW],
            taper: std::array::from_fn(hann),
            filled: 0,
            rows: ROWS.map(Probe::new),
            columns: COLUMNS.map(Probe::new),
            overtones: COLUMNS.map(|hertz| coefficient(2.0 * hertz)),
            before: [None; 2],
            down: None,
        }
    }
}

impl KeyDetector {
    /// Reports a key once, when three windows running have seen it.
    pub fn push(&mut self, frame: &Frame) -> Option<Key> {
        let mut found = None;
        let mut left = frame.as_slice();
        while !left.is_empty() {
            let (now, later) = left.split_at(left.len().min(HOP - self.filled));
            for (place, sample) in self.window[HOP + self.filled..].iter_mut().zip(now) {
                *place = f32::from(*sample);
            }
            self.filled += now.len();
            left = later;
            if self.filled == HOP {
                let sight = self.look();
                found = self.follow(sight).or(found);
                self.window.copy_within(HOP.., 0);
                self.filled = 0;
            }
        }
        found
    }

    /// A key is down; what is heard is no speech.
    pub const fn is_down(&self) -> bool {
        self.down.is_some()
    }

    fn follow(&mut self, sight: Option<Sight>) -> Option<Key> {
        let [first, second] = self.before;
        self.before = [second, sight];
        if let Some((key, missed)) = &mut self.down {
            *missed = if sight.is_some_and(|it| it.key() == Some(*key)) { 0 } else { *missed + 1 };
            // Two bad windows in mid-key are one bad half; three are a pause, and fit into
            // 40 ms of it.
            if *missed < MISSED_MAX {
                return None;
            }
            self.down = None;
        }
        let key = self.agreed([first?, second?, sight?])?;
        self.down = Some((key, 0));
        Some(key)
    }

    fn look(&self) -> Option<Sight> {
        let total = sum_of_squares(&self.window);
        // Two tones at the limit: less cannot be a key, and most of a call is less.
        if total < LEAST_TOTAL {
            return None;
        }
        let (row, low) = strongest(&self.rows, &self.window)?;
        let (column, high) = strongest(&self.columns, &self.window)?;
        let is_much = 2.0 * (low.energy() + high.energy()) >= LIKENESS * total * WINDOW as f32;
        if !is_much {
            return None;
        }
        // Tapered, the tones lend each other next to nothing, and their phases can be trusted.
        let mut tapered = self.window;
        for (sample, weight) in tapered.iter_mut().zip(&self.taper) {
            *sample *= weight;
        }
        let total = sum_of_squares(&tapered);
        let low = self.rows[row].phasor(&tapered);
        let high = self.columns[column].phasor(&tapered);
        // A voice has overtones, a keypad has none. (The low tone's would fall beside another
        // high one.)
        let overtone = energy_at(&tapered, self.overtones[column]);
        Some(Sight { row, column, low, high, total, overtone })
    }

    /// Three windows of one key: are its tones where they belong, and nothing else there?
    fn agreed(&self, sights: [Sight; 3]) -> Option<Key> {
        let [first, middle, last] = sights;
        let is_same = |it: &Sight| (it.row, it.column) == (middle.row, middle.column);
        let is_steady = (1.0 / STEADY..STEADY).contains(&(last.total / first.total));
        if !sights.iter().all(is_same) || !is_steady {
            return None;
        }
        let (row, column) = (&self.rows[middle.row], &self.columns[middle.column]);
        let low_off = row.deviation(sights.map(|it| it.low));
        let high_off = column.deviation(sights.map(|it| it.high));
        if low_off.abs() > row.hertz * LOW_OFF || high_off.abs() > column.hertz * HIGH_OFF {
            return None;
        }
        // A note and its octave: keys 2, 6 and C are close to one.
        let ratio = (column.hertz + high_off) / (row.hertz + low_off);
        if (ratio - 2.0).abs() < OCTAVE {
            return None;
        }
        let mean = |part: fn(&Sight) -> f32| sights.iter().map(part).sum::<f32>() / 3.0;
        // As if each were where its probe listens.
        let low = mean(|it| it.low.energy()) / response(low_off);
        let high = mean(|it| it.high.energy()) / response(high_off);
        let least = (amplitude(LEVEL_MIN_DBM0) * WINDOW as f32 / 4.0).powi(2);
        let is_loud = low >= least && high >= least;
        let is_level = high <= low * TWIST && low <= high * TWIST_REVERSE;
        // A tapered tone of amplitude A: (A·N/4)² at its frequency, A²·N·3/16 in sum.
        let is_pure = 3.0 * (low + high) >= PURITY * mean(|it| it.total) * WINDOW as f32;
        let is_plain = mean(|it| it.overtone) <= OVERTONE * high;
        (is_loud && is_level && is_pure && is_plain).then(|| middle.key()).flatten()
    }
}

impl Sight {
    fn key(&self) -> Option<Key> {
        let face = *FACES.get(self.row)?.get(self.column)?;
        Key::try_from(char::from(face)).ok()
    }
}

/// The strongest of a group, if it stands out.
fn strongest(probes: &[Probe; 4], window: &[f32; WINDOW]) -> Option<(usize, Phasor)> {
    let [last, before] = recur(window, probes.map(|probe| probe.coefficient));
    let phasors: [Phasor; 4] = std::array::from_fn(|n| probes[n].phasor_of(last[n], before[n]));
    let energies = phasors.map(Phasor::energy);
    let (best, energy) = energies.iter().copied().enumerate().max_by(|a, b| a.1.total_cmp(&b.1))?;
    let stands_out = (0..4).all(|other| other == best || energies[other] * PEAK <= energy);
    stands_out.then_some((best, phasors[best]))
}

/// The share of its energy that a tapered window sees of a tone so many hertz beside.
fn response(hertz: f32) -> f32 {
    let bins = hertz * WINDOW as f32 / super::RATE as f32;
    let x = std::f32::consts::PI * bins;
    if x.abs() < 1e-3 { 1.0 } else { (x.sin() / (x * (1.0 - bins * bins))).powi(2) }
}

/// Hann's taper.
fn hann(n: usize) -> f32 {
    0.5 - 0.5 * (std::f32::consts::TAU * (n as f32 + 0.5) / WINDOW as f32).cos()
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

/// 12.75 ms: the nearest frequencies, 73 Hz apart, fall into each other's zeros. Moved on by
/// half: four whole ones lie in the shortest key of 40 ms wherever it begins.
const WINDOW: usize = 102;
const HOP: usize = WINDOW / 2;
const HERTZ_A_RADIAN: f32 = super::RATE as f32 / std::f32::consts::TAU;
const FINE_RANGE: f32 = super::RATE as f32 / (2 * HOP) as f32;
const ROWS: [f32; 4] = [697.0, 770.0, 852.0, 941.0];
const COLUMNS: [f32; 4] = [1209.0, 1336.0, 1477.0, 1633.0];
const FACES: [[u8; 4]; 4] = [*b"123A", *b"456B", *b"789C", *b"*0#D"];
/// A tone may be as faint as −36 dBm0; one decibel of room for what a window misjudges.
const LEVEL_MIN_DBM0: f32 = -37.0;
/// The sum of squares of a window of silence with a hum: 102 samples of rms 270.
const LEAST_TOTAL: f32 = 102.0 * 270.0 * 270.0;
/// Q.24 asks for 1.5 % and forbids 3.5 %. No further above what is asked than a faint key in
/// noise needs: a note lies 2.5 % below 852 Hz, another 1.73 % above 1633.
const LOW_OFF: f32 = 0.021;
const HIGH_OFF: f32 = 0.0169;
const OCTAVE: f32 = 0.015;
/// The high tone may be 4 dB above the low, the low 8 dB above the high, and noise adds a
/// little to either.
const TWIST: f32 = 3.2;
const TWIST_REVERSE: f32 = 8.5;
/// The strongest of a group against the others: 4 dB; the other tone is still in both.
const PEAK: f32 = 2.5;
/// Both tones against all that is heard, before it is known how far off they are …
const LIKENESS: f32 = 0.6;
/// … and after. Noise 15 dB below leaves 0.97.
const PURITY: f32 = 0.92;
const OVERTONE: f32 = 0.1;
/// The first and the third window of a key are within 2 dB.
const STEADY: f32 = 1.6;
const MISSED_MAX: u32 = 3;

#[cfg(test)]
mod tests;
