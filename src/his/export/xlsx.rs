//! An XLSX workbook with one sheet. Every cell is a text: an identity card or a telephone
//! number stays as it is, and nothing is a formula.

use rust_xlsxwriter::{Workbook, XlsxError};

use super::looks_guarded;

/// More rows than a sheet has, or no memory.
#[derive(Debug, thiserror::Error)]
#[error("the workbook cannot be written: {0}")]
pub struct WorkbookFault(#[from] XlsxError);

/// # Errors
/// When there are more rows than a sheet has.
pub fn write_xlsx<S: AsRef<str>>(
    header: &[S],
    rows: impl Iterator<Item = Vec<String>>,
) -> Result<Vec<u8>, WorkbookFault> {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    for (column, cell) in (0..).zip(header) {
        sheet.write_string(0, column, cell.as_ref())?;
    }
    for (row, cells) in (1..).zip(rows) {
        for (column, cell) in (0..).zip(cells) {
            // The import takes a guard away, here too.
            let cell = if looks_guarded(&cell) { format!("'{cell}") } else { cell };
            if !cell.is_empty() {
                sheet.write_string(row, column, cell)?;
            }
        }
    }
    sheet.set_freeze_panes(1, 0)?;
    Ok(book.save_to_buffer()?)
}
