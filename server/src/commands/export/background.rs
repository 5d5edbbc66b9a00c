//! `decant export --background`: a worker makes the file, after the command has ended.

use std::collections::BTreeMap;

use api::datasets::{FilterValues, RowsRequest};
use api::exports::{ExportRequest, OptionValue};

use crate::auth::Caller;
use crate::commands::connection::Connection;
use crate::commands::exports::open_store;
use crate::commands::outcome::Outcome;
use crate::commands::standard_streams::{print, report};
use crate::config::Settings;
use crate::datasets::words::{PairList, SYSTEM_FIELDS, WORKSPACE};
use crate::exports::idempotency::StoredAnswer;
use crate::exports::new_export::NewExport;
use crate::exports::store::Creation;
use crate::file;
use crate::parameter::ParameterError;

/// Returns the request of `POST /api/exports` for rows, and for the file that the flags describe.
pub(super) fn request(
    dataset: &str,
    rows: RowsRequest,
    workspace: Option<String>,
    flags: &PairList,
) -> ExportRequest {
    let is_given = |value: &str| !value.trim().is_empty();
    let mut words: BTreeMap<String, OptionValue> = flags
        .iter()
        .filter(|(name, value)| file::WORDS.iter().any(|(word, _)| word == name) && is_given(value))
        .map(|(name, value)| (name.clone(), OptionValue(value.trim().to_owned())))
        .collect();
    let format = words.remove("format").map(|OptionValue(format)| format);
    ExportRequest {
        dataset: dataset.to_owned(),
        format,
        filters: rows.filters,
        columns: rows.columns,
        limit: rows.limit,
        sort: rows.sort,
        zone: rows.zone,
        include_system_fields: rows.include_system_fields.then_some(true),
        options: words,
        workspace,
        ..ExportRequest::default()
    }
}

/// Returns the rows of a bundle that the flags choose.
pub(super) fn rows_of_bundle(flags: &PairList) -> RowsRequest {
    let of_rows = file::without_file_words(flags).into_iter();
    let (mut rows, mut filters) = (RowsRequest::default(), BTreeMap::<String, FilterValues>::new());
    for (name, value) in of_rows.filter(|(name, _)| name != WORKSPACE) {
        match name.as_str() {
            "zone" => rows.zone = Some(value),
            // Other values than these are `false`, or were refused.
            SYSTEM_FIELDS => rows.include_system_fields = matches!(value.trim(), "true" | "1" | "on"),
            _ => filters.entry(name).or_default().0.push(value),
        }
    }
    RowsRequest { filters, ..rows }
}

/// Refuses the words of a resumed export, as `POST /api/exports` does.
///
/// # Errors
/// [`ParameterError`] that names the word.
pub(super) fn refuse_resuming(flags: &PairList) -> Result<(), ParameterError> {
    let resuming = flags.iter().find(|(name, _)| name == "after" || name == "as_of");
    match resuming {
        Some((name, _)) => Err(ParameterError::invalid(
            name,
            "cannot be used with --background: the file has all rows",
        )),
        None => Ok(()),
    }
}

/// Records the export, and prints its id.
pub(super) async fn enqueue(
    connection: &Connection,
    settings: &Settings,
    caller: &Caller,
    export: NewExport,
) -> Outcome {
    let (store, _) = open_store(connection, settings);
    let id = export.id;
    // Only a request has an answer.
    let no_answer = |_: &_| StoredAnswer {
        status: 0,
        body: String::new(),
        location: None,
    };
    let creation = Creation {
        caller,
        exports: vec![export],
        idempotency: None,
        answer: &no_answer,
    };
    store.create(creation).await?;
    // The store's own notice may come too late: this process ends.
    store.notices().queued(&[id]).await;
    print(id)?;
    report(format_args!(
        "The export waits for a worker. `decant exports show {id}` prints how far it is, and `decant exports fetch {id}` gets its \
         file."
    ));
    Ok(())
}
