//! What the recorder gets: each tick one frame of both sides, whatever came or went.

use super::{FRAME, Frame};

/// Left the far side, right ours, interleaved.
pub type StereoFrame = [i16; 2 * FRAME];

#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Tap {
    #[default]
    Off,
    On,
    /// Writes silence, so that what follows keeps its place.
    Paused,
}

impl Tap {
    pub fn take(self, far: &Frame, ours: &Frame) -> Option<StereoFrame> {
        match self {
            Self::Off => None,
            Self::Paused => Some([0; 2 * FRAME]),
            Self::On => {
                let mut both = [0; 2 * FRAME];
                for (pair, (far, ours)) in both.chunks_exact_mut(2).zip(far.iter().zip(ours)) {
                    (pair[0], pair[1]) = (*far, *ours);
                }
                Some(both)
            }
        }
    }
}
