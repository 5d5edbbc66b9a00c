//! Runs [`targets::formats`](wasm_export_fuzz::targets::formats) under libFuzzer.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| wasm_export_fuzz::targets::formats(input));
