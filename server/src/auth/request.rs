//! The parts of an HTTP request that show who sends it.

use std::net::{IpAddr, SocketAddr};

use actix_web::cookie::Cookie;
use actix_web::http::Method;
use actix_web::http::header::{self, HeaderMap, HeaderName};

/// The parts of an HTTP request that show who sends it.
#[derive(Clone, Copy, Debug)]
pub struct RequestParts<'a> {
    pub method: &'a Method,
    pub path: &'a str,
    pub headers: &'a HeaderMap,
    /// The address of the TCP connection's other end.
    pub peer: IpAddr,
}

impl RequestParts<'_> {
    /// Returns the bearer token or API key of the request, or `None` where it has neither header.
    pub(super) fn credential_from_headers(&self) -> Option<&str> {
        self.bearer()
            .or_else(|| self.text(HeaderName::from_static("x-api-key")))
    }

    /// Returns the bearer token of the request, or `None` where it has no header `Authorization`.
    #[must_use]
    pub fn bearer(&self) -> Option<&str> {
        self.text(header::AUTHORIZATION).map(|value| {
            match value.split_once(' ') {
                Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => token.trim(),
                // A credential of another scheme is a wrong credential, not a missing one.
                _ => "",
            }
        })
    }

    /// Returns the first cookie with this name. The name is not decoded: a browser protects the prefix `__Host-`, but lets any host
    /// of the domain set a cookie with the name `%5F_Host-…` (RFC 6265bis, 4.1.3).
    pub(super) fn cookie(&self, name: &str) -> Option<Cookie<'static>> {
        let lists = self.headers.get_all(header::COOKIE);
        lists
            .filter_map(|list| list.to_str().ok())
            .flat_map(|list| list.split(';'))
            .map(str::trim)
            .filter(|pair| {
                pair.split_once('=')
                    .is_some_and(|(found, _)| found.trim() == name)
            })
            .find_map(|pair| Cookie::parse_encoded(pair.to_owned()).ok())
    }

    /// Returns the client's address: the peer's, or the last one of `X-Forwarded-For` where the proxy before Decant is
    /// trusted.
    pub fn address(&self, trust_proxy: bool) -> IpAddr {
        // The proxy itself added the last entry. The client may have made up those before it.
        let forwarded = self
            .headers
            .get_all("x-forwarded-for")
            .last()
            .and_then(|list| forwarded_address(list.to_str().ok()?.rsplit(',').next()?.trim()));
        forwarded.filter(|_| trust_proxy).unwrap_or(self.peer)
    }

    /// Returns whether the client reached Decant, or the proxy before it, over TLS. A client that makes the header up changes
    /// its own cookie only. A proxy may not send it, but a browser sends `Origin` with every request that changes something.
    #[must_use]
    pub fn is_over_tls(&self) -> bool {
        let scheme = self.text(HeaderName::from_static("x-forwarded-proto"));
        // Proxies in a row may make a list; the first entry is the scheme that the client used.
        let first = scheme.and_then(|schemes| schemes.split(',').next());
        match first {
            Some(scheme) => scheme.trim().eq_ignore_ascii_case("https"),
            None => self
                .text(header::ORIGIN)
                .is_some_and(|origin| origin.starts_with("https://")),
        }
    }

    /// Returns the host and port under which the client knows this server, or `None`: it names no host. `trust_proxy` allows that of
    /// `X-Forwarded-Host`, where a proxy may put it.
    #[must_use]
    pub fn own_host(&self, trust_proxy: bool) -> Option<&str> {
        let forwarded = self.text(HeaderName::from_static("x-forwarded-host"));
        // Proxies in a row may make a list; the first entry is the host that the client used.
        let first = forwarded.and_then(|hosts| hosts.split(',').next());
        let host = first.filter(|_| trust_proxy).or_else(|| self.text(header::HOST));
        host.map(str::trim).filter(|host| !host.is_empty())
    }

    /// A value that is no visible ASCII becomes the empty text, which no credential is.
    fn text(&self, name: HeaderName) -> Option<&str> {
        let value = self.headers.get(name)?;
        Some(value.to_str().unwrap_or("").trim())
    }
}

/// Reads an address with or without a port, which some proxies add: `203.0.113.9:4711`, `[2001:db8::1]:4711`.
fn forwarded_address(text: &str) -> Option<IpAddr> {
    let with_port = || text.parse().map(|address: SocketAddr| address.ip());
    let in_brackets = || text.strip_prefix('[')?.strip_suffix(']')?.parse().ok();
    text.parse().or_else(|_| with_port()).ok().or_else(in_brackets)
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;

    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        headers
    }

    fn parts(headers: &HeaderMap) -> RequestParts<'_> {
        RequestParts {
            method: &Method::GET,
            path: "/",
            headers,
            peer: [192, 0, 2, 1].into(),
        }
    }

    #[test]
    fn a_credential_is_the_bearer_token_or_the_api_key() {
        for (given, expected) in [
            (&[][..], None),
            (&[("authorization", "Bearer a")], Some("a")),
            (&[("authorization", "bearer  a ")], Some("a")),
            (&[("x-api-key", " b ")], Some("b")),
            (&[("authorization", "Bearer a"), ("x-api-key", "b")], Some("a")),
            (&[("authorization", "Basic YTpi")], Some("")),
            (&[("authorization", "Bearer")], Some("")),
        ] {
            let headers = headers(given);
            assert_eq!(parts(&headers).credential_from_headers(), expected, "{given:?}");
        }
    }

    #[test]
    fn a_cookie_is_found_among_others_and_beside_malformed_ones() {
        let headers = headers(&[("cookie", "a=1; =; %62=planted; b=x%20y"), ("cookie", "c=3")]);
        let value = |name| {
            parts(&headers)
                .cookie(name)
                .map(|cookie| cookie.value().to_owned())
        };
        assert_eq!(value("b").as_deref(), Some("x y"));
        assert_eq!(value("c").as_deref(), Some("3"));
        assert_eq!(value("d"), None);
    }

    #[test]
    fn tls_is_known_by_the_proxys_header_or_the_origin() {
        for (given, expected) in [
            (&[][..], false),
            (&[("x-forwarded-proto", "https")], true),
            (&[("x-forwarded-proto", "HTTPS, http")], true),
            (&[("x-forwarded-proto", "http")], false),
            (&[("origin", "https://decant.example")], true),
            (&[("origin", "http://decant.example")], false),
            (
                &[
                    ("x-forwarded-proto", "http"),
                    ("origin", "https://decant.example"),
                ],
                false,
            ),
        ] {
            let headers = headers(given);
            assert_eq!(parts(&headers).is_over_tls(), expected, "{given:?}");
        }
    }

    #[test]
    fn a_forwarded_address_counts_only_behind_a_trusted_proxy() {
        let headers = headers(&[("x-forwarded-for", "203.0.113.9, 198.51.100.7")]);
        assert_eq!(parts(&headers).address(false), IpAddr::from([192, 0, 2, 1]));
        assert_eq!(parts(&headers).address(true), IpAddr::from([198, 51, 100, 7]));
    }

    #[test]
    fn the_port_of_a_forwarded_address_is_ignored() {
        for (given, expected) in [
            ("203.0.113.9:4711", Some("203.0.113.9")),
            ("2001:db8::1", Some("2001:db8::1")),
            ("[2001:db8::1]:4711", Some("2001:db8::1")),
            ("[2001:db8::1]", Some("2001:db8::1")),
            ("203.0.113.9:", None),
            ("203.0.113.9:port", None),
            ("[203.0.113.9]:4711", None),
            ("unknown", None),
        ] {
            let list = format!("192.0.2.7, {given}");
            let mut headers = HeaderMap::new();
            headers.append(
                HeaderName::from_static("x-forwarded-for"),
                HeaderValue::from_str(&list).unwrap(),
            );
            let expected = expected.map_or(parts(&headers).peer, |address| address.parse().unwrap());
            assert_eq!(parts(&headers).address(true), expected, "{given}");
        }
    }
}
