//! The first sheet of an XLSX workbook as rows of text: dates as dates, whole numbers
//! without ".0". Cells are read as a stream, so that one stray cell in the far corner of
//! a sheet does not ask for the memory of all before it.

use std::io::Cursor;

use calamine::{DataRef, ExcelDateTime, Reader, Xlsx};

use super::{COLUMNS_MAX, NumberedRow, ROWS_MAX, TableError, ZIP};

pub(super) fn rows(bytes: &[u8]) -> Result<Vec<NumberedRow>, TableError> {
    if unpacked_bytes(bytes).is_none_or(|unpacked| unpacked > UNPACKED_MAX) {
        return Err(TableError::Workbook("it is cut off, or too large when unpacked"));
    }
    // The library's own words may quote a cell, and cells are patients' data.
    let broken = |_| TableError::Workbook("it is not a whole XLSX file");
    let mut book = Xlsx::new(Cursor::new(bytes)).map_err(broken)?;
    let Some(sheet) = book.sheet_names().first().cloned() else {
        return Err(TableError::Empty);
    };
    let mut cells = book.worksheet_cells_reader(&sheet).map_err(broken)?;
    let mut rows: Vec<(u32, Vec<String>)> = Vec::new();
    while let Some(cell) = cells.next_cell().map_err(broken)? {
        let (row, column) = cell.get_position();
        let text = cell_text(cell.get_value());
        if text.is_empty() {
            continue;
        }
        let column = column as usize;
        if column >= COLUMNS_MAX {
            return Err(TableError::TooWide(COLUMNS_MAX));
        }
        let number = row.saturating_add(1);
        if rows.last().is_none_or(|(last, _)| *last != number) {
            if rows.len() > ROWS_MAX {
                return Err(TableError::TooLong(ROWS_MAX));
            }
            rows.push((number, Vec::new()));
        }
        let Some((_, texts)) = rows.last_mut() else { continue };
        if texts.len() <= column {
            texts.resize(column + 1, String::new());
        }
        texts[column] = text;
    }
    Ok(rows.into_iter().map(|(number, texts)| (number, texts.into())).collect())
}

fn cell_text(value: &DataRef<'_>) -> String {
    match value {
        DataRef::String(text) => text.trim().to_owned(),
        DataRef::SharedString(text) => text.trim().to_owned(),
        DataRef::Int(number) => number.to_string(),
        // Rust writes the shortest text that means the same, and no ".0".
        DataRef::Float(number) => number.to_string(),
        DataRef::Bool(yes) => yes.to_string(),
        DataRef::DateTime(at) => date_text(at),
        DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => text.clone(),
        // #N/A is nothing that a ward has written.
        DataRef::Error(_) | DataRef::Empty => String::new(),
    }
}

fn date_text(at: &ExcelDateTime) -> String {
    if at.is_duration() || !(0.0..LATEST_SERIAL).contains(&at.as_f64()) {
        return at.as_f64().to_string();
    }
    let (year, month, day, hour, minute, second, _) = at.to_ymd_hms_milli();
    let date = format!("{year:04}-{month:02}-{day:02}");
    match (hour, minute, second) {
        (0, 0, 0) => date,
        (hour, minute, second) => format!("{date} {hour:02}:{minute:02}:{second:02}"),
    }
}

/// What the parts of the archive say they unpack to, by its central directory (PKWARE
/// APPNOTE 4.3.12 and 4.3.16). `None`: there is no whole directory.
fn unpacked_bytes(bytes: &[u8]) -> Option<u64> {
    let number = |at: usize, size: usize| {
        let digits = bytes.get(at..at.checked_add(size)?)?;
        Some(digits.iter().rev().fold(0, |sum, byte| sum << 8 | u64::from(*byte)))
    };
    let from = bytes.len().saturating_sub(END_RECORD_MAX);
    let end = from + bytes[from..].windows(4).rposition(|window| window == b"PK\x05\x06")?;
    let (entries, mut at) = (number(end + 10, 2)?, usize::try_from(number(end + 16, 4)?).ok()?);
    let mut unpacked = 0;
    for _ in 0..entries {
        if number(at, 4)? != 0x0201_4b50 {
            return None;
        }
        unpacked += number(at + 24, 4)?;
        let variable = number(at + 28, 2)? + number(at + 30, 2)? + number(at + 32, 2)?;
        at += 46 + usize::try_from(variable).ok()?;
    }
    debug_assert!(bytes.starts_with(ZIP));
    Some(unpacked)
}

/// 200,000 rows of fifty columns.
const UNPACKED_MAX: u64 = 512 * 1024 * 1024;

/// The record and the longest comment behind it.
const END_RECORD_MAX: usize = 22 + 65_535;

/// 9999-12-31: the last day that Excel has.
const LATEST_SERIAL: f64 = 2_958_466.0;
