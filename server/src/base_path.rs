//! The path below which a proxy publishes Decant on a host that it shares with others.

use std::fmt;
use std::str::FromStr;

use actix_web::http::Uri;
use actix_web::http::uri::PathAndQuery;

/// A path such as `/decant`, without a slash at its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BasePath(String);

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidBasePath {
    #[error("a path such as /decant is needed: each part has only letters, digits, - and _")]
    NoPath,
    #[error(
        "a path must not begin with an address of Decant's own: /api, /d, /docs, /healthz, /readyz or /metrics"
    )]
    Reserved,
}

/// Paths that, with all below them, are never a view of the page: a program must not take the page for an answer.
pub const RESERVED: [&str; 7] = [
    "/api",
    "/d",
    "/docs",
    "/metrics",
    "/healthz",
    "/readyz",
    "/.well-known",
];

/// Returns whether the first part of a path is one of [`RESERVED`], in any case.
#[must_use]
pub fn is_reserved(first_part: &str) -> bool {
    RESERVED
        .iter()
        .any(|reserved| reserved[1..].eq_ignore_ascii_case(first_part))
}

impl FromStr for BasePath {
    type Err = InvalidBasePath;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let path = text.strip_suffix('/').unwrap_or(text);
        let parts = path.strip_prefix('/').ok_or(InvalidBasePath::NoPath)?;
        let is_plain = |part: &str| {
            let mut letters = part.chars();
            !part.is_empty() && letters.all(|letter| letter.is_ascii_alphanumeric() || "-_".contains(letter))
        };
        if !parts.split('/').all(is_plain) {
            return Err(InvalidBasePath::NoPath);
        }
        match parts.split('/').next().is_some_and(is_reserved) {
            true => Err(InvalidBasePath::Reserved),
            false => Ok(Self(path.to_owned())),
        }
    }
}

impl fmt::Display for BasePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl BasePath {
    /// Returns the address without this path, or `None` if it is not below it.
    #[must_use]
    pub fn strip(&self, uri: &Uri) -> Option<Uri> {
        let path = uri.path_and_query()?.as_str().strip_prefix(&self.0)?;
        let path = match path.chars().next() {
            Some('/') => path.to_owned(),
            None | Some('?') => format!("/{path}"),
            Some(_) => return None,
        };
        let mut parts = uri.clone().into_parts();
        parts.path_and_query = Some(PathAndQuery::try_from(path).ok()?);
        Uri::from_parts(parts).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_path_is_plain_and_no_address_of_decant() {
        for (given, expected) in [
            ("/decant", Ok("/decant")),
            ("/decant/", Ok("/decant")),
            ("/tools/decant_2", Ok("/tools/decant_2")),
            ("/", Err(InvalidBasePath::NoPath)),
            ("", Err(InvalidBasePath::NoPath)),
            ("decant", Err(InvalidBasePath::NoPath)),
            ("/a//b", Err(InvalidBasePath::NoPath)),
            ("/a.b", Err(InvalidBasePath::NoPath)),
            ("/\"><script>", Err(InvalidBasePath::NoPath)),
            ("https://host/decant", Err(InvalidBasePath::NoPath)),
            ("/api", Err(InvalidBasePath::Reserved)),
            ("/Docs/decant", Err(InvalidBasePath::Reserved)),
        ] {
            let parsed = given.parse::<BasePath>();
            assert_eq!(
                parsed.map(|path| path.to_string()),
                expected.map(str::to_owned),
                "{given}"
            );
        }
    }

    #[test]
    fn only_addresses_below_the_path_are_stripped() {
        let base: BasePath = "/decant".parse().unwrap();
        for (given, expected) in [
            ("/decant", Some("/")),
            ("/decant/", Some("/")),
            ("/decant?a=1", Some("/?a=1")),
            ("/decant/api/me?a=%2F", Some("/api/me?a=%2F")),
            ("/decant/decant", Some("/decant")),
            ("/decanter", None),
            ("/api/me", None),
        ] {
            let stripped = base.strip(&given.parse().unwrap());
            assert_eq!(stripped, expected.map(|uri| uri.parse().unwrap()), "{given}");
        }
    }
}
