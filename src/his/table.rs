//! CSV as hospitals export it: UTF-8 with or without BOM, or GB18030; comma, semicolon or
//! tab.

use super::{Column, column_of};

#[derive(Debug, thiserror::Error)]
pub enum TableError {
    #[error("the file is empty")]
    Empty,
    #[error("the file is neither UTF-8 nor GB18030")]
    Encoding,
    #[error("line {line}: {what}")]
    Csv { line: u64, what: String },
    #[error("no column for {0}; the first line must name the columns")]
    Missing(String),
    #[error("columns {0} and {1} both mean the same")]
    Twice(usize, usize),
    #[error("more than {0} rows; split the file")]
    TooLong(usize),
}

/// Rows below the header. A row's number is its line in a spreadsheet: the header is 1.
#[derive(Debug)]
pub struct Table {
    columns: Vec<(Column, usize)>,
    rows: Vec<(u32, csv::StringRecord)>,
}

impl Table {
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Each row's number and a look-up of its cells; an absent column is an empty cell.
    pub fn rows<'a>(&'a self) -> impl Iterator<Item = (u32, impl Fn(Column) -> &'a str)> {
        self.rows.iter().map(move |(number, record)| {
            let cell = move |wanted| {
                let at = self.columns.iter().find(|(column, _)| *column == wanted);
                at.and_then(|(_, at)| record.get(*at)).unwrap_or_default()
            };
            (*number, cell)
        })
    }
}

/// # Errors
/// When the file as a whole cannot be read: nothing of it is to be stored then.
pub fn read_csv(bytes: &[u8]) -> Result<Table, TableError> {
    let text = decode(bytes)?;
    let mut reader = csv::ReaderBuilder::new()
        .flexible(true)
        .has_headers(false)
        .delimiter(delimiter(&text))
        .from_reader(text.as_bytes());
    let mut records = reader.records();
    let header = match records.next() {
        Some(header) => header.map_err(|error| broken(&error))?,
        None => return Err(TableError::Empty),
    };
    let columns = read_header(&header)?;
    let mut rows = Vec::new();
    for record in records {
        let record = record.map_err(|error| broken(&error))?;
        let number = u32::try_from(rows.len() + 2).unwrap_or(u32::MAX);
        if rows.len() == ROWS_MAX {
            return Err(TableError::TooLong(ROWS_MAX));
        }
        rows.push((number, record));
    }
    rows.retain(|(_, record)| record.iter().any(|cell| !cell.trim().is_empty()));
    Ok(Table { columns, rows })
}

fn read_header(header: &csv::StringRecord) -> Result<Vec<(Column, usize)>, TableError> {
    let mut columns: Vec<(Column, usize)> = Vec::new();
    for (at, name) in header.iter().enumerate() {
        let Some(column) = column_of(name) else { continue };
        if let Some((_, before)) = columns.iter().find(|(known, _)| *known == column) {
            return Err(TableError::Twice(before + 1, at + 1));
        }
        columns.push((column, at));
    }
    let missing: Vec<_> = REQUIRED
        .iter()
        .filter(|(column, _)| !columns.iter().any(|(known, _)| known == column))
        .map(|(_, name)| *name)
        .collect();
    if missing.is_empty() { Ok(columns) } else { Err(TableError::Missing(missing.join("、"))) }
}

fn decode(bytes: &[u8]) -> Result<String, TableError> {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    if let Ok(text) = std::str::from_utf8(bytes) {
        return Ok(text.to_owned());
    }
    match encoding_rs::GB18030.decode_without_bom_handling_and_without_replacement(bytes) {
        Some(text) => Ok(text.into_owned()),
        None => Err(TableError::Encoding),
    }
}

fn delimiter(text: &str) -> u8 {
    let first = text.lines().next().unwrap_or_default();
    let count = |mark: &u8| first.bytes().filter(|byte| byte == mark).count();
    [b',', b';', b'\t'].into_iter().max_by_key(count).filter(|mark| count(mark) > 0).unwrap_or(b',')
}

fn broken(error: &csv::Error) -> TableError {
    let line = error.position().map_or(0, csv::Position::line);
    // The library's text may quote a cell, and cells are patients' data.
    let what = match error.kind() {
        csv::ErrorKind::UnequalLengths { .. } => "another number of cells than the header",
        csv::ErrorKind::Utf8 { .. } => "not UTF-8",
        _ => "cannot be read as CSV",
    };
    TableError::Csv { line, what: what.to_owned() }
}

const REQUIRED: [(Column, &str); 5] = [
    (Column::Name, "姓名"),
    (Column::BirthDate, "出生日期"),
    (Column::AdmissionNo, "住院号"),
    (Column::Department, "出院科室"),
    (Column::DischargedOn, "出院日期"),
];

/// A large hospital discharges 150,000 patients a year.
const ROWS_MAX: usize = 200_000;

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "姓名,出生日期,住院号,出院科室,出院日期,备注\n王秀英,1952-08-15,Z1,心内科,2026-11-20,\n,,,,,\n李强,1960-01-02,Z2,骨科,2026-11-21,x\n";

    #[test]
    fn utf8_bom_and_gb18030_give_the_same_rows() {
        let bom = [b"\xEF\xBB\xBF", TEXT.as_bytes()].concat();
        let gbk = encoding_rs::GB18030.encode(TEXT).0.into_owned();
        let tabs = TEXT.replace(',', "\t").into_bytes();
        for bytes in [TEXT.as_bytes(), &bom, &gbk, &tabs] {
            let table = read_csv(bytes).unwrap();
            let rows: Vec<_> =
                table.rows().map(|(n, cell)| format!("{n} {}", cell(Column::Name))).collect();
            assert_eq!(rows, ["2 王秀英", "4 李强"]);
        }
    }

    #[test]
    fn a_file_that_cannot_be_read_says_why() {
        for (bytes, expected) in [
            (&b""[..], "the file is empty"),
            (b"\xff\xff\xff", "the file is neither UTF-8 nor GB18030"),
            ("姓名,住院号\n".as_bytes(), "no column for 出生日期、出院科室、出院日期"),
            ("姓名,name\n".as_bytes(), "columns 1 and 2 both mean the same"),
        ] {
            let error = read_csv(bytes).unwrap_err().to_string();
            assert!(error.starts_with(expected), "{error}");
        }
    }
}
