//! What we play: recorded prompts, one after another, with pauses between.

use std::{
    collections::VecDeque,
    fmt,
    sync::{Arc, OnceLock},
};

use super::{Codec, FRAME, RATE};

/// A recording, encoded once for each codec that ever plays it, shared by all calls.
#[derive(Clone)]
pub struct Prompt(Arc<Recorded>);

struct Recorded {
    samples: Box<[i16]>,
    pcma: OnceLock<Box<[u8]>>,
    pcmu: OnceLock<Box<[u8]>>,
}

impl Prompt {
    /// Of samples at 8 kHz.
    pub fn new(samples: impl Into<Box<[i16]>>) -> Self {
        let (pcma, pcmu) = (OnceLock::new(), OnceLock::new());
        Self(Arc::new(Recorded { samples: samples.into(), pcma, pcmu }))
    }

    /// Encodes ahead of time, so that the first call to play it does not wait.
    pub fn octets(&self, codec: Codec) -> &[u8] {
        let cache = match codec {
            Codec::Pcma => &self.0.pcma,
            Codec::Pcmu => &self.0.pcmu,
        };
        cache.get_or_init(|| self.0.samples.iter().map(|sample| codec.encode(*sample)).collect())
    }

    pub fn samples(&self) -> &[i16] {
        &self.0.samples
    }

    pub fn duration_ms(&self) -> u64 {
        self.0.samples.len() as u64 * 1000 / u64::from(RATE)
    }

    /// The same, louder or softer; never by more than 6 dB, never distorted at the peaks.
    pub fn amplified(&self, gain_db: f32) -> Self {
        let gain = 10.0_f32.powf(gain_db.clamp(-GAIN_MAX_DB, GAIN_MAX_DB) / 20.0);
        let peak = self.0.samples.iter().map(|sample| sample.unsigned_abs()).max().unwrap_or(0);
        let gain =
            gain.min(PEAK_MAX / f32::from(peak.max(1))).max(if gain < 1.0 { 0.0 } else { 1.0 });
        let scaled: Vec<i16> =
            self.0.samples.iter().map(|sample| (f32::from(*sample) * gain) as i16).collect();
        Self::new(scaled)
    }
}

/// What is said to a patient stays out of logs.
impl fmt::Debug for Prompt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Prompt({} ms)", self.duration_ms())
    }
}

/// Chosen by who plays it; comes back when it is over.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct PlayId(pub u64);

#[derive(Clone, Debug)]
pub struct PlayItem {
    pub prompt: Prompt,
    /// Silence after it.
    pub gap_ms: u32,
}

impl From<Prompt> for PlayItem {
    fn from(prompt: Prompt) -> Self {
        Self { prompt, gap_ms: 0 }
    }
}

/// A playlist and where it is.
#[derive(Debug)]
pub struct Player {
    pub id: PlayId,
    items: VecDeque<PlayItem>,
    repeats: bool,
    /// Into the first item, gap included.
    position: usize,
    played: u64,
}

impl Player {
    pub fn new(id: PlayId, items: Vec<PlayItem>, repeats: bool) -> Self {
        // A loop of nothing would turn for ever within a tick.
        let items: VecDeque<_> = items.into_iter().filter(|item| length(item) > 0).collect();
        Self { id, items, repeats, position: 0, played: 0 }
    }

    /// The next 20 ms, filled up with silence at the end; false when there is nothing.
    pub fn fill(&mut self, codec: Codec, frame: &mut [u8; FRAME]) -> bool {
        if self.items.is_empty() {
            return false;
        }
        frame.fill(codec.silence());
        let mut filled = 0;
        while filled < FRAME {
            let Some(item) = self.items.front() else { break };
            let octets = item.prompt.octets(codec);
            let sound = octets.get(self.position..).unwrap_or_default();
            let sound = &sound[..sound.len().min(FRAME - filled)];
            frame[filled..filled + sound.len()].copy_from_slice(sound);
            let step = if sound.is_empty() {
                (length(item) - self.position).min(FRAME - filled)
            } else {
                sound.len()
            };
            self.position += step;
            filled += step;
            if self.position >= length(item) {
                self.turn();
            }
        }
        self.played += filled as u64;
        true
    }

    fn turn(&mut self) {
        self.position = 0;
        if let Some(item) = self.items.pop_front()
            && self.repeats
        {
            self.items.push_back(item);
        }
    }

    pub fn is_finished(&self) -> bool {
        self.items.is_empty()
    }

    pub const fn played_ms(&self) -> u64 {
        self.played * 1000 / RATE as u64
    }
}

fn length(item: &PlayItem) -> usize {
    item.prompt.samples().len() + item.gap_ms as usize * 8
}

const GAIN_MAX_DB: f32 = 6.0;
const PEAK_MAX: f32 = 30_000.0;

#[cfg(test)]
mod tests {
    use super::*;

    fn item(samples: usize, gap_ms: u32) -> PlayItem {
        PlayItem { prompt: Prompt::new(vec![8000; samples]), gap_ms }
    }

    #[test]
    fn a_playlist_lasts_as_long_as_its_parts() {
        for (name, items, frames, played_ms) in [
            ("nothing", vec![], 0, 0),
            ("an empty prompt", vec![item(0, 0)], 0, 0),
            ("a frame", vec![item(160, 0)], 1, 20),
            ("a frame and a sample", vec![item(161, 0)], 2, 20),
            ("two, joined in a frame", vec![item(80, 0), item(80, 0)], 1, 20),
            ("a gap", vec![item(160, 30), item(80, 0)], 3, 60),
            ("a gap alone", vec![item(0, 40)], 2, 40),
        ] {
            let mut player = Player::new(PlayId(1), items, false);
            let mut frame = [0; FRAME];
            let mut count = 0;
            while player.fill(Codec::Pcma, &mut frame) {
                count += 1;
            }
            assert_eq!((count, player.played_ms()), (frames, played_ms), "{name}");
            assert!(player.is_finished());
        }
    }

    #[test]
    fn a_loop_goes_on_and_a_gap_is_silent() {
        let mut player = Player::new(PlayId(1), vec![item(160, 20), item(0, 0)], true);
        let mut frame = [0; FRAME];
        for turn in 0..100 {
            assert!(player.fill(Codec::Pcmu, &mut frame));
            let expected = if turn % 2 == 0 { Codec::Pcmu.encode(8000) } else { 0xFF };
            assert_eq!(frame, [expected; FRAME]);
        }
    }

    #[test]
    fn a_prompt_is_encoded_once_however_many_play_it() {
        let prompt = Prompt::new(vec![1; 10]);
        let again = prompt.clone();
        assert!(std::ptr::eq(prompt.octets(Codec::Pcma), again.octets(Codec::Pcma)));
    }

    #[test]
    fn gain_is_bounded_and_does_not_clip() {
        for (level, gain_db, expected) in
            [(1000, 20.0, 1995), (1000, -20.0, 501), (20_000, 6.0, 29_999), (32_000, 3.0, 32_000)]
        {
            let louder = Prompt::new(vec![level]).amplified(gain_db);
            assert!((louder.samples()[0] - expected).abs() <= 1, "{level} {gain_db} {louder:?}");
        }
    }
}
