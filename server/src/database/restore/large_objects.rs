//! Copies the large objects of a dump into the live database.
//!
//! They are not part of the other scripts: `pg_restore` writes `BEGIN` and `COMMIT` around them, and they can be larger than
//! memory. Decant reads the oid and the pieces of each object from the script, and runs nothing of it.

use sqlx::postgres::types::Oid;
use sqlx::{PgConnection, query};
use tokio::io::{AsyncBufReadExt, BufReader};

use super::error::RestoreError;
use super::load::Loader;
use crate::database::tools::{read_stderr, spawn_piped};

/// Writes the content of the large objects. The objects themselves exist: the definitions of the dump create them.
///
/// # Errors
/// [`RestoreError::Damaged`] if the dump cannot be read to its end; [`RestoreError::Database`].
pub(super) async fn copy(connection: &mut PgConnection, loader: &Loader<'_>) -> Result<(), RestoreError> {
    if loader.lists.large_objects.is_empty() {
        return Ok(());
    }
    let list = loader.write_list(&loader.lists.large_objects)?;
    let (mut child, stdout, stderr) = spawn_piped(loader.command(&list).arg("--file=-"))?;
    let errors = tokio::spawn(read_stderr(stderr));
    let mut lines = BufReader::new(stdout).lines();
    let mut position = None;
    while let Some(line) = lines.next_line().await? {
        match Step::parse(&line) {
            Some(Step::Open(oid)) => position = Some((oid, 0)),
            Some(Step::Write { hex, bytes }) => {
                let (oid, offset) = position.ok_or_else(|| RestoreError::Damaged(line.clone()))?;
                query("select pg_catalog.lo_put($1, $2, pg_catalog.decode($3, 'hex'))")
                    .bind(oid)
                    .bind(offset)
                    .bind(hex)
                    .execute(&mut *connection)
                    .await?;
                position = Some((oid, offset + bytes));
            }
            None => {}
        }
    }
    match child.wait().await?.success() {
        true => Ok(()),
        false => Err(RestoreError::Damaged(errors.await.unwrap_or_default())),
    }
}

/// A line of the script.
#[derive(Debug, PartialEq, Eq)]
enum Step<'a> {
    /// The next pieces belong to this object.
    Open(Oid),
    Write {
        hex: &'a str,
        bytes: i64,
    },
}

impl<'a> Step<'a> {
    /// Parses `SELECT pg_catalog.lo_open('16400', 131072);` and `SELECT pg_catalog.lowrite(0, '\x00ff');`. Returns `None`
    /// for any other line.
    fn parse(line: &'a str) -> Option<Self> {
        let call = line.strip_prefix("SELECT pg_catalog.")?;
        if let Some(arguments) = call.strip_prefix("lo_open('") {
            let (oid, _) = arguments.split_once('\'')?;
            return Some(Self::Open(Oid(oid.parse().ok()?)));
        }
        // A database with `standard_conforming_strings = off` writes `E'\\x00ff'`.
        let (_, hex) = call.strip_prefix("lowrite(0, ")?.split_once('x')?;
        let hex = hex.strip_suffix("');")?;
        let bytes = i64::try_from(hex.len() / 2).ok()?;
        Some(Self::Write { hex, bytes })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pieces_of_a_large_object_are_read() {
        let write = |hex, bytes| Some(Step::Write { hex, bytes });
        for (line, step) in [
            (
                "SELECT pg_catalog.lo_open('4711', 131072);",
                Some(Step::Open(Oid(4711))),
            ),
            ("SELECT pg_catalog.lowrite(0, '\\x00ff0a');", write("00ff0a", 3)),
            ("SELECT pg_catalog.lowrite(0, E'\\\\x00');", write("00", 1)),
            ("SELECT pg_catalog.lo_close(0);", None),
            ("BEGIN;", None),
        ] {
            assert_eq!(Step::parse(line), step, "{line}");
        }
    }
}
