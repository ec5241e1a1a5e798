//! The network's tones by their cadence, and the tones of fax machines and modems.

use suifang::media::{CadenceClassifier, Codec, MachineDetector, MachineTone, Tone, ToneChange};

use super::corpus::{Coder, Dice, Line, Speaker, frames, music};
use crate::interop::installed;

/// How this exchange plays it: off by up to 25 Hz and 10 % of every length.
fn tone(tone: Tone, seconds: f32, dice: &mut Dice) -> Vec<i16> {
    let hertz = dice.between(425.0, 475.0);
    let size =
        15_800.0 * std::f32::consts::SQRT_2 * 10.0_f32.powf(dice.between(-25.0, -4.0) / 20.0);
    let clock = dice.between(0.9, 1.1);
    let hiss = size * 10.0_f32.powf(-dice.between(15.0, 40.0) / 20.0);
    let cadence: Vec<f32> = match tone.cadence() {
        [] => vec![f32::MAX],
        cadence => cadence.iter().map(|ms| *ms as f32 * 8.0 * clock).collect(),
    };
    let lead = dice.below(8000);
    let (mut phase, mut left) = (0, cadence[0]);
    let length = (seconds * 8000.0) as usize;
    let mut samples = vec![0; lead];
    for n in 0..length {
        if left <= 0.0 {
            phase = (phase + 1) % cadence.len();
            left += cadence[phase];
        }
        left -= 1.0;
        let angle = std::f32::consts::TAU * hertz * n as f32 / 8000.0;
        let sound = if phase % 2 == 0 { size * angle.sin() } else { 0.0 };
        samples.push((sound + hiss * dice.between(-1.0, 1.0)) as i16);
    }
    samples
}

fn heard(samples: &[i16]) -> Vec<Tone> {
    let mut classifier = CadenceClassifier::default();
    let changes = frames(samples).flat_map(|frame| classifier.push(&frame));
    changes
        .filter_map(|change| match change {
            ToneChange::Heard(tone) => Some(tone),
            ToneChange::Stopped(_) => None,
        })
        .collect()
}

/// Right, another one or too many, and none.
fn measure(each: usize) -> [usize; 3] {
    let mut dice = Dice::new(3);
    let mut counts = [0; 3];
    for (wanted, seconds) in [
        (Tone::Dial, 5.0),
        (Tone::Ringback, 12.0),
        (Tone::Busy, 5.0),
        (Tone::Congestion, 8.0),
        (Tone::Vacant, 6.0),
        (Tone::CallWaiting, 11.0),
    ] {
        for _ in 0..each {
            let samples = tone(wanted, seconds, &mut dice);
            let codec =
                *dice.one(&[Coder::Law(Codec::Pcma), Coder::Law(Codec::Pcmu), Coder::Narrow]);
            let (level_db, loss_percent) = (dice.between(-10.0, 3.0), dice.below(3));
            let line = Line { codec, level_db, loss_percent, repeats: dice.below(2) == 0 };
            let found = heard(&line.carries(&samples, &mut dice));
            let place = match found.as_slice() {
                [only] if *only == wanted => 0,
                [] => 2,
                other => {
                    println!("{wanted:?} was taken for {other:?} ({line:?})");
                    1
                }
            };
            if place == 2 {
                println!("{wanted:?} was not heard ({line:?})");
            }
            counts[place] += 1;
        }
    }
    println!("tones: {} right, {} wrong, {} unknown", counts[0], counts[1], counts[2]);
    counts
}

#[test]
fn every_tone_of_the_network_is_told_by_its_cadence_through_noise_codecs_and_loss() {
    assert_eq!(measure(30), [180, 0, 0]);
}

#[test]
#[ignore = "six thousand tones; for make torture"]
fn of_six_thousand_tones_999_in_a_thousand_are_told() {
    let [right, wrong, unknown] = measure(1000);
    assert!(right * 1000 >= 999 * (right + wrong + unknown), "{right} right");
}

fn no_tone_in(seconds: usize) {
    let mut dice = Dice::new(4);
    let mut classifier = CadenceClassifier::default();
    let mut machines = MachineDetector::default();
    let mut samples = 0;
    let mut seed = 5000;
    while samples < seconds * 8000 {
        let more = if dice.below(2) == 0 {
            seed += 1;
            music(seed, 10)
        } else {
            let text =
                "please wait a moment the doctor will be with you soon thank you for calling";
            let (pitch, pace) = (dice.below(100) as u32, 120 + dice.below(100) as u32);
            Speaker { voice: "en-gb", pitch, pace }.says(text)
        };
        samples += more.len();
        let found: Vec<_> = frames(&more).flat_map(|frame| classifier.push(&frame)).collect();
        assert_eq!(found, [], "in speech and music");
        assert_eq!(frames(&more).find_map(|frame| machines.push(&frame)), None);
    }
}

#[test]
fn speech_and_music_are_no_tone() {
    if installed("espeak-ng", 1) {
        no_tone_in(60);
    }
}

#[test]
#[ignore = "an hour of speech and music; for make torture"]
fn an_hour_of_speech_and_music_is_no_tone() {
    if installed("espeak-ng", 1) {
        no_tone_in(3600);
    }
}

/// A fax's calling tone, and the answer tones of fax (plain) and modem (phase reversed, and
/// with V.8 its size swaying), at the limits of T.30, V.25 and V.8.
fn machine(wanted: MachineTone, dice: &mut Dice) -> Vec<i16> {
    let size =
        15_800.0 * std::f32::consts::SQRT_2 * 10.0_f32.powf(dice.between(-25.0, -6.0) / 20.0);
    let hiss = size * 10.0_f32.powf(-dice.between(15.0, 40.0) / 20.0);
    let (hertz, on_s, off_s) = match wanted {
        MachineTone::FaxCalling => {
            (1100.0 + dice.between(-38.0, 38.0), dice.between(0.43, 0.57), dice.between(2.6, 3.4))
        }
        MachineTone::Answer => (2100.0 + dice.between(-15.0, 15.0), dice.between(2.6, 4.0), 60.0),
    };
    let (reverses, sways) = (dice.below(2) == 0, dice.below(2) == 0);
    let is_answer = wanted == MachineTone::Answer;
    let mut samples = vec![0; dice.below(8000)];
    samples.extend((0..10 * 8000).map(|n| {
        let t = n as f32 / 8000.0;
        let is_on = t % (on_s + off_s) < on_s;
        let turned = if is_answer && reverses && (t / 0.45) as u32 % 2 == 1 { -1.0 } else { 1.0 };
        let sway = (std::f32::consts::TAU * 15.0 * t).sin();
        let sway = if is_answer && sways { 1.0 + 0.2 * sway } else { 1.0 };
        let tone = if is_on {
            size * sway * turned * (std::f32::consts::TAU * hertz * t).sin()
        } else {
            0.0
        };
        (tone + hiss * dice.between(-1.0, 1.0)) as i16
    }));
    samples
}

fn measure_machines(each: usize) -> [usize; 2] {
    let mut dice = Dice::new(6);
    let mut counts = [0; 2];
    for wanted in [MachineTone::FaxCalling, MachineTone::Answer] {
        for _ in 0..each {
            let samples = machine(wanted, &mut dice);
            let codec =
                *dice.one(&[Coder::Law(Codec::Pcma), Coder::Law(Codec::Pcmu), Coder::Narrow]);
            let (level_db, loss_percent) = (dice.between(-8.0, 2.0), dice.below(3));
            let line = Line { codec, level_db, loss_percent, repeats: dice.below(2) == 0 };
            let samples = line.carries(&samples, &mut dice);
            let mut detector = MachineDetector::default();
            let found = frames(&samples).find_map(|frame| detector.push(&frame));
            if found != Some(wanted) {
                println!("{wanted:?} was taken for {found:?} ({line:?})");
            }
            counts[usize::from(found != Some(wanted))] += 1;
        }
    }
    println!("fax and modem: {} right, {} not", counts[0], counts[1]);
    counts
}

#[test]
fn fax_machines_and_modems_are_told_at_the_limits_of_their_standards() {
    assert_eq!(measure_machines(25), [50, 0]);
}

#[test]
#[ignore = "two thousand tones; for make torture"]
fn of_two_thousand_fax_and_modem_tones_999_in_a_thousand_are_told() {
    let [right, not] = measure_machines(1000);
    assert!(right * 1000 >= 999 * (right + not), "{right} right");
}
