//! No bytes make the reader of CSV panic, and it does not matter how they come.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wasm_export::reading::Source;
use wasm_export_fuzz::reading::check;

fuzz_target!(|input: &[u8]| check(input, Source::Csv));
