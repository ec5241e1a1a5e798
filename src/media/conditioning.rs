//! What makes recordings of any origin sound alike on a telephone: rate, edges, level
//! and pace. For loading time, not for ticks.

use super::{FRAME, Frame, RATE, level_dbm0};

/// To 8 kHz, by a windowed sinc that lets nothing through above half of the lower rate.
pub fn resample(samples: &[i16], rate: u32) -> Vec<i16> {
    if rate == RATE || rate == 0 {
        return samples.to_vec();
    }
    // Output sample n lies at n × rate / 8000 of the input: the fraction repeats with a short
    // period, so each has its filter made once.
    let shared = gcd(rate, RATE);
    let (step, phases) = (u64::from(rate / shared), u64::from(RATE / shared));
    let count = samples.len() as u64 * phases / step;
    let filters: Vec<Vec<f32>> = (0..phases.min(count))
        .map(|n| filter(rate, (n * step % phases) as f64 / phases as f64))
        .collect();
    let Some(reach) = filters.first().map(|taps| (taps.len() / 2 - 1) as i64) else {
        return Vec::new();
    };
    (0..count)
        .zip(filters.iter().cycle())
        .map(|(n, taps)| {
            let first = (n * step / phases) as i64 - reach;
            let (skipped, from) = (first.min(0).unsigned_abs() as usize, first.max(0) as usize);
            let heard = samples.get(from..).unwrap_or(&[]);
            let taps = taps.get(skipped..).unwrap_or(&[]);
            clamp(taps.iter().zip(heard).map(|(tap, sample)| tap * f32::from(*sample)).sum())
        })
        .collect()
}

/// The taps for an output that lies `fraction` of a sample after the tap in the middle.
fn filter(rate: u32, fraction: f64) -> Vec<f32> {
    let ratio = f64::from(rate) / f64::from(RATE);
    // Cut at 3.6 kHz of the 4 that the rate allows: room for the filter's slope.
    let cutoff = 0.9 / ratio.max(1.0);
    let reach = (f64::from(ZERO_CROSSINGS) / cutoff).ceil();
    let weights: Vec<f64> = (-(reach as i64)..=reach as i64 + 1)
        .map(|at| at as f64 - fraction)
        .map(|offset| sinc(offset * cutoff) * window(offset / (reach + 1.0)))
        .collect();
    let sum: f64 = weights.iter().sum();
    weights.into_iter().map(|weight| (weight / sum) as f32).collect()
}

fn gcd(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { gcd(b, a % b) }
}

fn sinc(x: f64) -> f64 {
    let x = x * std::f64::consts::PI;
    if x.abs() < 1e-9 { 1.0 } else { x.sin() / x }
}

/// Hann.
fn window(x: f64) -> f64 {
    0.5 + 0.5 * (std::f64::consts::PI * x.clamp(-1.0, 1.0)).cos()
}

fn clamp(sample: f32) -> i16 {
    sample.round().clamp(-PEAK_MAX, PEAK_MAX) as i16
}

/// Leaves at most 100 ms of silence at either end.
pub fn trim(samples: &[i16]) -> &[i16] {
    let is_loud = |chunk: &[i16]| chunk.iter().any(|sample| sample.unsigned_abs() > AUDIBLE);
    let mut chunks = samples.chunks(FRAME / 2);
    let Some(first) = chunks.position(is_loud) else {
        return &samples[..samples.len().min(EDGE)];
    };
    let last = chunks.rposition(is_loud).map_or(first, |after| first + 1 + after);
    let start = (first * FRAME / 2).saturating_sub(EDGE);
    let end = ((last + 1) * FRAME / 2 + EDGE).min(samples.len());
    &samples[start..end]
}

/// To −18 dBm0 where it speaks; peaks bend before they would clip.
pub fn normalise(samples: &[i16]) -> Vec<i16> {
    let (mut out, mut gain_db) = (samples.to_vec(), 0.0);
    // A limited peak lowers the level, and a faint recording shows its pauses only when
    // it is louder: so look again.
    for _ in 0..ROUNDS {
        let Some(active) = active_level_dbm0(&out) else { break };
        gain_db = (gain_db + LEVEL_DBM0 - active).clamp(-GAIN_MAX_DB, GAIN_MAX_DB);
        let gain = 10.0_f32.powf(gain_db / 20.0);
        out = samples.iter().map(|sample| limit(f32::from(*sample) * gain)).collect();
    }
    out
}

/// Straight up to a knee, then ever flatter.
fn limit(sample: f32) -> i16 {
    let size = sample.abs();
    if size <= KNEE {
        return clamp(sample);
    }
    let room = PEAK_MAX - KNEE;
    clamp(sample.signum() * (KNEE + room * (1.0 - (-(size - KNEE) / room).exp())))
}

/// The mean over the frames in which there is something, after P.56: none in silence.
pub fn active_level_dbm0(samples: &[i16]) -> Option<f32> {
    let levels: Vec<f32> = samples
        .chunks_exact(FRAME)
        .filter_map(|chunk| Frame::try_from(chunk).ok())
        .map(|frame| level_dbm0(&frame))
        .collect();
    let loudest = levels.iter().copied().fold(f32::MIN, f32::max);
    let active: Vec<f32> =
        levels.into_iter().filter(|level| *level > FAINT_DBM0.max(loudest - PAUSE_DB)).collect();
    let power: f32 = active.iter().map(|level| 10.0_f32.powf(level / 10.0)).sum();
    (!active.is_empty()).then(|| 10.0 * (power / active.len() as f32).log10())
}

/// At another pace with the same pitch, for who did not follow the first time (WSOLA:
/// overlapping pieces, each where it fits the one before best).
pub fn paced(samples: &[i16], speed: f32) -> Vec<i16> {
    let speed = speed.clamp(0.5, 2.0);
    if samples.len() < 2 * PIECE || (speed - 1.0).abs() < 0.01 {
        return samples.to_vec();
    }
    let pieces = ((samples.len() - PIECE) as f32 / (HOP as f32 * speed)) as usize;
    let mut out = vec![0.0_f32; pieces * HOP + PIECE];
    let mut at = 0;
    for piece in 0..=pieces {
        let wanted = ((piece * HOP) as f32 * speed) as usize;
        if piece > 0 {
            at = best_fit(samples, at + HOP, wanted);
        }
        let Some(source) = samples.get(at..at + PIECE) else { break };
        let Some(target) = out.get_mut(piece * HOP..piece * HOP + PIECE) else { break };
        for (n, (sum, sample)) in target.iter_mut().zip(source).enumerate() {
            // Two halves of a raised cosine add up to one; the first piece has no other half.
            let fade = 0.5 - 0.5 * (std::f32::consts::TAU * n as f32 / PIECE as f32).cos();
            let weight = if piece == 0 && n < HOP { 1.0 } else { fade };
            *sum += weight * f32::from(*sample);
        }
    }
    out.truncate((samples.len() as f32 / speed) as usize);
    out.into_iter().map(clamp).collect()
}

/// Near `wanted`, where the sound is most like what would follow by itself.
fn best_fit(samples: &[i16], natural: usize, wanted: usize) -> usize {
    let Some(model) = samples.get(natural..natural + HOP) else { return wanted };
    let low = wanted.saturating_sub(SEARCH);
    let high = (wanted + SEARCH).min(samples.len().saturating_sub(PIECE));
    let likeness = |at: usize| -> f32 {
        let candidate = &samples[at..at + HOP];
        let energy: f32 = candidate.iter().map(|a| f32::from(*a) * f32::from(*a)).sum();
        let product: f32 =
            candidate.iter().zip(model).map(|(a, b)| f32::from(*a) * f32::from(*b)).sum();
        product / (energy + 1.0).sqrt()
    };
    (low..=high)
        .step_by(2)
        .map(|at| (at, likeness(at)))
        .max_by(|a, b| a.1.total_cmp(&b.1))
        .map_or(wanted, |(at, _)| at)
}

/// As loud as a voice on the network (ITU-T P.56 levels; carriers complain above −14).
const LEVEL_DBM0: f32 = -18.0;
const GAIN_MAX_DB: f32 = 40.0;
const ROUNDS: usize = 3;
/// Where limiting begins, and where it ends.
const KNEE: f32 = 16_000.0;
const PEAK_MAX: f32 = 30_000.0;
/// Some 50 dB below a voice.
const AUDIBLE: u16 = 100;
const FAINT_DBM0: f32 = -55.0;
/// This far below the loudest frame is a pause.
const PAUSE_DB: f32 = 25.0;
/// 100 ms.
const EDGE: usize = 800;
const ZERO_CROSSINGS: u32 = 24;
/// 40 ms, half overlapping: two periods of the deepest voice.
const PIECE: usize = 320;
const HOP: usize = PIECE / 2;
const SEARCH: usize = 80;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::{goertzel, noise};

    fn sine(hertz: f32, rate: u32, count: usize, amplitude: f32) -> Vec<i16> {
        let step = std::f32::consts::TAU * hertz / rate as f32;
        (0..count).map(|n| (amplitude * (step * n as f32).sin()) as i16).collect()
    }

    /// The amplitude at a frequency.
    fn amplitude(samples: &[i16], hertz: f32) -> f32 {
        let floats: Vec<f32> = samples.iter().map(|sample| f32::from(*sample)).collect();
        let energy = goertzel::energy_at(&floats, goertzel::coefficient(hertz));
        2.0 * energy.max(0.0).sqrt() / floats.len() as f32
    }

    #[test]
    fn resampling_keeps_what_a_telephone_carries_and_folds_nothing_into_it() {
        for rate in [11_025, 16_000, 22_050, 44_100, 48_000] {
            let count = rate as usize / 2;
            let kept = resample(&sine(1000.0, rate, count, 8000.0), rate);
            assert!(kept.len().abs_diff(4000) <= 1, "{rate}");
            assert!((amplitude(&kept[400..3600], 1000.0) - 8000.0).abs() < 200.0, "{rate}");
            let folded = resample(&sine(5000.0, rate, count, 8000.0), rate);
            assert!(amplitude(&folded[400..3600], 3000.0) < 80.0, "{rate}");
        }
        assert_eq!(resample(&[1, 2, 3], 8000), [1, 2, 3]);
        assert!(resample(&[], 48_000).is_empty());
    }

    #[test]
    fn silence_beyond_a_tenth_of_a_second_is_cut() {
        for (lead, tail, expected) in [(0, 0, 1600), (4000, 8000, 3200), (160, 400, 2160)] {
            let mut samples = vec![0; lead];
            samples.extend([5000; 1600]);
            samples.extend(vec![0; tail]);
            assert_eq!(trim(&samples).len(), expected, "{lead} {tail}");
        }
        assert_eq!(trim(&[0; 5000]).len(), EDGE);
        assert_eq!(trim(&[]).len(), 0);
    }

    #[test]
    fn every_prompt_comes_out_equally_loud() {
        for gain in [0.03, 0.3, 1.0, 2.0] {
            let speech = noise::speech(1, 10);
            let made: Vec<i16> = speech.iter().map(|s| clamp(f32::from(*s) * gain)).collect();
            let level = active_level_dbm0(&normalise(&made)).unwrap();
            assert!((level + 18.0).abs() <= 2.0, "{gain}: {level} dBm0");
        }
        assert_eq!(normalise(&[0; 500]), [0; 500]);
    }

    #[test]
    fn a_slower_prompt_is_longer_and_no_deeper() {
        let samples = sine(440.0, RATE, 16_000, 8000.0);
        for speed in [0.85, 0.7, 1.2] {
            let out = paced(&samples, speed);
            let expected = (16_000.0 / speed) as usize;
            assert!(out.len().abs_diff(expected) <= PIECE, "{speed}: {}", out.len());
            let middle = &out[1000..out.len() - 1000];
            assert!(amplitude(middle, 440.0) > 6500.0, "{speed}: {}", amplitude(middle, 440.0));
        }
        assert_eq!(paced(&[1; 100], 0.85), [1; 100]);
    }
}
