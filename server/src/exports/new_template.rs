//! A template that is to be recorded.

use api::export_templates::{
    ExportTemplate, ExportTemplateChange, ExportTemplateRequest, TemplateParameters,
};
use api::exports::ExportType;
use serde::Serialize;
use wasm_export::options::Format;

use super::order::check_option;
use super::relative_days::with_resolved_days;
use super::templates::rows_of;
use crate::datasets::words::PairList;
use crate::datasets::{Catalog, Selection};
use crate::file;
use crate::parameter::ParameterError;

/// The greatest numbers of characters of a name and a description.
const NAME_MAX: usize = 100;
const DESCRIPTION_MAX: usize = 1_000;

/// Values of a template. The members are columns of `decant.export_templates`.
#[derive(Clone, Debug, Serialize)]
pub struct NewTemplate {
    pub name: String,
    pub description: Option<String>,
    pub export_type: ExportType,
    /// A dataset, or a bundle.
    pub dataset: String,
    pub format: String,
    pub parameters: TemplateParameters,
    pub shared: bool,
}

impl NewTemplate {
    /// Checks a new template.
    ///
    /// # Errors
    /// [`ParameterError`] that names the member.
    pub fn new(request: ExportTemplateRequest, catalog: &Catalog) -> Result<Self, ParameterError> {
        let kind = kind_of(catalog, &request.dataset)?;
        if let Some(other) = request.export_type.filter(|other| *other != kind) {
            let problem = format!(
                "is {}, and that of `{}` is {}",
                other.word(),
                request.dataset,
                kind.word()
            );
            return Err(ParameterError::invalid("exportType", problem));
        }
        let new = Self {
            name: request.name,
            description: request.description,
            export_type: kind,
            dataset: request.dataset,
            format: request.format,
            parameters: request.parameters,
            shared: request.shared,
        };
        new.checked(catalog)
    }

    /// Checks a template with some new values.
    ///
    /// # Errors
    /// As of [`Self::new`].
    pub fn changed(
        template: ExportTemplate,
        change: ExportTemplateChange,
        catalog: &Catalog,
    ) -> Result<Self, ParameterError> {
        let dataset = change.dataset.unwrap_or(template.dataset);
        let new = Self {
            name: change.name.unwrap_or(template.name),
            description: change.description.or(template.description),
            export_type: kind_of(catalog, &dataset)?,
            dataset,
            format: change.format.unwrap_or(template.format),
            parameters: change.parameters.unwrap_or(template.parameters),
            shared: change.shared.unwrap_or(template.shared),
        };
        new.checked(catalog)
    }

    fn checked(mut self, catalog: &Catalog) -> Result<Self, ParameterError> {
        self.name = text("name", &self.name, NAME_MAX)?.to_owned();
        if self.name.is_empty() || self.name.bytes().all(|byte| byte.is_ascii_digit()) {
            let problem = "must have a letter: a number is the id of a template";
            return Err(ParameterError::invalid("name", problem));
        }
        let description = self.description.as_deref().unwrap_or_default();
        let description = text("description", description, DESCRIPTION_MAX)?;
        self.description = Some(description.to_owned()).filter(|text| !text.is_empty());
        self.check_file(catalog)?;
        self.check_rows(catalog)?;
        Ok(self)
    }

    fn check_file(&self, catalog: &Catalog) -> Result<(), ParameterError> {
        let mut words: PairList = vec![("format".to_owned(), self.format.clone())];
        for (name, value) in &self.parameters.options {
            check_option(name)?;
            words.push((name.clone(), value.0.clone()));
        }
        let format = file::parse_options(&words)?.format;
        let allowed: Option<&[Format]> = match (catalog.get(&self.dataset), catalog.bundle(&self.dataset)) {
            (Some(dataset), _) => dataset.definition.formats.as_deref(),
            (None, Some(bundle)) => Some(bundle.definition.formats.all()),
            (None, None) => None,
        };
        match allowed.is_none_or(|allowed| allowed.contains(&format)) {
            true => Ok(()),
            false => Err(ParameterError::invalid(
                "format",
                format!(
                    "cannot be {}: `{}` has other formats",
                    format.word(),
                    self.dataset
                ),
            )),
        }
    }

    /// Checks the rows of a dataset. Those of a bundle are checked when an export is made, because they depend on the person.
    fn check_rows(&self, catalog: &Catalog) -> Result<(), ParameterError> {
        let parameters = &self.parameters;
        // PostgreSQL's JSON cannot hold it.
        let has_nul = serde_json::to_string(parameters).is_ok_and(|json| json.contains("\\u0000"));
        if has_nul {
            return Err(ParameterError::invalid("parameters", "must have no NUL"));
        }
        let rows = with_resolved_days(rows_of(parameters.clone()))?;
        match catalog.get(&self.dataset) {
            Some(dataset) => Selection::parse_body(&dataset.definition, &rows).map(drop),
            None => Ok(()),
        }
    }
}

fn kind_of(catalog: &Catalog, name: &str) -> Result<ExportType, ParameterError> {
    match (catalog.get(name), catalog.bundle(name)) {
        (Some(_), _) => Ok(ExportType::Dataset),
        (None, Some(bundle)) => Ok(bundle.export_type()),
        (None, None) => Err(ParameterError::invalid(
            "dataset",
            "is no dataset and no bundle; /api/datasets and /api/bundles list them",
        )),
    }
}

/// Returns a text without blanks around it.
fn text<'a>(field: &str, text: &'a str, max: usize) -> Result<&'a str, ParameterError> {
    let text = text.trim();
    match text.chars().count() > max || text.contains('\0') {
        true => Err(ParameterError::invalid(
            field,
            format!("must have at most {max} characters, and no NUL"),
        )),
        false => Ok(text),
    }
}
