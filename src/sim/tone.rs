//! A voice that can be told from another's: a tone.

use crate::media;

/// `700 2.5`: 700 Hz for 2.5 s, at the level of a voice.
pub(super) fn tone_of(text: &str) -> media::Prompt {
    let mut numbers = text.split_whitespace().filter_map(|word| word.parse::<f32>().ok());
    let (hertz, seconds) = (numbers.next().unwrap_or(400.0), numbers.next().unwrap_or(1.0));
    let rate = media::RATE as f32;
    let count = (seconds.clamp(0.0, TONE_MAX_S) * rate) as usize;
    let sample = |n: usize| (n as f32 * hertz * std::f32::consts::TAU / rate).sin() * 6000.0;
    media::Prompt::new((0..count).map(|n| sample(n) as i16).collect::<Vec<_>>())
}

const TONE_MAX_S: f32 = 60.0;
