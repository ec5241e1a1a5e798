//! SIP without sockets (RFC 3261). Knows nothing of patients, tasks or tokio.
#![deny(clippy::disallowed_methods)]

pub mod message;
pub mod transaction;
pub mod transfer;
pub mod auth;
pub mod dialog;
pub mod sdp;
pub mod endpoint;
pub mod gate;
pub mod early_media;
pub mod invite;
pub mod session_timer;
pub mod health;
pub mod registrar;
pub mod registration;

#[cfg(test)]
mod walks;
