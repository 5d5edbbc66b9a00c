//! The pretty-printer for pages.

use js_sys::Uint8Array;
use wasm_bindgen::JsError;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::pretty::Pretty;

/// The text passes through the module in pieces of this size, so that it is never in its memory as a whole; smaller ones
/// are slower.
const PIECE_BYTES: u32 = 1024 * 1024;

/// Lays out a JSON text as `JSON.stringify(JSON.parse(text), null, 2)` does, but loses nothing: keys keep their order,
/// numbers their digits.
///
/// # Errors
/// The text is not JSON; the error says where and why.
#[wasm_bindgen]
pub fn pretty_json(text: &Uint8Array) -> Result<Uint8Array, JsError> {
    let mut pretty = Pretty::new();
    let mut piece = vec![0; PIECE_BYTES as usize];
    let mut out = Vec::with_capacity(2 * piece.len());
    let mut laid_out = Growing::of_about(text.length() + text.length() / 8);
    for from in (0..text.length()).step_by(PIECE_BYTES as usize) {
        let part = text.subarray(from, from.saturating_add(PIECE_BYTES).min(text.length()));
        let piece = &mut piece[..part.length() as usize];
        part.copy_to(piece);
        pretty.push(piece, &mut out)?;
        laid_out.take(&mut out);
    }
    pretty.finish(&mut out)?;
    laid_out.take(&mut out);
    Ok(laid_out.written())
}

/// Bytes in the page's memory that become more.
struct Growing {
    bytes: Uint8Array,
    length: u32,
}

impl Growing {
    fn of_about(bytes: u32) -> Self {
        Self {
            bytes: Uint8Array::new_with_length(bytes),
            length: 0,
        }
    }

    fn take(&mut self, out: &mut Vec<u8>) {
        let end = self.length + out.len() as u32;
        if end > self.bytes.length() {
            let more = Uint8Array::new_with_length(end.max(self.bytes.length().saturating_mul(2)));
            more.set(&self.written(), 0);
            self.bytes = more;
        }
        self.bytes.subarray(self.length, end).copy_from(out);
        self.length = end;
        out.clear();
    }

    fn written(&self) -> Uint8Array {
        self.bytes.subarray(0, self.length)
    }
}
