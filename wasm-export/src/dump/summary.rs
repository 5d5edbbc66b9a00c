//! What is in a dump, as people ask.

use std::collections::{BTreeMap, HashMap};

use serde::Serialize;

use super::header::Header;
use super::toc::{EntryData, LARGE_OBJECTS, TABLE_DATA, Toc};

/// The kind of the entries that make a table.
const TABLE: &str = "TABLE";

/// What is in a dump, or in what of it has come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// What the archive says of itself.
    #[serde(flatten)]
    pub header: Header,
    /// Its tables, in its order.
    pub tables: Vec<Table>,
    /// Its large objects.
    pub large_objects: LargeObjects,
    /// How many entries of every other kind it has, in PostgreSQL's words: `INDEX`, `CONSTRAINT` …
    pub others: BTreeMap<String, u64>,
    /// How many bytes have come, all in all.
    pub bytes: u64,
}

/// A table of a dump.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Table {
    /// Its schema.
    pub schema: Option<String>,
    /// Its name.
    pub name: String,
    /// Whether the dump has its rows; without them only its definition.
    pub has_data: bool,
    /// How many bytes its rows take in the dump, packed as they are; `None` until they have come.
    pub data_bytes: Option<u64>,
}

/// The large objects of a dump.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct LargeObjects {
    /// How many have come.
    pub count: u64,
    /// How many bytes they take in the dump, packed as they are.
    pub data_bytes: u64,
}

impl Summary {
    /// What a table of contents says, with the data that has come in a file of so many bytes.
    #[must_use]
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

/// Tables by their names: the definition is one entry and the data another, and a dump may have only one of them.
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
