//! Reads the table of contents of an archive.

use super::error::{DumpPart, Fault};
use super::fields::{Fields, Stop};
use super::header::Header;
use super::limits::ENTRIES_MAX;
use super::version::ArchiveVersion;

/// The kind of entries whose data is large objects.
pub const LARGE_OBJECTS: &str = "BLOBS";

/// The kind of entries whose data is a table's rows.
pub const TABLE_DATA: &str = "TABLE DATA";

/// The kinds of entries whose definitions are kept. The definitions of all entries would take much memory.
const DEFINED: [&str; 4] = ["EXTENSION", "POLICY", "TABLE", "TABLE ATTACH"];

/// `SECTION_POST_DATA` of PostgreSQL's `pg_backup.h`.
const POST_DATA: i64 = 4;

/// Header and table of contents of an archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Toc {
    /// The header of the archive.
    pub header: Header,
    /// The entries, in the order in which pg_restore restores them.
    pub entries: Vec<Entry>,
}

/// One object of a dump.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The id that blocks of data and lists for `pg_restore --use-list` refer to.
    pub dump_id: u32,
    /// The kind in PostgreSQL's words: `TABLE`, `TABLE DATA`, `INDEX` …
    pub kind: String,
    /// The schema, `None` for an object without one.
    pub schema: Option<String>,
    /// The name, which for data is that of its table.
    pub name: String,
    /// The SQL that creates the object, for the kinds `EXTENSION`, `POLICY`, `TABLE` and
    /// `TABLE ATTACH`; otherwise empty.
    pub definition: String,
    /// Whether the object is created after the rows are there.
    pub is_post_data: bool,
    /// The tablespace, `None` for the default one.
    pub tablespace: Option<String>,
    /// The role that owned the object.
    pub owner: String,
    /// Whether the entry has data, and whether it has come.
    pub data: EntryData,
}

/// The state of an entry's data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryData {
    /// The entry has no data.
    None,
    /// The data has not come yet.
    Awaited {
        /// Offset of the data in the file. `None` when pg_dump wrote to a pipe, where it cannot go back to fill the
        /// offset in.
        at: Option<u64>,
    },
    /// The data has come, at least in part.
    Found {
        /// Bytes of the data, as compressed in the file.
        bytes: u64,
        /// Number of large objects in the data.
        large_objects: u64,
    },
}

impl Entry {
    /// Returns the name for people: `table public.users`, `large objects`.
    pub fn title(&self) -> String {
        let kind = match self.kind.as_str() {
            LARGE_OBJECTS => return "large objects".to_owned(),
            TABLE_DATA => "table".to_owned(),
            kind => kind.to_lowercase(),
        };
        let schema = self.schema.iter().flat_map(|schema| [schema.as_str(), "."]);
        let name: String = schema.chain([self.name.as_str()]).collect();
        // A name may contain line ends, which would break a message of one line.
        format!("{kind} {name}").replace(char::is_control, " ")
    }
}

/// Reads the table of contents that `WriteToc` of PostgreSQL's `pg_backup_archiver.c` writes.
pub(super) struct TocReader {
    header: Header,
    count: usize,
    entries: Vec<Entry>,
    /// The entry whose dependencies are being read.
    ///
    /// Each dependency is an item of its own, because an entry has any number of them and the length of an item is
    /// limited.
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

    /// Returns whether all entries have been read.
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

/// Reads the part of an entry before its dependencies.
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
    let has_section = version >= ArchiveVersion::WITH_SECTION;
    let is_post_data = has_section && fields.integer()? == POST_DATA;
    let definition = match DEFINED.contains(&kind.as_str()) {
        true => fields.text()?.unwrap_or_default(),
        false => fields.skip_text().map(|_| String::new())?,
    };
    let _statements = (fields.skip_text()?, fields.skip_text()?);
    let schema = fields.text()?.filter(|schema| !schema.is_empty());
    let tablespace = fields.text()?.filter(|tablespace| !tablespace.is_empty());
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
            definition,
            is_post_data,
            tablespace,
            owner,
            data: EntryData::None,
        },
        has_dumper,
    })
}

/// Reads the state and offset of an entry's data: `K_OFFSET_…` of PostgreSQL's `pg_backup_archiver.h`.
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
