//! The layers, lowest first. A module may use those above it in this list, never
//! those below; `tests/it/architecture/` holds us to it.

pub mod base;
pub mod config;
pub mod domain;
pub mod his;
pub mod sip;
pub mod media;
pub mod ivr;
pub mod stats;
pub mod store;
pub mod app;
pub mod engine;
pub mod sim;
pub mod web;
