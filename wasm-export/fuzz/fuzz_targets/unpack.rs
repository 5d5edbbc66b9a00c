//! Runs [`targets::unpack`](wasm_export_fuzz::targets::unpack) under libFuzzer.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| wasm_export_fuzz::targets::unpack(input));
