//! Stored requests of a session as text.

use api::session_requests::StoredRequest;
use wasm_export::session_request::Part;

use super::count;

/// Returns why the request cannot be downloaded, or `None` if it can.
pub fn missing_part(request: &StoredRequest) -> Option<&'static str> {
    match (request.complete, request.body_bytes) {
        (true, _) => None,
        (false, 0) => Some("The body is not stored."),
        (false, _) => Some("The headers are not stored."),
    }
}

/// Returns why this part of the request cannot be shown, or `None` if it may be stored.
pub fn missing(request: &StoredRequest, part: Part) -> Option<&'static str> {
    match (part, missing_part(request)) {
        (Part::Body, Some(reason)) if request.body_bytes == 0 => Some(reason),
        (Part::Headers, Some(reason)) if request.body_bytes > 0 => Some(reason),
        _ => None,
    }
}

/// `1 line`, `1,234 lines`
pub fn lines(number: u64) -> String {
    format!("{} {}", count(number), if number == 1 { "line" } else { "lines" })
}

/// Returns the title of a part.
pub fn part(part: Part) -> &'static str {
    match part {
        Part::Meta => "Meta",
        Part::Headers => "Headers",
        Part::Body => "Body",
        Part::SpecialSettings => "Settings",
    }
}

#[cfg(test)]
mod tests {
    use api::session_requests::RequestMeta;

    use super::*;

    #[test]
    fn one_line_is_a_line() {
        assert_eq!(
            (lines(1).as_str(), lines(1_234).as_str()),
            ("1 line", "1,234 lines")
        );
    }

    #[test]
    fn the_missing_part_is_named() {
        for (body_bytes, complete, missing) in [
            (12, true, None),
            (0, false, Some("The body is not stored.")),
            (12, false, Some("The headers are not stored.")),
        ] {
            let request = StoredRequest {
                sequence: 1,
                meta: RequestMeta::default(),
                body_bytes,
                complete,
            };
            assert_eq!(missing_part(&request), missing);
            assert_eq!(super::missing(&request, Part::Meta), None);
            let parts = [Part::Headers, Part::Body].map(|part| super::missing(&request, part));
            assert_eq!(parts.into_iter().flatten().next(), missing);
        }
    }
}
