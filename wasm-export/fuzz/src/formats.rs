//! Checks a file of any rows, in any format and compression, by reading it back.
//!
//! Decant's own readers and readers of other authors must both find the rows that went in. Markdown, HTML and text are
//! only written here, because no reader of another author gives their cells back; the crate's own tests read them.

use calamine::Data;
use wasm_export::ExportError;
use wasm_export::format::guard;
use wasm_export::options::{
    Compression, DecimalMark, Format, Guard, HeaderStyle, Metadata, Options, TimestampStyle,
};
use wasm_export::reading::{Guarded, InputFormat, ReadOptions};

use super::exporting::export;
use super::pieces::Cuts;
use super::reading::{Cells, read, unpack};
use super::reference;
use super::table::{Table, Value};

/// Exports the table and reads the file back.
///
/// # Panics
/// If a reader finds other cells than the table has, or the file depends on how the stream is cut.
pub fn check(options: &Options, cuts: &Cuts, table: &Table) {
    let file = match export(&table.stream(), options, cuts) {
        // Not every format has a place for metadata, or can be made of every row.
        Err(ExportError::Format(_)) => return,
        file => file.expect("the stream is whole"),
    };
    let file = match options.compression {
        Compression::None => file,
        packed => unpack(&file, packed, cuts).expect("what is packed can be unpacked"),
    };
    match options.format {
        Format::Csv => check_csv(&file, table, options, cuts),
        Format::Json => check_lossless(&file, InputFormat::Json, table, options, cuts),
        Format::Jsonl => check_lossless(&file, InputFormat::Jsonl, table, options, cuts),
        Format::Xml => check_lossless(&file, InputFormat::Xml, table, options, cuts),
        Format::Xlsx => check_xlsx(&file, table, options),
        Format::Markdown | Format::Html | Format::Text => {}
    }
}

fn check_csv(file: &[u8], table: &Table, options: &Options, cuts: &Cuts) {
    // The seeds' rule cannot be undone.
    if options.guard == Guard::Seeds {
        return;
    }
    let is_guarded = options.guard == Guard::Strict;
    let has_headings = options.header != HeaderStyle::None;
    let mut rows = table.texts(|value| match value {
        Value::Fraction(digits) if options.decimal == DecimalMark::Comma => digits.replace('.', ","),
        value => value.text(options),
    });
    // A line of nothing is no row to most readers, so null is quoted there too.
    if table.columns().count() == 1 {
        rows.iter_mut().flatten().for_each(|cell| {
            cell.get_or_insert_default();
        });
    }
    if has_headings {
        let read_options = ReadOptions {
            format: InputFormat::Csv,
            compression: Compression::None,
            delimiter: Some(options.delimiter),
            guarded: if is_guarded {
                Guarded::Decoded
            } else {
                Guarded::Kept
            },
            columns: Vec::new(),
        };
        let ours = read(file, &read_options, cuts).expect("what is written can be read");
        assert_eq!(ours.rows, rows);
    }
    let unguarded = |cell: &str| match is_guarded {
        true => guard::decode(cell.as_bytes(), options.delimiter.byte()).into_owned(),
        false => cell.as_bytes().to_vec(),
    };
    let theirs = reference::csv(file, options.delimiter.byte(), has_headings);
    assert_eq!(theirs.len(), rows.len());
    for (theirs, row) in theirs.iter().zip(&rows) {
        // They know no null.
        let row = row
            .iter()
            .map(|cell| cell.as_deref().unwrap_or_default().as_bytes());
        assert!(theirs.iter().map(unguarded).eq(row), "{theirs:?}");
    }
}

fn check_lossless(file: &[u8], format: InputFormat, table: &Table, options: &Options, cuts: &Cuts) {
    let cells = Cells {
        columns: table.columns().map(|column| column.name.clone()).collect(),
        rows: table.texts(|value| value.text(options)),
    };
    let read_options = ReadOptions {
        format,
        compression: Compression::None,
        delimiter: None,
        guarded: Guarded::Kept,
        columns: Vec::new(),
    };
    let ours = read(file, &read_options, cuts).expect("what is written can be read");
    assert_eq!(ours.rows, cells.rows);
    let is_described = options.metadata == Metadata::With;
    let theirs = match format {
        InputFormat::Xml => reference::xml(file),
        InputFormat::Jsonl => reference::jsonl(file, &cells.columns, is_described),
        _ => reference::json(file, &cells.columns, is_described),
    };
    assert_eq!(theirs, cells);
}

fn check_xlsx(file: &[u8], table: &Table, options: &Options) {
    // Without headings the reader begins at the first cell that is not empty.
    if options.header == HeaderStyle::None {
        return;
    }
    let sheet = reference::xlsx(file);
    let mut found = sheet.iter().skip(1);
    for row in table.shown() {
        // Empty cells at the end, and rows of nothing else, need not be there.
        let found = found.next().map_or(&[][..], Vec::as_slice);
        for (index, value) in row.iter().enumerate() {
            let found = found.get(index).unwrap_or(&Data::Empty);
            assert!(is_same(found, value.as_ref(), options), "{found:?} for {value:?}");
        }
    }
}

/// Whether a spreadsheet shows a value. One that it could not keep is text there.
fn is_same(found: &Data, value: Option<&Value>, options: &Options) -> bool {
    let local = Options {
        timestamps: TimestampStyle::Local,
        ..options.clone()
    };
    match (found, value) {
        (Data::Empty, value) => value.is_none(),
        (Data::Bool(found), Some(Value::Boolean(value))) => found == value,
        (Data::Float(found), Some(Value::Number(digits) | Value::Fraction(digits))) => {
            // A decimal of more than 15 digits is rounded to them.
            let rounded = |number: f64| format!("{number:.14e}");
            digits.parse().map(rounded) == Ok(rounded(*found))
        }
        (Data::DateTime(found), Some(value)) => {
            let (year, month, day, hour, minute, second, millisecond) = found.to_ymd_hms_milli();
            let date = format!("{year:04}-{month:02}-{day:02}");
            let time = format!("{date}T{hour:02}:{minute:02}:{second:02}.{millisecond:03}");
            time.starts_with(&value.wall_time(options))
        }
        (Data::String(found), Some(value)) => *found == value.text(&local),
        _ => false,
    }
}
