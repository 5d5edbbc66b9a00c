//! The contents of a dump, for the page that shows them.

use serde::{Deserialize, Serialize};

/// The most tables that a page shows. They are the largest.
#[cfg(feature = "dumps")]
const TABLES_MAX: usize = 200;

/// The contents of a whole dump.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DumpContents {
    /// Length of the file in bytes.
    pub bytes: u64,
    /// The name of the dumped database.
    pub database: String,
    /// The time of the dump, by the clock of the machine that ran pg_dump: `2026-01-28 20:34:56`.
    pub created: Option<String>,
    /// The release of its server: `15.18 (Debian 15.18-0+deb12u1)`.
    pub server_version: String,
    /// The compression of its data, in words.
    pub compression: String,
    /// Number of tables in the dump.
    pub table_count: u64,
    /// Number of tables without their rows.
    pub empty_count: u64,
    /// The tables, largest first. Where there are very many, only the largest.
    pub tables: Vec<TableContents>,
    /// Number of large objects in the dump.
    pub large_objects: u64,
}

/// A table in a dump.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableContents {
    /// The name, with the schema if there is one.
    pub name: String,
    /// Bytes of its rows in the dump, as compressed there. `None` when the dump does not contain them.
    pub data_bytes: Option<u64>,
}

#[cfg(feature = "dumps")]
impl From<crate::dump::Summary> for DumpContents {
    fn from(summary: crate::dump::Summary) -> Self {
        let header = summary.header;
        let tables = summary.tables.into_iter().map(|table| TableContents {
            name: match table.schema {
                Some(schema) => format!("{schema}.{}", table.name),
                None => table.name,
            },
            data_bytes: table.data_bytes,
        });
        let mut tables: Vec<_> = tables.collect();
        let table_count = tables.len() as u64;
        let empty_count = tables.iter().filter(|table| table.data_bytes.is_none()).count() as u64;
        tables.sort_by(|one, other| {
            let by_bytes = other.data_bytes.cmp(&one.data_bytes);
            by_bytes.then_with(|| one.name.cmp(&other.name))
        });
        tables.truncate(TABLES_MAX);
        Self {
            bytes: summary.bytes,
            database: header.database,
            created: header.created.map(clock),
            server_version: header.server_version,
            compression: header.compression.to_string(),
            table_count,
            empty_count,
            tables,
            large_objects: summary.large_objects.count,
        }
    }
}

/// Formatted by hand, because jiff's formatting would make the worker a tenth larger.
#[cfg(feature = "dumps")]
fn clock(time: jiff::civil::DateTime) -> String {
    let (date, time) = (time.date(), time.time());
    format!(
        "{:04}-{:02}-{:02} {:02}:{:02}:{:02}",
        date.year(),
        date.month(),
        date.day(),
        time.hour(),
        time.minute(),
        time.second()
    )
}
