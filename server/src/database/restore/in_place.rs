//! A dump put in the place of what is there, where no database can be made beside it: in one transaction of the live
//! database. It happens as a whole or not at all, but whoever reads meanwhile waits, and the old state is only in the dump
//! that was made for safety.

use std::path::PathBuf;
use std::process::Stdio;

use sqlx::{Connection, PgConnection, query_scalar};
use tokio::io::AsyncWriteExt;
use tokio::process::ChildStdin;
use tokio_util::sync::CancellationToken;

use super::load::Loader;
use super::rows::TableRows;
use super::{RestoreError, Source, Teller, unless};
use crate::database::lock::Held;
use crate::database::tools::last_words;
use crate::dsn::Dsn;

/// Nobody is waited for longer who holds one of the tables; in the meantime everybody else waits behind us.
const BEGIN: &str = "begin;\nset local lock_timeout = '60s';\nset local client_min_messages = warning;\n";

const CLEAR: &str = include_str!("clear.sql");

/// What `pg_restore` has set is of no concern to what comes after.
const RESET: &str = "\nreset all;\n";

const COMMIT: &str = "\ncommit;\n";

/// Puts it there, and runs these migrations; all or nothing. Gives what could not be given back of what need not be.
///
/// # Errors
/// [`RestoreError::InPlace`].
pub(super) async fn replace(
    held: &Held,
    source: &Source<'_>,
    loader: &Loader<'_>,
    migrations: &[PathBuf],
    teller: &Teller,
    gone: &CancellationToken,
) -> Result<Vec<String>, RestoreError> {
    teller.progress(
        40,
        "Decant's user may not create databases here: restoring in one transaction of the live database",
    );
    let checks = checks(loader.into, &source.rows).await?;
    let mut psql = source
        .tools
        .command("psql", loader.into)
        .args([
            "--no-psqlrc",
            "--quiet",
            "--no-password",
            "--set=ON_ERROR_STOP=on",
        ])
        .args(["--output=/dev/null", "--file=-"])
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let (Some(mut script), Some(stderr)) = (psql.stdin.take(), psql.stderr.take()) else {
        return Err(std::io::Error::other("psql has no input").into());
    };
    let said = tokio::spawn(last_words(stderr));
    let writing = write(&mut script, source, loader, checks, migrations, teller);
    let written = unless(gone, writing).await;
    // Without its last word the transaction is undone, however psql ends.
    let written = match written {
        Ok(()) if held.lost.is_cancelled() => {
            psql.kill().await?;
            return Err(RestoreError::LockLost);
        }
        Ok(()) => script
            .write_all(COMMIT.as_bytes())
            .await
            .map_err(RestoreError::from),
        Err(error @ RestoreError::Io(_)) => Err(error),
        Err(error) => {
            psql.kill().await?;
            return Err(error);
        }
    };
    drop(script);
    let status = psql.wait().await?;
    if !status.success() {
        return Err(RestoreError::InPlace(said.await.unwrap_or_default()));
    }
    written?;
    // The dump is the database by now, whatever becomes of the rest.
    let warnings = loader.lenient().await;
    Ok(warnings.unwrap_or_else(|error| vec![error.to_string()]))
}

/// Writes everything but the end.
async fn write(
    script: &mut ChildStdin,
    source: &Source<'_>,
    loader: &Loader<'_>,
    checks: Vec<String>,
    migrations: &[PathBuf],
    teller: &Teller,
) -> Result<(), RestoreError> {
    script.write_all(BEGIN.as_bytes()).await?;
    script.write_all(CLEAR.as_bytes()).await?;
    loader.strict_as_script(script, source.on_line(teller)).await?;
    script.write_all(RESET.as_bytes()).await?;
    teller.progress(86, "Counting the rows");
    for check in checks {
        script.write_all(check.as_bytes()).await?;
    }
    for file in migrations {
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        teller.progress(90, format!("Migrating: {name}"));
        script.write_all(&tokio::fs::read(file).await?).await?;
        script.write_all(b"\n;\n").await?;
    }
    Ok(())
}

/// Statements that fail if a table has not as many rows, written by PostgreSQL.
async fn checks(live: &Dsn, tables: &TableRows) -> Result<Vec<String>, RestoreError> {
    let mut connection = PgConnection::connect_with(live.options()).await?;
    let mut checks = Vec::new();
    for (table, rows) in tables {
        let message = format!("the table {table} has not the {rows} rows that are in the dump");
        let check: String = query_scalar(
            "select format('do %L;', format('begin if (select count(*) from %I.%I) <> %s then \
             raise exception using message = %L; end if; end', $1, $2, $3, $4)) || E'\\n'",
        )
        .bind(&table.schema)
        .bind(&table.name)
        .bind(rows.to_string())
        .bind(message)
        .fetch_one(&mut connection)
        .await?;
        checks.push(check);
    }
    let _ = connection.close().await;
    Ok(checks)
}
