//! The tokio half: sockets, timers, one task per call. Decides nothing itself.

mod clock;
mod media_thread;
mod ports;
mod prompts;
mod recorder;
mod recording_repair;

pub use clock::{Clock, ManualClock, SystemClock};
pub use media_thread::{
    FinalStats, LegEvent, LegKey, MediaError, MediaEvent, MediaHandle, MediaMetrics, MediaSettings,
    MediaStepper, MediaThreads, OpenLeg,
};
pub use ports::{PortLease, PortPool};
pub use prompts::{PromptError, Prompts, slower};
pub use recorder::{
    Recorder, RecorderMetrics, Recording, RecordingDone, RecordingError, RecordingFeed,
};
pub use recording_repair::{RepairError, Repaired, repair};
