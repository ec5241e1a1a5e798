//! What the hospital's own systems say: bytes in, words and cells out. Knows nothing of
//! our tables.
#![deny(clippy::disallowed_methods)]

pub mod fhir;
pub mod hl7;

mod blocklist;
mod columns;
mod export;
mod past;
mod roster;
mod table;

pub use blocklist::{BlocklistRow, read_blocklist};
pub use columns::{
    Column, ColumnMapping, HeaderMeaning, OPERATIONS, OTHER_DIAGNOSES, TooManyHeaders, column_of,
};
pub use export::{write_csv, write_xlsx};
pub use past::{PastRow, read_past};
pub use roster::{RosterRow, read_roster};
pub use table::{Peek, Table, TableError, peek_table, read_csv, read_records, read_table};
