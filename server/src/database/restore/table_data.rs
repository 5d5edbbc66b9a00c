//! Reads the rows of one table of a dump, as `pg_restore` unpacks them.

use bytes::Bytes;
use sqlx::PgConnection;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, ChildStdout};
use tokio::task::JoinHandle;

use super::error::RestoreError;
use super::load::Loader;
use super::row_counts::{Quotes, TableName, parse_copy, parse_identifier};
use crate::database::temporary_files::TemporaryFile;
use crate::database::tools::{read_stderr, spawn_piped};

/// Rows are sent to the database in pieces of about this size.
const PIECE_BYTES: usize = 64 * 1024;

/// A running `pg_restore` that writes the rows of one table in the text format of `COPY`.
pub(super) struct TableData {
    child: Child,
    stdout: BufReader<ChildStdout>,
    /// The error output of `pg_restore`.
    stderr: JoinHandle<String>,
    encoding: String,
    table: TableName,
    columns: Vec<String>,
    has_ended: bool,
    /// `pg_restore` reads it, so it must live as long as this.
    _list: TemporaryFile,
}

impl TableData {
    /// Starts to unpack the rows in the entry with this dump id, which is named `table`.
    ///
    /// # Errors
    /// [`RestoreError::Inserts`]: the rows are no `COPY`. [`RestoreError::Damaged`].
    pub(super) async fn open(
        loader: &Loader<'_>,
        table: &TableName,
        entry: u32,
    ) -> Result<Self, RestoreError> {
        let list = loader.write_list(&[entry])?;
        let (child, stdout, stderr) = spawn_piped(loader.command(&list).arg("--file=-"))?;
        let mut data = Self {
            child,
            stdout: BufReader::with_capacity(4 * PIECE_BYTES, stdout),
            stderr: tokio::spawn(read_stderr(stderr)),
            encoding: "UTF8".to_owned(),
            table: table.clone(),
            columns: Vec::new(),
            has_ended: false,
            _list: list,
        };
        data.read_header().await?;
        Ok(data)
    }

    /// Returns PostgreSQL's name of the rows' encoding, which is that of the dumped database.
    pub(super) fn encoding(&self) -> &str {
        &self.encoding
    }

    /// Returns the table that the rows are copied into. `pg_dump --load-via-partition-root` names the root of a partition
    /// here, and so does every `pg_dump` for hash partitions of an enum.
    pub(super) fn table(&self) -> &TableName {
        &self.table
    }

    /// Returns the names of the columns, without quotes, in the order of the rows.
    pub(super) fn columns(&self) -> &[String] {
        &self.columns
    }

    /// Sends the rows to the statement `copy`, a `COPY … FROM stdin`, and returns how many rows PostgreSQL took.
    ///
    /// # Errors
    /// [`RestoreError::Damaged`] if the rows end too soon; [`RestoreError::Database`].
    pub(super) async fn copy_in(
        mut self,
        target: &mut PgConnection,
        copy: &str,
    ) -> Result<u64, RestoreError> {
        // SQL: built by the callers, who let PostgreSQL quote the names.
        let mut copying = target.copy_in_raw(copy).await?;
        while let Some(rows) = self.next().await? {
            copying.send(rows).await?;
        }
        Ok(copying.finish().await?)
    }

    /// Returns the next complete rows; `None` after the last one, if `pg_restore` ended without an error.
    async fn next(&mut self) -> Result<Option<Bytes>, RestoreError> {
        let mut rows = Vec::with_capacity(PIECE_BYTES);
        while !self.has_ended && rows.len() < PIECE_BYTES {
            let start = rows.len();
            self.stdout.read_until(b'\n', &mut rows).await?;
            match &rows[start..] {
                [] => return Err(self.damaged().await),
                b"\\.\n" => {
                    self.has_ended = true;
                    rows.truncate(start);
                }
                _ => {}
            }
        }
        if !rows.is_empty() {
            return Ok(Some(rows.into()));
        }
        // `pg_restore` still writes some lines after the rows. It could not end if its pipe were full.
        tokio::io::copy(&mut self.stdout, &mut tokio::io::sink()).await?;
        match self.child.wait().await?.success() {
            true => Ok(None),
            false => Err(self.damaged().await),
        }
    }

    /// Reads the script up to the `COPY` command.
    async fn read_header(&mut self) -> Result<(), RestoreError> {
        let (mut line, mut quotes) = (Vec::new(), Quotes::default());
        loop {
            let start = line.len();
            if self.stdout.read_until(b'\n', &mut line).await? == 0 {
                return Err(match self.child.wait().await?.success() {
                    true => RestoreError::Inserts(self.table.to_string()),
                    false => self.damaged().await,
                });
            }
            quotes.scan(&line[start..]);
            if !quotes.end_line() {
                continue;
            }
            let command = String::from_utf8_lossy(&line).into_owned();
            line.clear();
            if let Some(encoding) = encoding_of(&command) {
                self.encoding = encoding.to_owned();
            }
            if let Some((table, columns)) = parse_copy(&command) {
                self.columns = columns_of(columns);
                self.table = table;
                return Ok(());
            }
        }
    }

    async fn damaged(&mut self) -> RestoreError {
        let errors = (&mut self.stderr).await.unwrap_or_default();
        RestoreError::Damaged(errors)
    }
}

/// Returns `LATIN1` of `SET client_encoding = 'LATIN1';`.
pub(super) fn encoding_of(command: &str) -> Option<&str> {
    let (encoding, _) = command
        .strip_prefix("SET client_encoding = '")?
        .split_once('\'')?;
    // The name becomes part of a SQL statement, so nothing but a plain name is accepted.
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    encoding.bytes().all(is_name).then_some(encoding)
}

/// Returns the names in ` (id, "full name") FROM stdin;`.
fn columns_of(text: &str) -> Vec<String> {
    let mut columns = Vec::new();
    let mut rest = text.trim_start().strip_prefix('(').unwrap_or_default();
    while let Some((column, after)) = parse_identifier(rest) {
        columns.push(column);
        match after.strip_prefix(", ") {
            Some(next) => rest = next,
            None => break,
        }
    }
    columns
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_encoding_is_a_name() {
        assert_eq!(encoding_of("SET client_encoding = 'LATIN1';\n"), Some("LATIN1"));
        assert_eq!(encoding_of("SET client_encoding = 'x) --';"), None);
        assert_eq!(encoding_of("SET standard_conforming_strings = on;"), None);
    }

    #[test]
    fn columns_are_read_as_sql_writes_them() {
        let columns = columns_of(" (id, \"full name\", \"a\"\"b, (c)\", é) FROM stdin;\n");
        assert_eq!(columns, ["id", "full name", "a\"b, (c)", "é"]);
        assert!(columns_of("  FROM stdin;").is_empty());
    }
}
