//! Runs [`targets::raw_rows`](wasm_export_fuzz::targets::raw_rows) under libFuzzer.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| wasm_export_fuzz::targets::raw_rows(input));
