//! What a nurse has read, measured: for the judgement whether it may be kept.

use super::{FRAME, Frame, RATE, active_level_dbm0, level_dbm0, trim};

#[derive(Clone, Debug)]
pub struct TakeSound {
    /// Silence at both ends cut, nothing else changed.
    pub samples: Vec<i16>,
    pub length_ms: u32,
    /// None: only silence.
    pub level_dbm0: Option<f32>,
    pub noise_dbm0: f32,
    pub clipped: f32,
}

/// `raw` holds the silence around the voice too: there the noise is heard.
pub fn take_sound(raw: &[i16]) -> TakeSound {
    let samples = trim(raw).to_vec();
    let level_dbm0 = active_level_dbm0(&samples);
    let at_the_end = samples.iter().filter(|sample| sample.unsigned_abs() >= END_OF_SCALE).count();
    let milliseconds = samples.len() as u64 * 1000 / u64::from(RATE);
    TakeSound {
        length_ms: u32::try_from(milliseconds).unwrap_or(u32::MAX),
        noise_dbm0: quietest_dbm0(raw),
        clipped: at_the_end as f32 / samples.len().max(1) as f32,
        level_dbm0,
        samples,
    }
}

/// The level that a tenth of the frames do not exceed.
fn quietest_dbm0(samples: &[i16]) -> f32 {
    let frames = samples.chunks_exact(FRAME).filter_map(|chunk| Frame::try_from(chunk).ok());
    let mut levels: Vec<f32> = frames.map(|frame| level_dbm0(&frame)).collect();
    levels.sort_by(f32::total_cmp);
    levels.get(levels.len() / 10).copied().unwrap_or(SILENT_DBM0)
}

/// The outermost step of A-law is 32 256, of µ-law 32 124.
const END_OF_SCALE: u16 = 32_000;
const SILENT_DBM0: f32 = -90.0;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::noise::{Noise, speech};

    /// Half a second of room before and after.
    fn in_a_room(voice: &[i16], room: f32) -> Vec<i16> {
        let mut noise = Noise::new(3);
        let mut samples = vec![0; 4000];
        samples.extend(voice);
        samples.extend([0; 4000]);
        let heard = |sample: i16, more: f32| (f32::from(sample) + more) as i16;
        samples.into_iter().map(|sample| heard(sample, room * noise.next())).collect()
    }

    #[test]
    fn a_take_is_measured_without_the_silence_around_it() {
        let voice = speech(1, 2);
        let take = take_sound(&in_a_room(&voice, 4.0));
        assert!(take.length_ms.abs_diff(2000) <= 250, "{}", take.length_ms);
        assert!(take.level_dbm0.is_some_and(|level| (-35.0..-8.0).contains(&level)));
        assert!(take.noise_dbm0 < -60.0, "{}", take.noise_dbm0);
        assert!(take.clipped < 0.001);
    }

    #[test]
    fn silence_noise_and_shouting_are_seen() {
        assert_eq!(take_sound(&[0; 8000]).level_dbm0, None);
        assert_eq!(take_sound(&[]).level_dbm0, None);
        let noisy = take_sound(&in_a_room(&speech(1, 2), 1500.0));
        assert!(noisy.noise_dbm0 > -30.0, "{}", noisy.noise_dbm0);
        let loud: Vec<i16> = speech(2, 2).iter().map(|s| s.saturating_mul(20)).collect();
        assert!(take_sound(&in_a_room(&loud, 4.0)).clipped > 0.001);
    }
}
