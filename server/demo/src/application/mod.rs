//! The tables of an application beside the hub's, in three parts that can be made apart.
//!
//! | part | files |
//! |---|---|
//! | conversations | `conversations`, `turns`; their texts in `conversation_texts` |
//! | workspaces and their brands | `workspaces`, `cases`; their texts in `brand_texts` |
//! | saved files | `files` |
//! | all | `rows`: their number, their times, and the way to the database |
//!
//! Each part is made once, and as large as its [`Plan`] says.

mod brand_texts;
mod cases;
mod conversation_texts;
mod conversations;
mod files;
mod rows;
mod turns;
mod workspaces;

use sqlx::{Executor, PgConnection};

use super::error::DemoError;
use super::load::is_empty;
use super::part::Part;
use super::plan::Plan;

/// Makes the tables of a part unless they exist, and fills them if they are empty. Returns how many conversations, alerts or
/// files were added.
pub(crate) async fn make(
    connection: &mut PgConnection,
    plan: &Plan,
    part: Part,
    exists: bool,
) -> Result<u64, DemoError> {
    let [tables, keys] = sql(part);
    if !exists {
        // SQL: the demo's own file.
        connection.execute(sqlx::raw_sql(tables)).await?;
    }
    let added = match is_empty(connection, part.tables()[0]).await? {
        false => 0,
        true => match part {
            Part::Conversations => conversations::fill(connection, plan).await?,
            Part::Brands => cases::fill(connection, plan).await?,
            Part::Files => files::fill(connection, plan).await?,
        },
    };
    if !exists {
        // SQL: the demo's own file.
        connection.execute(sqlx::raw_sql(keys)).await?;
    }
    let analyze = format!("analyze public.{}", part.tables().join(", public."));
    connection
        // SQL: constant names.
        .execute(sqlx::raw_sql(sqlx::AssertSqlSafe(analyze)))
        .await?;
    Ok(added)
}

/// Returns the SQL of the tables of a part, and that of their keys and indexes.
fn sql(part: Part) -> [&'static str; 2] {
    match part {
        Part::Conversations => [
            include_str!("conversations.sql"),
            include_str!("conversations_keys.sql"),
        ],
        Part::Brands => [include_str!("brands.sql"), include_str!("brands_keys.sql")],
        Part::Files => [include_str!("files.sql"), include_str!("files_keys.sql")],
    }
}
