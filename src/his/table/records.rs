//! Records that name their own cells (JSON, XML) become rows under one header: a cell's
//! header is its path, `visit/no`.

use std::collections::HashMap;

use super::{COLUMNS_MAX, NumberedRow, ROWS_MAX, TableError, without_nul};

#[derive(Debug, Default)]
pub(super) struct Records {
    headers: Vec<String>,
    places: HashMap<String, usize>,
    rows: Vec<(u32, Vec<String>)>,
}

impl Records {
    /// Cells that follow are this row's.
    pub(super) fn begin(&mut self, number: u32) -> Result<(), TableError> {
        if self.rows.len() >= ROWS_MAX {
            return Err(TableError::TooLong(ROWS_MAX));
        }
        self.rows.push((number, Vec::new()));
        Ok(())
    }

    pub(super) fn add(&mut self, path: &str, cell: String) -> Result<(), TableError> {
        let place = match self.places.get(path) {
            Some(place) => *place,
            None => {
                let place = self.headers.len();
                if place >= COLUMNS_MAX {
                    return Err(TableError::TooWide(COLUMNS_MAX));
                }
                self.headers.push(path.to_owned());
                self.places.insert(path.to_owned(), place);
                place
            }
        };
        let Some((_, row)) = self.rows.last_mut() else { return Ok(()) };
        if row.len() <= place {
            row.resize(place + 1, String::new());
        }
        row[place] = without_nul(cell);
        Ok(())
    }

    /// The header first, as in a file of rows.
    pub(super) fn into_rows(self) -> Vec<NumberedRow> {
        if self.headers.is_empty() {
            return Vec::new();
        }
        let rows = self.rows.into_iter().map(|(number, row)| (number, row.into()));
        std::iter::once((0, self.headers.into())).chain(rows).collect()
    }
}

/// `a` in `b`: `b/a`.
pub(super) fn joined(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}/{name}") }
}

/// The names of a record's path, outermost first.
pub(super) fn names(record: &str) -> impl Iterator<Item = &str> {
    record.split('/').map(str::trim).filter(|name| !name.is_empty())
}

/// Deeper than any record of a hospital's system.
pub(super) const DEPTH_MAX: usize = 16;
