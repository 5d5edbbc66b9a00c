//! The table of contents: what was dumped, entry by entry.

use super::error::{DumpPart, Fault};
use super::fields::{Fields, Stop};
use super::header::Header;
use super::limits::ENTRIES_MAX;
use super::version::ArchiveVersion;

/// The kind of the entries whose data is large objects.
pub const LARGE_OBJECTS: &str = "BLOBS";

/// The kind of the entries whose data is a table's rows.
pub const TABLE_DATA: &str = "TABLE DATA";

/// What stands before the data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Toc {
    /// What the archive says of itself.
    pub header: Header,
    /// Its entries, in the order in which they are restored.
    pub entries: Vec<Entry>,
}

/// One thing that was dumped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its number, by which the data and a list for `pg_restore --use-list` name it.
    pub dump_id: u32,
    /// What it is, in PostgreSQL's words: `TABLE`, `TABLE DATA`, `INDEX` …
    pub kind: String,
    /// The schema it is in, if it is in one.
    pub schema: Option<String>,
    /// What it is called; of data, the table's name.
    pub name: String,
    /// The role that owned it.
    pub owner: String,
    /// Its data.
    pub data: EntryData,
}

/// The data of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryData {
    /// It has none.
    None,
    /// It is to come.
    Awaited {
        /// Where in the file it begins; `None` if pg_dump wrote into a pipe and could not go back to say so.
        at: Option<u64>,
    },
    /// It has come, at least in part.
    Found {
        /// How many bytes of it, packed as they are.
        bytes: u64,
        /// How many large objects it is.
        large_objects: u64,
    },
}

impl Entry {
    /// What people call it: `table public.users`, `large objects`.
    #[must_use]
    pub fn title(&self) -> String {
        let kind = match self.kind.as_str() {
            LARGE_OBJECTS => return "large objects".to_owned(),
            TABLE_DATA => "table".to_owned(),
            kind => kind.to_lowercase(),
        };
        let schema = self.schema.iter().flat_map(|schema| [schema.as_str(), "."]);
        let name: String = schema.chain([self.name.as_str()]).collect();
        // A name may hold a line end; a message is one line.
        format!("{kind} {name}").replace(char::is_control, " ")
    }
}

/// Reads a table of contents, `WriteToc` of PostgreSQL's `pg_backup_archiver.c`.
pub(super) struct TocReader {
    header: Header,
    count: usize,
    entries: Vec<Entry>,
    /// The entry whose dependencies are being read.
    ///
    /// They are items of their own: there may be any number of them, and what is read at once is to be bounded.
    begun: Option<Draft>,
}

/// An entry whose end has not been read.
struct Draft {
    entry: Entry,
    has_dumper: bool,
}

impl TocReader {
    /// Reads the number of entries, which follows the header.
    pub(super) fn begin(header: Header, fields: &mut Fields<'_>) -> Result<Self, Stop> {
        let said = fields.integer()?;
        let count = usize::try_from(said).ok().filter(|&count| count <= ENTRIES_MAX);
        Ok(Self {
            header,
            count: count.ok_or(Fault::number("the number of entries", said))?,
            entries: Vec::new(),
            begun: None,
        })
    }

    /// Whether all entries have been read.
    pub(super) fn is_done(&self) -> bool {
        self.entries.len() == self.count
    }

    pub(super) fn take(&mut self) -> Toc {
        Toc {
            header: self.header.clone(),
            entries: std::mem::take(&mut self.entries),
        }
    }

    pub(super) fn part(&self) -> DumpPart {
        DumpPart::Contents {
            read: self.entries.len(),
            count: self.count,
        }
    }

    /// Reads the next item: the beginning of an entry, one of its dependencies, or its end.
    pub(super) fn item(&mut self, fields: &mut Fields<'_>) -> Result<(), Stop> {
        let Some(draft) = &mut self.begun else {
            self.begun = Some(beginning(fields, self.header.archive_version)?);
            return Ok(());
        };
        let is_dependency = fields.skip_text()?;
        if is_dependency {
            return Ok(());
        }
        draft.entry.data = data(fields)?;
        let has_data = draft.entry.data != EntryData::None;
        if draft.has_dumper != has_data {
            let name = draft.entry.title();
            return Err(Fault::Contradiction { name }.into());
        }
        self.entries.extend(self.begun.take().map(|draft| draft.entry));
        Ok(())
    }
}

/// Everything of an entry before its dependencies.
fn beginning(fields: &mut Fields<'_>, version: ArchiveVersion) -> Result<Draft, Stop> {
    let dump_id = fields.integer()?;
    let dump_id = i32::try_from(dump_id)
        .ok()
        .and_then(|id| u32::try_from(id).ok())
        .filter(|&id| id > 0)
        .ok_or(Fault::number("the number of an entry", dump_id))?;
    let has_dumper = fields.integer()? != 0;
    let _catalog = (fields.skip_text()?, fields.skip_text()?);
    let name = fields.text()?.unwrap_or_default();
    let kind = fields.text()?.ok_or(Fault::NoKind)?;
    if version >= ArchiveVersion::WITH_SECTION {
        fields.integer()?;
    }
    let _statements = (fields.skip_text()?, fields.skip_text()?, fields.skip_text()?);
    let schema = fields.text()?.filter(|schema| !schema.is_empty());
    let _tablespace = fields.skip_text()?;
    if version >= ArchiveVersion::WITH_ACCESS_METHOD {
        fields.skip_text()?;
    }
    if version >= ArchiveVersion::WITH_RELATION_KIND {
        fields.integer()?;
    }
    let owner = fields.text()?.unwrap_or_default();
    let _with_oids = fields.skip_text()?;
    Ok(Draft {
        entry: Entry {
            dump_id,
            kind,
            schema,
            name,
            owner,
            data: EntryData::None,
        },
        has_dumper,
    })
}

/// Whether and where an entry has data: `K_OFFSET_…` of PostgreSQL's `pg_backup_archiver.h`.
fn data(fields: &mut Fields<'_>) -> Result<EntryData, Stop> {
    let state = fields.byte()?;
    let at = fields.offset()?;
    match state {
        1 => Ok(EntryData::Awaited { at: None }),
        2 => Ok(EntryData::Awaited { at: Some(at) }),
        3 => Ok(EntryData::None),
        _ => Err(Fault::number("the state of an entry's data", state.into()).into()),
    }
}
