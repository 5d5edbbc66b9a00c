//! The comments of the database and of its extensions. `pg_restore` restores the first only together with the database itself
//! (`--create`), and the load role may not change the others.

use sqlx::{AssertSqlSafe, PgConnection, query, query_scalar};

use super::error::RestoreError;
use super::load::Loader;
use super::row_counts::parse_identifier;
use crate::database::tools::{read_stderr, spawn_piped};

/// A larger script has more than comments.
const SCRIPT_BYTES_MAX: u64 = 4 * 1024 * 1024;

/// Reads the comments of these entries from the dump: names and texts of the objects of this kind, `DATABASE` or `EXTENSION`.
/// Returns none if they are not in UTF-8.
///
/// # Errors
/// [`RestoreError::Io`]: `pg_restore` cannot be run.
pub(super) async fn read(
    loader: &Loader<'_>,
    entries: &[u32],
    kind: &str,
) -> Result<Vec<(String, String)>, RestoreError> {
    use tokio::io::AsyncReadExt;
    if entries.is_empty() {
        return Ok(Vec::new());
    }
    let list = loader.write_list(entries)?;
    let mut command = loader.command(&list);
    let (mut child, stdout, stderr) = spawn_piped(command.args(["--create", "--file=-"]))?;
    let errors = tokio::spawn(read_stderr(stderr));
    let mut script = Vec::new();
    stdout.take(SCRIPT_BYTES_MAX).read_to_end(&mut script).await?;
    let _ = child.wait().await?;
    drop(errors);
    Ok(str::from_utf8(&script).map_or_else(|_| Vec::new(), |script| parse(script, kind)))
}

/// Returns the name and the text of each `COMMENT ON DATABASE hub IS 'It''s ours';`.
fn parse(script: &str, kind: &str) -> Vec<(String, String)> {
    let (mut comments, mut rest) = (Vec::new(), script);
    let beginning = format!("\nCOMMENT ON {kind} ");
    while let Some((_, after)) = rest.split_once(&beginning) {
        rest = after;
        let comment = parse_identifier(after).and_then(|(name, after)| {
            let (text, after) = parse_text(after.strip_prefix(" IS '")?)?;
            Some((name, text, after))
        });
        if let Some((name, text, after)) = comment {
            comments.push((name, text));
            rest = after;
        }
    }
    comments
}

/// Returns the text of a literal, behind its first quote, and the rest.
fn parse_text(mut rest: &str) -> Option<(String, &str)> {
    let mut text = String::new();
    loop {
        let (before, after) = rest.split_once('\'')?;
        text.push_str(before);
        match after.strip_prefix('\'') {
            Some(after) => {
                text.push('\'');
                rest = after;
            }
            None => return Some((text, after)),
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
        let comment = ("odd \"db".to_owned(), "it's\nours \\".to_owned());
        assert_eq!(parse(script, "DATABASE"), [comment]);
        assert_eq!(parse("--\n\nCREATE DATABASE x;\n", "DATABASE"), []);
        let script = "\nCOMMENT ON EXTENSION hstore IS 'pairs\nCOMMENT ON EXTENSION x IS ''';\n\n\
                      COMMENT ON EXTENSION citext IS '';\n";
        let names = parse(script, "EXTENSION").into_iter().map(|(name, _)| name);
        assert_eq!(names.collect::<Vec<_>>(), ["hstore", "citext"]);
    }
}
