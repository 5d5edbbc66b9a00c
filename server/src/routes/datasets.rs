//! The datasets: their columns and filters, their row counts, the values of their filters.

use std::sync::Arc;

use actix_web::{HttpResponse, web};
use api::datasets::{self as wire, Datasets, FigureValue, FilterOptions, RowCount, Summary};
use api::workspaces::WorkspaceRole;

use super::dataset_access::{Opened, declared, greatest_role, open, source_of};
use super::extract::Pairs;
use crate::app::App;
use crate::auth::Caller;
use crate::datasets::definition::{Access, NamedRows, Usage};
use crate::datasets::query::{AccessError, check_role};
use crate::datasets::template::Template;
use crate::datasets::{Dataset, Query, RenderError, Selection, options};
use crate::error::ApiError;
use crate::parameter::ParameterError;

/// The parameter that searches the options of a filter.
const SEARCH: &str = "q";

/// The greatest number of characters of a search.
const SEARCH_MAX: usize = 200;

/// Lists the datasets that the caller may see.
pub async fn list(app: web::Data<App>, caller: Caller) -> Result<HttpResponse, ApiError> {
    let mut datasets = Vec::new();
    let catalog = app.catalog.get();
    let role = greatest_role(&app, &caller, &catalog).await;
    for dataset in catalog.iter().filter(|dataset| dataset.is_here()) {
        if check_visible(dataset, &caller, role).is_ok() {
            datasets.push(describe(dataset, &caller));
        }
    }
    Ok(HttpResponse::Ok().json(Datasets {
        datasets,
        hub: app.settings.datasets.built_in,
    }))
}

/// Describes one dataset, also one that is unavailable.
pub async fn show(
    app: web::Data<App>,
    caller: Caller,
    name: web::Path<String>,
) -> Result<HttpResponse, ApiError> {
    let catalog = app.catalog.get();
    let dataset = declared(&catalog, &name)?;
    let role = match dataset.definition.access {
        Access::Workspace => greatest_role(&app, &caller, &catalog).await,
        Access::Admin | Access::Owner => None,
    };
    check_visible(dataset, &caller, role)?;
    Ok(HttpResponse::Ok().json(describe(dataset, &caller)))
}

/// Counts the rows of a selection exactly.
pub async fn count(
    app: web::Data<App>,
    caller: Caller,
    name: web::Path<String>,
    Pairs(pairs): Pairs,
) -> Result<HttpResponse, ApiError> {
    let opened = open(&app, caller, &name, pairs, Usage::Read).await?;
    let Opened {
        dataset,
        caller,
        pairs,
        ..
    } = opened;
    let selection = Selection::parse(&dataset.definition, &pairs)?;
    let query = Query::to_read(&dataset, &caller, &selection)?;
    let _share = app.query_shares.take(&caller.subject).await?;
    let mut connection = source_of(&app, &dataset).await?.for_query().await?;
    let rows = query.count(&mut connection).await.map_err(hidden_from(&caller))?;
    Ok(HttpResponse::Ok().json(RowCount { rows }))
}

/// Computes the figures of a selection exactly.
pub async fn summary(
    app: web::Data<App>,
    caller: Caller,
    name: web::Path<String>,
    Pairs(pairs): Pairs,
) -> Result<HttpResponse, ApiError> {
    let opened = open(&app, caller, &name, pairs, Usage::Read).await?;
    let Opened {
        dataset,
        caller,
        pairs,
        ..
    } = opened;
    let selection = Selection::parse(&dataset.definition, &pairs)?;
    for (name, is_given) in [
        ("limit", selection.limit.is_some()),
        ("after", selection.after.is_some()),
    ] {
        if is_given {
            let problem = "cannot be used here: the figures are of all rows of the selection";
            return Err(ParameterError::invalid(name, problem).into());
        }
    }
    let query = Query::to_read(&dataset, &caller, &selection)?;
    let _share = app.query_shares.take(&caller.subject).await?;
    let mut connection = source_of(&app, &dataset).await?.for_query().await?;
    let summing = query.summary(&mut connection).await;
    let sql = summing.map_err(hidden_from(&caller))?.sql;
    let values: Vec<Option<String>> = sqlx::query_scalar(sql).fetch_one(&mut *connection).await?;
    let names = dataset
        .definition
        .figures
        .iter()
        .map(|figure| figure.name.clone());
    let value = |(name, value)| FigureValue { name, value };
    Ok(HttpResponse::Ok().json(Summary {
        figures: names.zip(values).map(value).collect(),
    }))
}

/// Lists the values that a filter offers to choose from, or those with a text in their labels.
pub async fn options(
    app: web::Data<App>,
    caller: Caller,
    path: web::Path<(String, String)>,
    Pairs(pairs): Pairs,
) -> Result<HttpResponse, ApiError> {
    let (name, filter) = path.into_inner();
    let opened = open(&app, caller, &name, pairs, Usage::Read).await?;
    let Opened {
        dataset,
        revision,
        caller,
        pairs,
    } = opened;
    let declared = dataset
        .definition
        .filter(&filter)
        .map(|position| &dataset.definition.filters[position]);
    let choices = declared.and_then(|declared| Some((declared, declared.options.as_ref()?)));
    let Some((declared, choices)) = choices else {
        return Err(ApiError::UnknownOptions(filter));
    };
    let selection = Selection::default();
    let query = Query::to_read(&dataset, &caller, &selection)?;
    let all = query.options(declared, choices)?;
    let text = parse_text(&pairs)?;
    let key = options::CacheKey {
        scope: caller.scope(),
        dataset: name,
        filter: declared.name.clone(),
        generation: app.database.restorer.generation(),
        revision,
    };
    let fetch = async |template: &Template| -> Result<FilterOptions, ApiError> {
        let _share = app.query_shares.take(&caller.subject).await?;
        let mut connection = source_of(&app, &dataset).await?.for_query().await?;
        let fetched = options::fetch(&mut connection, &query, template).await;
        fetched.map_err(hidden_from(&caller))
    };
    let list = async || -> Result<Arc<FilterOptions>, ApiError> {
        if let Some(kept) = app.options.get(&key) {
            return Ok(kept);
        }
        let fresh = Arc::new(fetch(&all).await?);
        app.options.insert(key.clone(), fresh.clone());
        Ok(fresh)
    };
    let Some(text) = text else {
        return Ok(HttpResponse::Ok().json(&*list().await?));
    };
    // A list of all values is searched here, because PostgreSQL may read all rows for each search.
    let list = list().await?;
    if !list.truncated {
        return Ok(HttpResponse::Ok().json(options::containing(&list, text)));
    }
    let found = query.options_with(declared, choices, text)?;
    Ok(HttpResponse::Ok().json(fetch(&found).await?))
}

/// Returns the text that the labels of options must contain. A blank one is none.
fn parse_text(pairs: &[(String, String)]) -> Result<Option<&str>, ParameterError> {
    let mut text = None;
    for (name, value) in pairs {
        if name != SEARCH {
            return Err(ParameterError::Unknown {
                field: name.clone(),
                known: SEARCH.to_owned(),
            });
        }
        if text.replace(value.trim()).is_some() {
            return Err(ParameterError::contradictory(name, "is given twice"));
        }
    }
    match text {
        Some(text) if text.chars().count() > SEARCH_MAX => Err(ParameterError::invalid(
            SEARCH,
            format!("is longer than {SEARCH_MAX} characters"),
        )),
        text => Ok(text.filter(|text| !text.is_empty())),
    }
}

/// Leaves out of an error what only administrators see.
fn hidden_from(caller: &Caller) -> impl FnOnce(RenderError) -> ApiError {
    |error| ApiError::from(error).for_caller(caller)
}

/// Checks that the caller may see the dataset in a list: its columns and filters, and no row.
pub(super) fn check_visible(
    dataset: &Dataset,
    caller: &Caller,
    role: Option<WorkspaceRole>,
) -> Result<(), AccessError> {
    if dataset.definition.access != Access::Workspace {
        return dataset.check_access(caller, Usage::Read);
    }
    match caller.is_administrator() {
        true => Ok(()),
        false => check_role(role, dataset.definition.least_role(Usage::Read)),
    }
}

fn describe(dataset: &Dataset, caller: &Caller) -> wire::Dataset {
    let definition = &dataset.definition;
    let admin = caller.is_administrator();
    let is_of_workspaces = definition.needs_workspace(caller);
    let named_rows = match is_of_workspaces {
        true => NamedRows::OfWorkspace,
        false => NamedRows::OfCaller,
    };
    let filters = definition
        .filters
        .iter()
        .filter(|filter| admin || !filter.admin_only);
    let available = dataset.unavailable.is_none();
    let header = available.then(|| Query::default_header(dataset, caller));
    wire::Dataset {
        name: definition.name.clone(),
        title: definition.title.clone(),
        group: definition.group.clone(),
        listed: definition.listed,
        available,
        workspace: is_of_workspaces,
        incremental: definition.incremental.is_some(),
        export_role: is_of_workspaces.then(|| definition.least_role(Usage::Export)),
        // The reason names files, roles and statements.
        reason: dataset
            .unavailable
            .as_ref()
            .filter(|_| admin)
            .map(|unavailable| unavailable.reason.clone()),
        formats: header
            .as_ref()
            .map(|header| definition.allowed().formats(header))
            .unwrap_or_default(),
        layouts: header
            .as_ref()
            .map(|header| definition.allowed().layouts(header))
            .unwrap_or_default(),
        columns: header.map(|header| header.columns).unwrap_or_default(),
        file_name: definition
            .file_name
            .as_ref()
            .map(|pattern| pattern.for_browser(&definition.name, caller, named_rows)),
        order: definition
            .order
            .iter()
            .map(|order| order.column.clone())
            .collect(),
        descending: definition.order.first().is_some_and(|order| order.descending),
        filters: filters
            .map(|filter| wire::Filter {
                name: filter.name.clone(),
                label: filter.label.clone(),
                kind: filter.kind,
                many: filter.many,
                values: filter.values.clone(),
                options: filter.options.is_some(),
                ticks: filter.ticks.clone(),
                comparison: filter.r#match,
            })
            .collect(),
        parameters: definition
            .parameters
            .iter()
            .map(|parameter| wire::Parameter {
                name: parameter.name.clone(),
                label: parameter.label.clone().unwrap_or_else(|| parameter.name.clone()),
                kind: parameter.kind,
                default: parameter.default.clone(),
            })
            .collect(),
        table: match available {
            true => definition.table(admin),
            false => Vec::new(),
        },
        quick: definition
            .quick_for(admin)
            .map(|quick| wire::Quick {
                name: quick.name.clone(),
                label: quick.label.clone(),
                labels: quick.labels.clone(),
                filters: quick.filters.clone(),
            })
            .collect(),
        figures: definition
            .figures
            .iter()
            .filter(|_| available)
            .map(|figure| wire::Figure {
                name: figure.name.clone(),
                label: figure.label.clone(),
                labels: figure.labels.clone(),
                format: figure.format,
            })
            .collect(),
    }
}
