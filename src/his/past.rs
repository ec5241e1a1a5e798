//! Follow-ups that were done before us, as a ward kept them: one line each.

use super::{
    export::unguarded,
    table::{TableError, flat_rows, is_filled},
};

/// The cells of one line, as written; `row` is its line in a spreadsheet.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct PastRow {
    pub row: u32,
    pub admission_no: String,
    pub done_on: String,
    pub channel: String,
    pub result: String,
    pub by_whom: String,
    pub note: String,
    /// Which system or book it stood in; empty: the file's.
    pub source: String,
}

/// CSV or XLSX.
///
/// # Errors
/// When the file cannot be read, or a column is missing.
pub fn read_past(bytes: &[u8]) -> Result<Vec<PastRow>, TableError> {
    let mut rows = flat_rows(bytes)?.into_iter().filter(is_filled);
    let (_, header) = rows.next().ok_or(TableError::Empty)?;
    let place = |names: &[&str]| {
        header.iter().position(|cell| {
            let cell = cell.trim().trim_start_matches('\u{feff}').to_lowercase();
            names.contains(&cell.as_str())
        })
    };
    let admission_no = place(&["住院号", "admission_no"]);
    let done_on = place(&["随访日期", "日期", "done_on", "date"]);
    let missing: Vec<_> = [("住院号", admission_no), ("随访日期", done_on)]
        .iter()
        .filter_map(|(name, at)| at.is_none().then_some(*name))
        .collect();
    if !missing.is_empty() {
        return Err(TableError::Missing(missing.join("、")));
    }
    let channel = place(&["方式", "随访方式", "channel"]);
    let result = place(&["结果", "随访结果", "result"]);
    let by_whom = place(&["随访人", "随访者", "by"]);
    let note = place(&["备注", "note"]);
    let source = place(&["来源", "source"]);
    let read = |(row, record): (u32, csv::StringRecord)| {
        let cell = |at: Option<usize>| {
            let cell = at.and_then(|at| record.get(at)).unwrap_or_default();
            unguarded(cell).trim().to_owned()
        };
        PastRow {
            row,
            admission_no: cell(admission_no),
            done_on: cell(done_on),
            channel: cell(channel),
            result: cell(result),
            by_whom: cell(by_whom),
            note: cell(note),
            source: cell(source),
        }
    };
    Ok(rows.map(read).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn past_follow_ups_are_read_by_the_names_of_their_columns() {
        let text = "住院号,随访日期,方式,结果,随访人,备注\nZ1,2024-05-01,电话,'-,王护士,\n,,,,,\n";
        let rows = read_past(text.as_bytes()).unwrap();
        assert_eq!(rows.len(), 1);
        let PastRow { row, result, by_whom, note, .. } = &rows[0];
        assert_eq!(
            (*row, result.as_str(), by_whom.as_str(), note.as_str()),
            (2, "-", "王护士", "")
        );
        for (bad, expected) in
            [("", "empty"), ("住院号,结果\n", "随访日期"), ("结果\n", "住院号、随访日期")]
        {
            let error = read_past(bad.as_bytes()).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }
}
