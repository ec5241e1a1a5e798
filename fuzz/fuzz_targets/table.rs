//! A file of discharges (CSV, XLSX, JSON, XML), and its cells as dates and as telephone numbers.
#![no_main]

use chrono::NaiveDate;
use libfuzzer_sys::fuzz_target;
use suifang::{
    domain::{RawDischarge, read_cell, read_date},
    his::{Column, ColumnMapping, read_table},
};

fuzz_target!(|data: &[u8]| {
    if let Ok(table) = read_table(data, &ColumnMapping::default()) {
        for (_, cell) in table.rows() {
            for column in [Column::Name, Column::Phone, Column::DischargedOn, Column::BirthDate] {
                judge(cell(column));
            }
            let text = |column| cell(column).to_owned();
            let row = RawDischarge {
                name: text(Column::Name),
                sex: text(Column::Sex),
                birth_date: text(Column::BirthDate),
                id_card: text(Column::IdCard),
                discharged_on: text(Column::DischargedOn),
                disposition: text(Column::Disposition),
                ..RawDischarge::default()
            };
            let _ = row.check(TODAY, "0592");
        }
    }
    judge(&String::from_utf8_lossy(data));
});

fn judge(cell: &str) {
    let _ = read_date(cell);
    if let Ok(numbers) = read_cell(cell, "0592") {
        for number in numbers {
            assert!(number.e164.as_str().starts_with('+'), "a number that cannot be dialled");
        }
    }
}

const TODAY: NaiveDate = NaiveDate::from_ymd_opt(2026, 1, 5).expect("a day");
