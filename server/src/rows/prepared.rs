//! An export whose queries are planned.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::Stream;
use sqlx::pool::PoolConnection;
use sqlx::{Executor, PgConnection, Postgres};
use wasm_export::rows::Header;

use super::connection::ExportConnection;
use super::export_audit::{ExportAudit, Progress};
use super::planned_part::PlannedPart;
use super::stream::{Parts, StreamTiming, stream};
use crate::auth::{Caller, Scope};
use crate::datasets::bundle_request::PartQuery;
use crate::datasets::{Query, RenderError, Selection};
use crate::permissions::TooManyRows;
use crate::shares::Share;

/// Begins a transaction with one snapshot.
const BEGIN: &str = "begin transaction isolation level repeatable read, read only";

/// An export whose queries PostgreSQL has planned, ready to be streamed.
pub struct Prepared {
    connection: ExportConnection,
    /// The name of the dataset or of the bundle.
    name: String,
    scope: Scope,
    first: PlannedPart,
    /// The other parts of a bundle.
    others: Vec<PlannedPart>,
    /// A transaction is open, so that all parts are of one snapshot, and so is their number of rows if that is limited.
    is_in_transaction: bool,
    progress: Arc<Progress>,
    /// The caller's share of the running exports or queries, in use until the stream ends.
    share: Option<Share>,
}

/// Why an export does not begin.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    #[error(transparent)]
    Render(#[from] RenderError),
    #[error(transparent)]
    Nothing(#[from] NothingToExport),
    #[error(transparent)]
    TooManyRows(#[from] TooManyRows),
}

/// A part of a bundle that must have a row has none.
#[derive(Debug, thiserror::Error)]
#[error("the part `{part}` has no row, so there is nothing to export. Check the id that you gave")]
pub struct NothingToExport {
    part: String,
}

impl From<sqlx::Error> for PlanError {
    fn from(error: sqlx::Error) -> Self {
        RenderError::from(error).into()
    }
}

impl Prepared {
    /// Plans the query, so that a mistake in it is found before an answer begins. If the number of rows is limited, they are
    /// counted first, in the transaction that reads them.
    ///
    /// # Errors
    /// [`PlanError::Render`] for tables of the hub that may not be used, and for the database's errors;
    /// [`PlanError::TooManyRows`].
    pub async fn new(
        connection: PoolConnection<Postgres>,
        query: &Query<'_>,
        selection: &Selection,
    ) -> Result<Self, PlanError> {
        let mut connection = ExportConnection::new(connection);
        let is_in_transaction = query.rows_max().is_some();
        if is_in_transaction {
            connection.execute(BEGIN).await?;
            check_number_of_rows(&mut connection, &[query]).await?;
        }
        let first = PlannedPart::plan(&mut connection, query, selection).await?;
        Ok(Self {
            connection,
            name: first.header.dataset.clone(),
            scope: query.scope().clone(),
            first,
            others: Vec::new(),
            is_in_transaction,
            progress: Arc::default(),
            share: None,
        })
    }

    /// Begins a transaction, which has one snapshot for all parts of a bundle, and plans their queries in it.
    ///
    /// # Errors
    /// [`PlanError`]; also for a bundle without a part.
    pub async fn of_bundle(
        connection: PoolConnection<Postgres>,
        name: &str,
        parts: &[PartQuery<'_>],
    ) -> Result<Self, PlanError> {
        let mut connection = ExportConnection::new(connection);
        connection.execute(BEGIN).await?;
        let queries: Vec<_> = parts.iter().map(|part| &part.query).collect();
        check_number_of_rows(&mut connection, &queries).await?;
        let mut planned = Vec::with_capacity(parts.len());
        for PartQuery {
            part,
            query,
            selection,
        } in parts
        {
            let mut rows = PlannedPart::plan(&mut connection, query, selection).await?;
            if part.required && !rows.has_any(&mut connection).await? {
                let part = part.name.clone();
                return Err(NothingToExport { part }.into());
            }
            rows.header.part = Some(part.name.clone());
            planned.push(rows);
        }
        let mut planned = planned.into_iter();
        let (Some(first), Some(PartQuery { query, .. })) = (planned.next(), parts.first()) else {
            return Err(sqlx::Error::RowNotFound.into());
        };
        Ok(Self {
            connection,
            name: name.to_owned(),
            scope: query.scope().clone(),
            first,
            others: planned.collect(),
            is_in_transaction: true,
            progress: Arc::default(),
            share: None,
        })
    }

    /// Returns the header of the rows, which are those of the first part of a bundle.
    pub fn header(&self) -> &Header {
        &self.first.header
    }

    /// Returns the planner's estimate of the number of rows, of all parts together.
    pub fn estimated_rows(&self) -> Option<u64> {
        let parts = std::iter::once(&self.first).chain(&self.others);
        parts.map(|part| part.header.estimated_rows).sum()
    }

    /// Records in the audit log that this caller's export begins. The returned value records how it ends.
    #[must_use]
    pub fn begin_audit(&self, caller: &Caller) -> ExportAudit {
        ExportAudit::begin(caller, &self.scope, &self.name, Arc::clone(&self.progress))
    }

    /// Keeps this share of the caller in use until the stream ends.
    #[must_use]
    pub fn holding(mut self, share: Share) -> Self {
        self.share = Some(share);
        self
    }

    /// Returns the raw-row stream, or those of all parts. It never fails: an error becomes its last line.
    pub fn into_stream(self, timing: StreamTiming) -> impl Stream<Item = Bytes> + Send + 'static {
        let parts = Parts {
            connection: self.connection,
            first: self.first,
            others: self.others,
            is_in_transaction: self.is_in_transaction,
        };
        stream(parts, self.progress, self.share, timing)
    }
}

/// Counts the rows of all parts of an export together, if their number is limited.
///
/// # Errors
/// [`PlanError::TooManyRows`], [`PlanError::Render`].
async fn check_number_of_rows(
    connection: &mut PgConnection,
    queries: &[&Query<'_>],
) -> Result<(), PlanError> {
    let maxima = queries.iter().filter_map(|query| query.rows_max());
    let Some(max) = maxima.min() else {
        return Ok(());
    };
    let mut rows = 0;
    for query in queries {
        rows += query.count(&mut *connection).await?;
    }
    Ok(TooManyRows::check(rows, max)?)
}
