//! A request becomes an export that can be recorded. The caller's rights are checked before anything else of it.

use api::datasets::RowsRequest;
use api::exports::{ExportRequest, ExportType};
use jiff::Timestamp;
use serde_json::Value;
use uuid::Uuid;
use wasm_export::Options;
use wasm_export::options::{Compression, Format};

use crate::app::App;
use crate::auth::Caller;
use crate::datasets::definition::Usage;
use crate::datasets::words::{PairList, WORKSPACE};
use crate::datasets::{BundleRequest, Query, Selection};
use crate::error::ApiError;
use crate::exports::ExportError;
use crate::exports::new_export::{NewExport, Requester, bundle_pairs};
use crate::exports::record::RecordedScope;
use crate::file;
use crate::parameter::ParameterError;
use crate::routes::dataset_access::{Opened, OpenedBundle, open, open_bundle, slug_for};

/// The greatest priority, and the least one with a minus.
const PRIORITY_MAX: i16 = 10;

/// An export of a dataset or a bundle, as one of the faces of the API understands it.
#[derive(Clone)]
pub struct Order {
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

/// What is planned of an order: whose rows, and which file.
struct Planned {
    caller: Caller,
    kind: ExportType,
    scope: RecordedScope,
    options: Options,
    file_name: String,
}

impl Order {
    /// Reads a request of `POST /api/exports`.
    ///
    /// # Errors
    /// [`ApiError::Export`] with [`ExportError::NotSupported`]; [`ApiError::Parameter`] for an unknown option.
    pub fn new(request: ExportRequest) -> Result<Self, ApiError> {
        refuse_unsupported(&request)?;
        let parameters = serde_json::to_value(&request).map_err(|_| ApiError::Internal)?;
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
            dataset: request.dataset,
            workspace: request.workspace,
            rows: RowsRequest {
                filters: request.filters,
                columns: request.columns,
                limit: request.limit,
                sort: request.sort,
                zone: request.zone,
                include_system_fields: request.include_system_fields,
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

    /// Checks that the caller may export these rows, and that the file can be made of them.
    ///
    /// # Errors
    /// Those of a direct export; [`ApiError::Export`] with [`ExportError::Priority`]; [`ApiError::Parameter`].
    pub async fn check(self, app: &App, caller: Caller) -> Result<NewExport, ApiError> {
        let catalog = app.catalog.get();
        let is_dataset = catalog
            .get(&self.dataset)
            .is_some_and(|dataset| dataset.is_here());
        let planned = match !is_dataset && catalog.bundle(&self.dataset).is_some() {
            true => self.plan_bundle(app, caller).await?,
            false => self.plan_dataset(app, caller).await?,
        };
        let caller = &planned.caller;
        self.check_priority(caller)?;
        let workspace_id = caller.workspace().map(str::to_owned);
        let retention_hours = self.retention(app, planned.kind, workspace_id.is_some())?;
        Ok(NewExport {
            id: Uuid::now_v7(),
            requester: Requester::new(caller),
            scope: planned.scope,
            workspace_id,
            export_type: planned.kind,
            dataset: self.dataset,
            format: planned.options.format.word().to_owned(),
            options: planned.options,
            parameters: self.parameters,
            selection: self.rows,
            file_name: planned.file_name,
            priority: self.priority,
            not_before: self.scheduled_at,
            retention_hours,
            total_items: None,
            parent_id: None,
        })
    }

    /// Returns the dataset and the rows, with the caller within the workspace.
    async fn open(&self, app: &App, caller: Caller) -> Result<(Opened, RowsRequest), ApiError> {
        let opened = open(app, caller, &self.dataset, self.workspace_pairs(), Usage::Export).await?;
        let rows = RowsRequest {
            // Only rows of workspaces have one, which is taken out of the pairs then.
            workspace: self.workspace.clone().filter(|_| !opened.pairs.is_empty()),
            ..self.rows.clone()
        };
        Ok((opened, rows))
    }

    async fn plan_dataset(&self, app: &App, caller: Caller) -> Result<Planned, ApiError> {
        let (opened, rows) = self.open(app, caller).await?;
        let Opened { dataset, caller, .. } = opened;
        let definition = &dataset.definition;
        let options = self.compressed(app, definition.allowed().parse_options(&self.file_words)?);
        let selection = Selection::parse_body(definition, &rows)?.for_format(definition, options.format);
        if selection.after.is_some() || selection.as_of.is_some() {
            return Err(
                ParameterError::invalid("after", "cannot be used here: the file has all rows").into(),
            );
        }
        let query = Query::new(&dataset, &caller, Usage::Export, &selection)?;
        definition.allowed().check(&query.header(), &options)?;
        let scope = RecordedScope::new(query.scope(), &caller);
        let file_name = definition.file_name(&caller, &options, Timestamp::now());
        Ok(Planned {
            scope,
            kind: ExportType::Dataset,
            file_name,
            options,
            caller,
        })
    }

    async fn plan_bundle(&self, app: &App, caller: Caller) -> Result<Planned, ApiError> {
        let opened = open_bundle(app, caller, &self.dataset, self.workspace_pairs(), None).await?;
        let OpenedBundle {
            bundle,
            caller,
            mut pairs,
        } = opened;
        pairs.extend(bundle_pairs(&self.rows));
        let asked = BundleRequest::parse(&bundle, &caller, &pairs)?;
        let options = file::parse_options(&self.file_words)?;
        let is_chosen = file::is_format_chosen(&self.file_words);
        let format = match is_chosen {
            true => options.format,
            false => bundle.bundle.definition.formats.default(),
        };
        let options = bundle.options(self.compressed(app, Options { format, ..options }), true)?;
        let slug = slug_for(app, &caller, &bundle).await?;
        let definition = &bundle.bundle.definition;
        let file_name = definition.file_name(&asked.caller, slug.as_deref(), &options, Timestamp::now());
        Ok(Planned {
            scope: RecordedScope::new(&asked.caller.scope(), &caller),
            kind: ExportType::from_word(&definition.export_type).unwrap_or(ExportType::Dataset),
            file_name,
            options,
            caller,
        })
    }

    fn workspace_pairs(&self) -> PairList {
        let workspace = self.workspace.as_ref();
        workspace
            .map(|workspace| (WORKSPACE.to_owned(), workspace.clone()))
            .into_iter()
            .collect()
    }

    /// Compresses the file with gzip if no compression is chosen. A workbook is compressed already.
    fn compressed(&self, app: &App, options: Options) -> Options {
        let is_chosen = self.file_words.iter().any(|(name, _)| name == "compression");
        match app.exports.options().compression && !is_chosen && options.format != Format::Xlsx {
            true => Options {
                compression: Compression::Gzip,
                ..options
            },
            false => options,
        }
    }

    fn check_priority(&self, caller: &Caller) -> Result<(), ApiError> {
        if !(-PRIORITY_MAX..=PRIORITY_MAX).contains(&self.priority) {
            let problem = format!("must be a whole number from -{PRIORITY_MAX} to {PRIORITY_MAX}");
            return Err(ParameterError::invalid("priority", problem).into());
        }
        match self.priority > 0 && !caller.is_administrator() {
            true => Err(ExportError::Priority.into()),
            false => Ok(()),
        }
    }

    fn retention(&self, app: &App, kind: ExportType, is_of_workspace: bool) -> Result<u32, ApiError> {
        let options = app.exports.options();
        let max = options.retention_hours_max;
        match self.retention_hours {
            None => Ok(options.default_retention(kind, is_of_workspace)),
            Some(hours) if (1..=max).contains(&hours) => Ok(hours),
            Some(_) => {
                let problem =
                    format!("must be a whole number from 1 to {max} (DECANT_EXPORT_RETENTION_MAX_DAYS)");
                Err(ParameterError::invalid("retentionHours", problem).into())
            }
        }
    }
}

/// Counts the rows of a dataset that the caller may export. A bundle counts as none.
///
/// # Errors
/// Those of a direct export.
pub async fn count_rows(app: &App, caller: Caller, order: &Order) -> Result<u64, ApiError> {
    if app.catalog.get().bundle(&order.dataset).is_some() {
        return Ok(0);
    }
    let (opened, rows) = order.open(app, caller).await?;
    let Opened { dataset, caller, .. } = opened;
    let selection = Selection::parse_body(&dataset.definition, &rows)?;
    let query = Query::new(&dataset, &caller, Usage::Export, &selection)?;
    let _share = app.query_shares.take(&caller.subject).await?;
    let mut connection = app.source.for_query().await?;
    let sql = query.count(&mut connection).await?.sql;
    let rows: i64 = sqlx::query_scalar(sql).fetch_one(&mut *connection).await?;
    Ok(rows.unsigned_abs())
}

/// Refuses the members that have no effect yet, by name.
fn refuse_unsupported(request: &ExportRequest) -> Result<(), ExportError> {
    let members = [
        ("delivery", &request.delivery),
        ("notify", &request.notify),
        ("encryption", &request.encryption),
        ("recurrence", &request.recurrence),
        ("template", &request.template),
    ];
    match members.into_iter().find(|(_, value)| value.is_some()) {
        Some((member, _)) => Err(ExportError::NotSupported(member)),
        None => Ok(()),
    }
}

/// Checks that an option is a word of a file, other than those that are members of the body.
fn check_option(name: &str) -> Result<(), ParameterError> {
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
