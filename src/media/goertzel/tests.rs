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
        ("too faint", Press { dbm0: -37.0, twist: 0.0, ..PLAIN }, false),
        ("twisted up", Press { twist: 4.0, ..PLAIN }, true),
        ("twisted down", Press { twist: -8.0, ..PLAIN }, true),
        ("twisted too far up", Press { twist: 7.0, ..PLAIN }, false),
        ("twisted too far down", Press { twist: -11.0, ..PLAIN }, false),
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
