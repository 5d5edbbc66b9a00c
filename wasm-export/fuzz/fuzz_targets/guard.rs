//! The strict guard can be undone, whatever the text and the file's delimiter.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wasm_export::format::guard::{decode, encode};
use wasm_export::options::Delimiter;

fuzz_target!(|text: &[u8]| {
    for delimiter in Delimiter::ALL {
        let guarded = encode(text, delimiter.byte());
        assert_eq!(decode(&guarded, delimiter.byte()), text);
    }
});
