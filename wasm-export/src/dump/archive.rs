//! Reads an archive while its bytes come.

use super::blocks::Blocks;
use super::error::{DumpError, DumpPart};
use super::fields::{Fields, Sizes, Stop};
use super::foreign::Foreign;
use super::header::{self, MAGIC};
use super::summary::Summary;
use super::toc::{Toc, TocReader};

/// Reads an archive in pushed pieces, and reports at the end whether it is whole.
///
/// It holds the table of contents and at most one incomplete item. Data is skipped.
pub struct Archive {
    stage: Stage,
    sizes: Sizes,
    /// Offset of the next item in the file.
    position: u64,
    /// Bytes of data to skip before it.
    data_left: u64,
    /// The beginning of an incomplete item.
    pending: Vec<u8>,
    /// The least length that this item can have.
    needed: usize,
    failure: Option<DumpError>,
}

/// The part of the archive that is read next.
enum Stage {
    Header,
    Contents(TocReader),
    Blocks(Blocks),
}

impl Archive {
    /// Returns a reader at the beginning of an archive.
    pub fn new() -> Self {
        Self {
            stage: Stage::Header,
            // The header replaces these.
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

    /// Takes the next bytes, in pieces of any length.
    ///
    /// # Errors
    /// When they cannot continue an archive. Every later call returns the same error.
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

    /// Returns the table of contents with the data that has come so far, or `None` until the table is complete.
    pub fn toc(&self) -> Option<&Toc> {
        match &self.stage {
            Stage::Blocks(blocks) => Some(&blocks.toc),
            Stage::Header | Stage::Contents(_) => None,
        }
    }

    /// Returns the number of bytes that have come.
    pub fn bytes(&self) -> u64 {
        self.position + self.pending.len() as u64
    }

    /// Ends the archive, and returns a summary of it.
    ///
    /// # Errors
    /// When the bytes are not a whole archive, or `push` has failed.
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
                // The data of the last block is complete, and no other block has begun.
                None if self.pending.is_empty() => return whole(blocks, at),
                None => DumpPart::BlockHeader,
            },
        };
        Err(DumpError::CutShort { at, part })
    }

    /// Returns whether the first bytes are those of an archive, as far as they have come.
    fn has_magic(&self) -> bool {
        self.pending.iter().zip(MAGIC).all(|(byte, magic)| byte == magic)
    }

    /// Takes at least one of the bytes, and returns how many it took.
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
            // No byte is left over, because the item was incomplete without the last one.
            if self.read_item(&pending)?.is_none() {
                self.pending = pending;
            }
        }
        Ok(taken)
    }

    /// Reads the item at the beginning of these bytes. Returns its length, or `None` when it is incomplete.
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

    /// Reads the next item, and returns the length of the data behind it.
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

/// Returns the summary of an archive that has ended behind a block.
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
