//! What is laid out is what serde takes for JSON; nothing of it is lost, and it is laid out once and for all.
#![no_main]

use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use serde_json::value::RawValue;
use wasm_export::json::{Fault, JsonError};
use wasm_export::pretty::Pretty;
use wasm_export_fuzz::pieces::Cuts;

fuzz_target!(|input: &[u8]| {
    let (cuts, text) = Cuts::at_the_end_of(input);
    let laid_out = lay_out(std::iter::once(text));
    assert_eq!(lay_out(cuts.cut(text)), laid_out);
    // How deep it may be is ours.
    if laid_out
        .as_ref()
        .is_err_and(|error| error.fault == Fault::TooDeep)
    {
        return;
    }
    // Serde does not look whether what it passes over is UTF-8.
    let known = std::str::from_utf8(text)
        .ok()
        .and_then(|text| serde_json::from_str::<&RawValue>(text).ok());
    assert_eq!(laid_out.is_ok(), known.is_some(), "{laid_out:?}");
    let Ok(laid_out) = laid_out else { return };
    assert!(without_space(text).eq(without_space(&laid_out)));
    // Values know no halves of surrogate pairs, and no number beyond those of a float.
    if let Ok(value) = serde_json::from_slice::<Value>(text) {
        assert_eq!(serde_json::from_slice::<Value>(&laid_out).ok(), Some(value));
    }
    let again = lay_out(std::iter::once(laid_out.as_slice()));
    assert_eq!(again, Ok(laid_out));
});

fn lay_out<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> Result<Vec<u8>, JsonError> {
    let mut pretty = Pretty::new();
    let mut out = Vec::new();
    for piece in pieces {
        pretty.push(piece, &mut out)?;
    }
    pretty.finish(&mut out)?;
    Ok(out)
}

fn without_space(text: &[u8]) -> impl Iterator<Item = &u8> {
    text.iter().filter(|byte| !byte.is_ascii_whitespace())
}
