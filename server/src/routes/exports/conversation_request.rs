//! A request for a file of conversations becomes an export that can be recorded.

use std::collections::BTreeMap;

use api::conversation_exports::{
    ConversationExportConfig, ConversationExportRequest, ConversationFilters, ConversationScope,
};
use api::datasets::{FilterValues, RowsRequest};
use api::exports::ExportType;
use jiff::Timestamp;
use wasm_export::file_name::from_pattern;
use wasm_export::options::Format;

use super::order::{self, count_rows};
use crate::app::App;
use crate::auth::Caller;
use crate::datasets::words::PairList;
use crate::error::ApiError;
use crate::exports::ExportError;
use crate::exports::new_export::NewExport;
use crate::exports::order::Order;
use crate::parameter::ParameterError;

/// The most ids of a request.
const IDS_MAX: usize = 10_000;

/// The dataset with an object of training data for each conversation.
const TRAINING: &str = "conversation-training";

/// The filter of the conversations' ids.
const IDS: &str = "ids";

/// Returns the export that a request asks for, and the number of its conversations.
pub async fn check(
    app: &App,
    caller: &Caller,
    body: ConversationExportRequest,
) -> Result<(NewExport, u64), ApiError> {
    let order = order_of(app, &body)?;
    let counted = Order {
        dataset: counted_dataset(&order.dataset).to_owned(),
        ..order.clone()
    };
    let count = count_rows(app, caller.clone(), &counted).await?;
    if count == 0 {
        return Err(ExportError::NoConversations.into());
    }
    let permissions = app.permissions.of(caller).await?;
    let export = order::check(app, caller.clone(), &permissions, order)
        .await?
        .export;
    let scope = body.config.scope;
    let counted_name = file_name_pattern(scope, &count.to_string());
    Ok((
        NewExport {
            file_name: from_pattern(&counted_name, &export.options, Timestamp::now().as_second()),
            // Those of a repetition are not counted.
            file_name_pattern: Some(file_name_pattern(scope, UNCOUNTED)),
            total_items: Some(count),
            ..export
        },
        count,
    ))
}

/// Returns the order of a request. Its conversations are not counted.
pub fn order_of(app: &App, body: &ConversationExportRequest) -> Result<Order, ApiError> {
    let rows = rows_of(body)?;
    let format = format_of(&body.config.format)?;
    let parameters = serde_json::to_value(body).map_err(|_| ApiError::Internal)?;
    Ok(Order {
        kind: Some(ExportType::Conversations),
        dataset: dataset_of(format).to_owned(),
        workspace: None,
        rows,
        file_words: file_words(format),
        parameters,
        priority: 0,
        scheduled_at: None,
        retention_hours: Some(app.exports.options().conversation_retention_hours),
    })
}

/// The last part of the name of a file whose conversations are not counted before.
pub const UNCOUNTED: &str = "{time}";

/// Returns the name of a file with the placeholder `{date}`. `end` is its last part.
pub fn file_name_pattern(scope: ConversationScope, end: &str) -> String {
    format!("training-data-{}-{{date}}-{end}", scope_word(scope))
}

/// Returns the dataset with the rows of the file.
fn dataset_of(format: Format) -> &'static str {
    match format {
        Format::Jsonl => TRAINING,
        Format::Csv | Format::Xlsx | Format::Markdown => "conversation-turns",
        _ => "conversations",
    }
}

/// Returns the dataset with one row for each conversation of a file with rows of `dataset`.
fn counted_dataset(dataset: &str) -> &'static str {
    match dataset {
        TRAINING => TRAINING,
        _ => "conversations",
    }
}

fn format_of(word: &str) -> Result<Format, ParameterError> {
    let format = word.parse().ok().filter(|format| *format != Format::Text);
    format.ok_or_else(|| {
        let words = Format::WORDS.iter().filter(|word| **word != Format::Text.word());
        let words = words.copied().collect::<Vec<_>>().join(", ");
        ParameterError::invalid("config.format", format!("must be one of {words}"))
    })
}

/// Returns the options of the file: a transcript in Markdown, and no compression, since its name is that of the format.
fn file_words(format: Format) -> PairList {
    let layout = (format == Format::Markdown).then_some(("layout", "transcript"));
    let words = [("format", format.word()), ("compression", "none")];
    let words = words.into_iter().chain(layout);
    words
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

fn scope_word(scope: ConversationScope) -> &'static str {
    match scope {
        ConversationScope::All => "all",
        ConversationScope::Selected => "selected",
        ConversationScope::Filtered => "filtered",
    }
}

/// Returns the rows as filters and parameters of the datasets.
fn rows_of(body: &ConversationExportRequest) -> Result<RowsRequest, ParameterError> {
    let mut filters: BTreeMap<String, FilterValues> = parameters_of(&body.config);
    let ids = body.conversation_ids.as_deref().unwrap_or_default();
    let wrong = |problem: &str| Err(ParameterError::invalid("config.scope", problem));
    match (body.config.scope, &body.filters) {
        (ConversationScope::All, _) => {
            filters.insert("status".to_owned(), FilterValues(vec!["approved".to_owned()]));
        }
        (ConversationScope::Selected, _) if ids.is_empty() => {
            return wrong("is selected, which needs `conversationIds` with at least one id");
        }
        (ConversationScope::Selected, _) if ids.len() > IDS_MAX => {
            return Err(ParameterError::invalid(
                "conversationIds",
                format!("must have at most {IDS_MAX} ids"),
            ));
        }
        (ConversationScope::Selected, _) => {
            filters.insert(IDS.to_owned(), FilterValues(ids.to_vec()));
        }
        (ConversationScope::Filtered, None) => {
            return wrong("is filtered, which needs `filters`; an empty object is all your conversations");
        }
        (ConversationScope::Filtered, Some(given)) => filters.extend(filters_of(given)),
    }
    Ok(RowsRequest {
        filters,
        ..RowsRequest::default()
    })
}

fn parameters_of(config: &ConversationExportConfig) -> BTreeMap<String, FilterValues> {
    let parameters = [
        ("includeMetadata", config.include_metadata),
        ("includeQualityScores", config.include_quality_scores),
        ("includeTimestamps", config.include_timestamps),
        ("includeApprovalHistory", config.include_approval_history),
        ("includeParentReferences", config.include_parent_references),
        ("includeFullContent", config.include_full_content),
    ];
    let parameters = parameters.into_iter();
    parameters
        .map(|(name, value)| (name.to_owned(), FilterValues(vec![value.to_string()])))
        .collect()
}

fn filters_of(given: &ConversationFilters) -> impl Iterator<Item = (String, FilterValues)> {
    let one = |value: Option<String>| value.map(|value| vec![value]);
    let number = |value: &Option<serde_json::Number>| value.as_ref().map(|value| vec![value.to_string()]);
    let filters = [
        ("tier", given.tier.clone()),
        ("status", given.status.clone()),
        ("quality_score_min", number(&given.quality_score_min)),
        ("quality_score_max", number(&given.quality_score_max)),
        ("date_from", one(given.date_from.clone())),
        ("date_to", one(given.date_to.clone())),
        ("categories", given.categories.clone()),
        ("search", one(given.search_query.clone())),
    ];
    let filters = filters.into_iter();
    filters.filter_map(|(name, values)| {
        let values = values.filter(|values| !values.is_empty())?;
        Some((name.to_owned(), FilterValues(values)))
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn rows(body: Value) -> Result<BTreeMap<String, Vec<String>>, String> {
        let body: ConversationExportRequest =
            serde_json::from_value(body).map_err(|error| error.to_string())?;
        let rows = rows_of(&body).map_err(|error| error.to_string())?;
        let of_include = |name: &String| name.starts_with("include");
        let filters = rows.filters.into_iter().filter(|(name, _)| !of_include(name));
        Ok(filters.map(|(name, values)| (name, values.0)).collect())
    }

    #[test]
    fn each_scope_has_its_rows() {
        let approved = rows(json!({"config": {"scope": "all", "format": "json"}})).unwrap();
        assert_eq!(approved["status"], ["approved"]);
        let config = json!({"scope": "selected", "format": "json"});
        assert_eq!(
            rows(json!({"config": config, "conversationIds": ["a"]})).unwrap()["ids"],
            ["a"]
        );
        assert!(
            rows(json!({"config": config}))
                .unwrap_err()
                .contains("conversationIds")
        );
        let config = json!({"scope": "filtered", "format": "json"});
        assert!(rows(json!({"config": config})).unwrap_err().contains("filters"));
        assert!(rows(json!({"config": config, "filters": {}})).unwrap().is_empty());
        let filters = json!({"qualityScoreMin": 7.5, "searchQuery": "x", "tier": []});
        let found = rows(json!({"config": config, "filters": filters})).unwrap();
        assert_eq!(found["quality_score_min"], ["7.5"]);
        assert_eq!(
            (found["search"].as_slice(), found.len()),
            (["x".to_owned()].as_slice(), 2)
        );
        assert!(
            rows(json!({"config": {"scope": "all"}}))
                .unwrap_err()
                .contains("format")
        );
        assert!(format_of("pdf").is_err() && format_of("text").is_err());
    }
}
