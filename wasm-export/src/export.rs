//! Makes a file from raw rows. Every file of Decant is made here.

use serde::{Deserialize, Serialize};

use crate::compression::Packer;
use crate::format::{self, FileFormat, FormatError, chosen_columns};
use crate::options::{Fraction, Options, TimestampStyle};
use crate::rows::{End, Event, Header, Problem, ReadError, Reader, Row};

/// Makes one file from one raw-row stream, or from several streams of which each continues the one before.
///
/// The caller pushes the stream's bytes in pieces of any length, and the file's bytes are appended to `out`. An
/// `Export` opens no connection and reads no clock. Bytes that were appended to `out` before an error belong to the
/// file, because a resumed export goes on from there.
pub struct Export {
    options: Options,
    reader: Reader,
    /// `None` until the first header has come.
    file: Option<File>,
    /// Totals of the streams before this one.
    before: Progress,
    file_bytes: u64,
    state: State,
}

/// The writer of the file, from the first header on.
struct File {
    header: Header,
    format: Box<dyn FileFormat>,
    /// `None` when the file is not compressed.
    packer: Option<Packer>,
    columns: Vec<String>,
    /// The cursor of the last whole row of the streams before this one.
    cursor: Option<String>,
}

enum State {
    /// The header has come, or nothing; rows may follow.
    Reading,
    /// The end record has come, and its totals are those of the rows.
    Ended(End),
    /// The end of the file has been written.
    Finished,
    Failed(ExportError),
}

/// Progress of an export, for all its streams together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// Number of rows that have come.
    pub rows: u64,
    /// Bytes of these rows in the raw-row stream, newlines included.
    pub raw_bytes: u64,
    /// Bytes of the file that have been appended to `out`.
    pub file_bytes: u64,
}

/// The parameters (`after`, `as_of`) of the request whose stream continues this export.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResumePoint {
    /// The cursor of the last whole row; `None` before the first row.
    pub cursor: Option<String>,
    /// When the database began the first stream, RFC 3339 in UTC.
    pub as_of: String,
}

/// Totals of a finished export.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// Number of rows in the file, headings excluded.
    pub rows: u64,
    /// Bytes of these rows in the raw-row stream, newlines included.
    pub raw_bytes: u64,
    /// Length of the file in bytes, compressed if that was chosen.
    pub file_bytes: u64,
    /// Names of the columns in the file, in its order.
    pub columns: Vec<String>,
    /// The cursor of the last row; `None` when there is no row.
    pub cursor: Option<String>,
}

/// Why an export has not become a whole file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ExportError {
    /// The stream ended without an end record.
    #[error("the stream ended after {rows} rows without an end record: the export is incomplete; resume it")]
    Interrupted {
        /// Number of whole rows that had come.
        rows: u64,
    },
    /// The server reported in the stream that the export failed.
    #[error("the export failed on the server: {0}")]
    Failed(Box<Problem>),
    /// The bytes are not a raw-row stream, or differ from those that the server sent.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The options cannot be applied to these rows.
    #[error(transparent)]
    Format(#[from] FormatError),
    /// The stream that continues this export has other columns.
    #[error("the columns have changed since the export began; start it again")]
    HeaderChanged,
    /// Bytes came after [`Export::finish`].
    #[error("the export is finished; further rows need a new one")]
    Finished,
}

impl ExportError {
    /// Returns whether [`Export::resume`] can continue the export after this error.
    pub fn is_resumable(&self) -> bool {
        matches!(self, Self::Interrupted { .. } | Self::Failed(_))
    }
}

impl Export {
    /// Returns an export that waits for the header of its first stream.
    pub fn new(options: Options) -> Self {
        Self {
            options,
            reader: Reader::new(),
            file: None,
            before: Progress::default(),
            file_bytes: 0,
            state: State::Reading,
        }
    }

    /// Takes the next bytes of the stream, in pieces of any length, and appends the file's next bytes to `out`.
    ///
    /// # Errors
    /// When the server reports a failure, or the bytes cannot be part of an export. Every later call returns the same
    /// error.
    pub fn push(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> Result<(), ExportError> {
        match &self.state {
            State::Failed(error) => return Err(error.clone()),
            State::Finished => return Err(ExportError::Finished),
            State::Reading | State::Ended(_) => {}
        }
        let length_before = out.len();
        let result = self.take(bytes, out);
        self.file_bytes += (out.len() - length_before) as u64;
        result.map_err(|error| self.fail(error))
    }

    fn take(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> Result<(), ExportError> {
        out.reserve(bytes.len() + bytes.len() / 8);
        let mut events = self.reader.read(bytes);
        while let Some(event) = events.next()? {
            match event {
                Event::Row(row) => {
                    if let Some(file) = &mut self.file {
                        file.row(&row, out)?;
                    }
                }
                Event::Header(header) => match &self.file {
                    Some(file) => file.check_continues(header)?,
                    None => {
                        self.file = Some(File::begin(
                            header,
                            &with_fraction_of(header, &self.options),
                            out,
                        )?)
                    }
                },
                Event::Failed(problem) => return Err(ExportError::Failed(Box::new(problem))),
                Event::End(end) => self.state = State::Ended(end),
            }
        }
        if let Some(packer) = self.file.as_mut().and_then(|file| file.packer.as_mut()) {
            packer.pack(out);
        }
        Ok(())
    }

    /// Ends the stream, and appends the end of the file to `out`.
    ///
    /// # Errors
    /// When `push` has failed, or no end record has come. The file is incomplete then, and must not be given its
    /// final name.
    pub fn finish(&mut self, out: &mut Vec<u8>) -> Result<Summary, ExportError> {
        let end = match &self.state {
            State::Ended(end) => end.clone(),
            State::Reading => {
                return Err(self.fail(ExportError::Interrupted {
                    rows: self.progress().rows,
                }));
            }
            State::Finished => return Err(ExportError::Finished),
            State::Failed(error) => return Err(error.clone()),
        };
        let Some(file) = &mut self.file else {
            return Err(self.fail(ExportError::Interrupted { rows: 0 }));
        };
        let length_before = out.len();
        file.finish(out);
        let columns = file.columns.clone();
        let cursor = end.cursor.or_else(|| file.cursor.clone());
        self.file_bytes += (out.len() - length_before) as u64;
        self.state = State::Finished;
        let Progress {
            rows,
            raw_bytes,
            file_bytes,
        } = self.progress();
        Ok(Summary {
            rows,
            raw_bytes,
            file_bytes,
            columns,
            cursor,
        })
    }

    /// Returns the header of the stream, or `None` before it has come.
    pub fn header(&self) -> Option<&Header> {
        self.file.as_ref().map(|file| &file.header)
    }

    /// Returns the progress of all streams together.
    pub fn progress(&self) -> Progress {
        Progress {
            rows: self.before.rows + self.reader.rows(),
            raw_bytes: self.before.raw_bytes + self.reader.bytes(),
            file_bytes: self.file_bytes,
        }
    }

    /// Returns the parameters of the request that continues this export, or `None` until the first header has come.
    pub fn resume_point(&self) -> Option<ResumePoint> {
        let file = self.file.as_ref()?;
        let cursor = self.reader.last_row().and_then(|row| file.header.cursor(row));
        Some(ResumePoint {
            cursor: cursor.or_else(|| file.cursor.clone()),
            as_of: file.header.as_of.clone(),
        })
    }

    /// Prepares the export for another stream, which must begin after [`Export::resume_point`]. An incomplete last
    /// row of the previous stream is dropped, because the server sends that row again. An error for which
    /// [`ExportError::is_resumable`] is false stays.
    pub fn resume(&mut self) {
        if matches!(&self.state, State::Failed(error) if !error.is_resumable())
            || matches!(self.state, State::Finished)
        {
            return;
        }
        let point = self.resume_point();
        self.before = self.progress();
        self.reader = Reader::new();
        self.state = State::Reading;
        if let (Some(file), Some(point)) = (&mut self.file, point) {
            file.cursor = point.cursor;
        }
    }

    fn fail(&mut self, error: ExportError) -> ExportError {
        self.state = State::Failed(error.clone());
        error
    }
}

impl File {
    fn begin(header: &Header, options: &Options, out: &mut Vec<u8>) -> Result<Self, FormatError> {
        let positions = chosen_columns(header, options.columns.as_deref())?;
        let mut format = format::new(header, &positions, options)?;
        let name = format!("{}.{}", header.dataset, options.format.extension());
        let mut packer = Packer::begin(options.compression, &name, &header.as_of, out)?;
        format.begin(packer.as_mut().map_or(out, Packer::plain));
        Ok(Self {
            header: header.clone(),
            format,
            packer,
            columns: positions
                .iter()
                .map(|&position| header.columns[position].name.clone())
                .collect(),
            cursor: None,
        })
    }

    fn row(&mut self, row: &Row<'_>, out: &mut Vec<u8>) -> Result<(), ReadError> {
        self.format
            .row(row, self.packer.as_mut().map_or(out, Packer::plain))
    }

    fn finish(&mut self, out: &mut Vec<u8>) {
        match &mut self.packer {
            None => self.format.finish(out),
            Some(packer) => {
                self.format.finish(packer.plain());
                packer.finish(out);
            }
        }
    }

    fn check_continues(&self, header: &Header) -> Result<(), ExportError> {
        let same = header.dataset == self.header.dataset
            && header.columns == self.header.columns
            && header.order == self.header.order;
        if same {
            Ok(())
        } else {
            Err(ExportError::HeaderChanged)
        }
    }
}

/// Returns the options with the digits of the seconds' fraction that the dataset's timestamps get.
pub fn with_fraction_of(header: &Header, options: &Options) -> Options {
    let by_dataset = match (header.fraction, options.timestamps) {
        (None, _) => Fraction::default(),
        (Some(fraction), TimestampStyle::Iso) => fraction,
        (Some(_), TimestampStyle::Local) => Fraction::Seconds,
    };
    Options {
        fraction: options.fraction.or(Some(by_dataset)),
        ..options.clone()
    }
}

#[cfg(test)]
#[cfg(not(target_arch = "wasm32"))]
mod tests;
