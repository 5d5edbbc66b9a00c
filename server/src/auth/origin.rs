//! Refuses a request that another site's page sent with the cookie, unless it is a link that changes nothing. The check uses Fetch Metadata, and
//! the origin where there is none (OWASP, "Cross-Site Request Forgery Prevention").

use actix_web::http::header::{self, HeaderName};
use actix_web::http::{Method, header::HeaderMap};
use url::Url;

use super::error::Refusal;
use super::request::RequestParts;

/// Checks that no other site's page sent this request. `trust_proxy` allows the host of
/// `X-Forwarded-Host` as well: a proxy may put its own name for Decant into `Host`.
///
/// # Errors
/// [`Refusal::CrossOrigin`] for a request of another site's page.
pub(super) fn check(request: RequestParts<'_>, trust_proxy: bool) -> Result<(), Refusal> {
    let text = |name: HeaderName| {
        let value = request.headers.get(name)?;
        Some(value.to_str().unwrap_or("?"))
    };
    if matches!(*request.method, Method::GET | Method::HEAD | Method::OPTIONS) {
        // `SameSite` lets pages of other ports and subdomains send the cookie. A link is the visitor's own doing; an image
        // of a dump, for example, is not.
        let site = text(HeaderName::from_static("sec-fetch-site"));
        let is_foreign = matches!(site, Some("same-site" | "cross-site"));
        let is_link = text(HeaderName::from_static("sec-fetch-mode")) == Some("navigate");
        return match is_foreign && !is_link {
            true => Err(Refusal::CrossOrigin),
            false => Ok(()),
        };
    }
    let is_own = match (
        text(HeaderName::from_static("sec-fetch-site")),
        text(header::ORIGIN),
    ) {
        // The browser has compared the addresses that it sees. It lets no page set this header.
        (Some(site), _) => matches!(site, "same-origin" | "none"),
        (None, Some(origin)) => is_host(origin, request.headers, trust_proxy),
        // A program that is no browser sends neither header, and no page can make it send its cookies.
        (None, None) => true,
    };
    match is_own {
        true => Ok(()),
        false => Err(Refusal::CrossOrigin),
    }
}

/// Returns whether the origin is that of the request's host. The host's scheme is unknown behind a proxy, so that of the
/// origin gives the default port.
fn is_host(origin: &str, headers: &HeaderMap, trust_proxy: bool) -> bool {
    let Ok(origin) = Url::parse(origin) else {
        return false;
    };
    let host = headers.get(header::HOST).into_iter();
    // Proxies in a row make a list. Any entry is as good: no page can set this header on another site's request.
    let forwarded = headers.get_all("x-forwarded-host").filter(|_| trust_proxy);
    host.chain(forwarded)
        .filter_map(|hosts| hosts.to_str().ok())
        .flat_map(|hosts| hosts.split(','))
        .filter_map(|host| Url::parse(&format!("{}://{}", origin.scheme(), host.trim())).ok())
        .any(|host| host.origin().is_tuple() && host.origin() == origin.origin())
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;

    use super::*;

    fn is_refused(headers: &[(&'static str, &'static str)], trust_proxy: bool) -> bool {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        refuses(&Method::POST, &map, trust_proxy)
    }

    fn refuses(method: &Method, headers: &HeaderMap, trust_proxy: bool) -> bool {
        let request = RequestParts {
            method,
            path: "/api/login",
            headers,
            peer: [192, 0, 2, 1].into(),
        };
        check(request, trust_proxy).is_err()
    }

    #[test]
    fn a_page_of_another_port_or_subdomain_reads_nothing_and_may_link() {
        for (site, mode, refused) in [
            ("same-site", "no-cors", true),
            ("cross-site", "cors", true),
            ("same-site", "navigate", false),
            ("same-origin", "no-cors", false),
            ("none", "navigate", false),
        ] {
            let mut headers = HeaderMap::new();
            for (name, value) in [("sec-fetch-site", site), ("sec-fetch-mode", mode)] {
                headers.append(HeaderName::from_static(name), HeaderValue::from_static(value));
            }
            assert_eq!(refuses(&Method::GET, &headers, false), refused, "{site} {mode}");
        }
        assert!(!refuses(&Method::GET, &HeaderMap::new(), false));
    }

    const OWN: (&str, &str) = ("origin", "https://decant.example");
    const FOREIGN: (&str, &str) = ("origin", "https://evil.example");

    #[test]
    fn the_browsers_own_comparison_counts_before_the_hosts() {
        // nginx's default: the host of `proxy_pass`.
        let rewritten = ("host", "127.0.0.1:8080");
        for (site, refused) in [
            ("same-origin", false),
            ("none", false),
            ("same-site", true),
            ("cross-site", true),
        ] {
            assert_eq!(
                is_refused(&[rewritten, OWN, ("sec-fetch-site", site)], false),
                refused,
                "{site}"
            );
        }
        assert!(is_refused(&[rewritten, OWN], false));
        assert!(is_refused(&[FOREIGN, ("sec-fetch-site", "cross-site")], true));
    }

    #[test]
    fn an_origin_is_compared_without_case_and_default_ports() {
        for (host, origin, refused) in [
            ("decant.example", "https://decant.example", false),
            ("decant.example:443", "https://decant.example", false),
            ("decant.example:80", "http://decant.example", false),
            ("DECANT.example", "https://decant.example", false),
            ("decant.example:8443", "https://decant.example:8443", false),
            ("[::1]:8080", "http://[::1]:8080", false),
            ("decant.example:8443", "https://decant.example", true),
            ("decant.example", "https://decant.example:8443", true),
            ("decant.example:80", "https://decant.example", true),
            ("decant.example", "https://evil.example", true),
            ("decant.example", "null", true),
            ("decant.example", "https://decant.example.evil", true),
            ("", "https://decant.example", true),
            ("decant.example", "file:///decant.example", true),
        ] {
            let headers: &[_] = &[("host", host), ("origin", origin)];
            assert_eq!(is_refused(headers, false), refused, "{host} {origin}");
        }
    }

    #[test]
    fn a_forwarded_host_counts_behind_a_trusted_proxy_only() {
        let rewritten = ("host", "decant:8080");
        for forwarded in [
            "decant.example",
            "decant.example, inner",
            "inner,DECANT.example:443",
        ] {
            let headers: &[_] = &[rewritten, ("x-forwarded-host", forwarded), OWN];
            assert!(!is_refused(headers, true), "{forwarded}");
            assert!(is_refused(headers, false), "{forwarded}");
        }
        assert!(is_refused(
            &[rewritten, ("x-forwarded-host", "decant.example"), FOREIGN],
            true
        ));
        // Traefik and Caddy pass the host on.
        assert!(!is_refused(
            &[
                ("host", "decant.example"),
                ("x-forwarded-host", "decant.example"),
                OWN
            ],
            true
        ));
    }
}
