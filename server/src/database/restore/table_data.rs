//! The rows of one table of a dump, as `pg_restore` unpacks them.

use bytes::Bytes;
use sqlx::PgConnection;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, ChildStdout};
use tokio::task::JoinHandle;

use super::RestoreError;
use super::load::Loader;
use super::rows::{TableName, copied, identifier};
use crate::database::scratch::ScratchFile;
use crate::database::tools::{last_words, start_piped};

/// Rows are handed on in pieces of about this size.
const PIECE_BYTES: usize = 64 * 1024;

/// The rows of one table: text as `COPY … FROM stdin` takes it.
pub(super) struct TableData {
    child: Child,
    stdout: BufReader<ChildStdout>,
    said: JoinHandle<String>,
    encoding: String,
    columns: Vec<String>,
    has_ended: bool,
    _list: ScratchFile,
}

impl TableData {
    /// Begins to unpack them: the entry of the dump with this number.
    ///
    /// # Errors
    /// [`RestoreError::Damaged`] if the dump has no such rows.
    pub(super) async fn open(
        loader: &Loader<'_>,
        table: &TableName,
        entry: u32,
    ) -> Result<Self, RestoreError> {
        let list = loader.list(&[entry])?;
        let (child, stdout, stderr) = start_piped(loader.command(&list).arg("--file=-"))?;
        let mut data = Self {
            child,
            stdout: BufReader::with_capacity(4 * PIECE_BYTES, stdout),
            said: tokio::spawn(last_words(stderr)),
            encoding: "UTF8".to_owned(),
            columns: Vec::new(),
            has_ended: false,
            _list: list,
        };
        data.begin(table).await?;
        Ok(data)
    }

    /// The encoding that they have: PostgreSQL's name of the one of the database that was dumped.
    pub(super) fn encoding(&self) -> &str {
        &self.encoding
    }

    /// The columns that they have.
    pub(super) fn columns(&self) -> &[String] {
        &self.columns
    }

    /// Feeds them to a `COPY … FROM stdin`, and gives their number.
    ///
    /// # Errors
    /// [`RestoreError::Damaged`] if they end too soon; what the database says.
    pub(super) async fn copy_in(mut self, to: &mut PgConnection, copy: &str) -> Result<u64, RestoreError> {
        let mut arriving = to.copy_in_raw(copy).await?;
        while let Some(rows) = self.next().await? {
            arriving.send(rows).await?;
        }
        Ok(arriving.finish().await?)
    }

    /// The next rows, whole ones.
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
        // Whatever it writes behind the rows: it must have ended well.
        tokio::io::copy(&mut self.stdout, &mut tokio::io::sink()).await?;
        match self.child.wait().await?.success() {
            true => Ok(None),
            false => Err(self.damaged().await),
        }
    }

    /// Reads as far as the rows.
    async fn begin(&mut self, table: &TableName) -> Result<(), RestoreError> {
        let mut line = Vec::new();
        loop {
            line.clear();
            if self.stdout.read_until(b'\n', &mut line).await? == 0 {
                return Err(self.damaged().await);
            }
            let command = String::from_utf8_lossy(&line);
            if let Some(encoding) = encoding_of(&command) {
                self.encoding = encoding.to_owned();
            }
            match copied(&command) {
                Some((name, columns)) if name == *table => {
                    self.columns = columns_of(columns);
                    return Ok(());
                }
                _ => {}
            }
        }
    }

    async fn damaged(&mut self) -> RestoreError {
        let said = (&mut self.said).await.unwrap_or_default();
        RestoreError::Damaged(said)
    }
}

/// `LATIN1` of `SET client_encoding = 'LATIN1';`.
fn encoding_of(command: &str) -> Option<&str> {
    let (encoding, _) = command
        .strip_prefix("SET client_encoding = '")?
        .split_once('\'')?;
    // It becomes SQL again.
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    encoding.bytes().all(is_name).then_some(encoding)
}

/// The names in ` (id, "full name") FROM stdin;`.
fn columns_of(text: &str) -> Vec<String> {
    let mut columns = Vec::new();
    let mut rest = text.trim_start().strip_prefix('(').unwrap_or_default();
    while let Some((column, after)) = identifier(rest) {
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
