//! Templates: values for requests that create exports.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::datasets::{DateRange, FilterValues};
use crate::exports::{ExportType, OptionValue};

crate::examples! {
    ExportTemplateRequest = "export_template_request",
    ExportTemplateChange = "export_template_change",
    ExportTemplateAnswer = "export_template_answer",
    ExportTemplateList = "export_template_list",
}

/// The rows and the file of a template, in the words of `POST /api/exports`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct TemplateParameters {
    /// Filters and parameters by name, each with a value or a list of them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[cfg_attr(feature = "openapi", schema(value_type = BTreeMap<String, serde_json::Value>))]
    pub filters: BTreeMap<String, FilterValues>,
    /// Names of columns, in the order of the file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub columns: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u64>,
    /// `declared` or `reversed`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sort: Option<String>,
    /// Of the file, and of times without a zone: an IANA name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone: Option<String>,
    /// `-30d` is the day 30 days before the one on which the export is made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub date_range: Option<DateRange>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub include_system_fields: Option<bool>,
    /// Options of the file by their words in an address.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[cfg_attr(feature = "openapi", schema(value_type = BTreeMap<String, serde_json::Value>))]
    pub options: BTreeMap<String, OptionValue>,
}

/// A template of the caller that is to be created.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct ExportTemplateRequest {
    /// 1 to 100 characters, and no whole number.
    pub name: String,
    /// A text for people, of at most 1,000 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Absent: that of the dataset or bundle.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub export_type: Option<ExportType>,
    /// The name of a dataset, or of a bundle.
    pub dataset: String,
    /// The word of a format.
    pub format: String,
    #[serde(default)]
    pub parameters: TemplateParameters,
    /// Whether everybody who may use the dataset may use the template.
    #[serde(default)]
    pub shared: bool,
}

/// New values of a template. Absent members stay as they are.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct ExportTemplateChange {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// An empty text removes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dataset: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<String>,
    /// They replace all earlier parameters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parameters: Option<TemplateParameters>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shared: Option<bool>,
}

/// A template, as those see it who may use it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct ExportTemplate {
    /// A word for a built-in template, and a number for others.
    pub id: String,
    pub name: String,
    pub description: Option<String>,
    pub export_type: ExportType,
    /// The name of a dataset, or of a bundle.
    pub dataset: String,
    pub format: String,
    pub parameters: TemplateParameters,
    pub shared: bool,
    /// A built-in template is neither changed nor deleted.
    pub built_in: bool,
    /// The person who made it, such as `hub:7`; null for a built-in one.
    pub created_by: Option<String>,
    pub created_at: Option<Timestamp>,
    pub updated_at: Option<Timestamp>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ExportTemplateAnswer {
    pub template: ExportTemplate,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ExportTemplateList {
    /// The built-in ones first, then those of the caller and the shared ones by name.
    pub templates: Vec<ExportTemplate>,
}
