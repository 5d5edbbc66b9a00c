//! `decant verify`: checks that files are well formed, and counts their rows. It needs neither database nor settings.

pub mod dump;
mod receipt;

use std::io::{self, BufRead};
use std::path::{Path, PathBuf};

use clap::Args;
use wasm_export::Verified;
use wasm_export::reading::InputFormat;
use wasm_export::verify::{RowCount, count_rows};

use super::input::{self, InputError};
use super::outcome::Outcome;
use super::standard_streams::{print, report};
use super::terminal::printable;
use crate::database::archive::{self, BadArchive};

#[derive(Debug, Args)]
pub struct Arguments {
    /// Files to check, compressed or not, also those of bundles; `-` for standard input. Of XLSX, HTML, Markdown and text, those
    /// that Decant has written.
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Format of all files: csv, json, jsonl or xml; by default the one of the file's name. A dump of PostgreSQL is
    /// detected by its first bytes.
    #[arg(long, value_name = "FORMAT")]
    format: Option<InputFormat>,
    /// Receipt of the one file: its signature is checked, and the file is compared with it
    #[arg(long, value_name = "FILE", requires = "receipt_key")]
    receipt: Option<PathBuf>,
    /// Public key of the server that signed the receipt, as `/.well-known/decant-receipt-key` has it
    #[arg(long, value_name = "FILE", requires = "receipt")]
    receipt_key: Option<PathBuf>,
}

/// Checks every file, also after one that is not well formed.
pub fn run(arguments: &Arguments) -> Outcome {
    if let (Some(receipt), Some(key)) = (&arguments.receipt, &arguments.receipt_key) {
        let [file] = arguments.files.as_slice() else {
            return Err("a receipt is of one file; give that file alone".into());
        };
        print(printable(&receipt::checked(file, receipt, key)?))?;
    }
    let mut bad = 0;
    for path in &arguments.files {
        match verified(path, arguments.format) {
            Ok(sentence) => print(format_args!(
                "{}: {}",
                printable(&path.display().to_string()),
                printable(&sentence)
            ))?,
            Err(error) => {
                report(printable(&error.to_string()));
                bad += 1;
            }
        }
    }
    match bad {
        0 => Ok(()),
        1 => Err("one file is not well formed, or could not be checked".into()),
        bad => Err(format!("{bad} files are not well formed, or could not be checked").into()),
    }
}

/// Returns a sentence about the content of a well-formed file.
fn verified(path: &Path, format: Option<InputFormat>) -> Result<String, Box<dyn std::error::Error>> {
    let mut reader = input::open(path)?;
    if format.is_none() && dump::is_dump(path, &mut reader).map_err(InputError::at(path))? {
        let summary = archive::read(reader).map_err(InputError::at(path))?.summary;
        return Ok(dump::sentence(&summary));
    }
    // Reading the archive ends this reader, and a pipe cannot be read again.
    if format.is_none() && is_archive(path, &mut reader).map_err(InputError::at(path))? {
        let verified = wasm_export::verify_archive(reader).map_err(InputError::at(path))?;
        if let Some(verified) = verified {
            return Ok(sentence(&verified));
        }
        reader = input::open(path)?;
    }
    let read_options = match input::read_options(path, format) {
        Err(unknown) => {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if let (Some(format), compression) = wasm_export::format_from_file_name(&name) {
                let counted = count_rows(reader, format, compression).map_err(InputError::at(path))?;
                return Ok(sentence_of_count(counted));
            }
            // A dump in another format is named, with advice.
            return Err(match archive::read(reader) {
                Err(BadArchive::Dump(error)) if error.is_foreign_dump() => InputError::at(path)(error).into(),
                _ => unknown.into(),
            });
        }
        Ok(read_options) => read_options,
    };
    let verified = wasm_export::verify(reader, &read_options).map_err(InputError::at(path))?;
    Ok(sentence(&verified))
}

/// Returns whether a file that can be read again is a zip archive, and no workbook.
fn is_archive(path: &Path, input: &mut impl BufRead) -> io::Result<bool> {
    let is_workbook = path.extension().is_some_and(|ending| ending == "xlsx");
    Ok(!is_workbook && input::can_be_read_again(path) && input.fill_buf()?.starts_with(b"PK\x03\x04"))
}

/// Returns a sentence about a file in a format that is not read back.
fn sentence_of_count(counted: RowCount) -> String {
    match counted {
        RowCount::Rows(rows) => format!("{rows} rows"),
        RowCount::Unknown(reason) => format!("no damage was found, and its rows are not counted: {reason}"),
    }
}

fn sentence(verified: &Verified) -> String {
    let Verified {
        rows,
        bytes,
        columns,
        guarded_cells,
        parts,
    } = verified;
    let guarded = match guarded_cells {
        0 => String::new(),
        1 => ", 1 guarded cell".to_owned(),
        count => format!(", {count} guarded cells"),
    };
    if !parts.is_empty() {
        let of_parts = parts.iter().map(|part| format!("{}: {}", part.name, part.rows));
        let of_parts = of_parts.collect::<Vec<_>>().join(", ");
        let count = parts.len();
        return format!("a bundle of {count} parts ({of_parts}), {rows} rows, {bytes} bytes{guarded}");
    }
    format!(
        "{rows} rows, {} columns ({}), {bytes} bytes{guarded}",
        columns.len(),
        columns.join(", ")
    )
}
