//! Compares exports in a real browser with the golden corpus.

#![cfg(target_arch = "wasm32")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use include_dir::{Dir, include_dir};
use serde_json::Value;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};
use wasm_export::{Bundle, Export};

wasm_bindgen_test_configure!(run_in_dedicated_worker);

static GOLDEN: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../tests/golden");

fn golden(path: &str) -> &'static [u8] {
    GOLDEN.get_file(path).unwrap().contents()
}

#[wasm_bindgen_test]
fn the_corpus_is_the_same_bytes_in_the_browser() {
    let cases: Vec<Value> = serde_json::from_slice(golden("cases.json")).unwrap();
    assert!(cases.len() > 20);
    for case in cases {
        let name = case["file"].as_str().unwrap();
        let mut export = Export::new(serde_json::from_value(case["options"].clone()).unwrap());
        let mut file = Vec::new();
        let rows = match case["rows"].as_str() {
            None => golden("rows"),
            Some(dataset) => golden(&format!("{dataset}.rows")),
        };
        for chunk in rows.chunks(777) {
            export.push(chunk, &mut file).unwrap();
        }
        export.finish(&mut file).unwrap();
        let expected = golden(&format!("expected/{name}"));
        let differs = file.iter().zip(expected).position(|(left, right)| left != right);
        assert!(file == expected, "{name} differs at byte {differs:?}");
    }
}

#[wasm_bindgen_test]
fn the_bundles_are_the_same_bytes_in_the_browser() {
    for (cases, contents, rows) in [
        ("bundle_cases.json", "bundle_contents.json", "bundle_rows"),
        ("report/cases.json", "report/contents.json", "report/rows"),
    ] {
        let cases: Vec<Value> = serde_json::from_slice(golden(cases)).unwrap();
        assert!(cases.len() >= 5);
        for case in cases {
            let name = case["file"].as_str().unwrap();
            let options = serde_json::from_value(case["options"].clone()).unwrap();
            let mut bundle = Bundle::new(options, serde_json::from_slice(golden(contents)).unwrap()).unwrap();
            let mut file = Vec::new();
            for chunk in golden(rows).chunks(777) {
                bundle.push(chunk, &mut file).unwrap();
            }
            bundle.finish(&mut file).unwrap();
            let expected = golden(&format!("expected/{name}"));
            let differs = file.iter().zip(expected).position(|(left, right)| left != right);
            assert!(file == expected, "{name} differs at byte {differs:?}");
        }
    }
}
