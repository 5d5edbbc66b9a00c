//! What is in a dump, for the page that shows it.

use serde::{Deserialize, Serialize};

/// A page shows at most so many tables, the largest.
#[cfg(feature = "dumps")]
const TABLES_MAX: usize = 200;

/// What is in a whole dump.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DumpContents {
    /// Bytes of the file.
    pub bytes: u64,
    /// The database that was dumped.
    pub database: String,
    /// When, by the clock of the machine that dumped it: `2026-01-28 20:34:56`.
    pub created: Option<String>,
    /// The release of PostgreSQL that it was in: `15.18 (Debian 15.18-0+deb12u1)`.
    pub server_version: String,
    /// How its data is packed, in words.
    pub compression: String,
    /// How many tables it has.
    pub table_count: u64,
    /// How many of them it has without their rows.
    pub empty_count: u64,
    /// The tables, those with the most bytes first; where there are very many, only those.
    pub tables: Vec<TableContents>,
    /// How many large objects it has.
    pub large_objects: u64,
}

/// A table in a dump.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableContents {
    /// Its name, with its schema where it has one.
    pub name: String,
    /// How many bytes its rows take in the dump, packed as they are; `None`: they are not in it.
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

/// Written by hand: jiff's own ways make the worker a tenth larger.
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
