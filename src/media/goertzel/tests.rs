use super::*;
use crate::media::{FRAME, SILENCE, noise::Noise};

#[derive(Clone, Copy)]
struct Press {
    on_ms: usize,
    off_ms: usize,
    /// Of the low tone; the high one is `twist` above it.
    dbm0: f32,
    twist: f32,
    detune: f32,
    /// Of white noise, below the low tone.
    noise_db: f32,
    lead_ms: usize,
}

const PLAIN: Press = Press {
    on_ms: 100,
    off_ms: 100,
    dbm0: -10.0,
    twist: 2.0,
    detune: 0.0,
    noise_db: 99.0,
    lead_ms: 0,
};

fn sound(faces: &str, press: Press) -> Vec<i16> {
    let mut noise = Noise::new(1);
    let mut samples = vec![0.0; press.lead_ms * 8];
    for face in faces.chars() {
        let (low, high) = frequencies(Key::try_from(face).unwrap());
        let detuned = 1.0 + press.detune / 100.0;
        for n in 0..press.on_ms * 8 {
            let phase = std::f32::consts::TAU * detuned * n as f32 / 8000.0;
            let (low_level, high_level) =
                (amplitude(press.dbm0), amplitude(press.dbm0 + press.twist));
            samples.push(low_level * (phase * low).sin() + high_level * (phase * high + 1.0).sin());
        }
        samples.extend(vec![0.0; press.off_ms * 8]);
    }
    samples.extend(vec![0.0; 800]);
    let hiss = amplitude(press.dbm0 - press.noise_db) * 1.22;
    samples.iter().map(|sample| (sample + hiss * noise.next()) as i16).collect()
}

fn keys(samples: &[i16]) -> String {
    let mut detector = KeyDetector::default();
    samples
        .chunks(FRAME)
        .filter_map(|chunk| {
            let mut frame = SILENCE;
            frame[..chunk.len()].copy_from_slice(chunk);
            detector.push(&frame)
        })
        .map(Key::as_char)
        .collect()
}

const ALL: &str = "123A456B789C*0#D";

#[test]
fn every_key_is_heard_within_the_limits_and_not_far_outside() {
    for (name, press, expected) in [
        ("plain", PLAIN, true),
        ("short", Press { on_ms: 42, off_ms: 42, ..PLAIN }, true),
        ("loud", Press { dbm0: -4.0, twist: 0.0, ..PLAIN }, true),
        ("faint", Press { dbm0: -30.0, twist: 0.0, ..PLAIN }, true),
        ("too faint", Press { dbm0: -38.0, twist: 0.0, ..PLAIN }, false),
        ("twisted up", Press { twist: 4.0, ..PLAIN }, true),
        ("twisted down", Press { twist: -8.0, ..PLAIN }, true),
        ("twisted too far up", Press { twist: 7.0, ..PLAIN }, false),
        ("twisted too far down", Press { twist: -11.0, ..PLAIN }, false),
        ("faint, at the limit", Press { dbm0: -36.0, twist: 0.0, ..PLAIN }, true),
        ("sharp", Press { detune: 1.5, twist: 0.0, ..PLAIN }, true),
        ("flat", Press { detune: -1.5, twist: 0.0, ..PLAIN }, true),
        ("noisy", Press { noise_db: 15.0, twist: 0.0, ..PLAIN }, true),
        ("too short", Press { on_ms: 15, ..PLAIN }, false),
    ] {
        for lead_ms in [0, 3, 7, 11] {
            let heard = keys(&sound(ALL, Press { lead_ms, ..press }));
            let expected = if expected { ALL } else { "" };
            assert_eq!(heard, expected, "{name}, after {lead_ms} ms");
        }
    }
}

#[test]
fn a_key_pressed_twice_is_two_and_one_held_long_is_one() {
    assert_eq!(keys(&sound("5588", Press { on_ms: 60, off_ms: 42, ..PLAIN })), "5588");
    assert_eq!(keys(&sound("5", Press { on_ms: 9_000, ..PLAIN })), "5");
}

#[test]
fn ten_minutes_of_something_like_speech_press_no_key() {
    for seed in 1..=4 {
        let speech = crate::media::noise::speech(seed, 150);
        assert_eq!(keys(&speech), "", "seed {seed}");
    }
}

#[test]
fn a_single_tone_a_chord_and_noise_press_no_key() {
    for chord in [&[697.0][..], &[1209.0], &[450.0], &[697.0, 770.0], &[440.0, 880.0, 1320.0]] {
        let samples: Vec<i16> = (0..16_000)
            .map(|n| {
                let at = std::f32::consts::TAU * n as f32 / 8000.0;
                chord.iter().map(|hertz| 4000.0 * (at * hertz).sin()).sum::<f32>() as i16
            })
            .collect();
        assert_eq!(keys(&samples), "", "{chord:?}");
    }
    let mut noise = Noise::new(9);
    let hiss: Vec<i16> = (0..800_000).map(|_| (8000.0 * noise.next()) as i16).collect();
    assert_eq!(keys(&hiss), "");
}

/// One press of every cell of the grid: each tone off by itself, twist, level, noise.
struct Cell {
    key: Key,
    off: (f32, f32),
    twist: f32,
    /// Of the weaker tone, or of the stronger.
    level: Level,
    snr_db: f32,
}

#[derive(Clone, Copy, Debug)]
enum Level {
    Weaker(f32),
    Stronger(f32),
}

impl Cell {
    /// 40 ms of it and 40 ms of nothing, after any number of samples, through A-law.
    fn press(&self, noise: &mut Noise, samples: &mut Vec<i16>) {
        let (low, high) = frequencies(self.key);
        let low_dbm0 = match self.level {
            Level::Weaker(dbm0) => dbm0 - self.twist.min(0.0),
            Level::Stronger(dbm0) => dbm0 - self.twist.max(0.0),
        };
        let sizes = (amplitude(low_dbm0), amplitude(low_dbm0 + self.twist));
        let power = (sizes.0 * sizes.0 + sizes.1 * sizes.1) / 2.0;
        // Even noise between −1 and 1 has a power of a third.
        let hiss = (3.0 * power * 10.0_f32.powf(-self.snr_db / 10.0)).sqrt();
        let (start, lead) = (noise.next() * 3.0, noise.below(160) as usize);
        for n in 0..lead + 640 {
            let at = std::f32::consts::TAU * n as f32 / 8000.0;
            let low_tone = sizes.0 * (at * low * (1.0 + self.off.0 / 100.0)).sin();
            let high_tone = sizes.1 * (start + at * high * (1.0 + self.off.1 / 100.0)).sin();
            let tones = if (lead..lead + 320).contains(&n) { low_tone + high_tone } else { 0.0 };
            let sample = (tones + hiss * noise.next()).round() as i16;
            let law = crate::media::Codec::Pcma;
            samples.push(law.decode(law.encode(sample)));
        }
    }
}

/// How many cells of the grid are heard right, wrong (another key, or twice) and not at all.
fn count(seed: u64, offs: &[(f32, f32)], twists: &[f32]) -> [usize; 3] {
    let mut noise = Noise::new(seed);
    let mut counts = [0; 3];
    let levels = [Level::Weaker(-36.0), Level::Weaker(-24.0), Level::Stronger(-3.0)];
    for key in ALL.chars().map(|face| Key::try_from(face).unwrap()) {
        for ((off, twist), level) in offs
            .iter()
            .flat_map(|off| twists.iter().map(move |twist| (*off, *twist)))
            .flat_map(|cell| levels.iter().map(move |level| (cell, *level)))
        {
            for snr_db in [15.0, 30.0] {
                let cell = Cell { key, off, twist, level, snr_db };
                let mut samples = Vec::new();
                cell.press(&mut noise, &mut samples);
                let heard = keys(&samples);
                let right = heard == key.as_char().to_string();
                counts[if right {
                    0
                } else if heard.is_empty() {
                    2
                } else {
                    1
                }] += 1;
            }
        }
    }
    counts
}

#[test]
fn the_grid_of_q_24_is_heard_and_three_and_a_half_percent_are_not() {
    let within = [-1.5, 0.0, 1.5];
    let offs: Vec<_> = within.iter().flat_map(|a| within.iter().map(move |b| (*a, *b))).collect();
    let all = 16 * 9 * 3 * 3 * 2;
    for seed in 1..=SEEDS {
        assert_eq!(count(seed, &offs, &[-8.0, 0.0, 4.0]), [all, 0, 0], "seed {seed}");
    }
    // Both tones off, or one of them.
    let beyond = [-3.5, 3.5].map(|off| [(off, off), (off, 0.0), (0.0, off), (off, -off)]).concat();
    let none = 16 * 8 * 3 * 3 * 2;
    for seed in 1..=SEEDS {
        assert_eq!(count(seed, &beyond, &[-8.0, 0.0, 4.0]), [0, 0, none], "seed {seed}");
    }
}

/// 2592 presses within and 2304 beyond for each.
const SEEDS: u64 = 4;
