//! How many rows of each table a dump has, counted while the whole of it is unpacked: what is damaged anywhere shows
//! here, before anything is touched.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use memchr::memchr;
use sqlx::{AssertSqlSafe, PgConnection, query_scalar};
use tokio::io::AsyncReadExt;
use wasm_export::dump::Entry;

use super::RestoreError;
use crate::database::tools::{Tools, last_words, start_piped};
use crate::dsn::Dsn;

/// Rows by table.
pub type TableRows = BTreeMap<TableName, u64>;

/// A table's name, as it is and not as SQL writes it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TableName {
    /// Its schema.
    pub schema: String,
    /// Its name in the schema.
    pub name: String,
}

impl TableName {
    /// The table whose rows an entry of a dump has.
    #[must_use]
    pub fn of(entry: &Entry) -> Self {
        Self {
            schema: entry.schema.clone().unwrap_or_default(),
            name: entry.name.clone(),
        }
    }
}

impl fmt::Display for TableName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.schema, self.name)
    }
}

/// What a dump unpacks to.
#[derive(Debug, Default)]
pub struct Unpacked {
    /// The rows of each table.
    pub rows: TableRows,
    /// How many bytes they are as text.
    pub bytes: u64,
}

/// Unpacks the whole dump and counts.
///
/// # Errors
/// [`RestoreError::Damaged`] if `pg_restore` cannot read it to its end.
pub async fn count(tools: &Tools, dsn: &Dsn, dump: &Path) -> Result<Unpacked, RestoreError> {
    let mut command = tools.command("pg_restore", dsn);
    // The data alone: a function's body could look like it.
    command.args(["--section=data", "--file=-"]).arg(dump);
    let (mut child, mut stdout, stderr) = start_piped(&mut command)?;
    let said = tokio::spawn(last_words(stderr));
    let mut counter = Counter::default();
    let mut bytes = vec![0; 256 * 1024];
    let mut unpacked = 0;
    loop {
        let read = stdout.read(&mut bytes).await?;
        unpacked += read as u64;
        if read == 0 {
            break;
        }
        counter.push(&bytes[..read]);
    }
    let status = child.wait().await?;
    let said = said.await.unwrap_or_default();
    match status.success() {
        true => Ok(Unpacked {
            rows: counter.rows,
            bytes: unpacked,
        }),
        false => Err(RestoreError::Damaged(said)),
    }
}

/// Holds the tables of the database against what they should have.
///
/// # Errors
/// [`RestoreError::Rows`]; what the database says.
pub(super) async fn compare(connection: &mut PgConnection, tables: &TableRows) -> Result<(), RestoreError> {
    for (table, &expected) in tables {
        let found = in_database(connection, table).await?;
        if found != expected {
            return Err(RestoreError::Rows {
                table: table.to_string(),
                expected,
                found,
            });
        }
    }
    Ok(())
}

async fn in_database(connection: &mut PgConnection, table: &TableName) -> sqlx::Result<u64> {
    let sql: String =
        query_scalar("select pg_catalog.format('select pg_catalog.count(*) from %I.%I', $1, $2)")
            .bind(&table.schema)
            .bind(&table.name)
            .fetch_one(&mut *connection)
            .await?;
    let rows: i64 = query_scalar(AssertSqlSafe(sql)).fetch_one(connection).await?;
    Ok(rows.unsigned_abs())
}

/// Counts the rows in what `pg_restore` writes: `COPY public.users (id, name) FROM stdin;`, a line for each row, `\.`.
#[derive(Default)]
struct Counter {
    rows: TableRows,
    /// The table whose rows come.
    table: Option<TableName>,
    /// Its rows so far.
    count: u64,
    /// The beginning of the line that the bytes have ended in, as far as it matters.
    line: Vec<u8>,
}

/// The command is longer only for names that nobody has: 63 bytes each, a quote doubled, and columns do not matter.
const LINE_MAX: usize = 1024;

impl Counter {
    fn push(&mut self, mut bytes: &[u8]) {
        while let Some(end) = memchr(b'\n', bytes) {
            self.keep(&bytes[..end]);
            self.end_line();
            bytes = &bytes[end + 1..];
        }
        self.keep(bytes);
    }

    fn keep(&mut self, bytes: &[u8]) {
        let room = LINE_MAX - self.line.len();
        self.line.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }

    fn end_line(&mut self) {
        match &self.table {
            Some(_) if self.line == b"\\." => {
                if let Some(table) = self.table.take() {
                    *self.rows.entry(table).or_default() += self.count;
                }
                self.count = 0;
            }
            Some(_) => self.count += 1,
            None => self.table = copied_table(&self.line),
        }
        self.line.clear();
    }
}

/// The table of a `COPY` command.
fn copied_table(line: &[u8]) -> Option<TableName> {
    let line = std::str::from_utf8(line).unwrap_or_else(|error| {
        // A long line was cut within a character.
        std::str::from_utf8(&line[..error.valid_up_to()]).unwrap_or_default()
    });
    copied(line).map(|(table, _)| table)
}

/// The table of a `COPY` command, and what comes after it.
pub(super) fn copied(line: &str) -> Option<(TableName, &str)> {
    let rest = line.strip_prefix("COPY ")?;
    let (schema, rest) = identifier(rest)?;
    let (name, rest) = identifier(rest.strip_prefix('.')?)?;
    rest.starts_with(' ')
        .then_some((TableName { schema, name }, rest))
}

/// A name as SQL writes it, and what comes after it.
pub(super) fn identifier(text: &str) -> Option<(String, &str)> {
    let Some(mut rest) = text.strip_prefix('"') else {
        let end = text.find(['.', ' ', ',', ')']).unwrap_or(text.len());
        if end == 0 {
            return None;
        }
        return Some((text[..end].to_owned(), &text[end..]));
    };
    let mut name = String::new();
    loop {
        let (before, after) = rest.split_once('"')?;
        name.push_str(before);
        match after.strip_prefix('"') {
            Some(after) => {
                name.push('"');
                rest = after;
            }
            None => return Some((name, after)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCRIPT: &str = "SET client_encoding = 'UTF8';\n\n--\n-- Data for Name: users\n--\n\nCOPY public.users (id, name) FROM stdin;\n1\ta\n2\tCOPY public.x (a) FROM stdin;\n3\t\\\\.\n\\.\n\n\nCOPY \"Odd \"\"one\".\"a.b (c\" (x) FROM stdin;\n\\.\nSELECT pg_catalog.setval('public.users_id_seq', 3, true);\n";

    #[test]
    fn rows_are_counted_however_the_text_is_cut() {
        let name = |schema: &str, name: &str| TableName {
            schema: schema.to_owned(),
            name: name.to_owned(),
        };
        let expected: TableRows = [(name("public", "users"), 3), (name("Odd \"one", "a.b (c"), 0)].into();
        for size in 1..SCRIPT.len() {
            let mut counter = Counter::default();
            for piece in SCRIPT.as_bytes().chunks(size) {
                counter.push(piece);
            }
            assert_eq!(counter.rows, expected, "in pieces of {size}");
        }
    }

    #[test]
    fn long_rows_are_rows() {
        let mut counter = Counter::default();
        counter.push(b"COPY public.t (a) FROM stdin;\n");
        counter.push(&vec![b'x'; 5000]);
        counter.push(b"\n\\.\n");
        assert_eq!(counter.rows.values().sum::<u64>(), 1);
    }
}
