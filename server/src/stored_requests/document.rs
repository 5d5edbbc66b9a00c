//! A stored request as a JSON document.

use std::borrow::Cow;

use api::session_requests::RequestMeta;
use wasm_export::json::JsonError;
use wasm_export::session_request::{Part, SessionRequest, mask_headers, mask_url};

use super::error::StoredRequestsError;
use super::session_id::SessionId;

/// Whether a document has the secrets in headers and URLs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Secrets {
    Masked,
    Shown,
}

/// A stored request. Each part but the first is the JSON text that is stored.
#[derive(Debug)]
pub struct StoredRequest {
    pub(super) session: SessionId,
    pub(super) sequence: u64,
    /// Whether the document names the position of the request.
    pub(super) is_numbered: bool,
    /// The parts of the document. The others are not read.
    pub(super) parts: Vec<Part>,
    pub(super) meta: RequestMeta,
    pub(super) headers: Option<Vec<u8>>,
    pub(super) body: Option<Vec<u8>>,
    pub(super) special_settings: Option<Vec<u8>>,
}

impl StoredRequest {
    /// Returns the id of its session.
    #[must_use]
    pub fn session(&self) -> &str {
        self.session.as_str()
    }

    #[must_use]
    pub fn sequence(&self) -> u64 {
        self.sequence
    }

    /// Returns the same request for a document without its position: its `sequence` is `null`.
    #[must_use]
    pub fn without_sequence(self) -> Self {
        Self {
            is_numbered: false,
            ..self
        }
    }

    /// Returns the document with its parts as they are stored.
    ///
    /// # Errors
    /// [`StoredRequestsError::NotJson`].
    pub fn stored(&self, secrets: Secrets) -> Result<Vec<u8>, StoredRequestsError> {
        self.document(secrets, |request, out| request.write_stored(out))
    }

    /// Returns the document laid out for reading, as the file of an export has it.
    ///
    /// # Errors
    /// [`StoredRequestsError::NotJson`].
    pub fn pretty(&self, secrets: Secrets) -> Result<Vec<u8>, StoredRequestsError> {
        self.document(secrets, |request, out| request.write(out))
    }

    /// Returns the document as a line of a file.
    ///
    /// # Errors
    /// [`StoredRequestsError::NotJson`].
    pub fn line(&self, secrets: Secrets) -> Result<Vec<u8>, StoredRequestsError> {
        self.document(secrets, |request, out| request.write_line(out))
    }

    /// Returns the parts that an export needs and that are asked for, but are not stored.
    pub(super) fn missing(&self) -> Vec<Part> {
        let parts = [(Part::Headers, &self.headers), (Part::Body, &self.body)];
        let missing = parts
            .into_iter()
            .filter(|(part, text)| self.parts.contains(part) && text.is_none());
        missing.map(|(part, _)| part).collect()
    }

    fn document(
        &self,
        secrets: Secrets,
        write: impl Fn(&SessionRequest<'_>, &mut Vec<u8>) -> Result<(), JsonError>,
    ) -> Result<Vec<u8>, StoredRequestsError> {
        let not_json = |error| StoredRequestsError::NotJson {
            sequence: self.sequence,
            error,
        };
        let (meta, headers) = match secrets {
            Secrets::Shown => (self.meta.clone(), self.headers.as_deref().map(Cow::Borrowed)),
            Secrets::Masked => {
                let headers = self.headers.as_deref().map(mask_headers).transpose();
                (
                    mask_meta(self.meta.clone()),
                    headers.map_err(not_json)?.map(Cow::Owned),
                )
            }
        };
        let meta = serde_json::to_vec(&meta).expect("a struct of texts is JSON");
        let request = SessionRequest {
            session_id: self.session.as_str(),
            sequence: self.is_numbered.then_some(self.sequence),
            meta: Some(&meta),
            headers: headers.as_deref(),
            body: self.body.as_deref(),
            special_settings: self.special_settings.as_deref(),
            only: Some(&self.parts),
        };
        let length = |part: Option<&[u8]>| part.map_or(0, <[u8]>::len);
        let mut out = Vec::with_capacity(length(request.headers) + length(request.body) + 1024);
        write(&request, &mut out).map_err(not_json)?;
        Ok(out)
    }
}

/// Returns the record with its URLs without secrets.
pub(super) fn mask_meta(meta: RequestMeta) -> RequestMeta {
    let mask = |url: Option<String>| url.map(|url| mask_url(&url));
    RequestMeta {
        client_url: mask(meta.client_url),
        upstream_url: mask(meta.upstream_url),
        method: meta.method,
    }
}
