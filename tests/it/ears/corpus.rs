//! Repeatable sound: voices, music, and what codecs, loss and level make of it.

use std::process::{Command, Stdio};

use suifang::media::{Codec, FRAME, Frame, resample};

/// Repeatable chance.
pub(super) struct Dice(u64);

impl Dice {
    pub(super) const fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub(super) const fn bits(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 >> 8
    }

    pub(super) const fn below(&mut self, limit: usize) -> usize {
        (self.bits() % limit as u64) as usize
    }

    /// Even between the two.
    pub(super) fn between(&mut self, low: f32, high: f32) -> f32 {
        low + (high - low) * (self.bits() % (1 << 24)) as f32 / (1 << 24) as f32
    }

    pub(super) fn one<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len())]
    }
}

/// A speaker: espeak-ng's voice, pitch (0 to 99) and words a minute.
#[derive(Clone, Copy, Debug)]
pub(super) struct Speaker {
    pub(super) voice: &'static str,
    pub(super) pitch: u32,
    pub(super) pace: u32,
}

impl Speaker {
    /// At 8 kHz. The languages never include `cmn` or `zh`, which read Latin letters as
    /// English; `cmn-latn-pinyin` reads pinyin.
    pub(super) fn says(self, text: &str) -> Vec<i16> {
        let output = Command::new("espeak-ng")
            .args(["-v", self.voice, "-p", &self.pitch.to_string()])
            .args(["-s", &self.pace.to_string(), "--stdout", text])
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .output()
            .expect("espeak-ng runs");
        // A plain header of 44 bytes; 22 050 samples a second.
        let samples: Vec<i16> = output.stdout[44..]
            .chunks_exact(2)
            .map(|both| i16::from_le_bytes([both[0], both[1]]))
            .collect();
        assert!(samples.len() > 4000, "espeak-ng said nothing with the voice {}", self.voice);
        resample(&samples, 22_050)
    }
}

/// Instruments with overtones, chords and a melody over them, in any key and tempo.
pub(super) fn music(seed: u64, seconds: usize) -> Vec<i16> {
    let mut dice = Dice::new(seed);
    let length = seconds * 8000;
    let mut sound = vec![0.0_f32; length];
    let beat = 8000 * 60 / (60 + dice.below(100));
    let root = 40 + dice.below(20) as i32;
    const SCALE: [i32; 7] = [0, 2, 4, 5, 7, 9, 11];
    let mut at = 0;
    while at < length {
        let degree = dice.below(7);
        let is_chord = (at / beat).is_multiple_of(4);
        let mut notes =
            vec![(root + 24 + SCALE[dice.below(7)] + 12 * dice.below(2) as i32, 1, 0.5)];
        if is_chord {
            for step in [0, 2, 4] {
                let place = degree + step;
                notes.push((root + SCALE[place % 7] + 12 * (place / 7) as i32, 4, 0.3));
            }
        }
        for (note, beats, size) in notes {
            let hertz = 440.0 * 2.0_f32.powf((note as f32 - 69.0) / 12.0);
            let decay = dice.between(0.5, 4.0);
            let overtones = dice.below(6) + 1;
            let falls = dice.between(0.3, 0.8);
            play(&mut sound, at, beats * beat, (hertz, size), (overtones, falls, decay));
        }
        at += beat / (1 << dice.below(3));
    }
    let peak = sound.iter().fold(1.0_f32, |peak, sample| peak.max(sample.abs()));
    sound.iter().map(|sample| (sample / peak * 16_000.0) as i16).collect()
}

fn play(
    sound: &mut [f32],
    at: usize,
    length: usize,
    (hertz, size): (f32, f32),
    (overtones, falls, decay): (usize, f32, f32),
) {
    let end = (at + length).min(sound.len());
    for overtone in 1..=overtones {
        let hertz = hertz * overtone as f32;
        if hertz > 3600.0 {
            break;
        }
        let size = size * falls.powi(overtone as i32 - 1);
        // A rotating pointer: no sine for each sample.
        let step = std::f32::consts::TAU * hertz / 8000.0;
        let (turn_im, turn_re) = step.sin_cos();
        let fade = (-decay / 8000.0).exp();
        let (mut re, mut im) = (size, 0.0_f32);
        for sample in &mut sound[at..end] {
            (re, im) = ((re * turn_re - im * turn_im) * fade, (re * turn_im + im * turn_re) * fade);
            *sample += im;
        }
    }
}

/// Through a law and back.
pub(super) fn through(law: Codec, samples: &mut [i16]) {
    for sample in samples {
        *sample = law.decode(law.encode(*sample));
    }
}

pub(super) fn gain(samples: &mut [i16], db: f32) {
    let factor = 10.0_f32.powf(db / 20.0);
    for sample in samples {
        *sample = (f32::from(*sample) * factor) as i16;
    }
}

/// The last one is filled with silence.
pub(super) fn frames(samples: &[i16]) -> impl Iterator<Item = Frame> {
    samples
        .chunks(FRAME)
        .map(|chunk| std::array::from_fn(|n| chunk.get(n).copied().unwrap_or_default()))
}

/// What a line does to sound.
#[derive(Clone, Copy, Debug)]
pub(super) struct Line {
    pub(super) codec: Coder,
    pub(super) level_db: f32,
    /// Of a hundred frames, so many are lost …
    pub(super) loss_percent: usize,
    /// … and filled with the frame before, or with silence.
    pub(super) repeats: bool,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Coder {
    Law(Codec),
    /// What a codec at 8 kbit/s leaves: the band between 250 and 3400 Hz, and noise that
    /// follows the voice 12 dB below it.
    Narrow,
    /// GSM 06.10 and AMR at its lowest rate, by sox.
    Gsm,
    Amr,
}

impl Line {
    pub(super) fn carries(self, samples: &[i16], dice: &mut Dice) -> Vec<i16> {
        let mut out = samples.to_vec();
        gain(&mut out, self.level_db);
        match self.codec {
            Coder::Law(law) => through(law, &mut out),
            Coder::Narrow => narrow(&mut out, dice),
            Coder::Gsm => out = by_sox(&out, &["-t", "gsm"]),
            Coder::Amr => out = by_sox(&out, &["-t", "amr-nb", "-C", "0"]),
        }
        self.lose(&mut out, dice);
        // The last hop to us is always one of the laws.
        through(Codec::Pcma, &mut out);
        out
    }

    fn lose(self, samples: &mut [i16], dice: &mut Dice) {
        let mut before = [0; FRAME];
        for frame in samples.as_chunks_mut::<FRAME>().0 {
            if dice.below(100) < self.loss_percent {
                *frame = if self.repeats { before } else { [0; FRAME] };
            }
            before = *frame;
        }
    }
}

fn narrow(samples: &mut [i16], dice: &mut Dice) {
    let (mut low, mut lower, mut high) = (0.0_f32, 0.0_f32, 0.0_f32);
    for frame in samples.chunks_mut(FRAME) {
        let power: f32 = frame.iter().map(|it| f32::from(*it).powi(2)).sum::<f32>();
        // Even noise of this size has a twelfth of its square as power.
        let hiss = (power / FRAME as f32 * 0.063 * 12.0).sqrt();
        for sample in frame {
            let noisy = f32::from(*sample) + hiss * dice.between(-0.5, 0.5);
            low += 0.18 * (noisy - low);
            lower += 0.18 * (low - lower);
            let high_passed = noisy - lower * 0.9;
            high += 0.93 * (high_passed - high);
            *sample = high as i16;
        }
    }
}

/// There and back.
fn by_sox(samples: &[i16], form: &[&str]) -> Vec<i16> {
    const RAW: [&str; 10] = ["-t", "raw", "-r", "8000", "-c", "1", "-e", "signed", "-b", "16"];
    let bytes: Vec<u8> = samples.iter().flat_map(|sample| sample.to_le_bytes()).collect();
    let coded = sox(&[&["-D"], &RAW[..], &["-"], form, &["-"]].concat(), bytes);
    let form = &form[..2];
    let rate: &[&str] = if form[1] == "gsm" { &["-r", "8000"] } else { &[] };
    let plain = sox(&[&["-D"], rate, form, &["-"], &RAW[..], &["-"]].concat(), coded);
    plain.as_chunks::<2>().0.iter().map(|both| i16::from_le_bytes(*both)).collect()
}

fn sox(arguments: &[&str], input: Vec<u8>) -> Vec<u8> {
    let mut child = Command::new("sox")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("sox runs");
    let mut stdin = child.stdin.take().expect("piped");
    let writer = std::thread::spawn(move || std::io::Write::write_all(&mut stdin, &input));
    let output = child.wait_with_output().expect("sox ends");
    let _ = writer.join();
    output.stdout
}
