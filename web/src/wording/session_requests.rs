//! Stored requests of a session as text.

use api::session_requests::StoredRequest;

/// Returns why the request cannot be downloaded, or `None` if it can.
pub fn missing_part(request: &StoredRequest) -> Option<&'static str> {
    match (request.complete, request.body_bytes) {
        (true, _) => None,
        (false, 0) => Some("The body is not stored."),
        (false, _) => Some("The headers are not stored."),
    }
}

#[cfg(test)]
mod tests {
    use api::session_requests::RequestMeta;

    use super::*;

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
        }
    }
}
