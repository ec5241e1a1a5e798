//! Tables for a spreadsheet: UTF-8 with a BOM, so that Excel shows Chinese, and no cell that
//! a spreadsheet would run as a formula (OWASP, CSV injection).

/// A cell that begins with one of these is guarded by a quote; the import takes it away.
const RUNS: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

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

fn guard(cell: String) -> String {
    let is_number = cell.parse::<f64>().is_ok();
    if cell.starts_with(RUNS) && !is_number { format!("'{cell}") } else { cell }
}

/// What an export guarded is read as it was.
pub(super) fn unguarded(cell: &str) -> &str {
    match cell.strip_prefix('\'') {
        Some(rest) if rest.starts_with(RUNS) => rest,
        _ => cell,
    }
}

const BOM: &[u8] = b"\xEF\xBB\xBF";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_runs_as_a_formula_and_each_is_read_back_as_it_was() {
        let cells = ["=1+1", "@x", "+86", "-3.5", "王,\"秀\"英", "'quoted", "-a", "\tx"];
        let row = cells.map(str::to_owned).to_vec();
        let bytes = write_csv(&["a"; 8], std::iter::once(row));
        let text = String::from_utf8(bytes).unwrap();
        assert!(text.starts_with('\u{feff}'));
        for formula in ["\r\n=", ",=", ",@", ",-a"] {
            assert!(!text.contains(formula), "{text}");
        }
        let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes());
        let record = reader.records().nth(1).unwrap().unwrap();
        let back: Vec<_> = record.iter().map(unguarded).collect();
        assert_eq!(back, cells);
    }
}
