//! What a server answered.

use std::io::Read;

use reqwest::header::HeaderMap;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::raw_rows::RawRows;

/// Words that no caller may ever read: of the SQL, of the address of the database.
const SECRETS: &[&str] = &[
    "message_request",
    "left join",
    "select ",
    "SELECT ",
    "postgres://",
    "host=/",
    "COPY (",
];

/// A whole answer.
#[derive(Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body as it came, still compressed if it was; of a broken answer, what came.
    pub body: Vec<u8>,
    /// Whether the connection broke before the answer's end.
    pub broken: bool,
}

/// An error as RFC 9457 has it.
#[derive(Debug, Deserialize)]
pub struct Problem {
    /// A short text for the kind of error.
    pub title: String,
    /// The HTTP status again.
    pub status: u16,
    /// What was wrong, and what to do.
    pub detail: String,
    /// The stable name of the kind of error.
    pub code: String,
    /// The parameter it is about.
    pub field: Option<String>,
    /// The number under which the log speaks of the request.
    pub request_id: Option<String>,
}

impl Answer {
    /// An answer that should be whole and good.
    ///
    /// # Panics
    /// If it is not.
    pub fn good(self) -> Self {
        assert!(
            (200..300).contains(&self.status),
            "{}: {}",
            self.status,
            self.text()
        );
        assert!(
            !self.broken,
            "the answer broke off after {} bytes",
            self.body.len()
        );
        self
    }

    /// The body as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    ///
    /// # Panics
    /// If it is something else.
    #[must_use]
    pub fn json<T: DeserializeOwned>(&self) -> T {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error} in: {}", self.text()))
    }

    /// A header's value; empty if there is none.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }

    /// The problem of an answer that should have this status and code.
    ///
    /// # Panics
    /// If it has others, is no `application/problem+json`, or tells what no caller may know.
    pub fn problem(&self, status: u16, code: &str) -> Problem {
        assert_eq!(self.status, status, "{}", self.text());
        assert!(
            self.header("content-type")
                .starts_with("application/problem+json"),
            "{:?}",
            self.headers
        );
        let problem: Problem = self.json();
        assert_eq!(
            (problem.status, problem.code.as_str()),
            (status, code),
            "{problem:?}"
        );
        assert!(
            !problem.title.is_empty() && !problem.detail.is_empty(),
            "{problem:?}"
        );
        assert!(
            problem.request_id.as_deref().is_some_and(|id| !id.is_empty()),
            "{problem:?}"
        );
        for secret in SECRETS {
            assert!(
                !self.text().contains(secret),
                "`{secret}` leaked: {}",
                self.text()
            );
        }
        problem
    }

    /// The body of a raw-row stream, whole or broken off.
    ///
    /// # Panics
    /// If it is no such stream.
    #[must_use]
    pub fn raw_rows(&self) -> RawRows {
        assert_eq!(self.status, 200, "{}", self.text());
        assert_eq!(self.header("content-type"), wasm_export::rows::MEDIA_TYPE);
        RawRows::parse(&self.decompressed())
    }

    /// The body without its content encoding.
    ///
    /// # Panics
    /// If it cannot be decompressed.
    #[must_use]
    pub fn decompressed(&self) -> Vec<u8> {
        let mut plain = Vec::new();
        let body = self.body.as_slice();
        let read = match self.header("content-encoding") {
            "" | "identity" => return self.body.clone(),
            "gzip" => flate2::read::GzDecoder::new(body).read_to_end(&mut plain),
            "br" => brotli::Decompressor::new(body, 64 * 1024).read_to_end(&mut plain),
            "zstd" => {
                zstd::stream::read::Decoder::new(body).and_then(|mut body| body.read_to_end(&mut plain))
            }
            other => panic!("the encoding {other} was never asked for"),
        };
        read.expect("the body is as its content encoding says");
        plain
    }
}
