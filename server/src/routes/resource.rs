//! Resources that answer every method.

use actix_web::{HttpRequest, Resource, web};

use crate::error::ApiError;

/// Returns a resource that answers a wrong method with a problem.
pub fn at(path: &str) -> Resource {
    web::resource(path).default_service(web::to(|request: HttpRequest| async move {
        Err::<&str, _>(ApiError::MethodNotAllowed(request.method().to_string()))
    }))
}
