//! Runs [`targets::read_xml`](wasm_export_fuzz::targets::read_xml) under libFuzzer.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| wasm_export_fuzz::targets::read_xml(input));
