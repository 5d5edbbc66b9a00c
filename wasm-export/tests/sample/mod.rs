//! A small export and its file, for the tests that run in a browser.

use wasm_export::options::Fraction;
use wasm_export::rows::{Column, Cursor, Digest, End, Header, Kind, VERSION, end_line, header_line};

const ROWS: [&str; 3] = [
    "2026-01-28 12:34:56.789+00\tsay \"hi\", \\nworld\t0.000000000000001\t3\n",
    "2026-01-28 12:34:55+00\t=1+1\t-5\t2\n",
    "\\N\t会话 😀\t\\N\t1\n",
];

/// Returns a raw-row stream with cells that need escapes, quotes or the guard.
pub fn stream() -> Vec<u8> {
    stream_after(0)
}

/// Returns the stream that continues an export after this number of rows.
pub fn stream_after(rows: usize) -> Vec<u8> {
    let count = (ROWS.len() - rows) as u64;
    let rows = ROWS[rows..].concat();
    let mut digest = Digest::new();
    digest.update(rows.as_bytes());
    let cursor = Cursor::encode([&b"\\N"[..], b"1"], false);
    let end = End {
        rows: count,
        bytes: rows.len() as u64,
        digest: digest.hex(),
        cursor: Some(cursor),
    };
    [header(), rows.as_bytes().to_vec(), end_line(&end)].concat()
}

/// The file of [`stream`] with the default options.
pub const FILE: &str = "\u{feff}\"Time\",Said,Cost\r\n\
    2026-01-28T12:34:56.789Z,\"say \"\"hi\"\", \nworld\",0.000000000000001\r\n\
    2026-01-28T12:34:55.000Z,\"'=1+1\",-5\r\n\
    ,会话 😀,\r\n";

fn header() -> Vec<u8> {
    let column = |name: &str, label: &str, kind, pg_type: &str| Column {
        name: name.to_owned(),
        label: label.to_owned(),
        labels: [].into(),
        kind,
        pg_type: pg_type.to_owned(),
        hidden: name == "id",
    };
    header_line(&Header {
        decant: VERSION,
        part: None,
        dataset: "sayings".to_owned(),
        title: "Sayings".to_owned(),
        columns: vec![
            column("created_at", "Time", Kind::Timestamp, "timestamptz"),
            column("said", "Said", Kind::Text, "text"),
            column("cost", "Cost", Kind::Decimal, "numeric"),
            column("id", "ID", Kind::Integer, "int4"),
        ],
        order: vec!["created_at".to_owned(), "id".to_owned()],
        as_of: "2026-01-28T13:00:00Z".to_owned(),
        zone: "UTC".to_owned(),
        fraction: Some(Fraction::Milliseconds),
        highlights: Vec::new(),
        filters: Default::default(),
        reversed: false,
        estimated_rows: Some(3),
    })
}
