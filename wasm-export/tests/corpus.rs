//! Runs the body of every fuzz target on its committed corpus, without a fuzzer.
//!
//! An input that a fuzzer finds becomes a file in `wasm-export/fuzz/corpus/TARGET`, and this test then fails until the
//! fault is mended.
#![cfg(not(target_arch = "wasm32"))]

use std::fs;
use std::path::{Path, PathBuf};

#[path = "../fuzz/src/lib.rs"]
mod fuzz;

/// Runs `body` on every file of the corpus of `target`. When it panics, the file's name is the last line printed.
fn replay(target: &str, body: fn(&[u8])) {
    let files = files(&format!("fuzz/corpus/{target}"));
    assert!(!files.is_empty(), "{target} has no corpus");
    for file in files {
        println!("{}", file.display());
        body(&fs::read(&file).expect("the file can be read"));
    }
}

/// Returns the files of a folder of this crate, sorted.
fn files(folder: &str) -> Vec<PathBuf> {
    let entries =
        fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)).expect("the folder exists");
    let mut files: Vec<_> = entries
        .map(|entry| entry.expect("the folder can be read").path())
        .collect();
    files.sort();
    files
}

macro_rules! targets {
    ($($target:ident),+ $(,)?) => {
        $(#[test] fn $target() { replay(stringify!($target), fuzz::targets::$target); })+

        #[test]
        fn every_target_is_replayed() {
            let stem = |file: &PathBuf| file.file_stem().map(|stem| stem.to_string_lossy().into_owned());
            let found: Vec<_> = files("fuzz/fuzz_targets").iter().filter_map(stem).collect();
            let mut known = vec![$(stringify!($target)),+];
            known.sort();
            assert_eq!(found, known);
        }
    };
}

targets![
    formats,
    guard,
    pretty_json,
    raw_rows,
    read_archive,
    read_csv,
    read_json,
    read_xml,
    unpack
];
