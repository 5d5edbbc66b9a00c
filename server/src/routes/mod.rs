//! The addresses: the only list of them.

mod datasets;
mod export;
mod health;
mod page;
mod rows;
mod session;

use actix_web::dev::HttpServiceFactory;
use actix_web::{HttpRequest, Resource, web};

use crate::error::ApiError;

/// Adds every address.
pub fn configure(config: &mut web::ServiceConfig) {
    config
        .app_data(web::JsonConfig::default().limit(16 * 1024).error_handler(|error, _| ApiError::Body(error.to_string()).into()))
        .service(at("/healthz").route(web::get().to(health::alive)))
        .service(at("/readyz").route(web::get().to(health::ready)))
        .service(api())
        .default_service(web::to(page::serve));
}

fn api() -> impl HttpServiceFactory {
    web::scope("/api")
        .service(at("/login").route(web::post().to(session::sign_in)))
        .service(at("/logout").route(web::post().to(session::sign_out)))
        .service(at("/me").route(web::get().to(session::me)))
        .service(at("/datasets").route(web::get().to(datasets::list)))
        .service(at("/datasets/{name}").route(web::get().to(datasets::show)))
        .service(at("/datasets/{name}/count").route(web::get().to(datasets::count)))
        .service(at("/datasets/{name}/options/{filter}").route(web::get().to(datasets::options)))
        .service(at("/datasets/{name}/page").route(web::get().to(rows::page)))
        .service(at("/datasets/{name}/rows").route(web::get().to(rows::rows)))
        .service(at("/datasets/{name}/export").route(web::get().to(export::export)))
        .default_service(web::to(|| async { Err::<&str, _>(ApiError::NotFound) }))
}

/// An address that answers a wrong method with a problem.
fn at(path: &str) -> Resource {
    web::resource(path).default_service(web::to(|request: HttpRequest| async move {
        Err::<&str, _>(ApiError::MethodNotAllowed(request.method().to_string()))
    }))
}
