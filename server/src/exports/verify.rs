//! Checks a stored file: its size and SHA-256, its format, and the number of its rows. The file is read once.

use std::collections::VecDeque;
use std::io::{self, BufRead, BufReader, Read};
use std::time::Instant;

use api::export_files::Verification;
use jiff::Timestamp;
use tokio::task::spawn_blocking;
use tokio_util::io::{StreamReader, SyncIoBridge};
use wasm_export::options::{Compression, Format, HeaderStyle, Options};
use wasm_export::reading::{Guarded, InputFormat, ReadOptions, UNPACKED_BYTES_MAX, unpacked};
use wasm_export::verify::ArchiveError;
use wasm_export::{Verified, verify_archive};

use super::files::{ExportFiles, FileError, StoredExport};
use crate::storage::StorageError;
use crate::storage::hashing::HashingStream;

const READ_BYTES: usize = 256 * 1024;

/// The end of a file that a check keeps: the end record of a zip archive without comment (APPNOTE 6.3.10, 4.3.16), or the last tag
/// of a page.
const TAIL_BYTES: usize = 22;

/// What a file should be.
#[derive(Clone, Debug)]
pub struct ExpectedFile {
    pub stored: StoredExport,
    pub rows: u64,
    pub options: Options,
    /// Whether the file has the parts of a bundle.
    pub is_bundle: bool,
}

/// What was read.
struct Found {
    bytes: u64,
    sha256: String,
    /// `None`: nothing of the content can be checked.
    content: Option<Result<Content, String>>,
}

/// A well-formed content.
struct Content {
    /// `None`: the rows of the format are not counted.
    rows: Option<u64>,
}

/// Reads a file from the storage and compares it with what it should be.
///
/// # Errors
/// [`FileError`] if the storage or the state database fails. A missing or damaged file is an outcome of the check.
pub async fn verify(files: &ExportFiles, expected: ExpectedFile) -> Result<Verification, FileError> {
    let started = Instant::now();
    let mut verification = match read(files, &expected).await {
        Ok(found) => compare(&expected, found),
        Err(FileError::Storage(StorageError::Missing(_))) => Verification {
            error_details: vec!["the file is missing from the storage".to_owned()],
            ..Verification::default()
        },
        Err(FileError::Decryption(error)) => Verification {
            file_exists: true,
            error_details: vec![format!("the stored file cannot be read: {error}")],
            ..Verification::default()
        },
        Err(error) => return Err(error),
    };
    verification.success = verification.error_details.is_empty();
    verification.at = Timestamp::now();
    verification.duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    Ok(verification)
}

async fn read(files: &ExportFiles, expected: &ExpectedFile) -> Result<Found, FileError> {
    let stream = files.read_unchecked(&expected.stored, None).await?;
    let is_sealed = files.is_sealed(&expected.stored);
    let (options, is_bundle) = (expected.options.clone(), expected.is_bundle);
    let input = SyncIoBridge::new(StreamReader::new(stream));
    let reading = spawn_blocking(move || {
        let mut input = HashingStream::new(input);
        let content = match is_sealed {
            true => None,
            false => read_content(
                BufReader::with_capacity(READ_BYTES, &mut input),
                &options,
                is_bundle,
            ),
        };
        // A check ends at the first fault, and the hash covers the whole file.
        io::copy(&mut input, &mut io::sink())?;
        let bytes = input.length();
        let (_, sha256) = input.finish();
        Ok(Found {
            bytes,
            sha256,
            content,
        })
    });
    let found = reading.await.map_err(io::Error::other).flatten();
    found.map_err(|error| StorageError::from(error).into())
}

fn compare(expected: &ExpectedFile, found: Found) -> Verification {
    let mut problems = Vec::new();
    let ExpectedFile { stored, rows, .. } = expected;
    let file_size_match = found.bytes == stored.bytes;
    if !file_size_match {
        problems.push(format!(
            "the file has {} bytes instead of {}",
            found.bytes, stored.bytes
        ));
    }
    let checksum_match = found.sha256 == stored.sha256;
    if !checksum_match {
        problems.push(format!(
            "the SHA-256 of the file is {} instead of {}",
            found.sha256, stored.sha256
        ));
    }
    let format_valid = found.content.as_ref().map(Result::is_ok);
    let counted = match found.content {
        Some(Ok(content)) => content.rows,
        Some(Err(problem)) => {
            problems.push(format!("the file is not well formed: {problem}"));
            None
        }
        None => None,
    };
    let record_count_match = counted.map(|counted| counted == *rows);
    if let (Some(counted), Some(false)) = (counted, record_count_match) {
        problems.push(format!("the file has {counted} rows instead of {rows}"));
    }
    Verification {
        file_exists: true,
        file_size_match,
        checksum_match,
        record_count_match,
        format_valid,
        error_details: problems,
        rows: counted,
        bytes: found.bytes,
        sha256: Some(found.sha256),
        ..Verification::default()
    }
}

/// Returns `None` for a format without a structure, which is not compressed either.
fn read_content(input: impl BufRead, options: &Options, is_bundle: bool) -> Option<Result<Content, String>> {
    let format = match options.format {
        Format::Csv if is_bundle => return Some(read_archive(input)),
        Format::Csv => InputFormat::Csv,
        Format::Json => InputFormat::Json,
        Format::Jsonl => InputFormat::Jsonl,
        Format::Xml => InputFormat::Xml,
        Format::Xlsx => return Some(read_to_end(input, options.compression, is_end_of_archive)),
        Format::Html => return Some(read_to_end(input, options.compression, is_end_of_page)),
        Format::Markdown | Format::Text if options.compression == Compression::None => return None,
        Format::Markdown | Format::Text => return Some(read_to_end(input, options.compression, |_| true)),
    };
    let read_options = ReadOptions {
        format,
        compression: options.compression,
        delimiter: Some(options.delimiter),
        guarded: Guarded::default(),
        columns: Vec::new(),
    };
    let verified = wasm_export::verify(input, &read_options);
    let has_headings = format != InputFormat::Csv || options.header != HeaderStyle::None;
    Some(match verified {
        Ok(verified) => Ok(Content {
            rows: Some(rows_of(&verified, has_headings)),
        }),
        Err(error) => Err(error.to_string()),
    })
}

/// Returns the number of rows. Without headings, the first row was read as them.
fn rows_of(verified: &Verified, has_headings: bool) -> u64 {
    let is_first_row = !has_headings && !verified.columns.is_empty();
    verified.rows + u64::from(is_first_row)
}

fn read_archive(input: impl BufRead) -> Result<Content, String> {
    let verified = verify_archive(input).map_err(|error: ArchiveError| error.to_string())?;
    let verified = verified.ok_or_else(|| "it is no archive of a bundle".to_owned())?;
    Ok(Content {
        rows: Some(verified.rows),
    })
}

/// Unpacks a file, which checks the checksums of its compression, and looks at its end.
fn read_to_end(
    input: impl BufRead,
    compression: Compression,
    is_end: impl Fn(&[u8]) -> bool,
) -> Result<Content, String> {
    let mut input = unpacked(input, compression, UNPACKED_BYTES_MAX).map_err(|error| error.to_string())?;
    let (mut tail, mut chunk) = (VecDeque::with_capacity(2 * TAIL_BYTES), vec![0; READ_BYTES]);
    loop {
        let read = input.read(&mut chunk).map_err(|error| error.to_string())?;
        if read == 0 {
            break;
        }
        tail.extend(&chunk[read.saturating_sub(TAIL_BYTES)..read]);
        tail.drain(..tail.len().saturating_sub(TAIL_BYTES));
    }
    match is_end(tail.make_contiguous()) {
        true => Ok(Content { rows: None }),
        false => Err("its end is missing".to_owned()),
    }
}

fn is_end_of_archive(tail: &[u8]) -> bool {
    tail.starts_with(b"PK\x05\x06")
}

fn is_end_of_page(tail: &[u8]) -> bool {
    tail.ends_with(b"</html>\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn content(text: &[u8], options: &Options) -> Option<Result<Option<u64>, String>> {
        let read = read_content(BufReader::new(text), options, false);
        read.map(|read| read.map(|content| content.rows))
    }

    #[test]
    fn rows_are_counted_with_the_options_of_the_file() {
        let options = |format, header| Options {
            format,
            header,
            ..Options::default()
        };
        let csv = b"a,b\r\n1,2\r\n3,4\r\n";
        for (header, rows) in [(HeaderStyle::Label, 2), (HeaderStyle::None, 3)] {
            let found = content(csv, &options(Format::Csv, header));
            assert_eq!(found, Some(Ok(Some(rows))), "{header:?}");
        }
        assert_eq!(
            content(
                b"{\"a\":1}\n{\"a\":2}\n",
                &options(Format::Jsonl, HeaderStyle::Label)
            ),
            Some(Ok(Some(2)))
        );
        let damaged = content(b"[{\"a\":1}", &options(Format::Json, HeaderStyle::Label));
        assert!(damaged.is_some_and(|read| read.is_err()));
        let html = options(Format::Html, HeaderStyle::Label);
        assert_eq!(content(b"<!DOCTYPE html>\n</html>\n", &html), Some(Ok(None)));
        assert!(content(b"<!DOCTYPE html>\n</body>", &html).is_some_and(|read| read.is_err()));
        assert_eq!(
            content(b"# a", &options(Format::Markdown, HeaderStyle::Label)),
            None
        );
    }
}
