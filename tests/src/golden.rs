//! The conformance corpus of `tests/golden`: rows, what is asked of them, and the bytes that must come of it, by every
//! way that Decant has.
//!
//! `corpus.toml` makes the rows from no table; `rows` is their raw-row stream; `cases.json` names options and files;
//! the files are in `expected`. `GOLDEN=write cargo test -p decant-tests --test api golden` writes the stream and the
//! files anew: read the difference before it is committed.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::{Map, Value};

/// The dataset.
pub const CORPUS: &str = include_str!("../golden/corpus.toml");

/// When all of its exports are said to have begun, so that files that tell it are the same every day.
pub const AS_OF: &str = "2026-10-26T00:00:00Z";

/// Options, and what they give.
#[derive(Debug, Deserialize)]
pub struct Case {
    /// The name of the file in `expected`.
    pub file: String,
    /// As the worker gets them.
    pub options: Map<String, Value>,
}

impl Case {
    /// All there are.
    ///
    /// # Panics
    /// If `cases.json` cannot be read.
    #[must_use]
    pub fn all() -> Vec<Self> {
        serde_json::from_str(include_str!("../golden/cases.json")).expect("cases.json lists cases")
    }

    /// The options as the words of an address or a command line.
    #[must_use]
    pub fn words(&self) -> Vec<(String, String)> {
        let text = |value: &Value| match value {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        let word = |(name, value): (&String, &Value)| {
            let value = match value {
                Value::Array(items) => items.iter().map(text).collect::<Vec<_>>().join(","),
                value => text(value),
            };
            (name.clone(), value)
        };
        let words = self.options.iter().map(word);
        words.chain([("as_of".to_owned(), AS_OF.to_owned())]).collect()
    }

    /// Compares what has come of the options with what must.
    ///
    /// # Panics
    /// If they differ, or there is nothing to compare with.
    pub fn check(&self, file: &[u8], by: &str) {
        let path = folder().join("expected").join(&self.file);
        let expected = std::fs::read(&path).expect("what is expected has been written");
        assert!(
            file == expected,
            "{} by {by} differs from {}:\n{}",
            self.file,
            path.display(),
            String::from_utf8_lossy(&file[..file.len().min(4000)])
        );
    }
}

/// Whether the corpus is to be written anew.
#[must_use]
pub fn is_written() -> bool {
    std::env::var("GOLDEN").is_ok_and(|golden| golden == "write")
}

/// Where the corpus is.
#[must_use]
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("golden")
}
