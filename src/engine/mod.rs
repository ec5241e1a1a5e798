//! The tokio half: sockets, timers, one task per call. Decides nothing itself.

mod acd;
mod announcements;
mod backup;
mod call;
mod clock;
mod core;
mod control;
mod dialer;
mod desk;
mod disk;
mod duty;
mod incoming;
mod intake;
mod janitor;
mod journal;
mod live;
mod media_thread;
mod planner;
mod phones;
mod ports;
mod postgres;
mod prompts;
mod recorder;
mod recording_repair;
mod repertoire;
mod retention;
mod ring_test;
mod run_content;
mod secret_key;
mod series;
mod server;
mod signalling;
mod sources;
mod stop_switch;
mod studio;
mod syslog;
mod tls;
mod trace;
mod trunk_test;
mod trunks;
mod tts;
mod verify;

pub use acd::AcdBoard;
pub use announcements::Announcements;
pub use backup::{BackupError, Made, Manifest, Restored, make_backup, restore};
pub use call::{
    Act, ActError, CallHandle, Colleague, Command as CallCommand, Contact, Dial, DialError,
    DialPurpose, Disposition, Done, Ending, Line, Party, dial,
};
pub use clock::{Clock, Hold, ManualClock, PacedClock, SystemClock, hold, sleep};
pub use control::{
    Reply, Request as ControlRequest, ask as ask_server, reload, serve_control, stop_all,
};
pub use core::{Core, Counters, Parts, interface_flow};
use desk::agent_phone;
pub use desk::{DeskAct, DeskDial, Whom, act_in, click_to_dial};
pub use dialer::{cancel_number, run_dialler, toll_class};
pub use disk::free_mib;
pub use incoming::serve_incoming;
pub use janitor::Ticks;
pub use journal::{Journal, JournalFull};
pub use live::{LiveBoard, LiveCall, LiveParty};
pub use media_thread::{
    FinalStats, LEGS_FIRST, LegEvent, LegKey, MediaError, MediaEvent, MediaHandle, MediaMetrics,
    MediaSettings, MediaStepper, MediaThreads, OpenLeg,
};
pub use phones::PhoneBoard;
pub use ports::{PortLease, PortPool};
pub use postgres::{ClusterError, Postgres, Tools};
pub use prompts::{PromptError, Prompts, far_sound, slower, wav_bytes};
pub use recorder::{
    Recorder, RecorderMetrics, Recording, RecordingDone, RecordingError, RecordingFeed,
};
use recording_repair::file_sha256;
pub use recording_repair::{RepairError, Repaired, repair};
pub use repertoire::{first_questions, kept_lines, prompt_counts, speaker, standing};
pub use retention::{erase_old_recordings, remove_recording};
pub use ring_test::{RingWish, ring};
pub use run_content::new_run;
pub use server::{
    Server, Sound, StartError, load_library, media_settings, open_database, read_sources,
};
pub use signalling::{
    Certificates, Doors, Incoming, Mailbox, SignallingConfig, SignallingGone, SignallingHandle,
    StreamLimits, start as start_signalling,
};
pub use sources::{HL7_INTERFACE, SourceClock, try_source};
use studio::way_to;
pub use studio::{
    StudioBoard, StudioScript, StudioSession, StudioWish, Target, Wanted, record_prompts,
};
pub use tls::{Tls, TlsCaller, TlsError};
pub use trace::{
    Passage, Reading, RtpFacts, Trace, TraceCounters, TraceHandle, TraceMessage, TraceNotes,
    erase_old_messages, ladder, pcap, read_trace,
};
pub use trunks::{TrunkBoard, TrunkState, start_trunks};
pub use tts::{Voice, VoiceError};
pub use verify::{Verified, VerifyError, verify};
