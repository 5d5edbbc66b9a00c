//! No bytes make the readers of JSON and JSON lines panic, and it does not matter how they come.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wasm_export::reading::Source;
use wasm_export_fuzz::reading::check;

fuzz_target!(|input: &[u8]| {
    for source in [Source::Json, Source::Jsonl] {
        check(input, source);
    }
});
