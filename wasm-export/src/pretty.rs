//! Indents JSON documents like `JSON.stringify(…, null, 2)`, but without loss: keys keep their order, numbers their
//! digits, strings their escapes.

use crate::format::block::{BLOCK, append};
use crate::json::{DEPTH_MAX, Handler, JsonError, Piece, Refusal, Shape, Tokenizer};

/// Indents one document, which it does not hold in memory.
pub struct Pretty {
    tokenizer: Tokenizer,
    /// The indentation of the outermost value, in levels.
    base: usize,
}

impl Pretty {
    /// Returns an indenter at the beginning of a document.
    pub fn new() -> Self {
        Self::within(0)
    }

    /// Returns an indenter for a document that is a member of another, `base` levels deep.
    pub(crate) fn within(base: usize) -> Self {
        let tokenizer = Tokenizer::new(Shape::One);
        Self { tokenizer, base }
    }

    /// Takes the next bytes, in pieces of any length, and appends the indented text to `out`.
    ///
    /// # Errors
    /// When they cannot continue the document. Every later call returns the same error.
    pub fn push(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> Result<(), JsonError> {
        out.reserve(bytes.len() + bytes.len() / 8);
        let base = self.base;
        self.tokenizer.push(bytes, &mut Layout { base, out })
    }

    /// Ends the document, and appends the rest of its text.
    ///
    /// # Errors
    /// When the document is incomplete, or `push` has failed.
    pub fn finish(&mut self, out: &mut Vec<u8>) -> Result<(), JsonError> {
        let base = self.base;
        self.tokenizer.finish(&mut Layout { base, out })
    }
}

impl Default for Pretty {
    fn default() -> Self {
        Self::new()
    }
}

/// Writes each token with the white space before it.
struct Layout<'a> {
    base: usize,
    out: &'a mut Vec<u8>,
}

/// A comma, a newline, and as many spaces as the deepest line begins with, so that one copy writes all three.
static NEW_LINE: [u8; 2 + 2 * (DEPTH_MAX + 8) + BLOCK] = {
    let mut bytes = [b' '; 2 + 2 * (DEPTH_MAX + 8) + BLOCK];
    bytes[0] = b',';
    bytes[1] = b'\n';
    bytes
};

impl Layout<'_> {
    #[inline]
    fn new_line(&mut self, has_comma: bool, depth: usize) {
        let start = usize::from(!has_comma);
        append(&NEW_LINE[start..], 2 - start + 2 * (self.base + depth), self.out);
    }
}

impl Handler for Layout<'_> {
    #[inline]
    fn open(&mut self, is_object: bool, _depth: usize) -> Result<(), Refusal> {
        self.out.push(if is_object { b'{' } else { b'[' });
        Ok(())
    }

    #[inline]
    fn close(&mut self, is_object: bool, depth: usize, is_empty: bool) -> Result<(), Refusal> {
        if !is_empty {
            self.new_line(false, depth - 1);
        }
        self.out.push(if is_object { b'}' } else { b']' });
        Ok(())
    }

    #[inline]
    fn member(&mut self, is_first: bool, depth: usize) -> Result<(), Refusal> {
        self.new_line(!is_first, depth);
        Ok(())
    }

    #[inline]
    fn colon(&mut self) -> Result<(), Refusal> {
        self.out.extend_from_slice(b": ");
        Ok(())
    }

    #[inline]
    fn scalar(&mut self, piece: Piece<'_>, _depth: usize) -> Result<(), Refusal> {
        append(piece.rest, piece.length, self.out);
        Ok(())
    }
}

#[cfg(test)]
#[cfg(not(target_arch = "wasm32"))]
mod tests;
