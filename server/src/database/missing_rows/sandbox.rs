//! Runs statements on a table of another role with that role's rights, so that its functions cannot get Decant's.
//!
//! The functions of a table's owner run with the rights of the role that uses the table. They are in constraints, defaults,
//! generated columns, indexes and domains. `SET ROLE` contains none of them, because a function may run `RESET ROLE`. A `SECURITY DEFINER`
//! function refuses that, but leaves behind deferred triggers, cursors `WITH HOLD` and prepared statements, which run later
//! with Decant's rights. PostgreSQL contains all of these while it builds an index. It runs the index's expression as the
//! owner of the table, in a *security-restricted operation*, and restores the settings afterwards. The statement is
//! therefore the expression of an index on a temporary table that belongs to the role.

use sqlx::{AssertSqlSafe, Executor, PgConnection, query, query_scalar};

/// Creates the functions and the table for the results. The inner function is volatile, because it changes rows; an index
/// takes only an immutable one.
const PREPARE: [&str; 3] = [
    "create temp table decant_result (counts bigint[]) on commit drop",
    "create function pg_temp.decant_execute(statement pg_catalog.text, is_query boolean, path pg_catalog.text) \
     returns void language plpgsql volatile as $$ declare counts bigint[]; changed bigint; begin \
     perform pg_catalog.set_config('search_path', path, true); \
     if is_query then execute statement into counts; \
     else execute statement; get diagnostics changed = row_count; select array[changed] into counts; end if; \
     insert into pg_temp.decant_result values (counts); end $$",
    "create function pg_temp.decant_contained(statement pg_catalog.text, is_query boolean, path pg_catalog.text) \
     returns integer language plpgsql immutable as $$ begin \
     perform pg_temp.decant_execute(statement, is_query, path); return 0; end $$",
];

/// Runs a statement of Decant's as the role `owner`, whose name is quoted. Returns the number of rows that it has changed, or
/// the array of numbers that a query (`is_query`) returns. Functions of `owner` may have falsified the numbers.
///
/// # Errors
/// What the database answers.
pub(super) async fn run(
    transaction: &mut PgConnection,
    owner: &str,
    statement: &str,
    is_query: bool,
) -> sqlx::Result<Vec<u64>> {
    let is_prepared: bool =
        query_scalar("select pg_catalog.to_regclass('pg_temp.decant_result') is not null")
            .fetch_one(&mut *transaction)
            .await?;
    if !is_prepared {
        for create in PREPARE {
            transaction.execute(create).await?;
        }
    }
    transaction
        .execute("create temp table decant_call (statement pg_catalog.text, is_query boolean, path pg_catalog.text) \
             on commit drop")
        .await?;
    query("insert into pg_temp.decant_call values ($1, $2, pg_catalog.current_setting('search_path'))")
        .bind(statement)
        .bind(is_query)
        .execute(&mut *transaction)
        .await?;
    for hand_over in [
        format!("grant insert on pg_temp.decant_result to {owner}"),
        format!("alter table pg_temp.decant_call owner to {owner}"),
    ] {
        // SQL: the role is quoted by PostgreSQL, and the tables are Decant's own.
        transaction.execute(AssertSqlSafe(hand_over)).await?;
    }
    transaction
        .execute("create index on pg_temp.decant_call (pg_temp.decant_contained(statement, is_query, path))")
        .await?;
    transaction.execute("drop table pg_temp.decant_call").await?;
    let counts: Option<Vec<i64>> = query_scalar("delete from pg_temp.decant_result returning counts")
        .fetch_optional(&mut *transaction)
        .await?
        .flatten();
    let counts = counts.unwrap_or_default().into_iter();
    Ok(counts.map(|count| count.try_into().unwrap_or(0)).collect())
}
