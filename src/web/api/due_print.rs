//! The due list on paper (F074): a section a ward, its name and the date on each page, and
//! blank columns for result and signature. Legible in black and white.

use std::fmt::Write as _;

use chrono::NaiveDate;

use super::tasks::age;
use crate::{store::due::Due, web::mask};

pub(super) struct Printed {
    pub(super) hospital: String,
    pub(super) by: String,
    pub(super) at: String,
    pub(super) today: NaiveDate,
    pub(super) full_numbers: bool,
}

pub(super) fn due_page(head: &Printed, rows: &[Due]) -> String {
    let mut wards: Vec<Option<&str>> = rows.iter().map(|row| row.ward.as_deref()).collect();
    wards.sort_unstable();
    wards.dedup();
    let mark = escape(&format!("{} {}", head.by, head.at));
    let mut page = format!(
        "<!doctype html><html lang=\"zh-CN\"><head><meta charset=\"utf-8\"><title>随访日期表</title>\
         <style>{STYLE}</style></head><body><div class=\"mark\">{mark}</div>"
    );
    for ward in wards {
        let of_ward: Vec<_> = rows.iter().filter(|row| row.ward.as_deref() == ward).collect();
        section(&mut page, head, ward.unwrap_or("未分病区"), &of_ward);
    }
    page += "</body></html>";
    page
}

fn section(page: &mut String, head: &Printed, ward: &str, rows: &[&Due]) {
    let columns = COLUMNS.len();
    // The head of a table stands on each of its pages.
    let _ = write!(
        page,
        "<section><table><thead><tr><th class=\"top\" colspan=\"{columns}\">{} 随访日期表 · {} · {} \
         <span>打印 {} {}</span></th></tr><tr>",
        escape(&head.hospital),
        escape(ward),
        head.today,
        escape(&head.by),
        head.at
    );
    for column in COLUMNS {
        let _ = write!(page, "<th>{column}</th>");
    }
    *page += "</tr></thead><tbody>";
    for (number, row) in (1..).zip(rows) {
        line(page, head, number, row);
    }
    let _ = write!(page, "</tbody></table><p>共 {} 人</p></section>", rows.len());
}

fn line(page: &mut String, head: &Printed, number: usize, row: &Due) {
    let text = |text: &Option<String>| escape(text.as_deref().unwrap_or_default());
    let day = |day: Option<NaiveDate>| day.map_or_else(String::new, |day| day.to_string());
    let age = row.birth_date.and_then(|born| age(born, head.today));
    let phone = row.e164.as_deref().map(|number| match head.full_numbers {
        true => number.trim_start_matches("+86").to_owned(),
        false => mask::number(number),
    });
    let is_overdue = row.deadline_on.is_some_and(|last| last < head.today);
    let cells = [
        number.to_string(),
        escape(&row.name),
        sex(&row.sex).to_owned(),
        age.map_or_else(String::new, |age| age.to_string()),
        text(&row.diagnosis),
        day(row.discharged_on),
        row.sequence.map_or_else(String::new, |sequence| format!("第{}次", sequence + 1)),
        day(row.scheduled_on),
        format!("{}{}", day(row.deadline_on), if is_overdue { " 逾期" } else { "" }),
        phone.as_deref().map(escape).unwrap_or_default(),
        text(&row.assigned_to),
        String::new(),
        String::new(),
    ];
    *page += "<tr>";
    for cell in cells {
        let _ = write!(page, "<td>{cell}</td>");
    }
    *page += "</tr>";
}

fn sex(word: &str) -> &'static str {
    match word {
        "male" => "男",
        "female" => "女",
        _ => "",
    }
}

/// A name is text, whatever stands in it.
pub(super) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

const COLUMNS: [&str; 13] = [
    "序号",
    "姓名",
    "性别",
    "年龄",
    "诊断",
    "出院日期",
    "次数",
    "应随访",
    "最迟",
    "电话",
    "负责人",
    "结果",
    "签名",
];

const STYLE: &str = "@page{size:A4 landscape;margin:12mm;\
    @bottom-right{content:\"第 \" counter(page) \" 页 共 \" counter(pages) \" 页\"}}\
    body{font:10pt sans-serif;color:#000;margin:0}section{break-after:page}\
    section:last-of-type{break-after:auto}table{width:100%;border-collapse:collapse}\
    thead{display:table-header-group}tr{break-inside:avoid}\
    th,td{border:1px solid #000;padding:2mm 1.5mm;text-align:left}\
    th.top{border:0;font-size:12pt}th.top span{float:right;font-weight:normal;font-size:9pt}\
    td:nth-child(12),td:nth-child(13){min-width:24mm}\
    .mark{position:fixed;top:45%;left:0;right:0;text-align:center;font-size:40pt;color:#ddd;\
    transform:rotate(-20deg);z-index:-1}";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_write_into_the_page() {
        assert_eq!(escape("<b>\"王\"&"), "&lt;b&gt;&quot;王&quot;&amp;");
    }
}
