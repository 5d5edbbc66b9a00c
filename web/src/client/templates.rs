//! Requests about templates of exports.

use api::export_templates::{
    ExportTemplate, ExportTemplateAnswer, ExportTemplateList, ExportTemplateRequest,
};
use wasm_export::rows::Problem;

use super::request::{delete, get, post};
use crate::route::path_part;

const TEMPLATES_URL: &str = "api/exports/templates";

/// Returns the built-in templates, the visitor's own ones and the shared ones.
pub async fn templates() -> Result<Vec<ExportTemplate>, Problem> {
    let ExportTemplateList { templates } = get(TEMPLATES_URL).await?.json().await?;
    Ok(templates)
}

pub async fn save_template(request: &ExportTemplateRequest) -> Result<ExportTemplate, Problem> {
    let ExportTemplateAnswer { template } = post(TEMPLATES_URL, request).await?.json().await?;
    Ok(template)
}

pub async fn delete_template(id: &str) -> Result<(), Problem> {
    delete(&format!("{TEMPLATES_URL}/{}", path_part(id)))
        .await
        .map(drop)
}
