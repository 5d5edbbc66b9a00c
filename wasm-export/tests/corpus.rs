//! Runs the body of every fuzz target on its committed corpus, without a fuzzer.
//!
//! An input that a fuzzer finds becomes a file in `wasm-export/fuzz/corpus/TARGET`, and this test then fails until the
//! fault is mended.
#![cfg(not(target_arch = "wasm32"))]

use std::fs;
use std::path::Path;

#[path = "../fuzz/src/lib.rs"]
mod fuzz;

/// Runs `body` on every file of the corpus of `target`. When it panics, the file's name is the last line printed.
fn replay(target: &str, body: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fuzz/corpus")
        .join(target);
    let mut files: Vec<_> = fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    assert!(!files.is_empty(), "{} has no files", folder.display());
    for file in files {
        println!("{}", file.display());
        body(&fs::read(&file).unwrap());
    }
}

macro_rules! targets {
    ($($target:ident),+ $(,)?) => {
        $(#[test] fn $target() { replay(stringify!($target), fuzz::targets::$target); })+

        #[test]
        fn every_target_is_replayed() {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/fuzz_targets");
            let mut found: Vec<_> = fs::read_dir(folder)
                .unwrap()
                .map(|entry| entry.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned())
                .collect();
            found.sort();
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
