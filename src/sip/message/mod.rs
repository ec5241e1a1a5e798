//! Messages as bytes and as values (RFC 3261 §7, §20, §25).
//!
//! The one place where `rsip` may be named. rsip 0.4 is right about the words of the
//! protocol (methods, transports, status codes) and wrong about the wire (see
//! `rsip_limits`), so bytes are read and written here.

mod auth_header;
mod body;
mod build;
mod check;
mod error;
mod headers;
mod lex;
mod method;
mod name_addr;
mod parse;
mod redact;
mod sketch;
mod status;
mod stream;
mod uri;
mod via;

pub use auth_header::{AuthParams, split_challenges};
pub use body::body_of;
pub use build::{BuildError, Request, Response};
pub use error::ParseError;
pub use headers::{Headers, name};
pub use lex::{Params, split_list};
pub use method::{CSeq, Method};
pub use name_addr::NameAddr;
pub use parse::{Broken, Message, datagram};
pub use redact::{masked, without_secrets};
pub use sketch::{Sketch, Start};
pub use status::reason_phrase;
pub use stream::{Framed, StreamBuffer};
pub use uri::{Host, SipUri, Uri};
pub use via::{Transport, Via};

#[cfg(test)]
mod rsip_limits;
#[cfg(test)]
mod tests;
