//! The addresses of the API: the only list of them, and the handlers behind them.
//!
//! | file | addresses |
//! |---|---|
//! | `health` | liveness, readiness, metrics |
//! | `login` | sign-in, sign-out, the signed-in caller |
//! | `datasets` | the datasets, their row counts and the values of their filters |
//! | `rows`, `export` | raw rows and pages of them; files formatted here |
//! | `bundles` | several datasets in one stream or file |
//! | `exports` | exports in the background |
//! | `probes` | probes of the hub's endpoints, as they happen |
//! | `session_requests` | the requests of a session that the hub stores |
//! | `database` | dumps and the status of the database |
//! | `restore` | a dump uploaded and restored, and the databases that restores leave |
//! | `cleanup`, `backups` | log clean-up; backups |
//! | `workspaces` | the workspaces of the caller |
//! | `webhooks` | the migration of a hub's webhooks |
//! | `openapi`, `docs` | the OpenAPI document, and a viewer for it |
//! | `exports` | background exports and their files |
//! | `frontend` | the page |
//!
//! `extract` takes the arguments of handlers from a request; `dataset_access` checks who may use a dataset; `host` checks the header `Host`; `events` streams the progress of
//! an operation and probes.

mod attachment;
mod backups;
mod bundles;
mod byte_range;
mod cleanup;
mod database;
mod dataset_access;
mod datasets;
mod docs;
mod events;
mod export;
mod exports;
mod extract;
mod frontend;
mod health;
mod host;
mod login;
mod openapi;
mod probes;
mod resource;
mod restore;
mod rows;
mod session_requests;
mod webhooks;
mod workspaces;

use std::collections::BTreeMap;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::middleware::{Compress, Next};
use actix_web::{Route, web};

use self::extract::json_error;
pub use self::host::check_host;
use crate::app::App;
use crate::base_path::RESERVED;
use crate::error::ApiError;

/// Returns every address but the page's: method, path and handler. Each pair of method and path stands here once.
fn addresses() -> Vec<(Method, &'static str, Route)> {
    use Method as M;
    vec![
        (M::GET, "/healthz", web::to(health::alive)),
        (M::GET, "/readyz", web::to(health::ready)),
        (M::GET, "/metrics", web::to(health::metrics)),
        (
            M::GET,
            "/.well-known/decant-receipt-key",
            web::to(exports::receipt::key),
        ),
        (M::POST, "/api/login", web::to(login::sign_in)),
        (M::POST, "/api/logout", web::to(login::sign_out)),
        (M::POST, "/api/admin/sessions/end", web::to(login::end_sessions)),
        (M::GET, "/api/me", web::to(login::me)),
        (M::GET, "/api/workspaces", web::to(workspaces::list)),
        (M::GET, "/api/datasets", web::to(datasets::list)),
        (M::GET, "/api/datasets/{name}", web::to(datasets::show)),
        (M::GET, "/api/datasets/{name}/count", web::to(datasets::count)),
        (M::GET, "/api/datasets/{name}/summary", web::to(datasets::summary)),
        (
            M::GET,
            "/api/datasets/{name}/options/{filter}",
            web::to(datasets::options),
        ),
        (M::GET, "/api/datasets/{name}/page", web::to(rows::page)),
        (M::GET, "/api/datasets/{name}/rows", web::to(rows::rows)),
        (M::POST, "/api/datasets/{name}/rows", web::to(rows::rows_of_body)),
        (M::GET, "/api/datasets/{name}/export", web::to(export::export)),
        (M::GET, "/api/bundles", web::to(bundles::list)),
        (M::GET, "/api/bundles/{name}/rows", web::to(bundles::rows)),
        (M::GET, "/api/bundles/{name}/export", web::to(bundles::export)),
        (M::GET, "/api/workspaces/{id}/report", web::to(bundles::report)),
        (M::GET, "/api/exports", web::to(exports::read::list)),
        (M::POST, "/api/exports", web::to(exports::create::create)),
        (M::POST, "/api/exports/user", web::to(exports::data::of_person)),
        (M::POST, "/api/exports/bulk", web::to(exports::data::of_all)),
        (M::GET, "/api/exports/stats", web::to(exports::statistics::show)),
        (
            M::POST,
            "/api/exports/schedule",
            web::to(exports::schedules::create),
        ),
        (
            M::GET,
            "/api/exports/schedules",
            web::to(exports::schedules::list),
        ),
        (
            M::GET,
            "/api/exports/schedules/{id}",
            web::to(exports::schedules::show),
        ),
        (
            M::PATCH,
            "/api/exports/schedules/{id}",
            web::to(exports::schedules::change),
        ),
        (
            M::DELETE,
            "/api/exports/schedules/{id}",
            web::to(exports::schedules::delete),
        ),
        (
            M::POST,
            "/api/exports/schedules/{id}/run",
            web::to(exports::schedules::run),
        ),
        (
            M::POST,
            "/api/exports/process-scheduled",
            web::to(exports::schedules::process),
        ),
        (
            M::POST,
            "/api/export/conversations",
            web::to(exports::conversations::create),
        ),
        (
            M::POST,
            "/api/export/conversations/{id}/re-export",
            web::to(exports::conversations::repeat),
        ),
        (
            M::GET,
            "/api/export/status/{id}",
            web::to(exports::conversations::status),
        ),
        (
            M::GET,
            "/api/export/download/{id}",
            web::to(exports::conversations::download),
        ),
        (
            M::GET,
            "/api/export/history",
            web::to(exports::conversations::history),
        ),
        (
            M::POST,
            "/api/workspaces/{id}/exports",
            web::to(exports::workspace::create),
        ),
        (
            M::GET,
            "/api/workspaces/{id}/exports",
            web::to(exports::workspace::list),
        ),
        (
            M::GET,
            "/api/workspaces/{id}/exports/{job}",
            web::to(exports::workspace::show),
        ),
        (
            M::GET,
            "/api/workspaces/{id}/exports/{job}/download",
            web::to(exports::workspace::download),
        ),
        (
            M::POST,
            "/api/workspaces/{id}/exports/{job}/cancel",
            web::to(exports::workspace::cancel),
        ),
        (
            M::GET,
            "/api/workspaces/{id}/exports/{job}/events",
            web::to(exports::workspace::events),
        ),
        (
            M::GET,
            "/api/workspaces/{id}/storage",
            web::to(exports::workspace::storage),
        ),
        (
            M::GET,
            "/api/workspaces/{id}/files",
            web::to(exports::workspace::files),
        ),
        (
            M::DELETE,
            "/api/workspaces/{id}/files/{key}",
            web::to(exports::workspace::delete_file),
        ),
        (M::GET, "/api/exports/limits", web::to(exports::read::limits)),
        (
            M::GET,
            "/api/exports/templates",
            web::to(exports::templates::list),
        ),
        (
            M::POST,
            "/api/exports/templates",
            web::to(exports::templates::create),
        ),
        (
            M::GET,
            "/api/exports/templates/{id}",
            web::to(exports::templates::show),
        ),
        (
            M::PATCH,
            "/api/exports/templates/{id}",
            web::to(exports::templates::change),
        ),
        (
            M::DELETE,
            "/api/exports/templates/{id}",
            web::to(exports::templates::delete),
        ),
        (
            M::GET,
            "/api/admin/export-permissions",
            web::to(exports::permissions::list),
        ),
        (
            M::PUT,
            "/api/admin/export-permissions",
            web::to(exports::permissions::grant),
        ),
        (
            M::GET,
            "/api/admin/export-permissions/{id}",
            web::to(exports::permissions::show),
        ),
        (
            M::PUT,
            "/api/admin/export-permissions/{id}",
            web::to(exports::permissions::replace),
        ),
        (
            M::DELETE,
            "/api/admin/export-permissions/{id}",
            web::to(exports::permissions::revoke),
        ),
        (
            M::POST,
            "/api/exports/bulk-enqueue",
            web::to(exports::create::bulk),
        ),
        (M::GET, "/api/exports/{id}", web::to(exports::read::show)),
        (M::DELETE, "/api/exports/{id}", web::to(exports::change::delete)),
        (M::GET, "/api/exports/{id}/status", web::to(exports::read::status)),
        (
            M::GET,
            "/api/exports/{id}/events",
            web::to(exports::events::events),
        ),
        (
            M::POST,
            "/api/exports/{id}/cancel",
            web::to(exports::change::cancel),
        ),
        (
            M::POST,
            "/api/exports/{id}/retry",
            web::to(exports::create::retry),
        ),
        (M::GET, "/api/probes/endpoints", web::to(probes::list_endpoints)),
        (M::GET, "/api/probes/stream", web::to(probes::stream)),
        (
            M::GET,
            "/api/sessions/{id}/requests",
            web::to(session_requests::requests),
        ),
        (
            M::GET,
            "/api/sessions/{id}/requests/{sequence}",
            web::to(session_requests::request),
        ),
        (
            M::GET,
            "/api/sessions/{id}/request",
            web::to(session_requests::newest),
        ),
        (
            M::GET,
            "/api/sessions/{id}/export",
            web::to(session_requests::export),
        ),
        (M::GET, "/api/admin/database/export", web::to(database::export)),
        (M::GET, "/api/admin/database/status", web::to(database::status)),
        (M::POST, "/api/admin/database/import", web::to(restore::restore)),
        (
            M::GET,
            "/api/admin/database/copies",
            web::to(restore::side_databases),
        ),
        (
            M::POST,
            "/api/admin/database/copies/{name}/restore",
            web::to(restore::roll_back),
        ),
        (
            M::POST,
            "/api/admin/database/copies/{name}/remove",
            web::to(restore::drop_side_database),
        ),
        (M::POST, "/api/admin/log-cleanup/manual", web::to(cleanup::manual)),
        (M::GET, "/api/admin/webhooks/migration", web::to(webhooks::list)),
        (
            M::POST,
            "/api/admin/webhooks/migration",
            web::to(webhooks::migrate),
        ),
        (M::GET, "/api/admin/database/backups", web::to(backups::list)),
        (M::POST, "/api/admin/database/backups", web::to(backups::make)),
        (
            M::GET,
            "/api/admin/database/backups/{name}",
            web::to(backups::download),
        ),
        (
            M::POST,
            "/api/admin/database/backups/{name}/prove",
            web::to(backups::prove),
        ),
        (
            M::POST,
            "/api/admin/database/backups/{name}/restore",
            web::to(backups::restore),
        ),
        (
            M::POST,
            "/api/admin/database/backups/{name}/remove",
            web::to(backups::remove),
        ),
        (
            M::GET,
            "/api/exports/{id}/download",
            web::to(exports::download::download),
        ),
        (M::GET, "/api/exports/{id}/link", web::to(exports::links::make)),
        (M::GET, "/api/exports/{id}/links", web::to(exports::links::list)),
        (
            M::DELETE,
            "/api/exports/{id}/links/{link}",
            web::to(exports::links::revoke),
        ),
        (
            M::GET,
            "/api/exports/{id}/receipt",
            web::to(exports::receipt::receipt),
        ),
        (
            M::POST,
            "/api/exports/{id}/verify",
            web::to(exports::maintenance::check_file),
        ),
        (
            M::POST,
            "/api/exports/cleanup",
            web::to(exports::maintenance::clean_up),
        ),
        (M::GET, "/d/{link}/{name}", web::to(exports::links::follow)),
        (M::GET, "/api/openapi.json", web::to(openapi::serve)),
    ]
}

/// Adds every address, and problem responses for unknown addresses and wrong methods.
pub fn configure(config: &mut web::ServiceConfig) {
    config.app_data(
        web::JsonConfig::default()
            .limit(16 * 1024)
            .error_handler(|error, _| json_error(error).into()),
    );
    let mut resources: BTreeMap<&str, Vec<(Method, Route)>> = BTreeMap::new();
    for (method, path, route) in addresses() {
        resources.entry(path).or_default().push((method, route));
    }
    for (path, routes) in resources {
        config.service(resource::at(path, routes));
    }
    docs::configure(config);
    for path in RESERVED {
        config.service(
            web::scope(path).default_service(web::to(|| async { Err::<&str, _>(ApiError::NotFound) })),
        );
    }
    config.service(
        web::scope("")
            .wrap(Compress::default())
            .default_service(web::to(frontend::serve)),
    );
}

/// Adds the addresses of `decant work`, and a problem response for every other one.
pub fn configure_for_workers(config: &mut web::ServiceConfig) {
    for (path, route) in [
        ("/healthz", web::to(health::alive)),
        ("/readyz", web::to(health::ready)),
        ("/metrics", web::to(health::metrics)),
    ] {
        config.service(resource::at(path, vec![(Method::GET, route)]));
    }
    config.default_service(web::to(|| async { Err::<&str, _>(ApiError::NotOfWorkers) }));
}

/// Middleware that removes the path of `DECANT_BASE_PATH` from an address. Addresses without it are as good: probes and
/// proxies that remove it send such.
///
/// # Errors
/// Those of the handler.
pub async fn strip_base_path(
    mut request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, actix_web::Error> {
    let app = request.app_data::<web::Data<App>>();
    let base_path = app.and_then(|app| app.settings.base_path.as_ref());
    if let Some(uri) = base_path.and_then(|path| path.strip(request.uri())) {
        request.match_info_mut().get_mut().update(&uri);
        request.head_mut().uri = uri;
    }
    next.call(request).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_document_has_every_address_and_no_other() {
        let mut documented = openapi::operations();
        let registered = addresses().into_iter();
        let mut registered: Vec<_> = registered
            .map(|(method, path, _)| format!("{method} {path}"))
            .collect();
        documented.sort();
        registered.sort();
        assert_eq!(documented, registered);
    }
}
