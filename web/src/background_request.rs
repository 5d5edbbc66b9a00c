//! The request for a background export, from the choices of the page.

use std::collections::BTreeMap;

use api::datasets::FilterValues;
use api::exports::{ExportRequest, OptionValue};
use wasm_export::Options;

use crate::export_command::of_file;
use crate::route::BundleChoice;
use crate::selection::Selection;

/// Returns the request for a file of a dataset.
pub fn of_dataset(dataset: &str, selection: &Selection, options: &Options) -> ExportRequest {
    let rows = selection.rows_request();
    ExportRequest {
        dataset: dataset.to_owned(),
        filters: rows.filters,
        columns: rows.columns,
        sort: rows.sort,
        zone: rows.zone,
        workspace: rows.workspace,
        ..of_options(options)
    }
}

/// Returns the request for a file of a bundle.
pub fn of_bundle(bundle: &str, choice: &BundleChoice, options: &Options) -> ExportRequest {
    let given = [
        ("userId", &choice.person),
        ("start", &choice.start),
        ("end", &choice.end),
    ];
    let filters = given
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), FilterValues(vec![value.clone()?]))));
    ExportRequest {
        dataset: bundle.to_owned(),
        filters: filters.collect(),
        zone: choice.zone.clone(),
        workspace: choice.workspace.clone(),
        ..of_options(options)
    }
}

/// The compression is always named, because the server's default differs from the page's.
fn of_options(options: &Options) -> ExportRequest {
    let words = of_file(options).into_iter().filter(|(name, _)| name != "format");
    let mut words: BTreeMap<_, _> = words.map(|(name, value)| (name, OptionValue(value))).collect();
    let compression = options.compression.word().to_owned();
    words.insert("compression".to_owned(), OptionValue(compression));
    ExportRequest {
        format: Some(options.format.word().to_owned()),
        options: words,
        ..ExportRequest::default()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn options(json: &str) -> Options {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn a_dataset_has_its_selection_and_the_changed_options() {
        let selection = Selection::parse(
            "workspace=7&model=a&sort=reversed&columns=id,model&zone=UTC&limit=100&after=x.9",
        );
        let options = options(r#"{"format":"json","metadata":"true","zone":"UTC"}"#);
        let request = serde_json::to_value(of_dataset("alerts", &selection, &options)).unwrap();
        assert_eq!(
            request,
            json!({
                "dataset": "alerts", "format": "json", "filters": { "model": ["a"] }, "columns": ["id", "model"],
                "sort": "reversed", "zone": "UTC", "workspace": "7", "priority": 0,
                "options": { "compression": "none", "metadata": "true" },
            })
        );
    }

    #[test]
    fn a_bundle_has_a_person_and_days() {
        let choice = BundleChoice {
            person: Some("7".to_owned()),
            start: Some("2026-01-01".to_owned()),
            zone: Some("UTC".to_owned()),
            ..BundleChoice::default()
        };
        let options = options(r#"{"format":"xml","compression":"gzip","language":"zh-CN"}"#);
        let request = serde_json::to_value(of_bundle("user-data", &choice, &options)).unwrap();
        assert_eq!(
            request,
            json!({
                "dataset": "user-data", "format": "xml", "filters": { "userId": ["7"], "start": ["2026-01-01"] },
                "zone": "UTC", "priority": 0, "options": { "compression": "gzip", "language": "zh-CN" },
            })
        );
    }
}
