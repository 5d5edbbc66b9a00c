//! Prepares a staging database for a load: extensions and tablespaces need more rights than the role that loads the dump has.

use std::collections::BTreeSet;

use sqlx::{PgConnection, query_scalar};

use super::definitions::Extension;
use super::statement::{execute, run};

/// Lets the load role create in these tablespaces. Returns `false` if Decant's role may not give that away.
///
/// # Errors
/// The database does not answer.
pub(super) async fn open_tablespaces(
    connection: &mut PgConnection,
    tablespaces: &BTreeSet<String>,
    load_role: &str,
) -> sqlx::Result<bool> {
    for tablespace in tablespaces {
        match run(
            connection,
            "grant create on tablespace %I to %I",
            [tablespace, load_role],
        )
        .await
        {
            Ok(()) => {}
            Err(sqlx::Error::Database(_)) => return Ok(false),
            Err(error) => return Err(error),
        }
    }
    Ok(true)
}

/// Creates the extensions with their schemas, which belong to `load_role`, while nothing of the dump is in the database. Gives
/// `load_role` the rights that it needs to fill their tables and to use their foreign data wrappers. Returns warnings.
///
/// # Errors
/// The database does not answer.
pub(super) async fn create(
    connection: &mut PgConnection,
    extensions: &[Extension],
    load_role: &str,
) -> sqlx::Result<Vec<String>> {
    let mut warnings = Vec::new();
    for Extension { name, schema } in extensions {
        let is_there: bool = query_scalar(
            "select exists (select from pg_catalog.pg_namespace where nspname operator(pg_catalog.=) $1)",
        )
        .bind(schema)
        .fetch_one(&mut *connection)
        .await?;
        if !is_there {
            run(
                connection,
                "create schema %I authorization %I",
                [schema, load_role],
            )
            .await?;
        }
        let create = "create extension if not exists %I with schema %I";
        match run(connection, create, [name, schema]).await {
            Ok(()) => {}
            Err(sqlx::Error::Database(error)) => {
                warnings.push(format!(
                    "The extension {name} was not created: {}",
                    error.message()
                ));
            }
            Err(error) => return Err(error),
        }
    }
    let grants: Vec<String> = query_scalar(
        "select pg_catalog.format('grant select, insert, update on %I.%I to %I', n.nspname, c.relname, $1) \
         from pg_catalog.pg_extension, pg_catalog.unnest(extconfig) config \
              join pg_catalog.pg_class c on c.oid operator(pg_catalog.=) config \
              join pg_catalog.pg_namespace n on n.oid operator(pg_catalog.=) c.relnamespace \
         where c.relkind operator(pg_catalog.<>) 'S' \
         union all \
         select pg_catalog.format('grant all on sequence %I.%I to %I', n.nspname, c.relname, $1) \
         from pg_catalog.pg_extension, pg_catalog.unnest(extconfig) config \
              join pg_catalog.pg_class c on c.oid operator(pg_catalog.=) config \
              join pg_catalog.pg_namespace n on n.oid operator(pg_catalog.=) c.relnamespace \
         where c.relkind operator(pg_catalog.=) 'S' \
         union all \
         select pg_catalog.format('grant usage on foreign data wrapper %I to %I', fdwname, $1) \
         from pg_catalog.pg_foreign_data_wrapper",
    )
    .bind(load_role)
    .fetch_all(&mut *connection)
    .await?;
    for grant in grants {
        match execute(connection, grant).await {
            // A grant that is missing makes the load fail, which names the object.
            Ok(()) | Err(sqlx::Error::Database(_)) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(warnings)
}

/// Sets the comments of extensions, given by their names. Returns warnings.
///
/// # Errors
/// The database does not answer.
pub(super) async fn comment(
    connection: &mut PgConnection,
    comments: &[(String, String)],
) -> sqlx::Result<Vec<String>> {
    let mut warnings = Vec::new();
    for (name, text) in comments {
        match run(connection, "comment on extension %I is %L", [name, text]).await {
            Ok(()) => {}
            Err(sqlx::Error::Database(error)) => {
                warnings.push(format!(
                    "The comment of the extension {name} was not restored: {}",
                    error.message()
                ));
            }
            Err(error) => return Err(error),
        }
    }
    Ok(warnings)
}
