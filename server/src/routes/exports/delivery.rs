//! The answer with the file of an export.

use std::ops::Range;

use actix_web::http::Method;
use actix_web::http::header::{self, ContentDisposition, EntityTag, Header, IfNoneMatch};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::app::App;
use crate::error::ApiError;
use crate::exports::download::Download;
use crate::exports::files::StoredExport;
use crate::exports::record::ExportRecord;
use crate::permissions::DownloadRight;
use crate::routes::attachment::{attachment, shown};
use crate::routes::byte_range;

/// The policy of a file that a browser shows. It runs nothing, loads nothing and has an origin of its own, because the file has
/// texts of many people, and the page's origin has the session of its reader.
const SHOWN_POLICY: &str = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:";

/// A file that is there, and how it is sent.
pub struct Delivery {
    pub stored: StoredExport,
    pub file_name: String,
    pub media_type: &'static str,
    /// Whether a browser shows the file instead of saving it.
    pub is_inline: bool,
    /// Whether its address is the credential.
    pub is_of_link: bool,
    /// Whether parts of the file may be asked for. A link that is good once has none.
    pub has_parts: bool,
}

impl Delivery {
    /// Returns the file of a record for a caller who may download it, as an attachment with parts.
    ///
    /// # Errors
    /// [`NoFile`](crate::exports::file_access::NoFile)
    pub fn new(app: &App, record: &ExportRecord, _: DownloadRight) -> Result<Self, ApiError> {
        let stored = record.stored_file()?;
        let stays_encrypted = app.stored_exports.files.stays_encrypted(&stored);
        Ok(Self {
            file_name: record.download_name(stays_encrypted),
            media_type: record.media_type(stays_encrypted),
            stored,
            is_inline: false,
            is_of_link: false,
            has_parts: true,
        })
    }

    /// Returns the answer to a request for the file. `download` is called only if bytes of the file are sent. Its argument is
    /// the part of the file, or `None`: the whole file.
    ///
    /// # Errors
    /// [`ApiError::RangeNotSatisfiable`]; the storage's error.
    pub async fn answer(
        self,
        app: &App,
        request: &HttpRequest,
        download: impl AsyncFnOnce(Option<Range<u64>>) -> Result<Download, ApiError>,
    ) -> Result<HttpResponse, ApiError> {
        let (tag, bytes) = (
            EntityTag::new_strong(self.stored.sha256.clone()),
            self.stored.bytes,
        );
        if has_it(request, &tag) {
            let mut answer = HttpResponse::NotModified();
            answer.insert_header(header::ETag(tag));
            return Ok(self.with_cache(&mut answer).finish());
        }
        let has_parts = self.has_parts && !app.stored_exports.files.decrypts(&self.stored);
        let part = match has_parts {
            true => byte_range::requested(request, &tag, bytes)?,
            false => None,
        };
        let mut answer = byte_range::response(tag, bytes, part.as_ref());
        answer
            .content_type(self.media_type)
            .insert_header(self.disposition());
        if let Some(digest) = repr_digest(&self.stored.sha256) {
            answer.insert_header(("repr-digest", digest));
        }
        if !has_parts {
            answer.insert_header((header::ACCEPT_RANGES, "none"));
        }
        if self.is_inline {
            answer.insert_header((header::CONTENT_SECURITY_POLICY, SHOWN_POLICY));
        }
        self.with_cache(&mut answer);
        if request.method() == Method::HEAD {
            return Ok(answer.finish());
        }
        let part = part.filter(|part| *part != (0..bytes));
        let pieces = app.stored_exports.files.read(&self.stored, part.clone()).await?;
        let download = download(part).await?;
        Ok(answer.streaming(download.until_delivered(pieces)))
    }

    fn disposition(&self) -> ContentDisposition {
        match self.is_inline {
            true => shown(self.file_name.as_str()),
            false => attachment(self.file_name.as_str()),
        }
    }

    /// A browser may keep the file, and asks each time whether its reader may still have it.
    fn with_cache<'a>(&self, answer: &'a mut HttpResponseBuilder) -> &'a mut HttpResponseBuilder {
        let value = match self.is_of_link {
            true => "no-store",
            false => "private, no-cache",
        };
        answer.insert_header((header::CACHE_CONTROL, value))
    }
}

/// Returns whether the client names the file as one that it has (RFC 9110, 13.1.2).
fn has_it(request: &HttpRequest, tag: &EntityTag) -> bool {
    if !request.headers().contains_key(header::IF_NONE_MATCH) {
        return false;
    }
    match IfNoneMatch::parse(request) {
        Ok(IfNoneMatch::Any) => true,
        Ok(IfNoneMatch::Items(tags)) => tags.iter().any(|known| known.weak_eq(tag)),
        Err(_) => false,
    }
}

/// Returns the header `Repr-Digest` (RFC 9530) for a SHA-256 in hexadecimal digits.
fn repr_digest(sha256: &str) -> Option<String> {
    let pairs = sha256.as_bytes().chunks(2);
    let bytes = pairs.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok());
    let bytes: Option<Vec<u8>> = bytes.collect();
    Some(format!("sha-256=:{}:", STANDARD.encode(bytes?)))
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn a_client_that_has_the_file_gets_no_bytes() {
        let tag = EntityTag::new_strong("a".to_owned());
        for (header, expected) in [
            (None, false),
            (Some("\"a\""), true),
            (Some("W/\"a\""), true),
            (Some("\"b\", \"a\""), true),
            (Some("*"), true),
            (Some("\"b\""), false),
        ] {
            let mut request = TestRequest::default();
            if let Some(value) = header {
                request = request.insert_header(("if-none-match", value));
            }
            assert_eq!(has_it(&request.to_http_request(), &tag), expected, "{header:?}");
        }
    }

    #[test]
    fn the_digest_is_in_base64() {
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        let expected = "sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:";
        assert_eq!(repr_digest(empty).as_deref(), Some(expected));
        assert_eq!(repr_digest("x"), None);
    }
}
