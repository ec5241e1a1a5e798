//! What is kept of an announcement: its prints each 10 ms, and which bits of them can be
//! trusted, because every sample of it has them.

use super::print::{BITS, Print, Printer};
use crate::media::{FRAME, Frame, RATE};

/// One announcement, as learnt from several recordings of it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Template {
    pub(super) moments: Vec<Moment>,
}

/// 10 ms of it.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Moment {
    pub(super) bits: u32,
    pub(super) trusted: u32,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum LearnError {
    #[error("an announcement is learnt from at least {SAMPLES_MIN} recordings, not {0}")]
    TooFew(usize),
    #[error("at most {SAMPLES_MAX} recordings at once, not {0}")]
    TooMany(usize),
    #[error("recording {0} is longer than {LENGTH_MAX_S} s")]
    TooLong(usize),
    #[error("recording {0} is not the same announcement as the first")]
    Different(usize),
    #[error("the recordings share less than {} ms of sound", 10 * MOMENTS_MIN)]
    TooShort,
    #[error("{0} bytes are no learnt announcement")]
    Bytes(usize),
}

impl Template {
    /// From recordings at 8 kHz of one and the same announcement. They may begin anywhere,
    /// and have a tune before it; what all of them share is the announcement.
    ///
    /// # Errors
    /// When they are too few, or not of the same announcement.
    pub fn learn(samples: &[Vec<i16>]) -> Result<Self, LearnError> {
        match samples.len() {
            n if n < SAMPLES_MIN => return Err(LearnError::TooFew(n)),
            n if n > SAMPLES_MAX => return Err(LearnError::TooMany(n)),
            _ => {}
        }
        let longest = LENGTH_MAX_S * RATE as usize;
        if let Some(at) = samples.iter().position(|it| it.len() > longest) {
            return Err(LearnError::TooLong(at + 1));
        }
        let prints: Vec<Vec<Print>> = samples.iter().map(|it| prints(it)).collect();
        let Some((first, others)) = prints.split_first() else { return Err(LearnError::TooFew(0)) };
        let mut aligned = vec![(0, first.as_slice())];
        for (n, other) in others.iter().enumerate() {
            let lag = best_lag(first, other).ok_or(LearnError::Different(n + 2))?;
            aligned.push((lag, other));
        }
        let moments = shared(&aligned);
        if moments.len() < MOMENTS_MIN {
            return Err(LearnError::TooShort);
        }
        Ok(Self { moments })
    }

    /// How long it is, in milliseconds.
    pub const fn length_ms(&self) -> usize {
        self.moments.len() * 10
    }

    /// For a database: eight octets a moment.
    pub fn to_bytes(&self) -> Vec<u8> {
        let octets = |it: &Moment| [it.bits.to_be_bytes(), it.trusted.to_be_bytes()].concat();
        self.moments.iter().flat_map(octets).collect()
    }

    /// # Errors
    /// When they were never made by [`to_bytes`](Self::to_bytes).
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, LearnError> {
        let (moments, rest) = bytes.as_chunks::<8>();
        let length = moments.len();
        if !rest.is_empty() || !(MOMENTS_MIN..=LENGTH_MAX_S * 100).contains(&length) {
            return Err(LearnError::Bytes(bytes.len()));
        }
        let moment = |&[a, b, c, d, e, f, g, h]: &[u8; 8]| Moment {
            bits: u32::from_be_bytes([a, b, c, d]),
            trusted: u32::from_be_bytes([e, f, g, h]),
        };
        Ok(Self { moments: moments.iter().map(moment).collect() })
    }
}

/// Each 10 ms: those of the frames as they are, and those of frames half a frame later.
fn prints(samples: &[i16]) -> Vec<Print> {
    let of = |samples: &[i16]| -> Vec<Print> {
        let mut printer = Printer::default();
        let frames = samples.as_chunks::<FRAME>().0;
        frames.iter().map(|frame: &Frame| printer.push(frame)).collect()
    };
    let (whole, half) = (of(samples), of(samples.get(FRAME / 2..).unwrap_or_default()));
    whole.into_iter().zip(half).flat_map(|(a, b)| [a, b]).collect()
}

/// By how much the other one is later, where their bits agree most.
fn best_lag(first: &[Print], other: &[Print]) -> Option<isize> {
    let (least, most) = (-(first.len().cast_signed()), other.len().cast_signed());
    let surplus = |lag: isize| -> i32 {
        let pairs = overlap(first, other, lag);
        pairs.map(|(a, b)| CHANCE - (a.bits ^ b.bits).count_ones().cast_signed()).sum()
    };
    let (lag, won) =
        (least..most).map(|lag| (lag, surplus(lag))).max_by_key(|(_, surplus)| *surplus)?;
    // A second in which a quarter of the bits differ, not a half.
    (won >= 100 * CHANCE / 2).then_some(lag)
}

/// Moments at which both have something to say.
fn overlap<'a>(
    first: &'a [Print],
    other: &'a [Print],
    lag: isize,
) -> impl Iterator<Item = (&'a Print, &'a Print)> {
    let (skip_first, skip_other) = ((-lag).max(0).unsigned_abs(), lag.max(0).unsigned_abs());
    let first = first.get(skip_first..).unwrap_or_default();
    let other = other.get(skip_other..).unwrap_or_default();
    first.iter().zip(other).filter(|(a, b)| !a.is_quiet && !b.is_quiet)
}

/// From the first to the last moment around which the recordings agree.
fn shared(aligned: &[(isize, &[Print])]) -> Vec<Moment> {
    let length = aligned.first().map_or(0, |(_, first)| first.len());
    let mut moments = Vec::with_capacity(length);
    let mut doubts = Vec::with_capacity(length);
    for at in 0..length.cast_signed() {
        let here = |(lag, prints): &(isize, &[Print])| {
            usize::try_from(at + lag).ok().and_then(|at| prints.get(at).copied())
        };
        let heard: Vec<Print> = aligned.iter().filter_map(here).collect();
        let all = heard.iter().fold(u32::MAX, |all, it| all & it.bits);
        let any = heard.iter().fold(0, |any, it| any | it.bits);
        let is_told = heard.len() == aligned.len() && heard.iter().all(|it| !it.is_quiet);
        let trusted = if is_told { !(all ^ any) & MASK } else { 0 };
        moments.push(Moment { bits: all & trusted, trusted });
        doubts.push(is_told.then_some(trusted.count_ones()));
    }
    let is_shared = |at: usize| {
        let around = doubts.get(at.saturating_sub(AROUND)..(at + AROUND).min(length));
        let told: Vec<u32> = around.unwrap_or_default().iter().copied().flatten().collect();
        // Of 24 bits of three strangers six agree by chance.
        told.len() >= AROUND / 2 && told.iter().sum::<u32>() >= TRUSTED_MIN * told.len() as u32
    };
    let agreed: Vec<bool> = (0..length).map(is_shared).collect();
    for (moment, is_shared) in moments.iter_mut().zip(&agreed) {
        if !is_shared {
            *moment = Moment::default();
        }
    }
    let is_told = |moment: &Moment| moment.trusted != 0;
    let Some(from) = moments.iter().position(is_told) else { return Vec::new() };
    let to = moments.iter().rposition(is_told).unwrap_or(from);
    moments.get(from..=to).unwrap_or_default().to_vec()
}

const MASK: u32 = (1 << BITS) - 1;
/// Of 24 bits, so many differ between two strangers.
const CHANCE: i32 = BITS as i32 / 2;
/// 300 ms before and after.
const AROUND: usize = 30;
const TRUSTED_MIN: u32 = 10;
/// One may be damaged, and two may be damaged alike.
pub const SAMPLES_MIN: usize = 3;
/// More teach nothing.
pub const SAMPLES_MAX: usize = 20;
/// The longest that carriers play, twice over.
pub const LENGTH_MAX_S: usize = 60;
/// Shorter would be found in every other sentence: 1.2 s.
const MOMENTS_MIN: usize = 120;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::noise::speech;

    fn spoken(seed: u64, lead: usize) -> Vec<i16> {
        let mut samples = vec![0; lead];
        samples.extend(speech(seed, 4));
        samples
    }

    #[test]
    fn what_cannot_be_learnt_from_says_why() {
        let same = |lead| spoken(1, lead);
        for (samples, error) in [
            (vec![], LearnError::TooFew(0)),
            (vec![same(0), same(800)], LearnError::TooFew(2)),
            (vec![same(0); 21], LearnError::TooMany(21)),
            (vec![same(0), same(800), spoken(2, 0)], LearnError::Different(3)),
            (vec![vec![0; 9000]; 3], LearnError::Different(2)),
            (vec![vec![]; 3], LearnError::Different(2)),
            (vec![same(0), vec![0; 61 * 8000], same(0)], LearnError::TooLong(2)),
        ] {
            assert_eq!(Template::learn(&samples), Err(error));
        }
    }

    #[test]
    fn what_is_learnt_is_what_all_recordings_share_and_survives_the_database() {
        let mut behind_a_voice = speech(7, 3);
        behind_a_voice.extend(spoken(1, 0));
        let samples = [spoken(1, 0), spoken(1, 3333), behind_a_voice];
        let template = Template::learn(&samples).unwrap();
        assert!((3000..4300).contains(&template.length_ms()), "{} ms", template.length_ms());
        let bytes = template.to_bytes();
        assert_eq!(Template::from_bytes(&bytes), Ok(template));
        for bytes in [&bytes[..7], &bytes[..800], &[], &[0; 8 * 6001][..]] {
            assert_eq!(Template::from_bytes(bytes), Err(LearnError::Bytes(bytes.len())));
        }
    }
}
