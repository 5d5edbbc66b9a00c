//! Reads files by the crate's own readers.

use std::io::{self, BufReader, Read};

use wasm_export::options::Compression;
use wasm_export::reading::{
    self, Cell, Guarded, Head, InputFormat, ReadOptions, Refusal, Row, Rows, unpacked,
};

use super::pieces::Cuts;

/// The most bytes that an input is decompressed to.
const UNPACKED_BYTES_MAX: u64 = 1 << 24;

/// The cells of a file, by columns and rows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cells {
    /// The names of the columns.
    pub columns: Vec<String>,
    /// The text of the cells of each row. `None` is null.
    pub rows: Vec<Vec<Option<String>>>,
}

impl Rows for Cells {
    fn head(&mut self, head: &Head<'_>) -> Result<(), Refusal> {
        self.columns = head.columns.iter().map(|column| column.name.clone()).collect();
        Ok(())
    }

    fn row(&mut self, row: &Row) -> Result<(), Refusal> {
        let text = |text: &[u8]| String::from_utf8(text.to_vec()).expect("what is read is UTF-8");
        let cell = |cell: Cell<'_>| match cell {
            Cell::Null => Ok(None),
            Cell::Text(bytes) | Cell::Json(bytes) => Ok(Some(text(bytes))),
            // A string may contain an escaped half of a surrogate pair.
            Cell::JsonString(string) => serde_json::from_slice(string).map(Some),
        };
        let cells = row.cells().map(cell).collect::<Result<_, _>>();
        self.rows.push(cells.map_err(|error| error.to_string())?);
        Ok(())
    }
}

/// Returns the cells of a file, and checks that they do not depend on how the bytes are cut.
///
/// # Errors
/// When the file is not well formed, with the reader's message.
///
/// # Panics
/// If the result depends on how the bytes are cut.
pub fn read(file: &[u8], options: &ReadOptions, cuts: &Cuts) -> Result<Cells, String> {
    let whole = read_by(file.len().max(1), file, options);
    assert_eq!(read_by(cuts.first(), file, options), whole);
    whole
}

/// Reads any bytes, and checks that each row has as many cells as there are columns.
///
/// # Panics
/// If a row has not, or the result depends on how the bytes are cut.
pub fn check(input: &[u8], format: InputFormat) {
    let (cuts, bytes) = Cuts::at_the_end_of(input);
    let options = ReadOptions {
        format,
        compression: Compression::None,
        delimiter: None,
        guarded: Guarded::Decoded,
        columns: Vec::new(),
    };
    if let Ok(cells) = read(bytes, &options, &cuts) {
        let width = cells.columns.len();
        assert!(cells.rows.iter().all(|row| row.len() == width));
    }
}

fn read_by(length: usize, file: &[u8], options: &ReadOptions) -> Result<Cells, String> {
    let mut cells = Cells::default();
    let input = BufReader::with_capacity(length, file);
    let counts = reading::read(input, options, &mut cells).map_err(|error| error.to_string())?;
    assert_eq!(counts.rows, cells.rows.len() as u64);
    Ok(cells)
}

/// Returns the decompressed bytes of a file, and checks that they do not depend on how the bytes are cut.
///
/// # Errors
/// When the file is damaged, or decompresses to more than an input of a fuzzer should.
///
/// # Panics
/// If the result depends on how the bytes are cut.
pub fn unpack(file: &[u8], compression: Compression, cuts: &Cuts) -> Result<Vec<u8>, io::ErrorKind> {
    let whole = unpack_by(file.len().max(1), file, compression);
    assert_eq!(unpack_by(cuts.first(), file, compression), whole);
    whole
}

fn unpack_by(length: usize, file: &[u8], compression: Compression) -> Result<Vec<u8>, io::ErrorKind> {
    let mut plain = Vec::new();
    let input = BufReader::with_capacity(length, file);
    unpacked(input, compression, UNPACKED_BYTES_MAX)
        .and_then(|mut unpacked| unpacked.read_to_end(&mut plain))
        .map_err(|error| error.kind())?;
    Ok(plain)
}
