//! XML, a SOAP envelope included. Prefixes and namespaces are not looked at: each vendor
//! has its own. A document type is refused, so that no entity grows or reads a file.

use std::collections::HashMap;

use roxmltree::{Document, Node, ParsingOptions};

use super::{
    Read, TableError,
    records::{DEPTH_MAX, Records, joined, names},
};

pub(super) fn read(text: &str, record: &str) -> Result<Read, TableError> {
    let options =
        ParsingOptions { allow_dtd: false, nodes_limit: NODES_MAX, ..ParsingOptions::default() };
    let document = Document::parse_with_options(text, options).map_err(|error| {
        let at = error.pos();
        TableError::Xml { line: at.row, column: at.col }
    })?;
    let mut found = vec![document.root()];
    let mut path: Vec<&str> = names(record).collect();
    if path.is_empty() {
        // What stands in the outermost element.
        path = vec!["*", "*"];
    }
    for name in path {
        let fits = |node: &Node<'_, '_>| node.is_element() && (name == "*" || local(node) == name);
        found = found.iter().flat_map(Node::children).filter(fits).collect();
    }
    if found.is_empty() {
        return Err(TableError::NoRecord(record.to_owned()));
    }
    let mut records = Records::default();
    for (number, node) in (1..).zip(found) {
        records.begin(number)?;
        cells(&mut records, node, "", 0)?;
    }
    Ok(Read { rows: records.into_rows(), broken: Vec::new() })
}

fn cells(
    records: &mut Records,
    node: Node<'_, '_>,
    path: &str,
    depth: usize,
) -> Result<(), TableError> {
    if depth > DEPTH_MAX {
        return Err(TableError::TooDeep(DEPTH_MAX));
    }
    for attribute in node.attributes() {
        let name = format!("@{}", attribute.name());
        records.add(&joined(path, &name), attribute.value().trim().to_owned())?;
    }
    let mut seen: HashMap<&str, usize> = HashMap::new();
    let mut is_leaf = true;
    for child in node.children().filter(Node::is_element) {
        is_leaf = false;
        let count = seen.entry(local(&child)).or_default();
        *count += 1;
        let name = match *count {
            1 => local(&child).to_owned(),
            n => format!("{}/{n}", local(&child)),
        };
        cells(records, child, &joined(path, &name), depth + 1)?;
    }
    if is_leaf && !path.is_empty() {
        let text: String = node.children().filter_map(|child| child.text()).collect();
        records.add(path, text.trim().to_owned())?;
    }
    Ok(())
}

fn local<'a>(node: &Node<'a, '_>) -> &'a str {
    node.tag_name().name()
}

/// 20,000 discharges of a hundred elements.
const NODES_MAX: u32 = 4_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_soap_envelope_and_a_plain_list_become_rows() {
        let list = "<p:Patients xmlns:p='urn:x'><p:Patient id='7'><Name> 王秀英 </Name>\
                    <Visit><No>Z1</No></Visit><Dx>I10</Dx><Dx>E11</Dx></p:Patient>\
                    <p:Patient><Name><![CDATA[李<强]]></Name></p:Patient></p:Patients>";
        let soap = format!(
            "<?xml version='1.0' encoding='GBK'?><s:Envelope xmlns:s='urn:s'><s:Header/>\
             <s:Body>{list}</s:Body></s:Envelope>"
        );
        for (text, record) in [(list, ""), (&soap, "Envelope/Body/Patients/Patient")] {
            let read = read(text, record).unwrap();
            let rows: Vec<Vec<&str>> =
                read.rows.iter().map(|(_, row)| row.iter().collect()).collect();
            let expected: [&[&str]; 3] = [
                &["@id", "Name", "Visit/No", "Dx", "Dx/2"],
                &["7", "王秀英", "Z1", "I10", "E11"],
                &["", "李<强"],
            ];
            assert_eq!(rows, expected, "{record}");
        }
    }

    /// The billion laughs, and a file of ours.
    #[test]
    fn a_document_type_is_refused() {
        let laughs = "<!DOCTYPE l [<!ENTITY a 'ha'><!ENTITY b '&a;&a;'>]><l><r><x>&b;</x></r></l>";
        let file = "<!DOCTYPE l [<!ENTITY f SYSTEM 'file:///etc/passwd'>]><l><r><x>&f;</x></r></l>";
        for text in [laughs, file, "<l><r>", "<l>&#0;</l>"] {
            let error = read(text, "").unwrap_err().to_string();
            assert!(error.contains("not XML"), "{error}");
        }
        let error = read("<l><r/></l>", "l/x").unwrap_err().to_string();
        assert_eq!(error, "nothing at l/x: it should hold one discharge");
    }
}
