//! Tables for a spreadsheet: CSV in UTF-8 with a BOM, so that Excel shows Chinese, or a
//! workbook; and no cell that a spreadsheet would run as a formula (OWASP, CSV injection).

mod xlsx;

pub use xlsx::write_xlsx;

/// What a spreadsheet may run when a cell begins with it, blanks before it or not.
const RUNS: [char; 4] = ['=', '+', '-', '@'];

/// Blanks that some spreadsheets take away, and then look at what follows.
const ODD_STARTS: [char; 3] = ['\t', '\r', '\n'];

pub fn write_csv<S: AsRef<str>>(header: &[S], rows: impl Iterator<Item = Vec<String>>) -> Vec<u8> {
    let mut writer =
        csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(BOM.to_vec());
    let guarded = |cells: Vec<String>| cells.into_iter().map(guard).collect::<Vec<_>>();
    let header: Vec<String> = header.iter().map(|cell| cell.as_ref().to_owned()).collect();
    // A Vec takes everything.
    let _ = writer.write_record(guarded(header));
    for row in rows {
        let _ = writer.write_record(guarded(row));
    }
    writer.into_inner().unwrap_or_default()
}

/// A quote before it; the import takes it away. What looks guarded already is guarded once
/// more, so that it is read back as it was.
fn guard(cell: String) -> String {
    let is_formula = runs(&cell) && !is_number(&cell);
    if is_formula || looks_guarded(&cell) { format!("'{cell}") } else { cell }
}

fn looks_guarded(cell: &str) -> bool {
    cell.starts_with('\'') && runs(cell.trim_start_matches('\''))
}

/// What an export guarded is read as it was.
pub(super) fn unguarded(cell: &str) -> &str {
    if looks_guarded(cell) { &cell[1..] } else { cell }
}

fn runs(cell: &str) -> bool {
    cell.starts_with(ODD_STARTS) || cell.trim_start().starts_with(RUNS)
}

/// A plain number does no harm, and has to stay one.
fn is_number(cell: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_digit() || b"+-.eE".contains(&byte);
    cell.bytes().all(is_plain) && cell.parse::<f64>().is_ok()
}

const BOM: &[u8] = b"\xEF\xBB\xBF";

#[cfg(test)]
mod tests {
    use super::*;

    const CELLS: [&str; 16] = [
        "=1+1",
        "@x",
        "+86",
        "-3.5",
        "王,\"秀\"英",
        "'quoted",
        "-a",
        "\tx",
        "'=1",
        "''=1",
        "'-3.5",
        "  =cmd|' /C calc'!A0",
        "\n=1",
        "-inf",
        "",
        "'",
    ];

    #[test]
    fn no_cell_runs_as_a_formula_and_each_is_read_back_as_it_was() {
        let row = CELLS.map(str::to_owned).to_vec();
        let bytes = write_csv(&["a"; CELLS.len()], std::iter::once(row));
        let text = String::from_utf8(bytes).unwrap();
        assert!(text.starts_with('\u{feff}'));
        let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes());
        let record = reader.records().nth(1).unwrap().unwrap();
        for cell in record.iter().filter(|cell| !["+86", "-3.5"].contains(cell)) {
            let seen = cell.trim_start_matches([' ', '\t', '\r', '\n']);
            assert!(!seen.starts_with(['=', '+', '-', '@']), "{cell:?}");
        }
        let back: Vec<_> = record.iter().map(unguarded).collect();
        assert_eq!(back, CELLS);
    }

    /// Its cells are texts, which no spreadsheet runs.
    #[test]
    fn a_workbook_holds_the_same_cells_as_texts() {
        let cells = CELLS.map(|cell| cell.trim().to_owned()).to_vec();
        let header = ["姓名"; CELLS.len()];
        let bytes = write_xlsx(&header, std::iter::once(cells.clone())).unwrap();
        let rows = super::super::table::flat_rows(&bytes).unwrap();
        let mut row: Vec<_> = rows[1].1.iter().map(|cell| unguarded(cell).to_owned()).collect();
        row.resize(CELLS.len(), String::new());
        assert_eq!(row, cells);
    }
}
