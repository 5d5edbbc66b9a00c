//! Files read by readers of other authors.

use std::collections::BTreeMap;
use std::io::Cursor;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use calamine::{Data, Reader as _, Xlsx, open_workbook_from_rs};
use serde::de::{DeserializeOwned, IgnoredAny};

use super::reading::Cells;

/// Returns the rows of a CSV file, without the headings if it has them.
///
/// # Panics
/// If it is not CSV.
pub fn csv(file: &[u8], delimiter: u8, has_headings: bool) -> Vec<csv::StringRecord> {
    let file = file.strip_prefix("\u{feff}".as_bytes()).unwrap_or(file);
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .has_headers(has_headings)
        .from_reader(file);
    reader
        .records()
        .map(|row| row.expect("the file is CSV"))
        .collect()
}

/// Returns the cells of a JSON file: the text of strings, and the JSON of other values.
///
/// # Panics
/// If it is not JSON, or a row has other columns than these.
pub fn json(file: &[u8], columns: &[String], is_described: bool) -> Cells {
    let text = std::str::from_utf8(file).expect("the file is UTF-8");
    let _: IgnoredAny = serde_json::from_str(text).expect("the file is JSON");
    let rows = if is_described { members(text)["rows"] } else { text };
    let row = |row: &str| {
        let row = members(row);
        assert_eq!(row.len(), columns.len());
        columns.iter().map(|name| json_text(row[name])).collect()
    };
    Cells {
        columns: columns.to_vec(),
        rows: items(rows).into_iter().map(row).collect(),
    }
}

fn json_text(value: &str) -> Option<String> {
    match value {
        "null" => None,
        string if string.starts_with('"') => Some(serde_json::from_str(string).expect("it is a string")),
        other => Some(other.to_owned()),
    }
}

/// Returns the values of an object, each with its text unchanged.
///
/// serde_json has `RawValue` for this, behind a feature that would rebuild serde_json and its dependents for this
/// test alone.
fn members(text: &str) -> BTreeMap<String, &str> {
    let mut rest = text.trim_start().strip_prefix('{').expect("it is an object");
    let mut members = BTreeMap::new();
    while !rest.trim_start().starts_with('}') {
        let (key, _, after) = next::<String>(rest);
        let after = after.trim_start().strip_prefix(':').expect("a key has a value");
        let (_, value, after) = next::<IgnoredAny>(after);
        assert!(members.insert(key, value).is_none(), "no key is there twice");
        rest = after.trim_start();
        rest = rest.strip_prefix(',').unwrap_or(rest);
    }
    members
}

/// Returns the items of an array, each with its text unchanged.
fn items(text: &str) -> Vec<&str> {
    let mut rest = text.trim_start().strip_prefix('[').expect("it is an array");
    let mut items = Vec::new();
    while !rest.trim_start().starts_with(']') {
        let (_, item, after) = next::<IgnoredAny>(rest);
        items.push(item);
        rest = after.trim_start();
        rest = rest.strip_prefix(',').unwrap_or(rest);
    }
    items
}

/// Returns the first JSON value of the text, its part of the text, and the rest.
fn next<T: DeserializeOwned>(text: &str) -> (T, &str, &str) {
    let mut stream = serde_json::Deserializer::from_str(text).into_iter::<T>();
    let value = stream.next().expect("there is a value").expect("it is JSON");
    let (part, rest) = text.split_at(stream.byte_offset());
    (value, part.trim(), rest)
}

/// Returns the cells of a file of JSON lines, like [`json`].
///
/// # Panics
/// If a line is not JSON, or a row has other columns than these.
pub fn jsonl(file: &[u8], columns: &[String], is_described: bool) -> Cells {
    let text = std::str::from_utf8(file).expect("the file is UTF-8");
    let lines: Vec<&str> = text
        .split_terminator('\n')
        .skip(usize::from(is_described))
        .collect();
    json(format!("[{}]", lines.join(",")).as_bytes(), columns, false)
}

/// Returns the cells of an XML file in Decant's layout.
///
/// # Panics
/// If it has another layout.
pub fn xml(file: &[u8]) -> Cells {
    let text = std::str::from_utf8(file).expect("the file is UTF-8");
    let document = roxmltree::Document::parse(text).expect("the file is XML");
    let all = |name: &'static str| {
        document
            .descendants()
            .filter(move |node| node.has_tag_name(("urn:decant:export:1", name)))
    };
    let elements: Vec<&str> = all("column")
        .filter_map(|column| column.attribute("element"))
        .collect();
    let rows = all("row").map(|row| {
        let cell = |element: &&str| {
            let node = row.children().find(|node| node.tag_name().name() == *element)?;
            let text = node.text().unwrap_or_default();
            Some(match node.attribute("encoding") {
                None => text.to_owned(),
                Some(_) => {
                    let bytes = STANDARD.decode(text).expect("it is base64");
                    String::from_utf8(bytes).expect("PostgreSQL holds UTF-8")
                }
            })
        };
        elements.iter().map(cell).collect()
    });
    let name = |column: roxmltree::Node<'_, '_>| column.first_element_child()?.text().map(str::to_owned);
    Cells {
        columns: all("column").filter_map(name).collect(),
        rows: rows.collect(),
    }
}

/// Returns the cells of a workbook's first sheet. The first row is that of the headings.
///
/// # Panics
/// If it is not a workbook.
pub fn xlsx(file: &[u8]) -> Vec<Vec<Data>> {
    let mut workbook: Xlsx<_> = open_workbook_from_rs(Cursor::new(file)).expect("the file is a workbook");
    let sheet = workbook.worksheet_range_at(0).expect("it has a sheet");
    sheet
        .expect("the sheet is well formed")
        .rows()
        .map(<[Data]>::to_vec)
        .collect()
}
