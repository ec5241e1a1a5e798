//! Systems that discharges are read from, by our own clock. We only ever read.

use std::{collections::BTreeMap, path::PathBuf};

use serde::Deserialize;

use crate::base::Pii;

#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "snake_case")]
pub enum SourceKind {
    /// Files that another system drops.
    Folder,
    /// A program that prints CSV or JSON lines.
    Command,
}

impl SourceKind {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Folder => "folder",
            Self::Command => "command",
        }
    }
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// Letters, digits, - and _.
    pub name: String,
    pub kind: SourceKind,
    /// Folder: where files are dropped; those that were read go to `done/` in it, those
    /// that cannot be read to `failed/`.
    pub path: Option<PathBuf>,
    /// Command: the program and its arguments, each as it is. No shell reads it.
    #[serde(default)]
    pub command: Vec<String>,
    /// Command: a file that is its standard input, such as the query.
    pub stdin_file: Option<PathBuf>,
    /// Command: all its environment besides the system's PATH, a UTF-8 LANG and HOME=/.
    #[serde(default)]
    pub env: BTreeMap<String, Pii<String>>,
    /// The column mapping by which headers are read.
    #[serde(default = "mapping")]
    pub mapping: String,
    /// JSON and XML: path of what holds one discharge; empty: found by itself.
    #[serde(default)]
    pub record: String,
    /// A quarter of an hour: a discharge is called days later.
    #[serde(default = "every_s")]
    pub every_s: u64,
    /// A query that takes longer harms the hospital's system.
    #[serde(default = "timeout_s")]
    pub timeout_s: u64,
    /// More rows than a large hospital discharges in two weeks tell of a wrong query.
    #[serde(default = "rows_max")]
    pub rows_max: usize,
    /// More bytes are not read.
    #[serde(default = "bytes_max_mib")]
    pub bytes_max_mib: usize,
    /// Folder: a file whose size has not changed for so long is whole.
    #[serde(default = "settle_s")]
    pub settle_s: u64,
    /// Nothing new for so long is an alarm; 0: never. A day and a half outlasts a quiet
    /// Sunday.
    #[serde(default = "silent_after_h")]
    pub silent_after_h: u64,
}

impl Source {
    pub(super) fn mistake(&self) -> Option<&'static str> {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if self.name == "hl7" {
            return Some("hl7 is the name of the HL7 intake");
        }
        if self.name.is_empty() || !self.name.chars().all(is_plain) {
            return Some("its name is made of letters, digits, - and _");
        }
        if [self.every_s, self.timeout_s].contains(&0)
            || [self.rows_max, self.bytes_max_mib].contains(&0)
        {
            return Some("every_s, timeout_s, rows_max and bytes_max_mib must be at least 1");
        }
        let is_folder = self.kind == SourceKind::Folder;
        if is_folder && self.path.is_none() {
            return Some("a folder needs path = \"…\"");
        }
        if is_folder && (!self.command.is_empty() || self.stdin_file.is_some()) {
            return Some("a folder has no command and no stdin_file");
        }
        if !is_folder && self.command.first().is_none_or(String::is_empty) {
            return Some("a command needs command = [\"program\", \"argument\"]");
        }
        if !is_folder && self.path.is_some() {
            return Some("a command has no path: its program stands in command");
        }
        None
    }
}

fn mapping() -> String {
    "import".to_owned()
}

const fn every_s() -> u64 {
    900
}

const fn timeout_s() -> u64 {
    120
}

const fn rows_max() -> usize {
    20_000
}

const fn bytes_max_mib() -> usize {
    32
}

const fn settle_s() -> u64 {
    5
}

const fn silent_after_h() -> u64 {
    36
}
