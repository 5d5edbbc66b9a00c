//! A script that `pg_restore` writes for some entries of a dump.

use memchr::{memchr, memmem};
use sqlx::{PgConnection, query_scalar};
use tokio::io::AsyncReadExt;

use super::error::RestoreError;
use super::load::{Loader, UNKNOWN_TIMEOUT};
use super::table_data::encoding_of;
use crate::database::tools::{read_stderr, spawn_piped};

/// A script is held in memory, so its size is limited. The definitions of real databases are far smaller.
const BYTES_MAX: u64 = 256 * 1024 * 1024;

/// The script begins with comments and settings, one of which is the encoding.
const SETTINGS_LINES: usize = 50;

const RESTRICT: &[u8] = b"\\restrict ";
const UNRESTRICT: &[u8] = b"\\unrestrict ";

/// The statements of some entries, without commands of `psql`.
pub(super) struct Script {
    pub sql: Vec<u8>,
    /// PostgreSQL's name of the encoding, which is that of the dumped database.
    pub encoding: String,
}

impl Script {
    /// Reads the script of these entries; with a section, only those of it.
    ///
    /// # Errors
    /// [`RestoreError::TooLarge`], [`RestoreError::Damaged`], [`RestoreError::Io`].
    pub async fn read(
        loader: &Loader<'_>,
        entries: &[u32],
        section: Option<&str>,
    ) -> Result<Self, RestoreError> {
        let list = loader.write_list(entries)?;
        let mut command = loader.command(&list);
        command.arg("--file=-");
        if let Some(section) = section {
            command.arg(format!("--section={section}"));
        }
        let (mut child, stdout, stderr) = spawn_piped(&mut command)?;
        let mut script = Vec::new();
        let reading = async {
            let mut stdout = stdout.take(BYTES_MAX);
            stdout.read_to_end(&mut script).await
        };
        let (read, errors) = tokio::join!(reading, read_stderr(stderr));
        if read? as u64 == BYTES_MAX {
            return Err(RestoreError::TooLarge);
        }
        if !child.wait().await?.success() {
            return Err(RestoreError::Damaged(errors));
        }
        let mut lines = script.split(|&byte| byte == b'\n').take(SETTINGS_LINES);
        let encoding = lines.find_map(|line| encoding_of(str::from_utf8(line).ok()?));
        let encoding = encoding.unwrap_or("UTF8").to_owned();
        let mut sql = without_psql_commands(&script).to_vec();
        // The script sets its parameters before its first definition.
        if loader.tools.sets_unknown_timeout()
            && let Some(at) = memmem::find(&sql, UNKNOWN_TIMEOUT.as_bytes())
        {
            sql.drain(at..at + UNKNOWN_TIMEOUT.len());
        }
        Ok(Self { sql, encoding })
    }

    /// Returns the script in UTF-8. PostgreSQL converts it.
    ///
    /// # Errors
    /// The database does not answer, or cannot convert it.
    pub async fn text(self, connection: &mut PgConnection) -> sqlx::Result<String> {
        query_scalar("select pg_catalog.convert_from($1, $2::pg_catalog.text::pg_catalog.name)")
            .bind(self.sql)
            .bind(self.encoding)
            .fetch_one(connection)
            .await
    }
}

/// Returns the script without the `psql` commands `\restrict` and `\unrestrict`, which newer releases of `pg_restore` write
/// around it.
fn without_psql_commands(script: &[u8]) -> &[u8] {
    let is_comment = |line: &[u8]| line.is_empty() || line.starts_with(b"--");
    let Some(at) = memmem::find(script, RESTRICT) else {
        return script;
    };
    let (before, after) = (&script[..at], &script[at + RESTRICT.len()..]);
    match memchr(b'\n', after) {
        Some(end) if before.split(|&byte| byte == b'\n').all(is_comment) => {
            let (key, sql) = (&after[..end], after[end + 1..].trim_ascii_end());
            let end = sql.strip_suffix(key).and_then(|sql| sql.strip_suffix(UNRESTRICT));
            end.unwrap_or(sql)
        }
        _ => script,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_of_psql_are_left_out() {
        let without = |script: &'static str| str::from_utf8(without_psql_commands(script.as_bytes()));
        let script = "--\n-- PostgreSQL database dump\n--\n\n\\restrict aB3\n\nselect '\n\\restrict x\n';\n\n\\unrestrict aB3\n\n";
        assert_eq!(without(script).map(str::trim), Ok("select '\n\\restrict x\n';"));
        let older = "--\n\nselect '\n\\restrict x\n';\n";
        assert_eq!(without(older), Ok(older));
    }
}
