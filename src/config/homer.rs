//! Where the messages of calls are told to, for a house that has such a machine already.

use std::path::PathBuf;

use serde::Deserialize;

use crate::base::Pii;

/// HEP version 3 over UDP. It is in clear: for a network of the house's own.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(Default))]
pub struct Homer {
    /// Host and port of the receiver; the custom is 9060.
    pub address: String,
    /// What we are called there.
    #[serde(default = "capture_id")]
    pub capture_id: u32,
    /// Where the receiver wants one.
    pub auth_key: Option<Pii<String>>,
    pub auth_key_file: Option<PathBuf>,
    /// Whole numbers, names, and keys of INFO go there as well. Credentials never do.
    #[serde(default)]
    pub in_clear: bool,
}

const fn capture_id() -> u32 {
    2001
}
