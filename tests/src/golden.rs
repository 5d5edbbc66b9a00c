//! The conformance corpus of `tests/golden`: rows, what is asked of them, and the bytes that must come of it, by every
//! way that Decant has.
//!
//! `corpus.toml` makes the rows from no table, and so do `turns.toml` and `training.toml`, those of conversations. `rows` is the
//! raw-row stream of the corpus, and `turns.rows` and `training.rows` are theirs. `cases.json` names rows, options and files; the
//! files are in `expected`. `bundle.toml`, `bundle_rows`, `bundle_contents.json` and `bundle_cases.json` are the same of a
//! bundle, and the files in `report` of a bundle that is a report. `GOLDEN=write cargo test -p decant-tests --test api golden` writes the stream and the
//! files anew: read the difference before it is committed.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::{Map, Value};

pub const CORPUS: &str = include_str!("../golden/corpus.toml");

/// The datasets with their definitions and the files of their raw-row streams.
pub const DATASETS: [(&str, &str, &str); 3] = [
    ("corpus", CORPUS, "rows"),
    ("turns", include_str!("../golden/turns.toml"), "turns.rows"),
    (
        "training",
        include_str!("../golden/training.toml"),
        "training.rows",
    ),
];

/// Two more datasets: one row of the corpus, and none.
pub const ONE: &str =
    "name = \"corpus-one\"\ntitle = \"One row\"\nextends = \"corpus\"\nwhere = \"id = 11\"\n";
pub const NONE: &str =
    "name = \"corpus-none\"\ntitle = \"No row\"\nextends = \"corpus\"\nwhere = \"false\"\n";

/// A bundle, its datasets, and the names of the files with its contents and its stream.
pub struct GoldenBundle {
    pub name: &'static str,
    pub definition: &'static str,
    /// The definitions of its datasets.
    pub datasets: &'static [&'static str],
    /// The contents of its files beside their rows, as JSON.
    pub contents: &'static str,
    /// The file with its stream.
    pub rows: &'static str,
    cases: &'static str,
}

/// The bundle of the corpus, one row and none, and a report.
pub const BUNDLES: [GoldenBundle; 2] = [
    GoldenBundle {
        name: "golden",
        definition: include_str!("../golden/bundle.toml"),
        datasets: &[CORPUS, ONE, NONE],
        contents: include_str!("../golden/bundle_contents.json"),
        rows: "bundle_rows",
        cases: include_str!("../golden/bundle_cases.json"),
    },
    GoldenBundle {
        name: "golden-report",
        definition: include_str!("../golden/report/bundle.toml"),
        datasets: &[
            CORPUS,
            NONE,
            include_str!("../golden/report/events.toml"),
            include_str!("../golden/report/facts.toml"),
        ],
        contents: include_str!("../golden/report/contents.json"),
        rows: "report/rows",
        cases: include_str!("../golden/report/cases.json"),
    },
];

/// The start time of all its exports, so that files which contain it are the same every day.
pub const AS_OF: &str = "2026-10-26T00:00:00Z";

/// Export options, and the file that they must produce.
#[derive(Debug, Deserialize)]
pub struct Case {
    /// The dataset of its rows.
    #[serde(rename = "rows", default = "corpus")]
    pub dataset: String,
    /// Name of the file in `expected`.
    pub file: String,
    /// In the form that the worker receives.
    pub options: Map<String, Value>,
}

fn corpus() -> String {
    "corpus".to_owned()
}

impl Case {
    pub fn all() -> Vec<Self> {
        serde_json::from_str(include_str!("../golden/cases.json")).expect("cases.json lists cases")
    }

    /// Returns the options as parameters of an address or a command line.
    pub fn words(&self) -> Vec<(String, String)> {
        // The rows of the corpus come in the dataset's order, also those of a log.
        let fixed =
            [("as_of", AS_OF), ("sort", "declared")].map(|(name, value)| (name.to_owned(), value.to_owned()));
        self.words_of_file().into_iter().chain(fixed).collect()
    }

    /// Returns the same without the words that choose rows.
    pub fn words_of_file(&self) -> Vec<(String, String)> {
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
        self.options.iter().map(word).collect()
    }

    /// Writes the expected file.
    pub fn write(&self, file: &[u8]) {
        let path = folder().join("expected").join(&self.file);
        std::fs::write(path, file).expect("the folder can be written");
    }

    /// Compares a file with the expected one, or writes the expected one if `GOLDEN=write` is set.
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

impl GoldenBundle {
    /// Returns the files that are made of it.
    pub fn all_cases(&self) -> Vec<Case> {
        serde_json::from_str(self.cases).expect("the file lists cases")
    }
}

/// Returns whether `GOLDEN=write` is set.
pub fn is_written() -> bool {
    std::env::var("GOLDEN").is_ok_and(|golden| golden == "write")
}

pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("golden")
}
