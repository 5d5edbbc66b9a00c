//! Masks the secrets in the URL of a stored request.

use std::borrow::Cow;

use super::secret_names::{MASK, is_secret};
use percent_encoding::percent_decode_str;

/// Returns the URL with `***` in the place of its user and password, and of each parameter whose name is secret. All other
/// characters stay.
pub fn mask_url(url: &str) -> String {
    let (rest, fragment) = split_before(url, '#');
    let (address, query) = split_before(rest, '?');
    [
        mask_user(address),
        mask_parameters(query),
        mask_parameters(fragment),
    ]
    .concat()
}

/// Splits a text before the first `separator`; the second part may be empty.
fn split_before(text: &str, separator: char) -> (&str, &str) {
    text.split_at(text.find(separator).unwrap_or(text.len()))
}

fn mask_user(address: &str) -> String {
    let begin = address.find("//").map_or(address.len(), |at| at + 2);
    let (scheme, rest) = address.split_at(begin);
    let (authority, path) = split_before(rest, '/');
    match authority.rsplit_once('@') {
        Some((_, host)) => format!("{scheme}{MASK}@{host}{path}"),
        None => address.to_owned(),
    }
}

/// Takes parameters with the `?` or `#` before them.
fn mask_parameters(parameters: &str) -> String {
    let parameters = parameters.split_inclusive(['?', '#', '&', ';']);
    parameters.map(mask_parameter).collect()
}

/// Takes a parameter with the separator behind it.
fn mask_parameter(parameter: &str) -> Cow<'_, str> {
    let Some((name, value)) = parameter.split_once('=') else {
        return parameter.into();
    };
    let decoded = percent_decode_str(name).decode_utf8_lossy();
    if !is_secret(&decoded) {
        return parameter.into();
    }
    let separator = value.find(['?', '#', '&', ';']).unwrap_or(value.len());
    format!("{name}={MASK}{}", &value[separator..]).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_secrets_are_masked() {
        for (url, masked) in [
            ("/v1/messages", "/v1/messages"),
            ("/v1/messages?beta=true&a", "/v1/messages?beta=true&a"),
            (
                "https://g.example/v1beta/models/gemini:generate?alt=sse&key=AIza%3D=&x=1",
                "https://g.example/v1beta/models/gemini:generate?alt=sse&key=***&x=1",
            ),
            ("/a?ACCESS_TOKEN=b;c=d", "/a?ACCESS_TOKEN=***;c=d"),
            ("/a?%6Bey=b", "/a?%6Bey=***"),
            (
                "/a?sv=2&sig=b#access_token=c&d=e",
                "/a?sv=2&sig=***#access_token=***&d=e",
            ),
            ("/a?key=b?c=d", "/a?key=***?c=d"),
            (
                "/a?SIG=b&jwt=c&pwd=d&author=e",
                "/a?SIG=***&jwt=***&pwd=***&author=e",
            ),
            (
                "https://user:pa@ss@h.example:81/p@q",
                "https://***@h.example:81/p@q",
            ),
            ("https://user@h.example", "https://***@h.example"),
            ("", ""),
            ("密?key=钥", "密?key=***"),
        ] {
            assert_eq!(mask_url(url), masked);
        }
    }
}
