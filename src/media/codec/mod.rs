//! G.711, the two forms of it that every telephone speaks (ITU-T G.711).
//!
//! The tables are made when we are compiled, so the packet path only looks up.

mod pcma;
mod pcmu;

use super::{FRAME, Frame};

#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Codec {
    /// A-law: China, Europe.
    Pcma,
    /// µ-law: North America, and old PBXs.
    Pcmu,
}

impl Codec {
    /// By the static payload type (RFC 3551 §6).
    pub const fn from_payload_type(payload_type: u8) -> Option<Self> {
        match payload_type {
            0 => Some(Self::Pcmu),
            8 => Some(Self::Pcma),
            _ => None,
        }
    }

    pub const fn payload_type(self) -> u8 {
        match self {
            Self::Pcmu => 0,
            Self::Pcma => 8,
        }
    }

    /// As SDP spells it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pcmu => "PCMU",
            Self::Pcma => "PCMA",
        }
    }

    /// The octet of zero amplitude.
    pub const fn silence(self) -> u8 {
        match self {
            Self::Pcmu => 0xFF,
            Self::Pcma => 0xD5,
        }
    }

    pub const fn encode(self, sample: i16) -> u8 {
        match self {
            Self::Pcmu => pcmu::encode(sample),
            Self::Pcma => pcma::encode(sample),
        }
    }

    pub const fn decode(self, octet: u8) -> i16 {
        match self {
            Self::Pcmu => pcmu::decode(octet),
            Self::Pcma => pcma::decode(octet),
        }
    }

    pub fn encode_frame(self, frame: &Frame) -> [u8; FRAME] {
        frame.map(|sample| self.encode(sample))
    }

    pub fn decode_frame(self, octets: &[u8; FRAME]) -> Frame {
        octets.map(|octet| self.decode(octet))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_decoded_encodes_to_itself() {
        for codec in [Codec::Pcma, Codec::Pcmu] {
            for octet in 0..=255 {
                let again = codec.encode(codec.decode(octet));
                // µ-law has two zeroes.
                let expected = if (codec, octet) == (Codec::Pcmu, 0x7F) { 0xFF } else { octet };
                assert_eq!(again, expected, "{codec:?} {octet:#04x}");
            }
        }
    }

    #[test]
    fn silence_is_silent_and_payload_types_go_both_ways() {
        for codec in [Codec::Pcma, Codec::Pcmu] {
            assert!(codec.decode(codec.silence()).abs() <= 8, "{codec:?}");
            assert_eq!(codec.encode(0), codec.silence());
            assert_eq!(Codec::from_payload_type(codec.payload_type()), Some(codec));
        }
        assert_eq!(Codec::from_payload_type(101), None);
    }

    #[test]
    fn no_sample_moves_further_than_half_a_step_of_its_segment() {
        for codec in [Codec::Pcma, Codec::Pcmu] {
            for sample in i16::MIN..=i16::MAX {
                let error =
                    (i32::from(codec.decode(codec.encode(sample))) - i32::from(sample)).abs();
                let clipped = (i32::from(sample).abs() - 32_124).max(0);
                let step = (i32::from(sample).abs() / 32).max(8) + clipped;
                assert!(error <= step + 8, "{codec:?} {sample}: {error}");
            }
        }
    }
}
