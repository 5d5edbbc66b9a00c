//! `decant convert`: converts a file into another format. It needs neither database nor settings.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::{Arg, ArgAction, ArgMatches, Args};
use wasm_export::options::{Delimiter, Format, Options};
use wasm_export::reading::{self, Guarded, InputFormat, ReadBackError, ReadOptions};
use wasm_export::{ConvertError, Summary};

use super::input::{self, InputError};
use super::outcome::Outcome;
use super::output::{OutputError, OutputFile, with_name};
use super::standard_streams::report;
use crate::file;

#[derive(Debug, Args)]
pub struct Arguments {
    /// File to read, compressed or not; `-` for standard input.
    input: PathBuf,
    /// Format to write; by default the one of the output file's name.
    #[arg(long, value_name = "FORMAT")]
    to: Option<Format>,
    /// Format to read: csv, json, jsonl or xml; by default the one of the file's name.
    #[arg(long, value_name = "FORMAT")]
    from: Option<InputFormat>,
    /// Delimiter of the CSV file to read: comma, semicolon, tab or pipe; by default it is detected in the first row.
    #[arg(long, value_name = "DELIMITER")]
    from_delimiter: Option<Delimiter>,
    /// Remove the marks `'` of the guard against formulas from the CSV file to read. Without this or --keep-guard, a
    /// file with such marks is refused.
    #[arg(long)]
    unguard: bool,
    /// Keep the marks as text.
    #[arg(long, conflicts_with = "unguard")]
    keep_guard: bool,
    /// File to write, `-` for standard output. It is FILE.part until it is complete.
    #[arg(short, long, value_name = "FILE", default_value = "-")]
    output: PathBuf,
}

/// Adds a flag for each option of the output file.
pub fn with_file_words(mut command: clap::Command) -> clap::Command {
    for (word, help) in words() {
        let arg = Arg::new(word)
            .long(word.replace('_', "-"))
            .action(ArgAction::Set)
            .value_name("VALUE")
            .help(help)
            .help_heading("Output file");
        command = command.arg(arg);
    }
    command
}

/// Returns the options of the output file with their help, without `format`: here it is `--to`.
fn words() -> impl Iterator<Item = (&'static str, &'static str)> {
    let of_file = file::WORDS.iter().map(|(word, help)| (*word, help.as_str()));
    of_file.filter(|(word, _)| *word != "format").chain([(
        "zone",
        "Time zone of timestamps in the output file, for example Asia/Shanghai",
    )])
}

/// Returns the given options of the output file as pairs like those of a query string.
pub fn pairs(matches: &ArgMatches) -> Vec<(String, String)> {
    words()
        .filter_map(|(word, _)| {
            let value = matches.get_one::<String>(word)?;
            Some((word.to_owned(), value.clone()))
        })
        .collect()
}

pub fn run(arguments: &Arguments, mut pairs: Vec<(String, String)>) -> Outcome {
    let path = arguments.input.as_path();
    pairs.extend(arguments.to.map(|to| ("format".to_owned(), to.to_string())));
    let pairs = with_name(pairs, &arguments.output)?;
    if !pairs.iter().any(|(word, _)| word == "format") {
        return Err(
            "the output format is unknown: set --to, or give the output file the extension of a format"
                .into(),
        );
    }
    let options = file::parse_options(&pairs)?;
    if is_same_file(path, &arguments.output) {
        return Err(format!(
            "{} is both input and output; choose another output",
            path.display()
        )
        .into());
    }
    let mut read_options = match input::read_options(path, arguments.from) {
        Ok(read_options) => read_options,
        Err(unknown) => {
            // That a file is missing or encrypted is the better reason.
            input::open(path)?;
            return Err(unknown.into());
        }
    };
    read_options.delimiter = arguments.from_delimiter;
    read_options.guarded = match (arguments.unguard, arguments.keep_guard) {
        (true, _) => Guarded::Decoded,
        (_, true) => Guarded::Kept,
        _ => Guarded::Refused,
    };
    let reads_again = input::can_be_read_again(path);
    // What was written to standard output cannot be taken back.
    if reads_again && arguments.output == Path::new("-") {
        read_options.columns = all_keys(path, &read_options)?;
    }
    let summary = match write(path, &read_options, options.clone(), &arguments.output) {
        Err(WriteError::Convert(ConvertError::Read(ReadBackError::NewKey { .. }))) if reads_again => {
            read_options.columns = all_keys(path, &read_options)?;
            write(path, &read_options, options, &arguments.output)
        }
        written => written,
    };
    let summary = summary.map_err(|error| match error {
        WriteError::Convert(ConvertError::Read(error @ ReadBackError::Guarded { .. })) => {
            let error = InputError::at(path)(error);
            format!("{error} (--unguard or --keep-guard)").into()
        }
        WriteError::Convert(ConvertError::Output(error)) => error.into(),
        WriteError::Convert(error) => InputError::at(path)(error).into(),
        error => Box::<dyn std::error::Error>::from(error),
    })?;
    report(format_args!(
        "{} rows, {} bytes.",
        summary.rows, summary.file_bytes
    ));
    Ok(())
}

/// Returns whether both paths lead to one file. `-` is none.
fn is_same_file(input: &Path, output: &Path) -> bool {
    match (fs::canonicalize(input), fs::canonicalize(output)) {
        (Ok(input), Ok(output)) => input == output && input.is_file(),
        _ => false,
    }
}

/// Returns the keys of all rows of a JSON file, and nothing for a file of another format.
fn all_keys(path: &Path, options: &ReadOptions) -> Result<Vec<String>, Box<dyn std::error::Error>> {
    match options.format {
        InputFormat::Json | InputFormat::Jsonl => {
            let (columns, _) = reading::columns(input::open(path)?, options).map_err(InputError::at(path))?;
            Ok(columns)
        }
        InputFormat::Csv | InputFormat::Xml => Ok(Vec::new()),
    }
}

#[derive(Debug, thiserror::Error)]
enum WriteError {
    #[error(transparent)]
    Open(#[from] InputError<io::Error>),
    #[error(transparent)]
    Convert(#[from] ConvertError),
    #[error(transparent)]
    Output(#[from] OutputError),
}

fn write(
    path: &Path,
    read_options: &ReadOptions,
    options: Options,
    output: &Path,
) -> Result<Summary, WriteError> {
    let reader = input::open(path)?;
    let mut output = Output(OutputFile::open(output)?);
    let summary = wasm_export::convert(reader, read_options, &dataset(path), options, &mut output)?;
    output.0.finish()?;
    Ok(summary)
}

/// Returns the name of the file without its extensions.
fn dataset(path: &Path) -> String {
    let name = path.file_name().map(|name| name.to_string_lossy());
    match name.as_deref().and_then(|name| name.split('.').next()) {
        None | Some("" | "-") => "rows".to_owned(),
        Some(stem) => stem.to_owned(),
    }
}

/// A target as whatever writes bytes wants it.
struct Output(OutputFile);

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes).map_err(io::Error::other)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
