//! The datasets: their columns and filters, their row counts, the values of their filters.

use std::sync::Arc;

use actix_web::{HttpResponse, web};
use api::datasets::{self as wire, Datasets, FigureValue, RowCount, Summary};

use super::extract::Pairs;
use crate::app::App;
use crate::auth::{Caller, Scope};
use crate::datasets::definition::Access;
use crate::datasets::{Dataset, Query, RenderError, Selection, options};
use crate::error::ApiError;
use crate::parameter::ParameterError;

/// Lists the datasets that the caller may see.
pub async fn list(app: web::Data<App>, caller: Caller) -> Result<HttpResponse, ApiError> {
    let mut datasets = Vec::new();
    for dataset in app.catalog.get().iter() {
        if dataset.definition.access == Access::Owner || caller.scope() == Scope::All {
            datasets.push(describe(dataset, &caller)?);
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
    let dataset = catalog
        .get(&name)
        .ok_or_else(|| ApiError::UnknownDataset(name.into_inner()))?;
    Ok(HttpResponse::Ok().json(describe(dataset, &caller)?))
}

/// Counts the rows of a selection exactly.
pub async fn count(
    app: web::Data<App>,
    caller: Caller,
    name: web::Path<String>,
    Pairs(pairs): Pairs,
) -> Result<HttpResponse, ApiError> {
    let dataset = app.dataset(&name, &caller)?;
    let selection = Selection::parse(&dataset.definition, &pairs)?;
    let query = Query::new(&dataset, &caller, &selection)?;
    let _share = app.query_shares.take(&caller.subject).await?;
    let mut connection = app.source.for_query().await?;
    let counting = query.count(&mut connection).await;
    let sql = counting.map_err(hidden_from(&caller))?.sql;
    let rows: i64 = sqlx::query_scalar(sql).fetch_one(&mut *connection).await?;
    Ok(HttpResponse::Ok().json(RowCount {
        rows: rows.unsigned_abs(),
    }))
}

/// Computes the figures of a selection exactly.
pub async fn summary(
    app: web::Data<App>,
    caller: Caller,
    name: web::Path<String>,
    Pairs(pairs): Pairs,
) -> Result<HttpResponse, ApiError> {
    let dataset = app.dataset(&name, &caller)?;
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
    let query = Query::new(&dataset, &caller, &selection)?;
    let _share = app.query_shares.take(&caller.subject).await?;
    let mut connection = app.source.for_query().await?;
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

/// Lists the values that a filter offers to choose from.
pub async fn options(
    app: web::Data<App>,
    caller: Caller,
    path: web::Path<(String, String)>,
) -> Result<HttpResponse, ApiError> {
    let (name, filter) = path.into_inner();
    let dataset = app.dataset(&name, &caller)?;
    let declared = dataset
        .definition
        .filter(&filter)
        .map(|position| &dataset.definition.filters[position]);
    let choices = declared.and_then(|declared| Some((declared, declared.options.as_ref()?)));
    let Some((declared, choices)) = choices else {
        return Err(ApiError::UnknownOptions(filter));
    };
    let selection = Selection::default();
    let query = Query::new(&dataset, &caller, &selection)?;
    let template = query.options(declared, choices)?;
    let key = (caller.scope(), name, filter, app.database.restorer.generation());
    if let Some(kept) = app.options.get(&key) {
        return Ok(HttpResponse::Ok().json(&*kept));
    }
    let _share = app.query_shares.take(&caller.subject).await?;
    let mut connection = app.source.for_query().await?;
    let fresh = options::fetch(&mut connection, &query, &template).await;
    let fresh = Arc::new(fresh.map_err(hidden_from(&caller))?);
    app.options.insert(key, fresh.clone());
    Ok(HttpResponse::Ok().json(&*fresh))
}

/// Leaves out of an error what only administrators see.
fn hidden_from(caller: &Caller) -> impl FnOnce(RenderError) -> ApiError {
    |error| ApiError::from(error).for_caller(caller)
}

fn describe(dataset: &Dataset, caller: &Caller) -> Result<wire::Dataset, ApiError> {
    let definition = &dataset.definition;
    let everything = Selection::default();
    let query = Query::new(dataset, caller, &everything)?;
    let admin = caller.scope() == Scope::All;
    let filters = definition
        .filters
        .iter()
        .filter(|filter| admin || !filter.admin_only);
    let available = dataset.unavailable.is_none();
    let header = available.then(|| query.header());
    Ok(wire::Dataset {
        name: definition.name.clone(),
        title: definition.title.clone(),
        group: definition.group.clone(),
        listed: definition.listed,
        available,
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
        order: definition
            .order
            .iter()
            .map(|order| order.column.clone())
            .collect(),
        filters: filters
            .map(|filter| wire::Filter {
                name: filter.name.clone(),
                label: filter.label.clone(),
                kind: filter.kind,
                many: filter.many,
                values: filter.values.clone(),
                options: filter.options.is_some(),
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
    })
}
