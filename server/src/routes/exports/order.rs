//! The caller of an order is authorized before anything else of it is read.

use crate::app::App;
use crate::auth::Caller;
use crate::datasets::definition::Usage;
use crate::datasets::{BundleRequest, Query, Selection};
use crate::error::ApiError;
use crate::exports::new_export::bundle_pairs;
use crate::exports::order::{Order, PermittedExport};
use crate::exports::relative_days::with_resolved_days;
use crate::permissions::{Permissions, TooManyRows};
use crate::routes::dataset_access::{Opened, OpenedBundle, open, open_bundle, slug_for, source_of};

/// Checks that the caller may export what an order asks for, and that the file can be made of it. If the number of rows is limited,
/// they are counted.
///
/// # Errors
/// Those of a direct export; [`ApiError::Export`] with [`ExportError::Priority`](crate::exports::ExportError::Priority).
pub async fn check(
    app: &App,
    caller: Caller,
    permissions: &Permissions,
    order: Order,
) -> Result<PermittedExport, ApiError> {
    let settings = app.exports.options();
    if is_bundle(app, &order) {
        let opened = open_bundle(app, caller, &order.dataset, order.workspace_pairs(), None).await?;
        let slug = slug_for(app, &opened.caller, &opened.bundle).await?;
        let (bundle, caller, pairs) = (&opened.bundle, &opened.caller, opened.pairs.clone());
        let permitted = order.of_bundle(bundle, caller, permissions, pairs, slug.as_deref(), settings)?;
        if let Some(max) = permitted.right.rows_max() {
            TooManyRows::check(count_rows_of_bundle(app, &opened, &permitted).await?, max)?;
        }
        return Ok(permitted);
    }
    let opened = open_dataset(app, caller, &order).await?;
    let permitted = order.of_dataset(&opened.dataset, &opened.caller, permissions, settings)?;
    if let Some(max) = permitted.right.rows_max() {
        let rows = with_resolved_days(permitted.export.selection.clone())?;
        let selection = Selection::parse_body(&opened.dataset.definition, &rows)?;
        let query = Query::to_export(&opened.dataset, &opened.caller, &permitted.right, &selection)?;
        TooManyRows::check(count(app, &opened, &query).await?, max)?;
    }
    Ok(permitted)
}

/// Counts the rows of a dataset that the caller may read. A bundle counts as none.
///
/// # Errors
/// Those of a direct export.
pub async fn count_rows(app: &App, caller: Caller, order: &Order) -> Result<u64, ApiError> {
    if is_bundle(app, order) {
        return Ok(0);
    }
    let opened = open_dataset(app, caller, order).await?;
    let rows = with_resolved_days(order.rows_of(&opened.dataset))?;
    let selection = Selection::parse_body(&opened.dataset.definition, &rows)?;
    let query = Query::to_read(&opened.dataset, &opened.caller, &selection)?;
    count(app, &opened, &query).await
}

async fn count(app: &App, opened: &Opened, query: &Query<'_>) -> Result<u64, ApiError> {
    let _share = app.query_shares.take(&opened.caller.subject).await?;
    let mut connection = source_of(app, &opened.dataset).await?.for_query().await?;
    Ok(query.count(&mut connection).await?)
}

async fn count_rows_of_bundle(
    app: &App,
    opened: &OpenedBundle,
    permitted: &PermittedExport,
) -> Result<u64, ApiError> {
    let rows = with_resolved_days(permitted.export.selection.clone())?;
    let asked = BundleRequest::parse(&opened.bundle, &opened.caller, &bundle_pairs(&rows))?;
    let parts = asked.queries(&opened.bundle, &permitted.right)?;
    let _share = app.query_shares.take(&opened.caller.subject).await?;
    let mut connection = app.source.for_query().await?;
    let mut rows = 0;
    for part in parts {
        rows += part.query.count(&mut connection).await?;
    }
    Ok(rows)
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
