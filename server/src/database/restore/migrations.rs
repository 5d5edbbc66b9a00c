//! The site's own SQL files, which run on each restored database.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use sqlx::{AssertSqlSafe, Executor, PgConnection, raw_sql};

use super::error::RestoreError;
use super::events::ProgressReporter;

/// Runs the `.sql` files of the folder in the order of their names.
///
/// # Errors
/// [`RestoreError::Migration`] with the file that failed; [`RestoreError::Io`].
pub(super) async fn run(
    folder: &Path,
    connection: &mut PgConnection,
    reporter: &ProgressReporter,
) -> Result<(), RestoreError> {
    for file in files(folder)? {
        let name = file
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        reporter.progress(90, format!("Migrating: {name}"));
        let sql = tokio::fs::read_to_string(&file).await?;
        // PostgreSQL runs the statements of one string in one transaction, or in the transaction that is already open.
        // SQL: the site's own file.
        let migrated = connection.execute(raw_sql(AssertSqlSafe(sql))).await;
        migrated.map_err(|error| RestoreError::Migration {
            file: name,
            error: error.to_string(),
        })?;
    }
    Ok(())
}

fn files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files: Vec<PathBuf> = fs::read_dir(folder)?
        .map(|entry| Ok(entry?.path()))
        .collect::<io::Result<_>>()?;
    files.retain(|file| file.extension().is_some_and(|ending| ending == "sql"));
    files.sort();
    Ok(files)
}
