//! Runs [`targets::pretty_json`](wasm_export_fuzz::targets::pretty_json) under libFuzzer.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| wasm_export_fuzz::targets::pretty_json(input));
