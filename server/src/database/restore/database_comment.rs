//! The comment of the database. `pg_restore` restores it only together with the database itself (`--create`).

use sqlx::{AssertSqlSafe, PgConnection, query, query_scalar};

use super::error::RestoreError;
use super::load::Loader;
use super::row_counts::parse_identifier;
use crate::database::tools::{read_stderr, spawn_piped};

/// A larger script has more than a comment.
const SCRIPT_BYTES_MAX: u64 = 4 * 1024 * 1024;

/// Reads the comment from the dump. Returns `None` if it has none, or none in UTF-8.
///
/// # Errors
/// [`RestoreError::Io`]: `pg_restore` cannot be run.
pub(super) async fn read(loader: &Loader<'_>, entry: u32) -> Result<Option<String>, RestoreError> {
    use tokio::io::AsyncReadExt;
    let list = loader.write_list(&[entry])?;
    let mut command = loader.command(&list);
    let (mut child, stdout, stderr) = spawn_piped(command.args(["--create", "--file=-"]))?;
    let errors = tokio::spawn(read_stderr(stderr));
    let mut script = Vec::new();
    stdout.take(SCRIPT_BYTES_MAX).read_to_end(&mut script).await?;
    let _ = child.wait().await?;
    drop(errors);
    Ok(str::from_utf8(&script).ok().and_then(parse))
}

/// Returns the text in `COMMENT ON DATABASE hub IS 'It''s ours';`.
fn parse(script: &str) -> Option<String> {
    let (_, rest) = script.split_once("\nCOMMENT ON DATABASE ")?;
    let (_, rest) = parse_identifier(rest)?;
    let mut rest = rest.strip_prefix(" IS '")?;
    let mut text = String::new();
    loop {
        let (before, after) = rest.split_once('\'')?;
        text.push_str(before);
        match after.strip_prefix('\'') {
            Some(after) => {
                text.push('\'');
                rest = after;
            }
            None => return Some(text),
        }
    }
}

/// Sets the comment of the current database.
pub(super) async fn write(connection: &mut PgConnection, comment: &str) -> sqlx::Result<()> {
    let statement: String = query_scalar(
        "select pg_catalog.format('comment on database %I is %L', pg_catalog.current_database(), $1)",
    )
    .bind(comment)
    .fetch_one(&mut *connection)
    .await?;
    // SQL: a statement whose name and text PostgreSQL has quoted.
    query(AssertSqlSafe(statement))
        .execute(connection)
        .await
        .map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comment_is_read_as_sql_writes_it() {
        let script =
            "--\n\nCREATE DATABASE x;\n\nCOMMENT ON DATABASE \"odd \"\"db\" IS 'it''s\nours \\';\n\n\n";
        assert_eq!(parse(script).as_deref(), Some("it's\nours \\"));
        assert_eq!(parse("--\n\nCREATE DATABASE x;\n"), None);
    }
}
