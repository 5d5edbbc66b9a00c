//! The pairs of an address, read strictly: what is not text is refused, not replaced.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use percent_encoding::percent_decode_str;

use crate::error::ApiError;
use crate::parameter::ParameterError;

/// The name-value pairs after an address's `?`, in their order (WHATWG, "application/x-www-form-urlencoded").
pub struct Pairs(pub Vec<(String, String)>);

impl FromRequest for Pairs {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(parse(request.query_string()).map(Self).map_err(Into::into))
    }
}

fn parse(query: &str) -> Result<Vec<(String, String)>, ParameterError> {
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let name = text(name).unwrap_or_else(|| name.to_owned());
            match text(value) {
                Some(value) => Ok((name, value)),
                None => Err(ParameterError::invalid(name, "is not UTF-8 text")),
            }
        })
        .collect()
}

fn text(encoded: &str) -> Option<String> {
    let spaced = encoded.replace('+', " ");
    percent_decode_str(&spaced).decode_utf8().ok().map(Into::into)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_decoded_and_what_is_no_text_is_refused_by_name() {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(
            parse("a=1+2&b=%C3%A9&&c").unwrap(),
            [pair("a", "1 2"), pair("b", "é"), pair("c", "")]
        );
        assert_eq!(parse("session=%ff%fe").unwrap_err().field(), "session");
    }
}
