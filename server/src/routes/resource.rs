//! Resources that answer every method.

use actix_web::guard::fn_guard;
use actix_web::http::Method;
use actix_web::{HttpRequest, Resource, Route, web};

use crate::error::ApiError;

/// Returns a resource with these routes. A route of GET answers HEAD as well. The answer to another method is a problem that
/// lists the methods (RFC 9110, 15.5.6).
pub fn at(path: &str, routes: Vec<(Method, Route)>) -> Resource {
    let allow = allow(routes.iter().map(|(method, _)| method));
    let resource = routes
        .into_iter()
        .fold(web::resource(path), |resource, (method, route)| {
            let answers =
                move |asked: &Method| *asked == method || (*asked == Method::HEAD && method == Method::GET);
            resource.route(route.guard(fn_guard(move |request| answers(&request.head().method))))
        });
    resource.default_service(web::to(move |request: HttpRequest| {
        let error = not_allowed(request.method(), &allow);
        async move { Err::<&str, _>(error) }
    }))
}

/// Returns the error for a method that an address does not accept.
pub fn not_allowed(method: &Method, allow: &str) -> ApiError {
    ApiError::MethodNotAllowed {
        method: method.to_string(),
        allow: allow.to_owned(),
    }
}

/// Returns the value of the header `Allow`.
fn allow<'a>(methods: impl Iterator<Item = &'a Method>) -> String {
    let names = methods.map(|method| match *method {
        Method::GET => "GET, HEAD",
        ref other => other.as_str(),
    });
    names.collect::<Vec<_>>().join(", ")
}
