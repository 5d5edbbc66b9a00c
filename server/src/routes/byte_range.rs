//! Requests for a part of a stored file, with which a client resumes a download (RFC 9110, 13.1.5 and 14).

use std::ops::Range;

use actix_web::http::StatusCode;
use actix_web::http::header::{self, ByteRangeSpec, EntityTag, Header, IfRange};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};

use crate::error::ApiError;

/// Returns whether the request asks for a part of this file by its tag.
pub fn continues(request: &HttpRequest, tag: &EntityTag) -> bool {
    let has = |name| request.headers().contains_key(name);
    has(header::RANGE) && has(header::IF_RANGE) && !names_other_file(request, tag)
}

/// Returns whether the request asks for a part behind the first byte and does not name the file, whose beginning it has.
pub fn continues_unnamed(request: &HttpRequest) -> bool {
    if request.headers().contains_key(header::IF_RANGE) {
        return false;
    }
    let Ok(header::Range::Bytes(ranges)) = header::Range::parse(request) else {
        return false;
    };
    let begins_later = |range: &ByteRangeSpec| match range {
        ByteRangeSpec::From(first) | ByteRangeSpec::FromTo(first, _) => *first > 0,
        ByteRangeSpec::Last(_) => false,
    };
    matches!(ranges.as_slice(), [range] if begins_later(range))
}

fn names_other_file(request: &HttpRequest, tag: &EntityTag) -> bool {
    request.headers().contains_key(header::IF_RANGE)
        && !matches!(IfRange::parse(request), Ok(IfRange::EntityTag(given)) if given.strong_eq(tag))
}

/// Returns the beginning of an answer with a file of `bytes` bytes, or with a part of it.
pub fn response(tag: EntityTag, bytes: u64, part: Option<&Range<u64>>) -> HttpResponseBuilder {
    let mut response = HttpResponse::Ok();
    response
        .content_type("application/octet-stream")
        .insert_header(header::ETag(tag))
        .insert_header((header::ACCEPT_RANGES, "bytes"))
        .no_chunking(bytes);
    if let Some(Range { start, end }) = part {
        let range = format!("bytes {start}-{}/{bytes}", end - 1);
        response
            .status(StatusCode::PARTIAL_CONTENT)
            .insert_header((header::CONTENT_RANGE, range))
            .no_chunking(end - start);
    }
    response
}

/// Returns the part of a file of `bytes` bytes that the request asks for; `None` for the whole file.
///
/// Several ranges and units other than bytes are ignored, as a server may (RFC 9110, 14.2). So is a range of another file than
/// that of `If-Range`.
///
/// # Errors
/// [`ApiError::RangeNotSatisfiable`]: the range begins behind the end.
pub fn requested(request: &HttpRequest, tag: &EntityTag, bytes: u64) -> Result<Option<Range<u64>>, ApiError> {
    let Ok(header::Range::Bytes(ranges)) = header::Range::parse(request) else {
        return Ok(None);
    };
    match ranges.as_slice() {
        [range] if !names_other_file(request, tag) => {
            let (first, last) = range
                .to_satisfiable_range(bytes)
                .ok_or(ApiError::RangeNotSatisfiable { bytes })?;
            Ok(Some(first..last + 1))
        }
        _ => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn asked(range: &str, if_range: Option<&str>) -> Result<Option<Range<u64>>, ApiError> {
        let mut request = TestRequest::default().insert_header(("range", range));
        if let Some(value) = if_range {
            request = request.insert_header(("if-range", value));
        }
        requested(
            &request.to_http_request(),
            &EntityTag::new_strong("a".to_owned()),
            100,
        )
    }

    #[test]
    fn a_download_goes_on_only_if_it_names_the_file() {
        for (range, if_range, expected, unnamed) in [
            (Some("bytes=10-"), None, false, true),
            (Some("bytes=10-20"), None, false, true),
            (Some("bytes=0-"), None, false, false),
            (Some("bytes=0-499"), None, false, false),
            (Some("bytes=-500"), None, false, false),
            (Some("bytes=0-"), Some("\"a\""), true, false),
            (Some("bytes=10-"), Some("\"a\""), true, false),
            (Some("bytes=10-"), Some("\"b\""), false, false),
            (None, Some("\"a\""), false, false),
            (None, None, false, false),
        ] {
            let mut request = TestRequest::default();
            for (name, value) in [("range", range), ("if-range", if_range)] {
                if let Some(value) = value {
                    request = request.insert_header((name, value));
                }
            }
            let (request, tag) = (request.to_http_request(), EntityTag::new_strong("a".to_owned()));
            let found = (continues(&request, &tag), continues_unnamed(&request));
            assert_eq!(found, (expected, unnamed), "{range:?} {if_range:?}");
        }
    }

    #[test]
    fn one_range_of_this_file_is_sent_and_anything_else_is_the_whole_file() {
        for (range, expected) in [
            ("bytes=0-", Some(0..100)),
            ("bytes=10-19", Some(10..20)),
            ("bytes=90-200", Some(90..100)),
            ("bytes=-10", Some(90..100)),
            ("bytes=-200", Some(0..100)),
            ("bytes=0-1,5-6", None),
            ("rows=1-2", None),
            ("bytes=9-1", None),
            ("bytes=x", None),
        ] {
            assert_eq!(asked(range, None).ok(), Some(expected), "{range}");
        }
        assert_eq!(asked("bytes=10-", Some("\"a\"")).ok(), Some(Some(10..100)));
        for other in ["\"b\"", "W/\"a\"", "Sun, 29 Nov 2026 08:00:00 GMT", "a"] {
            assert_eq!(asked("bytes=10-", Some(other)).ok(), Some(None), "{other}");
        }
        for behind in ["bytes=100-", "bytes=-0"] {
            assert!(asked(behind, None).is_err(), "{behind}");
        }
    }
}
