//! Makes a file from the parts of a bundle. Each part is a raw-row stream of its own, and all are of one snapshot.

use serde::{Deserialize, Serialize};

use crate::compression::Packer;
use crate::export::{Progress, with_fraction_of};
use crate::format::FormatError;
use crate::format::bundle::{self, BundleFormat, PartRows};
use crate::options::{Compression, Format, Options};
use crate::rows::{Event, Problem, ReadError, Reader};

pub use crate::format::bundle::{
    Chart, ChartKind, Contents, NamedValue, Part, PartColumn, Report, Table, Values,
};

/// The formats that a bundle can have, the usual default first.
pub const FORMATS: &[Format] = &[Format::Json, Format::Csv, Format::Xml, Format::Xlsx, Format::Html];

/// Returns the options of a bundle's file: its CSV files come in a zip archive, whatever compression is chosen.
#[must_use]
pub fn options_of_file(options: Options) -> Options {
    match options.format {
        Format::Csv => Options {
            compression: Compression::Zip,
            ..options
        },
        _ => options,
    }
}

/// Makes one file from the stream of a bundle, like [`Export`](crate::Export) from the stream of a dataset.
///
/// A bundle cannot be resumed, because its snapshot ends with the connection to the database.
pub struct Bundle {
    options: Options,
    contents: Contents,
    /// Reads the stream of the current part.
    reader: Reader,
    format: Box<dyn BundleFormat>,
    /// `None` when the file is not compressed, or has not begun.
    packer: Option<Packer>,
    /// The totals of the parts that have ended.
    parts: Vec<PartSummary>,
    /// The time of the snapshot, once the first header has come.
    as_of: Option<String>,
    file_bytes: u64,
    state: State,
}

enum State {
    Reading,
    Finished,
    Failed(BundleError),
}

/// Totals of a part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartSummary {
    /// The name of the part.
    pub name: String,
    /// Number of rows.
    pub rows: u64,
    /// Bytes of these rows in the raw-row stream, newlines included.
    pub raw_bytes: u64,
}

/// Totals of a finished file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BundleSummary {
    /// Number of rows of all parts.
    pub rows: u64,
    /// Bytes of these rows in the raw-row streams, newlines included.
    pub raw_bytes: u64,
    /// Length of the file in bytes.
    pub file_bytes: u64,
    /// The parts in the order of the file.
    pub parts: Vec<PartSummary>,
}

/// Why a bundle has not become a whole file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BundleError {
    /// The description of the bundle has no part.
    #[error("the bundle has no part")]
    NoPart,
    /// The columns of a file were chosen, which a bundle has several lists of.
    #[error("columns cannot be chosen for a bundle")]
    Columns,
    /// The stream ended before the end record of a part.
    #[error(
        "the stream ended in the part `{part}`, before its end record: the file is incomplete; export it again"
    )]
    Interrupted {
        /// The part that is missing or short.
        part: String,
    },
    /// The server reported in the stream that the export failed.
    #[error("the export failed on the server: {0}")]
    Failed(Box<Problem>),
    /// The bytes are not the stream of the part, or differ from those that the server sent.
    #[error("the part `{part}` cannot be used: {error}")]
    Read {
        /// The part that was read.
        part: String,
        /// The reader's error.
        error: ReadError,
    },
    /// Another part came.
    #[error("the part `{expected}` is missing: {} came instead", .found.as_deref().unwrap_or("a dataset without a part"))]
    OtherPart {
        /// The part that should have come.
        expected: String,
        /// The name in the header.
        found: Option<String>,
    },
    /// A part that has at most one row has more.
    #[error("the part `{part}` has more than one row")]
    NotSingle {
        /// The part.
        part: String,
    },
    /// Bytes came behind the last part.
    #[error("there are bytes behind the last part")]
    BehindEnd,
    /// The options cannot be applied to these rows.
    #[error(transparent)]
    Format(#[from] FormatError),
    /// Bytes came after [`Bundle::finish`].
    #[error("the export is finished; further rows need a new one")]
    Finished,
}

impl Bundle {
    /// Returns a bundle that waits for the header of its first part.
    ///
    /// # Errors
    /// When the bundle has no part, or the options cannot be applied to it.
    pub fn new(options: Options, contents: Contents) -> Result<Self, BundleError> {
        if contents.parts.is_empty() {
            return Err(BundleError::NoPart);
        }
        if options.columns.is_some() {
            return Err(BundleError::Columns);
        }
        Ok(Self {
            format: bundle::new(&options, &contents)?,
            options,
            contents,
            reader: Reader::new(),
            packer: None,
            parts: Vec::new(),
            as_of: None,
            file_bytes: 0,
            state: State::Reading,
        })
    }

    /// Takes the next bytes of the stream, in pieces of any length, and appends the file's next bytes to `out`.
    ///
    /// # Errors
    /// When the server reports a failure, or the bytes cannot be those of the parts. Every later call returns the same
    /// error.
    pub fn push(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> Result<(), BundleError> {
        match &self.state {
            State::Failed(error) => return Err(error.clone()),
            State::Finished => return Err(BundleError::Finished),
            State::Reading => {}
        }
        let length_before = out.len();
        let result = self.take(bytes, out);
        self.file_bytes += (out.len() - length_before) as u64;
        result.map_err(|error| self.fail(error))
    }

    fn take(&mut self, mut bytes: &[u8], out: &mut Vec<u8>) -> Result<(), BundleError> {
        out.reserve(bytes.len() + bytes.len() / 8);
        while !bytes.is_empty() {
            bytes = self.take_part(bytes, out)?;
        }
        match &mut self.packer {
            Some(packer) => {
                self.format.flush(packer.plain());
                packer.pack(out);
            }
            None => self.format.flush(out),
        }
        Ok(())
    }

    /// Takes the bytes up to the end of the part, and returns those behind it.
    fn take_part<'b>(&mut self, bytes: &'b [u8], out: &mut Vec<u8>) -> Result<&'b [u8], BundleError> {
        let Self {
            options,
            contents,
            reader,
            format,
            packer,
            as_of,
            ..
        } = self;
        let Some(part) = contents.parts.get(self.parts.len()) else {
            return Err(BundleError::BehindEnd);
        };
        let unread = |error| BundleError::Read {
            part: part.name.clone(),
            error,
        };
        let mut events = reader.read(bytes);
        let end = loop {
            match events.next().map_err(unread)? {
                None => return Ok(&[]),
                Some(Event::Header(header)) => {
                    if header.part.as_ref() != Some(&part.name) {
                        return Err(BundleError::OtherPart {
                            expected: part.name.clone(),
                            found: header.part.clone(),
                        });
                    }
                    let rows = PartRows::new(part, header, with_fraction_of(header, options))?;
                    if as_of.is_none() {
                        *as_of = Some(header.as_of.clone());
                        let name = format!("{}.{}", contents.name, options.format.extension());
                        *packer = Packer::begin(bundle::compression(options), &name, &header.as_of, out)?;
                        let out = packer.as_mut().map_or(&mut *out, Packer::plain);
                        format.begin(contents, &header.as_of, out);
                    }
                    format.begin_part(&rows, packer.as_mut().map_or(&mut *out, Packer::plain))?;
                }
                Some(Event::Row(row)) => {
                    if part.single && row.number() > 1 {
                        return Err(BundleError::NotSingle {
                            part: part.name.clone(),
                        });
                    }
                    format
                        .row(&row, packer.as_mut().map_or(&mut *out, Packer::plain))
                        .map_err(unread)?;
                }
                Some(Event::Failed(problem)) => return Err(BundleError::Failed(Box::new(problem))),
                Some(Event::End(end)) => break end,
            }
        };
        let rest = events.rest();
        format.end_part(end.rows, packer.as_mut().map_or(out, Packer::plain));
        self.parts.push(PartSummary {
            name: part.name.clone(),
            rows: end.rows,
            raw_bytes: end.bytes,
        });
        self.reader = Reader::new();
        Ok(rest)
    }

    /// Ends the stream, and appends the end of the file to `out`.
    ///
    /// # Errors
    /// When `push` has failed, or a part is missing or short. The file is incomplete then, and must not be given its
    /// final name.
    pub fn finish(&mut self, out: &mut Vec<u8>) -> Result<BundleSummary, BundleError> {
        match &self.state {
            State::Failed(error) => return Err(error.clone()),
            State::Finished => return Err(BundleError::Finished),
            State::Reading => {}
        }
        if let Some(part) = self.contents.parts.get(self.parts.len()) {
            let part = part.name.clone();
            return Err(self.fail(BundleError::Interrupted { part }));
        }
        let length_before = out.len();
        match &mut self.packer {
            None => self.format.finish(&self.contents, out),
            Some(packer) => {
                self.format.finish(&self.contents, packer.plain());
                packer.finish(out);
            }
        }
        self.file_bytes += (out.len() - length_before) as u64;
        self.state = State::Finished;
        let Progress {
            rows,
            raw_bytes,
            file_bytes,
        } = self.progress();
        Ok(BundleSummary {
            rows,
            raw_bytes,
            file_bytes,
            parts: self.parts.clone(),
        })
    }

    /// Returns the progress of all parts together.
    pub fn progress(&self) -> Progress {
        let of_ended = |total: fn(&PartSummary) -> u64| self.parts.iter().map(total).sum::<u64>();
        Progress {
            rows: of_ended(|part| part.rows) + self.reader.rows(),
            raw_bytes: of_ended(|part| part.raw_bytes) + self.reader.bytes(),
            file_bytes: self.file_bytes,
        }
    }

    /// Returns the number of parts that have come as a whole.
    pub fn parts_done(&self) -> usize {
        self.parts.len()
    }

    /// Returns when the database began to read the rows (RFC 3339, UTC), or `None` before the first header.
    pub fn as_of(&self) -> Option<&str> {
        self.as_of.as_deref()
    }

    fn fail(&mut self, error: BundleError) -> BundleError {
        self.state = State::Failed(error.clone());
        error
    }
}

#[cfg(test)]
#[cfg(not(target_arch = "wasm32"))]
mod tests;
