//! Templates of exports: what a panel takes of one, and one with the choices of a panel.

use std::collections::BTreeMap;

use api::export_templates::{ExportTemplate, ExportTemplateRequest, TemplateParameters};
use api::exports::{ExportRequest, OptionValue};
use serde_json::{Map, Value};
use wasm_export::Options;

use crate::selection::VALUES_SEPARATOR;

/// Returns the options of a template's file; `None` if this version does not know one of their values.
pub fn options(template: &ExportTemplate) -> Option<Options> {
    let words = template.parameters.options.iter();
    let words = words.map(|(name, OptionValue(value))| (name.clone(), Value::String(value.clone())));
    let mut words: Map<_, _> = words.collect();
    words.insert("format".to_owned(), Value::String(template.format.clone()));
    serde_json::from_value(Value::Object(words)).ok()
}

/// Returns the filters of a template as an address has them.
pub fn filters(template: &ExportTemplate) -> BTreeMap<String, String> {
    let filters = template.parameters.filters.iter();
    filters
        .map(|(name, values)| (name.clone(), values.0.join(&VALUES_SEPARATOR.to_string())))
        .collect()
}

/// Returns whether a template has values that no panel shows: days relative to each run, or a greatest number of rows.
pub fn has_more(template: &ExportTemplate) -> bool {
    let TemplateParameters {
        limit,
        date_range,
        include_system_fields,
        ..
    } = &template.parameters;
    limit.is_some() || date_range.is_some() || include_system_fields.is_some()
}

/// Returns a template with the choices of a panel. The rows of a workspace are those of the request that uses it.
pub fn of_export(name: &str, is_shared: bool, export: ExportRequest) -> ExportTemplateRequest {
    ExportTemplateRequest {
        name: name.trim().to_owned(),
        description: None,
        export_type: None,
        dataset: export.dataset,
        format: export.format.unwrap_or_default(),
        parameters: TemplateParameters {
            filters: export.filters,
            columns: export.columns,
            limit: export.limit,
            sort: export.sort,
            zone: export.zone,
            date_range: export.date_range,
            include_system_fields: export.include_system_fields,
            options: export.options,
        },
        shared: is_shared,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use wasm_export::options::{Compression, Format};

    use super::*;

    fn template(parameters: Value) -> ExportTemplate {
        let example = include_str!("../../server/api/examples/export_template_answer.json");
        let example: api::export_templates::ExportTemplateAnswer = serde_json::from_str(example).unwrap();
        ExportTemplate {
            format: "json".to_owned(),
            parameters: serde_json::from_value(parameters).unwrap(),
            ..example.template
        }
    }

    #[test]
    fn a_panel_takes_the_format_the_options_and_the_filters() {
        let template = template(json!({
            "filters": { "model": ["a", "b"], "user": "7" }, "options": { "compression": "gzip", "metadata": "true" },
        }));
        let options = options(&template).unwrap();
        assert_eq!(
            (options.format, options.compression),
            (Format::Json, Compression::Gzip)
        );
        let filters: Vec<_> = filters(&template).into_iter().collect();
        let expected = [("model", "a\nb"), ("user", "7")];
        assert_eq!(
            filters,
            expected.map(|(name, value)| (name.to_owned(), value.to_owned()))
        );
        assert!(!has_more(&template));
    }

    #[test]
    fn a_template_of_an_unknown_value_sets_nothing() {
        let unknown = template(json!({ "options": { "compression": "brotli" } }));
        assert!(options(&unknown).is_none());
        assert!(has_more(&template(json!({ "limit": 5 }))));
    }

    #[test]
    fn the_choices_of_a_panel_become_a_template() {
        let export: ExportRequest = serde_json::from_value(json!({
            "dataset": "alerts", "format": "csv", "workspace": "7", "filters": { "model": ["a"] }, "columns": ["id"],
            "options": { "compression": "none" },
        }))
        .unwrap();
        assert_eq!(
            serde_json::to_value(of_export(" Mine ", true, export)).unwrap(),
            json!({
                "name": "Mine", "dataset": "alerts", "format": "csv", "shared": true,
                "parameters": { "filters": { "model": ["a"] }, "columns": ["id"], "options": { "compression": "none" } },
            })
        );
    }
}
