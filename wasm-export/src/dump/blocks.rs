//! Reads the blocks of data behind the table of contents.

use std::collections::HashMap;

use super::error::{DumpPart, Fault};
use super::fields::{Fields, Stop};
use super::toc::{Entry, EntryData, LARGE_OBJECTS, Toc};

/// `BLK_DATA` and `BLK_BLOBS` of PostgreSQL's `pg_backup_archiver.h`.
const ROWS: u8 = 1;
const OBJECTS: u8 = 3;

/// Reads the blocks, which PostgreSQL's `pg_backup_custom.c` writes. A block is a type, the id of an entry, and
/// pieces of data, the last of which is empty. In a block of large objects each object's OID comes before its pieces,
/// and 0 ends the block.
pub(super) struct Blocks {
    pub(super) toc: Toc,
    /// The index in the table of contents of each dump id.
    index: HashMap<u32, usize>,
    step: Step,
}

/// The next item. The index is that of its entry in the table of contents.
#[derive(Clone, Copy)]
enum Step {
    /// A block, or the end of the file.
    Block,
    /// A large object, or the end of the block.
    Object(usize),
    /// A piece of a table's rows.
    RowsPiece(usize),
    /// A piece of a large object.
    ObjectPiece(usize),
}

impl Blocks {
    pub(super) fn new(toc: Toc) -> Result<Self, Fault> {
        let mut index = HashMap::with_capacity(toc.entries.len());
        for (index_in_toc, entry) in toc.entries.iter().enumerate() {
            if index.insert(entry.dump_id, index_in_toc).is_some() {
                return Err(Fault::SameNumber { id: entry.dump_id });
            }
        }
        let step = Step::Block;
        Ok(Self { toc, index, step })
    }

    /// Reads the item at this offset in the file, and returns the length of the data behind it.
    pub(super) fn item(&mut self, fields: &mut Fields<'_>, position: u64) -> Result<u64, Stop> {
        match self.step {
            Step::Block => self.begin_block(fields, position).map(|()| 0),
            Step::Object(entry) => self.begin_object(fields, entry).map(|()| 0),
            Step::RowsPiece(entry) => self.begin_piece(fields, entry, Step::Block),
            Step::ObjectPiece(entry) => self.begin_piece(fields, entry, Step::Object(entry)),
        }
    }

    /// Returns the block that is being read, or `None` between two blocks.
    pub(super) fn part(&self) -> Option<DumpPart> {
        match self.step {
            Step::Block => None,
            Step::Object(entry) | Step::RowsPiece(entry) | Step::ObjectPiece(entry) => Some(DumpPart::Data {
                name: self.toc.entries[entry].title(),
            }),
        }
    }

    /// Returns the entries whose data has not come.
    pub(super) fn missing(&self) -> impl Iterator<Item = &Entry> {
        let is_awaited = |entry: &&Entry| matches!(entry.data, EntryData::Awaited { .. });
        self.toc.entries.iter().filter(is_awaited)
    }

    fn begin_block(&mut self, fields: &mut Fields<'_>, position: u64) -> Result<(), Stop> {
        let kind = fields.byte()?;
        if !matches!(kind, ROWS | OBJECTS) {
            return Err(Fault::number("the type of a block", kind.into()).into());
        }
        let id = fields.integer()?;
        let found = u32::try_from(id).ok().and_then(|id| self.index.get(&id).copied());
        let index = found.ok_or(Fault::UnknownEntry { id })?;
        let entry = &mut self.toc.entries[index];
        match entry.data {
            EntryData::Awaited { at: Some(said) } if said != position => {
                let name = entry.title();
                return Err(Fault::Elsewhere { name, said }.into());
            }
            EntryData::Awaited { .. } => {}
            EntryData::None | EntryData::Found { .. } => {
                let name = entry.title();
                return Err(Fault::UnexpectedData { name }.into());
            }
        }
        let is_objects = entry.kind == LARGE_OBJECTS;
        if is_objects != (kind == OBJECTS) {
            let name = entry.title();
            return Err(Fault::WrongKind { name }.into());
        }
        entry.data = EntryData::Found {
            bytes: 0,
            large_objects: 0,
        };
        self.step = if is_objects {
            Step::Object(index)
        } else {
            Step::RowsPiece(index)
        };
        Ok(())
    }

    fn begin_object(&mut self, fields: &mut Fields<'_>, entry: usize) -> Result<(), Stop> {
        // The value may be negative, because OIDs have no sign and pg_dump writes them as signed integers.
        let is_end = fields.integer()? == 0;
        if is_end {
            self.step = Step::Block;
        } else {
            self.step = Step::ObjectPiece(entry);
            if let EntryData::Found { large_objects, .. } = &mut self.toc.entries[entry].data {
                *large_objects += 1;
            }
        }
        Ok(())
    }

    /// Reads the length of a piece. `after` is the next step behind the last piece, which is empty.
    fn begin_piece(&mut self, fields: &mut Fields<'_>, entry: usize, after: Step) -> Result<u64, Stop> {
        let said = fields.integer()?;
        let length = u64::try_from(said).map_err(|_| Fault::number("the length of a piece of data", said))?;
        if length == 0 {
            self.step = after;
        } else if let EntryData::Found { bytes, .. } = &mut self.toc.entries[entry].data {
            *bytes = bytes.saturating_add(length);
        }
        Ok(length)
    }
}
