//! The addresses: the only list of them.

mod datasets;
mod export;
mod health;
mod page;
mod pairs;
mod rows;
mod session;

use actix_web::dev::HttpServiceFactory;
use actix_web::middleware::Compress;
use actix_web::{HttpRequest, HttpResponse, Resource, web};

use crate::error::ApiError;

/// Adds every address.
pub fn configure(config: &mut web::ServiceConfig) {
    config
        .app_data(
            web::JsonConfig::default()
                .limit(16 * 1024)
                .error_handler(|error, _| ApiError::Body(error.to_string()).into()),
        )
        .service(at("/healthz").route(web::get().to(health::alive)))
        .service(at("/readyz").route(web::get().to(health::ready)))
        .service(api())
        .service(
            web::scope("")
                .wrap(Compress::default())
                .default_service(web::to(page::serve)),
        );
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
        .service(at("/openapi.json").route(web::get().to(describe)))
        .default_service(web::to(|| async { Err::<&str, _>(ApiError::NotFound) }))
}

/// An address that answers a wrong method with a problem.
fn at(path: &str) -> Resource {
    web::resource(path).default_service(web::to(|request: HttpRequest| async move {
        Err::<&str, _>(ApiError::MethodNotAllowed(request.method().to_string()))
    }))
}

/// All of this for programs (OpenAPI 3.1).
async fn describe() -> HttpResponse {
    HttpResponse::Ok()
        .content_type("application/json")
        .body(include_str!("../../openapi.json"))
}

#[cfg(test)]
mod tests {
    /// The addresses that `configure` and `api` register, as their text has them.
    fn registered() -> Vec<String> {
        let source = include_str!("mod.rs")
            .split("/// An address that answers")
            .next()
            .unwrap_or_default();
        let addresses = source
            .split("at(\"")
            .skip(1)
            .filter_map(|rest| rest.split_once('"'));
        let whole = |address: &str| match address.ends_with("z") {
            true => address.to_owned(),
            false => format!("/api{address}"),
        };
        addresses.map(|(address, _)| whole(address)).collect()
    }

    #[test]
    fn the_description_has_every_address_and_no_other() {
        let description: serde_json::Value =
            serde_json::from_str(include_str!("../../openapi.json")).unwrap();
        let mut described: Vec<_> = description["paths"]
            .as_object()
            .unwrap()
            .keys()
            .cloned()
            .collect();
        let mut registered = registered();
        described.sort();
        registered.sort();
        assert_eq!(described, registered);
    }
}
