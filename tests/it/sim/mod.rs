//! The simulated hospital against the real one: the same decisions.

mod ledgers;
mod pair;
