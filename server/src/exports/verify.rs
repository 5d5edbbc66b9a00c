//! Checks a stored file: its size and SHA-256, its format, and the number of its rows. The file is read once.

use std::io::{self, BufRead, BufReader};
use std::time::Instant;

use api::export_files::Verification;
use jiff::Timestamp;
use tokio::task::spawn_blocking;
use tokio_util::io::{StreamReader, SyncIoBridge};
use wasm_export::options::{Format, HeaderStyle, Options};
use wasm_export::reading::{Guarded, InputFormat, ReadOptions};
use wasm_export::verify::{ArchiveError, RowCount, count_rows};
use wasm_export::{Verified, verify_archive};

use super::files::{ExportFiles, FileError, StoredExport};
use crate::storage::StorageError;
use crate::storage::hashing::HashingStream;

const READ_BYTES: usize = 256 * 1024;

/// Why nothing of an encrypted file is checked but its bytes.
const STAYS_ENCRYPTED: &str = "its content is not checked, because Decant has no key of the encrypted file";

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
    content: Content,
}

/// The outcome of reading the content.
#[derive(Debug, PartialEq, Eq)]
enum Content {
    WellFormed(RowCount),
    /// It is not well formed, with the reason.
    Damaged(String),
    /// Decant cannot read it.
    Encrypted,
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
    let stays_encrypted = files.stays_encrypted(&expected.stored);
    let (options, is_bundle) = (expected.options.clone(), expected.is_bundle);
    let input = SyncIoBridge::new(StreamReader::new(stream));
    let reading = spawn_blocking(move || {
        let mut input = HashingStream::new(input);
        let content = match stays_encrypted {
            true => Content::Encrypted,
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
    let (mut problems, mut notes) = (Vec::new(), Vec::new());
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
    let (format_valid, counted) = match found.content {
        Content::WellFormed(RowCount::Rows(rows)) => (Some(true), Some(rows)),
        Content::WellFormed(RowCount::Unknown(reason)) => {
            notes.push(format!("its rows are not counted: {reason}"));
            (Some(true), None)
        }
        Content::Damaged(problem) => {
            problems.push(format!("the file is not well formed: {problem}"));
            (Some(false), None)
        }
        Content::Encrypted => {
            notes.push(STAYS_ENCRYPTED.to_owned());
            (None, None)
        }
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
        notes,
        rows: counted,
        bytes: found.bytes,
        sha256: Some(found.sha256),
        ..Verification::default()
    }
}

fn read_content(input: impl BufRead, options: &Options, is_bundle: bool) -> Content {
    let counted = match options.format {
        Format::Csv if is_bundle => read_archive(input).map(RowCount::Rows),
        Format::Xlsx | Format::Html | Format::Markdown | Format::Text => {
            count_rows(input, options.format, options.compression).map_err(|error| error.to_string())
        }
        Format::Csv => read_back(input, InputFormat::Csv, options),
        Format::Json => read_back(input, InputFormat::Json, options),
        Format::Jsonl => read_back(input, InputFormat::Jsonl, options),
        Format::Xml => read_back(input, InputFormat::Xml, options),
    };
    match counted {
        Ok(rows) => Content::WellFormed(rows),
        Err(problem) => Content::Damaged(problem),
    }
}

fn read_back(input: impl BufRead, format: InputFormat, options: &Options) -> Result<RowCount, String> {
    let read_options = ReadOptions {
        format,
        compression: options.compression,
        delimiter: Some(options.delimiter),
        guarded: Guarded::default(),
        columns: Vec::new(),
    };
    let verified = wasm_export::verify(input, &read_options);
    let has_headings = format != InputFormat::Csv || options.header != HeaderStyle::None;
    verified
        .map(|verified| RowCount::Rows(rows_of(&verified, has_headings)))
        .map_err(|error| error.to_string())
}

/// Returns the number of rows. Without headings, the first row was read as them.
fn rows_of(verified: &Verified, has_headings: bool) -> u64 {
    let is_first_row = !has_headings && !verified.columns.is_empty();
    verified.rows + u64::from(is_first_row)
}

fn read_archive(input: impl BufRead) -> Result<u64, String> {
    let verified = verify_archive(input).map_err(|error: ArchiveError| error.to_string())?;
    let verified = verified.ok_or_else(|| "it is no archive of a bundle".to_owned())?;
    Ok(verified.rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn content(text: &[u8], format: Format, header: HeaderStyle) -> Content {
        let options = Options {
            format,
            header,
            ..Options::default()
        };
        read_content(BufReader::new(text), &options, false)
    }

    #[test]
    fn rows_are_counted_with_the_options_of_the_file() {
        let label = |text: &[u8], format| content(text, format, HeaderStyle::Label);
        let counted = |rows| Content::WellFormed(RowCount::Rows(rows));
        let csv = b"a,b\r\n1,2\r\n3,4\r\n";
        assert_eq!(label(csv, Format::Csv), counted(2));
        assert_eq!(content(csv, Format::Csv, HeaderStyle::None), counted(3));
        assert_eq!(label(b"{\"a\":1}\n{\"a\":2}\n", Format::Jsonl), counted(2));
        assert!(matches!(label(b"[{\"a\":1}", Format::Json), Content::Damaged(_)));
        assert!(matches!(
            label(b"<!DOCTYPE html>\n</body>", Format::Html),
            Content::Damaged(_)
        ));
        assert_eq!(label(b"| a |\n| --- |\n| b |\n", Format::Markdown), counted(1));
        assert!(matches!(
            label(b"## A\n\n### 1 \xc2\xb7 User\n", Format::Markdown),
            Content::WellFormed(RowCount::Unknown(_))
        ));
    }
}
