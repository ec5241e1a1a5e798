//! The simulated hospital against the real one: the same decisions, and a month by real calls.

mod ledgers;
mod pair;
mod month;
