//! RTP audio without sockets. Knows nothing of SIP, patients or tokio.
#![deny(clippy::disallowed_methods)]

pub mod announcement;
mod cadence;
mod codec;
mod conditioning;
mod dtmf;
mod goertzel;
mod jitter;
mod key_source;
mod key_press;
mod level;
mod machine_tone;
mod mixer;
#[cfg(test)]
mod noise;
mod prompt;
mod rtcp;
mod rtp;
mod session;
mod srtp;
mod take;
mod tap;
mod tones;

pub use cadence::{CadenceClassifier, ToneChange};
pub use codec::Codec;
pub use conditioning::{active_level_dbm0, normalise, paced, resample, trim};
pub use dtmf::{EventDecoder, EventError};
pub use goertzel::KeyDetector;
pub use jitter::{JitterBuffer, JitterCounts};
pub use key_press::EventSender;
pub use key_source::{KeyMerge, KeySource};
pub use level::{SpeechChange, SpeechDetector, level_dbm0};
pub use machine_tone::{MachineDetector, MachineTone};
pub use mixer::mix;
pub use prompt::{PlayId, PlayItem, Player, Prompt};
pub use rtcp::NtpAnchor;
pub use session::{
    Datagram, Direction, Event, Remote, Session, SessionConfig, SessionStats, TickOutput,
};
pub use srtp::{MasterKey, Opener, Sealer, Srtp, SrtpError, SrtpSuite};
pub use take::{TakeSound, take_sound};
pub use tap::{StereoFrame, Tap};
pub use tones::{Tone, ToneGenerator};

/// 20 ms of sound.
pub type Frame = [i16; FRAME];

/// Telephones sample 8000 times a second.
pub const RATE: u32 = 8000;
/// Everybody sends 20 ms unless told otherwise, and so do we.
pub const TICK_MS: u64 = 20;
pub const FRAME: usize = 160;
pub const SILENCE: Frame = [0; FRAME];
