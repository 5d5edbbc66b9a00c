//! Whether a schedule can have runs with new rows only.

use crate::app::App;
use crate::datasets::increment::INCREMENTAL;
use crate::datasets::settled::{Unsettled, check_visible};
use crate::error::ApiError;
use crate::exports::new_export::NewExport;
use crate::parameter::ParameterError;
use crate::routes::dataset_access::source_of;

/// Checks that the dataset of an export declares how its rows come, and that the request leaves the times to the runs. The database
/// must show the transactions that write.
///
/// # Errors
/// [`ApiError::Parameter`] with the reason; the database's errors.
pub async fn check_increments(app: &App, export: &NewExport) -> Result<(), ApiError> {
    let catalog = app.catalog.get();
    let dataset = catalog.get(&export.dataset).filter(|dataset| dataset.is_here());
    let dataset = dataset.ok_or_else(|| {
        let problem = "is not possible for a bundle, whose parts are read as a whole; name a dataset";
        ParameterError::invalid(INCREMENTAL, problem)
    })?;
    dataset.definition.check_increments(&export.selection)?;
    let mut connection = source_of(app, dataset).await?.for_query().await?;
    match check_visible(&mut connection).await {
        Ok(()) => Ok(()),
        Err(Unsettled::Database(error)) => Err(error.into()),
        Err(reason) => {
            Err(ParameterError::invalid(INCREMENTAL, format!("is not possible here: {reason}")).into())
        }
    }
}
