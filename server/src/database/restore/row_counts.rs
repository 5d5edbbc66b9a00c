//! Counts the rows of each table in a dump. The whole dump is unpacked for that, so any damage shows before the database
//! is changed.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use memchr::{memchr, memchr2};
use sqlx::{AssertSqlSafe, PgConnection, query_as, query_scalar};
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
        let found = count_in_database(connection, table).await?.rows;
        if found != expected {
            return Err(rows_differ(table, expected, found));
        }
    }
    Ok(())
}

/// Checks the numbers of rows after everything that runs code of the dump, and that each table has the rows of its own `COPY`
/// only. `order` has the tables in the order of their `COPY`; the transaction `end` followed all of them.
///
/// # Errors
/// As [`compare`]; [`RestoreError::Changed`].
pub(super) async fn compare_after_code(
    connection: &mut PgConnection,
    tables: &TableRows,
    order: &[TableName],
    end: i64,
) -> Result<(), RestoreError> {
    let mut before: Option<(&TableName, i64)> = None;
    let of_copy = order.iter().filter(|table| tables.contains_key(table));
    for table in of_copy {
        let expected = tables[table];
        let found = count_in_database(connection, table).await?;
        if found.rows != expected {
            return Err(rows_differ(table, expected, found.rows));
        }
        // The rows of several tables can go into a partitioned table, and an extension fills its tables itself.
        let Some(transaction) = found.transaction.filter(|_| found.is_of_one_copy) else {
            continue;
        };
        if found.others > 0 || !is_before(transaction, end) {
            return Err(RestoreError::Changed(format!("rows of {table}")));
        }
        if let Some((other, _)) = before.filter(|(_, before)| !is_before(*before, transaction)) {
            return Err(RestoreError::Changed(format!("rows of {other} or {table}")));
        }
        before = Some((table, transaction));
    }
    let others = tables.iter().filter(|(table, _)| !order.contains(table));
    compare(
        connection,
        &others.map(|(table, &rows)| (table.clone(), rows)).collect(),
    )
    .await
}

/// Returns the tables whose rows no policy hides from the current role.
///
/// # Errors
/// The database does not answer.
pub(super) async fn without_policies(
    connection: &mut PgConnection,
    tables: &TableRows,
) -> sqlx::Result<TableRows> {
    let mut visible = TableRows::new();
    for (table, &rows) in tables {
        let has_policies: bool = query_scalar(
            "select pg_catalog.row_security_active(pg_catalog.to_regclass(pg_catalog.format('%I.%I', $1, $2))::pg_catalog.oid)",
        )
        .bind(&table.schema)
        .bind(&table.name)
        .fetch_one(&mut *connection)
        .await?;
        if !has_policies {
            visible.insert(table.clone(), rows);
        }
    }
    Ok(visible)
}

/// Compares the ids of transactions as PostgreSQL does: their last 32 bits, as numbers on a circle.
fn is_before(earlier: i64, later: i64) -> bool {
    (later as u32).wrapping_sub(earlier as u32) as i32 > 0
}

fn rows_differ(table: &TableName, expected: u64, found: u64) -> RestoreError {
    RestoreError::Rows {
        table: table.to_string(),
        expected,
        found,
    }
}

/// The rows of a table.
struct Found {
    rows: u64,
    /// Whether one `COPY` has inserted all rows.
    is_of_one_copy: bool,
    /// The transaction that inserted the first row; `None` without rows.
    transaction: Option<i64>,
    /// The number of rows of other transactions.
    others: i64,
}

async fn count_in_database(connection: &mut PgConnection, table: &TableName) -> sqlx::Result<Found> {
    // A table's rows are its own, without those of tables that inherit from it. A partitioned table has rows of its own
    // only in the dump (--load-via-partition-root). Of an extension's table, a dump has the rows with this condition.
    let (sql, is_of_one_copy): (String, bool) = query_as(
        "select case when c.relkind operator(pg_catalog.=) 'p' \
                then pg_catalog.format('select pg_catalog.count(*), null::int8, 0::int8 from %I.%I', $1, $2) \
                else pg_catalog.format('select pg_catalog.count(*), \
                     (select xmin::pg_catalog.text::int8 from only %1$I.%2$I limit 1), \
                     pg_catalog.count(*) filter (where not r.xmin operator(pg_catalog.=) \
                         (select xmin from only %1$I.%2$I limit 1)) \
                     from only %1$I.%2$I r %3$s', $1, $2, x.condition) end, \
                coalesce(c.relkind operator(pg_catalog.<>) 'p' and x.class is null, false) \
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
    let (rows, transaction, others): (i64, Option<i64>, i64) =
        query_as(AssertSqlSafe(sql)).fetch_one(connection).await?;
    Ok(Found {
        rows: rows.unsigned_abs(),
        is_of_one_copy,
        transaction,
        others,
    })
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
    /// The quotes of the current line outside of the rows.
    quotes: Quotes,
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
        if self.table.is_none() {
            self.quotes.scan(bytes);
        }
        let free = LINE_MAX - self.line.len();
        self.line.extend_from_slice(&bytes[..bytes.len().min(free)]);
    }

    fn end_line(&mut self) {
        if self.table.is_none() && !self.quotes.end_line() {
            self.keep(b"\n");
            return;
        }
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

/// The quotes of a script's part with rows, outside of the rows themselves. A name or a text in quotes may contain line breaks,
/// which do not end the line of its command.
#[derive(Default)]
pub(super) struct Quotes {
    state: QuotesState,
}

#[derive(Clone, Copy, Default)]
enum QuotesState {
    #[default]
    LineStart,
    /// After one `-` at the start of the line.
    Dash,
    Comment,
    Command,
    Quoted(u8),
}

impl Quotes {
    /// Reads the next bytes of the script.
    pub(super) fn scan(&mut self, mut bytes: &[u8]) {
        while let Some((&first, rest)) = bytes.split_first() {
            match self.state {
                QuotesState::Comment => return,
                QuotesState::LineStart if first == b'-' => {
                    self.state = QuotesState::Dash;
                    bytes = rest;
                }
                QuotesState::Dash if first == b'-' => self.state = QuotesState::Comment,
                QuotesState::Quoted(quote) => {
                    // A doubled quote ends the text and begins it again.
                    let Some(at) = memchr(quote, bytes) else { return };
                    self.state = QuotesState::Command;
                    bytes = &bytes[at + 1..];
                }
                QuotesState::LineStart | QuotesState::Dash | QuotesState::Command => {
                    self.state = QuotesState::Command;
                    let Some(at) = memchr2(b'\'', b'"', bytes) else {
                        return;
                    };
                    self.state = QuotesState::Quoted(bytes[at]);
                    bytes = &bytes[at + 1..];
                }
            }
        }
    }

    /// Returns whether a line break ends the line here.
    pub(super) fn end_line(&mut self) -> bool {
        let is_quoted = matches!(self.state, QuotesState::Quoted(_));
        if !is_quoted {
            self.state = QuotesState::LineStart;
        }
        !is_quoted
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
    fn a_line_break_in_a_name_or_a_text_ends_no_command() {
        let script = "-- Data for Name: it's\n\nCOPY \"a\nCOPY public.x (a) FROM stdin;\".\"b\n\"\"c\" (\"d\ne\") FROM stdin;\n'\n\\.\n\n\
            INSERT INTO public.t VALUES ('\nCOPY public.keys (a) FROM stdin;\n1\n\\.\n''');\nCOPY public.u (a) FROM stdin;\n\\.\n";
        let name = |schema: &str, name: &str| TableName {
            schema: schema.to_owned(),
            name: name.to_owned(),
        };
        let odd = name("a\nCOPY public.x (a) FROM stdin;", "b\n\"c");
        let expected: TableRows = [(odd, 1), (name("public", "u"), 0)].into();
        for size in 1..script.len() {
            let mut counter = Counter::default();
            for piece in script.as_bytes().chunks(size) {
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
