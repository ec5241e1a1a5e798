//! A recording's loudness over its length, for the player's picture: peaks of both
//! channels in as many steps as a screen is wide.

use serde::Serialize;
use utoipa::ToSchema;

#[derive(Debug, Default, PartialEq, Serialize, ToSchema)]
pub(super) struct WaveformView {
    pub(super) duration_ms: u64,
    /// 0 to 100 of full scale; what the patient said.
    pub(super) patient: Vec<u8>,
    /// What we said.
    pub(super) hospital: Vec<u8>,
}

/// Of a WAV file with 16 bits a sample; `None`: it is none.
pub(super) fn peaks(wav: &[u8], steps: usize) -> Option<WaveformView> {
    let (format, samples) = chunks(wav)?;
    let field = |at: usize| Some(u16::from_le_bytes([*format.get(at)?, *format.get(at + 1)?]));
    let channels = usize::from(field(2)?);
    let rate = u64::from(field(4)?) + (u64::from(field(6)?) << 16);
    if field(14)? != 16 || !(1..=2).contains(&channels) || rate == 0 {
        return None;
    }
    let frames = samples.len() / (2 * channels);
    let step = frames.div_ceil(steps.max(1)).max(1);
    let mut view =
        WaveformView { duration_ms: frames as u64 * 1000 / rate, ..WaveformView::default() };
    for part in samples[..frames * 2 * channels].chunks(step * 2 * channels) {
        view.patient.push(peak(part, 0, channels));
        view.hospital.push(peak(part, channels - 1, channels));
    }
    Some(view)
}

fn peak(part: &[u8], channel: usize, channels: usize) -> u8 {
    let frames = part.chunks_exact(2 * channels);
    let values = frames.map(|frame| {
        i16::from_le_bytes([frame[2 * channel], frame[2 * channel + 1]]).unsigned_abs()
    });
    let percent = u32::from(values.max().unwrap_or_default()) * 100 / 32_768;
    u8::try_from(percent).unwrap_or(100)
}

/// The format chunk and the samples. A file that is still written says a length of 0 or
/// too much: then the samples reach to its end.
fn chunks(wav: &[u8]) -> Option<(&[u8], &[u8])> {
    if wav.get(..4)? != b"RIFF" || wav.get(8..12)? != b"WAVE" {
        return None;
    }
    let (mut at, mut format) = (12, None);
    loop {
        let name = wav.get(at..at + 4)?;
        let len = u32::from_le_bytes(wav.get(at + 4..at + 8)?.try_into().ok()?) as usize;
        let body = &wav[at + 8..];
        match name {
            b"fmt " => format = Some(body.get(..len)?),
            b"data" => return Some((format?, &body[..len.min(body.len())])),
            _ => {}
        }
        at += 8 + len + len % 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wav(frames: &[(i16, i16)]) -> Vec<u8> {
        let mut bytes = b"RIFF\0\0\0\0WAVEfmt ".to_vec();
        bytes.extend(16_u32.to_le_bytes());
        for word in [1_u16, 2, 8000, 0, 32_000, 0, 4, 16] {
            bytes.extend(word.to_le_bytes());
        }
        bytes.extend(b"data");
        bytes.extend((frames.len() as u32 * 4).to_le_bytes());
        for (left, right) in frames {
            bytes.extend(left.to_le_bytes());
            bytes.extend(right.to_le_bytes());
        }
        bytes
    }

    #[test]
    fn both_channels_show_their_peaks() {
        let mut frames = vec![(0, 0); 8000];
        frames[1000] = (i16::MIN, 0);
        frames[7000] = (0, 16_384);
        let view = peaks(&wav(&frames), 4).unwrap();
        assert_eq!(view.duration_ms, 1000);
        assert_eq!(view.patient, [100, 0, 0, 0]);
        assert_eq!(view.hospital, [0, 0, 0, 50]);
    }

    #[test]
    fn what_is_no_recording_has_no_picture() {
        let whole = wav(&[(1, 1); 10]);
        for end in 0..44 {
            assert_eq!(peaks(&whole[..end.min(whole.len())], 4), None, "{end}");
        }
        assert_eq!(peaks(b"RIFF....OGG.", 4), None);
        assert_eq!(peaks(&wav(&[]), 4).unwrap().patient, Vec::<u8>::new());
    }
}
