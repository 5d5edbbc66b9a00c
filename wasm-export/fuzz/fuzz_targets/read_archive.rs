//! Runs [`targets::read_archive`](wasm_export_fuzz::targets::read_archive) under libFuzzer.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| wasm_export_fuzz::targets::read_archive(input));
