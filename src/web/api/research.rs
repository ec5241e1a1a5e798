//! The research export as a table: one line a follow-up, two columns an item.

use std::collections::HashMap;

use uuid::Uuid;

use crate::{app::csv_table, store::statistics::ExportRow};

pub(super) fn table(rows: &[ExportRow], items: &[&str], deidentified: bool) -> Vec<u8> {
    let mut header: Vec<String> = if deidentified {
        ["subject", "sex", "birth_year"].map(str::to_owned).to_vec()
    } else {
        ["姓名", "住院号", "性别", "出生日期"].map(str::to_owned).to_vec()
    };
    header.extend(
        ["科室", "病区", "主要诊断", "出院日期", "随访次数", "随访日期", "随访方式", "接听人"]
            .map(str::to_owned),
    );
    for item in items {
        header.push((*item).to_owned());
        header.push(format!("{item}_label"));
    }
    let mut subjects: HashMap<Uuid, usize> = HashMap::new();
    let lines: Vec<_> = rows
        .chunk_by(|a, b| a.task_id == b.task_id)
        .map(|of_one| {
            let next = subjects.len() + 1;
            let subject = *subjects.entry(of_one[0].person_id).or_insert(next);
            line(of_one, items, deidentified.then_some(subject))
        })
        .collect();
    csv_table(&header, lines.into_iter())
}

fn line(rows: &[ExportRow], items: &[&str], subject: Option<usize>) -> Vec<String> {
    let first = &rows[0];
    let day = |day: Option<chrono::NaiveDate>| day.map_or_else(String::new, |d| d.to_string());
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let mut cells = match subject {
        Some(subject) => {
            let year = first.birth_date.map(|born| born.format("%Y").to_string());
            vec![subject.to_string(), first.sex.clone(), year.unwrap_or_default()]
        }
        None => vec![
            first.name.clone(),
            text(&first.admission_no),
            first.sex.clone(),
            day(first.birth_date),
        ],
    };
    cells.extend([
        text(&first.department),
        text(&first.ward),
        text(&first.disease),
        day(first.discharged_on),
        first.sequence.map_or_else(String::new, |sequence| (sequence + 1).to_string()),
        day(first.done_on),
        text(&first.channel),
        text(&first.respondent),
    ]);
    for item in items {
        let given = rows.iter().find(|row| row.link_id.as_deref() == Some(item));
        // A blank says which of the six it is.
        let code = given.map(|row| match &row.code {
            Some(code) => code.clone(),
            None => text(&row.status),
        });
        cells.push(code.unwrap_or_else(|| "not_asked".to_owned()));
        cells.push(given.and_then(|row| row.label.clone()).unwrap_or_default());
    }
    cells
}
