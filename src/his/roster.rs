//! A duty roster as a head nurse keeps it: one line a shift and person.

use super::table::{TableError, csv_rows};

/// The cells of one line, as written; `row` is its line in a spreadsheet.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct RosterRow {
    pub row: u32,
    pub day: String,
    pub shift: String,
    pub rank: String,
    pub ward: String,
    pub department: String,
    pub staff_no: String,
    pub phone: String,
}

/// # Errors
/// When the file cannot be read, or a column is missing.
pub fn read_roster(bytes: &[u8]) -> Result<Vec<RosterRow>, TableError> {
    let rows = csv_rows(bytes)?;
    let mut filled =
        rows.into_iter().filter(|(_, row)| row.iter().any(|cell| !cell.trim().is_empty()));
    let (_, header) = filled.next().ok_or(TableError::Empty)?;
    let place = |names: &[&str]| {
        header.iter().position(|cell| names.contains(&cell.trim().to_lowercase().as_str()))
    };
    let needed = |names: &[&str]| {
        place(names).ok_or_else(|| {
            TableError::Missing(names.first().copied().unwrap_or_default().to_owned())
        })
    };
    let (day, shift) = (needed(&["日期", "day", "date"])?, needed(&["班次", "shift"])?);
    let (staff, phone) = (needed(&["工号", "staff_no"])?, needed(&["电话", "值班电话", "phone"])?);
    let (rank, ward) = (place(&["级别", "顺序", "rank"]), place(&["病区", "ward"]));
    let department = place(&["科室", "department"]);
    let read = |(row, record): (u32, csv::StringRecord)| {
        let cell = |at: usize| record.get(at).unwrap_or_default().trim().to_owned();
        let optional = |at: Option<usize>| at.map(cell).unwrap_or_default();
        RosterRow {
            row,
            day: cell(day),
            shift: cell(shift),
            rank: optional(rank),
            ward: optional(ward),
            department: optional(department),
            staff_no: cell(staff),
            phone: cell(phone),
        }
    };
    Ok(filled.map(read).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_roster_is_read_by_the_names_of_its_columns() {
        let text = "日期,班次,病区,工号,值班电话,级别\n2025-01-07,夜班,一病区,0101,8001,1\n,,,,,\n";
        let rows = read_roster(text.as_bytes()).unwrap();
        assert_eq!(rows.len(), 1);
        let RosterRow { row, shift, rank, ward, department, staff_no, phone, .. } = &rows[0];
        assert_eq!((*row, shift.as_str(), rank.as_str()), (2, "夜班", "1"));
        assert_eq!((ward.as_str(), department.as_str()), ("一病区", ""));
        assert_eq!((staff_no.as_str(), phone.as_str()), ("0101", "8001"));
        for (bad, expected) in [("", "empty"), ("日期,工号,电话\n", "班次")] {
            let error = read_roster(bad.as_bytes()).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }
}
