//! Tables as hospitals export them: CSV in UTF-8 with or without BOM, or GB18030; comma,
//! semicolon or tab; an XLSX workbook; JSON or XML. All become the same rows of text.

mod json;
mod records;
mod xlsx;
mod xml;

use super::{Column, ColumnMapping, HeaderMeaning, export::unguarded};

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
    #[error("more than {0} columns")]
    TooWide(usize),
    #[error("the workbook cannot be read: {0}")]
    Workbook(&'static str),
    #[error("line {line}, column {column}: not JSON")]
    Json { line: usize, column: usize },
    #[error("line {line}, column {column}: not XML, or XML with a document type")]
    Xml { line: u32, column: u32 },
    #[error("nothing at {0}: it should hold one discharge")]
    NoRecord(String),
    #[error("nested more than {0} deep")]
    TooDeep(usize),
}

/// Rows below the header. A row's number is its line in a spreadsheet: the header is 1.
#[derive(Debug)]
pub struct Table {
    headers: Vec<(String, HeaderMeaning)>,
    columns: Vec<(Column, usize)>,
    rows: Vec<(u32, csv::StringRecord)>,
    broken: Vec<u32>,
}

/// A file's rows, the header among them, and the numbers of those that cannot be read.
#[derive(Debug)]
pub(super) struct Read {
    rows: Vec<NumberedRow>,
    broken: Vec<u32>,
}

impl Table {
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Rows of which nothing could be read; the others could.
    pub fn broken(&self) -> &[u32] {
        &self.broken
    }

    /// Every header as it was written, and what it was taken for.
    pub fn headers(&self) -> &[(String, HeaderMeaning)] {
        &self.headers
    }

    /// What nobody has explained yet; the preview asks.
    pub fn unknown_headers(&self) -> impl Iterator<Item = &str> {
        let unknown = |(_, meaning): &&(String, HeaderMeaning)| *meaning == HeaderMeaning::Unknown;
        let named = self.headers.iter().filter(unknown).map(|(header, _)| header.trim());
        named.filter(|header| !header.is_empty())
    }

    /// Each row's number and a look-up of its cells; an absent column is an empty cell.
    pub fn rows<'a>(&'a self) -> impl Iterator<Item = (u32, impl Fn(Column) -> &'a str)> {
        self.rows.iter().map(move |(number, record)| {
            let cell = move |wanted| {
                let at = self.columns.iter().find(|(column, _)| *column == wanted);
                unguarded(at.and_then(|(_, at)| record.get(*at)).unwrap_or_default())
            };
            (*number, cell)
        })
    }
}

/// A CSV file with the built-in headers.
///
/// # Errors
/// When the file as a whole cannot be read: nothing of it is to be stored then.
pub fn read_csv(bytes: &[u8]) -> Result<Table, TableError> {
    let rows = csv_rows(bytes)?;
    table(Read { rows, broken: Vec::new() }, &ColumnMapping::default())
}

/// CSV, XLSX, JSON or XML, told apart by its first bytes; `mapping` is what was learnt of
/// the hospital's headers.
///
/// # Errors
/// When the file as a whole cannot be read: nothing of it is to be stored then.
pub fn read_table(bytes: &[u8], mapping: &ColumnMapping) -> Result<Table, TableError> {
    read_records(bytes, mapping, "")
}

/// The same; of JSON and XML, `record` is the path of what holds one discharge.
///
/// # Errors
/// As [`read_table`].
pub fn read_records(
    bytes: &[u8],
    mapping: &ColumnMapping,
    record: &str,
) -> Result<Table, TableError> {
    table(read(bytes, record)?, mapping)
}

fn read(bytes: &[u8], record: &str) -> Result<Read, TableError> {
    let plain = bytes.strip_prefix(BOM).unwrap_or(bytes).trim_ascii_start();
    match plain.first() {
        Some(b'[' | b'{') => json::read(&decode(bytes)?, record),
        Some(b'<') => xml::read(&decode(bytes)?, record),
        _ => Ok(Read { rows: flat_rows(bytes)?, broken: Vec::new() }),
    }
}

/// Rows of cells without names of their own.
pub(super) fn flat_rows(bytes: &[u8]) -> Result<Vec<NumberedRow>, TableError> {
    if bytes.starts_with(ZIP) { xlsx::rows(bytes) } else { csv_rows(bytes) }
}

/// A file's header and its first rows as they stand, also when columns are missing: there
/// a person says what is what.
pub struct Peek {
    pub headers: Vec<(String, HeaderMeaning)>,
    pub rows: Vec<(u32, Vec<String>)>,
    pub rows_total: usize,
    /// Why it cannot be imported like this.
    pub problem: Option<TableError>,
}

/// # Errors
/// When no header can be read.
pub fn peek_table(
    bytes: &[u8],
    mapping: &ColumnMapping,
    rows_max: usize,
) -> Result<Peek, TableError> {
    let mut rows = read(bytes, "")?.rows.into_iter().filter(is_filled);
    let Some((_, header)) = rows.next() else { return Err(TableError::Empty) };
    let mut headers: Vec<_> =
        header.iter().map(|name| (name.to_owned(), mapping.meaning(name))).collect();
    let problem = read_header(&mut headers).err();
    let rows: Vec<_> = rows.collect();
    let text = |(number, record): &NumberedRow| {
        (*number, record.iter().map(|cell| unguarded(cell).to_owned()).collect())
    };
    let first = rows.iter().take(rows_max).map(text).collect();
    Ok(Peek { headers, rows: first, rows_total: rows.len(), problem })
}

pub(super) fn is_filled((_, record): &NumberedRow) -> bool {
    record.iter().any(|cell| !cell.trim().is_empty())
}

pub(super) type NumberedRow = (u32, csv::StringRecord);

pub(super) fn csv_rows(bytes: &[u8]) -> Result<Vec<NumberedRow>, TableError> {
    let text = decode(bytes)?;
    let mut reader = csv::ReaderBuilder::new()
        .flexible(true)
        .has_headers(false)
        .delimiter(delimiter(&text))
        .from_reader(text.as_bytes());
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| broken(&error))?;
        let number = u32::try_from(rows.len() + 1).unwrap_or(u32::MAX);
        if rows.len() > ROWS_MAX {
            return Err(TableError::TooLong(ROWS_MAX));
        }
        if record.len() > COLUMNS_MAX {
            return Err(TableError::TooWide(COLUMNS_MAX));
        }
        rows.push((number, record));
    }
    Ok(rows)
}

/// The first row that is not blank names the columns.
fn table(read: Read, mapping: &ColumnMapping) -> Result<Table, TableError> {
    let mut rows = read.rows.into_iter().filter(is_filled);
    let Some((_, header)) = rows.next() else { return Err(TableError::Empty) };
    let mut headers: Vec<_> =
        header.iter().map(|name| (name.to_owned(), mapping.meaning(name))).collect();
    let columns = read_header(&mut headers)?;
    Ok(Table { headers, columns, rows: rows.collect(), broken: read.broken })
}

fn read_header(
    headers: &mut [(String, HeaderMeaning)],
) -> Result<Vec<(Column, usize)>, TableError> {
    let mut columns: Vec<(Column, usize)> = Vec::new();
    for (at, (_, meaning)) in headers.iter_mut().enumerate() {
        let Some(column) = meaning.column() else { continue };
        let before = columns.iter().find(|(known, _)| *known == column).map(|(_, at)| *at);
        match before {
            None => columns.push((column, at)),
            // A second address is no reason to refuse a file; the preview asks about it.
            Some(_) if column.is_secondary() && matches!(meaning, HeaderMeaning::BuiltIn(_)) => {
                *meaning = HeaderMeaning::Unknown;
            }
            Some(before) => return Err(TableError::Twice(before + 1, at + 1)),
        }
    }
    // A 病案首页 file has no 住院号: 病案号 and 住院次数 tell the admissions apart (features.md, F001).
    let at = |wanted| columns.iter().find(|(column, _)| *column == wanted).map(|(_, at)| *at);
    if let (None, Some(record_no)) = (at(Column::AdmissionNo), at(Column::RecordNo)) {
        columns.push((Column::AdmissionNo, record_no));
    }
    let missing: Vec<_> = REQUIRED
        .iter()
        .filter(|(column, _)| !columns.iter().any(|(known, _)| known == column))
        .map(|(_, name)| *name)
        .collect();
    if missing.is_empty() { Ok(columns) } else { Err(TableError::Missing(missing.join("、"))) }
}

fn decode(bytes: &[u8]) -> Result<String, TableError> {
    let bytes = bytes.strip_prefix(BOM).unwrap_or(bytes);
    if let Ok(text) = std::str::from_utf8(bytes) {
        return Ok(without_nul(text.to_owned()));
    }
    match encoding_rs::GB18030.decode_without_bom_handling_and_without_replacement(bytes) {
        Some(text) => Ok(without_nul(text.into_owned())),
        None => Err(TableError::Encoding),
    }
}

/// Some systems fill columns up with U+0000. It says nothing, and no database keeps it.
pub(super) fn without_nul(text: String) -> String {
    if text.contains('\0') { text.replace('\0', "") } else { text }
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

/// The whole 病案首页 has about four hundred.
const COLUMNS_MAX: usize = 1000;

const BOM: &[u8] = b"\xEF\xBB\xBF";

/// Every XLSX is a ZIP archive.
const ZIP: &[u8] = b"PK\x03\x04";

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

    /// A workbook as Excel writes it; see tests/data/README.md.
    #[test]
    fn a_workbook_gives_the_same_rows_as_csv() {
        let csv = "姓名,出生日期,住院号,出院科室,出院日期,联系电话,住院次数,是否手术,体重,备注\n\
                   王秀英,1952-08-15,Z1,心内科,2026-11-20 10:30:00,13800138000,2,true,61.5,\n\
                   李强,1960-01-02,20251234,骨科,46347,0592-5027064,1,false,,x\n";
        let seen = |table: &Table| -> Vec<String> {
            let columns = [
                Column::Name,
                Column::BirthDate,
                Column::AdmissionNo,
                Column::DischargedOn,
                Column::Phone,
                Column::Sequence,
                Column::Operation,
                Column::Language,
            ];
            table.rows().map(|(n, cell)| format!("{n} {}", columns.map(cell).join("|"))).collect()
        };
        let mapping = ColumnMapping::default();
        let book =
            read_table(include_bytes!("../../tests/data/discharges.xlsx"), &mapping).unwrap();
        let rows = seen(&book);
        assert_eq!(
            rows,
            [
                "2 王秀英|1952-08-15|Z1|2026-11-20 10:30:00|13800138000|2|true|",
                "4 李强|1960-01-02|20251234|46347|0592-5027064|1|false|"
            ]
        );
        let without_number = |rows: Vec<String>| -> Vec<String> {
            rows.iter().map(|row| row.split_once(' ').unwrap().1.to_owned()).collect()
        };
        let table = read_table(csv.as_bytes(), &mapping).unwrap();
        assert_eq!(without_number(seen(&table)), without_number(rows));
        assert_eq!(book.unknown_headers().collect::<Vec<_>>(), ["体重", "备注"]);
    }

    #[test]
    fn a_workbook_that_is_broken_or_boundless_is_refused() {
        let good = include_bytes!("../../tests/data/discharges.xlsx");
        let far = include_bytes!("../../tests/data/far_corner.xlsx");
        let mapping = ColumnMapping::default();
        for (bytes, expected) in [
            (&good[..good.len() / 2], "the workbook cannot be read"),
            (b"PK\x03\x04", "the workbook cannot be read"),
            (&far[..], "more than 1000 columns"),
        ] {
            let error = read_table(bytes, &mapping).unwrap_err().to_string();
            assert!(error.starts_with(expected), "{error}");
        }
        // No cut and no flipped byte may panic.
        for at in (0..good.len()).step_by(7) {
            let mut bytes = good.to_vec();
            bytes[at] ^= 0xFF;
            let _ = read_table(&bytes, &mapping);
            let _ = read_table(&good[..at], &mapping);
        }
    }

    /// No cut and no flipped byte of what another system sends may panic.
    #[test]
    fn broken_json_and_xml_are_refused_or_read() {
        let json = include_bytes!("../../fuzz/seeds/table/json");
        let lines = include_bytes!("../../fuzz/seeds/table/lines");
        let xml = include_bytes!("../../fuzz/seeds/table/xml");
        let mapping = ColumnMapping::default();
        for good in [&json[..], &lines[..], &xml[..]] {
            assert_eq!(read_table(good, &mapping).unwrap().len(), 1);
            for at in 0..good.len() {
                let mut bytes = good.to_vec();
                bytes[at] ^= 0x15;
                let _ = read_table(&bytes, &mapping);
                let _ = read_table(&good[..at], &mapping);
            }
        }
    }

    #[test]
    fn a_front_page_is_told_apart_by_its_record_number() {
        let text = "P3,P2,P4,P6,P26,P25,P741\nB1,2,王秀英,19520815,心内科,20261120,1\n";
        let table = read_csv(text.as_bytes()).unwrap();
        let (_, cell) = table.rows().next().unwrap();
        assert_eq!(
            [cell(Column::AdmissionNo), cell(Column::RecordNo), cell(Column::Sequence)],
            ["B1", "B1", "2"]
        );
    }

    #[test]
    fn a_second_address_is_asked_about_and_a_second_name_refused() {
        let header = "姓名,出生日期,住院号,出院科室,出院日期,现住址,家庭住址";
        let table = read_csv(format!("{header}\n王秀英,,,,,a,b\n").as_bytes()).unwrap();
        let (_, cell) = table.rows().next().unwrap();
        assert_eq!(cell(Column::Address), "a");
        assert_eq!(table.unknown_headers().collect::<Vec<_>>(), ["家庭住址"]);
        let error = read_csv(format!("{header},患者姓名\n").as_bytes()).unwrap_err();
        assert_eq!(error.to_string(), "columns 1 and 8 both mean the same");
    }

    #[test]
    fn a_learnt_mapping_reads_a_file_with_headers_of_its_own() {
        let text = "XM,CSRQ,ZYH,KS,CYRQ,电话\n王秀英,1952-08-15,Z1,心内科,2026-11-20,1\n";
        assert!(read_csv(text.as_bytes()).is_err());
        let mut mapping = ColumnMapping::default();
        for (header, column) in [
            ("xm", Column::Name),
            ("csrq", Column::BirthDate),
            ("zyh", Column::AdmissionNo),
            ("ks", Column::Department),
            ("cyrq", Column::DischargedOn),
            ("电话", Column::ContactPhone),
        ] {
            mapping.learn(header, Some(column)).unwrap();
        }
        let table = read_table(text.as_bytes(), &mapping).unwrap();
        let (_, cell) = table.rows().next().unwrap();
        let cells = [Column::Name, Column::Phone, Column::ContactPhone].map(cell);
        assert_eq!(cells, ["王秀英", "", "1"]);
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
