//! `decant convert`: a file of one format made into one of another. It needs neither database nor settings.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::{Arg, ArgAction, ArgMatches, Args};
use wasm_export::options::{Delimiter, Format};
use wasm_export::reading::InputFormat;

use super::Outcome;
use super::input::{self, InputError};
use super::output::{OutputFile, with_name};
use crate::file;

/// What to convert and where to.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The file to read, packed or not; `-` for standard input.
    input: PathBuf,
    /// The format to write. Without it the name of the file to write says it.
    #[arg(long, value_name = "FORMAT")]
    to: Option<Format>,
    /// The format to read: csv, json, jsonl or xml. Without it the file's name says it.
    #[arg(long, value_name = "FORMAT")]
    from: Option<InputFormat>,
    /// What separates the cells of the file to read: comma, semicolon, tab or pipe. Without it its first row says it.
    #[arg(long, value_name = "DELIMITER")]
    from_delimiter: Option<Delimiter>,
    /// Undo the strict guard against formulas in the CSV file to read.
    #[arg(long)]
    unguard: bool,
    /// The file to write, `-` for standard output. It appears only when it is whole; until then it is FILE.part.
    #[arg(short, long, value_name = "FILE", default_value = "-")]
    output: PathBuf,
}

/// Adds a flag for everything that can be chosen about the file to write.
pub fn with_file_words(mut command: clap::Command) -> clap::Command {
    for (word, help) in words() {
        let arg = Arg::new(word)
            .long(word)
            .action(ArgAction::Set)
            .value_name("VALUE")
            .help(help)
            .help_heading("The file to write");
        command = command.arg(arg);
    }
    command
}

/// `--to` is the format's word here.
fn words() -> impl Iterator<Item = (&'static str, &'static str)> {
    let of_file = file::WORDS.iter().map(|(word, help)| (*word, help.as_str()));
    of_file.filter(|(word, _)| *word != "format").chain([(
        "zone",
        "Zone of timestamps whose kind the file names, e.g. Asia/Shanghai",
    )])
}

/// What was given about the file to write, as the pairs that an address would have.
pub fn pairs(matches: &ArgMatches) -> Vec<(String, String)> {
    words()
        .filter_map(|(word, _)| {
            let value = matches.get_one::<String>(word)?;
            Some((word.to_owned(), value.clone()))
        })
        .collect()
}

/// Converts.
pub fn run(arguments: &Arguments, mut pairs: Vec<(String, String)>) -> Outcome {
    let path = arguments.input.as_path();
    pairs.extend(arguments.to.map(|to| ("format".to_owned(), to.to_string())));
    let pairs = with_name(pairs, &arguments.output)?;
    if !pairs.iter().any(|(word, _)| word == "format") {
        return Err("say with --to, or by the name of the file to write, which format it is to have".into());
    }
    let options = file::parse_options(&pairs)?;
    let mut read_options = input::read_options(path, arguments.from)?;
    read_options.delimiter = arguments.from_delimiter;
    read_options.unguard = arguments.unguard;
    let reader = input::open(path)?;
    let mut output = Output(OutputFile::open(&arguments.output)?);
    let summary = wasm_export::convert(reader, &read_options, &dataset(path), options, &mut output)
        .map_err(InputError::of(path))?;
    output.0.finish()?;
    eprintln!("{} rows, {} bytes.", summary.rows, summary.file_bytes);
    Ok(())
}

/// The name of the file without its endings.
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
