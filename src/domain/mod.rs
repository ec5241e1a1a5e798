//! What a follow-up is. Pure values and decisions; no I/O, no async, no clock.
#![deny(clippy::disallowed_methods)]

mod calling;
mod discharge;
mod number_cell;
mod outcome;
mod pacing;
mod retry;
mod state;
mod take;
mod window;
mod word;

pub use calling::{CallingPolicy, Forbidden, History, may_dial};
pub use discharge::{
    Discharge, Disclosure, Disposition, NextOfKin, RawDischarge, Relation, RowFault, Sex, read_date,
};
pub use number_cell::{CellFault, DialledNumber, NumberKind, dial_digits, read_cell};
pub use outcome::{Announcement, Conversation, DialFacts, OUTCOME_VERSION, Outcome};
pub use pacing::Pace;
pub use retry::{Counts, Next, RetryPolicy};
pub use state::{RunState, TaskKind, TaskState};
pub use take::{Take, TakeFault, expected_ms, judge_take};
pub use window::{Calendar, DayKind, DayPart, Window};
