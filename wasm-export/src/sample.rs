//! Raw-row streams for tests.

use std::borrow::Cow;

use proptest::prelude::*;

use crate::options::{Bom, DecimalMark, Delimiter, Fraction, Guard, HeaderStyle, Newline, TimestampStyle};
use crate::rows::{Column, Cursor, Digest, End, Header, Kind, end_line, header_line};
use crate::{Export, ExportError, Options};

/// Returns a header whose columns have their names as labels. The first column orders the rows.
pub(crate) fn header(columns: &[(&str, Kind)]) -> Header {
    let column = |&(name, kind): &(&str, Kind)| Column {
        name: name.to_owned(),
        label: name.to_owned(),
        labels: Default::default(),
        kind,
        pg_type: String::new(),
        hidden: false,
    };
    Header {
        decant: 1,
        part: None,
        dataset: "samples".to_owned(),
        title: "Samples".to_owned(),
        columns: columns.iter().map(column).collect(),
        order: vec![columns[0].0.to_owned()],
        reversed: false,
        as_of: "2026-01-28T12:00:00Z".to_owned(),
        zone: "UTC".to_owned(),
        fraction: Some(Fraction::Milliseconds),
        highlights: Vec::new(),
        filters: Default::default(),
        estimated_rows: Some(1),
    }
}

/// Returns a cell as COPY writes it.
pub(crate) fn raw(cell: Option<&[u8]>) -> Vec<u8> {
    let Some(text) = cell else { return b"\\N".to_vec() };
    let escape = |&byte: &u8| -> Cow<'static, [u8]> {
        match byte {
            b'\\' => Cow::Borrowed(b"\\\\"),
            0x08 => Cow::Borrowed(b"\\b"),
            b'\t' => Cow::Borrowed(b"\\t"),
            b'\n' => Cow::Borrowed(b"\\n"),
            0x0b => Cow::Borrowed(b"\\v"),
            0x0c => Cow::Borrowed(b"\\f"),
            b'\r' => Cow::Borrowed(b"\\r"),
            other => Cow::Owned(vec![other]),
        }
    };
    text.iter().flat_map(|byte| escape(byte).into_owned()).collect()
}

/// Returns a row of these cells, with its newline.
pub(crate) fn row<'a>(cells: impl IntoIterator<Item = Option<&'a [u8]>>) -> Vec<u8> {
    let cells: Vec<Vec<u8>> = cells.into_iter().map(raw).collect();
    [cells.join(&b'\t'), b"\n".to_vec()].concat()
}

/// Returns the end record of these rows.
pub(crate) fn end(header: &Header, rows: &[u8]) -> Vec<u8> {
    let mut digest = Digest::new();
    digest.update(rows);
    let lines: Vec<&[u8]> = rows.split_inclusive(|&byte| byte == b'\n').collect();
    let cursor = lines
        .last()
        .and_then(|line| header.cursor(&line[..line.len() - 1]));
    end_line(&End {
        rows: lines.len() as u64,
        bytes: rows.len() as u64,
        digest: digest.hex(),
        cursor,
    })
}

/// Returns a stream of these rows, with its header and end record.
pub(crate) fn stream(header: &Header, rows: &[u8]) -> Vec<u8> {
    [header_line(header), rows.to_vec(), end(header, rows)].concat()
}

/// Returns the file of a stream, and the result of the export.
pub(crate) fn export(stream: &[u8], options: &Options) -> (Vec<u8>, Result<(), ExportError>) {
    export_chunks([stream], options)
}

/// Returns the same for a stream in pieces.
pub(crate) fn export_chunks<'a>(
    chunks: impl IntoIterator<Item = &'a [u8]>,
    options: &Options,
) -> (Vec<u8>, Result<(), ExportError>) {
    let mut export = Export::new(options.clone());
    let mut file = Vec::new();
    let pushed = chunks
        .into_iter()
        .try_for_each(|chunk| export.push(chunk, &mut file));
    let result = pushed.and_then(|()| export.finish(&mut file).map(|_| ()));
    (file, result)
}

/// Returns the cursor of one order cell.
pub(crate) fn cursor(cell: &str) -> Option<String> {
    Some(Cursor::encode([cell.as_bytes()], false))
}

/// Generates text with many characters that are special in CSV, in COPY or for the guard.
pub(crate) fn awkward_text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        6 => "[=+\\-@'\",;|\\t\\r\\n \\\\.N0-9a]",
        1 => "[＝＋－＠﹢﹣﹦﹫\u{2212}\u{feff}\u{a0}\u{200b}\u{2028}\u{3000}\u{ad}é張🎉]",
        1 => "[\u{1}-\u{1f}\u{7f}]",
    ];
    proptest::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

/// Generates every combination of options for CSV.
pub(crate) fn any_options() -> impl Strategy<Value = Options> {
    fn any_of<T: Copy + std::fmt::Debug>(choices: &'static [T]) -> impl Strategy<Value = T> {
        proptest::sample::select(choices)
    }
    let zone = proptest::sample::select(&["UTC", "Asia/Shanghai", "America/New_York", "Asia/Kathmandu"][..]);
    let dialect = (
        any_of(Delimiter::ALL),
        any_of(Bom::ALL),
        any_of(Newline::ALL),
        any_of(Guard::ALL),
    );
    let values = (
        any_of(DecimalMark::ALL),
        any_of(TimestampStyle::ALL),
        any_of(HeaderStyle::ALL),
        zone,
    );
    (dialect, values).prop_map(
        |((delimiter, bom, newline, guard), (decimal, timestamps, header, zone))| Options {
            delimiter,
            bom,
            newline,
            guard,
            decimal,
            timestamps,
            header,
            zone: zone.parse().unwrap(),
            ..Options::default()
        },
    )
}
