//! JSON: a list of objects, one object, or an object a line. Of lines, a broken one is
//! told and the others are read.

use serde_json::Value;

use super::{
    Read, TableError,
    records::{DEPTH_MAX, Records, joined, names},
};

pub(super) fn read(text: &str, record: &str) -> Result<Read, TableError> {
    let mut records = Records::default();
    match serde_json::from_str::<Value>(text) {
        Ok(whole) => {
            let found = find(&whole, record)?;
            let list = match found {
                Value::Array(list) => list.as_slice(),
                one => std::slice::from_ref(one),
            };
            for (number, value) in (1..).zip(list) {
                add(&mut records, number, value, "")?;
            }
            Ok(Read { rows: records.into_rows(), broken: Vec::new() })
        }
        Err(error) => lines(text, record, &error),
    }
}

fn lines(text: &str, record: &str, whole: &serde_json::Error) -> Result<Read, TableError> {
    let mut records = Records::default();
    let (mut broken, mut read) = (Vec::new(), 0_usize);
    for (number, line) in (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty()) {
        let value = serde_json::from_str::<Value>(line).ok().filter(Value::is_object);
        match value {
            Some(value) => {
                add(&mut records, number, find(&value, record)?, "")?;
                read += 1;
            }
            None => broken.push(number),
        }
    }
    if read == 0 {
        return Err(TableError::Json { line: whole.line(), column: whole.column() });
    }
    Ok(Read { rows: records.into_rows(), broken })
}

fn find<'a>(value: &'a Value, record: &str) -> Result<&'a Value, TableError> {
    names(record).try_fold(value, |value, name| {
        value.get(name).ok_or_else(|| TableError::NoRecord(record.to_owned()))
    })
}

fn add(records: &mut Records, number: u32, value: &Value, path: &str) -> Result<(), TableError> {
    records.begin(number)?;
    cells(records, value, path, 0)
}

fn cells(records: &mut Records, value: &Value, path: &str, depth: usize) -> Result<(), TableError> {
    if depth > DEPTH_MAX {
        return Err(TableError::TooDeep(DEPTH_MAX));
    }
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                cells(records, value, &joined(path, name), depth + 1)?;
            }
        }
        Value::Array(items) => {
            for (n, value) in (1..).zip(items) {
                cells(records, value, &joined(path, &n.to_string()), depth + 1)?;
            }
        }
        Value::Null => {}
        Value::Bool(yes) => records.add(path, yes.to_string())?,
        Value::Number(number) => records.add(path, number_text(number))?,
        Value::String(text) => records.add(path, text.trim().to_owned())?,
    }
    Ok(())
}

/// Whole numbers without ".0", as in a workbook.
fn number_text(number: &serde_json::Number) -> String {
    match (number.as_i64(), number.as_f64()) {
        (None, Some(float)) if number.is_f64() => float.to_string(),
        _ => number.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(read: &Read) -> Vec<String> {
        let row = |(number, row): &super::super::NumberedRow| {
            format!("{number} {}", row.iter().collect::<Vec<_>>().join("|"))
        };
        read.rows.iter().map(row).collect()
    }

    #[test]
    fn a_list_lines_and_what_lies_deeper_become_rows() {
        let list =
            r#"[{"姓名":"王","n":2.0,"v":{"no":"Z1"},"d":["a","b"]},{"姓名":"李","x":null}]"#;
        let expected = ["0 d/1|d/2|n|v/no|姓名", "1 a|b|2|Z1|王", "2 ||||李"];
        assert_eq!(text(&read(list, "").unwrap()), expected);
        let wrapped = format!(r#"{{"data":{{"rows":{list}}}}}"#);
        assert_eq!(text(&read(&wrapped, "data/rows").unwrap()), expected);
        let lines = "{\"a\":1}\n\n{\"a\":\n{\"a\":3}\n[1]\n";
        let found = read(lines, "").unwrap();
        assert_eq!(text(&found), ["0 a", "1 1", "4 3"]);
        assert_eq!(found.broken, [3, 5]);
        assert_eq!(text(&read("{\n\"a\":\n1}", "").unwrap()), ["0 a", "1 1"]);
    }

    #[test]
    fn what_is_no_json_or_has_no_record_says_where() {
        let deep = format!("{}1{}", "[".repeat(20), "]".repeat(20));
        for (body, record, expected) in [
            ("{\"a\": 张三}", "", "line 1, column 7: not JSON"),
            ("{\"a\":1}", "b/c", "nothing at b/c"),
            (deep.as_str(), "", "nested more than 16 deep"),
        ] {
            let error = read(body, record).unwrap_err().to_string();
            assert!(error.starts_with(expected), "{error}");
            assert!(!error.contains('张'), "{error}");
        }
    }
}
