//! An export as a face of the API or the command line asks for it. It is checked and planned as a direct export is.

use api::datasets::RowsRequest;
use api::export_templates::ExportTemplate;
use api::exports::{ExportRequest, ExportType};
use jiff::Timestamp;
use serde_json::Value;
use uuid::Uuid;
use wasm_export::options::{Compression, Format, Options as FileOptions};

use super::deliveries::destinations::without_secrets;
use super::error::ExportError;
use super::new_export::{NewExport, Requester, bundle_pairs};
use super::options::Options;
use super::order_error::OrderError;
use super::record::RecordedScope;
use super::relative_days::with_resolved_days;
use super::templates::completed;
use crate::auth::Caller;
use crate::datasets::definition::{Access, render_file_name};
use crate::datasets::words::{PairList, WORKSPACE};
use crate::datasets::{BundleParts, BundleRequest, Dataset, Query, Selection};
use crate::file;
use crate::parameter::ParameterError;
use crate::permissions::{ExportRight, ExportTarget, Permissions};

/// The greatest priority, and the least one with a minus.
const PRIORITY_MAX: i16 = 10;

/// An export of a dataset or a bundle, as a request or a command asks for it.
#[derive(Clone)]
pub struct Order {
    /// `None`: that of the dataset or the bundle.
    pub kind: Option<ExportType>,
    /// A dataset, or a bundle.
    pub dataset: String,
    pub workspace: Option<String>,
    /// The rows, without the workspace.
    pub rows: RowsRequest,
    /// The words of the file, as in an address.
    pub file_words: PairList,
    /// The body of the request, as the record keeps it.
    pub parameters: Value,
    pub priority: i16,
    pub scheduled_at: Option<Timestamp>,
    pub retention_hours: Option<u32>,
}

/// An export that the caller may create.
#[derive(Clone, Debug)]
pub struct PermittedExport {
    pub export: NewExport,
    /// The export as permissions see it.
    pub target: ExportTarget,
    pub right: ExportRight,
}

/// The file that an order asks for, with the scope of its rows.
struct Planned {
    target: ExportTarget,
    right: ExportRight,
    scope: RecordedScope,
    options: FileOptions,
    file_name_pattern: Option<String>,
}

impl Order {
    /// Reads a request of `POST /api/exports`, whose members override those of a template.
    ///
    /// # Errors
    /// [`ExportError::NotSupported`]; [`OrderError::Parameter`] for an unknown option, and without a dataset.
    pub fn new(request: ExportRequest, template: Option<&ExportTemplate>) -> Result<Self, OrderError> {
        refuse_unsupported(&request)?;
        let request = ExportRequest {
            delivery: request.delivery.as_ref().map(without_secrets),
            ..request
        };
        // A request was read from JSON, so it can be written.
        let parameters = serde_json::to_value(&request).unwrap_or_default();
        let request = match template {
            Some(template) => completed(request, template),
            None => request,
        };
        if request.dataset.is_empty() {
            let problem = "is missing: name a dataset or a bundle, or a template that has one";
            return Err(ParameterError::invalid("dataset", problem).into());
        }
        let mut file_words = PairList::new();
        for (name, value) in &request.options {
            check_option(name)?;
            file_words.push((name.clone(), value.0.clone()));
        }
        let words = [("format", &request.format), ("zone", &request.zone)];
        for (name, value) in words {
            file_words.extend(value.as_ref().map(|value| (name.to_owned(), value.clone())));
        }
        Ok(Self {
            kind: None,
            dataset: request.dataset,
            workspace: request.workspace,
            rows: RowsRequest {
                filters: request.filters,
                columns: request.columns,
                limit: request.limit,
                sort: request.sort,
                zone: request.zone,
                include_system_fields: request.include_system_fields.unwrap_or_default(),
                date_range: request.date_range,
                ..RowsRequest::default()
            },
            file_words,
            parameters,
            priority: request.priority,
            scheduled_at: request.scheduled_at,
            retention_hours: request.retention_hours,
        })
    }

    /// Returns the rows for a dataset: with the workspace where it takes none, so that it is refused.
    #[must_use]
    pub fn rows_of(&self, dataset: &Dataset) -> RowsRequest {
        let is_of_workspaces = dataset.definition.access == Access::Workspace;
        RowsRequest {
            workspace: self.workspace.clone().filter(|_| !is_of_workspaces),
            ..self.rows.clone()
        }
    }

    /// Returns the workspace as a parameter of an address.
    #[must_use]
    pub fn workspace_pairs(&self) -> PairList {
        let workspace = self.workspace.as_ref();
        workspace
            .map(|workspace| (WORKSPACE.to_owned(), workspace.clone()))
            .into_iter()
            .collect()
    }

    /// Checks that the caller may export these rows of a dataset, and that the file can be made of them. The caller is within the
    /// workspace, if the rows are of one.
    ///
    /// # Errors
    /// [`OrderError::Access`], [`OrderError::Parameter`] and [`OrderError::Permission`] as for a direct export;
    /// [`ExportError::Priority`].
    pub fn of_dataset(
        self,
        dataset: &Dataset,
        caller: &Caller,
        permissions: &Permissions,
        settings: &Options,
    ) -> Result<PermittedExport, OrderError> {
        let definition = &dataset.definition;
        let options = self.compressed(settings, definition.allowed().parse_options(&self.file_words)?);
        let rows = with_resolved_days(self.rows_of(dataset))?;
        let selection = Selection::parse_body(definition, &rows)?.for_format(definition, options.format);
        if selection.after.is_some() || selection.as_of.is_some() {
            return Err(
                ParameterError::invalid("after", "cannot be used here: the file has all rows").into(),
            );
        }
        let target = self.target(dataset.export_target(caller, &[options.format]));
        let right = permissions.right_to_export(&target)?;
        let query = Query::to_export(dataset, caller, &right, &selection)?;
        definition.allowed().check(&query.header(), &options)?;
        let planned = Planned {
            scope: RecordedScope::new(query.scope(), caller),
            file_name_pattern: definition.file_name_pattern(caller),
            options,
            target,
            right,
        };
        self.planned(planned, caller, settings)
    }

    /// Checks that the caller may export a bundle, and that the file can be made of it. `pairs` are parameters beside the rows, and
    /// `slug` is the short name of the caller's workspace.
    ///
    /// # Errors
    /// As of [`Self::of_dataset`].
    pub fn of_bundle(
        self,
        bundle: &BundleParts,
        caller: &Caller,
        permissions: &Permissions,
        mut pairs: PairList,
        slug: Option<&str>,
        settings: &Options,
    ) -> Result<PermittedExport, OrderError> {
        pairs.extend(bundle_pairs(&with_resolved_days(self.rows.clone())?));
        let asked = BundleRequest::parse(bundle, caller, &pairs)?;
        let options = file::parse_options(&self.file_words)?;
        let is_chosen = file::is_format_chosen(&self.file_words);
        let definition = &bundle.bundle.definition;
        let format = match is_chosen {
            true => options.format,
            false => definition.formats.default(),
        };
        let options = bundle.options(self.compressed(settings, FileOptions { format, ..options }), true)?;
        let target = self.target(bundle.bundle.export_target(caller, &[options.format]));
        let right = permissions.right_to_export(&target)?;
        let planned = Planned {
            scope: RecordedScope::new(&asked.caller.scope(), caller),
            file_name_pattern: definition.file_name_pattern(&asked.caller, slug),
            options,
            target,
            right,
        };
        self.planned(planned, caller, settings)
    }

    fn planned(
        self,
        planned: Planned,
        caller: &Caller,
        settings: &Options,
    ) -> Result<PermittedExport, OrderError> {
        self.check_priority(caller)?;
        let workspace_id = caller.workspace().map(str::to_owned);
        let retention_hours = self.retention(settings, planned.target.kind, workspace_id.is_some())?;
        let pattern = planned.file_name_pattern.as_deref();
        let export = NewExport {
            id: Uuid::now_v7(),
            requester: Requester::new(caller),
            file_name: render_file_name(pattern, &self.dataset, &planned.options, Timestamp::now()),
            file_name_pattern: planned.file_name_pattern,
            scope: planned.scope,
            workspace_id,
            export_type: planned.target.kind,
            dataset: self.dataset,
            format: planned.options.format.word().to_owned(),
            options: planned.options,
            parameters: self.parameters,
            selection: self.rows,
            priority: self.priority,
            not_before: self.scheduled_at,
            retention_hours,
            total_items: None,
            parent_id: None,
            incremental: false,
            rows_from: None,
            rows_before: None,
            run: None,
            delivery: None,
        };
        Ok(PermittedExport {
            export,
            target: planned.target,
            right: planned.right,
        })
    }

    fn target(&self, target: ExportTarget) -> ExportTarget {
        ExportTarget {
            kind: self.kind.unwrap_or(target.kind),
            ..target
        }
    }

    /// Compresses the file with gzip if no compression is chosen. A workbook is compressed already.
    fn compressed(&self, settings: &Options, options: FileOptions) -> FileOptions {
        let is_chosen = self.file_words.iter().any(|(name, _)| name == "compression");
        match settings.compression && !is_chosen && options.format != Format::Xlsx {
            true => FileOptions {
                compression: Compression::Gzip,
                ..options
            },
            false => options,
        }
    }

    fn check_priority(&self, caller: &Caller) -> Result<(), OrderError> {
        if !(-PRIORITY_MAX..=PRIORITY_MAX).contains(&self.priority) {
            let problem = format!("must be a whole number from -{PRIORITY_MAX} to {PRIORITY_MAX}");
            return Err(ParameterError::invalid("priority", problem).into());
        }
        match self.priority > 0 && !caller.is_administrator() {
            true => Err(ExportError::Priority.into()),
            false => Ok(()),
        }
    }

    fn retention(
        &self,
        settings: &Options,
        kind: ExportType,
        is_of_workspace: bool,
    ) -> Result<u32, OrderError> {
        let max = settings.retention_hours_max;
        match self.retention_hours {
            None => Ok(settings.default_retention(kind, is_of_workspace)),
            Some(hours) if (1..=max).contains(&hours) => Ok(hours),
            Some(_) => {
                let problem =
                    format!("must be a whole number from 1 to {max} (DECANT_EXPORT_RETENTION_MAX_DAYS)");
                Err(ParameterError::invalid("retentionHours", problem).into())
            }
        }
    }
}

/// Refuses the members that have no effect yet, by name.
fn refuse_unsupported(request: &ExportRequest) -> Result<(), ExportError> {
    let members = [
        ("encryption", &request.encryption),
        ("recurrence", &request.recurrence),
    ];
    match members.into_iter().find(|(_, value)| value.is_some()) {
        Some((member, _)) => Err(ExportError::NotSupported(member)),
        None => Ok(()),
    }
}

/// Checks that an option is a word of a file, other than those that are members of the body.
///
/// # Errors
/// [`ParameterError::Unknown`].
pub fn check_option(name: &str) -> Result<(), ParameterError> {
    let words = || {
        file::WORDS
            .iter()
            .map(|(word, _)| *word)
            .filter(|word| *word != "format")
    };
    match words().any(|word| word == name) {
        true => Ok(()),
        false => Err(ParameterError::Unknown {
            field: name.to_owned(),
            known: words().collect::<Vec<_>>().join(", "),
        }),
    }
}
