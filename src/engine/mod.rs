//! The tokio half: sockets, timers, one task per call. Decides nothing itself.

mod call;
mod clock;
mod core;
mod control;
mod dialer;
mod disk;
mod incoming;
mod janitor;
mod journal;
mod live;
mod media_thread;
mod planner;
mod ports;
mod postgres;
mod prompts;
mod recorder;
mod recording_repair;
mod run_content;
mod server;
mod signalling;
mod tls;
mod trunks;
mod tts;

pub use call::{CallHandle, Command as CallCommand, Dial, DialError, DialPurpose, Ending, dial};
pub use clock::{Clock, ManualClock, SystemClock};
pub use control::{
    Reply, Request as ControlRequest, ask as ask_server, reload, serve_control, stop_all,
};
pub use core::{Core, Counters, Parts, interface_flow};
pub use dialer::run_dialler;
pub use disk::free_mib;
pub use incoming::serve_incoming;
pub use janitor::Ticks;
pub use journal::{Journal, JournalFull};
pub use live::{LiveBoard, LiveCall};
pub use media_thread::{
    FinalStats, LegEvent, LegKey, MediaError, MediaEvent, MediaHandle, MediaMetrics, MediaSettings,
    MediaStepper, MediaThreads, OpenLeg,
};
pub use ports::{PortLease, PortPool};
pub use postgres::{ClusterError, Postgres};
pub use prompts::{PromptError, Prompts, slower};
pub use recorder::{
    Recorder, RecorderMetrics, Recording, RecordingDone, RecordingError, RecordingFeed,
};
pub use recording_repair::{RepairError, Repaired, repair};
pub use run_content::new_run;
pub use server::{Server, StartError, load_library, open_database, read_sources};
pub use signalling::{
    Incoming, Mailbox, SignallingConfig, SignallingGone, SignallingHandle,
    start as start_signalling,
};
pub use tls::{Tls, TlsError};
pub use trunks::{TrunkBoard, TrunkState, start_trunks};
pub use tts::{Voice, VoiceError, text_sha256};
