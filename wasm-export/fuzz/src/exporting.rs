//! Makes a file from a raw-row stream.

use wasm_export::rows::{Digest, End, Header, end_line, header_line};
use wasm_export::{Export, ExportError, Options};

use super::pieces::Cuts;

/// Returns the stream of these raw rows, with a correct end record.
pub fn stream(header: &Header, rows: &[u8]) -> Vec<u8> {
    let mut digest = Digest::new();
    digest.update(rows);
    let end = End {
        rows: rows.iter().filter(|&&byte| byte == b'\n').count() as u64,
        bytes: rows.len() as u64,
        digest: digest.hex(),
        cursor: None,
    };
    [header_line(header), rows.to_vec(), end_line(&end)].concat()
}

/// Returns the file of a stream, and checks that it does not depend on how the stream is cut.
///
/// # Errors
/// When it is not a stream, or the options cannot be applied to it.
///
/// # Panics
/// If the result depends on how the stream is cut.
pub fn export(stream: &[u8], options: &Options, cuts: &Cuts) -> Result<Vec<u8>, ExportError> {
    let whole = export_pieces(std::iter::once(stream), options);
    assert_eq!(export_pieces(cuts.cut(stream), options), whole);
    whole
}

fn export_pieces<'a>(
    pieces: impl Iterator<Item = &'a [u8]>,
    options: &Options,
) -> Result<Vec<u8>, ExportError> {
    let mut export = Export::new(options.clone());
    let mut file = Vec::new();
    for piece in pieces {
        export.push(piece, &mut file)?;
    }
    let summary = export.finish(&mut file)?;
    assert_eq!(summary.file_bytes, file.len() as u64);
    Ok(file)
}
