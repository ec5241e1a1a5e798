//! Several people heard at once.

use super::{Frame, SILENCE};

/// The sum, held within range: two people seldom shout at the same moment, and a sum
/// keeps each as loud as alone.
pub fn mix<'a>(frames: impl IntoIterator<Item = &'a Frame>) -> Frame {
    let mut sum = SILENCE;
    for frame in frames {
        for (total, sample) in sum.iter_mut().zip(frame) {
            *total = total.saturating_add(*sample);
        }
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::FRAME;

    #[test]
    fn voices_add_up_and_never_wrap() {
        for (levels, expected) in [
            (&[][..], 0),
            (&[5], 5),
            (&[5, -7], -2),
            (&[30_000, 30_000], i16::MAX),
            (&[-30_000; 3], i16::MIN),
        ] {
            let frames: Vec<Frame> = levels.iter().map(|level| [*level; FRAME]).collect();
            assert_eq!(mix(&frames), [expected; FRAME]);
        }
    }
}
