//! An archive, read as its bytes come.

use super::blocks::Blocks;
use super::error::{DumpError, DumpPart};
use super::fields::{Fields, Sizes, Stop};
use super::foreign::Foreign;
use super::header::{self, MAGIC};
use super::summary::Summary;
use super::toc::{Toc, TocReader};

/// Reads an archive: push its bytes, then ask whether that was a whole one.
///
/// It holds the table of contents and at most one item that has not come whole; data goes by unseen.
pub struct Archive {
    stage: Stage,
    sizes: Sizes,
    /// Where in the file the next item begins.
    position: u64,
    /// How many bytes of data come before it.
    data_left: u64,
    /// The beginning of an item that goes on in bytes to come …
    pending: Vec<u8>,
    /// … and how long it is at least.
    needed: usize,
    failure: Option<DumpError>,
}

/// What is being read.
enum Stage {
    Header,
    Contents(TocReader),
    Blocks(Blocks),
}

impl Archive {
    /// An archive that has not begun.
    #[must_use]
    pub fn new() -> Self {
        Self {
            stage: Stage::Header,
            // Until the header says it.
            sizes: Sizes {
                integer: 4,
                offset: 8,
            },
            position: 0,
            data_left: 0,
            pending: Vec::new(),
            needed: 0,
            failure: None,
        }
    }

    /// Takes the next bytes, in any pieces.
    ///
    /// # Errors
    /// When they cannot go on an archive. Every later call returns the same error.
    pub fn push(&mut self, mut bytes: &[u8]) -> Result<(), DumpError> {
        if let Some(failure) = &self.failure {
            return Err(failure.clone());
        }
        while !bytes.is_empty() {
            let taken = self
                .advance(bytes)
                .inspect_err(|error| self.failure = Some(error.clone()))?;
            bytes = &bytes[taken..];
        }
        Ok(())
    }

    /// The table of contents, as soon as it has been read; with the data that has come until now.
    #[must_use]
    pub fn toc(&self) -> Option<&Toc> {
        match &self.stage {
            Stage::Blocks(blocks) => Some(&blocks.toc),
            Stage::Header | Stage::Contents(_) => None,
        }
    }

    /// How many bytes have come.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.position + self.pending.len() as u64
    }

    /// Says that no more bytes come.
    ///
    /// # Errors
    /// When what came is not a whole archive, or `push` has failed.
    pub fn finish(&self) -> Result<Summary, DumpError> {
        if let Some(failure) = &self.failure {
            return Err(failure.clone());
        }
        let at = self.bytes();
        let part = match &self.stage {
            _ if at == 0 => return Err(DumpError::Empty),
            Stage::Header if !self.has_magic() => {
                return Err(DumpError::NotAnArchive(Foreign::from_beginning(&self.pending)));
            }
            Stage::Header => DumpPart::Header,
            Stage::Contents(reader) => reader.part(),
            Stage::Blocks(blocks) => match blocks.part() {
                Some(part) => part,
                // The data of the last block has come, and nothing of another.
                None if self.pending.is_empty() => return whole(blocks, at),
                None => DumpPart::BlockHeader,
            },
        };
        Err(DumpError::CutShort { at, part })
    }

    /// Whether the first bytes are an archive's, as far as they have come.
    fn has_magic(&self) -> bool {
        self.pending.iter().zip(MAGIC).all(|(byte, magic)| byte == magic)
    }

    /// Takes some of the bytes, at least one, and says how many.
    fn advance(&mut self, bytes: &[u8]) -> Result<usize, DumpError> {
        if self.data_left > 0 {
            let taken = usize::try_from(self.data_left).map_or(bytes.len(), |left| left.min(bytes.len()));
            self.data_left -= taken as u64;
            self.position += taken as u64;
            return Ok(taken);
        }
        if self.pending.is_empty() {
            return self.read_item(bytes).map(|read| {
                read.unwrap_or_else(|| {
                    self.pending.extend_from_slice(bytes);
                    bytes.len()
                })
            });
        }
        let taken = bytes.len().min(self.needed - self.pending.len());
        self.pending.extend_from_slice(&bytes[..taken]);
        if self.pending.len() == self.needed {
            let pending = std::mem::take(&mut self.pending);
            // No byte is left over: without the last one the item was not whole.
            if self.read_item(&pending)?.is_none() {
                self.pending = pending;
            }
        }
        Ok(taken)
    }

    /// Reads the item that begins with these bytes and says how long it is; `None` if it goes on behind them.
    fn read_item(&mut self, bytes: &[u8]) -> Result<Option<usize>, DumpError> {
        let mut fields = Fields::new(bytes, self.sizes);
        let read = self.stage_item(&mut fields);
        let length = fields.position();
        match read {
            Ok(data_left) => {
                self.sizes = fields.sizes();
                self.position += length as u64;
                self.data_left = data_left;
                Ok(Some(length))
            }
            Err(Stop::Incomplete { needed }) => {
                self.needed = needed;
                Ok(None)
            }
            Err(Stop::Fault(fault)) => Err(DumpError::Damaged {
                at: self.position + length as u64,
                fault,
            }),
            Err(Stop::Refused(error)) => Err(error),
        }
    }

    /// Reads the next item and says how many bytes of data follow it.
    fn stage_item(&mut self, fields: &mut Fields<'_>) -> Result<u64, Stop> {
        match &mut self.stage {
            Stage::Header => {
                let header = header::read(fields)?;
                self.stage = Stage::Contents(TocReader::begin(header, fields)?);
            }
            Stage::Contents(reader) => reader.item(fields)?,
            Stage::Blocks(blocks) => return blocks.item(fields, self.position),
        }
        if let Stage::Contents(reader) = &mut self.stage
            && reader.is_done()
        {
            self.stage = Stage::Blocks(Blocks::new(reader.take())?);
        }
        Ok(0)
    }
}

impl Default for Archive {
    fn default() -> Self {
        Self::new()
    }
}

/// What is in an archive that has ended behind a block.
fn whole(blocks: &Blocks, bytes: u64) -> Result<Summary, DumpError> {
    let mut missing = blocks.missing();
    match missing.next() {
        None => Ok(Summary::new(&blocks.toc, bytes)),
        Some(entry) => Err(DumpError::DataMissing {
            at: bytes,
            name: entry.title(),
            more: missing.count(),
        }),
    }
}
