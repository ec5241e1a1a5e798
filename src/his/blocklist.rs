//! 呼入黑名单 as a file: a number, why, and until when.

use super::table::{TableError, csv_rows};

/// The cells of one line, as written; `row` is its line in a spreadsheet.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct BlocklistRow {
    pub row: u32,
    pub number: String,
    pub reason: String,
    pub until: String,
}

/// # Errors
/// When the file cannot be read, or a column is missing.
pub fn read_blocklist(bytes: &[u8]) -> Result<Vec<BlocklistRow>, TableError> {
    let rows = csv_rows(bytes)?;
    let mut filled =
        rows.into_iter().filter(|(_, row)| row.iter().any(|cell| !cell.trim().is_empty()));
    let (_, header) = filled.next().ok_or(TableError::Empty)?;
    let place = |names: &[&str]| {
        header.iter().position(|cell| names.contains(&cell.trim().to_lowercase().as_str()))
    };
    let needed = |names: &[&str; 3]| {
        place(names).ok_or_else(|| TableError::Missing(names.first().map_or("", |n| *n).to_owned()))
    };
    let (number, reason) =
        (needed(&["号码", "电话", "number"])?, needed(&["原因", "事由", "reason"])?);
    let until = place(&["到期日", "有效期至", "until"]);
    let read = |(row, record): (u32, csv::StringRecord)| {
        let cell = |at: usize| record.get(at).unwrap_or_default().trim().to_owned();
        let until = until.map(cell).unwrap_or_default();
        BlocklistRow { row, number: cell(number), reason: cell(reason), until }
    };
    Ok(filled.map(read).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_read_by_the_names_of_its_columns() {
        let text = "号码,原因,到期日\n13800138000,骚扰,2025-12-31\n,,\n0592-5027064,骚扰,\n";
        let rows = read_blocklist(text.as_bytes()).unwrap();
        assert_eq!(rows.len(), 2);
        assert_eq!((rows[0].row, rows[0].until.as_str()), (2, "2025-12-31"));
        assert_eq!((rows[1].row, rows[1].number.as_str()), (4, "0592-5027064"));
        let error = read_blocklist("号码,到期日\n1,2\n".as_bytes()).unwrap_err().to_string();
        assert!(error.contains("原因"), "{error}");
    }
}
