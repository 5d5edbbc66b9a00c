//! Answers of a server, and the assertions that most tests make about them.

use std::io::Read;

use reqwest::header::HeaderMap;
use serde::de::DeserializeOwned;

use crate::problem::Problem;
use crate::raw_rows::RawRows;

/// Parts of the SQL and of the database's address. No answer may contain them.
const SECRETS: &[&str] = &[
    "message_request",
    "left join",
    "select ",
    "SELECT ",
    "postgres://",
    "host=/",
    "COPY (",
];

#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    /// As received: still compressed, and incomplete if the connection broke.
    pub body: Vec<u8>,
    /// Whether the connection broke before the answer's end.
    pub broken: bool,
}

impl Answer {
    /// Asserts status 2xx and an unbroken connection, and returns the answer.
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

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn json<T: DeserializeOwned>(&self) -> T {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error} in: {}", self.text()))
    }

    /// Returns a header's value; empty if there is none.
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }

    /// Asserts that the answer is a problem with this status and code that leaks none of `SECRETS`, and returns it.
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

    /// Returns the raw-row stream in the body. It may be incomplete.
    pub fn raw_rows(&self) -> RawRows {
        assert_eq!(self.status, 200, "{}", self.text());
        assert_eq!(self.header("content-type"), wasm_export::rows::MEDIA_TYPE);
        RawRows::parse(&self.decompressed())
    }

    /// Returns the body without its content encoding.
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
