//! What is doubtful about a site's own datasets. Each of them works, but its author may not expect how.

use api::workspaces::WorkspaceRole;
use serde_json::Value;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, Row, query, query_scalar};

use super::catalog::{Catalog, Dataset};
use super::definition::Column;
use super::query::{Query, RenderError};
use super::search_path;
use super::secret_names::looks_secret;
use super::selection::Selection;
use crate::auth::{Caller, Membership};
use crate::hub_tables::HubTables;
use crate::source::is_of_connection;

/// The children of a plan's node that give it its rows in their order. Others are subqueries of an expression.
const SOURCES_OF_ROWS: &[&str] = &["Outer", "Member", "Subquery"];

/// Returns the warnings of the site's own datasets. The built-in ones bring none.
///
/// # Errors
/// The database's error.
pub async fn of_catalog(catalog: &Catalog, connection: &mut PgConnection) -> sqlx::Result<Vec<String>> {
    let of_site: Vec<_> = catalog.iter().filter(|dataset| !dataset.is_built_in).collect();
    let names: Vec<_> = of_site
        .iter()
        .map(|dataset| dataset.definition.name.as_str())
        .collect();
    let mut found = of_search_path(&names, connection).await?;
    for dataset in of_site {
        if dataset.unavailable.is_none() {
            found.extend(of_dataset(dataset, connection).await?);
        }
    }
    Ok(found)
}

/// Returns a warning for each role that may create functions in a schema of the search path, with the `REVOKE` to run. The
/// SQL of these datasets might call such a function.
///
/// # Errors
/// The database's error.
async fn of_search_path(datasets: &[&str], connection: &mut PgConnection) -> sqlx::Result<Vec<String>> {
    if datasets.is_empty() {
        return Ok(Vec::new());
    }
    let names = datasets.join(", ");
    let warning = |revoke| {
        format!(
            "another role may create functions and operators in a schema of the search path, and the SQL of {names} would \
             run them with the rights of Decant. Run {revoke}"
        )
    };
    let revokes = search_path::revokes(connection).await?;
    Ok(revokes.into_iter().map(warning).collect())
}

/// Returns the warnings of a dataset that can be used. They name an order that no index serves and columns that look secret.
/// They also name tables whose row-level security does not apply to this role; one that hides rows makes a dataset unusable.
///
/// # Errors
/// The database's error, if the connection is lost.
async fn of_dataset(dataset: &Dataset, connection: &mut PgConnection) -> sqlx::Result<Vec<String>> {
    let name = &dataset.definition.name;
    let built_in = Catalog::built_in(&HubTables::default());
    let mut warnings: Vec<_> = secret_columns(dataset)
        // A definition that extends a built-in one has its columns.
        .filter(|column| !is_built_in(column, &built_in))
        .map(|column| {
            format!(
                "{name}: the column `{}` looks secret. Leave it out, or write `secret = true`: then only \
                 administrators get it, by its name",
                column.name
            )
        })
        .collect();
    let plan = match plan(dataset, connection).await {
        Ok(plan) => plan,
        Err(error) if is_of_connection(&error) => return Err(error),
        // A statement that cannot be explained says nothing about indexes.
        Err(_) => return Ok(warnings),
    };
    if sorts_a_table(&plan) {
        let order: Vec<_> = dataset
            .definition
            .order
            .iter()
            .map(|order| &*order.column)
            .collect();
        warnings.push(format!(
            "{name}: no index serves the order ({}), so PostgreSQL reads and sorts all rows for each page. Create an index on \
             these columns, or choose another order",
            order.join(", ")
        ));
    }
    let mut tables = Vec::new();
    collect_tables(&plan, &mut tables);
    for table in with_policies(&tables, connection).await? {
        warnings.push(format!(
            "{name}: the table {table} has row-level security, which does not apply to the role of DSN. Its policies limit no \
             caller of Decant; `access` and `owner` do"
        ));
    }
    Ok(warnings)
}

fn secret_columns(dataset: &Dataset) -> impl Iterator<Item = &Column> {
    let columns = dataset.definition.columns.iter().zip(&dataset.types);
    columns
        .filter(|(column, _)| !column.secret && !column.hidden)
        .filter(|(column, column_type)| {
            let names = [Some(column.name.as_str()), column_of_table(&column.sql)];
            names
                .into_iter()
                .flatten()
                .any(|name| looks_secret(name, &column_type.name))
        })
        .map(|(column, _)| column)
}

/// Returns whether a built-in dataset has this column.
fn is_built_in(column: &Column, built_in: &Catalog) -> bool {
    let mut columns = built_in.iter().flat_map(|dataset| &dataset.definition.columns);
    columns.any(|other| (&other.name, &other.sql) == (&column.name, &column.sql))
}

/// Returns the name in SQL that is only the name of a table's column: `key` of `k.key`.
fn column_of_table(sql: &str) -> Option<&str> {
    let is_of_name = |letter: char| letter.is_alphanumeric() || "_.\"".contains(letter);
    let name = sql.trim();
    name.chars().all(is_of_name).then(|| {
        let name = name.rsplit('.').next().unwrap_or(name);
        name.trim_matches('"')
    })
}

/// Returns the plan of a page's first row, in which PostgreSQL sorts only if no index gives the order.
async fn plan(dataset: &Dataset, connection: &mut PgConnection) -> sqlx::Result<Value> {
    let selection = Selection::default();
    let caller = match dataset.workspace() {
        // Without a workspace, PostgreSQL would read no table.
        Some((_, id)) => {
            let membership = Membership::new(id.sample().to_owned(), WorkspaceRole::Owner);
            Caller::operator().within(membership)
        }
        None => Caller::operator(),
    };
    let Ok(query_of_rows) = Query::to_read(dataset, &caller, &selection) else {
        return Ok(Value::Null);
    };
    let rendered = match query_of_rows.first_row(connection).await {
        Ok(rendered) => rendered.sql.0,
        Err(RenderError::Database(error)) => return Err(error),
        Err(RenderError::HubTables { .. }) => return Ok(Value::Null),
    };
    let mut transaction = connection.begin().await?;
    transaction
        .execute(
            "set local enable_sort = off; set local enable_seqscan = off; set local enable_bitmapscan = off",
        )
        .await?;
    let explain = format!("explain (verbose, format json) {rendered}");
    // SQL: rendered by `Template`.
    let row = query(AssertSqlSafe(explain))
        .persistent(false)
        .fetch_one(&mut *transaction)
        .await;
    transaction.rollback().await?;
    // The driver has no JSON; the binary form of the type `json` is its text.
    let text: String = row?.try_get_unchecked(0)?;
    let plan: Value = serde_json::from_str(&text).map_err(|error| sqlx::Error::Decode(error.into()))?;
    Ok(plan[0]["Plan"].clone())
}

fn children(plan: &Value) -> impl Iterator<Item = &Value> {
    plan["Plans"].as_array().into_iter().flatten()
}

fn sorts_a_table(plan: &Value) -> bool {
    if plan["Node Type"] == "Sort" {
        let mut tables = Vec::new();
        collect_tables(plan, &mut tables);
        return !tables.is_empty();
    }
    let gives_rows = |child: &&Value| {
        let relationship = child["Parent Relationship"].as_str();
        relationship.is_some_and(|relationship| SOURCES_OF_ROWS.contains(&relationship))
    };
    children(plan).filter(gives_rows).any(sorts_a_table)
}

/// Collects schema and name of each table that the plan reads.
fn collect_tables<'a>(plan: &'a Value, tables: &mut Vec<(&'a str, &'a str)>) {
    if let (Some(schema), Some(table)) = (plan["Schema"].as_str(), plan["Relation Name"].as_str()) {
        tables.push((schema, table));
    }
    children(plan).for_each(|child| collect_tables(child, tables));
}

/// Returns those of the tables, or of the tables that they are partitions of, that have row-level security.
async fn with_policies(tables: &[(&str, &str)], connection: &mut PgConnection) -> sqlx::Result<Vec<String>> {
    let (schemas, names): (Vec<&str>, Vec<&str>) = tables.iter().copied().unzip();
    query_scalar(
        "select distinct pg_catalog.format('%I.%I', n.nspname, c.relname) as name \
         from rows from (pg_catalog.unnest($1::pg_catalog.name[]), pg_catalog.unnest($2::pg_catalog.name[])) \
              as read (schema_name, table_name), \
              pg_catalog.pg_namespace s, pg_catalog.pg_class r, pg_catalog.pg_class c, pg_catalog.pg_namespace n \
         where s.nspname operator(pg_catalog.=) read.schema_name \
         and r.relnamespace operator(pg_catalog.=) s.oid and r.relname operator(pg_catalog.=) read.table_name \
         and (c.oid operator(pg_catalog.=) r.oid or c.oid operator(pg_catalog.=) any (array( \
              select a.relid::pg_catalog.oid from pg_catalog.pg_partition_ancestors(r.oid) as a (relid)))) \
         and c.relrowsecurity and not c.relispartition and n.oid operator(pg_catalog.=) c.relnamespace \
         order by name",
    )
    .bind(schemas)
    .bind(names)
    .fetch_all(connection)
    .await
}
