//! `decant verify`: whether files are well formed, and what is in them. It needs neither database nor settings.

use std::path::{Path, PathBuf};

use clap::Args;
use wasm_export::Verified;
use wasm_export::reading::Source;

use super::Outcome;
use super::input::{self, InputError};

/// What to check.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The files to check, packed or not; `-` for standard input.
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// The format of all of them: csv, json, jsonl or xml. Without it their names say it.
    #[arg(long, value_name = "FORMAT")]
    format: Option<Source>,
}

/// Checks every file, the rest too after one that is not well formed.
pub fn run(arguments: &Arguments) -> Outcome {
    let mut bad = 0;
    for path in &arguments.files {
        match verified(path, arguments.format) {
            Ok(verified) => println!("{}: {}", path.display(), sentence(&verified)),
            Err(error) => {
                eprintln!("{error}");
                bad += 1;
            }
        }
    }
    match bad {
        0 => Ok(()),
        1 => Err("one file is not well formed".into()),
        bad => Err(format!("{bad} files are not well formed").into()),
    }
}

fn verified(path: &Path, format: Option<Source>) -> Result<Verified, Box<dyn std::error::Error>> {
    let manner = input::manner(path, format)?;
    let reader = input::open(path)?;
    Ok(wasm_export::verify(reader, &manner).map_err(InputError::of(path))?)
}

fn sentence(verified: &Verified) -> String {
    let Verified {
        rows,
        bytes,
        columns,
        guarded_cells,
    } = verified;
    let guarded = match guarded_cells {
        0 => String::new(),
        1 => ", 1 guarded cell".to_owned(),
        count => format!(", {count} guarded cells"),
    };
    format!(
        "{rows} rows, {} columns ({}), {bytes} bytes{guarded}",
        columns.len(),
        columns.join(", ")
    )
}
