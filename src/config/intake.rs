//! Where the hospital's data come from: its messages, and the sources that are looked into.

use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::PathBuf,
};

use serde::Deserialize;

use crate::base::Pii;

/// HL7 v2 over MLLP.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Hl7 {
    /// Absent: nobody listens. The custom is port 2575.
    pub bind: Option<SocketAddr>,
    /// Whose connections are taken; MLLP knows no password.
    pub allow: Vec<IpAddr>,
    /// A discharge has 8 kB, a night's batch some hundreds of them.
    pub message_max_kib: usize,
    /// An interface engine opens one to four.
    pub connections_max: usize,
    /// Silent for this long between two messages, a connection is closed.
    pub idle_s: u64,
}

impl Default for Hl7 {
    fn default() -> Self {
        Self {
            bind: None,
            allow: vec![IpAddr::V4(Ipv4Addr::LOCALHOST)],
            message_max_kib: 8192,
            connections_max: 32,
            idle_s: 3600,
        }
    }
}

#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "snake_case")]
pub enum SourceKind {
    /// Files that another system drops.
    Folder,
    /// A program that prints CSV or JSON lines.
    Command,
    /// Others knock: POST /api/intake/{name}.
    Http,
}

/// A system that discharges are read from. We only ever read.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    pub name: String,
    pub kind: SourceKind,
    /// How often it is looked into.
    #[serde(default = "every_minutes")]
    pub every_minutes: u64,
    /// One look may take this long.
    #[serde(default = "timeout_s")]
    pub timeout_s: u64,
    /// One look reads no more rows.
    #[serde(default = "rows_max")]
    pub rows_max: usize,
    /// The saved column mapping by this name.
    #[serde(default)]
    pub mapping: Option<String>,
    /// Nothing new for this long is an alarm; 0: never.
    #[serde(default = "silent_hours")]
    pub silent_hours: u32,
    /// Of a folder.
    #[serde(default)]
    pub folder: Option<PathBuf>,
    /// Of a command: the program and its arguments, each by itself. No shell reads them.
    #[serde(default)]
    pub command: Vec<String>,
    /// All that the command finds in its environment, beside PATH.
    #[serde(default)]
    pub environment: BTreeMap<String, Pii<String>>,
    /// Of an HTTP door: its Bearer token.
    #[serde(default)]
    pub token: Option<Pii<String>>,
    #[serde(default)]
    pub token_file: Option<PathBuf>,
    #[serde(default)]
    pub token_env: Option<String>,
}

/// A discharge is written in the evening and called after days.
fn every_minutes() -> u64 {
    15
}

fn timeout_s() -> u64 {
    120
}

/// A large hospital's discharges of three months.
fn rows_max() -> usize {
    50_000
}

/// No hospital has a day without a discharge; a long weekend may.
fn silent_hours() -> u32 {
    72
}
