//! Summarises a dump for people.

use std::collections::{BTreeMap, HashMap};

use serde::Serialize;

use super::header::Header;
use super::toc::{EntryData, LARGE_OBJECTS, TABLE_DATA, Toc};

/// The kind of entries that define a table.
const TABLE: &str = "TABLE";

/// The contents of a dump, or of the part that has come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// The header of the archive.
    #[serde(flatten)]
    pub header: Header,
    /// The tables, in the order of the archive.
    pub tables: Vec<Table>,
    /// Totals of the large objects.
    pub large_objects: LargeObjects,
    /// Number of entries of every other kind, by PostgreSQL's name of the kind: `INDEX`, `CONSTRAINT` …
    pub others: BTreeMap<String, u64>,
    /// Bytes that have come, data included.
    pub bytes: u64,
}

/// A table of a dump.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Table {
    /// The schema, `None` for an entry without one.
    pub schema: Option<String>,
    /// The name without the schema.
    pub name: String,
    /// Whether the dump contains its rows, and not its definition alone.
    pub has_data: bool,
    /// Bytes of its rows in the dump, as compressed there. `None` until they have come.
    pub data_bytes: Option<u64>,
}

/// The large objects of a dump.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct LargeObjects {
    /// Number of objects that have come.
    pub count: u64,
    /// Bytes of these objects in the dump, as compressed there.
    pub data_bytes: u64,
}

impl Summary {
    /// Summarises a table of contents with the data that has come. `bytes` is the length of the file so far.
    pub fn new(toc: &Toc, bytes: u64) -> Self {
        let mut tables = Tables::default();
        let mut large_objects = LargeObjects::default();
        let mut others = BTreeMap::new();
        for entry in &toc.entries {
            match (entry.kind.as_str(), entry.data) {
                (TABLE | TABLE_DATA, data) => tables.add(entry.schema.as_deref(), &entry.name, data),
                (
                    LARGE_OBJECTS,
                    EntryData::Found {
                        bytes,
                        large_objects: count,
                    },
                ) => {
                    large_objects.count += count;
                    large_objects.data_bytes += bytes;
                }
                (LARGE_OBJECTS, _) => {}
                (kind, _) => *others.entry(kind.to_owned()).or_default() += 1,
            }
        }
        Self {
            header: toc.header.clone(),
            tables: tables.list,
            large_objects,
            others,
            bytes,
        }
    }
}

/// Tables by name. A table's definition and its data are two entries, and a dump may have only one of them.
#[derive(Default)]
struct Tables<'a> {
    list: Vec<Table>,
    places: HashMap<(Option<&'a str>, &'a str), usize>,
}

impl<'a> Tables<'a> {
    fn add(&mut self, schema: Option<&'a str>, name: &'a str, data: EntryData) {
        let place = *self.places.entry((schema, name)).or_insert_with(|| {
            self.list.push(Table {
                schema: schema.map(str::to_owned),
                name: name.to_owned(),
                has_data: false,
                data_bytes: None,
            });
            self.list.len() - 1
        });
        let table = &mut self.list[place];
        match data {
            EntryData::None => {}
            EntryData::Awaited { .. } => table.has_data = true,
            EntryData::Found { bytes, .. } => {
                table.has_data = true;
                table.data_bytes = Some(bytes);
            }
        }
    }
}
