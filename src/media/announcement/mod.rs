//! Announcements of carriers before the answer: known again by their sound, as learnt from
//! a few labelled calls. It is the same recording each time, so it is not understood but
//! recognised; whatever was not learnt is unknown.

mod listener;
mod print;
mod tail;
mod template;

pub use listener::{Heard, Library, LibraryFull, Listener, Verdict};
pub use template::{LENGTH_MAX_S, LearnError, SAMPLES_MAX, SAMPLES_MIN, Template};
