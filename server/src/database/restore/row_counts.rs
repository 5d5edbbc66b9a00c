//! Counts the rows of each table in a dump. The whole dump is unpacked for that, so any damage shows before the database
//! is changed.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use memchr::memchr;
use sqlx::{AssertSqlSafe, PgConnection, query_scalar};
use tokio::io::AsyncReadExt;
use wasm_export::dump::Entry;

use super::error::RestoreError;
use crate::database::tools::{Tools, read_stderr, spawn_piped};
use crate::dsn::Dsn;

/// The number of rows of each table.
pub type TableRows = BTreeMap<TableName, u64>;

/// A table's name without the quotes of SQL.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TableName {
    pub schema: String,
    pub name: String,
}

impl TableName {
    /// Returns the table that a `TABLE DATA` entry of a dump belongs to.
    #[must_use]
    pub fn from_entry(entry: &Entry) -> Self {
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

/// The rows of a dump.
#[derive(Debug, Default)]
pub struct DumpRows {
    pub rows: TableRows,
    /// Size of all rows as text.
    pub bytes: u64,
}

/// Unpacks the whole dump and counts its rows.
///
/// # Errors
/// [`RestoreError::Damaged`] if `pg_restore` cannot read the dump to its end.
pub async fn count(tools: &Tools, dsn: &Dsn, dump: &Path) -> Result<DumpRows, RestoreError> {
    let mut command = tools.command("pg_restore", dsn);
    // Only the data: the body of a function could contain a line that looks like COPY.
    command.args(["--section=data", "--file=-"]).arg(dump);
    let (mut child, mut stdout, stderr) = spawn_piped(&mut command)?;
    let errors = tokio::spawn(read_stderr(stderr));
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
    let errors = errors.await.unwrap_or_default();
    match status.success() {
        true => Ok(DumpRows {
            rows: counter.rows,
            bytes: unpacked,
        }),
        false => Err(RestoreError::Damaged(errors)),
    }
}

/// Checks that each table in the database has as many rows as expected.
///
/// # Errors
/// [`RestoreError::Rows`] with the first table that differs; [`RestoreError::Database`].
pub(super) async fn compare(connection: &mut PgConnection, tables: &TableRows) -> Result<(), RestoreError> {
    for (table, &expected) in tables {
        let found = count_in_database(connection, table).await?;
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

async fn count_in_database(connection: &mut PgConnection, table: &TableName) -> sqlx::Result<u64> {
    // A table's rows are its own, without those of tables that inherit from it. A partitioned table has rows of its own
    // only in the dump (--load-via-partition-root). Of an extension's table, a dump has the rows with this condition.
    let sql: String = query_scalar(
        "select pg_catalog.format('select pg_catalog.count(*) from %s %I.%I %s', \
                case when c.relkind operator(pg_catalog.=) 'p' then '' else 'only' end, $1, $2, x.condition) \
         from (values (pg_catalog.to_regclass(pg_catalog.format('%I.%I', $1, $2)))) t (oid) \
         left join pg_catalog.pg_class c on c.oid operator(pg_catalog.=) t.oid \
         left join (select t.class, t.condition from pg_catalog.pg_extension, rows from ( \
                 pg_catalog.unnest(extconfig), pg_catalog.unnest(extcondition)) t (class, condition)) x \
             on x.class operator(pg_catalog.=) t.oid",
    )
    .bind(&table.schema)
    .bind(&table.name)
    .fetch_one(&mut *connection)
    .await?;
    // SQL: names quoted by PostgreSQL, and a condition of an extension from PostgreSQL's catalog, as in pg_dump.
    let rows: i64 = query_scalar(AssertSqlSafe(sql)).fetch_one(connection).await?;
    Ok(rows.unsigned_abs())
}

/// Counts the rows in the script of `pg_restore`: `COPY public.users (id, name) FROM stdin;`, a line for each row, `\.`.
#[derive(Default)]
struct Counter {
    rows: TableRows,
    /// The table whose rows are being read.
    table: Option<TableName>,
    /// Its rows so far.
    count: u64,
    /// The first bytes of the current line, which may go on in the next piece.
    line: Vec<u8>,
}

/// Long enough for the longest table name in a `COPY` command: two names of 63 bytes, quoted. The columns are not needed.
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
        let free = LINE_MAX - self.line.len();
        self.line.extend_from_slice(&bytes[..bytes.len().min(free)]);
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
            None => self.table = table_of_copy_line(&self.line),
        }
        self.line.clear();
    }
}

/// Returns the table of a `COPY` command; `None` for any other line.
fn table_of_copy_line(line: &[u8]) -> Option<TableName> {
    let line = std::str::from_utf8(line).unwrap_or_else(|error| {
        // A long line may have been cut in the middle of a character.
        std::str::from_utf8(&line[..error.valid_up_to()]).unwrap_or_default()
    });
    parse_copy(line).map(|(table, _)| table)
}

/// Returns the table of a `COPY` command, and the rest of the line.
pub(super) fn parse_copy(line: &str) -> Option<(TableName, &str)> {
    let (table, rest) = parse_qualified(line.strip_prefix("COPY ")?)?;
    rest.starts_with(' ').then_some((table, rest))
}

/// Returns the table at the start of the text, which is named with its schema, and the rest of the text.
pub(super) fn parse_qualified(text: &str) -> Option<(TableName, &str)> {
    let (schema, rest) = parse_identifier(text)?;
    let (name, rest) = parse_identifier(rest.strip_prefix('.')?)?;
    Some((TableName { schema, name }, rest))
}

/// Returns the SQL identifier at the start of the text, without quotes, and the rest of the text.
pub(super) fn parse_identifier(text: &str) -> Option<(String, &str)> {
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
