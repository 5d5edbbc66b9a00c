//! A query that is planned, with the header of its rows.

use serde_json::Value;
use sqlx::{AssertSqlSafe, PgConnection, query_scalar, raw_sql};
use wasm_export::rows::Header;

use crate::datasets::{Query, RenderError, Selection};

/// The rows of one query.
pub(super) struct PlannedPart {
    pub header: Header,
    pub select: String,
}

impl PlannedPart {
    pub async fn plan(
        connection: &mut PgConnection,
        query: &Query<'_>,
        selection: &Selection,
    ) -> Result<Self, RenderError> {
        let rendered = query.rows(connection).await?;
        let as_of = selection.as_of.unwrap_or(rendered.at);
        let select = rendered.sql.0;
        let estimated_rows = estimate(connection, &select).await?;
        let header = Header {
            as_of: as_of.to_string(),
            estimated_rows,
            ..query.header()
        };
        Ok(Self { header, select })
    }

    /// Returns whether there is a row.
    pub async fn has_any(&self, connection: &mut PgConnection) -> sqlx::Result<bool> {
        // SQL: rendered by `Template`.
        let exists = AssertSqlSafe(format!("select exists ({})", self.select));
        // SQL: the statement above.
        query_scalar(exists).persistent(false).fetch_one(connection).await
    }
}

/// Returns the planner's estimate of the number of rows. Planning also finds a mistake in the query before any row is read.
async fn estimate(connection: &mut PgConnection, select: &str) -> sqlx::Result<Option<u64>> {
    // SQL: rendered by `Template`.
    let explain = AssertSqlSafe(format!("explain (format json) {select}"));
    // SQL: the statement above.
    let row = raw_sql(explain).fetch_one(connection).await?;
    let plan: String = sqlx::Row::try_get_unchecked(&row, 0)?;
    let plan: Value = serde_json::from_str(&plan).unwrap_or_default();
    Ok(plan[0]["Plan"]["Plan Rows"].as_u64())
}
