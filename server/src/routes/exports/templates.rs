//! Templates of exports: listed, created, changed, deleted, and found for a request.

use std::sync::Arc;

use actix_web::http::header;
use actix_web::{HttpResponse, web};
use api::export_templates::{
    ExportTemplate, ExportTemplateAnswer, ExportTemplateChange, ExportTemplateList, ExportTemplateRequest,
};
use api::workspaces::WorkspaceRole;

use crate::app::App;
use crate::audit::Action;
use crate::auth::Caller;
use crate::datasets::Catalog;
use crate::error::ApiError;
use crate::exports::ExportError;
use crate::exports::new_template::NewTemplate;
use crate::exports::templates::{built_in, is_built_in};
use crate::permissions::{ExportTarget, Permissions, Right};
use crate::routes::dataset_access::greatest_role;
use crate::routes::datasets::check_visible;
use crate::routes::extract::JsonBody;

/// Decides which templates a caller may use: those whose rows and format they may export.
struct Usable<'a> {
    catalog: Arc<Catalog>,
    caller: &'a Caller,
    permissions: &'a Permissions,
    /// The caller's greatest role in any workspace.
    role: Option<WorkspaceRole>,
}

impl<'a> Usable<'a> {
    async fn new(app: &App, caller: &'a Caller, permissions: &'a Permissions) -> Self {
        let catalog = app.catalog.get();
        let role = greatest_role(app, caller, &catalog).await;
        Self {
            catalog,
            caller,
            permissions,
            role,
        }
    }

    /// Checks that the caller may see the dataset or the bundle with this name.
    fn check_dataset(&self, name: &str) -> Result<(), ApiError> {
        let dataset = self.catalog.get(name).filter(|dataset| dataset.is_here());
        match (dataset, self.catalog.bundle(name)) {
            (Some(dataset), _) => Ok(check_visible(dataset, self.caller, self.role)?),
            (None, Some(bundle)) => Ok(bundle.check_visible(self.caller, self.role)?),
            (None, None) => Err(ApiError::UnknownDataset(name.to_owned())),
        }
    }

    fn contains(&self, template: &ExportTemplate) -> bool {
        let target = ExportTarget {
            kind: template.export_type,
            name: template.dataset.clone(),
            parts: self.catalog.parts_of(&template.dataset),
            formats: vec![template.format.clone()],
            workspace_role: self.role,
        };
        self.check_dataset(&template.dataset).is_ok() && self.permissions.allows(Right::Create, &target)
    }
}

fn is_own(template: &ExportTemplate, caller: &Caller) -> bool {
    template.created_by.as_deref() == Some(caller.subject.to_string().as_str())
}

/// Returns the template that a request names by id or by name: one of the caller, a built-in one, or one that is shared.
///
/// # Errors
/// [`ExportError::UnknownTemplate`], also if the caller may not use it; those of the state database.
pub async fn find_for_request(
    app: &App,
    caller: &Caller,
    permissions: &Permissions,
    reference: Option<&str>,
) -> Result<Option<ExportTemplate>, ApiError> {
    let Some(reference) = reference else {
        return Ok(None);
    };
    let stored = app.exports.templates_called(caller, reference).await?;
    let (own, shared): (Vec<_>, Vec<_>) = stored.into_iter().partition(|template| is_own(template, caller));
    let built_in = built_in().into_iter();
    let built_in = built_in.filter(|template| template.id == reference || template.name == reference);
    let usable = Usable::new(app, caller, permissions).await;
    // The reason why one's own template cannot be used is that of its dataset.
    let is_found = |template: &ExportTemplate| is_own(template, caller) || usable.contains(template);
    let mut candidates = own.into_iter().chain(built_in).chain(shared);
    let unknown = || ExportError::UnknownTemplate(reference.to_owned());
    Ok(Some(candidates.find(is_found).ok_or_else(unknown)?))
}

/// Lists the templates that the caller may use, and their own.
pub async fn list(app: web::Data<App>, caller: Caller) -> Result<HttpResponse, ApiError> {
    let stored = app.exports.templates(&caller).await?;
    let permissions = app.permissions.of(&caller).await?;
    let usable = Usable::new(&app, &caller, &permissions).await;
    let templates = built_in().into_iter().chain(stored);
    let shown = templates.filter(|template| is_own(template, &caller) || usable.contains(template));
    Ok(HttpResponse::Ok().json(ExportTemplateList {
        templates: shown.collect(),
    }))
}

/// Creates a template of the caller.
pub async fn create(
    app: web::Data<App>,
    caller: Caller,
    JsonBody(body): JsonBody<ExportTemplateRequest>,
) -> Result<HttpResponse, ApiError> {
    let permissions = app.permissions.of(&caller).await?;
    let usable = Usable::new(&app, &caller, &permissions).await;
    usable.check_dataset(&body.dataset)?;
    let new = NewTemplate::new(body, &usable.catalog)?;
    check_name(&new)?;
    let template = app.exports.create_template(&caller, &new).await?;
    record_saved(&caller, &template);
    let location = format!("/api/exports/templates/{}", template.id);
    Ok(HttpResponse::Created()
        .insert_header((header::LOCATION, location))
        .json(ExportTemplateAnswer { template }))
}

/// Shows a template that the caller may use, or their own. Administrators see all.
pub async fn show(
    app: web::Data<App>,
    caller: Caller,
    id: web::Path<String>,
) -> Result<HttpResponse, ApiError> {
    let template = find(&app, &caller, &id).await?;
    Ok(HttpResponse::Ok().json(ExportTemplateAnswer { template }))
}

/// Changes a template of the caller; of anybody for administrators.
pub async fn change(
    app: web::Data<App>,
    caller: Caller,
    id: web::Path<String>,
    JsonBody(body): JsonBody<ExportTemplateChange>,
) -> Result<HttpResponse, ApiError> {
    let (number, template) = find_to_change(&app, &caller, &id).await?;
    let permissions = app.permissions.of(&caller).await?;
    let usable = Usable::new(&app, &caller, &permissions).await;
    if let Some(dataset) = &body.dataset {
        usable.check_dataset(dataset)?;
    }
    let new = NewTemplate::changed(template, body, &usable.catalog)?;
    check_name(&new)?;
    let changed = app.exports.change_template(number, &new).await?;
    let template = changed.ok_or_else(|| ExportError::UnknownTemplate(id.into_inner()))?;
    record_saved(&caller, &template);
    Ok(HttpResponse::Ok().json(ExportTemplateAnswer { template }))
}

/// Deletes a template of the caller; of anybody for administrators.
pub async fn delete(
    app: web::Data<App>,
    caller: Caller,
    id: web::Path<String>,
) -> Result<HttpResponse, ApiError> {
    let (number, template) = find_to_change(&app, &caller, &id).await?;
    app.exports.delete_template(number).await?;
    tracing::info!(
        action = Action::ExportTemplateDeleted.name(),
        caller = caller.name,
        subject = %caller.subject,
        template = template.id,
        name = template.name,
        dataset = template.dataset
    );
    Ok(HttpResponse::NoContent().finish())
}

/// Returns a template that the caller may see.
async fn find(app: &App, caller: &Caller, id: &str) -> Result<ExportTemplate, ApiError> {
    let stored = match id.parse() {
        Ok(number) => app.exports.template(number).await?,
        Err(_) => None,
    };
    let built_in = built_in().into_iter().find(|template| template.id == id);
    let unknown = || ExportError::UnknownTemplate(id.to_owned());
    let template = stored.or(built_in).ok_or_else(unknown)?;
    if caller.is_administrator() || is_own(&template, caller) {
        return Ok(template);
    }
    let permissions = app.permissions.of(caller).await?;
    let usable = Usable::new(app, caller, &permissions).await;
    match template.shared && usable.contains(&template) {
        true => Ok(template),
        false => Err(unknown().into()),
    }
}

/// Returns a template that the caller may change, and its number.
async fn find_to_change(app: &App, caller: &Caller, id: &str) -> Result<(i64, ExportTemplate), ApiError> {
    let template = find(app, caller, id).await?;
    let Ok(number) = template.id.parse() else {
        return Err(ExportError::TemplateBuiltIn(template.name).into());
    };
    match caller.is_administrator() || is_own(&template, caller) {
        true => Ok((number, template)),
        false => Err(ExportError::NotYourTemplate.into()),
    }
}

/// Refuses the names of built-in templates.
fn check_name(new: &NewTemplate) -> Result<(), ExportError> {
    match is_built_in(&new.name) {
        true => Err(ExportError::TemplateExists(new.name.clone())),
        false => Ok(()),
    }
}

fn record_saved(caller: &Caller, template: &ExportTemplate) {
    tracing::info!(
        action = Action::ExportTemplateSaved.name(),
        caller = caller.name,
        subject = %caller.subject,
        template = template.id,
        name = template.name,
        dataset = template.dataset,
        format = template.format,
        shared = template.shared
    );
}
