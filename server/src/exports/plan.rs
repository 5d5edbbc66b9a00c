//! The rows and the formatter of a record, with the rights that its person has now.

use std::sync::Arc;

use api::datasets::RowsRequest;
use uuid::Uuid;
use wasm_export::Options;
use wasm_export::bundle::Contents;

use super::failure::{Failure, unavailable};
use super::new_export::bundle_pairs;
use super::queue::Lease;
use super::record::ExportRecord;
use super::relative_days::with_resolved_days;
use super::run_rows::{increment, without_increment};
use crate::auth::{Authenticator, Caller, Scope};
use crate::datasets::catalog::{Cause, CurrentCatalog, Unavailable};
use crate::datasets::{BundleParts, BundleRequest, Catalog, Dataset, Query, Selection};
use crate::permissions::{ExportRight, PermissionStore, Right};
use crate::rows::Prepared;
use crate::source::Source;
use crate::state::{State, StateError};

/// Plans exports in the database that has their rows.
#[derive(Clone)]
pub struct Planner {
    pub source: Source,
    pub state: State,
    pub catalog: Arc<CurrentCatalog>,
    pub authenticator: Arc<Authenticator>,
    pub permissions: PermissionStore,
}

/// A planned export.
pub(super) struct Plan {
    pub prepared: Prepared,
    pub formatter: PlannedFormatter,
    /// As the manifest of the file shows them.
    pub rows: RowsRequest,
}

/// What makes the file of the rows.
pub(super) enum PlannedFormatter {
    Dataset(Options),
    Bundle(Options, Box<Contents>),
}

impl Planner {
    /// Plans the rows of an export. Its person may see them now, and with the rights of the request.
    ///
    /// # Errors
    /// [`Failure`] with the code `no_longer_allowed` where that is not so.
    pub(super) async fn plan(&self, record: &ExportRecord, lease: &Lease) -> Result<Plan, Failure> {
        let catalog = self.catalog.get();
        let caller = self.caller(record, &catalog).await?;
        let permissions = self.permissions.of(&caller).await?;
        let target = record.target(&catalog, &caller);
        if record.schedule_id.is_some() {
            permissions.check(Right::Schedule, &target)?;
        }
        let right = permissions.right_to_export(&target)?;
        if let Some(dataset) = catalog.get(&record.dataset).filter(|dataset| dataset.is_here()) {
            return self.plan_dataset(record, lease, dataset, (&caller, &right)).await;
        }
        match catalog.bundle(&record.dataset) {
            Some(bundle) => {
                let parts = BundleParts::find(&catalog, bundle);
                let parts = parts.map_err(|_| unavailable(&record.dataset))?;
                self.plan_bundle(record, &parts, &caller, &right).await
            }
            None => Err(unknown(&record.dataset)),
        }
    }

    /// Returns the person of a record as they are now, if they may still export its rows, download the file and have it
    /// delivered.
    ///
    /// # Errors
    /// [`Failure`] with the code `no_longer_allowed` where that is not so.
    pub(super) async fn present_person(&self, record: &ExportRecord) -> Result<Caller, Failure> {
        let catalog = self.catalog.get();
        let caller = self.caller(record, &catalog).await?;
        let permissions = self.permissions.of(&caller).await?;
        let target = record.target(&catalog, &caller);
        let right = permissions.right_to_export(&target)?;
        permissions.check(Right::Deliver, &target)?;
        permissions.check(Right::Download, &target)?;
        let rows = with_resolved_days(record.selection.clone())?;
        if let Some(dataset) = catalog.get(&record.dataset).filter(|dataset| dataset.is_here()) {
            let rows = without_increment(record, &dataset.definition, rows);
            let selection = Selection::parse_body(&dataset.definition, &rows)?;
            let query = Query::to_export(dataset, &caller, &right, &selection)?;
            check_scope(record, query.scope())?;
        } else if let Some(bundle) = catalog.bundle(&record.dataset) {
            let parts = BundleParts::find(&catalog, bundle).map_err(|_| unavailable(&record.dataset))?;
            parts.bundle.check_access(&caller)?;
            let asked = BundleRequest::parse(&parts, &caller, &bundle_pairs(&rows))?;
            check_scope(record, &asked.caller.scope())?;
        } else {
            return Err(unknown(&record.dataset));
        }
        Ok(caller)
    }

    /// Returns the person of a record as they are now, within the workspace if it is of one.
    async fn caller(&self, record: &ExportRecord, catalog: &Catalog) -> Result<Caller, Failure> {
        let gone = || Failure::no_longer_allowed("the credential that asked for it is no longer good");
        let recorded = record.requester().ok_or_else(gone)?;
        let present = self.authenticator.present_caller(&recorded).await?;
        let caller = present.ok_or_else(gone)?;
        let Some(workspace) = &record.workspace_id else {
            return Ok(caller);
        };
        let mut connection = self.source.for_query().await?;
        let found = catalog
            .workspaces()
            .membership(&mut connection, &caller, workspace)
            .await?;
        let membership =
            found.ok_or_else(|| Failure::no_longer_allowed("you are no member of the workspace"))?;
        Ok(caller.within(membership))
    }

    async fn plan_dataset(
        &self,
        record: &ExportRecord,
        lease: &Lease,
        dataset: &Dataset,
        (caller, right): (&Caller, &ExportRight),
    ) -> Result<Plan, Failure> {
        let definition = &dataset.definition;
        match &dataset.unavailable {
            None => {}
            Some(Unavailable {
                cause: Cause::NoState,
                ..
            }) => return Err(StateError::Resting.into()),
            Some(_) => return Err(unavailable(&definition.name)),
        }
        let options = record.options.clone();
        let mut rows = without_increment(record, definition, record.selection.clone());
        let mut selection = Selection::parse_body(definition, &with_resolved_days(rows.clone())?)?
            .for_format(definition, options.format);
        let query = Query::to_export(dataset, caller, right, &selection)?;
        check_scope(record, query.scope())?;
        definition.allowed().check(&query.header(), &options)?;
        let source = dataset.source(&self.source, &self.state).await?;
        let mut connection = source.for_export().await?;
        if record.incremental {
            let incremental = definition.declared_increments()?;
            let increment = increment(record, lease, incremental, &rows, &mut connection).await?;
            rows = increment.add_to(rows, incremental);
            selection = selection.within(definition, incremental, &increment);
        }
        let query = Query::to_export(dataset, caller, right, &selection)?;
        let prepared = Prepared::new(connection, &query, &selection).await?;
        Ok(Plan {
            prepared,
            formatter: PlannedFormatter::Dataset(options),
            rows,
        })
    }

    async fn plan_bundle(
        &self,
        record: &ExportRecord,
        parts: &BundleParts,
        caller: &Caller,
        right: &ExportRight,
    ) -> Result<Plan, Failure> {
        parts.bundle.check_access(caller)?;
        let asked = BundleRequest::parse(
            parts,
            caller,
            &bundle_pairs(&with_resolved_days(record.selection.clone())?),
        )?;
        check_scope(record, &asked.caller.scope())?;
        let queries = asked.queries(parts, right)?;
        let name = &parts.bundle.definition.name;
        let prepared = Prepared::of_bundle(self.source.for_export().await?, name, &queries).await?;
        Ok(Plan {
            prepared,
            formatter: PlannedFormatter::Bundle(record.options.clone(), Box::new(contents(parts, record.id))),
            rows: record.selection.clone(),
        })
    }
}

fn unknown(dataset: &str) -> Failure {
    Failure::lasting(
        "unknown_dataset",
        format!("There is no dataset `{dataset}` any more"),
    )
}

/// Returns what the file of a bundle contains, with the id of the export.
fn contents(parts: &BundleParts, id: Uuid) -> Contents {
    Contents {
        export_id: Some(id.to_string()),
        ..parts.contents()
    }
}

/// Checks that the rows are those of the request. A person with fewer rights than then would get other rows.
fn check_scope(record: &ExportRecord, scope: &Scope) -> Result<(), Failure> {
    match record.scope.is(scope) {
        true => Ok(()),
        false => Err(Failure::no_longer_allowed(
            "you have fewer rights than when you asked for it",
        )),
    }
}
