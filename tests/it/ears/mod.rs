//! What we hear in the sound itself: keys, tones, announcements. Measured on sound made
//! here (espeak-ng speaks, nothing is recorded), through what a line does to it.
//!
//! The samples in the suite are small; the long ones are ignored tests, for `make torture`.
//! `docs/EARS.md` has the figures.

mod corpus;
mod announcements;
mod keys;
mod tones;
