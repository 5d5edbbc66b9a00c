//! Templates: those that are built in, and how a request takes its values from one.

use std::collections::BTreeMap;

use api::datasets::{DateRange, RowsRequest};
use api::export_templates::{ExportTemplate, TemplateParameters};
use api::exports::{ExportRequest, ExportType};

/// Returns the built-in templates.
#[must_use]
pub fn built_in() -> Vec<ExportTemplate> {
    use ExportType::{BulkData, Dataset, UserData};
    let template =
        |id: &str, name: &str, description: &str, kind, dataset: &str, format: &str| ExportTemplate {
            id: id.to_owned(),
            name: name.to_owned(),
            description: Some(description.to_owned()),
            export_type: kind,
            dataset: dataset.to_owned(),
            format: format.to_owned(),
            parameters: TemplateParameters::default(),
            shared: true,
            built_in: true,
            created_by: None,
            created_at: None,
            updated_at: None,
        };
    let of_person =
        |id, name, description, format| template(id, name, description, UserData, "user-data", format);
    let of_all =
        |id, name, description, format| template(id, name, description, BulkData, "bulk-data", format);
    vec![
        of_person(
            "user-data-json",
            "User data JSON",
            "Everything about one person, as JSON.",
            "json",
        ),
        of_person(
            "user-data-csv",
            "User data CSV",
            "Everything about one person, as a zip archive of CSV files.",
            "csv",
        ),
        of_all(
            "bulk-json",
            "Bulk JSON",
            "All users and their files, as JSON.",
            "json",
        ),
        of_all(
            "bulk-csv",
            "Bulk CSV",
            "All users and their files, as a zip archive of CSV files.",
            "csv",
        ),
        ExportTemplate {
            parameters: TemplateParameters {
                date_range: Some(DateRange {
                    start: Some("-30d".to_owned()),
                    end: None,
                }),
                ..TemplateParameters::default()
            },
            ..template(
                "recent-files",
                "Recent files only",
                "The files that were saved in the last 30 days.",
                Dataset,
                "saved-files",
                "json",
            )
        },
    ]
}

/// Returns whether a built-in template has this id or name.
#[must_use]
pub fn is_built_in(reference: &str) -> bool {
    built_in()
        .iter()
        .any(|template| template.id == reference || template.name == reference)
}

/// Fills what a request leaves out with the values of a template. Filters and options count one by one.
#[must_use]
pub fn completed(request: ExportRequest, template: &ExportTemplate) -> ExportRequest {
    let of_template = template.parameters.clone();
    ExportRequest {
        dataset: match request.dataset.is_empty() {
            true => template.dataset.clone(),
            false => request.dataset,
        },
        format: request.format.or_else(|| Some(template.format.clone())),
        filters: overridden(of_template.filters, request.filters),
        columns: request.columns.or(of_template.columns),
        limit: request.limit.or(of_template.limit),
        sort: request.sort.or(of_template.sort),
        zone: request.zone.or(of_template.zone),
        date_range: request.date_range.or(of_template.date_range),
        include_system_fields: request
            .include_system_fields
            .or(of_template.include_system_fields),
        options: overridden(of_template.options, request.options),
        ..request
    }
}

/// Returns the rows of a template.
#[must_use]
pub fn rows_of(parameters: TemplateParameters) -> RowsRequest {
    RowsRequest {
        filters: parameters.filters,
        columns: parameters.columns,
        limit: parameters.limit,
        sort: parameters.sort,
        zone: parameters.zone,
        date_range: parameters.date_range,
        include_system_fields: parameters.include_system_fields.unwrap_or_default(),
        ..RowsRequest::default()
    }
}

/// Returns the values of a template with those of a request in their place.
#[must_use]
pub fn overridden<T>(
    mut of_template: BTreeMap<String, T>,
    of_request: BTreeMap<String, T>,
) -> BTreeMap<String, T> {
    of_template.extend(of_request);
    of_template
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn completed_with(request: Value, parameters: Value) -> Value {
        let template = ExportTemplate {
            parameters: serde_json::from_value(parameters).unwrap(),
            ..built_in().remove(4)
        };
        let request = serde_json::from_value(request).unwrap();
        serde_json::to_value(completed(request, &template)).unwrap()
    }

    #[test]
    fn members_of_a_request_override_those_of_the_template() {
        let parameters = json!({ "filters": { "a": "1", "b": "2" }, "columns": ["x"], "limit": 7, "zone": "Asia/Shanghai",
            "dateRange": { "start": "-30d" }, "includeSystemFields": true, "options": { "bom": "true", "guard": "strict" } });
        let bare = completed_with(json!({ "template": "t" }), parameters.clone());
        assert_eq!(
            bare,
            json!({ "dataset": "saved-files", "format": "json", "template": "t", "filters": { "a": ["1"], "b": ["2"] },
                "columns": ["x"], "limit": 7, "zone": "Asia/Shanghai", "dateRange": { "start": "-30d" },
                "includeSystemFields": true, "options": { "bom": "true", "guard": "strict" }, "priority": 0 })
        );
        let request = json!({ "dataset": "d", "format": "csv", "filters": { "b": "3" }, "columns": ["y"], "limit": 9, "zone": "UTC",
            "dateRange": { "end": "-1d" }, "includeSystemFields": false, "options": { "guard": "off" }, "priority": -1 });
        assert_eq!(
            completed_with(request, parameters),
            json!({ "dataset": "d", "format": "csv", "filters": { "a": ["1"], "b": ["3"] }, "columns": ["y"], "limit": 9,
                "zone": "UTC", "dateRange": { "end": "-1d" }, "includeSystemFields": false,
                "options": { "bom": "true", "guard": "off" }, "priority": -1 })
        );
    }

    #[test]
    fn the_built_in_templates_are_five_with_ids_and_names_of_their_own() {
        let templates = built_in();
        assert_eq!(templates.len(), 5);
        for (at, template) in templates.iter().enumerate() {
            let others = templates.iter().skip(at + 1);
            assert!(
                others
                    .clone()
                    .all(|other| other.id != template.id && other.name != template.name)
            );
            assert!(is_built_in(&template.id) && is_built_in(&template.name));
        }
    }
}
