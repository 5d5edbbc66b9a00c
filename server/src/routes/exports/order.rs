//! The caller of an order is authorized before anything else of it is read.

use crate::app::App;
use crate::auth::Caller;
use crate::datasets::definition::Usage;
use crate::datasets::{Query, Selection};
use crate::error::ApiError;
use crate::exports::new_export::NewExport;
use crate::exports::order::Order;
use crate::routes::dataset_access::{Opened, OpenedBundle, open, open_bundle, slug_for, source_of};

/// Checks that the caller may export what an order asks for, and that the file can be made of it.
///
/// # Errors
/// Those of a direct export; [`ApiError::Export`] with [`ExportError::Priority`](crate::exports::ExportError::Priority).
pub async fn check(app: &App, caller: Caller, order: Order) -> Result<NewExport, ApiError> {
    let settings = app.exports.options();
    if is_bundle(app, &order) {
        let opened = open_bundle(app, caller, &order.dataset, order.workspace_pairs(), None).await?;
        let OpenedBundle {
            bundle,
            caller,
            pairs,
        } = opened;
        let slug = slug_for(app, &caller, &bundle).await?;
        return Ok(order.of_bundle(&bundle, &caller, pairs, slug.as_deref(), settings)?);
    }
    let Opened { dataset, caller, .. } = open_dataset(app, caller, &order).await?;
    Ok(order.of_dataset(&dataset, &caller, settings)?)
}

/// Counts the rows of a dataset that the caller may export. A bundle counts as none.
///
/// # Errors
/// Those of a direct export.
pub async fn count_rows(app: &App, caller: Caller, order: &Order) -> Result<u64, ApiError> {
    if app.catalog.get().bundle(&order.dataset).is_some() {
        return Ok(0);
    }
    let Opened { dataset, caller, .. } = open_dataset(app, caller, order).await?;
    let selection = Selection::parse_body(&dataset.definition, &order.rows_of(&dataset))?;
    let query = Query::new(&dataset, &caller, Usage::Export, &selection)?;
    let _share = app.query_shares.take(&caller.subject).await?;
    let mut connection = source_of(app, &dataset).await?.for_query().await?;
    let sql = query.count(&mut connection).await?.sql;
    let rows: i64 = sqlx::query_scalar(sql).fetch_one(&mut *connection).await?;
    Ok(rows.unsigned_abs())
}

/// Returns whether an order is of a bundle. A dataset whose application is not in the database does not hide a bundle.
fn is_bundle(app: &App, order: &Order) -> bool {
    let catalog = app.catalog.get();
    let is_dataset = catalog
        .get(&order.dataset)
        .is_some_and(|dataset| dataset.is_here());
    !is_dataset && catalog.bundle(&order.dataset).is_some()
}

async fn open_dataset(app: &App, caller: Caller, order: &Order) -> Result<Opened, ApiError> {
    open(
        app,
        caller,
        &order.dataset,
        order.workspace_pairs(),
        Usage::Export,
    )
    .await
}
