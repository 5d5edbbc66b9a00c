//! Raw rows in, a file out: the one way every file of Decant is made.

use serde::{Deserialize, Serialize};

use crate::compression::Packer;
use crate::format::{self, FileFormat, FormatError, chosen_columns};
use crate::options::Options;
use crate::rows::{End, Event, Header, Problem, ReadError, Reader, Row};

/// Makes one file from one raw-row stream, or from several of which each continues the one before.
///
/// It knows no socket and no clock: bytes go in as they come, the file's bytes come out. What was appended to `out`
/// before an error belongs to the file: an export that is resumed goes on from there.
pub struct Export {
    options: Options,
    reader: Reader,
    /// From the first header on.
    file: Option<File>,
    /// What the streams before this one came to.
    before: Progress,
    file_bytes: u64,
    state: State,
}

/// A file that has begun.
struct File {
    header: Header,
    format: Box<dyn FileFormat>,
    /// If the file is packed.
    packer: Option<Packer>,
    columns: Vec<String>,
    /// The last whole row of the streams before this one.
    cursor: Option<String>,
}

enum State {
    /// Rows may come.
    Reading,
    /// The end record has come and agrees.
    Ended(End),
    /// All has been said.
    Finished,
    Failed(ExportError),
}

/// How far an export is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// How many rows have come.
    pub rows: u64,
    /// How many bytes they were in the raw-row stream.
    pub raw_bytes: u64,
    /// How many bytes of the file have been given out.
    pub file_bytes: u64,
}

/// What to ask the server for (`after`, `as_of`) so that its stream continues this export.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResumePoint {
    /// The cursor of the last whole row; `None` before the first.
    pub cursor: Option<String>,
    /// When the database began the first stream.
    pub as_of: String,
}

/// What a finished export is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// How many rows the file has.
    pub rows: u64,
    /// How many bytes they were in the raw-row stream.
    pub raw_bytes: u64,
    /// How many bytes the file has.
    pub file_bytes: u64,
    /// The names of its columns.
    pub columns: Vec<String>,
    /// The cursor of its last row; `None` when it has none.
    pub cursor: Option<String>,
}

/// There is no whole file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ExportError {
    /// The stream stopped without an end record.
    #[error("the stream broke off after {rows} rows: the export is not complete; resume it")]
    Interrupted {
        /// How many rows had come.
        rows: u64,
    },
    /// The server says that the export failed.
    #[error("the export failed on the server: {0}")]
    Failed(Box<Problem>),
    /// The bytes are not a raw-row stream, or not the one that was sent.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The rows cannot be written as the options want them.
    #[error(transparent)]
    Format(#[from] FormatError),
    /// The stream that should continue this export has other columns.
    #[error("the columns have changed since the export began; start it again")]
    HeaderChanged,
    /// Bytes came after [`Export::finish`].
    #[error("the export is finished; a new one is needed for further rows")]
    Finished,
}

impl ExportError {
    /// Whether [`Export::resume`] can go on after it.
    #[must_use]
    pub fn is_resumable(&self) -> bool {
        matches!(self, Self::Interrupted { .. } | Self::Failed(_))
    }
}

impl Export {
    /// An export that has not begun.
    #[must_use]
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

    /// Takes the next bytes of the stream, in any pieces, and appends to `out` what they make of the file.
    ///
    /// # Errors
    /// When the server reports a failure, or the bytes cannot be an export. Every later call returns the same error.
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
                    None => self.file = Some(File::begin(header, &self.options, out)?),
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

    /// Says that no more bytes come, and writes what comes after the rows.
    ///
    /// # Errors
    /// When no end record has come: then the file is not whole and must not be named. Or when `push` has failed.
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

    /// The header of the rows, once it has come.
    #[must_use]
    pub fn header(&self) -> Option<&Header> {
        self.file.as_ref().map(|file| &file.header)
    }

    /// How far the export is.
    #[must_use]
    pub fn progress(&self) -> Progress {
        Progress {
            rows: self.before.rows + self.reader.rows(),
            raw_bytes: self.before.raw_bytes + self.reader.bytes(),
            file_bytes: self.file_bytes,
        }
    }

    /// Where the server must go on if this export is to be resumed; `None` until the header has come.
    #[must_use]
    pub fn resume_point(&self) -> Option<ResumePoint> {
        let file = self.file.as_ref()?;
        let cursor = self.reader.last_row().and_then(|row| file.header.cursor(row));
        Some(ResumePoint {
            cursor: cursor.or_else(|| file.cursor.clone()),
            as_of: file.header.as_of.clone(),
        })
    }

    /// Begins to read another stream, which must continue after [`Export::resume_point`]. An incomplete last line of
    /// the stream before is forgotten; the server sends that row again. An error that no further rows can mend
    /// stays.
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

#[cfg(test)]
#[cfg(not(target_arch = "wasm32"))]
mod tests;
