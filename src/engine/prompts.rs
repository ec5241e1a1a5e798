//! Prompts from WAV files, made alike and kept: every call shares one copy.

use std::{
    collections::HashMap,
    fs, io,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use hound::{SampleFormat, WavReader, WavSpec, WavWriter};

use crate::media::{Codec, Prompt, RATE, normalise, paced, resample, trim};

#[derive(Debug, Default)]
pub struct Prompts {
    known: Mutex<HashMap<PathBuf, Prompt>>,
}

#[derive(Debug, thiserror::Error)]
pub enum PromptError {
    #[error("{path}: {source}")]
    Wav { path: PathBuf, source: hound::Error },
    #[error("{path}: {bits} bits a sample in {channels} channels, not 16 in one or two")]
    Form { path: PathBuf, bits: u16, channels: u16 },
    #[error("{path}: longer than ten minutes")]
    Length { path: PathBuf },
}

impl Prompts {
    /// Reads the file when it is first asked for. Takes as long as a disk does: for
    /// start-up and `spawn_blocking`.
    pub fn load(&self, path: &Path) -> Result<Prompt, PromptError> {
        let known = || self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(prompt) = known().get(path) {
            return Ok(prompt.clone());
        }
        let prompt = read(path)?;
        // The trunks' codec; the other is encoded if anybody asks.
        prompt.octets(Codec::Pcma);
        Ok(known().entry(path.to_owned()).or_insert(prompt).clone())
    }

    /// After a file was replaced.
    pub fn forget(&self, path: &Path) {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).remove(path);
    }
}

/// For who asked to hear it again: 0.85 is markedly slower and still natural.
pub fn slower(prompt: &Prompt, speed: f32) -> Prompt {
    Prompt::new(paced(prompt.samples(), speed))
}

/// A file that can be a prompt: 16 bits, one or two channels, not too long.
fn open(path: &Path) -> Result<(WavReader<io::BufReader<fs::File>>, WavSpec), PromptError> {
    let wav = |source| PromptError::Wav { path: path.to_owned(), source };
    let reader = WavReader::open(path).map_err(wav)?;
    let spec = reader.spec();
    let (bits, channels) = (spec.bits_per_sample, spec.channels);
    if (bits, spec.sample_format) != (16, SampleFormat::Int) || !(1..=2).contains(&channels) {
        return Err(PromptError::Form { path: path.to_owned(), bits, channels });
    }
    if reader.duration() / spec.sample_rate.max(1) > LENGTH_MAX_S {
        return Err(PromptError::Length { path: path.to_owned() });
    }
    Ok((reader, spec))
}

/// From disk, made alike; kept by nobody.
pub(super) fn read(path: &Path) -> Result<Prompt, PromptError> {
    let wav = |source| PromptError::Wav { path: path.to_owned(), source };
    let (mut reader, spec) = open(path)?;
    let channels = spec.channels;
    let samples = reader.samples::<i16>().collect::<Result<Vec<_>, _>>().map_err(wav)?;
    let mono: Vec<i16> = samples
        .chunks_exact(channels.into())
        .map(|both| (both.iter().map(|s| i32::from(*s)).sum::<i32>() / i32::from(channels)) as i16)
        .collect();
    let telephone = resample(&mono, spec.sample_rate);
    Ok(Prompt::new(normalise(trim(&telephone))))
}

/// The far side of a recording of ours: the left channel.
pub(super) fn far_side(path: &Path) -> Result<Vec<i16>, PromptError> {
    let wav = |source| PromptError::Wav { path: path.to_owned(), source };
    let mut reader = WavReader::open(path).map_err(wav)?;
    let channels = usize::from(reader.spec().channels.max(1));
    let left = reader.samples::<i16>().step_by(channels);
    left.collect::<Result<_, _>>().map_err(wav)
}

/// What is heard in a recording, at 8 kHz: of two channels the left, which is the far side in
/// recordings of ours. Neither trimmed nor made louder.
///
/// # Errors
/// When it is no WAV file of 16 bits, or longer than ten minutes.
pub fn far_sound(path: &Path) -> Result<Vec<i16>, PromptError> {
    let wav = |source| PromptError::Wav { path: path.to_owned(), source };
    let (mut reader, spec) = open(path)?;
    let left = reader.samples::<i16>().step_by(spec.channels.into());
    let samples: Vec<i16> = left.collect::<Result<_, _>>().map_err(wav)?;
    Ok(resample(&samples, spec.sample_rate))
}

/// A prompt as a WAV file in memory, for the page's player.
pub fn wav_bytes(samples: &[i16]) -> Vec<u8> {
    let mut bytes = io::Cursor::new(Vec::new());
    let written = WavWriter::new(&mut bytes, TELEPHONE).and_then(|mut writer| {
        samples.iter().try_for_each(|sample| writer.write_sample(*sample))?;
        writer.finalize()
    });
    written.expect("memory takes what a prompt holds");
    bytes.into_inner()
}

const TELEPHONE: WavSpec = WavSpec {
    channels: 1,
    sample_rate: RATE,
    bits_per_sample: 16,
    sample_format: SampleFormat::Int,
};

/// Music on hold is the longest.
const LENGTH_MAX_S: u32 = 600;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{engine::recorder::scratch::Scratch, media::active_level_dbm0};
    use hound::{WavSpec, WavWriter};

    fn write(path: &Path, sample_rate: u32, channels: u16, bits_per_sample: u16) {
        let spec =
            WavSpec { channels, sample_rate, bits_per_sample, sample_format: SampleFormat::Int };
        let mut writer = WavWriter::create(path, spec).unwrap();
        for n in 0..sample_rate * 2 {
            let is_sound = n > sample_rate / 2 && n < sample_rate * 3 / 2;
            let phase = std::f32::consts::TAU * 800.0 * n as f32 / sample_rate as f32;
            let sample = if is_sound { 90.0 * phase.sin() } else { 0.0 };
            for _ in 0..channels {
                writer.write_sample((sample * f32::from(bits_per_sample)) as i32).ok();
            }
        }
        writer.finalize().unwrap();
    }

    #[test]
    fn prompts_of_any_origin_come_out_alike() {
        let folder = Scratch::new("prompts");
        for (rate, channels) in [(8000, 1), (16_000, 1), (44_100, 2), (48_000, 2)] {
            let path = folder.join(format!("{rate}.wav"));
            write(&path, rate, channels, 16);
            let prompts = Prompts::default();
            let prompt = prompts.load(&path).unwrap();
            assert!(prompt.duration_ms().abs_diff(1200) <= 20, "{rate}: {prompt:?}");
            let level = active_level_dbm0(prompt.samples()).unwrap();
            assert!((level + 18.0).abs() < 2.0, "{rate}: {level}");
            let again = prompts.load(&path).unwrap();
            assert!(std::ptr::eq(again.samples(), prompt.samples()));
            let slow = slower(&prompt, 0.85).duration_ms();
            assert!(slow.abs_diff(1412) < 50, "{slow}");
        }
    }

    #[test]
    fn what_is_no_prompt_says_why() {
        let folder = Scratch::new("no_prompts");
        let path = folder.join("deep.wav");
        write(&path, 8000, 1, 24);
        let said = |path: &Path| Prompts::default().load(path).unwrap_err().to_string();
        assert!(said(&path).contains("24 bits"));
        assert!(said(&folder.join("absent.wav")).contains("absent.wav"));
    }
}
