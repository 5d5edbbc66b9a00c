//! Refuses requests with a malformed header `Host` (RFC 9112, 3.2).

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderMap};
use actix_web::http::uri::Authority;
use actix_web::middleware::Next;

use crate::error::ApiError;

/// Middleware that refuses a request whose `Host` is malformed or given twice (RFC 9112, 3.2). Probes without the header are
/// answered.
///
/// # Errors
/// Those of the handler.
pub async fn check_host(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    match is_good(request.headers()) {
        true => Ok(next.call(request).await?.map_into_boxed_body()),
        false => Ok(request.error_response(ApiError::BadHost)),
    }
}

fn is_good(headers: &HeaderMap) -> bool {
    let mut hosts = headers.get_all(header::HOST);
    let Some(host) = hosts.next() else {
        return true;
    };
    host.to_str().is_ok_and(is_host) && hosts.next().is_none()
}

/// Returns whether the text is a host with or without a port, or the empty value of an address without a host.
fn is_host(text: &str) -> bool {
    let Ok(authority) = text.parse::<Authority>() else {
        return text.is_empty();
    };
    let port = text.strip_prefix(authority.host());
    port.is_some_and(|port| port.is_empty() || port == ":" || authority.port_u16().is_some())
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;

    use super::*;

    #[test]
    fn a_host_is_a_name_or_an_address_with_or_without_a_port() {
        for (hosts, expected) in [
            (&[][..], true),
            (&[""], true),
            (&["decant.example"], true),
            (&["decant_web:8080"], true),
            (&["127.0.0.1:8080"], true),
            (&["[::1]:8080"], true),
            (&["a b/@"], false),
            (&["a b"], false),
            (&["decant.example/path"], false),
            (&["user@decant.example"], false),
            (&["decant.example:port"], false),
            (&["decant.example", "decant.example"], false),
        ] {
            let mut headers = HeaderMap::new();
            for host in hosts {
                headers.append(header::HOST, HeaderValue::from_static(host));
            }
            assert_eq!(is_good(&headers), expected, "{hosts:?}");
        }
    }
}
